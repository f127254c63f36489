"""Documents and the campaign timeline in SQL. Each function works inside the caller's transaction."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from campaignkit.campaign.campaign import CampaignKind, TimelineEntry
from campaignkit.campaign.documents import moment, resting_until
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.errors import RevisionConflict
from campaignkit.ports import Document, SaveGuard
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.ledger import is_out_of_credit
from campaignkit.stores.sql.schema import (
    attempts,
    campaigns,
    documents,
    feedback,
    has_status,
    is_held,
    provider_ids,
    recipients,
)
from campaignkit.stores.sql.statements import Statement
from campaignkit.stores.sql.timelines import add_note

__all__ = ["load", "save", "scan"]


_ONE_CAMPAIGN = Statement(
    ("merchant", "id"),
    lambda _: sa.select(campaigns.c.revision, campaigns.c.body).where(
        campaigns.c.merchant_id == sa.bindparam("merchant"), campaigns.c.campaign_id == sa.bindparam("id")
    ),
)
_ONE_DOCUMENT = Statement(
    ("merchant", "kind", "id"),
    lambda _: sa.select(documents.c.revision, documents.c.body).where(
        documents.c.merchant_id == sa.bindparam("merchant"),
        documents.c.kind == sa.bindparam("kind"),
        documents.c.document_id == sa.bindparam("id"),
    ),
)


def load(driver: Driver, merchant_id: str, kind: str, document_id: str) -> Document | None:
    """Return the document, or None where there is none, or it was deleted."""
    if kind == "campaign":
        rows = driver.rows(_ONE_CAMPAIGN, (merchant_id, document_id))
    else:
        rows = driver.rows(_ONE_DOCUMENT, (merchant_id, kind, document_id))
    if not rows or rows[0][1] is None:
        return None
    ((revision, body),) = rows
    return Document(
        merchant_id=merchant_id, kind=kind, document_id=document_id, body=json.loads(body), revision=revision
    )


def scan(
    connection: sa.Connection, merchant_id: str, kind: str, *, status: str | None, after: str | None, limit: int
) -> Sequence[Document]:
    """Return documents in order of their ids."""
    column = _id_column(kind)
    query = _select(kind, merchant_id).where(_body_column(kind).is_not(None)).order_by(column).limit(limit)
    if after is not None:
        query = query.where(column > after)
    if status is not None and kind == "campaign":
        query = query.where(campaigns.c.status == status)
    return [_document(merchant_id, kind, row) for row in connection.execute(query)]


def save(
    connection: sa.Connection,
    document: Document,
    *,
    expected_revision: int,
    note: TimelineEntry | None,
    guard: SaveGuard,
    now: datetime,
) -> bool:
    """Store the document at the next revision; return False if *guard* does not hold.

    Raises:
        RevisionConflict: the stored revision is not the expected one.
    """
    stored = _lock_revision(connection, document)
    if stored != expected_revision:
        raise RevisionConflict(document.kind, document.document_id)
    if not _guard_holds(connection, document, guard, now):
        return False
    values = _values(document, expected_revision + 1)
    if expected_revision == 0:
        _insert(connection, document, values)
    else:
        connection.execute(_update(document).values(values))
    if document.kind == "campaign":
        _cascade(connection, document, now)
        if note is not None:
            add_note(connection, document.merchant_id, document.document_id, note)
    return True


def _insert(connection: sa.Connection, document: Document, values: dict[str, Any]) -> None:
    """Store a document for the first time. What is not there yet could not be locked, so another may be faster."""
    table = _table(document.kind)
    if connection.dialect.name == "sqlite":  # one writer is alone
        connection.execute(sa.insert(table).values(values))
        return
    insert = postgresql.insert(table).values(values).on_conflict_do_nothing().returning(table.c.revision)
    if connection.execute(insert).first() is None:
        raise RevisionConflict(document.kind, document.document_id)


def _table(kind: str) -> sa.Table:
    return campaigns if kind == "campaign" else documents


def _id_column(kind: str) -> sa.Column[str]:
    return campaigns.c.campaign_id if kind == "campaign" else documents.c.document_id


def _body_column(kind: str) -> sa.Column[str]:
    column: sa.Column[str] = _table(kind).c.body
    return column


def _select(kind: str, merchant_id: str) -> sa.Select[Any]:
    table = _table(kind)
    query = sa.select(_id_column(kind).label("document_id"), table.c.revision, table.c.body)
    query = query.where(table.c.merchant_id == merchant_id)
    return query if kind == "campaign" else query.where(documents.c.kind == kind)


def _update(document: Document) -> sa.Update:
    table = _table(document.kind)
    update = sa.update(table).where(
        table.c.merchant_id == document.merchant_id, _id_column(document.kind) == document.document_id
    )
    return update if document.kind == "campaign" else update.where(documents.c.kind == document.kind)


def _document(merchant_id: str, kind: str, row: Any) -> Document:
    return Document(
        merchant_id=merchant_id,
        kind=kind,
        document_id=row.document_id,
        body=json.loads(row.body),
        revision=row.revision,
    )


def _lock_revision(connection: sa.Connection, document: Document) -> int:
    query = _select(document.kind, document.merchant_id).where(_id_column(document.kind) == document.document_id)
    row = connection.execute(query.with_for_update()).first()
    return 0 if row is None else int(row.revision)


def _values(document: Document, revision: int) -> dict[str, Any]:
    body = None if document.body is None else json.dumps(document.body)
    values: dict[str, Any] = {"merchant_id": document.merchant_id, "revision": revision, "body": body}
    if document.kind != "campaign":
        return values | {"kind": document.kind, "document_id": document.document_id}
    return values | {"campaign_id": document.document_id} | _hot_values(document.body)


def _hot_values(body: Mapping[str, Any] | None) -> dict[str, Any]:
    if body is None:  # a deleted campaign never wakes, and whoever still holds a claim learns that it is over
        return {"status": CampaignStatus.CANCELLED.value, "settings_version": 0, "next_at": None}
    return {
        "status": body["status"],
        "settings_version": body["settings_version"],
        "priority": body.get("priority", 0),
        "kind": body.get("kind", CampaignKind.MARKETING.value),
        "next_at": moment(body["next_at"]),
        "deadline": moment(body["deadline"]),
        "limit_scopes": json.dumps(body["limit_scopes"]),
        "resting_until": resting_until(body),
    }


def _is_anybody(document: Document, condition: sa.ColumnElement[bool]) -> sa.Exists:
    return sa.exists().where(
        recipients.c.merchant_id == document.merchant_id, recipients.c.campaign_id == document.document_id, condition
    )


def _guard_holds(connection: sa.Connection, document: Document, guard: SaveGuard, now: datetime) -> bool:
    blocking: sa.ColumnElement[bool] = _is_anybody(document, is_held)  # claimed or sending
    match guard:
        case SaveGuard.NONE:
            return True
        case SaveGuard.NOBODY_BUSY:
            pass
        case SaveGuard.OUT_OF_CREDIT:
            needed = 0 if document.body is None else document.body.get("credit_needed", 0)
            if not is_out_of_credit(connection, document.merchant_id, needed, now):
                return False
        case SaveGuard.NOBODY_LEFT:
            blocking = sa.or_(blocking, _is_anybody(document, has_status(RecipientStatus.PENDING)))
        case SaveGuard.NOBODY_BEGAN:
            began = sa.and_(attempts.c.merchant_id == recipients.c.merchant_id)
            began = sa.and_(began, attempts.c.recipient_id == recipients.c.recipient_id)
            blocking = sa.or_(blocking, _is_anybody(document, sa.exists().where(began).correlate(recipients)))
    return not connection.execute(sa.select(blocking)).scalar_one()


def _cascade(connection: sa.Connection, document: Document, now: datetime) -> None:
    mine = (recipients.c.merchant_id == document.merchant_id, recipients.c.campaign_id == document.document_id)
    if document.body is None:
        of_campaign = sa.select(recipients.c.recipient_id).where(*mine)
        connection.execute(
            sa.delete(attempts).where(
                attempts.c.merchant_id == document.merchant_id,
                attempts.c.recipient_id.in_(of_campaign),
                attempts.c.credit_shares == "",  # the others stand in the ledger
            )
        )
        for table in (feedback, provider_ids):
            connection.execute(
                sa.delete(table).where(
                    table.c.merchant_id == document.merchant_id, table.c.recipient_id.in_(of_campaign)
                )
            )
        connection.execute(sa.delete(recipients).where(*mine))
    elif document.body["status"] == CampaignStatus.CANCELLED:
        connection.execute(
            sa.update(recipients)
            .where(*mine, has_status(RecipientStatus.PENDING))
            .values(status=RecipientStatus.CANCELLED.value, reason="campaign_cancelled", changed_at=now)
        )
