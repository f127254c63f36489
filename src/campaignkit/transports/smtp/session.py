"""Mail after mail over one SMTP session: messages and received bytes in, bytes to write and finished mails out. No I/O.

Where the server allows pipelining, the envelope of the following mail is written together with the dot of the present
one (RFC 2920 section 3.1 says that it may be): it saves a write and a wait per mail, and proves nothing less.
"""

from campaignkit.message.outbound import OutboundEmail
from campaignkit.transports.smtp.dialogue import Phase, SmtpTransaction
from campaignkit.transports.smtp.wire import DOT, ReplyReader, UnreadableReply

__all__ = ["SmtpSession"]


class SmtpSession:
    """The dialogue after the login. ``finished`` collects transactions with an outcome; whoever reads it empties it."""

    def __init__(self, extensions: frozenset[str]) -> None:
        self.current: SmtpTransaction | None = None
        self.finished: list[SmtpTransaction] = []
        self.message_count = 0
        self._extensions = extensions
        self._reader = ReplyReader()
        self._following: SmtpTransaction | None = None
        self._needs_reset = False
        self._is_usable = True

    @property
    def is_usable(self) -> bool:
        """Whether another message may be assigned, now or once the present one is done."""
        # Bytes that nobody asked for would be taken for the answer to the next question.
        return self._is_usable and (self.current is not None or self._reader.is_empty)

    @property
    def phase(self) -> Phase:
        """How far the present message has come; DONE if there is none."""
        return Phase.DONE if self.current is None else self.current.phase

    def allows_following(self, message: OutboundEmail) -> bool:
        """Return whether the envelope of *message* may be written with the dot before it."""
        is_plain = message.envelope_to.isascii() and message.envelope_from.isascii()  # others may end before they begin
        return is_plain and "pipelining" in self._extensions

    def assign(self, message: OutboundEmail) -> bytes:
        """Begin with *message* and return its first commands."""
        assert self.current is None
        self.current = self._transaction(message, needs_reset=self._needs_reset)
        self._needs_reset = False
        commands = self.current.start()
        self._collect()
        return commands

    def receive(self, received: bytes) -> bytes:
        """Take bytes from the server and return those to write next."""
        answer = b""
        try:
            for reply in self._reader.feed(received):
                if self.current is None:
                    self._is_usable = False  # nobody was asked anything: client and server are out of step
                    return b""
                answer += self.current.take(reply)
                if self._collect():
                    answer = b""  # it was the answer of a message that has ended since
        except UnreadableReply as error:
            self.lose("protocol_error", str(error))
        return answer

    def body_has_left(self) -> None:
        """Note that all bytes given so far are on their way."""
        if self.current is not None:
            self.current.body_has_left()

    def cross(self, following: OutboundEmail | None = None) -> bytes:
        """Return the dot, and the envelope of the message that follows. Counts as crossed from now on.

        Returns nothing where the server has begun to say something: the message has ended then.
        """
        assert self.current is not None
        if not self._reader.is_empty:
            # Half a reply that nobody asked for: its rest could be taken for the answer to the dot.
            self.lose("protocol_error", "the server spoke out of turn")
            return b""
        self.current.cross()
        if following is None:
            return DOT
        self._following = self._transaction(following)
        return DOT + self._following.start()

    def step_back(self) -> None:
        """Undo ``cross``, following message and all: there is proof that no byte of the dot left."""
        assert self.current is not None
        self.current.step_back()
        if self._following is not None:
            self._following = None
            self.message_count -= 1

    def withhold(self, code: str) -> None:
        """End the present message before its dot, because permission was not given. The session is over."""
        assert self.current is not None
        self.current.withhold(code)
        self._collect()

    def lose(self, code: str, reason: str) -> None:
        """End because the connection broke, fell silent or made no sense."""
        self._is_usable = False
        if self.current is not None:
            self.current.lose(code, reason)
            self._collect()

    def _transaction(self, message: OutboundEmail, *, needs_reset: bool = False) -> SmtpTransaction:
        self.message_count += 1
        return SmtpTransaction(
            message, extensions=self._extensions, needs_reset=needs_reset, is_first=self.message_count == 1
        )

    def _collect(self) -> bool:
        """Move what is done to ``finished``; the following message takes its place, or ends with its session."""
        done = self.current
        if done is None or done.phase is not Phase.DONE:
            return False
        self.finished.append(done)
        self.current, self._following = self._following, None
        self._needs_reset = done.leaves_open
        if not (done.is_session_usable and self._is_usable):
            self._is_usable = False
            self._end_following()
        return True

    def _end_following(self) -> None:
        if self.current is not None:
            self.current.lose("connection_lost", "the session ended with the message before")
            self.finished.append(self.current)
            self.current = None
