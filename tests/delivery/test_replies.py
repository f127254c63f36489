"""Every row of both reply tables, and what a reply may never do."""

import doctest
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.delivery import replies, retry
from campaignkit.delivery.outcomes import Scope, Verdict
from campaignkit.delivery.replies import (
    MENDING_CODES,
    RULES,
    SENTENCES,
    SmtpStage,
    parse_reply,
    printable_line,
    smtp_verdict,
)
from campaignkit.delivery.sentences import describe_code

# stage, reply → verdict, scope, code
ROWS = [
    # Refused or busy before there is a message: host or sender, never the recipient.
    ("connect", 421, "4.3.2 too many connections", "not_sent", "host", "host_busy"),
    ("connect", 450, "later", "not_sent", "host", "host_busy"),
    ("connect", 554, "5.7.1 no service for you", "not_sent", "host", "host_refused"),
    ("ehlo", 421, "bye", "not_sent", "host", "host_busy"),
    ("ehlo", 502, "what?", "not_sent", "host", "host_refused"),
    ("starttls", 421, "bye", "not_sent", "host", "host_busy"),
    ("starttls", 454, "4.7.0 TLS not available", "not_sent", "host", "tls_unavailable"),
    ("starttls", 501, "no", "not_sent", "sender", "tls_failed"),
    ("auth", 421, "bye", "not_sent", "host", "host_busy"),
    ("auth", 454, "4.7.0 temporary", "not_sent", "host", "auth_unavailable"),
    ("auth", 535, "5.7.8 bad password", "not_sent", "sender", "auth_refused"),
    ("auth", 530, "5.7.0", "not_sent", "sender", "auth_refused"),
    ("auth", 504, "5.5.4", "not_sent", "sender", "auth_refused"),
    # 4xx to MAIL: not sent; by the reply table, unknown: host.
    ("mail", 421, "bye", "not_sent", "host", "host_busy"),
    ("mail", 450, "later", "not_sent", "host", "host_busy"),
    ("mail", 451, "4.7.1 later", "not_sent", "host", "host_busy"),
    ("mail", 452, "4.3.1 disk full", "not_sent", "host", "host_busy"),
    ("mail", 454, "4.7.0 Throttling failure: Maximum sending rate exceeded", "not_sent", "sender", "throttled"),
    ("mail", 421, "4.7.28 rate of unsolicited mail", "not_sent", "group", "throttled"),
    ("mail", 421, "4.7.1 [TS03] All messages will be deferred", "not_sent", "sender", "sender_blocked"),
    # 5xx to MAIL: the sender.
    ("mail", 550, "5.7.1 not allowed to send as", "refused", "sender", "sender_refused"),
    ("mail", 553, "sender not owned", "refused", "sender", "sender_refused"),
    ("mail", 530, "5.7.0 authentication required", "refused", "sender", "auth_refused"),
    ("mail", 535, "5.7.8", "refused", "sender", "auth_refused"),
    ("mail", 500, "what?", "refused", "sender", "sender_refused"),
    ("mail", 550, "5.7.26 unauthenticated", "refused", "sender", "sender_unauthenticated"),
    # 4xx to RCPT: the recipient, but see the texts.
    ("rcpt", 421, "bye", "deferred", "host", "host_busy"),
    ("rcpt", 450, "4.2.1 receiving too fast", "deferred", "recipient", "mailbox_busy"),
    ("rcpt", 450, "4.2.0 busy", "deferred", "recipient", "mailbox_busy"),
    ("rcpt", 450, "4.2.0 <a@b.co>: Recipient address rejected: Greylisted", "deferred", "recipient", "greylisted"),
    ("rcpt", 452, "4.2.2 mailbox full", "deferred", "recipient", "mailbox_full"),
    ("rcpt", 451, "4.7.1 greylisted", "deferred", "recipient", "greylisted"),
    ("rcpt", 451, "4.7.1 try later", "deferred", "recipient", "greylisted"),
    ("rcpt", 452, "4.5.3 too many recipients", "deferred", "host", "host_busy"),
    ("rcpt", 452, "4.3.1 insufficient storage", "deferred", "host", "host_busy"),
    ("rcpt", 454, "rate exceeded", "deferred", "sender", "throttled"),
    ("rcpt", 450, "4.7.0 slow down", "deferred", "group", "throttled"),
    ("rcpt", 421, "4.7.28 Gmail has detected an unusual rate", "deferred", "group", "throttled"),
    ("rcpt", 451, "4.7.650 The mail server has been temporarily rate limited", "deferred", "group", "throttled"),
    ("rcpt", 421, "4.7.0 [TSS04] Messages temporarily deferred", "deferred", "group", "throttled"),
    ("rcpt", 421, "4.7.1 [TS03] permanently deferred", "deferred", "sender", "sender_blocked"),
    ("rcpt", 450, "whatever", "deferred", "recipient", "deferred"),
    ("rcpt", 499, "", "deferred", "recipient", "deferred"),
    # 5xx to RCPT.
    ("rcpt", 550, "5.1.1 no such user", "refused", "recipient", "mailbox_unknown"),
    ("rcpt", 550, "5.1.10 no such user", "refused", "recipient", "mailbox_unknown"),
    ("rcpt", 550, "5.1.2 bad domain", "refused", "recipient", "domain_unknown"),
    ("rcpt", 501, "5.1.3 bad syntax", "refused", "recipient", "malformed_address"),
    ("rcpt", 550, "5.1.8 Sender address rejected", "refused", "sender", "sender_refused"),
    ("rcpt", 550, "5.2.1 disabled", "refused", "recipient", "mailbox_disabled"),
    ("rcpt", 552, "5.2.2 full", "refused", "recipient", "mailbox_full"),
    ("rcpt", 552, "full", "refused", "recipient", "mailbox_full"),
    ("rcpt", 550, "5.4.1 Recipient address rejected", "refused", "recipient", "unroutable"),
    ("rcpt", 554, "5.7.1 Relay access denied", "deferred", "recipient", "policy"),
    ("rcpt", 550, "5.7.606 banned", "deferred", "recipient", "policy"),
    ("rcpt", 550, "5.7.26 unauthenticated", "refused", "sender", "sender_unauthenticated"),
    ("rcpt", 550, "5.7.515 Access denied", "refused", "sender", "sender_unauthenticated"),
    ("rcpt", 530, "5.7.1 Authentication required", "refused", "sender", "auth_refused"),
    ("rcpt", 503, "5.5.1 need MAIL first", "deferred", "host", "protocol_error"),
    ("rcpt", 550, "no", "refused", "recipient", "recipient_refused"),
    ("rcpt", 599, "", "refused", "recipient", "recipient_refused"),
    # DATA: like RCPT.
    ("data", 421, "bye", "deferred", "host", "host_busy"),
    ("data", 451, "later", "deferred", "recipient", "deferred"),
    ("data", 554, "5.5.1 no valid recipients", "refused", "recipient", "recipient_refused"),
    # The dot.
    ("dot", 250, "2.0.0 Ok: queued as 4F9D", "accepted", "recipient", "accepted"),
    ("dot", 200, "", "accepted", "recipient", "accepted"),
    ("dot", 421, "4.4.2 timeout", "deferred", "host", "host_busy"),
    ("dot", 451, "later", "deferred", "recipient", "deferred"),
    ("dot", 451, "4.7.1 later", "deferred", "recipient", "greylisted"),
    ("dot", 454, "Throttling failure: Maximum sending rate exceeded.", "deferred", "sender", "throttled"),
    ("dot", 421, "4.7.28 rate", "deferred", "group", "throttled"),
    ("dot", 452, "4.3.1 disk full", "deferred", "host", "host_busy"),
    ("dot", 552, "5.3.4 too big", "refused", "recipient", "content"),
    ("dot", 552, "5.2.3 too big", "refused", "recipient", "content"),
    ("dot", 552, "5.2.2 mailbox full", "refused", "recipient", "mailbox_full"),
    ("dot", 554, "5.6.0 bad structure", "refused", "recipient", "content"),
    ("dot", 554, "5.7.1 spam", "refused", "recipient", "content"),
    ("dot", 550, "5.1.1 no such user", "refused", "recipient", "mailbox_unknown"),
    ("dot", 550, "no", "refused", "recipient", "content"),
    ("dot", 550, "5.7.26 unauthenticated", "refused", "sender", "sender_unauthenticated"),
    ("dot", 550, "5.7.515 Access denied", "refused", "sender", "sender_unauthenticated"),
    # What fits nowhere.
    ("dot", 354, "go on", "in_doubt", "host", "reply_lost"),
    ("rcpt", 354, "go on", "not_sent", "host", "protocol_error"),
    ("data", 250, "ok", "not_sent", "host", "protocol_error"),
]


