"""Address keys in, the position of whoever had each first out: a table for millions of keys. Pure.

A dict of a million keys takes some 200 MB; this takes 32. It keeps 96 bits of Python's own hashes in place of a key, so
that of a million different addresses two meet with a chance of one in 10^17.
"""

from array import array

__all__ = ["AddressTable"]

FIRST_CAPACITY = 1024  # slots; a power of two, as every later capacity
MARK_MASK = 2**64 - 1
POSITION_BITS = 32
POSITION_MAX = 2**POSITION_BITS - 1


class AddressTable:
    """Who had an address first. Positions count from 1."""

    def __init__(self) -> None:
        self._marks, self._positions = _slots(FIRST_CAPACITY)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def claim(self, key: str, position: int) -> int | None:
        """Return the position that has *key* already; otherwise give it to *position* and return None."""
        if not 0 < position <= POSITION_MAX:
            raise ValueError(f"positions are 1 to {POSITION_MAX}, not {position}")
        mark, rest = _marks_of(key)
        slot = self._find(mark, rest)
        if self._positions[slot]:
            taken_by: int = self._positions[slot] & POSITION_MAX
            return taken_by
        self._marks[slot], self._positions[slot] = mark, rest | position
        self._count += 1
        if self._count * 3 > len(self._marks) * 2:
            self._grow()
        return None

    def find(self, key: str) -> int | None:
        """Return the position that has *key*, or None."""
        position: int = self._positions[self._find(*_marks_of(key))] & POSITION_MAX
        return position or None

    def _find(self, mark: int, rest: int) -> int:
        """Return the slot that holds the key, or the free one where it belongs."""
        marks, positions, last = self._marks, self._positions, len(self._marks) - 1
        slot = mark & last
        while positions[slot] and (marks[slot] != mark or positions[slot] & ~POSITION_MAX != rest):
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        full = zip(self._marks, self._positions, strict=True)
        self._marks, self._positions = _slots(2 * len(self._marks))
        for mark, position in full:
            if position:
                slot = self._find(mark, position & ~POSITION_MAX)
                self._marks[slot], self._positions[slot] = mark, position


def _slots(capacity: int) -> "tuple[array[int], array[int]]":
    return array("Q", bytes(8 * capacity)), array("Q", bytes(8 * capacity))


def _marks_of(key: str) -> tuple[int, int]:
    """Return 64 bits of *key*, and 32 more above the bits of a position."""
    return hash(key) & MARK_MASK, (hash(key[::-1]) & POSITION_MAX) << POSITION_BITS
