"""Claim, begin and settle on SQLite in waves, beside SQLAlchemy row by row. Commits are durable on both sides."""

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import sqlalchemy as sa

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.status import RecipientStatus
from campaignkit.clocks import SystemClock
from campaignkit.delivery.begin import BeginVerdict, Clearance
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.dispatch.dispatcher import BATCH_MAX, DEFAULT_LEASE
from campaignkit.dispatch.resolving import resolve_cleared
from campaignkit.identifiers import TimeOrderedIds
from campaignkit.ports import Claim
from campaignkit.stores.sql import SqlStore
from campaignkit.transports.function import FunctionTransport
from tests.benchmarks.figures import Figure, interleave, judge_ratio, spread
from tests.benchmarks.ground import MERCHANT, addresses, folder, kit_on, prepare

MESSAGES = {1: 400, 8: 1600, 20: 2000, 100: 4000}  # by wave, so that a pass takes about half a second
PEER_MESSAGES = 400
PASSES = 7
GOAL_AT_100 = 10_000


def measure() -> list[Figure]:
    """Measure every wave and the peer in turn; the CPU time of each pass is kept beside its rate."""
    micros: dict[str, list[float]] = {}
    measures = {f"wave {wave}": partial(_rate, wave, micros) for wave in MESSAGES}
    samples = interleave(PASSES, {**measures, "row by row": partial(_peer_rate, micros)})
    peer = samples["row by row"]
    return [_figure(wave, samples[f"wave {wave}"], micros[f"wave {wave}"], peer, micros) for wave in MESSAGES]


def _figure(
    wave: int, rates: list[float], cpu: list[float], peer: list[float], micros: dict[str, list[float]]
) -> Figure:
    middle = statistics.median(rates)
    why = f"{statistics.median(cpu):.0f} µs of CPU a message allow no more on this machine"
    return Figure(
        work=f"claim {BATCH_MAX}, begin and settle in waves of {wave}",
        measured=f"{spread(rates, '/s')}, {spread(cpu, ' µs CPU')}",
        peer=f"SQLAlchemy Core, a row and two commits at a time: {spread(peer, '/s')}",
        ratio=f"× {middle / statistics.median(peer):.1f}",
        goal=f"{GOAL_AT_100:,}/s" if wave == BATCH_MAX else "",
        verdict=judge_ratio(middle / GOAL_AT_100, at_least=1, why=why) if wave == BATCH_MAX else None,
        samples={"rate": rates, "cpu_micros": cpu, "peer_rate": peer, "peer_cpu_micros": micros["row by row"]},
    )


def _rate(wave: int, micros: dict[str, list[float]], number: int) -> float:
    count = MESSAGES[wave]
    with folder() as path:
        campaign_id = prepare(path / "campaigns.db", count + 1, f"{time.time_ns()}.{number}")
        with kit_on(path / "campaigns.db", FunctionTransport("email", lambda _message: None)) as kit:
            assert kit.tick(max_messages=1).sent == 1  # from here on the campaign is sending
        store = SqlStore(f"sqlite:///{path / 'campaigns.db'}")
        store.bind_clock(SystemClock())
        began_at, cpu_at = time.perf_counter(), time.process_time()
        assert drain(store, campaign_id, wave) == count
        seconds, cpu_seconds = time.perf_counter() - began_at, time.process_time() - cpu_at
        statuses = {one.status: one.count for one in store.count_recipients(MERCHANT, campaign_id)}
        assert statuses == {RecipientStatus.SENT: count + 1}
        store.close()
    micros.setdefault(f"wave {wave}", []).append(1e6 * cpu_seconds / count)
    return count / seconds


def drain(store: SqlStore, campaign_id: str, wave: int) -> int:
    """Take every recipient through the store as the engine does, and return how many."""
    new_id, done = TimeOrderedIds(), 0
    while True:
        claims = store.claim(MERCHANT, campaign_id, worker_id="w", token=new_id(), lease=DEFAULT_LEASE, limit=BATCH_MAX)
        if not claims:
            return done
        settlements: list[Settlement] = []
        for start in range(0, len(claims), wave):
            settlements = _send_wave(store, claims[start : start + wave], settlements)
        results = store.settle(settlements)
        assert all(result is SettleResult.APPLIED for result in results)
        done += len(claims)


def _send_wave(store: SqlStore, claims: Sequence[Claim], before: Sequence[Settlement]) -> list[Settlement]:
    """Begin a wave in one commit with settling the wave before, and return its own settlements."""
    now = datetime.now(UTC)
    clearances = [_clearance(claim, now) for claim in claims]
    answers = store.begin(clearances, lease=DEFAULT_LEASE, settlements=before)
    assert all(answer.verdict is BeginVerdict.GO for answer in answers)
    return [resolve_cleared(claim, _accepted(claim), now) for claim in claims]


def _clearance(claim: Claim, now: datetime) -> Clearance:
    recipient = claim.recipient
    return Clearance(
        merchant_id=recipient.merchant_id,
        campaign_id=recipient.campaign_id,
        recipient_id=recipient.recipient_id,
        epoch=claim.epoch,
        claim_token=recipient.claim_token,
        settings_version=1,
        address_key=recipient.address_key,
        prepared_at=now,
    )


def _accepted(claim: Claim) -> Outcome:
    return Outcome(
        message_id=claim.recipient.recipient_id, verdict=Verdict.ACCEPTED, code="accepted", reply="250 2.0.0 Ok"
    )


MAILS = sa.Table(
    "mails",
    sa.MetaData(),
    sa.Column("mail_id", sa.Integer, primary_key=True),
    sa.Column("channel", sa.String(10), nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("status", sa.String(10), nullable=False, index=True),
    sa.Column("changed_at", sa.DateTime),
)


def _peer_rate(micros: dict[str, list[float]], number: int) -> float:
    with folder() as path:
        engine = sa.create_engine(f"sqlite:///{path / 'peer.db'}")
        sa.event.listen(engine, "connect", _make_durable)
        MAILS.metadata.create_all(engine)
        rows = [
            {"channel": Channel.EMAIL.value, "address": address, "status": "waiting"}
            for address in addresses(PEER_MESSAGES, f"{time.time_ns()}.{number}")
        ]
        with engine.begin() as connection:
            connection.execute(sa.insert(MAILS), rows)
        began_at, cpu_at = time.perf_counter(), time.process_time()
        assert drain_row_by_row(engine) == PEER_MESSAGES
        seconds, cpu_seconds = time.perf_counter() - began_at, time.process_time() - cpu_at
        engine.dispose()
    micros.setdefault("row by row", []).append(1e6 * cpu_seconds / PEER_MESSAGES)
    return PEER_MESSAGES / seconds


def _make_durable(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def drain_row_by_row(engine: sa.Engine) -> int:
    """Do what is usually written first: take a row, mark it sending, mark it sent."""
    done = 0
    while True:
        with engine.begin() as connection:
            row = connection.execute(sa.select(MAILS).where(MAILS.c.status == "waiting").limit(1)).first()
            if row is None:
                return done
            _mark(connection, row.mail_id, "sending")
        with engine.begin() as connection:
            _mark(connection, row.mail_id, "sent")
        done += 1


def _mark(connection: sa.Connection, mail_id: int, status: str) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    connection.execute(sa.update(MAILS).where(MAILS.c.mail_id == mail_id).values(status=status, changed_at=now))
