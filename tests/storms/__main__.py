"""The long storm: ``python -m tests.storms [seed] [--kills N] [--only phase]``; ends with 1 if anything is wrong."""

import argparse
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs

from tests.storms.credit import race_for_credit
from tests.storms.cuts import cut_everywhere
from tests.storms.frost import frost
from tests.storms.gale import RECOVERY, gale
from tests.storms.ground import prepare
from tests.storms.limits import RUNNERS, race_for_quotas, url_of
from tests.storms.mails import MAILS, storm_of_mails
from tests.storms.simulations import run_simulations
from tests.storms.storm import Report, kill_everywhere
from tests.storms.texts import prepare_texts
from tests.storms.till import Till
from tests.storms.wire import WIRE_TEXTS, send_over_smpp

KILLS = 2000  # at random; the kills at every point come on top of them
STOPS = 100
STOPS_IN_EARNEST = 4
MINUTES_MAX = 18  # after which nothing new is begun
GRACE_SECONDS = 150  # for what was; then it is over, whatever hangs
RACERS = 8
RACE_SECONDS = 69.0  # more than the longest window of the race, and none of the others begins just before its end
USED_MIN = 0.95  # of the quota that any sender may use; on a machine that nobody else uses
SIMULATIONS = 2000  # seeds; ten thousand take as long as all the rest, see tests/storms/simulations.py
RECIPIENTS = 40
RECIPIENTS_OF_A_GALE = 240  # so that four workers have something to hold at once
TEXTS = 16  # of all campaigns together, where one field is one kill
PASSINGS_OF_TEXTS = 12  # of one point
KILLS_OF_TEXTS = 0.3  # of those of mails: a text passes many more points
CREDIT_ROUNDS = 1000
CREDIT_RACERS = 16
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
        return "  ".join((f"{self.name:<18}", *cells))


def head() -> str:
    """Return the line above the lines."""
    return "  ".join((" " * 18, *HEADINGS))


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

    def template(self, recipients: int, prepare: Callable[[Path, int], None] = prepare) -> Path:
        database = self.folder / f"{prepare.__name__}{recipients}.db"
        if not database.exists():
            prepare(database, recipients)
        return database

    def place(self, name: str) -> Path:
        """Return a new folder."""
        folder = self.folder / name
        folder.mkdir()
        return folder

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
        verdicts = race_for_quotas(
            self.place("race"), seconds=RACE_SECONDS, workers=RACERS, seed=self.seed, is_deadly=True
        )
        campaigns = sum(runner.campaign_count for runner in RUNNERS.values())
        line = Line(
            name="quotas", campaigns=campaigns, kills=verdicts.kills, unexpected=verdicts.overshoots, note=str(verdicts)
        )
        return _with_complaint(line, verdicts.used < USED_MIN, f"only {verdicts.used:.1%} of a quota were used")

    def run_credit_race(self) -> Line:
        """Let processes race for the last credits of one merchant after the other."""
        url = url_of(self.place("credit") / "credit.db")
        told = race_for_credit(url, rounds=CREDIT_ROUNDS, workers=CREDIT_RACERS, seed=self.seed)
        wrong = {"unsold": told.unsold, "unequal": told.unequal}
        complaints = tuple(f"{count} {word}" for word, count in wrong.items() if count)
        return Line(
            name="last credits",
            campaigns=told.rounds,
            unexpected=told.oversold,
            complaints=complaints,
            note=f"{CREDIT_RACERS} processes, {told}",
        )

    def run_wire(self) -> Line:
        """Send texts to an SMSC, and compare what was charged with what it heard."""
        told = send_over_smpp(count=WIRE_TEXTS, seed=self.seed)
        return Line(name="texts on the wire", unexpected=told.different, complaints=told.complaints, note=str(told))

    def run_every_point_of_texts(self) -> Line:
        """Kill at each point, with credit on, up to so many times: campaigns are loaded a hundred times."""
        template, folder = self.template(TEXTS, prepare_texts), self.place("text-points")
        report, passings = kill_everywhere(
            template, folder, passings_max=PASSINGS_OF_TEXTS, lay=Till.lay, may_go_on=self.may_go_on
        )
        line = _with_ledger(line_of("texts, every point", report), report)
        wanted = sum(min(count, PASSINGS_OF_TEXTS) for count in passings.values())
        return _with_complaint(line, line.kills < wanted, f"only {line.kills} of {wanted} points")

    def run_gale_of_texts(self) -> Line:
        """Kill at random, in real time, with credit on."""
        kills, template = int(self.kills * KILLS_OF_TEXTS), self.template(RECIPIENTS_OF_A_GALE, prepare_texts)
        report = gale(
            template,
            self.place("text-gale"),
            kills=kills,
            workers=self.workers,
            seed=self.seed,
            lay=Till.lay,
            may_go_on=self.may_go_on,
        )
        line = _with_ledger(line_of("texts, at random", report), report)
        return _with_complaint(line, line.kills < kills, f"only {line.kills} of {kills} kills")

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

    def run(self, names: Sequence[str]) -> list[Line]:
        """Run the phases of these *names*, print a line for each, and return them."""
        print(head(), flush=True)
        lines = []
        for phase in (phase for name, phase in PHASES.items() if name in names):
            began_at = time.monotonic()
            line = attrs.evolve(phase(self), seconds=time.monotonic() - began_at)
            lines.append(line)
            notes = [f"    {line.note}"] if line.note else []
            print("\n".join((str(line), *notes, *(f"  ! {complaint}" for complaint in line.complaints))), flush=True)
        return lines


# In the order in which they run, by the names that the command line has for them.
PHASES: Mapping[str, Callable[[Storm], Line]] = {
    "quotas": Storm.run_race,
    "credit": Storm.run_credit_race,
    "wire": Storm.run_wire,
    "mails": Storm.run_mails,
    "cuts": Storm.run_cuts,
    "stops": Storm.run_frost,
    "points": Storm.run_every_point,
    "text-points": Storm.run_every_point_of_texts,
    "random": Storm.run_gale,
    "text-random": Storm.run_gale_of_texts,
    "simulations": Storm.run_simulations,
}


def _with_ledger(line: Line, report: Report) -> Line:
    """Add what the ledgers of all fields came to."""
    words = ("granted", "available", "held", "spent", "expired", "on the wire", "lots", "top-ups", "audits")
    counts = ", ".join(f"{report.tallies[word]} {word}" for word in words)
    return attrs.evolve(line, note=f"credits: {counts}")


def _with_complaint(line: Line, is_due: bool, complaint: str) -> Line:
    return attrs.evolve(line, complaints=(*line.complaints, complaint)) if is_due else line


def main(arguments: Sequence[str] | None = None) -> int:
    """Storm as asked and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.storms", description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, help="that of an earlier run; the order of processes stays free")
    parser.add_argument("--only", nargs="+", choices=PHASES, default=list(PHASES), help="of these phases")
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
        lines = storm.run(asked.only)
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
