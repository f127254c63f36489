"""How many parts each text of a campaign takes, before any is sent. I/O through the store and the host's functions."""

from collections.abc import Iterable, Iterator

from campaignkit.addresses.channel import Rejection
from campaignkit.campaign.campaign import Campaign, MerchantSettings
from campaignkit.campaign.recipients import CampaignRecipient, Intake
from campaignkit.dispatch.records import Records
from campaignkit.dispatch.supplying import request_for
from campaignkit.dispatch.workshop import Workshop
from campaignkit.errors import SupplyFailed
from campaignkit.message.compiled import CompiledText
from campaignkit.message.sms import compile_part_counter, count_parts
from campaignkit.message.supplies import NO_SUPPLY, Supply
from campaignkit.message.templates import Template
from campaignkit.ports import RecipientQuery, Store

__all__ = ["part_counts", "sample_supply"]


def part_counts(
    records: Records,
    workshop: Workshop,
    settings: MerchantSettings,
    campaign: Campaign,
    rows: Iterable[CampaignRecipient],
    supply: Supply,
) -> Iterator[tuple[CampaignRecipient, int]]:
    """Yield each row with the parts of its text; rows whose text cannot be built are left out, and mail has none.

    Args:
        supply: What is taken to be supplied for each of them, see ``sample_supply``.
    """
    sender = records.find_sender(campaign.merchant_id, campaign.sender_id)
    if sender is None:
        return
    composer = workshop.composer(campaign, sender, settings)
    content = composer.content
    if not isinstance(content, CompiledText):
        return
    counter = compile_part_counter(content.text) if isinstance(content.text, Template) else None
    for row in rows:
        values = composer.values(row, supply)
        if counter is not None:
            yield row, counter.count(values)
            continue
        filled = content.filled(values)
        if not isinstance(filled, Rejection):
            yield row, count_parts(filled.render({}).text).parts


def sample_supply(workshop: Workshop, store: Store, campaign: Campaign) -> Supply:
    """Return what is supplied for the first recipient; nothing where that fails."""
    supplying = workshop.supplying(campaign)
    query = RecipientQuery(intake=Intake.RECIPIENT, limit=1)
    sample = store.list_recipients(campaign.merchant_id, campaign.campaign_id, query)
    if supplying.is_missing or not sample:
        return NO_SUPPLY
    try:
        return supplying.ask(request_for(sample[0], is_test=True))
    except SupplyFailed:
        return NO_SUPPLY  # its placeholders are then found to be missing, which is what there is to say
