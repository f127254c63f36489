"""One open session that carries one message at a time without blocking. Touches a socket and the monotonic clock."""

import contextlib
import ssl
import time
from typing import TYPE_CHECKING

from campaignkit.message.outbound import OutboundEmail
from campaignkit.transports.smtp.dialogue import Phase, SmtpTransaction
from campaignkit.transports.smtp.opening import RECEIVE_SIZE, OpenSession

if TYPE_CHECKING:
    from campaignkit.transports.smtp.settings import SmtpTimeouts

__all__ = ["SmtpConnection"]

# A plain socket says "not now" by the first, an encrypted one by the other two.
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class SmtpConnection:
    """A session between ``assign`` and its outcome; a selector says when to call ``read`` and ``write``."""

    def __init__(self, session: OpenSession, timeouts: "SmtpTimeouts") -> None:
        self.socket = session.socket
        self.socket.setblocking(False)
        self.transaction: SmtpTransaction | None = None
        self.is_reused = False  # whether it carried a message before
        self.message_count = 0
        self.rested_since = time.monotonic()
        self.deadline = 0.0  # on the monotonic clock
        self._extensions = session.extensions
        self._timeouts = timeouts
        self._outgoing = memoryview(b"")
        self._needs_reset = False
        self._is_broken = False

    @property
    def wants_to_write(self) -> bool:
        return bool(self._outgoing)

    @property
    def is_usable(self) -> bool:
        """Whether another message may follow the finished one."""
        if self._is_broken or self._outgoing:
            return False
        return self.transaction is None or self.transaction.is_session_usable

    @property
    def is_stale(self) -> bool:
        """Whether a session from an earlier round turned out dead before the message made any difference."""
        return self.is_reused and not self.is_usable and self.transaction is not None and not self.transaction.has_begun

    def assign(self, message: OutboundEmail) -> SmtpTransaction:
        """Begin with *message*; its first commands are written as far as the socket takes them."""
        self.is_reused = self.message_count > 0
        self.message_count += 1
        self.transaction = SmtpTransaction(message, extensions=self._extensions, needs_reset=self._needs_reset)
        self.deadline = time.monotonic() + self._timeouts.command
        self._queue(self.transaction.start())
        return self.transaction

    def read(self) -> None:
        """Take what has come and answer it."""
        assert self.transaction is not None
        while self.transaction.phase is not Phase.DONE:
            try:
                received = self.socket.recv(RECEIVE_SIZE)
            except _NOT_NOW:
                return
            except OSError as error:
                self.transaction.lose("connection_lost", str(error))
                return
            if not received:
                self.transaction.lose("connection_lost", "the server closed the connection")
                return
            self._take(received)
            # A plain socket that gave less than was asked is empty; an encrypted one may hold more than it shows.
            if len(received) < RECEIVE_SIZE and not isinstance(self.socket, ssl.SSLSocket):
                return

    def write(self) -> None:
        """Write what waits, as far as the socket takes it."""
        assert self.transaction is not None
        while self._outgoing:
            try:
                count = self.socket.send(self._outgoing)
            except _NOT_NOW:
                return
            except OSError as error:
                self._is_broken = True
                # The server may have said why before it hung up.
                self.read()
                self.transaction.lose("connection_lost", str(error))
                return
            self._outgoing = self._outgoing[count:]
            if self.transaction.phase is Phase.BODY:
                self.deadline = time.monotonic() + self._timeouts.body
        self.transaction.body_has_left()

    def write_dot(self) -> bool:
        """Write the dot and return True; False if the socket takes nothing now, which proves that nothing left."""
        assert self.transaction is not None
        dot = self.transaction.cross()
        if not dot:
            return True
        try:
            count = self.socket.send(dot)
        except BlockingIOError:
            self.transaction.step_back()
            return False
        except _NOT_NOW:
            count = 0  # part of the encrypted dot may have left; the rest must follow
        except OSError as error:
            if not isinstance(self.socket, ssl.SSLSocket):
                self.transaction.step_back()  # the kernel took not a byte, which is proof
            self.transaction.lose("connection_lost", str(error))
            return True
        self.deadline = time.monotonic() + self._timeouts.dot
        self._outgoing = memoryview(dot)[count:]
        return True

    def check_deadline(self, now: float) -> None:
        """End the transaction if its server took too long."""
        assert self.transaction is not None
        if self.transaction.phase in _WAITING and now >= self.deadline:
            self.transaction.lose("timed_out", "the server did not answer in time")

    def rest(self) -> None:
        """Note that the message is done and the session waits for the next."""
        if self.transaction is not None:
            self._needs_reset = self.transaction.leaves_open
        self.transaction = None
        self.rested_since = time.monotonic()

    def is_alive(self) -> bool:
        """Return whether a resting session is still silent and open; a farewell counts as dead."""
        try:
            self.socket.recv(1)
        except _NOT_NOW:
            return True
        except OSError:
            return False
        return False

    def drop(self) -> None:
        """Close without a word: the server forgets the message that had no dot."""
        with contextlib.suppress(OSError):
            self.socket.close()

    def quit(self, seconds: float) -> None:
        """Say QUIT, wait at most *seconds* for the reply, and close. Whatever goes wrong changes nothing any more."""
        with contextlib.suppress(OSError):
            self.socket.settimeout(max(seconds, 0.001))
            self.socket.sendall(b"QUIT\r\n")
            if seconds > 0:
                self.socket.recv(RECEIVE_SIZE)
        self.drop()

    def _take(self, received: bytes) -> None:
        assert self.transaction is not None
        reply_count = self.transaction.reply_count
        answer = self.transaction.receive(received)
        # Only whole replies buy time: a server that drips single bytes must not hold a session for ever.
        if self.transaction.phase is Phase.BODY:
            self.deadline = time.monotonic() + self._timeouts.body
        elif self.transaction.phase is Phase.ENVELOPE and self.transaction.reply_count > reply_count:
            self.deadline = time.monotonic() + self._timeouts.command
        if answer and not self._is_broken:
            self._queue(answer)

    def _queue(self, answer: bytes) -> None:
        self._outgoing = memoryview(bytes(self._outgoing) + answer) if self._outgoing else memoryview(answer)
        self.write()


_WAITING = frozenset({Phase.ENVELOPE, Phase.BODY, Phase.CROSSED})  # READY waits for us, not for the server
