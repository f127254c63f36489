"""Texts over HTTP against a real server: the laws of a transport, every bad answer, and where requests may go."""

import os
import ssl
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
import trustme

from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.message.outbound import OutboundMessage
from campaignkit.ports import SaysDoubtMax
from campaignkit.transports.egress import public_only
from campaignkit.transports.http import HttpTimeouts, TwilioTransport
from tests.transports.gateways import (
    CLOSE,
    DRIP,
    DRIP_BODY,
    HANG,
    RESET,
    Call,
    TinyGateway,
    answer,
    json_answer,
    text,
    texts,
)
from tests.transports.servers import Gate, mail

SID = "SM" + "0" * 32
ACCOUNT = "AC" + "0" * 32
TAKEN = json_answer(201, {"sid": SID, "status": "queued", "num_segments": "1"})
QUICK = HttpTimeouts(connect=1, write=1, read=0.3, pool=1, total=1)


def twilio(server: TinyGateway, **options: Any) -> TwilioTransport:
    settings: dict[str, Any] = {"base_url": server.url, "timeouts": QUICK, "connections": 1, **options}
    return TwilioTransport(ACCOUNT, "token", **settings)


def send(server: TinyGateway, batch: Sequence[OutboundMessage], gate: Gate | None = None, **options) -> list[Outcome]:
    transport = twilio(server, **options)
    try:
        return list(transport.send(batch, gate or Gate()))
    finally:
        transport.close()


def facts(outcome: Outcome) -> tuple[str, str, str]:
    return outcome.verdict.value, outcome.scope.value, outcome.code


