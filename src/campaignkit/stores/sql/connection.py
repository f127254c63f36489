"""Connections and transactions as SqlStore wants them: durable, immediate, patient. Touches the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

from campaignkit.stores.sql.troubles import naming_troubles

__all__ = ["ReadNow", "connected", "reading", "writing"]

ReadNow = Callable[[sa.Connection], datetime]  # the deciding instant, read after the locks were taken

# Longer than any transaction of ours takes, so that a waiting worker waits instead of failing.
BUSY_TIMEOUT_SECONDS = 30


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection inside a write transaction; commit on leaving, roll back on any exception.

    Raises:
        StoreUnavailable: the database cannot be used now; ``is_undone`` if running the same again at once may help.
    """
    with connected(engine) as connection:
        if connection.dialect.name == "sqlite":
            # DEFERRED reads first and fails to become a writer later; IMMEDIATE waits for its turn at the start.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        try:
            with naming_troubles(may_be_done=True):
                connection.commit()
        except BaseException:
            # Nobody knows whether it was committed. The driver's connection goes, and with it what may still be open.
            connection.invalidate()
            raise


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection for reading; what it reads in one statement is one state.

    Raises:
        StoreUnavailable: as for ``writing``.
    """
    with connected(engine) as connection:
        yield connection
        connection.rollback()


@contextmanager
def connected(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a prepared connection of the pool, and name the troubles that come with it."""
    with naming_troubles(may_be_done=True):  # who cannot connect now cannot do so at once either
        connection = engine.connect()
    with connection, naming_troubles(may_be_done=False):
        prepare(connection)
        yield connection


def prepare(connection: sa.Connection) -> None:
    """Set what a database connection needs once in its life; a host's own engine is treated the same."""
    if connection.info.get("campaignkit"):
        return
    for statement in _SETTINGS[connection.dialect.name]:
        connection.exec_driver_sql(statement)
    connection.commit()  # PostgreSQL would forget with a rollback what it was told since the last commit
    connection.info["campaignkit"] = True


# A commit that the power takes back would be a begin that never was, and a message sent twice: neither SQLite's NORMAL
# nor PostgreSQL's "off" will do. What else a host chose there, such as to wait for a standby, is at least as good.
_SETTINGS = {
    "sqlite": (
        f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
    ),
    "postgresql": (
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
    ),
}
