"""begin, settle, reap: the point of no return, what came of it, and what never came back."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import attrs

from campaignkit.campaign.documents import structure
from campaignkit.campaign.recipients import Attempt
from campaignkit.campaign.status import RecipientStatus
from campaignkit.delivery.begin import (
    BeginAnswer,
    BeginFacts,
    BeginVerdict,
    CampaignFacts,
    Clearance,
    Decision,
    RecipientFacts,
    decide,
)
from campaignkit.delivery.crediting import given_up
from campaignkit.delivery.moving import begun, ended_by_begin, facts_of, given_back, left_in_doubt, never_confirmed
from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.delivery.sms_receipts import part_ids
from campaignkit.ports import Reaped
from examples.own_store.credit import end_hold, keep, purse_of
from examples.own_store.database import Database, Work
from examples.own_store.planning import limit_names, marketing_of
from examples.own_store.recipients import BATCH_MAX
from examples.own_store.rows import (
    attempt_of,
    campaign_of,
    ground_of,
    limits_of,
    put_attempts,
    put_limits,
    put_recipients,
    recipient_of,
    recipients_where,
    suppressed_of,
)
from examples.own_store.settling import prove, settle

__all__ = ["SendVerbs"]

_OUTLIVED = """
    SELECT EXISTS (SELECT FROM own_recipients WHERE lease_until <= %s)
        OR EXISTS (SELECT FROM own_recipients WHERE doubt_until <= %s)
        OR EXISTS (SELECT FROM own_attempts WHERE doubt_until <= %s)
        OR EXISTS (SELECT FROM own_events WHERE until <= %s)
"""


class SendVerbs(Database):
    """The other half of ``ports.DispatchStore``."""

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        merchants = {one.merchant_id for one in clearances} | {one.merchant_id for one in settlements}
        limits = limit_names(scope for one in clearances for scope in one.limit_scopes)
        with self.writing(*merchants, beside=[*limits, *_names(settlements)]) as work:
            for settlement in settlements:
                settle(work, settlement)
            facts = _facts(work, clearances)
            paying = {one.merchant_id for one in clearances if one.price is not None}
            purses = {merchant_id: purse_of(work, merchant_id) for merchant_id in paying}
            decision = decide(facts, clearances, work.now, purses)
            put_limits(work, facts.limits, decision.limits)
            for merchant_id, purse in purses.items():
                keep(work, merchant_id, purse)
            _write(work, clearances, decision, lease)
        return decision.answers

    def settle(self, settlements: Sequence[Settlement], /) -> Sequence[SettleResult]:
        merchants = {one.merchant_id for one in settlements}
        with self.writing(*merchants, beside=_names(settlements)) as work:
            return [settle(work, settlement) for settlement in settlements]

    def reap(self) -> Reaped:
        with self.reading() as work:
            if not work.first(_OUTLIVED, *[work.now] * 4):
                return Reaped()  # every worker asks often; only where something is found does anybody wait
        with self.writing_alone() as work:
            reaped = Reaped(
                _reap(work, "lease_until", RecipientStatus.CLAIMED),
                _reap(work, "lease_until", RecipientStatus.SENDING),
                _reap(work, "doubt_until", RecipientStatus.IN_DOUBT),
            )
            _reap_left_open(work)
            work.run("DELETE FROM own_events WHERE until <= %s", work.now)
        return reaped


def _names(settlements: Iterable[Settlement]) -> list[str]:
    """Return what *settlements* may write that is not one merchant's alone: limits, and what ids stand for."""
    limits = limit_names(scope for one in settlements for scope in one.limit_scopes)
    texts = [(one.account, part) for one in settlements for part in part_ids(one.outcome.provider_id or "")]
    return [*limits, *(f"text {account} {part}" for account, part in texts)]


def _facts(work: Work, clearances: Sequence[Clearance]) -> BeginFacts:
    campaigns: dict[tuple[str, str], CampaignFacts] = {}
    recipients: dict[tuple[str, str], RecipientFacts] = {}
    for one in clearances:
        campaign = campaign_of(work, one.merchant_id, one.campaign_id)
        row = recipient_of(work, one.merchant_id, one.recipient_id)
        if campaign is not None and row is not None:
            campaigns[campaign.identity] = CampaignFacts(campaign.status, campaign.settings_version)
            recipients[one.merchant_id, one.recipient_id] = facts_of(row)
    suppressed = (
        (merchant_id, key)
        for (merchant_id, _), recipient in recipients.items()
        for key in suppressed_of(work, merchant_id, [recipient.address_key])
    )
    capped = {(one.merchant_id, one.address_key): work.now - one.cap.length for one in clearances if one.cap}
    return BeginFacts(
        campaigns=campaigns,
        recipients=recipients,
        suppressed=frozenset(suppressed),
        limits=limits_of(work, {scope.key for one in clearances for scope in one.limit_scopes}),
        marketing={person: marketing_of(work, *person, since) for person, since in capped.items()},
    )


def _write(work: Work, clearances: Sequence[Clearance], decision: Decision, lease: timedelta) -> None:
    for clearance, answer in zip(clearances, decision.answers, strict=True):
        row = recipient_of(work, clearance.merchant_id, clearance.recipient_id)
        if row is None:
            continue
        if answer.verdict is BeginVerdict.GO:
            shares = decision.shares.get((clearance.merchant_id, clearance.recipient_id), ())
            sending, attempt = begun(row, clearance, work.now, lease=lease, shares=shares)
            put_recipients(work, [sending])
            put_attempts(work, [attempt])
        elif (ended := ended_by_begin(row, answer, work.now)) is not None:
            put_recipients(work, [ended])


def _reap(work: Work, end: str, status: RecipientStatus) -> int:
    """Take back whom a worker, or everybody, has held for too long; a batch at a time."""
    count = 0
    where = f"{end} <= %s AND status = %s LIMIT {BATCH_MAX}"
    while rows := recipients_where(work, where, work.now, status.value):
        for row in rows:
            if status is RecipientStatus.CLAIMED:
                ground = ground_of(work, row)
                back = given_back(row, ground, work.now, not_before=row.not_before, reason="lease_expired")
                put_recipients(work, [back])
            elif status is RecipientStatus.SENDING:
                put_recipients(work, [left_in_doubt(row, work.now)])
                prove(work, row.merchant_id, row.recipient_id)  # in no doubt if its receipt came before
            else:
                _give_up(work, attempt_of(work, row))
                put_recipients(work, [never_confirmed(row, work.now)])
        count += len(rows)
    return count


def _reap_left_open(work: Work) -> None:
    """End attempts that nobody will ever know of, and whose recipients went on; a batch at a time."""
    query = f"SELECT body FROM own_attempts WHERE doubt_until <= %s LIMIT {BATCH_MAX}"
    while found := work.rows(query, work.now):
        for (body,) in found:
            _give_up(work, structure(body, Attempt))


def _give_up(work: Work, attempt: Attempt) -> None:
    """Charge what an attempt holds, and expect nothing of it any more."""
    if attempt.doubt_until is not None:
        put_attempts(work, [attrs.evolve(attempt, doubt_until=None)])
    if attempt.is_holding:
        end_hold(work, given_up(attempt.merchant_id, attempt.recipient_id, attempt.epoch, attempt.credit_shares))