@pytest.mark.parametrize(
    ("stage", "number", "text", "verdict", "scope", "code"),
    ROWS,
    ids=[f"{row[0]}-{row[1]}-{row[2][:12]}" for row in ROWS],
)
def test_each_row_of_the_reply_tables_holds(stage, number, text, verdict, scope, code):
    found = smtp_verdict(SmtpStage(stage), parse_reply(number, text))

    assert (found.verdict.value, found.scope.value, found.code) == (verdict, scope, code)


def test_every_rule_is_reached_by_a_row():
    reached = {
        next(rule for rule in RULES if replies._fits(rule, SmtpStage(stage), parse_reply(number, text)))
        for stage, number, text, verdict, _, code in ROWS
        if 400 <= number <= 599
    }

    assert [rule for rule in RULES if rule not in reached] == []


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("4.7.1 greylisted", timedelta(minutes=5)),
        ("4.7.1 greylisted, come back in 00:02:00", timedelta(minutes=5)),
        ("4.7.1 greylisted, please try again in 600 seconds", timedelta(minutes=10)),
        ("4.7.1 greylisted for 15 minutes", timedelta(minutes=15)),
        ("4.7.1 wait 3h", timedelta(hours=3)),
        ("4.7.1 wait 99999 hours", timedelta(hours=24)),
    ],
)
def test_greylisting_waits_at_least_five_minutes_and_as_long_as_asked_within_a_day(text, wait):
    assert smtp_verdict(SmtpStage.RCPT, parse_reply(451, text)).retry_after == wait


