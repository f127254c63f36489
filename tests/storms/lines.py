"""What a storm came to, phase by phase: reports in, lines for the screen and rows for docs/figures.md out. Pure."""

from collections.abc import Sequence

import attrs

from tests.benchmarks.figures import Figure, Verdict
from tests.storms.storm import Report

__all__ = [
    "KILLS_MIN",
    "POSTGRES",
    "SQLITE",
    "Line",
    "figures_of",
    "head",
    "line_of",
    "total_of",
    "totals_by_database",
    "with_complaint",
]

SQLITE, POSTGRES = "SQLite", "PostgreSQL"
KILLS_MIN = {SQLITE: 5000, POSTGRES: 2000}  # of a whole storm
GOAL = "0 lost, 0 duplicated, 0 unexpected"

_COUNTS = ("campaigns", "kills", "stops", "cuts", "lost", "duplicated", "unexpected", "recovered", "in_doubt")
_HEADINGS = (*(name.replace("_", " ") for name in _COUNTS), "per kill", "s")
_NAME_WIDTH = 27


@attrs.frozen(kw_only=True)
class Line:
    """One phase, in the words of the report."""

    name: str
    database: str = ""  # that was stormed, if any
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

    @property
    def doubts_per_kill(self) -> str:
        """How many were in doubt for each worker that was killed or stopped."""
        deaths = self.kills + self.stops
        return f"{self.in_doubt / deaths:.2f}" if deaths and not self.cuts else ""

    @property
    def title(self) -> str:
        return f"{self.name}, {POSTGRES}" if self.database == POSTGRES else self.name

    def __str__(self) -> str:
        counts = [str(getattr(self, name)) for name in _COUNTS]
        cells = [*counts, self.doubts_per_kill, f"{self.seconds:.0f}"]
        return "  ".join((f"{self.title:<{_NAME_WIDTH}}", *map(_right, cells, _HEADINGS)))


def _right(cell: str, heading: str) -> str:
    return cell.rjust(len(heading))


def head() -> str:
    """Return the line above the lines."""
    return "  ".join((" " * _NAME_WIDTH, *_HEADINGS))


def line_of(name: str, report: Report, database: str = SQLITE) -> Line:
    """Return the line of a storm that is over."""
    unfinished = report.count("unfinished")
    complaints = [*report.complaints, *([f"{unfinished} unfinished"] if unfinished else [])]
    statuses = report.statuses()
    return Line(
        name=name,
        database=database,
        campaigns=len(report.judgements),
        kills=report.kill_count,
        lost=report.count("lost"),
        duplicated=report.count("duplicated"),
        unexpected=report.count("unexpected"),
        recovered=report.recovered_count,
        in_doubt=statuses["in_doubt"] + statuses["unknown"],
        complaints=tuple(complaints),
    )


def with_complaint(line: Line, is_due: bool, complaint: str) -> Line:
    """Return *line* with a complaint more if it is due."""
    return attrs.evolve(line, complaints=(*line.complaints, complaint)) if is_due else line


def total_of(lines: Sequence[Line], name: str = "all") -> Line:
    """Return the sums."""
    sums = {word: sum(getattr(line, word) for line in lines) for word in (*_COUNTS, "seconds")}
    complaints = tuple(complaint for line in lines for complaint in line.complaints)
    return Line(name=name, complaints=complaints, **sums)


def totals_by_database(lines: Sequence[Line]) -> list[Line]:
    """Return the sums of the phases that killed workers, for each database; too few kills are a complaint."""
    totals = []
    for database, least in KILLS_MIN.items():
        deadly = [line for line in lines if line.database == database]
        total = total_of(deadly, f"all on {database}")
        totals.append(with_complaint(total, total.kills < least, f"only {total.kills} of {least} kills on {database}"))
    return totals


# for docs/figures.md


def figures_of(lines: Sequence[Line]) -> list[Figure]:
    """Return the rows of a whole storm: its phases, and the sums that goals are about."""
    totals = totals_by_database(lines)
    goals = [f"at least {least:,} kills, {GOAL}" for least in KILLS_MIN.values()]
    return [*(_figure(line, GOAL) for line in lines), *(_figure(*pair) for pair in zip(totals, goals, strict=True))]


def _figure(line: Line, goal: str) -> Figure:
    why = "; ".join(line.complaints) or "a message has gone wrong"
    doubts = f"{line.in_doubt:,} in doubt"
    if line.doubts_per_kill:
        doubts += f", {line.doubts_per_kill} for each kill or stop"
    return Figure(
        work=line.title,
        measured=f"{_deeds(line)}: {line.lost} lost, {line.duplicated} duplicated, {line.unexpected} unexpected; "
        f"{line.recovered:,} recovered, {doubts}",
        goal=goal,
        verdict=Verdict(is_met=line.is_right, why=why),
        samples={"seconds": [round(line.seconds)]},
    )


def _deeds(line: Line) -> str:
    counts = {word: getattr(line, word) for word in ("campaigns", "kills", "stops", "cuts")}
    said = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    return said or line.note.replace("|", "/").replace("\n", " ")
