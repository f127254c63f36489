"""Merging keeps everything, can be undone, and changes nothing the second time."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.addresses.channel import Channel
from campaignkit.audience.consent import Consent, ConsentEntry, ConsentState
from campaignkit.audience.customers.duplicates import find_duplicates
from campaignkit.audience.customers.merging import apply_changes, plan_merge
from campaignkit.audience.customers.records import Customer, CustomerStatus
from campaignkit.audience.customers.redirects import flatten_redirects, redirects_of, resolve_redirect
from campaignkit.errors import RevisionConflict
from tests.audience.customers.people import email, home, person, phone, populations

OLD, NEW = datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
people = populations(max_size=5).filter(bool)


@given(people)
def test_undoing_a_merge_gives_back_what_was(records: list[Customer]) -> None:
    plan = plan_merge(records)

    assert apply_changes(apply_changes(records, plan.changes), plan.inverse) == tuple(records)


@given(people)
def test_merging_again_changes_nothing(records: list[Customer]) -> None:
    merged = apply_changes(records, plan_merge(records).changes)

    again = plan_merge(merged)

    assert (again.changes, again.conflicts) == ((), ())


@given(people)
def test_nothing_of_anybody_is_lost(records: list[Customer]) -> None:
    survivor = plan_merge(records).survivor

    for one in records:
        assert set(one.orders) <= set(survivor.orders)
        assert set(one.notes) <= set(survivor.notes)
        assert set(one.addresses) <= set(survivor.addresses)
        assert set(one.preferences) <= set(survivor.preferences)
        assert {number.key for number in one.phones} <= {number.key for number in survivor.phones}
        assert {mailbox.key for mailbox in one.emails} <= {mailbox.key for mailbox in survivor.emails}


@given(people, st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(records: list[Customer], dice) -> None:
    assert plan_merge(dice.sample(records, len(records))) == plan_merge(records)


@given(people)
def test_every_redirect_leads_to_the_survivor_in_one_step(records: list[Customer]) -> None:
    plan = plan_merge(records)
    written = apply_changes(records, plan.changes)

    assert redirects_of(written) == dict(plan.redirects)
    assert set(plan.redirects.values()) <= {plan.survivor.customer_id}


def test_records_merged_earlier_are_led_on() -> None:
    first = plan_merge([person("1", "Ann"), person("2", "Ann Lee", "0143")])
    base = [*apply_changes([person("1", "Ann"), person("2", "Ann Lee", "0143")], first.changes)]
    third = person("3", "Ann Lee", "0143", "ann@example.com")

    plan = plan_merge([base[1], third], merged_before=[base[0]])

    assert dict(plan.redirects) == {"1": "3", "2": "3"}
    assert redirects_of(apply_changes([*base, third], plan.changes)) == {"1": "3", "2": "3"}


def test_the_most_complete_record_survives_then_the_newest() -> None:
    full = person("1", "Ann Lee", "0143", "ann@example.com", updated_at=OLD)
    new = person("2", "Ann Lee", "0143", updated_at=NEW)

    assert plan_merge([full, new]).survivor.customer_id == "1"
    assert plan_merge([person("1", "Ann", updated_at=OLD), person("2", "Eve", updated_at=NEW)]).redirects == {"1": "2"}
    assert plan_merge([full, new], survivor="2").survivor.customer_id == "2"


@pytest.mark.parametrize(
    ("one", "other", "kept"),
    [
        pytest.param(
            person("1", tel="0143", verified={"phone"}, updated_at=OLD),
            person("2", tel="0199", updated_at=NEW),
            "0143",
            id="verified before newest",
        ),
        pytest.param(person("1", tel="0143", updated_at=OLD), person("2", updated_at=NEW), "0143", id="filled"),
        pytest.param(
            person("1", tel="0143", updated_at=OLD), person("2", tel="0199", updated_at=NEW), "0199", id="newest"
        ),
    ],
)
def test_of_each_field_one_value_survives(one: Customer, other: Customer, kept: str) -> None:
    survivor = plan_merge([one, other]).survivor

    assert survivor.phone is not None
    assert survivor.phone.e164.endswith(kept)


def test_the_longest_name_survives_where_nothing_else_decides() -> None:
    assert plan_merge([person("1", "Ann Lee"), person("2", "A. Lee")]).survivor.name == "Ann Lee"


def test_conflicts_say_what_was_kept_of_whom() -> None:
    one = person("1", "Ann Lee", "0143", preferences={"colour": "red"}, updated_at=NEW)
    other = person("2", "Ann Miller", "0199", preferences={"colour": "white", "size": "L"}, updated_at=OLD)

    plan = plan_merge([one, other], keep={"name": "2"})

    assert [(each.field, each.kept, each.dropped, each.kept_from) for each in plan.conflicts] == [
        ("name", "Ann Miller", ("Ann Lee",), "2"),
        ("phone", "+12125550143", ("+12125550199",), "1"),
        ("preferences.colour", "red", ("white",), "1"),
    ]
    assert dict(plan.survivor.preferences) == {"colour": "red", "size": "L"}
    assert plan.changes[0].fields[0] == "name"


def test_the_strictest_consent_wins() -> None:
    yes, no = ConsentState.GRANTED, ConsentState.DENIED
    one = person("1", consent=Consent(email=yes, sms=no))
    other = person("2", consent=Consent(email=no))

    assert plan_merge([one, other]).survivor.consent == Consent(email=no, sms=no)


def test_a_no_of_one_record_binds_whatever_another_said_later() -> None:
    refused = ConsentEntry(channel="sms", state="denied", topic="offers", at=OLD)
    granted = ConsentEntry(channel="sms", state="granted", topic="offers", at=NEW)
    records = [person("1", consent=Consent(entries=[refused])), person("2", consent=Consent(entries=[granted]))]

    plan = plan_merge(records)

    assert plan.survivor.consent.on(Channel.SMS, "offers") is ConsentState.DENIED
    assert set(plan.survivor.consent.entries) > {refused, granted}
    assert plan_merge(apply_changes(records, plan.changes)).changes == ()


def test_a_blocked_record_blocks_the_survivor() -> None:
    blocked = person("1", status=CustomerStatus.BLOCKED)

    assert plan_merge([blocked, person("2", "Ann Lee", "0143")]).survivor.status is CustomerStatus.BLOCKED


def test_a_household_is_not_merged() -> None:
    (household,) = find_duplicates([person("1", "Ann Lee", "0143"), person("2", "Bob Lee", "0143")])

    with pytest.raises(ValueError, match="a household is several people"):
        plan_merge(household)


@pytest.mark.parametrize(
    ("records", "options", "message"),
    [
        pytest.param([], {}, "one or more records", id="nobody"),
        pytest.param([person("", "Ann")], {}, "one or more records", id="no id"),
        pytest.param([person("1"), person("1")], {}, "an id of its own", id="one id twice"),
        pytest.param([person("1")], {"survivor": "9"}, "'9' is none of the records", id="unknown survivor"),
        pytest.param([person("1")], {"keep": {"name": "9"}}, "name cannot be kept of '9'", id="unknown value"),
        pytest.param(
            [person("1"), person("2", status=CustomerStatus.MERGED, merged_into="9")],
            {},
            "merged into '9'",
            id="stranger",
        ),
        pytest.param(
            [person("1", status=CustomerStatus.MERGED, merged_into="1")], {}, "can survive", id="only merged ones"
        ),
    ],
)
def test_what_cannot_be_merged_is_refused(records: list[Customer], options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan_merge(records, **options)  # type: ignore[arg-type]


def test_a_record_that_changed_meanwhile_is_not_overwritten() -> None:
    records = [person("1", "Ann Lee", "0143"), person("2", "Ann Lee", "0143")]
    changes = plan_merge(records).changes

    with pytest.raises(RevisionConflict):
        apply_changes([records[0], person("2", "Ann Lee", "0199")], changes)
    with pytest.raises(ValueError, match="there is no customer 2"):
        apply_changes(records[:1], changes)


def test_other_numbers_and_mailboxes_find_the_survivor() -> None:
    records = [
        person("1", "Ann Lee", "0143", "ann@example.com", updated_at=NEW),
        person("2", "Ann Lee", "0199", "lee@example.com", addresses=home("5 Oak St"), updated_at=OLD),
    ]

    survivor = plan_merge(records, survivor="1").survivor

    assert survivor.phones == (phone("(212) 555-0143"), phone("(212) 555-0199"))
    assert survivor.emails == (email("ann@example.com"), email("lee@example.com"))


def test_redirects_in_a_circle_are_refused() -> None:
    with pytest.raises(ValueError, match="go round in a circle"):
        resolve_redirect("1", {"1": "2", "2": "1"})
    with pytest.raises(ValueError, match="go round in a circle"):
        flatten_redirects({"1": "1"})


@given(st.permutations(list("abcdef")))
def test_chains_of_redirects_become_flat(ids: list[str]) -> None:
    chain = dict(pairwise(ids))

    assert flatten_redirects(chain) == dict.fromkeys(ids[:-1], ids[-1])
