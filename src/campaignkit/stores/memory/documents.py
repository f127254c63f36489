"""Documents, revisions and timelines in memory: bodies in, equal bodies out, never the same object. No locks."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

import attrs

from campaignkit.campaign.campaign import CampaignKind, TimelineEntry
from campaignkit.campaign.documents import limit_scopes_of, moment, resting_until
from campaignkit.campaign.status import CampaignStatus
from campaignkit.ports import Document
from campaignkit.timing.limits import LimitScope

__all__ = ["CampaignRecord", "DocumentTable", "in_turns"]


@attrs.frozen(kw_only=True)
class CampaignRecord:
    """What the store itself reads of a campaign's body."""

    merchant_id: str
    campaign_id: str
    status: CampaignStatus
    settings_version: int
    priority: int
    next_at: datetime | None
    deadline: datetime | None
    limit_scopes: tuple[LimitScope, ...]
    is_marketing: bool
    resting_until: datetime | None

    @property
    def identity(self) -> tuple[str, str]:
        return (self.merchant_id, self.campaign_id)

    def is_resting(self, now: datetime) -> bool:
        """Return whether it begins nothing at *now*, whatever its limits."""
        return self.resting_until is not None and self.resting_until > now

    def is_awake(self, now: datetime) -> bool:
        """Return whether the campaign may have work at *now*."""
        if self.status is CampaignStatus.SCHEDULED:
            return self.next_at is not None and self.next_at <= now
        return self.status is CampaignStatus.SENDING


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
            if text is None:
                self._campaigns.pop(identity, None)
            else:
                self._campaigns[identity] = _record(document)
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


def in_turns(records: Iterable[CampaignRecord], after: tuple[str, str] | None) -> Sequence[CampaignRecord]:
    """Return *records* round by merchant: the first of each, then the second of each, behind *after*.

    A merchant's own campaigns go by priority, the highest first. Where *after* is gone, its merchant had its turn.
    """
    ranks: dict[str, int] = {}
    turns: list[tuple[int, str, CampaignRecord]] = []
    for record in sorted(records, key=lambda one: (one.merchant_id, -one.priority, one.campaign_id)):
        rank = ranks.get(record.merchant_id, 0)
        ranks[record.merchant_id] = rank + 1
        turns.append((rank, record.merchant_id, record))
    ordered = [record for _, _, record in sorted(turns, key=lambda turn: turn[:2])]
    start = _start(ordered, after)
    return ordered[start:] + ordered[:start]


def _start(ordered: Sequence[CampaignRecord], after: tuple[str, str] | None) -> int:
    if after is None:
        return 0
    identities = [(record.merchant_id, record.campaign_id) for record in ordered]
    if after in identities:
        return identities.index(after) + 1
    return next((place for place, (merchant_id, _) in enumerate(identities) if merchant_id > after[0]), 0)


def _record(document: Document) -> CampaignRecord:
    body = document.body
    assert body is not None
    return CampaignRecord(
        merchant_id=document.merchant_id,
        campaign_id=document.document_id,
        status=CampaignStatus(body["status"]),
        settings_version=body["settings_version"],
        priority=body.get("priority", 0),
        next_at=moment(body["next_at"]),
        deadline=moment(body["deadline"]),
        limit_scopes=limit_scopes_of(body),
        resting_until=resting_until(body),
        is_marketing=body.get("kind", CampaignKind.MARKETING) == CampaignKind.MARKETING,
    )


def _copy(note: TimelineEntry) -> TimelineEntry:
    return attrs.evolve(note, facts=dict(note.facts))
