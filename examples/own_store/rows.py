"""Values into rows and back: one function writes a table, so that its columns and its bodies never disagree."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
from psycopg.types.json import Json

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.documents import structure, unstructure
from campaignkit.campaign.recipients import Attempt, CampaignRecipient
from campaignkit.campaign.records import CampaignRecord
from campaignkit.delivery.moving import blank_attempt
from campaignkit.delivery.settling import Ground
from campaignkit.ports import Document
from campaignkit.timing.limits import LimitState, dump_state, load_state
from examples.own_store.database import Work

__all__ = [
    "add_note",
    "attempt_at",
    "attempt_of",
    "attempts_of",
    "campaign_of",
    "document_of",
    "ground_of",
    "insert_recipients",
    "limits_of",
    "put_attempts",
    "put_document",
    "put_limits",
    "put_recipients",
    "recipient_of",
    "recipients_where",
    "suppressed_of",
]

_COLUMNS = (
    "merchant_id",
    "recipient_id",
    "campaign_id",
    "intake",
    "status",
    "reason",
    "delivery",
    "contact_key",
    "contact_id",
    "row_number",
    "address_key",
    "occasion",
    "not_before",
    "lease_until",
    "doubt_until",
    "claim_token",
)
_INSERT = f"INSERT INTO own_recipients ({', '.join(_COLUMNS)}, body) VALUES ({'%s, ' * len(_COLUMNS)}%s)"
_UPSERT = f"""{_INSERT} ON CONFLICT (merchant_id, recipient_id) DO UPDATE
    SET ({", ".join(_COLUMNS[2:])}, body) = ({", ".join(f"excluded.{name}" for name in _COLUMNS[2:])}, excluded.body)
"""

# recipients and attempts


def recipients_where(work: Work, condition: str, *given: Any) -> list[CampaignRecipient]:
    """Return the recipients that a condition in SQL names; *condition* may end in an order and a limit."""
    found = work.rows(f"SELECT body FROM own_recipients WHERE {condition}", *given)
    return [structure(body, CampaignRecipient) for (body,) in found]


def recipient_of(work: Work, merchant_id: str, recipient_id: str) -> CampaignRecipient | None:
    """Return one row; None where this merchant has none."""
    found = recipients_where(work, "merchant_id = %s AND recipient_id = %s", merchant_id, recipient_id)
    return found[0] if found else None


def put_recipients(work: Work, rows: Iterable[CampaignRecipient]) -> None:
    """Write rows that are there already."""
    work.run_each(_UPSERT, [_values(row) for row in rows])


def insert_recipients(work: Work, rows: Iterable[CampaignRecipient]) -> None:
    """Write new rows; one whose id is taken is a UniqueViolation."""
    work.run_each(_INSERT, [_values(row) for row in rows])


def _values(row: CampaignRecipient) -> list[Any]:
    body = unstructure(row)
    columns = (getattr(row, name) if name.endswith(("_before", "_until")) else body[name] for name in _COLUMNS)
    return [*columns, Json(body)]


def attempt_at(work: Work, merchant_id: str, recipient_id: str, epoch: int) -> Attempt | None:
    """Return the attempt at that epoch, if there is one."""
    query = "SELECT body FROM own_attempts WHERE merchant_id = %s AND recipient_id = %s AND epoch = %s"
    body = work.first(query, merchant_id, recipient_id, epoch)
    return None if body is None else structure(body, Attempt)


def attempt_of(work: Work, row: CampaignRecipient) -> Attempt:
    """Return the attempt at the epoch of *row*: the stored one, or a blank."""
    return attempt_at(work, row.merchant_id, row.recipient_id, row.epoch) or blank_attempt(row)


def attempts_of(work: Work, merchant_id: str, recipient_id: str) -> tuple[Attempt, ...]:
    """Return the attempts at a recipient in order of their epochs."""
    query = "SELECT body FROM own_attempts WHERE merchant_id = %s AND recipient_id = %s ORDER BY epoch"
    return tuple(structure(body, Attempt) for (body,) in work.rows(query, merchant_id, recipient_id))


def put_attempts(work: Work, attempts: Iterable[Attempt]) -> None:
    """Write attempts, new ones and others."""
    statement = """
        INSERT INTO own_attempts (merchant_id, recipient_id, epoch, began_at, doubt_until, is_charged, body)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (merchant_id, recipient_id, epoch) DO UPDATE
        SET (began_at, doubt_until, is_charged, body)
            = (excluded.began_at, excluded.doubt_until, excluded.is_charged, excluded.body)
    """
    work.run_each(statement, [_attempt_values(one) for one in attempts])


def _attempt_values(one: Attempt) -> list[Any]:
    place = (one.merchant_id, one.recipient_id, one.epoch)
    return [*place, one.began_at, one.doubt_until, bool(one.credit_shares), Json(unstructure(one))]


# documents


def document_of(work: Work, merchant_id: str, kind: str, document_id: str) -> Document:
    """Return a document: with no body if it was deleted, at revision 0 if it was never stored."""
    query = "SELECT revision, body FROM own_documents WHERE merchant_id = %s AND kind = %s AND document_id = %s"
    revision, body = next(iter(work.rows(query, merchant_id, kind, document_id)), (0, None))
    return Document(merchant_id=merchant_id, kind=kind, document_id=document_id, body=body, revision=revision)


def put_document(work: Work, document: Document) -> None:
    """Write a document at its next revision, and with *document* that of what was read before."""
    body = document.body
    status = body["status"] if body is not None and document.kind == "campaign" else None
    if body is not None and document.kind == "campaign":
        CampaignRecord.of(document.merchant_id, document.document_id, body)  # what is missing is missed now
    statement = """
        INSERT INTO own_documents (merchant_id, kind, document_id, revision, status, body)
        VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT (merchant_id, kind, document_id) DO UPDATE
        SET (revision, status, body) = (excluded.revision, excluded.status, excluded.body)
    """
    place = (document.merchant_id, document.kind, document.document_id)
    work.run(statement, *place, document.revision + 1, status, None if body is None else Json(body))


def campaign_of(work: Work, merchant_id: str, campaign_id: str) -> CampaignRecord | None:
    """Return what the store itself reads of a campaign; None where there is none."""
    body = document_of(work, merchant_id, "campaign", campaign_id).body
    return None if body is None else CampaignRecord.of(merchant_id, campaign_id, body)


def add_note(work: Work, merchant_id: str, campaign_id: str, note: TimelineEntry) -> None:
    """Append to a campaign's timeline."""
    statement = "INSERT INTO own_timeline (merchant_id, campaign_id, body) VALUES (%s, %s, %s)"
    work.run(statement, merchant_id, campaign_id, Json(unstructure(note)))


