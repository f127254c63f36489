"""Windows of several openings: how they are written and stored, and when they open and close."""

from datetime import UTC, date, datetime, time

import attrs
import pytest

from campaignkit.campaign.documents import structure, unstructure
from campaignkit.timing.openings import OpeningHours
from campaignkit.timing.windows import NoWindow, SendWindow

ZONE = "Europe/Warsaw"
LUNCH = SendWindow(hours={"mon-fri": "9-12,14-18", "sat": "10-14"}, zone=ZONE)


def utc(*fields: int) -> datetime:
    return datetime(*fields, tzinfo=UTC)  # type: ignore[misc, arg-type]


# Written down ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hours",
    [
        {"mon-fri": "9-12,14-18", "sat": "10-14"},
        {"SAT": " 10:00 - 14:00 ", "mon,tue-fri": "14–18, 9:00-12"},
        {"mon-wed": "9-12", "thu-fri": "14-18,9-12", "sat": "10-14", "mon-tue,wed": "14-18"},
        (
            OpeningHours(days=[5], opens=time(10), closes=time(14)),
            OpeningHours(days="mon-fri", opens=time(14), closes=time(18)),
            OpeningHours(days=range(5), opens=time(9), closes=time(12)),
        ),
        [
            {"days": "mon-fri", "opens": time(9), "closes": time(12)},
            {"days": "mon-fri", "opens": time(14), "closes": time(18)},
            {"days": "sat", "opens": time(10), "closes": time(14)},
        ],
    ],
)
def test_one_meaning_has_one_form(hours):
    window = SendWindow(hours=hours, zone=ZONE)

    assert window == LUNCH
    assert hash(window) == hash(LUNCH)


@pytest.mark.parametrize(
    ("hours", "same"),
    [
        ({"daily": "9-21"}, SendWindow()),
        ({"mon-fri": "20-2"}, SendWindow(days="mon-fri", opens=time(20), closes=time(2))),
        ({"daily": "0-24"}, SendWindow.always()),
        ({"mon-thu": "0:00-24:00", "fri-sun": "0-24"}, SendWindow.always()),
        ({"sat": "20-24", "sun": "20-0"}, SendWindow(days="sat-sun", opens=time(20), closes=time(0))),
        ({}, SendWindow()),
        ((), SendWindow()),
    ],
)
def test_hours_that_days_opens_and_closes_can_say_are_said_by_them(hours, same):
    assert SendWindow(hours=hours) == same
    assert SendWindow(hours=hours).hours == ()


def test_the_outline_of_hours_can_be_read_and_written_beside_them():
    assert (LUNCH.days, LUNCH.opens, LUNCH.closes) == ((0, 1, 2, 3, 4, 5), time(9), time(18))
    assert attrs.evolve(LUNCH, zone="UTC").hours == LUNCH.hours

    with pytest.raises(ValueError, match="say something else"):
        attrs.evolve(LUNCH, opens=time(10))
    with pytest.raises(ValueError, match="say something else"):
        SendWindow(days="sun", hours={"mon": "9-12,14-18"})


def test_the_last_closing_may_be_after_midnight():
    window = SendWindow(hours={"mon-thu": "9-18", "fri": "9-18,22-3"})

    assert (window.opens, window.closes) == (time(9), time(3))


@pytest.mark.parametrize(
    ("hours", "problem"),
    [
        ({"mon": "9"}, "are no hours"),
        ({"mon": ""}, "are no hours"),
        ({"mon": "9-12,"}, "are no hours"),
        ({"mon": "nine-five"}, "are no hours"),
        ({"mon": "9-25"}, "from 0:00 to 24:00"),
        ({"mon": "24-3"}, "from 0:00 to 24:00"),
        ({"mon": "9:60-12"}, "from 0:00 to 24:00"),
        ({"mon": "9-24:01"}, "from 0:00 to 24:00"),
        ({"mon": "٩-12"}, "are no hours"),
        ({"mon": "9-9"}, "opens when it closes"),
        ({"mon": "0-0"}, "opens when it closes"),
        ({"mon": "9-12,11-14"}, "overlap on mon"),
        ({"daily": "9-21", "sun": "12-21"}, "overlap on sun"),
        ({"mon": "20-4,22-23"}, "overlap on mon"),
        ({"mon": "9-12,9-12"}, "overlap on mon"),
        ({"someday": "9-12"}, "no weekday"),
    ],
)
def test_76_hours_that_are_none_are_refused(hours, problem):
    with pytest.raises(ValueError, match=problem):
        SendWindow(hours=hours)


