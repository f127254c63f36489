"""Giving claims back, and taking back what outlived its lease, in SQL, inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from campaignkit.campaign.recipients import DOUBT_HORIZON, landing
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.ports import Claim, Reaped
from campaignkit.stores.sql.crediting import end_all, given_up_holds, left_open_holds
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.schema import (
    NO_LEASE,
    attempts,
    campaigns,
    feedback,
    has_status,
    is_held,
    recipients,
    suppressions,
    to_micros,
)
from campaignkit.stores.sql.statements import Statement

__all__ = ["has_outlived", "landing_rows", "reap", "release", "update_recipients"]


def release(
    connection: sa.Connection,
    claims: Sequence[Claim],
    *,
    not_before: datetime | None,
    reason: str,
    detail: str,
    now: datetime,
) -> int:
    """Give claimed recipients back where they are still held at that epoch."""
    released = 0
    held = sorted(claims, key=lambda claim: claim.recipient.merchant_id)
    for merchant_id, group in groupby(held, key=lambda claim: claim.recipient.merchant_id):
        given = {(claim.recipient.recipient_id, claim.epoch) for claim in group}
        rows = [
            row
            for row in landing_rows(connection, merchant_id, [recipient_id for recipient_id, _ in given])
            if row.status == RecipientStatus.CLAIMED and (row.recipient_id, row.epoch) in given
        ]
        _land(connection, rows, not_before=not_before, reason=reason, detail=detail, now=now)
        released += len(rows)
    return released


_OUTLIVED = Statement(
    ("now",),
    lambda _: sa.select(
        *(
            sa.exists().where(is_listed, column <= sa.bindparam("now", type_=column.type))
            for column, is_listed in (
                (recipients.c.lease_until, is_held),
                (recipients.c.doubt_until, recipients.c.doubt_until.is_not(None)),
                (attempts.c.doubt_until, attempts.c.doubt_until.is_not(None)),
                (feedback.c.until, feedback.c.until.is_not(None)),
            )
        )
    ),
)


def has_outlived(driver: Driver, now: datetime) -> bool:
    """Return whether ``reap`` would find anything; asking takes no write lock."""
    return any(driver.rows(_OUTLIVED, (to_micros(now),))[0])


def reap(connection: sa.Connection, now: datetime) -> Reaped:
    """Take back what outlived its lease: claims to pending, begun ones into doubt, old doubts to unknown."""
    outlived = (is_held, recipients.c.lease_until <= now)
    claimed = list(connection.execute(_LANDING.where(*outlived, has_status(RecipientStatus.CLAIMED))))
    _land(connection, claimed, not_before=None, reason="lease_expired", detail="", now=now)
    in_doubt = 0
    for channel, horizon in DOUBT_HORIZON.items():
        doubtful = sa.update(recipients).where(
            *outlived,
            has_status(RecipientStatus.SENDING),
            recipients.c.channel == channel.value,
        )
        doubt = {"status": RecipientStatus.IN_DOUBT.value, "reason": "lease_expired", "doubt_until": now + horizon}
        in_doubt += connection.execute(doubtful.values(**doubt, changed_at=now, **NO_LEASE)).rowcount
    over = sa.update(recipients).where(
        recipients.c.doubt_until.is_not(None),
        recipients.c.doubt_until <= now,
        has_status(RecipientStatus.IN_DOUBT),
    )
    given_up = {"status": RecipientStatus.UNKNOWN.value, "reason": "never_confirmed", "doubt_until": None}
    holds = [*given_up_holds(connection, now), *left_open_holds(connection, now)]
    unknown = connection.execute(over.values(**given_up, changed_at=now)).rowcount
    end_all(Driver(connection), holds, read_now=lambda _: now)
    return Reaped(released=len(claimed), in_doubt=in_doubt, unknown=unknown)


def update_recipients(connection: sa.Connection, merchant_id: str, ids: Sequence[str], **values: Any) -> None:
    """Set columns of recipients by their ids."""
    if ids:
        update = sa.update(recipients).where(*_NAMED).values(**values)
        connection.execute(update, {"of_merchant": merchant_id, "of_recipients": list(ids)})


def landing_rows(connection: sa.Connection, merchant_id: str, ids: Sequence[str]) -> Sequence[Any]:
    """Return those recipients with all that ``landing`` looks at, locked, in order of their ids."""
    return connection.execute(_LANDING_NAMED, {"of_merchant": merchant_id, "of_recipients": sorted(set(ids))}).all()


_NAMED = (
    recipients.c.merchant_id == sa.bindparam("of_merchant"),
    recipients.c.recipient_id.in_(sa.bindparam("of_recipients", expanding=True)),
)
_LANDING = (
    sa.select(
        recipients.c.merchant_id,
        recipients.c.recipient_id,
        recipients.c.status,
        recipients.c.epoch,
        recipients.c.not_before,
        campaigns.c.status.label("campaign_status"),
        campaigns.c.deadline,
        suppressions.c.address_key.label("suppressed_key"),
    )
    .select_from(
        recipients.join(
            campaigns,
            sa.and_(
                campaigns.c.merchant_id == recipients.c.merchant_id,
                campaigns.c.campaign_id == recipients.c.campaign_id,
            ),
        ).outerjoin(
            suppressions,
            sa.and_(
                suppressions.c.merchant_id == recipients.c.merchant_id,
                suppressions.c.address_key == recipients.c.address_key,
            ),
        )
    )
    .order_by(recipients.c.merchant_id, recipients.c.recipient_id)
    .with_for_update(of=recipients)
)
_LANDING_NAMED = _LANDING.where(*_NAMED)


def _land(
    connection: sa.Connection,
    rows: Sequence[Any],
    *,
    not_before: datetime | None,
    reason: str,
    detail: str,
    now: datetime,
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
        said = detail if status == RecipientStatus.PENDING else ""
        values = {"status": status, "reason": why, "detail": said, "changed_at": now, **later, **NO_LEASE}
        update_recipients(connection, merchant_id, ids, **values)
