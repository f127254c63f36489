"""Choosing recipients: a filter beside those of other libraries, a stream beside a bare loop, and its memory.

CPU of a contact; contacts are parsed before the clock starts, the libraries get values that are typed already.
"""

import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from campaignkit.audience.contacts import Contact, parse_contact
from campaignkit.audience.selection import stream_audience
from campaignkit.audience.targeting import AllOf, AtLeast, OneOf, Targeting, WithinDays
from tests.benchmarks.figures import ROOT, Figure, Verdict, interleave, spread
from tests.benchmarks.peers.environment import make_environment, run_peer
from tests.benchmarks.peers.peak import peak_mib

CONTACTS = 20_000
MANY_CONTACTS = 1_000_000
PASSES = 5
MEMORY_GOAL = 150  # MiB, for a million rows
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
DAYS = 60
WHERE = AllOf([OneOf("city", ["Kraków", "Łódź"]), AtLeast("points", 10), WithinDays("last order", DAYS)])
PEERS = {"rule_engine": "rule-engine", "json_logic": "json-logic-qubit"}
CITIES = ("Kraków", "Łódź", "Gdańsk")


def measure() -> list[Figure]:
    """Measure everybody in turn, each pass on new contacts, and the memory of a million."""
    make_environment()
    measures: dict[str, Callable[[int], float]] = {
        "filter": _filter,
        **{name: partial(_peer, name) for name in PEERS},
        "stream": _stream,
        "loop": _loop,
    }
    samples = interleave(PASSES, measures)
    peaks = {task: _peak_of(task) for task in ("parse", "stream")}
    return [*(_against(name, samples) for name in PEERS), _beside_loop(samples), _memory(peaks)]


def _against(peer: str, samples: dict[str, list[float]]) -> Figure:
    ratio = statistics.median(samples[peer]) / statistics.median(samples["filter"])
    return Figure(
        work=f"a filter of three conditions, {CONTACTS:,} contacts",
        measured=spread(samples["filter"], " µs a contact"),
        peer=f"{PEERS[peer]}, on typed values: {spread(samples[peer], ' µs')}",
        ratio=f"× {ratio:.1f}",
        goal="(none of its own)",
        samples={"filter": samples["filter"], peer: samples[peer]},
    )


def _beside_loop(samples: dict[str, list[float]]) -> Figure:
    ratio = statistics.median(samples["stream"]) / statistics.median(samples["loop"])
    return Figure(
        work=f"stream_audience with that filter: reasons, counts, duplicates, {CONTACTS:,} contacts",
        measured=spread(samples["stream"], " µs a contact"),
        peer=f"the same conditions in a loop by hand, a dict, no reasons: {spread(samples['loop'], ' µs')}",
        ratio=f"× {ratio:.1f} the CPU",
        goal="(none of its own)",
        samples={"stream": samples["stream"], "loop": samples["loop"]},
    )


def _memory(peaks: dict[str, float]) -> Figure:
    return Figure(
        work=f"peak memory of stream_audience over {MANY_CONTACTS:,} contacts, all of them recipients",
        measured=f"{peaks['stream']:.0f} MiB",
        peer=f"parsing the same contacts and keeping none: {peaks['parse']:.0f} MiB",
        ratio=f"{peaks['stream'] - peaks['parse']:.0f} MiB more",
        goal=f"< {MEMORY_GOAL} MiB",
        verdict=Verdict(is_met=peaks["stream"] < MEMORY_GOAL, why="what is kept of each address is too much"),
        samples={name: [peak] for name, peak in peaks.items()},
    )


def _rows(count: int, seed: str) -> Iterator[tuple[str, int, str]]:
    choices = random.Random(seed)
    for _ in range(count):
        day = NOW.date() - timedelta(days=choices.randrange(120))
        yield choices.choice(CITIES), choices.randrange(50), day.isoformat()


def _contacts(count: int, seed: str) -> Iterator[Contact]:
    for number, (city, points, ordered) in enumerate(_rows(count, seed), start=2):
        row = {"email": f"c{number}.{seed}@example.com", "city": city, "points": str(points), "last order": ordered}
        contact = parse_contact(row, row_number=number)
        assert isinstance(contact, Contact)
        yield contact


def _timed(work: Any, expected: int) -> float:
    """Return the microseconds of CPU that a contact took, once it is sure that the right ones passed."""
    began = time.process_time()
    passed = work()
    cpu = time.process_time() - began
    assert passed == expected, (passed, expected)
    return cpu / CONTACTS * 1e6


def _expected(seed: str) -> int:
    since = (NOW.date() - timedelta(days=DAYS)).isoformat()
    return sum(city != "Gdańsk" and points >= 10 and day >= since for city, points, day in _rows(CONTACTS, seed))


def _filter(number: int) -> float:
    seed = f"{number}"
    people, targeting = list(_contacts(CONTACTS, seed)), Targeting(WHERE, now=NOW)
    return _timed(lambda: sum(map(targeting, people)), _expected(seed))


def _peer(name: str, number: int) -> float:
    since = (NOW.date() - timedelta(days=DAYS)).isoformat()
    seed = f"{number}"
    result = run_peer("filters", peer=name, rows=list(_rows(CONTACTS, seed)), since=since)
    assert result["passed"] == _expected(seed), (name, result)
    return result["cpu"] / CONTACTS * 1e6


def _stream(number: int) -> float:
    seed = f"{number}"
    stream = stream_audience(list(_contacts(CONTACTS, seed)), where=WHERE, now=NOW)

    def drain() -> int:
        for _ in stream:
            pass
        return stream.recipient_count

    return _timed(drain, _expected(seed))


def _loop(number: int) -> float:
    seed = f"{number}"
    people, first_day = list(_contacts(CONTACTS, seed)), NOW.date() - timedelta(days=DAYS)

    def choose() -> int:
        seen: dict[str, Contact] = {}
        for contact in people:
            said = contact.attributes
            if said["city"] not in {"Kraków", "Łódź"} or int(said["points"]) < 10:
                continue
            if not first_day <= date.fromisoformat(said["last order"]) <= NOW.date():
                continue
            if contact.email is not None and contact.consent.email != "denied":
                seen.setdefault(contact.email.key, contact)
        return len(seen)

    return _timed(choose, _expected(seed))


def _peak_of(task: str) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.audience", task]
    done = subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=1200)
    peak: float = json.loads(done.stdout.splitlines()[-1])["peak_mib"]
    print(f"    {task}, {MANY_CONTACTS:,} contacts: {peak:.0f} MiB", flush=True)
    return peak


def _child(task: str) -> None:
    contacts = _contacts(MANY_CONTACTS, "many")
    for _ in contacts if task == "parse" else stream_audience(contacts):
        pass
    print(json.dumps({"peak_mib": peak_mib()}))


if __name__ == "__main__":
    _child(sys.argv[1])
