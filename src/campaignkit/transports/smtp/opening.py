"""Opening an SMTP session: settings in, a socket on which MAIL may be said out. Touches the network; it blocks.

The standard library's ``smtplib`` speaks EHLO and STARTTLS; its way of reading replies is replaced, since it reads
without end, and its log-in, since it takes ASCII passwords only.
Sources: RFC 5321, RFC 3207 (STARTTLS), RFC 4954 (AUTH).
"""

import base64
import smtplib
import socket
import ssl
import time
from typing import NoReturn

import attrs

from campaignkit.delivery.outcomes import Scope, Verdict
from campaignkit.delivery.replies import (
    ReplyVerdict,
    SmtpReply,
    SmtpStage,
    parse_reply,
    printable_line,
    smtp_verdict,
)
from campaignkit.transports.smtp.settings import Security, SmtpSettings
from campaignkit.transports.smtp.wire import ReplyReader, UnreadableReply

__all__ = ["OpenSession", "SessionUnavailable", "open_session"]

RECEIVE_SIZE = 65536  # bytes asked of the kernel at a time


class SessionUnavailable(Exception):
    """No session could be opened; *verdict* says whose trouble that is. Nothing was sent."""

    def __init__(self, verdict: ReplyVerdict, reply: str) -> None:
        super().__init__(verdict.code)
        self.verdict = verdict
        self.reply = printable_line(reply)


@attrs.frozen
class OpenSession:
    """A socket on which nothing is under way, and what the server offers."""

    socket: socket.socket
    extensions: frozenset[str]  # lower case


def open_session(settings: SmtpSettings) -> OpenSession:
    """Connect, say EHLO, encrypt, log in.

    Raises:
        SessionUnavailable: something of that failed; nothing is left open.
    """
    client = _connect(settings)
    try:
        _greet(client)
        if settings.security is Security.STARTTLS:
            _encrypt(client, settings)
        if settings.username is not None:
            _log_in(client, settings.username, settings.password or "")
    except BaseException:
        client.close()
        raise
    assert client.sock is not None
    return OpenSession(client.sock, frozenset(client.esmtp_features))


def _unavailable(code: str, scope: Scope, reply: str) -> SessionUnavailable:
    return SessionUnavailable(ReplyVerdict(verdict=Verdict.NOT_SENT, scope=scope, code=code), reply)


def _refuse(stage: SmtpStage, reply: SmtpReply) -> NoReturn:
    raise SessionUnavailable(smtp_verdict(stage, reply), f"{reply.code} {reply.text}")


class _Client(smtplib.SMTP):
    """smtplib with a bounded reader, one deadline per reply, and our own way to connect."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._replies = ReplyReader()
        self._seconds = settings.timeouts.connect
        # Without a name smtplib would ask DNS for the machine's own, which takes seconds where DNS is broken.
        super().__init__(local_hostname=settings.local_hostname or "localhost", timeout=settings.timeouts.connect)
        # smtplib checks the certificate against this name; its own constructor sets it only while connecting.
        self._host = settings.host

    def open(self) -> SmtpReply:
        """Connect and return the greeting."""
        settings = self._settings
        self.sock = _connect_socket(settings)
        if settings.security is Security.TLS:
            self.sock = _context_of(settings).wrap_socket(self.sock, server_hostname=settings.host)
        if settings.local_hostname is None:
            self.local_hostname = _own_name(self.sock)
        greeting = self._read_reply()
        self._seconds = settings.timeouts.command
        return greeting

    def getreply(self) -> tuple[int, bytes]:
        """Return the next reply in smtplib's form, its lines joined by line feeds."""
        reply = self._read_reply()
        return reply.code, reply.text.encode("utf-8", "replace")

    def ask(self, command: str) -> SmtpReply:
        """Say *command* and return the reply."""
        self.putcmd(command)
        return self._read_reply()

    def _read_reply(self) -> SmtpReply:
        assert self.sock is not None
        deadline = time.monotonic() + self._seconds
        while True:
            seconds_left = deadline - time.monotonic()
            if seconds_left <= 0:
                raise TimeoutError("the server did not answer in time")
            self.sock.settimeout(seconds_left)
            received = self.sock.recv(RECEIVE_SIZE)
            if not received:
                raise ConnectionResetError("the server closed the connection")
            replies = list(self._replies.feed(received))
            if replies:
                self.sock.settimeout(self._seconds)
                return self._only(replies)

    def _only(self, replies: list[SmtpReply]) -> SmtpReply:
        # Nothing is pipelined here, so what follows one reply was put there by somebody else: most of all before TLS.
        if len(replies) > 1 or not self._replies.is_empty:
            raise UnreadableReply("the server spoke out of turn")
        return replies[0]


