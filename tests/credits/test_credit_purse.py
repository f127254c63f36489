"""One read and one write of the lots per commit, the text of what they paid, and rows that a store must not have."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.credits import (
    EntryKind,
    Lot,
    Position,
    Purse,
    attempt_entries,
    dump_shares,
    hold_batch,
    load_shares,
    settle_batch,
)
from campaignkit.credits.lots import split_shares, total
from campaignkit.errors import StoreBroken

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

shares_texts = st.lists(st.tuples(st.integers(1, 2**62), st.integers(1, 10**12))).map(tuple)


def lot(number: int, available: int, *, hours: int | None = None, held: int = 0) -> Lot:
    expires_at = None if hours is None else NOON + hours * HOUR
    granted = available + held
    return Lot(
        number=number,
        key=f"g{number}",
        granted=granted,
        available=available,
        held=held,
        granted_at=NOON - DAY,
        expires_at=expires_at,
    )


@given(shares_texts)
def test_shares_come_back_from_their_text(shares):
    assert load_shares(dump_shares(shares)) == shares


@pytest.mark.parametrize(
    "text", ["1", "1:", ":1", "1:0", "1:-2", "1:2  3:4", "1:2,3:4", "a:b", "1:2:3", "١:٢", "1:1.0"]
)
def test_another_text_is_refused(text):
    with pytest.raises(ValueError, match="this is not the text of what lots paid"):
        load_shares(text)


@given(shares_texts, st.integers(0, 10**13))
def test_a_split_loses_nothing(shares, count):
    first, rest = split_shares(shares, count)

    assert total(first) == min(count, total(shares))
    assert total(first) + total(rest) == total(shares)
    assert all(paid > 0 for _, paid in (*first, *rest))


def test_only_lots_that_changed_are_to_be_written():
    batch = hold_batch([lot(1, 5, hours=9), lot(2, 5, hours=1), lot(3, 5)], [("a", 4), ("b", 3)], NOON)

    assert batch.held == {"a": ((2, 4),), "b": ((2, 1), (1, 2))}
    assert [(one.number, one.available, one.held, one.used_at) for one in batch.changed] == [
        (1, 3, 2, NOON),
        (2, 0, 5, NOON),
    ]
    assert [one.number for one in batch.lots] == [1, 2, 3]


def test_a_batch_that_nobody_can_pay_writes_nothing():
    batch = hold_batch([lot(1, 5)], [("a", 6), ("b", 1)], NOON)

    assert (batch.held, batch.unpaid, batch.changed, batch.lapses) == ({}, ("a", "b"), (), ())


def test_without_any_lot_everything_is_unpaid():
    assert hold_batch([], [("a", 1)], NOON).unpaid == ("a",)


def test_the_order_in_which_lots_were_read_is_of_no_account():
    lots = [lot(1, 5, hours=9), lot(2, 5, hours=1), lot(3, 5), lot(4, 5, hours=1)]

    assert hold_batch(lots, [("a", 17)], NOON) == hold_batch(lots[::-1], [("a", 17)], NOON)


def test_what_has_expired_pays_nobody_and_is_written_down():
    batch = hold_batch([lot(1, 5, hours=0), lot(2, 1)], [("a", 1), ("b", 1)], NOON)

    assert batch.held == {"a": ((2, 1),)}
    assert [(entry.kind, entry.key, entry.count) for entry in batch.lapses] == [(EntryKind.EXPIRE, "g1", 5)]
    assert [(one.number, one.expired) for one in batch.changed] == [(1, 5), (2, 0)]


def test_settling_and_holding_may_share_a_commit():
    purse = Purse([lot(1, 1, held=5)], NOON)

    assert purse.hold(1) == ((1, 1),)
    assert purse.settle(((1, 5),), 3) == 0
    assert purse.hold(2) == ((1, 2),)
    assert (purse.changed[0].available, purse.changed[0].held, purse.changed[0].spent) == (0, 3, 3)


def test_once_dry_a_purse_pays_nothing_cheaper():
    purse = Purse([lot(1, 5)], NOON)

    assert (purse.admit(5), purse.hold(6), purse.admit(1), purse.hold(1)) == (True, None, False, None)


def test_whoever_is_admitted_consumes_nothing_yet():
    purse = Purse([lot(1, 5)], NOON)

    assert (purse.admit(5), purse.admit(5), purse.hold(5), purse.admit(1)) == (True, True, ((1, 5),), False)


def test_a_settled_batch_tells_what_expired():
    lots = [lot(1, 0, hours=-1, held=6), lot(2, 0, held=6)]
    batch = settle_batch(lots, [(((1, 3), (2, 3)), 1), (((1, 3), (2, 3)), 0)], NOON)

    assert batch.expired == (2, 3)
    assert [(one.available, one.held, one.spent, one.expired) for one in batch.lots] == [(0, 0, 1, 5), (6, 0, 0, 0)]


def test_more_than_was_held_cannot_be_spent():
    with pytest.raises(ValueError, match="3 credits cannot be spent of 2 that were held"):
        settle_batch([lot(1, 0, held=2)], [(((1, 2),), 3)], NOON)


def test_a_lot_that_paid_has_to_be_read():
    with pytest.raises(StoreBroken, match="lot 7 paid for a message and was not read"):
        settle_batch([lot(1, 5)], [(((7, 2),), 2)], NOON)


def test_a_hold_cannot_end_twice_unnoticed():
    ended = [(((1, 2),), 2), (((1, 2),), 2)]

    with pytest.raises(ValueError, match="lot 1 do not add up"):
        _ = settle_batch([lot(1, 5, held=2)], ended, NOON).changed


@pytest.mark.parametrize(
    "wrong",
    [
        {"available": 4},
        {"available": 6, "held": -1},
        {"available": 3, "expired": 2},
        {"available": 5, "spent": 1},
    ],
)
def test_a_lot_that_does_not_add_up_cannot_be(wrong):
    with pytest.raises(ValueError, match="the credits of lot 1 do not add up"):
        Lot(number=1, key="g1", granted=5, granted_at=NOON, **wrong)


def test_a_position_that_does_not_add_up_cannot_be():
    with pytest.raises(ValueError, match="these credits do not add up"):
        Position(granted=1, available=2)


def test_two_lots_of_one_number_are_refused():
    with pytest.raises(ValueError, match="two lots have one number"):
        Purse([lot(1, 5), lot(1, 4)], NOON)


def test_an_attempt_tells_its_entries():
    of_ann = partial(attempt_entries, key="ann/1", shares=((1, 2), (2, 1)), began_at=NOON)
    hold, settled = of_ann(settled_at=NOON + HOUR, spent=2, expired=1, reference="SM1")

    assert hold.change == Position(available=-3, held=3)
    assert settled.change == Position(held=-3, spent=2, expired=1)
    assert (settled.kind, settled.shares, settled.reference) == (EntryKind.SETTLE, ((1, 2),), "SM1")
    assert of_ann(settled_at=NOON, spent=0)[1].kind is EntryKind.RELEASE
    assert of_ann() == (hold,)
    assert attempt_entries(key="bob/1", shares=(), began_at=NOON) == ()
