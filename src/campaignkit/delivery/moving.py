"""A recipient and what happened to it in, the recipient and its attempt as they are stored out. Pure; stores share it.

For stores that keep rows whole. Which move is allowed stands in the table of ``campaign.status``.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from campaignkit.campaign.doubts import Doubt
from campaignkit.campaign.recipients import DOUBT_HORIZON, Attempt, CampaignRecipient, landing
from campaignkit.campaign.status import RecipientEvent, RecipientStatus, transition
from campaignkit.credits.lots import Shares
from campaignkit.delivery.begin import BeginAnswer, BeginVerdict, Clearance, RecipientFacts
from campaignkit.delivery.outcomes import Verdict
from campaignkit.delivery.settling import Ground, LeftOpen, Settled, SettledApart, SettleFacts, Settlement

__all__ = [
    "LANDED_BY",
    "LEASE_OVER",
    "at_epoch",
    "begun",
    "blank_attempt",
    "claimed",
    "doubt_of",
    "ended_by_begin",
    "facts_of",
    "given_back",
    "left_in_doubt",
    "moved",
    "never_confirmed",
    "resent",
    "settle_facts_of",
    "settled",
]

# What else happened to a recipient that was on its way back to pending and did not stay there.
LANDED_BY: Mapping[RecipientStatus, tuple[RecipientEvent, ...]] = {
    RecipientStatus.SKIPPED: (RecipientEvent.SKIP,),
    RecipientStatus.EXPIRED: (RecipientEvent.EXPIRE,),
    RecipientStatus.CANCELLED: (RecipientEvent.CANCEL,),
}
LEASE_OVER: Mapping[str, Any] = {"lease_until": None, "worker_id": "", "claim_token": ""}

_ENDED_BY_BEGIN = {
    BeginVerdict.SUPPRESSED: (RecipientEvent.SKIP, "suppressed"),
    BeginVerdict.LEFT_OUT: (RecipientEvent.SKIP, "frequency_cap"),
    BeginVerdict.EXPIRED: (RecipientEvent.EXPIRE, "deadline_passed"),
    BeginVerdict.CANCELLED: (RecipientEvent.CANCEL, "campaign_cancelled"),
}


def moved(row: CampaignRecipient, *events: RecipientEvent, at: datetime, **changes: Any) -> CampaignRecipient:
    """Return *row* after *events*, each by the table.

    Raises:
        IllegalTransition: the table has no such move.
    """
    status = row.status
    for event in events:
        status = transition(status, event)
    return attrs.evolve(row, status=status, changed_at=at, **changes)


def blank_attempt(row: CampaignRecipient) -> Attempt:
    """Return the attempt at the epoch of *row* as it is before anything was written about it."""
    return Attempt(
        merchant_id=row.merchant_id, recipient_id=row.recipient_id, epoch=row.epoch, generation=row.generation
    )


def facts_of(row: CampaignRecipient) -> RecipientFacts:
    """Return what ``begin.decide`` looks at."""
    return RecipientFacts(row.campaign_id, row.status, row.epoch, row.claim_token, row.address_key)


def at_epoch(attempts: Iterable[Attempt], row: CampaignRecipient, epoch: int) -> Attempt:
    """Return that of the *attempts* at *row*: a blank where there is none, which only the current epoch may lack."""
    return next((one for one in attempts if one.epoch == epoch), None) or blank_attempt(row)


def settle_facts_of(row: CampaignRecipient, attempts: Sequence[Attempt], ground: Ground) -> SettleFacts:
    """Return what ``settling.settle_one`` looks at, by all *attempts* at the recipient."""
    return SettleFacts(
        status=row.status,
        epoch=row.epoch,
        attempt_count=row.attempt_count,
        channel=row.channel,
        settled_verdict=at_epoch(attempts, row, row.epoch).verdict,
        ground=ground,
        generation=row.generation,
        left_open={one.epoch: LeftOpen(one.generation, one.verdict) for one in attempts if one.doubt_until is not None},
    )


def claimed(
    row: CampaignRecipient, now: datetime, *, lease: timedelta, worker_id: str, token: str
) -> CampaignRecipient:
    """Return *row* in the hands of a worker: one epoch later, so that whoever held it before can do nothing with it."""
    held = {"lease_until": now + lease, "worker_id": worker_id, "claim_token": token}
    return moved(row, RecipientEvent.CLAIM, at=now, epoch=row.epoch + 1, **held)


def begun(
    row: CampaignRecipient, clearance: Clearance, now: datetime, *, lease: timedelta, shares: Shares
) -> tuple[CampaignRecipient, Attempt]:
    """Return a recipient that may be sent to, and the attempt: both are written in one commit with limits and credit.

    Args:
        shares: Which lots pay for it, by ``Decision.shares``.
    """
    attempt = attrs.evolve(
        blank_attempt(row),
        generation=clearance.generation,
        began_at=now,
        prepared_at=clearance.prepared_at,
        content_digest=clearance.content_digest,
        price=clearance.price,
        credit_shares=shares,
    )
    return moved(row, RecipientEvent.BEGIN, at=now, lease_until=now + lease), attempt


def ended_by_begin(row: CampaignRecipient, answer: BeginAnswer, now: datetime) -> CampaignRecipient | None:
    """Return a recipient as *answer* ends it; None: it ends nobody, or this one was ended by the answer before."""
    if answer.verdict not in _ENDED_BY_BEGIN or row.status is not RecipientStatus.CLAIMED:
        return None
    event, reason = _ENDED_BY_BEGIN[answer.verdict]
    return moved(row, event, at=now, reason=reason, detail=answer.detail, **LEASE_OVER)


def settled(
    row: CampaignRecipient, attempt: Attempt, settlement: Settlement, became: Settled | SettledApart, now: datetime
) -> tuple[CampaignRecipient, Attempt]:
    """Return a recipient and its attempt after *settlement*, by what ``settle_one`` says that it became.

    The recipient is the very same where it went on without that attempt.
    """
    outcome = settlement.outcome
    after = row if isinstance(became, SettledApart) else _settled_row(row, settlement.event, became, now)
    return after, attrs.evolve(
        attempt,
        settled_at=now,
        verdict=outcome.verdict.value,
        scope=outcome.scope.value,
        code=outcome.code,
        reply=outcome.reply,
        provider_id=outcome.provider_id,
        doubt_until=None,
    )


def _settled_row(row: CampaignRecipient, event: RecipientEvent, became: Settled, now: datetime) -> CampaignRecipient:
    return moved(
        row,
        event,
        *LANDED_BY.get(became.status, ()),
        at=now,
        reason=became.reason,
        detail=became.detail,
        attempt_count=became.attempt_count,
        not_before=became.not_before or row.not_before,
        doubt_until=became.doubt_until,
        **LEASE_OVER,
    )


def given_back(
    row: CampaignRecipient, ground: Ground, now: datetime, *, not_before: datetime, reason: str, detail: str = ""
) -> CampaignRecipient:
    """Return a claimed recipient where it lands on its way back to pending; *detail* stays with it only there."""
    land = landing(
        reason=reason,
        not_before=not_before,
        campaign_status=ground.campaign_status,
        is_suppressed=ground.is_suppressed,
        deadline=ground.deadline,
    )
    events = (RecipientEvent.RELEASE, *LANDED_BY.get(land.status, ()))
    said = detail if land.status is RecipientStatus.PENDING else ""
    return moved(row, *events, at=now, not_before=not_before, reason=land.reason, detail=said, **LEASE_OVER)


def left_in_doubt(row: CampaignRecipient, now: datetime) -> CampaignRecipient:
    """Return a recipient whose worker fell silent while it was being sent to."""
    doubt = {"reason": "lease_expired", "doubt_until": now + DOUBT_HORIZON[row.channel]}
    return moved(row, RecipientEvent.DOUBT, at=now, **doubt, **LEASE_OVER)


def never_confirmed(row: CampaignRecipient, now: datetime) -> CampaignRecipient:
    """Return a recipient whose doubt nobody will ever clear up."""
    return moved(row, RecipientEvent.GIVE_UP, at=now, reason="never_confirmed", doubt_until=None)


def resent(
    row: CampaignRecipient, attempt: Attempt, now: datetime, *, is_repeat: bool = False
) -> tuple[CampaignRecipient, Attempt]:
    """Return a recipient in doubt that is sent to anew, and its attempt, which stays in doubt for as long as it had.

    Args:
        is_repeat: Whether it is the very same message, which keeps its place in the queue, too.
    """
    changes: dict[str, Any] = {"reason": "repeated", "is_repeated": True}
    if not is_repeat:
        renewed = {"generation": row.generation + 1, "is_repeated": False}
        changes = {"reason": "resent", "not_before": now, **renewed}
    after = moved(row, RecipientEvent.RESEND, at=now, detail="", doubt_until=None, **changes)
    return after, attrs.evolve(attempt, doubt_until=row.doubt_until)


def doubt_of(row: CampaignRecipient, attempts: Sequence[Attempt], *, is_suppressed: bool) -> Doubt:
    """Return what is known of a recipient in doubt, by all *attempts* at it."""
    current = at_epoch(attempts, row, row.epoch)
    assert current.began_at is not None
    assert row.doubt_until is not None
    earlier = [
        one.began_at
        for one in attempts
        if one.epoch < row.epoch and one.generation == row.generation and one.may_be_accepted and one.began_at
    ]
    return Doubt(
        recipient_id=row.recipient_id,
        contact_id=row.contact_id,
        generation=row.generation,
        began_at=current.began_at,
        first_began_at=min([*earlier, current.began_at]),
        repeat_count=len(earlier),
        content_digest=current.content_digest,
        doubt_until=row.doubt_until,
        reason=row.reason,
        is_suppressed=is_suppressed,
        is_accepted_before=any(one.verdict == Verdict.ACCEPTED for one in attempts),
    )
