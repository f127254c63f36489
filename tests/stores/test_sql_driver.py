"""Hot statements: each is answered by an index, and they say the same beneath SQLAlchemy as through it."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from campaignkit.campaign.status import RecipientStatus
from campaignkit.clocks import FrozenClock
from campaignkit.ports import Clock, Store
from campaignkit.stores.sql import SqlStore, beginning, claims, due, returns, settling, tries
from campaignkit.stores.sql.driver import Driver, driving, reading_directly
from campaignkit.stores.sql.schema import documents, has_status, is_held, recipients
from campaignkit.stores.sql.statements import Parameters, Statement, is_among
from campaignkit.testing.store_laws import StoreLaws
from tests.stores.test_sql_store import OnItsOwnFile

NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)
IDS = ["r1", "r2", "r3"]
TABLE = "campaignkit_recipients"
KEY = f"SEARCH {TABLE} USING INDEX sqlite_autoindex_{TABLE}_1 (recipient_id=? AND merchant_id=?)"


class Heard(OnItsOwnFile):
    """A store whose host listens to its engine, so that everything goes through SQLAlchemy."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.heard: list[str] = []
        sa.event.listen(self._engine, "before_cursor_execute", lambda *said: self.heard.append(said[2]))


class TestStoreThroughSqlalchemy(StoreLaws):
    def make_store(self, clock: Clock) -> Store:
        return Heard(clock)


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/campaigns.db", hide_parameters=True)
    SqlStore(engine).upgrade()
    return engine


@pytest.mark.parametrize(
    ("statement", "parameters", "steps"),
    [
        (claims._CAMPAIGN, ("flora", "c1", "t1"), [f"{TABLE}_held"]),
        (claims._READY, ("flora", "c1", 1, 100), ["SEARCH", f"{TABLE}_claims"]),
        (claims._CLAIM, (1, "w", "t", 1, "flora", IDS), [KEY]),
        (
            beginning._FACTS_AT_ONCE,
            ("flora", IDS),
            [KEY, "sqlite_autoindex_campaignkit_campaigns_1 (merchant_id=? AND"],
        ),
        (beginning._SENDING, (1, 1, "flora", IDS), [KEY]),
        (settling._FACTS, ("flora", IDS), [KEY]),
        (tries._VERDICTS, ("flora", IDS), ["SEARCH campaignkit_attempts USING PRIMARY KEY (merchant_id=? AND rec"]),
        (settling._SETTLE, ("sent", "", "", None, 1, None, 1, "flora", IDS), [KEY]),
        (due._LIVE, (1, "", "", 10), [f"{TABLE}_claims (merchant_id=? AND campaign_id=?", f"{TABLE}_held"]),
        (due._NEXT, (1,), ["campaignkit_campaigns_live", f"{TABLE}_held"]),
        (returns._OUTLIVED, (1,), [f"{TABLE}_held", f"{TABLE}_doubts", "ix_campaignkit_attempts_left_open"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hot_statement_is_answered_by_an_index(
    engine: sa.Engine, statement: Statement, parameters: Parameters, steps: list[str]
) -> None:
    text, arranged = statement.call(engine.dialect, parameters)
    with engine.connect() as connection:
        plan = "\n".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", arranged))

    assert f"SCAN {TABLE}\n" not in f"{plan}\n"
    for step in steps:
        assert step in plan


@pytest.mark.parametrize("condition", [is_held, has_status(RecipientStatus.PENDING)], ids=["held", "claims"])
def test_whether_anybody_is_left_is_answered_by_the_index_of_those(
    engine: sa.Engine, condition: sa.ColumnElement[bool], request: pytest.FixtureRequest
) -> None:
    mine = (recipients.c.merchant_id == "flora", recipients.c.campaign_id == "c1")
    text = sa.select(sa.exists().where(*mine, condition)).compile(engine, compile_kwargs={"literal_binds": True})
    with engine.connect() as connection:
        plan = "\n".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))

    assert f"{TABLE}_{request.node.callspec.id} " in plan


def test_whoever_listens_hears_every_statement() -> None:
    store = Heard(FrozenClock(NOW))
    store.heard.clear()
    store.reap()
    store.claim("flora", "c1", worker_id="w", token="t", lease=NOW - datetime(2026, 3, 6, tzinfo=UTC), limit=1)
    store.close()

    assert [text.split()[0] for text in store.heard if "PRAGMA" not in text] == ["SELECT", "BEGIN", "SELECT"]


def _drivers(engine: sa.Engine) -> list[type[Driver]]:
    with driving(engine) as writing, reading_directly(engine) as reading:
        return [type(writing), type(reading)]


def test_an_engine_that_logs_or_is_listened_to_has_everything_go_through_sqlalchemy(engine: sa.Engine) -> None:
    before = _drivers(engine)
    sa.event.listen(engine, "commit", lambda connection: None)

    assert Driver not in before
    assert _drivers(engine) == [Driver, Driver]


def test_a_failed_transaction_leaves_nothing_and_names_no_parameter(engine: sa.Engine) -> None:
    insert = Statement(
        ("merchant_id", "kind", "document_id", "revision"),
        lambda _: sa.insert(documents).values({name: sa.bindparam(name) for name in documents.c.keys()[:4]}),
    )
    row = ("flora", "sender", "ann@example.com", 1)
    with pytest.raises(sa.exc.IntegrityError) as failed, driving(engine) as driver:
        driver.run_each(insert, [row, row])

    assert "ann@example.com" not in str(failed.value)
    assert isinstance(failed.value.orig, sqlite3.IntegrityError)
    with reading_directly(engine) as driver:
        assert driver.connection.execute(sa.select(sa.func.count()).select_from(documents)).scalar() == 0


@pytest.mark.parametrize("count", [0, 1, 2, 3, 8, 9, 100, 1024, 1025, 3000])
def test_a_list_of_any_length_is_found_whole(engine: sa.Engine, count: int) -> None:
    keys = [f"k{number}" for number in range(count)]
    rows: list[dict[str, Any]] = [
        {"merchant_id": key, "kind": "sender", "document_id": "d", "revision": 1} for key in [*keys, "another"]
    ]
    among = Statement(
        ("kind", "keys"),
        lambda is_sqlite: sa.select(documents.c.merchant_id).where(
            documents.c.kind == sa.bindparam("kind"),
            is_among(documents.c.merchant_id, "keys", is_sqlite=is_sqlite),
        ),
    )
    with driving(engine) as driver:
        driver.connection.execute(sa.insert(documents), rows)
        found = driver.rows(among, ("sender", keys))

    assert sorted(key for (key,) in found) == sorted(keys)


def test_lists_of_many_lengths_are_few_texts() -> None:
    among = Statement(
        ("keys",),
        lambda is_sqlite: sa.select(recipients.c.epoch).where(
            is_among(recipients.c.recipient_id, "keys", is_sqlite=is_sqlite), is_held
        ),
    )
    texts = {among.call(sqlite.dialect(), (["key"] * count,))[0] for count in range(1, 1025)}

    assert len(texts) == 11


def test_a_claim_without_a_token_is_refused() -> None:
    store = OnItsOwnFile(FrozenClock(NOW))

    with pytest.raises(ValueError, match="a claim needs a token"):
        store.claim("flora", "c1", worker_id="w", token="", lease=NOW - datetime(2026, 3, 6, tzinfo=UTC), limit=1)
    store.close()
