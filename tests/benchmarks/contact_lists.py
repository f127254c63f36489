"""A whole CSV file to contacts without duplicates, beside csv or pandas with both libraries. Each in its own process.

CPU and peak memory are those of the process from its start to its end, what it imports included.
"""

import csv
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from campaignkit.addresses.channel import Rejection
from campaignkit.audience.address_table import AddressTable
from campaignkit.audience.imports import read_contacts
from tests.benchmarks.figures import ROOT, Figure, Verdict, interleave, spread
from tests.benchmarks.ground import folder
from tests.benchmarks.peers.environment import make_environment, run_peer
from tests.benchmarks.peers.peak import peak_mib

ROWS = 200_000  # with a million a pass takes over five minutes, nearly all of it the peers'
MANY_ROWS = 1_000_000  # ours alone, for its memory
PASSES = 3
SPEED_GOAL = 5.0  # times faster than csv and both libraries
COPY_GOAL = 10.0  # times the CPU of reading and writing the rows
MEMORY_GOAL = 150  # MiB, for a million rows

_DOMAINS = (
    *("gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com"),
    *("aol.com", "comcast.net", "verizon.net", "att.net", "msn.com"),
)
_AREAS = (201, 202, 206, 212, 213, 303, 305, 312, 404, 415, 512, 602, 617, 646, 702, 713, 786, 818, 917, 972)
_FORMS = (
    "({0}) {1}-{2:04d}",
    "{0}-{1}-{2:04d}",
    "{0}.{1}.{2:04d}",
    "{0}{1}{2:04d}",
    "+1{0}{1}{2:04d}",
    "1 {0} {1} {2:04d}",
)
_NAMES = ("Ann", "Bob", "Cleo", "Dan", "Małgorzata", "José", "Eve", "Frank", "Grace", "Zoë")
_BROKEN = ("ann@", "no email", "a..b@gmail.com", "ann@gmail,com", "n/a")


def measure() -> list[Figure]:
    """Measure everybody in turn, each pass on a new list, and ours once on a million rows."""
    make_environment()
    memory: dict[str, list[float]] = {}
    with folder() as path:
        samples = interleave(
            PASSES,
            {
                "ours": partial(_ours, path, ROWS, memory),
                **{name: partial(_peer, name, path, memory) for name in ("copy", "csv", "pandas")},
            },
        )
        many = _ours(path, MANY_ROWS, memory, PASSES)
    print(f"    ours, {MANY_ROWS:,} rows: {many:.4g} µs, {memory['ours'][-1]:.0f} MiB", flush=True)
    return [*(_against(name, samples, memory) for name in ("csv", "pandas")), _alone(samples, memory, many)]


def _against(peer: str, samples: dict[str, list[float]], memory: dict[str, list[float]]) -> Figure:
    ratio = statistics.median(samples[peer]) / statistics.median(samples["ours"])
    ours_mib, peer_mib = memory["ours"][0], memory[peer][0]
    tools = "csv.DictReader" if peer == "csv" else "pandas.read_csv"
    return Figure(
        work=f"{ROWS:,} CSV rows to contacts without duplicates, CPU of a row",
        measured=f"{spread(samples['ours'], ' µs')}, {ours_mib:.0f} MiB",
        peer=f"{tools}, email-validator, phonenumbers and a dict: {spread(samples[peer], ' µs')}, {peer_mib:.0f} MiB",
        ratio=f"× {ratio:.1f}",
        goal=f"× {SPEED_GOAL:.0f}",
        verdict=Verdict(
            is_met=ratio >= SPEED_GOAL,
            why="building contacts takes a quarter to a third of a row, parsing phones as much again",
        ),
        samples={"ours": samples["ours"], peer: samples[peer]},
    )


