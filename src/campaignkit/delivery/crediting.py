"""What an outcome does to the credit that its message held: one rule, shared by every store. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from campaignkit.campaign.campaign import WaitingFor
from campaignkit.campaign.status import RecipientEvent
from campaignkit.credits.lots import Shares, total
from campaignkit.credits.purse import Purse
from campaignkit.delivery.settling import Settlement

__all__ = ["CREDIT_CAME", "EndedHold", "EndedWith", "end_holds", "ended_by", "given_up", "waits_for_credit"]

CREDIT_CAME = "Credit came; it goes on."


@attrs.frozen(kw_only=True)
class EndedHold:
    """A hold that ends: so much of it is spent, the rest goes back to the lots that paid."""

    merchant_id: str
    recipient_id: str
    epoch: int
    shares: Shares
    spent: int


@attrs.frozen
class EndedWith:
    """What ending a hold came to."""

    hold: EndedHold
    expired: int  # of what went back, how much found its lot expired

    @property
    def returned(self) -> int:
        """Credits that can be spent again."""
        return total(self.hold.shares) - self.hold.spent - self.expired


def ended_by(settlement: Settlement, shares: Shares) -> EndedHold | None:
    """Return how *settlement* ends the hold of *shares*; None: nobody knows yet, and it stays.

    Accepted messages cost what of them was accepted, all if nobody says; of all others everything goes back, but for
    parts that a provider took all the same.
    """
    if settlement.event is RecipientEvent.DOUBT or not shares:
        return None
    held = total(shares)
    usual = held if settlement.event is RecipientEvent.ACCEPT else 0
    return EndedHold(
        merchant_id=settlement.merchant_id,
        recipient_id=settlement.recipient_id,
        epoch=settlement.epoch,
        shares=shares,
        spent=usual if settlement.spent is None else min(settlement.spent, held),
    )


def given_up(merchant_id: str, recipient_id: str, epoch: int, shares: Shares) -> EndedHold:
    """Return how the hold of a message ends that nobody will ever know of: it is charged."""
    return EndedHold(
        merchant_id=merchant_id, recipient_id=recipient_id, epoch=epoch, shares=shares, spent=total(shares)
    )


def end_holds(purse: Purse, holds: Iterable[EndedHold]) -> Sequence[EndedWith]:
    """End *holds* of the purse's merchant, and return what each came to."""
    return [EndedWith(hold, purse.settle(hold.shares, hold.spent)) for hold in holds]


def waits_for_credit(body: Mapping[str, Any]) -> bool:
    """Return whether a scheduled campaign of that stored body goes on when credit comes."""
    return body.get("waiting_for") == WaitingFor.CREDIT
