"""Offsets by example: what they count, from which dates, in which zones, and every way to write one down wrongly."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import attrs
import pytest

from campaignkit.plain import to_dict
from campaignkit.timing.offsets import (
    AT_ONCE,
    DayEdge,
    Moment,
    Offset,
    OffsetUnit,
    offset_from_text,
    offset_to_text,
    resolve_offset,
)

WARSAW, NEW_YORK = "Europe/Warsaw", "America/New_York"


def instant(*fields: int) -> datetime:
    return datetime(*fields, tzinfo=UTC)  # type: ignore[misc, arg-type]


def resolved(text: str, at: date, zone: str = WARSAW) -> datetime:
    return resolve_offset(offset_from_text(text), Moment(at=at, zone=zone))


# Counting -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at once", instant(2026, 3, 9, 14, 20)),
        ("+0min", instant(2026, 3, 9, 14, 20)),
        ("+90min", instant(2026, 3, 9, 15, 50)),
        ("-1h", instant(2026, 3, 9, 13, 20)),
        ("+1h", instant(2026, 3, 9, 15, 20)),
        ("on the day", instant(2026, 3, 9, 14, 20)),
        ("on the day 9:00", instant(2026, 3, 9, 8)),
        ("-3d", instant(2026, 3, 6, 14, 20)),
        ("+7d", instant(2026, 3, 16, 14, 20)),
        ("+7d 10:00", instant(2026, 3, 16, 9)),
        ("+180d 10:00", instant(2026, 9, 5, 8)),
        ("-60d 9:00", instant(2026, 1, 8, 8)),
        ("+3w", instant(2026, 3, 30, 13, 20)),  # 15:20 on the wall as before, though the clocks went forward
        ("+1 month", instant(2026, 4, 9, 13, 20)),
        ("-1 year 0:00", instant(2025, 3, 8, 23)),
    ],
)
def test_f2_steps_are_counted_from_the_instant_of_a_fact(text, expected):
    assert resolved(text, instant(2026, 3, 9, 14, 20)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at once", instant(2026, 3, 30, 22)),  # the day begins
        ("on the day", instant(2026, 3, 30, 22)),
        ("on the day 9:00", instant(2026, 3, 31, 7)),
        ("-1h", instant(2026, 3, 31, 21)),  # an hour before the day is over
        ("+1h", instant(2026, 3, 31, 23)),
        ("+0h", instant(2026, 3, 31, 22)),
        ("-30d 9:00", instant(2026, 3, 1, 8)),
        ("-30d", instant(2026, 2, 28, 23)),
    ],
)
def test_a_date_without_a_time_is_a_local_day_and_expires_at_its_end(text, expected):
    assert resolved(text, date(2026, 3, 31)) == expected


def test_an_event_known_by_its_date_alone_may_begin_at_any_time_of_it():
    opening = Moment(at=date(2026, 3, 31), zone=WARSAW, day_edge="start")

    assert opening.instant == instant(2026, 3, 30, 22)
    assert resolve_offset(Offset(count=-1, unit="hours"), opening) == instant(2026, 3, 30, 21)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Pacific/Kiritimati", instant(2026, 3, 31, 10)),
        ("Asia/Kathmandu", instant(2026, 3, 31, 18, 15)),
        ("UTC", instant(2026, 4, 1)),
        (NEW_YORK, instant(2026, 4, 1, 4)),
        ("Pacific/Pago_Pago", instant(2026, 4, 1, 11)),
    ],
)
def test_the_end_of_a_day_is_the_zones_own_east_and_west(zone, expected):
    assert Moment(at=date(2026, 3, 31), zone=zone).instant == expected


def test_the_local_day_counts_not_the_day_in_utc():
    late_evening = instant(2026, 3, 2, 3)  # the evening of 1 March in New York

    assert resolved("+1d 10:00", late_evening, NEW_YORK) == instant(2026, 3, 2, 15)
    assert resolved("+1d 10:00", late_evening, "Asia/Tokyo") == instant(2026, 3, 3, 1)


@pytest.mark.parametrize(
    ("start", "text", "expected"),
    [
        (date(2026, 1, 31), "+1 month", date(2026, 2, 28)),
        (date(2026, 1, 31), "+2 months", date(2026, 3, 31)),
        (date(2026, 1, 31), "+3 months", date(2026, 4, 30)),
        (date(2027, 12, 31), "+2 months", date(2028, 2, 29)),
        (date(2026, 3, 31), "-1 month", date(2026, 2, 28)),
        (date(2026, 1, 31), "+13 months", date(2027, 2, 28)),
        (date(2024, 2, 29), "+1 year", date(2025, 2, 28)),
        (date(2024, 2, 29), "+4 years", date(2028, 2, 29)),
        (date(2024, 2, 29), "-1 year", date(2023, 2, 28)),
        (date(2096, 2, 29), "+4 years", date(2100, 2, 28)),
    ],
)
def test_months_and_years_are_anchored_and_end_with_the_month(start, text, expected):
    assert resolved(f"{text} 12:00", start, "UTC").date() == expected


# Clocks that jump -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "fact", "text", "expected"),
    [
        (WARSAW, date(2026, 3, 28), "+1d 2:30", instant(2026, 3, 29, 1, 30)),  # shown as 3:30
        (WARSAW, date(2026, 10, 24), "+1d 2:30", instant(2026, 10, 25, 0, 30)),  # the first of the two
        (NEW_YORK, date(2026, 3, 7), "+1d 2:30", instant(2026, 3, 8, 7, 30)),
        (NEW_YORK, date(2026, 10, 31), "+1d 1:30", instant(2026, 11, 1, 5, 30)),
        ("Australia/Lord_Howe", date(2026, 10, 3), "+1d 2:15", instant(2026, 10, 3, 15, 45)),  # half an hour: 2:45
        ("Australia/Lord_Howe", date(2026, 4, 4), "+1d 1:45", instant(2026, 4, 4, 14, 45)),
        ("Africa/Casablanca", date(2026, 3, 21), "+1d 2:30", instant(2026, 3, 22, 2, 30)),  # after Ramadan: 3:30
        ("Africa/Casablanca", date(2026, 2, 14), "+1d 2:30", instant(2026, 2, 15, 1, 30)),
        ("Europe/Dublin", date(2026, 3, 28), "+1d 1:30", instant(2026, 3, 29, 1, 30)),
        ("Europe/Dublin", date(2026, 10, 24), "+1d 1:30", instant(2026, 10, 25, 0, 30)),
        ("Pacific/Apia", date(2011, 12, 29), "+1d 10:00", instant(2011, 12, 30, 20)),  # no 30th: the 31st at 10:00
        ("Pacific/Apia", date(2011, 12, 29), "+2d 10:00", instant(2011, 12, 30, 20)),
        ("America/Havana", date(2026, 3, 7), "+1d", instant(2026, 3, 8, 5)),  # no midnight: the day begins at 1:00
        ("America/Havana", date(2026, 10, 31), "+1d", instant(2026, 11, 1, 4)),  # midnight twice
        ("America/Santiago", date(2026, 9, 5), "+1d", instant(2026, 9, 6, 4)),
    ],
)
def test_a_gap_moves_forward_and_of_two_the_first_counts(zone, fact, text, expected):
    assert resolved(text, fact, zone) == expected


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("America/Havana", date(2026, 3, 7), instant(2026, 3, 8, 5)),
        ("America/Havana", date(2026, 10, 31), instant(2026, 11, 1, 4)),
        ("America/Santiago", date(2026, 4, 4), instant(2026, 4, 5, 4)),  # 23:00 comes twice that evening
        ("Pacific/Apia", date(2011, 12, 29), instant(2011, 12, 30, 10)),
        ("Pacific/Apia", date(2011, 12, 30), instant(2011, 12, 30, 10)),  # a day of no length
        ("America/St_Johns", date(2010, 11, 6), instant(2010, 11, 7, 3, 30)),  # one past midnight back into the evening
    ],
)
def test_a_day_ends_when_none_of_it_is_left(zone, day, expected):
    assert Moment(at=day, zone=zone).instant == expected


def test_no_days_without_a_time_is_the_fact_itself_also_in_an_hour_that_comes_twice():
    second_half_past_two = instant(2026, 10, 25, 1, 30)

    assert resolved("on the day", second_half_past_two) == second_half_past_two


# Values ---------------------------------------------------------------------------------------------------------------


def test_77_a_naive_moment_is_refused():
    with pytest.raises(ValueError, match="naive"):
        Moment(at=datetime(2026, 3, 9, 12), zone=WARSAW)  # noqa: DTZ001


@pytest.mark.parametrize("at", ["2026-03-09", None, 20260309])
def test_a_moment_that_is_no_date_is_refused(at):
    with pytest.raises(TypeError, match="must be a date"):
        Moment(at=at, zone=WARSAW)


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../etc/passwd", "Etc/Unknown", "recipient"])
def test_76_an_unknown_zone_is_refused(zone):
    with pytest.raises(ValueError, match="unknown time zone"):
        Moment(at=date(2026, 3, 9), zone=zone)


def test_a_moment_is_kept_in_utc():
    moment = Moment(at=datetime(2026, 3, 9, 12, tzinfo=timezone(timedelta(hours=5))), zone=WARSAW)

    assert moment == Moment(at=instant(2026, 3, 9, 7), zone=WARSAW)
    assert moment.at.tzinfo is UTC  # type: ignore[attr-defined]
    assert moment.wall == datetime(2026, 3, 9, 8)  # noqa: DTZ001
    assert str(moment) == "2026-03-09 at 08:00"


def test_a_mere_date_says_so():
    moment = Moment(at=date(2026, 3, 9), zone=WARSAW)

    assert (moment.is_day, moment.day_edge, str(moment)) == (True, DayEdge.END, "2026-03-09")


def test_nothing_is_counted_from_the_year_that_stands_for_never():
    with pytest.raises(ValueError, match="years are 1900 to 2899"):
        resolve_offset(AT_ONCE, Moment(at=date.max, zone=WARSAW))


LONGEST = {"minutes": 52_600_000, "hours": 876_600, "days": 36_525, "weeks": 5_218, "months": 1_200, "years": 100}


@pytest.mark.parametrize("unit", OffsetUnit)
@pytest.mark.parametrize("day", [date(1900, 1, 1), date(2899, 12, 31)])
def test_the_longest_offset_stays_within_the_calendar(unit, day):
    with pytest.raises(ValueError, match="over a hundred years"):
        Offset(count=LONGEST[unit] + 1, unit=unit)

    for count in (LONGEST[unit], -LONGEST[unit]):
        reached = resolve_offset(Offset(count=count, unit=unit), Moment(at=day, zone=WARSAW))
        assert timedelta(days=36_523) < abs(reached - instant(day.year, day.month, day.day)) < timedelta(days=36_530)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"count": 1}, "at once counts nothing"),
        ({"clock": time(0)}, "at once counts nothing"),
        ({"date_name": "start"}, "at once counts nothing"),
        ({"unit": "hours", "clock": time(9)}, "a time of day goes with days"),
        ({"unit": "days", "clock": time(9, tzinfo=UTC)}, "has no zone"),
        ({"unit": "days", "clock": time(9, 0, 30)}, "whole minute"),
        ({"unit": "days", "date_name": "the start"}, "names no date"),
        ({"unit": "days", "date_name": "before"}, "names no date"),
        ({"unit": "fortnights"}, "fortnights"),
        ({"unit": "years", "count": 101}, "over a hundred years"),
        ({"unit": "months", "count": -1_201}, "over a hundred years"),
    ],
)
def test_an_offset_that_is_none_is_refused(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        Offset(**wrong)


@pytest.mark.parametrize("wrong", [{"count": 1.5}, {"count": True}, {"clock": "9:00"}])
def test_an_offset_of_the_wrong_type_is_refused(wrong):
    with pytest.raises(TypeError):
        Offset(**{"unit": "days", **wrong})


def test_offsets_are_plain_values():
    offset = Offset(count=-1, unit="weeks", clock=time(9), date_name="expiry")

    assert to_dict(offset) == {"count": -1, "unit": "weeks", "clock": "09:00:00", "date_name": "expiry"}
    assert offset in {attrs.evolve(offset)}


# Texts ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected", "short"),
    [
        ("at once", AT_ONCE, "at once"),
        ("  At  ONCE ", AT_ONCE, "at once"),
        ("+7d 10:00", Offset(count=7, unit="days", clock=time(10)), "+7d 10:00"),
        ("-30d", Offset(count=-30, unit="days"), "-30d"),
        ("−30 d at 9:00", Offset(count=-30, unit="days", clock=time(9)), "-30d 09:00"),
        ("+6 months", Offset(count=6, unit="months"), "+6 months"),
        ("+1 month", Offset(count=1, unit="months"), "+1 month"),
        ("-1 year", Offset(count=-1, unit="years"), "-1 year"),
        ("+2 Weeks 8:05", Offset(count=2, unit="weeks", clock=time(8, 5)), "+2w 08:05"),
        ("+15 minutes", Offset(count=15, unit="minutes"), "+15min"),
        ("-1h before start", Offset(count=-1, unit="hours", date_name="start"), "-1h before start"),
        ("1 hour before start", Offset(count=-1, unit="hours", date_name="start"), "-1h before start"),
        ("+1h after close", Offset(count=1, unit="hours", date_name="close"), "+1h after close"),
        ("30 days before", Offset(count=-30, unit="days"), "-30d"),
        ("30 days before at 9:00", Offset(count=-30, unit="days", clock=time(9)), "-30d 09:00"),
        (
            "3 days before expires_at at 9:00",
            Offset(count=-3, unit="days", clock=time(9), date_name="expires_at"),
            "-3d before expires_at 09:00",
        ),
        ("on the day", Offset(unit="days"), "on the day"),
        ("+0d", Offset(unit="days"), "on the day"),
        ("On the day at 9:00", Offset(unit="days", clock=time(9)), "on the day 09:00"),
        (
            "on the day of expiry 0:00",
            Offset(unit="days", clock=time(0), date_name="expiry"),
            "on the day of expiry 00:00",
        ),
        ("0h after closeAt", Offset(unit="hours", date_name="closeAt"), "+0h after closeAt"),
    ],
)
def test_a_text_is_read_and_written(text, expected, short):
    assert offset_from_text(text) == expected
    assert offset_to_text(expected) == short


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no offset"),
        ("soon", "is no offset"),
        ("+1.5h", "is no offset"),
        ("+7d10:00", "is no offset"),
        ("+7", "is no offset"),
        ("++7d", "is no offset"),
        ("+٧d", "is no offset"),
        ("+7d 10:00 10:00", "is no offset"),
        ("+7d 10:00\n-1d", "is no offset"),
        ("-1h before the start", "is no offset"),
        ("on the day of", "is no offset"),
        ("+1234567890d", "is no offset"),
        ("+" + "1" * 10_000 + "d", "is no offset"),
        (7, "is no offset"),
        (None, "is no offset"),
        (["+7d"], "is no offset"),
        ("7d", "says neither before nor after"),
        ("-3d after start", "says both before and after"),
        ("+3d before start", "says both before and after"),
        ("+5m", "may mean minutes or months"),
        ("+5 fortnights", "counts in an unknown unit"),
        ("+1d 24:00", "24:00, which is no time of day"),
        ("+1d 9:60", "9:60, which is no time of day"),
        ("+101 years", "over a hundred years"),
        ("+1h 9:00", "a time of day goes with days"),
    ],
)
def test_a_text_that_is_no_offset_is_refused_with_a_sentence(text, why):
    with pytest.raises(ValueError, match=why) as refused:
        offset_from_text(text)

    assert len(str(refused.value)) < 220
