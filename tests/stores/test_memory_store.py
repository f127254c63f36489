"""MemoryStore keeps every law of a store, and what only it promises."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from campaignkit.campaign.status import RecipientEvent
from campaignkit.clocks import FrozenClock
from campaignkit.ports import Clock, Reaped, Store
from campaignkit.stores import MemoryStore
from campaignkit.testing.store_laws import StoreLaws, store_machine
from campaignkit.testing.store_laws.bench import LEASE, MERCHANT, START, Bench


class TestMemoryStore(StoreLaws):
    def make_store(self, clock: Clock) -> Store:
        return MemoryStore(clock)


TestMemoryStoreMachine = store_machine(MemoryStore, max_examples=60).TestCase


@pytest.fixture
def bench() -> Bench:
    clock = FrozenClock(START)
    return Bench(MemoryStore(clock), clock)


def test_a_row_of_another_campaign_is_refused(bench: Bench) -> None:
    bench.campaign()
    for row in (bench.row("ann", campaign_id="c2"), bench.row("ann", merchant_id="other")):
        with pytest.raises(ValueError, match="another campaign"):
            bench.store.add_recipients(MERCHANT, "c1", [row])

    assert list(bench.rows()) == []


def test_one_id_for_two_rows_is_refused(bench: Bench) -> None:
    bench.campaign()
    bench.add("ann")
    thief = bench.row("bob", recipient_id="c1ann")
    for rows in ([thief], [bench.row("cid", recipient_id="new"), bench.row("dan", recipient_id="new")]):
        with pytest.raises(ValueError, match="one recipient_id"):
            bench.store.add_recipients(MERCHANT, "c1", rows)

    assert [row.contact_key for row in bench.rows()] == ["key of ann"]


def test_recipients_are_moved_by_hand_only_where_the_table_lets_them(bench: Bench) -> None:
    with pytest.raises(ValueError, match="not by begin"):
        bench.store.move_recipients(MERCHANT, "c1", RecipientEvent.BEGIN, reason="by_hand")


def test_the_kits_clock_decides_where_the_store_has_none() -> None:
    store, clock = MemoryStore(), FrozenClock(START)
    bench = Bench(store, clock)
    store.bind_clock(FrozenClock(START - timedelta(days=9)))
    store.bind_clock(clock)
    bench.campaign()
    bench.claim_one()
    clock.advance(LEASE)

    assert store.reap() == Reaped(released=1)


def test_the_systems_clock_decides_where_there_is_no_kit() -> None:
    bench = Bench(MemoryStore(), FrozenClock(START))
    bench.campaign()

    claim = bench.claim_one()

    assert claim.recipient.lease_until is not None
    assert abs(claim.recipient.lease_until - LEASE - datetime.now(UTC)) < timedelta(minutes=1)


def test_nobody_pays_for_a_database_or_a_test_tool_that_is_not_asked_for() -> None:
    code = (
        "import sys, campaignkit.stores, campaignkit.testing.store_laws as laws; laws.check_store; "
        "print(*({'sqlalchemy', 'alembic', 'pytest', 'hypothesis'} & set(sys.modules)))"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert printed.stdout.split() == []


def test_what_is_not_there_is_not_handed_on() -> None:
    import campaignkit.stores
    import campaignkit.testing

    for module in (campaignkit.stores, campaignkit.testing, campaignkit.testing.store_laws):
        with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
            _ = module.Nothing
