"""How many fruitless retries a sender may make: what its retries came to in, how many more may be tried out. Pure.

Retries that succeed cost nothing. Those that are put off again use the budget up; what is accepted, and time, fill it.
So a host that puts everybody off is asked again and again by few, whatever the campaign's size, and first tries go on.
"""

from datetime import datetime, timedelta

import attrs

__all__ = ["RETRY_PAUSE", "RetryBudget"]

RETRIES_MAX = 100  # as many as one batch holds
PER_ACCEPTED = 0.2  # one fruitless retry for every five messages that are accepted …
PER_MINUTE = 10.0  # … and so many in any case
RETRY_PAUSE = timedelta(minutes=5)  # how long those wait who must


@attrs.frozen(kw_only=True)
class RetryBudget:
    """What is missing from a full budget, as of an instant.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 11, 2, 12, tzinfo=UTC)
    >>> used_up = RetryBudget().after(noon, accepted=0, fruitless=100)
    >>> used_up.left_at(noon), used_up.left_at(noon + timedelta(minutes=2))
    (0, 20)
    """

    debt: float = 0.0  # retries
    at: datetime | None = None

    def left_at(self, now: datetime) -> int:
        """Return how many retries may be tried at *now*; each worker looks for itself, so they share it roughly."""
        return max(int(RETRIES_MAX - self._debt_at(now)), 0)

    def after(self, now: datetime, *, accepted: int, fruitless: int) -> "RetryBudget":
        """Return the budget after so many messages were accepted, and so many retries put off again."""
        debt = self._debt_at(now) + fruitless - accepted * PER_ACCEPTED
        return RetryBudget() if debt <= 0 else RetryBudget(debt=min(debt, 2.0 * RETRIES_MAX), at=now)

    def _debt_at(self, now: datetime) -> float:
        if self.at is None:
            return self.debt
        minutes = max((now - self.at) / timedelta(minutes=1), 0.0)  # a clock that went back fills nothing
        return max(self.debt - minutes * PER_MINUTE, 0.0)
