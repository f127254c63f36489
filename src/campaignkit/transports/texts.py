"""What every transport of texts asks of a batch, and when it stops trying. Pure."""

import re
from collections.abc import Sequence

import attrs

from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.message.outbound import OutboundMessage, OutboundText
from campaignkit.message.sms import count_parts

__all__ = ["BatchTrouble", "require_texts", "text_obstacle"]

# Answers in doubt with no other between them after which the rest of a batch is not even tried: the gateway is ill, and
# each further request could leave another message in doubt.
LOSS_MAX = 3
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def require_texts(batch: Sequence[OutboundMessage]) -> list[OutboundText]:
    """Return the texts of *batch*.

    Raises:
        TypeError: it holds something else.
        ValueError: two of them have one id.
    """
    texts = [message for message in batch if isinstance(message, OutboundText)]
    if len(texts) != len(batch):
        raise TypeError("a text transport carries OutboundText only")
    if len({message.message_id for message in texts}) != len(texts):
        raise ValueError("two messages of one batch have the same id")
    return texts


def text_obstacle(message: OutboundText) -> str | None:
    """Return the code of why *message* can never be sent, None where it can.

    >>> text_obstacle(OutboundText(message_id="m1", sender="Flora", to="0143", text="hello"))
    'number_malformed'
    """
    if not _E164.fullmatch(message.to):
        return "number_malformed"
    if not message.text or "\0" in message.text or any("\ud800" <= letter <= "\udfff" for letter in message.text):
        return "text_malformed"
    if not message.sender or not message.sender.isascii() or not message.sender.isprintable():
        return "sender_refused"
    if count_parts(message.text).parts > message.parts:
        return "parts_mismatch"  # never one part more than was paid for
    return None


class BatchTrouble:
    """Why the rest of a batch is not even tried: what concerns the gateway or the account concerns all of it."""

    def __init__(self) -> None:
        self._cause: Outcome | None = None
        self._is_told = False  # some message's outcome was the cause itself
        self._loss_count = 0

    def learn(self, outcome: Outcome) -> Outcome:
        """Draw what follows from *outcome* for the others, and return it."""
        is_lost = outcome.verdict is Verdict.IN_DOUBT
        self._loss_count = self._loss_count + 1 if is_lost else 0
        if self._loss_count >= LOSS_MAX:
            self.stop(Verdict.NOT_SENT, Scope.HOST, "connection_lost")
        elif not is_lost and outcome.scope in {Scope.HOST, Scope.SENDER}:
            self._cause, self._is_told = self._cause or outcome, True
        return outcome

    def stop(self, verdict: Verdict, scope: Scope, code: str) -> None:
        """Let nothing more be tried, for that reason."""
        self._cause = self._cause or Outcome(message_id="", verdict=verdict, scope=scope, code=code)

    def outcome_of(self, message: OutboundText) -> Outcome | None:
        """Return the outcome of a message that is not tried, None while there is no trouble.

        A deferral is told once, as what it is. The others only wait with it: were they *not sent* about the sender, it
        would look as if the sender had been refused.
        """
        cause = self._cause
        if cause is None:
            return None
        followed = attrs.evolve(cause, message_id=message.message_id, provider_id=None, parts_accepted=None)
        if cause.verdict is not Verdict.DEFERRED:
            return attrs.evolve(followed, verdict=Verdict.NOT_SENT)
        is_told, self._is_told = self._is_told, True
        return attrs.evolve(followed, verdict=Verdict.NOT_SENT, scope=Scope.HOST) if is_told else followed
