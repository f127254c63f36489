"""Stores with one planted bug each in what they count and give back, and the law that must find it."""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

import attrs

from campaignkit.campaign.status import RecipientStatus
from campaignkit.delivery.begin import BeginAnswer, BeginFacts, BeginVerdict, Clearance
from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.ports import Claim, Clock
from campaignkit.stores import MemoryStore
from campaignkit.timing.limits import (
    Interval,
    Limit,
    LimitRule,
    LimitScope,
    LimitState,
    give_back,
    take,
)
from tests.stores.planted import Planted, TrustsTheWorkersClock

__all__ = ["PLANTED_LIMITS", "Asking", "CountsWithoutALock"]


class Asking(Planted):
    """What the bugs below share that spoil the question."""

    def asked(self, clearance: Clearance) -> Clearance:
        return clearance

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        return super().begin([self.asked(one) for one in clearances], lease=lease, settlements=settlements)


def _renamed(clearance: Clearance, suffix: str) -> Clearance:
    scopes = tuple(attrs.evolve(scope, key=f"{scope.key}{suffix}") for scope in clearance.limit_scopes)
    return attrs.evolve(clearance, limit_scopes=scopes)


def _ruled(clearance: Clearance, rule: Any) -> Clearance:
    scopes = tuple(attrs.evolve(scope, rules=tuple(map(rule, scope.rules))) for scope in clearance.limit_scopes)
    return attrs.evolve(clearance, limit_scopes=scopes)


class CountsPerWorker(Asking):
    def asked(self, clearance: Clearance) -> Clearance:
        row = self._recipients.get(clearance.merchant_id, clearance.recipient_id)
        return clearance if row is None else _renamed(clearance, f"/{row.worker_id}")


class CountsPerCampaign(Asking):
    def asked(self, clearance: Clearance) -> Clearance:
        return _renamed(clearance, f"/{clearance.campaign_id}")


class CountsOnlyOneScope(Asking):
    def asked(self, clearance: Clearance) -> Clearance:
        return attrs.evolve(clearance, limit_scopes=clearance.limit_scopes[:1])


class CountsWhatAnotherScopeHeldBack(Planted):
    """Counts under one scope after the other, and stops at the first that says no."""

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        answers = super().begin(clearances, lease=lease, settlements=settlements)
        for one, answer in zip(clearances, answers, strict=True):
            if answer.verdict is BeginVerdict.LIMITED and len(one.limit_scopes) > 1:
                self.take(one.limit_scopes[-1])
        return answers

    def take(self, scope: LimitScope) -> None:
        self._limits[scope.key] = take(self._limits.get(scope.key, LimitState()), self._now(), scope.rules)


class CountsByTheCalendarOfUtc(Asking):
    def asked(self, clearance: Clearance) -> Clearance:
        def in_utc(rule: LimitRule) -> LimitRule:
            if isinstance(rule, Limit) and rule.zone is not None:
                return attrs.evolve(rule, zone="UTC")
            return rule

        return _ruled(clearance, in_utc)


class ForgetsTheDraw(Asking):
    def asked(self, clearance: Clearance) -> Clearance:
        return attrs.evolve(clearance, draw=0.0)


