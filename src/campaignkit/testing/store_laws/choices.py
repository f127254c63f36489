"""What a random life of a store chooses from: campaigns and their limits, names, events, steps. Needs Hypothesis."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from campaignkit.campaign.status import RECIPIENT_TRANSITIONS, CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.ports import Claim, SaveGuard, Trail
from campaignkit.testing.store_laws.bench import LEASE, START
from campaignkit.testing.store_laws.model_values import ModelRow
from campaignkit.timing.limits import Interval, Limit, LimitScope

__all__ = [
    "CAMPAIGNS",
    "DEADLINE",
    "GUARDS",
    "HALTED",
    "INTERVAL",
    "QUARANTINE",
    "QUOTA",
    "SCOPES",
    "STEPS",
    "campaigns",
    "events",
    "key_of",
    "names",
    "outcomes",
    "picks",
    "reachable",
    "shown",
    "shown_by",
    "where_of",
]

INTERVAL = timedelta(seconds=60)
QUOTA = Limit(2, per=INTERVAL + timedelta(seconds=1))  # of the sender whom the first merchant's campaigns share
QUARANTINE = timedelta(minutes=15)
DEADLINE = START + timedelta(days=1)
# The second merchant has the ids of the first, so that whoever forgets the merchant is found out.
CAMPAIGNS = (("flora", "c1"), ("flora", "c2"), ("other", "c1"))
HALTED = (CampaignStatus.PAUSED, CampaignStatus.SCHEDULED, CampaignStatus.FAILED, CampaignStatus.DRAFT)
GUARDS = (SaveGuard.NONE, *SaveGuard)
ENDS_FROM_PENDING = {RecipientStatus.SKIPPED, RecipientStatus.EXPIRED, RecipientStatus.CANCELLED}
SENDER_SCOPE = LimitScope("sender/flora/main", (QUOTA,))
SCOPES: dict[tuple[str, str], tuple[LimitScope, ...]] = {
    ("flora", "c1"): (SENDER_SCOPE,),
    ("flora", "c2"): (LimitScope("campaign/flora/c2", (Interval(INTERVAL.total_seconds()),)), SENDER_SCOPE),
    ("other", "c1"): (),
}
# Clocks go back too.
STEPS = (timedelta(seconds=1), INTERVAL, LEASE, QUARANTINE, timedelta(days=1), timedelta(days=4), -INTERVAL)

campaigns = st.sampled_from(CAMPAIGNS)
names = st.sampled_from(("ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal"))
picks = st.sampled_from((1, 1, 1, 2, 2, 3, 4, 6))  # counted from the newest claim: most steps meet in the same few
events = st.sampled_from((RecipientEvent.ACCEPT, RecipientEvent.REFUSE, RecipientEvent.DEFER, RecipientEvent.DOUBT))
outcomes = st.tuples(events, st.booleans())  # what became of a message, and whether a deferral proves it unsent


def key_of(name: str) -> str:
    """Return an address key; ``eve`` has the address of ``ann``."""
    return "ann@example.com" if name == "eve" else f"{name}@example.com"


def where_of(claim: Claim) -> tuple[str, str]:
    """Return merchant and campaign of a claim."""
    return (claim.recipient.merchant_id, claim.recipient.campaign_id)


def reachable(status: RecipientStatus) -> set[RecipientStatus]:
    """Return where one call may lead: one move, or back to pending and on."""
    moves = set(RECIPIENT_TRANSITIONS[status].values())
    return moves | ENDS_FROM_PENDING if RecipientStatus.PENDING in moves else moves


def shown(trail: Trail) -> dict[str, Any]:
    """Return what a store shows of a row, in the model's words."""
    row = trail.recipient
    return {
        "key": row.address_key,
        "not_before": row.not_before,
        "status": row.status.value,
        "reason": _said(row.reason, row.status.value),
        "epoch": row.epoch,
        "attempt_count": row.attempt_count,
        "lease_until": row.lease_until,
        "doubt_until": row.doubt_until,
        "delivery": row.delivery.value,
        "heard": [event.feedback.event_key for event in trail.events],
        "generation": row.generation,
        "is_repeated": row.is_repeated,
        "left_open": {one.epoch: one.doubt_until for one in trail.attempts if one.doubt_until is not None},
        "verdicts": {attempt.epoch: attempt.verdict for attempt in trail.attempts},
    }


def shown_by(row: ModelRow) -> dict[str, Any]:
    """Return what the model shows of a row."""
    return row.seen() | {"reason": _said(row.reason, row.status)}


def _said(reason: str, status: str) -> str:
    return "" if status == "unknown" else reason  # why a doubt was given up is left open
