"""Filters of the peers over rows whose values are typed already: JSON in (peer, rows), CPU and how many passed out.

Runs in the peers' environment.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Any


def rule_engine_filter(since: str) -> Callable[[dict[str, Any]], Any]:
    rule = import_module("rule_engine").Rule(f'city in ["Kraków", "Łódź"] and points >= 10 and ordered >= d"{since}"')
    matches: Callable[[dict[str, Any]], Any] = rule.matches
    return matches


def json_logic_filter(since: str) -> Callable[[dict[str, Any]], Any]:
    logic = {
        "and": [
            {"in": [{"var": "city"}, ["Kraków", "Łódź"]]},
            {">=": [{"var": "points"}, 10]},
            {">=": [{"var": "ordered"}, since]},
        ]
    }
    evaluate = import_module("json_logic").jsonLogic
    return lambda row: evaluate(logic, row)


def main() -> None:
    job = json.load(sys.stdin)
    rows = [dict(zip(("city", "points", "ordered"), row, strict=True)) for row in job["rows"]]
    if job["peer"] == "rule_engine":
        matches = rule_engine_filter(job["since"])
        for row in rows:
            row["ordered"] = datetime.fromisoformat(row["ordered"])
    else:
        matches = json_logic_filter(job["since"])
    matches(rows[0])
    began = time.process_time()
    passed = sum(1 for row in rows if matches(row))
    print(json.dumps({"cpu": time.process_time() - began, "passed": passed}))


if __name__ == "__main__":
    main()
