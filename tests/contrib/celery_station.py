"""Real Celery workers and beat as processes over one Redis, a SQLite file and a file that plays the provider."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
from celery import Celery

import campaignkit as ck
from campaignkit.contrib.celery import DRAIN
from tests.cli.shell import wait_until
from tests.storms.ground import CONTENT, Judgement, judge

ROOT = Path(__file__).parents[2]
MERCHANTS = ("flora", "rosa", "viola")
WAVE = 4
PATIENCE_SECONDS = 150.0  # of a busy machine; an idle one needs a few
SETTINGS = {"wave": WAVE, "pause_seconds": 0.002, "lease_seconds": 690, "sweep_seconds": 0.5, "is_acked_late": False}


@attrs.define
class Station:
    """A folder with everything that workers share, and the processes that were started over it."""

    folder: Path
    broker: str
    _processes: list[subprocess.Popen[bytes]] = attrs.field(factory=list)

    @property
    def database(self) -> Path:
        return self.folder / "campaigns.db"

    @property
    def accepted(self) -> Path:
        return self.folder / "accepted"

    @property
    def accepted_count(self) -> int:
        return self.accepted.read_bytes().count(b"\n") if self.accepted.exists() else 0

    @property
    def sender_pid(self) -> int:
        """The process that sent last."""
        return int((self.folder / "pid").read_text())

    def judge(self) -> Judgement:
        return judge(self.database, self.accepted)

    def wait_for(self, count: int) -> None:
        """Return once the provider accepted so many."""
        wait_until(lambda: self.accepted_count >= count, PATIENCE_SECONDS)

    def wait_for_end(self) -> None:
        """Return once nobody is unfinished."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while self.judge().unfinished:
            assert time.monotonic() < ends_at, "somebody was never served"
            time.sleep(0.2)  # looking is work, too

    def send_drains(self, count: int) -> None:
        with Celery(broker=self.broker) as app:
            for _ in range(count):
                app.send_task(DRAIN)

    def start_worker(self, pool: str, concurrency: int = 2, *, has_beat: bool = False) -> subprocess.Popen[bytes]:
        """Start a worker, with beat in a process that it forks if asked: that is there at once."""
        name = f"worker{len(self._processes)}"
        words = ["worker", "--pool", pool, "--concurrency", str(concurrency), "--hostname", f"{name}@%h"]
        words += ["--beat", "--schedule", str(self.folder / f"{name}.beat")] if has_beat else []
        return self._start(name, *words, "--without-gossip", "--without-mingle", "--loglevel", "INFO")

    def said(self) -> str:
        """Return what all processes logged."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def _start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "--app", "tests.contrib.celery_shop", *words]
        environ = {**os.environ, "CELERY_SHOP": str(self.folder)}
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environ, stdout=log, stderr=log, process_group=0, stdin=subprocess.DEVNULL
            )
        self._processes.append(process)
        return process

    def stop(self) -> None:
        """Kill whatever still runs, with its children."""
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def station(folder: Path, broker: str, *, people: int, **settings: Any) -> Iterator[Station]:
    """Yield a station whose three merchants have one campaign each that is due, of *people* recipients."""
    (folder / "settings.json").write_text(json.dumps({**SETTINGS, "broker": broker, **settings}))
    store = ck.SqlStore(f"sqlite:///{folder / 'campaigns.db'}")
    store.upgrade()
    with ck.CampaignKit(store=store) as kit:
        for merchant_id in MERCHANTS:
            _schedule(kit, merchant_id, people)
    made = Station(folder, broker)
    try:
        yield made
    except BaseException:
        print(made.said())
        raise
    finally:
        made.stop()


def _schedule(kit: ck.CampaignKit, merchant_id: str, people: int) -> None:
    merchant = kit.merchant(merchant_id, zone="Europe/Warsaw", region="PL")
    merchant.add_sender("main", address=f"{merchant_id} <hello@{merchant_id}.example>", limits=[])
    campaign = merchant.create_campaign(name="Spring", sender="main", content=CONTENT)
    rows = ({"email": f"c{number}@{merchant_id}.example", "name": f"C{number}"} for number in range(people))
    added = merchant.add_recipients(campaign.id, (ck.parse_contact(row) for row in rows))
    assert added.added == people
    merchant.schedule(campaign.id)
