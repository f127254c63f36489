"""Many processes on one PostgreSQL: nobody gets a message twice, no limit is overshot, no credit is sold twice."""

import multiprocessing
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.clocks import FrozenClock
from campaignkit.delivery.begin import BeginVerdict
from campaignkit.errors import RevisionConflict
from campaignkit.identifiers import TimeOrderedIds
from campaignkit.ports import Document, RecipientQuery
from campaignkit.stores.sql import SqlStore
from campaignkit.testing.store_laws.bench import MERCHANT, START, Bench
from tests.services.postgres import missing, postgres
from tests.storms.credit import CREDITS, race_for_credit
from tests.storms.limits import prepare_race, race_on

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

LEASE = timedelta(minutes=10)
WORKERS = 8
RECIPIENTS = 400
SECONDS = 6.0


@pytest.fixture
def url() -> Iterator[str]:
    with postgres().database() as name:
        yield postgres().url(name)


def bench_on(url: str | sa.Engine) -> Bench:
    """Return a bench on a store that decides by the server's clock; what it stores came in long ago."""
    return Bench(SqlStore(url), FrozenClock(START))


def test_eight_processes_at_one_campaign_send_nothing_twice(url: str, tmp_path: Path) -> None:
    bench = bench_on(url)
    bench.campaign()
    bench.add(*(f"n{number}" for number in range(RECIPIENTS)))
    bench.store.close()
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=drain, args=(url, tmp_path / str(place))) for place in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    bench = bench_on(url)
    statuses = Counter(row.status for row in bench.store.list_recipients(MERCHANT, "c1", RecipientQuery(limit=1000)))
    bench.store.close()
    accepted = Counter(line for path in tmp_path.iterdir() for line in path.read_text().splitlines())
    assert [worker.exitcode for worker in workers] == [0] * WORKERS
    assert statuses == {RecipientStatus.SENT: RECIPIENTS}
    assert set(accepted.values()) == {1}
    assert len(accepted) == RECIPIENTS


def drain(url: str, accepted: Path) -> None:
    """Work as one process until nobody is pending, in waves of three that settle the wave before."""
    bench, new_id = bench_on(url), TimeOrderedIds()
    with accepted.open("w") as log:
        while claims := bench.claim(limit=7, token=new_id()):
            settlements: list[Any] = []
            for start in range(0, len(claims), 3):
                wave = claims[start : start + 3]
                asked = [bench.clearance(claim) for claim in wave]
                answers = bench.store.begin(asked, lease=LEASE, settlements=settlements)
                assert {answer.verdict for answer in answers} == {BeginVerdict.GO}
                log.writelines(f"{claim.recipient.recipient_id}\n" for claim in wave)
                settlements = [bench.settlement(claim, RecipientEvent.ACCEPT) for claim in wave]
            bench.store.settle(settlements)
    bench.store.close()


def test_workers_with_wrong_clocks_overshoot_no_limit(url: str) -> None:
    prepare_race(url, seconds=SECONDS)
    verdicts = race_on(url, seconds=SECONDS, workers=WORKERS, is_deadly=True)
    print(f"\nrace for quotas on PostgreSQL: {verdicts}")

    assert verdicts.overshoots == 0
    assert verdicts.kills > 0
    assert verdicts.given_back > 0
    assert sum(one.begun for one in verdicts.standings) > 40  # how far it gets depends on the machine


def test_sixteen_processes_at_the_last_credits_oversell_nothing(url: str) -> None:
    verdicts = race_for_credit(url, rounds=12, workers=16)
    print(f"\nrace for credit on PostgreSQL: {verdicts}")

    assert (verdicts.rounds, verdicts.oversold, verdicts.unsold, verdicts.unequal) == (12, 0, 0, 0)
    assert verdicts.begun + verdicts.refused == 12 * 16
    assert verdicts.begun >= 6 * CREDITS


def hold(is_open: threading.Event, may_commit: threading.Event) -> None:
    """Keep a transaction open, all its statements done, until it may commit."""
    is_open.set()
    assert may_commit.wait(20)


