"""Migrations on every database: up, down and up again, from many processes, and with an older version still at work."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from campaignkit.clocks import FrozenClock
from campaignkit.errors import SchemaOutdated, SchemaTooNew
from campaignkit.ports import Clock
from campaignkit.stores.sql import SqlStore
from campaignkit.stores.sql.schema import SCHEMA_REVISION, VERSION_TABLE, metadata
from campaignkit.transports.function import FunctionTransport
from tests.dispatch.scenes import FRIDAY, Notebook, make_scene
from tests.dispatch.test_engine_faults import assert_accounted_for
from tests.services.postgres import missing, postgres
from tests.stores.test_credit_lives import live

GENERATION = SCHEMA_REVISION[:2]
LATER, NEXT_GENERATION = f"{GENERATION}99", f"{int(GENERATION) + 1:02}01"


needs_postgres = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/campaigns.db"
        return
    with postgres().database(is_migrated=False) as name:
        yield postgres().url(name)


def difference(url: str) -> list[object]:
    """Return in what the tables differ from those that the code expects."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        found = compare_metadata(context, metadata)
    engine.dispose()
    return list(found)


def be_upgraded(url: str, revision: str) -> None:
    """Do what a later version does that adds a table, a column to each table, and an index."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for table in metadata.tables:
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN later_note TEXT DEFAULT '' NOT NULL")
        connection.exec_driver_sql("CREATE TABLE campaignkit_later (note TEXT)")
        connection.exec_driver_sql("CREATE INDEX ix_later ON campaignkit_recipients (later_note)")
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'")
    engine.dispose()


def test_up_down_and_up_again_makes_the_tables_that_the_code_expects(url: str) -> None:
    store = SqlStore(url, clock=FrozenClock(FRIDAY))
    store.upgrade()
    store.suppress("flora", ["ann@example.com"], reason="asked")
    after_up = difference(url)
    store.downgrade("base")
    with pytest.raises(SchemaOutdated):
        store.require_schema()
    store.upgrade()

    assert (after_up, difference(url)) == ([], [])
    assert store.suppressed("flora", ["ann@example.com"]) == frozenset()
    store.require_schema()
    store.close()


def test_many_may_upgrade_at_once(url: str) -> None:
    count = 6
    barrier = threading.Barrier(count)

    def upgrade() -> None:
        store = SqlStore(url)
        barrier.wait(20)
        store.upgrade()
        store.close()

    with ThreadPoolExecutor(count) as pool:
        for one in [pool.submit(upgrade) for _ in range(count)]:
            one.result(60)

    assert difference(url) == []


def test_an_older_version_works_on_beside_a_newer_one(url: str) -> None:
    clock, book = FrozenClock(FRIDAY), Notebook()
    store = SqlStore(url, clock=clock)
    store.upgrade()
    scene = make_scene(store, FunctionTransport("email", book), clock=clock)
    scene.kit.tick(max_messages=3)
    be_upgraded(url, LATER)
    store.require_schema()
    store.upgrade()
    scene.kit.run()

    assert_accounted_for(scene, book.accepted, doubts=0)
    scene.kit.close()


class OnNewerTables(SqlStore):
    """A store on tables that a later version of the same generation made."""

    def __init__(self, clock: Clock) -> None:
        name = postgres().create_migrated()
        be_upgraded(postgres().url(name), LATER)
        super().__init__(postgres().url(name), clock=clock)


@needs_postgres
def test_credit_lives_on_tables_that_a_later_version_made() -> None:
    live(OnNewerTables, 1)


def test_tables_of_a_newer_generation_are_refused_and_left_alone(url: str) -> None:
    store = SqlStore(url)
    store.upgrade()
    be_upgraded(url, NEXT_GENERATION)
    said = f"the database is at schema {NEXT_GENERATION}, this version knows {SCHEMA_REVISION}: update"
    with pytest.raises(SchemaTooNew, match=said):
        store.bind_clock(FrozenClock(FRIDAY))
    with pytest.raises(SchemaTooNew):
        store.upgrade()
    store.close()
