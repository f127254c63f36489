"""One open session over a socket that never blocks. Touches that socket and the monotonic clock."""

import contextlib
import selectors
import ssl
import time
from typing import TYPE_CHECKING, Protocol

from campaignkit.message.outbound import OutboundEmail
from campaignkit.transports.smtp.dialogue import Phase
from campaignkit.transports.smtp.opening import RECEIVE_SIZE, OpenSession
from campaignkit.transports.smtp.session import SmtpSession

if TYPE_CHECKING:
    from campaignkit.transports.smtp.settings import SmtpTimeouts

__all__ = ["SmtpConnection", "Supply"]

# A plain socket says "not now" by the first, an encrypted one by the other two.
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_WAITING = frozenset({Phase.ENVELOPE, Phase.BODY, Phase.CROSSED})  # READY waits for us, not for the server


AT_ONCE_MAX = 1 << 16  # bytes of a body that are worth writing together with the dot


class Supply(Protocol):
    """Where a connection asks for leave and for the message that follows."""

    def may_cross(self, message: OutboundEmail, /) -> bool:
        """Return whether *message* has leave that holds at this moment."""
        ...

    def take_following(self, connection: "SmtpConnection", /) -> OutboundEmail | None:
        """Return a message to follow on *connection*, or None."""
        ...

    def give_back(self, message: OutboundEmail, /) -> None:
        """Take back a message that ``take_following`` gave: nothing of it has left."""
        ...


class SmtpConnection:
    """A session between ``assign`` and its outcome; a selector says when to call ``read`` and ``write``."""

    def __init__(self, opened: OpenSession, timeouts: "SmtpTimeouts") -> None:
        self.socket = opened.socket
        self.socket.setblocking(False)
        self.session = SmtpSession(opened.extensions)
        self.rested_since = time.monotonic()
        self.deadline = 0.0  # on the monotonic clock
        self.watched = selectors.EVENT_READ  # what its selector waits for; whoever registers it keeps this true
        self._timeouts = timeouts
        self._is_encrypted = isinstance(opened.socket, ssl.SSLSocket)
        self._outgoing = memoryview(b"")
        self._is_broken = False

    @property
    def phase(self) -> Phase:
        return self.session.phase

    @property
    def wants_to_write(self) -> bool:
        return bool(self._outgoing)

    @property
    def is_usable(self) -> bool:
        """Whether another message may follow."""
        return self.session.is_usable and not self._is_broken and not self._outgoing

    def assign(self, message: OutboundEmail) -> None:
        """Begin with *message*; its first commands are written as far as the socket takes them."""
        self.deadline = time.monotonic() + self._timeouts.command
        self._queue(self.session.assign(message))

    def read(self, supply: Supply) -> None:
        """Take what has come and answer it; a message with leave crosses on the way."""
        while self.session.is_usable:
            try:
                received = self.socket.recv(RECEIVE_SIZE)
            except _NOT_NOW:
                return
            except OSError as error:
                self.session.lose("connection_lost", str(error))
                return
            if not received:
                self.session.lose("connection_lost", "the server closed the connection")
                return
            self._take(received, supply)
            # A plain socket that gave less than was asked is empty; an encrypted one may hold more than it shows.
            if len(received) < RECEIVE_SIZE and not self._is_encrypted:
                return

    def write(self) -> None:
        """Write what waits, as far as the socket takes it."""
        while self._outgoing:
            try:
                count = self.socket.send(self._outgoing)
            except _NOT_NOW:
                return
            except OSError:
                # Reading comes next, and ends the message: the server may have said why before it hung up.
                self._is_broken = True
                self._outgoing = memoryview(b"")
                return
            self._outgoing = self._outgoing[count:]
            if self.session.phase is Phase.BODY:
                self.deadline = time.monotonic() + self._timeouts.body
        self.session.body_has_left()

    def write_dot(self, supply: Supply) -> bool:
        """Write the dot and return True; False if the socket takes nothing now, which proves that nothing left."""
        return self._cross(b"", supply)

    def check_deadline(self, now: float) -> None:
        """End the transaction if its server took too long."""
        if now >= self.deadline and self.session.phase in _WAITING:
            self.session.lose("timed_out", "the server did not answer in time")

    def rest(self) -> None:
        """Note that the session waits for the next message."""
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

    def _take(self, received: bytes, supply: Supply) -> None:
        before, reply_count = self.session.current, self._reply_count()
        answer = self.session.receive(received)
        current = self.session.current
        # Only whole replies buy time: a server that drips single bytes must not hold a session for ever.
        if current is not None and (current is not before or self._reply_count() > reply_count):
            is_body = current.phase is Phase.BODY
            self.deadline = time.monotonic() + (self._timeouts.body if is_body else self._timeouts.command)
        if not answer or self._is_broken:
            return
        # A write to an encrypted socket that was cut short must be repeated as it was, so there the dot goes alone.
        is_body = current is not None and current.phase is Phase.BODY
        if is_body and not self._outgoing and not self._is_encrypted and len(answer) <= AT_ONCE_MAX:
            self._send_body(answer, supply)
        else:
            self._queue(answer)

    def _reply_count(self) -> int:
        return 0 if self.session.current is None else self.session.current.reply_count

    def _send_body(self, body: bytes, supply: Supply) -> None:
        """Write the body, and with it the dot if the message has leave for it already."""
        assert self.session.current is not None
        if not (supply.may_cross(self.session.current.message) and self._cross(body, supply)):
            self._queue(body)

    def _cross(self, body: bytes, supply: Supply) -> bool:
        """Write what is left of the body, the dot, and the envelope that follows; False if nothing of it left."""
        following = supply.take_following(self)
        crossing = self.session.cross(following)
        if not crossing:
            if following is not None:
                supply.give_back(following)
            return True
        try:
            count = self.socket.send(body + crossing)
        except BlockingIOError:
            self._step_back(following, supply)
            return False
        except _NOT_NOW:
            count = 0  # part of the encrypted dot may have left; the rest must follow
        except OSError as error:
            if not self._is_encrypted:
                self._step_back(following, supply)  # the kernel took not a byte, which is proof
            self.session.lose("connection_lost", str(error))
            return True
        if count <= len(body) and not self._is_encrypted:
            self._step_back(following, supply)
            self._queue(body[count:])
            return True
        self.deadline = time.monotonic() + self._timeouts.dot
        self._outgoing = memoryview(body + crossing)[count:]
        return True

    def _step_back(self, following: OutboundEmail | None, supply: Supply) -> None:
        self.session.step_back()
        if following is not None:
            supply.give_back(following)

    def _queue(self, answer: bytes) -> None:
        self._outgoing = memoryview(bytes(self._outgoing) + answer) if self._outgoing else memoryview(answer)
        self.write()
