"""A server that refuses, stalls, babbles or hangs up at every stage."""

import socket
import time
from datetime import timedelta

import pytest

from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.transports.smtp import SmtpTimeouts, SmtpTransport
from tests.transports.servers import CLOSE, HANG, Gate, TinySmtp, mail, mails

QUICK = SmtpTimeouts(connect=0.3, command=0.3, body=0.3, dot=0.3, quit=0.2)


def transport_to(port: int, **options) -> SmtpTransport:
    settings = {"security": "insecure_plaintext", "timeouts": QUICK, "connections": 1, "wave_wait_seconds": 0.1}
    return SmtpTransport("127.0.0.1", port, **{**settings, **options})


def send(server: TinySmtp, count: int = 1, gate: Gate | None = None, **options) -> list[Outcome]:
    transport = transport_to(server.port, **options)
    try:
        return list(transport.send(mails(count), gate or Gate()))
    finally:
        transport.close()


def facts(outcome: Outcome) -> tuple[str, str, str]:
    return outcome.verdict.value, outcome.scope.value, outcome.code


STAGES = [
    ("CONNECT", b"421 busy\r\n", ("not_sent", "host", "host_busy")),
    ("CONNECT", b"554 no\r\n", ("not_sent", "host", "host_refused")),
    ("CONNECT", HANG, ("not_sent", "host", "connect_failed")),
    ("CONNECT", CLOSE, ("not_sent", "host", "connect_failed")),
    ("CONNECT", b"SSH-2.0-OpenSSH_9.6\r\n", ("not_sent", "host", "connect_failed")),
    ("CONNECT", b"220-x\r\n" * 200_000, ("not_sent", "host", "connect_failed")),
    ("EHLO", b"421 busy\r\n", ("not_sent", "host", "host_busy")),
    ("EHLO", b"550 no\r\n", ("not_sent", "host", "host_refused")),
    ("EHLO", HANG, ("not_sent", "host", "connect_failed")),
    ("EHLO", b"250 a\r\n250 b\r\n", ("not_sent", "host", "connect_failed")),
    ("MAIL", b"421 busy\r\n", ("not_sent", "host", "host_busy")),
    ("MAIL", b"451 later\r\n", ("not_sent", "host", "host_busy")),
    ("MAIL", b"550 5.7.1 no\r\n", ("refused", "sender", "sender_refused")),
    ("MAIL", HANG, ("not_sent", "host", "timed_out")),
    ("MAIL", CLOSE, ("not_sent", "host", "connection_lost")),
    ("MAIL", b"babble\r\n", ("not_sent", "host", "protocol_error")),
    ("RCPT", b"421 busy\r\n", ("deferred", "host", "host_busy")),
    ("RCPT", b"451 4.7.1 greylisted\r\n", ("deferred", "recipient", "greylisted")),
    ("RCPT", b"550 5.1.1 no\r\n", ("refused", "recipient", "mailbox_unknown")),
    ("RCPT", b"550 5.7.1 no\r\n", ("deferred", "recipient", "policy")),
    ("RCPT", HANG, ("not_sent", "host", "timed_out")),
    ("RCPT", CLOSE, ("not_sent", "host", "connection_lost")),
    ("DATA", b"421 busy\r\n", ("deferred", "host", "host_busy")),
    ("DATA", b"451 later\r\n", ("deferred", "recipient", "deferred")),
    ("DATA", b"554 no\r\n", ("refused", "recipient", "recipient_refused")),
    ("DATA", b"250 what\r\n", ("not_sent", "host", "protocol_error")),
    ("DATA", HANG, ("not_sent", "host", "timed_out")),
    ("DOT", b"421 busy\r\n", ("deferred", "host", "host_busy")),
    ("DOT", b"451 later\r\n", ("deferred", "recipient", "deferred")),
    ("DOT", b"454 Throttling failure\r\n", ("deferred", "sender", "throttled")),
    ("DOT", b"554 5.7.1 spam\r\n", ("refused", "recipient", "content")),
    ("DOT", HANG, ("in_doubt", "host", "reply_lost")),
    ("DOT", CLOSE, ("in_doubt", "host", "reply_lost")),
    ("DOT", b"babble\r\n", ("in_doubt", "host", "reply_lost")),
    ("DOT", b"354 again\r\n", ("in_doubt", "host", "reply_lost")),
    ("DOT", b"250-x\r\n" * 200_000, ("in_doubt", "host", "reply_lost")),
    ("DOT", b"x" * 10_000_000, ("in_doubt", "host", "reply_lost")),
]


