"""Coming back: from the start of a process to its first message, and from the death of a worker to what it had held.

Both on SQLite, with workers that are processes of their own and are killed by SIGKILL. A provider is a file to which
each message adds a line with the moment at which it crossed.
"""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from campaignkit.campaign.status import RecipientStatus
from campaignkit.message.outbound import OutboundMessage
from campaignkit.transports.function import FunctionTransport
from tests.benchmarks.figures import ROOT, Figure, interleave, spread
from tests.benchmarks.ground import folder, kit_on, prepare

SIZES = (1_000, 100_000)
PASSES = 5
HELD = 100  # what a worker claims at once
LEASE = timedelta(seconds=2)  # of the killed worker; by default 11.5 minutes, so that no provider's reply outlasts it
PATIENCE_SECONDS = 60


def measure() -> list[Figure]:
    """Measure both."""
    with folder() as path:
        for count in SIZES:
            prepare(path / f"{count}.db", count, f"{time.time_ns()}")
        starts = interleave(PASSES, {f"{count:,}": partial(_first_send, path / f"{count}.db") for count in SIZES})
    doubts: list[int] = []
    returns = interleave(PASSES, {"killed": partial(_recovery, doubts)})["killed"]
    small, large = (starts[f"{count:,}"] for count in SIZES)
    return [
        Figure(
            work=f"from the start of a process to its first message, {SIZES[1]:,} pending",
            measured=spread(large, " s"),
            peer=f"the same with {SIZES[0]:,} pending: {spread(small, ' s')}",
            ratio=f"× {statistics.median(large) / statistics.median(small):.2f} for × {SIZES[1] // SIZES[0]} pending",
            samples={"large": large, "small": small},
        ),
        Figure(
            work=f"a worker that held {HELD} was killed: from the end of its lease until another has sent them",
            measured=spread(returns, " s"),
            peer=f"in doubt per kill, of waves of one: {statistics.mean(doubts):.2g}",
            samples={"seconds": returns},
        ),
    ]


def _first_send(database: Path, _number: int) -> float:
    """Return the seconds from the start of a worker's process until its first message crossed; it is killed there."""
    log = database.with_suffix(f".{time.time_ns()}.log")
    began_at = time.time()
    with _worker(database, log, stops_after=1) as process:
        _wait_for(lambda: log.exists() and log.read_text().count("\n") >= 1)
        crossed_at = float(log.read_text().split()[1])
        os.kill(process.pid, signal.SIGKILL)
    return crossed_at - began_at


def _recovery(doubts: list[int], _number: int) -> float:
    with folder() as path:
        database, first, second = path / "campaigns.db", path / "first.log", path / "second.log"
        campaign_id = prepare(database, HELD, f"{time.time_ns()}")
        with _worker(database, first, stops_after=5) as process:
            _wait_for(lambda: first.exists() and first.read_text().count("\n") >= 5)
            os.kill(process.pid, signal.SIGKILL)
        with kit_on(database, _provider(second, stops_after=None), lease=LEASE) as kit:
            leases_end_at = _last_lease(kit)
            _wait_for(lambda: kit.tick().next_at is None)
            counts = kit.merchant("flora").counts(campaign_id).by_status
        sent, in_doubt = (counts.get(status, 0) for status in (RecipientStatus.SENT, RecipientStatus.IN_DOUBT))
        doubts.append(in_doubt)
        assert sent + in_doubt == HELD, "somebody is lost"
        return max(float(line.split()[1]) for line in second.read_text().splitlines()) - leases_end_at


def _last_lease(kit) -> float:
    """Return when the dead worker's claims are anybody's again."""
    next_at = kit.tick(max_messages=1).next_at
    assert next_at is not None, "the killed worker held nothing"
    return float(next_at.timestamp())


def _wait_for(is_so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > ends_at:
            raise TimeoutError("a worker did nothing for a minute")
        time.sleep(0.002)


def _worker(database: Path, log: Path, *, stops_after: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.benchmarks.recovery", str(database), str(log), str(stops_after)]
    return subprocess.Popen(command, cwd=ROOT)


def _provider(log: Path, *, stops_after: int | None) -> FunctionTransport:
    """Return a transport that writes to *log*, and stands still with its next message after so many."""
    taken = 0

    def take(message: OutboundMessage) -> None:
        nonlocal taken
        if taken == stops_after:
            time.sleep(PATIENCE_SECONDS)
        taken += 1
        with log.open("a") as file:
            file.write(f"{message.message_id} {time.time()}\n")

    return FunctionTransport("email", take)


if __name__ == "__main__":
    with kit_on(Path(sys.argv[1]), _provider(Path(sys.argv[2]), stops_after=int(sys.argv[3])), lease=LEASE) as working:
        working.run()
