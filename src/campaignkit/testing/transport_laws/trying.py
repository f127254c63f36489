"""How a law tries a transport: a case comes in, and what was asked, granted, yielded and taken comes out."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence, Set

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.outcomes import Outcome
from campaignkit.message.outbound import OutboundEmail, OutboundMessage, OutboundText
from campaignkit.ports import Transport

__all__ = ["ClearFailed", "Gate", "TransportCase", "Trial", "make_messages", "taken_ids"]

_MARK = re.compile(r"law-[0-9]{6}")


def _do_nothing() -> None:
    """Stand for what a case need not do."""


@attrs.frozen(kw_only=True)
class TransportCase:
    """A transport, and the provider behind it, new for each law."""

    transport: Transport
    # What the provider took since the case was made, one text or bytes a message, the message's own words in it.
    taken: Callable[[], Iterable[str | bytes]]
    vanish: Callable[[], object] | None = None  # makes the provider unreachable for good; None: it cannot
    close: Callable[[], object] = _do_nothing  # stops the provider; the transport is closed by the laws
    secrets: Collection[str] = ()  # passwords and keys that the transport was made with


class ClearFailed(Exception):
    """What ``clear`` raises when a law lets the store fail."""


@attrs.define
class Gate:
    """Plays ``begin``: grants by message id, counts, and says whether leave still holds."""

    grants: Callable[[str], bool] = lambda _: True
    crossings_max: int | None = None  # how often leave holds; None: always
    fails_at: int | None = None  # which call raises, counted from 1
    asked: list[OutboundMessage] = attrs.field(factory=list)
    granted_ids: list[str] = attrs.field(factory=list)
    calls: int = 0
    leaves: int = 0  # how often ``may_cross`` said yes
    open_max: int = 0  # most that were granted and had no outcome yet
    yielded_ids: set[str] = attrs.field(factory=set)

    def __call__(self, prepared: Sequence[OutboundMessage], /) -> "Leave":
        self.calls += 1
        if self.calls == self.fails_at:
            raise ClearFailed("the store is not there")
        self.asked += prepared
        going = tuple(message for message in prepared if self.grants(message.message_id))
        self.granted_ids += [message.message_id for message in going]
        self.open_max = max(self.open_max, len(set(self.granted_ids) - self.yielded_ids))
        return Leave(self, going)

    def may_cross(self) -> bool:
        if self.crossings_max is not None and self.leaves >= self.crossings_max:
            return False
        self.leaves += 1
        return True


@attrs.frozen
class Leave:
    """What the gate answered: implements ``ports.Cleared``."""

    gate: Gate
    messages: tuple[OutboundMessage, ...]

    def may_cross(self) -> bool:
        return self.gate.may_cross()


@attrs.frozen(kw_only=True)
class Trial:
    """One batch, sent."""

    batch: Sequence[OutboundMessage]
    gate: Gate
    outcomes: Sequence[Outcome]
    taken: Set[str]  # ids of what the provider took of this batch
    failure: Exception | None = None  # what ``send`` raised

    def outcome_of(self, message_id: str) -> Outcome | None:
        return next((one for one in self.outcomes if one.message_id == message_id), None)


def make_messages(channel: Channel, count: int, *, first: int = 0) -> Sequence[OutboundMessage]:
    """Return messages that name their own ids in their words."""
    make = _mail if channel is Channel.EMAIL else _text
    return tuple(make(number) for number in range(first, first + count))


def send(case: TransportCase, batch: Sequence[OutboundMessage], gate: Gate) -> Trial:
    """Send *batch* to the end, or until it raises."""
    outcomes: list[Outcome] = []
    failure: Exception | None = None
    try:
        for outcome in case.transport.send(batch, gate):
            outcomes.append(outcome)
            gate.yielded_ids.add(outcome.message_id)
    except Exception as raised:  # noqa: BLE001 - whatever a host's transport raises, the law that asks decides
        failure = raised
    known = {message.message_id for message in batch}
    return Trial(batch=batch, gate=gate, outcomes=outcomes, taken=taken_ids(case) & known, failure=failure)


def taken_ids(case: TransportCase) -> set[str]:
    """Return the ids of all that the provider took.

    Raises:
        AssertionError: it took one message twice, or something that names no message of the laws.
    """
    found: list[str] = []
    for words in case.taken():
        marks = set(_MARK.findall(words if isinstance(words, str) else words.decode("utf-8", "replace")))
        assert len(marks) == 1, "what the provider took must hold the words of one message"
        found += marks
    assert len(found) == len(set(found)), "the provider took one message twice"
    return set(found)


def _mail(number: int) -> OutboundEmail:
    mark = f"law-{number:06}"
    lines = ("From: laws@example.com", f"To: c{number}@example.com", f"Subject: {mark}", "", "hello", "")
    return OutboundEmail(
        message_id=mark,
        envelope_from="laws@example.com",
        envelope_to=f"c{number}@example.com",
        content="\r\n".join(lines).encode(),
    )


def _text(number: int) -> OutboundText:
    mark = f"law-{number:06}"
    return OutboundText(message_id=mark, sender="Laws", to=f"+1212555{number % 10_000:04}", text=f"hello {mark}")
