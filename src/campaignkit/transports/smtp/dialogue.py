"""One mail over one open SMTP session: replies in, commands and at last an outcome out. Does no I/O.

``ENVELOPE → BODY → READY → CROSSED → DONE``. Up to READY the server has accepted nothing, since the end of the message
is still here; from CROSSED on only its reply can say what happened. ``session`` strings such transactions together.
Sources: RFC 5321, RFC 2920 (pipelining).
"""

from collections import deque
from enum import Enum

from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.delivery.replies import ReplyVerdict, SmtpReply, SmtpStage, printable_line, smtp_verdict
from campaignkit.message.outbound import OutboundEmail
from campaignkit.transports.smtp.wire import is_envelope_address, read_queue_id, stuffed_body

__all__ = ["Phase", "SmtpTransaction", "find_obstacle", "not_sent"]


class Phase(Enum):
    """How far a transaction has come."""

    ENVELOPE = "envelope"  # MAIL, RCPT, DATA
    BODY = "body"  # the content is leaving
    READY = "ready"  # all but the dot has left
    CROSSED = "crossed"  # the first byte of the dot may have left
    DONE = "done"  # there is an outcome


def not_sent(message: OutboundEmail, code: str, scope: Scope = Scope.HOST, reply: str = "") -> Outcome:
    """Return the outcome of a message of which the server accepted nothing."""
    return Outcome(
        message_id=message.message_id, verdict=Verdict.NOT_SENT, scope=scope, code=code, reply=printable_line(reply)
    )


def _in_doubt(message: OutboundEmail, reason: str) -> Outcome:
    return Outcome(
        message_id=message.message_id,
        verdict=Verdict.IN_DOUBT,
        scope=Scope.HOST,
        code="reply_lost",
        reply=printable_line(reason),
    )


def find_obstacle(message: OutboundEmail) -> Outcome | None:
    """Return the refusal of a message whose envelope cannot be spoken at all, None where it can."""
    if not is_envelope_address(message.envelope_to):
        return _refused(message, "malformed_address", Scope.RECIPIENT)
    # The empty return path is legal: it is how notices about undeliverable mail are sent.
    if message.envelope_from and not is_envelope_address(message.envelope_from):
        return _refused(message, "sender_malformed", Scope.SENDER)
    return None


def _refused(message: OutboundEmail, code: str, scope: Scope) -> Outcome:
    return Outcome(message_id=message.message_id, verdict=Verdict.REFUSED, scope=scope, code=code)


