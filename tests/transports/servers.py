"""What the transport tests talk to: a tiny SMTP server that fails on purpose, and a gate that plays ``begin``."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import attrs

from campaignkit.message.outbound import OutboundEmail, OutboundMessage

HANG = b"<hang>"  # instead of a reply: say nothing until the client gives up
CLOSE = b"<close>"  # instead of a reply: hang up
TERMINATOR = b"\r\n.\r\n"

ReplyScript = bytes | Sequence[bytes]  # one reply for ever, or successive ones, the last for ever


@attrs.define
class TinySmtp:
    """A real server on loopback that does exactly as it is told.

    ``accepted`` holds the bodies whose whole terminator has arrived: the judge of every verdict.
    """

    replies: Mapping[str, ReplyScript] = attrs.field(
        factory=dict
    )  # by verb, and CONNECT, DOT, BODY (said amid the body)
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME")
    cut_after_received: int | None = None  # bytes, of the first connection only
    cut_after_sent: int | None = None
    tls: ssl.SSLContext | None = None  # implicit
    accepted: list[bytes] = attrs.field(factory=list)
    commands: list[str] = attrs.field(factory=list)
    connection_count: int = 0
    turn: dict[str, int] = attrs.field(factory=dict)
    is_cut: threading.Event = attrs.field(factory=threading.Event)
    _listener: socket.socket = attrs.field(init=False)
    _connections: list[socket.socket] = attrs.field(factory=list)
    _threads: list[threading.Thread] = attrs.field(factory=list)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._spawn(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            # Several short answers in a row must not wait for each other's acknowledgement.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connection_count += 1
            self._connections.append(connection)
            self._spawn(self._serve, connection, self.connection_count == 1)

    def _serve(self, connection: socket.socket, is_first: bool) -> None:
        with contextlib.suppress(OSError, _HungUp):
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            try:
                _Talk(self, connection, may_cut=is_first).run()
            finally:
                connection.close()


class _HungUp(Exception):
    pass


class _Talk:
    def __init__(self, server: TinySmtp, connection: socket.socket, *, may_cut: bool) -> None:
        self._server = server
        self._connection = connection
        self._received_left = server.cut_after_received if may_cut else None
        self._sent_left = server.cut_after_sent if may_cut else None
        self._buffer = b""

    def run(self) -> None:
        self._answer("CONNECT", b"220 tiny ESMTP\r\n")
        while True:
            line = self._read_until(b"\r\n").decode()
            self._server.commands.append(line.strip())
            verb = line.split()[0].upper()
            match verb:
                case "EHLO":
                    names = ("tiny", *self._server.extensions)
                    lines = [f"250{'-' if name != names[-1] else ' '}{name}\r\n" for name in names]
                    self._answer(verb, "".join(lines).encode())
                case "DATA":
                    if self._answer(verb, b"354 go on\r\n").startswith(b"354"):
                        self._take_body()
                case "QUIT":
                    self._answer(verb, b"221 bye\r\n")
                    return
                case _:
                    self._answer(verb, b"250 2.0.0 ok\r\n")

    def _take_body(self) -> None:
        if "BODY" in self._server.replies:
            self._answer("BODY", b"")
        self._buffer = b"\r\n" + self._buffer
        body = self._read_until(TERMINATOR)
        self._server.accepted.append(body[2:])
        self._answer("DOT", b"250 2.0.0 Ok: queued as TINY1\r\n")

    def _read_until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            size = 65536 if self._received_left is None else min(65536, self._received_left)
            received = self._connection.recv(size) if size else b""
            if not received:
                self._hang_up()
            if self._received_left is not None:
                self._received_left -= len(received)
            self._buffer += received
        found, _, self._buffer = self._buffer.partition(end)
        return found + end

    def _answer(self, step: str, usual: bytes) -> bytes:
        script = self._server.replies.get(step, usual)
        if not isinstance(script, bytes):
            turn = self._server.turn.get(step, 0)
            self._server.turn[step] = turn + 1
            script = script[min(turn, len(script) - 1)] or usual
        if script == CLOSE:
            self._hang_up()
        if script == HANG:
            while self._connection.recv(65536):
                pass
            self._hang_up()
        self._send(script)
        return script

    def _send(self, reply: bytes) -> None:
        if self._sent_left is not None:
            reply, self._sent_left = reply[: self._sent_left], max(0, self._sent_left - len(reply))
        if reply:
            self._connection.sendall(reply)
        if self._sent_left == 0:
            self._hang_up()

    def _hang_up(self) -> None:
        self._connection.close()
        self._server.is_cut.set()
        raise _HungUp


@attrs.define
class Gate:
    """Plays ``begin``: grants by message id, and says whether permission still holds."""

    refused_ids: frozenset[str] = frozenset()
    may_cross_answers: Sequence[bool] = ()  # then True
    on_clear: Callable[[], None] = lambda: None
    waves: list[list[str]] = attrs.field(factory=list)
    crossed_count: int = 0
    asked_count: int = 0

    def __call__(self, prepared: Sequence[OutboundMessage], /) -> "Permit":
        self.waves.append([message.message_id for message in prepared])
        self.on_clear()
        return Permit(self, tuple(message for message in prepared if message.message_id not in self.refused_ids))


@attrs.frozen
class Permit:
    """What the gate answered."""

    gate: Gate
    messages: tuple[OutboundMessage, ...]

    def may_cross(self) -> bool:
        turn, self.gate.asked_count = self.gate.asked_count, self.gate.asked_count + 1
        answers = self.gate.may_cross_answers
        may_cross = answers[turn] if turn < len(answers) else True
        self.gate.crossed_count += may_cross
        return may_cross


def mail(number: int = 0, *, to: str | None = None, content: bytes | None = None) -> OutboundEmail:
    return OutboundEmail(
        message_id=f"m{number}",
        envelope_from="flora@shop.example",
        envelope_to=to or f"c{number}@example.com",
        content=content if content is not None else b"Subject: %d\r\n\r\nhello\r\n" % number,
    )


def mails(count: int) -> list[OutboundEmail]:
    return [mail(number) for number in range(count)]
