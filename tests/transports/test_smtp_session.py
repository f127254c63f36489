"""One session without any I/O: whatever arrives, in whatever pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.message.outbound import OutboundEmail
from campaignkit.transports.smtp.dialogue import Phase
from campaignkit.transports.smtp.session import SmtpSession
from tests.transports.servers import mail

PIPELINING = frozenset({"pipelining", "8bitmime"})
HAPPY = b"250 ok\r\n250 ok\r\n354 go\r\n"
FAREWELLS = [b"250 2.0.0 Ok: queued as ABCD\r\n", b"554 5.7.1 spam\r\n", b"421 bye\r\n", b"nonsense\r\n", b""]


def begun(message: OutboundEmail | None = None, extensions: frozenset[str] = PIPELINING) -> tuple[SmtpSession, bytes]:
    """Return a session with a message under way, and what it wrote."""
    session = SmtpSession(extensions)
    return session, session.assign(message or mail())


def ready() -> SmtpSession:
    session, _ = begun()
    session.receive(HAPPY)
    session.body_has_left()
    assert is_in(session, Phase.READY)
    return session


def is_in(session: SmtpSession, phase: Phase) -> bool:
    return session.phase is phase


def outcomes_of(session: SmtpSession) -> list[Outcome]:
    return [transaction.outcome for transaction in session.finished if transaction.outcome is not None]


def outcome_of(session: SmtpSession) -> Outcome:
    (outcome,) = outcomes_of(session)
    return outcome


def drive(stream: tuple[bytes, bytes], sizes: list[int], extensions: frozenset[str]) -> tuple[SmtpSession, bytes]:
    """Play a server that says *stream* in pieces of *sizes*, and hangs up. Cross when ready."""
    session, written = begun(extensions=extensions)
    crossed = False
    before_dot, dot_reply = stream
    for part in (before_dot, dot_reply):
        start = 0
        for size in [*sizes, len(part)]:
            written += session.receive(part[start : start + size])
            start += size
        session.body_has_left()
        if is_in(session, Phase.READY) and not crossed:
            crossed = True
            written += session.cross()
    session.lose("connection_lost", "gone")
    return session, written


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

    outcome = outcome_of(whole)
    assert outcome == outcome_of(pieces)
    has_dot = written_whole.endswith(b"\r\n.\r\n")
    assert has_dot == written_pieces.endswith(b"\r\n.\r\n")
    if not has_dot:
        assert outcome.verdict not in {Verdict.ACCEPTED, Verdict.IN_DOUBT}


@pytest.mark.parametrize("extensions", [PIPELINING, frozenset[str]()], ids=["pipelining", "step by step"])
@pytest.mark.parametrize("cut", range(len(HAPPY) + 1))
def test_whatever_is_lost_before_the_dot_was_not_sent(cut, extensions):
    session, _ = begun(extensions=extensions)
    session.receive(HAPPY[:cut])
    session.body_has_left()
    session.lose("connection_lost", "gone")

    outcome = outcome_of(session)
    assert (outcome.verdict, outcome.scope) == (Verdict.NOT_SENT, Scope.HOST)


def crossed() -> SmtpSession:
    session = ready()
    assert session.cross() == b".\r\n"
    return session


REPLY = b"250 2.0.0 Ok: queued as ABCD\r\n"


@pytest.mark.parametrize("cut", range(len(REPLY)))
def test_whatever_is_lost_after_the_dot_is_in_doubt(cut):
    session = crossed()
    session.receive(REPLY[:cut])
    session.lose("connection_lost", "gone")

    outcome = outcome_of(session)
    assert (outcome.verdict, outcome.code) == (Verdict.IN_DOUBT, "reply_lost")


def test_the_reply_to_the_dot_gives_the_queue_id_and_the_session_goes_on():
    session = crossed()
    session.receive(REPLY)

    assert outcome_of(session).provider_id == "ABCD"
    assert session.is_usable


@pytest.mark.parametrize("surplus", [b"250 what else\r\n", b"250 wh"])
def test_surplus_after_the_last_reply_makes_the_session_useless(surplus):
    session = crossed()
    session.receive(REPLY + surplus)

    assert outcome_of(session).verdict is Verdict.ACCEPTED
    assert not session.is_usable


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
    session = ready()
    session.receive(early)
    dot = session.cross() if is_in(session, Phase.READY) else b""

    assert dot == b""
    outcome = outcome_of(session)
    assert (outcome.verdict, outcome.code) == (verdict, code)
    assert not session.is_usable


def test_a_server_that_refuses_the_body_together_with_asking_for_it_gets_none_of_it():
    session, _ = begun()

    assert session.receive(HAPPY + b"552 5.3.4 too big\r\n") == b""
    assert outcome_of(session).verdict is Verdict.REFUSED


def test_a_refused_recipient_with_354_costs_the_session_and_without_it_only_a_reset():
    accepted_data, _ = begun()
    assert accepted_data.receive(b"250 ok\r\n550 5.1.1 no\r\n354 go\r\n") == b""
    refused_data, _ = begun()
    refused_data.receive(b"250 ok\r\n550 5.1.1 no\r\n554 no valid recipients\r\n")

    assert outcomes_of(accepted_data) == outcomes_of(refused_data)
    assert not accepted_data.is_usable
    assert refused_data.is_usable
    assert refused_data.assign(mail(1)).startswith(b"RSET\r\nMAIL FROM")


def test_a_failed_reset_is_found_before_the_message_made_a_difference():
    session, _ = begun()
    session.receive(b"250 ok\r\n550 5.1.1 no\r\n554 no valid recipients\r\n")
    session.assign(mail(1))
    session.receive(b"502 no\r\n")

    refused, unlucky = session.finished
    assert not refused.is_stale
    assert unlucky.is_stale
    assert not session.is_usable


def test_the_first_refusal_is_the_cause():
    session, _ = begun()
    session.receive(b"553 5.7.1 not yours\r\n503 need MAIL\r\n503 need RCPT\r\n")

    outcome = outcome_of(session)
    assert (outcome.verdict, outcome.scope, outcome.code) == (Verdict.REFUSED, Scope.SENDER, "sender_refused")


def test_international_addresses_need_a_server_that_takes_them():
    without, written = begun(mail(to="łódź@example.com"))
    _, written_with = begun(mail(to="łódź@example.com"), PIPELINING | {"smtputf8"})

    assert written == b""
    assert "MAIL FROM:<flora@shop.example> SMTPUTF8\r\nRCPT TO:<łódź@example.com>\r\n".encode() in written_with
    outcome = outcome_of(without)
    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "smtputf8_unsupported")
    assert without.is_usable


def test_eight_bit_content_is_announced():
    _, written = begun(mail(content="S: x\r\n\r\nł\r\n".encode()))

    assert b" BODY=8BITMIME\r\n" in written


def test_bytes_after_the_end_change_nothing_but_the_session():
    session = crossed()
    session.receive(REPLY)
    outcome = outcome_of(session)
    session.receive(b"554 no\r\n")
    session.lose("connection_lost", "gone")

    assert outcome_of(session) == outcome
    assert not session.is_usable


# The envelope of the next message in one write with the dot. ---------------------------------------------------------


def test_the_next_envelope_follows_the_dot_at_once():
    session = ready()

    assert session.cross(mail(1)) == (b".\r\nMAIL FROM:<flora@shop.example>\r\nRCPT TO:<c1@example.com>\r\nDATA\r\n")
    assert session.receive(REPLY + HAPPY).endswith(b"hello\r\n")
    assert outcome_of(session).message_id == "m0"
    session.body_has_left()
    assert is_in(session, Phase.READY)


@pytest.mark.parametrize("extensions", [frozenset[str](), frozenset({"smtputf8"})])
def test_without_pipelining_nothing_follows_the_dot(extensions):
    assert not SmtpSession(extensions).allows_following(mail())


def test_an_address_that_some_servers_refuse_does_not_follow_the_dot():
    assert not SmtpSession(PIPELINING).allows_following(mail(to="łódź@example.com"))


def test_a_step_back_takes_the_following_message_back_too():
    session = ready()
    session.cross(mail(1))
    session.step_back()

    assert is_in(session, Phase.READY)
    assert session.message_count == 1
    assert session.cross() == b".\r\n"
    session.receive(REPLY)
    assert outcome_of(session).message_id == "m0"


BOTH = REPLY + HAPPY


@pytest.mark.parametrize("cut", range(len(BOTH) + 1))
def test_a_cut_after_the_dot_puts_one_message_in_doubt_at_most_and_never_the_following(cut):
    session = ready()
    session.cross(mail(1))
    session.receive(BOTH[:cut])
    session.lose("connection_lost", "gone")

    first, second = session.finished
    assert first.outcome is not None
    assert first.outcome.verdict is (Verdict.ACCEPTED if cut >= len(REPLY) else Verdict.IN_DOUBT)
    assert second.outcome is not None
    assert second.outcome.verdict is Verdict.NOT_SENT
    assert second.is_stale == (cut < len(REPLY) + len(b"250 ok\r\n"))  # nobody had answered its MAIL


ANSWERS = [REPLY, b"554 5.7.1 spam\r\n", b"451 later\r\n"]


@given(
    st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=5),
    st.lists(st.integers(1, 40), max_size=60),
    st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_a_row_of_messages_gets_the_verdicts_it_gets_one_by_one(replies, sizes, follows):
    session, _ = begun()
    stream, count = HAPPY, 1
    pieces = iter([*sizes, *[1000] * 100])
    while not is_in(session, Phase.DONE):
        while not is_in(session, Phase.DONE) and stream:
            size = next(pieces)
            session.receive(stream[:size])
            session.body_has_left()
            stream = stream[size:]
        if is_in(session, Phase.READY):
            has_next = count < len(replies)
            session.cross(mail(count) if has_next and follows[count - 1] else None)
            stream = replies[count - 1]
            if has_next and follows[count - 1]:
                stream, count = stream + HAPPY, count + 1
        elif is_in(session, Phase.DONE) and count < len(replies):
            session.assign(mail(count))
            stream, count = HAPPY, count + 1

    expected = {REPLY: Verdict.ACCEPTED, ANSWERS[1]: Verdict.REFUSED, ANSWERS[2]: Verdict.DEFERRED}
    assert [outcome.verdict for outcome in outcomes_of(session)] == [expected[reply] for reply in replies]
    assert [outcome.message_id for outcome in outcomes_of(session)] == [f"m{n}" for n in range(len(replies))]
    assert session.is_usable