class TestLaws:
    """What the port demands of every transport."""

    @pytest.mark.parametrize(("connections", "doubt_max"), [(1, None), (4, None), (1, 7), (4, 10)])
    def test_every_text_arrives_once_with_its_own_outcome(self, connections, doubt_max):
        gate = Gate()
        with TinyGateway(TAKEN) as server:
            outcomes = send(server, texts(20), gate, connections=connections, doubt_max=doubt_max)

        assert {facts(outcome) for outcome in outcomes} == {("accepted", "recipient", "accepted")}
        assert sorted(outcome.message_id for outcome in outcomes) == sorted(f"t{number}" for number in range(20))
        arrived = [parse_qs(call.body.decode())["To"][0] for call in server.calls]
        assert sorted(arrived) == sorted(f"+1212555{number:04}" for number in range(20))
        assert max(len(wave) for wave in gate.waves) == (doubt_max or connections)
        assert server.connection_count <= connections

    def test_at_most_so_many_are_under_way(self):
        with TinyGateway(TAKEN, answer_seconds=0.02) as server:
            outcomes = send(server, texts(24), connections=3, doubt_max=12)

        assert len(outcomes) == 24
        assert server.in_flight_max == 3

    @pytest.mark.parametrize("connections", [1, 3])
    def test_what_was_yielded_is_settled_before_the_next_wave_is_cleared(self, connections):
        settled: list[str] = []
        gate = Gate()

        def look() -> None:
            assert sum(len(wave) for wave in gate.waves[:-1]) == len(settled)

        gate.on_clear = look
        with TinyGateway(TAKEN) as server:
            transport = twilio(server, connections=connections)
            settled.extend(outcome.message_id for outcome in transport.send(texts(11), gate))
            transport.close()

        assert len(settled) == 11

    def test_nothing_has_arrived_while_leave_is_pending(self):
        with TinyGateway(TAKEN) as server:
            seen: list[int] = []
            gate = Gate(on_clear=lambda: seen.append(len(server.calls)))
            send(server, texts(6), gate, connections=2)

        assert seen == [0, 2, 4]

    @pytest.mark.parametrize("connections", [1, 4])
    def test_what_was_not_cleared_never_arrives(self, connections):
        gate = Gate(refused_ids=frozenset({"t1", "t3"}))
        with TinyGateway(TAKEN) as server:
            outcomes = {one.message_id: one for one in send(server, texts(5), gate, connections=connections)}

        assert len(server.calls) == 3
        assert {facts(outcomes[name]) for name in ("t1", "t3")} == {("not_sent", "recipient", "not_cleared")}

    @pytest.mark.parametrize("connections", [1, 4])
    def test_what_may_no_longer_cross_never_arrives(self, connections):
        gate = Gate(may_cross_answers=(True, False, True, False))
        with TinyGateway(TAKEN) as server:
            outcomes = send(server, texts(4), gate, connections=connections)

        assert len(server.calls) == 2
        assert (
            sorted(facts(one) for one in outcomes if one.verdict is not Verdict.ACCEPTED)
            == [("not_sent", "recipient", "permission_expired")] * 2
        )

    def test_leave_is_asked_for_after_connecting_and_before_the_first_byte(self):
        """A slow connection must not use up the permission that was looked at before."""
        received: list[int] = []
        with TinyGateway(TAKEN) as server:

            class Looking(Gate):
                def look(self) -> None:
                    received.append(server.connection_count)

            gate = Looking()
            permit = gate([text()])

            class Permit:
                messages = permit.messages

                def may_cross(self) -> bool:
                    deadline = time.monotonic() + 2
                    while server.connection_count == 0 and time.monotonic() < deadline:
                        time.sleep(0.001)
                    gate.look()
                    return False

            transport = twilio(server)
            (outcome,) = transport.send([text()], lambda prepared: Permit())
            transport.close()

        assert received == [1]
        assert server.calls == []
        assert outcome.code == "permission_expired"

    def test_a_clear_that_raises_sends_nothing(self):
        class BeginFailed(Exception):
            pass

        def fail() -> None:
            raise BeginFailed

        with TinyGateway(TAKEN) as server:
            transport = twilio(server, connections=3)
            with pytest.raises(BeginFailed):
                list(transport.send(texts(3), Gate(on_clear=fail)))
            after = list(transport.send(texts(2), Gate()))
            transport.close()

        assert len(server.calls) == 2
        assert [outcome.verdict for outcome in after] == [Verdict.ACCEPTED] * 2

    @pytest.mark.parametrize("connections", [1, 2])
    def test_a_consumer_that_stops_early_lets_nothing_more_cross(self, connections):
        gate = Gate()
        with TinyGateway(TAKEN, answer_seconds=0.05) as server:
            transport = twilio(server, connections=connections, doubt_max=10)
            sending = transport.send(texts(10), gate)
            next(iter(sending))
            sending.close()
            crossed = len(server.calls)
            time.sleep(0.1)
            transport.close()

        assert len(server.calls) == crossed == gate.crossed_count <= 2 * connections

    def test_clear_is_called_in_the_callers_thread(self):
        threads: list[int] = []
        with TinyGateway(TAKEN) as server:
            send(server, texts(6), Gate(on_clear=lambda: threads.append(threading.get_ident())), connections=3)

        assert set(threads) == {threading.get_ident()}

    def test_mail_is_no_text_and_one_id_for_two_is_a_bad_call(self):
        with TinyGateway(TAKEN) as server:
            transport = twilio(server)
            with pytest.raises(TypeError, match="OutboundText"):
                transport.send([mail()], Gate())
            with pytest.raises(ValueError, match="same id"):
                transport.send([text(1), text(1)], Gate())

        assert server.calls == []

    def test_an_empty_batch_opens_nothing(self):
        with TinyGateway(TAKEN) as server:
            assert send(server, []) == []

        assert server.connection_count == 0

    def test_it_says_how_many_may_end_in_doubt(self):
        with TinyGateway(TAKEN) as server:
            assert isinstance(twilio(server), SaysDoubtMax)
            assert twilio(server, connections=3).doubt_max == 3
            for wrong in (2, 101):
                with pytest.raises(ValueError, match="doubt_max"):
                    twilio(server, connections=3, doubt_max=wrong)


REFUSED_NUMBER = json_answer(400, {"code": 21211, "message": "Invalid 'To' +12125550000", "status": 400})

