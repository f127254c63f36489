"""Numbers in E.164, in any order, in; sorted without their duplicates, and where they stand in rows, out. Pure.

A number is kept as eight bytes: its digits, filled up with zeros to fifteen, and how many of them are its own. So
numbers with a common prefix stand together, whatever their lengths.
"""

from array import array
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby

import attrs

__all__ = ["PREFIX_DIGITS", "PrefixCount", "Row", "RowWatch", "prefix_counts", "sorted_keys"]

DIGITS = 15  # of E.164
PREFIX_DIGITS = (
    7  # country code, network and a little more: ten thousand numbers in North America, a million in Germany
)
CHUNK = 65_536  # numbers that are sorted at once
BLOCK = 100  # numbers that differ in their last two digits only

_LENGTH_BITS = 4
_LENGTH_MASK = (1 << _LENGTH_BITS) - 1
_FILLERS = tuple(10 ** (DIGITS - length) for length in range(DIGITS + 1))  # by count of a number's own digits
_PREFIX_STEP = 10 ** (DIGITS - PREFIX_DIGITS) << _LENGTH_BITS


def sorted_keys(numbers: Iterable[str], *, chunk_max: int = CHUNK) -> Iterator[int]:
    """Return the keys of *numbers*, rising, each once; so many as *chunk_max* are sorted at a time.

    Raises:
        ValueError: one of them is not a plus and 3 to 15 digits. It is not repeated in the message.
    """
    chunks = []
    chunk = array("Q")
    for e164 in numbers:
        chunk.append(_key(e164))
        if len(chunk) == chunk_max:
            chunks.append(array("Q", sorted(chunk)))
            chunk = array("Q")
    chunks.append(array("Q", sorted(chunk)))
    return (key for key, _ in groupby(merge(*chunks)))


def e164_of(key: int) -> str:
    """Return the number of *key*."""
    return f"+{key >> _LENGTH_BITS}"[: (key & _LENGTH_MASK) + 1]


def _key(e164: str) -> int:
    digits = e164[1:]
    length = len(digits)
    if e164[:1] != "+" or not 3 <= length <= DIGITS or not (digits.isascii() and digits.isdigit()) or digits[0] == "0":
        raise ValueError("a number in E.164 is a plus and 3 to 15 digits")
    return int(digits.ljust(DIGITS, "0")) << _LENGTH_BITS | length


@attrs.frozen
class PrefixCount:
    """How many numbers begin with the same seven digits."""

    prefix: str
    count: int
    sample: str = attrs.field(repr=False)  # the first of them, E.164


def prefix_counts(keys: Iterable[int]) -> Iterator[PrefixCount]:
    """Return the count of each prefix in sorted *keys*; fewer digits are filled up with zeros."""
    first, count, end = 0, 0, 0
    for key in keys:
        if key >= end:
            if count:
                yield _counted(first, count)
            first, count, end = key, 0, (key // _PREFIX_STEP + 1) * _PREFIX_STEP
        count += 1
    if count:
        yield _counted(first, count)


def _counted(first: int, count: int) -> PrefixCount:
    return PrefixCount(str(first // _PREFIX_STEP), count, e164_of(first))


@attrs.frozen
class Row:
    """Numbers of one length that follow upon each other without a gap; or many of one block of a hundred, with gaps."""

    count: int
    first: str = attrs.field(repr=False)  # E.164


@attrs.define
class _Place:
    """Where the sorted numbers of one length have come to."""

    last: int = -1
    row_first: int = 0
    row_count: int = 0
    block: int = -1
    block_first: int = 0
    block_count: int = 0
    longest_row: int = 0  # of those that touch the block


class RowWatch:
    """Passes sorted keys on, and notes rows and crowded blocks on the way.

    Args:
        row_min: Numbers from which a row is noted.
        crowd_min: Numbers of a block from which it is.
    """

    def __init__(self, *, row_min: int, crowd_min: int) -> None:
        self.count = 0
        self.rows: list[Row] = []
        self.crowds: list[Row] = []
        self._row_min = row_min
        self._crowd_min = crowd_min
        self._places: dict[int, _Place] = {}  # by length

    def watch(self, keys: Iterable[int]) -> Iterator[int]:
        for key in keys:
            self.count += 1
            self._step(key)
            yield key
        for place in self._places.values():
            self._end_row(place)
            self._end_block(place)

    def _step(self, key: int) -> None:
        length = key & _LENGTH_MASK
        number = (key >> _LENGTH_BITS) // _FILLERS[length]
        place = self._places.get(length)
        if place is None:
            place = self._places[length] = _Place()
        if number != place.last + 1:
            if place.row_count >= self._row_min:
                self._end_row(place)
            place.row_first, place.row_count = key, 0
        place.last = number
        place.row_count += 1
        if number // BLOCK != place.block:
            if place.block_count >= self._crowd_min:
                self._end_block(place)
            place.block, place.block_first, place.block_count, place.longest_row = number // BLOCK, key, 0, 0
        place.block_count += 1
        if place.row_count > place.longest_row:
            place.longest_row = place.row_count

    def _end_row(self, place: _Place) -> None:
        if place.row_count >= self._row_min:
            self.rows.append(Row(place.row_count, e164_of(place.row_first)))

    def _end_block(self, place: _Place) -> None:
        if place.block_count >= self._crowd_min and place.longest_row < self._row_min:
            self.crowds.append(Row(place.block_count, e164_of(place.block_first)))
