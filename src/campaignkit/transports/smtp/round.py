"""One batch over several sessions, in waves. Messages and ``clear`` in, outcomes out. Touches sockets, in one thread.

A *wave* is at most one message per session. It closes when all are ready or have failed, or some time after the first
was ready; then ``clear`` is asked once, the dots follow, and the next wave is not cleared before all replies are in.
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
from campaignkit.transports.smtp.dialogue import Phase, find_obstacle, not_sent
from campaignkit.transports.smtp.opening import SessionUnavailable
from campaignkit.transports.smtp.pool import SessionPool

__all__ = ["SmtpRound"]

# Broken connections without a success between them after which the rest of a batch is not even tried: each further one
# could leave another message in doubt. A single message that breaks connections must not stop the others, so not 1.
LOSS_MAX = 3
DOT_RETRY_SECONDS = 1.0  # how long to wait for a socket that takes no dot before asking again whether it may cross

_LOSSES = frozenset({"connection_lost", "timed_out", "reply_lost", "protocol_error"})


class SmtpRound:
    """The state of one call of ``send``."""

    def __init__(
        self,
        pool: SessionPool,
        batch: Sequence[OutboundEmail],
        clear: Clear,
        *,
        connection_max: int,
        wave_wait_seconds: float,
    ) -> None:
        self._pool = pool
        self._queue = deque(batch)
        self._clear = clear
        self._connection_max = connection_max
        self._wave_wait_seconds = wave_wait_seconds
        self._busy: list[SmtpConnection] = []
        self._outcomes: deque[Outcome] = deque()
        self._selector = selectors.DefaultSelector()
        self._trouble: Outcome | None = None  # why the rest of the batch is not tried
        self._closed_door: Outcome | None = None  # why no further session is opened
        self._slow_domains: dict[str, Outcome] = {}
        self._loss_count = 0
        self._wave_closes_at: float | None = None

    def outcomes(self) -> Iterator[Outcome]:
        """Yield exactly one outcome per message, each before the next ``clear`` is asked."""
        while True:
            self._assign()
            while self._outcomes:
                yield self._outcomes.popleft()
            if not self._busy and not self._queue:
                return
            wave = self._closed_wave()
            if wave:
                self._cross(wave)
            elif self._busy:
                self._wait()
            self._collect()

    def close(self) -> None:
        """Drop every session whose message has no outcome."""
        for connection in self._busy:
            connection.drop()
        self._busy.clear()
        self._selector.close()

    # Giving messages to sessions ----------------------------------------------------------------------------------

    def _assign(self) -> None:
        while self._queue and len(self._busy) < self._connection_max:
            outcome = self._hindrance(self._queue[0])
            if outcome is not None:
                self._queue.popleft()
                self._outcomes.append(outcome)
                continue
            connection = self._pool.take_resting() or self._open()
            if connection is not None:
                self._start(connection, self._queue.popleft())
            elif self._busy:
                return
            else:
                self._trouble = self._trouble or self._closed_door

    def _hindrance(self, message: OutboundEmail) -> Outcome | None:
        """Return the outcome of a message that is not even tried, None if it is."""
        obstacle = find_obstacle(message)
        if obstacle is not None:
            return obstacle
        trouble = self._trouble or self._slow_domains.get(_domain_of(message))
        if trouble is None:
            return None
        return attrs.evolve(trouble, message_id=message.message_id, verdict=Verdict.NOT_SENT)

    def _open(self) -> SmtpConnection | None:
        if self._closed_door is not None:
            return None
        try:
            return self._pool.open()
        except SessionUnavailable as error:
            verdict = error.verdict
            self._closed_door = Outcome(
                message_id="",
                verdict=verdict.verdict,
                scope=verdict.scope,
                code=verdict.code,
                reply=error.reply,
                retry_after=verdict.retry_after,
            )
            return None

    def _start(self, connection: SmtpConnection, message: OutboundEmail) -> None:
        connection.assign(message)
        self._busy.append(connection)
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    # Waiting ------------------------------------------------------------------------------------------------------

    def _wait(self) -> None:
        for connection in self._busy:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.wants_to_write else 0)
            if self._selector.get_key(connection.socket).events != wanted:
                self._selector.modify(connection.socket, wanted, connection)
        for key, events in self._selector.select(self._seconds_to_wait()):
            if events & selectors.EVENT_READ:
                key.data.read()
            if events & selectors.EVENT_WRITE and not _is_done(key.data):
                key.data.write()
        now = time.monotonic()
        for connection in self._busy:
            connection.check_deadline(now)

    def _seconds_to_wait(self) -> float:
        if any(_is_done(connection) for connection in self._busy):
            return 0.0
        moments = [connection.deadline for connection in self._busy if _phase_of(connection) is not Phase.READY]
        if self._wave_closes_at is not None:
            moments.append(self._wave_closes_at)
        return max(0.0, min(moments) - time.monotonic()) if moments else self._wave_wait_seconds

    def _collect(self) -> None:
        """Take the outcomes of finished messages and give their sessions back."""
        for connection in [one for one in self._busy if _is_done(one)]:
            self._busy.remove(connection)
            self._selector.unregister(connection.socket)
            assert connection.transaction is not None
            assert connection.transaction.outcome is not None
            message, outcome = connection.transaction.message, connection.transaction.outcome
            is_stale = connection.is_stale
            if connection.is_usable:
                self._pool.give_back(connection)
            else:
                connection.drop()
            if is_stale:
                self._start_afresh(message)
            else:
                self._note(message, outcome)

    def _start_afresh(self, message: OutboundEmail) -> None:
        """Try a message again whose session had died at rest; only a new session will do, so this happens once."""
        connection = self._open()
        if connection is not None:
            self._start(connection, message)
        else:
            assert self._closed_door is not None
            self._note(message, attrs.evolve(self._closed_door, message_id=message.message_id))

    def _note(self, message: OutboundEmail, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self._loss_count = self._loss_count + 1 if outcome.code in _LOSSES else 0
        match outcome.scope:
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

    # Crossing -----------------------------------------------------------------------------------------------------

    def _closed_wave(self) -> list[SmtpConnection]:
        """Return the ready messages if their wave closes now, else nothing."""
        phases = [_phase_of(connection) for connection in self._busy]
        if Phase.READY not in phases or Phase.CROSSED in phases:
            self._wave_closes_at = None
            return []
        if Phase.DONE in phases:
            return []
        now = time.monotonic()
        if self._wave_closes_at is None:
            self._wave_closes_at = now + self._wave_wait_seconds
        if all(phase is Phase.READY for phase in phases) or now >= self._wave_closes_at:
            self._wave_closes_at = None
            return [connection for connection in self._busy if _phase_of(connection) is Phase.READY]
        return []

    def _cross(self, wave: list[SmtpConnection]) -> None:
        cleared = self._clear(tuple(_message_of(connection) for connection in wave))
        granted_ids = {message.message_id for message in cleared.messages}
        for connection in wave:
            # What came meanwhile counts before the dot: a server that hung up has not accepted anything.
            connection.read()
            if _is_done(connection):
                continue
            if _message_of(connection).message_id in granted_ids:
                _write_dot(connection, cleared)
            else:
                _withhold(connection, "not_cleared")


def _write_dot(connection: SmtpConnection, cleared: Cleared) -> None:
    """Write the dot, or withhold it once the permission is gone; asked anew before every try."""
    while cleared.may_cross():
        if connection.write_dot():
            return
        # The body's own deadline still runs. A socket may say that it is writable and take nothing all the same.
        if time.monotonic() >= connection.deadline:
            break
        with selectors.DefaultSelector() as selector:
            selector.register(connection.socket, selectors.EVENT_WRITE)
            selector.select(DOT_RETRY_SECONDS)
    _withhold(connection, "permission_expired")


def _withhold(connection: SmtpConnection, code: str) -> None:
    assert connection.transaction is not None
    connection.transaction.withhold(code)


def _is_done(connection: SmtpConnection) -> bool:
    return _phase_of(connection) is Phase.DONE


def _phase_of(connection: SmtpConnection) -> Phase:
    assert connection.transaction is not None
    return connection.transaction.phase


def _message_of(connection: SmtpConnection) -> OutboundEmail:
    assert connection.transaction is not None
    return connection.transaction.message


def _domain_of(message: OutboundEmail) -> str:
    return message.envelope_to.rpartition("@")[2].lower()
