"""Candidates are found in columns, by a few bits of hashes; they are those that the plain rule names, pair by pair."""

import sys
from datetime import date
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.audience.customers.candidates import PREFIX, find_candidates
from campaignkit.audience.customers.comparing import MatchKind, folded_name
from campaignkit.audience.customers.duplicates import _have_own_ids, _order_key, find_duplicates
from campaignkit.audience.customers.junk import is_junk_email, is_junk_phone
from campaignkit.audience.customers.names import name_words
from campaignkit.audience.customers.records import Customer
from campaignkit.audience.customers.tabulating import MIDDLE, fold_names, positions_by_key, sorted_words
from tests.audience.customers.people import email, home, person, phone

COUNT_MAX = 5  # fewer than share a phone with too many others
_WORDS = (
    "ann",
    "anna",
    "enna",
    "reeson",
    "al",
    "x",
    "lee",
    "Leeson",
    "Łucja",
    "O'Brien",
    "cash",
    "customer",
    "Dr.",
    "jr",
    "",
    "lee,",
)
_BLANKS = (" ", " ", " ", "  ", "\t", "-", ", ")


@st.composite
def names(draw: st.DrawFn) -> str:
    """Return a name of words that often meet, parted as clerks part them."""
    written = [draw(st.sampled_from(_WORDS)) + draw(st.sampled_from(_BLANKS)) for _ in range(draw(st.integers(0, 3)))]
    return "".join([*written, draw(st.sampled_from(_WORDS))])


@st.composite
def customers(draw: st.DrawFn) -> list[Customer]:
    """Return a few customers that have much in common, and junk."""
    phones = tuple(phone(f"(212) 555-01{last}") for last in (40, 41, 42))
    emails = tuple(email(f"{name}@example.com") for name in ("ann.lee", "info", "bob"))
    homes = ((), home("5 Oak St", "10001"), home("", "10001 "), home("5 oak st", "10002"), home("", "ec1a"))
    days = (None, date(1980, 12, 3), date(1980, 3, 12), date(1991, 12, 3))
    return [
        Customer(
            customer_id=f"c{number}",
            name=draw(names()),
            phone=draw(st.sampled_from((None, None, *phones))),
            other_phones=draw(st.sampled_from(((), (), phones[:1], phones[1:]))),
            email=draw(st.sampled_from((None, None, *emails))),
            other_emails=draw(st.sampled_from(((), (), emails[:1]))),
            loyalty_id=draw(st.sampled_from(("", "", "77"))),
            addresses=draw(st.sampled_from(homes)),
            birthday=draw(st.sampled_from(days)),
        )
        for number in range(draw(st.integers(0, COUNT_MAX)))
    ]


def _is_worth_comparing(one: Customer, other: Customer) -> bool:
    """The rule as the head of candidates.py tells it, for two records."""
    phones = {first.key for first in one.phones} & {second.key for second in other.phones}
    emails = {first.key for first in one.emails} & {second.key for second in other.emails}
    return (
        any(not is_junk_phone(key) for key in phones)
        or any(not is_junk_email(key) for key in emails)
        or bool(one.loyalty_id and one.loyalty_id == other.loyalty_id)
        or bool(_whole(one) and _whole(one) == _whole(other))
        or bool(_door(one) and _door(one) == _door(other))
        or _are_neighbours_alike(one, other)
        or _are_born_alike(one, other)
    )


def _are_neighbours_alike(one: Customer, other: Customer) -> bool:
    if not (one.addresses and other.addresses and _postcode(one) and _postcode(one) == _postcode(other)):
        return False
    have_more = all(who.birthday or who.addresses[0].street for who in (one, other))
    are_alike_within = bool(_middles(one) and _middles(one) == _middles(other))
    are_alike_somewhere = bool(have_more and _starts(one, 0) & _starts(other, 0))
    return are_alike_within or are_alike_somewhere or bool(_starts(one, 1) & _starts(other, 1))


