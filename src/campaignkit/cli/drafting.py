"""A plan and a list in, a draft with its recipients out: what ``send``, ``forecast`` and ``preview`` begin with."""

from pathlib import Path

from campaignkit.audience.imports import read_contacts
from campaignkit.campaign.campaign import Campaign
from campaignkit.cli.console import Console
from campaignkit.cli.plan import Plan
from campaignkit.cli.problems import InvalidSettings
from campaignkit.kit.door import Actor
from campaignkit.kit.kit import CampaignKit
from campaignkit.kit.merchant import Merchant
from campaignkit.kit.results import AddedRecipients

__all__ = ["add_contacts", "make_draft", "set_up_merchant"]


def set_up_merchant(kit: CampaignKit, plan: Plan) -> Merchant:
    """Return the plan's merchant, with its settings and its sender as the file has them."""
    shop, sender = plan.file.merchant, plan.file.sender
    merchant = kit.merchant(
        shop.id,
        zone=shop.zone,
        region=shop.region,
        values=shop.values,
        text_opt_out=shop.text_opt_out,
        actor=Actor("command line"),
    )
    merchant.add_sender(
        sender.id,
        address=sender.address,
        channel=plan.file.campaign.channel,
        reply_to=sender.reply_to,
        limits=plan.sender_limits,
        destination_limits=plan.destination_limits,
    )
    return merchant


def make_draft(merchant: Merchant, plan: Plan, *, key: str | None = None) -> Campaign:
    """Return a new draft, or the one that *key* made before; raises as ``Merchant.create_campaign``."""
    table, message = plan.file.campaign, plan.message
    return merchant.create_campaign(
        name=table.name,
        channel=table.channel,
        sender=plan.file.sender.id,
        content=message.content,
        values=table.values,
        attachments=message.attachments,
        inline_images=message.inline_images,
        headers=table.headers,
        window=plan.window,
        interval=plan.interval,
        limits=plan.limits,
        kind=table.kind,
        priority=table.priority,
        on_doubt=table.on_doubt,
        key=key,
    )


def add_contacts(
    merchant: Merchant, campaign: Campaign, plan: Plan, path: Path, console: Console, *, label: str
) -> AddedRecipients:
    """Add the list at *path*, with progress; raises InvalidSettings where the file and the list do not go together."""
    region, columns = plan.file.merchant.region, plan.file.columns
    try:
        contacts = read_contacts(path, region=region.upper(), columns=columns or None)
    except ValueError as error:
        raise InvalidSettings((f"merchant.region or columns: {error}",)) from error
    with console.watched(f"{label} {path.name}", contacts) as watched:
        return merchant.add_recipients(campaign.id, watched)
