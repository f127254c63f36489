"""A store on SQLAlchemy Core: SQLite for one machine, PostgreSQL for many. Needs the extra ``sql``."""

from campaignkit.errors import MissingExtra

try:
    from campaignkit.stores.sql.store import SqlStore
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] not in {"sqlalchemy", "alembic"}:
        raise
    raise MissingExtra("sql", error.name.partition(".")[0]) from error

__all__ = ["SqlStore"]
