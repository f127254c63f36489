"""Transports that send nothing: they obey ``clear``, remember what they accepted, and fail as they are told. Pure."""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.message.outbound import OutboundEmail, OutboundMessage, OutboundText
from campaignkit.ports import Clear, Cleared, SenderCheck

__all__ = ["FakeEmail", "FakeSms", "FakeTransport", "Mishap", "ScriptedFailure"]


class Mishap(StrEnum):
    """What can go wrong besides a plain verdict."""

    LOST = "lost"  # accepted, but the reply never came: in doubt
    RAISE = "raise"  # ``send`` raises once the message crossed; the outcomes of its wave are lost with it
    OMIT = "omit"  # no outcome at all, though it crossed and was accepted


class ScriptedFailure(Exception):
    """What a fake raises when its script says ``raise``."""


Step = Outcome | Verdict | Mishap
_NEVER_CROSSES = frozenset({Verdict.NOT_SENT})
_DEFAULT_CODES = {
    Verdict.ACCEPTED: "accepted",
    Verdict.REFUSED: "mailbox_unknown",
    Verdict.DEFERRED: "deferred",
    Verdict.NOT_SENT: "connect_failed",
    Verdict.IN_DOUBT: "reply_lost",
}


class FakeTransport:
    """A transport whose provider is a list: ``sent`` holds what it accepted, in order.

    Args:
        connections: The most messages in one wave.
        is_idempotent: Whether its provider knows a message again by its id, and takes it once: a repetition is answered
            as accepted and is not in ``sent`` again.
    """

    def __init__(self, channel: Channel, *, connections: int = 1, is_idempotent: bool = False) -> None:
        if connections < 1:
            raise ValueError("connections must be at least 1")
        self.channel = channel
        self.connections = connections
        self.is_idempotent = is_idempotent
        self.sent: list[OutboundMessage] = []
        self.waves: list[int] = []  # how many messages each call of ``clear`` asked for
        self.check = SenderCheck(is_ready=True)  # what ``verify`` answers
        self.is_closed = False
        self._places: dict[str, int] = {}  # of what was taken, by message id
        self._scripts: dict[str, deque[Step]] = defaultdict(deque)

    def script(self, address: str, *steps: Step | str) -> None:
        """Let the next messages to *address* meet *steps* in turn; after them all is well again.

        A step is an ``Outcome`` (its message id is replaced), a verdict ("refused", "deferred" …), or a mishap:
        "lost" is accepted and in doubt, "raise" makes ``send`` raise, "omit" gives no outcome. "not_sent", and
        outcomes with that verdict, come before ``clear``; all others after it.

        Raises:
            ValueError: a step is none of these.
        """
        self._scripts[address].extend(_step_of(step) for step in steps)

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        """Yield outcomes as scripted, in waves of ``connections``."""
        for start in range(0, len(batch), self.connections):
            wave = batch[start : start + self.connections]
            steps = {message.message_id: self._next_step(message) for message in wave}
            ready = [message for message in wave if not _stays_behind(steps[message.message_id])]
            for message in wave:
                if message not in ready:
                    yield self._meet(message, steps[message.message_id])
            if ready:
                self.waves.append(len(ready))
                cleared = clear(tuple(ready))
                yield from self._cross(ready, cleared, steps)

    def verify(self) -> SenderCheck:
        return self.check

    def close(self) -> None:
        self.is_closed = True

    def _cross(self, ready: Sequence[OutboundMessage], cleared: Cleared, steps: dict[str, Step]) -> Iterator[Outcome]:
        granted_ids = {message.message_id for message in cleared.messages}
        outcomes: list[Outcome] = []
        for message in ready:
            step = steps[message.message_id]
            if message.message_id not in granted_ids:
                outcomes.append(_outcome(message, Verdict.NOT_SENT, "not_cleared"))
            elif not cleared.may_cross():
                outcomes.append(_outcome(message, Verdict.NOT_SENT, "permission_expired"))
            elif step is Mishap.OMIT:
                self._take(message)
            else:
                outcomes.append(self._meet(message, step))
        yield from outcomes

    def _meet(self, message: OutboundMessage, step: Step) -> Outcome:
        """Return what becomes of *message*, remembering it if its provider took it."""
        if step is Mishap.RAISE:
            raise ScriptedFailure("the script says raise")
        if step is Mishap.LOST:
            self._take(message)
            return _outcome(message, Verdict.IN_DOUBT, "reply_lost")
        if isinstance(step, Outcome):
            outcome = attrs.evolve(step, message_id=message.message_id)
        else:
            verdict = Verdict(step)
            outcome = _outcome(message, verdict, _DEFAULT_CODES[verdict])
        if outcome.verdict is Verdict.ACCEPTED:
            place = self._take(message)
            return attrs.evolve(outcome, provider_id=outcome.provider_id or f"fake-{place}")
        return outcome

    def _take(self, message: OutboundMessage) -> int:
        """Remember *message*, unless it is known, and return its place among those that were taken."""
        if self.is_idempotent and message.message_id in self._places:
            return self._places[message.message_id]
        self.sent.append(message)
        self._places[message.message_id] = len(self.sent)
        return len(self.sent)

    def _next_step(self, message: OutboundMessage) -> Step:
        script = self._scripts.get(_address_of(message))
        return script.popleft() if script else Verdict.ACCEPTED


class FakeEmail(FakeTransport):
    """A mail transport that sends nothing.

    >>> fake = FakeEmail()
    >>> fake.script("bob@example.com", "deferred", "accepted")
    """

    def __init__(self, *, connections: int = 1, is_idempotent: bool = False) -> None:
        super().__init__(Channel.EMAIL, connections=connections, is_idempotent=is_idempotent)


class FakeSms(FakeTransport):
    """An SMS transport that sends nothing."""

    def __init__(self, *, connections: int = 1, is_idempotent: bool = False) -> None:
        super().__init__(Channel.SMS, connections=connections, is_idempotent=is_idempotent)


def _step_of(step: Step | str) -> Step:
    if isinstance(step, Outcome | Verdict | Mishap):
        return step
    return Mishap(step) if step in {mishap.value for mishap in Mishap} else Verdict(step)


def _stays_behind(step: Step) -> bool:
    verdict = step.verdict if isinstance(step, Outcome) else step
    return verdict in _NEVER_CROSSES


def _outcome(message: OutboundMessage, verdict: Verdict, code: str) -> Outcome:
    is_host = code in {"connect_failed", "reply_lost"}
    return Outcome(
        message_id=message.message_id,
        verdict=verdict,
        scope=Scope.HOST if is_host else Scope.RECIPIENT,
        code=code,
    )


def _address_of(message: OutboundMessage) -> str:
    match message:
        case OutboundEmail():
            return message.envelope_to
        case OutboundText():
            return message.to
