"""What one recipient would get, built as it is when it is sent. I/O by the store, and by the host's supplier."""

from collections.abc import Mapping, Sequence

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.campaign.campaign import Campaign, CampaignKind
from campaignkit.campaign.documents import channel_of
from campaignkit.campaign.recipients import CampaignRecipient, Intake
from campaignkit.errors import InvalidContent, RecipientNotFound
from campaignkit.insight.preflight import placeholder_uses
from campaignkit.kit.door import Permission, verb
from campaignkit.kit.recipient_verbs import RecipientVerbs
from campaignkit.kit.sending_verbs import SendingVerbs
from campaignkit.message.completeness import MessageFinding, check_message
from campaignkit.message.content import Content
from campaignkit.message.outbound import OutboundMessage, OutboundText
from campaignkit.message.sms import (
    CheaperSpellings,
    SmsParts,
    TextPart,
    cheaper_spellings,
    count_parts,
    part_reference,
    split_text,
)
from campaignkit.message.supplies import Supply, kept_values
from campaignkit.message.templates import Placeholder
from campaignkit.message.values import Values
from campaignkit.ports import RecipientQuery

__all__ = ["Preview", "PreviewVerbs", "TextPreview"]


@attrs.frozen(kw_only=True)
class TextPreview:
    """What a text message costs, and how it travels."""

    count: SmsParts  # its encoding, its units, what makes it dearer
    parts: tuple[TextPart, ...]  # as they are sent; each has its octets
    cheaper: CheaperSpellings


@attrs.frozen(kw_only=True)
class Preview:
    """The message to one recipient, and all that is worth knowing before it is sent."""

    recipient: CampaignRecipient
    message: OutboundMessage  # byte for byte what the transport would be given at this instant
    values: Mapping[str, object] = attrs.field(repr=False)  # by ``customer.name``; None: there is no such value
    empty_placeholders: tuple[Placeholder, ...]  # no value for this recipient: they show their default, or nothing
    text: TextPreview | None = None  # of a text message
    findings: tuple[MessageFinding, ...] = ()


class PreviewVerbs(RecipientVerbs, SendingVerbs):
    """The verb that shows a message before it is sent."""

    @verb(Permission.VIEW_CAMPAIGN)
    def preview(self, campaign_id: str, who: str | None = None) -> Preview:
        """Return what one recipient would get now. Nothing is sent, kept or counted.

        What the campaign's supplier gave this recipient before is shown; else it is asked with ``is_test``, so that no
        coupon need be used up.

        Args:
            who: As for ``explain``; by default the recipient that was added first.

        Raises:
            CampaignNotFound, SenderNotFound, RecipientNotFound: there is no such one, or the row was left out.
            InvalidContent: the message cannot be built for this recipient, or is written for another channel.
            SupplyFailed: the campaign's supplier failed.
        """
        campaign = self._campaign(campaign_id)
        recipient = self._shown_recipient(campaign, who)
        sender = self._records.sender(self.merchant_id, campaign.sender_id)
        content = self._records.content(self.merchant_id, campaign.content_id)
        if not channel_of(content) == campaign.channel == sender.channel:
            raise InvalidContent("content", "message, campaign and sender must be of one channel")
        composer = self._workshop.composer(campaign, sender, self.settings)
        supply = self._workshop.supplying(campaign).sample(recipient)
        message = composer.build(recipient, self._clock.now(), supply)
        if isinstance(message, Rejection):
            raise InvalidContent(message.field, message.message)
        values, placeholders = composer.values(recipient, supply), composer.content.placeholders
        uses = placeholder_uses(placeholders, [recipient], lambda _: values)
        return Preview(
            recipient=recipient,
            message=message,
            values=_used(placeholders, values),
            empty_placeholders=tuple(use.placeholder for use in uses if use.missing_count or use.empty_count),
            text=_of_text(message) if isinstance(message, OutboundText) else None,
            findings=self._message_findings(campaign, content, supply),
        )

    def _message_findings(self, campaign: Campaign, content: Content, supply: Supply) -> tuple[MessageFinding, ...]:
        return check_message(
            content,
            is_marketing=campaign.kind is CampaignKind.MARKETING,
            postal_address=self.settings.values.get("postal_address", ""),
            opt_out_due=bool(self.settings.text_opt_out),
            file_bytes=self._records.file_bytes(campaign) + sum(len(file.content) for file in supply.attachments),
            target_count=len(campaign.link_targets),
        )

    def _shown_recipient(self, campaign: Campaign, who: str | None) -> CampaignRecipient:
        if who is not None:
            found = self._find(campaign, who)
            if found.intake is Intake.RECIPIENT:
                return found
            raise RecipientNotFound(campaign.campaign_id)
        query = RecipientQuery(intake=Intake.RECIPIENT, limit=1)
        rows = self._store.list_recipients(self.merchant_id, campaign.campaign_id, query)
        if not rows:
            raise RecipientNotFound(campaign.campaign_id)
        return rows[0]


def _used(placeholders: Sequence[Placeholder], values: Values) -> dict[str, object]:
    """Return the values that *placeholders* name; what full Liquid looks into, or loops over, is there as a whole."""
    kept = kept_values(values)
    names = dict.fromkeys((one.namespace, one.name.partition(".")[0]) for one in placeholders)
    return {
        f"{namespace}.{name}" if name else namespace: kept.get(namespace, {}).get(name) if name else kept.get(namespace)
        for namespace, name in names
    }


def _of_text(message: OutboundText) -> TextPreview:
    parts = split_text(message.text, reference=part_reference(message.message_id))
    assert not isinstance(parts, Rejection)  # a text of more parts than gateways take was refused before
    return TextPreview(count=count_parts(message.text), parts=parts, cheaper=cheaper_spellings(message.text))
