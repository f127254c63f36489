"""What becomes of campaigns when customers are merged: whoever still waits is led to the survivor, once."""

from collections import Counter
from collections.abc import Iterator, Sequence

from campaignkit.addresses.channel import Channel
from campaignkit.audience.choosing import Exclusion, ExclusionReason, Recipient, Selector
from campaignkit.audience.contacts import Contact
from campaignkit.audience.customers.merging import MergePlan
from campaignkit.audience.customers.records import Customer
from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.recipients import CampaignRecipient, Intake, NewAddress, ReaddressResult
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.kit.base import PAGE_MAX, MerchantBase
from campaignkit.kit.door import Permission, verb
from campaignkit.kit.intake import rules_of
from campaignkit.kit.results import RedirectedRecipients
from campaignkit.ports import RecipientQuery

__all__ = ["MergeVerbs"]

_OPEN = tuple(status for status in CampaignStatus if status not in {CampaignStatus.FINISHED, CampaignStatus.CANCELLED})
_WAITING = frozenset({RecipientStatus.PENDING, RecipientStatus.CLAIMED})
# Who was removed or left out on purpose says nothing about the person's other records.
_GOT_IT = frozenset({RecipientStatus.SENDING, RecipientStatus.IN_DOUBT, RecipientStatus.SENT, RecipientStatus.UNKNOWN})


class MergeVerbs(MerchantBase):
    """The verb that the host calls after it has applied a merge."""

    @verb(Permission.ADD_RECIPIENT)
    def redirect_recipients(self, plan: MergePlan) -> RedirectedRecipients:
        """Lead the waiting recipients of merged customers to the survivor, in every campaign that has not ended.

        Of each campaign the survivor gets one message at most: under its own address where it has one for the
        channel, none where one of its records got it already, or where its consent, the strictest of all, says no.
        What a worker is sending at this moment is left alone and counted as busy; call again when it is settled. Safe
        to repeat.
        """
        survivor = _contact_of(plan.survivor)
        contact_ids = (survivor.contact_id, *sorted(plan.redirects))
        done: Counter[str] = Counter()
        for campaign in [*self._open_campaigns()]:
            rows = [row for contact_id in contact_ids for row in self._rows_of(campaign, contact_id)]
            done.update(self._unite(campaign, rows, survivor))
        return RedirectedRecipients(**done)

    def _unite(self, campaign: Campaign, rows: Sequence[CampaignRecipient], survivor: Contact) -> Iterator[str]:
        """Yield what was done with each waiting row: ``moved``, ``cancelled``, ``skipped`` or ``busy``."""
        waiting = [row for row in rows if row.status in _WAITING]
        if not any(row.contact_id != survivor.contact_id for row in rows) or not waiting:
            return
        chosen = Selector(rules_of(campaign, self.settings)).choose(survivor)
        if isinstance(chosen, Exclusion) and chosen.reason is not ExclusionReason.NO_ADDRESS:
            yield from (self._end(row, RecipientEvent.SKIP, str(chosen.reason)) for row in waiting)
            return
        kept = None
        if not any(row.status in _GOT_IT for row in rows):
            kept = _keep(waiting, chosen, survivor.contact_id)
            if not _is_led(kept, chosen, survivor.contact_id):
                yield self._lead(kept, chosen, survivor.contact_id)
        yield from (self._end(row, RecipientEvent.CANCEL, "merged") for row in waiting if row is not kept)

    def _lead(self, row: CampaignRecipient, chosen: Recipient | Exclusion, survivor_id: str) -> str:
        to = _address_for(row, chosen, survivor_id)
        result = self._store.readdress(self.merchant_id, row.campaign_id, row.recipient_id, to)
        if result is ReaddressResult.DUPLICATE:  # somebody else has the survivor's address, a partner perhaps
            return self._end(row, RecipientEvent.CANCEL, "merged")
        return "moved" if result is ReaddressResult.MOVED else "busy"

    def _end(self, row: CampaignRecipient, event: RecipientEvent, reason: str) -> str:
        moved = self._store.move_recipients(
            self.merchant_id, row.campaign_id, event, reason=reason, recipient_ids=[row.recipient_id]
        )
        ended = "skipped" if event is RecipientEvent.SKIP else "cancelled"
        return ended if moved else "busy"

    def _rows_of(self, campaign: Campaign, contact_id: str) -> Sequence[CampaignRecipient]:
        query = RecipientQuery(intake=Intake.RECIPIENT, contact_id=contact_id, limit=PAGE_MAX)
        return self._store.list_recipients(self.merchant_id, campaign.campaign_id, query)

    def _open_campaigns(self) -> Iterator[Campaign]:
        for status in _OPEN:
            after: str | None = None
            while True:
                page = self._campaigns(status, after=after, limit=PAGE_MAX)
                yield from page
                if len(page) < PAGE_MAX:
                    break
                after = page[-1].campaign_id


def _keep(waiting: Sequence[CampaignRecipient], chosen: Recipient | Exclusion, survivor_id: str) -> CampaignRecipient:
    """Return the row that stays: the one at the survivor's address already, else the survivor's own, else the first."""
    key = chosen.address_key if isinstance(chosen, Recipient) else ""
    return min(waiting, key=lambda row: (row.address_key != key, row.contact_id != survivor_id, row.recipient_id))


def _is_led(row: CampaignRecipient, chosen: Recipient | Exclusion, survivor_id: str) -> bool:
    is_there = isinstance(chosen, Exclusion) or row.address_key == chosen.address_key
    return row.contact_id == survivor_id and is_there


def _address_for(row: CampaignRecipient, chosen: Recipient | Exclusion, survivor_id: str) -> NewAddress:
    if isinstance(chosen, Exclusion):  # the survivor has no address for this channel: the row keeps its own
        return NewAddress(
            address=row.address,
            address_key=row.address_key,
            zones=row.zones,
            fields=row.fields,
            contact_id=survivor_id,
        )
    field = "email" if row.channel is Channel.EMAIL else "phone"
    return NewAddress(
        address=chosen.address,
        address_key=chosen.address_key,
        zones=chosen.zones or row.zones,
        fields={**row.fields, **chosen.contact.fields, field: chosen.address},
        contact_id=survivor_id,
    )


def _contact_of(customer: Customer) -> Contact:
    return Contact(
        contact_id=customer.customer_id,
        name=customer.name,
        first_name=customer.first_name,
        email=customer.email,
        phone=customer.phone,
        consent=customer.consent,
        attributes=customer.attributes,
    )