# F20 and its kin: what the server says, and what that proves.
F20 = [
    ("empty", answer(200), ("in_doubt", "host", "reply_unreadable")),
    ("no content", b"HTTP/1.1 204 No Content\r\n\r\n", ("in_doubt", "host", "reply_unreadable")),
    ("html", answer(200, "<html>Welcome to the hotel wifi</html>"), ("in_doubt", "host", "reply_unreadable")),
    ("truncated", TAKEN[:-10], ("in_doubt", "host", "reply_unreadable")),
    ("no id", json_answer(201, {"status": "queued"}), ("in_doubt", "host", "reply_unreadable")),
    ("strange id", json_answer(201, {"sid": "../../x"}), ("in_doubt", "host", "reply_unreadable")),
    ("id of another kind", json_answer(201, {"sid": {"a": 1}}), ("in_doubt", "host", "reply_unreadable")),
    ("compressed", answer(200, b"\x1f\x8b", "Content-Encoding: gzip"), ("in_doubt", "host", "reply_unreadable")),
    ("endless", answer(200, b"[" * 200_000), ("in_doubt", "host", "reply_unreadable")),
    ("deeply nested", answer(200, "[" * 60_000), ("in_doubt", "host", "reply_unreadable")),
    ("drips its body", DRIP_BODY, ("in_doubt", "host", "reply_unreadable")),
    ("301", answer(301, "", "Location: https://evil.example/"), ("in_doubt", "host", "reply_lost")),
    ("302", answer(302, "", "Location: /login"), ("in_doubt", "host", "reply_lost")),
    ("307", answer(307, "", "Location: /again"), ("in_doubt", "host", "reply_lost")),
    ("slow", HANG, ("in_doubt", "host", "reply_lost")),
    ("drips", DRIP, ("in_doubt", "host", "reply_lost")),
    ("hangs up", CLOSE, ("in_doubt", "host", "reply_lost")),
    ("resets", RESET, ("in_doubt", "host", "reply_lost")),
    ("babble", b"SSH-2.0-OpenSSH_9.6\r\n", ("in_doubt", "host", "reply_lost")),
    ("endless headers", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000, ("in_doubt", "host", "reply_lost")),
    ("408", answer(408), ("in_doubt", "host", "reply_lost")),
    ("409", answer(409), ("in_doubt", "host", "reply_lost")),
    ("425", answer(425), ("in_doubt", "host", "reply_lost")),
    ("500", answer(500), ("in_doubt", "host", "reply_lost")),
    ("500 with a code", json_answer(500, {"code": 21211}), ("in_doubt", "host", "reply_lost")),
    ("502", answer(502), ("in_doubt", "host", "reply_lost")),
    ("503", answer(503), ("in_doubt", "host", "reply_lost")),
    ("504", answer(504), ("in_doubt", "host", "reply_lost")),
    ("503 with a wait", answer(503, "", "Retry-After: 7"), ("deferred", "host", "host_busy")),
    ("429", answer(429), ("deferred", "sender", "throttled")),
    ("400", answer(400), ("not_sent", "sender", "request_refused")),
    ("401", answer(401), ("not_sent", "sender", "auth_refused")),
    ("402", answer(402), ("not_sent", "sender", "account_unpaid")),
    ("403", answer(403), ("not_sent", "sender", "auth_refused")),
    ("404", answer(404), ("not_sent", "sender", "gateway_unknown")),
    ("418", answer(418), ("not_sent", "sender", "request_refused")),
    ("400 that is cut", b"HTTP/1.1 400 No\r\nContent-Length: 9\r\n\r\n{", ("not_sent", "sender", "request_refused")),
    ("21211", REFUSED_NUMBER, ("refused", "recipient", "number_unknown")),
    ("21614", json_answer(400, {"code": 21614}), ("refused", "recipient", "number_not_textable")),
    ("21610", json_answer(400, {"code": 21610}), ("refused", "recipient", "opted_out")),
    ("21408", json_answer(403, {"code": 21408}), ("not_sent", "sender", "region_not_enabled")),
    ("21606", json_answer(400, {"code": 21606}), ("not_sent", "sender", "sender_refused")),
    ("20003", json_answer(401, {"code": 20003}), ("not_sent", "sender", "auth_refused")),
    ("20429", json_answer(429, {"code": 20429}), ("deferred", "sender", "throttled")),
    ("unknown code", json_answer(400, {"code": 99999}), ("not_sent", "sender", "request_refused")),
    ("code that is none", json_answer(400, {"code": "²"}), ("not_sent", "sender", "request_refused")),
]


