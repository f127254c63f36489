"""Which campaigns may have work, in SQL: a few index probes per live campaign, whatever its size."""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from campaignkit.campaign.documents import limit_scopes_of
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.ports import Due, DueList
from campaignkit.stores.sql.schema import campaigns, has_status, is_held, limit_counters, recipients
from campaignkit.timing.limits import LimitState, next_allowed

__all__ = ["due"]

READY_MAX = 1000  # counting further would cost more than it tells

_INSTANT = recipients.c.not_before.type


def due(connection: sa.Connection, now: datetime, *, limit: int, after: tuple[str, str] | None) -> DueList:
    """Return live campaigns that may have work, one of each merchant before the second of any."""
    merchant_id, campaign_id = after or ("", "")
    place = {"behind_merchant": merchant_id, "behind_campaign": campaign_id}
    rows = connection.execute(_LIVE, {"now": now, "most": limit, **place}).all()
    moments = connection.execute(_NEXT, {"now": now}).one()
    next_at = min((at for at in moments if at is not None), default=None)
    return DueList(tuple(_due(connection, row, now) for row in rows), next_at)


def _due(connection: sa.Connection, row: sa.Row[Any], now: datetime) -> Due:
    ready, limited_until = row.ready_count, None
    scopes = limit_scopes_of({"limit_scopes": json.loads(row.limit_scopes)})
    if scopes and ready:
        counted = connection.execute(_COUNTERS, {"keys": [scope.key for scope in scopes]})
        states = {counter.scope_key: LimitState(counter.last_at) for counter in counted}
        allowed_at = max(next_allowed(scope, states.get(scope.key, LimitState()), now) for scope in scopes)
        ready = 1 if allowed_at <= now else 0  # an interval grants one message at a time
        limited_until = allowed_at if allowed_at > now else None
    return Due(
        merchant_id=row.merchant_id,
        campaign_id=row.campaign_id,
        ready_count=ready,
        next_pending_at=row.next_pending_at,
        next_lease_at=row.next_lease_at,
        limited_until=limited_until,
    )


def _live_campaigns() -> sa.Select[Any]:
    column, now = campaigns.c, sa.bindparam("now", type_=_INSTANT)
    is_live = sa.or_(
        column.status == CampaignStatus.SENDING.value,
        sa.and_(column.status == CampaignStatus.SCHEDULED.value, column.next_at <= now),
    )
    turn = sa.func.row_number().over(
        partition_by=column.merchant_id, order_by=(column.priority.desc(), column.campaign_id)
    )
    live = (
        sa.select(column.merchant_id, column.campaign_id, column.limit_scopes, turn.label("turn"))
        .where(is_live)
        .cte("live")
    )
    lap = _lap(live)
    pending = (*_rows_of(live), has_status(RecipientStatus.PENDING))
    some_ready = (
        sa.select(sa.literal(1).label("one"))
        .where(*pending, recipients.c.not_before <= now)
        .limit(READY_MAX)
        .correlate(live)
        .subquery()
    )
    ready = sa.select(sa.func.count()).select_from(some_ready).correlate(live).scalar_subquery()
    later = sa.select(sa.func.min(recipients.c.not_before)).where(*pending, recipients.c.not_before > now)
    lease = sa.select(sa.func.min(recipients.c.lease_until)).where(*_rows_of(live), is_held)
    return (
        sa.select(
            live.c.merchant_id,
            live.c.campaign_id,
            live.c.limit_scopes,
            ready.label("ready_count"),
            later.scalar_subquery().label("next_pending_at"),
            lease.scalar_subquery().label("next_lease_at"),
        )
        .order_by(lap, live.c.turn, live.c.merchant_id)
        .limit(sa.bindparam("most"))
    )


def _lap(live: Any) -> sa.ColumnElement[int]:
    """Return 0 for what stands behind the campaign that was served last, 1 for what comes round again."""
    last = live.alias("last")
    last_turn = (
        sa.select(last.c.turn)
        .where(
            last.c.merchant_id == sa.bindparam("behind_merchant"), last.c.campaign_id == sa.bindparam("behind_campaign")
        )
        .scalar_subquery()
    )
    turn = sa.func.coalesce(last_turn, 1)  # it is gone: its merchant had its first turn
    is_behind = sa.or_(
        live.c.turn > turn, sa.and_(live.c.turn == turn, live.c.merchant_id > sa.bindparam("behind_merchant"))
    )
    return sa.case((is_behind, 0), else_=1)


def _rows_of(live: Any) -> tuple[sa.ColumnElement[bool], ...]:
    return recipients.c.merchant_id == live.c.merchant_id, recipients.c.campaign_id == live.c.campaign_id


_LIVE = _live_campaigns()
_NEXT = sa.select(
    sa.select(sa.func.min(campaigns.c.next_at))
    .where(
        campaigns.c.status == CampaignStatus.SCHEDULED.value,
        campaigns.c.next_at > sa.bindparam("now", type_=_INSTANT),
    )
    .scalar_subquery(),
    sa.select(sa.func.min(recipients.c.lease_until)).where(recipients.c.lease_until.is_not(None)).scalar_subquery(),
)
_COUNTERS = sa.select(limit_counters).where(limit_counters.c.scope_key.in_(sa.bindparam("keys", expanding=True)))
