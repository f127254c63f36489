"""MemoryStore, the reference of ``ports.Store``: documents, recipients and suppressions over the tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

import attrs

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.recipients import (
    MOVABLE,
    Attempt,
    CampaignRecipient,
    IntakeResult,
    NewAddress,
    ReaddressResult,
    RecipientCount,
    admit,
    landing,
    readdressed,
)
from campaignkit.campaign.records import CampaignRecord
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.credits.entries import Entry
from campaignkit.credits.lots import Lot
from campaignkit.credits.posting import CreditRequest
from campaignkit.errors import CampaignNotFound, NotEditable, RevisionConflict
from campaignkit.ports import Backlog, Document, RecipientQuery, SaveGuard, Trail
from campaignkit.ports.planning import destination_of
from campaignkit.stores.memory.doubts import MemoryDoubts
from campaignkit.stores.memory.recipients import RecipientTable, copied
from campaignkit.timing.limits import LimitScope, LimitState, counts_of, grant_together, take_together

__all__ = ["MemoryStore"]

_BUSY = (RecipientStatus.CLAIMED, RecipientStatus.SENDING)
_LEFT = (RecipientStatus.PENDING, *_BUSY)
_CLOSED = frozenset({CampaignStatus.FINISHED, CampaignStatus.CANCELLED})


class MemoryStore(MemoryDoubts):
    """Keeps everything in this process and loses it with it; safe to use from several threads.

    What each verb promises stands in ``ports.Store``. What goes in and what comes out are copies.

    Args:
        clock: The deciding clock. None: the kit's, and the system's until a kit has bound its own.
    """

    # Documents

    def load(self, merchant_id: str, kind: str, document_id: str, /) -> Document | None:
        with self._lock:
            return self._documents.load(merchant_id, kind, document_id)

    def scan(
        self, merchant_id: str, kind: str, /, *, status: str | None = None, after: str | None = None, limit: int = 50
    ) -> Sequence[Document]:
        with self._lock:
            return self._documents.scan(merchant_id, kind, status=status, after=after, limit=limit)

    def save(
        self,
        document: Document,
        /,
        *,
        expected_revision: int,
        note: TimelineEntry | None = None,
        guard: SaveGuard = SaveGuard.NONE,
    ) -> Document | None:
        with self._lock:
            if self._documents.revision(document) != expected_revision:
                raise RevisionConflict(document.kind, document.document_id)
            if not self._is_guard_true(document, guard):
                return None
            saved = self._documents.put(document, revision=expected_revision + 1)
            if document.kind == "campaign":
                self._cascade(saved)
                if note is not None:
                    self._documents.add_note(document.merchant_id, document.document_id, note)
            return saved

    def _is_guard_true(self, document: Document, guard: SaveGuard) -> bool:
        campaign = (document.merchant_id, document.document_id)
        match guard:
            case SaveGuard.NONE:
                return True
            case SaveGuard.NOBODY_BUSY:
                return not self._recipients.in_status(*campaign, *_BUSY)
            case SaveGuard.OUT_OF_CREDIT:
                needed = 0 if document.body is None else document.body.get("credit_needed", 0)
                available = self._credit.purse(document.merchant_id, self._now()).available
                return available < needed and not self._recipients.in_status(*campaign, *_BUSY)
            case SaveGuard.NOBODY_LEFT:
                return not self._recipients.in_status(*campaign, *_LEFT)
            case SaveGuard.NOBODY_BEGAN:
                is_busy = bool(self._recipients.in_status(*campaign, *_BUSY))
                return not is_busy and not self._recipients.has_attempts(*campaign)

    def _cascade(self, document: Document) -> None:
        campaign = (document.merchant_id, document.document_id)
        if document.body is None:
            self._heard.forget(document.merchant_id, self._recipients.delete_campaign(*campaign))
        elif document.body["status"] == CampaignStatus.CANCELLED:
            self._end_pending(*campaign, RecipientEvent.CANCEL, reason="campaign_cancelled")

    # Recipients

    def add_recipients(
        self, merchant_id: str, campaign_id: str, rows: Sequence[CampaignRecipient], /
    ) -> Sequence[IntakeResult]:
        with self._lock:
            self._open_campaign(merchant_id, campaign_id)
            if any((row.merchant_id, row.campaign_id) != (merchant_id, campaign_id) for row in rows):
                raise ValueError("a row names another campaign than the one it is added to")
            taken = {(row.address_key, row.occasion): self._recipients.by_address(row) for row in rows}
            inserts, results = admit(
                rows,
                recipients_by_address={place: first for place, first in taken.items() if first is not None},
                known_contacts=self._recipients.contacts(merchant_id, campaign_id),
                suppressed=self.suppressed(merchant_id, [row.address_key for row in rows]),
            )
            _require_new_ids(self._recipients, inserts)
            for row in inserts:
                self._recipients.put(copied(row))
            return results

    def move_recipients(
        self,
        merchant_id: str,
        campaign_id: str,
        event: RecipientEvent,
        /,
        *,
        reason: str,
        recipient_ids: Sequence[str] | None = None,
    ) -> int:
        if event not in MOVABLE:
            raise ValueError(f"recipients are moved by {', '.join(MOVABLE)}, not by {event}")
        with self._lock:
            campaign = self._documents.campaign(merchant_id, campaign_id)
            if campaign is None or (event is RecipientEvent.EXPIRE and not campaign.is_overdue(self._now())):
                return 0
            named = None if recipient_ids is None else frozenset(recipient_ids)
            return self._end_pending(merchant_id, campaign_id, event, reason=reason, named=named)

    def readdress(self, merchant_id: str, campaign_id: str, recipient_id: str, to: NewAddress, /) -> ReaddressResult:
        with self._lock:
            campaign = self._open_campaign(merchant_id, campaign_id)
            row = self._recipients.get(merchant_id, recipient_id)
            if row is None or row.campaign_id != campaign_id:
                return ReaddressResult.NOT_FOUND
            now = self._now()
            other = self._recipients.by_address(attrs.evolve(row, address_key=to.address_key))
            land = landing(
                reason="readdressed",
                not_before=now,
                campaign_status=campaign.status,
                is_suppressed=self._is_suppressed(merchant_id, to.address_key),
                deadline=campaign.deadline,
            )
            is_taken = other is not None and other.recipient_id != recipient_id
            moved = readdressed(row, to, is_taken=is_taken, land=land, now=now)
            if isinstance(moved, ReaddressResult):
                return moved
            self._recipients.put(copied(moved))
            return ReaddressResult.MOVED

    def _open_campaign(self, merchant_id: str, campaign_id: str) -> CampaignRecord:
        campaign = self._documents.campaign(merchant_id, campaign_id)
        if campaign is None:
            raise CampaignNotFound(campaign_id)
        if campaign.status in _CLOSED:
            raise NotEditable(campaign_id, campaign.status.value, ("recipients",))
        return campaign

    def list_recipients(
        self, merchant_id: str, campaign_id: str, query: RecipientQuery, /
    ) -> Sequence[CampaignRecipient]:
        with self._lock:
            return [copied(row) for row in self._recipients.listed(merchant_id, campaign_id, query)]

    def count_recipients(self, merchant_id: str, campaign_id: str, /) -> Sequence[RecipientCount]:
        with self._lock:
            return self._recipients.counted(merchant_id, campaign_id)

    def trail(self, merchant_id: str, recipient_id: str, /) -> Trail | None:
        with self._lock:
            row = self._recipients.get(merchant_id, recipient_id)
            if row is None:
                return None
            attempts = self._recipients.attempts(merchant_id, recipient_id)
            timeline = self._documents.timeline(merchant_id, row.campaign_id)
            return Trail(copied(row), attempts, timeline, self._heard.of(merchant_id, recipient_id))

    # Suppressions

    def suppress(self, merchant_id: str, keys: Sequence[str], /, *, reason: str) -> int:
        with self._lock:
            return self._suppress(merchant_id, keys, reason)

    def lift(self, merchant_id: str, keys: Sequence[str], /) -> int:
        with self._lock:
            return self._lift(merchant_id, keys)

    def suppressed(self, merchant_id: str, keys: Sequence[str], /) -> frozenset[str]:
        with self._lock:
            return frozenset(key for key in keys if self._is_suppressed(merchant_id, key))

    # Planning

    def backlog(
        self, merchant_id: str, campaign_id: str, /, *, before: str | None = None, by_destination: bool = False
    ) -> Sequence[Backlog]:
        with self._lock:
            pending = self._recipients.in_status(merchant_id, campaign_id, RecipientStatus.PENDING)
        rows = sorted(
            (row for row in pending if before is None or row.recipient_id < before), key=lambda row: row.recipient_id
        )
        alike = (
            (row.zones, row.not_before, destination_of(row.channel, row.address) if by_destination else "")
            for row in rows
        )
        return [Backlog(sum(1 for _ in run), *shared) for shared, run in groupby(alike)]

    def counted(self, keys: Sequence[str], /) -> Mapping[str, LimitState]:
        with self._lock:
            return {key: self._limits[key] for key in keys if key in self._limits}

    def spend(self, scopes: Sequence[LimitScope], /, *, draw: float = 0.0) -> datetime | None:
        with self._lock:
            now = self._now()
            held = grant_together(counts_of(scopes, self._limits), now).grant
            if held.count:
                self._limits |= take_together(scopes, self._limits, now, draw=draw)
            return held.next_at

    def marketing(self, merchant_id: str, keys: Sequence[str], since: datetime, /) -> Mapping[str, Sequence[datetime]]:
        with self._lock:
            found = {key: self._marketing_to(merchant_id, key, since) for key in keys}
        return {key: instants for key, instants in found.items() if instants}

    # Credit

    def post(self, merchant_id: str, requests: Sequence[CreditRequest], /) -> Sequence[Entry]:
        with self._lock:
            now = self._now()
            postings = self._credit.post(merchant_id, requests, now, lambda key: self._entries_of(merchant_id, key))
            if any(entry.change.available > 0 for posting in postings for entry in posting.entries):
                self._wake_waiting_for_credit(merchant_id, now)
            return [posting.entry for posting in postings]

    def _entries_of(self, merchant_id: str, key: str) -> Sequence[Entry]:
        recipient_id, _, epoch = key.rpartition("/")
        is_epoch = epoch.isascii() and epoch.isdigit()
        attempt = self._recipients.attempt_at(merchant_id, recipient_id, int(epoch)) if is_epoch else None
        return () if attempt is None else attempt.credit_entries

    def lots(self, merchant_id: str, /) -> Sequence[Lot]:
        with self._lock:
            return self._credit.lots(merchant_id)

    def posted(self, merchant_id: str, /) -> Sequence[Entry]:
        with self._lock:
            return self._credit.entries(merchant_id)

    def charged(
        self, merchant_id: str, /, *, after: tuple[str, int] | None = None, limit: int = 1000
    ) -> Sequence[Attempt]:
        with self._lock:
            found = self._recipients.charged(merchant_id)
        behind = [one for one in found if after is None or (one.recipient_id, one.epoch) > after]
        return behind[:limit]


def _require_new_ids(table: RecipientTable, inserts: Sequence[CampaignRecipient]) -> None:
    ids = {row.recipient_id for row in inserts}
    if len(ids) < len(inserts) or any(table.get(row.merchant_id, row.recipient_id) for row in inserts):
        raise ValueError("two rows have one recipient_id")
