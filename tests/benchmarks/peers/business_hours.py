"""The next opening of each recipient by the peers: JSON in (peer, turns, zones, hours), CPU each and the openings out.

Runs in the peers' environment, so that no zone is in memory but those that the peer keeps there.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from functools import cache
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

MIDNIGHT = clock_time(0)


def by_zoneinfo(job: dict[str, Any], zone_of: Callable[[str], ZoneInfo]) -> Callable[[datetime, str], datetime]:
    """Do what a user writes today."""
    opens, closes = clock_time.fromisoformat(job["opens"]), clock_time.fromisoformat(job["closes"])
    holidays = {date.fromisoformat(day) for day in job["holidays"]}

    def next_open(turn: datetime, name: str) -> datetime:
        zone = zone_of(name)
        wall = turn.astimezone(zone)
        while True:
            if wall.weekday() < 5 and wall.date() not in holidays:
                if wall.time() < opens:
                    return datetime.combine(wall.date(), opens, tzinfo=zone).astimezone(UTC)
                if wall.time() < closes:
                    return wall.astimezone(UTC)
            wall = datetime.combine(wall.date() + timedelta(days=1), MIDNIGHT, tzinfo=zone)

    return next_open


def by_pandas(job: dict[str, Any]) -> Callable[[Any, str], Any]:
    hours = import_module("pandas").offsets.CustomBusinessHour(
        start=job["opens"], end=job["closes"], weekmask="Mon Tue Wed Thu Fri", holidays=job["holidays"]
    )
    return lambda turn, zone: hours.rollforward(turn.tz_convert(zone)).tz_convert("UTC")


def main() -> None:
    job = json.load(sys.stdin)
    turns: list[Any] = [datetime.fromisoformat(turn) for turn in job["turns"]]
    next_open: Callable[[Any, str], Any]
    if job["peer"] == "pandas":
        next_open, turns = by_pandas(job), [import_module("pandas").Timestamp(turn) for turn in turns]
    else:
        next_open = by_zoneinfo(job, cache(ZoneInfo) if job["peer"] == "zones kept" else ZoneInfo)
    next_open(turns[0], job["zones"][0])
    began = time.process_time()
    found = [next_open(turn, zone) for turn, zone in zip(turns, job["zones"], strict=True)]
    micros = 1e6 * (time.process_time() - began) / len(turns)
    print(json.dumps({"micros": micros, "opens": [int(moment.timestamp()) for moment in found]}))


if __name__ == "__main__":
    main()
