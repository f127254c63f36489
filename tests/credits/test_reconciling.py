"""A provider's bill against the ledger: every difference has its reason, and they explain the whole."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import campaignkit as ck
from campaignkit.credits import BillLine, DifferenceReason, Reconciliation, reconcile
from campaignkit.credits.entries import attempt_entries

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def ledger() -> ck.CreditLedger:
    """Six messages of two credits, an hour apart, each with another end."""
    ledger = ck.CreditLedger()
    ledger.grant("g1", 100, at=NOON)
    for hour, key in enumerate(("settled", "less", "refunded", "released", "doubtful", "other")):
        ledger.hold(key, 2, at=NOON + hour * HOUR)
    later = NOON + 9 * HOUR
    ledger.settle("settled", 2, at=later, reference="SM1")
    ledger.settle("less", 1, at=later, reference="SM2")
    ledger.settle("refunded", 2, at=later)
    ledger.refund("r1", 2, of="refunded", at=later)
    ledger.release("released", at=later)
    ledger.settle("other", 2, at=later)
    return ledger


def told(found: Reconciliation) -> list[tuple[str, str, int]]:
    assert found.billed - found.spent == sum(one.excess for one in found.differences)
    return [(one.key, one.reason.value, one.excess) for one in found.differences]


def test_a_bill_that_agrees_has_no_differences(ledger):
    found = ledger.reconcile([BillLine("SM1", 2), BillLine("less", 1), BillLine("other", 2)])

    assert told(found) == []
    assert (found.billed, found.spent, found.matched) == (5, 5, 6)


def test_every_difference_has_its_reason(ledger):
    bill = [
        BillLine("SM1", 1),
        BillLine("SM2", 2),
        BillLine("refunded", 2),
        BillLine("released", 2),
        BillLine("doubtful", 2),
        BillLine("SM9", 3),
    ]

    assert told(ledger.reconcile(bill)) == [
        ("settled", "billed_less", -1),
        ("less", "billed_more", 1),
        ("refunded", "billed_refunded", 2),
        ("released", "billed_released", 2),
        ("doubtful", "billed_in_doubt", 2),
        ("other", "not_billed", -2),
        ("SM9", "billed_unknown", 3),
    ]


def test_what_is_billed_twice_stands_there_once_with_its_lines(ledger):
    (found,) = [one for one in ledger.reconcile([BillLine("SM1", 2), BillLine("settled", 2)]).differences if one.billed]

    assert (found.reason, found.billed, found.lines) == (DifferenceReason.BILLED_MORE, 4, 2)


def test_a_bill_of_a_period_lacks_only_what_began_in_it(ledger):
    found = ledger.reconcile([BillLine("SM1", 2)], since=NOON + HOUR, until=NOON + 5 * HOUR)

    assert told(found) == [("less", "not_billed", -1)]


def test_what_is_on_the_bill_is_looked_up_in_all_periods(ledger):
    found = ledger.reconcile([BillLine("other", 2)], until=NOON)

    assert (told(found), found.matched) == ([], 1)


def test_endings_may_come_before_their_holds(ledger):
    bill = [BillLine("SM1", 2), BillLine("SM7", 1)]

    assert reconcile(ledger.entries()[::-1], bill) == reconcile(ledger.entries(), bill)


@settings(deadline=None, max_examples=100)
@given(
    ends=st.lists(st.tuples(st.integers(1, 4), st.one_of(st.none(), st.integers(0, 4)), st.integers(0, 2)), max_size=8),
    lines=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=12),
)
def test_differences_explain_the_whole(ends, lines):
    ledger = ck.CreditLedger()
    ledger.grant("g1", 1_000, at=NOON)
    spent: Counter[str] = Counter()
    for place, (held, settled, refunded) in enumerate(ends):
        key = f"k{place}"
        ledger.hold(key, held, at=NOON)
        if settled is None:
            continue
        ledger.settle(key, min(settled, held), at=NOON)
        spent[key] = min(settled, held)
        if 0 < refunded <= spent[key]:
            ledger.refund(f"r{place}", refunded, of=key, at=NOON)
            spent[key] -= refunded
    bill = [BillLine(f"k{place}", count) for place, count in lines]
    billed = Counter[str]()
    for line in bill:
        billed[line.key] += line.count

    found = ledger.reconcile(bill)

    assert (found.billed, found.spent) == (billed.total(), spent.total())
    wrong = {one.key: one.excess for one in found.differences if one.excess}
    assert wrong == {key: billed[key] - spent[key] for key in {*billed, *spent} if billed[key] != spent[key]}


def test_of_several_tries_of_one_message_the_bill_means_the_one_that_cost_something():
    released = attempt_entries(key="r1/1", shares=((1, 2),), began_at=NOON, settled_at=NOON, spent=0, message_id="r1.1")
    paid = attempt_entries(key="r1/2", shares=((1, 2),), began_at=NOON, settled_at=NOON, spent=2, message_id="r1.1")

    for entries in ((*released, *paid), (*paid, *released)):
        assert reconcile(entries, [BillLine("r1.1", 2)]).differences == ()
