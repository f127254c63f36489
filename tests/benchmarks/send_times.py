"""Send times of 100,000 recipients in 10 zones, beside zoneinfo and pandas for each; and every change of the clocks."""

import random
import statistics
import time as clocks
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campaignkit.timing.send_times import paced_send_times
from campaignkit.timing.windows import SendWindow
from tests.benchmarks.figures import Figure, Verdict, interleave, judge_ratio, spread
from tests.benchmarks.peers.environment import make_environment, run_peer
from tests.timing.hours_sweep import SHAPES, all_changes, sweep

PASSES = 5
RECIPIENTS = 100_000
ASKED_OF_ZONEINFO, ASKED_OF_PANDAS = 10_000, 2_000  # of the same recipients, evenly drawn: they take their time
SPACING = timedelta(seconds=2)
HOLIDAYS = (date(2026, 5, 25), date(2026, 12, 25))
WINDOW = SendWindow(days="mon-fri", opens=time(9), closes=time(21), holidays=HOLIDAYS)
ZONES = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Phoenix"),
    *("Europe/London", "Europe/Warsaw", "Europe/Athens", "Asia/Kolkata", "Australia/Sydney"),
)
WHY = "other work on the machine"


def measure() -> list[Figure]:
    """Measure the speed."""
    make_environment()
    _ours(-1)
    samples = interleave(PASSES, {"ours": _ours, "zoneinfo": _zoneinfo, "pandas": _pandas})
    return [
        _row(samples, "zoneinfo", "zoneinfo for each", 50.0),
        _row(samples, "pandas", "pandas CustomBusinessHour for each", 150.0),
        _compare(),
    ]


def measure_quiet_hours() -> list[Figure]:
    """Sweep all changes of all zones from 2000 to 2037."""
    changes = list(all_changes())
    zone_count = len({zone for zone, _ in changes})
    seen = sweep(changes)
    for complaint in seen.wrong:
        print(f"    ! {complaint}", flush=True)
    return [
        Figure(
            work=f"{seen.changes:,} changes of the clocks, 2000–2037, {zone_count} zones, {len(SHAPES)} windows, two"
            " hours before and after: a message falls due every minute",
            measured=f"{seen.sends:,} sends, {seen.quiet_sends} in quiet hours; {seen.other_errors} other differences"
            f" from the clock on the wall, {seen.edges:,} edges to the second among them",
            goal="0 in quiet hours",
            verdict=Verdict(is_met=seen.quiet_sends == seen.other_errors == 0, why="a window is wrong"),
        )
    ]


def _row(samples: dict[str, list[float]], peer: str, name: str, goal: float) -> Figure:
    ratio = statistics.median(theirs / ours for theirs, ours in zip(samples[peer], samples["ours"], strict=True))
    return Figure(
        work="send times of 100,000 recipients, 10 zones, paced, CPU each",
        measured=spread(samples["ours"], " µs"),
        peer=f"{name}: {spread(samples[peer], ' µs')}",
        ratio=f"× {ratio:.0f}",
        goal=f"× {goal:.0f}",
        verdict=judge_ratio(ratio, at_least=goal, why=WHY),
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


def _zoneinfo(number: int) -> float:
    turns, zones = _drawn(number, ASKED_OF_ZONEINFO)
    return _micros(lambda: [_next_open(turn, zone) for turn, zone in zip(turns, zones, strict=True)], len(turns))


def _pandas(number: int) -> float:
    micros: float = _ask_pandas(*_drawn(number, ASKED_OF_PANDAS))["micros"]
    return micros


def _ask_pandas(turns: Sequence[datetime], zones: Sequence[str]) -> dict[str, Any]:
    return run_peer(
        "business_hours",
        turns=[turn.isoformat() for turn in turns],
        zones=zones,
        opens="09:00",
        closes="21:00",
        weekmask="Mon Tue Wed Thu Fri",
        holidays=[day.isoformat() for day in HOLIDAYS],
    )


def _micros(work: Callable[[], object], count: int) -> float:
    began_at = clocks.process_time()
    work()
    return 1e6 * (clocks.process_time() - began_at) / count


def _next_open(turn: datetime, zone: str) -> datetime:
    """Do what a user writes today."""
    wall = turn.astimezone(ZoneInfo(zone))
    while True:
        if wall.weekday() < 5 and wall.date() not in HOLIDAYS:
            if wall.time() < WINDOW.opens:
                return datetime.combine(wall.date(), WINDOW.opens, tzinfo=wall.tzinfo).astimezone(UTC)
            if wall.time() < WINDOW.closes:
                return wall.astimezone(UTC)
        wall = datetime.combine(wall.date() + timedelta(days=1), time(0), tzinfo=wall.tzinfo)


def _compare() -> Figure:
    """Compare all three on one audience."""
    start, zones = _audience(PASSES)
    ours = paced_send_times(WINDOW, start, zones, spacing=SPACING)
    by_zoneinfo = [_next_open(start + n * SPACING, zone[0]) for n, zone in enumerate(zones)]
    turns, names = _drawn(PASSES, ASKED_OF_PANDAS)
    by_pandas = [datetime.fromtimestamp(second, UTC) for second in _ask_pandas(turns, names)["opens"]]
    drawn = ours[:: RECIPIENTS // ASKED_OF_PANDAS]
    different = sum(one != other for one, other in zip(ours, by_zoneinfo, strict=True))
    from_pandas = sum(
        abs(opening - other) >= timedelta(seconds=1)
        for opening, other in zip(drawn, by_pandas, strict=True)
        if isinstance(opening, datetime)
    )
    return Figure(
        work="the same send times by all three",
        measured=f"{different} of {RECIPIENTS:,} differ from zoneinfo's, {from_pandas} of {len(drawn):,} from pandas'",
        goal="0 differences",
        verdict=Verdict(is_met=different == from_pandas == 0, why="somebody is wrong"),
    )
