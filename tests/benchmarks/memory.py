"""Peak memory of a campaign: its intake as a stream, preflight and schedule, and a first tick, each child by itself."""

import json
import subprocess
import sys
import time
from pathlib import Path

from campaignkit.transports.function import FunctionTransport
from tests.benchmarks.figures import ROOT, Figure, interleave
from tests.benchmarks.ground import folder, kit_on, prepare
from tests.benchmarks.peers.peak import peak_mib

SIZES = (2_000, 200_000)
TICK_MESSAGES = 1000


def measure() -> list[Figure]:
    """Measure a small and a large campaign: what memory a recipient costs is the difference."""
    seconds: dict[int, dict[str, float]] = {}
    samples = interleave(1, {str(count): _peak_of(count, seconds) for count in SIZES})
    small, large = (samples[str(count)][0] for count in SIZES)
    return [
        Figure(
            work=f"peak memory of {SIZES[1]:,} recipients: intake, preflight, schedule and a tick of {TICK_MESSAGES:,}",
            measured=f"{large:.0f} MiB; {SIZES[1] / seconds[SIZES[1]]['intake']:,.0f} recipients/s until scheduled",
            peer=f"the same with {SIZES[0]:,}: {small:.0f} MiB",
            ratio=f"× {large / small:.2f} for × {SIZES[1] // SIZES[0]} the recipients",
            goal="(none of its own)",
            samples={name: list(values) for name, values in samples.items()},
        )
    ]


def _peak_of(count: int, seconds: dict[int, dict[str, float]]):
    def peak(_number: int) -> float:
        command = [sys.executable, "-m", "tests.benchmarks.memory", str(count)]
        done = subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=1200)
        seconds[count] = json.loads(done.stdout.splitlines()[-1])
        return seconds[count]["peak_mib"]

    return peak


def _child(count: int) -> dict[str, float]:
    with folder() as path:
        began_at = time.perf_counter()
        prepare(Path(path) / "campaigns.db", count, f"{time.time_ns()}")
        intake = time.perf_counter() - began_at
        with kit_on(Path(path) / "campaigns.db", FunctionTransport("email", lambda _message: None)) as kit:
            assert kit.tick(max_messages=TICK_MESSAGES).sent == TICK_MESSAGES
        return {"peak_mib": peak_mib(), "intake": intake, "tick": time.perf_counter() - began_at - intake}


if __name__ == "__main__":
    print(json.dumps(_child(int(sys.argv[1]))))
