"""What credit costs a database: mail nothing, texts one read and one write of each lot that pays."""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.status import RecipientEvent
from campaignkit.clocks import FrozenClock
from campaignkit.credits.posting import GrantCredit
from campaignkit.stores.sql import SqlStore
from campaignkit.testing.store_laws.bench import LEASE, MERCHANT, START, Bench


@pytest.fixture
def bench(tmp_path) -> Iterator[Bench]:
    clock = FrozenClock(START)
    store = SqlStore(sa.create_engine(f"sqlite:///{tmp_path}/campaigns.db"), clock=clock)
    store.upgrade()
    bench = Bench(store, clock)
    bench.campaign()
    store.post(MERCHANT, [GrantCredit(key="g1", count=100), GrantCredit(key="g2", count=100)])
    yield bench
    store.close()


def statements_of_two_waves(bench: Bench, channel: Channel, price: int | None) -> list[str]:
    bench.add(*(f"n{number}" for number in range(10)), channel=channel)
    claims = bench.claim(limit=10)
    said: list[str] = []
    engine = bench.store._engine  # type: ignore[attr-defined]
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: said.append(arguments[2]))
    bench.begin_all(claims[:5], price=price)
    settlements = [bench.settlement(claim, RecipientEvent.ACCEPT) for claim in claims[:5]]
    bench.store.begin([bench.clearance(one, price=price) for one in claims[5:]], lease=LEASE, settlements=settlements)
    return said


def test_mail_does_not_look_at_credit(bench: Bench) -> None:
    said = statements_of_two_waves(bench, Channel.EMAIL, None)
    assert len(said) > 5
    assert [one for one in said if "credit" in one] == []


def test_a_wave_of_texts_reads_and_writes_lots_once(bench: Bench) -> None:
    said = statements_of_two_waves(bench, Channel.SMS, 3)
    reads = [one for one in said if one.startswith("SELECT") and "FROM campaignkit_credit_lots" in one]
    writes = [one for one in said if one.startswith("UPDATE campaignkit_credit_lots")]
    assert (len(reads), len(writes)) == (2, 2)


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda bench: bench.begin(bench.claim_one(channel=Channel.SMS), price=1), "ix_campaignkit_credit_lots_open"),
        (lambda bench: bench.store.charged(MERCHANT, after=("c1ann", 1)), "ix_campaignkit_attempts_charged"),
    ],
    ids=["open lots", "what was charged"],
)
def test_partial_indexes_answer(bench: Bench, ask: Callable[[Bench], object], index: str) -> None:
    engine = bench.store._engine  # type: ignore[attr-defined]
    said: list[tuple[str, object]] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: said.append((arguments[2], arguments[3])))
    ask(bench)
    table = index.removeprefix("ix_").rpartition("_")[0]
    (query, parameters), *_ = [one for one in said if one[0].startswith("SELECT") and f"FROM {table}" in one[0]]
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", parameters)
        plan = " ".join(str(row) for row in rows)
    assert index in plan
    assert "TEMP B-TREE" not in plan
