"""Filters: what is asked of a contact, as frozen values that compose. Pure.

A filter is true, false, or unknown of a contact, and only the true lets it in. Unknown is what nobody can say: the
contact has no such fact, or one that cannot be compared. Its ``Not`` is as unknown; only ``IsSet`` asks for absence.
"""

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import TypeAlias

import attrs

__all__ = [
    "After",
    "AllOf",
    "AnyOf",
    "AtLeast",
    "AtMost",
    "Before",
    "Contains",
    "Equals",
    "Filter",
    "Got",
    "IsSet",
    "Not",
    "OneOf",
    "Predicate",
    "Value",
    "WithinDays",
    "describe",
]

TEXT_MAX = 1_000  # characters of a name or a value; what is longer is no choice that a person made
VALUES_MAX = 1_000  # of one list
DAYS_MAX = 36_500  # a hundred years

Value: TypeAlias = str | int | float | bool | datetime | date
"""What a fact is compared with. Its type says how the fact is read: as text, number, yes or no, day, or instant."""


def _named(_: object, attribute: "attrs.Attribute[str]", name: str) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > TEXT_MAX:
        raise ValueError(f"{attribute.name} must be a name, not {str(name)[:80]!r}")


def _to_value(value: Value) -> Value:
    """Return an instant in UTC, anything else as it is; refuse what nothing can equal."""
    match value:
        case datetime():
            return _to_utc(value)
        case str() if len(value) > TEXT_MAX:
            raise ValueError(f"a value has at most {TEXT_MAX} characters")
        case float() if not math.isfinite(value):
            raise ValueError(f"{value} is no number to compare with")
        case str() | int() | float() | date():
            return value
        case _:
            raise TypeError(f"a value is text, a number, true or false, or a date, not {type(value).__name__}")


def _to_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a datetime in a filter must be aware, such as datetime(…, tzinfo=ZoneInfo('Europe/Warsaw'))")
    return at.astimezone(UTC)


def _to_values(values: Iterable[Value]) -> tuple[Value, ...]:
    if isinstance(values, str):
        raise TypeError("one_of wants a list of values, not one text")
    several = tuple(_to_value(value) for value in values)
    if not 0 < len(several) <= VALUES_MAX:
        raise ValueError(f"one_of wants 1 to {VALUES_MAX} values, not {len(several)}")
    return several


def _to_moment(value: datetime | date) -> datetime | date:
    if isinstance(value, datetime):
        return _to_utc(value)
    if not isinstance(value, date):
        raise TypeError(f"before and after want a date, not {type(value).__name__}")
    return value


def _to_number(value: int | float) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"at_least and at_most want a number, not {value!r}")
    return value


def _require_days(_: object, __: object, days: int) -> None:
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= DAYS_MAX:
        raise ValueError(f"within_days wants 1 to {DAYS_MAX} whole days, not {days!r}")


def _require_text(_: object, __: object, text: str) -> None:
    if not isinstance(text, str) or not text.strip() or len(text) > TEXT_MAX:
        raise ValueError(f"contains wants a text of 1 to {TEXT_MAX} characters")


def _require_bool(_: object, attribute: "attrs.Attribute[bool]", value: bool) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{attribute.name} is true or false, not {value!r}")


def _to_parts(filters: "Iterable[Filter]") -> "tuple[Filter, ...]":
    parts = tuple(filters)
    if not parts:
        raise ValueError("all and any want at least one filter")
    for part in parts:
        _require_filter(None, None, part)
    return parts


def _require_filter(_: object, __: object, part: "Filter") -> None:
    if not isinstance(part, Filter):
        raise TypeError(f"this is no filter: {type(part).__name__}")


@attrs.frozen
class Equals:
    """The fact is *value*. Texts are compared without regard to case and to blanks around or doubled."""

    field: str = attrs.field(validator=_named)
    value: Value = attrs.field(converter=_to_value)


@attrs.frozen
class OneOf:
    """The fact equals one of *values*."""

    field: str = attrs.field(validator=_named)
    values: tuple[Value, ...] = attrs.field(converter=_to_values)


