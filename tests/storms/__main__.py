"""The long storm: ``python -m tests.storms [seed] [--kills N] [--only phase]``; ends with 1 if anything is wrong."""

import argparse
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import attrs

from tests.benchmarks.figures import save
from tests.services.postgres import missing, postgres
from tests.storms.credit import race_for_credit
from tests.storms.cuts import cut_everywhere
from tests.storms.frost import frost
from tests.storms.gale import RECOVERY, gale
from tests.storms.ground import prepare
from tests.storms.limits import RUNNERS, race_for_quotas
from tests.storms.lines import (
    POSTGRES,
    SQLITE,
    Line,
    figures_of,
    head,
    line_of,
    total_of,
    totals_by_database,
    with_complaint,
)
from tests.storms.mails import MAILS, storm_of_mails
from tests.storms.places import Place, new_place, url_of
from tests.storms.simulations import run_simulations
from tests.storms.storm import Field, Lay, Report, kill_everywhere
from tests.storms.texts import prepare_repeats, prepare_texts
from tests.storms.till import Till
from tests.storms.wire import WIRE_TEXTS, send_over_smpp

KILLS = 3300  # at random, in files; the kills of the other phases come on top of them
STOPS = 100
STOPS_IN_EARNEST = 4
MINUTES_MAX = 40  # after which nothing new is begun
GRACE_SECONDS = 150  # for what was; then it is over, whatever hangs
RACERS = 8
RACE_SECONDS = 69.0  # more than the longest window of the race, and none of the others begins just before its end
USED_MIN = 0.95  # of the quota that any sender may use; on a machine that nobody else uses
SIMULATIONS = 2000  # seeds; ten thousand take as long as all the rest, see tests/storms/simulations.py
RECIPIENTS = 40
RECIPIENTS_OF_A_GALE = 240  # so that four workers have something to hold at once
TEXTS = 16  # of all campaigns together, where one field is one kill
PASSINGS_OF_TEXTS = 12  # of one point
KILLS_OF_TEXTS = 0.18  # of those of mails: a text passes many more points
PASSINGS_OF_REPEATS = 5
KILLS_OF_REPEATS = 0.06
CREDIT_ROUNDS = 1000
CREDIT_RACERS = 16
PASSINGS_ON_SERVER = 3  # of one point, where to lay a field takes longer than to fight over it
KILLS_ON_SERVER = 0.53  # of those in files
KILLS_OF_TEXTS_ON_SERVER = 0.06
CREDIT_ROUNDS_ON_SERVER = 100


Prepare = Callable[[Place, int], None]


