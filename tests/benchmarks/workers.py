"""One, two and four worker processes at the campaigns of four merchants: how far more of them help, and on what.

Through the store alone nobody waits for a provider, so that the database is the limit. Through the kit the provider
takes its time, as real ones do, so that the workers are.
"""

import importlib
import importlib.util
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

import sqlalchemy as sa

from campaignkit.campaign.status import RecipientStatus
from campaignkit.clocks import SystemClock
from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.dispatch.dispatcher import BATCH_MAX, DEFAULT_LEASE
from campaignkit.identifiers import TimeOrderedIds
from campaignkit.kit import CampaignKit
from campaignkit.stores.sql import SqlStore
from campaignkit.transports.function import FunctionTransport
from tests.benchmarks.figures import Figure, interleave, spread
from tests.benchmarks.ground import CONTENT, contacts, folder
from tests.benchmarks.store_waves import _send_wave

WORKERS = (1, 2, 4)
MERCHANTS = tuple(f"shop{number}" for number in range(4))
PASSES = 3
WAVE = 20
STORE_MESSAGES = 1000  # of each merchant
KIT_MESSAGES = 60
SIZE_MESSAGES = 2500
PROVIDER_SECONDS = 0.02  # what a gateway on the other side of a continent takes
POSTGRES = "tests.services.postgres"

Campaigns = list[tuple[str, str]]  # merchant and campaign ids
Databases = Callable[[], AbstractContextManager[str]]  # each yields the URL of a new one
Drain = Callable[[CampaignKit, str, Campaigns], None]


def measure() -> list[Figure]:
    """Measure all numbers of workers in turn, on SQLite, and on PostgreSQL where one can be started."""
    figures = _measure_on("SQLite", _sqlite)
    if importlib.util.find_spec(POSTGRES) is None:
        return figures
    return [*figures, *_measure_on("PostgreSQL", _postgres)]


def _measure_on(name: str, databases: Databases) -> list[Figure]:
    through_store = f"{name}: claim {BATCH_MAX}, begin and settle in waves of {WAVE}"
    through_kit = f"{name}: whole kit, a provider that takes {1000 * PROVIDER_SECONDS:.0f} ms for each message"
    return [
        *_compare(through_store, databases, _drain_store, STORE_MESSAGES),
        *_compare(through_kit, databases, _drain_kit, KIT_MESSAGES),
        _measure_size(name, databases),
    ]


def _compare(work: str, databases: Databases, drain: Drain, count: int) -> list[Figure]:
    micros: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    measures = {str(workers): partial(_rate, databases, drain, count, workers, micros[workers]) for workers in WORKERS}
    samples = interleave(PASSES, measures)
    one = statistics.median(samples["1"])
    return [
        Figure(
            work=f"{work}; {workers} {'worker' if workers == 1 else 'workers'}",
            measured=f"{spread(samples[str(workers)], '/s')}, {spread(cpu, ' µs CPU')}",
            peer="" if workers == 1 else "one worker",
            ratio="" if workers == 1 else f"× {statistics.median(samples[str(workers)]) / one:.2f}",
            samples={"rate": samples[str(workers)], "cpu_micros": cpu},
        )
        for workers, cpu in micros.items()
    ]


def _measure_size(name: str, databases: Databases) -> Figure:
    """Return how much a recipient of a campaign leaves in the database once the message is sent, indexes included."""
    with databases() as url:
        SqlStore(url).upgrade()
        empty = _size(url)
        campaigns = _lay(url, SIZE_MESSAGES, f"{time.time_ns()}")
        with CampaignKit(store=SqlStore(url)) as kit:
            _drain_store(kit, url, campaigns)
        size = (_size(url) - empty) / (len(campaigns) * SIZE_MESSAGES)
    work = f"{name}: what {len(MERCHANTS) * SIZE_MESSAGES:,} sent messages leave in the database, with all indexes"
    return Figure(work=work, measured=f"{size:,.0f} bytes each", samples={"bytes": [size]})