@pytest.mark.parametrize("extensions", [("PIPELINING",), ("HELP",)], ids=["pipelining", "step by step"])
@pytest.mark.parametrize(
    ("stage", "reply", "expected"), STAGES, ids=[f"{stage}-{reply[:12].decode().strip()}" for stage, reply, _ in STAGES]
)
def test_trouble_at_each_stage_has_its_verdict(stage, reply, expected, extensions):
    with TinySmtp(replies={stage: reply}, extensions=extensions) as server:
        outcomes = send(server)

    assert [facts(outcome) for outcome in outcomes] == [expected]
    if stage != "DOT":
        assert server.accepted == []


def test_a_busy_host_is_not_asked_again_in_the_same_batch():
    with TinySmtp(replies={"MAIL": [b"", b"421 4.3.2 try again in 5 minutes\r\n"]}) as server:
        outcomes = send(server, 5)

    assert outcomes[0].verdict is Verdict.ACCEPTED
    assert [facts(outcome) for outcome in outcomes[1:]] == [("not_sent", "host", "host_busy")] * 4
    assert {outcome.retry_after for outcome in outcomes[1:]} == {timedelta(minutes=5)}
    assert sum(command.startswith("MAIL") for command in server.commands) == 3  # the last on a new session


def test_a_refused_sender_stops_the_batch_and_fails_nobody():
    with TinySmtp(replies={"MAIL": b"553 5.7.1 not yours\r\n"}) as server:
        outcomes = send(server, 4)

    assert facts(outcomes[0]) == ("refused", "sender", "sender_refused")
    assert [facts(outcome) for outcome in outcomes[1:]] == [("not_sent", "sender", "sender_refused")] * 3
    assert sum(command.startswith("MAIL") for command in server.commands) == 1


def test_a_group_that_is_throttled_lets_other_domains_go_on():
    batch = [mail(0, to="a@gmail.com"), mail(1, to="b@gmail.com"), mail(2, to="c@other.example")]
    with TinySmtp(replies={"RCPT": [b"450 4.7.28 slow down\r\n", b""]}) as server:
        transport = transport_to(server.port)
        outcomes = {outcome.message_id: facts(outcome) for outcome in transport.send(batch, Gate())}
        transport.close()

    assert outcomes["m0"] == ("deferred", "group", "throttled")
    assert outcomes["m1"] == ("not_sent", "group", "throttled")
    assert outcomes["m2"] == ("accepted", "recipient", "accepted")


def test_one_refused_recipient_leaves_the_session_to_the_others():
    replies = {"RCPT": [b"", b"550 5.1.1 no\r\n", b""], "DATA": [b"", b"554 no valid recipients\r\n", b""]}
    with TinySmtp(replies=replies) as server:
        outcomes = send(server, 3)

    assert [outcome.verdict.value for outcome in outcomes] == ["accepted", "refused", "accepted"]
    assert server.connection_count == 1
    assert "RSET" in server.commands


def test_a_refused_recipient_with_354_gets_no_dot_and_a_new_session_carries_on():
    with TinySmtp(replies={"RCPT": [b"550 5.1.1 no\r\n", b""]}) as server:
        outcomes = send(server, 2)

    assert [outcome.verdict.value for outcome in outcomes] == ["refused", "accepted"]
    assert server.connection_count == 2
    assert len(server.accepted) == 1


