"""One batch over several sessions, in waves. Messages and ``clear`` in, outcomes out. Touches sockets, in one thread.

A *wave* is at most one message per session. It closes when all are ready or have failed, or some time after the first
was ready; then ``clear`` is asked once, the dots follow, and the next wave is not cleared before all replies are in.
With a larger *doubt_max*, a wave also takes messages that no session has begun with; they cross as soon as they are
ready, without another question.
"""

import selectors
import time
from collections import deque
from collections.abc import Iterator, Sequence

import attrs

from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.message.outbound import OutboundEmail
from campaignkit.ports import Clear, Cleared
from campaignkit.transports.smtp.connection import SmtpConnection
from campaignkit.transports.smtp.dialogue import Phase, SmtpTransaction, find_obstacle, not_sent
from campaignkit.transports.smtp.opening import SessionUnavailable
from campaignkit.transports.smtp.pool import SessionPool

__all__ = ["SmtpRound"]

# Broken connections without a success between them after which the rest of a batch is not even tried: each further one
# could leave another message in doubt. A single message that breaks connections must not stop the others, so not 1.
LOSS_MAX = 3
DOT_RETRY_SECONDS = 1.0  # how long to wait for a socket that takes no dot before asking again whether it may cross

HOST_BUSY = "host_busy"
_LOSSES = frozenset({"connection_lost", "timed_out", "reply_lost", "protocol_error"})