@pytest.mark.parametrize(("said", "expected"), [row[1:] for row in F20], ids=[f"F20 {row[0]}" for row in F20])
def test_what_an_answer_proves(said, expected):
    with TinyGateway(said) as server:
        (outcome,) = send(server, [text()])

    assert facts(outcome) == expected
    assert len(server.calls) == 1  # whatever was said, nothing is repeated and no redirect followed
    assert outcome.provider_id is None
    assert outcome.parts_accepted is None


def test_a_wait_is_passed_on():
    with TinyGateway(answer(429, "", "Retry-After: 120")) as server:
        (outcome,) = send(server, [text()])

    assert outcome.retry_after == timedelta(minutes=2)


def test_what_nobody_listens_to_was_not_sent():
    with TinyGateway(TAKEN) as server:
        transport = twilio(server)
    (outcome,) = transport.send([text()], Gate())

    assert facts(outcome) == ("not_sent", "host", "connect_failed")


def test_a_name_that_is_unknown_was_not_sent():
    transport = TwilioTransport(ACCOUNT, "token", base_url="https://no-such-gateway.invalid", timeouts=QUICK)
    (outcome,) = transport.send([text()], Gate())

    assert facts(outcome) == ("not_sent", "host", "connect_failed")


@pytest.mark.parametrize("connections", [1, 3])
def test_trouble_with_the_account_stops_the_batch(connections):
    gate = Gate()
    with TinyGateway(answer(401)) as server:
        outcomes = send(server, texts(30), gate, connections=connections)

    assert {facts(outcome) for outcome in outcomes} == {("not_sent", "sender", "auth_refused")}
    assert len(outcomes) == 30
    assert len(server.calls) <= connections
    assert len(gate.waves) == 1


@pytest.mark.parametrize("connections", [1, 3])
def test_a_throttle_is_told_once_and_the_others_wait_with_it(connections):
    with TinyGateway([TAKEN, TAKEN, TAKEN, answer(429, "", "Retry-After: 60")]) as server:
        outcomes = send(server, texts(30), connections=connections)

    found = [facts(outcome) for outcome in outcomes if outcome.verdict is not Verdict.ACCEPTED]
    assert found[0] == ("deferred", "sender", "throttled")
    assert set(found[connections:]) == {("not_sent", "host", "throttled")}
    assert {one.retry_after for one in outcomes if one.verdict is not Verdict.ACCEPTED} == {timedelta(minutes=1)}
    assert len(server.calls) < 30


def test_three_doubts_in_a_row_stop_the_batch():
    with TinyGateway([TAKEN, CLOSE, CLOSE, TAKEN, CLOSE]) as server:
        outcomes = send(server, texts(30))

    verdicts = [outcome.verdict.value for outcome in outcomes]
    assert verdicts[:7] == ["accepted", "in_doubt", "in_doubt", "accepted", "in_doubt", "in_doubt", "in_doubt"]
    assert {facts(outcome) for outcome in outcomes[7:]} == {("not_sent", "host", "connection_lost")}
    assert len(server.calls) == 7


def test_a_refused_number_leaves_the_others_alone():
    with TinyGateway([TAKEN, REFUSED_NUMBER, TAKEN]) as server:
        outcomes = send(server, texts(4))

    assert [outcome.verdict.value for outcome in outcomes] == ["accepted", "refused", "accepted", "accepted"]
    assert outcomes[1].reply == "400 21211 Invalid 'To' …00"  # the number is not repeated


