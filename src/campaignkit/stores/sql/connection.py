"""Connections and transactions as SqlStore wants them: durable, immediate, patient. Touches the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

__all__ = ["ReadNow", "prepare", "reading", "writing"]

ReadNow = Callable[[sa.Connection], datetime]  # the deciding instant, read after the locks were taken

# Longer than any transaction of ours takes, so that a waiting worker waits instead of failing.
BUSY_TIMEOUT_SECONDS = 30


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection inside a write transaction; commit on leaving, roll back on any exception."""
    with engine.connect() as connection:
        prepare(connection)
        if connection.dialect.name == "sqlite":
            # DEFERRED reads first and fails to become a writer later; IMMEDIATE waits for its turn at the start.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        try:
            connection.commit()
        except BaseException:
            # Nobody knows whether it was committed. The driver's connection goes, and with it what may still be open.
            connection.invalidate()
            raise


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection for reading; what it reads in one statement is one state."""
    with engine.connect() as connection:
        prepare(connection)
        yield connection
        connection.rollback()


def prepare(connection: sa.Connection) -> None:
    """Set what a database connection needs once in its life; a host's own engine is treated the same."""
    if connection.info.get("campaignkit") or connection.dialect.name != "sqlite":
        return
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    # NORMAL may lose the last commits when the power fails; a lost begin would be a message sent twice.
    connection.exec_driver_sql("PRAGMA synchronous = FULL")
    connection.rollback()
    connection.info["campaignkit"] = True
