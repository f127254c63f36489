"""How fast messages may begin: rules, and the counted state that they are checked against. Pure."""

from datetime import datetime, timedelta

import attrs

__all__ = ["Interval", "LimitScope", "LimitState", "next_allowed", "take"]


def _positive(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 < value < float("inf"):
        raise ValueError(f"{attribute.name} must be a positive, finite number of seconds")


@attrs.frozen
class Interval:
    """At least this long between the begins of two messages, all workers together.

    >>> Interval(seconds=2).between
    datetime.timedelta(seconds=2)
    """

    seconds: float = attrs.field(validator=_positive)

    @property
    def between(self) -> timedelta:
        return timedelta(seconds=self.seconds)


@attrs.frozen
class LimitScope:
    """One rule and whom it counts: ``campaign/flora/c1``, later also senders, domain groups, merchants."""

    key: str
    rule: Interval


@attrs.frozen
class LimitState:
    """What was counted so far under one scope. Instants are the store's, never a worker's."""

    last_at: datetime | None = None


def next_allowed(scope: LimitScope, state: LimitState, now: datetime) -> datetime:
    """Return the first instant, not before *now*, at which one more message may begin."""
    if state.last_at is None:
        return now
    return max(now, state.last_at + scope.rule.between)


def take(state: LimitState, now: datetime) -> LimitState:
    """Return *state* with one message counted at *now*. A clock that went back counts at the latest instant seen."""
    return LimitState(now if state.last_at is None else max(now, state.last_at))
