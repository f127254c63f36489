"""Where a storm's campaign lies: in a SQLite file, or in a database of its own on a PostgreSQL server.

It is copied, read at one moment, checked and removed here; whoever storms over it need not know which of them it is.
"""

import itertools
import os
import shutil
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    import psycopg

    from tests.services.postgres import Postgres

__all__ = [
    "Place",
    "check",
    "connect",
    "copy_place",
    "move_sun",
    "new_place",
    "read_at_once",
    "remove",
    "set_sun",
    "url_of",
]

Place = Path | str  # a file, or the URL of a database on a server as SqlStore takes it

_numbers = itertools.count()
_readers: dict[str, "psycopg.Connection"] = {}  # of the judge: he looks after each death, and one costs ten looks
_MICROSECOND = timedelta(microseconds=1)


def url_of(place: Place) -> str:
    """Return how SqlStore reaches *place*."""
    return place if isinstance(place, str) else f"sqlite:///{place}"


def copy_place(template: Place, file: Path) -> Place:
    """Return a copy of *template*: it is *file*, or on the server a new database beside it."""
    if isinstance(template, Path):
        shutil.copy(template, file)
        return file
    source = sa.make_url(template)
    name = f"storm_{os.getpid()}_{next(_numbers)}"
    _command(template, f"CREATE DATABASE {name} TEMPLATE {source.database} STRATEGY file_copy")
    return source.set(database=name).render_as_string(hide_password=False)


def remove(place: Place) -> None:
    """Remove a database and throw out whoever is still connected; a file goes with its folder."""
    if isinstance(place, str):
        if place in _readers:
            _readers.pop(place).close()
        _command(place, f"DROP DATABASE {sa.make_url(place).database} WITH (FORCE)")


def read_at_once(place: Place, queries: Sequence[str]) -> list[list[Any]]:
    """Return what the *queries* find in one transaction, so that all of it was true at one moment."""
    if isinstance(place, str):
        with _reader(place).transaction():
            _reader(place).execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return [_reader(place).execute(query.encode()).fetchall() for query in queries]
    file = sqlite3.connect(f"file:{place}?mode=ro", uri=True, timeout=60, isolation_level=None)
    try:
        file.execute("BEGIN")
        return [file.execute(query).fetchall() for query in queries]
    finally:
        file.close()


def _reader(url: str) -> "psycopg.Connection":
    if url not in _readers:
        _readers[url] = connect(url)
    return _readers[url]


def check(place: Place) -> str:
    """Return ``ok``, or what is wrong with a file. A server is not killed, so what it keeps is its own affair."""
    if isinstance(place, str):
        return "ok"
    ((answer,),) = read_at_once(place, ["PRAGMA integrity_check"])[0]
    return str(answer)


def connect(url: str, *, is_autocommit: bool = True) -> "psycopg.Connection":
    """Return a connection to a database on a server, under its sky if it has one."""
    import psycopg

    parsed = sa.make_url(url)
    host, user = str(parsed.query["host"]), parsed.username
    return psycopg.connect(
        host=host, user=user, dbname=parsed.database, options=_UNDER_THE_SKY, autocommit=is_autocommit
    )


def _command(url: str, statement: str) -> None:
    with connect(sa.make_url(url).set(database="postgres").render_as_string()) as server:
        server.execute(statement.encode())


# A server's own time: campaignkit asks for it, and a storm has to move it, or a retry in four hours would take them.


def new_place(server: "Postgres") -> str:
    """Return the URL of a new database with another ``clock_timestamp()``: the real one, moved as far as its sun."""
    url = server.url(server.create_database())
    with connect(url) as connection:
        for statement in _SKY:
            connection.execute(statement.encode())
    return url


def set_sun(url: str, at: datetime) -> None:
    """Make it *at* in that database."""
    with connect(url) as server:
        server.execute("SELECT setval('sky.sun', %s)", ((at - datetime.now(UTC)) // _MICROSECOND,))


def move_sun(url: str, by: timedelta) -> None:
    """Make it later for everybody in that database, at once."""
    with connect(url) as server:
        server.execute("SELECT setval('sky.sun', last_value + %s) FROM sky.sun", (by // _MICROSECOND,))


# A sequence, because it waits for nobody's transaction and goes back with none.
_SKY = (
    "CREATE SCHEMA sky",
    "CREATE SEQUENCE sky.sun MINVALUE -9223372036854775807 START 1",
    "CREATE FUNCTION sky.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS "
    "'SELECT pg_catalog.clock_timestamp() + last_value * interval ''1 microsecond'' FROM sky.sun'",
)
_UNDER_THE_SKY = "-c search_path=public,sky,pg_catalog"
