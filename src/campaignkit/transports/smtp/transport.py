"""The SMTP transport: mail in, outcomes out; every message waits before its dot until ``clear`` lets it cross.

Touches the network, in the caller's thread. Sessions open lazily, belong to one process and are kept between rounds.
"""

import ssl
from collections.abc import Generator, Sequence
from typing import Any, Self

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.message.outbound import OutboundEmail, OutboundMessage
from campaignkit.ports import Clear, SenderCheck
from campaignkit.transports.smtp.allowance import SessionAllowance
from campaignkit.transports.smtp.opening import SessionUnavailable
from campaignkit.transports.smtp.pool import SessionPool
from campaignkit.transports.smtp.round import SmtpRound
from campaignkit.transports.smtp.settings import (
    EgressPolicy,
    Security,
    SmtpSettings,
    SmtpTimeouts,
    allow_any,
    parse_smtp_url,
)

__all__ = ["SmtpTransport"]

DOUBT_MAX = 100  # as many as a batch of the engine holds


class SmtpTransport:
    """Sends mail through one account of one server.

    Args:
        security: ``"starttls"`` and ``"tls"`` verify the server's certificate and never fall back. The third choice,
            ``"insecure_plaintext"``, takes a password only for this very machine.
        ssl_context: Replaces the system's trust store.
        connections: The most sessions at a time. A busy host (421 and the like) halves them; they recover slowly.
        doubt_max: The most messages that a crash can leave in doubt, up to 100; one per connection unless given.
            With more, permission is asked once for so many, and each session sends one after the other: faster, and
            the operator's choice.
        local_hostname: What to say in EHLO; by default the machine's full name, or its address.
        wave_wait_seconds: How long the first message that is ready waits for the others of its wave.
        messages_per_connection: After so many a session is closed; some servers allow no more than 100.
        idle_seconds: How long a session may rest between messages.
        egress: Which addresses may be connected to; ``allow_public`` keeps merchants' settings out of your own network.

    Raises:
        ValueError: the settings contradict each other, or would send a password in plain text.
    """

    channel: Channel = Channel.EMAIL

    def __init__(
        self,
        host: str,
        port: int,
        *,
        security: Security | str = Security.STARTTLS,
        username: str | None = None,
        password: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        timeouts: SmtpTimeouts | None = None,
        connections: int = 8,
        doubt_max: int | None = None,
        local_hostname: str | None = None,
        wave_wait_seconds: float = 2.0,
        messages_per_connection: int = 100,
        idle_seconds: float = 30.0,
        egress: EgressPolicy = allow_any,
    ) -> None:
        if connections < 1 or messages_per_connection < 1:
            raise ValueError("connections and messages_per_connection must be at least 1")
        if doubt_max is not None and not connections <= doubt_max <= DOUBT_MAX:
            raise ValueError(f"doubt_max must be from connections to {DOUBT_MAX}")
        if wave_wait_seconds < 0 or idle_seconds < 0:
            raise ValueError("wave_wait_seconds and idle_seconds must not be negative")
        self._settings = SmtpSettings(
            host=host,
            port=port,
            security=security,
            username=username,
            password=password,
            ssl_context=ssl_context,
            timeouts=timeouts or SmtpTimeouts(),
            local_hostname=local_hostname,
            egress=egress,
        )
        self._connections = connections
        self._allowance = SessionAllowance(connections)
        self.doubt_max = connections if doubt_max is None else doubt_max
        self._wave_wait_seconds = wave_wait_seconds
        self._pool = SessionPool(self._settings, messages_per_connection, idle_seconds)

    @classmethod
    def from_url(cls, url: str, **options: Any) -> Self:
        """Return the transport of ``smtp://user:password@host:587``; *options* are those of the constructor.

        ``smtp://`` insists on STARTTLS, ``smtps://`` encrypts from the first byte, and
        ``smtp+insecure-plaintext://`` never does.

        Raises:
            ValueError: it is no such URL; the message does not repeat it.
        """
        settings: dict[str, Any] = {**parse_smtp_url(url), **options}
        return cls(**settings)

    def __repr__(self) -> str:
        settings = self._settings
        return f"SmtpTransport({settings.host!r}, {settings.port}, security={settings.security.value!r})"

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Generator[Outcome]:
        """Yield one outcome per message; see the laws of ``Transport``.

        If *clear* raises, or the caller stops early, sessions with a message under way are dropped without their dot.

        Raises:
            TypeError: the batch holds something else than mail; nothing was sent.
            ValueError: two messages of the batch have one id; nothing was sent.
        """
        mails = [message for message in batch if isinstance(message, OutboundEmail)]
        if len(mails) != len(batch):
            raise TypeError("an SMTP transport carries OutboundEmail only")
        if len({message.message_id for message in mails}) != len(mails):
            raise ValueError("two messages of one batch have the same id")
        return self._send(mails, clear)

    def _send(self, mails: list[OutboundEmail], clear: Clear) -> Generator[Outcome]:
        session_max, accepted = self._allowance.count, 0
        sending = SmtpRound(
            self._pool,
            mails,
            clear,
            connection_max=session_max,
            doubt_max=self.doubt_max if self.doubt_max > self._connections else session_max,
            wave_wait_seconds=self._wave_wait_seconds,
        )
        try:
            for outcome in sending.outcomes():
                accepted += outcome.verdict is Verdict.ACCEPTED
                yield outcome
        finally:
            sending.close()
            self._allowance.learn(accepted=accepted, is_busy=sending.is_host_busy, crowded_at=sending.crowded_at)

    def verify(self) -> SenderCheck:
        """Connect, encrypt, log in and say goodbye; no message is begun."""
        try:
            connection = self._pool.open()
        except SessionUnavailable as error:
            return SenderCheck(is_ready=False, code=error.verdict.code, reply=error.reply)
        connection.quit(self._settings.timeouts.quit)
        return SenderCheck(is_ready=True)

    def close(self) -> None:
        """Say goodbye to the resting sessions. Sending again opens new ones."""
        self._pool.close()
