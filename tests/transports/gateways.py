"""A text gateway over HTTP that does exactly as it is told, on loopback, over real sockets."""

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from typing import Self

import attrs

from campaignkit.message.outbound import OutboundText

HANG = b"<hang>"  # instead of an answer: say nothing until the client gives up
CLOSE = b"<close>"  # instead of an answer: hang up
RESET = b"<reset>"  # the same, with a reset
DRIP = b"<drip>"  # a byte of a status line that never ends, every 50 ms
DRIP_BODY = b"<drip body>"  # a status line, and then a body that never ends


@attrs.frozen
class Call:
    """One request whose last byte has arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Script = bytes | Callable[[Call], bytes]


def answer(status: int, body: bytes | str = b"", *headers: str) -> bytes:
    """Return a whole answer."""
    octets = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} As told", f"Content-Length: {len(octets)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + octets


def json_answer(status: int, value: object, *headers: str) -> bytes:
    return answer(status, json.dumps(value), *headers)


@attrs.define
class TinyGateway:
    """A real server. ``calls`` holds the requests that arrived whole: the judge of every verdict."""

    script: Script | Sequence[Script]  # one answer for ever, or successive ones, the last for ever
    tls: ssl.SSLContext | None = None
    calls: list[Call] = attrs.field(factory=list)
    connection_count: int = 0
    in_flight_max: int = 0
    answer_seconds: float = 0.0
    cut_after_received: int | None = None  # bytes of each connection
    closes: bool = False  # each connection after its first answer
    _in_flight: int = 0
    _listener: socket.socket = attrs.field(init=False)
    _connections: list[socket.socket] = attrs.field(factory=list)
    _threads: list[threading.Thread] = attrs.field(factory=list)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

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
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connection_count += 1
            self._connections.append(connection)
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, _HungUp):
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            try:
                self._talk(connection)
            finally:
                connection.close()

    def _talk(self, connection: socket.socket) -> None:
        received, left = b"", self.cut_after_received
        while True:
            while b"\r\n\r\n" not in received:
                received += _receive(connection, None if left is None else left - len(received))
            head, _, received = received.partition(b"\r\n\r\n")
            request_line, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            length = int(headers.get("content-length", "0"))
            while len(received) < length:
                received += _receive(connection, None if left is None else left - len(head) - 4 - len(received))
            body, received = received[:length], received[length:]
            method, target, _ = request_line.split(" ")
            self._answer(connection, Call(method, target, headers, body))
            if self.closes:
                return

    def _answer(self, connection: socket.socket, call: Call) -> None:
        with self._lock:
            turn = len(self.calls)
            self.calls.append(call)
            self._in_flight += 1
            self.in_flight_max = max(self.in_flight_max, self._in_flight)
        time.sleep(self.answer_seconds)
        with self._lock:
            self._in_flight -= 1
        script = (
            self.script
            if isinstance(self.script, bytes) or callable(self.script)
            else self.script[min(turn, len(self.script) - 1)]
        )
        said = script(call) if callable(script) else script
        match said:
            case b"<hang>":
                _receive(connection)
            case b"<close>":
                raise _HungUp
            case b"<reset>":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise _HungUp
            case b"<drip>":
                _drip(connection, b"HTTP/1.1 200 O")
            case b"<drip body>":
                _drip(connection, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            case _:
                connection.sendall(said)


class _HungUp(Exception):
    pass


def _receive(connection: socket.socket, left: int | None = None) -> bytes:
    received = connection.recv(65536 if left is None else max(0, left)) if left != 0 else b""
    if not received:
        raise _HungUp
    return received


def _drip(connection: socket.socket, first: bytes) -> None:
    connection.sendall(first)
    while True:
        time.sleep(0.05)
        connection.sendall(b"x")


def text(number: int = 0, *, to: str | None = None, words: str | None = None, parts: int = 1) -> OutboundText:
    return OutboundText(
        message_id=f"t{number}",
        sender="Flora",
        to=to or f"+1212555{number:04}",
        text=f"hello {number}" if words is None else words,
        parts=parts,
    )


def texts(count: int) -> list[OutboundText]:
    return [text(number) for number in range(count)]
