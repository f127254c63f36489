"""The SMTP transport against a real server: waves, permission, encryption, accounts."""

import asyncio
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from tests.transports.servers import Gate, TinySmtp, mail, mails

from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.message.outbound import OutboundText
from campaignkit.transports.smtp import SmtpTimeouts, SmtpTransport

QUICK = SmtpTimeouts(connect=5, command=5, body=5, dot=5, quit=0.5)


class Mailbox:
    """What the server accepted: the recipient and the bytes, in order."""

    def __init__(self) -> None:
        self.accepted: list[tuple[str, bytes]] = []
        self.was_encrypted: list[bool] = []
        self.refusals: dict[str, str] = {}  # recipient → reply to RCPT
        self.dot_replies: dict[str, str] = {}  # recipient → reply to the dot

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        (recipient,) = envelope.rcpt_tos
        if recipient in self.dot_replies:
            return self.dot_replies[recipient]
        self.accepted.append((recipient, envelope.original_content))
        self.was_encrypted.append(session.ssl is not None)
        return f"250 2.0.0 Ok: queued as Q{len(self.accepted):04}"


class FreePortController(Controller):
    """A controller that takes any free port; aiosmtpd's own then knocks at port 0."""

    def _trigger_server(self):
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def serve(mailbox: Mailbox | None = None, **options) -> Iterator[tuple[int, Mailbox]]:
    mailbox = mailbox or Mailbox()
    controller = FreePortController(mailbox, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        yield controller.port, mailbox
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def plain(port: int, **options) -> SmtpTransport:
    return SmtpTransport("127.0.0.1", port, **{"security": "insecure_plaintext", "timeouts": QUICK, **options})


def send(transport: SmtpTransport, count: int = 1, gate: Gate | None = None) -> list[Outcome]:
    try:
        return list(transport.send(mails(count), gate or Gate()))
    finally:
        transport.close()


def check_password(server, session, envelope, mechanism, auth_data) -> AuthResult:
    assert isinstance(auth_data, LoginPassword)
    is_known = (auth_data.login, auth_data.password) == (b"flora", "zażółć".encode())
    return AuthResult(success=is_known, handled=is_known)  # unhandled: the server itself says 535


ACCOUNT: dict[str, Any] = {"authenticator": check_password, "auth_required": True}


# Waves ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("connections", [1, 3, 8])
def test_every_message_arrives_once_with_its_own_outcome(connections):
    gate = Gate()
    with serve() as (port, mailbox):
        outcomes = send(plain(port, connections=connections), 20, gate)

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert sorted(outcome.message_id for outcome in outcomes) == sorted(f"m{number}" for number in range(20))
    assert sorted(recipient for recipient, _ in mailbox.accepted) == sorted(f"c{n}@example.com" for n in range(20))
    assert {outcome.provider_id for outcome in outcomes} == {f"Q{number:04}" for number in range(1, 21)}
    assert max(len(wave) for wave in gate.waves) == connections
    assert sum(len(wave) for wave in gate.waves) == 20


def test_the_bytes_arrive_as_they_were_given():
    content = b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\nb.\r\n"
    with serve() as (port, mailbox):
        transport = plain(port)
        list(transport.send([mail(content=content)], Gate()))
        transport.close()

    assert mailbox.accepted[0][1] == content


@pytest.mark.parametrize("connections", [1, 4])
def test_what_was_yielded_is_settled_before_the_next_wave_is_cleared(connections):
    settled: list[str] = []
    gate = Gate()

    def look() -> None:
        assert sum(len(wave) for wave in gate.waves[:-1]) == len(settled)

    gate.on_clear = look
    with serve() as (port, _):
        transport = plain(port, connections=connections)
        for outcome in transport.send(mails(12), gate):
            time.sleep(0.002)  # a consumer that takes its time
            settled.append(outcome.message_id)
        transport.close()

    assert len(settled) == 12


def test_nothing_is_accepted_while_permission_is_pending():
    seen: list[int] = []
    with serve() as (port, mailbox):

        def look() -> None:
            time.sleep(0.1)
            seen.append(len(mailbox.accepted))

        send(plain(port, connections=3), 3, Gate(on_clear=look))

    assert seen == [0]


def test_what_was_not_cleared_is_never_accepted():
    gate = Gate(refused_ids=frozenset({"m1", "m3"}))
    with serve() as (port, mailbox):
        outcomes = {outcome.message_id: outcome for outcome in send(plain(port, connections=2), 5, gate)}

    assert {recipient for recipient, _ in mailbox.accepted} == {"c0@example.com", "c2@example.com", "c4@example.com"}
    for number in (1, 3):
        assert (outcomes[f"m{number}"].verdict, outcomes[f"m{number}"].code) == (Verdict.NOT_SENT, "not_cleared")


def test_what_may_no_longer_cross_is_never_accepted():
    gate = Gate(may_cross_answers=(True, False, True))
    with serve() as (port, mailbox):
        outcomes = send(plain(port, connections=3), 3, gate)

    assert len(mailbox.accepted) == 2
    assert [(one.verdict, one.code) for one in outcomes if one.verdict is not Verdict.ACCEPTED] == [
        (Verdict.NOT_SENT, "permission_expired")
    ]


class BeginFailed(Exception):
    pass


def test_a_clear_that_raises_leaves_no_dot_behind():
    def fail() -> None:
        raise BeginFailed

    with serve() as (port, mailbox):
        transport = plain(port, connections=3)
        with pytest.raises(BeginFailed):
            list(transport.send(mails(3), Gate(on_clear=fail)))
        after = send(transport, 2)

    assert [outcome.verdict for outcome in after] == [Verdict.ACCEPTED] * 2
    assert len(mailbox.accepted) == 2


def test_a_consumer_that_stops_early_leaves_no_dot_behind():
    gate = Gate()
    with serve() as (port, mailbox):
        transport = plain(port, connections=2)
        sending = transport.send(mails(10), gate)
        next(iter(sending))
        sending.close()
        transport.close()
        time.sleep(0.1)

    crossed = gate.crossed_count
    assert len(mailbox.accepted) <= crossed <= 2


def test_a_latecomer_joins_the_next_wave():
    class Slow(Mailbox):
        async def handle_RCPT(self, server, session, envelope, address, options):
            await asyncio.sleep(0.5 if address == "c1@example.com" else 0)
            return await super().handle_RCPT(server, session, envelope, address, options)

    gate = Gate()
    with serve(Slow()) as (port, _):
        outcomes = send(plain(port, connections=2, wave_wait_seconds=0.1), 2, gate)

    assert gate.waves == [["m0"], ["m1"]]
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}


