"""Who is in doubt, why, until when, and what can be done: what the store knows of a doubt in, sentences out. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.doubts import Doubt, DoubtPolicy
from campaignkit.campaign.status import CampaignStatus
from campaignkit.delivery.sentences import describe_code

__all__ = ["InDoubt", "describe_doubt", "doubt_sentence", "is_repeated_by_itself"]

FELL_SILENT = "lease_expired"


@attrs.frozen(kw_only=True)
class InDoubt:
    """One recipient of whose message nobody knows whether the provider took it. Instants are UTC."""

    recipient_id: str
    contact_id: str  # the host's id, where it gave one
    code: str  # why nobody knows: "reply_lost", "lease_expired" …
    message: str  # the same in one sentence
    since: datetime  # when the message was handed over
    resendable_at: datetime | None  # None: it cannot be sent anew
    until: datetime  # then it is unknown for good
    resent_count: int  # how often it was sent anew before
    repeat_count: int  # how often the very same message was sent again
    remedy: str  # one sentence for a shopkeeper


def describe_doubt(doubt: Doubt, campaign: Campaign, *, zone: str, repeated_content: str) -> InDoubt:
    """Return *doubt* with its sentences.

    Args:
        zone: The merchant's, in which instants within sentences are told.
        repeated_content: Digest of the message that is sent again by itself when in doubt; empty: none is.
    """
    is_resendable = doubt.may_be_resent and _is_open(campaign, doubt)
    return InDoubt(
        recipient_id=doubt.recipient_id,
        contact_id=doubt.contact_id,
        code=doubt.reason,
        message=doubt_sentence(doubt.reason, campaign.channel),
        since=doubt.began_at,
        resendable_at=doubt.resendable_at if is_resendable else None,
        until=doubt.doubt_until,
        resent_count=doubt.generation - 1,
        repeat_count=doubt.repeat_count,
        remedy=_remedy(doubt, campaign, ZoneInfo(zone), repeated_content=repeated_content),
    )


def doubt_sentence(reason: str, channel: Channel) -> str:
    """Return why nobody knows what became of a message.

    >>> doubt_sentence("lease_expired", Channel.EMAIL)
    'The worker that was handing the message over fell silent; nobody knows whether it arrived.'
    """
    if reason == FELL_SILENT:
        return "The worker that was handing the message over fell silent; nobody knows whether it arrived."
    return describe_code(reason, channel) or "Nobody knows whether the message arrived."


def is_repeated_by_itself(doubt: Doubt, campaign: Campaign, *, repeated_content: str) -> bool:
    """Return whether the very same message will be sent again by itself."""
    is_possible = doubt.repeatable_at is not None and campaign.status is CampaignStatus.SENDING
    return is_possible and bool(repeated_content) and doubt.content_digest == repeated_content


def _is_open(campaign: Campaign, doubt: Doubt) -> bool:
    is_too_late = campaign.deadline is not None and doubt.resendable_at >= campaign.deadline
    return campaign.status is not CampaignStatus.CANCELLED and not is_too_late


def _remedy(doubt: Doubt, campaign: Campaign, zone: ZoneInfo, *, repeated_content: str) -> str:
    until = f"A receipt may still tell; from {_local(doubt.doubt_until, zone)} on it counts as unknown."
    if doubt.is_accepted_before:
        return "An earlier message to this recipient was accepted, so there is no need to send it anew."
    if doubt.is_suppressed:
        return f"Nothing more may be sent to this address. {until}"
    if not _is_open(campaign, doubt):
        return f"The campaign is over, so it is not sent anew. {until}"
    if doubt.repeatable_at is not None and is_repeated_by_itself(doubt, campaign, repeated_content=repeated_content):
        at = _local(doubt.repeatable_at, zone)
        return f"The very same message is sent again by itself from {at} on; the provider takes it once."
    at = _local(doubt.resendable_at, zone)
    if campaign.on_doubt is DoubtPolicy.RESEND_AFTER_QUARANTINE and doubt.generation == 1:
        return f"It is sent anew by itself from {at} on, unless a receipt comes before."
    return f"{until} resend_in_doubt sends it anew from {at} on; whoever has it already then has it twice."


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%A %Y-%m-%d %H:%M} ({zone.key})"
