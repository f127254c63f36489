"""The table of hours by place: what domain knowledge says, every row a window, and no guess where nothing is known."""

from datetime import UTC, date, datetime, time

import pytest

from campaignkit.timing.hours_presets import HOURS_PRESETS, HoursPreset, find_hours_preset, preset_window
from campaignkit.timing.windows import SendWindow


@pytest.mark.parametrize("place", sorted(HOURS_PRESETS))
def test_every_row_is_a_window_with_its_source_and_date(place):
    preset = HOURS_PRESETS[place]

    assert isinstance(preset_window(place), SendWindow)
    assert len(preset.source) > 20
    assert preset.as_of >= date(2026, 11, 1)


def test_every_state_stands_in_the_table():
    states = {place for place in HOURS_PRESETS if place.startswith("US-")}

    assert len(states) == 51  # with the District of Columbia


@pytest.mark.parametrize(
    ("place", "opens", "closes"),
    [
        ("US", 8, 21),
        ("us-ny", 8, 21),
        *((f"US-{state}", 8, 20) for state in ("FL", "OK", "MD", "MA", "MS", "AL", "LA", "NJ", "WA")),
        ("US-CT", 9, 20),
        ("US-NV", 9, 20),
        *((country, 8, 20) for country in ("GB", "IE", "DE", "NL", " pl ")),
        ("DE-BY", 8, 20),
    ],
)
def test_places_with_the_same_hours_every_day(place, opens, closes):
    assert preset_window(place) == SendWindow(opens=time(opens), closes=time(closes))


def test_texas_sleeps_late_on_sunday():
    window = preset_window("US-TX", zone="America/Chicago")

    assert window == SendWindow(hours={"mon-sat": "9-21", "sun": "12-21"}, zone="America/Chicago")
    assert window.next_open(datetime(2026, 5, 3, 13, tzinfo=UTC)) == datetime(2026, 5, 3, 17, tzinfo=UTC)


def test_france_rests_on_sundays_and_holidays():
    window = preset_window("FR", zone="Europe/Paris")

    assert window is not None
    assert window.next_open(datetime(2026, 5, 7, 18, tzinfo=UTC)) == datetime(2026, 5, 9, 6, tzinfo=UTC)  # V-E Day
    assert window.next_open(datetime(2026, 5, 9, 18, tzinfo=UTC)) == datetime(2026, 5, 11, 6, tzinfo=UTC)


@pytest.mark.parametrize("place", ["", "ZZ", "US-TS", "US-", "USA", "Texas"])
def test_an_unknown_place_has_no_hours_and_is_not_guessed(place):
    assert preset_window(place) is None


def test_a_shop_may_have_a_table_of_its_own():
    mine = {**HOURS_PRESETS, "PL": HoursPreset(hours={"mon-fri": "10-18"}, is_law=False, source="our lawyer")}

    assert preset_window("PL-MA", presets=mine) == SendWindow(days="mon-fri", opens=time(10), closes=time(18))
    assert find_hours_preset("PL", mine) is mine["PL"]
