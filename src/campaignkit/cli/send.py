"""``campaignkit send``: a campaign file and a list in, messages out. Touches files, the database and the provider."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.cli.console import Console
from campaignkit.cli.database import opened_engine
from campaignkit.cli.drafting import add_contacts, make_draft, set_up_merchant
from campaignkit.cli.look import all_campaigns, local, tell_counts
from campaignkit.cli.plan import Plan, read_plan
from campaignkit.cli.problems import CONFIRMED, UNFINISHED, Blocked, NotConfirmed
from campaignkit.cli.sending import OneCampaignStore, send_to_the_end
from campaignkit.cli.signals import stop_on_signals
from campaignkit.errors import CampaignNotFound
from campaignkit.insight.preflight import Preflight
from campaignkit.kit.kit import CampaignKit
from campaignkit.kit.merchant import Merchant
from campaignkit.kit.results import AddedRecipients, CampaignCounts

__all__ = ["SendReport", "run_send"]

SUSPECTED = "pumping_suspected"
TRIES_MAX = 1000  # drafts of one name that were refused and thrown away


@attrs.frozen(kw_only=True)
class SendReport:
    """What sending came to."""

    campaign_id: str
    status: CampaignStatus
    waiting_for: str
    failure_code: str
    failure_reply: str
    sent: int  # by this command
    added: AddedRecipients | None  # None: it went on with what was scheduled before
    preflight: Preflight | None
    counts: CampaignCounts


@attrs.frozen(kw_only=True)
class _Work:
    """What the steps of this command share."""

    console: Console
    plan: Plan
    kit: CampaignKit
    merchant: Merchant
    contacts: Path
    is_confirmed: bool
    has_seen_numbers: bool  # that seem made up


def run_send(options: argparse.Namespace, console: Console) -> int:
    """Add the list, show what was found, ask, send to the end; the same command again goes on where it stopped."""
    plan = read_plan(Path(options.campaign_file), os.environ)
    with _opened(options, plan) as (kit, store):
        merchant = set_up_merchant(kit, plan)
        work = _Work(
            console=console,
            plan=plan,
            kit=kit,
            merchant=merchant,
            contacts=Path(options.contacts),
            is_confirmed=options.yes,
            has_seen_numbers=options.confirm_numbers,
        )
        report = _send(work, store)
    if console.is_json:
        console.document(report)
    else:
        _tell(report, console)
    return CONFIRMED if report.status is CampaignStatus.FINISHED else UNFINISHED


@contextmanager
def _opened(options: argparse.Namespace, plan: Plan) -> Iterator[tuple[CampaignKit, OneCampaignStore]]:
    with opened_engine(options.db, may_create=True) as (engine, has_tables):
        store = OneCampaignStore(engine)
        if not has_tables:
            store.upgrade()
        with CampaignKit(store=store, transports={plan.file.sender.id: plan.transport}) as kit:
            yield kit, store


def _send(work: _Work, store: OneCampaignStore) -> SendReport:
    campaign, added, preflight = _stored(work), None, None
    if campaign is None:
        campaign = _draft(work)
        added, preflight = _fill(work, campaign)
    elif campaign.status in {CampaignStatus.PAUSED, CampaignStatus.FAILED}:
        _confirm(work, f"{campaign.name!r} is {campaign.status}. Go on with it?")
        if work.has_seen_numbers:
            work.merchant.confirm_numbers(campaign.id)
        work.merchant.resume(campaign.id)
    else:
        work.console.note(f"{campaign.name!r} is {campaign.status} already; the list is not read again")
    store.only = (campaign.merchant_id, campaign.campaign_id)
    sent = _run(work, campaign)
    campaign = work.merchant.campaign(campaign.id)
    return SendReport(
        campaign_id=campaign.id,
        status=campaign.status,
        waiting_for=campaign.waiting_for.value,
        failure_code=campaign.failure_code,
        failure_reply=campaign.failure_reply,
        sent=sent,
        added=added,
        preflight=preflight,
        counts=work.merchant.counts(campaign.id),
    )


def _stored(work: _Work) -> Campaign | None:
    """Return the campaign of this name that was scheduled before; drafts that were left behind are thrown away."""
    name = work.plan.file.campaign.name
    for campaign in list(all_campaigns(work.merchant)):
        stem, _, number = (campaign.key or "").rpartition("#")
        if stem != name or not number.isdecimal():
            continue
        if campaign.status is not CampaignStatus.DRAFT:
            return campaign
        work.merchant.delete_campaign(campaign.id)
    return None


def _draft(work: _Work) -> Campaign:
    """Return a new draft. Its key makes one campaign of two commands that run at once; a deleted one's is used up.

    Raises:
        KeyReused: another command makes a campaign of this name with other settings at this moment.
    """
    table = work.plan.file.campaign
    for number in range(1, TRIES_MAX):
        try:
            return make_draft(work.merchant, work.plan, key=f"{table.name}#{number}")
        except CampaignNotFound:
            continue
    raise NotConfirmed(f"{table.name!r} was given up {TRIES_MAX} times; give the campaign a new name")


def _fill(work: _Work, campaign: Campaign) -> tuple[AddedRecipients, Preflight]:
    """Add the list, show preflight, ask and schedule; leave no draft behind where that is refused."""
    merchant, plan = work.merchant, work.plan
    try:
        added = add_contacts(merchant, campaign, plan, work.contacts, work.console, label="adding")
        preflight = _checked(work, campaign, added)
        _confirm(work, f"Send {campaign.name!r} to {merchant.counts(campaign.id).recipients} recipients?")
        merchant.schedule(campaign.id, start_at=plan.start_at, deadline=plan.deadline)
    except BaseException:
        if merchant.campaign(campaign.id).status is CampaignStatus.DRAFT:
            merchant.delete_campaign(campaign.id)
        raise
    return added, preflight


def _checked(work: _Work, campaign: Campaign, added: AddedRecipients) -> Preflight:
    preflight = work.merchant.preflight(campaign.id)
    _tell_preflight(added, preflight, work.console)
    if any(finding.code == SUSPECTED for finding in preflight.blockers) and _has_seen_numbers(work):
        work.merchant.confirm_numbers(campaign.id)
        preflight = work.merchant.preflight(campaign.id)
    if not preflight.is_ready:
        raise Blocked(campaign.name, preflight.blockers)
    return preflight


def _has_seen_numbers(work: _Work) -> bool:
    """Return whether a person has looked at the numbers that seem made up; ``--yes`` has seen nothing."""
    if work.has_seen_numbers or work.is_confirmed or not work.console.can_ask:
        return work.has_seen_numbers
    return work.console.ask("Have you looked at these numbers, and are they customers?")


def _confirm(work: _Work, question: str) -> None:
    if work.is_confirmed:
        return
    if not work.console.can_ask:
        raise NotConfirmed("nobody is there to be asked; --yes sends without asking")
    if not work.console.ask(question):
        raise NotConfirmed("nothing was sent")


def _run(work: _Work, campaign: Campaign) -> int:
    pending = work.merchant.counts(campaign.id).by_status.get(RecipientStatus.PENDING, 0)
    zone = work.merchant.settings.zone

    def tell_waiting(waiting: Campaign) -> None:
        what = waiting.waiting_for.value or "its turn"
        work.console.note(f"waits for {what} until {local(waiting.next_at, zone)}; Ctrl-C stops it, nothing is lost")

    with stop_on_signals() as stop, work.console.progress(f"sending {campaign.name}", pending) as progress:
        return send_to_the_end(
            work.kit, work.merchant, campaign.id, stop=stop, on_sent=progress, on_waiting=tell_waiting
        )


def _tell_preflight(added: AddedRecipients, preflight: Preflight, console: Console) -> None:
    if console.is_json:
        return
    console.line(f"{added.added} added, {added.excluded} left out, {added.rejected} not read.")
    for finding in (*preflight.blockers, *preflight.warnings):
        samples = f" ({', '.join(finding.samples)})" if finding.samples else ""
        console.line(f"{finding.severity}: {finding.message} {finding.remedy}{samples}")
    if preflight.doubt_max is not None:
        console.line(f"Should this machine fail amid sending, up to {preflight.doubt_max} may end in doubt.")
    console.line()


def _tell(report: SendReport, console: Console) -> None:
    console.line(f"{report.status}; {report.sent} sent now ({report.campaign_id})")
    if report.failure_code:
        console.line(f"failed: {report.failure_code} {report.failure_reply}".rstrip())
    elif report.waiting_for:
        console.line(f"it waits for {report.waiting_for}; the same command goes on with it")
    tell_counts(report.counts, console)
