"""What a batch teaches about its sender: outcomes in, the sender's health out. Pure.

A throttle reply slows the sender, or the sender towards one destination group; the others go on.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import attrs

from campaignkit.campaign.senders import (
    GroupHealth,
    Sender,
    SenderHealth,
    after_setback,
    after_success,
    group_after_setback,
    refused,
    slowed,
)
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.dispatch.breakers import THROTTLED, Watch, refuses_sender, watched
from campaignkit.dispatch.sending import DOUBTS_MAX, BatchReport
from campaignkit.timing.limits import per_hour

__all__ = ["Lesson", "learn"]

_IS_BACK = {Verdict.DEFERRED, Verdict.NOT_SENT, Verdict.REFUSED}


@attrs.frozen(kw_only=True)
class Lesson:
    """One batch, as far as its sender is concerned."""

    report: BatchReport
    before: SenderHealth  # as the batch began; what others were told since is newer than what it was told
    content_id: str
    groups: Mapping[str, str]  # message id → destination group
    domains: Mapping[str, str]  # message id → domain
    retried: frozenset[str] = frozenset()  # message ids of those who were put off before
    is_probe: bool = False  # it asked a sender that was blocked, or on trial
    probed_groups: frozenset[str] = frozenset()
    seconds: float  # of real time that it took
    at: datetime
    jitter: float  # from 0 to 1

    @property
    def measured(self) -> float:
        """Messages an hour."""
        tried = sum(outcome.verdict is not Verdict.NOT_SENT for outcome in self.report.outcomes)
        return 3600 * max(tried, 1) / max(self.seconds, 0.001)

    @property
    def fruitless_count(self) -> int:
        """How many of those who were put off before were put off again."""
        return sum(
            outcome.verdict is Verdict.DEFERRED and outcome.scope is Scope.RECIPIENT
            for outcome in self.report.outcomes
            if outcome.message_id in self.retried
        )


def learn(health: SenderHealth, lesson: Lesson, sender: Sender) -> SenderHealth:
    """Return *health* after a batch."""
    report = lesson.report
    is_latest = health.setbacks <= lesson.before.setbacks and health.is_on_trial <= lesson.before.is_on_trial
    learned = attrs.evolve(health, probed_until=None) if lesson.is_probe else health
    if report.sent_count and is_latest:
        learned = after_success(learned)
    doubts = report.doubt_count + (0 if report.has_answer else health.doubt_count)
    learned = attrs.evolve(learned, doubt_count=0 if doubts >= DOUBTS_MAX else doubts)
    setback = next(filter(_is_setback, report.outcomes), None) or _failure(lesson, doubts)
    if setback is not None:
        learned = _set_back(learned, setback, lesson, sender, is_latest=is_latest)
    refusal = next(filter(refuses_sender, report.outcomes), None)
    if refusal is not None:
        learned = refused(learned, code=refusal.code, reply=refusal.reply)
    return _counted(attrs.evolve(learned, groups=_groups(health.groups, lesson, sender)), lesson)


def _counted(health: SenderHealth, lesson: Lesson) -> SenderHealth:
    """Return *health* with the refusals and the fruitless retries of the batch."""
    watch = watched(Watch.of(health, lesson.content_id), lesson.report.outcomes, lesson.domains, lesson.at)
    retries = health.retries
    if retries.debt or lesson.fruitless_count:
        retries = retries.after(lesson.at, accepted=lesson.report.sent_count, fruitless=lesson.fruitless_count)
    return attrs.evolve(watch.kept_in(health, lesson.content_id), retries=retries)


def _set_back(
    health: SenderHealth, setback: Outcome, lesson: Lesson, sender: Sender, *, is_latest: bool
) -> SenderHealth:
    """Return *health* after a setback. One that others met at the same time is the same one: it counts once."""
    rate = health.rate
    if setback.code == THROTTLED and setback.scope is Scope.SENDER:
        rate = slowed(rate, lesson.at, measured=lesson.measured, allowed=per_hour(sender.limits or ()))
    counted = health if is_latest else attrs.evolve(health, setbacks=max(health.setbacks - 1, 0))
    learned = after_setback(
        counted,
        now=lesson.at,
        code=setback.code,
        reply=setback.reply,
        retry_after=setback.retry_after,
        jitter=lesson.jitter,
    )
    until = max(at for at in (health.blocked_until, learned.blocked_until) if at is not None)
    return attrs.evolve(learned, rate=rate, blocked_until=until)


def _groups(known: Mapping[str, GroupHealth], lesson: Lesson, sender: Sender) -> dict[str, GroupHealth]:
    groups = dict(known)
    for name, outcomes in _by_group(lesson).items():
        health = groups.get(name, GroupHealth())
        is_latest = health.setbacks <= lesson.before.groups.get(name, GroupHealth()).setbacks
        if is_latest and any(outcome.verdict is Verdict.ACCEPTED for outcome in outcomes):
            health = GroupHealth(rate=health.rate)
        setback = next((outcome for outcome in outcomes if _is_throttle(outcome)), None)
        if setback is not None and is_latest:
            health = _group_set_back(health, setback, lesson, sender, name)
        groups[name] = health
    for name in lesson.probed_groups & groups.keys():
        groups[name] = attrs.evolve(groups[name], probed_until=None)
    return {name: health for name, health in groups.items() if not _is_forgotten(health, lesson.at)}


def _group_set_back(health: GroupHealth, setback: Outcome, lesson: Lesson, sender: Sender, name: str) -> GroupHealth:
    allowed = per_hour([*(sender.limits or ()), *sender.limits_towards(name)])
    return group_after_setback(
        health,
        now=lesson.at,
        code=setback.code,
        reply=setback.reply,
        retry_after=setback.retry_after,
        jitter=lesson.jitter,
        rate=slowed(health.rate, lesson.at, measured=lesson.measured, allowed=allowed),
    )


def _by_group(lesson: Lesson) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for outcome in lesson.report.outcomes:
        found.setdefault(lesson.groups[outcome.message_id], []).append(outcome)
    return found


def _is_forgotten(health: GroupHealth, now: datetime) -> bool:
    """Return whether nothing is left to be kept: it is blocked no longer and as fast as ever."""
    is_blocked = health.blocked_until is not None and health.blocked_until > now - timedelta(hours=1)
    return not is_blocked and not (health.rate is not None and health.rate.is_slowed(now))


def _is_throttle(outcome: Outcome) -> bool:
    return outcome.verdict in _IS_BACK and outcome.scope is Scope.GROUP


def _is_setback(outcome: Outcome) -> bool:
    """Return whether a message came back at once through no fault of its recipient: without a pause it would spin.

    Where the sender is refused there is none: its campaign stops.
    """
    is_back = outcome.verdict in _IS_BACK and outcome.scope not in {Scope.RECIPIENT, Scope.GROUP}
    return is_back and not refuses_sender(outcome)


def _failure(lesson: Lesson, doubts: int) -> Outcome | None:
    """Return the setback of a batch whose transport failed, or left too much in doubt; of a probe, anything is."""
    is_doubtful = doubts >= DOUBTS_MAX or (lesson.is_probe and lesson.report.doubt_count > 0)
    if not lesson.report.failure and not is_doubtful:
        return None
    code = "reply_lost" if is_doubtful else "transport_error"
    return Outcome(message_id="", verdict=Verdict.NOT_SENT, scope=Scope.HOST, code=code)
