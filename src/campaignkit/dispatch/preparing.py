"""Claims in, messages and their clearances out. Pure: the bytes are a function of content, recipient and instant."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.campaign.campaign import Campaign, CampaignKind
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.senders import GroupHealth, Sender
from campaignkit.delivery.begin import CROSS_WITHIN, Clearance
from campaignkit.delivery.replies import describe_code
from campaignkit.dispatch.limiting import Limiting
from campaignkit.dispatch.steering import Opening, opening_at
from campaignkit.message.compiled import CompiledContent, CompiledText
from campaignkit.message.email import CompiledMail, compile_mail
from campaignkit.message.outbound import OutboundMessage
from campaignkit.message.sms import build_text, check_text
from campaignkit.ports import Claim

__all__ = ["Batch", "Held", "build_message", "prepare", "render_values"]


@attrs.frozen(kw_only=True)
class Held:
    """A claim that cannot have its message before some instant: its own hours are closed, or its provider is."""

    claim: Claim
    until: datetime
    reason: str  # stable code
    detail: str = ""  # one sentence for a shopkeeper


@attrs.frozen(kw_only=True)
class Unsendable:
    """A claim that can never be sent: its text is empty once filled in, say, or its own window never opens again."""

    claim: Claim
    code: str
    problem: str


@attrs.frozen(kw_only=True)
class Batch:
    """What one call of a transport sends."""

    messages: tuple[OutboundMessage, ...]
    claims: Mapping[str, Claim]  # by message id
    clearances: Mapping[str, Clearance]  # by message id
    held: tuple[Held, ...]  # not in the batch
    unsendable: tuple[Unsendable, ...]  # not in the batch


def prepare(
    claims: Sequence[Claim],
    *,
    campaign: Campaign,
    content: CompiledContent,
    sender: Sender,
    zone: str,
    now: datetime,
    limiting: Limiting,
) -> Batch:
    """Return the messages for *claims*, apart from those who cannot have one now. Hours are judged once by zones."""
    build = _builder(content, campaign=campaign, sender=sender, prepared_at=now)
    openings: dict[tuple[str, ...], Opening] = {}
    messages: list[OutboundMessage] = []
    by_id: dict[str, Claim] = {}
    clearances: dict[str, Clearance] = {}
    held: list[Held] = []
    unsendable: list[Unsendable] = []
    for claim in claims:
        zones = claim.recipient.zones or (zone,)
        opening = openings.get(zones) or opening_at(campaign.window, now, zones)
        openings[zones] = opening
        group = limiting.group_of(claim.recipient)
        message = _kept_back(claim, opening, limiting.block_of(group), now) or build(claim.recipient)
        match message:
            case Held():
                held.append(message)
            case Unsendable():
                unsendable.append(message)
            case Rejection():
                unsendable.append(Unsendable(claim=claim, code=str(message.code), problem=message.message))
            case _:
                messages.append(message)
                by_id[message.message_id] = claim
                clearances[message.message_id] = _clearance(claim, campaign, limiting, group, opening, now)
    return Batch(
        messages=tuple(messages),
        claims=by_id,
        clearances=clearances,
        held=tuple(held),
        unsendable=tuple(unsendable),
    )


def _kept_back(claim: Claim, opening: Opening, block: GroupHealth | None, now: datetime) -> Held | Unsendable | None:
    if not _has_time(opening, now):
        return _out_of_hours(claim, opening)
    if block is None or block.blocked_until is None:
        return None
    return Held(claim=claim, until=block.blocked_until, reason="group_throttled", detail=describe_code(block.code))


def _has_time(opening: Opening, now: datetime) -> bool:
    """Return whether a message that begins at *now* may still cross as late as it is allowed to."""
    return opening.is_open and (opening.closes_at is None or now + CROSS_WITHIN < opening.closes_at)


def _out_of_hours(claim: Claim, opening: Opening) -> Held | Unsendable:
    if opening.opens_at is None:
        return Unsendable(claim=claim, code="no_window", problem=opening.problem)
    return Held(claim=claim, until=opening.opens_at, reason="window_closed")


def build_message(
    content: CompiledContent,
    *,
    campaign: Campaign,
    sender: Sender,
    recipient: CampaignRecipient,
    prepared_at: datetime,
) -> OutboundMessage | Rejection:
    """Return the message to one recipient, its id stable for recipient and generation; or why there can be none."""
    return _builder(content, campaign=campaign, sender=sender, prepared_at=prepared_at)(recipient)


def render_values(fields: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
    """Return a recipient's fields under the namespace that templates name them by."""
    return {"customer": fields}


_Build = Callable[[CampaignRecipient], OutboundMessage | Rejection]


def _builder(content: CompiledContent, *, campaign: Campaign, sender: Sender, prepared_at: datetime) -> _Build:
    """Return what builds one message after the other; what they share is computed here, once."""
    if isinstance(content, CompiledText):
        return partial(_text, content, sender)
    is_marketing = campaign.kind is CampaignKind.MARKETING
    mail = compile_mail(
        content,
        from_name=sender.display_name,
        from_address=sender.address,
        unsubscribe_mailto=sender.address if is_marketing else None,
    )
    return partial(_mail, mail, prepared_at)


def _mail(mail: CompiledMail, prepared_at: datetime, recipient: CampaignRecipient) -> OutboundMessage:
    return mail.build(
        render_values(recipient.fields),
        message_id=_message_id(recipient),
        to_name=recipient.fields.get("name", ""),
        to_address=recipient.address,
        sent_at=prepared_at,
    )


def _text(content: CompiledText, sender: Sender, recipient: CampaignRecipient) -> OutboundMessage | Rejection:
    rendered = content.render(render_values(recipient.fields))
    return check_text(rendered) or build_text(
        rendered, message_id=_message_id(recipient), sender=sender.address, to=recipient.address
    )


def _message_id(recipient: CampaignRecipient) -> str:
    return f"{recipient.recipient_id}.{recipient.generation}"


def _clearance(
    claim: Claim, campaign: Campaign, limiting: Limiting, group: str, opening: Opening, prepared_at: datetime
) -> Clearance:
    recipient = claim.recipient
    return Clearance(
        merchant_id=recipient.merchant_id,
        campaign_id=recipient.campaign_id,
        recipient_id=recipient.recipient_id,
        epoch=claim.epoch,
        generation=recipient.generation,
        claim_token=recipient.claim_token,
        settings_version=campaign.settings_version,
        address_key=recipient.address_key,
        open_until=opening.closes_at,
        reopens_at=opening.opens_at,
        deadline=campaign.deadline,
        price=recipient.price,
        limit_scopes=limiting.scopes_of(group),
        draw=limiting.draw(),
        cap=limiting.cap,
        content_digest=campaign.content_id,
        prepared_at=prepared_at,
    )
