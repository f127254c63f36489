"""A transaction as hot statements see it: on the driver's own connection where that is safe. Touches the database.

Where nobody listens to the engine, and its driver is sqlite3, statements run beneath SQLAlchemy: they take no more than
the database itself. Events, logging and every other driver have them go through SQLAlchemy, the same texts in the same
order. Connections come from the engine's pool and errors are SQLAlchemy's either way.
"""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from campaignkit.stores.sql.connection import connected, reading, writing
from campaignkit.stores.sql.statements import Parameters, Statement
from campaignkit.stores.sql.troubles import naming_troubles

__all__ = ["Driver", "driving", "reading_directly"]


class Driver:
    """Runs statements in one transaction, through SQLAlchemy."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection  # the same transaction, for what is not hot
        self.is_sqlite = connection.dialect.name == "sqlite"

    def rows(self, statement: Statement, parameters: Parameters) -> Sequence[Sequence[Any]]:
        """Return what a query finds."""
        return self.connection.exec_driver_sql(*statement.call(self.connection.dialect, parameters)).all()

    def run(self, statement: Statement, parameters: Parameters) -> None:
        """Run a statement that returns nothing."""
        self.connection.exec_driver_sql(*statement.call(self.connection.dialect, parameters))

    def run_each(self, statement: Statement, rows: Sequence[Parameters]) -> None:
        """Run a statement once for each of *rows*, if there are any."""
        if rows:
            dialect = self.connection.dialect
            self.connection.exec_driver_sql(
                *(statement.call_spread(dialect, rows) or statement.call_each(dialect, rows))
            )


class _DirectDriver(Driver):
    """Runs statements on sqlite3's own connection."""

    def __init__(self, connection: sa.Connection, database: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._database = database
        self._dialect = connection.dialect

    def rows(self, statement: Statement, parameters: Parameters) -> Sequence[Sequence[Any]]:
        return self._database.execute(*statement.call(self._dialect, parameters)).fetchall()

    def run(self, statement: Statement, parameters: Parameters) -> None:
        self._database.execute(*statement.call(self._dialect, parameters))

    def run_each(self, statement: Statement, rows: Sequence[Parameters]) -> None:
        if rows:
            self._database.executemany(*statement.call_each(self._dialect, rows))


@contextmanager
def driving(engine: sa.Engine) -> Iterator[Driver]:
    """Yield a driver inside a write transaction; commit on leaving, roll back on any exception."""
    if not _is_direct(engine):
        with writing(engine) as connection:
            yield Driver(connection)
        return
    with connected(engine) as connection, _errors_of_sqlalchemy(engine):
        database = _database_of(connection)
        database.execute("BEGIN IMMEDIATE")  # see ``writing``
        try:
            yield _DirectDriver(connection, database)
        except BaseException:
            database.rollback()
            raise
        try:
            with naming_troubles(may_be_done=True), _errors_of_sqlalchemy(engine):
                database.commit()
        except BaseException:
            connection.invalidate()
            raise


@contextmanager
def reading_directly(engine: sa.Engine) -> Iterator[Driver]:
    """Yield a driver for reading; what it reads in one statement is one state."""
    if not _is_direct(engine):
        with reading(engine) as connection:
            yield Driver(connection)
        return
    with connected(engine) as connection, _errors_of_sqlalchemy(engine):
        yield _DirectDriver(connection, _database_of(connection))


def _is_direct(engine: sa.Engine) -> bool:
    """Return whether nobody wants to hear of every statement and every commit."""
    dialect = engine.dialect
    if dialect.driver != "pysqlite" or engine.logger.isEnabledFor(logging.INFO):
        return False
    on_engine, on_dialect = engine.dispatch, dialect.dispatch
    return not (
        on_engine.before_cursor_execute
        or on_engine.after_cursor_execute
        or on_engine.before_execute
        or on_engine.after_execute
        or on_engine.begin
        or on_engine.commit
        or on_engine.rollback
        or on_dialect.do_execute
        or on_dialect.do_executemany
        or on_dialect.handle_error
    )


def _database_of(connection: sa.Connection) -> sqlite3.Connection:
    database: Any = connection.connection.dbapi_connection
    assert isinstance(database, sqlite3.Connection)
    return database


@contextmanager
def _errors_of_sqlalchemy(engine: sa.Engine) -> Iterator[None]:
    """Raise what the driver raises as SQLAlchemy would, without the parameters where the engine hides them."""
    try:
        yield
    except sqlite3.Error as error:
        wrapped = sa.exc.DBAPIError.instance(
            None, None, error, sqlite3.Error, hide_parameters=engine.hide_parameters, dialect=engine.dialect
        )
        raise wrapped from error
