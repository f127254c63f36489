"""Headers of campaigns: exactly those that are due, one way out by one click, and nothing smuggled in by a merchant."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.errors import InvalidContent
from campaignkit.message.campaign_headers import FeedbackId, check_extra_headers, one_click_url
from campaignkit.message.compiled import compile_content
from campaignkit.message.content import EmailContent
from campaignkit.message.email import compile_mail
from tests.message.readers import header_names, is_wire, read_by_python, read_by_rust
from tests.message.test_message_email import NOON, build, parsed

URL = "https://flora.example/m/u/AbC-_123"
FULL: dict[str, Any] = {
    "reply_to": "shop@flora.example",
    "unsubscribe_mailto": "bye@flora.example",
    "unsubscribe_url": URL,
    "campaign_id": "c1",
    "list_id": "spring.flora",
    "feedback_id": FeedbackId(sender="flora-pos", campaign="c1", customer="flora", mail_type="news"),
    "extra_headers": {"X-Shop": "Flora"},
}


def test_a_campaign_s_mail_byte_for_byte():
    assert build(**FULL).content == (
        b"Date: Mon, 04 May 2026 12:00:00 +0000\r\n"
        b"From: Flora <hello@flora.example>\r\n"
        b"To: Ann <ann@example.com>\r\n"
        b"Reply-To: shop@flora.example\r\n"
        b"Subject: Spring\r\n"
        b"Message-ID: <r1.1@flora.example>\r\n"
        b"X-Campaign-ID: c1\r\n"
        b"List-Id: <spring.flora>\r\n"
        b"Feedback-ID: c1:flora:news:flora-pos\r\n"
        b"List-Unsubscribe: <https://flora.example/m/u/AbC-_123>,\r\n"
        b" <mailto:bye@flora.example?subject=unsubscribe%20r1.1>\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        b"Precedence: bulk\r\n"
        b"X-Auto-Response-Suppress: OOF, AutoReply\r\n"
        b"X-Shop: Flora\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"Hello\r\n"
    )


# How to leave ---------------------------------------------------------------------------------------------------------


def test_one_click_alone_needs_no_mailbox():
    message = parsed(build(unsubscribe_url=URL).content)

    assert message["List-Unsubscribe"] == f"<{URL}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Precedence"] == "bulk"


def test_a_mailbox_alone_promises_no_click():
    message = parsed(build(unsubscribe_mailto="bye@flora.example").content)

    assert message["List-Unsubscribe"] == "<mailto:bye@flora.example?subject=unsubscribe%20r1.1>"
    assert "List-Unsubscribe-Post" not in message


def test_each_recipient_has_a_way_out_and_a_return_path_of_their_own():
    mail = compile_mail(
        compile_content(EmailContent(subject="Spring", text="Hello")),
        from_name="Flora",
        from_address="hello@flora.example",
        envelope_from="bounce@flora.example",
    )

    mails = [
        mail.build(
            {},
            message_id=f"r{number}.1",
            to_name="Ann",
            to_address=f"ann{number}@example.com",
            sent_at=NOON,
            unsubscribe_url=f"{URL}{number}",
            envelope_from=f"bounce+{number}@flora.example",
        )
        for number in range(2)
    ]

    assert [one.envelope_from for one in mails] == ["bounce+0@flora.example", "bounce+1@flora.example"]
    assert [parsed(one.content)["List-Unsubscribe"] for one in mails] == [f"<{URL}0>", f"<{URL}1>"]
    assert all("bounce" not in one.content.decode() for one in mails)


@pytest.mark.parametrize(
    "url",
    [
        "https://flora.example",
        "https://flora.example:8443/u?t=a,b;c&d=%20#x",
        "https://xn--kwiaty-te-c7a38f3t.pl/~u/!$'()*+/=:@[]",
        "https://a/" + "x" * 890,
        *("http://localhost:8000/m/u/x", "http://127.0.0.1/u", "http://[::1]:80/u", "https://[2001:db8::1]/u"),
    ],
)
def test_a_url_arrives_as_it_is(url):
    content = build(unsubscribe_url=url, unsubscribe_mailto="bye@flora.example").content

    assert is_wire(content)
    for read in (read_by_python(content), read_by_rust(content)):
        assert dict(read.headers)["List-Unsubscribe"].startswith(f"<{url}>, <mailto:bye@")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "http://flora.example/u",
            "http://localhost.evil.example/",
            "http://127.0.0.1@evil/",
            "https://[evil]/",
            "HTTPS://flora.example",
            "mailto:a@b.c",
            "javascript:alert(1)",
            "https://",
        ),
        *("https:///u", "https://good@evil.example/u", "https://flora.example\\@evil", "//evil", "https://a b"),
        *("https://flora.example/ż", "https://flora.example/<x>", "https://flora.example/a>,<https://evil"),
        *(
            "https://flora.example/\r\nBcc: x@y.z",
            "https://flora.example/\n",
            "https://flora.example/\0",
            "https://-..",
        ),
        "https://a/" + "x" * 891,
        *("https://flora.example:123456/", "https://flora.example/u\u2028", "https://flora.example/a b"),
    ],
    ids=ascii,
)
def test_what_is_no_https_url_is_a_bad_call(url):
    with pytest.raises(ValueError, match="https URL"):
        build(unsubscribe_url=url)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("https://abc.example<>,\r\n @:?%&#\\\"'żó\0"), max_size=40))
def test_whatever_the_url_it_stands_in_one_header_or_is_refused(end):
    try:
        url = one_click_url(f"https://flora.example/{end}")
    except ValueError:
        return

    content = build(unsubscribe_url=url).content
    assert content.count(f"\r\nList-Unsubscribe: <{url}>\r\nList-Unsubscribe-Post: ".encode()) == 1


def test_a_mailbox_that_would_break_the_line_is_a_bad_call():
    with pytest.raises(ValueError, match="too long"):
        build(unsubscribe_mailto="🌷" * 64 + "@flora.example")


@pytest.mark.parametrize(
    ("arguments", "is_stated"),
    [
        ({}, True),
        ({"unsubscribe_url": URL}, False),
        ({"unsubscribe_mailto": "bye@flora.example"}, False),
        ({"unsubscribe_url": URL, "is_automated": True}, True),
        ({"unsubscribe_mailto": "bye@flora.example", "is_automated": True}, True),
        ({"is_automated": False}, False),
    ],
    ids=["receipt", "newsletter", "newsletter without links", "journey", "journey without links", "by hand"],
)
def test_mail_that_no_person_sent_says_so(arguments, is_stated):
    message = parsed(build(**arguments).content)

    assert message["Auto-Submitted"] == ("auto-generated" if is_stated else None)


# Whose mail it is -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"sender": "flora"}, "flora"),
        ({"sender": "flora-pos", "campaign": "c1"}, "c1:flora-pos"),
        ({"sender": "flora-pos", "campaign": "c1", "mail_type": "news"}, "c1:news:flora-pos"),
        ({"sender": "a" * 15, "campaign": "c1", "customer": "m1", "mail_type": "news"}, "c1:m1:news:" + "a" * 15),
    ],
)
def test_feedback_ids_have_gmails_form(fields, value):
    assert parsed(build(feedback_id=FeedbackId(**fields)).content)["Feedback-ID"] == value


@pytest.mark.parametrize(
    "fields",
    [
        *({"sender": sender} for sender in ("", "four", "a" * 16, "a:b:c", "flora\r\nBcc: x", "flora pos", "żółwik")),
        {"sender": "flora", "campaign": "a:b"},
        {"sender": "flora", "campaign": "c\r\n1"},
        {"sender": "flora", "campaign": "a" * 65},
        {"sender": "flora", "campaign": "c1", "customer": "c1"},
        {"sender": "flora", "campaign": "flora"},
    ],
    ids=str,
)
def test_what_gmail_would_not_count_is_a_bad_call(fields):
    with pytest.raises(ValueError, match="feedback_id"):
        build(feedback_id=FeedbackId(**fields))


# A merchant's own headers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Shop": "Flora"},
        {"X-Shop": "Żółw & Co. 🌷"},
        {"X-Shop": "=?utf-8?q?=0ABcc:_x?="},
        {"X-A1": "a" * 998, "Keywords": "spring, tulips", "Organization": "Flora"},
        {f"X-{number}1": "a" for number in range(20)},
    ],
    ids=["plain", "beyond ASCII", "typed encoded word", "long and known", "twenty"],
)
def test_own_headers_arrive_as_they_are(headers):
    content = build(extra_headers=headers).content

    assert is_wire(content)
    assert [name for name in header_names(content) if name in headers] == list(headers)
    for read in (read_by_python(content), read_by_rust(content)):
        assert {name: value for name, value in read.headers if name in headers} == headers


SET_BY_US = {
    *("Date", "From", "To", "Reply-To", "Subject", "Message-ID", "X-Campaign-ID", "List-Id", "Feedback-ID"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "Precedence", "X-Auto-Response-Suppress", "Auto-Submitted"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding", "DKIM-Signature"),
}
ROUTING = {
    *("Bcc", "bcc", "BCC", "Cc", "Sender", "Return-Path", "Resent-To", "Resent-Bcc", "Received", "Errors-To"),
    *("Delivered-To", "Apparently-To", "Disposition-Notification-To", "Return-Receipt-To", "In-Reply-To", "References"),
    *("ARC-Seal", "Authentication-Results", "DomainKey-Signature", "Content-Disposition", "Content-ID", "List-Post"),
    *("X-SMTPAPI", "X-MC-BccAddress", "X-Envelope-To", "X-Original-To", "X-Bcc", "X-Rcpt-To"),
}
NO_NAMES = {
    "",
    "X",
    "X-",
    "-X",
    "X Shop",
    "X-Shop:",
    "X-Shop\r\nBcc",
    "X-Shop\n",
    "X-Żółw",
    "X-\0",
    "X-" + "a" * 63,
    "1X",
}


@pytest.mark.parametrize("name", sorted(SET_BY_US | ROUTING | NO_NAMES), ids=ascii)
def test_31_a_name_that_is_ours_routes_mail_or_is_none_is_refused(name):
    with pytest.raises(InvalidContent) as caught:
        build(extra_headers={name: "eve@example.com"})

    assert str(caught.value).startswith("header ")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "value",
    [
        "",
        "  ",
        "a\r\nBcc: eve@example.com",
        "a\nb",
        "a\rb",
        "a\0b",
        "a\u2028b",
        "a\x85b",
        "a\ud83cb",
        "a\tb",
        "a" * 999,
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_31_a_value_that_is_no_line_is_refused(value):
    with pytest.raises(InvalidContent, match="header 'X-Shop': its value"):
        build(extra_headers={"X-Shop": value})


@pytest.mark.parametrize(
    "headers", [{"X-Shop": "a", "x-shop": "b"}, {f"X-{number}1": "a" for number in range(21)}], ids=["twice", "many"]
)
def test_31_headers_that_are_too_many_or_twice_are_refused(headers):
    with pytest.raises(InvalidContent, match="headers: "):
        check_extra_headers(headers)


names = st.one_of(
    st.sampled_from(sorted(SET_BY_US | ROUTING)),
    st.text(max_size=20),
    st.text(st.sampled_from("xX-ab:\r\n "), max_size=8),
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(names, st.text(max_size=30), max_size=3))
def test_31_whatever_a_merchant_adds_no_header_is_ours_or_theirs_twice(headers: Mapping[str, str]):
    try:
        content = build(**{**FULL, "extra_headers": headers}).content
    except InvalidContent:
        return

    names = header_names(content)
    assert len({name.lower() for name in names}) == len(names)
    assert [name for name in names if name not in SET_BY_US] == list(headers)