def _size(url: str) -> int:
    """Return the size of a database in bytes."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            pages: int = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            size: int = pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        else:
            size = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
    engine.dispose()
    return size


@contextmanager
def _sqlite() -> Iterator[str]:
    with folder() as path:
        yield f"sqlite:///{path / 'campaigns.db'}"


@contextmanager
def _postgres() -> Iterator[str]:
    """Yield the URL of a new database on a server that flushes every commit."""
    service: Any = importlib.import_module(POSTGRES)
    with service.started_postgres(is_durable=True) as server:
        yield server.url(server.create_database())


def _rate(databases: Databases, drain: Drain, count: int, workers: int, cpu_micros: list[float], number: int) -> float:
    """Return how many messages a second so many workers brought to their end, from the first begin to the last end."""
    with databases() as url:
        campaigns = _lay(url, count, f"{time.time_ns()}.{number}")
        seconds, cpu_seconds = _run(url, campaigns, drain, workers)
        _require_all_sent(url, campaigns, count)
    total = len(campaigns) * count
    cpu_micros.append(1e6 * cpu_seconds / total)
    return total / seconds


def _lay(url: str, count: int, seed: str) -> Campaigns:
    """Make the database hold one campaign of *count* recipients of each merchant, all of them sending."""
    store = SqlStore(url)
    store.upgrade()
    campaigns = []
    with CampaignKit(store=store, transports={"main": FunctionTransport("email", lambda _message: None)}) as kit:
        for merchant_id in MERCHANTS:
            shop = kit.merchant(merchant_id, zone="Europe/Warsaw", region="PL")
            shop.add_sender("main", address=f"Shop <hello@{merchant_id}.example>", limits=[])
            campaign = shop.create_campaign(name="Spring", sender="main", content=CONTENT)
            assert shop.add_recipients(campaign.id, contacts(count, seed)).added == count
            shop.schedule(campaign.id)
            campaigns.append((merchant_id, campaign.id))
        assert kit.tick(max_messages=1).sent == 1  # from here on all are sending
    return campaigns


def _run(url: str, campaigns: Campaigns, drain: Drain, workers: int) -> tuple[float, float]:
    """Return how long it took, and the CPU time of all workers."""
    context = multiprocessing.get_context("spawn")  # nobody inherits a connection
    barrier = context.Barrier(workers)
    pipes = [context.Pipe(duplex=False) for _ in range(workers)]
    processes = [
        context.Process(target=_work, args=(drain, url, campaigns, number, barrier, pipes[number][1]))
        for number in range(workers)
    ]
    for process in processes:
        process.start()
    times: list[tuple[float, float, float]] = [reading.recv() for reading, _ in pipes]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    began, ended, cpu = zip(*times, strict=True)
    return max(ended) - min(began), sum(cpu)


def _work(drain: Drain, url: str, campaigns: Campaigns, number: int, barrier: Barrier, answer: Connection) -> None:
    """Be worker *number*: get ready, wait for the others, work, and say from when to when."""
    turned = campaigns[number % len(campaigns) :] + campaigns[: number % len(campaigns)]
    with CampaignKit(store=SqlStore(url), transports={"main": FunctionTransport("email", _take_time)}) as kit:
        kit.merchant(turned[0][0]).campaigns()  # connected and imported
        barrier.wait()
        began_at, cpu_at = time.monotonic(), time.process_time()
        drain(kit, url, turned)
        answer.send((began_at, time.monotonic(), time.process_time() - cpu_at))


def _take_time(_message: object) -> None:
    time.sleep(PROVIDER_SECONDS)


def _drain_kit(kit: CampaignKit, _url: str, _campaigns: Campaigns) -> None:
    while kit.tick().sent:
        pass


def _drain_store(_kit: CampaignKit, url: str, campaigns: Campaigns) -> None:
    """Take everybody through the store as the engine does: a batch of each merchant in turn."""
    store, new_id, left = SqlStore(url), TimeOrderedIds(), list(campaigns)
    store.bind_clock(SystemClock())
    worker_id = str(os.getpid())
    while left:
        merchant_id, campaign_id = left.pop(0)
        claims = store.claim(
            merchant_id, campaign_id, worker_id=worker_id, token=new_id(), lease=DEFAULT_LEASE, limit=BATCH_MAX
        )
        if not claims:
            continue
        left.append((merchant_id, campaign_id))
        settlements: Sequence[Settlement] = ()
        for start in range(0, len(claims), WAVE):
            settlements = _send_wave(store, claims[start : start + WAVE], settlements)
        assert all(result is SettleResult.APPLIED for result in store.settle(settlements))
    store.close()


def _require_all_sent(url: str, campaigns: Campaigns, count: int) -> None:
    store = SqlStore(url)
    for merchant_id, campaign_id in campaigns:
        statuses = {one.status: one.count for one in store.count_recipients(merchant_id, campaign_id)}
        assert statuses == {RecipientStatus.SENT: count}
    store.close()
