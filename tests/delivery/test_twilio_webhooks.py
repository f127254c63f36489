"""Twilio's calls: only those that it signed are read. Bad input 71."""

import base64
import hashlib
import hmac
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.addresses.channel import Rejection
from campaignkit.delivery.http_replies import SMS_SENTENCES
from campaignkit.delivery.sms_receipts import InboundText, ReceiptStatus, SmsReceipt
from campaignkit.delivery.twilio_webhooks import TWILIO_ERRORS, is_twilio_signature, read_twilio_webhook

URL = "https://shop.example/sms/status?shop=flora"
TOKEN = "12345"
SID = "SM" + "0" * 32


def sign(fields: dict[str, str], url: str = URL, token: str = TOKEN) -> str:
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def read(fields: dict[str, str], **changes):
    call = {"url": URL, "body": urlencode(fields).encode(), "signature": sign(fields), "auth_tokens": [TOKEN]}
    return read_twilio_webhook(**{**call, **changes})


# Twilio's own examples, from its documentation and its helper libraries' tests.
DOCUMENTED_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
DOCUMENTED = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}


def test_twilios_own_examples_fit():
    body = urlencode(DOCUMENTED).encode()
    digest = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"

    assert is_twilio_signature(DOCUMENTED_URL, body, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", TOKEN)
    assert is_twilio_signature(
        f"{DOCUMENTED_URL}&bodySHA256={digest}",
        b'{"property": "value", "boolean": true}',
        "a9nBmqA0ju/hNViExpshrM61xv4=",
        TOKEN,
    )


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://shop.example/s", "https://shop.example:443/s"),
        ("https://shop.example:443/s", "https://shop.example/s"),
        ("http://shop.example/s", "http://shop.example:80/s"),
        ("https://shop.example:8443/s", "https://shop.example:8443/s"),
    ],
)
def test_the_usual_port_may_be_named_or_not(url, signed):
    assert is_twilio_signature(url, b"a=1", sign({"a": "1"}, signed), TOKEN)
    assert not is_twilio_signature(url, b"a=1", sign({"a": "1"}, signed.replace("/s", "/t")), TOKEN)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("accepted", "in_transit"),
        ("queued", "in_transit"),
        ("sending", "in_transit"),
        ("sent", "in_transit"),
        ("delivered", "delivered"),
        ("undelivered", "undelivered"),
        ("failed", "undelivered"),
    ],
)
def test_what_twilio_reports(said, status):
    receipt = read({"MessageSid": SID, "MessageStatus": said, "To": "+12125550143"})

    assert isinstance(receipt, SmsReceipt)
    assert (receipt.provider_id, receipt.status.value) == (SID, status)
    assert not receipt.is_hard


@pytest.mark.parametrize(
    ("error", "code", "is_hard", "is_opted_out"),
    [
        ("30003", "unreachable", False, False),
        ("30004", "number_blocked", False, False),
        ("30005", "number_unknown", True, False),
        ("30006", "number_not_textable", True, False),
        ("30007", "content", False, False),
        ("21610", "opted_out", False, True),
        ("30001", "throttled", False, False),
        ("99999", "undelivered", False, False),
        ("", "undelivered", False, False),
    ],
)
def test_why_twilio_could_not_deliver(error, code, is_hard, is_opted_out):
    receipt = read({"MessageSid": SID, "MessageStatus": "undelivered", "ErrorCode": error})

    assert isinstance(receipt, SmsReceipt)
    assert (receipt.code, receipt.is_hard, receipt.is_opted_out) == (code, is_hard, is_opted_out)
    assert receipt.status is ReceiptStatus.UNDELIVERED


def test_every_code_has_a_sentence():
    assert {code for code, _ in TWILIO_ERRORS.values()} <= SMS_SENTENCES.keys()


def test_what_people_write_back():
    fields = {
        "MessageSid": SID,
        "SmsStatus": "received",
        "From": "+12125550143",
        "To": "+12125550199",
        "Body": "Stop ż",
    }
    text = read(fields)

    assert text == InboundText(sender="+12125550143", to="+12125550199", text="Stop ż", provider_id=SID)
    assert "12125550143" not in repr(text)
    assert "Stop" not in repr(text)


FIELDS = {"MessageSid": SID, "MessageStatus": "delivered"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"signature": ""}, "signature"),
        ({"signature": sign(FIELDS, token="other")}, "signature"),
        ({"signature": sign(FIELDS, "https://shop.example/other")}, "signature"),
        ({"signature": sign({**FIELDS, "MessageStatus": "failed"})}, "signature"),
        ({"signature": "ż\ud800"}, "signature"),
        ({"body": b""}, "signature"),
        ({"body": b"\xff\xfe"}, "signature"),
        ({"body": urlencode(FIELDS).encode() + b"&x=1"}, "signature"),
        ({"body": urlencode(FIELDS).encode() + b"&MessageStatus=failed"}, "signature"),
        ({"body": b"a=1&" * 1000}, "signature"),
        ({"body": b"x" * 50_000_000}, "signature"),
        ({"url": URL + "&bodySHA256=" + "0" * 64}, "signature"),
        ({"auth_tokens": []}, "signature"),
    ],
)
def test_71_a_call_that_twilio_did_not_sign_is_refused(changes, field):
    refused = read(FIELDS, **changes)

    assert isinstance(refused, Rejection)
    assert refused.field == field


def test_71_a_signed_call_that_makes_no_sense_is_refused():
    refusals = [
        read({"MessageStatus": "delivered"}),
        read({"MessageSid": "../x", "MessageStatus": "delivered"}),
        read({"MessageSid": SID, "MessageStatus": "teleported"}),
        read({"MessageSid": SID}),
    ]
    doubled = [("MessageSid", SID), ("MessageStatus", "delivered"), ("MessageStatus", "failed")]
    signed = base64.b64encode(
        hmac.new(TOKEN.encode(), (URL + "".join(a + b for a, b in sorted(doubled))).encode(), hashlib.sha1).digest()
    ).decode()
    refusals.append(read({}, body=urlencode(doubled).encode(), signature=signed))

    assert [one.field for one in refusals if isinstance(one, Rejection)] == [
        "MessageSid",
        "MessageSid",
        "MessageStatus",
        "MessageStatus",
        "body",
    ]


def test_both_tokens_count_while_one_is_being_changed():
    assert isinstance(read(FIELDS, auth_tokens=["new", TOKEN]), SmsReceipt)


@given(st.binary(max_size=300), st.text(max_size=40))
def test_71_nothing_that_is_not_signed_is_believed(body, signature):
    assert isinstance(read_twilio_webhook(URL, body, signature, [TOKEN]), Rejection)


def test_our_own_id_comes_back_in_the_url_that_twilio_signed():
    url = f"{URL}&message_id=0rk1.1"
    fields = {"MessageSid": SID, "MessageStatus": "sent"}

    assert read(fields, url=url, signature=sign(fields, url)).message_id == "0rk1.1"
    assert isinstance(read(fields, url=f"{URL}&message_id=0rk2.1", signature=sign(fields, url)), Rejection)
    twice = f"{url}&message_id=0rk2.1"
    assert read(fields, url=twice, signature=sign(fields, twice)).message_id == ""
