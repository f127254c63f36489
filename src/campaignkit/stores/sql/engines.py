"""Engines that SqlStore works with: a URL or a host's own in, an engine or a refusal out. Connects to nothing."""

import sqlalchemy as sa

from campaignkit.errors import MissingExtra

__all__ = ["checked_engine", "make_engine"]

_DRIVER = "postgresql+psycopg"
_POSTGRES = frozenset({"postgresql", "postgres"})  # as hosting providers write it, too


def make_engine(url: str) -> sa.Engine:
    """Return an engine whose exceptions do not repeat what was stored: it is full of addresses.

    Raises:
        ValueError: it is neither SQLite nor PostgreSQL, or names another driver than psycopg 3.
        MissingExtra: psycopg is not installed.
    """
    parsed = sa.make_url(url)
    if parsed.drivername in _POSTGRES:
        # SQLAlchemy 2.0 would take this for psycopg2, 2.1 for psycopg 3.
        parsed = parsed.set(drivername=_DRIVER)
    backend, _, driver = parsed.drivername.partition("+")
    _require(backend, driver)
    try:
        return sa.create_engine(parsed, hide_parameters=True)
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        raise MissingExtra("postgres", "psycopg") from error


def checked_engine(engine: sa.Engine) -> sa.Engine:
    """Return a host's own engine, or raise ValueError as ``make_engine`` does."""
    _require(engine.dialect.name, engine.dialect.driver)
    return engine


def _require(backend: str, driver: str) -> None:
    if backend not in {"sqlite", "postgresql"}:
        raise ValueError(
            f"SqlStore runs on SQLite and PostgreSQL, not on {backend}: give sqlite:///… or postgresql+psycopg://…"
        )
    if driver not in {"", "pysqlite", "psycopg"}:
        raise ValueError(f"SqlStore reaches {backend} by sqlite3 or psycopg 3, not by {driver}")
