"""The long storm: ``python -m tests.storms [seed] [--kills N] [--workers N]``; ends with 1 if anything is wrong."""

import argparse
import secrets
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs

from tests.storms.cuts import cut_everywhere
from tests.storms.frost import frost
from tests.storms.gale import RECOVERY, gale
from tests.storms.ground import prepare
from tests.storms.limits import RUNNERS, race_for_quotas
from tests.storms.mails import MAILS, storm_of_mails
from tests.storms.simulations import run_simulations
from tests.storms.storm import Report, kill_everywhere

KILLS = 2000  # at random; the kills at every point come on top of them
STOPS = 100
STOPS_IN_EARNEST = 4
MINUTES_MAX = 14  # after which nothing new is begun
GRACE_SECONDS = 150  # for what was; then it is over, whatever hangs
RACERS = 8
RACE_SECONDS = 69.0  # more than the longest window of the race, and none of the others begins just before its end
USED_MIN = 0.95  # of the quota that any sender may use; on a machine that nobody else uses
SIMULATIONS = 2000  # seeds; ten thousand take as long as all the rest, see tests/storms/simulations.py
RECIPIENTS = 40
RECIPIENTS_OF_A_GALE = 240  # so that four workers have something to hold at once
HEADINGS = ("campaigns", "kills", "stops", "cuts", "lost", "duplicated", "unexpected", "recovered", "in doubt", "s")


@attrs.frozen(kw_only=True)
class Line:
    """One phase, in the words of the report."""

    name: str
    campaigns: int = 0
    kills: int = 0
    stops: int = 0
    cuts: int = 0
    lost: int = 0
    duplicated: int = 0
    unexpected: int = 0
    recovered: int = 0
    in_doubt: int = 0
    seconds: float = 0.0
    note: str = ""
    complaints: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        return not (self.lost or self.duplicated or self.unexpected or self.complaints)

    def __str__(self) -> str:
        counts = attrs.astuple(self, recurse=False)[1:11]
        cells = (f"{count:>{len(heading)}.0f}" for heading, count in zip(HEADINGS, counts, strict=True))
        return "  ".join((f"{self.name:<16}", *cells))


def head() -> str:
    """Return the line above the lines."""
    return "  ".join((" " * 16, *HEADINGS))


def line_of(name: str, report: Report) -> Line:
    """Return the line of a storm that is over."""
    unfinished = report.count("unfinished")
    complaints = [*report.complaints, *([f"{unfinished} unfinished"] if unfinished else [])]
    statuses = report.statuses()
    return Line(
        name=name,
        campaigns=len(report.judgements),
        kills=report.kill_count,
        lost=report.count("lost"),
        duplicated=report.count("duplicated"),
        unexpected=report.count("unexpected"),
        recovered=report.recovered_count,
        in_doubt=statuses["in_doubt"] + statuses["unknown"],
        complaints=tuple(complaints),
    )


def total_of(lines: Sequence[Line]) -> Line:
    """Return the sums."""
    names = [field.name for field in attrs.fields(Line)][1:11]
    return Line(name="all", **{name: sum(getattr(line, name) for line in lines) for name in names})


