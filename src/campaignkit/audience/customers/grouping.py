"""Grouping: pairs of records that match, in; groups that hold together as a whole, out. Pure.

A matches B and B matches C does not make A and C one person. Records join a group only if nothing in it contradicts
them, and over weak links only if they match at least half of it. The order of the pairs does not matter.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import TypeVar

import attrs

from campaignkit.audience.customers.comparing import Comparison, MatchKind, Profile, are_different, compare

__all__ = ["Cluster", "Link", "cluster_links", "components"]

T = TypeVar("T")
OrderKey = Callable[[int], str]


@attrs.define(eq=False)
class Link:
    """Two positions that match."""

    one: int
    other: int
    comparison: Comparison


@attrs.define(eq=False)
class Cluster:
    """Positions that belong together, and the links that hold them."""

    positions: tuple[int, ...]
    links: tuple[Link, ...]


def components(links: Iterable[Link]) -> list[list[Link]]:
    """Return *links* in lists that have no position in common."""
    parents: dict[int, int] = {}

    def root_of(position: int) -> int:
        root = position
        while parents.setdefault(root, root) != root:
            root = parents[root]
        while parents[position] != root:
            parents[position], position = root, parents[position]
        return root

    listed = list(links)
    for link in listed:
        parents[root_of(link.one)] = root_of(link.other)
    found: defaultdict[int, list[Link]] = defaultdict(list)
    for link in listed:
        found[root_of(link.one)].append(link)
    return list(found.values())


def cluster_links(
    links: Sequence[Link], profiles: Callable[[int], Profile], order_key: OrderKey, *, size_max: int
) -> list[Cluster]:
    """Return the groups that the links of one component make. Those of more than *size_max* records grow no more."""
    if len(links) == 1:
        return [Cluster((links[0].one, links[0].other), (links[0],))]
    state = _Agglomeration(profiles, size_max, {(link.one, link.other) for link in links})
    for link in sorted(links, key=lambda link: _rank(link, order_key)):
        state.join(link)
    return state.clusters()


def _rank(link: Link, order_key: OrderKey) -> tuple[bool, float, list[str]]:
    ends = sorted((order_key(link.one), order_key(link.other)))
    return (link.comparison.kind is not MatchKind.SAME, -link.comparison.score, ends)


@attrs.define
class _Agglomeration:
    """Groups while they grow, the surest links first."""

    profiles: Callable[[int], Profile]
    size_max: int
    linked: set[tuple[int, int]]  # compared already, and found to match
    homes: dict[int, int] = attrs.field(factory=dict)  # position → the group it is in
    members: dict[int, list[int]] = attrs.field(factory=dict)
    held_by: dict[int, list[Link]] = attrs.field(factory=dict)

    def join(self, link: Link) -> None:
        one, other = self._home(link.one), self._home(link.other)
        if one == other:
            self.held_by[one].append(link)
        elif self._may_join(self.members[one], self.members[other], link.comparison.kind):
            for position in self.members[other]:
                self.homes[position] = one
            self.members[one] += self.members.pop(other)
            self.held_by[one] += [link, *self.held_by.pop(other)]

    def clusters(self) -> list[Cluster]:
        return [Cluster(tuple(self.members[home]), tuple(links)) for home, links in self.held_by.items() if links]

    def _home(self, position: int) -> int:
        if position not in self.homes:
            self.homes[position] = position
            self.members[position], self.held_by[position] = [position], []
        return self.homes[position]

    def _may_join(self, one: list[int], other: list[int], kind: MatchKind) -> bool:
        left, right = self._faces(one), self._faces(other)
        if len(left) + len(right) > self.size_max:
            return False
        unlinked = [pair for pair in product(left, right) if pair not in self.linked and pair[::-1] not in self.linked]
        if any(self._ask(are_different, first, second) for first, second in unlinked):
            return False
        if kind is MatchKind.SAME:
            return True
        matching = sum(self._ask(compare, first, second) is not None for first, second in unlinked)
        pair_count = len(left) * len(right)
        return 2 * (pair_count - len(unlinked) + matching) >= pair_count

    def _ask(self, question: Callable[[Profile, Profile], T], one: int, other: int) -> T:
        return question(self.profiles(one), self.profiles(other))

    def _faces(self, positions: list[int]) -> list[int]:
        """Return one of each face that the records have: a thousand copies of one record are compared once."""
        if len(positions) < 4:
            return positions
        return list({self.profiles(position).face: position for position in reversed(positions)}.values())