def _are_born_alike(one: Customer, other: Customer) -> bool:
    if one.birthday is None or other.birthday is None:
        return False
    if one.birthday == other.birthday and _starts(one, 0) & _starts(other, 0):
        return True
    is_near = one.birthday.year == other.birthday.year or one.birthday.strftime("%m%d") == other.birthday.strftime(
        "%m%d"
    )
    return bool(is_near and _initials(one) and _initials(one) == _initials(other))


def _starts(customer: Customer, more: int) -> set[str]:
    name = folded_name(customer.name)
    last = name.rpartition(" ")[2]
    return {name[:PREFIX] + last[:more], last[:PREFIX] + name[:more]} - {""}


def _middles(customer: Customer) -> list[str]:
    words = folded_name(customer.name).split()
    is_long = len(words) > 1 and min(len(words[0]), len(words[-1])) >= MIDDLE
    return sorted((words[0][1 : 1 + MIDDLE], words[-1][1 : 1 + MIDDLE])) if is_long else []


def _whole(customer: Customer) -> str:
    words = folded_name(customer.name).split()
    return " ".join(sorted(words)) if len(words) > 1 else ""


def _initials(customer: Customer) -> list[str]:
    words = folded_name(customer.name).split()
    return sorted((words[0][:2], words[-1][:2])) if len(words) > 1 else []


def _postcode(customer: Customer) -> str:
    return customer.addresses[0].postcode.strip().lower()


def _door(customer: Customer) -> str:
    return "".join(filter(str.isalnum, customer.addresses[0].street.lower())) if customer.addresses else ""


@settings(max_examples=400)
@given(customers())
def test_the_pairs_to_compare_are_those_that_the_rule_names(records: list[Customer]) -> None:
    found = find_candidates(records, lambda position: records[position].customer_id)

    wanted = {
        one * len(records) + other
        for one, other in combinations(range(len(records)), 2)
        if _is_worth_comparing(records[one], records[other])
    }
    assert found.pairs == wanted


@settings(max_examples=400)
@given(st.lists(names() | st.text(max_size=12), max_size=8))
def test_names_are_folded_in_a_column_as_one_by_one(written: list[str]) -> None:
    folded, whole = fold_names(written)

    assert folded == [folded_name(name) for name in written]
    assert whole == [sorted_words(name) for name in folded]


def test_any_letter_in_a_name_of_two_words_folds_as_by_itself() -> None:
    """Every letter of Unicode once: some become plain letters when they are made small."""
    written = [f"an{chr(letter)} lee" for letter in range(sys.maxunicode + 1) if chr(letter).lower().isalpha()]

    assert fold_names(written)[0] == [" ".join(name_words(name)) for name in written]


def test_a_very_long_name_is_cut_as_by_itself() -> None:
    written = ["a" * 99 + " " + "b" * 99, "a" * 100 + " " + "b" * 100, "a" * 10 + " " + "b" * 400]

    assert fold_names(written)[0] == [folded_name(name) for name in written]


@given(st.lists(st.sampled_from(["", "a", "b", "c", "d", "ann", "lee"]), max_size=30))
def test_keys_that_come_again_are_found_wherever_they_stand(keys: list[str]) -> None:
    places = {key: [position for position, other in enumerate(keys) if other == key] for key in keys if key}

    assert positions_by_key(keys) == {key: found for key, found in places.items() if len(found) > 1}


@given(st.lists(st.text(alphabet="ab\0 ", max_size=3), max_size=6))
def test_ids_of_their_own_put_records_in_the_order_that_all_of_them_does(ids: list[str]) -> None:
    records = [person(customer_id, "Ann Lee") for customer_id in ids]

    if _have_own_ids(records):
        by_id = sorted(records, key=lambda one: one.customer_id)
        assert [one.customer_id for one in sorted(records, key=_order_key)] == [one.customer_id for one in by_id]
    else:
        assert len(set(ids)) < len(ids) or "" in ids or any("\0" in one for one in ids)


def test_a_first_letter_that_was_mistyped_hides_nobody_at_the_same_postcode() -> None:
    at_home = home(postcode="10001")
    records = [person("1", "Thomas Young", addresses=at_home), person("2", "Koung Thomas", addresses=at_home)]

    (group,) = find_duplicates(records)

    assert group.kind is MatchKind.LIKELY
