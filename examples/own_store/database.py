"""Transactions of OwnStore: what a verb locks in, an open transaction and the instant that decides out.

Every lock is taken in the first statements of a transaction, in one order, so that verbs wait for each other and never
lock each other out. What they read afterwards is what was committed before. PostgreSQL frees advisory locks with the
transaction, so none outlives its process.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import psycopg
from psycopg.pq import TransactionStatus

from campaignkit.errors import StoreUnavailable
from campaignkit.ports import Clock

__all__ = ["Database", "Work"]

SCHEMA = Path(__file__).with_name("schema.sql")
PROBLEM_LENGTH = 200

_HOUSE = "hashtextextended('own_store', 0)"
_ENTER_HOUSE = f"SELECT pg_advisory_xact_lock_shared({_HOUSE})"
_EMPTY_HOUSE = f"SELECT pg_advisory_xact_lock({_HOUSE})"
# Sorted by what is locked, and not by the names, two of which might come to the same.
_LOCK_ALL = """
    SELECT pg_advisory_xact_lock(lock)
    FROM (SELECT DISTINCT hashtextextended(name, 0) AS lock FROM unnest(%s::text[]) AS name ORDER BY lock) AS locks
"""
_SHARE = "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))"
_ONE_STATE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
# A commit that the power takes back would be a begin that never was, and a message sent twice.
_DURABLE = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"


@attrs.frozen
class Work:
    """An open transaction."""

    connection: "psycopg.Connection[Any]"
    now: datetime  # read after the locks were taken

    def rows(self, query: str, *given: Any) -> list[Any]:
        """Return what *query* finds."""
        return self.connection.execute(query.encode(), given).fetchall()

    def first(self, query: str, *given: Any) -> Any:
        """Return the first value of the first row, None where there is none."""
        row = self.connection.execute(query.encode(), given).fetchone()
        return None if row is None else row[0]

    def run(self, statement: str, *given: Any) -> int:
        """Return how many rows *statement* wrote."""
        return self.connection.execute(statement.encode(), given).rowcount

    def run_each(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run *statement* once for each of *rows*."""
        self.connection.cursor().executemany(statement.encode(), rows)


class Database:
    """Connections to one database, and the kinds of transactions that verbs open there.

    Args:
        conninfo: As psycopg takes it: ``postgresql://…`` or ``host=… dbname=…``.
        clock: Decides instants; by default the server's own. No worker's clock ever does.

    Make one in each process, after forking: connections are not shared between processes.
    """

    def __init__(self, conninfo: str, clock: Clock | None = None) -> None:
        self._conninfo = conninfo
        self._clock = clock
        self._idle: list[psycopg.Connection[Any]] = []  # append and pop are atomic; a host has a pool already

    def upgrade(self) -> None:
        """Create the tables that are missing; safe to repeat, and from several processes at once."""
        with self.writing_alone() as work:
            work.run(SCHEMA.read_text("utf-8"))

    def bind_clock(self, clock: Clock, /) -> None:
        """Do nothing: the server's clock decides, or the store's own."""

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """Yield a transaction whose reads all see one state, and which waits for nobody."""
        with self._transaction() as connection:
            connection.execute(_ONE_STATE)
            yield self._work(connection)

    @contextmanager
    def writing(self, *merchants: str, beside: Iterable[str] = ()) -> Iterator[Work]:
        """Yield a transaction that is alone with *merchants*, and with what several of them may share, by its names."""
        names = [*(f"merchant {one}" for one in merchants), *beside]
        with self._transaction() as connection:
            connection.execute(_ENTER_HOUSE.encode())
            connection.execute(_LOCK_ALL, (names,))
            yield self._work(connection)

    @contextmanager
    def claiming(self, merchant_id: str, token: str) -> Iterator[Work]:
        """Yield a transaction that shares the merchant with others of its kind, but not the token."""
        with self._transaction() as connection:
            connection.execute(_ENTER_HOUSE.encode())
            connection.execute(_SHARE, (f"merchant {merchant_id}",))
            connection.execute(_LOCK_ALL, ([f"token {token}"],))
            yield self._work(connection)

    @contextmanager
    def writing_alone(self) -> Iterator[Work]:
        """Yield a transaction beside which nothing is written: for what may concern any merchant."""
        with self._transaction() as connection:
            connection.execute(_EMPTY_HOUSE.encode())
            yield self._work(connection)

    def _work(self, connection: "psycopg.Connection[Any]") -> Work:
        if self._clock is not None:
            return Work(connection, self._clock.now())
        at: datetime = connection.execute("SELECT clock_timestamp()").fetchall()[0][0]
        return Work(connection, at.astimezone(UTC))

    @contextmanager
    def _transaction(self) -> "Iterator[psycopg.Connection[Any]]":
        """Yield a connection; commit on leaving, roll back on any exception."""
        try:
            connection = self._connection()
            try:
                with connection.transaction():
                    yield connection
            finally:
                self._put_back(connection)
        except psycopg.OperationalError as error:  # gone, starting, full, deadlocked: waiting may mend it
            self.close()
            raise StoreUnavailable(str(error).partition("\n")[0][:PROBLEM_LENGTH]) from error

    def _connection(self) -> "psycopg.Connection[Any]":
        try:
            return self._idle.pop()
        except IndexError:
            connection = psycopg.connect(self._conninfo, autocommit=True, options="-c TimeZone=UTC")
            connection.execute(_DURABLE)
            return connection

    def _put_back(self, connection: "psycopg.Connection[Any]") -> None:
        if connection.info.transaction_status is TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            connection.close()
