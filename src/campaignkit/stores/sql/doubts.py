"""Who is in doubt, and sending anew, in SQL, inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.doubts import Doubt, counted
from campaignkit.campaign.recipients import MAYBE_ACCEPTED, landing
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus, transition
from campaignkit.delivery.outcomes import Verdict
from campaignkit.delivery.settling import SENT_ANEW
from campaignkit.stores.sql.connection import ReadNow
from campaignkit.stores.sql.reopening import reopen
from campaignkit.stores.sql.schema import attempts, campaigns, has_status, recipients, suppressions
from campaignkit.stores.sql.timelines import add_note

__all__ = ["doubts", "resend"]

IDS_MAX = 1000  # named at a time; SQLite takes 32,766 variables in one statement

_IS_SUPPRESSED = sa.exists().where(
    suppressions.c.merchant_id == recipients.c.merchant_id, suppressions.c.address_key == recipients.c.address_key
)
_EARLIER = attempts.alias("earlier")
_IS_ACCEPTED_BEFORE = sa.exists().where(
    _EARLIER.c.merchant_id == recipients.c.merchant_id,
    _EARLIER.c.recipient_id == recipients.c.recipient_id,
    _EARLIER.c.verdict == Verdict.ACCEPTED.value,
)
_IN_DOUBT = (
    recipients.c.merchant_id == sa.bindparam("of_merchant"),
    recipients.c.campaign_id == sa.bindparam("of_campaign"),
    recipients.c.doubt_until.is_not(None),  # the small index of those
    has_status(RecipientStatus.IN_DOUBT),
)
_WITH_ATTEMPT = recipients.join(
    attempts,
    sa.and_(
        attempts.c.merchant_id == recipients.c.merchant_id,
        attempts.c.recipient_id == recipients.c.recipient_id,
        attempts.c.epoch == recipients.c.epoch,
    ),
)
_SAME = attempts.alias("same")  # tries of the very same message
_IS_SAME = (
    _SAME.c.merchant_id == recipients.c.merchant_id,
    _SAME.c.recipient_id == recipients.c.recipient_id,
    _SAME.c.generation == recipients.c.generation,
    _SAME.c.epoch < recipients.c.epoch,
    _SAME.c.began_at.is_not(None),
    _SAME.c.verdict.in_(MAYBE_ACCEPTED),
)
_DOUBTS = (
    sa.select(
        recipients.c.recipient_id,
        recipients.c.contact_id,
        recipients.c.generation,
        attempts.c.began_at,
        sa.func.coalesce(
            sa.select(sa.func.min(_SAME.c.began_at)).where(*_IS_SAME).scalar_subquery(), attempts.c.began_at
        ).label("first_began_at"),
        sa.select(sa.func.count()).select_from(_SAME).where(*_IS_SAME).scalar_subquery().label("repeat_count"),
        attempts.c.content_digest,
        recipients.c.doubt_until,
        recipients.c.reason,
        _IS_SUPPRESSED.label("is_suppressed"),
        _IS_ACCEPTED_BEFORE.label("is_accepted_before"),
    )
    .select_from(_WITH_ATTEMPT)
    .where(*_IN_DOUBT)
    .order_by(recipients.c.recipient_id)
)
_RESENDABLE = (
    sa.select(recipients.c.recipient_id, recipients.c.epoch, recipients.c.doubt_until)
    .select_from(_WITH_ATTEMPT)
    .where(*_IN_DOUBT, attempts.c.began_at <= sa.bindparam("before"), ~_IS_SUPPRESSED, ~_IS_ACCEPTED_BEFORE)
    .order_by(recipients.c.recipient_id)
    .with_for_update(of=recipients)
)
_LEAVE_OPEN = (
    sa.update(attempts)
    .where(
        attempts.c.merchant_id == sa.bindparam("of_merchant"),
        attempts.c.recipient_id == sa.bindparam("of_recipient"),
        attempts.c.epoch == sa.bindparam("of_epoch"),
    )
    .values(doubt_until=sa.bindparam("new_doubt_until"))
)

_REPEATED: Mapping[str, Any] = {"reason": "repeated", "is_repeated": True}
_RESENT = {"reason": "resent", "is_repeated": False, "generation": recipients.c.generation + 1}


def doubts(
    connection: sa.Connection, merchant_id: str, campaign_id: str, *, after: str | None, limit: int
) -> list[Doubt]:
    """Return who is in doubt, in order of their ids."""
    query = _DOUBTS.limit(limit)
    if after is not None:
        query = query.where(recipients.c.recipient_id > after)
    rows = connection.execute(query, {"of_merchant": merchant_id, "of_campaign": campaign_id})
    return [
        Doubt(**row._asdict() | {name: bool(getattr(row, name)) for name in ("is_suppressed", "is_accepted_before")})
        for row in rows
    ]


def resend(
    connection: sa.Connection,
    merchant_id: str,
    campaign_id: str,
    *,
    quarantine: timedelta,
    recipient_ids: Sequence[str] | None,
    generation_max: int | None,
    repeated_content: str | None,
    limit: int,
    note: TimelineEntry | None,
    read_now: ReadNow,
) -> int:
    """Move who is in doubt back to pending, under the campaign's lock: nobody finishes it meanwhile."""
    campaign = connection.execute(
        sa.select(campaigns.c.status, campaigns.c.deadline)
        .where(campaigns.c.merchant_id == merchant_id, campaigns.c.campaign_id == campaign_id)
        .with_for_update()
    ).first()
    now = read_now(connection)
    if campaign is None or not _is_open(campaign, now):
        return 0
    query = _RESENDABLE if generation_max is None else _RESENDABLE.where(recipients.c.generation <= generation_max)
    is_repeat = repeated_content is not None
    if is_repeat:
        query = query.where(attempts.c.content_digest == repeated_content)
    names = {"of_merchant": merchant_id, "of_campaign": campaign_id, "before": now - quarantine}
    moved = 0
    for part in _parts(recipient_ids):
        named = query if part is None else query.where(recipients.c.recipient_id.in_(part))
        rows = connection.execute(named.limit(limit - moved), names).all()
        _move(connection, merchant_id, rows, now, is_repeat=is_repeat)
        moved += len(rows)
    if moved and campaign.status == CampaignStatus.FINISHED:
        reopen(connection, merchant_id, campaign_id, why=SENT_ANEW, now=now)
    if moved and note is not None:
        add_note(connection, merchant_id, campaign_id, counted(note, moved))
    return moved


