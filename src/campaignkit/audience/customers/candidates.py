"""Candidates: customers in; the pairs that are worth comparing, and keys that are nobody's own, out. Pure.

Comparing everybody with everybody would take hours. Two records are compared if they share a card, a phone, a mailbox,
a whole name, a door, or the beginning of a word of their names beside a postcode or a birthday; or beside a postcode
what follows the first letters, one of which may be mistyped. The pairs do not depend on the order of the customers.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

import attrs

from campaignkit.audience.customers.junk import is_junk_email, is_junk_phone
from campaignkit.audience.customers.records import Customer
from campaignkit.audience.customers.tabulating import (
    doors_of,
    fold_names,
    keys_beside_initials,
    keys_beside_middles,
    positions_by_key,
    postcodes_of,
    sorted_words,
)

__all__ = ["Candidates", "SharedKey", "find_candidates"]

BLOCK_MAX = 30  # records of one key that are all compared with one another
NEIGHBOURS = 8  # in larger blocks, each is compared with so many that follow by name
SHARED_MIN = 6  # different names behind one phone or mailbox, and it is no family's
PREFIX = 3  # letters of a word; a typing error there is met by the name's other end

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

    pairs: set[int]  # lower position × number of customers + higher position: a third of what tuples cost
    shared: tuple[SharedKey, ...]
    names: list[str]  # folded, by position; "" where a name is nobody's


def find_candidates(customers: Sequence[Customer], order_key: OrderKey) -> Candidates:
    """Return the pairs of *customers* to compare.

    Args:
        order_key: Of a position: what records are put in order by, whatever their position.
    """
    names, whole_names = fold_names([customer.name for customer in customers])
    search = _Search(names, order_key)
    search.add_block(whole_names)
    del whole_names
    _add_contacts(search, customers)
    search.add_block([customer.loyalty_id for customer in customers])
    search.add_block(doors_of(customers))
    postcodes = postcodes_of(customers)
    search.add_beside_both_names(postcodes)
    search.add_block(keys_beside_middles(postcodes, names))
    if any(one.birthday or (one.addresses and one.addresses[0].street) for one in customers):
        search.add_beside_names(
            [code if _has_more(one) else "" for code, one in zip(postcodes, customers, strict=True)]
        )
    if any(customer.birthday for customer in customers):
        _add_birthdays(search, customers)
    return Candidates(search.pairs, tuple(search.shared), names)


def _add_contacts(search: "_Search", customers: Sequence[Customer]) -> None:
    phones = [customer.phone.key if customer.phone else "" for customer in customers]
    others = [(at, one.key) for at, customer in enumerate(customers) for one in customer.other_phones]
    search.add_contacts("phone", phones, others, is_junk_phone)
    emails = [customer.email.key if customer.email else "" for customer in customers]
    others = [(at, one.key) for at, customer in enumerate(customers) for one in customer.other_emails]
    search.add_contacts("email", emails, others, is_junk_email)


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
    pairs: set[int] = attrs.field(factory=set)
    shared: list[SharedKey] = attrs.field(factory=list)

    def add_contacts(
        self, field: str, keys: list[str], others: list[tuple[int, str]], is_junk: Callable[[str], bool]
    ) -> None:
        """Pair those who share a phone or a mailbox, unless it is junk or too many people do."""
        blocks = positions_by_key(keys)
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
        for positions in positions_by_key(keys).values():
            self._pair(positions)

    def add_beside_names(self, keys: list[str]) -> None:
        """Pair those who have the same key beside a first or last word of the name that begins alike."""
        for positions in positions_by_key(keys).values():
            self._pair_alike(positions, 0)

    def add_beside_both_names(self, keys: list[str]) -> None:
        """Pair those who have the same key beside names of which both words begin alike, in any order of words.

        One by PREFIX letters, the other by one. Such names have two initials in common: most others are out at once.
        """
        for positions in positions_by_key(keys_beside_initials(keys, self.names)).values():
            self._pair_alike(positions, 1)

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
        return len({sorted_words(self.names[position]) or self.names[position] for position in positions} - {""})

    def _pair(self, positions: list[int]) -> None:
        count = len(self.names)
        if len(positions) == 2:
            one, other = positions
            if one != other:
                self.pairs.add(one * count + other if one < other else other * count + one)
        elif len(positions) <= BLOCK_MAX:
            pairs = combinations(sorted(set(positions)), 2)
            self.pairs.update([one * count + other for one, other in pairs])
        else:
            self._pair_neighbours(positions)

    def _pair_neighbours(self, positions: list[int]) -> None:
        """Pair each with those that follow it by name, so that a block of thousands costs no millions."""
        count = len(self.names)
        line = sorted(set(positions), key=lambda one: (sorted_words(self.names[one]), self.order_key(one)))
        for place, one in enumerate(line):
            for other in line[place + 1 : place + 1 + NEIGHBOURS]:
                self.pairs.add(one * count + other if one < other else other * count + one)


def _add_others(blocks: dict[str, list[int]], keys: list[str], others: Iterable[tuple[int, str]]) -> None:
    """Add the second numbers or mailboxes that some records have."""
    firsts: dict[str, list[int]] = {key: [] for _, key in others}
    for position, key in enumerate(keys):
        if key in firsts:
            firsts[key].append(position)
    for position, key in others:
        firsts[key].append(position)
    blocks.update({key: sorted(set(found)) for key, found in firsts.items() if len(set(found)) > 1})


def _initials(name: str) -> str:
    words = name.split()
    return "".join(sorted((words[0][:2], words[-1][:2]))) if len(words) > 1 else ""


def _has_more(customer: Customer) -> bool:
    """Return whether a street or a birthday may speak for it where the name hardly does."""
    return customer.birthday is not None or bool(customer.addresses and customer.addresses[0].street)
