"""A merchant's credit in memory: the model of what every store does, by the operations that they share. No I/O.

Each verb is one entry, named by a key. The same key with the same parameters is harmless, with others an error. What
has expired is written down before anything else happens. A hold never times out.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from campaignkit.credits.balances import Balance, make_balance
from campaignkit.credits.counts import require_key, to_utc
from campaignkit.credits.entries import Entry, EntrySlot, due_lapses, hold_entry
from campaignkit.credits.lots import Lot
from campaignkit.credits.posting import (
    AdjustCredit,
    CreditRequest,
    GrantCredit,
    HoldCredit,
    PostingFacts,
    RefundCredit,
    ReleaseHold,
    SettleHold,
    post,
)
from campaignkit.credits.purse import BatchHold, Purse, hold_batch
from campaignkit.credits.reconciling import BillLine, Reconciliation, reconcile
from campaignkit.credits.statements import Statement, make_statement
from campaignkit.errors import KeyReused

__all__ = ["CreditLedger"]


class CreditLedger:
    """Credit of one merchant: lots with an expiry, the first to expire first, whole credits only. For one thread.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 5, 4, 12, tzinfo=UTC)
    >>> ledger = CreditLedger()
    >>> _ = ledger.grant("invoice-7", 100, at=noon)
    >>> _ = ledger.hold("ann/1", 7, at=noon), ledger.settle("ann/1", 6, at=noon)
    >>> balance = ledger.balance(at=noon)
    >>> balance.available, balance.held, balance.spent
    (94, 0, 6)
    """

    def __init__(self) -> None:
        self._lots: dict[int, Lot] = {}
        self._entries: list[Entry] = []
        self._by_key: dict[tuple[EntrySlot, str], Entry] = {}
        self._refunded: dict[str, int] = {}  # credits by key of the hold

    def grant(self, key: str, count: int, *, at: datetime, expires_at: datetime | None = None, note: str = "") -> Entry:
        """Add a lot of *count* credits that expires at *expires_at*, never if None.

        Raises:
            KeyReused: the key stands for something else.
            InvalidCredits: *count* or *key* is none, or the lot has expired already.
        """
        return self._post(GrantCredit(key=key, count=count, expires_at=expires_at, note=note), at)

    def hold(self, key: str, count: int, *, at: datetime, note: str = "") -> Entry:
        """Put *count* credits aside for one message, out of the lots that expire first.

        Raises:
            InsufficientCredits: fewer are available; nothing is held.
            KeyReused: the key stands for something else.
        """
        return self._post(HoldCredit(key=key, count=count, note=note), at)

    def hold_batch(self, wanted: Sequence[tuple[str, int]], *, at: datetime) -> BatchHold:
        """Hold for pairs of key and price, in order until the lots cannot pay, as one begin does. All keys are new.

        Raises:
            KeyReused: a key was used before; nothing is held.
            ValueError: a key stands there twice.
        """
        for key, _ in wanted:
            if (EntrySlot.OPENING, require_key(key)) in self._by_key:
                raise KeyReused(key)
        batch = hold_batch(self._lots.values(), wanted, at)
        self._append(batch.lapses, batch.changed)
        self._append((hold_entry(key, shares, to_utc(at)) for key, shares in batch.held.items()), ())
        return batch

    def settle(self, key: str, count: int, *, at: datetime, reference: str = "") -> Entry:
        """End a hold: *count* credits are spent, the rest goes back to its lots; to lots that have expired, in vain.

        Args:
            reference: What the provider calls the message; its bill may name it so.

        Raises:
            HoldNotFound: nothing was held under *key*.
            CreditsExceeded: less was held.
            KeyReused: the hold has ended otherwise.
        """
        return self._post(SettleHold(key=key, count=count, reference=reference), at)

    def release(self, key: str, *, at: datetime) -> Entry:
        """End a hold of which nothing was spent. Raises the same."""
        return self._post(ReleaseHold(key=key), at)

    def expire(self, *, at: datetime) -> tuple[Entry, ...]:
        """Write down what has expired by *at*. Every other verb does it first, so this is only for the looks."""
        purse = Purse(self._lots.values(), at)
        self._append(purse.lapses, purse.changed)
        return purse.lapses

    def refund(self, key: str, count: int, *, of: str, at: datetime, note: str = "") -> Entry:
        """Give back *count* of the credits that the hold *of* came to cost.

        Raises:
            HoldNotFound: nothing was held under *of*.
            CreditsExceeded: fewer of its credits are spent and not yet refunded.
            KeyReused: the key stands for something else.
        """
        return self._post(RefundCredit(key=key, of=of, count=count, note=note), at)

    def adjust(
        self, key: str, count: int, *, at: datetime, expires_at: datetime | None = None, note: str = ""
    ) -> Entry:
        """Correct the balance: a lot more, or with a *count* below 0 so much taken back of what was granted.

        Raises:
            InsufficientCredits: less is available than is to be taken away.
            KeyReused: the key stands for something else.
        """
        return self._post(AdjustCredit(key=key, count=count, expires_at=expires_at, note=note), at)

    def balance(self, *, at: datetime) -> Balance:
        """Return what there is at *at*, no earlier than the last entry."""
        return make_balance(self._lots.values(), at)

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries in the order in which they were appended."""
        return tuple(self._entries)

    def statement(self, *, until: datetime, since: datetime | None = None) -> Statement:
        """Return opening, movements and closing of a period. What expires in it is on it, noticed or not."""
        entries = (*self._entries, *due_lapses(self._lots.values(), to_utc(until)))
        return make_statement(entries, since=since, until=until)

    def reconcile(
        self, bill: Iterable[BillLine], *, since: datetime | None = None, until: datetime | None = None
    ) -> Reconciliation:
        """Return where a provider's bill for a period differs from what was spent here, message by message."""
        return reconcile(self._entries, bill, since=since, until=until)

    def _post(self, request: CreditRequest, at: datetime) -> Entry:
        posting = post(self._facts(request), request, at)
        self._append(posting.entries, posting.changed)
        if isinstance(request, RefundCredit) and not posting.is_repeated:
            self._refunded[request.of] = self._refunded.get(request.of, 0) + request.count
        return posting.entry

    def _facts(self, request: CreditRequest) -> PostingFacts:
        of = request.of if isinstance(request, RefundCredit) else request.key
        return PostingFacts(
            lots=tuple(self._lots.values()),
            next_number=len(self._lots) + 1,
            same_key=self._by_key.get((EntrySlot.OPENING, request.key)),
            hold=self._by_key.get((EntrySlot.OPENING, of)),
            ending=self._by_key.get((EntrySlot.ENDING, of)),
            refunded=self._refunded.get(of, 0),
        )

    def _append(self, entries: Iterable[Entry], changed: Iterable[Lot]) -> None:
        for entry in entries:
            self._entries.append(entry)
            self._by_key[entry.slot, entry.key] = entry
        self._lots.update((lot.number, lot) for lot in changed)