class SmtpTransaction:
    """One message on its way.

    ``start`` gives the first bytes to write; ``take`` takes a reply and gives the next ones. When the body has left,
    the caller says ``body_has_left``. ``cross`` is called immediately before the dot is written. ``lose`` and
    ``withhold`` end it from outside. Once ``outcome`` stands, it stays.
    """

    def __init__(
        self,
        message: OutboundEmail,
        *,
        extensions: frozenset[str],
        needs_reset: bool = False,
        is_first: bool = True,
    ) -> None:
        self.message = message
        self.phase = Phase.ENVELOPE
        self.outcome: Outcome | None = None
        self.is_session_usable = False  # meaningful once DONE: whether another message may follow on this session
        self.leaves_open = False  # meaningful once DONE: whether RSET must come before the next message
        self.reply_count = 0
        self.has_begun = False  # whether the server has answered MAIL with anything but a farewell
        self._extensions = extensions
        self._needs_reset = needs_reset
        self._is_first = is_first  # of its session
        self._commands: deque[tuple[SmtpStage | None, bytes]] = deque()
        self._awaiting: deque[SmtpStage | None] = deque()  # None: the reply to RSET
        self._refusal: tuple[ReplyVerdict, SmtpReply] | None = None
        self._came_from = Phase.READY

    @property
    def is_stale(self) -> bool:
        """Whether the session, which had served before, turned out dead before the message made any difference."""
        return not (self._is_first or self.has_begun or self.is_session_usable)

    def start(self) -> bytes:
        """Return the first bytes to write: the whole envelope where the server allows pipelining, else one command."""
        sender, recipient = self.message.envelope_from.encode(), self.message.envelope_to.encode()
        is_international = not (sender.isascii() and recipient.isascii())
        if is_international and "smtputf8" not in self._extensions:
            self._finish(_refused(self.message, "smtputf8_unsupported", Scope.RECIPIENT), is_usable=True)
            self.leaves_open = self._needs_reset
            return b""
        if self._needs_reset:
            self._commands.append((None, b"RSET\r\n"))
        options = b" SMTPUTF8" if is_international else b""
        if "8bitmime" in self._extensions and not self.message.content.isascii():
            options += b" BODY=8BITMIME"
        self._commands.append((SmtpStage.MAIL, b"MAIL FROM:<%s>%s\r\n" % (sender, options)))
        self._commands.append((SmtpStage.RCPT, b"RCPT TO:<%s>\r\n" % recipient))
        self._commands.append((SmtpStage.DATA, b"DATA\r\n"))
        return self._next_commands()

    def take(self, reply: SmtpReply) -> bytes:
        """Take the server's next reply and return what to write next."""
        self.reply_count += 1
        answer = self._take_reply(reply)
        return answer if self.outcome is None else b""

    def body_has_left(self) -> None:
        """Note that all bytes given so far are on their way."""
        if self.phase is Phase.BODY:
            self.phase = Phase.READY

    def cross(self) -> None:
        """Note that the dot is about to be written. From here on the message counts as possibly accepted."""
        assert self.phase in {Phase.BODY, Phase.READY}
        self._came_from, self.phase = self.phase, Phase.CROSSED

    def step_back(self) -> None:
        """Undo ``cross``: there is proof that no byte of the dot left."""
        assert self.phase is Phase.CROSSED
        self.phase = self._came_from

    def withhold(self, code: str) -> None:
        """End before the dot, because permission for it was not given. The connection must be dropped."""
        self._finish(not_sent(self.message, code, Scope.RECIPIENT), is_usable=False)

    def lose(self, code: str, reason: str) -> None:
        """End because the connection broke, fell silent or made no sense.

        Args:
            code: What it is called before the dot; after it, it is always ``reply_lost``.
        """
        if self.phase is Phase.CROSSED:
            self._finish(_in_doubt(self.message, reason), is_usable=False)
        elif self._refusal is not None:
            self._settle_refusal(is_usable=False)
        else:
            self._finish(not_sent(self.message, code, reply=reason), is_usable=False)

    def _next_commands(self) -> bytes:
        count = len(self._commands) if "pipelining" in self._extensions else min(1, len(self._commands))
        commands = [self._commands.popleft() for _ in range(count)]
        self._awaiting.extend(stage for stage, _ in commands)
        return b"".join(line for _, line in commands)

    def _take_reply(self, reply: SmtpReply) -> bytes:
        match self.phase:
            case Phase.ENVELOPE:
                return self._take_envelope_reply(reply)
            case Phase.BODY | Phase.READY:
                # A server that speaks before the dot says why it will not take the message, or is out of step.
                self._end_by(SmtpStage.DOT if reply.code >= 400 else SmtpStage.DATA, reply, is_usable=False)
            case Phase.CROSSED:
                self._end_by(SmtpStage.DOT, reply, is_usable=reply.code != 421)
            case Phase.DONE:
                self.is_session_usable = False
        return b""

    def _take_envelope_reply(self, reply: SmtpReply) -> bytes:
        if reply.code == 421:
            self._end_by(self._awaiting[0] or SmtpStage.MAIL, reply, is_usable=False)
            return b""
        stage = self._awaiting.popleft()
        self.has_begun = stage is not None
        match stage:
            case None if not 200 <= reply.code <= 299:
                self.lose("protocol_error", reply.text)
            case SmtpStage.DATA:
                return self._take_data_reply(reply)
            case SmtpStage.MAIL | SmtpStage.RCPT if not 200 <= reply.code <= 299:
                self._note_refusal(stage, reply)
        if self._refusal is not None and not self._awaiting:
            self._settle_refusal(is_usable=True)
        return self._next_commands() if self.phase is Phase.ENVELOPE and not self._awaiting else b""

    def _take_data_reply(self, reply: SmtpReply) -> bytes:
        if self._refusal is not None:
            # 354 in spite of the refusal: only a dot or a broken connection ends that, and a dot must not be sent.
            self._settle_refusal(is_usable=reply.code >= 400)
            return b""
        if reply.code != 354:
            self._end_by(SmtpStage.DATA, reply, is_usable=reply.code >= 400)
            self.leaves_open = True
            return b""
        self.phase = Phase.BODY
        return stuffed_body(self.message.content)

    def _note_refusal(self, stage: SmtpStage, reply: SmtpReply) -> None:
        # The first refusal is the cause; what follows it in a pipeline ("need MAIL before RCPT") only echoes it.
        if self._refusal is None:
            self._refusal = (smtp_verdict(stage, reply), reply)

    def _settle_refusal(self, *, is_usable: bool) -> None:
        assert self._refusal is not None
        verdict, reply = self._refusal
        self._commands.clear()
        self.leaves_open = True
        self._finish(self._outcome_by(verdict, reply), is_usable=is_usable and verdict.code != "protocol_error")

    def _end_by(self, stage: SmtpStage, reply: SmtpReply, *, is_usable: bool) -> None:
        verdict = smtp_verdict(stage, reply)
        is_sense = verdict.code not in {"protocol_error", "reply_lost"}
        self._finish(self._outcome_by(verdict, reply), is_usable=is_usable and is_sense)

    def _outcome_by(self, verdict: ReplyVerdict, reply: SmtpReply) -> Outcome:
        is_accepted = verdict.verdict is Verdict.ACCEPTED
        return Outcome(
            message_id=self.message.message_id,
            verdict=verdict.verdict,
            scope=verdict.scope,
            code=verdict.code,
            reply=printable_line(f"{reply.code} {reply.text}"),
            provider_id=read_queue_id(reply.text) if is_accepted else None,
            retry_after=verdict.retry_after,
        )

    def _finish(self, outcome: Outcome, *, is_usable: bool) -> None:
        if self.outcome is None:
            self.outcome, self.is_session_usable = outcome, is_usable
        self.phase = Phase.DONE
