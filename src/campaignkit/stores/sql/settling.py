"""Settling in SQL: one row of facts per message in, the shared rule, recipients and attempts out."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import attrs
import sqlalchemy as sa

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.status import CampaignEvent, CampaignStatus, RecipientStatus, transition
from campaignkit.delivery.settling import Settled, SettleFacts, Settlement, SettleResult, settle_one
from campaignkit.stores.sql.claims import NO_LEASE, ReadNow
from campaignkit.stores.sql.documents import add_note
from campaignkit.stores.sql.rows import RowStatement
from campaignkit.stores.sql.schema import attempts, campaigns, recipients, suppressions, to_micros

__all__ = ["settle"]

_FACTS = (
    sa.select(
        recipients.c.recipient_id,
        recipients.c.campaign_id,
        recipients.c.status,
        recipients.c.epoch,
        recipients.c.generation,
        recipients.c.attempt_count,
        recipients.c.channel,
        campaigns.c.status.label("campaign_status"),
        campaigns.c.deadline,
        attempts.c.verdict,  # null: no attempt at this epoch
        suppressions.c.address_key.label("suppressed_key"),
    )
    .select_from(
        recipients.join(
            campaigns,
            sa.and_(
                campaigns.c.merchant_id == recipients.c.merchant_id,
                campaigns.c.campaign_id == recipients.c.campaign_id,
            ),
        )
        .outerjoin(
            attempts,
            sa.and_(
                attempts.c.merchant_id == recipients.c.merchant_id,
                attempts.c.recipient_id == recipients.c.recipient_id,
                attempts.c.epoch == recipients.c.epoch,
            ),
        )
        .outerjoin(
            suppressions,
            sa.and_(
                suppressions.c.merchant_id == recipients.c.merchant_id,
                suppressions.c.address_key == recipients.c.address_key,
            ),
        )
    )
    .where(
        recipients.c.merchant_id == sa.bindparam("merchant"),
        recipients.c.recipient_id.in_(sa.bindparam("ids", expanding=True)),
    )
    .order_by(recipients.c.recipient_id)
    .with_for_update(of=recipients)
)


def settle(
    connection: sa.Connection, settlements: Sequence[Settlement], *, read_now: ReadNow
) -> Sequence[SettleResult]:
    """Write what became of messages, each at its own epoch only."""
    results: dict[int, SettleResult] = {}
    indexed = sorted(enumerate(settlements), key=lambda pair: pair[1].merchant_id)
    for merchant_id, group in groupby(indexed, key=lambda pair: pair[1].merchant_id):
        pairs = list(group)
        rows = _settle_facts(connection, merchant_id, [settlement.recipient_id for _, settlement in pairs])
        now = read_now(connection)
        decided, changes = _decide([settlement for _, settlement in pairs], rows, now)
        _write_settled(connection, merchant_id, changes, now)
        results.update(zip((index for index, _ in pairs), decided, strict=True))
    return [results[index] for index in range(len(settlements))]


def _decide(
    settlements: Sequence[Settlement], rows: Mapping[str, Any], now: datetime
) -> tuple[list[SettleResult], list[tuple[Settlement, Settled, Any]]]:
    """Return a result for each settlement, in order; a recipient named twice is judged as it stands by then."""
    facts = {recipient_id: _facts_of(row) for recipient_id, row in rows.items()}
    is_any_twice = len({settlement.recipient_id for settlement in settlements}) < len(settlements)
    results: list[SettleResult] = []
    changes: list[tuple[Settlement, Settled, Any]] = []
    for settlement in settlements:
        known = facts.get(settlement.recipient_id)
        if known is None:
            results.append(SettleResult.STALE)
            continue
        settled = settle_one(known, settlement, now)
        if isinstance(settled, SettleResult):
            results.append(settled)
            continue
        results.append(SettleResult.APPLIED)
        changes.append((settlement, settled, rows[settlement.recipient_id]))
        if is_any_twice:
            facts[settlement.recipient_id] = _facts_after(known, settlement, settled)
    return results, changes


def _facts_after(known: SettleFacts, settlement: Settlement, settled: Settled) -> SettleFacts:
    return attrs.evolve(
        known,
        status=settled.status,
        attempt_count=settled.attempt_count,
        settled_verdict=settlement.outcome.verdict.value,
    )


def _settle_facts(connection: sa.Connection, merchant_id: str, ids: Sequence[str]) -> dict[str, Any]:
    rows = connection.execute(_FACTS, {"merchant": merchant_id, "ids": sorted(set(ids))})
    return {row.recipient_id: row for row in rows}


def _facts_of(row: Any) -> SettleFacts:
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


_SETTLE_RECIPIENT = RowStatement(
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
        **NO_LEASE,
    )
)
_SETTLE_ATTEMPT = RowStatement(
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
    at = to_micros(now)
    _SETTLE_RECIPIENT.run(connection, [_settled_values(merchant_id, row, settled, at) for _, settled, row in changes])
    begun = [settlement for settlement, _, row in changes if row.verdict is not None]
    _SETTLE_ATTEMPT.run(connection, [_verdict_values(merchant_id, settlement, at) for settlement in begun])
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


def _settled_values(merchant_id: str, row: Any, settled: Settled, at: int) -> dict[str, Any]:
    return {
        "of_merchant": merchant_id,
        "of_recipient": row.recipient_id,
        "new_status": settled.status.value,
        "new_reason": settled.reason,
        "new_detail": settled.detail,
        "new_attempt_count": settled.attempt_count,
        "new_not_before": None if settled.not_before is None else to_micros(settled.not_before),
        "new_doubt_until": None if settled.doubt_until is None else to_micros(settled.doubt_until),
        "new_changed_at": at,
    }


def _verdict_values(merchant_id: str, settlement: Settlement, at: int) -> dict[str, Any]:
    return {
        "of_merchant": merchant_id,
        "of_recipient": settlement.recipient_id,
        "of_epoch": settlement.epoch,
        "new_settled_at": at,
        "new_verdict": settlement.outcome.verdict.value,
        "new_scope": settlement.outcome.scope.value,
        "new_code": settlement.outcome.code,
        "new_reply": settlement.outcome.reply,
        "new_provider_id": settlement.outcome.provider_id,
    }


def _unbegun_row(merchant_id: str, settlement: Settlement, row: Any, now: datetime) -> dict[str, Any]:
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
