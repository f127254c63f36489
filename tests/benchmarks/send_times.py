"""Send times of 100,000 recipients in 10 zones, beside zoneinfo and pandas for each; and every change of the clocks."""

import random
import statistics
import time as clocks
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from campaignkit.timing.send_times import paced_send_times
from campaignkit.timing.windows import NoWindow, SendWindow
from tests.benchmarks.figures import Figure, Verdict, interleave, judge_ratio, spread
from tests.benchmarks.peers.environment import make_environment, run_peer
from tests.timing.hours_sweep import SHAPES, all_changes, sweep

PASSES = 5
RECIPIENTS = 100_000
# By peer: how many of the same recipients, evenly drawn, as they take their time; what it is called; the goal.
PEERS: dict[str, tuple[int, str, float | None]] = {
    "zoneinfo": (10_000, "ZoneInfo(name) for each, which keeps eight zones", 50.0),
    "zones kept": (10_000, "zoneinfo for each, with all zones kept", None),
    "pandas": (2_000, "pandas CustomBusinessHour for each", 150.0),
}
SPACING = timedelta(seconds=2)
HOLIDAYS = (date(2026, 5, 25), date(2026, 12, 25))
WINDOW = SendWindow(days="mon-fri", opens=time(9), closes=time(21), holidays=HOLIDAYS)
ZONES = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Phoenix"),
    *("Europe/London", "Europe/Warsaw", "Europe/Athens", "Asia/Kolkata", "Australia/Sydney"),
)


def measure() -> list[Figure]:
    """Measure the speed."""
    make_environment()
    _ours(-1)
    samples = interleave(PASSES, {"ours": _ours, **{peer: partial(_peer, peer) for peer in PEERS}})
    return [*(_row(samples, peer) for peer in PEERS), _compare()]


def measure_quiet_hours() -> list[Figure]:
    """Sweep all changes of all zones from 2000 to 2037."""
    changes = list(all_changes())
    zone_count = len({zone for zone, _ in changes})
    seen = sweep(changes)
    for complaint in seen.wrong:
        print(f"    ! {complaint}", flush=True)
    return [
        Figure(
            work=f"{seen.changes:,} changes of the clocks, 2000–2037, in {zone_count} zones, {len(SHAPES)} windows, two"
            " hours before and after: a message falls due every minute",
            measured=f"{seen.sends:,} sends, {seen.quiet_sends} in quiet hours; {seen.other_errors} other differences"
            f" from the clock on the wall, {seen.edges:,} edges to the second among them",
            goal="0 in quiet hours",
            verdict=Verdict(is_met=seen.quiet_sends == seen.other_errors == 0, why="a window is wrong"),
        )
    ]


def _row(samples: dict[str, list[float]], peer: str) -> Figure:
    ratio = statistics.median(theirs / ours for theirs, ours in zip(samples[peer], samples["ours"], strict=True))
    _, name, goal = PEERS[peer]
    return Figure(
        work="send times of 100,000 recipients, 10 zones, paced, CPU each",
        measured=spread(samples["ours"], " µs"),
        peer=f"{name}: {spread(samples[peer], ' µs')}",
        ratio=f"× {ratio:.0f}",
        goal=f"× {goal:.0f}" if goal else "",
        verdict=judge_ratio(ratio, at_least=goal, why="other work on the machine") if goal else None,
        samples={"ours": samples["ours"], peer: samples[peer]},
    )


def _audience(number: int) -> tuple[datetime, list[tuple[str, ...]]]:
    source = random.Random(f"audience {number}")
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=source.randrange(365 * 86400))
    return start, [(source.choice(ZONES),) for _ in range(RECIPIENTS)]


def _drawn(number: int, count: int) -> tuple[list[datetime], list[str]]:
    start, zones = _audience(number)
    numbers = range(0, RECIPIENTS, RECIPIENTS // count)
    return [start + n * SPACING for n in numbers], [zones[n][0] for n in numbers]


def _ours(number: int) -> float:
    start, zones = _audience(number)
    return _micros(lambda: paced_send_times(WINDOW, start, zones, spacing=SPACING), RECIPIENTS)


def _peer(peer: str, number: int) -> float:
    micros: float = _ask(peer, number, PEERS[peer][0])["micros"]
    return micros


def _ask(peer: str, number: int, count: int) -> dict[str, Any]:
    turns, zones = _drawn(number, count)
    return run_peer(
        "business_hours",
        peer=peer,
        turns=[turn.isoformat() for turn in turns],
        zones=zones,
        opens="09:00",
        closes="21:00",
        holidays=[day.isoformat() for day in HOLIDAYS],
    )


def _micros(work: Callable[[], object], count: int) -> float:
    began_at = clocks.process_time()
    work()
    return 1e6 * (clocks.process_time() - began_at) / count


def _compare() -> Figure:
    """Compare all on one audience."""
    start, zones = _audience(PASSES)
    ours = paced_send_times(WINDOW, start, zones, spacing=SPACING)
    compared, different = 0, 0
    for peer, (count, _, _) in PEERS.items():
        theirs = _ask(peer, PASSES, count)["opens"]
        drawn = ours[:: RECIPIENTS // count]
        compared += count
        different += sum(_seconds(one) != other for one, other in zip(drawn, theirs, strict=True))
    return Figure(
        work="the same send times by each of them",
        measured=f"{different} of {compared:,} differ",
        goal="0 differences",
        verdict=Verdict(is_met=different == 0, why="somebody is wrong"),
    )


def _seconds(moment: datetime | NoWindow) -> int | None:
    return None if isinstance(moment, NoWindow) else int(moment.timestamp())