def _alone(samples: dict[str, list[float]], memory: dict[str, list[float]], many: float) -> Figure:
    ratio = many / statistics.median(samples["copy"])
    most_mib = memory["ours"][-1]
    is_small, is_fast = most_mib < MEMORY_GOAL, ratio <= COPY_GOAL
    return Figure(
        work=f"{MANY_ROWS:,} CSV rows to contacts without duplicates, one pass",
        measured=f"{many:.1f} µs CPU a row, {most_mib:.0f} MiB at most",
        peer=f"csv.reader and csv.writer, {ROWS:,} rows: {spread(samples['copy'], ' µs')}",
        ratio=f"× {ratio:.1f} the CPU",
        goal=f"≤ × {COPY_GOAL:.0f} the CPU, < {MEMORY_GOAL} MiB",
        verdict=Verdict(is_met=is_small and is_fast, why="" if is_fast and is_small else "see the measured figures"),
        samples={"copy": samples["copy"], "many": [many]},
    )


def _ours(path: Path, row_count: int, memory: dict[str, list[float]], number: int) -> float:
    source = _list(path, row_count, number)
    command = [sys.executable, "-m", "tests.benchmarks.contact_lists", str(source)]
    done = subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=1200)
    return _noted("ours", json.loads(done.stdout.splitlines()[-1]), row_count, memory)


def _peer(name: str, path: Path, memory: dict[str, list[float]], number: int) -> float:
    return _noted(name, run_peer("contact_rows", peer=name, path=str(_list(path, ROWS, number))), ROWS, memory)


def _noted(name: str, result: dict[str, float], row_count: int, memory: dict[str, list[float]]) -> float:
    """Return the microseconds of CPU that a row took."""
    assert name == "copy" or 0.6 * row_count < result["kept"] < row_count
    memory.setdefault(name, []).append(result["peak_mib"])
    return 1e6 * result["cpu"] / row_count


def _list(path: Path, row_count: int, number: int) -> Path:
    """Return a list that is the same for everybody in one pass, and new in the next."""
    target = path / f"{row_count}.{number}.csv"
    if not target.exists():
        with target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["Customer No", "Name", "E-mail", "Mobile", "City", "Newsletter"])
            writer.writerows(_rows(row_count, random.Random(f"{time.time_ns()}")))
    return target


def _rows(row_count: int, choices: random.Random) -> Iterator[list[str]]:
    """Yield rows as shops have them: some addresses missing or broken, one in twenty people twice."""
    for number in range(row_count):
        person = choices.randrange(number) if number and choices.random() < 0.05 else number
        name = f"{_NAMES[person % len(_NAMES)]} Lee{person % 9973}"
        domain = _DOMAINS[person % len(_DOMAINS)] if person % 10 else f"shop{person % 5000}.com"
        email = f"{name.split()[0].lower().encode('ascii', 'ignore').decode()}.{person}@{domain}"
        place, exchange, line = _AREAS[person % len(_AREAS)], 200 + person % 790, person // 790 % 10_000
        phone = choices.choice(_FORMS).format(place, exchange, line)
        chance = choices.random()
        if chance < 0.12:
            email = choices.choice(_BROKEN) if chance < 0.03 else ""
        elif chance > 0.85:
            phone = choices.choice(("", "none", "555-0143")) if chance > 0.9 else ""
        yield [
            f"C{number}",
            name,
            email,
            phone,
            choices.choice(("New York", "Łódź")),
            choices.choice(("yes", "no", "")),
        ]


def _clean(source: Path) -> int:
    """Return how many contacts are left after the first of each address is kept."""
    seen = AddressTable()
    for row_number, contact in enumerate(read_contacts(source, region="US"), start=2):
        if isinstance(contact, Rejection):
            continue
        address = contact.email or contact.phone
        if address is not None:
            seen.claim(address.key, row_number)
    return len(seen)


if __name__ == "__main__":
    kept = _clean(Path(sys.argv[1]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"kept": kept, "cpu": used.ru_utime + used.ru_stime, "peak_mib": peak_mib()}))
