"""The rules: at least so long between two messages, at most so many in a time; when a count lapses. Pure values."""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from functools import cached_property

import attrs

from campaignkit.timing.limits.periods import CalendarPeriod, period_end, zone_info
from campaignkit.timing.limits.states import from_micros, to_micros

__all__ = ["CalendarPeriod", "Counted", "Interval", "Limit", "LimitRule", "per_hour"]

EXACT_MAX = 100  # up to so many, each begin is kept with its own instant
SUBWINDOWS = 100  # above that, begins of the same hundredth of the window are kept as one
LENGTH_MIN = timedelta(milliseconds=1)
LENGTH_MAX = timedelta(days=366)
_LENGTH_NAMES = {
    timedelta(seconds=1): "second",
    timedelta(minutes=1): "minute",
    timedelta(hours=1): "hour",
    timedelta(days=1): "24 hours",
    timedelta(days=7): "7 days",
}
MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


class Counted(StrEnum):
    """What a provider counts: a message to three recipients is one message and three recipients."""

    MESSAGES = "messages"
    RECIPIENTS = "recipients"


def _positive(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 < value < float("inf"):
        raise ValueError(f"{attribute.name} must be a positive, finite number of seconds")


def _not_negative(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 <= value < float("inf"):
        raise ValueError(f"{attribute.name} must be a finite number of seconds, 0 or more")


@attrs.frozen
class Interval:
    """At least this long between the begins of two messages, all workers together.

    With *jitter*, each wait is longer by up to so many seconds; how much is drawn by whoever counts the message.

    >>> Interval(seconds=2).between
    datetime.timedelta(seconds=2)
    """

    seconds: float = attrs.field(validator=_positive)
    jitter: float = attrs.field(default=0.0, validator=_not_negative, kw_only=True)  # seconds

    @property
    def between(self) -> timedelta:
        return timedelta(seconds=self.seconds)

    def wait(self, draw: float) -> timedelta:
        """Return how long to wait after a message for which *draw*, from 0 to 1, was drawn."""
        return timedelta(seconds=self.seconds + self.jitter * draw)

    @property
    def sentence(self) -> str:
        more = f" and up to {self.jitter:g} more" if self.jitter else ""
        return f"at least {self.seconds:g} seconds{more} between two messages"


def _to_period(per: timedelta | CalendarPeriod | str) -> timedelta | CalendarPeriod:
    return per if isinstance(per, timedelta) else CalendarPeriod(per)


def _at_least_one(_: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"a limit's {attribute.name} must be a whole number from 1, not {value!r}")


def _within_a_year(_: object, __: "attrs.Attribute[timedelta | CalendarPeriod]", value: object) -> None:
    if isinstance(value, timedelta) and not LENGTH_MIN <= value <= LENGTH_MAX:
        raise ValueError("a limit's time must be between a millisecond and 366 days")


@attrs.frozen
class Limit:
    """At most *count* begins in every window of length *per*, or in each calendar day, week or month of *zone*.

    Where a provider's way is not known, roll: a rolling day keeps the calendar one too, but for days of 25 hours.

    >>> from datetime import timedelta
    >>> Limit(500, per=timedelta(days=1)).sentence
    'at most 500 messages in any 24 hours'
    >>> Limit(100, per="day", zone="America/Los_Angeles", counted="recipients").sentence
    'at most 100 recipients per calendar day (America/Los_Angeles)'

    Raises:
        ValueError: the count is not from 1, the time not up to 366 days, a calendar limit has no zone or a rolling one
            has.
    """

    count: int = attrs.field(validator=_at_least_one)
    per: timedelta | CalendarPeriod = attrs.field(kw_only=True, converter=_to_period, validator=_within_a_year)
    counted: Counted = attrs.field(default=Counted.MESSAGES, kw_only=True, converter=Counted)
    zone: str | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if (self.zone is None) != isinstance(self.per, timedelta):
            raise ValueError("a limit by calendar day, week or month needs the provider's zone; a rolling one has none")
        if self.zone is not None:
            zone_info(self.zone)

    @cached_property
    def key(self) -> str:
        """What is counted and how it lapses; the same for another *count*, so that changing that forgets nothing."""
        if isinstance(self.per, timedelta):
            return f"{self.counted}/{self.per // MICROSECOND}"
        return f"{self.counted}/{self.per}@{self.zone}"

    @classmethod
    def lasting(cls, key: str) -> "Limit":
        """Return a limit that counts as those of *key* do. Its own count means nothing."""
        counted, _, length = key.partition("/")
        period, _, zone = length.partition("@")
        per = CalendarPeriod(period) if zone else int(period) * MICROSECOND
        return cls(EXACT_MAX + 1, per=per, counted=Counted(counted), zone=zone or None)

    @property
    def sentence(self) -> str:
        if not isinstance(self.per, timedelta):
            return f"at most {self.count} {self.counted} per calendar {self.per} ({self.zone})"
        length = _LENGTH_NAMES.get(self.per, f"{self.per.total_seconds():g} seconds")
        return f"at most {self.count} {self.counted} in any {length}"

    def units(self, recipients: int) -> int:
        """Return what one message to so many *recipients* counts."""
        return recipients if self.counted is Counted.RECIPIENTS else 1

    def lapses_at(self, micros: int) -> int:
        """Return when a begin at *micros* counts no longer. Both in microseconds since 1970 UTC."""
        if isinstance(self.per, timedelta):
            return micros + self.per // MICROSECOND
        assert self.zone is not None
        return to_micros(period_end(from_micros(micros), self.per, self.zone))

    def lapse_together(self, earlier: int, later: int) -> bool:
        """Return whether begins at these instants are kept as one, which counts until the later has lapsed."""
        if not isinstance(self.per, timedelta):
            return self.lapses_at(earlier) > later
        if self.count <= EXACT_MAX:
            return earlier == later
        width = max(self.per // MICROSECOND // SUBWINDOWS, 1)
        return earlier // width == later // width


LimitRule = Interval | Limit


def per_hour(rules: Iterable[LimitRule]) -> float | None:
    """Return how many messages an hour intervals, and limits of an hour or less, let through; None: any number.

    >>> per_hour([Limit(30, per=timedelta(minutes=1)), Limit(500, per=timedelta(days=1)), Interval(1)])
    1800.0
    """
    rates: list[float] = []
    for rule in rules:
        if isinstance(rule, Interval):
            rates.append(3600 / rule.seconds)
        elif isinstance(rule.per, timedelta) and rule.per <= HOUR:
            rates.append(rule.count * (HOUR / rule.per))
    return min(rates, default=None)
