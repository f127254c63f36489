"""Spelling: two words in, how many slips of the finger lie between them, out. Pure."""

__all__ = ["is_within_edits"]


def is_within_edits(one: str, other: str, limit: int) -> bool:
    """Return whether at most *limit* letters were added, left out, mistyped or swapped with their neighbour.

    What a restricted Damerau-Levenshtein distance says, worked out only where the words differ.

    >>> is_within_edits("kowalski", "kowlaski", 1), is_within_edits("ann", "bob", 2)
    (True, False)
    """
    if one == other:
        return limit >= 0
    if abs(len(one) - len(other)) > limit or (limit == 1 and not _has_a_half_in_common(one, other)):
        return False
    one, other = _strip_common(one, other)
    longest = max(len(one), len(other))
    if limit == 1:
        return longest == 1 or (longest == 2 and one == other[::-1])
    return longest <= limit or _count_edits(one, other) <= limit


def _has_a_half_in_common(one: str, other: str) -> bool:
    """Return whether the words begin or end alike, as they must where a single slip stands between."""
    half = (min(len(one), len(other)) - 2) // 2
    return half < 1 or one[:half] == other[:half] or one[-half:] == other[-half:]


def _strip_common(one: str, other: str) -> tuple[str, str]:
    """Return what is left without the same beginning and the same end; the distance stays as it was."""
    shortest, start = min(len(one), len(other)), 0
    while start < shortest and one[start] == other[start]:
        start += 1
    end = 0
    while end < shortest - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return one[start : len(one) - end], other[start : len(other) - end]


def _count_edits(one: str, other: str) -> int:
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        current = [row]
        for column, facing in enumerate(other, start=1):
            cost = min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (letter != facing))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == facing:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, last = last, current
    return last[-1]
