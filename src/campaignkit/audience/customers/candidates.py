"""Candidates: customers in; the pairs that are worth comparing, and keys that are nobody's own, out. Pure.

Comparing everybody with everybody would take hours. Two records are compared if they share a card, a phone, a mailbox,
a whole name, a door, or the beginning of a word of their names beside a postcode or a birthday. The pairs do not
depend on the order of the customers.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

import attrs

from campaignkit.audience.customers.comparing import folded_name
from campaignkit.audience.customers.junk import is_junk_email, is_junk_phone
from campaignkit.audience.customers.names import fold_letters
from campaignkit.audience.customers.records import Customer

__all__ = ["Candidates", "SharedKey", "find_candidates"]

BLOCK_MAX = 30  # records of one key that are all compared with one another
NEIGHBOURS = 8  # in larger blocks, each is compared with so many that follow by name
SHARED_MIN = 6  # different names behind one phone or mailbox, and it is no family's
PREFIX = 3  # letters of a word; a typing error there is met by the name's other end

Pair = tuple[int, int]  # positions among the customers, the lower one first
OrderKey = Callable[[int], str]


@attrs.frozen
class SharedKey:
    """A phone or mailbox that is nobody's own: made up, or shared by too many."""

    field: str  # "phone" or "email"
    key: str
    positions: tuple[int, ...]
    name_count: int
    is_junk: bool  # by its looks; or too many share it


@attrs.frozen
class Candidates:
    """What find_candidates found."""

    pairs: set[Pair]
    shared: tuple[SharedKey, ...]
    names: list[str]  # folded, by position; "" where a name is nobody's


def find_candidates(customers: Sequence[Customer], order_key: OrderKey) -> Candidates:
    """Return the pairs of *customers* to compare.

    Args:
        order_key: Of a position: what records are put in order by, whatever their position.
    """
    names = [folded_name(customer.name) for customer in customers]
    search = _Search(names, order_key)
    phones = [customer.phone.key if customer.phone else "" for customer in customers]
    others = [(at, one.key) for at, customer in enumerate(customers) for one in customer.other_phones]
    search.add_contacts("phone", phones, others, is_junk_phone)
    emails = [customer.email.key if customer.email else "" for customer in customers]
    others = [(at, one.key) for at, customer in enumerate(customers) for one in customer.other_emails]
    search.add_contacts("email", emails, others, is_junk_email)
    search.add_block([customer.loyalty_id for customer in customers])
    search.add_block([_sorted_words(name) for name in names])
    search.add_block([_door(customer) for customer in customers])
    postcodes = [_postcode(customer) for customer in customers]
    search.add_beside_names(postcodes, needs_both=True)
    search.add_beside_names([code if _has_more(one) else "" for code, one in zip(postcodes, customers, strict=True)])
    if any(customer.birthday for customer in customers):
        _add_birthdays(search, customers)
    return Candidates(search.pairs, tuple(search.shared), names)


def _add_birthdays(search: "_Search", customers: Sequence[Customer]) -> None:
    """Add those born on one day with names that begin alike, or in one year or on one date with both initials alike."""
    days = [customer.birthday.strftime("%Y%m%d") if customer.birthday else "" for customer in customers]
    search.add_beside_names(days)
    initials = [_initials(name) if day else "" for name, day in zip(search.names, days, strict=True)]
    search.add_block([pair and pair + day[:4] for pair, day in zip(initials, days, strict=True)])
    search.add_block([pair and pair + day[4:] for pair, day in zip(initials, days, strict=True)])