def test_sessions_are_kept_between_rounds():
    with TinySmtp() as server:
        transport = plain(server.port, connections=2)
        for _ in range(5):
            assert len(list(transport.send(mails(4), Gate()))) == 4
        transport.close()

    assert server.connection_count == 2
    assert server.commands.count("QUIT") == 2


def test_clear_is_called_in_the_callers_thread():
    threads: list[int] = []
    with serve() as (port, _):
        send(plain(port), 3, Gate(on_clear=lambda: threads.append(threading.get_ident())))

    assert set(threads) == {threading.get_ident()}


def test_refusals_by_recipient_leave_the_others_alone():
    with serve() as (port, mailbox):
        mailbox.refusals = {"c1@example.com": "550 5.1.1 no such user", "c2@example.com": "451 4.7.1 greylisted"}
        mailbox.dot_replies = {"c3@example.com": "554 5.7.1 looks like spam"}
        outcomes = {outcome.message_id: outcome for outcome in send(plain(port, connections=2), 6)}

    found = {name: (outcome.verdict.value, outcome.code) for name, outcome in outcomes.items()}
    assert found == {
        "m0": ("accepted", "accepted"),
        "m1": ("refused", "mailbox_unknown"),
        "m2": ("deferred", "greylisted"),
        "m3": ("refused", "content"),
        "m4": ("accepted", "accepted"),
        "m5": ("accepted", "accepted"),
    }