def test_a_refusal_names_no_wait():
    assert smtp_verdict(SmtpStage.RCPT, parse_reply(550, "5.1.1 gone, try again in 5 minutes")).retry_after is None


@pytest.mark.parametrize(
    ("number", "text", "enhanced"),
    [
        (550, "5.1.1 no such user", "5.1.1"),
        (550, "5.7.515", "5.7.515"),
        (553, "sorry, no mailbox here by that name (#5.7.1)", "5.7.1"),
        (450, "5.1.1 says another class", None),
        (550, "10.5.1.1 is an address", None),
        (550, "5.1.1.7 is one too", None),
        (550, "no such user", None),
    ],
)
def test_the_enhanced_code_is_read_where_it_is_one(number, text, enhanced):
    assert parse_reply(number, text).enhanced == enhanced


texts = st.one_of(
    st.text(max_size=60),
    st.builds("{}.{}.{} {}".format, st.integers(2, 5), st.integers(0, 9), st.integers(0, 700), st.text(max_size=20)),
)


@given(st.sampled_from(SmtpStage), st.integers(200, 599), texts)
def test_no_reply_breaks_the_laws(stage, number, text):
    found = smtp_verdict(stage, parse_reply(number, text))

    is_early = stage in {SmtpStage.CONNECT, SmtpStage.EHLO, SmtpStage.STARTTLS, SmtpStage.AUTH}
    if is_early:
        assert found.verdict is Verdict.NOT_SENT
    if is_early or stage is SmtpStage.MAIL:
        assert found.scope is not Scope.RECIPIENT
    if stage is not SmtpStage.DOT:
        assert found.verdict not in {Verdict.ACCEPTED, Verdict.IN_DOUBT}
    if found.verdict is Verdict.ACCEPTED:
        assert 200 <= number <= 299
    if 400 <= number <= 499:
        assert found.verdict in {Verdict.DEFERRED, Verdict.NOT_SENT}
    assert found.code in SENTENCES
    assert found.retry_after is None or timedelta(0) <= found.retry_after <= timedelta(hours=24)


def test_every_code_has_a_sentence_and_every_mending_code_is_one():
    assert {rule.code for rule in RULES} <= set(SENTENCES)
    assert set(SENTENCES) >= MENDING_CODES
    assert describe_code("mailbox_full") == "The mailbox is full."
    assert describe_code("a_hosts_own") == "a_hosts_own"


@given(st.text(max_size=2000))
def test_what_a_provider_said_becomes_one_printable_line(text):
    line = printable_line(text)

    assert len(line) <= 500
    assert line.isprintable()
    assert printable_line(line) == line


def test_escape_sequences_and_addresses_do_not_reach_a_log():
    line = printable_line("550 \x1b[31m<ann.lee@example.com>\x1b[0m: \x1b]0;title\x07no\r\nsuch\tuser\x00\u202e")

    assert line == "550 <a…@example.com>: no such user"


@pytest.mark.parametrize("module", [replies, retry], ids=["replies", "retry"])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0