# suppressions and limits


def suppressed_of(work: Work, merchant_id: str, keys: Sequence[str]) -> frozenset[str]:
    """Return those of *keys* that are suppressed."""
    query = "SELECT address_key FROM own_suppressions WHERE merchant_id = %s AND address_key = ANY(%s)"
    return frozenset(key for (key,) in work.rows(query, merchant_id, list(keys)))


def ground_of(work: Work, row: CampaignRecipient) -> Ground:
    """Return what a move of *row* back to pending lands on."""
    campaign = campaign_of(work, row.merchant_id, row.campaign_id)
    assert campaign is not None  # a deleted campaign took its rows with it
    is_suppressed = bool(suppressed_of(work, row.merchant_id, [row.address_key]))
    return Ground(campaign.status, campaign.deadline, is_suppressed)


def limits_of(work: Work, keys: Iterable[str]) -> dict[str, LimitState]:
    """Return what was counted under *keys*; one that is missing was never counted."""
    found = work.rows("SELECT scope_key, state FROM own_limits WHERE scope_key = ANY(%s)", list(keys))
    return {key: load_state(state) for key, state in found}


def put_limits(work: Work, before: Mapping[str, LimitState], after: Mapping[str, LimitState]) -> None:
    """Write what is other than *before*."""
    statement = """
        INSERT INTO own_limits (scope_key, state) VALUES (%s, %s)
        ON CONFLICT (scope_key) DO UPDATE SET state = excluded.state
    """
    changed = [(key, dump_state(state)) for key, state in after.items() if before.get(key) is not state]
    work.run_each(statement, changed)


def evolved(document: Document, **changes: Any) -> Document:
    """Return *document* with other values in its body."""
    return attrs.evolve(document, body={**(document.body or {}), **changes})
