"""The messages of one campaign: its content, its sender and the host's settings in, one message per recipient out.

Pure: the bytes are a function of content, recipient, what was supplied for them, and instant.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.campaign.campaign import Campaign, CampaignKind, MerchantSettings
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.senders import Sender
from campaignkit.message.attachments import Attachment, InlineImage
from campaignkit.message.campaign_headers import FeedbackId
from campaignkit.message.compiled import CompiledContent, CompiledText
from campaignkit.message.email import CompiledMail, compile_mail
from campaignkit.message.links import CampaignLinks, LinkSettings, link_names
from campaignkit.message.mail_settings import MailSettings
from campaignkit.message.outbound import OutboundMessage
from campaignkit.message.sms import prepare_text
from campaignkit.message.supplies import NO_SUPPLY, Supply
from campaignkit.message.values import Values

__all__ = ["Composer", "House", "namespaced"]

_NO_HOST = MailSettings()
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,60}")


@attrs.frozen(kw_only=True)
class House:
    """What the host set for all merchants."""

    links: LinkSettings | None = None
    mail: MailSettings = _NO_HOST


@attrs.frozen(kw_only=True)
class Composer:
    """Builds the messages of one campaign; what they share is computed once, when the first of them needs it."""

    content: CompiledContent
    campaign: Campaign
    sender: Sender
    settings: MerchantSettings
    house: House
    attachments: tuple[Attachment, ...] = ()
    inline_images: tuple[InlineImage, ...] = ()

    def build(
        self, recipient: CampaignRecipient, prepared_at: datetime, supply: Supply = NO_SUPPLY
    ) -> OutboundMessage | Rejection:
        """Return the message to one recipient, its id stable for recipient and generation; or why there can be none."""
        values = self.values(recipient, supply)
        if isinstance(self.content, CompiledText):
            return self._text(self.content, recipient, values)
        links, recipient_id, generation = self._links, recipient.recipient_id, recipient.generation
        return self._mail.build_or_reject(
            values,
            message_id=recipient.message_id,
            to_name=recipient.fields.get("name", ""),
            to_address=recipient.address,
            sent_at=prepared_at,
            unsubscribe_url=links.unsubscribe_url(recipient_id, generation) if links and self._is_marketing else None,
            envelope_from=links.bounce_address(recipient_id, generation) if links else None,
            attachments=supply.attachments,
        )

    def values(self, recipient: CampaignRecipient, supply: Supply = NO_SUPPLY) -> Values:
        """Return all that placeholders may name, by namespace; what is supplied for the recipient stands before."""
        own = namespaced(recipient.fields)
        values = _over(self._shared, own) if self._shared else own
        if self._links is not None and self._links.names:
            values = {**values, "link": self._links.values(recipient.recipient_id, recipient.generation)}
        return _over(values, supply.values) if supply.values else values

    def has_bounce_route(self, recipient_id: str) -> bool:
        """Return whether a bounce of that recipient's mail says whose it is."""
        return self._links is not None and self._links.bounce_address(recipient_id) is not None

    @property
    def _is_marketing(self) -> bool:
        return self.campaign.kind is CampaignKind.MARKETING

    @cached_property
    def _shared(self) -> Values:
        """What is the same for everybody: the merchant's values, and the campaign's."""
        merchant = {"merchant": self.settings.values} if self.settings.values else {}
        return _over(merchant, self.campaign.values)

    @cached_property
    def _links(self) -> CampaignLinks | None:
        if self.house.links is None:
            return None
        return CampaignLinks(
            settings=self.house.links,
            merchant_id=self.campaign.merchant_id,
            campaign_id=self.campaign.campaign_id,
            names=link_names(self.content.placeholders),
            target_count=len(self.campaign.link_targets),
            bounce_domain=self.house.mail.bounce_domain,
        )

    @cached_property
    def _mail(self) -> CompiledMail:
        assert not isinstance(self.content, CompiledText)
        sender, campaign = self.sender, self.campaign
        return compile_mail(
            self.content,
            from_name=sender.display_name,
            from_address=sender.address,
            reply_to=sender.reply_to or None,
            unsubscribe_mailto=(sender.reply_to or sender.address) if self._is_marketing else None,
            campaign_id=campaign.campaign_id,
            list_id=self._list_id,
            feedback_id=self._feedback_id,
            extra_headers=campaign.headers,
            attachments=self.attachments,
            inline_images=self.inline_images,
            signer=self.house.mail.signer_for(sender.address),
        )

    @property
    def _list_id(self) -> str | None:
        """Marketing of one merchant is one list, in a domain that is the sender's (RFC 2919, section 2)."""
        if not self._is_marketing:
            return None
        domain = self.sender.address.rpartition("@")[2]
        return f"{_plain_id(self.campaign.merchant_id)}.{domain}" if domain.isascii() else None

    @property
    def _feedback_id(self) -> FeedbackId | None:
        if self.house.mail.feedback_sender is None:
            return None
        return FeedbackId(
            sender=self.house.mail.feedback_sender,
            campaign=f"c-{_plain_id(self.campaign.campaign_id)}",
            customer=f"m-{_plain_id(self.campaign.merchant_id)}",
            mail_type=f"t-{self.campaign.kind.value}",
        )

    def _text(self, content: CompiledText, recipient: CampaignRecipient, values: Values) -> OutboundMessage | Rejection:
        filled = content.filled(values)
        if isinstance(filled, Rejection):
            return filled
        return prepare_text(
            filled.render(values),
            message_id=recipient.message_id,
            sender=self.sender.address,
            to=recipient.address,
        )


def namespaced(fields: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    """Return a recipient's fields by namespace: ``ticket.seat`` is ``seat`` of ``ticket``, ``name`` is the customer's.

    >>> namespaced({"name": "Ann", "ticket.seat": "12"})
    {'customer': {'name': 'Ann'}, 'ticket': {'seat': '12'}}
    """
    if not any("." in name for name in fields):
        return {"customer": fields}
    found: dict[str, dict[str, str]] = {"customer": {}}
    for full_name, value in fields.items():
        namespace, dot, name = full_name.partition(".")
        found.setdefault(namespace if dot else "customer", {})[name if dot else full_name] = value
    return dict(found)


def _over(below: Values, above: Values) -> dict[str, Mapping[str, object]]:
    """Return both, name by name; where both have one, *above* counts."""
    joined = {namespace: {**below[namespace], **named} for namespace, named in above.items() if namespace in below}
    return {**below, **above, **joined}


def _plain_id(identifier: str) -> str:
    """Return *identifier* where it can stand in a header, else a digest of it."""
    if _PLAIN_ID.fullmatch(identifier):
        return identifier
    return hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()[:32]
