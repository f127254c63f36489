"""How a mail account is described, and what is refused before anything is connected."""

import doctest
import os
import socket
import subprocess
import sys
import time

import pytest

from campaignkit.delivery.outcomes import Verdict
from campaignkit.transports.smtp import SmtpTimeouts, SmtpTransport, allow_public, settings
from campaignkit.transports.smtp.settings import Security, parse_smtp_url
from tests.transports.servers import Gate, TinySmtp, mails


@pytest.mark.parametrize(
    ("url", "port", "security"),
    [
        ("smtp://mail.example", 587, Security.STARTTLS),
        ("smtp://mail.example:2525/", 2525, Security.STARTTLS),
        ("smtps://mail.example", 465, Security.TLS),
        ("smtp+insecure-plaintext://localhost", 25, Security.INSECURE_PLAINTEXT),
    ],
)
def test_the_scheme_says_how_it_is_encrypted(url, port, security):
    parsed = parse_smtp_url(url)

    assert (parsed["port"], parsed["security"]) == (port, security)


def test_names_and_passwords_may_hold_anything_when_escaped():
    parsed = parse_smtp_url("smtp://ann%40shop:p%2Fw%3A%40%C5%82@mail.example")

    assert (parsed["username"], parsed["password"]) == ("ann@shop", "p/w:@ł")


@pytest.mark.parametrize(
    "url",
    [
        "http://u:secret@mail.example",
        "smtp://",
        "smtp://u:secret@mail.example:secret",
        "smtp://u:secret@mail.example:99999",
        "smtp://u:secret@mail.example/path",
        "smtp://u:secret@mail.example?tls=no",
        "mail.example:587",
        "smtp://u@mail.example",
        "smtp://u:\u2100secret@mail.example",
        "smtp://[secret",
    ],
)
def test_a_url_that_is_none_is_refused_without_repeating_it(url):
    with pytest.raises(ValueError, match=r"URL|port|password") as caught:
        SmtpTransport.from_url(url)

    assert "secret" not in str(caught.value)


def test_a_password_never_travels_in_plain_text_to_another_machine():
    with pytest.raises(ValueError, match="plain text"):
        SmtpTransport.from_url("smtp+insecure-plaintext://u:pw@mail.example")
    SmtpTransport.from_url("smtp+insecure-plaintext://u:pw@127.0.0.1")
    SmtpTransport.from_url("smtp+insecure-plaintext://u:pw@localhost")


@pytest.mark.parametrize(
    "options",
    [
        {"host": ""},
        {"host": "a b"},
        {"port": 0},
        {"port": 70000},
        {"security": "none"},
        {"username": "u"},
        {"local_hostname": "a\r\nb"},
        {"connections": 0},
        {"messages_per_connection": 0},
        {"wave_wait_seconds": -1},
        {"idle_seconds": -1},
    ],
    ids=lambda options: next(iter(options)),
)
def test_nonsense_is_refused(options):
    with pytest.raises(ValueError, match=r".+"):
        SmtpTransport(**{"host": "mail.example", "port": 25, **options})


def test_timeouts_must_be_above_zero():
    assert SmtpTimeouts().dot == 600
    with pytest.raises(ValueError, match="dot"):
        SmtpTimeouts(dot=0)
    with pytest.raises(ValueError, match="connect"):
        SmtpTimeouts(connect=float("nan"))


def test_no_secret_is_shown():
    transport = SmtpTransport.from_url("smtp://flora:hunter2@mail.example")

    assert repr(transport) == "SmtpTransport('mail.example', 587, security='starttls')"
    assert "hunter2" not in repr(transport._settings)


