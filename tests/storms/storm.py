"""Storms: workers killed at every point in turn, or at random, until the campaign is done; then the judge.

``make test`` runs a short form of it; with other numbers the same functions run for hours.
"""

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self

import attrs

from tests.storms.ground import (
    AN_HOUR,
    STARTS_AT,
    Judgement,
    campaign_status,
    judge,
    read_ended,
    read_held,
    read_statuses,
)
from tests.storms.places import Place, check, copy_place, remove
from tests.storms.zygote import Zygote, ended_well

WAVE = 8  # messages per clear
ROUNDS_MAX = 500  # workers one campaign may cost before something is wrong


@attrs.define
class Field:
    """A campaign's database and its provider's file, and how many workers have been sent to it."""

    folder: Path
    database: Place
    is_planted: bool = False
    worker_count: int = 0
    death_probability: float = 0.02  # at each point, of those who die at random in a gale
    life_seconds_max: float = 0.8  # of those who are killed by the clock
    orphans: set[str] = attrs.field(factory=set)  # addresses that were held by a worker when it died

    @property
    def accepted(self) -> Path:
        return self.folder / "accepted"

    @property
    def deaths(self) -> Path:
        return self.folder / "deaths"

    @property
    def passings(self) -> Path:
        return self.folder / "passings"

    @classmethod
    def lay(cls, template: Place, folder: Path, **more: Any) -> Self:
        folder.mkdir()
        return cls(folder, copy_place(template, folder / "campaign.db"), **more)

    def clear(self) -> None:
        """Remove all of it."""
        remove(self.database)
        shutil.rmtree(self.folder)

    def audit(self, report: "Report", *, is_over: bool = False) -> None:
        """Look at what is more than a message: after every death, and when the campaign *is_over*. Of mails nothing."""

    def next_job(self, fault: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """Return the job of one more worker, whose clock stands an hour later than that of the one before."""
        starts_at = STARTS_AT + self.worker_count * AN_HOUR
        self.worker_count += 1
        files = {"database": str(self.database), "accepted": str(self.accepted), "deaths": str(self.deaths)}
        job = {"starts_at": starts_at.isoformat(), "wave": WAVE, "is_planted": self.is_planted, "fault": fault}
        return files | job | {"worker": self.last_worker} | more

    @property
    def last_worker(self) -> str:
        return f"worker{self.worker_count}"

    def death_names(self) -> list[str]:
        return self.deaths.read_text().split() if self.deaths.exists() else []


@attrs.define
class Report:
    """What a storm came to; reports add up."""

    kills: Counter[str] = attrs.field(factory=Counter)  # by fault point
    left: Counter[str] = attrs.field(factory=Counter)  # kills after which somebody was left in this status
    judgements: list[Judgement] = attrs.field(factory=list)
    complaints: list[str] = attrs.field(factory=list)
    recovered_count: int = 0  # recipients that died with their worker, as it were, and came to their end all the same
    tallies: Counter[str] = attrs.field(factory=Counter)  # what audits counted

    def __add__(self, other: "Report") -> "Report":
        return Report(
            self.kills + other.kills,
            self.left + other.left,
            self.judgements + other.judgements,
            self.complaints + other.complaints,
            self.recovered_count + other.recovered_count,
            self.tallies + other.tallies,
        )

    @property
    def kill_count(self) -> int:
        return self.kills.total()

    def count(self, word: str) -> int:
        return sum(len(getattr(judgement, word)) for judgement in self.judgements)

    def statuses(self) -> Counter[str]:
        return sum((judgement.statuses for judgement in self.judgements), Counter())

    def __str__(self) -> str:
        lines = [f"{self.kill_count} kills in {len(self.judgements)} campaigns"]
        lines += [f"  {count:5} at {name}" for name, count in sorted(self.kills.items())]
        lines += [f"  {count:5} left somebody {status}" for status, count in sorted(self.left.items())]
        lines += [f"  {self.count(word):5} {word}" for word in ("lost", "duplicated", "unexpected", "unfinished")]
        lines += [f"  {self.recovered_count:5} recovered"]
        lines += [f"  {count:5} recipients ended {status}" for status, count in sorted(self.statuses().items())]
        return "\n".join(lines + [f"  ! {complaint}" for complaint in self.complaints])


Lay = Callable[[Place, Path], Field]  # a template and a folder in, a field to fight over out


def warm(zygote: Zygote, template: Place, folder: Path, lay: Lay) -> None:
    """Let *zygote* learn by one campaign what a server's driver wants to know; what a file's does it knows."""
    if isinstance(template, str):
        field = lay(template, folder)
        zygote.warm(field.next_job())
        field.clear()


def count_passings(zygote: Zygote, template: Place, folder: Path, lay: Lay = Field.lay) -> Counter[str]:
    """Return how often an undisturbed worker passes each point."""
    field = lay(template, folder)
    assert zygote.run(field.next_job(passings=str(field.passings)))
    assert judge(field.database, field.accepted).is_clean
    rows = (line.split() for line in field.passings.read_text().splitlines())
    return Counter({name: int(count) for name, count in rows})


def kill_once(zygote: Zygote, template: Place, folder: Path, name: str, k: int, lay: Lay = Field.lay) -> Report:
    """Kill a worker at the *k*-th passing of *name*, let another finish, and judge. No kill if it is never passed."""
    field, report = lay(template, folder), Report()
    if not zygote.run(field.next_job({"name": name, "k": k})):
        note_death(field, report, [name], field.last_worker)
        assert zygote.run(field.next_job())
        if (doubts := judge(field.database, field.accepted).in_doubt_count) > WAVE:
            report.complaints.append(f"{name} {k}: one crash left {doubts} in doubt, more than a wave")
    judge_field(field, report)
    field.clear()
    return report


def storm_once(
    zygote: Zygote,
    template: Place,
    folder: Path,
    *,
    workers: int,
    probability: float,
    seed: int,
    lay: Lay = Field.lay,
) -> Report:
    """Let *workers* at a time drive one campaign, each dying at any point with *probability*, until one after the other
    comes to its end; then judge."""
    field, report = lay(template, folder), Report()
    dice = random.Random(seed)
    alive: dict[int, str] = {}
    is_over = False
    while alive or not is_over:
        while len(alive) < workers and not is_over:
            pid = zygote.start(field.next_job({"probability": probability, "seed": dice.getrandbits(32)}))
            alive[pid] = field.last_worker
        pid, code = zygote.wait()
        worker = alive.pop(pid)
        is_over = is_over or ended_well(code) or field.worker_count >= ROUNDS_MAX
        if code != 0:
            note_death(field, report, field.death_names()[report.kill_count :][:1], worker)
    assert zygote.run(field.next_job())
    judge_field(field, report)
    field.clear()
    return report


def note_death(field: Field, report: Report, names: Sequence[str], worker: str) -> None:
    """Write down at which points *worker* died (one, or none if that is read later), and who was left."""
    report.kills.update(names)
    field.orphans |= read_held(field.database, worker)
    report.left.update(read_statuses(field.database).keys())
    field.audit(report)


def judge_field(field: Field, report: Report) -> None:
    """Judge a campaign that is over, and add what is found to *report*."""
    report.recovered_count += len(field.orphans & read_ended(field.database))
    judgement = judge(field.database, field.accepted)
    report.judgements.append(judgement)
    found = check(field.database)
    if found != "ok":
        report.complaints.append(f"the database is damaged: {found}")
    status = campaign_status(field.database)
    if status != "finished" and not field.is_planted:
        report.complaints.append(f"the campaign is {status}")
    field.audit(report, is_over=True)


def kill_everywhere(
    template: Place,
    folder: Path,
    *,
    passings_max: int | None = None,
    zygotes: int = 2,
    lay: Lay = Field.lay,
    may_go_on: Callable[[], bool] = lambda: True,
) -> tuple[Report, Counter[str]]:
    """Kill at every point, one campaign per kill: at each passing of it, or at *passings_max*, while *may_go_on*.

    Returns the report, and how often an undisturbed worker passes each point.
    """
    with Pack(zygotes) as pack:
        for number in range(zygotes):  # each in its turn
            zygote = pack.take()
            warm(zygote, template, folder / f"warm{number}", lay)
            pack.give_back(zygote)
        zygote = pack.take()
        passings = count_passings(zygote, template, folder / "undisturbed", lay)
        pack.give_back(zygote)
        targets = [(name, k) for name, count in passings.items() for k in spread(count, passings_max)]

        def kill(numbered: tuple[int, tuple[str, int]]) -> Report:
            number, (name, k) = numbered
            if not may_go_on():
                return Report()
            zygote = pack.take()
            try:
                return kill_once(zygote, template, folder / f"kill{number}", name, k, lay)
            finally:
                pack.give_back(zygote)

        return _add_up(pack.executor.map(kill, enumerate(targets))), passings


def storm_for(
    template: Place,
    folder: Path,
    *,
    kills: int,
    workers: int = 2,
    probability: float = 0.01,
    seed: int = 0,
    lay: Lay = Field.lay,
) -> Report:
    """Storm one campaign after the other until at least *kills* workers have died."""
    report, number = Report(), 0
    with Zygote() as zygote:
        warm(zygote, template, folder / "warm", lay)
        while report.kill_count < kills:
            report += storm_once(
                zygote,
                template,
                folder / f"storm{number}",
                workers=workers,
                probability=probability,
                seed=seed + number,
                lay=lay,
            )
            number += 1
    return report


def spread(count: int, most: int | None) -> Sequence[int]:
    """Return up to *most* numbers from 1 to *count*, first and last among them; None: all.

    >>> spread(10, 4), spread(3, 4), spread(3, None)
    ([1, 4, 7, 10], [1, 2, 3], [1, 2, 3])
    """
    if most is None or count <= most:
        return list(range(1, count + 1))
    return [1 + (count - 1) * step // (most - 1) for step in range(most)]


def _add_up(reports: Iterable[Report]) -> Report:
    return sum(reports, Report())


class Pack:
    """Some zygotes, each used by one thread at a time."""

    def __init__(self, count: int) -> None:
        self._zygotes = [Zygote() for _ in range(count)]
        self._free: SimpleQueue[Zygote] = SimpleQueue()
        self.executor = ThreadPoolExecutor(count)

    def take(self) -> Zygote:
        return self._free.get()

    def give_back(self, zygote: Zygote) -> None:
        self._free.put(zygote)

    def __enter__(self) -> "Pack":
        for zygote in self._zygotes:
            self._free.put(zygote.__enter__())
        return self

    def __exit__(self, *error: Any) -> None:
        if error[0] is not None:  # nobody waits for workers that are no longer wanted
            for zygote in self._zygotes:
                zygote.__exit__(*error)
        self.executor.shutdown(cancel_futures=True)
        for zygote in self._zygotes:
            zygote.__exit__(*error)
