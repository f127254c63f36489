"""Tabulating: customers in; what candidates are found by, in columns by position, out. Pure.

One column at a time costs a fraction of an object for each customer, in seconds and in memory.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from campaignkit.audience.customers.comparing import folded_name
from campaignkit.audience.customers.junk import begins_junk_name
from campaignkit.audience.customers.names import fold_letters, is_plain_word
from campaignkit.audience.customers.records import Customer

__all__ = [
    "doors_of",
    "fold_names",
    "keys_beside_initials",
    "keys_beside_middles",
    "positions_by_key",
    "postcodes_of",
    "sorted_words",
]

REMEMBERED_MAX = 100_000  # words or postcodes kept of one run
MIDDLE = 3  # letters of a word that are looked at where the first may be mistyped
SPARE_BITS = 3  # of a hash: one key in eight or sixteen meets another one's by chance

Key = TypeVar("Key", bound=Hashable)


class _Remembered(dict[str, Key]):
    """What *work_out* says of a text; of the first REMEMBERED_MAX texts it is worked out once. Lives for one run."""

    def __init__(self, work_out: Callable[[str], Key]) -> None:
        self._work_out = work_out

    def __missing__(self, text: str) -> Key:
        answer = self._work_out(text)
        if len(self) < REMEMBERED_MAX:
            self[text] = answer
        return answer


def fold_names(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return each name as ``folded_name`` does, and its words in one order as ``sorted_words`` does.

    Two plain words, which most names are, fold into themselves in small letters.
    """
    is_plain = _Remembered(_is_plain)
    folded: list[str] = []
    whole: list[str] = []
    for name in names:
        small = name.lower()
        first, _, last = small.partition(" ")
        if is_plain[first] and is_plain[last] and name.isascii():
            folded.append(small)
            whole.append(small if first <= last else f"{last} {first}")
        else:
            small = folded_name(name)
            folded.append(small)
            whole.append(sorted_words(small))
    return folded, whole


def _is_plain(word: str) -> bool:
    return is_plain_word(word) and not begins_junk_name(word)


def sorted_words(name: str) -> str:
    """Return the words of a whole name in one order, "" where there is only one word, which matches too much."""
    first, blank, rest = name.partition(" ")
    if not blank:
        return ""
    if " " in rest:
        return " ".join(sorted(name.split()))
    return name if first <= rest else f"{rest} {first}"


def keys_beside_initials(keys: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return each key with the initials of a folded name, in one order whatever the words; "" if either is missing."""
    beside: list[str] = []
    for key, name in zip(keys, names, strict=True):
        if key and name:
            one, other = name[0], name[name.rfind(" ") + 1]
            beside.append(f"{key}{one}{other}" if one <= other else f"{key}{other}{one}")
        else:
            beside.append("")
    return beside


def keys_beside_middles(keys: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return each key with what follows the first letter of a folded name's first and last word, in one order.

    "" where the key is missing or a word has fewer than MIDDLE letters.
    """
    beside: list[str] = []
    for key, name in zip(keys, names, strict=True):
        first, _, rest = name.partition(" ")
        last = rest[rest.rfind(" ") + 1 :]
        if key and len(first) >= MIDDLE and len(last) >= MIDDLE:
            one, other = first[1 : 1 + MIDDLE], last[1 : 1 + MIDDLE]
            beside.append(f"{key} {one} {other}" if one <= other else f"{key} {other} {one}")
        else:
            beside.append("")
    return beside


def postcodes_of(customers: Sequence[Customer]) -> list[str]:
    """Return the postcode of each one's home, "" where there is none."""
    fold = _Remembered(_fold_postcode)
    return [fold[one.addresses[0].postcode] if one.addresses else "" for one in customers]


def _fold_postcode(postcode: str) -> str:
    return postcode.strip().lower()


def doors_of(customers: Sequence[Customer]) -> list[str]:
    """Return the street and house number of each one's home without blanks, "" where there is none."""
    return [_door(one.addresses[0].street) if one.addresses and one.addresses[0].street else "" for one in customers]


def _door(street: str) -> str:
    return "".join(filter(str.isalnum, street.lower() if street.isascii() else fold_letters(street)))


def positions_by_key(keys: Sequence[str]) -> dict[str, list[int]]:
    """Return the positions of every key that occurs more than once, in their order; "" is none.

    Most keys occur once. Those are sorted out by a few bits of their hashes, without an object for each of them.
    """
    blocks: dict[str, list[int]] = {}
    if not any(keys):
        return blocks
    for position in _positions_of_repeated(keys):
        key = keys[position]
        if key in blocks:
            blocks[key].append(position)
        elif key:
            blocks[key] = [position]
    return {key: positions for key, positions in blocks.items() if len(positions) > 1}


def _positions_of_repeated(keys: Sequence[str]) -> list[int]:
    """Return the positions of all keys that occur more than once, and of a few others, in order."""
    slot_count = 1 << (len(keys).bit_length() + SPARE_BITS)
    seen, again = bytearray(slot_count), set()
    mask = slot_count - 1
    slots = [found & mask for found in map(hash, keys)]
    for slot in slots:
        if seen[slot]:
            again.add(slot)
        else:
            seen[slot] = 1
    return [position for position, slot in enumerate(slots) if slot in again]