@pytest.mark.parametrize("hours", ["9-12", [time(9)], {"mon": 9}, {"mon": ["9-12"]}])
def test_hours_in_another_form_are_a_bad_call(hours):
    with pytest.raises(TypeError, match="hours"):
        SendWindow(hours=hours)


# Stored ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "window",
    [
        LUNCH,
        SendWindow(),
        SendWindow.quiet(time(2), time(3), days="mon,wed", holidays=[date(2026, 5, 1)]),
        SendWindow(opens=time(20), closes=time(2), public_holidays="DE-BY", zone="Europe/Berlin"),
    ],
)
def test_a_window_survives_its_storage(window):
    assert structure(unstructure(window), SendWindow) == window
    assert SendWindow(**attrs.asdict(window)) == window


def test_a_window_that_was_stored_before_there_were_hours_is_read():
    stored = {
        "days": [0, 1, 2, 3, 4],
        "opens": "09:00:00",
        "closes": "21:00:00",
        "holidays": ["2026-12-25"],
        "zone": "recipient",
    }

    assert structure(stored, SendWindow) == SendWindow(days="mon-fri", holidays=[date(2026, 12, 25)])


# Open and closed ------------------------------------------------------------------------------------------------------


def test_lunch_is_a_rest():
    assert LUNCH.is_open(utc(2026, 5, 4, 9, 59, 59))  # Monday, two hours later in Warsaw
    assert not LUNCH.is_open(utc(2026, 5, 4, 10))
    assert LUNCH.next_open(utc(2026, 5, 4, 10)) == utc(2026, 5, 4, 12)
    assert LUNCH.next_close(utc(2026, 5, 4, 8)) == utc(2026, 5, 4, 10)
    assert LUNCH.next_open(utc(2026, 5, 8, 16)) == utc(2026, 5, 9, 8)  # Friday evening to Saturday at ten
    assert LUNCH.next_open(utc(2026, 5, 9, 12)) == utc(2026, 5, 11, 7)


def test_openings_that_touch_are_one_stretch():
    window = SendWindow(hours={"fri": "9-12,12-24", "sat": "0-2"}, zone="UTC")

    assert window.next_close(utc(2026, 5, 8, 9)) == utc(2026, 5, 9, 2)


def test_an_opening_over_night_goes_on_into_the_next_days_own():
    window = SendWindow(hours={"fri": "20-6", "sat": "5-8"}, zone="UTC")

    assert window.next_close(utc(2026, 5, 8, 21)) == utc(2026, 5, 9, 8)
    assert window.next_open(utc(2026, 5, 9, 8)) == utc(2026, 5, 15, 20)


def test_a_holiday_takes_all_openings_of_its_day():
    window = SendWindow(hours={"daily": "9-12,20-2"}, holidays=[date(2026, 5, 9)], zone="UTC")

    assert window.is_open(utc(2026, 5, 9, 1))
    assert window.next_open(utc(2026, 5, 9, 2)) == utc(2026, 5, 10, 9)


def test_halves_of_a_day_that_are_never_apart_never_close():
    window = SendWindow(hours={"daily": "0-12,12-24"}, zone=ZONE)

    assert window.next_close(utc(2026, 5, 9)) is None


def test_no_window_names_the_hours():
    answer = SendWindow(hours={"mon-wed": "9-12", "thu,sat": "12:30-24"}).next_open(
        utc(2026, 7, 1), zones=["Pacific/Honolulu", "Asia/Tokyo", "Europe/Warsaw"]
    )

    assert isinstance(answer, NoWindow)
    assert answer.message.startswith("the hours mon-wed 09:00 to 12:00, thu,sat 12:30 to 00:00 never come at once in")
