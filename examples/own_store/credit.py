"""A merchant's lots and posted entries. What attempts hold stands on the attempts, and nowhere else."""

from collections.abc import Iterable, Sequence

import attrs
from psycopg.types.json import Json

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.documents import structure, unstructure
from campaignkit.campaign.recipients import Attempt
from campaignkit.credits.entries import Entry, EntrySlot
from campaignkit.credits.lots import Lot
from campaignkit.credits.posting import CreditRequest, Posting, PostingFacts, RefundCredit, post
from campaignkit.credits.purse import Purse
from campaignkit.delivery.crediting import CREDIT_CAME, EndedHold, end_holds, waits_for_credit
from campaignkit.ports import Document
from examples.own_store.database import Database, Work
from examples.own_store.rows import add_note, attempt_at, evolved, put_attempts, put_document

__all__ = ["CreditVerbs", "end_hold", "keep", "purse_of"]


class CreditVerbs(Database):
    """``ports.CreditStore``."""

    def post(self, merchant_id: str, requests: Sequence[CreditRequest], /) -> Sequence[Entry]:
        with self.writing(merchant_id) as work:  # an error of one request takes back those before it
            postings = [_post_one(work, merchant_id, request) for request in requests]
            if any(entry.change.available > 0 for posting in postings for entry in posting.entries):
                _wake_waiting(work, merchant_id)
        return [posting.entry for posting in postings]

    def lots(self, merchant_id: str, /) -> Sequence[Lot]:
        with self.reading() as work:
            return _lots_of(work, merchant_id)

    def posted(self, merchant_id: str, /) -> Sequence[Entry]:
        with self.reading() as work:
            return _entries_where(work, "merchant_id = %s", merchant_id)

    def charged(
        self, merchant_id: str, /, *, after: tuple[str, int] | None = None, limit: int = 1000
    ) -> Sequence[Attempt]:
        query = """
            SELECT body FROM own_attempts
            WHERE merchant_id = %s AND is_charged AND (recipient_id, epoch) > (%s, %s)
            ORDER BY recipient_id, epoch LIMIT %s
        """
        with self.reading() as work:
            found = work.rows(query, merchant_id, *(after or ("", 0)), max(limit, 0))
        return [structure(body, Attempt) for (body,) in found]


def purse_of(work: Work, merchant_id: str) -> Purse:
    """Return what the merchant can pay with now; ``keep`` writes what happens to it."""
    return Purse(_lots_of(work, merchant_id), work.now)


def keep(work: Work, merchant_id: str, purse: Purse) -> None:
    """Write what happened to *purse*."""
    _write(work, merchant_id, purse.lapses, purse.changed)


def end_hold(work: Work, hold: EndedHold) -> None:
    """End what a message holds: on its attempt, and in the lots that paid."""
    purse = purse_of(work, hold.merchant_id)
    (ended,) = end_holds(purse, [hold])
    keep(work, hold.merchant_id, purse)
    attempt = attempt_at(work, hold.merchant_id, hold.recipient_id, hold.epoch)
    assert attempt is not None  # it holds
    paid = attrs.evolve(attempt, credit_spent=hold.spent, credit_expired=ended.expired, credit_ended_at=work.now)
    put_attempts(work, [paid])
    if ended.returned:
        _wake_waiting(work, hold.merchant_id)


def _wake_waiting(work: Work, merchant_id: str) -> None:
    """Make the merchant's campaigns due that are scheduled and wait for credit."""
    query = """
        SELECT document_id, revision, body FROM own_documents
        WHERE kind = 'campaign' AND status = 'scheduled' AND merchant_id = %s
    """
    for campaign_id, revision, body in work.rows(query, merchant_id):
        if waits_for_credit(body):
            waiting = Document(
                merchant_id=merchant_id, kind="campaign", document_id=campaign_id, body=body, revision=revision
            )
            put_document(work, evolved(waiting, next_at=work.now.isoformat()))
            add_note(work, merchant_id, campaign_id, TimelineEntry(at=work.now, what="woken", why=CREDIT_CAME))


def _post_one(work: Work, merchant_id: str, request: CreditRequest) -> Posting:
    posting = post(_facts(work, merchant_id, request), request, work.now)
    _write(work, merchant_id, posting.entries, posting.changed)
    return posting


def _facts(work: Work, merchant_id: str, request: CreditRequest) -> PostingFacts:
    of = request.of if isinstance(request, RefundCredit) else request.key
    posted = {
        (one.slot, one.key): one
        for one in _entries_where(work, "merchant_id = %s AND key = ANY(%s)", merchant_id, [request.key, of])
    }
    told = {(one.slot, one.key): one for one in _entries_of_attempt(work, merchant_id, of)}
    # What an attempt holds is ended by its settlement, so only a refund looks at it.
    endable = {**told, **posted} if isinstance(request, RefundCredit) else posted
    lots = _lots_of(work, merchant_id)
    return PostingFacts(
        lots=lots,
        next_number=len(lots) + 1,
        same_key=posted.get((EntrySlot.OPENING, request.key)) or told.get((EntrySlot.OPENING, request.key)),
        hold=endable.get((EntrySlot.OPENING, of)),
        ending=endable.get((EntrySlot.ENDING, of)),
        refunded=sum(one.count for one in _entries_where(work, "merchant_id = %s AND refunds = %s", merchant_id, of)),
    )


def _entries_of_attempt(work: Work, merchant_id: str, key: str) -> Sequence[Entry]:
    recipient_id, _, epoch = key.rpartition("/")  # as Attempt.credit_key
    is_epoch = epoch.isascii() and epoch.isdigit() and len(epoch) < 10
    attempt = attempt_at(work, merchant_id, recipient_id, int(epoch)) if is_epoch else None
    return () if attempt is None else attempt.credit_entries


def _lots_of(work: Work, merchant_id: str) -> list[Lot]:
    found = work.rows("SELECT body FROM own_lots WHERE merchant_id = %s ORDER BY number", merchant_id)
    return [structure(body, Lot) for (body,) in found]


def _entries_where(work: Work, condition: str, *given: object) -> list[Entry]:
    found = work.rows(f"SELECT body FROM own_entries WHERE {condition} ORDER BY position", *given)
    return [structure(body, Entry) for (body,) in found]


def _write(work: Work, merchant_id: str, entries: Iterable[Entry], changed: Iterable[Lot]) -> None:
    insert = "INSERT INTO own_entries (merchant_id, slot, key, refunds, body) VALUES (%s, %s, %s, %s, %s)"
    work.run_each(insert, [(merchant_id, one.slot.value, one.key, one.of, Json(unstructure(one))) for one in entries])
    upsert = """
        INSERT INTO own_lots (merchant_id, number, body) VALUES (%s, %s, %s)
        ON CONFLICT (merchant_id, number) DO UPDATE SET body = excluded.body
    """
    work.run_each(upsert, [(merchant_id, lot.number, Json(unstructure(lot))) for lot in changed])
