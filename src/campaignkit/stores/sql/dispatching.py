"""Claims, begin, settling and reaping in SQL. Each function works inside the caller's transaction.

SQLite's transactions are IMMEDIATE, so one writer is alone; PostgreSQL takes row locks in the order campaign, recipients,
limits. What is decided is decided by the shared pure functions, never here.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

import attrs
import sqlalchemy as sa

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.recipients import DOUBT_HORIZON, landing
from campaignkit.campaign.status import CampaignEvent, CampaignStatus, RecipientStatus, transition
from campaignkit.delivery.begin import (
    BeginAnswer,
    BeginFacts,
    BeginVerdict,
    CampaignFacts,
    Clearance,
    RecipientFacts,
    decide,
)
from campaignkit.delivery.settling import Settled, SettleFacts, Settlement, SettleResult, settle_one
from campaignkit.ports import Claim, Reaped
from campaignkit.stores.sql.audience import insert_missing, recipient_of
from campaignkit.stores.sql.documents import add_note
from campaignkit.stores.sql.schema import attempts, campaigns, limit_counters, recipients, suppressions
from campaignkit.timing.limits import LimitState

__all__ = ["begin", "claim", "has_outlived", "reap", "release", "settle"]

# How begin's refusals end a recipient; every other refusal leaves it with its worker, who releases it.
_ENDED_BY = {
    BeginVerdict.SUPPRESSED: (RecipientStatus.SKIPPED, "suppressed"),
    BeginVerdict.EXPIRED: (RecipientStatus.EXPIRED, "deadline_passed"),
    BeginVerdict.CANCELLED: (RecipientStatus.CANCELLED, "campaign_cancelled"),
}
_NO_LEASE: dict[str, Any] = {"lease_until": None, "worker_id": "", "claim_token": ""}


def claim(
    connection: sa.Connection,
    merchant_id: str,
    campaign_id: str,
    *,
    worker_id: str,
    token: str,
    lease: timedelta,
    limit: int,
    read_now: Callable[[sa.Connection], datetime],
) -> Sequence[Claim]:
    """Claim pending recipients whose time has come, the longest waiting first."""
    if not _is_sending(connection, merchant_id, campaign_id):
        return []
    mine = (recipients.c.merchant_id == merchant_id, recipients.c.campaign_id == campaign_id)
    held = connection.execute(
        sa.select(recipients).where(
            *mine, recipients.c.status == RecipientStatus.CLAIMED.value, recipients.c.claim_token == token
        )
    ).all()
    if held:
        return [Claim(recipient=recipient_of(row)) for row in held]
    now = read_now(connection)
    rows = connection.execute(
        sa.select(recipients)
        .where(*mine, recipients.c.status == RecipientStatus.PENDING.value, recipients.c.not_before <= now)
        .order_by(recipients.c.not_before, recipients.c.recipient_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    until = now + lease
    changes: dict[str, Any] = {"lease_until": until, "worker_id": worker_id, "claim_token": token, "changed_at": now}
    ids = [row.recipient_id for row in rows]
    _update(connection, merchant_id, ids, status=RecipientStatus.CLAIMED.value, epoch=recipients.c.epoch + 1, **changes)
    return [
        Claim(recipient=attrs.evolve(recipient, status=RecipientStatus.CLAIMED, epoch=recipient.epoch + 1, **changes))
        for recipient in map(recipient_of, rows)
    ]


def begin(
    connection: sa.Connection,
    clearances: Sequence[Clearance],
    *,
    lease: timedelta,
    read_now: Callable[[sa.Connection], datetime],
) -> Sequence[BeginAnswer]:
    """Decide under the locks of campaign, recipients and limits, and write what was decided."""
    facts = BeginFacts(
        campaigns=_campaign_facts(connection, clearances),
        recipients=_recipient_facts(connection, clearances),
        suppressed=_suppressed(connection, clearances),
        limits=_lock_limits(connection, clearances),
    )
    now = read_now(connection)
    decision = decide(facts, clearances, now)
    going = [
        clearance
        for clearance, answer in zip(clearances, decision.answers, strict=True)
        if answer.verdict is BeginVerdict.GO
    ]
    for merchant_id, ids in _by_merchant(going):
        sending = {"status": RecipientStatus.SENDING.value, "lease_until": now + lease, "changed_at": now}
        _update(connection, merchant_id, ids, **sending)
    if going:
        connection.execute(sa.insert(attempts), [_attempt_row(clearance, now) for clearance in going])
    for verdict, (status, reason) in _ENDED_BY.items():
        pairs = zip(clearances, decision.answers, strict=True)
        ended = [clearance for clearance, answer in pairs if answer.verdict is verdict]
        for merchant_id, ids in _by_merchant(ended):
            ending = {"status": status.value, "reason": reason, "changed_at": now, **_NO_LEASE}
            _update(connection, merchant_id, ids, **ending)
    for key, state in decision.limits.items():
        if state != facts.limits.get(key):
            counter = sa.update(limit_counters).where(limit_counters.c.scope_key == key)
            connection.execute(counter.values(last_at=state.last_at))
    return decision.answers


def settle(
    connection: sa.Connection, settlements: Sequence[Settlement], *, read_now: Callable[[sa.Connection], datetime]
) -> Sequence[SettleResult]:
    """Write what became of messages, each at its own epoch only."""
    results: dict[int, SettleResult] = {}
    indexed = sorted(enumerate(settlements), key=lambda pair: pair[1].merchant_id)
    for merchant_id, group in groupby(indexed, key=lambda pair: pair[1].merchant_id):
        pairs = list(group)
        facts = _settle_facts(connection, merchant_id, [settlement.recipient_id for _, settlement in pairs])
        now = read_now(connection)
        seen: set[str] = set()
        changes: list[tuple[Settlement, Settled, Any]] = []
        for index, settlement in pairs:
            row = facts.get(settlement.recipient_id)
            if row is None or settlement.recipient_id in seen:
                results[index] = SettleResult.STALE
                continue
            settled = settle_one(_facts_of(row), settlement, now)
            if isinstance(settled, SettleResult):
                results[index] = settled
                continue
            results[index] = SettleResult.APPLIED
            seen.add(settlement.recipient_id)
            changes.append((settlement, settled, row))
        _write_settled(connection, merchant_id, changes, now)
    return [results[index] for index in range(len(settlements))]


def release(
    connection: sa.Connection, claims: Sequence[Claim], *, not_before: datetime | None, reason: str, now: datetime
) -> int:
    """Give claimed recipients back where they are still held at that epoch."""
    released = 0
    held = sorted(claims, key=lambda claim: claim.recipient.merchant_id)
    for merchant_id, group in groupby(held, key=lambda claim: claim.recipient.merchant_id):
        epochs = {claim.recipient.recipient_id: claim.epoch for claim in group}
        rows = [
            row
            for row in _landing_rows(connection, merchant_id, recipients.c.recipient_id.in_(list(epochs)))
            if row.status == RecipientStatus.CLAIMED and row.epoch == epochs[row.recipient_id]
        ]
        _land(connection, rows, not_before=not_before, reason=reason, now=now)
        released += len(rows)
    return released


def has_outlived(connection: sa.Connection, now: datetime) -> bool:
    """Return whether ``reap`` would find anything; asking takes no write lock."""
    outlived = sa.or_(
        sa.exists().where(recipients.c.lease_until.is_not(None), recipients.c.lease_until <= now),
        sa.exists().where(recipients.c.doubt_until.is_not(None), recipients.c.doubt_until <= now),
    )
    return bool(connection.execute(sa.select(outlived)).scalar_one())


def reap(connection: sa.Connection, now: datetime) -> Reaped:
    """Take back what outlived its lease: claims to pending, begun ones into doubt, old doubts to unknown."""
    outlived = (recipients.c.lease_until.is_not(None), recipients.c.lease_until <= now)
    claimed = _landing_rows(connection, None, *outlived, recipients.c.status == RecipientStatus.CLAIMED.value)
    _land(connection, claimed, not_before=None, reason="lease_expired", now=now)
    in_doubt = 0
    for channel, horizon in DOUBT_HORIZON.items():
        doubtful = sa.update(recipients).where(
            *outlived,
            recipients.c.status == RecipientStatus.SENDING.value,
            recipients.c.channel == channel.value,
        )
        doubt = {"status": RecipientStatus.IN_DOUBT.value, "reason": "lease_expired", "doubt_until": now + horizon}
        in_doubt += connection.execute(doubtful.values(**doubt, changed_at=now, **_NO_LEASE)).rowcount
    over = sa.update(recipients).where(
        recipients.c.doubt_until.is_not(None),
        recipients.c.doubt_until <= now,
        recipients.c.status == RecipientStatus.IN_DOUBT.value,
    )
    given_up = {"status": RecipientStatus.UNKNOWN.value, "reason": "never_confirmed", "doubt_until": None}
    unknown = connection.execute(over.values(**given_up, changed_at=now)).rowcount
    return Reaped(released=len(claimed), in_doubt=in_doubt, unknown=unknown)


# begin ----------------------------------------------------------------------------------------------------------------


def _is_sending(connection: sa.Connection, merchant_id: str, campaign_id: str) -> bool:
    status = connection.execute(
        sa.select(campaigns.c.status)
        .where(campaigns.c.merchant_id == merchant_id, campaigns.c.campaign_id == campaign_id)
        .with_for_update(read=True)
    ).scalar_one_or_none()
    return bool(status == CampaignStatus.SENDING)


def _campaign_facts(connection: sa.Connection, clearances: Sequence[Clearance]) -> dict[tuple[str, str], CampaignFacts]:
    wanted = sorted({(clearance.merchant_id, clearance.campaign_id) for clearance in clearances})
    facts: dict[tuple[str, str], CampaignFacts] = {}
    for merchant_id, campaign_id in wanted:
        row = connection.execute(
            sa.select(campaigns.c.status, campaigns.c.settings_version)
            .where(campaigns.c.merchant_id == merchant_id, campaigns.c.campaign_id == campaign_id)
            .with_for_update(read=True)
        ).first()
        if row is not None:
            facts[merchant_id, campaign_id] = CampaignFacts(CampaignStatus(row.status), row.settings_version)
    return facts


def _recipient_facts(
    connection: sa.Connection, clearances: Sequence[Clearance]
) -> dict[tuple[str, str], RecipientFacts]:
    facts: dict[tuple[str, str], RecipientFacts] = {}
    columns = (
        recipients.c.recipient_id,
        recipients.c.status,
        recipients.c.epoch,
        recipients.c.claim_token,
        recipients.c.address_key,
    )
    for merchant_id, ids in _by_merchant(clearances):
        rows = connection.execute(
            sa.select(*columns)
            .where(recipients.c.merchant_id == merchant_id, recipients.c.recipient_id.in_(ids))
            .order_by(recipients.c.recipient_id)
            .with_for_update()
        )
        for row in rows:
            status = RecipientStatus(row.status)
            facts[merchant_id, row.recipient_id] = RecipientFacts(status, row.epoch, row.claim_token, row.address_key)
    return facts


def _suppressed(connection: sa.Connection, clearances: Sequence[Clearance]) -> frozenset[tuple[str, str]]:
    """Suppression is looked up by the stored address, which the clearance may not know yet."""
    found: set[tuple[str, str]] = set()
    for merchant_id, ids in _by_merchant(clearances):
        rows = connection.execute(
            sa.select(suppressions.c.address_key).where(
                suppressions.c.merchant_id == merchant_id,
                suppressions.c.address_key.in_(
                    sa.select(recipients.c.address_key).where(
                        recipients.c.merchant_id == merchant_id, recipients.c.recipient_id.in_(ids)
                    )
                ),
            )
        )
        found.update((merchant_id, key) for key in rows.scalars())
    return frozenset(found)


def _lock_limits(connection: sa.Connection, clearances: Sequence[Clearance]) -> dict[str, LimitState]:
    keys = sorted({scope.key for clearance in clearances for scope in clearance.limit_scopes})
    if not keys:
        return {}
    insert_missing(connection, limit_counters, [{"scope_key": key, "last_at": None} for key in keys])
    rows = connection.execute(
        sa.select(limit_counters)
        .where(limit_counters.c.scope_key.in_(keys))
        .order_by(limit_counters.c.scope_key)
        .with_for_update()
    )
    return {row.scope_key: LimitState(row.last_at) for row in rows}


def _attempt_row(clearance: Clearance, now: datetime) -> dict[str, Any]:
    return {
        "merchant_id": clearance.merchant_id,
        "recipient_id": clearance.recipient_id,
        "epoch": clearance.epoch,
        "generation": clearance.generation,
        "began_at": now,
        "prepared_at": clearance.prepared_at,
        "verdict": "",
        "scope": "",
        "code": "",
        "reply": "",
        "content_digest": clearance.content_digest,
        "price": clearance.price,
    }


# settle ---------------------------------------------------------------------------------------------------------------


def _settle_facts(connection: sa.Connection, merchant_id: str, ids: Sequence[str]) -> dict[str, Any]:
    row, campaign, attempt, suppression = recipients.c, campaigns.c, attempts.c, suppressions.c
    joined = recipients.join(
        campaigns, sa.and_(campaign.merchant_id == row.merchant_id, campaign.campaign_id == row.campaign_id)
    )
    joined = joined.outerjoin(
        attempts,
        sa.and_(
            attempt.merchant_id == row.merchant_id,
            attempt.recipient_id == row.recipient_id,
            attempt.epoch == row.epoch,
        ),
    )
    joined = joined.outerjoin(
        suppressions,
        sa.and_(suppression.merchant_id == row.merchant_id, suppression.address_key == row.address_key),
    )
    columns = (row.recipient_id, row.campaign_id, row.status, row.epoch, row.generation, row.attempt_count, row.channel)
    rows = connection.execute(
        sa.select(
            *columns,
            campaign.status.label("campaign_status"),
            campaign.deadline,
            attempt.verdict,
            suppression.address_key.label("suppressed_key"),
        )
        .select_from(joined)
        .where(row.merchant_id == merchant_id, row.recipient_id.in_(sorted(set(ids))))
        .order_by(row.recipient_id)
        .with_for_update(of=recipients)
    )
    return {found.recipient_id: found for found in rows}


def _facts_of(row: sa.Row[Any]) -> SettleFacts:
    return SettleFacts(
        status=RecipientStatus(row.status),
        epoch=row.epoch,
        attempt_count=row.attempt_count,
        channel=Channel(row.channel),
        settled_verdict=row.verdict or "",
        campaign_status=CampaignStatus(row.campaign_status),
        deadline=row.deadline,
        is_suppressed=row.suppressed_key is not None,
    )


_SETTLE_RECIPIENT = (
    sa.update(recipients)
    .where(
        recipients.c.merchant_id == sa.bindparam("of_merchant"),
        recipients.c.recipient_id == sa.bindparam("of_recipient"),
    )
    .values(
        status=sa.bindparam("new_status"),
        reason=sa.bindparam("new_reason"),
        detail=sa.bindparam("new_detail"),
        attempt_count=sa.bindparam("new_attempt_count"),
        not_before=sa.func.coalesce(
            sa.bindparam("new_not_before", type_=recipients.c.not_before.type), recipients.c.not_before
        ),
        doubt_until=sa.bindparam("new_doubt_until"),
        changed_at=sa.bindparam("new_changed_at"),
        **_NO_LEASE,
    )
)
_SETTLE_ATTEMPT = (
    sa.update(attempts)
    .where(
        attempts.c.merchant_id == sa.bindparam("of_merchant"),
        attempts.c.recipient_id == sa.bindparam("of_recipient"),
        attempts.c.epoch == sa.bindparam("of_epoch"),
    )
    .values(
        {
            name: sa.bindparam(f"new_{name}")
            for name in ("settled_at", "verdict", "scope", "code", "reply", "provider_id")
        }
    )
)


def _write_settled(
    connection: sa.Connection,
    merchant_id: str,
    changes: Sequence[tuple[Settlement, Settled, Any]],
    now: datetime,
) -> None:
    if not changes:
        return
    connection.execute(
        _SETTLE_RECIPIENT, [_settled_values(merchant_id, row, settled, now) for _, settled, row in changes]
    )
    begun = [(settlement, row) for settlement, _, row in changes if row.verdict is not None]
    if begun:
        connection.execute(_SETTLE_ATTEMPT, [_verdict_values(merchant_id, settlement, now) for settlement, _ in begun])
    never_begun = [(settlement, row) for settlement, _, row in changes if row.verdict is None]
    if never_begun:
        connection.execute(
            sa.insert(attempts), [_unbegun_row(merchant_id, settlement, row, now) for settlement, row in never_begun]
        )
    reopened = {
        row.campaign_id
        for _, settled, row in changes
        if settled.status is RecipientStatus.PENDING and row.campaign_status == CampaignStatus.FINISHED
    }
    for campaign_id in sorted(reopened):
        _reopen(connection, merchant_id, campaign_id, now)


def _settled_values(merchant_id: str, row: sa.Row[Any], settled: Settled, now: datetime) -> dict[str, Any]:
    return {
        "of_merchant": merchant_id,
        "of_recipient": row.recipient_id,
        "new_status": settled.status.value,
        "new_reason": settled.reason,
        "new_detail": settled.detail,
        "new_attempt_count": settled.attempt_count,
        "new_not_before": settled.not_before,
        "new_doubt_until": settled.doubt_until,
        "new_changed_at": now,
    }


def _verdict_values(merchant_id: str, settlement: Settlement, now: datetime) -> dict[str, Any]:
    return {
        "of_merchant": merchant_id,
        "of_recipient": settlement.recipient_id,
        "of_epoch": settlement.epoch,
        "new_settled_at": now,
        "new_verdict": settlement.outcome.verdict.value,
        "new_scope": settlement.outcome.scope.value,
        "new_code": settlement.outcome.code,
        "new_reply": settlement.outcome.reply,
        "new_provider_id": settlement.outcome.provider_id,
    }


def _unbegun_row(merchant_id: str, settlement: Settlement, row: sa.Row[Any], now: datetime) -> dict[str, Any]:
    outcome = settlement.outcome
    return {
        "merchant_id": merchant_id,
        "recipient_id": settlement.recipient_id,
        "epoch": settlement.epoch,
        "generation": row.generation,
        "settled_at": now,
        "verdict": outcome.verdict.value,
        "scope": outcome.scope.value,
        "code": outcome.code,
        "reply": outcome.reply,
        "provider_id": outcome.provider_id,
        "content_digest": "",
    }


def _reopen(connection: sa.Connection, merchant_id: str, campaign_id: str, now: datetime) -> None:
    mine = (campaigns.c.merchant_id == merchant_id, campaigns.c.campaign_id == campaign_id)
    row = connection.execute(sa.select(campaigns).where(*mine).with_for_update()).one()
    status = transition(CampaignStatus(row.status), CampaignEvent.REOPEN)
    body = json.dumps(json.loads(row.body) | {"status": status.value, "finished_at": None})
    connection.execute(
        sa.update(campaigns).where(*mine).values(status=status.value, body=body, revision=row.revision + 1)
    )
    why = "A message that was in doubt turned out not to have been accepted."
    add_note(connection, merchant_id, campaign_id, TimelineEntry(at=now, what="reopened", why=why))


# release and reap -----------------------------------------------------------------------------------------------------


def _landing_rows(connection: sa.Connection, merchant_id: str | None, *where: Any) -> list[sa.Row[Any]]:
    """Return rows with all that ``landing`` looks at."""
    row, campaign, suppression = recipients.c, campaigns.c, suppressions.c
    joined = recipients.join(
        campaigns, sa.and_(campaign.merchant_id == row.merchant_id, campaign.campaign_id == row.campaign_id)
    ).outerjoin(
        suppressions,
        sa.and_(suppression.merchant_id == row.merchant_id, suppression.address_key == row.address_key),
    )
    select = (
        sa.select(
            row.merchant_id,
            row.recipient_id,
            row.status,
            row.epoch,
            row.not_before,
            campaign.status.label("campaign_status"),
            campaign.deadline,
            suppression.address_key.label("suppressed_key"),
        )
        .select_from(joined)
        .where(*where)
        .order_by(row.merchant_id, row.recipient_id)
        .with_for_update(of=recipients)
    )
    if merchant_id is not None:
        select = select.where(row.merchant_id == merchant_id)
    return list(connection.execute(select))


def _land(
    connection: sa.Connection, rows: Sequence[sa.Row[Any]], *, not_before: datetime | None, reason: str, now: datetime
) -> None:
    landed: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        land = landing(
            reason=reason,
            not_before=not_before or row.not_before,
            campaign_status=CampaignStatus(row.campaign_status),
            is_suppressed=row.suppressed_key is not None,
            deadline=row.deadline,
        )
        landed.setdefault((row.merchant_id, land.status.value, land.reason), []).append(row.recipient_id)
    later: Mapping[str, Any] = {} if not_before is None else {"not_before": not_before}
    for (merchant_id, status, why), ids in landed.items():
        _update(connection, merchant_id, ids, status=status, reason=why, changed_at=now, **later, **_NO_LEASE)


def _update(connection: sa.Connection, merchant_id: str, ids: Sequence[str], **values: Any) -> None:
    if ids:
        connection.execute(
            sa.update(recipients)
            .where(recipients.c.merchant_id == merchant_id, recipients.c.recipient_id.in_(ids))
            .values(**values)
        )


def _by_merchant(clearances: Iterable[Clearance]) -> Iterable[tuple[str, list[str]]]:
    ordered = sorted(clearances, key=attrgetter("merchant_id", "recipient_id"))
    for merchant_id, group in groupby(ordered, key=attrgetter("merchant_id")):
        yield merchant_id, [clearance.recipient_id for clearance in group]
