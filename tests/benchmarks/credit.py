"""What credit adds to a message: the lots of a begin and a settle, a price, and a look for made-up numbers."""

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

from campaignkit.addresses.channel import Rejection
from campaignkit.credits import (
    Lot,
    Price,
    PriceTable,
    dump_shares,
    find_pumping,
    hold_batch,
    load_shares,
    settle_batch,
)
from tests.benchmarks.figures import Figure, Verdict, interleave, judge_ratio, spread

PASSES = 7
WAVE = 100  # messages of one begin
WAVES = 50  # in one pass
NUMBERS = 5_000
NUMBERS_COMPARED = 200_000
LIST = 200_000  # numbers of an audience
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def measure() -> list[Figure]:
    return [
        _begin_and_settle(1),
        _begin_and_settle(5),
        _price(),
        _agreement(),
        *(_pumping(code) for code in ("48", "1")),
    ]


def _micros(count: int, work: Callable[[], object]) -> float:
    began_at = time.process_time()
    work()
    return 1e6 * (time.process_time() - began_at) / count


def _begin_and_settle(lot_count: int) -> Figure:
    samples = interleave(PASSES, {"ours": lambda number: _micros(WAVE * WAVES, partial(_waves, lot_count, number))})
    return Figure(
        work=f"hold and settle 100 messages at once, texts of shares included, {lot_count} open lots",
        measured=spread(samples["ours"], " µs a message"),
        samples=samples,
    )


def _waves(lot_count: int, number: int) -> None:
    source = Random(number)
    lots: Sequence[Lot] = [
        Lot(
            number=place,
            key=f"g{place}",
            granted=100_000,
            available=100_000,
            granted_at=NOON,
            expires_at=NOON + timedelta(days=30 + place),
        )
        for place in range(1, lot_count + 1)
    ]
    for wave in range(WAVES):
        wanted = [(f"r{wave}/{place}", source.randint(1, 3)) for place in range(WAVE)]
        begun = hold_batch(lots, wanted, NOON)
        columns = [dump_shares(shares) for shares in begun.held.values()]
        ended = [(load_shares(column), price) for column, (_, price) in zip(columns, wanted, strict=True)]
        lots = settle_batch(begun.lots, ended, NOON).lots


def _table(source: Random) -> PriceTable:
    """Return a list as long as providers' are: every country's code, and some thousand longer prefixes."""
    prefixes = {str(number) for number in range(20, 1_000) if number % 10}
    prefixes |= {str(source.randrange(1_000, 10_000_000)) for _ in range(5_000)} | {"1", "7"}
    prices = tuple(Price(prefix, source.randint(1, 30)) for prefix in sorted(prefixes))
    return PriceTable(version="bench", effective_from=NOON, prices=prices)


def _numbers(number: int, count: int = NUMBERS) -> list[str]:
    source = Random(f"numbers {number}")
    return [f"+{source.randint(1, 9)}{source.randrange(10**10):010}" for _ in range(count)]


def _slow_price(by_prefix: dict[str, Price], e164: str) -> Price | None:
    """Return the price by the plain way: one digit less at a time."""
    for length in range(len(e164), 1, -1):
        found = by_prefix.get(e164[1:length])
        if found is not None:
            return found
    return None


def _price() -> Figure:
    table = _table(Random("table"))
    by_prefix = {price.prefix: price for price in table.prices}
    lists = [_numbers(number) for number in range(PASSES)]
    samples = interleave(
        PASSES,
        {
            "ours": lambda number: _micros(NUMBERS, lambda: [table.price(one) for one in lists[number]]),
            "plain": lambda number: _micros(NUMBERS, lambda: [_slow_price(by_prefix, one) for one in lists[number]]),
        },
    )
    ratio = statistics.median(samples["plain"]) / statistics.median(samples["ours"])
    return Figure(
        work="the price of a number, 6,000 prefixes",
        measured=spread(samples["ours"], " µs"),
        peer=f"one digit less at a time: {spread(samples['plain'], ' µs')}",
        ratio=f"× {ratio:.1f}",
        goal="faster than the plain way",
        verdict=judge_ratio(ratio, at_least=1, why="the index by three digits does not pay"),
        samples=samples,
    )


def _agreement() -> Figure:
    table = _table(Random("table"))
    by_prefix = {price.prefix: price for price in table.prices}
    differing = 0
    for e164 in _numbers(-1, NUMBERS_COMPARED):
        found = table.price(e164)
        differing += (None if isinstance(found, Rejection) else found) != _slow_price(by_prefix, e164)
    return Figure(
        work=f"prices that differ from the plain way's, of {NUMBERS_COMPARED:,}",
        measured=str(differing),
        goal="0",
        verdict=Verdict(is_met=differing == 0, why="an index that answers wrongly"),
    )


def _pumping(calling_code: str) -> Figure:
    def look(number: int) -> float:
        source = Random(f"{calling_code} {number}")
        numbers = [_mobile(source, calling_code) for _ in range(LIST)]
        return _micros(LIST, lambda: find_pumping(numbers))

    samples = interleave(3, {"ours": look})
    return Figure(
        work=f"a look for made-up numbers, +{calling_code}, {LIST:,} in a list",
        measured=spread(samples["ours"], " µs a number"),
        samples=samples,
    )


def _mobile(source: Random, calling_code: str) -> str:
    if calling_code == "1":
        return f"+1{source.randint(201, 989)}{source.randint(200, 999)}{source.randrange(10_000):04}"
    return f"+{calling_code}{source.choice('5678')}{source.randrange(10**8):08}"