def test_one_message_that_breaks_connections_does_not_stop_the_others():
    with TinySmtp(replies={"BODY": [b"", CLOSE, b""]}, extensions=("PIPELINING",)) as server:
        outcomes = send(server, 4)

    assert [outcome.verdict.value for outcome in outcomes] == ["accepted", "not_sent", "accepted", "accepted"]


def test_a_host_that_keeps_losing_replies_is_left_alone_after_three():
    with TinySmtp(replies={"DOT": CLOSE}) as server:
        outcomes = send(server, 6)

    assert [outcome.verdict.value for outcome in outcomes] == ["in_doubt"] * 3 + ["not_sent"] * 3
    assert len(server.accepted) == 3


def test_a_host_that_cannot_be_reached_releases_everything_at_once():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    started = time.monotonic()
    outcomes = list(transport_to(port, connections=8).send(mails(50), Gate()))

    assert [facts(outcome) for outcome in outcomes] == [("not_sent", "host", "connect_failed")] * 50
    assert [outcome.message_id for outcome in outcomes] == [f"m{number}" for number in range(50)]
    assert time.monotonic() - started < 5


def test_a_hanging_connect_costs_one_timeout_not_one_per_message():
    with TinySmtp(replies={"CONNECT": HANG}) as server:
        outcomes = send(server, 20)

    assert {facts(outcome) for outcome in outcomes} == {("not_sent", "host", "connect_failed")}
    assert server.connection_count == 1


def test_the_sessions_that_could_be_opened_carry_the_batch():
    with TinySmtp(replies={"CONNECT": [b"", b"", b"421 4.7.0 too many connections\r\n"]}) as server:
        outcomes = send(server, 7, connections=4)

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert server.connection_count == 3


def test_a_host_name_that_does_not_exist_is_a_host_that_cannot_be_reached():
    transport = SmtpTransport("nowhere.invalid", 25, security="insecure_plaintext", timeouts=QUICK)
    outcomes = list(transport.send(mails(2), Gate()))

    assert {(outcome.scope, outcome.code) for outcome in outcomes} == {(Scope.HOST, "connect_failed")}
    assert not transport.verify().is_ready


def test_a_server_that_hangs_up_while_permission_is_pending_is_asked_for_nothing():
    gate = Gate()
    with TinySmtp() as server:
        gate.on_clear = lambda: server._connections[-1].shutdown(socket.SHUT_RDWR)
        outcomes = send(server, 1, gate)

    assert [facts(outcome) for outcome in outcomes] == [("not_sent", "host", "connection_lost")]
    assert gate.crossed_count == 0


def test_a_session_that_died_at_rest_is_replaced_without_an_outcome():
    with TinySmtp() as server:
        transport = transport_to(server.port)
        first = list(transport.send(mails(1), Gate()))
        server._connections[0].shutdown(socket.SHUT_RDWR)
        second = list(transport.send(mails(1), Gate()))
        transport.close()

    assert [outcome.verdict.value for outcome in first + second] == ["accepted", "accepted"]
    assert server.connection_count == 2


@pytest.mark.parametrize("farewell", [b"421 4.4.2 idle\r\n", CLOSE], ids=["421", "closed"])
def test_a_session_that_says_goodbye_to_the_next_mail_is_replaced_once(farewell):
    with TinySmtp(replies={"MAIL": [b"", farewell, b""]}) as server:
        outcomes = send(server, 3)

    assert [outcome.verdict.value for outcome in outcomes] == ["accepted"] * 3
    assert server.connection_count == 2


def test_a_new_session_that_says_goodbye_too_is_believed():
    with TinySmtp(replies={"MAIL": [b"", b"421 busy\r\n"]}) as server:
        outcomes = send(server, 3)

    assert facts(outcomes[0])[0] == "accepted"
    assert [facts(outcome) for outcome in outcomes[1:]] == [("not_sent", "host", "host_busy")] * 2
    assert server.connection_count == 2


