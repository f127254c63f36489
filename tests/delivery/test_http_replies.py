"""What statuses of HTTP and SMPP prove, and what is shown of what a gateway said."""

import doctest
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.delivery import http_replies, smpp_replies
from campaignkit.delivery.http_replies import (
    SMS_MENDING_CODES,
    SMS_SENTENCES,
    TWILIO_RULES,
    HttpReply,
    json_body,
    parse_retry_after,
    printable_reply,
    status_verdict,
    value_at,
)
from campaignkit.delivery.outcomes import Scope, Verdict
from campaignkit.delivery.smpp_replies import SLOW_DOWN, SMPP_RULES, bind_verdict, submit_verdict

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
PROVES_NOTHING = {*range(100, 200), *range(300, 400), 408, 409, 425, *range(500, 600)}
REFUSED = TWILIO_RULES[21211]


@pytest.mark.parametrize("module", [http_replies, smpp_replies])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


@given(st.integers(100, 599), st.booleans())
def test_only_a_status_that_proves_it_lets_a_text_be_sent_again(status, is_listed):
    verdict = status_verdict(HttpReply(status=status), listed=REFUSED if is_listed else None)

    if 200 <= status <= 299:
        assert verdict is None
    elif status in PROVES_NOTHING:
        assert verdict is not None
        assert verdict.verdict is Verdict.IN_DOUBT
    else:
        assert verdict is not None
        assert verdict.verdict is not Verdict.IN_DOUBT
        assert verdict.verdict is not Verdict.ACCEPTED


@given(st.integers(100, 599), st.binary(max_size=50), st.booleans())
def test_nobody_is_refused_by_a_status_alone(status, body, is_whole):
    verdict = status_verdict(HttpReply(status=status, body=body, is_whole=is_whole))

    assert verdict is None or verdict.verdict is not Verdict.REFUSED


@pytest.mark.parametrize("rules", [TWILIO_RULES, SMPP_RULES])
def test_refused_is_about_a_recipient_and_the_rest_about_nobody(rules):
    for verdict in rules.values():
        is_about_recipient = verdict.verdict in {Verdict.REFUSED, Verdict.ACCEPTED}
        assert (verdict.scope is Scope.RECIPIENT) == is_about_recipient
        assert verdict.code in SMS_SENTENCES


@given(st.integers(0, 0xFFFFFFFF))
def test_an_unlisted_smpp_status_is_in_doubt(status):
    verdict = submit_verdict(status)

    assert verdict.verdict is Verdict.IN_DOUBT or status in SMPP_RULES
    assert (verdict.verdict is Verdict.ACCEPTED) == (status == 0)
    assert (verdict.code == "throttled") == (status in SLOW_DOWN)
    assert bind_verdict(status).verdict is Verdict.NOT_SENT


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta(0)),
        ("Mon, 04 May 2026 12:05:00 GMT", timedelta(minutes=5)),
        ("Mon, 04 May 2026 11:05:00 GMT", timedelta(0)),
        ("Mon, 04 May 2099 12:05:00 GMT", timedelta(hours=24)),
        ("999999999999999999999", timedelta(hours=24)),
        ("-5", None),
        ("soon", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_a_wait_is_read_and_not_believed_without_end(said, wait):
    assert parse_retry_after(said, NOW) == wait


@given(st.text())
def test_a_wait_is_sane_or_nothing(said):
    wait = parse_retry_after(said, NOW)

    assert wait is None or timedelta(0) <= wait <= timedelta(hours=24)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists), st.text(max_size=20))
def test_a_path_leads_to_a_text_or_nowhere(value, path):
    assert isinstance(value_at(value, path), str | None)


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 60_000, b"\xff", b'{"a":' * 40 + b"1" + b"}" * 40])
def test_what_is_no_sane_json_is_none(body):
    assert json_body(HttpReply(status=200, body=body)) is None


def test_json_that_was_cut_is_none():
    assert json_body(HttpReply(status=200, body=b'{"sid": "SM1"}', is_whole=False)) is None


@given(st.binary(max_size=2000))
def test_what_a_gateway_said_is_shown_on_one_short_line(body):
    shown = printable_reply(body)

    assert shown.isprintable()
    assert len(shown) <= 500


def test_what_waits_for_a_person_has_a_sentence_and_waiting_is_not_a_throttle():
    assert SMS_SENTENCES.keys() >= SMS_MENDING_CODES
    assert not SMS_MENDING_CODES & {"throttled", "host_busy", "connect_failed"}


def test_numbers_and_addresses_are_masked():
    shown = printable_reply("'To' number +12125550143 of ann@example.com at 2025550143, error 21211\x1b[31m\n")

    assert shown == "'To' number …43 of a…@example.com at …43, error 21211"
