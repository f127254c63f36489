"""The very same message once more: what is known of its first tries in, how it is repeated out. Reads the store."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import attrs

from campaignkit.campaign.doubts import REPEAT_WITHIN
from campaignkit.campaign.recipients import Attempt, CampaignRecipient
from campaignkit.dispatch.limiting import Limiting
from campaignkit.ports import Claim, RecipientStore, SaysIdempotent, Transport

__all__ = ["Repeat", "is_idempotent", "repeat_of", "repeats_of"]

_CHANGED = (
    "Nobody knows whether its message was taken, and the message or its sender was changed since, "
    "so it is not sent again."
)
_NO_KEYS = "Nobody knows whether its message was taken, and this provider might take it twice, so it is not sent again."
_TOO_LATE = (
    "Nobody knows whether its message was taken, and it is too long ago for the provider to know it again, "
    "so it is not sent again."
)


@attrs.frozen(kw_only=True)
class Repeat:
    """How a message goes out again. Instants are UTC."""

    prepared_at: datetime  # as the first time: the bytes are the same
    price: int | None  # of the earlier try that holds its credit, or was charged; None: none does
    problem: str = ""  # one sentence: why it must not go out again


def is_idempotent(transport: object) -> bool:
    """Return whether *transport* says that its provider takes a message once; one that says nothing does not."""
    return isinstance(transport, SaysIdempotent) and transport.is_idempotent


def repeats_of(
    store: RecipientStore, claims: Iterable[Claim], limiting: Limiting, transport: Transport
) -> Mapping[str, Repeat]:
    """Return who of *claims* gets the very same message again, by recipient id. Nothing is read for all others."""
    found: dict[str, Repeat] = {}
    for claim in claims:
        recipient = claim.recipient
        if not recipient.is_repeated:
            continue
        trail = store.trail(recipient.merchant_id, recipient.recipient_id)
        tries = () if trail is None else trail.attempts
        is_known_again = is_idempotent(transport)
        repeat = repeat_of(recipient, tries, limiting.message_digest, is_known_again=is_known_again, now=limiting.now)
        if repeat is not None:
            found[recipient.recipient_id] = repeat
    return found


def repeat_of(
    recipient: CampaignRecipient, attempts: Sequence[Attempt], content: str, *, is_known_again: bool, now: datetime
) -> Repeat | None:
    """Return how the message of *recipient* is repeated; None: no earlier try of it can have been accepted.

    It is repeated only where that cannot become a second message: it is the same, and its gateway knows it again.
    """
    tries = [one for one in attempts if one.generation == recipient.generation and one.may_be_accepted]
    if not tries:
        return None
    first = tries[0]
    assert first.began_at is not None
    problem = ""
    if any(one.content_digest != content for one in tries):
        problem = _CHANGED
    elif not is_known_again:
        problem = _NO_KEYS
    elif now >= first.began_at + REPEAT_WITHIN:
        problem = _TOO_LATE
    return Repeat(
        prepared_at=first.prepared_at or first.began_at,
        price=next((one.price for one in tries if one.is_holding or one.credit_spent), None),
        problem=problem,
    )