@attrs.frozen(kw_only=True)
class Storm:
    """All phases of one run."""

    folder: Path
    seed: int
    kills: int
    workers: int
    ends_at: float  # monotonic
    _templates: dict[str, Place] = attrs.field(factory=dict, init=False)

    def may_go_on(self) -> bool:
        return time.monotonic() < self.ends_at

    def template(self, recipients: int, prepare: Prepare = prepare, database: str = SQLITE) -> Place:
        """Return where campaigns of so many *recipients* lie, to be copied."""
        name = f"{database}{prepare.__name__}{recipients}"
        if name not in self._templates:
            place = self.folder / f"{name}.db" if database == SQLITE else new_place(postgres())
            prepare(place, recipients)
            self._templates[name] = place
        return self._templates[name]

    def place(self, name: str) -> Path:
        """Return a new folder."""
        folder = self.folder / name
        folder.mkdir()
        return folder

    def run_gale(self) -> Line:
        """Kill at random, in real time."""
        return self._gale(self.kills, SQLITE, Field.lay)

    def run_gale_on_server(self) -> Line:
        """Kill at random where the server's clock decides, and workers' are wrong by up to a day."""
        return self._gale(int(self.kills * KILLS_ON_SERVER), POSTGRES, _lay_for_short_lives)

    def _gale(self, kills: int, database: str, lay: Lay) -> Line:
        report = self._killed_at_random(kills, self.template(RECIPIENTS_OF_A_GALE, database=database), lay)
        in_recovery = sum(count for name, count in report.kills.items() if name.startswith(RECOVERY))
        line = line_of("random kills", report, database)
        line = attrs.evolve(line, note=f"{in_recovery} of these kills while reaping or claiming")
        return with_complaint(line, line.kills < kills, f"only {line.kills} of {kills} kills")

    def _killed_at_random(self, kills: int, template: Place, lay: Lay) -> Report:
        folder = Path(mkdtemp(dir=self.folder))
        return gale(
            template, folder, kills=kills, workers=self.workers, seed=self.seed, lay=lay, may_go_on=self.may_go_on
        )

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
        return with_complaint(line, done.stops < wanted, f"only {done.stops} of {wanted} stops")

    def run_every_point(self) -> Line:
        """Kill at each passing of each point."""
        return self._every_point(SQLITE, None)

    def run_every_point_on_server(self) -> Line:
        """Kill at each point, up to so many times."""
        return self._every_point(POSTGRES, PASSINGS_ON_SERVER)

    def _every_point(self, database: str, passings_max: int | None) -> Line:
        template = self.template(RECIPIENTS, database=database)
        return self._killed_everywhere("every point", template, passings_max, Field.lay, database)[0]

    def _killed_everywhere(
        self, name: str, template: Place, passings_max: int | None, lay: Lay, database: str
    ) -> tuple[Line, Report]:
        folder = Path(mkdtemp(dir=self.folder))
        report, passings = kill_everywhere(
            template, folder, passings_max=passings_max, lay=lay, may_go_on=self.may_go_on
        )
        line, wanted = line_of(name, report, database), sum(min(n, passings_max or n) for n in passings.values())
        return with_complaint(line, line.kills < wanted, f"only {line.kills} of {wanted} points"), report

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
        return with_complaint(line, report.mails < MAILS, f"only {report.mails} of {MAILS} mails")

    def run_race(self) -> Line:
        """Let workers with wrong clocks race for senders' quotas, and die."""
        verdicts = race_for_quotas(
            self.place("race"), seconds=RACE_SECONDS, workers=RACERS, seed=self.seed, is_deadly=True
        )
        campaigns = sum(runner.campaign_count for runner in RUNNERS.values())
        line = Line(
            name="quotas",
            database=SQLITE,
            campaigns=campaigns,
            kills=verdicts.kills,
            unexpected=verdicts.overshoots,
            note=str(verdicts),
        )
        return with_complaint(line, verdicts.used < USED_MIN, f"only {verdicts.used:.1%} of a quota were used")

    def run_credit_race(self) -> Line:
        """Let processes race for the last credits of one merchant after the other."""
        return self._credit_race(url_of(self.place("credit") / "credit.db"), CREDIT_ROUNDS, SQLITE)

    def run_credit_race_on_server(self) -> Line:
        """The same on PostgreSQL, for fewer merchants."""
        with postgres().database() as name:
            return self._credit_race(postgres().url(name), CREDIT_ROUNDS_ON_SERVER, POSTGRES)

    def _credit_race(self, url: str, rounds: int, database: str) -> Line:
        told = race_for_credit(url, rounds=rounds, workers=CREDIT_RACERS, seed=self.seed)
        wrong = {"unsold": told.unsold, "unequal": told.unequal}
        complaints = tuple(f"{count} {word}" for word, count in wrong.items() if count)
        return Line(
            name="last credits",
            database=database,
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
        template = self.template(TEXTS, prepare_texts)
        line, report = self._killed_everywhere("texts, every point", template, PASSINGS_OF_TEXTS, Till.lay, SQLITE)
        return _with_ledger(line, report)

    def run_gale_of_texts(self) -> Line:
        """Kill at random, in real time, with credit on."""
        return self._gale_of_texts(int(self.kills * KILLS_OF_TEXTS), SQLITE)

    def run_every_point_of_repeats(self) -> Line:
        """Kill at each point where what is in doubt is sent again: none may stay in doubt after one death."""
        template = self.template(TEXTS, prepare_repeats)
        line, report = self._killed_everywhere(
            "texts sent again, points", template, PASSINGS_OF_REPEATS, _lay_repeating, SQLITE
        )
        return with_complaint(_with_ledger(line, report), line.in_doubt > 0, f"{line.in_doubt} stayed in doubt")

    def run_gale_of_repeats(self) -> Line:
        """Kill at random, in real time, where what is in doubt is sent again."""
        kills = int(self.kills * KILLS_OF_REPEATS)
        report = self._killed_at_random(kills, self.template(RECIPIENTS_OF_A_GALE, prepare_repeats), _lay_repeating)
        line = _with_ledger(line_of("texts sent again, random", report, SQLITE), report)
        return with_complaint(line, line.kills < kills, f"only {line.kills} of {kills} kills")

    def run_gale_of_texts_on_server(self) -> Line:
        """The same where the server's clock decides."""
        return self._gale_of_texts(int(self.kills * KILLS_OF_TEXTS_ON_SERVER), POSTGRES)

    def _gale_of_texts(self, kills: int, database: str) -> Line:
        template = self.template(RECIPIENTS_OF_A_GALE, prepare_texts, database)
        report = self._killed_at_random(kills, template, Till.lay)
        line = _with_ledger(line_of("texts, at random", report, database), report)
        return with_complaint(line, line.kills < kills, f"only {line.kills} of {kills} kills")

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
        return with_complaint(line, done.seeds < SIMULATIONS, f"only {done.seeds} of {SIMULATIONS} seeds")

    def run(self, names: Sequence[str]) -> list[Line]:
        """Run the phases of these *names*, print a line for each, and return them."""
        print(head(), flush=True)
        lines = []
        for name in (name for name in PHASES if name in names):
            began_at = time.monotonic()
            line = attrs.evolve(self._run(name), seconds=time.monotonic() - began_at)
            lines.append(line)
            notes = [f"    {line.note}"] if line.note else []
            print("\n".join((str(line), *notes, *(f"  ! {complaint}" for complaint in line.complaints))), flush=True)
        return lines

    def _run(self, name: str) -> Line:
        if name.startswith(ON_SERVER) and missing():
            return Line(name=name, database=POSTGRES, complaints=(missing(),))
        return PHASES[name](self)


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
    "repeat-points": Storm.run_every_point_of_repeats,
    "repeat-random": Storm.run_gale_of_repeats,
    "simulations": Storm.run_simulations,
    "pg-credit": Storm.run_credit_race_on_server,
    "pg-points": Storm.run_every_point_on_server,
    "pg-random": Storm.run_gale_on_server,
    "pg-text-random": Storm.run_gale_of_texts_on_server,
}
ON_SERVER = "pg-"


