"""A provider that remembers what it took, and transports to it that fare as the weather has it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.message.outbound import OutboundEmail, OutboundMessage
from campaignkit.ports import Clear, Cleared, SenderCheck
from campaignkit.testing.simulation.stage import Actor, Stage
from campaignkit.testing.simulation.weather import Fate

__all__ = ["Accepted", "Provider", "SimulatedTransport", "TransportFailed"]


class TransportFailed(Exception):
    """What a transport raises in bad weather."""


@attrs.frozen(kw_only=True)
class Accepted:
    """One message that the provider took."""

    message_id: str
    address: str = attrs.field(repr=False)
    at: datetime
    left_at: datetime  # when whoever sent it was told that it may cross
    actor: str
    parts: int

    @property
    def recipient_id(self) -> str:
        return self.message_id.rpartition(".")[0]


@attrs.define(eq=False)
class Provider:
    """What the provider has, in the order in which it came. It is the judge's witness."""

    stage: Stage
    on_accept: Callable[[Accepted], None]
    on_known: Callable[[Accepted, bool], None]  # what it had already; whether it says the same
    log: list[Accepted] = attrs.field(factory=list)
    known: dict[str, tuple[OutboundMessage, str, datetime]] = attrs.field(factory=dict)  # texts, by our id
    refused: dict[str, datetime] = attrs.field(factory=dict)  # texts, by our id: when first

    def refuse(self, message: OutboundMessage) -> None:
        """Remember that *message* was refused: a gateway answers a text that it knows as it did the first time."""
        if not isinstance(message, OutboundEmail):
            self.refused.setdefault(message.message_id, self.stage.now)

    def has_refused(self, actor: Actor, message: OutboundMessage) -> bool:
        """Return whether it would refuse *message* as it did before."""
        return self._is_within(actor, self.refused.get(message.message_id))

    def knows(self, actor: Actor, message: OutboundMessage) -> bool:
        """Return whether it would take *message* for one that it has: texts only, for a day.

        Whoever stood still for a day between leave and crossing is judged by when it had leave: no gateway keeps a
        connection for so long, and what arrived on one would be beyond every rule.
        """
        return self._is_within(actor, self.known[message.message_id][2] if message.message_id in self.known else None)

    def _is_within(self, actor: Actor, since: datetime | None) -> bool:
        return since is not None and (actor.left_at or self.stage.now) < since + KEYS_LAST

    def accept(self, actor: Actor, message: OutboundMessage) -> str:
        """Take *message*, or know it again, and return what the provider calls it."""
        is_mail = isinstance(message, OutboundEmail)
        taken = Accepted(
            message_id=message.message_id,
            address=message.envelope_to if isinstance(message, OutboundEmail) else message.to,
            at=self.stage.now,
            left_at=actor.left_at or self.stage.now,
            actor=actor.name,
            parts=1 if is_mail else getattr(message, "parts", 1),
        )
        if self.knows(actor, message):
            first, provider_id, _ = self.known[message.message_id]
            self.stage.note(actor, f"the provider has {message.message_id} already")
            self.on_known(taken, first == message)
            return provider_id
        self.log.append(taken)
        self.stage.note(actor, f"the provider accepts {message.message_id}")
        self.on_accept(taken)
        provider_id = f"p{len(self.log)}"
        if not is_mail:
            self.known[message.message_id] = (message, provider_id, self.stage.now)
        return provider_id


KEYS_LAST = timedelta(days=1)
# What no gateway answers to a message that it has.
_OF_THE_MESSAGE = frozenset({Fate.REFUSED, Fate.REFUSED_EARLY, Fate.CONTENT, Fate.DEFERRED, Fate.DEFERRED_EARLY})
_BEFORE_CLEAR = frozenset({Fate.NOT_SENT, Fate.REFUSED_EARLY, Fate.DEFERRED_EARLY})
_TAKEN = frozenset({Fate.ACCEPTED, Fate.LOST, Fate.RAISED_LATE, Fate.OMITTED, Fate.ENDED, Fate.STRANGER, Fate.TWICE})
_REPLIES: Mapping[Fate, Outcome] = {
    fate: Outcome(message_id="", verdict=verdict, scope=scope, code=code, reply=f"{code}, says the simulation")
    for fate, verdict, scope, code in (
        (Fate.LOST, Verdict.IN_DOUBT, Scope.HOST, "reply_lost"),
        (Fate.VANISHED, Verdict.IN_DOUBT, Scope.HOST, "reply_lost"),
        (Fate.REFUSED, Verdict.REFUSED, Scope.RECIPIENT, "mailbox_unknown"),
        (Fate.DEFERRED, Verdict.DEFERRED, Scope.RECIPIENT, "mailbox_full"),
        (Fate.BUSY, Verdict.DEFERRED, Scope.HOST, "host_busy"),
        (Fate.THROTTLED, Verdict.DEFERRED, Scope.SENDER, "throttled"),
        (Fate.GROUP_THROTTLED, Verdict.DEFERRED, Scope.GROUP, "throttled"),
        (Fate.CONTENT, Verdict.REFUSED, Scope.RECIPIENT, "content"),
        (Fate.SENDER_REFUSED, Verdict.REFUSED, Scope.SENDER, "sender_refused"),
        (Fate.NOT_SENT, Verdict.NOT_SENT, Scope.HOST, "connect_failed"),
        (Fate.REFUSED_EARLY, Verdict.REFUSED, Scope.RECIPIENT, "mailbox_unknown"),
        (Fate.DEFERRED_EARLY, Verdict.DEFERRED, Scope.RECIPIENT, "greylisted"),
    )
}


