"""Why did this one get it, or not? A row's stored trail in, an ordered story and one final code out. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import Campaign, TimelineEntry, WaitingFor
from campaignkit.campaign.doubts import NOT_REPEATABLE, DoubtPolicy
from campaignkit.campaign.recipients import Attempt, CampaignRecipient, Intake
from campaignkit.campaign.status import CampaignStatus, Delivery, RecipientStatus
from campaignkit.delivery.feedback import Feedback, FeedbackKind, HeardFeedback, suppression_reason
from campaignkit.delivery.moving import doubt_of
from campaignkit.delivery.outcomes import Verdict
from campaignkit.delivery.sentences import describe_code
from campaignkit.insight.doubts import doubt_sentence, is_repeated_by_itself
from campaignkit.ports import Trail

__all__ = ["Explanation", "Step", "explain"]


@attrs.frozen(kw_only=True)
class Step:
    """One thing that happened to a row, or to its campaign while it waited."""

    at: datetime  # UTC
    what: str  # stable
    why: str  # one sentence


@attrs.frozen(kw_only=True)
class Explanation:
    """What became of one row of a campaign."""

    recipient_id: str
    code: str  # one final, stable code: "sent", "duplicate", "in_doubt", "waiting_for_window" …
    message: str  # one sentence for a shopkeeper
    trail: tuple[Step, ...]  # in order of time


def explain(trail: Trail, campaign: Campaign, *, zone: str, repeated_content: str = "") -> Explanation:
    """Return the story of one row.

    Args:
        zone: The merchant's, in which instants within sentences are told.
        repeated_content: Digest of the message that is sent again by itself when in doubt; empty: none is.
    """
    recipient = trail.recipient
    code, message = _delivered(trail) or _ended(trail, campaign, ZoneInfo(zone), repeated_content=repeated_content)
    steps = [
        *_intake(recipient),
        *_of_campaign(trail, ZoneInfo(zone)),
        *_tries(trail.attempts, recipient.channel),
        *_feedback(trail.events, recipient.channel, ZoneInfo(zone)),
        *_end(recipient, code, message),
    ]
    # The sort is stable: what happened in one instant stays in the order of cause and effect.
    return Explanation(
        recipient_id=recipient.recipient_id,
        code=code,
        message=message,
        trail=tuple(sorted(steps, key=lambda step: step.at)),
    )


# What the engine and the verbs write as a reason; a provider's codes have their sentences in delivery.replies.
_REASONS = {
    "suppressed": "This address asked not to be written to, or mail to it came back.",
    "campaign_cancelled": "The campaign was cancelled.",
    "removed": "Somebody took this recipient out.",
    "merged": "This customer was merged with another record, which gets the message, or got it.",
    "consent_denied": "After a merge of customers, one of the records says no to such messages.",
    "consent_unknown": "After a merge of customers, nobody has asked whether such messages are welcome.",
    "not_textable": "After a merge of customers, the number is one that cannot receive texts.",
    "wrong_country": "After a merge of customers, the number belongs to a country that this shop does not text to.",
    "frequency_cap": "This person had enough marketing for now, and was left out.",
    "deadline_passed": "The deadline passed before it could be sent.",
    "no_window": "The send window never opens in all the zones where the recipient may be.",
}
_ENDS = {
    RecipientStatus.SENT: ("sent", "The provider accepted the message."),
    RecipientStatus.UNKNOWN: ("unknown", "It was never learned whether the provider took the message."),
    RecipientStatus.CLAIMED: ("being_prepared", "A worker is preparing the message."),
    RecipientStatus.SENDING: ("being_sent", "A worker is handing the message over at this moment."),
}
_WAITS = {
    WaitingFor.START: ("waiting_for_start", "The campaign has not started yet."),
    WaitingFor.WINDOW: ("waiting_for_window", "The send window is closed; it goes on by itself when it opens."),
    WaitingFor.LIMIT: ("waiting_for_limit", "The sender's limits are used up; it goes on by itself when they allow."),
    WaitingFor.SENDER: ("waiting_for_sender", "The mail host asked for patience; it goes on by itself."),
    WaitingFor.CREDIT: ("waiting_for_credit", "There is no credit left; it goes on when there is."),
    WaitingFor.GATE: ("waiting_for_gate", "A condition of the shop is not met yet."),
    WaitingFor.CONFIRMATION: ("waiting_for_confirmation", "The start was missed; somebody must confirm it."),
}
# What one recipient waits for by itself, with a moment of its own.
_OWN_WAITS = {
    "limited": ("waiting_for_limit", "The sender's limit is used up"),
    "frequency_cap": ("waiting_for_frequency_cap", "This person had enough marketing for now"),
    "supply_failed": ("waiting_for_supply", "What the shop supplies for this recipient could not be had"),
    "retries_paused": ("waiting_for_retry", "Many who were put off were put off again"),
    "group_throttled": ("waiting_for_provider", "The recipient's provider asked for patience"),
}
_HELD = {
    CampaignStatus.DRAFT: ("campaign_in_draft", "The campaign was never scheduled."),
    CampaignStatus.PAUSED: ("campaign_paused", "The campaign is paused."),
    CampaignStatus.FAILED: ("campaign_failed", "The campaign stopped because sender or content was refused."),
}


_ARRIVED = {Channel.SMS: "The text arrived on the phone.", Channel.EMAIL: "The mail arrived."}
_BAD_ENDS = {
    Delivery.UNDELIVERED: FeedbackKind.UNDELIVERED,
    Delivery.BOUNCED: FeedbackKind.BOUNCED,
    Delivery.COMPLAINED: FeedbackKind.COMPLAINED,
}
_HEARD = {
    FeedbackKind.IN_TRANSIT: "The provider has the message and is delivering it.",
    FeedbackKind.NOT_KNOWN: "The provider does not know what became of the message.",
    FeedbackKind.COMPLAINED: "The person reported the message as unwanted.",
    FeedbackKind.BOUNCED: "The mail came back.",
}


def _delivered(trail: Trail) -> tuple[str, str] | None:
    """Return what receipts say, once they say anything final; what the provider accepted is only sent."""
    recipient = trail.recipient
    if recipient.delivery is Delivery.NONE:
        return None
    if recipient.delivery is Delivery.DELIVERED:
        return recipient.delivery.value, _ARRIVED[recipient.channel]
    kind = _BAD_ENDS[recipient.delivery]
    said = [event.feedback for event in trail.events if event.feedback.kind is kind]
    return recipient.delivery.value, _said_by(said[-1], recipient.channel) if said else _UNDELIVERED


_UNDELIVERED = "It did not arrive."


def _feedback(events: Iterable[HeardFeedback], channel: Channel, zone: ZoneInfo) -> Iterator[Step]:
    for event in events:
        said = event.feedback
        part = f"One of its {event.part_count} parts: " if event.part and event.part_count > 1 else ""
        at = "" if said.at is None else f" By the provider's clock: {_local(said.at, zone)}."
        reply = f" The provider said: {said.reply}" if said.reply else ""
        why = f"{part}{_said_by(said, channel)}{at}{reply}"
        yield Step(at=event.recorded_at, what=said.kind.value, why=why)


def _said_by(said: Feedback, channel: Channel) -> str:
    """Return what an event says, and what follows for the address."""
    if said.kind is FeedbackKind.DELIVERED:
        return _ARRIVED[channel]
    sentence = _HEARD.get(said.kind) or describe_code(said.code, channel) or _UNDELIVERED
    return f"{sentence} Nothing more is sent there." if suppression_reason(said) else sentence


def _ended(trail: Trail, campaign: Campaign, zone: ZoneInfo, *, repeated_content: str) -> tuple[str, str]:
    """Return where the row stands, and what became of a message before the last one that is better than that."""
    if trail.recipient.status is RecipientStatus.IN_DOUBT:
        code, message = "in_doubt", _doubt(trail, campaign, zone, repeated_content=repeated_content)
    else:
        code, message = _final(trail.recipient, campaign, zone)
    if any(one.verdict == Verdict.ACCEPTED for one in trail.attempts):
        is_told = trail.recipient.status is RecipientStatus.SENT
        return code, message if is_told else f"{message} {_ACCEPTED_BEFORE}"
    is_unclear = trail.recipient.status in _NOT_SENT and any(one.may_be_accepted for one in trail.attempts)
    return code, f"{message} {_UNCLEAR_BEFORE}" if is_unclear and code != NOT_REPEATABLE else message


_ACCEPTED_BEFORE = "An earlier message, which was in doubt, turned out to have been accepted."
_UNCLEAR_BEFORE = "Nobody knows whether an earlier message was taken."
_NOT_SENT = frozenset(
    {RecipientStatus.FAILED, RecipientStatus.SKIPPED, RecipientStatus.CANCELLED, RecipientStatus.EXPIRED}
)


def _final(recipient: CampaignRecipient, campaign: Campaign, zone: ZoneInfo) -> tuple[str, str]:
    match recipient.status:
        case RecipientStatus.SKIPPED:
            return recipient.reason, recipient.detail or _sentence_of(recipient.reason, recipient.channel)
        case RecipientStatus.FAILED:
            return recipient.reason or "failed", recipient.detail or _sentence_of(recipient.reason, recipient.channel)
        case RecipientStatus.CANCELLED | RecipientStatus.EXPIRED as status:
            return status.value, _sentence_of(recipient.reason, recipient.channel)
        case RecipientStatus.PENDING:
            return _waiting(recipient, campaign, zone)
        case status:
            return _ENDS[status]


def _doubt(trail: Trail, campaign: Campaign, zone: ZoneInfo, *, repeated_content: str) -> str:
    recipient = trail.recipient
    doubt = doubt_of(recipient, trail.attempts, is_suppressed=False)
    what = "It is not sent again by itself"
    if campaign.on_doubt is DoubtPolicy.RESEND_AFTER_QUARANTINE and recipient.generation == 1:
        what = "It is sent anew by itself after a quarter of an hour"
    elif is_repeated_by_itself(doubt, campaign, repeated_content=repeated_content):
        what = "The very same message is sent again by itself, and the provider takes it once"
    until = "" if recipient.doubt_until is None else f" From {_local(recipient.doubt_until, zone)} on it is unknown."
    why = doubt_sentence(recipient.reason, recipient.channel)
    return f"{why} {what}.{until}"


def _sentence_of(reason: str, channel: Channel) -> str:
    return _REASONS.get(reason) or describe_code(reason, channel) or "The message could not be sent."


def _waiting(recipient: CampaignRecipient, campaign: Campaign, zone: ZoneInfo) -> tuple[str, str]:
    if campaign.status in _HELD and campaign.waiting_for is not WaitingFor.CONFIRMATION:
        return _HELD[campaign.status]
    if campaign.waiting_for in _WAITS:
        return _WAITS[campaign.waiting_for]
    if recipient.reason == "window_closed":
        return _WAITS[WaitingFor.WINDOW]
    if recipient.reason in _OWN_WAITS:
        code, sentence = _OWN_WAITS[recipient.reason]
        said = f"{recipient.detail[:1].upper()}{recipient.detail[1:]}".rstrip(".") or sentence
        return code, f"{said}. It is tried {_local(recipient.not_before, zone)}."
    if recipient.reason == "resent":
        return "pending", "Nobody knows whether its first message was taken, so it is sent anew."
    if recipient.reason == "repeated":
        return "pending", "Nobody knows whether its message was taken, so the same is sent again; it is taken once."
    if recipient.attempt_count:
        return "waiting_for_retry", f"{recipient.detail or 'It was put off.'} It is tried again by itself."
    return "pending", "Its turn has not come yet."


def _intake(recipient: CampaignRecipient) -> Iterator[Step]:
    row = f"Row {recipient.row_number} of the list" if recipient.row_number is not None else "One contact"
    match recipient.intake:
        case Intake.RECIPIENT:
            yield Step(at=recipient.added_at, what="added", why=f"{row} became a recipient.")
        case Intake.EXCLUSION:
            yield Step(at=recipient.added_at, what="excluded", why=f"{row} was left out. {recipient.detail}")
        case Intake.REJECTION:
            yield Step(at=recipient.added_at, what="rejected", why=f"{row} could not be read. {recipient.detail}")


def _of_campaign(trail: Trail, zone: ZoneInfo) -> Iterator[Step]:
    """What the campaign went through while this recipient waited."""
    recipient = trail.recipient
    if recipient.intake is not Intake.RECIPIENT:
        return
    until = _last_moment(trail)
    for entry in trail.timeline:
        if recipient.added_at <= entry.at <= until and entry.what != CampaignStatus.FINISHED:
            yield Step(at=entry.at, what=f"campaign_{entry.what}", why=_sentence(entry, zone))


def _last_moment(trail: Trail) -> datetime:
    """A waiting recipient shares all that happens to its campaign; a settled one only what came before."""
    if trail.recipient.status in {RecipientStatus.PENDING, RecipientStatus.CLAIMED, RecipientStatus.SENDING}:
        return max((entry.at for entry in trail.timeline), default=trail.recipient.changed_at)
    began = [attempt.began_at or attempt.settled_at for attempt in trail.attempts]
    return max((at for at in began if at is not None), default=trail.recipient.changed_at)


def _sentence(entry: TimelineEntry, zone: ZoneInfo) -> str:
    facts = entry.facts
    known = [
        f" {told} {_local(datetime.fromisoformat(facts[fact]), zone)}." for fact, told in _TOLD.items() if fact in facts
    ]
    by = f" ({entry.actor})" if entry.actor else ""
    return f"{entry.why}{''.join(known)}{by}"


_TOLD = {"start_at": "It begins", "next_at": "Next:"}


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%A %Y-%m-%d %H:%M} ({zone.key})"


def _tries(attempts: Iterable[Attempt], channel: Channel) -> Iterator[Step]:
    for attempt in attempts:
        if attempt.began_at is not None:
            yield Step(at=attempt.began_at, what="handed_over", why="The message was handed to the provider.")
        if attempt.settled_at is not None:
            reply = f" The provider said: {attempt.reply}" if attempt.reply else ""
            yield Step(
                at=attempt.settled_at, what=attempt.verdict, why=f"{describe_code(attempt.code, channel)}{reply}"
            )


def _end(recipient: CampaignRecipient, code: str, message: str) -> Iterator[Step]:
    """The end that no attempt tells of."""
    is_told = recipient.status in {RecipientStatus.SENT, RecipientStatus.FAILED}
    if recipient.intake is Intake.RECIPIENT and not is_told:
        yield Step(at=recipient.changed_at, what=code, why=message)