@attrs.frozen(kw_only=True)
class Storm:
    """All phases of one run."""

    folder: Path
    seed: int
    kills: int
    workers: int
    ends_at: float  # monotonic

    def may_go_on(self) -> bool:
        return time.monotonic() < self.ends_at

    def template(self, recipients: int) -> Path:
        database = self.folder / f"template{recipients}.db"
        if not database.exists():
            prepare(database, recipients)
        return database

    def run_gale(self) -> Line:
        """Kill at random, in real time."""
        template = self.template(RECIPIENTS_OF_A_GALE)
        report = gale(
            template, self.folder, kills=self.kills, workers=self.workers, seed=self.seed, may_go_on=self.may_go_on
        )
        in_recovery = sum(count for name, count in report.kills.items() if name.startswith(RECOVERY))
        line = line_of("random kills", report)
        line = attrs.evolve(line, note=f"{in_recovery} of these kills while reaping or claiming")
        return _with_complaint(line, line.kills < self.kills, f"only {line.kills} of {self.kills} kills")

    def run_frost(self) -> Line:
        """Stop workers on the brink."""
        done = frost(
            self.template(RECIPIENTS),
            self.folder,
            stops=STOPS,
            in_earnest=STOPS_IN_EARNEST,
            workers=self.workers,
            seed=self.seed,
            may_go_on=self.may_go_on,
        )
        line = line_of("stopped workers", done.report)
        line = attrs.evolve(line, stops=done.stops, unexpected=line.unexpected + done.late)
        wanted = STOPS + STOPS_IN_EARNEST
        return _with_complaint(line, done.stops < wanted, f"only {done.stops} of {wanted} stops")

    def run_every_point(self) -> Line:
        """Kill at each passing of each point."""
        report, passings = kill_everywhere(self.template(RECIPIENTS), self.folder, may_go_on=self.may_go_on)
        line = line_of("every point", report)
        wanted = passings.total()
        return _with_complaint(line, line.kills < wanted, f"only {line.kills} of {wanted} points")

    def run_cuts(self) -> Line:
        """Cut the dialogue with a mail server."""
        cuts = cut_everywhere(self.may_go_on)
        return Line(
            name="SMTP cuts",
            cuts=cuts.cut_count,
            lost=cuts.lost,
            duplicated=cuts.duplicated,
            unexpected=cuts.unexpected,
            in_doubt=cuts.verdicts["in_doubt"],
            complaints=tuple(f"never came to its last byte: {name}" for name in cuts.incomplete),
        )

    def run_mails(self) -> Line:
        """Build hostile mails and read them from the wire."""
        report = storm_of_mails(seed=1000 * self.seed, may_go_on=self.may_go_on)
        note = f"{report.mails} mails read by two readers, {report.signed} of them signed and verified"
        line = Line(name="mails", unexpected=report.unexpected, complaints=tuple(report.complaints), note=note)
        return _with_complaint(line, report.mails < MAILS, f"only {report.mails} of {MAILS} mails")

    def run_race(self) -> Line:
        """Let workers with wrong clocks race for senders' quotas, and die."""
        folder = self.folder / "race"
        folder.mkdir()
        verdicts = race_for_quotas(folder, seconds=RACE_SECONDS, workers=RACERS, seed=self.seed, is_deadly=True)
        campaigns = sum(runner.campaign_count for runner in RUNNERS.values())
        line = Line(
            name="quotas", campaigns=campaigns, kills=verdicts.kills, unexpected=verdicts.overshoots, note=str(verdicts)
        )
        return _with_complaint(line, verdicts.used < USED_MIN, f"only {verdicts.used:.1%} of a quota were used")

    def run_simulations(self) -> Line:
        """Play seeds in virtual time."""
        done = run_simulations(seeds=SIMULATIONS, first=1000 * self.seed, may_go_on=self.may_go_on)
        line = Line(
            name="simulations",
            campaigns=done.seeds,
            kills=done.crashes,
            stops=done.freezes,
            lost=done.laws["lost"],
            duplicated=done.laws["duplicated"],
            unexpected=done.unexpected,
            recovered=done.recovered,
            in_doubt=done.in_doubt,
            complaints=tuple(done.stories[:1]),
            note=f"{done.steps} steps, {done.faults} calls of the store that failed",
        )
        return _with_complaint(line, done.seeds < SIMULATIONS, f"only {done.seeds} of {SIMULATIONS} seeds")

    def run(self) -> list[Line]:
        """Run the phases, print a line for each, and return them."""
        print(head(), flush=True)
        phases: list[Callable[[], Line]] = [
            *(self.run_race, self.run_mails, self.run_cuts, self.run_frost, self.run_every_point, self.run_gale),
            self.run_simulations,
        ]
        lines = []
        for phase in phases:
            began_at = time.monotonic()
            line = attrs.evolve(phase(), seconds=time.monotonic() - began_at)
            lines.append(line)
            notes = [f"    {line.note}"] if line.note else []
            print("\n".join((str(line), *notes, *(f"  ! {complaint}" for complaint in line.complaints))), flush=True)
        return lines


def _with_complaint(line: Line, is_due: bool, complaint: str) -> Line:
    return attrs.evolve(line, complaints=(*line.complaints, complaint)) if is_due else line


def main(arguments: Sequence[str] | None = None) -> int:
    """Storm as asked and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.storms", description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, help="that of an earlier run; the order of processes stays free")
    parser.add_argument("--kills", type=int, default=KILLS, help="at random, at least (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=4, help="at a time (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=MINUTES_MAX, help="the most it takes (default: %(default)s)")
    asked = parser.parse_args(arguments)
    seed = secrets.randbelow(10**6) if asked.seed is None else asked.seed
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda *_: sys.exit(1))
    signal.alarm(int(60 * asked.minutes) + GRACE_SECONDS)
    print(f"seed {seed}, {asked.workers} workers at a time", flush=True)
    ends_at = time.monotonic() + 60 * asked.minutes
    with TemporaryDirectory(prefix="storm") as folder:
        storm = Storm(folder=Path(folder), seed=seed, kills=asked.kills, workers=asked.workers, ends_at=ends_at)
        lines = storm.run()
    total = total_of(lines)
    is_right = all(line.is_right for line in lines)
    print(total)
    print(
        f"{total.kills} kills, {total.stops} stops, {total.cuts} cuts: {total.lost} lost, "
        f"{total.duplicated} duplicated, {total.unexpected} unexpected, {total.recovered} recovered, "
        f"{sum(line.in_doubt for line in lines if not line.cuts)} in doubt "
        f"(and {sum(line.in_doubt for line in lines if line.cuts)} cut dialogues): "
        f"{'right' if is_right else 'NOT right'} (seed {seed})"
    )
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
