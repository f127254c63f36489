"""Names are compared as people mean them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.audience.customers.names import Likeness, compare_names, compare_words, name_words, split_name
from campaignkit.audience.customers.spelling import is_within_edits

SAME, NICKNAME, SIMILAR = Likeness.SAME, Likeness.NICKNAME, Likeness.SIMILAR
INITIAL, UNKNOWN, DIFFERENT = Likeness.INITIAL, Likeness.UNKNOWN, Likeness.DIFFERENT


@pytest.mark.parametrize(
    ("one", "other", "given_name", "family_name"),
    [
        pytest.param("Ann Lee", "ANN  LEE", SAME, SAME, id="case and blanks"),
        pytest.param("Ann Lee", "Lee, Ann", SAME, SAME, id="comma"),
        pytest.param("Ann Lee", "Lee Ann", SAME, SAME, id="swapped"),
        pytest.param("Łucja Ångström", "lucja angstrom", SAME, SAME, id="accents"),
        pytest.param("Straße Groß", "strasse gross", SAME, SAME, id="sharp s"),
        pytest.param("Dr. Ann Lee", "Mrs Ann Lee", SAME, SAME, id="titles"),
        pytest.param("Ann O'Brien", "Ann O’Brien", SAME, SAME, id="apostrophes"),
        pytest.param("Bill Lee", "William Lee", NICKNAME, SAME, id="nickname"),
        pytest.param("Kasia Nowak", "Nowak Katarzyna", NICKNAME, SAME, id="Polish nickname, swapped"),
        pytest.param("Ann Lee", "Bob Lee", DIFFERENT, SAME, id="a relative"),
        pytest.param("Eric Lee", "Erica Lee", DIFFERENT, SAME, id="one letter, two people"),
        pytest.param("Jan Kowalski", "Anna Kowalska", DIFFERENT, SIMILAR, id="a married couple"),
        pytest.param("Ann Kowalski", "Ann Kowlaski", SAME, SIMILAR, id="letters swapped"),
        pytest.param("A. Lee", "Ann Lee", INITIAL, SAME, id="initial"),
        pytest.param("Mrs Lee", "Ann Lee", UNKNOWN, SAME, id="surname alone"),
        pytest.param("Ann", "Ann Lee", SAME, UNKNOWN, id="given name alone"),
        pytest.param("Mary Ann Lee", "Maryann Lee", SAME, SAME, id="written together"),
        pytest.param("", "Ann Lee", UNKNOWN, UNKNOWN, id="nothing"),
    ],
)
def test_two_spellings_agree_so_far(one: str, other: str, given_name: Likeness, family_name: Likeness) -> None:
    first, second = (split_name(name_words(name)) for name in (one, other))

    for likeness in (compare_names(first, second), compare_names(second, first)):
        assert (likeness.given, likeness.family) == (given_name, family_name)


def _distance(one: str, other: str) -> int:
    """The textbook's table of a restricted Damerau-Levenshtein distance, without any short cut."""
    table = [
        [row + column if not row * column else 0 for column in range(len(other) + 1)] for row in range(len(one) + 1)
    ]
    for row in range(1, len(one) + 1):
        for column in range(1, len(other) + 1):
            cost = one[row - 1] != other[column - 1]
            table[row][column] = min(
                table[row - 1][column] + 1, table[row][column - 1] + 1, table[row - 1][column - 1] + cost
            )
            if row > 1 and column > 1 and one[row - 1] == other[column - 2] and one[row - 2] == other[column - 1]:
                table[row][column] = min(table[row][column], table[row - 2][column - 2] + 1)
    return table[-1][-1]


@given(st.text("abc", max_size=8), st.text("abc", max_size=8), st.integers(0, 3))
def test_the_short_cut_counts_edits_like_the_textbook(one: str, other: str, limit: int) -> None:
    assert is_within_edits(one, other, limit) is (_distance(one, other) <= limit)


@given(st.text(max_size=30))
def test_folding_a_name_twice_changes_nothing(name: str) -> None:
    words = name_words(name)

    assert name_words(" ".join(words)) == words


@given(st.text("abcdeknr", min_size=1, max_size=9), st.text("abcdeknr", min_size=1, max_size=9))
def test_words_are_as_alike_one_way_as_the_other(one: str, other: str) -> None:
    assert compare_words(one, other) is compare_words(other, one)
