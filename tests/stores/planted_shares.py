"""Stores with one planted bug each in shares or frequency caps, and the law that must find it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import attrs

from campaignkit.campaign.recipients import Attempt
from campaignkit.campaign.records import CampaignRecord
from campaignkit.clocks import FrozenClock
from campaignkit.delivery.begin import BeginAnswer, BeginFacts, BeginVerdict, Clearance
from campaignkit.delivery.settling import Settlement
from campaignkit.ports import Due, DueList
from campaignkit.stores import MemoryStore
from campaignkit.timing.limits import CapExcess, take_together
from tests.stores.planted import Planted
from tests.stores.planted_limits import Asking, CountsWithoutALock

__all__ = ["PLANTED_SHARES"]


class Sharing(Planted):
    """What the bugs below share that look at other campaigns than they should."""

    @contextmanager
    def seeing(self, records: Mapping[tuple[str, str], CampaignRecord]) -> Iterator[None]:
        kept, self._documents._campaigns = self._documents._campaigns, dict(records)
        try:
            yield
        finally:
            self._documents._campaigns = kept


class GrantsEachCampaignAlone(Sharing):
    def due(self, now: datetime, /, *, limit: int, after: tuple[str, str] | None = None) -> DueList:
        whole = super().due(now, limit=limit, after=after)
        alone: list[Due] = []
        for one in whole.campaigns:
            identity = (one.merchant_id, one.campaign_id)
            with self.seeing({identity: self._documents._campaigns[identity]}):
                alone += super().due(now, limit=1).campaigns
        return attrs.evolve(whole, campaigns=tuple(alone))


class SharesPageByPage(Sharing):
    """Shares among those it answers with only."""

    def due(self, now: datetime, /, *, limit: int, after: tuple[str, str] | None = None) -> DueList:
        page = super().due(now, limit=limit, after=after)
        on_page = {(one.merchant_id, one.campaign_id) for one in page.campaigns}
        records = self._documents._campaigns
        with self.seeing({identity: record for identity, record in records.items() if identity in on_page}):
            return attrs.evolve(page, campaigns=super().due(now, limit=limit).campaigns)


class ServesTheFirstUntilNothingIsLeft(Sharing):
    def due(self, now: datetime, /, *, limit: int, after: tuple[str, str] | None = None) -> DueList:
        records = self._documents._campaigns
        ranked = {
            identity: attrs.evolve(record, priority=-place)
            for place, (identity, record) in enumerate(sorted(records.items()))
        }
        with self.seeing(ranked):
            return super().due(now, limit=limit, after=after)


class KnowsNoPriority(Sharing):
    def due(self, now: datetime, /, *, limit: int, after: tuple[str, str] | None = None) -> DueList:
        records = self._documents._campaigns
        with self.seeing({identity: attrs.evolve(record, priority=0) for identity, record in records.items()}):
            return super().due(now, limit=limit, after=after)


class TellsNotUntilWhen(Planted):
    def due(self, now: datetime, /, *, limit: int, after: tuple[str, str] | None = None) -> DueList:
        whole = super().due(now, limit=limit, after=after)
        return attrs.evolve(whole, campaigns=tuple(attrs.evolve(one, limited_until=None) for one in whole.campaigns))


class LooksAtTheWorkersClock(Planted):
    def due(self, now: datetime, /, *, limit: int, after: tuple[str, str] | None = None) -> DueList:
        kept, self._own_clock = self._own_clock, FrozenClock(now)
        try:
            return super().due(now, limit=limit, after=after)
        finally:
            self._own_clock = kept


# caps

Persons = dict[tuple[str, str], tuple[datetime, ...]]


class CapsNobody(Asking):
    def asked(self, clearance: Clearance) -> Clearance:
        return attrs.evolve(clearance, cap=None)


class CapsPerCampaign(Planted):
    def _marketing(self, clearances: Sequence[Clearance], now: datetime) -> Persons:
        return {}


class Capping(Planted):
    """What the bugs below share that count other attempts than they should."""

    def is_counted(self, attempt: Attempt, *, is_marketing: bool) -> bool:
        return is_marketing and attempt.may_be_accepted

    def is_the_person(self, row: Any, person: tuple[str, str]) -> bool:
        return bool((row.merchant_id, row.address_key) == person)

    def _marketing(self, clearances: Sequence[Clearance], now: datetime) -> Persons:
        people = {(one.merchant_id, one.address_key): one.cap.length for one in clearances if one.cap is not None}
        rows = [row for shelf in self._recipients._shelves.values() for row in shelf.rows.values()]
        return {
            person: tuple(
                attempt.began_at
                for row in rows
                if self.is_the_person(row, person)
                for attempt in self._recipients.attempts(row.merchant_id, row.recipient_id)
                if attempt.began_at is not None
                and attempt.began_at > now - length
                and self.is_counted(attempt, is_marketing=self._campaign_of(row).is_marketing)
            )
            for person, length in people.items()
        }


class CapForgetsDoubts(Capping):
    def is_counted(self, attempt: Attempt, *, is_marketing: bool) -> bool:
        return is_marketing and attempt.verdict == "accepted"


class CapCountsWhateverBegan(Capping):
    def is_counted(self, attempt: Attempt, *, is_marketing: bool) -> bool:
        return is_marketing


class CapCountsTransactional(Capping):
    def is_counted(self, attempt: Attempt, *, is_marketing: bool) -> bool:
        return attempt.may_be_accepted


class CapsAcrossMerchants(Capping):
    def is_the_person(self, row: Any, person: tuple[str, str]) -> bool:
        return bool(row.address_key == person[1])


class CapsTheWholeShop(Capping):
    def is_the_person(self, row: Any, person: tuple[str, str]) -> bool:
        return bool(row.merchant_id == person[0])


class CapsBeforeItSettles(Planted):
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        known = self._marketing(clearances, self._now())
        self._marketing = lambda *_: known  # type: ignore[method-assign]
        try:
            return super().begin(clearances, lease=lease, settlements=settlements)
        finally:
            del self._marketing


class SkipsWithoutAWord(Planted):
    def _end_claimed(self, clearance: Clearance, answer: BeginAnswer, now: datetime) -> None:
        super()._end_claimed(clearance, attrs.evolve(answer, detail=""), now)


class AlwaysWaits(Asking):
    def asked(self, clearance: Clearance) -> Clearance:
        cap = clearance.cap and attrs.evolve(clearance.cap, excess=CapExcess.DEFER)
        return attrs.evolve(clearance, cap=cap)


class WaitsForWhatComesTooLate(Asking):
    def asked(self, clearance: Clearance) -> Clearance:
        return clearance if clearance.cap is None else attrs.evolve(clearance, deadline=None)


class CountsTheCapped(Planted):
    """Counts under the limits before it asks the cap."""

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        answers: list[BeginAnswer] = []
        for one in clearances:
            answers += super().begin([one], lease=lease, settlements=settlements)
            settlements = ()
            if answers[-1].verdict is BeginVerdict.CAPPED:
                self._limits |= take_together(one.limit_scopes, self._limits, self._now())
        return answers


class AsksTheCapWithoutALock(CountsWithoutALock):
    def _begin_facts(self, clearances: Sequence[Clearance], now: datetime) -> BeginFacts:
        facts = MemoryStore._begin_facts(self, clearances, now)
        if any(one.cap for one in clearances):
            time.sleep(0.01)
        return facts


PLANTED_SHARES: dict[type[MemoryStore], str] = {
    LooksAtTheWorkersClock: "due_looks_at_the_stores_clock",
    GrantsEachCampaignAlone: "what_is_shared_out_may_all_begin_and_no_more",
    SharesPageByPage: "a_share_is_the_same_on_every_page",
    ServesTheFirstUntilNothingIsLeft: "campaigns_under_one_limit_share_it_alike",
    KnowsNoPriority: "the_higher_priority_goes_first",
    TellsNotUntilWhen: "due_grants_no_more_than_limits_do",
    CapsNobody: "a_cap_counts_within_one_begin",
    CapsPerCampaign: "a_cap_counts_across_the_campaigns_of_a_merchant",
    CapForgetsDoubts: "a_cap_counts_what_may_have_been_accepted",
    CapCountsWhateverBegan: "a_cap_forgets_what_was_not_accepted",
    CapCountsTransactional: "a_cap_counts_marketing_only",
    CapsAcrossMerchants: "a_cap_counts_for_one_person_of_one_merchant",
    CapsTheWholeShop: "a_cap_counts_for_one_person_of_one_merchant",
    CapsBeforeItSettles: "a_begin_asks_the_cap_after_what_it_settles",
    SkipsWithoutAWord: "a_cap_that_skips_ends_the_recipient_and_says_why",
    AlwaysWaits: "a_cap_that_skips_ends_the_recipient_and_says_why",
    WaitsForWhatComesTooLate: "who_would_be_free_too_late_is_left_out",
    CountsTheCapped: "whom_a_cap_holds_back_no_limit_counts",
    AsksTheCapWithoutALock: "of_several_campaigns_that_begin_for_one_person_at_once_one_goes",
}
