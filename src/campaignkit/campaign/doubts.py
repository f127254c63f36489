"""Messages in doubt: what is known of one, and when its recipient may be sent to anew. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from campaignkit.campaign.campaign import TimelineEntry  # which has a policy

__all__ = [
    "NOT_REPEATABLE",
    "REPEAT_PAUSES",
    "REPEAT_WITHIN",
    "RESEND_QUARANTINE",
    "Doubt",
    "DoubtPolicy",
    "counted",
    "doubt_policy",
]

# How long ago a message must have begun before it is sent anew: by then the worker that had it has written down what it
# knows, as its lease is shorter, and most providers have sent their receipt.
RESEND_QUARANTINE = timedelta(minutes=15)
# How long after each try in doubt the very same message is given once more to a gateway that takes idempotency keys.
# Soon at first: most lost replies are a broken connection. After the last of these it is held, as without the policy.
REPEAT_PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
# Gateways keep idempotency keys for a day as a rule (Stripe, https://docs.stripe.com/api/idempotent_requests: at least
# 24 hours). A repeat after that would be a second message, so none begins this long after the first try.
REPEAT_WITHIN = timedelta(hours=20)
NOT_REPEATABLE = "not_repeatable"  # why somebody has failed who was to get the same again, and could not any more


class DoubtPolicy(StrEnum):
    """What a campaign does by itself about messages in doubt."""

    HOLD = "hold"  # nothing: evidence or a person decides
    RESEND_IF_IDEMPOTENT = "resend_if_idempotent"  # repeats the very same message where the gateway knows it again
    RESEND_AFTER_QUARANTINE = "resend_after_quarantine"  # sends each anew, once: nobody is left out, some get two


@attrs.frozen(kw_only=True)
class Doubt:
    """One recipient whose message may have been accepted, or may not. Instants are UTC."""

    recipient_id: str
    contact_id: str = ""
    generation: int  # of the message; 1: it was never sent anew
    began_at: datetime
    first_began_at: datetime  # when the same message began first; as ``began_at`` unless it was repeated
    repeat_count: int = 0  # how often the same message was repeated
    content_digest: str = ""  # of what it said
    doubt_until: datetime  # then it is unknown for good
    reason: str = ""  # stable code: why nobody knows
    is_suppressed: bool = False  # since it began: nothing more may go there
    is_accepted_before: bool = False  # an earlier message to it turned out to have been accepted

    @property
    def resendable_at(self) -> datetime:
        """When it may be sent anew."""
        return self.began_at + RESEND_QUARANTINE

    @property
    def repeatable_at(self) -> datetime | None:
        """When the very same message may be repeated; None: not any more."""
        if self.repeat_count >= len(REPEAT_PAUSES):
            return None
        at = self.began_at + REPEAT_PAUSES[self.repeat_count]
        return at if at < self.repeatable_until else None

    @property
    def repeatable_until(self) -> datetime:
        """When no gateway need know the very same message again."""
        return self.first_began_at + REPEAT_WITHIN

    @property
    def may_be_resent(self) -> bool:
        """Return whether only time stands between it and another try."""
        return not self.is_suppressed and not self.is_accepted_before


def doubt_policy(on_doubt: str) -> DoubtPolicy:
    """Return the policy of that name; raises ValueError.

    >>> doubt_policy("hold")
    <DoubtPolicy.HOLD: 'hold'>
    """
    if on_doubt not in set(DoubtPolicy):
        raise ValueError(f"on_doubt is one of {', '.join(DoubtPolicy)}, not {on_doubt!r}")
    return DoubtPolicy(on_doubt)


def counted(note: "TimelineEntry", resent_count: int) -> "TimelineEntry":
    """Return *note* with how many were sent anew or repeated, as every store writes it."""
    return attrs.evolve(note, facts={**note.facts, "resent_count": str(resent_count)})
