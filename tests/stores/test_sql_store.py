"""SqlStore on SQLite keeps every law of a store, and its migrations make exactly its tables."""

import atexit
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from campaignkit.clocks import FrozenClock
from campaignkit.errors import SchemaOutdated, StoreUnavailable
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


OTHERS = {
    "mysql": "mysql://ann:secret@db/shop",
    "MariaDB": "mariadb+pymysql://ann:secret@db/shop",
    "Oracle": "oracle+oracledb://ann:secret@db/shop",
}


@pytest.mark.parametrize("url", OTHERS.values(), ids=OTHERS)
def test_other_databases_are_refused_by_name(url: str) -> None:
    with pytest.raises(ValueError, match="SqlStore runs on SQLite and PostgreSQL, not on") as no:
        SqlStore(url)

    assert "secret" not in str(no.value)


def test_a_hosts_own_engine_for_another_database_is_refused() -> None:
    with pytest.raises(ValueError, match="not on mysql: give sqlite:///… or postgresql"):
        SqlStore(sa.create_mock_engine("mysql://", lambda *_: None))  # type: ignore[arg-type]


@pytest.mark.parametrize("driver", ["psycopg2", "asyncpg", "pg8000"])
def test_other_drivers_are_refused_by_name(driver: str) -> None:
    with pytest.raises(ValueError, match=f"SqlStore reaches postgresql by sqlite3 or psycopg 3, not by {driver}"):
        SqlStore(f"postgresql+{driver}://ann:secret@db/shop")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_url_of_postgres_means_psycopg_3(scheme: str) -> None:
    pytest.importorskip("psycopg")
    store = SqlStore(f"{scheme}://ann:secret@nowhere.example/shop")
    dialect = store._engine.dialect

    assert (dialect.name, dialect.driver) == ("postgresql", "psycopg")
    store.close()


def test_without_psycopg_the_extra_is_named() -> None:
    said = run_python(
        "import sys; sys.modules['psycopg'] = None\n"
        "import campaignkit as ck\n"
        "try: ck.SqlStore('postgresql://db/shop')\n"
        "except ck.MissingExtra as error: print(error)"
    )
    assert said == "psycopg is not installed: pip install 'campaignkit[postgres]'"


def run_python(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_file_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    shutil.copy(_migrated_file(), tmp_path / "campaigns.db")
    store = SqlStore(f"sqlite:///file:{tmp_path}/campaigns.db?mode=ro&uri=true", clock=FrozenClock(NOW))
    with pytest.raises(StoreUnavailable, match="attempt to write a readonly database"):
        store.suppress("flora", ["ann@example.com"], reason="asked")
    store.close()


def test_a_file_that_somebody_else_keeps_locked_is_unavailable(tmp_path: Path) -> None:
    shutil.copy(_migrated_file(), tmp_path / "campaigns.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path}/campaigns.db")
    store = SqlStore(engine, clock=FrozenClock(NOW))
    assert store.suppressed("flora", ["ann@example.com"]) == frozenset()
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")  # it goes back to the pool so
    with sqlite3.connect(tmp_path / "campaigns.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="database is locked"):
            store.suppress("flora", ["ann@example.com"], reason="asked")
    other.close()
    engine.dispose()


def test_no_address_stands_in_the_databases_own_errors(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/campaigns.db", clock=FrozenClock(NOW))  # no tables

    with pytest.raises(sa.exc.OperationalError) as refused:
        store.suppress("flora", ["ann@example.com"], reason="asked")

    assert "ann@example.com" not in str(refused.value)