@pytest.mark.parametrize("words", ["", "nul\0", "half \ud83d of an emoji"])
def test_a_text_that_cannot_be_sent_concerns_only_itself(words):
    gate = Gate()
    with TinyGateway(TAKEN) as server:
        outcomes = send(server, [text(0), text(1, words=words), text(2, to="0143"), text(3)], gate)

    assert [outcome.code for outcome in outcomes] == ["accepted", "text_malformed", "number_malformed", "accepted"]
    assert gate.waves == [["t0"], ["t3"]]


def test_connections_are_kept_between_rounds():
    with TinyGateway(TAKEN) as server:
        transport = twilio(server, connections=2)
        for _ in range(5):
            assert len(list(transport.send(texts(4), Gate()))) == 4
        transport.close()

    assert server.connection_count <= 2


def test_a_connection_that_died_at_rest_is_replaced():
    with TinyGateway(lambda call: answer(201, TAKEN.partition(b"\r\n\r\n")[2], "Connection: close")) as server:
        outcomes = send(server, texts(3))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 3
    assert server.connection_count == 3


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # of Python 3.12: the servers are threads
def test_a_fork_opens_connections_of_its_own():
    with TinyGateway(TAKEN) as server:
        transport = twilio(server)
        list(transport.send(texts(1), Gate()))
        child = os.fork()
        if child == 0:
            outcomes = list(transport.send([text(7)], Gate()))
            os._exit(0 if outcomes[0].verdict is Verdict.ACCEPTED else 1)
        _, status = os.waitpid(child, 0)
        after = list(transport.send([text(8)], Gate()))
        transport.close()

    assert status == 0
    assert after[0].verdict is Verdict.ACCEPTED
    assert server.connection_count == 2
    assert len(server.calls) == 3


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)
    return server, client


def test_encrypted_with_a_certificate_that_is_known():
    of_server, of_client = contexts()
    with TinyGateway(TAKEN, tls=of_server) as server:
        outcomes = send(server, texts(3), ssl_context=of_client)

    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 3


def test_a_strange_certificate_stops_everything_before_a_byte():
    of_server, _ = contexts()
    with TinyGateway(TAKEN, tls=of_server) as server:
        outcomes = send(server, texts(3))

    assert {facts(outcome) for outcome in outcomes} == {("not_sent", "sender", "tls_failed")}
    assert server.calls == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_75_a_gateway_inside_is_refused_by_the_policy_before_connecting(host):
    with TinyGateway(TAKEN) as server:
        outcomes = send(
            server, texts(2), base_url=f"http://{host}:{server.port}", egress=public_only(80, 443, server.port)
        )

    assert {facts(outcome) for outcome in outcomes} == {("not_sent", "sender", "egress_refused")}
    assert server.connection_count == 0


@pytest.mark.parametrize(
    "url",
    [
        "ftp://gateway.example",
        "https://",
        "https://user:pass@gateway.example",
        "https://gateway.example/#x",
        "https://gateway.example:99999",
        "http://gateway.example",
        "https://gate way.example",
        "https://gateway.example\r\nX: y",
    ],
)
def test_a_url_that_would_leak_or_mislead_is_refused(url):
    with pytest.raises(ValueError, match=r"gateway|password") as caught:
        TwilioTransport(ACCOUNT, "token", base_url=url)

    assert "pass@" not in str(caught.value)


def test_nothing_secret_is_shown():
    transport = TwilioTransport(ACCOUNT, "s3cret")

    assert "s3cret" not in repr(transport)
    assert ACCOUNT not in repr(transport)


def test_what_twilio_is_told():
    def taken(call: Call) -> bytes:
        return json_answer(201, {"sid": SID, "num_segments": "3"})

    with TinyGateway(taken) as server:
        (outcome,) = send(
            server, [text(words="zażółć & 100%", parts=2)], status_callback="https://shop.example/sms?m=flora"
        )
        (call,) = server.calls

    assert (call.method, call.target) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert parse_qs(call.body.decode()) == {
        "To": ["+12125550000"],
        "From": ["Flora"],
        "Body": ["zażółć & 100%"],
        "StatusCallback": ["https://shop.example/sms?m=flora&message_id=t0"],
    }
    assert call.headers["authorization"].startswith("Basic ")
    assert call.headers["host"].startswith("localhost:")
    assert (outcome.provider_id, outcome.parts_accepted) == (SID, 3)


