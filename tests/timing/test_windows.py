"""Send windows by example: hours, days, zones, clocks that jump, and every way to write one down wrongly."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import attrs
import pytest

from campaignkit.timing.windows import NoWindow, NoWindowReason, SendWindow

WARSAW = ["Europe/Warsaw"]


def local(zone: str, *fields: int, fold: int = 0) -> datetime:
    return datetime(*fields, fold=fold, tzinfo=ZoneInfo(zone))  # type: ignore[misc, arg-type]


def warsaw(*fields: int) -> datetime:
    return local("Europe/Warsaw", *fields)


# Writing a window down ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("daily", (0, 1, 2, 3, 4, 5, 6)),
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("mon,wed,fri", (0, 2, 4)),
        ("sat-sun", (5, 6)),
        ("fri-mon", (0, 4, 5, 6)),
        (" Mon-Wed , SAT ", (0, 1, 2, 5)),
        ("sun", (6,)),
        ([6, 0, 0], (0, 6)),
        ({"tue", 4}, (1, 4)),
        (range(5), (0, 1, 2, 3, 4)),
    ],
)
def test_days_are_kept_as_sorted_numbers(days, expected):
    assert SendWindow(days=days).days == expected


@pytest.mark.parametrize("days", ["", "monday", "mon-", "-", "mon..fri", "pon", [], [7], [-1], [1.5], [None]])
def test_what_is_no_day_is_refused(days):
    with pytest.raises(ValueError, match="day"):
        SendWindow(days=days)


def test_a_window_is_every_day_from_nine_to_nine_unless_told_otherwise():
    assert SendWindow() == SendWindow(days="daily", opens=time(9), closes=time(21), holidays=(), zone="recipient")


def test_holidays_are_sorted_and_unique():
    window = SendWindow(holidays=[date(2026, 12, 26), date(2026, 12, 25), date(2026, 12, 26)])

    assert window.holidays == (date(2026, 12, 25), date(2026, 12, 26))


def test_a_holiday_with_a_time_is_refused():
    with pytest.raises(ValueError, match="dates without a time"):
        SendWindow(holidays=[datetime(2026, 12, 25, tzinfo=UTC)])


def test_76_hours_that_open_when_they_close_are_refused():
    with pytest.raises(ValueError, match="always"):
        SendWindow(opens=time(9), closes=time(9))


def test_76_the_whole_day_is_written_midnight_to_midnight():
    window = SendWindow(opens=time(0), closes=time(0))

    assert window == SendWindow.always()
    assert all(window.is_open(warsaw(2026, 5, 4, hour, 59), zones=WARSAW) for hour in range(24))


def test_76_closing_at_midnight_is_the_end_of_the_day():
    window = SendWindow(opens=time(20), closes=time(0), days="fri")

    assert window.is_open(warsaw(2026, 5, 8, 23, 59, 59, 999999), zones=WARSAW)
    assert not window.is_open(warsaw(2026, 5, 9), zones=WARSAW)


def test_a_time_with_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"):
        SendWindow(opens=time(9, tzinfo=UTC))


def test_hours_that_are_no_times_are_refused():
    with pytest.raises(TypeError, match="time of day"):
        SendWindow(opens="09:00")  # type: ignore[arg-type]


@pytest.mark.parametrize("zone", ["", "Mars/Base", "America", "../etc/passwd", "/etc/localtime", "Etc/Unknown", "a\0b"])
def test_76_an_unknown_zone_is_refused(zone):
    with pytest.raises(ValueError, match="unknown time zone"):
        SendWindow(zone=zone)
    with pytest.raises(ValueError, match="unknown time zone"):
        SendWindow().is_open(warsaw(2026, 5, 4, 12), zones=[zone])


@pytest.mark.parametrize("ask", ["is_open", "next_open", "next_close"])
def test_77_naive_moments_are_refused(ask):
    with pytest.raises(ValueError, match="naive"):
        getattr(SendWindow(), ask)(datetime(2026, 5, 4, 12), WARSAW)  # noqa: DTZ001


@pytest.mark.parametrize("ask", ["is_open", "next_open", "next_close"])
def test_an_unknown_recipient_zone_never_means_open(ask):
    with pytest.raises(ValueError, match="at least one zone"):
        getattr(SendWindow(), ask)(warsaw(2026, 5, 4, 12))


def test_one_bare_zone_name_is_a_bad_call():
    with pytest.raises(TypeError, match="not one name"):
        SendWindow().is_open(warsaw(2026, 5, 4, 12), zones="Europe/Warsaw")


def test_a_fixed_zone_needs_and_heeds_no_other():
    window = SendWindow(zone="Europe/Warsaw")

    assert window.is_open(warsaw(2026, 5, 4, 12))
    assert window.is_open(warsaw(2026, 5, 4, 12), zones=["Pacific/Honolulu"])


def test_a_window_is_plain_values():
    window = SendWindow(days="sat", holidays=[date(2026, 1, 1)], zone="UTC")

    assert attrs.asdict(window) == {
        "hours": (),
        "days": (5,),
        "opens": time(9),
        "closes": time(21),
        "holidays": (date(2026, 1, 1),),
        "public_holidays": "",
        "zone": "UTC",
    }
    assert SendWindow(**attrs.asdict(window)) == window


# Hours and days -------------------------------------------------------------------------------------------------------


def test_it_opens_on_the_hour_and_is_closed_on_the_closing_hour():
    window = SendWindow()

    assert not window.is_open(warsaw(2026, 5, 4, 8, 59, 59, 999999), zones=WARSAW)
    assert window.is_open(warsaw(2026, 5, 4, 9), zones=WARSAW)
    assert window.is_open(warsaw(2026, 5, 4, 20, 59, 59, 999999), zones=WARSAW)
    assert not window.is_open(warsaw(2026, 5, 4, 21), zones=WARSAW)


def test_quiet_hours_over_night_hold_everything_until_nine():
    window = SendWindow.quiet(time(21), time(9))

    assert window.next_open(warsaw(2026, 5, 4, 21), zones=WARSAW) == warsaw(2026, 5, 5, 9)
    assert window.next_open(warsaw(2026, 5, 5, 8, 59), zones=WARSAW) == warsaw(2026, 5, 5, 9)


def test_quiet_hours_within_a_day_are_a_rest_at_noon():
    window = SendWindow.quiet(time(12), time(13))

    assert not window.is_open(warsaw(2026, 5, 4, 12, 30), zones=WARSAW)
    assert window.is_open(warsaw(2026, 5, 4, 13), zones=WARSAW)
    assert window.is_open(warsaw(2026, 5, 5, 3), zones=WARSAW)


def test_quiet_hours_from_or_to_midnight():
    assert SendWindow.quiet(time(0), time(9)) == SendWindow(opens=time(9), closes=time(0))
    assert SendWindow.quiet(time(21), time(0)) == SendWindow(opens=time(0), closes=time(21))


def test_quiet_hours_without_length_are_refused():
    with pytest.raises(ValueError, match="end when they begin"):
        SendWindow.quiet(time(0), time(0))


def test_a_rest_at_noon_leaves_two_openings_of_each_day_and_none_of_a_closed_one():
    window = SendWindow.quiet(time(12), time(13), days="mon-fri", holidays=[date(2026, 5, 8)])

    assert window.next_open(warsaw(2026, 5, 7, 12), zones=WARSAW) == warsaw(2026, 5, 7, 13)
    assert window.next_close(warsaw(2026, 5, 7, 13), zones=WARSAW) == warsaw(2026, 5, 8)
    assert window.next_open(warsaw(2026, 5, 8), zones=WARSAW) == warsaw(2026, 5, 11)


def test_an_opening_over_midnight_belongs_to_the_day_it_opens_on():
    window = SendWindow(days="fri", opens=time(20), closes=time(2))

    assert not window.is_open(warsaw(2026, 5, 8, 1), zones=WARSAW)
    assert window.is_open(warsaw(2026, 5, 8, 20), zones=WARSAW)
    assert window.is_open(warsaw(2026, 5, 9, 1, 59), zones=WARSAW)
    assert window.next_close(warsaw(2026, 5, 8, 21), zones=WARSAW) == warsaw(2026, 5, 9, 2)


def test_a_holiday_keeps_its_own_opening_shut_and_cuts_no_other():
    window = SendWindow(opens=time(20), closes=time(2), holidays=[date(2026, 5, 9)])

    assert window.is_open(warsaw(2026, 5, 9, 1), zones=WARSAW)
    assert window.next_open(warsaw(2026, 5, 9, 2), zones=WARSAW) == warsaw(2026, 5, 10, 20)


def test_working_days_skip_the_weekend_and_the_holiday_behind_it():
    window = SendWindow(days="mon-fri", holidays=[date(2026, 4, 6)])

    assert window.next_open(warsaw(2026, 4, 3, 21), zones=WARSAW) == warsaw(2026, 4, 7, 9)


def test_an_open_moment_opens_at_once_and_to_the_microsecond():
    moment = warsaw(2026, 5, 4, 12, 0, 0, 7)

    opening = SendWindow().next_open(moment, zones=WARSAW)

    assert opening == moment
    assert isinstance(opening, datetime)
    assert opening.tzinfo is UTC


def test_it_closes_at_once_where_it_is_closed():
    moment = warsaw(2026, 5, 4, 22)

    assert SendWindow().next_close(moment, zones=WARSAW) == moment


def test_days_that_touch_close_only_behind_the_last():
    assert SendWindow.always(days="sat-sun").next_close(warsaw(2026, 5, 9, 4), zones=WARSAW) == warsaw(2026, 5, 11)


def test_what_is_always_open_never_closes():
    assert SendWindow.always().next_close(warsaw(2026, 5, 9, 4), zones=WARSAW) is None


def test_a_holiday_beyond_the_horizon_closes_nothing_within_it():
    window = SendWindow.always(holidays=[date(2030, 1, 1)])

    assert window.next_close(warsaw(2026, 5, 9), zones=WARSAW) is None


# Several zones --------------------------------------------------------------------------------------------------------


def test_every_candidate_zone_must_be_open():
    window = SendWindow()
    coasts = ["America/New_York", "America/Los_Angeles"]

    opening = window.next_open(local("America/New_York", 2026, 5, 4, 9), zones=coasts)

    assert opening == local("America/Los_Angeles", 2026, 5, 4, 9)
    assert window.next_close(local("America/New_York", 2026, 5, 4, 13), zones=coasts) == local(
        "America/New_York", 2026, 5, 4, 21
    )


def test_42_zones_leave_an_hour_and_a_half():
    zones = ["Pacific/Honolulu", "America/St_Johns"]
    window = SendWindow()

    opening = window.next_open(datetime(2026, 7, 1, tzinfo=UTC), zones=zones)

    assert opening == local("Pacific/Honolulu", 2026, 7, 1, 9)
    assert window.next_close(local("Pacific/Honolulu", 2026, 7, 1, 9), zones=zones) == local(
        "America/St_Johns", 2026, 7, 1, 21
    )


def test_zones_without_a_common_hour_say_so():
    answer = SendWindow(closes=time(17)).next_open(
        datetime(2026, 7, 1, tzinfo=UTC), zones=["Europe/Warsaw", "Pacific/Honolulu"]
    )

    assert isinstance(answer, NoWindow)
    assert answer.reason is NoWindowReason.NO_COMMON_HOURS
    assert answer.message == (
        "the hours from 09:00 to 17:00 never come at once in Europe/Warsaw, Pacific/Honolulu before 2027-08-05"
    )


def test_a_year_of_holidays_never_opens():
    holidays = [date(2026, 1, 1) + timedelta(days=n) for n in range(800)]

    answer = SendWindow(holidays=holidays).next_open(datetime(2026, 7, 1, tzinfo=UTC), zones=WARSAW)

    assert isinstance(answer, NoWindow)
    assert answer.reason is NoWindowReason.NEVER_OPENS
    assert answer.message == "the window from 09:00 to 21:00 never opens in Europe/Warsaw before 2027-08-05"
    assert answer.searched_until == datetime(2027, 8, 5, tzinfo=UTC)


# Clocks that jump -----------------------------------------------------------------------------------------------------


def test_an_opening_that_the_spring_skips_comes_when_the_clocks_have_jumped():
    window = SendWindow(opens=time(2, 30), closes=time(4))

    assert window.next_open(warsaw(2026, 3, 29, 0), zones=WARSAW) == warsaw(2026, 3, 29, 3)


def test_a_closing_that_the_spring_skips_comes_when_the_clocks_jump():
    window = SendWindow(opens=time(1), closes=time(2, 30))

    assert window.next_close(warsaw(2026, 3, 29, 1), zones=WARSAW) == warsaw(2026, 3, 29, 3)


def test_an_opening_that_the_spring_skips_whole_is_gone_for_that_day():
    window = SendWindow(opens=time(2), closes=time(3))

    assert window.next_open(warsaw(2026, 3, 29, 0), zones=WARSAW) == warsaw(2026, 3, 30, 2)


def test_in_autumn_the_first_showing_of_the_hour_opens_and_closes():
    window = SendWindow(opens=time(2, 15), closes=time(2, 45))
    first = local("Europe/Warsaw", 2026, 10, 25, 2, 15).astimezone(UTC)

    assert window.next_open(warsaw(2026, 10, 25, 0), zones=WARSAW) == first
    assert window.next_close(first, zones=WARSAW) == first + timedelta(minutes=30)


def test_closed_hours_hold_also_when_the_clock_shows_them_again():
    window = SendWindow.quiet(time(2), time(3))
    second = local("Europe/Warsaw", 2026, 10, 25, 2, 30, fold=1).astimezone(UTC)

    assert not window.is_open(second, zones=WARSAW)
    assert window.next_open(warsaw(2026, 10, 25, 2), zones=WARSAW) == warsaw(2026, 10, 25, 3)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Asuncion", date(2023, 10, 1)),
        ("Africa/Cairo", date(2024, 4, 26)),
        ("America/Havana", date(2026, 3, 8)),
        ("America/Santiago", date(2026, 9, 6)),
        ("America/Sao_Paulo", date(2018, 11, 4)),
    ],
)
def test_a_day_without_a_midnight_begins_at_one(zone, day):
    window = SendWindow.always(days=[day.weekday()])

    opening = window.next_open(local(zone, day.year, day.month, day.day, 12) - timedelta(days=1), zones=[zone])

    assert opening == local(zone, day.year, day.month, day.day, 1)


def test_76_a_day_that_does_not_exist_does_not_open():
    window = SendWindow(days="fri")

    opening = window.next_open(local("Pacific/Apia", 2011, 12, 29, 22), zones=["Pacific/Apia"])

    assert opening == local("Pacific/Apia", 2012, 1, 6, 9)


def test_76_over_a_day_that_does_not_exist_the_night_is_one_night():
    window = SendWindow()
    evening = local("Pacific/Apia", 2011, 12, 29, 21)

    opening = window.next_open(evening, zones=["Pacific/Apia"])

    assert opening == local("Pacific/Apia", 2011, 12, 31, 9)
    assert isinstance(opening, datetime)
    assert opening.astimezone(UTC) - evening.astimezone(UTC) == timedelta(hours=12)


def test_half_hour_shifts_are_seen():
    window = SendWindow(opens=time(2, 10), closes=time(4))
    zone = "Australia/Lord_Howe"

    assert window.next_open(local(zone, 2026, 10, 4, 0), zones=[zone]) == local(zone, 2026, 10, 4, 2, 30)


def test_winter_time_that_counts_as_daylight_saving_is_seen():
    for zone, day in (("Europe/Dublin", date(2026, 3, 29)), ("Africa/Casablanca", date(2026, 2, 15))):
        window = SendWindow()
        opening = window.next_open(local(zone, day.year, day.month, day.day), zones=[zone])

        assert opening == local(zone, day.year, day.month, day.day, 9)


def test_hours_are_local_on_both_sides_of_every_change():
    window = SendWindow()
    start = warsaw(2026, 1, 1)
    openings = []
    for _ in range(365):
        opening = window.next_open(start, zones=WARSAW)
        assert isinstance(opening, datetime)
        closing = window.next_close(opening, zones=WARSAW)
        assert closing is not None
        openings.append(opening)
        start = closing

    assert {opening.astimezone(ZoneInfo("Europe/Warsaw")).time() for opening in openings} == {time(9)}
    assert {later - earlier for earlier, later in pairwise(openings)} == {
        timedelta(hours=hours) for hours in (23, 24, 25)
    }
