"""The whole kit on a real SQLite file that is full, read-only, locked or broken amid a send: F5, F6, F7 and F9."""

import resource
import sqlite3
from abc import ABC, abstractmethod
from pathlib import Path

import attrs
import pytest
import sqlalchemy as sa

from campaignkit.errors import StoreUnavailable
from campaignkit.stores.sql import SqlStore
from campaignkit.testing import FakeEmail
from campaignkit.testing.faults import FaultyStore
from tests.dispatch.scenes import make_scene
from tests.dispatch.test_engine_faults import accepted_by, assert_accounted_for

PEOPLE = 120
WAVE = 40  # so large that a begin, a settle or a claim of it needs pages that the file does not have yet
PAGES_MAX = 1_073_741_823  # SQLite's own


class Trouble(ABC):
    """What happens to a database, and passes."""

    message: str  # what SQLite says of it

    @abstractmethod
    def come(self, database: sqlite3.Connection, path: Path) -> None:
        """Let it happen to the one connection of the store."""

    @abstractmethod
    def go(self, database: sqlite3.Connection) -> None:
        """Let it pass."""


class Full(Trouble):
    message = "database or disk is full"

    def come(self, database: sqlite3.Connection, path: Path) -> None:
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count = {pages}")

    def go(self, database: sqlite3.Connection) -> None:
        database.execute(f"PRAGMA max_page_count = {PAGES_MAX}")


class ReadOnly(Trouble):
    message = "attempt to write a readonly database"

    def come(self, database: sqlite3.Connection, path: Path) -> None:
        database.execute("PRAGMA query_only = ON")

    def go(self, database: sqlite3.Connection) -> None:
        database.execute("PRAGMA query_only = OFF")


class Locked(Trouble):
    message = "database is locked"

    def come(self, database: sqlite3.Connection, path: Path) -> None:
        database.execute("PRAGMA busy_timeout = 50")
        self._other = sqlite3.connect(path, isolation_level=None)
        self._other.execute("BEGIN IMMEDIATE")

    def go(self, database: sqlite3.Connection) -> None:
        self._other.close()
        database.execute("PRAGMA busy_timeout = 30000")


class Broken(Trouble):
    """No file of this process may grow: the write fails, as on a disk that is dying."""

    message = "disk I/O error"

    def come(self, database: sqlite3.Connection, path: Path) -> None:
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, self._limits[1]))

    def go(self, database: sqlite3.Connection) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)


@attrs.define
class At:
    """Lets a trouble come just before the k-th call of a verb and go just after it."""

    verb: str
    k: int
    trouble: Trouble
    engine: sa.Engine
    path: Path
    calls: int = 0
    databases: list[sqlite3.Connection] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        sa.event.listen(self.engine, "connect", lambda database, _: self.databases.append(database))

    def __call__(self, name: str, /) -> None:
        if name == f"{self.verb}.before":
            self.calls += 1
            if self.calls == self.k:
                self.trouble.come(self.databases[-1], self.path)

    def go(self) -> None:
        """The trouble has passed."""
        self.trouble.go(self.databases[-1])


class WordyEmail(FakeEmail):
    """Says more than it has to, so that settling needs room as well."""

    def send(self, batch, clear, /):
        for outcome in super().send(batch, clear):
            yield attrs.evolve(outcome, reply=f"250 2.0.0 {'thank you ' * 80}")


@pytest.mark.parametrize("trouble", [Full, ReadOnly, Locked, Broken])
@pytest.mark.parametrize("verb", ["claim", "begin", "settle"])
@pytest.mark.parametrize("k", [1, 2])
def test_a_file_in_trouble_loses_and_doubles_nothing(tmp_path, trouble, verb, k):
    path = tmp_path / "campaigns.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    at = At(verb, k, trouble(), engine, path)
    fake = WordyEmail(connections=WAVE)
    store = SqlStore(engine)
    store.upgrade()
    scene = make_scene(FaultyStore(store, at), fake, recipients=PEOPLE)
    try:
        with pytest.raises(StoreUnavailable, match=trouble.message):
            scene.kit.run()
    finally:
        at.go()
    scene.kit.run()

    assert_accounted_for(scene, accepted_by(fake), PEOPLE, doubts=WAVE)
    engine.dispose()