@pytest.mark.parametrize(
    ("address", "port", "is_allowed"),
    [
        ("8.8.8.8", 587, True),
        ("2001:4860:4860::8888", 465, True),
        ("8.8.8.8", 22, False),
        ("127.0.0.1", 25, False),
        ("169.254.169.254", 25, False),
        ("10.0.0.1", 25, False),
        ("100.64.0.1", 25, False),
        ("0.0.0.0", 25, False),
        ("224.0.0.1", 25, False),
        ("::1", 25, False),
        ("::ffff:10.0.0.1", 25, False),
        ("::ffff:8.8.8.8", 25, True),
        ("64:ff9b::a00:1", 25, False),
        ("2002:0a00:0001::", 25, False),
        ("fe80::1", 25, False),
        ("fd00::1", 25, False),
    ],
)
def test_the_public_policy_keeps_merchants_out_of_the_hosts_network(address, port, is_allowed):
    assert allow_public(address, port) is is_allowed


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost.", "0x7f.1", "2130706433"])
def test_no_spelling_of_this_machine_passes_the_public_policy(host):
    with TinySmtp() as server:
        transport = SmtpTransport(host, server.port, security="insecure_plaintext", egress=allow_public)
        outcomes = list(transport.send(mails(2), Gate()))

    # Not every resolver knows "localhost."; what counts is that nothing connects.
    codes = {"egress_refused", "connect_failed"} if host.endswith(".") else {"egress_refused"}
    assert {outcome.verdict for outcome in outcomes} == {Verdict.NOT_SENT}
    assert {outcome.code for outcome in outcomes} <= codes
    assert server.connection_count == 0


def test_the_address_that_was_checked_is_the_one_connected_to():
    asked: list[tuple[str, int]] = []

    def remember(address: str, port: int) -> bool:
        asked.append((address, port))
        return address == "127.0.0.1"

    with TinySmtp() as server:
        transport = SmtpTransport("localhost", server.port, security="insecure_plaintext", egress=remember)
        outcomes = list(transport.send(mails(1), Gate()))
        transport.close()
        assert ("127.0.0.1", server.port) in asked

    assert outcomes[0].verdict is Verdict.ACCEPTED


def test_a_forked_child_opens_its_own_session_and_leaves_the_parents_alone():
    with TinySmtp() as server:
        transport = SmtpTransport("127.0.0.1", server.port, security="insecure_plaintext", connections=1)
        list(transport.send(mails(1), Gate()))
        child = os.fork()
        if child == 0:
            outcomes = list(transport.send(mails(1), Gate()))
            transport.close()
            os._exit(0 if outcomes[0].verdict is Verdict.ACCEPTED else 1)
        _, status = os.waitpid(child, 0)
        after = list(transport.send(mails(1), Gate()))
        transport.close()

    assert os.waitstatus_to_exitcode(status) == 0
    assert after[0].verdict is Verdict.ACCEPTED
    assert server.connection_count == 2  # the parent's went on


def test_the_name_in_ehlo_is_an_address_where_the_machine_has_no_full_name():
    with TinySmtp() as server:
        SmtpTransport("127.0.0.1", server.port, security="insecure_plaintext").verify()
        SmtpTransport("127.0.0.1", server.port, security="insecure_plaintext", local_hostname="pos.example").verify()

    names = [command.split()[1] for command in server.commands if command.upper().startswith("EHLO")]
    assert names[0] == (socket.gethostname() if "." in socket.gethostname() else "[127.0.0.1]")
    assert names[1] == "pos.example"


def test_importing_transports_loads_neither_smtp_nor_threads():
    code = (
        "import sys, campaignkit.transports as t; t.FakeEmail; t.FunctionTransport;"
        "print([name for name in ('smtplib', 'ssl') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_an_unknown_name_is_no_transport():
    import campaignkit.transports as transports

    with pytest.raises(AttributeError, match="Pigeon"):
        _ = transports.PigeonTransport


def test_examples_in_docstrings_hold():
    assert doctest.testmod(settings).failed == 0


def test_a_deadline_bounds_the_whole_connect():
    started = time.monotonic()
    transport = SmtpTransport(
        "192.0.2.1", 25, security="insecure_plaintext", timeouts=SmtpTimeouts(connect=0.2)
    )  # documentation addresses answer nobody
    outcomes = list(transport.send(mails(3), Gate()))

    assert {(outcome.verdict, outcome.code) for outcome in outcomes} == {(Verdict.NOT_SENT, "connect_failed")}
    assert time.monotonic() - started < 2