@attrs.define(eq=False)
class SimulatedTransport:
    """One process's way to the provider: implements ``ports.Transport``.

    Args:
        fate: Says what becomes of the next message.
        wave_max: The most messages that one call of ``clear`` asks for.
        is_hasty: Whether it tells each outcome as soon as it knows it, or all of a wave together.
    """

    channel: Channel
    provider: Provider
    actor: Actor
    fate: Callable[[], Fate]
    wave_max: int = 1
    is_hasty: bool = True

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        """Yield outcomes by fate, in waves."""
        for start in range(0, len(batch), self.wave_max):
            fates = {message.message_id: self._fate(message) for message in batch[start : start + self.wave_max]}
            if Fate.RAISED_EARLY in fates.values():
                raise TransportFailed("before it asked for leave")
            wave = [message for message in batch if message.message_id in fates]
            behind = [message for message in wave if fates[message.message_id] in _BEFORE_CLEAR]
            yield from (self._reply(message, fates[message.message_id]) for message in behind)
            ready = [message for message in wave if message not in behind]
            if ready:
                told = self._cross(ready, clear(tuple(ready)), fates)
                yield from told if self.is_hasty else list(told)
                if Fate.ENDED in fates.values():
                    return

    @property
    def is_idempotent(self) -> bool:
        """Return whether the provider takes a message once: a gateway for texts does, a mail host does not."""
        return self.channel is Channel.SMS

    def _fate(self, message: OutboundMessage) -> Fate:
        fate = self.fate()
        return Fate.ACCEPTED if fate in _OF_THE_MESSAGE and self.provider.knows(self.actor, message) else fate

    def verify(self) -> SenderCheck:
        return SenderCheck(is_ready=True)

    def close(self) -> None:
        """Do nothing; nothing is open."""

    def _cross(
        self, ready: Sequence[OutboundMessage], cleared: Cleared, fates: Mapping[str, Fate]
    ) -> Iterator[Outcome]:
        granted = {message.message_id for message in cleared.messages}
        for message in ready:
            if message.message_id not in granted:
                yield _not_sent(message, "not_cleared")
            elif not cleared.may_cross():
                yield _not_sent(message, "permission_expired")
            else:
                yield from self._meet(message, fates[message.message_id])

    def _meet(self, message: OutboundMessage, fate: Fate) -> Iterator[Outcome]:
        is_taken = fate in _TAKEN and not self.provider.has_refused(self.actor, message)
        provider_id = self.provider.accept(self.actor, message) if is_taken else ""
        accepted = Outcome(
            message_id=message.message_id, verdict=Verdict.ACCEPTED, code="accepted", provider_id=provider_id
        )
        match fate:
            case Fate.RAISED_LATE:
                raise TransportFailed("after a message crossed")
            case Fate.OMITTED | Fate.ENDED:
                return
            case Fate.ACCEPTED | Fate.TWICE | Fate.STRANGER if not is_taken:
                yield self._reply(message, Fate.REFUSED)
            case Fate.ACCEPTED:
                yield accepted
            case Fate.TWICE:
                yield accepted
                yield accepted
            case Fate.STRANGER:
                yield accepted
                yield attrs.evolve(accepted, message_id="nobody.1")
            case _:
                yield self._reply(message, fate)

    def _reply(self, message: OutboundMessage, fate: Fate) -> Outcome:
        outcome = attrs.evolve(_REPLIES[fate], message_id=message.message_id)
        if outcome.verdict is Verdict.REFUSED and outcome.scope is Scope.RECIPIENT:
            self.provider.refuse(message)
        return outcome


def _not_sent(message: OutboundMessage, code: str) -> Outcome:
    return Outcome(message_id=message.message_id, verdict=Verdict.NOT_SENT, code=code)
