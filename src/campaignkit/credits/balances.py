"""Lots in; what is available, held, spent and expired at a moment, and what soon expires or lies unused, out. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import attrs

from campaignkit.credits.counts import to_utc
from campaignkit.credits.lots import Lot, expiry_order
from campaignkit.credits.purse import Purse

__all__ = ["Balance", "make_balance"]


@attrs.frozen(kw_only=True)
class Balance:
    """What a merchant has at one moment, in whole credits: granted = available + held + spent + expired."""

    at: datetime  # UTC
    granted: int
    available: int
    held: int  # for messages that are under way or in doubt
    spent: int
    expired: int
    next_expiry: datetime | None  # when the next of what is available expires; None: never
    lots: tuple[Lot, ...]  # in the order in which they pay; what has expired by then is marked so

    def expiring_by(self, instant: datetime) -> int:
        """Return how much of what is available will have expired at *instant* if nobody uses it.

        Before a campaign, asked for its last message, this tells what cannot be counted on until then.
        """
        return sum(lot.available for lot in self.lots if lot.is_lapsed(to_utc(instant)))

    def expiring_soon(self, within: timedelta) -> int:
        """Return the same for the time *within* which it expires."""
        return self.expiring_by(self.at + within)

    def long_unused(self, since: datetime) -> int:
        """Return how much is available in lots that were there at *since*, and from which nothing was held after it."""
        moment = to_utc(since)
        return sum(lot.available for lot in self.lots if (lot.used_at or lot.granted_at) <= moment)


def make_balance(lots: Iterable[Lot], at: datetime) -> Balance:
    """Return the balance at *at*, no earlier than the last entry; what expires until then has expired.

    Raises:
        ValueError: *at* is naive.
    """
    moment = to_utc(at)
    standing = sorted(Purse(lots, moment).lots, key=expiry_order)
    return Balance(
        at=moment,
        granted=sum(lot.granted for lot in standing),
        available=sum(lot.available for lot in standing),
        held=sum(lot.held for lot in standing),
        spent=sum(lot.spent for lot in standing),
        expired=sum(lot.expired for lot in standing),
        next_expiry=next((lot.expires_at for lot in standing if lot.available), None),
        lots=tuple(standing),
    )
