"""The time that the engine goes by: the worker's clock, corrected to the store's. No I/O of its own."""

from collections.abc import Callable
from datetime import datetime, timedelta

import attrs

from campaignkit.ports import Clock

__all__ = ["StoreTime"]

# Smaller differences come from the way to the store and back, and would only make instants of one moment differ.
NOTICEABLE = timedelta(seconds=1)
JUMP = 2 * NOTICEABLE  # one that is hardly noticeable, and a little that two clocks drift apart within a round


@attrs.frozen
class _Heard:
    """What the time was when the store said it."""

    at: datetime  # the store's
    seconds: float  # by the worker's monotonic clock


class StoreTime:
    """A clock that shows the store's time: deadlines, windows and starts go by it, whatever the worker's shows.

    Until the store has said what time it is, it shows the worker's own. After that, a worker's clock that jumps is
    not believed: then so much time has passed as its monotonic one says, until the store is asked again.
    """

    def __init__(self, clock: Clock, monotonic: Callable[[], float]) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._ahead = timedelta(0)  # by how much the store is ahead of the worker
        self._heard: _Heard | None = None

    def learn(self, store_now: datetime | None) -> None:
        """Take over what the store said in this moment; None: the worker's clock is as good."""
        if store_now is None:
            self._ahead, self._heard = timedelta(0), None
            return
        ahead = store_now - self._clock.now()
        self._ahead = ahead if abs(ahead) >= NOTICEABLE else timedelta(0)
        self._heard = _Heard(store_now, self._monotonic())

    def now(self) -> datetime:
        shown = self._clock.now() + self._ahead
        if self._heard is None:
            return shown
        passed = self._heard.at + timedelta(seconds=self._monotonic() - self._heard.seconds)
        return shown if abs(shown - passed) <= JUMP else passed

    def sleep_until(self, at: datetime, /) -> None:
        self._clock.sleep_until(self.by_worker(at))

    def by_worker(self, at: datetime) -> datetime:
        """Return what the worker's clock will show at the store's *at*."""
        return at - self._ahead
