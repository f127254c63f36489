"""Stores and transports with one planted bug each, for the simulator to find."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.status import RecipientStatus
from campaignkit.delivery.begin import BeginAnswer, Clearance
from campaignkit.delivery.crediting import EndedHold
from campaignkit.delivery.outcomes import Outcome
from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.message.outbound import OutboundMessage
from campaignkit.ports import Claim, Clear, Cleared, Clock, Reaped, SenderCheck, Transport
from tests.stores.planted import (
    BeginsAfterAnOptOut,
    BeginsOutsideTheWindow,
    BeginsWhatWasEdited,
    BeginsWhilePaused,
    HandsOutWhatOthersHold,
    LosesUpdates,
    Planted,
    TrustsTheWorkersClock,
)
from tests.stores.planted_credit import ReleasesWhatIsInDoubt, SendsOnTheHouse
from tests.stores.planted_doubts import ForgetsTheFirstTry, RepeatsUnderAnotherName
from tests.stores.planted_shares import CapsNobody

__all__ = [
    "BeginsAfterAnOptOut",
    "BeginsOutsideTheWindow",
    "BeginsWhatWasEdited",
    "BeginsWhilePaused",
    "CapsNobody",
    "ClaimsByLookingFirst",
    "ForgetsTheFirstTry",
    "GivesCreditBackTwice",
    "HandsOutWhatOthersHold",
    "LosesUpdates",
    "NeverAsksLeave",
    "ReapsTheBegunToPending",
    "ReleasesWhatIsInDoubt",
    "RepeatsUnderAnotherName",
    "SendsOnTheHouse",
    "SettlesWhateverTheEpoch",
    "TakesLimitsOutsideBegin",
    "TrustsTheWorkersClock",
]


class ReapsTheBegunToPending(Planted):
    """Gives back what was begun, as if nobody could have it yet."""

    def reap(self) -> Reaped:
        now = self._now()
        for row in list(self._recipients.everywhere(RecipientStatus.SENDING)):
            if row.lease_until is not None and row.lease_until <= now:
                self._recipients.put(attrs.evolve(row, status=RecipientStatus.CLAIMED))
        return super().reap()


class ClaimsByLookingFirst(Planted):
    """Reads who is pending in one call and claims them in the next, without asking whether they still are."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.seen: dict[tuple[str, str], list[CampaignRecipient]] = {}

    def _claimable(self, merchant_id: str, campaign_id: str, now: datetime, limit: int) -> Sequence[CampaignRecipient]:
        place = (merchant_id, campaign_id)
        found = self.seen.pop(place, None) or list(super()._claimable(merchant_id, campaign_id, now, limit))
        self.seen[place] = list(super()._claimable(merchant_id, campaign_id, now, limit))
        return found[:limit]


class TakesLimitsOutsideBegin(Planted):
    """Looks at the counts when somebody claims, and counts in begin without looking again."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.looked: dict[str, Any] = {}

    def claim(self, merchant_id: str, campaign_id: str, /, **wish: Any) -> Sequence[Claim]:
        self.looked = dict(self._limits)
        return super().claim(merchant_id, campaign_id, **wish)

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        self._limits = dict(self.looked)
        return super().begin(clearances, lease=lease, settlements=settlements)


class GivesCreditBackTwice(Planted):
    """Gives what a text held back to its lots, though it was spent."""

    def _end_hold(self, hold: EndedHold, now: datetime) -> None:
        super()._end_hold(attrs.evolve(hold, spent=0), now)


class SettlesWhateverTheEpoch(Planted):
    """Believes who lost a claim long ago."""

    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        (current,) = self.current([settlement])
        return super()._settle_one(current, now)


@attrs.frozen
class _Forever:
    """Leave that never ends."""

    messages: Sequence[OutboundMessage]

    def may_cross(self) -> bool:
        return True


@attrs.frozen
class NeverAsksLeave:
    """A transport that takes leave once given for leave for ever."""

    transport: Transport

    @property
    def channel(self) -> Channel:
        return self.transport.channel

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterable[Outcome]:
        def cleared(prepared: Sequence[OutboundMessage]) -> Cleared:
            return _Forever(clear(prepared).messages)

        return self.transport.send(batch, cleared)

    def verify(self) -> SenderCheck:
        return self.transport.verify()

    def close(self) -> None:
        self.transport.close()