def test_of_two_who_make_one_document_the_second_hears_of_a_conflict(url: str) -> None:
    engine = sa.create_engine(url)
    stores = SqlStore(engine), SqlStore(url)
    mine, theirs = (
        Document(merchant_id=MERCHANT, kind="health", document_id="texts", body={"of": whose})
        for whose in ("me", "them")
    )
    assert [store.load(MERCHANT, "health", "texts") for store in stores] == [None, None]
    is_open, may_commit = threading.Event(), threading.Event()
    sa.event.listen(engine, "commit", lambda _: hold(is_open, may_commit))
    with ThreadPoolExecutor() as pool:
        first = pool.submit(stores[0].save, mine, expected_revision=0)
        assert is_open.wait(20)
        second = pool.submit(stores[1].save, theirs, expected_revision=0)
        has_returned_early = bool(wait([second], timeout=0.3).done)
        may_commit.set()
        saved = first.result(20)
        with pytest.raises(RevisionConflict):
            second.result(20)
    stored = stores[1].load(MERCHANT, "health", "texts")
    stores[1].close()
    engine.dispose()

    assert not has_returned_early
    assert stored == saved
    assert stored is not None
    assert (stored.body, stored.revision) == ({"of": "me"}, 1)


@pytest.mark.parametrize("status", [CampaignStatus.PAUSED, CampaignStatus.CANCELLED])
def test_a_pause_waits_for_an_open_begin_and_readers_wait_for_nobody(url: str, status: CampaignStatus) -> None:
    bench, engine = bench_on(url), sa.create_engine(url)
    bench.campaign()
    first, second = bench.claims("ann", "bob")
    is_open, may_commit = threading.Event(), threading.Event()
    beginner = bench_on(engine)
    assert beginner.status() is RecipientStatus.CLAIMED  # its connection is made
    sa.event.listen(engine, "commit", lambda _: hold(is_open, may_commit))
    with ThreadPoolExecutor() as pool:
        beginning = pool.submit(beginner.begin, first)
        assert is_open.wait(20)
        pausing = pool.submit(bench.edit, status=status)
        has_returned_early = bool(wait([pausing], timeout=0.3).done)
        seen_meanwhile = bench.status("c1ann"), bench.store.count_recipients(MERCHANT, "c1")[0].count
        may_commit.set()
        began, saved = beginning.result(20), pausing.result(20)
    after = bench.begin(second)
    bench.store.close()
    engine.dispose()

    assert not has_returned_early
    assert seen_meanwhile == (RecipientStatus.CLAIMED, 2)
    assert (began, saved is not None) == (BeginVerdict.GO, True)
    assert after is BeginVerdict(status.value)


def test_a_begin_waits_for_no_other_begin_of_its_campaign(url: str) -> None:
    bench, engine = bench_on(url), sa.create_engine(url)
    bench.campaign()
    first, second = bench.claims("ann", "bob")
    is_open, may_commit = threading.Event(), threading.Event()
    beginner = bench_on(engine)
    assert beginner.status() is RecipientStatus.CLAIMED  # its connection is made
    sa.event.listen(engine, "commit", lambda _: hold(is_open, may_commit))
    with ThreadPoolExecutor() as pool:
        beginning = pool.submit(beginner.begin, first)
        assert is_open.wait(20)
        meanwhile = pool.submit(bench.begin, second).result(20)
        may_commit.set()
        began = beginning.result(20)
    bench.store.close()
    engine.dispose()

    assert (meanwhile, began) == (BeginVerdict.GO, BeginVerdict.GO)


def test_the_servers_clock_decides_whatever_the_kits_says(url: str) -> None:
    store = SqlStore(url)
    store.bind_clock(FrozenClock(START))
    bench = Bench(store, FrozenClock(START))
    bench.campaign()
    bench.begun("ann")
    with postgres().connect() as connection:
        ((server_now,),) = connection.execute("SELECT clock_timestamp()").fetchall()
    (attempt,) = bench.attempts()
    seen = store.due(START, limit=1).now
    store.close()

    assert attempt.began_at is not None
    assert abs((attempt.began_at - server_now).total_seconds()) < 20
    assert seen is not None
    assert seen >= attempt.began_at
