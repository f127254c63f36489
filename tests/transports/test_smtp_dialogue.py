"""One transaction without any I/O: whatever arrives, in whatever pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.delivery.outcomes import Scope, Verdict
from campaignkit.transports.smtp.dialogue import Phase, SmtpTransaction
from tests.transports.servers import mail

PIPELINING = frozenset({"pipelining", "8bitmime"})
HAPPY = b"250 ok\r\n250 ok\r\n354 go\r\n"
FAREWELLS = [b"250 2.0.0 Ok: queued as ABCD\r\n", b"554 5.7.1 spam\r\n", b"421 bye\r\n", b"nonsense\r\n", b""]


def drive(stream: tuple[bytes, bytes], sizes: list[int], extensions: frozenset[str]) -> tuple[SmtpTransaction, bytes]:
    """Play a server that says *stream* in pieces of *sizes*, and hangs up. Cross when ready."""
    transaction = SmtpTransaction(mail(), extensions=extensions)
    written = transaction.start()
    crossed = False
    before_dot, dot_reply = stream
    for part in (before_dot, dot_reply):
        start = 0
        for size in [*sizes, len(part)]:
            written += transaction.receive(part[start : start + size])
            start += size
        transaction.body_has_left()
        if transaction.phase is Phase.READY and not crossed:
            crossed = True
            written += transaction.cross()
    transaction.lose("connection_lost", "gone")
    return transaction, written


@given(
    st.lists(
        st.sampled_from([b"250 ok\r\n", b"354 go\r\n", b"550 5.1.1 no\r\n", b"451 no\r\n", b"421 x\r\n", b"?\r\n"])
    ),
    st.sampled_from(FAREWELLS),
    st.lists(st.integers(1, 9), max_size=20),
    st.sampled_from([PIPELINING, frozenset[str]()]),
)
def test_every_stream_ends_in_one_outcome_that_does_not_depend_on_its_pieces(replies, farewell, sizes, extensions):
    stream = (b"".join(replies), farewell)

    whole, written_whole = drive(stream, [], extensions)
    pieces, written_pieces = drive(stream, sizes, extensions)

    assert whole.outcome == pieces.outcome
    assert whole.outcome is not None
    has_dot = written_whole.endswith(b"\r\n.\r\n")
    assert has_dot == written_pieces.endswith(b"\r\n.\r\n")
    if not has_dot:
        assert whole.outcome.verdict not in {Verdict.ACCEPTED, Verdict.IN_DOUBT}


@pytest.mark.parametrize("extensions", [PIPELINING, frozenset[str]()], ids=["pipelining", "step by step"])
@pytest.mark.parametrize("cut", range(len(HAPPY) + 1))
def test_whatever_is_lost_before_the_dot_was_not_sent(cut, extensions):
    transaction = SmtpTransaction(mail(), extensions=extensions)
    transaction.start()
    transaction.receive(HAPPY[:cut])
    transaction.body_has_left()
    transaction.lose("connection_lost", "gone")

    assert transaction.outcome is not None
    assert (transaction.outcome.verdict, transaction.outcome.scope) == (Verdict.NOT_SENT, Scope.HOST)


def crossed() -> SmtpTransaction:
    transaction = SmtpTransaction(mail(), extensions=PIPELINING)
    transaction.start()
    transaction.receive(HAPPY)
    transaction.body_has_left()
    assert transaction.cross() == b".\r\n"
    return transaction


REPLY = b"250 2.0.0 Ok: queued as ABCD\r\n"


@pytest.mark.parametrize("cut", range(len(REPLY)))
def test_whatever_is_lost_after_the_dot_is_in_doubt(cut):
    transaction = crossed()
    transaction.receive(REPLY[:cut])
    transaction.lose("connection_lost", "gone")

    assert transaction.outcome is not None
    assert transaction.outcome.verdict is Verdict.IN_DOUBT
    assert transaction.outcome.code == "reply_lost"


def test_the_reply_to_the_dot_gives_the_queue_id_and_the_session_goes_on():
    transaction = crossed()
    transaction.receive(REPLY)

    assert transaction.outcome is not None
    assert transaction.outcome.provider_id == "ABCD"
    assert transaction.is_session_usable


def test_surplus_after_the_last_reply_makes_the_session_useless():
    transaction = crossed()
    transaction.receive(REPLY + b"250 what else\r\n")

    assert transaction.outcome is not None
    assert transaction.outcome.verdict is Verdict.ACCEPTED
    assert not transaction.is_session_usable


@pytest.mark.parametrize(
    ("early", "verdict", "code"),
    [
        (b"250 too early\r\n", Verdict.NOT_SENT, "protocol_error"),
        (b"250 half", Verdict.NOT_SENT, "protocol_error"),
        (b"552 5.3.4 too big\r\n", Verdict.REFUSED, "content"),
        (b"421 4.4.2 too slow\r\n", Verdict.DEFERRED, "host_busy"),
    ],
)
def test_a_server_that_speaks_before_the_dot_gets_none(early, verdict, code):
    transaction = SmtpTransaction(mail(), extensions=PIPELINING)
    transaction.start()
    transaction.receive(HAPPY)
    transaction.body_has_left()
    transaction.receive(early)
    dot = transaction.cross() if transaction.phase is Phase.READY else b""

    assert dot == b""
    assert transaction.outcome is not None
    assert (transaction.outcome.verdict, transaction.outcome.code) == (verdict, code)
    assert not transaction.is_session_usable


def test_a_refused_recipient_with_354_costs_the_session_and_without_it_only_a_reset():
    accepted_data = SmtpTransaction(mail(), extensions=PIPELINING)
    accepted_data.start()
    assert accepted_data.receive(b"250 ok\r\n550 5.1.1 no\r\n354 go\r\n") == b""
    refused_data = SmtpTransaction(mail(), extensions=PIPELINING)
    refused_data.start()
    refused_data.receive(b"250 ok\r\n550 5.1.1 no\r\n554 no valid recipients\r\n")

    assert accepted_data.outcome == refused_data.outcome
    assert not accepted_data.is_session_usable
    assert refused_data.is_session_usable
    assert refused_data.leaves_open
    again = SmtpTransaction(mail(), extensions=PIPELINING, needs_reset=True)
    assert again.start().startswith(b"RSET\r\nMAIL FROM")


def test_a_failed_reset_is_found_before_the_message_made_a_difference():
    transaction = SmtpTransaction(mail(), extensions=PIPELINING, needs_reset=True)
    transaction.start()
    transaction.receive(b"502 no\r\n")

    assert not transaction.has_begun
    assert not transaction.is_session_usable


def test_the_first_refusal_is_the_cause():
    transaction = SmtpTransaction(mail(), extensions=PIPELINING)
    transaction.start()
    transaction.receive(b"553 5.7.1 not yours\r\n503 need MAIL\r\n503 need RCPT\r\n")

    assert transaction.outcome is not None
    assert (transaction.outcome.verdict, transaction.outcome.scope) == (Verdict.REFUSED, Scope.SENDER)
    assert transaction.outcome.code == "sender_refused"


def test_international_addresses_need_a_server_that_takes_them():
    without = SmtpTransaction(mail(to="łódź@example.com"), extensions=PIPELINING)
    assert without.start() == b""
    taken = SmtpTransaction(mail(to="łódź@example.com"), extensions=PIPELINING | {"smtputf8"})

    assert "MAIL FROM:<flora@shop.example> SMTPUTF8\r\nRCPT TO:<łódź@example.com>\r\n".encode() in taken.start()
    assert without.outcome is not None
    assert (without.outcome.verdict, without.outcome.code) == (Verdict.REFUSED, "smtputf8_unsupported")
    assert without.is_session_usable


def test_eight_bit_content_is_announced():
    transaction = SmtpTransaction(mail(content="S: x\r\n\r\nł\r\n".encode()), extensions=PIPELINING)

    assert b" BODY=8BITMIME\r\n" in transaction.start()


def test_bytes_after_the_end_change_nothing_but_the_session():
    transaction = crossed()
    transaction.receive(REPLY)
    outcome = transaction.outcome
    transaction.receive(b"554 no\r\n")
    transaction.lose("connection_lost", "gone")

    assert transaction.outcome == outcome
    assert not transaction.is_session_usable
