"""Contacts that are not worth writing to any more: counted, named, and left out by a filter."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import campaignkit as ck
from campaignkit.addresses import Rejection
from campaignkit.addresses.channel import RejectionCode

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
RULE = ck.StalenessRule(days=90)


def contact_of(number: int = 2, **row: str) -> ck.Contact:
    contact = ck.parse_contact({"email": f"p{number}@example.com", **row}, region="US", row_number=number)
    assert isinstance(contact, ck.Contact)
    return contact


def reason_of(contact: ck.Contact, **options) -> str | None:
    report = ck.find_stale([contact], now=NOW, rule=RULE, **options)
    return next((reason.value for reason in report.counts), None)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"last_order_at": "2026-03-01"}, None),
        ({"Last order at": "2025-12-09"}, None),
        ({"last_order_at": "2025-12-08"}, "old"),
        ({"last_engaged_at": "2020-01-01", "last_order_at": "2026-01-01"}, None),
        ({"last_engaged_at": "2020-01-01", "last_order_at": ""}, "old"),
        ({}, "never_engaged"),
        ({"last_order_at": " "}, "never_engaged"),
        ({"last_order_at": "01/02/2026"}, "unclear"),
        ({"last_order_at": "2062-01-01"}, "unclear"),
        ({"last_engaged_at": "soon", "last_order_at": "2026-03-09T11:59:00Z"}, None),
    ],
    ids=str,
)
def test_why_a_contact_is_stale(row, reason):
    assert reason_of(contact_of(**row)) == reason


def test_whose_address_bounced_is_stale_however_fresh():
    contact = contact_of(phone="(212) 555-0143", last_order_at="2026-03-09")

    assert reason_of(contact, bounced={"p2@example.com"}) == "bounced"
    assert reason_of(contact, bounced={"+12125550143"}) == "bounced"
    assert reason_of(contact, bounced={"p3@example.com"}) is None


def test_the_field_is_the_hosts():
    rule = ck.StalenessRule(days=30, fields=["Last visit"])
    people = [contact_of(2, **{"Last visit": "2026-03-01"}), contact_of(3, last_order_at="2026-03-01")]

    assert ck.to_dict(ck.find_stale(people, now=NOW, rule=rule).counts) == {"never_engaged": 1}


def test_a_report_counts_and_names_a_few():
    blank = Rejection(code=RejectionCode.BLANK_ROW, field="row", message="The row is empty.", row_number=99)
    people = [contact_of(number) for number in range(2, 12)]
    nameless = ck.Contact(contact_id="c-1", attributes={"last_order_at": "2001-01-01"})
    report = ck.find_stale([*people, blank, nameless, contact_of(20, last_order_at="2026-03-08")], now=NOW)

    assert ck.to_dict(report) == {
        "seen_count": 12,
        "counts": {"never_engaged": 10, "old": 1},
        "samples": {"never_engaged": ["row 2", "row 3", "row 4", "row 5", "row 6"], "old": ["c-1"]},
    }
    assert report.stale_count == 11


def test_a_rule_without_a_field_is_a_bad_call():
    with pytest.raises(ValueError, match="at least one field"):
        ck.StalenessRule(fields=[])
    with pytest.raises(TypeError, match="list of names"):
        ck.StalenessRule(fields="last_order_at")
    with pytest.raises(ValueError, match="1 to 36500"):
        ck.find_stale([], now=NOW, rule=ck.StalenessRule(days=0))


dates = st.one_of(
    st.sampled_from(["", "soon", "2026-13-01"]),
    st.dates(date(2025, 11, 1), date(2026, 3, 12)).map(str),
    st.integers(-200, 5).map(lambda days: (NOW + timedelta(days=days)).isoformat()),
)


@given(dates, dates)
def test_the_filter_leaves_out_just_those_whom_the_report_calls_stale(engaged, ordered):
    contact = contact_of(last_engaged_at=engaged, last_order_at=ordered)
    audience = ck.build_audience([contact], where=RULE.fresh, now=NOW)

    assert bool(audience.recipients) == (reason_of(contact) is None)


def test_the_filter_can_be_stored():
    assert ck.filter_from_dict(ck.filter_to_dict(RULE.fresh)) == RULE.fresh
