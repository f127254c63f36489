"""A sample of the changes of the clocks from 2000 to 2037: no send in quiet hours. ``make bench`` takes them all."""

import random
from datetime import UTC, datetime, time

import attrs

from campaignkit.timing.windows import SendWindow
from tests.timing.hours_sweep import SHAPES, clock_changes, sweep

# Odd clocks, whole: half an hour, two hours, Ramadan, a missing day, offsets of a quarter, rules that came and went.
ZONES = (
    "Africa/Casablanca",
    "America/Caracas",
    "Antarctica/Casey",
    "Antarctica/Troll",
    "Asia/Pyongyang",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Chatham",
)


def test_nothing_would_leave_in_quiet_hours_around_changes_of_the_clocks():
    changes = [(zone, at) for zone in ZONES for at in clock_changes(zone)]

    seen = sweep(random.Random(2026).sample(changes, 150))

    assert seen.wrong == []
    assert (seen.changes, seen.sends, seen.quiet_sends, seen.other_errors) == (150, 150 * 4 * 241, 0, 0)
    assert seen.edges > 150 * 4 * 4


def test_the_sweep_sees_a_window_that_is_off_by_an_hour():
    wrong = attrs.evolve(SHAPES[3], window=SendWindow.quiet(time(1), time(2)))

    seen = sweep([("Europe/Warsaw", datetime(2026, 10, 25, 1, tzinfo=UTC))], [wrong])

    assert seen.quiet_sends == 180  # an hour shown twice, and who waited for it from one o'clock on
    assert seen.other_errors > 0
    assert seen.wrong


def test_the_changes_of_a_zone_are_found_to_the_second():
    changes = list(clock_changes("Europe/Warsaw"))

    assert len(changes) == 2 * 38
    assert changes[:2] == [datetime(2000, 3, 26, 1, tzinfo=UTC), datetime(2000, 10, 29, 1, tzinfo=UTC)]
