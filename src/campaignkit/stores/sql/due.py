"""Which campaigns may have work, in SQL: a few index probes per live campaign, whatever its size."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from campaignkit.campaign.documents import limit_scopes_of
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.ports import Due, DueList
from campaignkit.stores.sql.schema import campaigns, limit_counters, recipients
from campaignkit.timing.limits import LimitState, next_allowed

__all__ = ["due"]

READY_MAX = 1000  # counting further would cost more than it tells


def due(connection: sa.Connection, now: datetime, *, limit: int, after: tuple[str, str] | None) -> DueList:
    """Return live campaigns that may have work, one of each merchant before the second of any."""
    rows = list(connection.execute(_live_campaigns(now, limit=limit, after=after)))
    return DueList(tuple(_due(connection, row, now) for row in rows), _next_at(connection, now))


def _live_campaigns(now: datetime, *, limit: int, after: tuple[str, str] | None) -> sa.Select[Any]:
    column = campaigns.c
    is_live = sa.or_(
        column.status == CampaignStatus.SENDING.value,
        sa.and_(column.status == CampaignStatus.SCHEDULED.value, column.next_at <= now),
    )
    turn = sa.func.row_number().over(
        partition_by=column.merchant_id, order_by=(column.priority.desc(), column.campaign_id)
    )
    is_behind = sa.false() if after is None else column.merchant_id <= after[0]
    live = (
        sa.select(
            column.merchant_id,
            column.campaign_id,
            column.limit_scopes,
            turn.label("turn"),
            sa.case((is_behind, 1), else_=0).label("round"),
        )
        .where(is_live)
        .subquery()
    )
    ready = _count_ready(live, now)
    later = _earliest(recipients.c.not_before, live, RecipientStatus.PENDING).where(recipients.c.not_before > now)
    lease = _earliest(recipients.c.lease_until, live, RecipientStatus.CLAIMED, RecipientStatus.SENDING)
    return (
        sa.select(
            live.c.merchant_id,
            live.c.campaign_id,
            live.c.limit_scopes,
            ready.label("ready_count"),
            later.scalar_subquery().label("next_pending_at"),
            lease.scalar_subquery().label("next_lease_at"),
        )
        .order_by(live.c.turn, live.c.round, live.c.merchant_id, live.c.campaign_id)
        .limit(limit)
    )


def _count_ready(live: Any, now: datetime) -> sa.ScalarSelect[Any]:
    some = (
        sa.select(sa.literal(1).label("one"))
        .where(
            recipients.c.merchant_id == live.c.merchant_id,
            recipients.c.campaign_id == live.c.campaign_id,
            recipients.c.status == RecipientStatus.PENDING.value,
            recipients.c.not_before <= now,
        )
        .limit(READY_MAX)
        .correlate(live)
        .subquery()
    )
    return sa.select(sa.func.count()).select_from(some).correlate(live).scalar_subquery()


def _earliest(column: sa.Column[Any], live: Any, *statuses: RecipientStatus) -> sa.Select[Any]:
    return sa.select(sa.func.min(column)).where(
        recipients.c.merchant_id == live.c.merchant_id,
        recipients.c.campaign_id == live.c.campaign_id,
        recipients.c.status.in_([status.value for status in statuses]),
    )


def _due(connection: sa.Connection, row: sa.Row[Any], now: datetime) -> Due:
    scopes = limit_scopes_of({"limit_scopes": json.loads(row.limit_scopes)})
    ready = row.ready_count
    limited_until: datetime | None = None
    if scopes and ready:
        states = _limit_states(connection, [scope.key for scope in scopes])
        allowed_at = max(next_allowed(scope, states.get(scope.key, LimitState()), now) for scope in scopes)
        ready = min(ready, 1 if allowed_at <= now else 0)  # an interval grants one message at a time
        limited_until = allowed_at if allowed_at > now else None
    return Due(
        merchant_id=row.merchant_id,
        campaign_id=row.campaign_id,
        ready_count=ready,
        next_pending_at=row.next_pending_at,
        next_lease_at=row.next_lease_at,
        limited_until=limited_until,
    )


def _limit_states(connection: sa.Connection, keys: Sequence[str]) -> dict[str, LimitState]:
    rows = connection.execute(sa.select(limit_counters).where(limit_counters.c.scope_key.in_(list(keys))))
    return {row.scope_key: LimitState(row.last_at) for row in rows}


def _next_at(connection: sa.Connection, now: datetime) -> datetime | None:
    waiting = sa.select(sa.func.min(campaigns.c.next_at)).where(
        campaigns.c.status == CampaignStatus.SCHEDULED.value, campaigns.c.next_at > now
    )
    leased = sa.select(sa.func.min(recipients.c.lease_until)).where(recipients.c.lease_until.is_not(None))
    moments = (connection.execute(waiting).scalar_one(), connection.execute(leased).scalar_one())
    return min((at for at in moments if at is not None), default=None)
