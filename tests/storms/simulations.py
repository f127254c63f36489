"""Thousands of seeds of the simulator: ``python -m tests.storms.simulations [first] [--seeds N]``; 1 if any fails."""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import attrs

from campaignkit.testing import SimulationReport, simulate

SEEDS = 10_000
PROCESSES = 2
SHOWN_MAX = 5  # failing seeds whose story is told
CHUNK = 20


@attrs.define
class Simulations:
    """What many seeds came to."""

    seeds: int = 0
    steps: int = 0
    crashes: int = 0
    freezes: int = 0
    faults: int = 0
    accepted: int = 0
    recovered: int = 0
    in_doubt: int = 0
    seconds: float = 0.0
    laws: Counter[str] = attrs.field(factory=Counter)  # how many seeds broke each
    answers: Counter[str] = attrs.field(factory=Counter)  # of begin
    failing: list[int] = attrs.field(factory=list)
    stories: list[str] = attrs.field(factory=list)

    def add(self, report: SimulationReport) -> None:
        """Count one more seed."""
        self.seeds += 1
        self.steps += report.step_count
        self.crashes += report.crash_count
        self.freezes += report.freeze_count
        self.faults += report.fault_count
        self.accepted += report.accepted_count
        self.recovered += report.recovered_count
        self.in_doubt += report.in_doubt_count
        self.answers.update(report.answers)
        self.laws.update({finding.law for finding in report.findings})
        if not report.is_right:
            self.failing.append(report.seed)
            self.stories.append(str(report))

    @property
    def unexpected(self) -> int:
        """Return how many seeds broke a law that has no name of its own in the storm's table."""
        return sum(count for law, count in self.laws.items() if law not in {"lost", "duplicated"})

    def __str__(self) -> str:
        lines = [
            f"{self.seeds} seeds, {self.steps} steps in {self.seconds:.0f} s: {self.crashes} crashes, {self.freezes} "
            f"freezes, {self.faults} failing calls; {self.accepted} messages accepted, {self.recovered} recovered, "
            f"{self.in_doubt} in doubt",
            "  begin said " + ", ".join(f"{count} {answer}" for answer, count in self.answers.most_common()),
        ]
        lines += [f"  ! {law} in {count} seeds" for law, count in self.laws.most_common()]
        lines += self.stories[:SHOWN_MAX]
        return "\n".join([*lines, "NOT right: seeds " + " ".join(map(str, self.failing)) if self.failing else "right"])


def run_simulations(
    *, seeds: int, first: int = 0, processes: int = PROCESSES, may_go_on: Callable[[], bool] = lambda: True
) -> Simulations:
    """Run so many seeds from *first* on, while *may_go_on*, and return what they came to."""
    done, began_at = Simulations(), time.monotonic()
    for report in _reports(range(first, first + seeds), processes):
        done.add(report)
        if not may_go_on():
            break
    done.seconds = time.monotonic() - began_at
    return done


def _reports(seeds: Sequence[int], processes: int) -> Iterator[SimulationReport]:
    # Forked processes would inherit the locks of threads that are not there.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(_short, seeds, chunksize=CHUNK)


def _short(seed: int) -> SimulationReport:
    """Return the report, with its steps only where they matter: they are many, and go from process to process."""
    report = simulate(seed)
    return report if not report.is_right else attrs.evolve(report, trace=())


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate as asked and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.storms.simulations", description=__doc__)
    parser.add_argument("first", nargs="?", type=int, default=0, help="the first seed (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=PROCESSES, help="side by side (default: %(default)s)")
    asked = parser.parse_args(arguments)
    done = run_simulations(seeds=asked.seeds, first=asked.first, processes=asked.processes)
    print(done)
    return 1 if done.failing else 0


if __name__ == "__main__":
    sys.exit(main())
