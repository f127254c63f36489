"""SqlStore on PostgreSQL keeps every law of a store, and its hot statements say there what they say on SQLite."""

import doctest
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect

from campaignkit.ports import Clock, Store
from campaignkit.stores.sql import beginning, claims, settling, statements, tries
from campaignkit.stores.sql.statements import array_text
from campaignkit.testing.store_laws import StoreLaws, store_machine
from tests.services.postgres import OnItsOwnDatabase, missing, postgres
from tests.stores.test_credit_lives import live

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


class TestPostgresStore(StoreLaws):
    def make_store(self, clock: Clock) -> Store:
        return OnItsOwnDatabase(clock)


TestPostgresStoreMachine = store_machine(OnItsOwnDatabase, max_examples=5).TestCase


def test_e4_postgres_keeps_the_ledger_of_the_model() -> None:
    live(OnItsOwnDatabase, 6)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@hypothesis.given(st.lists(st.none() | texts | st.sampled_from(["", "NULL", "null", "{}", '\\"', " a ", "a,b"])))
@hypothesis.settings(deadline=None, max_examples=200)
def test_the_server_reads_an_array_as_it_was_written(values: list[str | None]) -> None:
    with postgres().connect() as connection:
        found = connection.execute("SELECT %s::text[]", (array_text(values),)).fetchone()

    assert found == (values,)


def test_the_example_of_an_array_is_true() -> None:
    assert doctest.testmod(statements).failed == 0


IDS = [f"r{number}" for number in range(100)]


SETTLED = [(1, "accepted", "", "", "", None, "flora", one, 1) for one in IDS]


@pytest.fixture(scope="module")
def crowded() -> Iterator[sa.Engine]:
    """A database with 50,000 recipients and their attempts that nobody analyzed yet."""
    with postgres().database() as name:
        engine = sa.create_engine(postgres().url(name))
        with engine.begin() as connection:
            connection.exec_driver_sql(_CROWD)
            connection.exec_driver_sql(_TRIES)
        yield engine
        engine.dispose()


_CROWD = """
INSERT INTO campaignkit_recipients (
    recipient_id, merchant_id, campaign_id, intake, status, reason, detail, channel, contact_key, contact_id,
    row_number, duplicate_of, address, address_key, occasion, zones, fields, priority, not_before, epoch, generation,
    attempt_count, lease_until, worker_id, claim_token, doubt_until, delivery, price, added_at, changed_at
)
SELECT 'r' || i, 'flora', 'c1', 'recipient', 'pending', '', '', 'email', i, i, i, '', i, i, '', '', '{}', 0, 1, 0, 0, 0,
    NULL, '', '', NULL, 'none', NULL, 1, 1
FROM generate_series(1, 50000) i
"""
_TRIES = """
INSERT INTO campaignkit_attempts
    (merchant_id, recipient_id, epoch, generation, verdict, scope, code, reply, content_digest)
SELECT merchant_id, recipient_id, 1, 0, '', '', '', '', '' FROM campaignkit_recipients
"""


@pytest.mark.parametrize(
    "write",
    [
        lambda dialect: claims._CLAIM.call(dialect, (1, "w", "t", 1, "flora", IDS)),
        lambda dialect: claims._READY.call(dialect, ("flora", "c1", 1, 100)),
        lambda dialect: beginning._RECIPIENTS.call(dialect, ("flora", IDS)),
        lambda dialect: beginning._SENDING.call(dialect, (1, 1, "flora", IDS)),
        lambda dialect: settling._FACTS.call(dialect, ("flora", IDS)),
        lambda dialect: settling._SETTLE.call(dialect, ("sent", "", "", None, 1, None, 1, "flora", IDS)),
        lambda dialect: tries.SETTLE_ATTEMPT.call_spread(dialect, SETTLED),
    ],
    ids=["claim", "ready", "lock", "sending", "facts", "settle", "settle attempts"],
)
def test_a_hot_statement_is_answered_by_an_index(crowded: sa.Engine, write: Callable[[Dialect], Any]) -> None:
    text, arranged = write(crowded.dialect)
    with crowded.connect() as connection:
        plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {text}", arranged))

    assert "Index" in plan
    assert "Seq Scan" not in plan


def test_a_wave_writes_its_attempts_in_one_statement_each() -> None:
    dialect = sa.create_engine("postgresql+psycopg://nobody").dialect
    begun = beginning._ATTEMPT.call_spread(dialect, [("flora", one, 1, 1, 1, 1, "digest", None) for one in IDS])
    settled = tries.SETTLE_ATTEMPT.call_spread(dialect, SETTLED)

    assert begun is not None
    assert settled is not None
    assert begun[1]["recipient_id"] == settled[1]["recipient"] == array_text(IDS)
    assert beginning._ATTEMPT.call_spread(sa.create_engine("sqlite://").dialect, []) is None


def test_an_id_that_is_too_long_is_refused_and_not_cut() -> None:
    with postgres().database() as name:
        engine = sa.create_engine(postgres().url(name))
        row = ("flora", "r" * 41, 1, 1, 1, 1, "digest", None)
        call = beginning._ATTEMPT.call_spread(engine.dialect, [row])
        assert call is not None
        with engine.connect() as connection, pytest.raises(sa.exc.DataError, match="value too long"):
            connection.exec_driver_sql(*call)
        engine.dispose()
