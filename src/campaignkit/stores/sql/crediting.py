"""Credit in SQL: lots locked and read in begin's and settle's own transaction, what changed written back once."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.credits.entries import Entry
from campaignkit.credits.lots import Lot, Shares, dump_shares, load_shares
from campaignkit.credits.purse import Purse
from campaignkit.delivery.crediting import CREDIT_CAME, EndedHold, end_holds, given_up, waits_for_credit
from campaignkit.stores.sql.connection import ReadNow
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.schema import (
    IS_OPEN_LOT,
    attempts,
    campaigns,
    credit_entries,
    credit_lots,
    has_status,
    instant_or_none,
    recipients,
    to_micros,
)
from campaignkit.stores.sql.statements import Parameters, Statement, is_among
from campaignkit.stores.sql.timelines import add_note

__all__ = [
    "LOT_COLUMNS",
    "end_all",
    "end_in",
    "entry_row",
    "given_up_holds",
    "left_open_holds",
    "lock_lots",
    "lot_of",
    "open_shares",
    "wake_waiting",
    "write_lots",
    "write_purses",
]

LOT_COLUMNS = (
    credit_lots.c.lot_number,
    credit_lots.c.key,
    credit_lots.c.granted,
    credit_lots.c.available,
    credit_lots.c.held,
    credit_lots.c.spent,
    credit_lots.c.expired,
    credit_lots.c.granted_at,
    credit_lots.c.expires_at,
    credit_lots.c.used_at,
)
_OPEN_LOTS = Statement(
    ("merchant",),
    lambda _: (
        sa.select(*LOT_COLUMNS)
        .where(credit_lots.c.merchant_id == sa.bindparam("merchant"), IS_OPEN_LOT)
        .order_by(credit_lots.c.lot_number)
        .with_for_update()
    ),
)
_MOVING = ("granted", "available", "held", "spent", "expired", "used_at")
_WRITE_LOT = Statement(
    (*(f"new_{name}" for name in _MOVING), "merchant", "number"),
    lambda _: (
        sa.update(credit_lots)
        .where(
            credit_lots.c.merchant_id == sa.bindparam("merchant"), credit_lots.c.lot_number == sa.bindparam("number")
        )
        .values({name: sa.bindparam(f"new_{name}") for name in _MOVING})
    ),
)
_HOLDING = Statement(
    ("merchant", "ids"),
    lambda is_sqlite: sa.select(attempts.c.recipient_id, attempts.c.epoch, attempts.c.credit_shares).where(
        attempts.c.merchant_id == sa.bindparam("merchant"),
        sa.text("credit_shares > ''"),
        attempts.c.credit_ended_at.is_(None),
        is_among(attempts.c.recipient_id, "ids", is_sqlite=is_sqlite),
    ),
)
_END_HOLD = Statement(
    ("new_spent", "new_expired", "new_ended_at", "merchant", "recipient", "epoch"),
    lambda _: (
        sa.update(attempts)
        .where(
            attempts.c.merchant_id == sa.bindparam("merchant"),
            attempts.c.recipient_id == sa.bindparam("recipient"),
            attempts.c.epoch == sa.bindparam("epoch"),
            attempts.c.credit_ended_at.is_(None),
        )
        .values(
            credit_spent=sa.bindparam("new_spent"),
            credit_expired=sa.bindparam("new_expired"),
            credit_ended_at=sa.bindparam("new_ended_at"),
        )
    ),
)
_GIVING_UP = (
    sa.select(recipients.c.merchant_id, recipients.c.recipient_id, recipients.c.epoch, attempts.c.credit_shares)
    .select_from(
        recipients.join(
            attempts,
            sa.and_(
                attempts.c.merchant_id == recipients.c.merchant_id,
                attempts.c.recipient_id == recipients.c.recipient_id,
                attempts.c.epoch == recipients.c.epoch,
            ),
        )
    )
    .where(
        recipients.c.doubt_until.is_not(None),
        has_status(RecipientStatus.IN_DOUBT),
        attempts.c.credit_shares > "",
        attempts.c.credit_ended_at.is_(None),
    )
    .with_for_update(of=recipients)
)


# The attempts are locked as well: settling one that was left open leaves its recipient as it is.
_LEFT_OPEN = (
    sa.select(
        attempts.c.merchant_id,
        attempts.c.recipient_id,
        attempts.c.epoch,
        attempts.c.credit_shares,
        attempts.c.credit_ended_at,
    )
    .select_from(
        attempts.join(
            recipients,
            sa.and_(
                recipients.c.merchant_id == attempts.c.merchant_id,
                recipients.c.recipient_id == attempts.c.recipient_id,
            ),
        )
    )
    .where(attempts.c.doubt_until.is_not(None))
    .order_by(attempts.c.merchant_id, attempts.c.recipient_id, attempts.c.epoch)
    .with_for_update(of=(recipients, attempts))
)


def lot_of(row: Sequence[Any]) -> Lot:
    """Return the lot that a row of ``LOT_COLUMNS`` describes, its instants as the driver has them."""
    number, key, granted, available, held, spent, expired, granted_at, expires_at, used_at = row
    began = instant_or_none(granted_at)
    assert began is not None
    return Lot(
        number=number,
        key=key,
        granted=granted,
        available=available,
        held=held,
        spent=spent,
        expired=expired,
        granted_at=began,
        expires_at=instant_or_none(expires_at),
        used_at=instant_or_none(used_at),
    )


def lock_lots(driver: Driver, merchant_ids: Iterable[str]) -> dict[str, list[Lot]]:
    """Return the open lots of each merchant, locked until the transaction ends; whatever is held is on one of them."""
    return {one: [lot_of(row) for row in driver.rows(_OPEN_LOTS, (one,))] for one in sorted(set(merchant_ids))}


def write_purses(driver: Driver, purses: Mapping[str, Purse]) -> None:
    """Write the lots that changed, and the entries of those that had expired."""
    for merchant_id, purse in purses.items():
        write_lots(driver, merchant_id, purse.changed)
        if purse.lapses:
            driver.connection.execute(
                sa.insert(credit_entries), [entry_row(merchant_id, entry) for entry in purse.lapses]
            )


def write_lots(driver: Driver, merchant_id: str, lots: Iterable[Lot]) -> None:
    """Write what may change of lots that are there."""
    changed: list[Parameters] = [
        (
            *(lot.granted, lot.available, lot.held, lot.spent, lot.expired),
            None if lot.used_at is None else to_micros(lot.used_at),
            *(merchant_id, lot.number),
        )
        for lot in lots
    ]
    driver.run_each(_WRITE_LOT, changed)


def entry_row(merchant_id: str, entry: Entry) -> dict[str, Any]:
    """Return what is stored of an entry that stands on no attempt."""
    change = entry.change
    return {
        "merchant_id": merchant_id,
        "slot": entry.slot.value,
        "key": entry.key,
        "kind": entry.kind.value,
        "at": entry.at,
        "credit_count": entry.count,
        "change": json.dumps([change.granted, change.available, change.held, change.spent, change.expired]),
        "shares": dump_shares(entry.shares),
        "of": entry.of,
        "expires_at": entry.expires_at,
        "reference": entry.reference,
        "note": entry.note,
    }


def open_shares(driver: Driver, merchant_id: str, ids: Sequence[str]) -> dict[tuple[str, int], Shares]:
    """Return what is held for messages to recipients *ids*, by recipient and epoch."""
    rows = driver.rows(_HOLDING, (merchant_id, sorted(set(ids))))
    return {(recipient_id, epoch): load_shares(shares) for recipient_id, epoch, shares in rows}


def end_in(driver: Driver, purses: Mapping[str, Purse], holds: Sequence[EndedHold], now: datetime) -> None:
    """End *holds* in the purses of their merchants, on their attempts too; campaigns that wait for credit wake up."""
    for merchant_id, purse in purses.items():
        ended = end_holds(purse, [hold for hold in holds if hold.merchant_id == merchant_id])
        driver.run_each(
            _END_HOLD,
            [
                (one.hold.spent, one.expired, to_micros(now), merchant_id, one.hold.recipient_id, one.hold.epoch)
                for one in ended
            ],
        )
        if any(one.returned for one in ended):
            wake_waiting(driver.connection, merchant_id, now)


def end_all(driver: Driver, holds: Sequence[EndedHold], *, read_now: ReadNow) -> None:
    """End *holds* in a transaction that begins nothing."""
    if not holds:
        return
    lots = lock_lots(driver, [hold.merchant_id for hold in holds])
    now = read_now(driver.connection)
    purses = {merchant_id: Purse(mine, now) for merchant_id, mine in lots.items()}
    end_in(driver, purses, holds, now)
    write_purses(driver, purses)


def given_up_holds(connection: sa.Connection, now: datetime) -> list[EndedHold]:
    """Return what is held for messages in doubt that nobody will ever know of any more, their recipients locked."""
    rows = connection.execute(_GIVING_UP.where(recipients.c.doubt_until <= now))
    return [given_up(row.merchant_id, row.recipient_id, row.epoch, load_shares(row.credit_shares)) for row in rows]


def left_open_holds(connection: sa.Connection, now: datetime) -> list[EndedHold]:
    """Let go of attempts of which nobody will know any more and whose recipients went on; return what they hold."""
    rows = connection.execute(_LEFT_OPEN.where(attempts.c.doubt_until <= now)).all()
    for row in rows:
        connection.execute(
            sa.update(attempts)
            .where(
                attempts.c.merchant_id == row.merchant_id,
                attempts.c.recipient_id == row.recipient_id,
                attempts.c.epoch == row.epoch,
            )
            .values(doubt_until=None)
        )
    return [
        given_up(row.merchant_id, row.recipient_id, row.epoch, load_shares(row.credit_shares))
        for row in rows
        if row.credit_shares and row.credit_ended_at is None
    ]


def wake_waiting(connection: sa.Connection, merchant_id: str, now: datetime) -> None:
    """Make a merchant's campaigns due that are scheduled and wait for credit."""
    column = campaigns.c
    scheduled = sa.select(column.campaign_id, column.revision, column.body).where(
        column.merchant_id == merchant_id,
        column.status == CampaignStatus.SCHEDULED.value,
        # Others are not to be locked: somebody may begin for one that was paused and resumed, and wait for these lots.
        column.body.contains('"waiting_for": "credit"'),
    )
    for campaign_id, revision, text in connection.execute(scheduled.with_for_update()).all():
        body = json.loads(text)
        if not waits_for_credit(body):
            continue
        connection.execute(
            sa.update(campaigns)
            .where(column.merchant_id == merchant_id, column.campaign_id == campaign_id)
            .values(next_at=now, body=json.dumps(body | {"next_at": now.isoformat()}), revision=revision + 1)
        )
        add_note(connection, merchant_id, campaign_id, TimelineEntry(at=now, what="woken", why=CREDIT_CAME))
