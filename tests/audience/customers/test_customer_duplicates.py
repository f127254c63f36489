"""Duplicates are found with their evidence, families are left alone, and nothing hangs on the order."""

import random
from datetime import date
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.addresses.phone import PhoneNumber
from campaignkit.audience.customers.comparing import MatchKind, are_different, compare, profile_of
from campaignkit.audience.customers.duplicates import HeldBackReason, find_duplicates
from campaignkit.audience.customers.evidence import EvidenceCode
from campaignkit.audience.customers.records import Customer, CustomerStatus
from tests.audience.customers.people import home, person, populations

BIRTHDAY = date(1980, 12, 3)


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        pytest.param(person("1", "Ann Lee", "0143"), person("2", "LEE, Annie", "0143"), "same", id="phone, nickname"),
        pytest.param(
            person("1", "Ann Lee", mail="ann.lee@gmail.com"),
            person("2", "Ann Leee", mail="annlee+x@googlemail.com"),
            "same",
            id="mailbox, typing error",
        ),
        pytest.param(
            person("1", "Ann Lee", loyalty_id="77"), person("2", "A. Lee", loyalty_id="77"), "same", id="customer card"
        ),
        pytest.param(
            person("1", "Ann Lee", birthday=BIRTHDAY, addresses=home(postcode="10001")),
            person("2", "Ann Lee", birthday=BIRTHDAY, addresses=home(postcode="10001")),
            "same",
            id="name, birthday and postcode",
        ),
        pytest.param(
            person("1", "Ann Lee", birthday=BIRTHDAY),
            person("2", "Ann Lee", birthday=BIRTHDAY),
            "likely",
            id="birthday",
        ),
        pytest.param(
            person("1", "Ann Lee", addresses=home("5 Oak Street", "10001")),
            person("2", "Ann Lee", addresses=home("5 oak st.", "10001")),
            "likely",
            id="name and door: a father and a son, perhaps",
        ),
        pytest.param(person("1", "Ann Lee", "0143"), person("2", "Ann Miller", "0143"), "likely", id="a married name"),
        pytest.param(person("1", "", "0143"), person("2", "Ann Lee", "0143"), "likely", id="a phone without a name"),
        pytest.param(person("1", "Ann Lee", "0143"), person("2", "Bob Lee", "0143"), "household", id="family phone"),
        pytest.param(
            person("1", "Ann Lee", mail="lees@example.com"),
            person("2", "Bob Lee", mail="lees@example.com"),
            "household",
            id="family mailbox",
        ),
        pytest.param(
            person("1", "Anna Lee", "0143", birthday=BIRTHDAY),
            person("2", "Adam Lee", "0143", birthday=BIRTHDAY),
            "likely",
            id="twins, or one person under another name",
        ),
        pytest.param(person("1", "Ann Lee", "0143"), person("2", "Ann Lee", "0199"), None, id="a name alone"),
        pytest.param(person("1", "Ann Lee", "0143"), person("2", "Bob Miller", "0199"), None, id="strangers"),
        pytest.param(
            person("1", "Jan Lee", "0143", birthday=BIRTHDAY),
            person("2", "Jan Lee", "0143", birthday=date(1951, 7, 9)),
            "likely",
            id="a father and a son of one name",
        ),
    ],
)
def test_two_records_are(one: Customer, other: Customer, kind: str | None) -> None:
    found = [group.kind.value for group in find_duplicates([one, other])]

    assert found == ([kind] if kind else [])


def test_a_group_says_how_sure_it_is_and_why() -> None:
    (group,) = find_duplicates([person("1", "Ann Lee", "0143"), person("2", "Annie Lee", "0143")])

    assert [one.code for one in group.evidence] == [
        EvidenceCode.SAME_PHONE,
        EvidenceCode.SAME_FAMILY_NAME,
        EvidenceCode.NICKNAME,
    ]
    assert group.evidence[0].message == "They have the same phone number."
    assert group.score == pytest.approx(1.0, abs=0.001)


