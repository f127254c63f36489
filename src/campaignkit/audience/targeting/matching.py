"""A filter and a contact in, its answer out. Pure: the present, the host's functions and history come as arguments."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeAlias

from campaignkit.audience.contacts import Contact
from campaignkit.audience.targeting.answers import Answer, all_of, any_of, inverse, of_bool
from campaignkit.audience.targeting.facts import plain, read_moment, read_number, read_yes, reader_of
from campaignkit.audience.targeting.filters import (
    After,
    AllOf,
    AnyOf,
    AtLeast,
    AtMost,
    Before,
    Contains,
    Equals,
    Filter,
    Got,
    IsSet,
    Leaf,
    Not,
    OneOf,
    Predicate,
    Value,
    WithinDays,
)
from campaignkit.audience.targeting.history import History

__all__ = ["Answer", "HostFunction", "Targeting", "leaves_of"]

HostFunction: TypeAlias = Callable[..., bool | None]
"""Called with a contact, and with the filter's argument where it has one. None: nobody can say."""

Test: TypeAlias = Callable[[Contact], Answer]
Combination: TypeAlias = Callable[[Sequence[Answer]], Answer]


class Targeting:
    """A filter made ready to judge many contacts.

    Args:
        now: What ``WithinDays`` counts back from, aware; its zone is where times without a zone, and days, belong. A
            merchant's own zone is the right one.
        predicates: The host's functions by name.
        histories: What ``history_of`` each ``Got`` in the filter is.

    Raises:
        ValueError: *now* is naive or missing where the filter counts from it, a function is not registered, or a
            history was not given.
    """

    def __init__(
        self,
        where: Filter,
        *,
        now: datetime | None = None,
        predicates: Mapping[str, HostFunction] | None = None,
        histories: Mapping[Got, History] | None = None,
    ) -> None:
        if now is not None and now.tzinfo is None:
            raise ValueError("now must be an aware datetime")
        self.where = where
        self.leaves = tuple(leaves_of(where))
        self._tests = tuple(_test_of(leaf, now, predicates or {}, histories or {}) for leaf, _, _ in self.leaves)
        self._combine = _combination_of(where, iter(range(len(self.leaves))))

    def answers(self, contact: Contact) -> tuple[Answer, ...]:
        """Return what each single filter says, in the order of ``leaves``."""
        return tuple([test(contact) for test in self._tests])

    def combined(self, answers: Sequence[Answer]) -> bool:
        """Return whether answers of the single filters let a contact in."""
        return self._combine(answers) is Answer.YES

    def __call__(self, contact: Contact) -> bool:
        return self.combined(self.answers(contact))


def leaves_of(where: Filter, path: str = "where", is_wanted: bool = True) -> Iterator[tuple[Leaf, str, bool]]:
    """Yield every single filter from left to right, with its path, and whether YES is what helps a contact in."""
    match where:
        case AllOf() | AnyOf():
            name = "all" if isinstance(where, AllOf) else "any"
            for index, part in enumerate(where.filters):
                yield from leaves_of(part, f"{path}.{name}[{index}]", is_wanted)
        case Not():
            yield from leaves_of(where.filter, f"{path}.not", not is_wanted)
        case _:
            yield where, path, is_wanted


def _combination_of(where: Filter, numbers: Iterator[int]) -> Combination:
    match where:
        case AllOf():
            return _joined(all_of, [_combination_of(part, numbers) for part in where.filters])
        case AnyOf():
            return _joined(any_of, [_combination_of(part, numbers) for part in where.filters])
        case Not():
            inner = _combination_of(where.filter, numbers)
            return lambda answers: inverse(inner(answers))
        case _:
            number = next(numbers)
            return lambda answers: answers[number]


def _joined(join: Callable[[Iterator[Answer]], Answer], parts: Sequence[Combination]) -> Combination:
    return lambda answers: join(part(answers) for part in parts)


def _test_of(
    leaf: Leaf, now: datetime | None, predicates: Mapping[str, HostFunction], histories: Mapping[Got, History]
) -> Test:
    match leaf:
        case Predicate():
            if leaf.name not in predicates:
                raise ValueError(f"no function is registered under {leaf.name!r}; give it to CampaignKit(predicates=…)")
            return _asking(predicates[leaf.name], leaf.argument)
        case Got():
            if leaf not in histories:
                raise ValueError(f"the history of {leaf.campaign_id!r} is not at hand; target through the kit")
            return histories[leaf].answer
        case IsSet():
            read, is_wanted = reader_of(leaf.field), leaf.is_set
            return lambda contact: of_bool(bool(read(contact)) is is_wanted)
        case _:
            return _comparing(reader_of(leaf.field), _comparison_of(leaf, now))