@attrs.define
class _Search:
    """The pairs found so far."""

    names: list[str]
    order_key: OrderKey
    pairs: set[Pair] = attrs.field(factory=set)
    shared: list[SharedKey] = attrs.field(factory=list)

    def add_contacts(
        self, field: str, keys: list[str], others: list[tuple[int, str]], is_junk: Callable[[str], bool]
    ) -> None:
        """Pair those who share a phone or a mailbox, unless it is junk or too many people do."""
        blocks = _blocks(keys)
        if others:
            _add_others(blocks, keys, others)
        for key, positions in blocks.items():
            name_count = 0 if len(positions) < SHARED_MIN else self._count_names(positions)
            if is_junk(key) or name_count >= SHARED_MIN:
                self.shared.append(SharedKey(field, key, tuple(sorted(positions)), name_count, is_junk(key)))
            else:
                self._pair(positions)

    def add_block(self, keys: list[str]) -> None:
        """Pair those who have the same key; "" is none."""
        for positions in _blocks(keys).values():
            self._pair(positions)

    def add_beside_names(self, keys: list[str], *, needs_both: bool = False) -> None:
        """Pair those who have the same key beside names that begin alike, in any order of words.

        Args:
            needs_both: First and last word have to, one by PREFIX letters and the other by one; else either.
        """
        if not any(keys):
            return
        groups: dict[str, list[int]] = {}
        for position, key in enumerate(keys):
            if key in groups:
                groups[key].append(position)
            else:
                groups[key] = [position]
        groups.pop("", None)
        for positions in groups.values():
            if len(positions) > 1:
                self._pair_alike(positions, 1 if needs_both else 0)

    def _pair_alike(self, positions: list[int], more: int) -> None:
        names = self.names
        starts: dict[str, list[int]] = {}
        for position in positions:
            name = names[position]
            last = name[name.rfind(" ") + 1 :]
            for start in (name[:PREFIX] + last[:more], last[:PREFIX] + name[:more]):
                if start in starts:
                    starts[start].append(position)
                else:
                    starts[start] = [position]
        starts.pop("", None)
        for alike in starts.values():
            if len(alike) > 1:
                self._pair(alike)

    def _count_names(self, positions: list[int]) -> int:
        return len({_sorted_words(self.names[position]) or self.names[position] for position in positions} - {""})

    def _pair(self, positions: list[int]) -> None:
        if len(positions) == 2:
            one, other = positions
            if one != other:
                self.pairs.add((one, other) if one < other else (other, one))
        elif len(positions) <= BLOCK_MAX:
            self.pairs.update(combinations(sorted(set(positions)), 2))
        else:
            self.pairs.update(self._neighbours(positions))

    def _neighbours(self, positions: list[int]) -> Iterator[Pair]:
        """Yield each with those that follow it by name, so that a block of thousands costs no millions."""
        line = sorted(set(positions), key=lambda one: (_sorted_words(self.names[one]), self.order_key(one)))
        for place, one in enumerate(line):
            for other in line[place + 1 : place + 1 + NEIGHBOURS]:
                yield (one, other) if one < other else (other, one)


def _blocks(keys: list[str]) -> dict[str, list[int]]:
    """Return the positions of every key that occurs more than once; "" is none.

    The last position of each key is found in C; only keys that were there before cost a step in Python.
    """
    last = dict(zip(keys, range(len(keys)), strict=True))
    blocks: dict[str, list[int]] = {}
    if len(last) == len(keys):
        return blocks
    for position, key in enumerate(keys):
        if last[key] != position and key:
            if key in blocks:
                blocks[key].append(position)
            else:
                blocks[key] = [position]
    for key, positions in blocks.items():
        positions.append(last[key])
    return blocks


def _add_others(blocks: dict[str, list[int]], keys: list[str], others: Iterable[tuple[int, str]]) -> None:
    """Add the second numbers or mailboxes that some records have."""
    firsts: dict[str, list[int]] = {key: [] for _, key in others}
    for position, key in enumerate(keys):
        if key in firsts:
            firsts[key].append(position)
    for position, key in others:
        firsts[key].append(position)
    blocks.update({key: sorted(set(found)) for key, found in firsts.items() if len(set(found)) > 1})


def _sorted_words(name: str) -> str:
    """Return the words of a whole name in one order, "" where there is only one word, which matches too much."""
    first, blank, rest = name.partition(" ")
    if not blank:
        return ""
    if " " in rest:
        return " ".join(sorted(name.split()))
    return name if first <= rest else f"{rest} {first}"


def _initials(name: str) -> str:
    words = name.split()
    return "".join(sorted((words[0][:2], words[-1][:2]))) if len(words) > 1 else ""


def _postcode(customer: Customer) -> str:
    return customer.addresses[0].postcode.strip().lower() if customer.addresses else ""


def _has_more(customer: Customer) -> bool:
    """Return whether a street or a birthday may speak for it where the name hardly does."""
    return customer.birthday is not None or bool(customer.addresses and customer.addresses[0].street)


def _door(customer: Customer) -> str:
    if not customer.addresses or not customer.addresses[0].street:
        return ""
    street = customer.addresses[0].street
    return "".join(filter(str.isalnum, street.lower() if street.isascii() else fold_letters(street)))
