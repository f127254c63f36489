"""parse_phone beside phonenumbers' parse, is_valid_number, format_number; and 200,000 texts on which both agree."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

import phonenumbers
from phonenumbers.timezone import time_zones_for_number

import campaignkit
from campaignkit.addresses.phone import tables, verdicts
from campaignkit.addresses.phone.parsing import parse_by_library, parse_by_tables
from tests.addresses.phone_texts import REGIONS, e164, make_text
from tests.benchmarks.figures import ROOT, Figure, Verdict, interleave, judge_ratio, spread
from tests.benchmarks.peers.peak import peak_mib

HOME = "US"
ABROAD = (
    *("CA", "GB", "DE", "FR", "ES", "IT", "PL", "NL", "BE", "AT"),
    *("CH", "SE", "AU", "MX", "BR", "IN", "JP", "AR", "CZ"),
)
PASSES = 7
NUMBERS = 4_000  # in one pass, once the tables are built
COLD_NUMBERS = 100_000
COLD_PASSES = 3
TEXTS_COMPARED = 200_000
PEER = "phonenumbers parse + is_valid_number + format_number"
PLACEHOLDERS = (
    *("n/a", "none", "-", "--", "brak", "unknown", "no phone", "?", "???", "0", "x", "tel", "nie ma", "keine"),
    *("000-000-0000", "0000000000", "9999999999", "1111111111", "12345", "123", "(___) ___-____", "555-01"),
)

Row = tuple[str, str | None]


def measure() -> list[Figure]:
    """Measure every kind of input, all new in every pass, then compare the answers."""
    _ours([(number, None) for number in _shop_list(Random("warm"), 20_000)])
    return [
        _speed("E.164, every number unseen, tables built", _shop_rows, at_least=15),
        _speed("E.164 of twenty countries alike, unseen, tables built", _even_rows),
        _cold(),
        _speed("national forms as people write them, unseen", _messy_rows, at_least=10),
        _speed("garbage, unseen", _garbage_rows, at_least=1),
        _speed("garbage that repeats", _placeholder_rows, at_least=20),
        _zones(),
        _memory(),
        _agreement(),
    ]


def _speed(work: str, make: Callable[[Random], list[Row]], at_least: float | None = None) -> Figure:
    rows = [make(Random(f"{work} {number}")) for number in range(PASSES)]
    samples = interleave(PASSES, {"ours": lambda it: _ours(rows[it]), "peer": lambda it: _peer(rows[it])})
    ratio = statistics.median(samples["peer"]) / statistics.median(samples["ours"])
    return Figure(
        work=f"parse_phone, {work}",
        measured=spread(samples["ours"], " µs CPU"),
        peer=f"{PEER}: {spread(samples['peer'], ' µs CPU')}",
        ratio=f"× {ratio:.1f}",
        goal="" if at_least is None else f"× {at_least:g}",
        verdict=None if at_least is None else judge_ratio(ratio, at_least=at_least, why="see the spread"),
        samples=samples,
    )


def _cold() -> Figure:
    samples = interleave(COLD_PASSES, {name: partial(_in_child, name, "shop") for name in ("ours", "peer")})
    ratio = statistics.median(samples["peer"]) / statistics.median(samples["ours"])
    return Figure(
        work=f"parse_phone, E.164, {COLD_NUMBERS:,} unseen numbers in a new process, tables not yet built",
        measured=spread(samples["ours"], " µs CPU"),
        peer=f"{PEER}: {spread(samples['peer'], ' µs CPU')}",
        ratio=f"× {ratio:.1f}",
        goal="× 8",
        verdict=judge_ratio(ratio, at_least=8, why="building the tables takes the rest"),
        samples=samples,
    )


def _zones() -> Figure:
    """Measure the zones of parsed numbers beside those of numbers that phonenumbers has parsed."""
    lists = [_shop_list(Random(f"zones {number}"), NUMBERS) for number in range(PASSES)]
    samples = interleave(PASSES, {"ours": lambda it: _our_zones(lists[it]), "peer": lambda it: _peer_zones(lists[it])})
    ratio = statistics.median(samples["peer"]) / statistics.median(samples["ours"])
    return Figure(
        work="PhoneNumber.zones, every number unseen, tables built",
        measured=spread(samples["ours"], " µs CPU"),
        peer=f"time_zones_for_number, which knows less: {spread(samples['peer'], ' µs CPU')}",
        ratio=f"× {ratio:.1f}",
        samples=samples,
    )


def _memory() -> Figure:
    samples = interleave(1, {name: partial(_in_child, name, "everywhere") for name in ("idle", "peak", "peer_peak")})
    idle, ours, peer = (samples[name][0] for name in ("idle", "peak", "peer_peak"))
    return Figure(
        work=f"memory of the tables of all regions after {COLD_NUMBERS:,} numbers",
        measured=f"{ours - idle:.0f} MiB above one number parsed ({idle:.0f} MiB)",
        peer=f"{PEER}: {peer - idle:.0f} MiB above it",
        goal="bounded",
        samples=samples,
    )


def _agreement() -> Figure:
    random = Random(f"{TEXTS_COMPARED}")
    decided = differing = 0
    for _ in range(TEXTS_COMPARED):
        text, country = make_text(random)
        found = parse_by_tables(text, country)
        decided += found is not None
        differing += found is not None and found != parse_by_library(text, country)
        known = verdicts.find_by_tables(text)
        differing += known is not None and known != verdicts.find_by_library(text)
    return Figure(
        work=f"{TEXTS_COMPARED:,} generated texts of {len(REGIONS)} regions: number, code, hint, region and kind",
        measured=f"{differing} differ from phonenumbers; {decided / TEXTS_COMPARED:.0%} decided by the tables",
        goal="0 differ",
        verdict=Verdict(is_met=differing == 0, why="the tables may not be used"),
    )


def _ours(rows: Sequence[Row]) -> float:
    parse = campaignkit.parse_phone
    began_at = time.process_time()
    for text, region in rows:
        parse(text, region=region)
    return 1e6 * (time.process_time() - began_at) / len(rows)


def _peer(rows: Sequence[Row]) -> float:
    parse, is_valid, write = phonenumbers.parse, phonenumbers.is_valid_number, phonenumbers.format_number
    form, refused = phonenumbers.PhoneNumberFormat.E164, phonenumbers.NumberParseException
    began_at = time.process_time()
    for text, region in rows:
        try:
            number = parse(text, region)
        except refused:
            continue
        if is_valid(number):
            write(number, form)
    return 1e6 * (time.process_time() - began_at) / len(rows)


def _our_zones(numbers: Sequence[str]) -> float:
    parsed = [campaignkit.PhoneNumber(e164=number) for number in numbers]
    began_at = time.process_time()
    for number in parsed:
        assert number.zones is not None
    return 1e6 * (time.process_time() - began_at) / len(parsed)


def _peer_zones(numbers: Sequence[str]) -> float:
    parsed = [phonenumbers.parse(number) for number in numbers]
    began_at = time.process_time()
    for number in parsed:
        time_zones_for_number(number)
    return 1e6 * (time.process_time() - began_at) / len(parsed)


def _shop_list(random: Random, count: int) -> list[str]:
    """Return numbers of a shop's customers: nine in ten from home, the others from nineteen countries."""
    regions = (HOME if random.random() < 0.9 else random.choice(ABROAD) for _ in range(count))
    return [e164(random, region) for region in regions]


