"""Faults on purpose come at the points that they are named after."""

import random
import sqlite3
from datetime import UTC, datetime

import attrs
import pytest
import sqlalchemy as sa

from campaignkit.message.outbound import OutboundEmail, OutboundMessage
from campaignkit.stores import MemoryStore
from campaignkit.stores.sql import SqlStore
from campaignkit.stores.sql.driver import _is_direct
from campaignkit.testing import (
    CountPassings,
    FakeEmail,
    FaultyStore,
    FaultyTransport,
    FrozenClock,
    KillAt,
    KillAtRandom,
    RaiseAt,
    sql_faults,
    sqlite_faults,
)


class Down(Exception):
    pass


@attrs.frozen
class Leave:
    messages: tuple[OutboundMessage, ...]

    def may_cross(self) -> bool:
        return True


def mails(count: int) -> list[OutboundEmail]:
    return [
        OutboundEmail(message_id=f"m{n}", envelope_from="a@b.example", envelope_to=f"c{n}@b.example", content=b"")
        for n in range(count)
    ]


def test_a_fault_comes_at_the_kth_passing_only():
    fault = RaiseAt("claim.before", 2, Down())
    fault("claim.before")
    fault("claim.after")
    with pytest.raises(Down):
        fault("claim.before")
    fault("claim.before")


def test_a_lasting_fault_never_ends():
    fault = RaiseAt("claim.before", 2, Down(), for_ever=True)
    fault("claim.before")
    for _ in range(3):
        with pytest.raises(Down):
            fault("claim.before")


def test_a_store_fails_before_its_verb_with_nothing_done_and_after_it_with_all_done():
    store = MemoryStore()
    before = FaultyStore(store, RaiseAt("suppress.before", 1, Down()))
    after = FaultyStore(store, RaiseAt("suppress.after", 1, Down()))
    store.bind_clock(FrozenClock(datetime(2026, 3, 6, tzinfo=UTC)))
    with pytest.raises(Down):
        before.suppress("flora", ["a@b.example"], reason="asked")
    remembered_before = store.suppressed("flora", ["a@b.example"])
    with pytest.raises(Down):
        after.suppress("flora", ["a@b.example"], reason="asked")

    assert remembered_before == frozenset()
    assert store.suppressed("flora", ["a@b.example"]) == {"a@b.example"}
    assert before.verb == after.verb == ""


def test_a_transport_passes_its_points_in_the_order_of_a_dialogue():
    passed: list[str] = []
    transport = FaultyTransport(FakeEmail(connections=2), passed.append)
    list(transport.send(mails(3), lambda prepared: Leave(tuple(prepared))))

    wave_of_two = ["clear.before", "clear.after", *["crossing.before", "crossing.after"] * 2]
    wave_of_one = ["clear.before", "clear.after", "crossing.before", "crossing.after"]
    assert passed == [
        "send.before",
        *wave_of_two,
        *["outcome.before"] * 2,
        *wave_of_one,
        "outcome.before",
        "send.after",
    ]


def test_a_transaction_is_visible_to_others_after_its_commit_and_not_before(tmp_path):
    url = f"sqlite:///{tmp_path / 'faults.db'}"
    engine, onlooker = sa.create_engine(url), sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE things (name TEXT)")
    seen: list[tuple[str, int]] = []

    def look(name: str, /) -> None:
        with onlooker.connect() as connection:
            seen.append((name, connection.exec_driver_sql("SELECT count(*) FROM things").scalar_one()))

    sql_faults(engine, look)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO things VALUES ('tulip')")
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    engine.dispose()
    onlooker.dispose()

    assert seen == [("statement.before", 0), ("commit.before", 0), ("commit.after", 1), ("statement.before", 1)]


def test_beneath_sqlalchemy_the_points_are_the_same(tmp_path):
    path = tmp_path / "faults.db"
    seen: list[str] = []
    plain = sqlite3.connect(path)
    plain.execute("CREATE TABLE things (name TEXT)")
    database = sqlite3.connect(path, factory=sqlite_faults(seen.append), isolation_level=None)
    database.execute("BEGIN")
    database.executemany("INSERT INTO things VALUES (?)", [("tulip",), ("rose",)])
    database.cursor().execute("INSERT INTO things VALUES ('lily')")
    database.commit()
    database.close()

    assert seen == ["statement.before"] * 3 + ["commit.before", "commit.after"]
    assert plain.execute("SELECT count(*) FROM things").fetchone() == (3,)
    plain.close()


def test_a_faulty_database_leaves_the_hot_statements_on_their_direct_way(tmp_path):
    passings = CountPassings()
    engine = sa.create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(tmp_path / "c.db", factory=sqlite_faults(passings))
    )
    store = SqlStore(engine)
    store.upgrade()

    assert _is_direct(engine)
    passings.counts.clear()
    store.settle([])
    store.due(datetime(2026, 3, 6, tzinfo=UTC), limit=1)
    assert passings.counts["statement.before"] > 0
    engine.dispose()


def test_killers_let_everything_else_pass():
    KillAt("claim.before", 2)("claim.before")
    KillAt("claim.before", 1)("claim.after")
    KillAtRandom(0.0, random.Random(1))("claim.before")
    passings = CountPassings()
    passings("claim.before")

    assert passings.counts == {"claim.before": 1}
