"""Texts through a gateway over HTTP: messages and ``clear`` in, one outcome each out. Touches the network.

A wave of at most ``doubt_max`` messages is cleared at once; each is one request, which asks for leave again immediately
before its first byte and is never repeated. The next wave is cleared when all of this one have their outcomes.
"""

import ssl
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.http_replies import in_doubt, printable_reply
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.errors import MissingExtra
from campaignkit.message.outbound import OutboundMessage, OutboundText
from campaignkit.ports import Clear, Cleared, SenderCheck
from campaignkit.transports.egress import EgressPolicy, allow_any
from campaignkit.transports.http.exchange import Answer, Answered, Dialect, HttpRequest, HttpTimeouts, Lost, Unwritten
from campaignkit.transports.texts import BatchTrouble, require_texts, text_obstacle

if TYPE_CHECKING:
    from campaignkit.transports.http.network import ConnectionPool

__all__ = ["HttpTransport"]

DOUBT_MAX = 100  # as many as a batch of the engine holds


class HttpTransport:
    """Sends texts as one dialect of HTTP says.

    Args:
        connections: The most requests at a time.
        doubt_max: The most messages that a crash can leave in doubt, up to 100; one per connection unless given. With
            more, permission is asked for so many at once.
        ssl_context: Replaces the system's trust store.
        egress: Which addresses may be connected to; ``public_only`` keeps merchants' settings out of your own network.

    Raises:
        MissingExtra: the extra ``http`` is not installed.
        ValueError: the settings contradict each other.
    """

    channel: Channel = Channel.SMS
    is_idempotent: bool = False  # the gateway takes one message once, however often it is sent under its id

    def __init__(
        self,
        dialect: Dialect,
        *,
        timeouts: HttpTimeouts | None = None,
        connections: int = 4,
        doubt_max: int | None = None,
        ssl_context: ssl.SSLContext | None = None,
        egress: EgressPolicy = allow_any,
    ) -> None:
        if connections < 1:
            raise ValueError("connections must be at least 1")
        if doubt_max is not None and not connections <= doubt_max <= DOUBT_MAX:
            raise ValueError(f"doubt_max must be from connections to {DOUBT_MAX}")
        self._dialect = dialect
        self._connections = connections
        self.doubt_max = connections if doubt_max is None else doubt_max
        self._pool = _open_pool(timeouts or HttpTimeouts(), connections, egress, ssl_context)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(connections={self._connections}, doubt_max={self.doubt_max})"

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Generator[Outcome]:
        """Yield one outcome per message; see the laws of ``Transport``.

        Raises:
            TypeError: the batch holds something else than texts; nothing was sent.
            ValueError: two messages of the batch have one id; nothing was sent.
        """
        texts = require_texts(batch)
        return self._send(texts, clear)

    def _send(self, texts: list[OutboundText], clear: Clear) -> Generator[Outcome]:
        sending = _Round(self._dialect, self._pool, clear, self._connections, self.doubt_max)
        try:
            yield from sending.outcomes(texts)
        finally:
            sending.close()

    def verify(self) -> SenderCheck:
        """Ask the gateway about the account, where it can be asked without sending; else say that it is ready."""
        request = self._dialect.probe()
        if request is None:
            return SenderCheck(is_ready=True)
        match self._pool.exchange(request, lambda: True):
            case Answered(reply):
                verdict = self._dialect.read_probe(reply)
                is_ready = verdict.verdict is Verdict.ACCEPTED
                return SenderCheck(is_ready=is_ready, code="" if is_ready else verdict.code)
            case Unwritten(code=code, detail=detail):
                return SenderCheck(is_ready=False, code=code, reply=printable_reply(detail))
            case Lost(detail):
                return SenderCheck(is_ready=False, code="connect_failed", reply=detail)

    def close(self) -> None:
        """Close the connections. Sending again opens new ones."""
        self._pool.close()


@attrs.frozen
class _Prepared:
    """A text and the request that submits it."""

    text: OutboundText
    request: HttpRequest


