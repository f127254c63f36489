"""Encryption and accounts: what is never said in plain text, and whose trouble a refusal is."""

import ssl
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import AuthResult, LoginPassword

from campaignkit.delivery.outcomes import Scope, Verdict
from campaignkit.transports.smtp import SmtpTimeouts, SmtpTransport
from tests.transports.mailboxes import QUICK, plain, send, serve
from tests.transports.servers import Gate, TinySmtp, mail


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


def check_password(server, session, envelope, mechanism, auth_data) -> AuthResult:
    assert isinstance(auth_data, LoginPassword)
    is_known = (auth_data.login, auth_data.password) == (b"flora", "zażółć".encode())
    return AuthResult(success=is_known, handled=is_known)  # unhandled: the server itself says 535


ACCOUNT: dict[str, Any] = {"authenticator": check_password, "auth_required": True}


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
