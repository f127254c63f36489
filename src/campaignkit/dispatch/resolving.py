"""An outcome in, what to write about its recipient out. Pure."""

from datetime import datetime, timedelta

import attrs

from campaignkit.campaign.status import RecipientEvent
from campaignkit.delivery.begin import BeginAnswer, BeginVerdict
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.delivery.retry import next_try
from campaignkit.delivery.sentences import describe_code
from campaignkit.delivery.settling import Settlement
from campaignkit.ports import Claim

__all__ = ["LIMITED", "Release", "release_for", "resolve_cleared", "resolve_uncleared", "settle_unsendable"]


# Long enough that a transport which never gets to the point of no return does not spin.
SOON = timedelta(minutes=1)


@attrs.frozen
class Release:
    """Give a claim back: not before that instant (None: unchanged), for that reason."""

    claim: Claim
    not_before: datetime | None
    reason: str
    detail: str = ""  # one sentence for a shopkeeper


LIMITED = "limited"
# Why a claim goes back when begin did not let it go; the others ended it, or it is no longer ours.
_RELEASED_FOR = {
    BeginVerdict.CLOSED: "window_closed",
    BeginVerdict.CAPPED: "frequency_cap",
    BeginVerdict.LIMITED: LIMITED,
    BeginVerdict.NO_CREDIT: "no_credit",
    BeginVerdict.PAUSED: "paused",
    BeginVerdict.CHANGED: "changed",
}


def release_for(claim: Claim, answer: BeginAnswer) -> Release | None:
    """Return how a claim that begin refused goes back; None where there is nothing to give back."""
    reason = _RELEASED_FOR.get(answer.verdict)
    return None if reason is None else Release(claim, answer.retry_at, reason, answer.detail)


def resolve_cleared(claim: Claim, outcome: Outcome, now: datetime) -> Settlement:
    """Return what to write about a message that was allowed to cross."""
    match outcome.verdict:
        case Verdict.ACCEPTED:
            return _settlement(claim, outcome, RecipientEvent.ACCEPT)
        case Verdict.IN_DOUBT:
            return _settlement(claim, outcome, RecipientEvent.DOUBT)
        case Verdict.NOT_SENT:
            return _settlement(claim, outcome, RecipientEvent.DEFER, not_before=_after_not_sent(outcome, now))
        case Verdict.REFUSED | Verdict.DEFERRED:
            return _about_recipient(claim, outcome, now)


def resolve_uncleared(claim: Claim, outcome: Outcome, now: datetime) -> Settlement | Release:
    """Return what to write about a message that never came to the point of no return."""
    is_about_recipient = outcome.scope is Scope.RECIPIENT and outcome.verdict in {Verdict.REFUSED, Verdict.DEFERRED}
    if is_about_recipient:
        return _about_recipient(claim, outcome, now)
    return Release(claim, _after_not_sent(outcome, now), outcome.code or "not_sent")


def _after_not_sent(outcome: Outcome, now: datetime) -> datetime:
    """A host's or sender's trouble holds back the whole sender; only what concerns one recipient waits by itself."""
    return now + SOON if outcome.scope is Scope.RECIPIENT else now


def settle_unsendable(claim: Claim, code: str, problem: str) -> Settlement:
    """Return what to write about a claim whose own message can never be built."""
    outcome = Outcome(message_id="", verdict=Verdict.REFUSED, code=code)
    return attrs.evolve(_settlement(claim, outcome, RecipientEvent.REFUSE), detail=problem)


def _about_recipient(claim: Claim, outcome: Outcome, now: datetime) -> Settlement:
    if outcome.scope is not Scope.RECIPIENT:  # of host, sender, group or campaign: it costs the recipient nothing
        return _settlement(claim, outcome, RecipientEvent.DEFER, not_before=now)
    if outcome.verdict is Verdict.REFUSED:
        return _settlement(claim, outcome, RecipientEvent.REFUSE)
    attempt_count = claim.recipient.attempt_count + 1
    retry_at = next_try(attempt_count=attempt_count, now=now, code=outcome.code, retry_after=outcome.retry_after)
    if retry_at is None:
        return _settlement(claim, outcome, RecipientEvent.REFUSE)
    settlement = _settlement(claim, outcome, RecipientEvent.DEFER, not_before=retry_at)
    return attrs.evolve(settlement, is_attempt_used=True)


def _settlement(
    claim: Claim, outcome: Outcome, event: RecipientEvent, not_before: datetime | None = None
) -> Settlement:
    return Settlement(
        merchant_id=claim.recipient.merchant_id,
        recipient_id=claim.recipient.recipient_id,
        epoch=claim.epoch,
        event=event,
        outcome=outcome,
        not_before=not_before,
        reason="" if event is RecipientEvent.ACCEPT else outcome.code,
        detail="" if event is RecipientEvent.ACCEPT else describe_code(outcome.code, claim.recipient.channel),
    )
