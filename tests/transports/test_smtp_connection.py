"""One session over a socket pair: a pipe that is full, and a peer that is gone, just before the dot."""

import contextlib
import socket
from collections.abc import Iterator

import attrs
import pytest

from campaignkit.delivery.outcomes import Scope, Verdict
from campaignkit.transports.smtp import SmtpTimeouts
from campaignkit.transports.smtp.connection import SmtpConnection
from campaignkit.transports.smtp.dialogue import Phase
from campaignkit.transports.smtp.opening import OpenSession
from campaignkit.transports.smtp.round import _write_dot
from tests.transports.servers import Gate, Permit, mail


@attrs.frozen
class Pair:
    """A session that is ready for its dot, and the server's end."""

    connection: SmtpConnection
    server: socket.socket

    def is_in(self, phase: Phase) -> bool:
        assert self.connection.transaction is not None
        return self.connection.transaction.phase is phase

    @property
    def verdict(self) -> tuple[Verdict, Scope, str]:
        assert self.connection.transaction is not None
        outcome = self.connection.transaction.outcome
        assert outcome is not None
        return outcome.verdict, outcome.scope, outcome.code

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


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, server = socket.socketpair()
    connection = SmtpConnection(OpenSession(ours, frozenset({"pipelining"})), SmtpTimeouts(body=0.1))
    connection.assign(mail())
    server.sendall(b"250 ok\r\n250 ok\r\n354 go\r\n")
    connection.read()
    yield Pair(connection, server)
    ours.close()
    server.close()


def test_a_full_pipe_takes_no_dot_and_that_is_proof(pair):
    pair.fill_pipe()

    assert pair.connection.write_dot() is False
    assert pair.is_in(Phase.READY)
    pair.drain_pipe()
    assert pair.connection.write_dot() is True
    assert pair.is_in(Phase.CROSSED)
    assert pair.drain_pipe() == b".\r\n"


def test_permission_is_asked_again_after_waiting_for_a_full_pipe(pair):
    pair.fill_pipe()
    gate = Gate(may_cross_answers=(True, False))
    _write_dot(pair.connection, Permit(gate, (mail(),)))

    assert pair.verdict == (Verdict.NOT_SENT, Scope.RECIPIENT, "permission_expired")
    assert not pair.drain_pipe().endswith(b".\r\n")


def test_a_pipe_that_stays_full_ends_without_a_dot_even_while_permission_holds(pair):
    pair.fill_pipe()
    _write_dot(pair.connection, Permit(Gate(), (mail(),)))

    assert pair.verdict == (Verdict.NOT_SENT, Scope.RECIPIENT, "permission_expired")


def test_a_peer_that_is_gone_before_the_dot_has_accepted_nothing(pair):
    pair.server.close()

    assert pair.connection.write_dot() is True
    assert pair.verdict == (Verdict.NOT_SENT, Scope.HOST, "connection_lost")


def test_a_peer_that_goes_after_the_dot_leaves_a_doubt(pair):
    pair.connection.write_dot()
    pair.server.close()
    pair.connection.read()

    assert pair.verdict == (Verdict.IN_DOUBT, Scope.HOST, "reply_lost")


def test_a_ready_message_waits_for_us_without_a_deadline_but_a_crossed_one_does_not(pair):
    pair.connection.check_deadline(pair.connection.deadline + 1)
    assert pair.is_in(Phase.READY)
    pair.connection.write_dot()
    pair.connection.check_deadline(pair.connection.deadline - 1)
    assert pair.is_in(Phase.CROSSED)
    pair.connection.check_deadline(pair.connection.deadline)

    assert pair.verdict == (Verdict.IN_DOUBT, Scope.HOST, "reply_lost")
