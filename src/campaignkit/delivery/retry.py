"""When a deferred recipient is tried again: the number of attempts in, the next moment out. Pure."""

from datetime import datetime, timedelta

import attrs

__all__ = ["ATTEMPTS_MAX", "GREYLIST_WAIT", "RETRY_DELAYS", "RetrySchedule", "next_try"]

# After the first, second, third and fourth attempt; after the fifth the recipient has failed.
RETRY_DELAYS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12))
ATTEMPTS_MAX = len(RETRY_DELAYS) + 1

# A greylisting server lets the same envelope in after 5 minutes; whoever comes earlier may start the wait anew.
GREYLIST_WAIT = timedelta(minutes=5)


def _require_positive_delays(_instance: object, _attribute: object, delays: tuple[timedelta, ...]) -> None:
    if any(delay <= timedelta(0) for delay in delays):
        raise ValueError("every delay must be longer than nothing")


@attrs.frozen(kw_only=True)
class RetrySchedule:
    """How long to wait after each attempt that concerned the recipient; one attempt more than delays is made."""

    delays: tuple[timedelta, ...] = attrs.field(default=RETRY_DELAYS, validator=_require_positive_delays)

    @property
    def attempts_max(self) -> int:
        return len(self.delays) + 1


DEFAULT_SCHEDULE = RetrySchedule()


def next_try(
    *,
    attempt_count: int,
    now: datetime,
    code: str = "",
    retry_after: timedelta | None = None,
    schedule: RetrySchedule = DEFAULT_SCHEDULE,
) -> datetime | None:
    """Return when to try this recipient again, or None: the attempts are used up and it has failed.

    Args:
        attempt_count: Attempts so far that concerned the recipient, the deferred one included: at least 1.
        code: The outcome's code; ``greylisted`` waits at least 5 minutes whatever the schedule says.
        retry_after: What the provider asked for, a minimum.

    Raises:
        ValueError: *attempt_count* is below 1, or *now* is naive.
    """
    if attempt_count < 1:
        raise ValueError("a deferral is itself an attempt, so attempt_count is at least 1")
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime")
    if attempt_count >= schedule.attempts_max:
        return None
    least = GREYLIST_WAIT if code == "greylisted" else timedelta(0)
    return now + max(schedule.delays[attempt_count - 1], least, retry_after or timedelta(0))
