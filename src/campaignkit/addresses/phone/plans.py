"""Numbering plans as automata: the digits of a national number in, the verdict on it out. Pure.

All patterns of one calling code are stepped through together, a digit at a time, and no further than the verdict is
open: from there on it holds for every number that begins so. What was stepped through is kept as a graph; its nodes are
states of the patterns, not numbers, so that it stays small and tells nothing of anybody.

A verdict is the one of phonenumbers or none: a plan whose patterns are not understood is not built.
"""

from collections.abc import Iterable, Iterator

import attrs

from campaignkit.addresses.phone.library import INVALID, Kind, NumberRange, RegionPlan, Verdict
from campaignkit.addresses.phone.patterns import YES, Pattern, compile_pattern

__all__ = ["NODE_COUNT_MAX", "Node", "NumberingPlan"]

NODE_COUNT_MAX = 20_000  # of one plan; the largest, Germany's, has about a tenth after 200,000 numbers

_OPEN = 1
_State = tuple[tuple[int, int], ...]  # (index of a pattern, what it came to) for all that are not refuted, ascending


@attrs.frozen
class _Matcher:
    """A pattern and the lengths for which it is asked."""

    pattern: Pattern
    lengths: frozenset[int]  # empty: all
    is_prefix: bool

    def settle(self, state: int, rest: int) -> int:
        return self.pattern.settle_prefix(state, rest) if self.is_prefix else self.pattern.settle(state, rest)


@attrs.frozen(kw_only=True)
class _Region:
    """A region by the indexes of its matchers; None where it has no such numbers."""

    name: str
    calling_code: int
    leading: int | None
    general: int | None
    ranges: tuple[tuple[Kind, int], ...]
    fixed_line: int | None
    mobile: int | None
    is_mobile_like_fixed: bool
    is_alone: bool  # no other region shares its calling code


class NumberingPlan:
    """The verdicts on the numbers of one calling code.

    Args:
        regions: All regions that share the code, in the order in which phonenumbers asks them.
        node_count_max: When there are more nodes, all are forgotten and it begins anew.

    Raises:
        UnknownConstruct: a pattern is not understood; ask phonenumbers instead.
    """

    def __init__(self, regions: Iterable[RegionPlan], *, node_count_max: int = NODE_COUNT_MAX) -> None:
        self.node_count = 0
        self._node_count_max = node_count_max
        self._indexes: dict[tuple[str, frozenset[int], bool], int] = {}
        self._matchers: list[_Matcher] = []
        plans = tuple(regions)
        self._regions = tuple(self._add_region(plan, is_alone=len(plans) == 1) for plan in plans)
        self._roots: dict[int, Node | Verdict] = {}
        self._nodes: dict[tuple[int, _State], Node | Verdict] = {}

    def judge(self, national: str) -> Verdict:
        """Return the verdict of phonenumbers on *national*, 1 to 17 ASCII digits."""
        node = self._roots.get(len(national))
        if node is None:
            node = self._plant(len(national))
        for digit in national:
            if node.__class__ is Verdict:
                break
            node = node[digit]  # type: ignore[index]  # the line above, in the words that cost least
        return node  # type: ignore[return-value]  # behind the last digit nothing is open

    def enter(self, begun: str, digit_count: int) -> "Node | Verdict":
        """Return what is open behind the digits *begun* of a national number of *digit_count*, or the verdict."""
        node = self._roots.get(digit_count) or self._plant(digit_count)
        for digit in begun:
            node = node if isinstance(node, Verdict) else node[digit]
        return node

    def advance(self, state: _State, rest: int, digit: int) -> "Node | Verdict":
        """Return where *digit* leads, when *rest* digits follow it."""
        matchers = self._matchers
        stepped = (
            (index, YES if open_ == YES else matchers[index].settle(matchers[index].pattern.step(open_, digit), rest))
            for index, open_ in state
        )
        return self._node(tuple((index, status) for index, status in stepped if status), rest)

    def _plant(self, digit_count: int) -> "Node | Verdict":
        root = self._node(tuple(self._initial(digit_count)), digit_count)
        self._roots[digit_count] = root
        return root

    def _forget(self) -> None:
        self.node_count = 0
        self._roots.clear()
        self._nodes.clear()

    def _initial(self, digit_count: int) -> Iterator[tuple[int, int]]:
        for index, matcher in enumerate(self._matchers):
            if not matcher.lengths or digit_count in matcher.lengths:
                status = matcher.settle(matcher.pattern.start, digit_count)
                if status:
                    yield index, status

    def _node(self, state: _State, rest: int) -> "Node | Verdict":
        known = self._nodes.get((rest, state))
        if known is None:
            if self.node_count >= self._node_count_max:
                self._forget()
            found, relevant = self._decide(dict(state))
            known = found or Node(self, tuple(sorted(relevant.items())), rest)
            self._nodes[rest, state] = known
            self.node_count += 1
        return known

    def _decide(self, status: dict[int, int]) -> tuple[Verdict | None, dict[int, int]]:
        """Return the verdict, None where digits still to come decide it, and the patterns that it then hangs on."""
        possible: set[Verdict | None] = set()
        relevant: dict[int, int] = {}
        for region in self._regions:
            kind = _find_kind(region, status)
            chosen = _is_chosen(region, kind, status)
            if not chosen:
                continue
            possible.add(_pronounce(region, kind))
            relevant |= {index: status[index] for index in _indexes(region) if index in status}
            if chosen == YES:
                break
        else:
            possible.add(INVALID)
        return (possible.pop() if len(possible) == 1 else None), relevant

    def _add_region(self, plan: RegionPlan, *, is_alone: bool) -> _Region:
        leading = None if is_alone or plan.leading_digits is None else NumberRange(plan.leading_digits, frozenset())
        return _Region(
            name=plan.region,
            calling_code=plan.calling_code,
            leading=self._add(leading, is_prefix=True),
            general=self._add(plan.general),
            ranges=tuple((kind, index) for kind, one in plan.ranges if (index := self._add(one)) is not None),
            fixed_line=self._add(plan.fixed_line),
            mobile=self._add(plan.mobile),
            is_mobile_like_fixed=plan.is_mobile_like_fixed,
            is_alone=is_alone,
        )

    def _add(self, numbers: NumberRange | None, *, is_prefix: bool = False) -> int | None:
        if numbers is None:
            return None
        key = (numbers.pattern, numbers.lengths, is_prefix)
        if key not in self._indexes:
            self._indexes[key] = len(self._matchers)
            self._matchers.append(_Matcher(compile_pattern(numbers.pattern), numbers.lengths, is_prefix))
        return self._indexes[key]