def _lay_for_short_lives(template: Place, folder: Path) -> Field:
    """Lay a field where workers die sooner: on a server those who live on cost more than those who die."""
    return Field.lay(template, folder, death_probability=0.05, life_seconds_max=0.4)


def _lay_repeating(template: Place, folder: Path) -> Till:
    """Lay a field whose provider takes a text once, however often it comes."""
    return Till.lay(template, folder, is_repeating=True)


def _with_ledger(line: Line, report: Report) -> Line:
    """Add what the ledgers of all fields came to."""
    words = ("granted", "available", "held", "spent", "expired", "on the wire", "lots", "top-ups", "audits")
    counts = ", ".join(f"{report.tallies[word]} {word}" for word in words)
    return attrs.evolve(line, note=f"credits: {counts}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Storm as asked and return the exit code."""
    asked = _read(arguments)
    seed = secrets.randbelow(10**6) if asked.seed is None else asked.seed
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda *_: sys.exit(1))
    signal.alarm(int(60 * asked.minutes) + GRACE_SECONDS)
    print(f"seed {seed}, {asked.workers} workers at a time", flush=True)
    began_at = time.monotonic()
    with TemporaryDirectory(prefix="storm") as folder:
        storm = Storm(
            folder=Path(folder),
            seed=seed,
            kills=asked.kills,
            workers=asked.workers,
            ends_at=began_at + 60 * asked.minutes,
        )
        lines = storm.run(asked.only or list(PHASES))
    totals = [] if asked.only else totals_by_database(lines)
    is_right = all(line.is_right for line in (*lines, *totals))
    _print_end(lines, totals, f"{'right' if is_right else 'NOT right'} (seed {seed})")
    if asked.figures:
        save("storm", figures_of(lines), time.monotonic() - began_at, again=f"python -m tests.storms {seed} --figures")
    return 0 if is_right else 1


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.storms", description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, help="that of an earlier run; the order of processes stays free")
    parser.add_argument("--only", nargs="+", choices=PHASES, help="of these phases")
    parser.add_argument("--kills", type=int, default=KILLS, help="at random, at least (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=4, help="at a time (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=MINUTES_MAX, help="the most it takes (default: %(default)s)")
    parser.add_argument("--figures", action="store_true", help="write docs/figures.md; of a whole storm")
    asked = parser.parse_args(arguments)
    if asked.figures and asked.only:
        parser.error("--figures are those of a whole storm, so not with --only")
    return asked


def _print_end(lines: Sequence[Line], totals: Sequence[Line], verdict: str) -> None:
    total = total_of(lines)
    for line in (*totals, total):
        print(line)
    for complaint in total_of(totals).complaints:
        print(f"  ! {complaint}")
    cut_dialogues = sum(line.in_doubt for line in lines if line.cuts)
    print(
        f"{total.kills} kills, {total.stops} stops, {total.cuts} cuts: {total.lost} lost, "
        f"{total.duplicated} duplicated, {total.unexpected} unexpected, {total.recovered} recovered, "
        f"{total.in_doubt - cut_dialogues} in doubt (and {cut_dialogues} cut dialogues): {verdict}"
    )


if __name__ == "__main__":
    sys.exit(main())