class _Round:
    """The state of one call of ``send``."""

    def __init__(
        self, dialect: Dialect, pool: "ConnectionPool", clear: Clear, connections: int, doubt_max: int
    ) -> None:
        self._dialect = dialect
        self._pool = pool
        self._clear = clear
        self._doubt_max = doubt_max
        self._workers = ThreadPoolExecutor(connections) if connections > 1 else None
        self._trouble = BatchTrouble()
        self._is_closed = False

    def outcomes(self, texts: list[OutboundText]) -> Iterator[Outcome]:
        """Yield exactly one outcome per text, each before the next ``clear`` is asked."""
        wave: list[_Prepared] = []
        for text in texts:
            hindrance = self._hindrance(text)
            if hindrance is not None:
                yield hindrance
                continue
            # A request that cannot be built fails here, where nothing has been cleared.
            wave.append(_Prepared(text, self._dialect.write(text)))
            if len(wave) == self._doubt_max:
                yield from self._cross(wave)
                wave = []
        if wave:
            yield from self._cross(wave)

    def close(self) -> None:
        """Let nothing more cross, and wait for what has."""
        self._is_closed = True
        if self._workers is not None:
            self._workers.shutdown(wait=True, cancel_futures=True)

    def _hindrance(self, text: OutboundText) -> Outcome | None:
        """Return the outcome of a text that is not even tried, None if it is."""
        code = text_obstacle(text)
        if code is not None:
            return Outcome(message_id=text.message_id, verdict=Verdict.REFUSED, code=code)
        return self._trouble.outcome_of(text)

    def _cross(self, wave: list[_Prepared]) -> Iterator[Outcome]:
        cleared = self._clear(tuple(one.text for one in wave))
        granted_ids = {message.message_id for message in cleared.messages}
        for one in wave:
            if one.text.message_id not in granted_ids:
                yield Outcome(message_id=one.text.message_id, verdict=Verdict.NOT_SENT, code="not_cleared")
        granted = [one for one in wave if one.text.message_id in granted_ids]
        if self._workers is None:
            for one in granted:
                yield self._trouble.learn(self._submit(one, cleared))
            return
        running = [self._workers.submit(self._submit, one, cleared) for one in granted]
        for done in as_completed(running):
            yield self._trouble.learn(done.result())

    def _submit(self, prepared: _Prepared, cleared: Cleared) -> Outcome:
        text = prepared.text
        hindrance = self._trouble.outcome_of(text)  # it may have come since the wave was cleared
        if hindrance is not None:
            return hindrance
        match self._pool.exchange(prepared.request, lambda: not self._is_closed and cleared.may_cross()):
            case Answered(reply):
                return _outcome(text, self._dialect.read(text, reply))
            case Unwritten(code=code, scope=scope, detail=detail):
                return Outcome(
                    message_id=text.message_id, verdict=Verdict.NOT_SENT, scope=scope, code=code, reply=detail
                )
            case Lost(detail):
                return _outcome(text, Answer(verdict=in_doubt("reply_lost"), reply=detail))


def _outcome(text: OutboundText, answer: Answer) -> Outcome:
    verdict = answer.verdict
    is_accepted = verdict.verdict is Verdict.ACCEPTED
    return Outcome(
        message_id=text.message_id,
        verdict=verdict.verdict,
        scope=verdict.scope,
        code=verdict.code,
        reply=printable_reply(answer.reply),
        provider_id=answer.provider_id if is_accepted else None,
        retry_after=verdict.retry_after,
        parts_accepted=(answer.parts_accepted or text.parts) if is_accepted else None,
    )


def _open_pool(
    timeouts: HttpTimeouts, connections: int, egress: EgressPolicy, ssl_context: ssl.SSLContext | None
) -> "ConnectionPool":
    try:
        from campaignkit.transports.http.network import ConnectionPool
    except ModuleNotFoundError as error:
        if error.name != "httpcore2":
            raise
        raise MissingExtra("http", "httpcore2") from error
    return ConnectionPool(timeouts=timeouts, connections=connections, egress=egress, ssl_context=ssl_context)