def test_what_twilio_shall_do_when_a_call_fails_stands_behind_our_id():
    with TinyGateway(json_answer(201, {"sid": SID})) as server:
        send(server, [text()], status_callback="https://shop.example/sms#rc=3&rp=5xx,ct,rt")

    (callback,) = parse_qs(server.calls[0].body.decode())["StatusCallback"]
    assert callback == "https://shop.example/sms?message_id=t0#rc=3&rp=5xx,ct,rt"


@pytest.mark.parametrize(
    "callback", ["", "#rc=3", "https://shop.example/sms#rc=3#rp=all", "https://shop.example/s#a b"]
)
def test_a_callback_that_is_no_url_is_refused(callback):
    with pytest.raises(ValueError, match=r"URL|overrides"):
        TwilioTransport(ACCOUNT, "token", status_callback=callback)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (json_answer(200, {"status": "active"}), (True, "")),
        (json_answer(200, {"status": "suspended"}), (False, "account_suspended")),
        (answer(401), (False, "auth_refused")),
        (answer(500), (False, "reply_lost")),
        (answer(200, "<html>"), (False, "gateway_unknown")),
        (CLOSE, (False, "connect_failed")),
    ],
)
def test_verify_asks_about_the_account_and_sends_nothing(said, expected):
    with TinyGateway(said) as server:
        transport = twilio(server)
        check = transport.verify()
        transport.close()

    assert (check.is_ready, check.code) == expected
    assert [call.method for call in server.calls] == ["GET"]


def test_scopes_are_those_of_the_port():
    """A gateway's trouble never uses up a recipient's attempts."""
    about_recipients = {expected[2] for _, _, expected in F20 if expected[1] == Scope.RECIPIENT}

    assert about_recipients == {"number_unknown", "number_not_textable", "opted_out"}


@pytest.mark.parametrize("first", range(0, 400, 50))
def test_a_connection_cut_after_any_byte_never_calls_unsent_what_arrived(first):
    for cut in range(first, first + 50, 3):
        with TinyGateway(TAKEN, cut_after_received=cut) as server:
            (outcome,) = send(server, [text()])

        assert facts(outcome) in {("in_doubt", "host", "reply_lost"), ("accepted", "recipient", "accepted")}
        assert (outcome.verdict is Verdict.ACCEPTED) <= (len(server.calls) == 1)


@pytest.mark.parametrize("cut", range(0, len(TAKEN), 7))
def test_an_answer_cut_after_any_byte_is_in_doubt(cut):
    with TinyGateway(TAKEN[:cut] or CLOSE, closes=True) as server:
        (outcome,) = send(server, [text()])

    assert outcome.verdict is Verdict.IN_DOUBT


@pytest.mark.parametrize(
    "surplus", [REFUSED_NUMBER, TAKEN, answer(500), b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n", b"x", b"0\r\n\r\n"]
)
@pytest.mark.parametrize("first", ["plain", "chunked"])
def test_an_answer_too_many_is_never_taken_for_the_next_ones(first, surplus):
    """F19 over HTTP: whatever else was said is not the answer to the next request."""
    body = TAKEN.partition(b"\r\n\r\n")[2]
    chunked = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    said = (TAKEN if first == "plain" else chunked) + surplus
    other = json_answer(201, {"sid": "SM" + "1" * 32})
    with TinyGateway([said, other, other]) as server:
        outcomes = send(server, texts(3))

    assert [outcome.provider_id for outcome in outcomes] == [SID, "SM" + "1" * 32, "SM" + "1" * 32]
    assert len(server.calls) == 3


def test_a_chunked_answer_keeps_its_connection():
    body = TAKEN.partition(b"\r\n\r\n")[2]
    chunked = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    with TinyGateway(chunked) as server:
        outcomes = send(server, texts(3))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 3
    assert server.connection_count == 1
