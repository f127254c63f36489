"""Duplicates: customers in; groups of records that are one person, may be, or share a home, out. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import mask
from campaignkit.audience.customers.candidates import SharedKey, find_candidates
from campaignkit.audience.customers.comparing import Comparison, MatchKind, Profile, compare, profile_of
from campaignkit.audience.customers.evidence import Evidence, score_of
from campaignkit.audience.customers.grouping import Cluster, Link, cluster_links, components
from campaignkit.audience.customers.records import Customer, CustomerStatus

__all__ = ["DuplicateGroup", "Duplicates", "HeldBack", "HeldBackReason", "SystemFault", "find_duplicates"]

GROUP_MAX = 30  # records with different faces in one group; nobody has that many, something else is wrong
FAULT_MEMBERS = 5  # copies of one person from one source: people do not do that
FAULT_SURPLUS = 20  # copies from one source, if they are also a quarter of what it brought
FAULT_SHARE = 0.25


class HeldBackReason(StrEnum):
    """Why something was not used to tell who is who. The values are stable."""

    JUNK_PHONE = "junk_phone"
    JUNK_EMAIL = "junk_email"
    JUNK_NAME = "junk_name"
    SHARED_PHONE = "shared_phone"
    SHARED_EMAIL = "shared_email"
    GIANT_GROUP = "giant_group"


@attrs.frozen(kw_only=True)
class DuplicateGroup:
    """Records that belong together."""

    members: tuple[Customer, ...]  # by customer id
    kind: MatchKind
    score: float  # between 0 and 1: how sure the weakest link is
    evidence: tuple[Evidence, ...]  # of all links, heaviest first


@attrs.frozen(kw_only=True)
class HeldBack:
    """A value that many records have and that tells nothing about them, or a group too large to be believed."""

    reason: HeldBackReason
    value: str = attrs.field(repr=mask)
    count: int  # records
    message: str  # one sentence for a shopkeeper


@attrs.frozen(kw_only=True)
class SystemFault:
    """A source that makes duplicates by itself: a till or an import that saves twice."""

    source: str
    surplus_count: int  # records beyond the first of each person
    record_count: int  # all that came from there
    message: str


@attrs.frozen(kw_only=True)
class Duplicates:
    """What find_duplicates found; it is walked through group by group."""

    groups: tuple[DuplicateGroup, ...]  # same, likely, household; the surest first
    held_back: tuple[HeldBack, ...] = ()
    faults: tuple[SystemFault, ...] = ()

    def __iter__(self) -> Iterator[DuplicateGroup]:
        return iter(self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    def of_kind(self, kind: MatchKind | str) -> tuple[DuplicateGroup, ...]:
        """Return the groups of one kind."""
        return tuple(group for group in self.groups if group.kind is MatchKind(kind))


def find_duplicates(customers: Iterable[Customer]) -> Duplicates:
    """Return which of *customers* are one person (same), may be one (likely), or share a home (household).

    The result does not depend on the order of the customers. Nobody is in two groups of one person; somebody may be in
    one and in a household besides. Records that were merged already are left out. Names alone never match.

    >>> from campaignkit.audience.customers.checking import check_customer
    >>> rows = [{"id": "1", "name": "Ann Lee", "phone": "(212) 555-0143"}, {"id": "2", "name": "LEE, Annie",
    ...         "phone": "+1 212 555 0143"}, {"id": "3", "name": "Bob Lee", "phone": "212-555-0143"}]
    >>> found = find_duplicates(check_customer(row, region="US") for row in rows)
    >>> [(group.kind.value, [member.customer_id for member in group.members]) for group in found]
    [('same', ['1', '2']), ('household', ['1', '2', '3'])]
    """
    return _Finder([customer for customer in customers if customer.status is not CustomerStatus.MERGED]).find()


class _Finder:
    """One run of find_duplicates; what is worked out of a record is kept as long."""

    def __init__(self, customers: Sequence[Customer]) -> None:
        self._customers = customers
        self._profiles: dict[int, Profile] = {}
        self._have_own_ids = _have_own_ids(customers)
        self._candidates = find_candidates(customers, self._order_key)
        self._shared = frozenset(shared.key for shared in self._candidates.shared)

    def find(self) -> Duplicates:
        links = self._compare_all()
        persons = [link for link in links if link.comparison.kind is not MatchKind.HOUSEHOLD]
        homes = [link for link in links if link.comparison.kind is MatchKind.HOUSEHOLD]
        groups = [self._group(cluster) for part in components(persons) for cluster in self._cluster(part)]
        groups += [self._household(part) for part in components(homes)]
        groups.sort(key=self._group_rank)
        held_back = [*self._tell_shared(), *_tell_giants(groups)]
        return Duplicates(
            groups=tuple([group for group in groups if not _is_giant(group)]),
            held_back=tuple(sorted(held_back, key=lambda one: (-one.count, one.reason, one.value))),
            faults=_find_faults(self._customers, groups),
        )

    def _compare_all(self) -> list[Link]:
        """Return the pairs that match. No profile is kept, so that memory and garbage collection have less to carry."""
        links: list[Link] = []
        count, at, profile = len(self._customers), -1, None
        for pair in sorted(self._candidates.pairs):  # those of one record follow one another
            one, other = divmod(pair, count)
            if profile is None or one != at:
                at, profile = one, self._make_profile(one)
            comparison = compare(profile, self._make_profile(other))
            if comparison is not None:
                links.append(Link(one, other, comparison))
        return links

    def _cluster(self, links: list[Link]) -> list[Cluster]:
        return cluster_links(links, self._profile, self._order_key, size_max=GROUP_MAX)

    def _profile(self, position: int) -> Profile:
        """Return the profile of one in a group that grows, which is asked for again and again."""
        found = self._profiles.get(position)
        if found is None:
            found = self._profiles[position] = self._make_profile(position)
        return found

    def _make_profile(self, position: int) -> Profile:
        return profile_of(self._customers[position], self._shared, self._candidates.names[position])

    def _order_key(self, position: int) -> str:
        return self._key_of(self._customers[position])

    def _key_of(self, customer: Customer) -> str:
        return customer.customer_id if self._have_own_ids else _order_key(customer)

    def _group(self, cluster: Cluster) -> DuplicateGroup:
        comparisons = [link.comparison for link in cluster.links]
        is_same = all(comparison.kind is MatchKind.SAME for comparison in comparisons)
        return DuplicateGroup(
            members=self._members(cluster.positions),
            kind=MatchKind.SAME if is_same else MatchKind.LIKELY,
            score=min([comparison.score for comparison in comparisons]),
            evidence=comparisons[0].evidence if len(comparisons) == 1 else _union(comparisons),
        )

    def _household(self, links: list[Link]) -> DuplicateGroup:
        evidence = _union([link.comparison for link in links])
        return DuplicateGroup(
            members=self._members({position for link in links for position in (link.one, link.other)}),
            kind=MatchKind.HOUSEHOLD,
            score=score_of(one for one in evidence if one.weight > 0),
            evidence=evidence,
        )

    def _members(self, positions: Iterable[int]) -> tuple[Customer, ...]:
        return tuple([self._customers[position] for position in sorted(positions, key=self._order_key)])

    def _group_rank(self, group: DuplicateGroup) -> tuple[int, float, str, str]:
        first, last = self._key_of(group.members[0]), self._key_of(group.members[-1])
        return _RANKS[group.kind], -group.score, first, last

    def _tell_shared(self) -> Iterator[HeldBack]:
        for shared in self._candidates.shared:
            yield _tell_shared(shared)
        nameless = [position for position, name in enumerate(self._candidates.names) if not name]
        names = Counter(" ".join(self._customers[position].name.split()) for position in nameless)
        for name, count in names.items():
            if name and count > 1:
                message = f"{count} customers are called {name!r}, which is nobody's name."
                yield HeldBack(reason=HeldBackReason.JUNK_NAME, value=name, count=count, message=message)


_RANKS = {MatchKind.SAME: 0, MatchKind.LIKELY: 1, MatchKind.HOUSEHOLD: 2}


def _tell_giants(groups: Iterable[DuplicateGroup]) -> Iterator[HeldBack]:
    for group in groups:
        if _is_giant(group):
            count, value = len(group.members), group.members[0].customer_id
            message = f"{count} records look like one {group.kind.value} group; something else is wrong with them."
            yield HeldBack(reason=HeldBackReason.GIANT_GROUP, value=value, count=count, message=message)


def _is_giant(group: DuplicateGroup) -> bool:
    return len(group.members) > GROUP_MAX


def _union(comparisons: Iterable[Comparison]) -> tuple[Evidence, ...]:
    found = {one: None for comparison in comparisons for one in comparison.evidence}
    return tuple(sorted(found, key=lambda one: (-one.weight, one.code)))


def _order_key(customer: Customer) -> str:
    """Return what records are sorted by; two that share it are alike in all that can be seen of them."""
    phone = customer.phone.key if customer.phone else ""
    email = customer.email.key if customer.email else ""
    short = f"{customer.customer_id}\0{customer.name}\0{phone}\0{email}"
    return short if customer.customer_id else f"{short}\0{attrs.astuple(customer, recurse=False)!r}"


def _have_own_ids(customers: Sequence[Customer]) -> bool:
    """Return whether ids alone put the customers in the order that ``_order_key`` does: each has one of its own."""
    ids = {customer.customer_id for customer in customers}
    return len(ids) == len(customers) and "" not in ids and "\0" not in "".join(ids)


def _tell_shared(shared: SharedKey) -> HeldBack:
    what, count = ("phone number", "email address")[shared.field == "email"], len(shared.positions)
    if shared.is_junk:
        reason = HeldBackReason.JUNK_EMAIL if shared.field == "email" else HeldBackReason.JUNK_PHONE
        message = f"{count} customers have this {what}, which is made up or belongs to a whole house."
    else:
        reason = HeldBackReason.SHARED_EMAIL if shared.field == "email" else HeldBackReason.SHARED_PHONE
        message = f"{count} customers of {shared.name_count} different names share this {what}; is it the shop's own?"
    return HeldBack(reason=reason, value=shared.key, count=count, message=message)


def _find_faults(customers: Sequence[Customer], groups: Iterable[DuplicateGroup]) -> tuple[SystemFault, ...]:
    """Return the sources that brought the same person again and again."""
    surplus: Counter[str] = Counter()
    most: defaultdict[str, int] = defaultdict(int)
    for group in groups:
        if group.kind is MatchKind.SAME:
            counts: dict[str, int] = {}
            for member in group.members:
                counts[member.source] = counts.get(member.source, 0) + 1
            for source, count in counts.items():
                surplus[source] += count - 1
                most[source] = max(most[source], count)
    if not surplus:
        return ()
    totals = Counter(customer.source for customer in customers)
    return tuple(
        _tell_fault(source, surplus[source], totals)
        for source in sorted(surplus)
        if most[source] >= FAULT_MEMBERS or _is_out_of_proportion(source, surplus, totals)
    )


def _is_out_of_proportion(source: str, surplus: Mapping[str, int], totals: Mapping[str, int]) -> bool:
    """Return whether a named source repeats itself too often; where none is named, it would be the whole list."""
    return bool(source) and surplus[source] >= FAULT_SURPLUS and surplus[source] >= FAULT_SHARE * totals[source]


def _tell_fault(source: str, surplus_count: int, totals: Mapping[str, int]) -> SystemFault:
    where = f"from {source!r}" if source else "of unknown origin"
    message = (
        f"{surplus_count} of {totals[source]} records {where} repeat a customer who was there already; "
        "a till or an import may save twice."
    )
    return SystemFault(source=source, surplus_count=surplus_count, record_count=totals[source], message=message)
