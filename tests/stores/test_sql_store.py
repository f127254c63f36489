"""SqlStore on SQLite keeps every law of a store, and its migrations make exactly its tables."""

import atexit
import shutil
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from campaignkit.clocks import FrozenClock
from campaignkit.errors import SchemaOutdated
from campaignkit.ports import Clock, Store
from campaignkit.stores.sql import SqlStore
from campaignkit.stores.sql.schema import VERSION_TABLE, metadata
from campaignkit.testing.store_laws import StoreLaws, store_machine

NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)


class OnItsOwnFile(SqlStore):
    """A store on a fresh file that goes with it."""

    def __init__(self, clock: Clock) -> None:
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name, "campaigns.db")
        shutil.copy(_migrated_file(), path)
        super().__init__(f"sqlite:///{path}", clock=clock)

    def close(self) -> None:
        super().close()
        self._folder.cleanup()


@cache
def _migrated_file() -> Path:
    """Migrating takes longer than a whole law, so one migrated file is copied for all."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    store = SqlStore(f"sqlite:///{folder}/empty.db")
    store.upgrade()
    store.close()
    return folder / "empty.db"


class TestSqliteStore(StoreLaws):
    def make_store(self, clock: Clock) -> Store:
        return OnItsOwnFile(clock)


TestSqliteStoreMachine = store_machine(OnItsOwnFile, max_examples=15).TestCase


def test_migrations_make_the_tables_that_the_code_expects(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/campaigns.db"
    SqlStore(url).upgrade()

    with sa.create_engine(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


def test_upgrading_twice_changes_nothing_and_keeps_what_is_stored(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/campaigns.db", clock=FrozenClock(NOW))
    store.upgrade()
    store.suppress("flora", ["ann@example.com"], reason="asked")

    store.upgrade()

    assert store.suppressed("flora", ["ann@example.com"]) == {"ann@example.com"}


def test_a_kit_refuses_a_database_without_tables(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/campaigns.db")

    with pytest.raises(
        SchemaOutdated, match=r"the database is at schema none, this version wants 0001: run upgrade\(\)"
    ):
        store.bind_clock(FrozenClock(NOW))


def test_a_hosts_own_engine_is_used_and_left_open(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/host.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE orders (number INTEGER)")
    store = SqlStore(engine, clock=FrozenClock(NOW))
    store.upgrade()
    store.close()

    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM orders").scalar_one() == 0
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"


def test_other_databases_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="SqlStore runs on SQLite and PostgreSQL, not on mysql"):
        SqlStore(sa.create_mock_engine("mysql://", lambda *_: None))  # type: ignore[arg-type]


def test_no_address_stands_in_the_databases_own_errors(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/campaigns.db", clock=FrozenClock(NOW))  # no tables

    with pytest.raises(sa.exc.OperationalError) as refused:
        store.suppress("flora", ["ann@example.com"], reason="asked")

    assert "ann@example.com" not in str(refused.value)
