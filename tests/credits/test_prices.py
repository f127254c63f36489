"""Prices by longest prefix: the fast way says what the plain way says, and nothing is guessed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import campaignkit as ck
from campaignkit.errors import NoPriceTable

MAY = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)

TABLE = ck.PriceTable(
    version="may",
    effective_from=MAY,
    prices=(
        ck.Price("+1", 1, "US"),
        ck.Price("1416", 2, "CA"),
        ck.Price("1876", 9, "JM"),
        ck.Price("48", 2, "PL"),
        ck.Price("7", 5, "RU"),
        ck.Price("77", 6, "KZ"),
        ck.Price("7700123", 7, "KZ"),
    ),
)


def naive_price(table: ck.PriceTable, e164: str) -> ck.Price | None:
    """Return the row with the longest prefix of all that begin the number."""
    fitting = [price for price in table.prices if e164.startswith("+" + price.prefix)]
    return max(fitting, key=lambda price: len(price.prefix), default=None)


prefixes = st.text("0123456789", min_size=1, max_size=8).filter(lambda text: text[0] != "0")
# Few digits, so that prefixes meet and nest.
narrow = st.text("12", min_size=1, max_size=7)
tables = st.one_of(
    st.dictionaries(narrow, st.integers(1, 99), max_size=30), st.dictionaries(prefixes, st.integers(1, 99), max_size=30)
)
numbers = st.one_of(
    st.text("12", min_size=3, max_size=9),
    st.text("123", min_size=3, max_size=15),
    st.text("0123456789", min_size=3, max_size=15),
)


@settings(deadline=None, max_examples=200)
@given(prices=tables, digits=st.lists(numbers, min_size=1, max_size=30))
def test_the_fast_way_is_the_plain_way(prices, digits):
    table = ck.PriceTable.of(prices, version="v", effective_from=MAY)
    for number in [*digits, *(prefix.ljust(3, "1") for prefix in prices)]:
        expected, found = naive_price(table, f"+{number}"), table.price(f"+{number}")
        if expected is None:
            assert isinstance(found, ck.Rejection)
        else:
            assert found == expected


@pytest.mark.parametrize(
    ("e164", "credit_count", "country"),
    [
        ("+12125550143", 1, "US"),
        ("+14165550143", 2, "CA"),
        ("+18765550143", 9, "JM"),
        ("+48601234567", 2, "PL"),
        ("+74951234567", 5, "RU"),
        ("+77011234567", 6, "KZ"),
        ("+77001234567", 7, "KZ"),
    ],
)
def test_the_longest_prefix_wins(e164, credit_count, country):
    price = TABLE.price(e164)

    assert isinstance(price, ck.Price)
    assert (price.credit_count, price.country) == (credit_count, country)
    assert TABLE.cost(e164, 3) == 3 * credit_count


@pytest.mark.parametrize("e164", ["+4915112345678", "+4712345678", "+88213300655", "48601234567", "", "+", "+4"])
def test_an_unknown_prefix_is_refused_and_not_guessed(e164):
    for refused in (TABLE.price(e164), TABLE.cost(e164, 1)):
        assert isinstance(refused, ck.Rejection)
        assert refused.code == "unknown_prefix"
        assert refused.value == e164
        assert refused.message == "There is no price for texts to this number's country or network."
        assert refused.hint
        assert "4915112345678" not in repr(refused)


@pytest.mark.parametrize("prefix", ["", "+", "0", "048", "4 8", "PL", "٤٨", "1" * 16, "++48", "-48"])
def test_what_is_no_prefix_is_refused(prefix):
    with pytest.raises(ValueError, match="is not a prefix such as"):
        ck.Price(prefix, 1)


def test_a_prefix_stands_in_a_table_once():
    with pytest.raises(ValueError, match="a prefix stands in the table twice"):
        ck.PriceTable(version="v", effective_from=MAY, prices=(ck.Price("48", 1), ck.Price("+48", 2)))


def test_a_table_that_changes_counts_from_its_moment_on():
    june = ck.PriceTable.of({"48": 3}, version="june", effective_from=MAY + 31 * DAY)
    book = ck.PriceBook((june, TABLE))

    assert book.in_force(MAY) is TABLE
    assert book.in_force(MAY + 31 * DAY - timedelta(microseconds=1)) is TABLE
    assert book.in_force(MAY + 31 * DAY) is june
    assert book.in_force(MAY + 999 * DAY) is june


def test_before_the_first_table_nothing_has_a_price():
    with pytest.raises(NoPriceTable) as caught:
        ck.PriceBook((TABLE,)).in_force(MAY - DAY)

    assert caught.value.code == "no_price_table"
    assert str(caught.value) == "no table of prices is in force at 2026-04-30T00:00:00+00:00"


@pytest.mark.parametrize(("version", "start"), [("may", MAY + DAY), ("other", MAY)])
def test_versions_have_a_name_and_a_moment_of_their_own(version, start):
    other = ck.PriceTable.of({"48": 3}, version=version, effective_from=start)

    with pytest.raises(ValueError, match="each table of prices needs a version and a moment of its own"):
        ck.PriceBook((TABLE, other))


def test_naive_moments_are_refused():
    with pytest.raises(ValueError, match="naive"):
        ck.PriceTable.of({"48": 3}, version="v", effective_from=MAY.replace(tzinfo=None))
    with pytest.raises(ValueError, match="naive"):
        ck.PriceBook((TABLE,)).in_force(MAY.replace(tzinfo=None))
