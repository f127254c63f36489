"""Documents, revisions and timelines in memory: bodies in, equal bodies out, never the same object. No locks."""

import json
from collections.abc import Iterable

import attrs

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.records import CampaignRecord
from campaignkit.ports import Document

__all__ = ["DocumentTable"]


@attrs.frozen
class _Stored:
    revision: int
    text: str | None  # JSON, as in a database: nobody can reach in; None: deleted


class DocumentTable:
    """Every document by merchant, kind and id; of campaigns also their timelines."""

    def __init__(self) -> None:
        self._stored: dict[tuple[str, str, str], _Stored] = {}
        self._campaigns: dict[tuple[str, str], CampaignRecord] = {}
        self._timelines: dict[tuple[str, str], list[TimelineEntry]] = {}

    def load(self, merchant_id: str, kind: str, document_id: str) -> Document | None:
        """Return a fresh copy, or None where there is none, or it was deleted."""
        stored = self._stored.get((merchant_id, kind, document_id))
        if stored is None or stored.text is None:
            return None
        return Document(
            merchant_id=merchant_id,
            kind=kind,
            document_id=document_id,
            body=json.loads(stored.text),
            revision=stored.revision,
        )

    def revision(self, document: Document) -> int:
        """Return the stored revision, that of a deleted document too; 0: never stored."""
        stored = self._stored.get((document.merchant_id, document.kind, document.document_id))
        return 0 if stored is None else stored.revision

    def put(self, document: Document, *, revision: int) -> Document:
        """Store *document* at *revision* and return it so; a body that is no plain data changes nothing."""
        text = None if document.body is None else json.dumps(document.body)
        if document.kind == "campaign":
            identity = (document.merchant_id, document.document_id)
            if document.body is None:
                self._campaigns.pop(identity, None)
            else:
                self._campaigns[identity] = CampaignRecord.of(*identity, document.body)
        self._stored[document.merchant_id, document.kind, document.document_id] = _Stored(revision, text)
        return attrs.evolve(document, body=None if text is None else json.loads(text), revision=revision)

    def scan(self, merchant_id: str, kind: str, *, status: str | None, after: str | None, limit: int) -> list[Document]:
        """Return at most *limit* documents in order of their ids; *status* narrows campaigns only."""
        found: list[Document] = []
        for owner, stored_kind, document_id in sorted(self._stored):
            is_wanted = (owner, stored_kind) == (merchant_id, kind) and (after is None or document_id > after)
            document = self.load(merchant_id, kind, document_id) if is_wanted and len(found) < limit else None
            if document is not None and self._has_status(document, status):
                found.append(document)
        return found

    def _has_status(self, document: Document, status: str | None) -> bool:
        if status is None or document.kind != "campaign":
            return True
        return self._campaigns[document.merchant_id, document.document_id].status == status

    def campaign(self, merchant_id: str, campaign_id: str) -> CampaignRecord | None:
        """Return what the store reads of a campaign, or None where there is none."""
        return self._campaigns.get((merchant_id, campaign_id))

    def campaigns(self) -> Iterable[CampaignRecord]:
        """Return every campaign of every merchant."""
        return self._campaigns.values()

    def add_note(self, merchant_id: str, campaign_id: str, note: TimelineEntry) -> None:
        """Append to a campaign's timeline."""
        self._timelines.setdefault((merchant_id, campaign_id), []).append(_copy(note))

    def timeline(self, merchant_id: str, campaign_id: str) -> tuple[TimelineEntry, ...]:
        """Return a campaign's timeline in order."""
        return tuple(map(_copy, self._timelines.get((merchant_id, campaign_id), ())))


def _copy(note: TimelineEntry) -> TimelineEntry:
    return attrs.evolve(note, facts=dict(note.facts))
