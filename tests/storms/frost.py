"""The frost: a worker stopped between begin and the crossing until its permission is over, while others go on.

After it wakes it may send nothing of what it was granted before.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from tests.storms.gale import Weather, finish
from tests.storms.ground import read_held
from tests.storms.places import Place
from tests.storms.storm import Field, Pack, Report, note_death
from tests.storms.zygote import Zygote, ended_well

CROSS_SECONDS = 30.0  # begin's permission, as long as the protocol says
HASTE = 30.0  # the stopwatch of a frozen worker runs so many times as fast
FREEZING_POINTS = {"begin.commit.after": 3, "clear.after": 3, "crossing.before": 20, "crossing.after": 20}
# After a frozen wave: what came of it is written down, alone or with the begin of the next, which has leave of its own.
WHAT_COMES_NEXT = ["clear.before", "settle.before"]
SIDE_BY_SIDE = 4  # campaigns; most of their workers stand still


@attrs.define
class Frost:
    """What the frost came to; adds up."""

    report: Report = attrs.field(factory=Report)
    stops: int = 0  # workers stopped for longer than they had leave to cross
    late: int = 0  # messages that crossed by a permission that was over

    def __add__(self, other: "Frost") -> "Frost":
        return Frost(self.report + other.report, self.stops + other.stops, self.late + other.late)


def freeze_once(
    zygote: Zygote, template: Place, folder: Path, *, workers: int, seed: int, haste: float = HASTE
) -> Frost:
    """Stop one worker on its way to the crossing, let others take over, let it go again, and judge."""
    weather, frost = Weather(Field.lay(template, folder), random.Random(seed)), Frost()
    field, dice = weather.field, weather.dice
    name = dice.choice(sorted(FREEZING_POINTS))
    is_killed_after = dice.random() < 0.3
    crossed = field.folder / "crossed"
    fault = {"freeze": name, "k": dice.randint(1, FREEZING_POINTS[name]), "crossed": str(crossed)}
    if is_killed_after:
        fault["then"] = WHAT_COMES_NEXT
    frozen = zygote.start(weather.job(fault, haste=haste))
    worker = field.last_worker
    if zygote.watch(frozen) is None:
        field.orphans |= read_held(field.database, worker)
        _let_others_go_on(zygote, weather, frost, workers - 1, stopped_seconds=CROSS_SECONDS / haste)
        size = _size(field.accepted)
        os.kill(frozen, signal.SIGCONT)
        if not ended_well(_required(zygote.watch(frozen))):
            note_death(field, frost.report, [], worker)
            allowed = 1 if name == "crossing.before" else 0  # it had asked already, and stood at the very brink
            frost.late += max(0, _size(field.accepted) - size - allowed)
        frost.late += _size_in_bytes(crossed)
        frost.stops += 1
    frost.report.kills.update(field.death_names())
    finish(zygote, weather, frost.report)
    return frost


def _let_others_go_on(zygote: Zygote, weather: Weather, frost: Frost, workers: int, *, stopped_seconds: float) -> None:
    """Return when the others have nothing left to do, or are dead, and the frozen one's permission is over."""
    ends_at = time.monotonic() + stopped_seconds * 1.05 + 0.05
    others = []
    for _ in range(workers):
        fault = weather.random_fault(is_successor=False) if weather.dice.random() < 0.3 else None
        others.append((zygote.start(weather.job(fault)), weather.field.last_worker))
    for pid, worker in others:
        if not ended_well(_required(zygote.watch(pid))):
            note_death(weather.field, frost.report, [], worker)
    time.sleep(max(0.0, ends_at - time.monotonic()))


def _required(code: int | None) -> int:
    if code is None:
        raise AssertionError("a worker was stopped that should not be")
    return code


def _size(accepted: Path) -> int:
    return len(accepted.read_text().split()) if accepted.exists() else 0


def _size_in_bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def frost(
    template: Place,
    folder: Path,
    *,
    stops: int,
    in_earnest: int,
    workers: int,
    seed: int,
    may_go_on: Callable[[], bool] = lambda: True,
) -> Frost:
    """Freeze at least *stops* workers in a hurry, and *in_earnest* by the real half minute."""
    done, number = Frost(), 0
    with Pack(SIDE_BY_SIDE) as pack:

        def freeze(numbered: tuple[int, float]) -> Frost:
            zygote = pack.take()
            try:
                name = folder / f"frost{numbered[0]}"
                return freeze_once(zygote, template, name, workers=workers, seed=seed + numbered[0], haste=numbered[1])
            finally:
                pack.give_back(zygote)

        def freeze_all(hastes: Sequence[float]) -> Frost:
            nonlocal number
            number += len(hastes)
            return sum(pack.executor.map(freeze, enumerate(hastes, start=number - len(hastes))), Frost())

        done += freeze_all([1.0] * in_earnest)
        while done.stops < stops + in_earnest and may_go_on():
            done += freeze_all([HASTE] * SIDE_BY_SIDE * 3)
    return done
