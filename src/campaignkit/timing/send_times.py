"""Send times of whole audiences: a window, moments and the zones of many in, the moment of each out. Pure.

Recipients in the same zones share their openings: the window is asked when a group opens and when it closes, and all
turns between two such changes are answered at once. Nobody's own clock is read.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import accumulate, repeat
from operator import add
from typing import TypeAlias

import attrs

from campaignkit.timing.windows import HORIZON, NoWindow, SendWindow
from campaignkit.timing.zone_clocks import in_utc

__all__ = ["OpenSpan", "Zones", "next_opens", "open_spans", "paced_send_times"]

Zones: TypeAlias = tuple[str, ...]  # the candidates of one recipient; the same ones in the same order are one group
_NEVER = datetime.max.replace(tzinfo=UTC)


@attrs.frozen(kw_only=True)
class OpenSpan:
    """A stretch of time, in UTC, in which a window is open without a break."""

    opens_at: datetime
    closes_at: datetime | None  # exclusive; None: not within the window's horizon


def open_spans(window: SendWindow, at: datetime, zones: Iterable[str] = ()) -> Iterator[OpenSpan | NoWindow]:
    """Yield the stretches from *at* on in which *window* is open in all *zones*, one after the other.

    The first begins at *at* where it is open then. Endless, but for a ``NoWindow`` or a stretch without an end, which
    are the last.

    Raises:
        ValueError: as for ``SendWindow.is_open``.

    >>> at = datetime.fromisoformat("2026-03-28T22:00Z")
    >>> span = next(open_spans(SendWindow(zone="Europe/Warsaw"), at))
    >>> span.opens_at.hour, span.closes_at.hour  # clocks went to summer time that night
    (7, 19)
    """
    names, moment = tuple(zones), in_utc(at)
    while True:
        opens_at = window.next_open(moment, names)
        if isinstance(opens_at, NoWindow):
            yield opens_at
            return
        closes_at = window.next_close(opens_at, names)
        yield OpenSpan(opens_at=opens_at, closes_at=closes_at)
        if closes_at is None:
            return
        moment = closes_at


def next_opens(window: SendWindow, at: datetime, zones: Iterable[Zones]) -> dict[Zones, datetime | NoWindow]:
    """Return the next opening from *at* on for each different set of zones, each computed once.

    >>> at = datetime.fromisoformat("2026-07-01T00:00Z")
    >>> found = next_opens(SendWindow(), at, [("Europe/Warsaw",), ("Asia/Tokyo",), ("Europe/Warsaw",)])
    >>> {zones[0]: opens_at.hour for zones, opens_at in found.items()}
    {'Europe/Warsaw': 7, 'Asia/Tokyo': 0}
    """
    return {group: window.next_open(at, group) for group in dict.fromkeys(zones)}


def paced_send_times(
    window: SendWindow, start: datetime, zones: Iterable[Zones], *, spacing: timedelta
) -> list[datetime | NoWindow]:
    """Return for each recipient the moment that ``window.next_open`` gives for its own turn, in the order of *zones*.

    The turn of the n-th, from 0, is at *start* + n × *spacing*. Whoever waits for an opening stands at that opening;
    how those who wait are then spread is for limits to say. A ``NoWindow`` answers for the later turns of its group
    too, as far as it searched.

    Args:
        zones: The zones of each recipient.
        spacing: From one turn to the next; zero for one moment for all.

    Raises:
        ValueError: *spacing* is negative; and as for ``SendWindow.is_open``.

    >>> night = datetime.fromisoformat("2026-07-01T18:58Z")
    >>> turns = paced_send_times(SendWindow(), night, [("Europe/Warsaw",)] * 3, spacing=timedelta(minutes=1))
    >>> [f"{turn:%H:%M}" for turn in turns]  # 21:00 in Warsaw is 19:00
    ['18:58', '18:59', '07:00']
    """
    if spacing < timedelta(0):
        raise ValueError("the spacing between two turns cannot be negative")
    keys = [*zones]
    turns: list[datetime] = list(accumulate(repeat(spacing, len(keys) - 1), add, initial=in_utc(start)))[: len(keys)]
    times: list[datetime | NoWindow] = []
    waits, stride = _Waits(window), 1
    while (done := len(times)) < len(keys):
        waits.go_on(turns[done])
        end = bisect_left(turns, waits.next_change, done, min(done + stride, len(keys)))
        found = [waits[key] or turn for key, turn in zip(keys[done:end], turns[done:end], strict=True)]
        # A group that was first met on the way may change before the end: what comes after that is asked again.
        valid = bisect_left(turns, waits.next_change, done, end) - done
        times += found[:valid]
        stride = 2 * stride if valid == len(found) else valid
    return times


class _Waits(dict[Zones, datetime | NoWindow | None]):
    """What each group waits for at the present turn, None where it is open; the window is asked when a group is met.

    It holds until ``next_change`` for all groups that it holds.
    """

    def __init__(self, window: SendWindow) -> None:
        super().__init__()
        self._window = window
        self._turn = _NEVER
        self._changes: list[tuple[datetime, Zones]] = []  # a heap

    def go_on(self, turn: datetime) -> None:
        """Forget the groups that have changed by *turn*."""
        self._turn = turn
        while self._changes and self._changes[0][0] <= turn:
            del self[heappop(self._changes)[1]]

    @property
    def next_change(self) -> datetime:
        """The first instant at which what is held may be wrong."""
        return self._changes[0][0] if self._changes else _NEVER

    def __missing__(self, zones: Zones) -> datetime | NoWindow | None:
        opens_at = self._window.next_open(self._turn, zones)
        waits_for: datetime | NoWindow | None = opens_at
        if isinstance(opens_at, NoWindow):
            changes_at = opens_at.searched_until
        elif opens_at > self._turn:
            changes_at = opens_at
        else:
            waits_for, changes_at = None, self._window.next_close(opens_at, zones) or opens_at + HORIZON
        self[zones] = waits_for
        heappush(self._changes, (changes_at, zones))
        return waits_for
