"""What is posted to a merchant's ledger, and what is read of it, in SQL. Each works inside the caller's transaction."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from campaignkit.campaign.recipients import Attempt
from campaignkit.credits.entries import Entry, EntryKind, EntrySlot, Position
from campaignkit.credits.lots import Lot, load_shares
from campaignkit.credits.posting import CreditRequest, PostingFacts, RefundCredit, post
from campaignkit.credits.purse import Purse
from campaignkit.stores.sql.audience import attempt_of
from campaignkit.stores.sql.connection import ReadNow
from campaignkit.stores.sql.crediting import entry_row, wake_waiting, write_lots
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.schema import IS_OPEN_LOT, attempts, credit_entries, credit_lots
from campaignkit.stores.sql.statements import lock_number

__all__ = ["charged", "is_out_of_credit", "lots_of", "post_all", "posted"]


def post_all(
    driver: Driver, merchant_id: str, requests: Sequence[CreditRequest], *, read_now: ReadNow
) -> Sequence[Entry]:
    """Do all of *requests*, one after the other."""
    _lock_ledger(driver.connection, merchant_id)
    now = read_now(driver.connection)
    before = _available(driver.connection, merchant_id, now)
    entries = [_post_one(driver, merchant_id, request, now) for request in requests]
    if _available(driver.connection, merchant_id, now) > before:
        wake_waiting(driver.connection, merchant_id, now)
    return entries


def _post_one(driver: Driver, merchant_id: str, request: CreditRequest, now: datetime) -> Entry:
    connection = driver.connection
    posting = post(_facts(connection, merchant_id, request), request, now)
    if posting.entries:
        connection.execute(sa.insert(credit_entries), [entry_row(merchant_id, entry) for entry in posting.entries])
    known = set(connection.execute(_numbers(merchant_id)).scalars())
    write_lots(driver, merchant_id, [lot for lot in posting.changed if lot.number in known])
    made = [_lot_row(merchant_id, lot) for lot in posting.changed if lot.number not in known]
    if made:
        connection.execute(sa.insert(credit_lots), made)
    return posting.entry


def _facts(connection: sa.Connection, merchant_id: str, request: CreditRequest) -> PostingFacts:
    of = request.of if isinstance(request, RefundCredit) else request.key
    told = {
        (entry.slot, entry.key): entry
        for key in {of, request.key}
        for entry in _of_attempt(connection, merchant_id, key)
    }
    written = {(entry.slot, entry.key): entry for entry in _written(connection, merchant_id, {of, request.key})}
    # What an attempt holds is ended by its settlement, so only a refund looks at it.
    endable = {**told, **written} if isinstance(request, RefundCredit) else written
    hold = endable.get((EntrySlot.OPENING, of))
    return PostingFacts(
        lots=_lots(connection, merchant_id, () if hold is None else [number for number, _ in hold.shares]),
        next_number=connection.execute(_next_number(merchant_id)).scalar_one(),
        same_key=written.get((EntrySlot.OPENING, request.key)) or told.get((EntrySlot.OPENING, request.key)),
        hold=hold,
        ending=endable.get((EntrySlot.ENDING, of)),
        refunded=connection.execute(_refunded(merchant_id, of)).scalar_one(),
    )


def _of_attempt(connection: sa.Connection, merchant_id: str, key: str) -> Sequence[Entry]:
    recipient_id, _, epoch = key.rpartition("/")
    if not (recipient_id and epoch.isascii() and epoch.isdigit() and len(epoch) < 10):
        return ()
    row = connection.execute(
        sa.select(attempts).where(
            attempts.c.merchant_id == merchant_id,
            attempts.c.recipient_id == recipient_id,
            attempts.c.epoch == int(epoch),
        )
    ).first()
    return () if row is None else attempt_of(row).credit_entries


def _written(connection: sa.Connection, merchant_id: str, keys: set[str]) -> Sequence[Entry]:
    rows = connection.execute(
        sa.select(credit_entries).where(credit_entries.c.merchant_id == merchant_id, credit_entries.c.key.in_(keys))
    )
    return [_entry(row) for row in rows]


def _lots(connection: sa.Connection, merchant_id: str, paid: Sequence[int]) -> Sequence[Lot]:
    """Return the open lots, and those that paid, locked."""
    query = (
        sa.select(credit_lots)
        .where(credit_lots.c.merchant_id == merchant_id, sa.or_(IS_OPEN_LOT, credit_lots.c.lot_number.in_(paid)))
        .order_by(credit_lots.c.lot_number)
    )
    return [_lot(row) for row in connection.execute(query.with_for_update())]


def _numbers(merchant_id: str) -> sa.Select[Any]:
    return sa.select(credit_lots.c.lot_number).where(credit_lots.c.merchant_id == merchant_id)


def _next_number(merchant_id: str) -> sa.Select[Any]:
    highest = sa.func.coalesce(sa.func.max(credit_lots.c.lot_number), 0)
    return sa.select(highest + 1).where(credit_lots.c.merchant_id == merchant_id)


def _refunded(merchant_id: str, of: str) -> sa.Select[Any]:
    count = sa.func.coalesce(sa.func.sum(credit_entries.c.credit_count), 0)
    return sa.select(sa.cast(count, sa.BigInteger)).where(
        credit_entries.c.merchant_id == merchant_id, credit_entries.c.of == of
    )


def _lock_ledger(connection: sa.Connection, merchant_id: str) -> None:
    """Let nobody else post for this merchant until the transaction ends: the first grant has no row to be locked."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_number("credit", merchant_id))))


