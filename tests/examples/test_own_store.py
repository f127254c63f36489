"""The store of the how-to keeps every law of a store, on a real PostgreSQL, and carries a campaign."""

from functools import cache

import pytest

from campaignkit.ports import Clock, Store
from campaignkit.testing import StoreLaws
from examples.own_store.store import OwnStore
from tests.services.postgres import missing, postgres

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"NO POSTGRESQL, so the store was not tried: {missing()}")


TABLES = "documents timeline recipients attempts suppressions limits lots entries events message_names".split()
EMPTY = "".join(f"DELETE FROM own_{name};" for name in TABLES)  # sooner done than a new database


@cache
def database() -> str:
    """Return the name of the one database of these tests, which has all tables."""
    name = postgres().create_database()
    store = OwnStore(conninfo(name))
    store.upgrade()
    store.close()
    return name


def conninfo(name: str) -> str:
    return f"host={postgres().socket_folder} user=postgres dbname={name}"


def empty_store(clock: Clock) -> OwnStore:
    """Return a store without a row."""
    postgres().run(EMPTY, database())
    return OwnStore(conninfo(database()), clock)


class TestOwnStore(StoreLaws):
    def make_store(self, clock: Clock) -> Store:
        return empty_store(clock)
