"""Which campaigns may have work, in SQL: a few index probes per live campaign, whatever its size."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from campaignkit.campaign.documents import limit_scopes_of
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.delivery.sharing import Demand, Share, share
from campaignkit.ports import Due, DueList
from campaignkit.stores.sql.counting import counted
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.schema import (
    campaigns,
    has_status,
    instant_or_none,
    is_held,
    recipients,
    to_micros,
)
from campaignkit.stores.sql.statements import Statement, is_among
from campaignkit.timing.limits import LimitScope

__all__ = ["due"]

READY_MAX = 1000  # counting further would cost more than it tells
NO_SCOPES = "[]"
SCOPES_MAX = 1024  # remembered: the limits of campaigns, which name nobody but their merchant

_INSTANT = recipients.c.not_before.type


def due(driver: Driver, now: datetime, *, limit: int, after: tuple[str, str] | None) -> DueList:
    """Return live campaigns that may have work, one of each merchant before the second of any."""
    at = to_micros(now)
    rows = driver.rows(_LIVE, (at, *(after or ("", "")), limit))
    ((starts_at, lease_at),) = driver.rows(_NEXT, (at,))
    next_at = min((micros for micros in (starts_at, lease_at) if micros is not None), default=None)
    shares = _shares(driver, rows, now)
    return DueList(tuple(_due(row, shares.get((row[0], row[1]))) for row in rows), instant_or_none(next_at))


def _due(row: Sequence[Any], granted: Share | None) -> Due:
    merchant_id, campaign_id, _, _, ready, next_pending_at, next_lease_at = row
    return Due(
        merchant_id=merchant_id,
        campaign_id=campaign_id,
        ready_count=ready if granted is None else granted.count,
        next_pending_at=instant_or_none(next_pending_at),
        next_lease_at=instant_or_none(next_lease_at),
        limited_until=None if granted is None else granted.limited_until,
    )


def _shares(driver: Driver, rows: Sequence[Sequence[Any]], now: datetime) -> dict[tuple[str, str], Share]:
    """Return what limits leave to each campaign that has any, and somebody ready.

    All live ones of its merchant are asked for, whatever page they stand on: they may share a limit.
    """
    merchants = sorted({row[0] for row in rows if row[2] != NO_SCOPES and row[4]})
    if not merchants:
        return {}
    limited = driver.rows(_LIMITED, (to_micros(now), merchants))
    demands = [
        Demand(
            merchant_id=merchant_id,
            campaign_id=campaign_id,
            priority=priority,
            ready_count=ready,
            limit_scopes=_scopes(limit_scopes),
        )
        for merchant_id, campaign_id, _, limit_scopes, priority, ready in limited
    ]
    states = counted(driver, [scope.key for demand in demands for scope in demand.limit_scopes])
    shares = share(demands, states, now)
    # One that has yet to start is kept its part, but not from starting.
    return {(row[0], row[1]): one for row, one in zip(limited, shares, strict=True) if row[2] == CampaignStatus.SENDING}


@lru_cache(maxsize=SCOPES_MAX)
def _scopes(text: str) -> tuple[LimitScope, ...]:
    return limit_scopes_of({"limit_scopes": json.loads(text)})


def _is_live(now: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    column = campaigns.c
    return sa.or_(
        _is_campaign(CampaignStatus.SENDING),
        sa.and_(_is_campaign(CampaignStatus.SCHEDULED), column.next_at <= now),
    )


def _ready_count(pending: Sequence[sa.ColumnElement[bool]], now: Any, of: Any) -> sa.ScalarSelect[int]:
    some_ready = (
        sa.select(sa.literal(1).label("one"))
        .where(*pending, recipients.c.not_before <= now)
        .limit(sa.literal_column(str(READY_MAX), sa.Integer))
        .correlate(of)
        .subquery()
    )
    return sa.select(sa.func.count()).select_from(some_ready).correlate(of).scalar_subquery()


def _limited_campaigns(*, is_sqlite: bool) -> sa.Select[Any]:
    column, now = campaigns.c, sa.bindparam("now", type_=_INSTANT)
    pending = (*_rows_of(campaigns), has_status(RecipientStatus.PENDING))
    return sa.select(
        column.merchant_id,
        column.campaign_id,
        column.status,
        column.limit_scopes,
        column.priority,
        _ready_count(pending, now, campaigns).label("ready_count"),
    ).where(
        _is_live(now),
        sa.or_(column.resting_until.is_(None), column.resting_until <= now),
        column.limit_scopes != sa.literal_column(f"'{NO_SCOPES}'"),
        is_among(column.merchant_id, "merchants", is_sqlite=is_sqlite),
    )


def _live_campaigns() -> sa.Select[Any]:
    column, now = campaigns.c, sa.bindparam("now", type_=_INSTANT)
    turn = sa.func.row_number().over(
        partition_by=column.merchant_id, order_by=(column.priority.desc(), column.campaign_id)
    )
    live = (
        sa.select(column.merchant_id, column.campaign_id, column.limit_scopes, column.priority, turn.label("turn"))
        .where(_is_live(now))
        .cte("live")
    )
    lap = _lap(live)
    pending = (*_rows_of(live), has_status(RecipientStatus.PENDING))
    later = sa.select(sa.func.min(recipients.c.not_before)).where(*pending, recipients.c.not_before > now)
    lease = sa.select(sa.func.min(recipients.c.lease_until)).where(*_rows_of(live), is_held)
    return (
        sa.select(
            live.c.merchant_id,
            live.c.campaign_id,
            live.c.limit_scopes,
            live.c.priority,
            _ready_count(pending, now, live).label("ready_count"),
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
        sa.select(sa.func.min(recipients.c.lease_until)).where(is_held).scalar_subquery(),
    ),
)
_LIMITED = Statement(("now", "merchants"), lambda is_sqlite: _limited_campaigns(is_sqlite=is_sqlite))
