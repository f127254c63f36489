"""One session over a socket pair: a pipe that is full, and a peer that is gone, just before the dot."""

import contextlib
import socket
from collections.abc import Iterator

import attrs
import pytest

from campaignkit.delivery.outcomes import Scope, Verdict
from campaignkit.message.outbound import OutboundEmail
from campaignkit.transports.smtp import SmtpTimeouts
from campaignkit.transports.smtp.connection import SmtpConnection
from campaignkit.transports.smtp.dialogue import Phase
from campaignkit.transports.smtp.opening import OpenSession
from campaignkit.transports.smtp.pool import SessionPool
from campaignkit.transports.smtp.round import SmtpRound
from campaignkit.transports.smtp.settings import SmtpSettings
from tests.transports.servers import Gate, mail


@attrs.define
class Pair:
    """A session that is ready for its dot, and the server's end."""

    connection: SmtpConnection
    server: socket.socket
    round: SmtpRound

    def is_in(self, phase: Phase) -> bool:
        return self.connection.phase is phase

    @property
    def verdict(self) -> tuple[Verdict, Scope, str]:
        (transaction,) = self.connection.session.finished
        outcome = transaction.outcome
        assert outcome is not None
        return outcome.verdict, outcome.scope, outcome.code

    def write_dot(self) -> bool:
        return self.connection.write_dot(self.round)

    def read(self) -> None:
        self.connection.read(self.round)

    def cross(self, gate: Gate) -> None:
        """Let the round write the dot as *gate* allows."""
        self.round._clear = gate
        self.round._cross([self.connection])

    def fill_pipe(self) -> None:
        """Let the kernel take bytes until it takes no more."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.connection.socket.send(b"x" * 65536)

    def drain_pipe(self) -> bytes:
        self.server.setblocking(False)
        drained = b""
        while True:
            try:
                drained += self.server.recv(1 << 20)
            except BlockingIOError:
                return drained


def round_without_connections(*, queued: int = 0) -> SmtpRound:
    pool = SessionPool(SmtpSettings(host="localhost", port=25, security="insecure_plaintext"), 100, 30)
    queue = [mail(number) for number in range(1, 1 + queued)]
    return SmtpRound(pool, queue, Gate(), connection_max=1, doubt_max=1, wave_wait_seconds=1)


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, server = socket.socketpair()
    connection = SmtpConnection(OpenSession(ours, frozenset({"pipelining"})), SmtpTimeouts(body=0.1))
    supply = round_without_connections()
    connection.assign(mail())
    server.sendall(b"250 ok\r\n250 ok\r\n354 go\r\n")
    connection.read(supply)
    assert connection.phase is Phase.READY
    yield Pair(connection, server, supply)
    supply.close()
    ours.close()
    server.close()


def test_a_full_pipe_takes_no_dot_and_that_is_proof(pair):
    pair.fill_pipe()

    assert pair.write_dot() is False
    assert pair.is_in(Phase.READY)
    pair.drain_pipe()
    assert pair.write_dot() is True
    assert pair.is_in(Phase.CROSSED)
    assert pair.drain_pipe() == b".\r\n"


def test_a_full_pipe_gives_the_following_message_back(pair):
    pair.round = round_without_connections(queued=2)
    pair.fill_pipe()
    pair.write_dot()
    pair.drain_pipe()
    pair.write_dot()

    assert pair.drain_pipe() == b".\r\nMAIL FROM:<flora@shop.example>\r\nRCPT TO:<c1@example.com>\r\nDATA\r\n"


def test_permission_is_asked_again_after_waiting_for_a_full_pipe(pair):
    pair.fill_pipe()
    pair.cross(Gate(may_cross_answers=(True, False)))

    assert pair.verdict == (Verdict.NOT_SENT, Scope.RECIPIENT, "permission_expired")
    assert not pair.drain_pipe().endswith(b".\r\n")


def test_a_pipe_that_stays_full_ends_without_a_dot_even_while_permission_holds(pair):
    pair.fill_pipe()
    pair.cross(Gate())

    assert pair.verdict == (Verdict.NOT_SENT, Scope.RECIPIENT, "permission_expired")


def test_a_peer_that_is_gone_before_the_dot_has_accepted_nothing(pair):
    pair.server.close()

    assert pair.write_dot() is True
    assert pair.verdict == (Verdict.NOT_SENT, Scope.HOST, "connection_lost")


def test_a_peer_that_goes_after_the_dot_leaves_a_doubt(pair):
    pair.write_dot()
    pair.server.close()
    pair.read()

    assert pair.verdict == (Verdict.IN_DOUBT, Scope.HOST, "reply_lost")


def test_a_ready_message_waits_for_us_without_a_deadline_but_a_crossed_one_does_not(pair):
    pair.connection.check_deadline(pair.connection.deadline + 1)
    assert pair.is_in(Phase.READY)
    pair.write_dot()
    pair.connection.check_deadline(pair.connection.deadline - 1)
    assert pair.is_in(Phase.CROSSED)
    pair.connection.check_deadline(pair.connection.deadline)

    assert pair.verdict == (Verdict.IN_DOUBT, Scope.HOST, "reply_lost")


# With leave ahead, body and dot go in one write. ---------------------------------------------------------------------


class Leave:
    """A supply whose leave is at hand, with as many following messages as asked for."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.given_back: list[str] = []

    def may_cross(self, message: OutboundEmail) -> bool:
        return self.answers.pop(0)

    def take_following(self, connection: SmtpConnection) -> OutboundEmail | None:
        return mail(1)

    def give_back(self, message: OutboundEmail) -> None:
        self.given_back.append(message.message_id)


