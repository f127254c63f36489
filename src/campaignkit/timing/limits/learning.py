"""A rate learned from a provider's replies: throttled, it falls at once; left alone, it recovers slowly. Pure.

One value per sender, or per sender and domain group: that one slows down, the others go on.
"""

import json
from datetime import datetime, timedelta

import attrs

from campaignkit.timing.limits.rules import Interval
from campaignkit.timing.limits.states import from_micros, to_micros

__all__ = ["LearnedRate", "dump_rate", "load_rate"]

SLOWDOWN = 0.7  # of the rate, at each throttle reply
SETTLING = timedelta(minutes=1)  # replies to messages that were under way already slow down only once
RECOVERY = 0.05  # of the ceiling, an hour; from the floor to the ceiling it takes nearly a day
QUIET = timedelta(minutes=10)  # so long after a throttle reply nothing recovers
FLOOR = (
    12.0  # messages an hour; slower would look like a standstill, and a provider that wants less says so by refusing
)
CEILING_MAX = 3_600_000.0  # messages an hour


def _rate(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 < value <= CEILING_MAX:
        raise ValueError(f"{attribute.name} must be a rate above 0 and up to {CEILING_MAX:,.0f} messages an hour")


@attrs.frozen(kw_only=True)
class LearnedRate:
    """How many messages an hour a provider lets through, as far as its replies told. Instants are the store's.

    >>> from datetime import UTC, datetime, timedelta
    >>> noon = datetime(2026, 11, 2, 12, tzinfo=UTC)
    >>> slowed = LearnedRate.starting(1000).throttled(noon)
    >>> round(slowed.per_hour_at(noon)), round(slowed.per_hour_at(noon + timedelta(hours=2, minutes=10)))
    (700, 800)
    """

    ceiling: float = attrs.field(validator=_rate)  # messages an hour, to which it recovers
    per_hour: float = attrs.field(validator=_rate)  # as of the last throttle reply
    floor: float = attrs.field(default=FLOOR, validator=_rate)
    throttled_at: datetime | None = None  # the last reply that slowed it down
    throttle_count: int = 0  # such replies so far

    @classmethod
    def starting(cls, per_hour: float, *, floor: float = FLOOR) -> "LearnedRate":
        """Return the rate of a sender that was never throttled: what it is allowed, or what it was measured to send."""
        return cls(ceiling=per_hour, per_hour=per_hour, floor=min(floor, per_hour))

    def throttled(self, at: datetime) -> "LearnedRate":
        """Return the rate after a throttle reply: seven tenths of what it was then, never below the floor.

        A reply within a minute of the last only counts; one at an earlier time is of a clock that went back, and slows.
        """
        if self.throttled_at is not None and abs(at - self.throttled_at) < SETTLING:
            return attrs.evolve(self, throttle_count=self.throttle_count + 1)
        slower = max(self.per_hour_at(at) * SLOWDOWN, self.floor)
        return attrs.evolve(self, per_hour=slower, throttled_at=at, throttle_count=self.throttle_count + 1)

    def per_hour_at(self, at: datetime) -> float:
        """Return the rate at *at*, in messages an hour. A clock that went back recovers nothing."""
        if self.throttled_at is None:
            return self.per_hour
        hours = (at - self.throttled_at - QUIET) / timedelta(hours=1)
        return min(self.per_hour + max(hours, 0) * RECOVERY * self.ceiling, self.ceiling)

    def is_slowed(self, at: datetime) -> bool:
        return self.per_hour_at(at) < self.ceiling

    def interval_at(self, at: datetime) -> Interval | None:
        """Return the rule that keeps to the rate at *at*, None where nothing slows the sender."""
        return Interval(3600 / self.per_hour_at(at)) if self.is_slowed(at) else None


def dump_rate(rate: LearnedRate) -> str:
    """Return *rate* as JSON of one line, for a store."""
    throttled_at = None if rate.throttled_at is None else to_micros(rate.throttled_at)
    return json.dumps(
        [rate.ceiling, rate.per_hour, rate.floor, throttled_at, rate.throttle_count], separators=(",", ":")
    )


def load_rate(text: str) -> LearnedRate:
    """Return the rate that :func:`dump_rate` wrote.

    Raises:
        ValueError: *text* is not such JSON.
    """
    try:
        ceiling, per_hour, floor, throttled_at, throttle_count = json.loads(text)
        return LearnedRate(
            ceiling=float(ceiling),
            per_hour=float(per_hour),
            floor=float(floor),
            throttled_at=None if throttled_at is None else from_micros(int(throttled_at)),
            throttle_count=int(throttle_count),
        )
    except (OverflowError, TypeError, ValueError) as error:
        raise ValueError("this is not the text of a learned rate") from error