def test_a_failing_quit_changes_nothing():
    with TinySmtp(replies={"QUIT": CLOSE}) as server:
        outcomes = send(server)

    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED]


def test_a_server_that_drips_cannot_hold_a_session_for_ever():
    with TinySmtp(replies={"MAIL": b"250-", "RCPT": HANG}, extensions=("PIPELINING",)) as server:
        started = time.monotonic()
        outcomes = send(server)

    assert facts(outcomes[0]) == ("not_sent", "host", "timed_out")
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("extensions", [("PIPELINING",), ("HELP",)], ids=["pipelining", "step by step"])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "DOT"])
def test_replies_out_of_step_never_pass_for_acceptance(stage, extensions):
    usual = b"354 go\r\n" if stage == "DATA" else b"250 ok\r\n"
    replies = {stage: usual + b"250 ok\r\n", "DOT": b"250 ok\r\n250 ok\r\n" if stage == "DOT" else b"554 no\r\n"}
    with TinySmtp(replies=replies, extensions=extensions) as server:
        outcomes = send(server, 4)

    if stage == "DOT":
        # The surplus is found at the next mail at the latest, and before that has a dot.
        accepted = [outcome for outcome in outcomes if outcome.verdict is Verdict.ACCEPTED]
        assert len(accepted) == len(server.accepted) >= 2
        assert {facts(outcome) for outcome in outcomes if outcome not in accepted} <= {
            ("not_sent", "host", "protocol_error")
        }
    else:
        assert Verdict.ACCEPTED not in {outcome.verdict for outcome in outcomes}


def test_a_session_is_closed_after_its_share_of_messages():
    with TinySmtp() as server:
        outcomes = send(server, 6, messages_per_connection=2)

    assert len(outcomes) == 6
    assert server.connection_count == 3
    assert server.commands.count("QUIT") == 3


def test_a_long_rest_ends_a_session():
    with TinySmtp() as server:
        transport = transport_to(server.port, idle_seconds=0)
        list(transport.send(mails(1), Gate()))
        list(transport.send(mails(1), Gate()))
        transport.close()

    assert server.connection_count == 2


def test_a_large_message_fills_the_pipe_and_still_arrives_whole():
    content = b"S: big\r\n\r\n" + b".line of text\r\n" * 400_000
    with TinySmtp() as server:
        transport = transport_to(server.port, timeouts=SmtpTimeouts(body=20, dot=20))
        outcomes = list(transport.send([mail(content=content)], Gate()))
        transport.close()

    assert outcomes[0].verdict is Verdict.ACCEPTED
    assert len(server.accepted[0]) == len(content) + 400_000 + len(b".\r\n")


def test_a_malformed_address_concerns_only_itself():
    batch = [mail(0), mail(1, to="a@b.co\r\nRCPT TO:<x@evil.example>"), mail(2, to="a b@c.co"), mail(3)]
    with TinySmtp() as server:
        transport = transport_to(server.port)
        outcomes = {outcome.message_id: facts(outcome) for outcome in transport.send(batch, Gate())}
        transport.close()

    assert outcomes["m0"] == outcomes["m3"] == ("accepted", "recipient", "accepted")
    assert outcomes["m1"] == outcomes["m2"] == ("refused", "recipient", "malformed_address")
    assert not any("evil" in command for command in server.commands)


def test_replies_come_back_printable_and_without_addresses():
    with TinySmtp(replies={"RCPT": b"550 5.1.1 \x1b[31m<c0@example.com>\x07: no " + b"x" * 900 + b"\r\n"}) as server:
        (outcome,) = send(server)

    assert outcome.reply.isprintable()
    assert len(outcome.reply) == 500
    assert outcome.reply.startswith("550 5.1.1 <c…@example.com> : no x")
