"""Limits on SQLite: eight processes with clocks up to a day wrong, killed on the way, judged from the database."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.figures import Figure, Verdict
from tests.storms.__main__ import RACE_SECONDS, RACERS, USED_MIN
from tests.storms.limits import RUNNERS, Verdicts, race_for_quotas

__all__ = ["measure"]


def measure() -> list[Figure]:
    """Let them race once, and count every window."""
    with TemporaryDirectory() as folder:
        verdicts = race_for_quotas(Path(folder), seconds=RACE_SECONDS, workers=RACERS, seed=1, is_deadly=True)
    return [_overshoots(verdicts), *_used(verdicts)]


def _overshoots(verdicts: Verdicts) -> Figure:
    return Figure(
        work=f"limits, {RACERS} processes for {RACE_SECONDS:.0f} s, clocks wrong by up to a day, "
        f"{verdicts.kills} killed, {verdicts.given_back} messages given back",
        measured=f"{verdicts.overshoots} windows above a limit",
        peer="an exact count of every window from the database",
        ratio="",
        goal="0",
        verdict=Verdict(is_met=verdicts.overshoots == 0, why="windows overshot"),
        samples={"overshoots": [float(verdicts.overshoots)]},
    )


def _used(verdicts: Verdicts) -> list[Figure]:
    return [
        Figure(
            work=f"the same, {_said(one.name)}",
            measured=f"{one.begun} of {one.possible} begun",
            peer="",
            ratio=f"{one.used:.1%}",
            goal=f"≥ {USED_MIN:.0%}" if RUNNERS[one.name].quotas else "",
            verdict=_verdict(one.name, one.used),
            samples={"used": [one.used]},
        )
        for one in verdicts.standings
    ]


def _verdict(name: str, used: float) -> Verdict | None:
    if not RUNNERS[name].quotas:
        return None
    return Verdict(is_met=used >= USED_MIN, why="the processes could not keep up on this machine")


def _said(name: str) -> str:
    runner = RUNNERS[name]
    said = [f"{quota.count} in {quota.seconds:g} s" for quota in runner.quotas]
    said += [f"of it {quota.count} in {quota.seconds:g} s to gmail" for quota in runner.to_gmail]
    said += [f"{runner.apart_seconds:g} s apart"] if runner.apart_seconds else []
    count = runner.campaign_count
    return f"{', '.join(said)}, {count} {'campaign' if count == 1 else 'campaigns'}"
