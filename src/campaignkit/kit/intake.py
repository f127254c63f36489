"""Contacts in, rows for the store out: recipients, exclusions and rejections alike. Pure."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TypeVar

import attrs

from campaignkit.addresses.channel import Channel, Rejection
from campaignkit.addresses.phone import parse_phone
from campaignkit.audience.choosing import Exclusion, ExclusionReason, Recipient, SelectionRules, Selector
from campaignkit.audience.contacts import Contact, parse_contact
from campaignkit.campaign.campaign import Campaign, MerchantSettings
from campaignkit.campaign.recipients import CampaignRecipient, Intake, NewAddress, excluded
from campaignkit.campaign.status import RecipientStatus
from campaignkit.errors import InvalidAddress
from campaignkit.ports import NewId

__all__ = ["batches", "corrected", "row_of", "rules_of"]

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


def corrected(row: CampaignRecipient, address: str, *, campaign: Campaign, settings: MerchantSettings) -> NewAddress:
    """Return *address* as the one that *row* is to be written to; whether the person agreed is settled already.

    Raises:
        InvalidAddress: it is none, or none that the campaign can send to.
    """
    field = "email" if campaign.channel is Channel.EMAIL else "phone"
    contact = parse_contact({field: address}, region=settings.region)
    if isinstance(contact, Rejection):
        raise InvalidAddress("address", str(contact.code), contact.full_message)
    rules = attrs.evolve(rules_of(campaign, settings), kind="transactional")
    match Selector(rules).choose(contact):
        case Recipient() as chosen:
            return NewAddress(
                address=chosen.address,
                address_key=chosen.address_key,
                zones=_zones_after(row, chosen, settings),
                fields={**row.fields, field: chosen.address},
            )
        case Exclusion() as refused:
            raise InvalidAddress("address", str(refused.reason), refused.detail)


def _zones_after(row: CampaignRecipient, chosen: Recipient, settings: MerchantSettings) -> tuple[str, ...]:
    """A zone that was found by the old number goes with it; one that the contact named stays."""
    if row.channel is Channel.EMAIL:
        return row.zones
    before = parse_phone(row.address, region=settings.region)
    is_found_by_number = not isinstance(before, Rejection) and before.zones == row.zones
    return chosen.zones if is_found_by_number else row.zones


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
        detail=rejection.full_message,
        channel=Channel(campaign.channel),
        contact_key=_digest("rejection", str(rejection.row_number), rejection.code, rejection.value),
        row_number=rejection.row_number,
        not_before=now,
        added_at=now,
        changed_at=now,
    )


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
