"""Friday afternoon: the list is checked, the mail is mended, the campaign is scheduled. A CSV in, a database out."""

from collections.abc import Mapping

import attrs

import campaignkit as ck
from campaignkit.errors import NotReady
from examples.spring_demo.children import StoryFailed
from examples.spring_demo.shop import (
    AFTERNOON,
    CUSTOMERS,
    EVENING,
    MENDED,
    SUBJECT,
    ZONE,
    Places,
    create_campaign,
    local,
    open_kit,
)
from examples.spring_demo.voice import Voice

__all__ = ["Prepared", "prepare", "tell_reasons"]

REASONS = {
    "duplicate": "stand in the list already, spelt this way or another",
    "no_address": "have no email address at all",
    "malformed": "have an email address that cannot be one",
    "unreachable": "have an address at a domain that takes no mail",
    "ambiguous": "have two email addresses in one cell",
    "too_long": "have an address that is too long",
    "consent_denied": "said no to emails",
    "suppressed": "asked never to be written to again",
    "blank_row": "are empty",
    "unreadable_row": "cannot be read",
}


@attrs.frozen
class Prepared:
    """The campaign that is ready to go."""

    campaign_id: str
    recipient_count: int


def prepare(places: Places, voice: Voice) -> Prepared:
    """Return the scheduled campaign; all that is known about it lies in the database."""
    store = ck.SqlStore(f"sqlite:///{places.database}")
    store.upgrade()
    store.close()
    with open_kit(places.database, ck.FrozenClock(AFTERNOON)) as kit:
        flora = kit.merchant("flora", zone=ZONE.key, region="US", actor=ck.Actor("ann", email="ann@flora.example"))
        campaign = create_campaign(flora)
        recipient_count = _add_customers(flora, campaign.id, voice)
        findings = flora.preflight(campaign.id)
        _warn(findings, voice)
        _mend(flora, campaign.id, findings, voice)
    return Prepared(campaign.id, recipient_count)


def _add_customers(flora: ck.Merchant, campaign_id: str, voice: Voice) -> int:
    voice.act("1. The list is checked")
    flora.add_recipients(campaign_id, ck.read_contacts(CUSTOMERS, region="US"))
    counts = flora.counts(campaign_id)
    voice.say(f"{counts.rows:,} rows in {CUSTOMERS.name}")
    voice.say(f"{counts.recipients:,} people will get the mail", "bold")
    voice.say(f"{sum(counts.exclusions.values()):,} rows are left out:")
    tell_reasons(counts.exclusions, REASONS, voice)
    if counts.rejections:
        voice.say(f"{sum(counts.rejections.values()):,} rows are no customers:")
        tell_reasons(counts.rejections, REASONS, voice)
    return counts.recipients


def tell_reasons(counts: Mapping[str, int], reasons: Mapping[str, str], voice: Voice) -> None:
    """Tell how many rows are left out for what, the most frequent first, in the words of *reasons*."""
    for reason, count in sorted(counts.items(), key=lambda item: -item[1]):
        voice.say(f"{count:>6,}  {reasons.get(reason, reason.replace('_', ' '))}")


def _warn(findings: ck.Preflight, voice: Voice) -> None:
    for warning in findings.warnings:
        if warning.code == "no_address":
            voice.say(f"Warning: {warning.message} {warning.remedy}", "yellow")


def _mend(flora: ck.Merchant, campaign_id: str, findings: ck.Preflight, voice: Voice) -> None:
    voice.act("2. A slip of the pen is found before anybody sees it")
    try:
        flora.schedule(campaign_id, start_at=EVENING)
    except NotReady as refused:
        voice.say(f"Refused: {', '.join(refused.blockers)}", "red")
    else:
        raise StoryFailed("a campaign with a misspelt placeholder was scheduled")
    for blocker in findings.blockers:
        voice.say(f"{blocker.message} It hits {blocker.count:,} people.")
    flora.update_campaign(campaign_id, content=ck.EmailContent(subject=SUBJECT, text=MENDED))
    scheduled = flora.schedule(campaign_id, start_at=EVENING)
    voice.say(f"Mended, and {scheduled.status} for {local(EVENING)}.", "green")