@pytest.fixture
def fresh() -> Iterator[Pair]:
    """A session whose message the server has just asked for."""
    ours, server = socket.socketpair()
    connection = SmtpConnection(OpenSession(ours, frozenset({"pipelining"})), SmtpTimeouts())
    connection.assign(mail())
    server.sendall(b"250 ok\r\n250 ok\r\n354 go\r\n")
    pair = Pair(connection, server, round_without_connections())
    pair.drain_pipe()
    yield pair
    ours.close()
    server.close()


def test_with_leave_body_and_dot_and_the_next_envelope_are_one_write(fresh):
    fresh.connection.read(Leave(True))

    assert fresh.is_in(Phase.CROSSED)
    written = fresh.drain_pipe()
    assert written.startswith(b"Subject: 0\r\n\r\nhello\r\n.\r\nMAIL FROM:")
    assert written.endswith(b"DATA\r\n")


def test_without_leave_the_body_waits_for_its_dot(fresh):
    fresh.connection.read(Leave(False))

    assert fresh.is_in(Phase.READY)
    assert fresh.drain_pipe() == b"Subject: 0\r\n\r\nhello\r\n"


def test_a_body_that_finds_the_pipe_full_has_no_dot_and_asks_again(fresh):
    supply = Leave(True)
    fresh.fill_pipe()
    fresh.connection.read(supply)

    assert fresh.is_in(Phase.BODY)
    assert supply.given_back == ["m1"]
    fresh.drain_pipe()
    fresh.connection.write()
    assert fresh.is_in(Phase.READY)
    assert fresh.drain_pipe() == b"Subject: 0\r\n\r\nhello\r\n"


def test_a_body_of_which_only_a_part_leaves_has_no_dot_and_asks_again():
    content = b"S: x\r\n\r\n" + b"line\r\n" * 10_000
    supply, gate = Leave(True), b"250 ok\r\n250 ok\r\n354 go\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        server, _ = listener.accept()
    with ours, server:
        server.sendall(gate)
        pair = Pair(
            SmtpConnection(OpenSession(ours, frozenset({"pipelining"})), SmtpTimeouts()),
            server,
            round_without_connections(),
        )
        pair.connection.assign(mail(content=content))
        received = b""
        while not pair.is_in(Phase.READY):
            pair.connection.read(supply) if pair.is_in(Phase.ENVELOPE) else pair.connection.write()
            received += pair.drain_pipe()

    assert supply.given_back == ["m1"]
    assert b"DATA\r\n" + content == received[received.index(b"DATA") :]
