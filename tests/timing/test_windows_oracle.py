"""Send windows against an oracle that only watches the clock on the wall, minute by minute, and against their laws."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.timing.openings import OpeningHours
from campaignkit.timing.windows import NoWindow, SendWindow

MINUTE = timedelta(minutes=1)
SCANNED_MINUTES = 4 * 24 * 60

# Changes of the clocks that broke somebody's code: ordinary ones, midnights that do not exist or come twice,
# missing days, half an hour, two hours, daylight saving counted backwards, a change of offset and rule in one night.
CHANGES = {
    "warsaw-spring": ("Europe/Warsaw", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    "warsaw-autumn": ("Europe/Warsaw", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    "new-york-spring": ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    "new-york-autumn": ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    "apia-missing-day": ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    "kwajalein-missing-day": ("Pacific/Kwajalein", datetime(1993, 8, 21, 12, tzinfo=UTC)),
    "lord-howe-autumn": ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    "lord-howe-spring": ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    "dublin-spring": ("Europe/Dublin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    "dublin-autumn": ("Europe/Dublin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    "casablanca-ramadan": ("Africa/Casablanca", datetime(2026, 2, 15, 2, tzinfo=UTC)),
    "casablanca-after": ("Africa/Casablanca", datetime(2026, 3, 22, 2, tzinfo=UTC)),
    "cairo-no-midnight": ("Africa/Cairo", datetime(2024, 4, 25, 22, tzinfo=UTC)),
    "havana-no-midnight": ("America/Havana", datetime(2026, 3, 8, 5, tzinfo=UTC)),
    "havana-midnight-twice": ("America/Havana", datetime(2026, 11, 1, 5, tzinfo=UTC)),
    "sao-paulo-no-midnight": ("America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),
    "sao-paulo-evening-twice": ("America/Sao_Paulo", datetime(2019, 2, 17, 2, tzinfo=UTC)),
    "scoresbysund": ("America/Scoresbysund", datetime(2024, 3, 31, 1, tzinfo=UTC)),
    "troll-two-hours": ("Antarctica/Troll", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    "caracas-half-hour": ("America/Caracas", datetime(2016, 5, 1, 7, tzinfo=UTC)),
    "pyongyang-back": ("Asia/Pyongyang", datetime(2018, 5, 4, 15, tzinfo=UTC)),
    "kathmandu-never": ("Asia/Kathmandu", datetime(2026, 3, 29, 1, tzinfo=UTC)),
}


@lru_cache(maxsize=64)
def walls(zone: str, start: datetime) -> list[datetime]:
    """Return what the clock on the wall shows, for each minute from *start*."""
    info = ZoneInfo(zone)
    return [(start + n * MINUTE).astimezone(info).replace(tzinfo=None) for n in range(SCANNED_MINUTES)]


def open_minutes(window: SendWindow, first: date, last: date) -> set[datetime]:
    """Return all open minutes on a calendar without zones, by walking through each opening."""
    found = set()
    for n in range((last - first).days + 3):
        day = first + timedelta(days=n - 2)
        for opening in window.hours or [window]:
            if day.weekday() in opening.days and day not in window.holidays:
                found |= walked(day, opening.opens, opening.closes)
    return found


def walked(day: date, opens: time, closes: time) -> set[datetime]:
    minute, end = datetime.combine(day, opens), datetime.combine(day, closes)
    if end <= minute:
        end += timedelta(days=1)
    found = set()
    while minute < end:
        found.add(minute)
        minute += MINUTE
    return found


def oracle(window: SendWindow, zones: list[str], start: datetime) -> list[bool]:
    """Return for each minute from *start* whether the window is open in all zones."""
    shown = [walls(zone, start) for zone in zones]
    dates = [wall.date() for zone_walls in shown for wall in (zone_walls[0], zone_walls[-1])]
    minutes = open_minutes(window, min(dates), max(dates))
    return [all(wall in minutes for wall in at_once) for at_once in zip(*shown, strict=True)]


clock_minutes = st.one_of(
    st.integers(0, 24 * 4 - 1).map(lambda quarter: time(quarter // 4, quarter % 4 * 15)),
    st.times().map(lambda clock: clock.replace(second=0, microsecond=0)),
    st.sampled_from([time(0), time(0, 30), time(1), time(1, 30), time(2), time(2, 30), time(3), time(23, 30)]),
)


@st.composite
def windows(draw: st.DrawFn, *, near: date = date(2026, 3, 29)) -> SendWindow:
    holidays = draw(st.sets(st.integers(-2, 4).map(lambda n: near + timedelta(days=n)), max_size=2))
    days = st.one_of(st.just(range(7)), st.sets(st.integers(0, 6), min_size=1))
    if draw(st.booleans()):
        return SendWindow(hours=draw(splits(days)), holidays=holidays)
    opens, closes = draw(clock_minutes), draw(clock_minutes)
    if opens == closes:
        opens = closes = time(0)
    return SendWindow(days=draw(days), opens=opens, closes=closes, holidays=holidays)


@st.composite
def splits(draw: st.DrawFn, days: st.SearchStrategy[Iterable[int]]) -> list[OpeningHours]:
    """Draw up to three openings that follow each other within a day; the last may go on over midnight."""
    clocks = sorted(draw(st.sets(clock_minutes, min_size=2, max_size=6)))
    clocks = clocks[: len(clocks) // 2 * 2]
    pairs = list(zip(clocks[::2], clocks[1::2], strict=True))
    if draw(st.booleans()):
        opens, _ = pairs.pop()
        pairs.append((opens, draw(clock_minutes.filter(lambda closes: closes < opens)) if opens > time(0) else time(0)))
    return [OpeningHours(days=draw(days), opens=opens, closes=closes) for opens, closes in pairs]


@pytest.mark.parametrize("change", CHANGES)
@settings(max_examples=9, deadline=None)
@given(picked=st.data())
def test_every_minute_around_a_change_agrees_with_the_clock_on_the_wall(change, picked):
    zone, changes_at = CHANGES[change]
    window = picked.draw(windows(near=changes_at.date()))
    other = picked.draw(st.sampled_from([None, None, "Europe/Warsaw", "America/New_York", "Asia/Kolkata"]))
    zones = [zone] if other is None else [zone, other]
    start = changes_at - timedelta(hours=40)
    expected = oracle(window, zones, start)

    asked = picked.draw(st.lists(st.integers(0, SCANNED_MINUTES - 1), min_size=1, max_size=12))
    for minute in {*asked, 0, 2400 - 1, 2400, 2400 + 1}:
        at = start + minute * MINUTE
        assert window.is_open(at, zones) is expected[minute]
        assert_next(window.next_open(at, zones), True, expected, minute, start)
        assert_next(window.next_close(at, zones), False, expected, minute, start)


def assert_next(answer, state, expected, minute, start):
    """Assert that *answer* is the first minute of *state* from *minute* on, or lies beyond what was scanned."""
    try:
        first = expected.index(state, minute)
    except ValueError:
        end = start + SCANNED_MINUTES * MINUTE
        assert answer is None or isinstance(answer, NoWindow) or answer >= end
    else:
        assert answer == start + first * MINUTE


ZONES = sorted({zone for zone, _ in CHANGES.values()})
moments = st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
several_zones = st.lists(st.sampled_from(ZONES), min_size=1, max_size=3)
with_seconds = st.builds(
    lambda opens, closes, days: SendWindow(
        days=days, opens=opens, closes=closes if opens != closes else time(0), holidays=()
    ),
    st.times(min_value=time(0, 0, 1)),
    st.times(),
    st.sets(st.integers(0, 6), min_size=1),
)


@settings(max_examples=200, deadline=None)
@given(window=with_seconds, at=moments, zones=several_zones, samples=st.lists(st.floats(0, 1), max_size=20))
def test_next_open_is_open_not_earlier_and_nothing_is_open_before_it(window, at, zones, samples):
    opening = window.next_open(at, zones)
    if isinstance(opening, NoWindow):
        assert not any(window.is_open(at + sample * timedelta(days=400), zones) for sample in samples)
        return

    assert opening >= at
    assert window.is_open(opening, zones)
    assert opening == at or not window.is_open(opening - timedelta(microseconds=1), zones)
    for sample in samples:
        between = at + sample * (opening - at)
        assert between >= opening or not window.is_open(between, zones)


@settings(max_examples=200, deadline=None)
@given(window=with_seconds, at=moments, zones=several_zones, samples=st.lists(st.floats(0, 1), max_size=20))
def test_next_close_is_closed_not_earlier_and_all_is_open_before_it(window, at, zones, samples):
    closing = window.next_close(at, zones)
    assert closing is not None  # a window of seconds does not stay open for a year

    assert closing >= at
    assert not window.is_open(closing, zones)
    assert closing == at or window.is_open(closing - timedelta(microseconds=1), zones)
    for sample in samples:
        between = at + sample * (closing - at)
        assert between >= closing or window.is_open(between, zones)


@settings(max_examples=100, deadline=None)
@given(window=windows(), at=moments, zones=several_zones, later=st.timedeltas(timedelta(0), timedelta(days=9)))
def test_next_open_is_idempotent_and_monotone(window, at, zones, later):
    opening = window.next_open(at, zones)
    if isinstance(opening, NoWindow):
        return

    assert window.next_open(opening, zones) == opening
    after = window.next_open(at + later, zones)
    assert isinstance(after, NoWindow) or after >= opening


@settings(max_examples=100, deadline=None)
@given(window=windows(), at=moments, zones=several_zones)
def test_zones_may_come_in_any_order_and_repeat(window, at, zones):
    backwards = [*reversed(zones), *zones]

    assert window.is_open(at, zones) == window.is_open(at, backwards)
    answers = window.next_open(at, zones), window.next_open(at, backwards)
    assert answers[0] == answers[1] or all(isinstance(answer, NoWindow) for answer in answers)
    assert window.next_close(at, zones) == window.next_close(at, backwards)


@settings(max_examples=100, deadline=None)
@given(window=windows(), at=moments, zones=several_zones, shift=st.integers(-23, 23))
def test_the_zone_in_which_a_moment_is_written_does_not_matter(window, at, zones, shift):
    elsewhere = at.astimezone(ZoneInfo(f"Etc/GMT{shift % 13:+d}"))

    assert window.is_open(at, zones) == window.is_open(elsewhere, zones)
    answers = window.next_open(at, zones), window.next_open(elsewhere, zones)
    assert answers[0] == answers[1]
