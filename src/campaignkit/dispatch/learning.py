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
    slowed,
)
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.dispatch.sending import BatchReport
from campaignkit.timing.limits import per_hour

__all__ = ["THROTTLED", "Lesson", "learn"]

THROTTLED = "throttled"
_IS_BACK = {Verdict.DEFERRED, Verdict.NOT_SENT, Verdict.REFUSED}


@attrs.frozen(kw_only=True)
class Lesson:
    """One batch, as far as its sender is concerned."""

    report: BatchReport
    groups: Mapping[str, str]  # message id → destination group
    seconds: float  # of real time that it took
    at: datetime
    jitter: float  # from 0 to 1

    @property
    def measured(self) -> float:
        """Messages an hour."""
        tried = sum(outcome.verdict is not Verdict.NOT_SENT for outcome in self.report.outcomes)
        return 3600 * max(tried, 1) / max(self.seconds, 0.001)


def learn(health: SenderHealth, lesson: Lesson, sender: Sender) -> SenderHealth:
    """Return *health* after a batch."""
    before = after_success(health) if lesson.report.sent_count else health
    setback = next(filter(_is_setback, lesson.report.outcomes), None) or _failure(lesson.report)
    learned = before if setback is None else _set_back(before, setback, lesson, sender)
    return attrs.evolve(learned, groups=_groups(health.groups, lesson, sender))


def _set_back(health: SenderHealth, setback: Outcome, lesson: Lesson, sender: Sender) -> SenderHealth:
    rate = health.rate
    if setback.code == THROTTLED and setback.scope is Scope.SENDER:
        rate = slowed(rate, lesson.at, measured=lesson.measured, allowed=per_hour(sender.limits or ()))
    learned = after_setback(
        health,
        now=lesson.at,
        code=setback.code,
        reply=setback.reply,
        retry_after=setback.retry_after,
        jitter=lesson.jitter,
    )
    return attrs.evolve(learned, rate=rate)


def _groups(known: Mapping[str, GroupHealth], lesson: Lesson, sender: Sender) -> dict[str, GroupHealth]:
    groups = dict(known)
    for name, outcomes in _by_group(lesson).items():
        health = groups.get(name, GroupHealth())
        if any(outcome.verdict is Verdict.ACCEPTED for outcome in outcomes):
            health = GroupHealth(rate=health.rate)
        setback = next((outcome for outcome in outcomes if _is_throttle(outcome)), None)
        groups[name] = health if setback is None else _group_set_back(health, setback, lesson, sender, name)
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
    """Return whether a message came back at once through no fault of its recipient: without a pause it would spin."""
    return outcome.verdict in _IS_BACK and outcome.scope not in {Scope.RECIPIENT, Scope.GROUP}


def _failure(report: BatchReport) -> Outcome | None:
    if not report.failure and not report.is_halted:
        return None
    code = "reply_lost" if report.is_halted else "transport_error"
    return Outcome(message_id="", verdict=Verdict.NOT_SENT, scope=Scope.HOST, code=code)