def is_out_of_credit(connection: sa.Connection, merchant_id: str, needed: int, now: datetime) -> bool:
    """Return whether *needed* cannot be paid; nobody grants, holds or gives back until the transaction ends."""
    _lock_ledger(connection, merchant_id)
    return _available(connection, merchant_id, now) < needed


def _available(connection: sa.Connection, merchant_id: str, now: datetime) -> int:
    return Purse(_lots(connection, merchant_id, ()), now).available


def lots_of(connection: sa.Connection, merchant_id: str) -> Sequence[Lot]:
    """Return all lots of a merchant by number."""
    query = sa.select(credit_lots).where(credit_lots.c.merchant_id == merchant_id).order_by(credit_lots.c.lot_number)
    return [_lot(row) for row in connection.execute(query)]


def posted(connection: sa.Connection, merchant_id: str) -> Sequence[Entry]:
    """Return the entries that stand on no attempt, in order."""
    query = (
        sa.select(credit_entries).where(credit_entries.c.merchant_id == merchant_id).order_by(credit_entries.c.position)
    )
    return [_entry(row) for row in connection.execute(query)]


def charged(
    connection: sa.Connection, merchant_id: str, *, after: tuple[str, int] | None, limit: int
) -> Sequence[Attempt]:
    """Return attempts that credit was held for, by recipient and epoch."""
    place = (attempts.c.recipient_id, attempts.c.epoch)
    query = sa.select(attempts).where(attempts.c.merchant_id == merchant_id, sa.text("credit_shares > ''"))
    # SQLite would read all that the merchant ever sent, mail too, by the primary key.
    query = query.with_hint(attempts, "INDEXED BY ix_campaignkit_attempts_charged", "sqlite")
    if after is not None:
        query = query.where(sa.tuple_(*place) > sa.tuple_(*after))
    return [attempt_of(row) for row in connection.execute(query.order_by(*place).limit(limit))]


def _lot(row: Any) -> Lot:
    fields = row._asdict()
    del fields["merchant_id"]
    return Lot(number=fields.pop("lot_number"), **fields)


def _lot_row(merchant_id: str, lot: Lot) -> dict[str, Any]:
    names = ("key", "granted", "available", "held", "spent", "expired", "granted_at", "expires_at", "used_at")
    values = {name: getattr(lot, name) for name in names}
    return {"merchant_id": merchant_id, "lot_number": lot.number, **values}


def _entry(row: Any) -> Entry:
    granted, available, held, spent, expired = json.loads(row.change)
    return Entry(
        key=row.key,
        kind=EntryKind(row.kind),
        at=row.at,
        count=row.credit_count,
        change=Position(granted=granted, available=available, held=held, spent=spent, expired=expired),
        shares=load_shares(row.shares),
        of=row.of,
        expires_at=row.expires_at,
        reference=row.reference,
        note=row.note,
    )