def _asking(function: HostFunction, argument: str | None) -> Test:
    given = () if argument is None else (argument,)

    def ask(contact: Contact) -> Answer:
        said = function(contact, *given)
        return Answer.UNCLEAR if said is None else of_bool(bool(said))

    return ask


def _comparing(read: Callable[[Contact], str], compare: Callable[[str], bool | None]) -> Test:
    """Return a test of a fact; where the comparison says None, the fact cannot be compared so."""

    def test(contact: Contact) -> Answer:
        fact = read(contact)
        if not fact:
            return Answer.ABSENT
        said = compare(fact)
        return Answer.UNCLEAR if said is None else (Answer.YES if said else Answer.NO)

    return test


def _comparison_of(
    leaf: Equals | OneOf | Contains | Before | After | AtLeast | AtMost | WithinDays, now: datetime | None
) -> Callable[[str], bool | None]:
    zone = now.tzinfo if now is not None and now.tzinfo is not None else UTC
    match leaf:
        case Equals():
            return _equality(leaf.value, zone)
        case OneOf():
            return _membership(leaf.values, zone)
        case Contains():
            wanted = plain(leaf.text)
            return lambda fact: wanted in plain(fact)
        case Before() | After():
            return partial(_is_beyond, leaf.moment, isinstance(leaf, After), zone)
        case AtLeast() | AtMost():
            return partial(_is_on_side, _decimal(leaf.number), isinstance(leaf, AtLeast))
        case WithinDays():
            if now is None:
                raise ValueError("a filter that counts days back wants now=…, an aware datetime")
            return _recency(now, leaf.days)


def _equality(value: Value, zone: Any) -> Callable[[str], bool | None]:
    match value:
        case bool():
            return lambda fact: None if (said := read_yes(fact)) is None else said is value
        case int() | float():
            number = _decimal(value)
            return lambda fact: None if (read := read_number(fact)) is None else read == number
        case datetime() | date():
            return lambda fact: None if (at := read_moment(fact, zone)) is None else _order(at, value, zone) == 0
        case str():
            text = plain(value)
            return lambda fact: plain(fact) == text


def _membership(values: Sequence[Value], zone: Any) -> Callable[[str], bool | None]:
    texts = {plain(value) for value in values if isinstance(value, str)}
    if len(texts) == len(values):
        return lambda fact: plain(fact) in texts
    equalities = [_equality(value, zone) for value in values]

    def is_one(fact: str) -> bool | None:
        said = [equality(fact) for equality in equalities]
        return True if True in said else (False if False in said else None)

    return is_one


def _is_beyond(moment: datetime | date, is_after: bool, zone: Any, fact: str) -> bool | None:
    at = read_moment(fact, zone)
    if at is None:
        return None
    order = _order(at, moment, zone)
    return order > 0 if is_after else order < 0


def _is_on_side(limit: Decimal, is_at_least: bool, fact: str) -> bool | None:
    number = read_number(fact)
    if number is None:
        return None
    return number >= limit if is_at_least else number <= limit


def _recency(now: datetime, days: int) -> Callable[[str], bool | None]:
    zone, span = now.tzinfo or UTC, timedelta(days=days)
    last_day, last = now.date(), now.astimezone(UTC)
    first_day, first = last_day - span, last - span

    def is_recent(fact: str) -> bool | None:
        at = read_moment(fact, zone)
        if isinstance(at, datetime):
            return first <= at <= last
        return None if at is None else first_day <= at <= last_day

    return is_recent


def _order(at: datetime | date, moment: datetime | date, zone: Any) -> int:
    """Return whether *at* is earlier (-1), the same (0) or later (1). Against a day, days of *zone* are compared."""
    if isinstance(moment, datetime):
        instant = at if isinstance(at, datetime) else datetime.combine(at, time(), zone).astimezone(UTC)
        return (instant > moment) - (instant < moment)
    day = at.astimezone(zone).date() if isinstance(at, datetime) else at
    return (day > moment) - (day < moment)


def _decimal(number: int | float) -> Decimal:
    return Decimal(repr(number))