@settings(max_examples=150)
@given(populations(), st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(records: list[Customer], dice: random.Random) -> None:
    shuffled = dice.sample(records, len(records))

    assert find_duplicates(shuffled) == find_duplicates(records)


@settings(max_examples=150)
@given(populations())
def test_nobody_is_in_two_groups_of_one_person_and_no_group_contradicts_itself(records: list[Customer]) -> None:
    persons = [group for group in find_duplicates(records) if group.kind is not MatchKind.HOUSEHOLD]
    ids = [member.customer_id for group in persons for member in group.members]

    assert len(ids) == len(set(ids))
    for group in persons:
        assert len(group.members) >= 2
        for one, other in combinations(group.members, 2):
            assert not are_different(profile_of(one), profile_of(other))


@given(populations(max_size=6))
def test_no_pair_that_matches_is_missed_among_others(records: list[Customer]) -> None:
    """What two records say by themselves is enough to be compared: only a contradiction keeps them apart."""
    profiles = [profile_of(record) for record in records]
    if any(are_different(one, other) for one, other in combinations(profiles, 2)):
        return  # somebody may be torn between two groups; the laws above speak of those
    grouped = [{member.customer_id for member in group.members} for group in find_duplicates(records)]

    for (one, left), (other, right) in combinations(zip(records, profiles, strict=True), 2):
        comparison = compare(left, right)
        if comparison is not None and comparison.kind is MatchKind.SAME:
            assert any({one.customer_id, other.customer_id} <= group for group in grouped)


@given(populations())
def test_comparing_is_the_same_both_ways(records: list[Customer]) -> None:
    for one, other in combinations([profile_of(record) for record in records], 2):
        assert compare(one, other) == compare(other, one)


def test_weak_links_do_not_chain_strangers_together() -> None:
    """Each shares its phone with the next by a married name; the ends have nothing in common."""
    chain = [
        person("1", "Ann Lee", "0141", mail="a@flora.example"),
        person("2", "Ann Miller", "0141"),
        person("3", "Ann Miller", mail="b@flora.example", other_phones=(person("", tel="0141").phone,)),
        person("4", "Zoe Miller", mail="b@flora.example"),
    ]

    groups = [
        [one.customer_id for one in group.members] for group in find_duplicates(chain) if group.kind != "household"
    ]

    assert all(not {"1", "4"} <= set(group) and not {"3", "4"} <= set(group) for group in groups)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param({"tel": "0143"}, None, id="an ordinary number"),
        pytest.param({"mail": "none@none.com"}, "junk_email", id="none@none.com"),
        pytest.param({"mail": "test@test.com"}, "junk_email", id="test@test.com"),
        pytest.param({"mail": "info@flora-shop.com"}, "junk_email", id="info@"),
    ],
)
def test_junk_is_no_key(value: dict[str, str], reason: str | None) -> None:
    found = find_duplicates([person("1", "Ann Lee", **value), person("2", "Ann Lee", **value)])

    assert [one.reason for one in found.held_back] == ([reason] if reason else [])
    assert len(found) == (0 if reason else 1)


def test_a_made_up_phone_is_no_key() -> None:
    made_up = [
        Customer(customer_id=str(one), name="Jan Nowak", phone=PhoneNumber(e164="+48666666666")) for one in range(3)
    ]

    found = find_duplicates(made_up)

    assert (len(found), [one.reason for one in found.held_back]) == (0, [HeldBackReason.JUNK_PHONE])


def test_walk_in_customers_are_nobody() -> None:
    found = find_duplicates([person(str(number), "Walk-in Customer") for number in range(4)])

    assert [(one.reason, one.count) for one in found.held_back] == [(HeldBackReason.JUNK_NAME, 4)]
    assert found.groups == ()


def test_the_shops_own_number_tells_nothing() -> None:
    names = ("Ann Lee", "Bob Miller", "Zoe King", "Ivo Hall", "Una Scott", "Jan Nowak", "Eva Hill")

    found = find_duplicates([person(str(number), name, "0100") for number, name in enumerate(names)])

    assert [(one.reason, one.value, one.count) for one in found.held_back] == [("shared_phone", "+12125550100", 7)]
    assert found.groups == ()


def test_a_till_that_saves_again_and_again_is_named() -> None:
    copies = [person(f"c{number:03}", "Ann Lee", "0143", source="till 2") for number in range(200)]

    found = find_duplicates([*copies, person("x", "Bob Miller", "0150", source="web")])

    assert [(one.source, one.surplus_count, one.record_count) for one in found.faults] == [("till 2", 199, 200)]
    assert [(one.reason, one.count) for one in found.held_back] == [(HeldBackReason.GIANT_GROUP, 200)]
    assert found.groups == ()


def test_a_few_copies_by_people_are_no_fault() -> None:
    assert find_duplicates([person(str(one), "Ann Lee", "0143", source="till") for one in range(3)]).faults == ()


def test_merged_records_are_done_with() -> None:
    merged = person("2", "Ann Lee", "0143", status=CustomerStatus.MERGED, merged_into="1")

    assert len(find_duplicates([person("1", "Ann Lee", "0143"), merged])) == 0


def test_second_numbers_and_mailboxes_count() -> None:
    second = person("", tel="0143").phone
    assert second is not None

    (group,) = find_duplicates([person("1", "Ann Lee", "0143"), person("2", "Ann Lee", "0199", other_phones=(second,))])

    assert group.kind is MatchKind.SAME


def test_a_thousand_records_of_one_postcode_and_name_stay_affordable() -> None:
    crowd = [person(f"{number:04}", "Ann Lee", addresses=home(postcode="10001")) for number in range(1000)]

    found = find_duplicates(crowd)

    assert [one.reason for one in found.held_back] == [HeldBackReason.GIANT_GROUP]
