"""The gale: workers at one campaign in real time, with wrong clocks and leases of moments, killed at any moment."""

import random
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs

from tests.storms.clocks import StormClock, sun_at
from tests.storms.ground import AN_HOUR, STARTS_AT
from tests.storms.places import Place, set_sun
from tests.storms.storm import WAVE, Field, Lay, Report, judge_field, note_death, warm
from tests.storms.zygote import Zygote, ended_well

SKEW_SECONDS = 30  # by so much a worker's clock may be wrong, either way
SERVERS_SKEW_SECONDS = 86_400  # where a server's decides
LEASE_SECONDS = (0.005, 1.0)
RECOVERY = ("reap.", "claim.")  # what the successor of a dead worker does first
RECOVERY_POINTS = 14
WORKERS_MAX = 600  # one campaign may cost before something is wrong


@attrs.frozen
class Weather:
    """What the workers of one campaign share, and the dice.

    A file has the time of whoever opens it; on a server the server's decides, and a worker's may be anything.
    """

    field: Field
    dice: random.Random
    began_at: float = attrs.field(factory=time.time)

    @property
    def server(self) -> str:
        """The URL of the database, if it is on a server."""
        return self.field.database if isinstance(self.field.database, str) else ""

    @property
    def sun(self) -> str:
        return self.server or str(self.field.folder / "sun")

    @property
    def skew_seconds_max(self) -> float:
        return SERVERS_SKEW_SECONDS if self.server else SKEW_SECONDS

    def job(self, fault: dict[str, Any] | None, *, haste: float = 1.0) -> dict[str, Any]:
        """Return the job of one more worker, with a clock and a lease of its own."""
        lease = LEASE_SECONDS[0] * (LEASE_SECONDS[1] / LEASE_SECONDS[0]) ** self.dice.random()
        return self.field.next_job(
            fault,
            sun=self.sun,
            began_at=self.began_at,
            skew_seconds=self.dice.uniform(-self.skew_seconds_max, self.skew_seconds_max),
            lease_seconds=lease,
            stopwatch_times=haste,
        )

    def random_fault(self, *, is_successor: bool) -> dict[str, Any]:
        """Return how the next worker dies; every second successor of a dead one while it takes over."""
        if is_successor and self.dice.random() < 0.5:
            return {"within": RECOVERY, "k": self.dice.randint(1, RECOVERY_POINTS)}
        if self.dice.random() < 0.4:
            return {"after_seconds": self.dice.uniform(0, self.field.life_seconds_max)}
        return {"probability": self.field.death_probability, "seed": self.dice.getrandbits(32)}

    def last_job(self) -> dict[str, Any]:
        """Return the job of the one who finishes what is left, undisturbed: later than all clocks, or in a hurry."""
        if self.server:
            return self.job(None) | {"patience": 1}
        clock = StormClock(sun_at(self.sun), began_at=self.began_at)
        try:
            starts_at = clock.now() + AN_HOUR + timedelta(seconds=2 * SKEW_SECONDS)
        finally:
            clock.close()
        return self.field.next_job() | {"starts_at": starts_at.isoformat()}


def finish(zygote: Zygote, weather: Weather, report: Report) -> None:
    """Let the campaign come to its end, judge it, and clear the field."""
    assert zygote.run(weather.last_job())
    judge_field(weather.field, report)
    weather.field.clear()


def gale_once(
    zygote: Zygote, template: Place, folder: Path, *, workers: int, seed: int, lay: Lay = Field.lay
) -> Report:
    """Drive one campaign to its end by workers that die; then judge."""
    weather, report = Weather(lay(template, folder), random.Random(seed)), Report()
    if weather.server:
        set_sun(weather.server, STARTS_AT)
    field, alive, deaths, is_over, is_successor = weather.field, dict[int, str](), 0, False, False
    while alive or not is_over:
        while len(alive) < workers and not is_over:
            pid = zygote.start(weather.job(weather.random_fault(is_successor=is_successor)))
            alive[pid] = field.last_worker
        pid, code = zygote.wait()
        worker = alive.pop(pid)
        is_successor = not ended_well(code)
        if is_successor:
            deaths += 1
            note_death(field, report, [], worker)
        is_over = is_over or not is_successor or field.worker_count >= WORKERS_MAX
    report.kills.update(field.death_names()[:deaths])
    finish(zygote, weather, report)
    if report.statuses()["in_doubt"] > deaths * WAVE:
        report.complaints.append("more in doubt than a wave for each death")
    return report


def gale(
    template: Place,
    folder: Path,
    *,
    kills: int,
    workers: int,
    seed: int,
    lay: Lay = Field.lay,
    may_go_on: Callable[[], bool] = lambda: True,
) -> Report:
    """Storm one campaign after the other until at least *kills* workers have died, or *may_go_on* says no."""
    report, number = Report(), 0
    with Zygote() as zygote:
        warm(zygote, template, folder / "warm", lay)
        while report.kill_count < kills and may_go_on():
            name = folder / f"gale{number}"
            report += gale_once(zygote, template, name, workers=workers, seed=seed + number, lay=lay)
            number += 1
    return report
