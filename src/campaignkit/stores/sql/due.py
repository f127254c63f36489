"""Which campaigns may have work, in SQL: a few index probes per live campaign, whatever its size."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from campaignkit.campaign.documents import limit_scopes_of
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.ports import Due, DueList
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.schema import (
    campaigns,
    has_status,
    instant_or_none,
    is_held,
    limit_counters,
    recipients,
    to_micros,
)
from campaignkit.stores.sql.statements import Statement, is_among
from campaignkit.timing.limits import LimitScope, LimitState, next_allowed

__all__ = ["due"]

READY_MAX = 1000  # counting further would cost more than it tells

_INSTANT = recipients.c.not_before.type


def due(driver: Driver, now: datetime, *, limit: int, after: tuple[str, str] | None) -> DueList:
    """Return live campaigns that may have work, one of each merchant before the second of any."""
    at = to_micros(now)
    rows = driver.rows(_LIVE, (at, *(after or ("", "")), limit))
    ((starts_at, lease_at),) = driver.rows(_NEXT, (at,))
    next_at = min((micros for micros in (starts_at, lease_at) if micros is not None), default=None)
    return DueList(tuple(_due(driver, row, now) for row in rows), instant_or_none(next_at))


def _due(driver: Driver, row: Sequence[Any], now: datetime) -> Due:
    merchant_id, campaign_id, limit_scopes, ready, next_pending_at, next_lease_at = row
    limited_until = None
    if ready and limit_scopes != "[]":
        allowed_at = _allowed_at(driver, limit_scopes_of({"limit_scopes": json.loads(limit_scopes)}), now)
        ready = 1 if allowed_at <= now else 0  # an interval grants one message at a time
        limited_until = allowed_at if allowed_at > now else None
    return Due(
        merchant_id=merchant_id,
        campaign_id=campaign_id,
        ready_count=ready,
        next_pending_at=instant_or_none(next_pending_at),
        next_lease_at=instant_or_none(next_lease_at),
        limited_until=limited_until,
    )


def _allowed_at(driver: Driver, scopes: Sequence[LimitScope], now: datetime) -> datetime:
    counted = driver.rows(_COUNTERS, ([scope.key for scope in scopes],))
    states = {key: LimitState(instant_or_none(last_at)) for key, last_at in counted}
    return max(next_allowed(scope, states.get(scope.key, LimitState()), now) for scope in scopes)


def _live_campaigns() -> sa.Select[Any]:
    column, now = campaigns.c, sa.bindparam("now", type_=_INSTANT)
    is_live = sa.or_(
        _is_campaign(CampaignStatus.SENDING),
        sa.and_(_is_campaign(CampaignStatus.SCHEDULED), column.next_at <= now),
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
        .limit(sa.literal_column(str(READY_MAX), sa.Integer))
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


def _is_campaign(status: CampaignStatus) -> sa.ColumnElement[bool]:
    return campaigns.c.status == sa.literal_column(f"'{status.value}'")


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
    turn = sa.func.coalesce(
        last_turn, sa.literal_column("1", sa.Integer)
    )  # it is gone: its merchant had its first turn
    is_behind = sa.or_(
        live.c.turn > turn, sa.and_(live.c.turn == turn, live.c.merchant_id > sa.bindparam("behind_merchant"))
    )
    return sa.case((is_behind, sa.literal_column("0", sa.Integer)), else_=sa.literal_column("1", sa.Integer))


def _rows_of(live: Any) -> tuple[sa.ColumnElement[bool], ...]:
    return recipients.c.merchant_id == live.c.merchant_id, recipients.c.campaign_id == live.c.campaign_id


_LIVE = Statement(("now", "behind_merchant", "behind_campaign", "most"), lambda _: _live_campaigns())
_NEXT = Statement(
    ("now",),
    lambda _: sa.select(
        sa.select(sa.func.min(campaigns.c.next_at))
        .where(
            _is_campaign(CampaignStatus.SCHEDULED),
            campaigns.c.next_at > sa.bindparam("now", type_=_INSTANT),
        )
        .scalar_subquery(),
        sa.select(sa.func.min(recipients.c.lease_until)).where(recipients.c.lease_until.is_not(None)).scalar_subquery(),
    ),
)
_COUNTERS = Statement(
    ("keys",),
    lambda is_sqlite: sa.select(limit_counters.c.scope_key, limit_counters.c.last_at).where(
        is_among(limit_counters.c.scope_key, "keys", is_sqlite=is_sqlite)
    ),
)
