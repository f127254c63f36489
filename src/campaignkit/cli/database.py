"""The database of a command: a URL in, an open store out; ``campaignkit db upgrade``. Touches the database."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from campaignkit.cli.console import Console
from campaignkit.cli.placeholders import MissingVariable, fill_url
from campaignkit.cli.problems import CONFIRMED, DatabaseUnavailable
from campaignkit.errors import SchemaOutdated, StoreUnavailable
from campaignkit.stores.sql.engines import make_engine
from campaignkit.stores.sql.store import SqlStore

__all__ = ["open_engine", "opened_engine", "run_upgrade"]


def run_upgrade(options: argparse.Namespace, console: Console) -> int:
    """Create or migrate the tables."""
    engine = open_engine(options.db, may_create=True)
    try:
        SqlStore(engine).upgrade()
    except StoreUnavailable as error:
        raise DatabaseUnavailable(error.problem) from error
    except OperationalError as error:
        raise DatabaseUnavailable(" ".join(str(error.orig).split())) from error
    finally:
        engine.dispose()
    if console.is_json:
        console.document({"upgraded": True})
    else:
        console.line("The tables are there, and of this version.")
    return CONFIRMED


def open_engine(url: str, *, may_create: bool) -> sa.Engine:
    """Return an engine; SQLite would make an empty file of every misspelt path, so that wants *may_create*.

    Raises:
        DatabaseUnavailable: the URL is none, or names no file.
        MissingExtra: its driver is not installed.
    """
    try:
        filled = fill_url(url, os.environ)
        parsed = sa.make_url(filled)
        if not may_create and _is_missing_file(parsed):
            raise DatabaseUnavailable(f"there is no file {parsed.database}")
        return make_engine(filled)
    except MissingVariable as error:
        raise DatabaseUnavailable(str(error)) from error
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        # SQLAlchemy's own text may repeat the URL.
        raise DatabaseUnavailable("its URL begins with sqlite:/// or postgresql+psycopg://") from error


@contextmanager
def opened_engine(url: str, *, may_create: bool) -> Iterator[tuple[sa.Engine, bool]]:
    """Yield an engine, and whether its database has tables; close it in the end.

    Raises:
        DatabaseUnavailable: it cannot be reached or read, or its URL is none.
        SchemaOutdated: its tables are of another version.
        MissingExtra: its driver is not installed.
    """
    engine = open_engine(url, may_create=may_create)
    try:
        yield engine, _has_tables(engine)
    finally:
        engine.dispose()


def _has_tables(engine: sa.Engine) -> bool:
    try:
        SqlStore(engine).require_schema()
    except SchemaOutdated as error:
        if error.found != "none":
            raise
        return False
    except StoreUnavailable as error:
        raise DatabaseUnavailable(error.problem) from error
    except DBAPIError as error:
        raise DatabaseUnavailable(" ".join(str(error.orig).split())) from error
    return True


def _is_missing_file(url: sa.URL) -> bool:
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return False
    return "uri" not in url.query and not Path(url.database).exists()