def test_international_addresses_go_where_they_are_taken():
    batch = [mail(0, to="łódź@example.com"), mail(1)]
    with serve(enable_SMTPUTF8=True) as (port, mailbox):
        transport = plain(port)
        outcomes = list(transport.send(batch, Gate()))
        transport.close()
    with serve(enable_SMTPUTF8=False) as (port, _):
        transport = plain(port)
        refused = {outcome.message_id: outcome for outcome in transport.send(batch, Gate())}
        transport.close()

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert "łódź@example.com" in {recipient for recipient, _ in mailbox.accepted}
    assert (refused["m0"].verdict, refused["m0"].code) == (Verdict.REFUSED, "smtputf8_unsupported")
    assert refused["m1"].verdict is Verdict.ACCEPTED


def test_texts_are_no_mail():
    with pytest.raises(TypeError, match="OutboundEmail"):
        plain(25).send([OutboundText(message_id="t", sender="S", to="+12125550143", text="x")], Gate())


def test_an_empty_batch_opens_nothing():
    with TinySmtp() as server:
        assert send(plain(server.port), 0) == []

    assert server.connection_count == 0


# Encryption and accounts ------------------------------------------------------------------------------------------


def test_starttls_encrypts_before_anything_is_said(server_context, trusting):
    with serve(tls_context=server_context, require_starttls=True) as (port, mailbox):
        outcomes = send(SmtpTransport("localhost", port, ssl_context=trusting, timeouts=QUICK), 3)

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert mailbox.was_encrypted == [True] * 3


@pytest.mark.parametrize("connections", [1, 3])
def test_implicit_tls_carries_messages(server_context, trusting, connections):
    with TinySmtp(tls=server_context) as server:
        transport = SmtpTransport(
            "localhost", server.port, security="tls", ssl_context=trusting, timeouts=QUICK, connections=connections
        )
        outcomes = send(transport, 9)

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert len(server.accepted) == 9


