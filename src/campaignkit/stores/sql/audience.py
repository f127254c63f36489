"""The rows of campaigns and the suppression list in SQL. Each function works inside the caller's transaction."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import attrs
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.recipients import (
    MOVABLE,
    Attempt,
    CampaignRecipient,
    Intake,
    IntakeResult,
    RecipientCount,
    admit,
)
from campaignkit.campaign.status import CampaignStatus, Delivery, RecipientEvent, RecipientStatus, transition
from campaignkit.credits.lots import load_shares
from campaignkit.delivery.feedback import LIFTABLE
from campaignkit.errors import CampaignNotFound, NotEditable
from campaignkit.ports import RecipientQuery, Trail
from campaignkit.stores.sql.schema import IS_RECIPIENT, attempts, campaigns, has_status, recipients, suppressions
from campaignkit.stores.sql.timelines import notes_of

__all__ = [
    "CHANNELS",
    "DELIVERIES",
    "INTAKES",
    "STATUSES",
    "add_recipients",
    "count_recipients",
    "insert_missing",
    "lift",
    "list_recipients",
    "move_recipients",
    "recipient_of",
    "require_open_campaign",
    "suppress",
    "suppressed",
    "trail",
]

_COLUMN_NAMES = tuple(column.name for column in recipients.columns)
_FIELD_NAMES = tuple(field.name for field in attrs.fields(CampaignRecipient))
# By what is stored: calling an Enum takes three times as long, and there are three of them in a row.
INTAKES = {member.value: member for member in Intake}
CHANNELS = {member.value: member for member in Channel}
STATUSES = {member.value: member for member in RecipientStatus}
DELIVERIES = {member.value: member for member in Delivery}
# SQLite allows 32,766 variables in one statement, PostgreSQL 65,535.
KEYS_MAX = 10_000


def insert_missing(
    connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]
) -> "sa.CursorResult[Any]":
    """Insert those rows whose key is not there yet."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def recipient_of(row: sa.Row[Any]) -> CampaignRecipient:
    """Return the recipient in a full row of the table."""
    values = dict(zip(_COLUMN_NAMES, row, strict=True))
    del values["is_pending"]
    values["intake"] = INTAKES[values["intake"]]
    values["status"] = STATUSES[values["status"]]
    values["channel"] = CHANNELS[values["channel"]]
    values["delivery"] = DELIVERIES[values["delivery"]]
    values["zones"] = tuple(values["zones"].split(",")) if values["zones"] else ()
    values["fields"] = json.loads(values["fields"])
    return CampaignRecipient(**values)


def add_recipients(
    connection: sa.Connection, merchant_id: str, campaign_id: str, rows: Sequence[CampaignRecipient]
) -> Sequence[IntakeResult]:
    """Insert what ``admit`` lets in. The campaign's row is locked, so that it cannot finish meanwhile."""
    require_open_campaign(connection, merchant_id, campaign_id)
    inserts, results = admit(
        rows,
        recipients_by_address=_recipients_by_address(connection, merchant_id, campaign_id, rows),
        known_contacts=_known_contacts(connection, merchant_id, campaign_id, rows),
        suppressed=suppressed(connection, merchant_id, [row.address_key for row in rows]),
    )
    if inserts:
        connection.execute(sa.insert(recipients), [_row_of(recipient) for recipient in inserts])
    return results


def move_recipients(
    connection: sa.Connection,
    merchant_id: str,
    campaign_id: str,
    event: RecipientEvent,
    *,
    reason: str,
    recipient_ids: Sequence[str] | None,
    now: datetime,
) -> int:
    """Move pending recipients by *event*."""
    moved = 0
    for status in MOVABLE[event]:
        update = sa.update(recipients).where(
            recipients.c.merchant_id == merchant_id,
            recipients.c.campaign_id == campaign_id,
            has_status(status),
        )
        if recipient_ids is not None:
            update = update.where(recipients.c.recipient_id.in_(list(recipient_ids)))
        if event is RecipientEvent.EXPIRE:
            overdue = sa.exists().where(
                campaigns.c.merchant_id == merchant_id,
                campaigns.c.campaign_id == campaign_id,
                campaigns.c.deadline <= now,
            )
            update = update.where(overdue)
        target = transition(status, event).value
        moved += connection.execute(update.values(status=target, reason=reason, detail="", changed_at=now)).rowcount
    return moved