def _connect(settings: SmtpSettings) -> _Client:
    client = _Client(settings)
    try:
        greeting = client.open()
    except ssl.SSLError as error:
        client.close()
        raise _tls_trouble(error) from error
    except (OSError, UnreadableReply, UnicodeError) as error:
        client.close()
        raise _unavailable("connect_failed", Scope.HOST, str(error)) from error
    except BaseException:
        client.close()
        raise
    if greeting.code != 220:
        client.close()
        _refuse(SmtpStage.CONNECT, greeting)
    return client


def _connect_socket(settings: SmtpSettings) -> socket.socket:
    """Return a connected socket; the address that the egress policy saw is the one that is connected to."""
    found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    allowed = [entry for entry in found if settings.egress(str(entry[4][0]), settings.port)]
    if not allowed:
        raise _unavailable("egress_refused", Scope.SENDER, "")
    deadline = time.monotonic() + settings.timeouts.connect
    for index, (family, kind, protocol, _, address) in enumerate(allowed):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(max(0.001, (deadline - time.monotonic()) / (len(allowed) - index)))
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            connection.close()
            if index == len(allowed) - 1:
                raise
        else:
            connection.settimeout(settings.timeouts.connect)
            return connection
    raise AssertionError("unreachable: the last address returns or raises")


def _own_name(connection: socket.socket) -> str:
    """Return what to say in EHLO: the machine's full name where it has one, else its address as a literal."""
    name = socket.gethostname()
    if "." in name and name.isascii() and name.isprintable():
        return name
    address = str(connection.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _context_of(settings: SmtpSettings) -> ssl.SSLContext:
    return settings.ssl_context or ssl.create_default_context()


def _tls_trouble(error: Exception) -> SessionUnavailable:
    # A bad certificate does not mend itself; a handshake that breaks off may.
    scope = Scope.SENDER if isinstance(error, ssl.SSLCertVerificationError) else Scope.HOST
    return _unavailable("tls_failed" if scope is Scope.SENDER else "tls_unavailable", scope, str(error))


def _greet(client: _Client) -> None:
    try:
        code, text = client.ehlo()
    except (OSError, smtplib.SMTPException, UnreadableReply) as error:
        raise _unavailable("connect_failed", Scope.HOST, str(error)) from error
    if not 200 <= code <= 299:
        _refuse(SmtpStage.EHLO, parse_reply(code, text.decode("utf-8", "replace")))


def _encrypt(client: _Client, settings: SmtpSettings) -> None:
    if not client.has_extn("starttls"):
        # Whoever stands between may have cut it out; saying anything more in plain text is what they want.
        raise _unavailable("tls_failed", Scope.SENDER, "the server does not offer STARTTLS")
    try:
        code, text = client.starttls(context=_context_of(settings))
    except ssl.SSLError as error:
        raise _tls_trouble(error) from error
    except smtplib.SMTPResponseException as error:
        _refuse(SmtpStage.STARTTLS, parse_reply(error.smtp_code, str(error.smtp_error)))
    except (OSError, smtplib.SMTPException, UnreadableReply) as error:
        raise _unavailable("tls_unavailable", Scope.HOST, str(error)) from error
    if code != 220:
        _refuse(SmtpStage.STARTTLS, parse_reply(code, text.decode("utf-8", "replace")))
    _greet(client)


def _log_in(client: _Client, username: str, password: str) -> None:
    mechanisms = client.esmtp_features.get("auth", "").upper().split()
    try:
        if "PLAIN" in mechanisms:
            reply = client.ask(f"AUTH PLAIN {_base64(f'{chr(0)}{username}{chr(0)}{password}')}")
        elif "LOGIN" in mechanisms:
            reply = client.ask(f"AUTH LOGIN {_base64(username)}")
            reply = client.ask(_base64(password)) if reply.code == 334 else reply
        else:
            raise _unavailable("auth_unsupported", Scope.SENDER, "the server offers neither AUTH PLAIN nor LOGIN")
    except (OSError, smtplib.SMTPException, UnreadableReply) as error:
        raise _unavailable("connect_failed", Scope.HOST, str(error)) from error
    if reply.code != 235:
        # A server may repeat what it was told; neither name nor password may end in a log.
        _refuse(SmtpStage.AUTH, SmtpReply(reply.code, reply.enhanced, reply.enhanced or ""))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