@attrs.frozen
class Contains:
    """The fact has *text* somewhere in it, whatever its case."""

    field: str = attrs.field(validator=_named)
    text: str = attrs.field(validator=_require_text)


@attrs.frozen
class Before:
    """The fact is earlier than *moment*: than that day, or than that instant."""

    field: str = attrs.field(validator=_named)
    moment: datetime | date = attrs.field(converter=_to_moment)


@attrs.frozen
class After:
    """The fact is later than *moment*: than that day, or than that instant."""

    field: str = attrs.field(validator=_named)
    moment: datetime | date = attrs.field(converter=_to_moment)


@attrs.frozen
class AtLeast:
    """The fact is a number, and *number* or more."""

    field: str = attrs.field(validator=_named)
    number: int | float = attrs.field(converter=_to_number)


@attrs.frozen
class AtMost:
    """The fact is a number, and *number* or less."""

    field: str = attrs.field(validator=_named)
    number: int | float = attrs.field(converter=_to_number)


@attrs.frozen
class WithinDays:
    """The fact is a date within the last *days* days before now, today included. What is yet to come is not."""

    field: str = attrs.field(validator=_named)
    days: int = attrs.field(validator=_require_days)


@attrs.frozen
class IsSet:
    """The contact has such a fact, and it is not blank; or with False: it has none."""

    field: str = attrs.field(validator=_named)
    is_set: bool = attrs.field(default=True, validator=_require_bool)


@attrs.frozen
class Got:
    """The contact, or its address, was sent a campaign, or a step of a journey. Of those in doubt nobody can say."""

    campaign_id: str = attrs.field(validator=_named)
    step: str = ""  # empty: any


@attrs.frozen
class Predicate:
    """What the host's own function of that name says of the contact."""

    name: str = attrs.field(validator=_named)
    argument: str | None = None  # given to the function beside the contact, where there is one


@attrs.frozen
class AllOf:
    """Every one of *filters* is true."""

    filters: "tuple[Filter, ...]" = attrs.field(converter=_to_parts)


@attrs.frozen
class AnyOf:
    """At least one of *filters* is true."""

    filters: "tuple[Filter, ...]" = attrs.field(converter=_to_parts)


@attrs.frozen
class Not:
    """*filter* is false."""

    filter: "Filter" = attrs.field(validator=_require_filter)


Leaf: TypeAlias = Equals | OneOf | Contains | Before | After | AtLeast | AtMost | WithinDays | IsSet | Got | Predicate
Filter: TypeAlias = Leaf | AllOf | AnyOf | Not


def describe(where: Filter) -> str:
    """Return what a filter asks for, in a few words.

    >>> describe(AllOf([Equals("city", "Kraków"), Not(Got("spring"))]))
    'city is Kraków and not (got campaign spring)'
    """
    match where:
        case AllOf():
            return " and ".join(_within(part) for part in where.filters)
        case AnyOf():
            return " or ".join(_within(part) for part in where.filters)
        case Not():
            return f"not ({describe(where.filter)})"
        case IsSet():
            return f"{where.field} is {'known' if where.is_set else 'not known'}"
        case Got():
            return (
                f"got step {where.step} of {where.campaign_id}" if where.step else f"got campaign {where.campaign_id}"
            )
        case Predicate():
            return where.name if where.argument is None else f"{where.name} {where.argument}"
        case _:
            return f"{where.field} {_comparison(where)}"


def _comparison(where: Equals | OneOf | Contains | Before | After | AtLeast | AtMost | WithinDays) -> str:
    match where:
        case Equals():
            return f"is {_told(where.value)}"
        case OneOf():
            shown = ", ".join(_told(value) for value in where.values[:5])
            return f"is one of {shown}{' …' if len(where.values) > 5 else ''}"
        case Contains():
            return f"contains {where.text}"
        case Before():
            return f"is before {_told(where.moment)}"
        case After():
            return f"is after {_told(where.moment)}"
        case AtLeast():
            return f"is at least {where.number}"
        case AtMost():
            return f"is at most {where.number}"
        case WithinDays():
            return f"is within the last {where.days} days"


def _within(part: Filter) -> str:
    return f"({describe(part)})" if isinstance(part, AllOf | AnyOf) else describe(part)


def _told(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)
