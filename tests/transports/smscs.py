"""An SMSC that does exactly as it is told, on loopback, over real sockets. What it hears is read by smpp34's codec."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self

import attrs
import smpp34

CLOSE = b"<close>"  # instead of an answer: hang up
HOLD = b""  # instead of an answer: nothing

Submit = smpp34.SubmitSm


def pdu(command: int, sequence: int, status: int = 0, body: bytes = b"") -> bytes:
    return struct.pack(">LLLL", 16 + len(body), command, status, sequence) + body


def taken(sequence: int, provider_id: str) -> bytes:
    return pdu(0x80000004, sequence, 0, provider_id.encode() + b"\0")


def refused(sequence: int, status: int) -> bytes:
    return pdu(0x80000004, sequence, status)


def receipt(sequence: int, text: bytes, *tlvs: smpp34.Tlv, esm_class: int = 4) -> bytes:
    return smpp34.DeliverSm(
        "12125550143", "Flora", text, esm_class=esm_class, sequence_number=sequence, tlvs=list(tlvs)
    ).encode()


# How many submits came before, and the submit itself, in; the bytes to say out.
OnSubmit = Callable[[int, Submit], bytes]


def take_all(turn: int, submit: Submit) -> bytes:
    return taken(submit.sequence_number, f"id-{turn}")


@attrs.define
class TinySmsc:
    """A real server. ``submits`` holds the parts that arrived whole: the judge of every verdict."""

    on_submit: OnSubmit = take_all
    bind_status: int = 0
    answers_bind: bool = True
    answers_enquiries: bool = True
    after_bind: bytes = b""
    cut_after_received: int | None = None  # bytes of each connection
    submits: list[Submit] = attrs.field(factory=list)
    taken: list[Submit] = attrs.field(factory=list)  # those whose answer said status 0
    heard: list[tuple[int, int, int]] = attrs.field(factory=list)  # command, status, sequence of everything
    binds: list[bytes] = attrs.field(factory=list)
    connection_count: int = 0
    open_max: int = 0
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

    def say(self, octets: bytes) -> None:
        """Say something on the newest connection, unasked."""
        self._connections[-1].sendall(octets)

    def hang_up(self) -> None:
        """Close the newest connection."""
        self._connections[-1].shutdown(socket.SHUT_RDWR)

    def commands(self) -> list[int]:
        return [command for command, _, _ in self.heard]

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
        received, left = b"", self.cut_after_received
        with contextlib.suppress(OSError):
            while left != 0 and (octets := connection.recv(left or 65536)):
                left = None if left is None else left - len(octets)
                received += octets
                while len(received) >= 4 and len(received) >= (length := struct.unpack(">L", received[:4])[0]):
                    whole, received = received[:length], received[length:]
                    if not self._answer(connection, whole):
                        connection.shutdown(socket.SHUT_RDWR)
                        break
        connection.close()

    def _answer(self, connection: socket.socket, whole: bytes) -> bool:
        _, command, status, sequence = struct.unpack(">LLLL", whole[:16])
        self.heard.append((command, status, sequence))
        said = b""
        match command:
            case 0x01 | 0x02 | 0x09:
                self.binds.append(whole)
                if self.answers_bind:
                    said = pdu(0x80000000 | command, sequence, self.bind_status, b"tiny\0") + self.after_bind
            case 0x04:
                submit = smpp34.decode(whole)
                assert isinstance(submit, smpp34.SubmitSm)
                turn = len(self.submits)
                self.submits.append(submit)
                said = self.on_submit(turn, submit)
                if said.startswith(b"\0\0\0") and said[4:8] == b"\x80\0\0\x04" and said[8:12] == b"\0\0\0\0":
                    self.taken.append(submit)
            case 0x06:
                said = pdu(0x80000006, sequence)
            case 0x15 if self.answers_enquiries:
                said = pdu(0x80000015, sequence)
        if said == CLOSE:
            return False
        connection.sendall(said)
        return True
