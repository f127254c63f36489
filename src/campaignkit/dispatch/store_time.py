"""The time that the engine goes by: the worker's clock, corrected to the store's. No I/O of its own."""

from datetime import datetime, timedelta

from campaignkit.ports import Clock

__all__ = ["StoreTime"]

# Smaller differences come from the way to the store and back, and would only make instants of one moment differ.
NOTICEABLE = timedelta(seconds=1)


class StoreTime:
    """A clock that shows the store's time: deadlines, windows and starts go by it, whatever the worker's shows.

    Until the store has said what time it is, it shows the worker's own.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = timedelta(0)  # by how much the store is ahead of the worker

    def learn(self, store_now: datetime | None) -> None:
        """Take over what the store said in this moment; None: the worker's clock is as good."""
        ahead = timedelta(0) if store_now is None else store_now - self._clock.now()
        self._ahead = ahead if abs(ahead) >= NOTICEABLE else timedelta(0)

    def now(self) -> datetime:
        return self._clock.now() + self._ahead

    def sleep_until(self, at: datetime, /) -> None:
        self._clock.sleep_until(self.by_worker(at))

    def by_worker(self, at: datetime) -> datetime:
        """Return what the worker's clock will show at the store's *at*."""
        return at - self._ahead
