"""What comes back about a message, or from whom it went to: an event in, what it changes out. Pure.

Events come early, late, repeated and in any order. So nothing here asks what came before: what a recipient's delivery
is follows from all its events together, and whoever keeps them works it out anew with each.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import mask
from campaignkit.campaign.recipients import Attempt
from campaignkit.campaign.status import Delivery, RecipientEvent, RecipientStatus
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.delivery.settling import Settlement
from campaignkit.delivery.sms_receipts import ReceiptStatus, message_status

__all__ = [
    "ID_HORIZON",
    "LIFTABLE",
    "PROVEN",
    "WAITING_HORIZON",
    "Feedback",
    "FeedbackKind",
    "HeardFeedback",
    "NamedMessage",
    "RecordResult",
    "RecordVerdict",
    "accept_by",
    "delivery_of",
    "digest_of",
    "is_about",
    "lasts_until",
    "named_by",
    "read_message_id",
    "standing_reason",
    "suppression_reason",
]

# A provider repeats a call that was not answered for a day or two, and a settle comes minutes after its begin. What
# nobody has asked for after a week belongs to a test, to another system on the same account, or to nobody.
WAITING_HORIZON = timedelta(days=7)
# Providers use their ids again. Receipts come within the validity of a text, days at most; a month later an id that we
# know stands for something else.
ID_HORIZON = timedelta(days=30)

HARD_BOUNCE, COMPLAINED = "hard_bounce", "complained"
OPTED_OUT_BY_TEXT, OPTED_OUT_BY_PHRASE = "opted_out_by_text", "opted_out_by_phrase"
# Why an address was suppressed that its owner may free again by a word; nothing else is ever lifted.
LIFTABLE = frozenset({OPTED_OUT_BY_TEXT, OPTED_OUT_BY_PHRASE})

PROVEN = "proven_by_receipt"  # the code of an attempt that was in doubt until its receipt came


class FeedbackKind(StrEnum):
    """What an event says. The last three come from a person, and name an address instead of a message."""

    IN_TRANSIT = "in_transit"
    NOT_KNOWN = "not_known"  # a receipt that says nothing, but proves that the provider had the message
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    WROTE = "wrote"  # a text that asks for neither; kept for a while, so that a repeated one is known


@attrs.frozen(kw_only=True)
class Feedback:
    """One event as a store keeps it.

    It names its message by our id, proven by a signature, or by the provider's id together with the account that the
    provider knows it by; or it names an address of a merchant.
    """

    event_key: str  # the same for a repetition; see ``digest_of``
    kind: FeedbackKind
    merchant_id: str = ""  # whose it must be; empty: nobody says
    message_id: str = ""  # ours: recipient and generation
    account: str = ""  # ids of two providers may be alike
    provider_id: str = ""  # of the text, or of one part of it
    address_key: str = attrs.field(default="", repr=mask)
    code: str = ""  # why, in our codes
    is_hard: bool = False  # the address is no good for ever
    is_opted_out: bool = False
    reply: str = ""  # what the provider said, one line, printable
    at: datetime | None = None  # by the provider's clock

    @property
    def names_address(self) -> bool:
        return bool(self.address_key)


def digest_of(*said: object) -> str:
    """Return what tells an event from every other: the same for the same words.

    >>> digest_of("main", "31", "delivered") == digest_of("main", "31", "delivered") != digest_of("main", "3", "1")
    True
    """
    words = [one.isoformat() if isinstance(one, datetime) else one for one in said]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()


class RecordVerdict(StrEnum):
    """What recording an event did."""

    NEW = "new"
    DUPLICATE = "duplicate"  # this very event was recorded before; nothing changed
    UNMATCHED = "unmatched"  # it names no message that is known, or one of another merchant; it waits for its settle


@attrs.frozen(kw_only=True)
class RecordResult:
    """What recording one event did, and how its recipient stands after the call."""

    verdict: RecordVerdict
    merchant_id: str = ""  # empty: it is unmatched; so are the next two, for an event that names an address too
    campaign_id: str = ""
    recipient_id: str = ""
    status: RecipientStatus | None = None
    delivery: Delivery = Delivery.NONE
    is_suppressed: bool = False  # by this event: the address was not on the list before
    is_lifted: bool = False  # by this event: the address may be written to again


@attrs.frozen(kw_only=True)
class NamedMessage:
    """The message that an id stands for."""

    merchant_id: str
    recipient_id: str
    epoch: int
    generation: int
    part: str = ""  # the id of one part of it; empty: the whole
    known_count: int = 1  # ids of parts that the provider named
    part_count: int = 1  # parts that it has; more than it named, where the rest is in doubt
    named_at: datetime | None = None

    def is_named_still(self, now: datetime) -> bool:
        return self.named_at is None or now < self.named_at + ID_HORIZON


@attrs.frozen(kw_only=True)
class HeardFeedback:
    """An event that found its message."""

    feedback: Feedback
    recorded_at: datetime  # by the store's clock
    epoch: int
    generation: int
    part: str = ""  # empty: the whole message
    known_count: int = 1  # ids of parts that the provider named
    part_count: int = 1


def read_message_id(message_id: str) -> tuple[str, int] | None:
    """Return recipient and generation that one of our ids names.

    >>> read_message_id("0rk1.2"), read_message_id("from another system")
    (('0rk1', 2), None)
    """
    recipient_id, _, generation = message_id.rpartition(".")
    is_ours = recipient_id and generation.isascii() and generation.isdecimal() and len(generation) < 10
    return (recipient_id, int(generation)) if is_ours else None


def named_by(attempts: Iterable[Attempt], generation: int) -> NamedMessage | None:
    """Return the message that our id names, by the *attempts* at its recipient: the last that began."""
    begun = [one for one in attempts if one.generation == generation and one.began_at is not None]
    if not begun:
        return None
    last = max(begun, key=lambda one: one.epoch)
    return NamedMessage(
        merchant_id=last.merchant_id, recipient_id=last.recipient_id, epoch=last.epoch, generation=generation
    )


def is_about(
    feedback: Feedback, by_message: Collection[NamedMessage], by_provider: NamedMessage | None, now: datetime
) -> NamedMessage | None:
    """Return the message that *feedback* is about; None: none that is known, or one of another merchant.

    Args:
        by_message: What its ``message_id`` names; of several merchants' only the one whose it must be.
        by_provider: What its ``provider_id`` names at its account.
    """
    ours = [one for one in by_message if feedback.merchant_id in {"", one.merchant_id}]
    if len(ours) == 1:
        return ours[0]
    if by_provider is None or feedback.merchant_id not in {"", by_provider.merchant_id}:
        return None
    return by_provider if by_provider.is_named_still(now) else None


_RANKS = (Delivery.NONE, Delivery.DELIVERED, Delivery.UNDELIVERED, Delivery.BOUNCED, Delivery.COMPLAINED)
_WORDS: Mapping[FeedbackKind, Delivery] = {
    FeedbackKind.DELIVERED: Delivery.DELIVERED,
    FeedbackKind.UNDELIVERED: Delivery.UNDELIVERED,
    FeedbackKind.BOUNCED: Delivery.BOUNCED,
    FeedbackKind.COMPLAINED: Delivery.COMPLAINED,
}


def delivery_of(events: Iterable[HeardFeedback]) -> Delivery:
    """Return what all events about one recipient come to, in whatever order they came and however often.

    Of a message that was sent anew on purpose, the last that anything is known of counts.
    """
    messages: dict[int, list[HeardFeedback]] = {}
    for event in events:
        messages.setdefault(event.generation, []).append(event)
    known = [_of_message(messages[generation]) for generation in sorted(messages)]
    return next((one for one in reversed(known) if one is not Delivery.NONE), Delivery.NONE)


def _of_message(events: Iterable[HeardFeedback]) -> Delivery:
    """A text is delivered once all its parts are; one part that is not is enough for the contrary."""
    parts: dict[str, Delivery] = {}
    part_count = 1
    for event in events:
        said = _WORDS.get(event.feedback.kind, Delivery.NONE)
        parts[event.part] = max(parts.get(event.part, Delivery.NONE), said, key=_RANKS.index)
        part_count = max(part_count, event.part_count)
    whole = parts.pop("", Delivery.NONE)
    worst = max((*parts.values(), whole), key=_RANKS.index)
    if worst is not Delivery.DELIVERED or whole is worst:
        return worst
    statuses = (ReceiptStatus.DELIVERED for one in parts.values() if one is Delivery.DELIVERED)
    is_whole = message_status(statuses, part_count) is ReceiptStatus.DELIVERED
    return Delivery.DELIVERED if is_whole else Delivery.NONE


def suppression_reason(feedback: Feedback) -> str:
    """Return why the address of an event must not be written to any more; empty: it may."""
    if feedback.kind is FeedbackKind.COMPLAINED:
        return COMPLAINED
    if feedback.is_hard:
        return HARD_BOUNCE
    if feedback.kind is FeedbackKind.OPTED_OUT:
        return feedback.code or OPTED_OUT_BY_TEXT
    return OPTED_OUT_BY_TEXT if feedback.is_opted_out else ""


def standing_reason(before: str | None, after: str) -> str:
    """Return why an address is suppressed that is suppressed again: what its owner may lift gives way to the rest."""
    return after if before is None or before in LIFTABLE else before


def lasts_until(feedback: Feedback, now: datetime, *, is_matched: bool) -> datetime | None:
    """Return until when an event is kept; None: as long as its recipient, or for good."""
    is_passing = feedback.kind is FeedbackKind.WROTE if feedback.names_address else not is_matched
    return now + WAITING_HORIZON if is_passing else None


def accept_by(attempt: Attempt, events: Collection[HeardFeedback]) -> Settlement | None:
    """Return how a message in doubt is settled that *events* prove the provider to have had; None: they prove nothing.

    Of a text whose parts were not all taken for certain, only those are paid for that were.
    """
    proofs = sorted((one for one in events if one.generation == attempt.generation), key=lambda one: one.part)
    if not proofs:
        return None
    first = proofs[0]  # the whole text before any part of it
    is_partial = first.known_count < first.part_count and attempt.price is not None
    return Settlement(
        merchant_id=attempt.merchant_id,
        recipient_id=attempt.recipient_id,
        epoch=attempt.epoch,
        event=RecipientEvent.ACCEPT,
        outcome=Outcome(
            message_id=attempt.message_id,
            verdict=Verdict.ACCEPTED,
            code=PROVEN,
            provider_id=attempt.provider_id or first.feedback.provider_id or None,
        ),
        account=first.feedback.account,
        spent=(attempt.price or 0) * first.known_count // first.part_count if is_partial else None,
    )
