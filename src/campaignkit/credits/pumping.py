"""The numbers of an audience in, signs that somebody made them up to earn on their texts, out. Pure, one pass.

Pumping: numbers of a range whose owner gets a share of every text are sneaked into a list. Such numbers follow upon
each other, crowd a block, or crowd a prefix where this shop has few customers. None of that is proof, so a finding
holds a campaign for a person. Eight bytes are kept of each number meanwhile; their order is of no account.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from heapq import nlargest

import attrs

from campaignkit.credits.proportions import Level, PrefixLevels
from campaignkit.credits.pumping_settings import PumpingSettings
from campaignkit.credits.ranges import PrefixCount, Row, RowWatch, prefix_counts, sorted_keys

__all__ = [
    "NumbersLook",
    "PumpingCode",
    "PumpingFinding",
    "find_pumping",
    "look_at_numbers",
    "more_usual",
    "usual_prefixes",
]

SAMPLES_MAX = 5
HIDDEN_DIGITS = 4  # of a sample: ten thousand numbers begin as it does
USUAL_KEPT = 10_000  # prefixes; what is rarer is as good as never


class PumpingCode(StrEnum):
    """What looks made up."""

    NUMBERS_IN_A_ROW = "numbers_in_a_row"
    CROWDED_BLOCK = "crowded_block"
    PREFIX_OUT_OF_PROPORTION = "prefix_out_of_proportion"


_TEXTS = {
    PumpingCode.NUMBERS_IN_A_ROW: (
        "numbers follow upon each other without a gap, as numbers of customers do not.",
        "Look where these rows of the list came from. If they are one firm's phones, go on.",
    ),
    PumpingCode.CROWDED_BLOCK: (
        "numbers stand so close together that somebody may have made them up.",
        "Look where these rows of the list came from. If they are one firm's phones, go on.",
    ),
    PumpingCode.PREFIX_OUT_OF_PROPORTION: (
        "numbers begin in a way that few of this shop's customers' numbers do.",
        "Look where they came from, and what texts to them cost. If they are customers, go on.",
    ),
}


@attrs.frozen(kw_only=True)
class PumpingFinding:
    """One sign, with where to look."""

    code: PumpingCode
    message: str  # one sentence for a shopkeeper
    remedy: str
    count: int  # how many numbers it concerns
    samples: tuple[str, ...]  # at most five beginnings of numbers, the last four digits hidden, the most first
    places: Mapping[str, int] = attrs.field(factory=dict, repr=False)  # all of those beginnings: how many begin so

    @classmethod
    def of(cls, code: PumpingCode, places: Sequence[tuple[str, int]]) -> "PumpingFinding":
        """Return the sign *code*, found at *places*: beginnings of numbers, and how many begin so."""
        count = sum(found for _, found in places)
        foremost = nlargest(SAMPLES_MAX, places, key=lambda place: (place[1], place[0]))
        message, remedy = _TEXTS[code]
        at = Counter[str]()
        for begun, found in places:
            at[begun] += found
        return cls(
            code=code,
            message=f"{count} {message}",
            remedy=remedy,
            count=count,
            samples=tuple(f"{begun}… ({found})" for begun, found in foremost),
            places=dict(at),
        )


@attrs.frozen(kw_only=True)
class NumbersLook:
    """What one pass over the numbers of a list told."""

    signs: tuple[PumpingFinding, ...] = ()
    prefixes: Mapping[str, int] = attrs.field(factory=dict, repr=False)  # as ``usual_prefixes`` counts them
    count: int = 0  # of different numbers


def find_pumping(
    numbers: Iterable[str],
    *,
    region: str | None = None,
    usual: Mapping[str, int] | None = None,
    settings: PumpingSettings | None = None,
) -> tuple[PumpingFinding, ...]:
    """Return the signs found in *numbers*, none for most lists; the same for any order of them.

    Args:
        numbers: In E.164; one that comes twice counts once.
        region: The merchant's country; None: the one of most numbers.
        usual: Earlier recipients by prefix, see :func:`usual_prefixes`.

    Raises:
        ValueError: one of them is no number in E.164.

    >>> [finding.code.value for finding in find_pumping(f"+486012345{last:02}" for last in range(40))]
    ['numbers_in_a_row']
    """
    return look_at_numbers(numbers, region=region, usual=usual, settings=settings).signs


def look_at_numbers(
    numbers: Iterable[str],
    *,
    region: str | None = None,
    usual: Mapping[str, int] | None = None,
    settings: PumpingSettings | None = None,
) -> NumbersLook:
    """Return the signs as ``find_pumping`` does, and from the same pass what is usual in this list."""
    chosen = settings or PumpingSettings()
    watch = RowWatch(row_min=chosen.row_min, crowd_min=chosen.crowd_min)
    levels = PrefixLevels(chosen)
    prefixes = _most_frequent(_added(levels, prefix_counts(watch.watch(sorted_keys(numbers)))))
    rows = watch.rows if _count(watch.rows) >= chosen.row_share_min * watch.count else []
    signs = {
        PumpingCode.NUMBERS_IN_A_ROW: [(_begin(row), row.count) for row in rows],
        PumpingCode.CROWDED_BLOCK: [(_begin(crowd), crowd.count) for crowd in watch.crowds],
        PumpingCode.PREFIX_OUT_OF_PROPORTION: [_told(level) for level in levels.strange(region, usual)],
    }
    return NumbersLook(
        signs=tuple(PumpingFinding.of(code, places) for code, places in signs.items() if places),
        prefixes=prefixes,
        count=watch.count,
    )


def usual_prefixes(numbers: Iterable[str]) -> Mapping[str, int]:
    """Return how many of *numbers*, the recipients of earlier campaigns, begin with the same seven digits.

    At most the 10,000 most frequent: nothing of anybody, and small enough to be kept with the merchant.

    >>> usual_prefixes(["+48601234567", "+48601299999", "+48501234567"])
    {'4860129': 1, '4860123': 1, '4850123': 1}
    """
    return _most_frequent(prefix_counts(sorted_keys(numbers)))


def more_usual(usual: Mapping[str, int], prefixes: Mapping[str, int]) -> Mapping[str, int]:
    """Return what is usual once one more list is known: of each beginning, the most that any list had.

    Many lists of the same customers are not more customers; and the same list twice changes nothing.

    >>> more_usual({"4860123": 2, "4850123": 1}, {"4860123": 1, "4850123": 3})
    {'4850123': 3, '4860123': 2}
    """
    most = {prefix: max(usual.get(prefix, 0), prefixes.get(prefix, 0)) for prefix in {*usual, *prefixes}}
    return _most_frequent(PrefixCount(prefix, count, "") for prefix, count in most.items())


def _most_frequent(counts: Iterable[PrefixCount]) -> dict[str, int]:
    return {one.prefix: one.count for one in nlargest(USUAL_KEPT, counts, key=lambda one: (one.count, one.prefix))}


def _added(levels: PrefixLevels, counts: Iterable[PrefixCount]) -> Iterator[PrefixCount]:
    """Yield *counts*, each once *levels* knows it."""
    for found in counts:
        levels.add(found)
        yield found


def _count(rows: Sequence[Row]) -> int:
    return sum(row.count for row in rows)


def _begin(row: Row) -> str:
    return row.first[:-HIDDEN_DIGITS]


def _told(level: Level) -> tuple[str, int]:
    return f"+{level.prefix}", level.count