def _is_open(campaign: Any, now: datetime) -> bool:
    land = landing(
        reason="resent",
        not_before=now,
        campaign_status=CampaignStatus(campaign.status),
        is_suppressed=False,
        deadline=campaign.deadline,
    )
    return land.status is RecipientStatus.PENDING


def _parts(ids: Sequence[str] | None) -> list[list[str] | None]:
    if ids is None:
        return [None]
    wanted = sorted(set(ids))
    return [wanted[start : start + IDS_MAX] for start in range(0, len(wanted), IDS_MAX)]


def _move(connection: sa.Connection, merchant_id: str, rows: Sequence[Any], now: datetime, *, is_repeat: bool) -> None:
    if not rows:
        return
    changes = _REPEATED if is_repeat else _RESENT | {"not_before": now}
    connection.execute(
        _LEAVE_OPEN,
        [
            {
                "of_merchant": merchant_id,
                "of_recipient": row.recipient_id,
                "of_epoch": row.epoch,
                "new_doubt_until": row.doubt_until,
            }
            for row in rows
        ],
    )
    connection.execute(
        sa.update(recipients)
        .where(
            recipients.c.merchant_id == merchant_id,
            recipients.c.recipient_id.in_([row.recipient_id for row in rows]),
        )
        .values(
            status=transition(RecipientStatus.IN_DOUBT, RecipientEvent.RESEND).value,
            detail="",
            doubt_until=None,
            changed_at=now,
            **changes,
        )
    )
