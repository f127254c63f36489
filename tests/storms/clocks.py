"""The clocks of a storm: one sun for all workers, an error of each one's own, and a stopwatch in a hurry.

Touches the system's clock and the file that holds the sun.
"""

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from tests.storms.ground import STARTS_AT

MICROSECOND = timedelta(microseconds=1)
LOOK_AGAIN_SECONDS = 0.05  # a worker that waits looks as often as this whether somebody else left work
PATIENCE = 4  # looks; then it makes the sun move to what it waits for, or a retry in four hours would take four hours
SHORT_WAIT = timedelta(seconds=1)  # is slept in earnest


class StormClock:
    """The real time since the storm began, in March, and wrong by *skew*.

    Nobody waits for hours: who has waited in vain moves the sun, under all workers at once. Two who do so in the same
    moment may move it twice, or set it back; that is weather too.
    """

    def __init__(self, sun: Path, *, began_at: float, skew: timedelta = timedelta(0)) -> None:
        self._sun = os.open(sun, os.O_RDWR | os.O_CREAT)
        self._began_at = began_at  # seconds of the wall clock
        self._skew = skew
        self._looks = 0

    def now(self) -> datetime:
        return STARTS_AT + timedelta(seconds=time.time() - self._began_at) + self._moved() + self._skew

    def sleep_until(self, at: datetime, /) -> None:
        """Sleep a moment; return before *at* if that is far away, or make it come."""
        wait = at - self.now()
        time.sleep(min(max(wait.total_seconds(), 0.0), LOOK_AGAIN_SECONDS))
        self._looks = self._looks + 1 if wait > SHORT_WAIT else 0
        if self._looks >= PATIENCE:
            self._looks = 0
            moved = self._moved() + max(at - self.now(), timedelta(0))
            os.pwrite(self._sun, (moved // MICROSECOND).to_bytes(8, "big"), 0)

    def close(self) -> None:
        os.close(self._sun)

    def _moved(self) -> timedelta:
        return timedelta(microseconds=int.from_bytes(os.pread(self._sun, 8, 0), "big"))


def fast_stopwatch(times: float) -> Callable[[], tuple[float, float]]:
    """Return a kit's stopwatch that runs so many *times* as fast: half a minute to cross is over in a second."""

    def read() -> tuple[float, float]:
        return time.monotonic() * times, time.time() * times

    return read