class SmtpRound:
    """The state of one call of ``send``; it is also the ``Supply`` of its connections."""

    def __init__(
        self,
        pool: SessionPool,
        batch: Sequence[OutboundEmail],
        clear: Clear,
        *,
        connection_max: int,
        doubt_max: int,
        wave_wait_seconds: float,
    ) -> None:
        self._pool = pool
        self._queue = deque(batch)
        self._clear = clear
        self._connection_max = connection_max
        self._doubt_max = doubt_max
        self._wave_wait_seconds = wave_wait_seconds
        self._busy: list[SmtpConnection] = []
        self._idle: list[SmtpConnection] = []
        self._outcomes: deque[Outcome] = deque()
        self._selector = selectors.DefaultSelector()
        self._trouble: Outcome | None = None  # why the rest of the batch is not tried
        self._closed_door: Outcome | None = None  # why no further session is opened
        self.crowded_at: int | None = None  # sessions that were in use when the host refused one more
        self._slow_domains: dict[str, Outcome] = {}
        self._loss_count = 0
        self._wave_closes_at: float | None = None
        self._cleared: Cleared | None = None  # of the present wave
        self._granted_ids: set[str] = set()  # of the present wave, without an outcome so far
        self._ahead: deque[OutboundEmail] = deque()  # granted, and begun with by no session

    def outcomes(self) -> Iterator[Outcome]:
        """Yield exactly one outcome per message, each before the next ``clear`` is asked."""
        while True:
            self._assign()
            while self._outcomes:
                yield self._outcomes.popleft()
            if not (self._busy or self._queue or self._ahead):
                return
            wave = self._closed_wave()
            if wave:
                self._cross(wave)
            elif self._busy:
                self._wait()
            self._collect()

    def close(self) -> None:
        """Drop every session whose message has no outcome; the others rest."""
        for connection in self._busy:
            connection.drop()
        for connection in self._idle:
            self._pool.give_back(connection)
        self._busy.clear()
        self._idle.clear()
        self._selector.close()

    @property
    def is_host_busy(self) -> bool:
        """Return whether the host asked for patience, so that the rest of the batch was not tried."""
        return self._trouble is not None and self._trouble.code == HOST_BUSY

    # Giving messages to sessions ----------------------------------------------------------------------------------

    def _assign(self) -> None:
        while len(self._busy) < self._connection_max and (message := self._next_message()) is not None:
            connection = self._take_idle() or self._open()
            if connection is not None:
                self._start(connection, message)
                continue
            self.give_back(message)
            if self._busy:
                return
            self._trouble = self._trouble or self._closed_door

    def _next_message(self) -> OutboundEmail | None:
        """Return the next message, those with leave first; the ones that are not even tried get their outcomes."""
        while source := self._ahead or self._queue:
            message = source.popleft()
            outcome = self._hindrance(message)
            if outcome is None:
                return message
            self._conclude(outcome)
        return None

    def _hindrance(self, message: OutboundEmail) -> Outcome | None:
        """Return the outcome of a message that is not even tried, None if it is."""
        obstacle = find_obstacle(message)
        if obstacle is not None:
            return obstacle
        if message.message_id in self._granted_ids and not self.may_cross(message):
            return not_sent(message, "permission_expired", Scope.RECIPIENT)
        if self._trouble is None and not self._slow_domains:
            return None
        trouble = self._trouble or self._slow_domains.get(_domain_of(message))
        if trouble is None:
            return None
        return attrs.evolve(trouble, message_id=message.message_id, verdict=Verdict.NOT_SENT)

    def _take_idle(self) -> SmtpConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            self._drop(connection)
        resting = self._pool.take_resting()
        if resting is not None:
            self._register(resting)
        return resting

    def _open(self) -> SmtpConnection | None:
        if self._closed_door is not None:
            return None
        try:
            connection = self._pool.open()
        except SessionUnavailable as error:
            verdict = error.verdict
            self.crowded_at = len(self._busy) + len(self._idle) if verdict.code == HOST_BUSY else None
            self._closed_door = Outcome(
                message_id="",
                verdict=verdict.verdict,
                scope=verdict.scope,
                code=verdict.code,
                reply=error.reply,
                retry_after=verdict.retry_after,
            )
            return None
        self._register(connection)
        return connection

    def _register(self, connection: SmtpConnection) -> None:
        connection.watched = selectors.EVENT_READ
        self._selector.register(connection.socket, connection.watched, connection)

    def _start(self, connection: SmtpConnection, message: OutboundEmail) -> None:
        connection.assign(message)
        self._busy.append(connection)

    # What connections ask for --------------------------------------------------------------------------------------

    def may_cross(self, message: OutboundEmail) -> bool:
        """Return whether *message* was cleared, and the permission still holds."""
        return message.message_id in self._granted_ids and self._cleared is not None and self._cleared.may_cross()

    def take_following(self, connection: SmtpConnection) -> OutboundEmail | None:
        """Return the message whose envelope may be written with the next dot of *connection*."""
        source = self._ahead or self._queue
        if not source or connection.session.message_count >= self._pool.messages_per_connection:
            return None
        return self._next_message() if connection.session.allows_following(source[0]) else None

    def give_back(self, message: OutboundEmail) -> None:
        """Put *message* back to where it was taken from."""
        (self._ahead if message.message_id in self._granted_ids else self._queue).appendleft(message)

    # Waiting ------------------------------------------------------------------------------------------------------

    def _wait(self) -> None:
        for connection in self._busy:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.wants_to_write else 0)
            if connection.watched != wanted:
                self._selector.modify(connection.socket, wanted, connection)
                connection.watched = wanted
        self._hear(self._seconds_to_wait())
        now = time.monotonic()
        for connection in self._busy:
            connection.check_deadline(now)

    def _hear(self, seconds: float) -> None:
        """Let connections read and write what they can, once something happens or *seconds* are over."""
        for key, events in self._selector.select(seconds):
            connection: SmtpConnection = key.data
            if events & selectors.EVENT_READ:
                connection.read(self)
            if events & selectors.EVENT_WRITE:
                connection.write()

    def _seconds_to_wait(self) -> float:
        moments = [connection.deadline for connection in self._busy if connection.phase is not Phase.READY]
        if self._wave_closes_at is not None:
            moments.append(self._wave_closes_at)
        return max(0.0, min(moments) - time.monotonic()) if moments else self._wave_wait_seconds

    def _collect(self) -> None:
        """Take the outcomes of finished messages; sessions without another one become idle, or end."""
        stale: list[OutboundEmail] = []
        for connection in [one for one in self._busy if one.session.finished]:
            finished, connection.session.finished = connection.session.finished, []
            for transaction in finished:
                if transaction.is_stale:
                    stale.append(transaction.message)
                else:
                    self._note(transaction)
            if connection.session.current is None:
                self._busy.remove(connection)
                self._let_rest(connection)
        for message in stale:
            self._start_afresh(message)

    def _let_rest(self, connection: SmtpConnection) -> None:
        if connection.is_usable and connection.session.message_count < self._pool.messages_per_connection:
            connection.rest()
            self._idle.append(connection)
        else:
            self._drop(connection)

    def _drop(self, connection: SmtpConnection) -> None:
        self._selector.unregister(connection.socket)
        if connection.is_usable:
            connection.quit(0)  # it has carried its share
        else:
            connection.drop()

    def _start_afresh(self, message: OutboundEmail) -> None:
        """Try a message again whose session had died at rest; only a new session will do, so this happens once."""
        outcome = self._hindrance(message)
        connection = None if outcome is not None else self._open()
        if connection is not None:
            self._start(connection, message)
        else:
            refusal = outcome or self._closed_door
            assert refusal is not None
            self._learn(message, attrs.evolve(refusal, message_id=message.message_id))

    def _note(self, transaction: SmtpTransaction) -> None:
        assert transaction.outcome is not None
        self._learn(transaction.message, transaction.outcome)

    def _learn(self, message: OutboundEmail, outcome: Outcome) -> None:
        """Conclude *message*, and draw what follows from its outcome for the rest of the batch."""
        self._conclude(outcome)
        self._loss_count = self._loss_count + 1 if outcome.code in _LOSSES else 0
        match outcome.scope:
            case Scope.RECIPIENT:
                pass
            case Scope.HOST if outcome.code in _LOSSES and self._loss_count < LOSS_MAX:
                pass
            case Scope.HOST if outcome.code in _LOSSES:
                self._trouble = self._trouble or not_sent(message, "connection_lost", reply=outcome.reply)
            case Scope.HOST | Scope.SENDER:
                self._trouble = self._trouble or outcome
            case Scope.GROUP:
                self._slow_domains[_domain_of(message)] = outcome
            case _:
                pass

    def _conclude(self, outcome: Outcome) -> None:
        self._granted_ids.discard(outcome.message_id)
        self._outcomes.append(outcome)

    # Crossing -----------------------------------------------------------------------------------------------------

    def _closed_wave(self) -> list[SmtpConnection]:
        """Return the ready sessions if their wave closes now, else nothing."""
        ready = [connection for connection in self._busy if connection.phase is Phase.READY]
        if not ready:
            self._wave_closes_at = None
            return []
        if self._granted_ids:
            self._wave_closes_at = None
            # They were granted before they were ready, or wait for the others of the wave before.
            return [connection for connection in ready if _message_of(connection).message_id in self._granted_ids]
        now = time.monotonic()
        if self._wave_closes_at is None:
            self._wave_closes_at = now + self._wave_wait_seconds
        if len(ready) == len(self._busy) or now >= self._wave_closes_at:
            self._wave_closes_at = None
            return ready
        return []

    def _cross(self, wave: list[SmtpConnection]) -> None:
        if not self._granted_ids:
            self._ask(wave)
        # What came meanwhile counts before the dot: a server that hung up has not accepted anything.
        self._hear(0)
        for connection in wave:
            if connection.phase is not Phase.READY:
                continue
            if _message_of(connection).message_id in self._granted_ids:
                self._write_dot(connection)
            else:
                connection.session.withhold("not_cleared")

    def _ask(self, wave: list[SmtpConnection]) -> None:
        """Ask whether the messages of *wave* may cross, and with them as many of the queue as may be in doubt."""
        asked = [_message_of(connection) for connection in wave]
        ahead = [self._queue.popleft() for _ in range(min(self._doubt_max - len(asked), len(self._queue)))]
        cleared = self._clear((*asked, *ahead))
        self._cleared = cleared
        self._granted_ids = {message.message_id for message in cleared.messages}
        for message in ahead:
            if message.message_id in self._granted_ids:
                self._ahead.append(message)
            else:
                self._conclude(not_sent(message, "not_cleared", Scope.RECIPIENT))

    def _write_dot(self, connection: SmtpConnection) -> None:
        """Write the dot, or withhold it once the permission is gone; asked anew before every try."""
        while self.may_cross(_message_of(connection)):
            if connection.write_dot(self):
                return
            # The body's own deadline still runs. A socket may say that it is writable and take nothing all the same.
            if time.monotonic() >= connection.deadline:
                break
            with selectors.DefaultSelector() as selector:
                selector.register(connection.socket, selectors.EVENT_WRITE)
                selector.select(DOT_RETRY_SECONDS)
        connection.session.withhold("permission_expired")


def _message_of(connection: SmtpConnection) -> OutboundEmail:
    assert connection.session.current is not None
    return connection.session.current.message


def _domain_of(message: OutboundEmail) -> str:
    return message.envelope_to.rpartition("@")[2].lower()
