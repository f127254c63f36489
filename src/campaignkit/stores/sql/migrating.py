"""Which version a database's tables are of, whether this code works with it, and the way there. Touches the database.

A revision has four digits: the generation and its step. Steps only add what older code may ignore: tables, columns with
a default, indexes. So two versions of the library work side by side while one replaces the other: the newer one
upgrades, the older one goes on. What older code could not bear begins a generation.
"""

from pathlib import Path

import sqlalchemy as sa

from campaignkit.errors import SchemaOutdated, SchemaTooNew
from campaignkit.stores.sql.connection import reading, writing
from campaignkit.stores.sql.schema import SCHEMA_REVISION, VERSION_TABLE
from campaignkit.stores.sql.statements import lock_number

__all__ = ["downgrade", "require_schema", "upgrade"]

_FOLDER = Path(__file__).parent / "migrations"
_VERSION = sa.select(sa.column("version_num", sa.String)).select_from(sa.table(VERSION_TABLE))
_NONE = "none"
_GENERATION = slice(0, 2)


def upgrade(engine: sa.Engine) -> None:
    """Create or migrate the tables to this version; leave those of a newer one alone."""
    with writing(engine) as connection:
        _lock(connection)
        if not _is_newer(_found(connection)):
            _run(connection, "upgrade", "head")


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Undo migrations back to *revision*."""
    with writing(engine) as connection:
        _lock(connection)
        _run(connection, "downgrade", revision)


def require_schema(engine: sa.Engine) -> None:
    """Return if this code works with the tables that are there."""
    with reading(engine) as connection:
        found = _found(connection)
    if found != SCHEMA_REVISION and not _is_newer(found):
        raise SchemaOutdated(found, SCHEMA_REVISION)


def _is_newer(found: str) -> bool:
    """Return whether a newer version made these tables, in a way that this one may work with."""
    if found == _NONE or found <= SCHEMA_REVISION:
        return False
    if found[_GENERATION] != SCHEMA_REVISION[_GENERATION]:
        raise SchemaTooNew(found, SCHEMA_REVISION)
    return True


def _found(connection: sa.Connection) -> str:
    is_there = sa.inspect(connection).has_table(VERSION_TABLE)
    return (connection.execute(_VERSION).scalar() if is_there else None) or _NONE


def _lock(connection: sa.Connection) -> None:
    """Let one process migrate at a time; on SQLite it is the only writer already."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_number("schema"))))


def _run(connection: sa.Connection, direction: str, revision: str) -> None:
    # Importing it takes longer than all the rest of a worker's start, and only migrating needs it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    (command.upgrade if direction == "upgrade" else command.downgrade)(config, revision)
