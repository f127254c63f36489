"""The next opening of each recipient by pandas: JSON in (turns, their zones, the hours), CPU each and the openings out.

Runs in the peers' environment.
"""

import json
import sys
import time
from importlib import import_module


def main() -> None:
    job = json.load(sys.stdin)
    pandas = import_module("pandas")
    hours = pandas.offsets.CustomBusinessHour(
        start=job["opens"], end=job["closes"], weekmask=job["weekmask"], holidays=job["holidays"]
    )
    turns = [pandas.Timestamp(turn) for turn in job["turns"]]
    hours.rollforward(turns[0].tz_convert(job["zones"][0]))
    began = time.process_time()
    found = [
        hours.rollforward(turn.tz_convert(zone)).tz_convert("UTC")
        for turn, zone in zip(turns, job["zones"], strict=True)
    ]
    micros = 1e6 * (time.process_time() - began) / len(turns)
    print(json.dumps({"micros": micros, "opens": [int(moment.timestamp()) for moment in found]}))


if __name__ == "__main__":
    main()
