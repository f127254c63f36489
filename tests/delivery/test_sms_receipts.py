"""Receipts of Kannel and SMPP: into one vocabulary, or refused. Bad input 71."""

import doctest
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.addresses.channel import Rejection
from campaignkit.delivery import sms_receipts
from campaignkit.delivery.sms_receipts import (
    IdForm,
    ReceiptStatus,
    SmsReceipt,
    canonical_id,
    join_part_ids,
    message_status,
    part_ids,
    read_kannel_receipt,
    read_smpp_receipt,
    sign_receipt_id,
)

KEY = b"a key of the shop"
OK, BAD, MOVING, UNKNOWN = (
    ReceiptStatus.DELIVERED,
    ReceiptStatus.UNDELIVERED,
    ReceiptStatus.IN_TRANSIT,
    ReceiptStatus.UNKNOWN,
)


def test_examples():
    assert doctest.testmod(sms_receipts).failed == 0


def query(**fields: str) -> str:
    return urlencode({"id": "t0", "token": sign_receipt_id("t0", KEY), "type": "1", "at": "1777888999", **fields})


@pytest.mark.parametrize(
    ("kind", "answer", "status", "code"),
    [
        ("1", "", OK, ""),
        ("2", "", BAD, "undelivered"),
        ("2", "id:7 sub:001 stat:EXPIRED err:000", BAD, "expired"),
        ("2", "id:7 stat:REJECTD", BAD, "request_refused"),
        ("1", "stat:EXPIRED", OK, ""),
        ("4", "", MOVING, ""),
        ("8", "ACK/", MOVING, ""),
        ("16", "NACK/0x0000000B", BAD, "request_refused"),
    ],
)
def test_what_kannel_reports(kind, answer, status, code):
    receipt = read_kannel_receipt(query(type=kind, answer=answer), KEY)

    assert isinstance(receipt, SmsReceipt)
    assert (receipt.provider_id, receipt.status, receipt.code, receipt.is_hard) == ("t0", status, code, False)
    assert receipt.at == datetime.fromtimestamp(1777888999, UTC)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("", "token"),
        ("id=t0&type=1", "token"),
        (query(token=""), "token"),
        (query(token="0" * 32), "token"),
        (query(token=sign_receipt_id("t0", b"another key")), "token"),
        (query(token=sign_receipt_id("t1", KEY)), "token"),
        (query(token="ż" * 32), "token"),
        (query(id="t1"), "token"),
        (query(type="3"), "type"),
        (query(type="1 OR 1=1"), "type"),
        (query(type=""), "type"),
        (query() + "&type=2", "body"),
        (query() + "&x=1" * 200, "body"),
        (query(answer="x" * 1_000_000), "body"),
    ],
)
def test_71_a_receipt_that_is_forged_or_makes_no_sense_is_refused(said, field):
    refused = read_kannel_receipt(said, KEY)

    assert isinstance(refused, Rejection)
    assert refused.field == field
    assert len(refused.value) <= 200


