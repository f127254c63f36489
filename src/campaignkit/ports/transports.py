"""What carries messages, and what the engine needs of time and ids. Protocols and their laws. Pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.outcomes import Outcome
from campaignkit.message.outbound import OutboundMessage

__all__ = ["Clear", "Cleared", "Clock", "NewId", "SaysDoubtMax", "SaysIdempotent", "SenderCheck", "Transport"]


class Clock(Protocol):
    """Time, from outside."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def sleep_until(self, at: datetime, /) -> None:
        """Return when the present instant is *at* or later."""
        ...


NewId = Callable[[], str]  # a new unique id, at most 40 characters of [0-9a-z]


class Cleared(Protocol):
    """What came back from ``clear``."""

    @property
    def messages(self) -> Sequence[OutboundMessage]:
        """Those that may cross the point of no return, in the order given. All others must not."""
        ...

    def may_cross(self) -> bool:
        """Return whether the permission still holds; ask immediately before the point of no return.

        False once the worker stood still for longer than it was granted, or the clock went back: then drop the
        message and say ``not_sent``.
        """
        ...


Clear = Callable[[Sequence[OutboundMessage]], Cleared]


@attrs.frozen(kw_only=True)
class SenderCheck:
    """Whether an account would accept mail now, without sending any."""

    is_ready: bool
    code: str = ""
    reply: str = ""


class Transport(Protocol):
    """Carries messages to a provider. One verb and two courtesies.

    Laws: ``send`` yields exactly one ``Outcome`` per message of the batch, in any order. It calls ``clear`` with
    messages that are prepared up to the point of no return, possibly several times with disjoint parts, never twice
    for one message, and crosses only with those it got back. What it has yielded is settled before the next
    ``clear`` answers. An exception, an early end or a missing outcome leaves cleared messages in doubt and gives
    the others back.
    """

    @property
    def channel(self) -> Channel: ...

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterable[Outcome]: ...

    def verify(self) -> SenderCheck: ...

    def close(self) -> None: ...


@runtime_checkable
class SaysDoubtMax(Protocol):
    """What a transport may say besides: the most messages that a crash amid ``send`` can leave in doubt."""

    @property
    def doubt_max(self) -> int: ...


@runtime_checkable
class SaysIdempotent(Protocol):
    """What a transport may say besides: whether its provider takes a message once, however often it is sent.

    True only if the provider knows a message again by its ``message_id``, for a day at least, and answers a repetition
    as it answered, or would have answered, the first.
    """

    @property
    def is_idempotent(self) -> bool: ...
