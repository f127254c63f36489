"""Every change of the clocks in, every send that would fall into quiet hours out. Reads the zone database.

The oracle shares nothing with the package: it looks at the clock on the wall, minute by minute, and looks that minute
up in a timetable written out by hand below. It never subtracts, skips or searches.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import attrs

from campaignkit.timing.send_times import paced_send_times
from campaignkit.timing.windows import NoWindow, SendWindow

MINUTE, SECOND, MICROSECOND = timedelta(minutes=1), timedelta(seconds=1), timedelta(microseconds=1)
AROUND = timedelta(hours=2)
MINUTES = 241  # two hours before a change to two hours after it, both included
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)
SCAN_STEP = timedelta(hours=12)
DAY_MINUTES = 24 * 60


@attrs.frozen(kw_only=True)
class Shape:
    """A window, and beside it what it means: (weekday, first minute, minute after the last) of a week."""

    name: str
    window: SendWindow
    spans: tuple[tuple[int, int, int], ...]

    def timetable(self) -> Sequence[bool]:
        """Return for each minute of the week, from Monday 0:00, whether it is open."""
        week = [False] * (7 * DAY_MINUTES)
        for day, begin, end in self.spans:
            for minute in range(begin, end):  # over midnight into the next day, over Sunday into Monday
                week[(day * DAY_MINUTES + minute) % len(week)] = True
        return week


SHAPES = (
    Shape(
        name="09:00 to 21:00",
        window=SendWindow.quiet(time(21), time(9)),
        spans=tuple((day, 540, 1260) for day in range(7)),
    ),
    Shape(
        name="20:00 to 02:30, working days",
        window=SendWindow(days="mon-fri", opens=time(20), closes=time(2, 30)),
        spans=tuple((day, 1200, 1590) for day in range(5)),
    ),
    Shape(
        name="split at night, others on Sunday",
        window=SendWindow(hours={"mon-sat": "0:30-1:30,2:15-2:45,3-6,22-24", "sun": "0-0:20,1-3"}),
        spans=(
            *((day, begin, end) for day in range(6) for begin, end in ((30, 90), (135, 165), (180, 360), (1320, 1440))),
            (6, 0, 20),
            (6, 60, 180),
        ),
    ),
    Shape(
        name="all but 02:00 to 03:00",
        window=SendWindow.quiet(time(2), time(3)),
        spans=tuple((day, begin, end) for day in range(7) for begin, end in ((0, 120), (180, 1440))),
    ),
)


@attrs.define(kw_only=True)
class Sweep:
    """What a sweep saw; *wrong* names the first things that were not as on the wall."""

    changes: int = 0
    sends: int = 0
    edges: int = 0
    quiet_sends: int = 0
    other_errors: int = 0
    wrong: list[str] = attrs.Factory(list)

    def complain(self, zone: str, shape: Shape, at: datetime, what: str) -> None:
        if len(self.wrong) < 20:
            self.wrong.append(f"{zone}, {shape.name}, {at.isoformat()}: {what}")


def clock_changes(zone: str) -> Iterator[datetime]:
    """Yield the instants between 2000 and 2037 at which the offset of *zone* changes, by looking twice a day."""
    clock = ZoneInfo(zone)
    before, offset = FIRST, FIRST.astimezone(clock).utcoffset()
    while before < LAST:
        after = before + SCAN_STEP
        if after.astimezone(clock).utcoffset() != offset:
            low, high = before, after
            while high - low > SECOND:
                middle = low + ((high - low) // 2 // SECOND) * SECOND
                low, high = (middle, high) if middle.astimezone(clock).utcoffset() == offset else (low, middle)
            yield high
            offset = after.astimezone(clock).utcoffset()
        before = after


def all_changes() -> Iterator[tuple[str, datetime]]:
    """Yield every change of every zone of the database, its aliases included."""
    for zone in sorted(available_timezones()):
        for changes_at in clock_changes(zone):
            yield zone, changes_at


def sweep(changes: Iterable[tuple[str, datetime]], shapes: Sequence[Shape] = SHAPES) -> Sweep:
    """Return how all shapes behave around *changes*."""
    seen = Sweep()
    timetables = {shape.name: shape.timetable() for shape in shapes}
    for zone, changes_at in changes:
        seen.changes += 1
        _look_around(seen, zone, changes_at, shapes, timetables)
    return seen


def _look_around(
    seen: Sweep, zone: str, changes_at: datetime, shapes: Sequence[Shape], timetables: Mapping[str, Sequence[bool]]
) -> None:
    clock, start = ZoneInfo(zone), changes_at - AROUND
    minutes = [start + n * MINUTE for n in range(MINUTES)]
    weekly = [_minute_of_week(at, clock) for at in minutes]
    for shape in shapes:
        week = timetables[shape.name]
        expected = [week[minute] for minute in weekly]
        _check_states(seen, zone, shape, minutes, expected)
        _check_sends(seen, zone, shape, minutes, weekly, week)
        for at in _edges(minutes, expected, changes_at):
            seen.edges += 1
            if shape.window.is_open(at, (zone,)) is not week[_minute_of_week(at, clock)]:
                seen.other_errors += 1
                seen.complain(zone, shape, at, "the state is wrong on an edge")


def _minute_of_week(at: datetime, clock: ZoneInfo) -> int:
    wall = at.astimezone(clock)
    return wall.weekday() * DAY_MINUTES + wall.hour * 60 + wall.minute


def _check_states(seen: Sweep, zone: str, shape: Shape, minutes: Sequence[datetime], expected: Sequence[bool]) -> None:
    zones = (zone,)
    for at, is_open in zip(minutes, expected, strict=True):
        if shape.window.is_open(at, zones) is not is_open:
            seen.other_errors += 1
            seen.complain(zone, shape, at, f"is_open is not {is_open}")


def _check_sends(
    seen: Sweep,
    zone: str,
    shape: Shape,
    minutes: Sequence[datetime],
    weekly: Sequence[int],
    week: Sequence[bool],
) -> None:
    """One message falls due every minute: it leaves in an open minute, and in the first one."""
    clock, first_open = ZoneInfo(zone), _first_open(minutes, [week[minute] for minute in weekly])
    sends = paced_send_times(shape.window, minutes[0], [(zone,)] * len(minutes), spacing=MINUTE)
    for due, leaves_at, first, shown in zip(minutes, sends, first_open, weekly, strict=True):
        seen.sends += 1
        if (
            isinstance(leaves_at, NoWindow)
            or not week[shown if leaves_at == due else _minute_of_week(leaves_at, clock)]
        ):
            seen.quiet_sends += 1
            seen.complain(zone, shape, due, f"would leave at {leaves_at}, in quiet hours")
        elif leaves_at != first if first is not None else leaves_at <= minutes[-1]:
            seen.other_errors += 1
            seen.complain(zone, shape, due, f"would leave at {leaves_at}, not at {first}")
    for due, first in ((minutes[n], first_open[n]) for n in (0, 119, 120, 121)):
        if first is not None and shape.window.next_open(due, (zone,)) != first:
            seen.other_errors += 1
            seen.complain(zone, shape, due, f"next_open is not {first}")


def _first_open(minutes: Sequence[datetime], expected: Sequence[bool]) -> list[datetime | None]:
    found: list[datetime | None] = []
    for at, is_open in zip(reversed(minutes), reversed(expected), strict=True):
        found.append(at if is_open else (found[-1] if found else None))
    return found[::-1]


def _edges(minutes: Sequence[datetime], expected: Sequence[bool], changes_at: datetime) -> Iterator[datetime]:
    """Yield the seconds around the change and around each minute that differs from the one before it."""
    turns = [at for n, at in enumerate(minutes) if n and expected[n] != expected[n - 1]]
    for at in dict.fromkeys((changes_at, *turns)):
        yield from (at - SECOND, at - MICROSECOND, at, at + SECOND)
