"""PostgreSQL restarted, read-only, slow or cut off amid a word: nothing is lost or doubled, and the worker goes on."""

import itertools
import pickle
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy.engine.interfaces import IsolationLevel

from campaignkit.clocks import FrozenClock
from campaignkit.delivery.begin import BeginVerdict
from campaignkit.errors import StoreUnavailable
from campaignkit.kit import CampaignKit
from campaignkit.stores.sql import SqlStore
from campaignkit.testing.store_laws.bench import MERCHANT, START, Bench
from campaignkit.transports.function import FunctionTransport
from tests.dispatch.scenes import FRIDAY, Notebook, make_scene
from tests.dispatch.test_engine_faults import assert_accounted_for
from tests.services.cutting import Cutter, Place, cutting
from tests.services.postgres import Postgres, missing, postgres, started_postgres

if TYPE_CHECKING:
    import psycopg

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture
def database() -> Iterator[str]:
    with postgres().database() as name:
        yield name


@pytest.fixture
def cutter() -> Iterator[Cutter]:
    with cutting(postgres().socket_folder) as cutter:
        yield cutter


@attrs.define
class Patience:
    """A stop that is set after so many waits, each of which lasts as long as it is told on a clock that jumps."""

    clock: FrozenClock
    waits: int = 9

    def is_set(self) -> bool:
        return self.waits == 0

    def wait(self, timeout: float | None = None) -> bool:
        self.waits -= 1
        self.clock.advance(timedelta(seconds=timeout or 0))
        return self.is_set()


def hang_up(database: str) -> None:
    """End every connection to *database*, as an administrator or a failover does."""
    with postgres().connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (database,)
        )


def begun_bench(url: str | sa.Engine) -> Bench:
    bench = Bench(SqlStore(url, clock=FrozenClock(START)), FrozenClock(START))
    bench.campaign()
    return bench


# the worker goes on


@pytest.fixture(scope="module")
def own_server() -> Iterator[Postgres]:
    with started_postgres() as server:
        yield server


@pytest.mark.parametrize("mode", ["immediate", "fast"])
@pytest.mark.parametrize("stops_at", [1, 10])
def test_a_worker_outlives_a_restart_of_its_server(own_server: Postgres, mode: str, stops_at: int) -> None:
    """Though its commits were not to be flushed: one that were lost would be a message sent twice."""
    clock, book, troubles = FrozenClock(FRIDAY), Notebook(), list[StoreUnavailable]()
    database = own_server.create_migrated()
    own_server.run(f"ALTER DATABASE {database} SET synchronous_commit = off")
    store = SqlStore(own_server.url(database), clock=clock)
    scene = make_scene(store, FunctionTransport("email", book), clock=clock)

    def on_unavailable(trouble: StoreUnavailable) -> None:
        troubles.append(trouble)
        if len(troubles) == 3:
            own_server.start()

    book.on_accept = lambda _: own_server.stop(mode) if len(book.accepted) == stops_at else None
    scene.kit.serve(Patience(clock), poll_seconds=300, on_unavailable=on_unavailable)

    assert len(troubles) == 3
    assert_accounted_for(scene, book.accepted, doubts=1)
    scene.kit.close()


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_commit_that_is_cut_off_loses_and_doubles_nothing(cutter: Cutter, place: Place) -> None:
    for number in itertools.count(1):
        with postgres().database() as database:
            clock, book, troubles = FrozenClock(FRIDAY), Notebook(), list[StoreUnavailable]()
            store = SqlStore(postgres().url(database, host=cutter.folder), clock=clock)
            scene = make_scene(store, FunctionTransport("email", book), clock=clock, recipients=2)
            cutter.cut(place, at=number)
            scene.kit.serve(Patience(clock), poll_seconds=300, on_unavailable=troubles.append)
            has_cut = cutter.has_cut
            cutter.cut(place, at=0)

            assert len(troubles) == has_cut
            assert_accounted_for(scene, book.accepted, count=2, doubts=1)
            scene.kit.close()
        if not has_cut:
            break

    assert number > 5


def test_a_lost_answer_to_a_commit_is_told_as_unknown_and_repeating_is_safe(database: str, cutter: Cutter) -> None:
    bench = begun_bench(postgres().url(database, host=cutter.folder))
    claim = bench.claim_one()
    cutter.cut("after", at=1)
    with pytest.raises(StoreUnavailable) as unknown:
        bench.begin(claim)
    again = bench.begin(claim)

    assert not unknown.value.is_undone
    assert bench.status() == "sending"
    assert again is BeginVerdict.STALE
    assert len(bench.attempts()) == 1
    bench.store.close()


def test_an_idle_worker_does_not_notice_that_its_connections_died(database: str) -> None:
    bench = begun_bench(postgres().url(database))
    claim = bench.claim_one()
    hang_up(database)
    began = bench.begin(claim)
    hang_up(database)

    assert began is BeginVerdict.GO
    assert bench.store.load(MERCHANT, "campaign", "c1") is not None
    bench.store.close()