class RoundsItsWindows(Asking):
    """Keeps whole milliseconds of when something began."""

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        answers = super().begin(clearances, lease=lease, settlements=settlements)
        for key, state in self._limits.items():
            tallies = tuple(
                attrs.evolve(tally, cells=tuple((at // 1000 * 1000, units) for at, units in tally.cells))
                for tally in state.tallies
            )
            self._limits[key] = attrs.evolve(state, tallies=tallies)
        return answers


class CountsByTheWorkersClock(TrustsTheWorkersClock):
    """Takes the instant at which a message was prepared for the one at which it begins."""


class StartsAnewWhenTheClockGoesBack(Asking):
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        now = self._now()
        self._limits = {key: state for key, state in self._limits.items() if state.last_at and state.last_at <= now}
        return super().begin(clearances, lease=lease, settlements=settlements)


class ForgetsWhatALoweredLimitCounted(Asking):
    def asked(self, clearance: Clearance) -> Clearance:
        return _renamed(clearance, repr(clearance.limit_scopes))


class TellsAllTheSameTurn(Planted):
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        answers = super().begin(clearances, lease=lease, settlements=settlements)
        first = next((one.retry_at for one in answers if one.verdict is BeginVerdict.LIMITED), None)
        return [attrs.evolve(one, retry_at=first and one.retry_at and first) for one in answers]


class CountsWithoutALock(Planted):
    """Reads what was counted, thinks, and writes."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._lock: Any = nullcontext()

    def _begin_facts(self, clearances: Sequence[Clearance], now: datetime) -> BeginFacts:
        facts = super()._begin_facts(clearances, now)
        if any(one.limit_scopes for one in clearances):
            time.sleep(0.01)
        return facts


class ReleasesWithoutTheSentence(Planted):
    def release(self, claims: Sequence[Claim], /, *, detail: str = "", **changes: Any) -> int:
        return super().release(claims, **changes)


class ForgetsIntervals(Asking):
    def asked(self, clearance: Clearance) -> Clearance:
        scopes = tuple(
            attrs.evolve(scope, rules=tuple(rule for rule in scope.rules if not isinstance(rule, Interval)))
            for scope in clearance.limit_scopes
        )
        return attrs.evolve(clearance, limit_scopes=scopes)


# what is given back


class Returning(Planted):
    """What the bugs below share that give back wrongly."""

    def give_back(self, settlement: Settlement) -> None:
        attempt = self._recipients.attempts(settlement.merchant_id, settlement.recipient_id)
        began_at = attempt[-1].began_at if attempt and attempt[-1].began_at else self._now()
        for scope in settlement.limit_scopes:
            self._limits[scope.key] = give_back(self._limits.get(scope.key, LimitState()), began_at, scope.rules)


class NeverGivesBack(Planted):
    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        return super()._settle_one(attrs.evolve(settlement, limit_scopes=()), now)


class GivesBackToOneScope(Planted):
    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        return super()._settle_one(attrs.evolve(settlement, limit_scopes=settlement.limit_scopes[:1]), now)


class KeepsWhatWasInDoubt(Planted):
    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        row = self._recipients.get(settlement.merchant_id, settlement.recipient_id)
        if row is not None and row.status is RecipientStatus.IN_DOUBT:
            settlement = attrs.evolve(settlement, limit_scopes=())
        return super()._settle_one(settlement, now)


class GivesBackAfterItDecided(Planted):
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        answers = super().begin(clearances, lease=lease)
        self.settle(settlements)
        return answers


class GivesBackTwice(Returning):
    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        result = super()._settle_one(settlement, now)
        if result is SettleResult.ALREADY:
            self.give_back(settlement)
        return result


class GivesBackWhatWasRefused(Returning):
    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        result = super()._settle_one(settlement, now)
        if result is SettleResult.APPLIED and settlement.outcome.verdict == "refused":
            self.give_back(settlement)
        return result


class GivesBackToTheNeverBegun(Returning):
    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        row = self._recipients.get(settlement.merchant_id, settlement.recipient_id)
        if row is not None and row.status is RecipientStatus.CLAIMED:
            self.give_back(settlement)
        return super()._settle_one(settlement, now)


class GivesBackToAnyEpoch(Returning):
    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        result = super()._settle_one(settlement, now)
        if result is SettleResult.STALE and settlement.outcome.verdict == "not_sent":
            self.give_back(settlement)
        return result


class GivesBackTheNewest(Planted):
    """Takes back whatever was counted last, be it another's."""

    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        result = super()._settle_one(attrs.evolve(settlement, limit_scopes=()), now)
        if settlement.outcome.verdict == "not_sent":
            for scope in settlement.limit_scopes:
                state = self._limits[scope.key]
                tallies = tuple(attrs.evolve(tally, cells=tally.cells[:-1]) for tally in state.tallies)
                self._limits[scope.key] = attrs.evolve(state, tallies=tallies)
        return result


PLANTED_LIMITS: dict[type[MemoryStore], str] = {
    CountsPerWorker: "a_limit_counts_all_workers_together",
    CountsPerCampaign: "a_limit_counts_across_the_campaigns_of_a_sender",
    CountsOnlyOneScope: "a_message_counts_under_every_scope",
    CountsWhatAnotherScopeHeldBack: "a_message_counts_under_every_scope",
    ForgetsIntervals: "a_limit_counts_across_begins",
    CountsByTheCalendarOfUtc: "a_calendar_day_is_that_of_the_providers_zone",
    ForgetsTheDraw: "how_much_of_a_jitter_was_drawn_is_kept",
    RoundsItsWindows: "a_window_rolls_and_is_exact_at_both_edges",
    CountsByTheWorkersClock: "no_workers_clock_frees_a_window",
    StartsAnewWhenTheClockGoesBack: "a_store_clock_that_goes_back_grants_nothing",
    ForgetsWhatALoweredLimitCounted: "a_limit_that_was_lowered_remembers_what_began",
    TellsAllTheSameTurn: "those_whom_a_limit_holds_back_are_told_their_own_turns",
    CountsWithoutALock: "several_who_begin_at_once_stay_within_a_limit",
    ReleasesWithoutTheSentence: "what_a_limit_said_stays_with_who_waits",
    NeverGivesBack: "what_was_not_submitted_is_given_back",
    GivesBackToOneScope: "what_was_not_submitted_is_given_back",
    KeepsWhatWasInDoubt: "late_proof_is_given_back_too",
    GivesBackAfterItDecided: "what_a_begin_settles_is_given_back_before_it_decides",
    GivesBackTwice: "nothing_is_given_back_twice",
    GivesBackWhatWasRefused: "what_a_provider_answered_stays_counted",
    GivesBackToTheNeverBegun: "a_claim_that_never_began_gives_nothing_back",
    GivesBackToAnyEpoch: "a_stale_epoch_gives_nothing_back",
    GivesBackTheNewest: "what_had_left_its_window_takes_nothing_from_others",
}