class Node(dict[str, "Node | Verdict"]):
    """What is open behind some digits, by the next digit. A digit is worked out when it first comes."""

    __slots__ = ("_plan", "_rest", "_state")

    def __init__(self, plan: NumberingPlan, state: _State, rest: int) -> None:
        super().__init__()
        self._plan = plan
        self._state = state
        self._rest = rest

    def __missing__(self, digit: str) -> "Node | Verdict":
        following = self[digit] = self._plan.advance(self._state, self._rest - 1, int(digit))
        return following


def _find_kind(region: _Region, status: dict[int, int]) -> Kind | None:
    """Return what the number is for if it belongs to *region*, None where that is open."""
    is_general = 0 if region.general is None else status.get(region.general, 0)
    kind = Kind.UNKNOWN if not is_general else _find_special(region, status)
    return None if is_general != YES and kind is not Kind.UNKNOWN else kind


def _find_special(region: _Region, status: dict[int, int]) -> Kind | None:
    for kind, index in region.ranges:
        matched = status.get(index, 0)
        if matched:
            return kind if matched == YES else None
    return _find_ordinary(region, status)


def _find_ordinary(region: _Region, status: dict[int, int]) -> Kind | None:
    fixed = 0 if region.fixed_line is None else status.get(region.fixed_line, 0)
    mobile = 0 if region.mobile is None else status.get(region.mobile, 0)
    if fixed == YES and (region.is_mobile_like_fixed or mobile == YES):
        return Kind.FIXED_LINE_OR_MOBILE
    if not fixed and (region.is_mobile_like_fixed or not mobile):
        return Kind.UNKNOWN
    if fixed == YES and not mobile:
        return Kind.FIXED_LINE
    if not fixed and mobile == YES:
        return Kind.MOBILE
    return None


def _pronounce(region: _Region, kind: Kind | None) -> Verdict | None:
    if kind is None:
        return None
    return INVALID if kind is Kind.UNKNOWN else Verdict(kind, region.name, region.calling_code)


def _is_chosen(region: _Region, kind: Kind | None, status: dict[int, int]) -> int:
    """Return whether the number belongs to *region*: YES, 0 for no, or open."""
    if region.is_alone:
        return YES
    if region.leading is not None:
        return status.get(region.leading, 0)
    return _OPEN if kind is None else 0 if kind is Kind.UNKNOWN else YES


def _indexes(region: _Region) -> Iterator[int]:
    yield from (index for _, index in region.ranges)
    for index in (region.leading, region.general, region.fixed_line, region.mobile):
        if index is not None:
            yield index
