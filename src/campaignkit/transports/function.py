"""A gateway in three lines: a host's own function as a transport. Touches whatever the function touches."""

from collections.abc import Callable, Iterator, Sequence

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.message.outbound import OutboundMessage
from campaignkit.ports import Clear, SenderCheck

__all__ = ["FunctionTransport", "SendOne"]

# A message in; the provider's id, None, or a whole Outcome out. Raising means that nobody knows what happened.
SendOne = Callable[[OutboundMessage], str | Outcome | None]


class FunctionTransport:
    """Sends each message by calling *send_one*, once it was cleared.

    Args:
        is_idempotent: Whether the gateway behind *send_one* is given ``message.message_id`` as an idempotency key, and
            takes a message once, however often it is sent under its id.

    >>> FunctionTransport("sms", lambda message: "id-1").channel.value
    'sms'
    """

    def __init__(self, channel: Channel | str, send_one: SendOne, *, is_idempotent: bool = False) -> None:
        self.channel = Channel(channel)
        self.is_idempotent = is_idempotent
        self.doubt_max = 1
        self._send_one = send_one

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        """Yield one outcome per message, each cleared and sent by itself."""
        for message in batch:
            cleared = clear((message,))
            if not cleared.messages:
                yield _not_sent(message, "not_cleared")
            elif not cleared.may_cross():
                yield _not_sent(message, "permission_expired")
            else:
                yield self._call(message)

    def verify(self) -> SenderCheck:
        """Answer ready: a function cannot be asked without sending."""
        return SenderCheck(is_ready=True)

    def close(self) -> None:
        """Do nothing; the function is the host's."""

    def _call(self, message: OutboundMessage) -> Outcome:
        try:
            answer = self._send_one(message)
        except Exception as error:  # noqa: BLE001 (a host's code raises what it likes; after that nobody knows what was sent)
            return _in_doubt(message, "send_raised", f"send_one raised {type(error).__name__}")
        match answer:
            case Outcome():
                return attrs.evolve(answer, message_id=message.message_id)
            case str() | None:
                return Outcome(
                    message_id=message.message_id,
                    verdict=Verdict.ACCEPTED,
                    code="accepted",
                    provider_id=answer or None,
                )
        # Not what was agreed, so it proves nothing: untyped host code can get here.
        return _in_doubt(message, "send_raised", f"send_one returned {type(answer).__name__}")  # type: ignore[unreachable]


def _in_doubt(message: OutboundMessage, code: str, reply: str) -> Outcome:
    return Outcome(message_id=message.message_id, verdict=Verdict.IN_DOUBT, scope=Scope.HOST, code=code, reply=reply)


def _not_sent(message: OutboundMessage, code: str) -> Outcome:
    return Outcome(message_id=message.message_id, verdict=Verdict.NOT_SENT, code=code)
