"""Clocks: the system's, and one that stands still until it is told to move. Touches the system's clock."""

import threading
import time
from datetime import UTC, datetime, timedelta

__all__ = ["FrozenClock", "SystemClock"]


class SystemClock:
    """The real time, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep_until(self, at: datetime, /) -> None:
        """Sleep until *at*; return at once if it is past."""
        seconds = (at - self.now()).total_seconds()
        if seconds > 0:
            time.sleep(seconds)


class FrozenClock:
    """A clock for tests and demos: it stands still, and ``sleep_until`` jumps.

    Only the thread that made it may move it, so that a campaign of three weeks runs in a second and nothing else does.

    >>> clock = FrozenClock(datetime(2026, 3, 6, 9, tzinfo=UTC))
    >>> clock.sleep_until(datetime(2026, 3, 9, 9, tzinfo=UTC))
    >>> clock.now().isoformat()
    '2026-03-09T09:00:00+00:00'
    """

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")
        self._now = at.astimezone(UTC)
        self._thread = threading.get_ident()

    def now(self) -> datetime:
        return self._now

    def sleep_until(self, at: datetime, /) -> None:
        """Jump to *at*; never backwards."""
        self._require_owner()
        self._now = max(self._now, at.astimezone(UTC))

    def advance(self, by: timedelta) -> None:
        """Move by *by*, backwards too: real clocks do."""
        self._require_owner()
        self._now += by

    def _require_owner(self) -> None:
        if threading.get_ident() != self._thread:
            raise RuntimeError("a FrozenClock is moved only by the thread that made it")
