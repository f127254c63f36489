"""Contacts in, rows for the store out: recipients, exclusions and rejections alike. Pure."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TypeVar

import attrs

from campaignkit.addresses.channel import Channel, Rejection
from campaignkit.audience.choosing import Exclusion, ExclusionReason, Recipient, SelectionRules, Selector
from campaignkit.audience.contacts import Contact
from campaignkit.campaign.campaign import Campaign, MerchantSettings
from campaignkit.campaign.recipients import CampaignRecipient, Intake, excluded
from campaignkit.campaign.status import RecipientStatus
from campaignkit.ports import NewId

__all__ = ["batches", "row_of", "rules_of"]

UNKNOWN_CONSENT = ExclusionReason.CONSENT_UNKNOWN.value

T = TypeVar("T")


def row_of(
    item: Contact | Rejection,
    campaign: Campaign,
    *,
    selector: Selector,
    new_id: NewId,
    now: datetime,
) -> CampaignRecipient:
    """Return the row that *item* becomes on *campaign*. Duplicates and opt-outs are the store's to find."""
    if isinstance(item, Rejection):
        return _rejected(item, campaign, new_id=new_id, now=now)
    row = CampaignRecipient(
        merchant_id=campaign.merchant_id,
        campaign_id=campaign.campaign_id,
        recipient_id=new_id(),
        channel=campaign.channel,
        contact_key=item.key,
        contact_id=item.contact_id,
        row_number=item.row_number,
        fields=item.fields,
        not_before=now,
        added_at=now,
        changed_at=now,
    )
    match selector.choose(item):
        case Recipient() as chosen:
            return attrs.evolve(
                row,
                address=chosen.address,
                address_key=chosen.address_key,
                zones=chosen.zones,
                # Kept while it waits, so that preflight can count those whom nobody asked.
                reason=UNKNOWN_CONSENT if chosen.has_unknown_consent else "",
            )
        case Exclusion() as left_out:
            return excluded(row, str(left_out.reason), left_out.detail)


def rules_of(campaign: Campaign, settings: MerchantSettings) -> SelectionRules:
    """Return by which rules contacts are chosen for *campaign*."""
    return SelectionRules(
        channel=campaign.channel,
        kind=str(campaign.kind),
        topic=campaign.topic,
        consent_policy=settings.consent_policy,
        allowed_regions=settings.allowed_regions,
    )


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Return *items* in lists of at most *size*, reading no further ahead."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _rejected(rejection: Rejection, campaign: Campaign, *, new_id: NewId, now: datetime) -> CampaignRecipient:
    return CampaignRecipient(
        merchant_id=campaign.merchant_id,
        campaign_id=campaign.campaign_id,
        recipient_id=new_id(),
        intake=Intake.REJECTION,
        status=RecipientStatus.SKIPPED,
        reason=str(rejection.code),
        detail=rejection.message,
        channel=Channel(campaign.channel),
        contact_key=_digest("rejection", str(rejection.row_number), rejection.code, rejection.value),
        row_number=rejection.row_number,
        not_before=now,
        added_at=now,
        changed_at=now,
    )


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
