"""Send times of whole audiences: a window, moments and the zones of many in, the moment of each out. Pure.

Recipients in the same zones share their openings: the window is asked once for each opening of each set of zones, and
where that opening lies among their turns is bisected. Nobody's own clock is read.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, repeat
from operator import add
from typing import TypeAlias

import attrs

from campaignkit.timing.windows import HORIZON, NoWindow, SendWindow
from campaignkit.timing.zone_clocks import in_utc

__all__ = ["OpenSpan", "Zones", "next_opens", "open_spans", "paced_send_times"]

Zones: TypeAlias = tuple[str, ...]  # the candidates of one recipient; the same ones in the same order are one group


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
    numbers_of: defaultdict[Zones, list[int]] = defaultdict(list)
    count = 0
    for count, group in enumerate(zones, start=1):
        numbers_of[group].append(count - 1)
    turns: list[datetime] = list(accumulate(repeat(spacing, count - 1), add, initial=in_utc(start)))[:count]
    times: list[datetime | NoWindow] = [*turns]
    for group, numbers in numbers_of.items():
        for begin, end, opens_at in _waiting(window, group, turns, numbers):
            for number in numbers[begin:end]:
                times[number] = opens_at
    return times


def _waiting(
    window: SendWindow, zones: Zones, turns: Sequence[datetime], numbers: Sequence[int]
) -> Iterator[tuple[int, int, datetime | NoWindow]]:
    """Yield from where to where in *numbers*, those of one group, turns fall while it is closed, and the next opening.

    Turns rise, so an opening is asked for once, and its place among them is found by bisection.
    """
    begin = 0
    while begin < len(numbers):
        opens_at = window.next_open(turns[numbers[begin]], zones)
        if isinstance(opens_at, NoWindow):
            end = bisect_right(numbers, opens_at.searched_until, begin, key=turns.__getitem__)
            yield begin, end, opens_at
            begin = end
        else:
            end = bisect_left(numbers, opens_at, begin, key=turns.__getitem__)
            yield begin, end, opens_at
            closes_at = window.next_close(opens_at, zones) or opens_at + HORIZON
            begin = bisect_left(numbers, closes_at, end, key=turns.__getitem__)
