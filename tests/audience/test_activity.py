"""When a customer came last, by the columns that say so."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.audience.activity import is_last_seen_column, last_seen, read_day


@pytest.mark.parametrize(
    "name",
    ["Last order", "LAST_VISIT_DATE", "Data ostatniego zamówienia", "Letzte Bestellung", "Dernière commande",
     "Última compra"],
)  # fmt: skip
def test_a_column_is_known_in_five_languages(name: str) -> None:
    assert is_last_seen_column(name)


@pytest.mark.parametrize("name", ["Last name", "Order", "Birthday", "First order", ""])
def test_other_days_are_not_taken_for_it(name: str) -> None:
    assert not is_last_seen_column(name)


@pytest.mark.parametrize(
    ("text", "region", "day"),
    [
        ("2025-03-04", None, date(2025, 3, 4)),
        ("2025-03-04T23:59:59-05:00", "US", date(2025, 3, 4)),
        ("20250304", None, date(2025, 3, 4)),
        ("2025/3/4", "US", date(2025, 3, 4)),
        ("4.3.2025", "US", date(2025, 3, 4)),
        ("04.03.25 17:30", None, date(2025, 3, 4)),
        ("3/4/2025", "US", date(2025, 3, 4)),
        ("3/4/2025", "us", date(2025, 3, 4)),
        ("3/4/2025", "GB", date(2025, 4, 3)),
        ("13/4/2025", "US", date(2025, 4, 13)),
        ("45720", None, date(2025, 3, 4)),
        ("45720.5", None, date(2025, 3, 4)),
        (" 2025-03-04 ", None, date(2025, 3, 4)),
        ("2025-02-30", None, None),
        ("31/31/2025", None, None),
        ("2025-3/4", None, None),
        ("never", None, None),
        ("", None, None),
        ("0000-00-00", None, None),
        ("2025-03-041", None, None),
        ("1" * 1_000_000, None, None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_day_is_read_as_tills_write_it(text: str, region: str | None, day: date | None) -> None:
    assert read_day(text, region=region) == day


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_every_day_is_read_in_every_form(day: date) -> None:
    for form in ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d.%m.%y", "%d-%m-%Y", "%d/%m/%Y"):
        assert read_day(day.strftime(form)) == day
    assert read_day(day.strftime("%m/%d/%Y"), region="US") == day


@given(st.text(max_size=30))
def test_any_text_is_a_day_or_none(text: str) -> None:
    assert read_day(text) is None or isinstance(read_day(text), date)


def test_the_latest_of_several_columns_counts() -> None:
    assert last_seen({"Last visit": "?", "Last order": "2024-01-01", "Last sale": "2025-01-01"}) == date(2025, 1, 1)
    assert last_seen({"Last visit": "", "Note": "2025-01-01"}) is None