# who gives way tries again


def test_a_deadlock_is_tried_again(database: str) -> None:
    """Ours waits first for what the other has, and is the first to look whether both wait for each other."""
    postgres().run(f"ALTER DATABASE {database} SET deadlock_timeout = '3s'")
    engine = sa.create_engine(postgres().url(database))
    bench, said = begun_bench(engine), heard_errors(engine)
    claims = bench.claims("ann", "bob")
    lock = "SELECT 1 FROM campaignkit_recipients WHERE recipient_id = %s FOR UPDATE"
    with postgres().connect(database) as other, postgres().connect() as onlooker, ThreadPoolExecutor() as pool:
        other.execute("SET deadlock_timeout = '30s'")
        other.execute("BEGIN")
        other.execute(lock, ["c1bob"])
        beginning = pool.submit(bench.begin_all, claims)
        wait_for_a_lock(onlooker, database)
        other.execute(lock, ["c1ann"])
        other.execute("COMMIT")
        answers = beginning.result(20)

    assert said == ["DeadlockDetected"]
    assert answers == [BeginVerdict.GO, BeginVerdict.GO]
    assert [len(bench.attempts(f"c1{name}")) for name in ("ann", "bob")] == [1, 1]
    engine.dispose()


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_serialization_failure_is_tried_again(database: str, level: IsolationLevel) -> None:
    engine = sa.create_engine(postgres().url(database), isolation_level=level)
    bench, said = begun_bench(engine), heard_errors(engine)
    claim = bench.claim_one()
    touched: list[str] = []

    def touch(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM campaignkit_recipients" in statement and "FOR UPDATE" in statement and not touched:
            touched.append(statement)
            postgres().run("UPDATE campaignkit_recipients SET detail = 'touched'", database)

    sa.event.listen(engine, "before_cursor_execute", touch)
    began = bench.begin(claim)

    assert said == ["SerializationFailure"]
    assert began is BeginVerdict.GO
    assert len(bench.attempts()) == 1
    engine.dispose()


def heard_errors(engine: sa.Engine) -> list[str]:
    """Return a list that the names of the server's errors come into."""
    said: list[str] = []
    sa.event.listen(engine, "handle_error", lambda context: said.append(type(context.original_exception).__name__))
    return said


def wait_for_a_lock(onlooker: "psycopg.Connection", database: str) -> None:
    """Return when somebody on *database* waits for somebody else."""
    ends_at = time.monotonic() + 20
    asked = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    while onlooker.execute(asked, (database,)).fetchone() is None:
        assert time.monotonic() < ends_at, "nobody waits"
        time.sleep(0.01)


# what waiting may mend is said so


def test_a_read_only_database_is_unavailable_to_writers_and_answers_readers(database: str) -> None:
    bench = begun_bench(postgres().url(database))
    claim = bench.claim_one()
    postgres().run(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    hang_up(database)
    with pytest.raises(StoreUnavailable, match="read-only transaction") as refused:
        bench.begin(claim)
    seen = bench.status()
    postgres().run(f"ALTER DATABASE {database} RESET default_transaction_read_only")
    hang_up(database)

    assert refused.value.code == "store_unavailable"
    assert (seen, bench.begin(claim)) == ("claimed", BeginVerdict.GO)
    bench.store.close()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        pytest.param("statement_timeout", "canceling statement due to statement timeout", id="statement timeout"),
        pytest.param("lock_timeout", "canceling statement due to lock timeout", id="lock timeout"),
    ],
)
def test_a_statement_that_may_not_take_longer_is_said_to_and_nothing_is_done(
    database: str, setting: str, said: str
) -> None:
    bench = begun_bench(postgres().url(database) + f"&options=-c%20{setting}%3D200ms")
    claim = bench.claim_one()
    with postgres().connect(database) as other:
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM campaignkit_recipients FOR UPDATE")
        with pytest.raises(StoreUnavailable, match=said):
            bench.begin(claim)
        other.execute("ROLLBACK")

    assert (bench.status(), bench.attempts()) == ("claimed", ())
    assert bench.begin(claim) is BeginVerdict.GO
    bench.store.close()


def test_a_server_that_is_not_there_is_unavailable_from_the_start(tmp_path: Path) -> None:
    store = SqlStore(postgres().url("campaigns", host=tmp_path))
    with pytest.raises(StoreUnavailable, match="the database cannot be used at the moment: connection") as none:
        CampaignKit(store=store)

    assert str(pickle.loads(pickle.dumps(none.value))) == str(none.value)


def test_what_waiting_does_not_mend_goes_on_as_the_databases_own_error(database: str) -> None:
    postgres().run("DROP TABLE campaignkit_suppressions", database)
    store = SqlStore(postgres().url(database), clock=FrozenClock(START))
    with pytest.raises(sa.exc.ProgrammingError) as refused:
        store.suppress(MERCHANT, ["ann@example.com"], reason="asked")

    assert "ann@example.com" not in str(refused.value)
    store.close()
