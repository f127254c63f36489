"""A store as a database would be one: rows of numbers and text; of the lots, it reads those that it needs."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import attrs

from campaignkit.credits import (
    CreditRequest,
    Entry,
    EntrySlot,
    Lot,
    PostingFacts,
    RefundCredit,
    attempt_entries,
    dump_shares,
    hold_batch,
    load_shares,
    post,
    settle_batch,
)


@attrs.define
class AttemptRow:
    """The columns that an attempt needs for its credit."""

    key: str
    began_at: datetime
    price: int
    credit_shares: str
    settled_at: datetime | None = None
    credit_spent: int | None = None
    credit_expired: int = 0

    def entries(self) -> Sequence[Entry]:
        return attempt_entries(
            key=self.key,
            shares=load_shares(self.credit_shares),
            began_at=self.began_at,
            settled_at=self.settled_at,
            spent=self.credit_spent,
            expired=self.credit_expired,
        )


class RowStore:
    """Begin and settle as a store does them; what attempts say already is written nowhere else."""

    def __init__(self) -> None:
        self.lots: dict[int, tuple[Any, ...]] = {}
        self.attempts: dict[str, AttemptRow] = {}
        self.entry_rows: dict[tuple[EntrySlot, str], Entry] = {}

    def begin(self, wanted: Sequence[tuple[str, int]], now: datetime) -> tuple[str, ...]:
        batch = hold_batch(self.read(), wanted, now)
        self.write(batch.changed, batch.lapses)
        for key, price in wanted:
            if key in batch.held:
                self.attempts[key] = AttemptRow(key, now, price, dump_shares(batch.held[key]))
        return batch.unpaid

    def settle(self, ended: Sequence[tuple[str, int]], now: datetime) -> None:
        rows = [self.attempts[key] for key, _ in ended]
        shares = [load_shares(row.credit_shares) for row in rows]
        batch = settle_batch(
            self.read(pair for of_row in shares for pair in of_row),
            [(of_row, spent) for of_row, (_, spent) in zip(shares, ended, strict=True)],
            now,
        )
        self.write(batch.changed, batch.lapses)
        for row, (_, spent), expired in zip(rows, ended, batch.expired, strict=True):
            row.settled_at, row.credit_spent, row.credit_expired = now, spent, expired

    def post(self, request: CreditRequest, now: datetime) -> None:
        of = request.of if isinstance(request, RefundCredit) else request.key
        told = {(entry.slot, entry.key): entry for entry in self.attempts[of].entries()} if of in self.attempts else {}
        hold = told.get((EntrySlot.OPENING, of))
        refunds = (entry for entry in self.entry_rows.values() if entry.of == of)
        facts = PostingFacts(
            lots=self.read(() if hold is None else hold.shares),
            next_number=len(self.lots) + 1,
            same_key=self.entry_rows.get((EntrySlot.OPENING, request.key)),
            hold=hold,
            ending=told.get((EntrySlot.ENDING, of)),
            refunded=sum(entry.count for entry in refunds),
        )
        posting = post(facts, request, now)
        self.write(posting.changed, posting.entries)

    def read(self, shares: Iterable[tuple[int, int]] = ()) -> list[Lot]:
        """Return the open lots, and those that paid."""
        paid = {number for number, _ in shares}
        return [lot for lot in self.all_lots() if lot.is_open or lot.number in paid]

    def all_lots(self) -> list[Lot]:
        names = [field.name for field in attrs.fields(Lot)]
        return [Lot(**dict(zip(names, row, strict=True))) for row in self.lots.values()]

    def write(self, lots: Iterable[Lot], entries: Iterable[Entry]) -> None:
        for lot in lots:
            self.lots[lot.number] = attrs.astuple(lot)
        for entry in entries:
            assert (entry.slot, entry.key) not in self.entry_rows, "a unique index would refuse this row"
            self.entry_rows[entry.slot, entry.key] = entry

    def entries(self) -> list[Entry]:
        of_attempts = [entry for row in self.attempts.values() for entry in row.entries()]
        return [*self.entry_rows.values(), *of_attempts]
