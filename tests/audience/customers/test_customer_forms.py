"""A form is a customer, or everything that is wrong with it at once."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.addresses.channel import Rejection
from campaignkit.audience.contacts import Contact, parse_contact
from campaignkit.audience.customers.checking import check_customer, customer_from
from campaignkit.audience.customers.records import Customer, PostalAddress

FORM = {"name": "Ann Lee", "phone": "(212) 555-0143"}


@pytest.mark.parametrize(
    ("row", "required", "wrong"),
    [
        pytest.param({}, ("name", "phone"), [("name", "missing"), ("phone", "missing")], id="empty form"),
        pytest.param({}, (), [("row", "blank_row")], id="empty, nothing required"),
        pytest.param(
            {"name": " ", "phone": "call me", "email": "ann@", "birthday": "31.02.1980"},
            ("name", "phone"),
            [("name", "missing"), ("phone", "malformed"), ("email", "malformed"), ("birthday", "malformed")],
            id="everything at once",
        ),
        pytest.param(FORM, ("name", "email"), [("email", "missing")], id="the merchant's own choice"),
        pytest.param(
            FORM, ("loyalty_id", "postcode"), [("loyalty_id", "missing"), ("postcode", "missing")], id="fields"
        ),
        pytest.param({**FORM, "Allergy": " "}, ("allergy",), [("allergy", "missing")], id="a column of the shop's own"),
        pytest.param(
            {"name": "Ann Lee", "birthday": "03/04/1980"}, ("name",), [("birthday", "ambiguous")], id="either way round"
        ),
        pytest.param({**FORM, "created": "soon"}, ("name",), [("created_at", "malformed")], id="no date"),
    ],
)
def test_all_that_is_wrong_is_said(row: dict[str, str], required: Sequence[str], wrong: list[tuple[str, str]]) -> None:
    checked = check_customer(row, required, region=None if row.get("birthday") == "03/04/1980" else "US", row_number=7)

    assert isinstance(checked, tuple)
    assert [(one.field, one.code.value) for one in checked] == wrong
    assert all(one.row_number == 7 and one.message.endswith(".") for one in checked)


def test_a_form_becomes_a_customer() -> None:
    row = {
        **FORM,
        "Customer ID": "12",
        "date of birth": "12/31/1980",
        "Street": "5 Oak St",
        "City": "New York",
        "ZIP": "10001",
        "Card number": "77",
        "Notes": "likes roses",
        "Source": "till 2",
        "Updated": "2026-03-01",
        "Allergy": "lilies",
    }

    customer = check_customer(row, ("name", "phone", "allergy", "address", "birthday"), region="US")

    assert isinstance(customer, Customer)
    assert (customer.customer_id, customer.birthday, customer.loyalty_id) == ("12", date(1980, 12, 31), "77")
    assert customer.addresses == (PostalAddress(street="5 Oak St", city="New York", postcode="10001"),)
    assert (customer.notes, customer.source) == (("likes roses",), "till 2")
    assert customer.updated_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert dict(customer.attributes) == {"Allergy": "lilies"}


@pytest.mark.parametrize(
    ("text", "region", "born"),
    [
        ("1980-12-03", None, date(1980, 12, 3)),
        ("19801203", None, date(1980, 12, 3)),
        ("3.12.1980", None, date(1980, 12, 3)),
        ("12/03/1980", "US", date(1980, 12, 3)),
        ("03/12/1980", "PL", date(1980, 12, 3)),
        ("31/12/1980", None, date(1980, 12, 31)),
        ("1880-12-03", None, None),
        ("12 Dec 1980", None, None),
    ],
)
def test_a_birthday_is_read_as_it_is_written_there(text: str, region: str | None, born: date | None) -> None:
    contact = parse_contact({"name": "Ann", "birthday": text})
    assert isinstance(contact, Contact)

    customer, rejections = customer_from(contact, region=region)

    assert customer.birthday == born
    assert bool(rejections) is (born is None)


def test_the_same_form_sent_twice_has_one_key() -> None:
    keys = {
        check_customer({"name": name, "phone": number}, region="US").key  # type: ignore[union-attr]
        for name, number in (
            ("Ann Lee", "(212) 555-0143"),
            ("ANN  LEE ", "+1 212 555 0143"),
            ("Lee, Ann", "2125550143"),
        )
    }

    assert len(keys) == 1
    assert Customer(name="Ann Lee").key != Customer(name="Bob Lee").key


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="updated_at has to say its time zone"):
        Customer(updated_at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_region_that_is_none_is_a_bad_call() -> None:
    with pytest.raises(ValueError, match="'USA'"):
        check_customer(FORM, region="USA")


@given(st.dictionaries(st.sampled_from(["name", "phone", "email", "birthday", "created", "zip", "x"]), st.text()))
def test_any_form_is_a_customer_or_rejections(row: dict[str, str]) -> None:
    checked = check_customer(row, region="US")

    assert isinstance(checked, Customer) or (checked and all(isinstance(one, Rejection) for one in checked))
