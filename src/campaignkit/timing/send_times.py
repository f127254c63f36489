"""Send times of whole audiences: a window, moments and the zones of many in, the moment of each out. Pure.

Recipients in the same zones share their openings, so the window is asked once for each opening of each set of zones.
Everybody else is a comparison of whole numbers: microseconds since 1970.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import attrs

from campaignkit.timing.windows import HORIZON, NoWindow, SendWindow
from campaignkit.timing.zone_clocks import in_utc

__all__ = ["OpenSpan", "Zones", "next_opens", "open_spans", "paced_send_times"]

Zones: TypeAlias = tuple[str, ...]  # the candidates of one recipient; the same ones in the same order are one group
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


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

    >>> span = next(open_spans(SendWindow(zone="Europe/Warsaw"), datetime(2026, 3, 28, 22, tzinfo=UTC)))
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

    >>> at = datetime(2026, 7, 1, tzinfo=UTC)
    >>> found = next_opens(SendWindow(), at, [("Europe/Warsaw",), ("Asia/Tokyo",), ("Europe/Warsaw",)])
    >>> {zones[0]: opens_at.hour for zones, opens_at in found.items()}
    {'Europe/Warsaw': 7, 'Asia/Tokyo': 0}
    """
    return {group: window.next_open(at, group) for group in dict.fromkeys(zones)}


def paced_send_times(
    window: SendWindow, start: datetime, zones: Iterable[Zones], *, spacing: timedelta
) -> Iterator[datetime | NoWindow]:
    """Yield for each recipient the moment that ``window.next_open`` gives for its own turn, in the order of *zones*.

    The turn of the n-th, from 0, is at *start* + n × *spacing*. Whoever waits for an opening stands at that opening;
    how those who wait are then spread is for limits to say. A ``NoWindow`` answers for the later turns of its group
    too, as far as it searched.

    Args:
        zones: The zones of each recipient.
        spacing: From one turn to the next; zero for one moment for all.

    Raises:
        ValueError: *spacing* is negative; and as for ``SendWindow.is_open``.
    """
    if spacing < timedelta(0):
        raise ValueError("the spacing between two turns cannot be negative")
    turn, step = in_utc(start), spacing // MICROSECOND
    micros = _micros(turn)
    groups: dict[Zones, _Group] = {}
    for key in zones:
        group = groups.get(key)
        if group is None:
            group = groups[key] = _Group(window, key)
        if micros >= group.until:
            group.go_on(turn)
        yield turn if micros >= group.since else group.waits_for
        micros += step
        turn += spacing


class _Group:
    """Recipients in the same zones, and the opening that they are in or wait for. Turns only go on, and so does it."""

    __slots__ = ("_window", "_zones", "since", "until", "waits_for")

    def __init__(self, window: SendWindow, zones: Zones) -> None:
        self._window, self._zones = window, zones
        self.waits_for: datetime | NoWindow = EPOCH
        self.since = self.until = _micros(datetime.min.replace(tzinfo=UTC))  # before every turn: go on first

    def go_on(self, turn: datetime) -> None:
        """Take the first opening that does not end before *turn*."""
        self.waits_for = opens_at = self._window.next_open(turn, self._zones)
        if isinstance(opens_at, NoWindow):
            self.since = self.until = _micros(opens_at.searched_until)
            return
        closes_at = self._window.next_close(opens_at, self._zones)
        self.since, self.until = _micros(opens_at), _micros(opens_at + HORIZON if closes_at is None else closes_at)


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND
