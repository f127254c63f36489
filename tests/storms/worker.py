"""A worker process that may die: a job in, a campaign driven as far as its fault lets it. Run in a forked child."""

import os
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from campaignkit.clocks import FrozenClock
from campaignkit.identifiers import TimeOrderedIds
from campaignkit.kit import CampaignKit
from campaignkit.stores.sql import SqlStore
from campaignkit.stores.sql.schema import to_micros
from campaignkit.testing.faults import (
    CountPassings,
    FaultPoint,
    FaultyStore,
    FaultyTransport,
    sql_faults,
    sqlite_faults,
)
from tests.storms.clocks import PATIENCE, StormClock, fast_stopwatch, sun_at
from tests.storms.ground import AN_HOUR, REFUSED_EVERY, STARTS_AT, FileProvider, prepare
from tests.storms.killers import fault_point
from tests.storms.limits import race
from tests.storms.places import connect
from tests.storms.planted import PLANTED
from tests.storms.texts import TextProvider, prepare_texts, price_book, trade

Job = dict[str, Any]  # JSON, made by storm.Field; of a storm in real time also the keys of Weather


class WarmEngine:
    """An engine made before the fork, so that children need not compile statements. The attributes are theirs."""

    def __init__(self) -> None:
        self.database = ""
        self.factory = sqlite3.Connection
        self.engine = sa.create_engine("sqlite://", creator=self._connect, poolclass=sa.QueuePool)

    def open(self, database: str, at: FaultPoint) -> sa.Engine:
        """Return the engine on *database*, with faults beneath SQLAlchemy: hot statements take their usual way."""
        self.database, self.factory = database, sqlite_faults(at)
        return self.engine

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.database, factory=self.factory)


class WarmServersEngine:
    """The same for a PostgreSQL server, whose driver is known to SQLAlchemy alone."""

    def __init__(self) -> None:
        self.database = ""
        self.at: FaultPoint = CountPassings()
        self.engine = sa.create_engine("postgresql+psycopg://", creator=self._connect)
        sql_faults(self.engine, lambda name: self.at(name))

    def open(self, database: str, at: FaultPoint) -> sa.Engine:
        """Return the engine on the *database* with that URL, with faults."""
        self.database, self.at = database, at
        return self.engine

    def _connect(self) -> Any:
        return connect(self.database, is_autocommit=False)


WARM = WarmEngine()


@cache
def warm_on_server() -> WarmServersEngine:
    """Return the one of this process, made when it is wanted: not everybody has psycopg."""
    return WarmServersEngine()


def warm_up() -> None:
    """Do whole campaigns of both kinds in this process and leave nothing behind but what was learned."""
    for prepare_campaigns, more in ((prepare, ()), (prepare_texts, ("book",))):
        with TemporaryDirectory() as folder:
            files = {name: str(Path(folder) / name) for name in ("database", "accepted", *more)}
            prepare_campaigns(Path(files["database"]), 2 * REFUSED_EVERY)
            work(files | {"starts_at": STARTS_AT.isoformat(), "wave": 8, "worker": "warm"})
            WARM.engine.dispose()


def work(job: Job) -> None:
    """Do *job*; dies on the way if its fault says so."""
    if job.get("race"):
        race(job)
        return
    counting = CountPassings()
    at = _fault(job) or counting
    (_work_planted if job.get("is_planted") else _work_kit)(job, at)
    if job.get("passings"):
        lines = "".join(f"{name} {count}\n" for name, count in counting.counts.items())
        Path(job["passings"]).write_text(lines)


def _fault(job: Job) -> FaultPoint | None:
    fault = job.get("fault")
    return None if fault is None else fault_point(fault, Path(job["deaths"]))


def _work_kit(job: Job, at: FaultPoint) -> None:
    is_on_server = "://" in job["database"]
    warm: WarmEngine | WarmServersEngine = warm_on_server() if is_on_server else WARM
    accepted, circumstances = Path(job["accepted"]), _circumstances(job)
    open_store = PLANTED[job["planted"]] if job.get("planted") else SqlStore
    # A server's own clock decides, unless time stands still.
    own_clock = circumstances["clock"] if is_on_server and "sun" not in job else None
    engine = warm.open(job["database"], lambda name: at(f"{store.verb}.{name}"))
    store: FaultyStore = FaultyStore(open_store(engine, clock=own_clock), at)
    if "book" in job:
        provider = TextProvider(
            accepted,
            wave=job["wave"],
            seed=job["worker"],
            is_idempotent=job.get("is_repeating", False),
            is_forgetful=job.get("is_forgetful", False),
        )
        texts = FaultyTransport(provider, at)
        with CampaignKit(store=store, transports={"texts": texts}, prices=price_book(), **circumstances) as kit:
            trade(kit, store, circumstances["clock"], job)
    else:
        mails = FaultyTransport(FileProvider(accepted, wave=job["wave"]), at)
        with CampaignKit(store=store, transports={"main": mails}, **circumstances) as kit:
            kit.run()
    engine.dispose()


def _circumstances(job: Job) -> dict[str, Any]:
    """Return clock, lease, stopwatch and name of a worker: a clock that stands still, or one of the storm's."""
    new_id = _named(job.get("worker", ""))
    if "sun" not in job:
        return {"clock": FrozenClock(datetime.fromisoformat(job["starts_at"])), "new_id": new_id}
    skew = timedelta(seconds=job["skew_seconds"])
    return {
        "clock": StormClock(
            sun_at(job["sun"]), began_at=job["began_at"], skew=skew, patience=job.get("patience", PATIENCE)
        ),
        "lease": timedelta(seconds=job["lease_seconds"]),
        "stopwatch": fast_stopwatch(job["stopwatch_times"]),
        "new_id": new_id,
    }


def _named(worker: str) -> Callable[[], str]:
    """Return a source of ids whose first is *worker*: a kit names itself before anything else."""
    ids = TimeOrderedIds()
    names = [worker] if worker else []
    return lambda: names.pop() if names else ids()


def _work_planted(job: Job, at: FaultPoint) -> None:
    """Claim, send, mark sent: what everybody writes first. A claim whose worker died is taken again after its lease."""
    now = to_micros(datetime.fromisoformat(job["starts_at"]))
    lease = to_micros(datetime.fromisoformat(job["starts_at"]) + AN_HOUR / 2)
    database = sqlite3.connect(job["database"], timeout=60, isolation_level=None)
    database.execute(
        "UPDATE campaignkit_recipients SET status = 'pending' WHERE status = 'claimed' AND lease_until <= ?", (now,)
    )
    accepted = os.open(job["accepted"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while True:
        claimed = database.execute(
            "UPDATE campaignkit_recipients SET status = 'claimed', lease_until = ? WHERE recipient_id IN "
            "(SELECT recipient_id FROM campaignkit_recipients WHERE status = 'pending' LIMIT ?) "
            "RETURNING recipient_id, address",
            (lease, job["wave"]),
        ).fetchall()
        at("claim.after")
        if not claimed:
            return
        for recipient_id, address in claimed:
            os.write(accepted, f"{address}\n".encode())
            at("crossing.after")
            database.execute(
                "UPDATE campaignkit_recipients SET status = 'sent', lease_until = NULL WHERE recipient_id = ?",
                (recipient_id,),
            )
            at("settle.after")