@given(st.text())
def test_71_nothing_that_is_not_signed_is_believed(said):
    assert isinstance(read_kannel_receipt(said, KEY), Rejection)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        (
            "id:0123456789 sub:001 dlvrd:001 submit date:2605041200 done date:2605041201 stat:DELIVRD err:000 text:hi",
            {},
            ("0123456789", OK, "", False),
        ),
        ("ID:abc STAT:delivrd ERR:000", {}, ("abc", OK, "", False)),
        ("id:1 stat:UNDELIV err:001", {}, ("1", BAD, "undelivered", False)),
        ("id:1 stat:EXPIRED err:006", {}, ("1", BAD, "expired", False)),
        ("id:1 stat:DELETED", {}, ("1", BAD, "undelivered", False)),
        ("id:1 stat:REJECTD", {}, ("1", BAD, "request_refused", False)),
        ("id:1 stat:ENROUTE", {}, ("1", MOVING, "", False)),
        ("id:1 stat:ACCEPTD", {}, ("1", MOVING, "", False)),
        ("id:1 stat:UNKNOWN", {}, ("1", UNKNOWN, "", False)),
        ("id:1 stat:BANANA", {}, ("1", UNKNOWN, "", False)),
        ("id:1", {}, ("1", UNKNOWN, "", False)),
        ("", {"receipted_id": "9", "message_state": 2}, ("9", OK, "", False)),
        ("id:1 stat:UNDELIV", {"receipted_id": "9", "message_state": 2}, ("9", OK, "", False)),
        ("", {"receipted_id": "9", "message_state": 99}, ("9", UNKNOWN, "", False)),
        (
            "",
            {"receipted_id": "9", "message_state": 5, "network_error": b"\3\0\1"},
            ("9", BAD, "number_unknown", True),
        ),
        ("", {"receipted_id": "9", "message_state": 2, "network_error": b"\3\0\1"}, ("9", OK, "", False)),
        ("", {"receipted_id": "9", "message_state": 5, "network_error": b"\1\0\1"}, ("9", BAD, "undelivered", False)),
        ("id:255 stat:DELIVRD", {"submit_form": "hex", "receipt_form": "decimal"}, ("255", OK, "", False)),
        ("id:ff stat:DELIVRD", {"submit_form": "decimal", "receipt_form": "hex"}, ("255", OK, "", False)),
        ("", {"receipted_id": "FF", "submit_form": "hex", "receipt_form": "decimal"}, ("255", UNKNOWN, "", False)),
        ("hello id:1\nstat:DELIVRD", {}, ("1", OK, "", False)),
    ],
)
def test_what_an_smsc_reports(text, options, expected):
    forms: dict[str, Any] = {
        name: IdForm(value) if name.endswith("_form") else value for name, value in options.items()
    }
    receipt = read_smpp_receipt(text, **forms)

    assert isinstance(receipt, SmsReceipt)
    assert (receipt.provider_id, receipt.status, receipt.code, receipt.is_hard) == expected


@pytest.mark.parametrize("text", ["", "thank you", "paid:1 stat:DELIVRD", "id: stat:DELIVRD"[:3]])
def test_a_report_that_names_no_message_is_refused(text):
    refused = read_smpp_receipt(text)

    assert isinstance(refused, Rejection)
    assert refused.field == "id"


@given(st.text(), st.binary(max_size=5), st.none() | st.integers(0, 255))
def test_whatever_an_smsc_says_is_a_receipt_or_refused(text, network_error, message_state):
    read = read_smpp_receipt(text, network_error=network_error, message_state=message_state)

    if isinstance(read, SmsReceipt):
        assert part_ids(read.provider_id) == (read.provider_id,)
        assert read.reply.isprintable()


@given(st.integers(0, 2**64))
def test_one_id_in_two_forms_is_one_id(number):
    assert canonical_id(f"{number:x}", IdForm.HEX) == canonical_id(f"00{number}", IdForm.DECIMAL)
    assert canonical_id(f"{number:08X}", IdForm.HEX) == str(number)


def test_an_id_of_another_form_than_was_said_stays_as_it_is():
    assert canonical_id(" 3f-07 ", IdForm.HEX) == "3f-07"


@given(st.lists(st.text(alphabet=st.characters(codec="ascii"))))
def test_ids_of_parts_come_apart_as_many_as_there_were(ids):
    assert len(part_ids(join_part_ids(ids))) == sum(bool(one.strip()) for one in ids)


@pytest.mark.parametrize(
    ("statuses", "part_count", "whole"),
    [
        ((), 2, UNKNOWN),
        ((OK,), 1, OK),
        ((OK,), 2, MOVING),
        ((OK, OK), 2, OK),
        ((OK, BAD), 2, BAD),
        ((BAD,), 3, BAD),
        ((MOVING, OK), 2, MOVING),
        ((UNKNOWN,), 1, UNKNOWN),
    ],
)
def test_a_text_is_delivered_when_all_its_parts_are(statuses, part_count, whole):
    assert message_status(statuses, part_count) is whole


@given(st.permutations([OK, OK, BAD, MOVING, UNKNOWN]))
def test_the_order_of_reports_does_not_matter(statuses):
    assert message_status(statuses, 5) is BAD
