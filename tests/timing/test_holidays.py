"""Public holidays come from the library, day by day what it says, and its absence is told with the way out."""

import sys
from datetime import UTC, date, datetime, time, timedelta

import holidays
import pytest

from campaignkit.errors import MissingExtra
from campaignkit.timing.holidays import public_holidays, to_place
from campaignkit.timing.windows import SendWindow

WARSAW = ["Europe/Warsaw"]


@pytest.mark.parametrize("place", ["PL", "FR", "US", "US-TX", "DE-BY", "GB-SCT", "JP", "AE"])
def test_every_day_of_some_years_is_judged_as_the_library_judges_it(place):
    country, _, part = place.partition("-")
    calendar = holidays.country_holidays(country, subdiv=part or None)
    days = [date(2024, 12, 20) + timedelta(days=n) for n in range(3 * 366)]

    assert [day in public_holidays(place, day.year) for day in days] == [day in calendar for day in days]


def test_nothing_opens_on_a_public_holiday():
    window = SendWindow(public_holidays="pl", zone="Europe/Warsaw")

    assert window.public_holidays == "PL"
    assert window.next_open(datetime(2026, 4, 30, 19, tzinfo=UTC)) == datetime(2026, 5, 2, 7, tzinfo=UTC)
    assert window.next_close(datetime(2026, 5, 2, 7, tzinfo=UTC)) == datetime(2026, 5, 2, 19, tzinfo=UTC)
    assert not window.is_open(datetime(2026, 5, 3, 12, tzinfo=UTC))


def test_a_part_of_a_country_has_holidays_of_its_own():
    bavaria = SendWindow.always(public_holidays="DE-BY", zone="Europe/Berlin")
    country = SendWindow.always(public_holidays="DE", zone="Europe/Berlin")
    epiphany = datetime(2026, 1, 6, 12, tzinfo=UTC)

    assert country.is_open(epiphany)
    assert not bavaria.is_open(epiphany)


def test_dates_and_a_country_add_up():
    window = SendWindow(holidays=[date(2026, 5, 2)], public_holidays="PL", zone="Europe/Warsaw")

    assert window.next_open(datetime(2026, 4, 30, 19, tzinfo=UTC)) == datetime(2026, 5, 4, 7, tzinfo=UTC)


def test_an_opening_over_midnight_into_a_holiday_is_not_cut():
    window = SendWindow(opens=time(20), closes=time(2), public_holidays="PL", zone="Europe/Warsaw")

    assert window.is_open(datetime(2026, 4, 30, 23, tzinfo=UTC))  # one o'clock on the first of May
    assert not window.is_open(datetime(2026, 5, 1, 19, tzinfo=UTC))


@pytest.mark.parametrize("place", ["ZZ", "US-XX", "Poland", "P", "PL-", "US TX", "../US", "u\0s"])
def test_a_place_without_known_holidays_is_refused(place):
    with pytest.raises(ValueError, match=r"no country|no public holidays are known"):
        SendWindow(public_holidays=place)


def test_without_the_library_the_error_names_the_extra(monkeypatch):
    to_place.__globals__["_refuse_unknown"].cache_clear()
    monkeypatch.setitem(sys.modules, "holidays", None)  # what Python does with a package that is not there

    with pytest.raises(MissingExtra, match=r"pip install 'campaignkit\[holidays\]'"):
        SendWindow(public_holidays="PL")
    assert SendWindow().public_holidays == ""