def list_recipients(
    connection: sa.Connection, merchant_id: str, campaign_id: str, query: RecipientQuery
) -> Sequence[CampaignRecipient]:
    """Return the rows that *query* names, in order of their ids."""
    select = sa.select(recipients).where(
        recipients.c.merchant_id == merchant_id, recipients.c.campaign_id == campaign_id
    )
    for column in ("intake", "status", "recipient_id", "contact_id", "address_key", "row_number"):
        wanted = getattr(query, column)
        if wanted is not None:
            select = select.where(recipients.c[column] == (wanted if isinstance(wanted, int) else str(wanted)))
    if query.after is not None:
        select = select.where(recipients.c.recipient_id > query.after)
    rows = connection.execute(select.order_by(recipients.c.recipient_id).limit(query.limit))
    return [recipient_of(row) for row in rows]


def count_recipients(connection: sa.Connection, merchant_id: str, campaign_id: str) -> Sequence[RecipientCount]:
    """Return how many rows share each intake, status, reason and delivery."""
    key = (recipients.c.intake, recipients.c.status, recipients.c.reason, recipients.c.delivery)
    rows = connection.execute(
        sa.select(*key, sa.func.count())
        .where(recipients.c.merchant_id == merchant_id, recipients.c.campaign_id == campaign_id)
        .group_by(*key)
        .order_by(*key)
    )
    return [
        RecipientCount(Intake(intake), RecipientStatus(status), reason, Delivery(delivery), count)
        for intake, status, reason, delivery, count in rows
    ]


def trail(connection: sa.Connection, merchant_id: str, recipient_id: str) -> Trail | None:
    """Return one row with its attempts and its campaign's timeline."""
    row = connection.execute(
        sa.select(recipients).where(recipients.c.merchant_id == merchant_id, recipients.c.recipient_id == recipient_id)
    ).first()
    if row is None:
        return None
    tries = connection.execute(
        sa.select(attempts)
        .where(attempts.c.merchant_id == merchant_id, attempts.c.recipient_id == recipient_id)
        .order_by(attempts.c.epoch)
    )
    return Trail(
        recipient_of(row),
        tuple(map(attempt_of, tries)),
        notes_of(connection, merchant_id, row.campaign_id),
    )


def attempt_of(row: Any) -> Attempt:
    """Return the attempt that a row of all columns describes."""
    return Attempt(**row._asdict() | {"credit_shares": load_shares(row.credit_shares)})


def suppress(connection: sa.Connection, merchant_id: str, keys: Sequence[str], *, reason: str, now: datetime) -> int:
    """Add to the suppression list and skip who is pending under those keys, in every campaign."""
    fresh = sorted(set(keys) - suppressed(connection, merchant_id, keys))
    rows = [{"merchant_id": merchant_id, "address_key": key, "reason": reason, "added_at": now} for key in fresh]
    if rows:
        insert_missing(connection, suppressions, rows)
    for part in _parts(sorted(set(keys))):
        if len(fresh) < len(set(keys)):  # ``feedback.standing_reason``
            connection.execute(sa.update(suppressions).where(*_liftable(merchant_id, part)).values(reason=reason))
        connection.execute(
            sa.update(recipients)
            .where(
                recipients.c.merchant_id == merchant_id,
                IS_RECIPIENT,
                recipients.c.address_key.in_(part),
                has_status(RecipientStatus.PENDING),
            )
            .values(status=RecipientStatus.SKIPPED.value, reason="suppressed", changed_at=now)
        )
    return len(fresh)


