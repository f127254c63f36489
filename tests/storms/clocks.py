"""The clocks of a storm: one sun for all workers, an error of each one's own, and a stopwatch in a hurry.

Touches the system's clock and what holds the sun: a file, or a database on a server.
"""

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from tests.storms.ground import STARTS_AT
from tests.storms.places import move_sun

MICROSECOND = timedelta(microseconds=1)
LOOK_AGAIN_SECONDS = 0.05  # a worker that waits looks as often as this whether somebody else left work
PATIENCE = 4  # looks; then it makes the sun move to what it waits for, or a retry in four hours would take four hours
SHORT_WAIT = timedelta(seconds=1)  # is slept in earnest


class Sun(Protocol):
    """What time it is beyond the time that has passed; whoever moves it moves it for all."""

    def moved(self) -> timedelta: ...

    def move(self, by: timedelta, /) -> None: ...

    def close(self) -> None: ...


class SunInFile:
    """A sun that every worker sees, and each store that goes by its worker's clock.

    Two who move it in the same moment may move it twice, or set it back; that is weather too.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT)

    def moved(self) -> timedelta:
        return timedelta(microseconds=int.from_bytes(os.pread(self._file, 8, 0), "big"))

    def move(self, by: timedelta, /) -> None:
        os.pwrite(self._file, ((self.moved() + by) // MICROSECOND).to_bytes(8, "big"), 0)

    def close(self) -> None:
        os.close(self._file)


class SunOverServer:
    """A sun that only a PostgreSQL server sees: its clock moves, and no worker's does."""

    def __init__(self, url: str) -> None:
        self._url = url

    def moved(self) -> timedelta:
        return timedelta(0)

    def move(self, by: timedelta, /) -> None:
        move_sun(self._url, by)

    def close(self) -> None:
        pass


def sun_at(place: str) -> Sun:
    """Return the sun of a file, or of a database's URL."""
    return SunOverServer(place) if "://" in place else SunInFile(Path(place))


class StormClock:
    """The real time since the storm began, in March, and wrong by *skew*.

    Nobody waits for hours: who has waited in vain, so many looks long, moves the sun, for all workers at once.
    """

    def __init__(self, sun: Sun, *, began_at: float, skew: timedelta = timedelta(0), patience: int = PATIENCE) -> None:
        self._sun = sun
        self._began_at = began_at  # seconds of the wall clock
        self._skew = skew
        self._patience = patience
        self._looks = 0

    def now(self) -> datetime:
        return STARTS_AT + timedelta(seconds=time.time() - self._began_at) + self._sun.moved() + self._skew

    def sleep_until(self, at: datetime, /) -> None:
        """Sleep a moment; return before *at* if that is far away, or make it come."""
        wait = at - self.now()
        time.sleep(min(max(wait.total_seconds(), 0.0), LOOK_AGAIN_SECONDS))
        self._looks = self._looks + 1 if wait > SHORT_WAIT else 0
        if self._looks >= self._patience:
            self._looks = 0
            self._sun.move(max(at - self.now(), timedelta(0)))

    def close(self) -> None:
        self._sun.close()


def fast_stopwatch(times: float) -> Callable[[], tuple[float, float]]:
    """Return a kit's stopwatch that runs so many *times* as fast: half a minute to cross is over in a second."""

    def read() -> tuple[float, float]:
        return time.monotonic() * times, time.time() * times

    return read
