"""Claiming, releasing and reaping in SQL. Each function works inside the caller's transaction.

SQLite's transactions are IMMEDIATE, so one writer is alone. PostgreSQL takes row locks in the order campaign,
recipients, limits; a claim skips rows that others hold. Statements are built once: building them costs more than
running them.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from campaignkit.campaign.recipients import DOUBT_HORIZON, landing
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.ports import Claim, Reaped
from campaignkit.stores.sql.audience import recipient_of
from campaignkit.stores.sql.schema import campaigns, has_status, is_held, recipients, suppressions

__all__ = ["NO_LEASE", "ReadNow", "claim", "has_outlived", "reap", "release", "update_recipients"]

ReadNow = Callable[[sa.Connection], datetime]  # the deciding instant, read after the locks were taken
NO_LEASE: dict[str, Any] = {"lease_until": None, "worker_id": "", "claim_token": ""}

_CAMPAIGN_STATUS = (
    sa.select(campaigns.c.status)
    .where(campaigns.c.merchant_id == sa.bindparam("merchant"), campaigns.c.campaign_id == sa.bindparam("campaign"))
    .with_for_update(read=True)
)
_OF_CAMPAIGN = (
    recipients.c.merchant_id == sa.bindparam("merchant"),
    recipients.c.campaign_id == sa.bindparam("campaign"),
)
_HELD_BY_TOKEN = sa.select(recipients).where(
    *_OF_CAMPAIGN,
    is_held,
    recipients.c.claim_token == sa.bindparam("token"),
    has_status(RecipientStatus.CLAIMED),
)
_READY = (
    sa.select(recipients)
    .where(
        *_OF_CAMPAIGN,
        has_status(RecipientStatus.PENDING),
        recipients.c.not_before <= sa.bindparam("now", type_=recipients.c.not_before.type),
    )
    .order_by(recipients.c.not_before, recipients.c.recipient_id)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)
_NAMED = (
    recipients.c.merchant_id == sa.bindparam("of_merchant"),
    recipients.c.recipient_id.in_(sa.bindparam("of_recipients", expanding=True)),
)
_CLAIM = (
    sa.update(recipients)
    .where(*_NAMED)
    .values(
        status=RecipientStatus.CLAIMED.value,
        epoch=recipients.c.epoch + 1,
        lease_until=sa.bindparam("new_lease_until"),
        worker_id=sa.bindparam("new_worker_id"),
        claim_token=sa.bindparam("new_claim_token"),
        changed_at=sa.bindparam("new_changed_at"),
    )
)


def claim(
    connection: sa.Connection,
    merchant_id: str,
    campaign_id: str,
    *,
    worker_id: str,
    token: str,
    lease: timedelta,
    limit: int,
    read_now: ReadNow,
) -> Sequence[Claim]:
    """Claim pending recipients whose time has come, the longest waiting first."""
    if not token:
        raise ValueError("a claim needs a token: it is how a store knows who is held")
    mine = {"merchant": merchant_id, "campaign": campaign_id}
    if connection.execute(_CAMPAIGN_STATUS, mine).scalar_one_or_none() != CampaignStatus.SENDING:
        return []
    held = connection.execute(_HELD_BY_TOKEN, {**mine, "token": token}).all()
    if held:
        return [Claim(recipient=recipient_of(row)) for row in held]
    now = read_now(connection)
    rows = connection.execute(_READY, {**mine, "now": now, "most": limit}).all()
    if not rows:
        return []
    changes = {"lease_until": now + lease, "worker_id": worker_id, "claim_token": token, "changed_at": now}
    names = {"of_merchant": merchant_id, "of_recipients": [row.recipient_id for row in rows]}
    connection.execute(_CLAIM, names | {f"new_{name}": value for name, value in changes.items()})
    status = RecipientStatus.CLAIMED.value
    return [Claim(recipient=recipient_of(row, status=status, epoch=row.epoch + 1, **changes)) for row in rows]


def release(
    connection: sa.Connection, claims: Sequence[Claim], *, not_before: datetime | None, reason: str, now: datetime
) -> int:
    """Give claimed recipients back where they are still held at that epoch."""
    released = 0
    held = sorted(claims, key=lambda claim: claim.recipient.merchant_id)
    for merchant_id, group in groupby(held, key=lambda claim: claim.recipient.merchant_id):
        given = {(claim.recipient.recipient_id, claim.epoch) for claim in group}
        named = {"of_merchant": merchant_id, "of_recipients": sorted({recipient_id for recipient_id, _ in given})}
        rows = [
            row
            for row in connection.execute(_LANDING_NAMED, named)
            if row.status == RecipientStatus.CLAIMED and (row.recipient_id, row.epoch) in given
        ]
        _land(connection, rows, not_before=not_before, reason=reason, now=now)
        released += len(rows)
    return released


_OUTLIVED = sa.select(
    sa.or_(
        sa.exists().where(
            recipients.c.lease_until.is_not(None),
            recipients.c.lease_until <= sa.bindparam("now", type_=recipients.c.lease_until.type),
        ),
        sa.exists().where(
            recipients.c.doubt_until.is_not(None),
            recipients.c.doubt_until <= sa.bindparam("now", type_=recipients.c.doubt_until.type),
        ),
    )
)


def has_outlived(connection: sa.Connection, now: datetime) -> bool:
    """Return whether ``reap`` would find anything; asking takes no write lock."""
    return bool(connection.execute(_OUTLIVED, {"now": now}).scalar_one())


def reap(connection: sa.Connection, now: datetime) -> Reaped:
    """Take back what outlived its lease: claims to pending, begun ones into doubt, old doubts to unknown."""
    outlived = (recipients.c.lease_until.is_not(None), recipients.c.lease_until <= now)
    claimed = list(connection.execute(_LANDING.where(*outlived, recipients.c.status == RecipientStatus.CLAIMED.value)))
    _land(connection, claimed, not_before=None, reason="lease_expired", now=now)
    in_doubt = 0
    for channel, horizon in DOUBT_HORIZON.items():
        doubtful = sa.update(recipients).where(
            *outlived,
            recipients.c.status == RecipientStatus.SENDING.value,
            recipients.c.channel == channel.value,
        )
        doubt = {"status": RecipientStatus.IN_DOUBT.value, "reason": "lease_expired", "doubt_until": now + horizon}
        in_doubt += connection.execute(doubtful.values(**doubt, changed_at=now, **NO_LEASE)).rowcount
    over = sa.update(recipients).where(
        recipients.c.doubt_until.is_not(None),
        recipients.c.doubt_until <= now,
        recipients.c.status == RecipientStatus.IN_DOUBT.value,
    )
    given_up = {"status": RecipientStatus.UNKNOWN.value, "reason": "never_confirmed", "doubt_until": None}
    unknown = connection.execute(over.values(**given_up, changed_at=now)).rowcount
    return Reaped(released=len(claimed), in_doubt=in_doubt, unknown=unknown)


def update_recipients(connection: sa.Connection, merchant_id: str, ids: Sequence[str], **values: Any) -> None:
    """Set columns of recipients by their ids."""
    if ids:
        update = sa.update(recipients).where(*_NAMED).values(**values)
        connection.execute(update, {"of_merchant": merchant_id, "of_recipients": list(ids)})


# Rows with all that ``landing`` looks at.
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
    connection: sa.Connection, rows: Sequence[Any], *, not_before: datetime | None, reason: str, now: datetime
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
        update_recipients(connection, merchant_id, ids, status=status, reason=why, changed_at=now, **later, **NO_LEASE)