def lift(connection: sa.Connection, merchant_id: str, keys: Sequence[str]) -> int:
    """Take keys off the suppression list whose owners may ask for that."""
    parts = _parts(sorted(set(keys)))
    return sum(
        connection.execute(sa.delete(suppressions).where(*_liftable(merchant_id, part))).rowcount for part in parts
    )


def _liftable(merchant_id: str, keys: Sequence[str]) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        suppressions.c.merchant_id == merchant_id,
        suppressions.c.address_key.in_(keys),
        suppressions.c.reason.in_(sorted(LIFTABLE)),
    )


def suppressed(connection: sa.Connection, merchant_id: str, keys: Iterable[str]) -> frozenset[str]:
    """Return those of *keys* that are on the suppression list."""
    found: set[str] = set()
    for part in _parts(sorted(set(keys) - {""})):
        rows = connection.execute(
            sa.select(suppressions.c.address_key).where(
                suppressions.c.merchant_id == merchant_id, suppressions.c.address_key.in_(part)
            )
        )
        found.update(rows.scalars())
    return frozenset(found)


def _parts(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + KEYS_MAX] for start in range(0, len(keys), KEYS_MAX))


def _row_of(recipient: CampaignRecipient) -> dict[str, Any]:
    values = {name: getattr(recipient, name) for name in _FIELD_NAMES}
    values["intake"] = recipient.intake.value
    values["status"] = recipient.status.value
    values["channel"] = recipient.channel.value
    values["delivery"] = recipient.delivery.value
    values["zones"] = ",".join(recipient.zones)
    values["fields"] = json.dumps(dict(recipient.fields), ensure_ascii=False)
    return values


def require_open_campaign(connection: sa.Connection, merchant_id: str, campaign_id: str) -> None:
    """Lock the campaign's row, or raise ``CampaignNotFound`` or ``NotEditable``."""
    row = connection.execute(
        sa.select(campaigns.c.status, campaigns.c.body)
        .where(campaigns.c.merchant_id == merchant_id, campaigns.c.campaign_id == campaign_id)
        .with_for_update()  # one list at a time: two that share an address would meet in the unique index
    ).first()
    if row is None or row.body is None:
        raise CampaignNotFound(campaign_id)
    if row.status in {CampaignStatus.FINISHED, CampaignStatus.CANCELLED}:
        raise NotEditable(campaign_id, row.status, ("recipients",))


def _recipients_by_address(
    connection: sa.Connection, merchant_id: str, campaign_id: str, rows: Sequence[CampaignRecipient]
) -> dict[tuple[str, str], CampaignRecipient]:
    keys = sorted({row.address_key for row in rows if row.intake is Intake.RECIPIENT})
    found: dict[tuple[str, str], CampaignRecipient] = {}
    for part in _parts(keys):
        select = sa.select(recipients).where(
            recipients.c.merchant_id == merchant_id,
            recipients.c.campaign_id == campaign_id,
            IS_RECIPIENT,
            recipients.c.channel.in_(sorted({row.channel.value for row in rows})),
            recipients.c.address_key.in_(part),
        )
        for row in connection.execute(select):
            recipient = recipient_of(row)
            found[recipient.address_key, recipient.occasion] = recipient
    return found


def _known_contacts(
    connection: sa.Connection, merchant_id: str, campaign_id: str, rows: Sequence[CampaignRecipient]
) -> set[str]:
    known: set[str] = set()
    for part in _parts(sorted({row.contact_key for row in rows})):
        select = sa.select(recipients.c.contact_key, recipients.c.occasion).where(
            recipients.c.merchant_id == merchant_id,
            recipients.c.campaign_id == campaign_id,
            recipients.c.contact_key.in_(part),
        )
        known.update(f"{row.contact_key}/{row.occasion}" for row in connection.execute(select))
    return known
