"""One test message through the real pipeline, outside the campaign's statistics. I/O by store and transport."""

from collections.abc import Callable, Sequence
from datetime import datetime

import attrs

from campaignkit.addresses.channel import Channel, Rejection
from campaignkit.addresses.email import EmailAddress, parse_email
from campaignkit.addresses.phone import parse_phone
from campaignkit.campaign.campaign import Campaign, MerchantSettings
from campaignkit.campaign.documents import unstructure
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.senders import Sender
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.delivery.replies import describe_code
from campaignkit.dispatch.records import Records
from campaignkit.dispatch.supplying import request_for
from campaignkit.dispatch.workshop import Workshop
from campaignkit.errors import InvalidAddress, InvalidContent
from campaignkit.kit.door import Actor
from campaignkit.kit.results import TestResult
from campaignkit.message.outbound import OutboundMessage
from campaignkit.ports import Document, DocumentStore, Transport

__all__ = ["send_test"]


@attrs.frozen
class _Allowed:
    """A test send needs no leave: nobody else can be sending it."""

    messages: Sequence[OutboundMessage]

    def may_cross(self) -> bool:
        return True


def send_test(
    campaign: Campaign,
    *,
    to: str | None,
    actor: Actor | None,
    sample: CampaignRecipient | None,
    records: Records,
    workshop: Workshop,
    settings: MerchantSettings,
    store: DocumentStore,
    transport_of: Callable[[Sender], Transport | None],
    test_id: str,
    now: datetime,
) -> TestResult:
    """Send the message with the sample's fields to *to*, and keep what came of it."""
    address = _address(campaign.channel, to or (actor.email if actor else None), settings.region)
    sender = records.sender(campaign.merchant_id, campaign.sender_id)
    transport = transport_of(sender)
    if transport is None:
        raise ValueError(f"no transport is configured for the account {sender.account!r}")
    recipient = _recipient(campaign, address, sample, test_id=test_id, now=now)
    supply = workshop.supplying(campaign).ask(request_for(recipient, is_test=True))
    message = workshop.composer(campaign, sender, settings).build(recipient, now, supply)
    if isinstance(message, Rejection):
        raise InvalidContent(message.field, message.message)
    outcomes = list(transport.send([message], _Allowed))  # to its end, so that the connection goes back to rest
    outcome = outcomes[0] if outcomes else _lost(message)
    result = TestResult(
        test_id=test_id,
        campaign_id=campaign.campaign_id,
        to=address,
        at=now,
        verdict=outcome.verdict,
        code=outcome.code,
        message=describe_code(outcome.code),
        reply=outcome.reply,
        provider_id=outcome.provider_id,
        content_id=campaign.content_id,
        actor=actor.name if actor else "",
    )
    document = Document(merchant_id=campaign.merchant_id, kind="test", document_id=test_id, body=unstructure(result))
    store.save(document, expected_revision=0)
    return result


def _address(channel: Channel, to: str | None, region: str) -> str:
    if to is None:
        raise InvalidAddress(
            "test address", "missing", "say where to, or give the merchant's handle an actor's address"
        )
    parsed = parse_email(to) if channel is Channel.EMAIL else parse_phone(to, region=region)
    if isinstance(parsed, Rejection):
        raise InvalidAddress("test address", str(parsed.code), parsed.message)
    return parsed.address if isinstance(parsed, EmailAddress) else parsed.e164


def _recipient(
    campaign: Campaign, address: str, sample: CampaignRecipient | None, *, test_id: str, now: datetime
) -> CampaignRecipient:
    return CampaignRecipient(
        merchant_id=campaign.merchant_id,
        campaign_id=campaign.campaign_id,
        recipient_id=f"test{test_id}",
        channel=campaign.channel,
        contact_key="test",
        address=address,
        fields=sample.fields if sample is not None else {},
        not_before=now,
        added_at=now,
        changed_at=now,
    )


def _lost(message: OutboundMessage) -> Outcome:
    return Outcome(message_id=message.message_id, verdict=Verdict.IN_DOUBT, scope=Scope.HOST, code="outcome_missing")
