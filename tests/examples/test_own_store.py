"""The store of the how-to keeps every law of a store, on a real PostgreSQL, and carries a campaign."""

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest

from campaignkit.campaign.status import RecipientEvent, RecipientStatus
from campaignkit.clocks import FrozenClock
from campaignkit.delivery.begin import BeginVerdict
from campaignkit.errors import StoreUnavailable
from campaignkit.ports import Clock, Store
from campaignkit.testing import StoreLaws, store_machine
from campaignkit.testing.store_laws.bench import LEASE, MERCHANT, START, Bench
from campaignkit.timing.limits import Limit, LimitScope
from examples.own_store import campaign
from examples.own_store.recipients import BATCH_MAX
from examples.own_store.store import OwnStore
from tests.services.postgres import missing, postgres

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"NO POSTGRESQL, so the store was not tried: {missing()}")


TABLES = [
    "documents",
    "timeline",
    "recipients",
    "attempts",
    "suppressions",
    "limits",
    "lots",
    "entries",
    "events",
    "message_names",
]
EMPTY = "".join(f"DELETE FROM own_{name};" for name in TABLES)  # sooner done than a new database


@cache
def database() -> str:
    """Return the name of the one database of these tests, which has all tables."""
    name = postgres().create_database()
    store = OwnStore(conninfo(name))
    store.upgrade()
    store.close()
    return name


def conninfo(name: str) -> str:
    return f"host={postgres().socket_folder} user=postgres dbname={name}"


class EmptyStore(OwnStore):
    """A store without a row. Connecting takes longer than a law, so the next one uses what this one leaves."""

    left: ClassVar[list["psycopg.Connection[Any]"]] = []

    def __init__(self, clock: Clock) -> None:
        super().__init__(conninfo(database()), clock)
        self._idle = self.left
        with self.writing_alone() as work:
            work.run(EMPTY)

    def close(self) -> None:
        """Leave the connections to the next one."""


class TestOwnStore(StoreLaws):
    def make_store(self, clock: Clock) -> Store:
        return EmptyStore(clock)


TestOwnStoreMachine = store_machine(EmptyStore, max_examples=3, step_count=20).TestCase


@pytest.fixture
def bench() -> Iterator[Bench]:
    clock = FrozenClock(START)
    store = EmptyStore(clock)
    yield Bench(store, clock)
    store.close()


@pytest.fixture(scope="module", autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    while EmptyStore.left:
        EmptyStore.left.pop().close()


def test_another_process_finds_what_was_counted_and_who_is_being_sent_to(bench: Bench) -> None:
    scopes = (LimitScope("sender/flora/main", (Limit(1, per=timedelta(days=1)),)),)
    bench.campaign()
    first, second = bench.claims("ann", "bob")
    assert bench.begin(first, limit_scopes=scopes) is BeginVerdict.GO

    again = OwnStore(conninfo(database()), bench.clock)
    later = Bench(again, bench.clock)

    assert later.begin(second, limit_scopes=scopes) is BeginVerdict.LIMITED
    assert (later.status("c1ann"), later.status("c1bob")) == (RecipientStatus.SENDING, RecipientStatus.CLAIMED)
    again.close()


def test_more_than_a_batch_moves_and_is_reaped_in_one_call(bench: Bench) -> None:
    bench.campaign()
    bench.add(*(f"r{number}" for number in range(2 * BATCH_MAX + 1)))
    bench.claim(limit=BATCH_MAX + 1)

    moved = bench.store.move_recipients(MERCHANT, "c1", RecipientEvent.CANCEL, reason="removed")
    bench.clock.advance(LEASE)
    reaped = bench.store.reap()

    assert (moved, reaped.released) == (BATCH_MAX, BATCH_MAX + 1)


def test_any_text_comes_back_as_it_came(bench: Bench) -> None:
    odd = {"name": 'Zoë\0 "\\u0000" \ud83d', "n": "\u2028"}
    bench.campaign()

    bench.add("ann", fields=odd)

    assert bench.recipient().fields == odd


def test_without_a_server_the_store_is_unavailable() -> None:
    store = OwnStore("host=/nowhere connect_timeout=2")

    with pytest.raises(StoreUnavailable, match="the database cannot be used at the moment"):
        store.suppressed(MERCHANT, ["ann@example.com"])


def test_the_servers_clock_decides_where_the_store_has_none() -> None:
    store = OwnStore(conninfo(database()))
    store.bind_clock(FrozenClock(START))

    told = store.due(START, limit=1).now
    store.close()

    assert told is not None
    assert told > START


def test_a_campaign_that_one_process_began_is_finished_by_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with postgres().database(is_migrated=False) as name:
        campaign.main(conninfo(name), tmp_path)

    printed = capsys.readouterr().out
    assert "sent by one process     15\n" in printed
    assert "sent by the next        25\n" in printed
    assert "{'sent': 40}" in printed
    assert len(list(tmp_path.glob("*.eml"))) == 40
