"""The classic bugs of a store by their common names, one broken store each; two of them stand nowhere else."""

import copy
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.status import RecipientStatus
from campaignkit.delivery.begin import BeginAnswer, Clearance
from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.ports import Claim, Clock, Reaped
from campaignkit.stores import MemoryStore
from campaignkit.stores.memory.recipients import RecipientTable
from tests.stores.planted import (
    AcceptsAnAddressTwice,
    BeginsAfterAnOptOut,
    BeginsWhilePaused,
    ClaimsWithoutALock,
    ListsEveryMerchant,
    LosesUpdates,
    Planted,
    SettlesAnyEpoch,
    SettlesTwice,
    TrustsTheWorkersClock,
)
from tests.stores.planted_credit import HoldsWithoutALock
from tests.stores.planted_feedback import RecordsAgain
from tests.stores.planted_limits import CountsWithoutALock, GivesBackTwice

__all__ = ["DOZEN", "PLANTED_HERE", "AnswersBeforeItCommits", "ClaimsTheYoungestFirst"]


class AnswersBeforeItCommits(Planted):
    """Says GO at once, and writes SENDING with whatever it writes next."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.uncommitted: RecipientTable | None = None

    def commit(self) -> None:
        if self.uncommitted is not None:
            self._recipients, self.uncommitted = self.uncommitted, None

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        with self._lock:
            self.commit()
            committed = copy.deepcopy(self._recipients)
            answers = super().begin(clearances, lease=lease, settlements=settlements)
            self._recipients, self.uncommitted = committed, self._recipients
            return answers

    def settle(self, settlements: Sequence[Settlement], /) -> Sequence[SettleResult]:
        with self._lock:
            self.commit()
            return super().settle(settlements)

    def claim(self, merchant_id: str, campaign_id: str, /, **wish: Any) -> Sequence[Claim]:
        with self._lock:
            self.commit()
            return super().claim(merchant_id, campaign_id, **wish)

    def reap(self) -> Reaped:
        with self._lock:
            self.commit()
            return super().reap()


class ClaimsTheYoungestFirst(Planted):
    def _claimable(self, merchant_id: str, campaign_id: str, now: datetime, limit: int) -> Sequence[CampaignRecipient]:
        pending = self._recipients.in_status(merchant_id, campaign_id, RecipientStatus.PENDING)
        ready = sorted((row for row in pending if row.not_before <= now), key=lambda row: row.not_before, reverse=True)
        return ready[:limit]


PLANTED_HERE: dict[type[MemoryStore], str] = {
    AnswersBeforeItCommits: "what_may_go_is_sending_before_it_goes",
    ClaimsTheYoungestFirst: "the_longest_waiting_are_claimed_first",
}

DOZEN: Mapping[str, type[MemoryStore]] = {
    "no epoch": SettlesAnyEpoch,
    "no compare-and-set": LosesUpdates,
    "late commit": AnswersBeforeItCommits,
    "lost update": CountsWithoutALock,
    "dirty claim": ClaimsWithoutALock,
    "duplicate key": AcceptsAnAddressTwice,
    "wrong order": ClaimsTheYoungestFirst,
    "clock trust": TrustsTheWorkersClock,
    "settled twice": SettlesTwice,
    "given back twice": GivesBackTwice,
    "recorded twice": RecordsAgain,
    "oversold credit": HoldsWithoutALock,
    "begun while paused": BeginsWhilePaused,
    "begun after an opt-out": BeginsAfterAnOptOut,
    "another merchant's rows": ListsEveryMerchant,
}
