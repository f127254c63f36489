"""load, save, scan: documents with revisions, and what the save of a campaign takes with it."""

import json
from collections.abc import Sequence

import attrs

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.status import CampaignStatus, RecipientEvent
from campaignkit.errors import RevisionConflict
from campaignkit.ports import Document, SaveGuard
from examples.own_store.credit import purse_of
from examples.own_store.database import Database, Work
from examples.own_store.recipients import end_pending
from examples.own_store.rows import add_note, document_of, put_document

__all__ = ["DocumentVerbs"]

_BUSY = ["claimed", "sending"]
_LEFT = ["pending", *_BUSY]


class DocumentVerbs(Database):
    """``ports.DocumentStore``."""

    def load(self, merchant_id: str, kind: str, document_id: str, /) -> Document | None:
        with self.reading() as work:
            document = document_of(work, merchant_id, kind, document_id)
        return None if document.body is None else document

    def scan(
        self, merchant_id: str, kind: str, /, *, status: str | None = None, after: str | None = None, limit: int = 50
    ) -> Sequence[Document]:
        query = """
            SELECT document_id, revision, body FROM own_documents
            WHERE merchant_id = %s AND kind = %s AND body IS NOT NULL AND document_id > %s
            AND (kind <> 'campaign' OR %s::text IS NULL OR status = %s)
            ORDER BY document_id LIMIT %s
        """
        with self.reading() as work:
            found = work.rows(query, merchant_id, kind, after or "", status, status, max(limit, 0))
        return [
            Document(merchant_id=merchant_id, kind=kind, document_id=document_id, body=body, revision=revision)
            for document_id, revision, body in found
        ]

    def save(
        self,
        document: Document,
        /,
        *,
        expected_revision: int,
        note: TimelineEntry | None = None,
        guard: SaveGuard = SaveGuard.NONE,
    ) -> Document | None:
        with self.writing(document.merchant_id) as work:
            stored = document_of(work, document.merchant_id, document.kind, document.document_id)
            if stored.revision != expected_revision:
                raise RevisionConflict(document.kind, document.document_id)
            if not _is_true(work, document, guard):
                return None
            put_document(work, attrs.evolve(document, revision=expected_revision))
            if document.kind == "campaign":
                _cascade(work, document)
                if note is not None:
                    add_note(work, document.merchant_id, document.document_id, note)
        body = None if document.body is None else json.loads(json.dumps(document.body))
        return attrs.evolve(document, body=body, revision=expected_revision + 1)


def _is_true(work: Work, document: Document, guard: SaveGuard) -> bool:
    match guard:
        case SaveGuard.NONE:
            return True
        case SaveGuard.NOBODY_BUSY:
            return not _is_anybody(work, document, _BUSY)
        case SaveGuard.NOBODY_LEFT:
            return not _is_anybody(work, document, _LEFT)
        case SaveGuard.NOBODY_BEGAN:
            return not _is_anybody(work, document, _BUSY) and not _is_anybody_tried(work, document)
        case SaveGuard.OUT_OF_CREDIT:
            needed = 0 if document.body is None else document.body.get("credit_needed", 0)
            available = purse_of(work, document.merchant_id).available
            return available < needed and not _is_anybody(work, document, _BUSY)


def _is_anybody(work: Work, document: Document, statuses: Sequence[str]) -> bool:
    query = """
        SELECT EXISTS (SELECT FROM own_recipients WHERE merchant_id = %s AND campaign_id = %s
                       AND intake = 'recipient' AND status = ANY(%s))
    """
    return bool(work.first(query, document.merchant_id, document.document_id, statuses))


def _is_anybody_tried(work: Work, document: Document) -> bool:
    query = """
        SELECT EXISTS (SELECT FROM own_recipients JOIN own_attempts USING (merchant_id, recipient_id)
                       WHERE merchant_id = %s AND campaign_id = %s)
    """
    return bool(work.first(query, document.merchant_id, document.document_id))


def _cascade(work: Work, document: Document) -> None:
    campaign = (document.merchant_id, document.document_id)
    if document.body is None:
        _delete_rows(work, *campaign)
    elif document.body["status"] == CampaignStatus.CANCELLED:
        end_pending(
            work, RecipientEvent.CANCEL, "campaign_cancelled", "merchant_id = %s AND campaign_id = %s", *campaign
        )


def _delete_rows(work: Work, merchant_id: str, campaign_id: str) -> None:
    """Forget who was on a campaign, but for attempts that stand in the ledger."""
    of_campaign = """
        merchant_id = %s
        AND recipient_id IN (SELECT recipient_id FROM own_recipients WHERE merchant_id = %s AND campaign_id = %s)
    """
    given = (merchant_id, merchant_id, campaign_id)
    work.run(f"DELETE FROM own_attempts WHERE NOT is_charged AND {of_campaign}", *given)
    work.run(f"DELETE FROM own_events WHERE {of_campaign}", *given)
    work.run(f"DELETE FROM own_message_names WHERE {of_campaign}", *given)
    work.run("DELETE FROM own_recipients WHERE merchant_id = %s AND campaign_id = %s", merchant_id, campaign_id)
