"""``campaignkit status`` and ``campaignkit explain``: what the database knows, told. Changes nothing."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.status import RecipientStatus
from campaignkit.cli.console import Console
from campaignkit.cli.database import opened_engine
from campaignkit.cli.problems import CONFIRMED
from campaignkit.errors import CampaignNotFound
from campaignkit.kit.kit import CampaignKit
from campaignkit.kit.merchant import Merchant
from campaignkit.kit.results import CampaignCounts
from campaignkit.stores.sql.store import SqlStore

__all__ = ["all_campaigns", "local", "run_explain", "run_status", "tell_counts"]

PAGE = 200
DOUBTS_MAX = 5  # told one by one


def run_status(options: argparse.Namespace, console: Console) -> int:
    """Print all campaigns of a merchant, or how one stands."""
    with _merchant(options) as merchant:
        if options.campaign is None:
            _tell_all(merchant, console)
        else:
            _tell_one(merchant, _find(merchant, options.campaign), console)
    return CONFIRMED


def run_explain(options: argparse.Namespace, console: Console) -> int:
    """Print what became of one row of a campaign's list."""
    with _merchant(options) as merchant:
        campaign = _find(merchant, options.campaign)
        explanation = merchant.explain(campaign.id, options.who)
        zone = ZoneInfo(merchant.settings.zone)
    if console.is_json:
        console.document(explanation)
        return CONFIRMED
    console.line(f"{explanation.code}: {explanation.message}")
    console.line()
    for step in explanation.trail:
        console.line(f"{step.at.astimezone(zone):%Y-%m-%d %H:%M:%S}  {step.why}")
    console.line(f"(times are those of {zone.key})")
    return CONFIRMED


def all_campaigns(merchant: Merchant) -> Iterator[Campaign]:
    """Yield every campaign of *merchant*, in order of their ids."""
    after: str | None = None
    while page := merchant.campaigns(after=after, limit=PAGE):
        yield from page
        after = page[-1].campaign_id


def local(at: datetime | None, zone: str) -> str:
    """Return an instant as the merchant's clock shows it."""
    return "" if at is None else f"{at.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M} ({zone})"


def tell_counts(counts: CampaignCounts, console: Console) -> None:
    """Print what became of all rows of a campaign."""
    rows: list[tuple[object, object, object]] = []
    rows += [("recipient", status.value, count) for status, count in sorted(counts.by_status.items())]
    rows += [("of these", delivery.value, count) for delivery, count in sorted(counts.by_delivery.items())]
    rows += [("left out", reason, count) for reason, count in sorted(counts.exclusions.items())]
    rows += [("not read", code, count) for code, count in sorted(counts.rejections.items())]
    console.table(("row", "became", "count"), [*rows, ("all rows", "", counts.rows)])


def _tell_all(merchant: Merchant, console: Console) -> None:
    campaigns = list(all_campaigns(merchant))
    if console.is_json:
        console.document({"campaigns": campaigns})
        return
    zone = merchant.settings.zone
    rows = [(one.name, one.status.value, one.waiting_for.value, local(one.next_at, zone), one.id) for one in campaigns]
    console.table(("name", "status", "waits for", "goes on at", "id"), rows)


def _tell_one(merchant: Merchant, campaign: Campaign, console: Console) -> None:
    counts = merchant.counts(campaign.id)
    if console.is_json:
        console.document({"campaign": campaign, "counts": counts})
        return
    zone = merchant.settings.zone
    console.line(f"{campaign.name}: {campaign.status.value} ({campaign.id})")
    if campaign.waiting_for.value:
        console.line(f"waits for {campaign.waiting_for.value}, goes on at {local(campaign.next_at, zone)}")
    if campaign.failure_code:
        console.line(f"failed: {campaign.failure_code} {campaign.failure_reply}".rstrip())
    tell_counts(counts, console)
    if counts.by_status.get(RecipientStatus.IN_DOUBT):
        _tell_doubts(merchant, campaign, console)


def _tell_doubts(merchant: Merchant, campaign: Campaign, console: Console) -> None:
    console.line("In doubt: nobody knows whether the provider took these messages.")
    for doubt in merchant.in_doubt(campaign.id, limit=DOUBTS_MAX):
        console.line(f"  {doubt.contact_id or doubt.recipient_id}: {doubt.message} {doubt.remedy}")


def _find(merchant: Merchant, wanted: str) -> Campaign:
    """Return the campaign of that id, or else the latest of that name."""
    try:
        return merchant.campaign(wanted)
    except CampaignNotFound:
        named = [one for one in all_campaigns(merchant) if one.name == wanted]
        if not named:
            raise
        return max(named, key=lambda one: one.created_at)


@contextmanager
def _merchant(options: argparse.Namespace) -> Iterator[Merchant]:
    with opened_engine(options.db, may_create=False) as (engine, _), CampaignKit(store=SqlStore(engine)) as kit:
        yield kit.merchant(options.merchant)
