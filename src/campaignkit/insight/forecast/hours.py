"""Where a window stands for one group of zones as time goes on: open or closed, and when that changes. Pure.

Instants are microseconds since 1970 UTC.
"""

from collections.abc import Iterator
from datetime import datetime

from campaignkit.delivery.begin import CROSS_WITHIN
from campaignkit.timing.limits.states import MICROSECOND, from_micros, to_micros
from campaignkit.timing.send_times import OpenSpan, open_spans
from campaignkit.timing.windows import NoWindow, SendWindow

__all__ = ["NEVER", "Hours"]

NEVER = 1 << 62
_CROSS_WITHIN = CROSS_WITHIN // MICROSECOND


class Hours:
    """A window that is asked at rising instants.

    Nothing begins in the last ``CROSS_WITHIN`` before it closes: it counts as closed then, as it does for ``begin``.
    """

    def __init__(self, window: SendWindow | None, zones: tuple[str, ...], at: int) -> None:
        self.is_open = True
        self.opens_at: int | None = None  # while closed; None: never again
        self.changes_at = NEVER
        if window is not None:
            self._spans = _spans(window, from_micros(at), zones)
            self._opens, self._closes = next(self._spans)
            self.changes_at = at
            self.go_to(at)

    def go_to(self, at: int) -> None:
        """Let time pass until *at*."""
        while at >= self.changes_at:
            self._settle(at)

    def _settle(self, at: int) -> None:
        if self._opens is None:
            self._close_for_ever()
        elif at < self._opens:
            self.is_open, self.opens_at, self.changes_at = False, self._opens, self._opens
        elif at < self._closes - _CROSS_WITHIN:
            self.is_open, self.opens_at = True, None
            self.changes_at = NEVER if self._closes == NEVER else self._closes - _CROSS_WITHIN
        else:
            self._opens, self._closes = next(self._spans)
            if self._opens is None:
                self._close_for_ever()
            else:
                self.is_open, self.opens_at, self.changes_at = False, self._opens, self._opens

    def _close_for_ever(self) -> None:
        self.is_open, self.opens_at, self.changes_at = False, None, NEVER


def _spans(window: SendWindow, at: datetime, zones: tuple[str, ...]) -> Iterator[tuple[int | None, int]]:
    """Yield when it opens and closes, ``NEVER`` where it does not; None for an opening that never comes."""
    for span in open_spans(window, at, zones):
        if isinstance(span, NoWindow):
            break
        yield to_micros(span.opens_at), _closing(span)
    while True:
        yield None, NEVER


def _closing(span: OpenSpan) -> int:
    return NEVER if span.closes_at is None else to_micros(span.closes_at)
