"""Lots and posted entries in memory, by merchant. No locks."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from campaignkit.credits.entries import Entry, EntrySlot
from campaignkit.credits.lots import Lot
from campaignkit.credits.posting import CreditRequest, Posting, PostingFacts, RefundCredit, post
from campaignkit.credits.purse import Purse

__all__ = ["CreditTable"]

# The entries of the attempt that is called so; none where there is no such attempt.
EntriesOf = Callable[[str], Sequence[Entry]]


class _Ledger:
    """One merchant's."""

    def __init__(self) -> None:
        self.lots: dict[int, Lot] = {}
        self.entries: dict[tuple[EntrySlot, str], Entry] = {}

    def copy(self) -> "_Ledger":
        twin = _Ledger()
        twin.lots, twin.entries = dict(self.lots), dict(self.entries)
        return twin

    def write(self, entries: Iterable[Entry], changed: Iterable[Lot]) -> None:
        self.entries.update(((entry.slot, entry.key), entry) for entry in entries)
        self.lots.update((lot.number, lot) for lot in changed)

    def post(self, request: CreditRequest, now: datetime, entries_of: EntriesOf) -> Posting:
        posting = post(self._facts(request, entries_of), request, now)
        self.write(posting.entries, posting.changed)
        return posting

    def _facts(self, request: CreditRequest, entries_of: EntriesOf) -> PostingFacts:
        of = request.of if isinstance(request, RefundCredit) else request.key
        told = {(entry.slot, entry.key): entry for entry in entries_of(of)}
        # What an attempt holds is ended by its settlement, so only a refund looks at it.
        endable = {**told, **self.entries} if isinstance(request, RefundCredit) else self.entries
        return PostingFacts(
            lots=tuple(self.lots.values()),
            next_number=len(self.lots) + 1,
            same_key=self.entries.get((EntrySlot.OPENING, request.key)) or told.get((EntrySlot.OPENING, request.key)),
            hold=endable.get((EntrySlot.OPENING, of)),
            ending=endable.get((EntrySlot.ENDING, of)),
            refunded=sum(entry.count for entry in self.entries.values() if entry.of == of),
        )


class CreditTable:
    """The ledgers of all merchants."""

    def __init__(self) -> None:
        self._ledgers: dict[str, _Ledger] = {}

    def lots(self, merchant_id: str) -> Sequence[Lot]:
        """Return the lots of a merchant by number."""
        return tuple(self._of(merchant_id).lots.values())

    def entries(self, merchant_id: str) -> Sequence[Entry]:
        """Return the entries that stand on no attempt, in order."""
        return tuple(self._of(merchant_id).entries.values())

    def purse(self, merchant_id: str, now: datetime) -> Purse:
        """Return what the merchant can pay with."""
        return Purse(self._of(merchant_id).lots.values(), now)

    def keep(self, merchant_id: str, purse: Purse) -> None:
        """Write what happened to *purse*."""
        self._ledgers.setdefault(merchant_id, _Ledger()).write(purse.lapses, purse.changed)

    def post(
        self, merchant_id: str, requests: Sequence[CreditRequest], now: datetime, entries_of: EntriesOf
    ) -> Sequence[Posting]:
        """Do all of *requests*, or none."""
        ledger = self._of(merchant_id).copy()
        postings = [ledger.post(request, now, entries_of) for request in requests]
        self._ledgers[merchant_id] = ledger
        return postings

    def _of(self, merchant_id: str) -> _Ledger:
        return self._ledgers.get(merchant_id) or _Ledger()