def test_a_large_message_passes_through_tls(server_context, trusting):
    content = b"S: big\r\n\r\n" + b"0123456789abcdef\r\n" * 100_000
    with TinySmtp(tls=server_context) as server:
        transport = SmtpTransport("localhost", server.port, security="tls", ssl_context=trusting, timeouts=QUICK)
        (outcome,) = transport.send([mail(content=content)], Gate())
        transport.close()

    assert outcome.verdict is Verdict.ACCEPTED
    assert server.accepted == [content + b".\r\n"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(server_context, security):
    with serve(tls_context=server_context) as (starttls_port, mailbox), TinySmtp(tls=server_context) as server:
        port = starttls_port if security == "starttls" else server.port
        outcomes = send(SmtpTransport("localhost", port, security=security, timeouts=QUICK), 3)

    assert {(one.verdict, one.scope, one.code) for one in outcomes} == {(Verdict.NOT_SENT, Scope.SENDER, "tls_failed")}
    assert (mailbox.accepted, server.accepted) == ([], [])


def test_a_certificate_for_another_name_is_refused(authority, trusting):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("other.example").configure_cert(context)
    with serve(tls_context=context) as (port, mailbox):
        outcomes = send(SmtpTransport("localhost", port, ssl_context=trusting, timeouts=QUICK))

    assert [outcome.code for outcome in outcomes] == ["tls_failed"]
    assert mailbox.accepted == []


def test_without_starttls_nothing_is_said_in_plain_text():
    with TinySmtp(extensions=("PIPELINING", "AUTH PLAIN")) as server:
        transport = SmtpTransport("127.0.0.1", server.port, username="flora", password="secret", timeouts=QUICK)
        outcomes = send(transport, 3)

    assert {(one.verdict, one.scope, one.code) for one in outcomes} == {(Verdict.NOT_SENT, Scope.SENDER, "tls_failed")}
    assert [command.split()[0].upper() for command in server.commands] == ["EHLO"]


def test_plain_text_slipped_in_before_the_handshake_ends_it(trusting):
    injected = b"220 go ahead\r\n250-evil\r\n250 AUTH PLAIN\r\n"
    with TinySmtp(extensions=("STARTTLS",), replies={"STARTTLS": injected}) as server:
        outcomes = send(SmtpTransport("localhost", server.port, ssl_context=trusting, timeouts=QUICK))

    assert [(outcome.verdict, outcome.code) for outcome in outcomes] == [(Verdict.NOT_SENT, "tls_unavailable")]


@pytest.mark.parametrize("reply", [b"454 4.7.0 later\r\n", b"501 no\r\n", b"220 go\r\n"], ids=["454", "501", "no TLS"])
def test_a_handshake_that_fails_sends_nothing(reply, trusting):
    with TinySmtp(extensions=("STARTTLS",), replies={"STARTTLS": reply}) as server:
        transport = SmtpTransport("localhost", server.port, ssl_context=trusting, timeouts=SmtpTimeouts(command=0.3))
        outcomes = send(transport)

    assert [outcome.verdict for outcome in outcomes] == [Verdict.NOT_SENT]
    assert outcomes[0].scope is not Scope.RECIPIENT
    assert not any(command.startswith("MAIL") for command in server.commands)


@pytest.mark.parametrize("excluded", [[], ["PLAIN"]], ids=["PLAIN", "LOGIN"])
def test_an_account_logs_in_over_tls_with_any_letters(server_context, trusting, excluded):
    with serve(tls_context=server_context, **ACCOUNT, auth_exclude_mechanism=excluded) as (port, mailbox):
        transport = SmtpTransport(
            "localhost", port, username="flora", password="zażółć", ssl_context=trusting, timeouts=QUICK
        )
        assert transport.verify().is_ready
        outcomes = send(transport, 3)

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert len(mailbox.accepted) == 3


def test_a_wrong_password_concerns_the_sender_and_is_not_repeated(server_context, trusting):
    with serve(tls_context=server_context, **ACCOUNT) as (port, _):
        transport = SmtpTransport(
            "localhost", port, username="flora", password="wrong-one", ssl_context=trusting, timeouts=QUICK
        )
        check = transport.verify()
        outcomes = send(transport, 3)

    assert {(one.verdict, one.scope, one.code) for one in outcomes} == {
        (Verdict.NOT_SENT, Scope.SENDER, "auth_refused")
    }
    assert (check.is_ready, check.code) == (False, "auth_refused")
    assert "wrong" not in repr((outcomes, check, transport))


def test_a_server_without_a_way_to_log_in_concerns_the_sender(server_context, trusting):
    with serve(tls_context=server_context, auth_exclude_mechanism=["PLAIN", "LOGIN"]) as (port, _):
        transport = SmtpTransport(
            "localhost", port, username="flora", password="x", ssl_context=trusting, timeouts=QUICK
        )
        outcomes = send(transport)

    assert [(outcome.scope, outcome.code) for outcome in outcomes] == [(Scope.SENDER, "auth_unsupported")]


def test_an_account_that_must_log_in_but_does_not_stops_as_a_sender(server_context, trusting):
    with serve(tls_context=server_context, **ACCOUNT) as (port, _):
        outcomes = send(SmtpTransport("localhost", port, ssl_context=trusting, timeouts=QUICK), 2)

    assert {outcome.scope for outcome in outcomes} == {Scope.SENDER}
    assert outcomes[0].code == "auth_refused"


def test_verify_sends_nothing(server_context, trusting):
    with TinySmtp() as server:
        check = plain(server.port).verify()

    assert check.is_ready
    assert [command.split()[0].upper() for command in server.commands] == ["EHLO", "QUIT"]