def _shop_rows(random: Random) -> list[Row]:
    return [(number, None) for number in _shop_list(random, NUMBERS)]


def _even_rows(random: Random) -> list[Row]:
    return [(e164(random, random.choice((HOME, *ABROAD))), None) for _ in range(NUMBERS)]


def _messy_rows(random: Random) -> list[Row]:
    return [(_write(random, number), HOME) for number in (e164(random, HOME) for _ in range(NUMBERS))]


def _write(random: Random, number: str) -> str:
    area, exchange, line = number[2:5], number[5:8], number[8:]
    forms = (
        f"({area}) {exchange}-{line}",
        f"{area}-{exchange}-{line}",
        f"{area}.{exchange}.{line}",
        f"{area} {exchange} {line}",
        f"{area}{exchange}{line}",
        f" 1-{area}-{exchange}-{line}",
        f"+1 ({area}) {exchange}-{line} ",
        f"1 {area} {exchange}{line}",
    )
    return random.choice(forms)


def _garbage_rows(random: Random) -> list[Row]:
    return [(_garbage(random), HOME) for _ in range(NUMBERS)]


def _garbage(random: Random) -> str:
    word = "".join(random.choice("abcdefghijklmnoprstuwyz") for _ in range(random.randint(3, 8)))
    forms = (
        f"ask {word}",
        f"{word}{random.randint(1, 99999)}@example.com",
        f"{random.randint(0, 10**6)}",
        f"{random.randint(10**7, 10**14)}",
        f"{random.randint(1, 28):02}.{random.randint(1, 12):02}.{random.randint(1930, 2010)}",
        f"call {word} {random.randint(100, 99999)}",
        f"({random.randint(100, 199)}) {random.randint(100, 199)}-{random.randint(0, 9999):04}",
        f"+{random.randint(10**5, 10**14)}",
    )
    return random.choice(forms)


def _placeholder_rows(random: Random) -> list[Row]:
    return [(random.choice(PLACEHOLDERS), HOME) for _ in range(NUMBERS)]


def _in_child(what: str, where: str, number: int) -> float:
    """Return what a new process measures on a list that it reads from a file, so that it begins with nothing."""
    random = Random(f"{where} {number}")
    if where == "shop":
        numbers = _shop_list(random, COLD_NUMBERS)
    else:
        numbers = [e164(random, random.choice(REGIONS)) for _ in range(COLD_NUMBERS)]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(f"{text}\n" for text in numbers)
        file.flush()
        command = [sys.executable, "-m", "tests.benchmarks.phones", what, file.name]
        done = subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=1200)
    return float(done.stdout)


def _child(what: str, path: str) -> float:
    with open(path) as file:
        rows: list[Row] = [(line.rstrip(), None) for line in file]
    campaignkit.parse_phone("+12125550143")  # what is imported is not measured
    match what:
        case "ours":
            return _ours(rows)
        case "peer":
            return _peer(rows)
        case "peak":
            _ours(rows)
            assert tables.demand.left == 0
        case "peer_peak":
            _peer(rows)
    return peak_mib()


if __name__ == "__main__":
    print(_child(*sys.argv[1:]))
