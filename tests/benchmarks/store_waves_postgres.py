"""Claim, begin and settle on PostgreSQL in waves, beside SQLAlchemy row by row. Commits are durable on both sides.

The server runs on the same machine, so both share its cores: the CPU time of each is kept beside the rate.
"""

import statistics
import time
from functools import partial

import psutil
import sqlalchemy as sa

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.status import RecipientStatus
from campaignkit.clocks import SystemClock
from campaignkit.dispatch.dispatcher import BATCH_MAX
from campaignkit.kit import CampaignKit
from campaignkit.stores.sql import SqlStore
from campaignkit.transports.function import FunctionTransport
from tests.benchmarks.figures import Figure, interleave, judge_ratio, spread
from tests.benchmarks.ground import MERCHANT, addresses, prepare_on
from tests.benchmarks.store_waves import MAILS, drain, drain_row_by_row
from tests.services.postgres import Postgres, started_postgres

MESSAGES = {1: 200, 8: 800, 20: 1600, 100: 4000}  # by wave
PEER_MESSAGES = 200
PASSES = 5
GOAL_AT_100 = 8_000

Micros = dict[str, list[float]]  # of CPU a message, by who used them


def measure() -> list[Figure]:
    """Measure every wave and the peer in turn, each pass on a database of its own."""
    micros: Micros = {}
    with started_postgres(is_durable=True) as server:
        measures = {f"wave {wave}": partial(_rate, server, wave, micros) for wave in MESSAGES}
        samples = interleave(PASSES, {**measures, "row by row": partial(_peer_rate, server)})
    return [_figure(wave, samples[f"wave {wave}"], samples["row by row"], micros) for wave in MESSAGES]


def _figure(wave: int, rates: list[float], peer: list[float], micros: Micros) -> Figure:
    middle = statistics.median(rates)
    ours, servers = micros[f"worker {wave}"], micros[f"server {wave}"]
    why = (
        f"a message takes {statistics.median(ours):.0f} µs of CPU here and {statistics.median(servers):.0f} µs "
        "in the server, and both wait for each other"
    )
    is_goal = wave == BATCH_MAX
    return Figure(
        work=f"PostgreSQL, claim {BATCH_MAX}, begin and settle in waves of {wave}",
        measured=f"{spread(rates, '/s')}, {spread(ours, ' µs CPU')}, in the server {spread(servers, ' µs CPU')}",
        peer=f"SQLAlchemy Core, a row and two commits at a time: {spread(peer, '/s')}",
        ratio=f"× {middle / statistics.median(peer):.1f}",
        goal=f"{GOAL_AT_100:,}/s" if is_goal else "",
        verdict=judge_ratio(middle / GOAL_AT_100, at_least=1, why=why) if is_goal else None,
        samples={"rate": rates, "cpu_micros": ours, "server_cpu_micros": servers, "peer_rate": peer},
    )


def _rate(server: Postgres, wave: int, micros: Micros, number: int) -> float:
    count = MESSAGES[wave]
    with server.database() as name:
        url = server.url(name)
        campaign_id = prepare_on(url, count + 1, f"{time.time_ns()}.{number}")
        transport = FunctionTransport("email", lambda _message: None)
        with CampaignKit(store=SqlStore(url), transports={"main": transport}) as kit:
            assert kit.tick(max_messages=1).sent == 1  # from here on the campaign is sending
        server.run("ANALYZE", name)  # which the server does by itself within a minute
        store = SqlStore(url)
        store.bind_clock(SystemClock())
        began_at, cpu_at, server_at = time.perf_counter(), time.process_time(), _cpu_seconds(server)
        assert drain(store, campaign_id, wave) == count
        seconds, cpu_seconds = time.perf_counter() - began_at, time.process_time() - cpu_at
        micros.setdefault(f"server {wave}", []).append(1e6 * (_cpu_seconds(server) - server_at) / count)
        micros.setdefault(f"worker {wave}", []).append(1e6 * cpu_seconds / count)
        statuses = {one.status: one.count for one in store.count_recipients(MERCHANT, campaign_id)}
        assert statuses == {RecipientStatus.SENT: count + 1}
        store.close()
    return count / seconds


def _cpu_seconds(server: Postgres) -> float:
    """Return what the server's processes that are alive have used."""
    times = [one.cpu_times() for one in psutil.Process(server.pid).children()]
    return float(sum(one.user + one.system for one in times))


def _peer_rate(server: Postgres, number: int) -> float:
    with server.database(is_migrated=False) as name:
        engine = sa.create_engine(server.url(name))
        MAILS.metadata.create_all(engine)
        rows = [
            {"channel": Channel.EMAIL.value, "address": address, "status": "waiting"}
            for address in addresses(PEER_MESSAGES, f"{time.time_ns()}.{number}")
        ]
        with engine.begin() as connection:
            connection.execute(sa.insert(MAILS), rows)
        began_at = time.perf_counter()
        assert drain_row_by_row(engine) == PEER_MESSAGES
        seconds = time.perf_counter() - began_at
        engine.dispose()
    return PEER_MESSAGES / seconds
