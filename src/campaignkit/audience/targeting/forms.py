"""Filters to plain tables that JSON and TOML can hold, and back; whatever is wrong is told by its path. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, NoReturn

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
    Not,
    OneOf,
    Predicate,
    Value,
    WithinDays,
)

__all__ = ["filter_from_dict", "filter_to_dict"]

DEPTH_MAX = 16  # a filter comes from a browser; nothing a person chose is nested deeper
FILTERS_MAX = 200


def filter_to_dict(where: Filter) -> dict[str, Any]:
    """Return *where* as a table of texts, numbers, lists and tables; ``filter_from_dict`` gives an equal filter.

    >>> filter_to_dict(AllOf([WithinDays("last order", 90), Not(Got("spring"))]))
    {'all': [{'field': 'last order', 'within_days': 90}, {'not': {'got': 'spring'}}]}
    """
    match where:
        case AllOf():
            return {"all": [filter_to_dict(part) for part in where.filters]}
        case AnyOf():
            return {"any": [filter_to_dict(part) for part in where.filters]}
        case Not():
            return {"not": filter_to_dict(where.filter)}
        case Got():
            return {"got": where.campaign_id, **({"step": where.step} if where.step else {})}
        case Predicate():
            return {"predicate": where.name, **({} if where.argument is None else {"argument": where.argument})}
        case _:
            return {"field": where.field, **_comparison_form(where)}


def filter_from_dict(form: object, path: str = "where") -> Filter:
    """Return the filter that a table describes, as ``filter_to_dict`` gives it or a TOML file holds it.

    Args:
        path: What the table is called in messages.

    Raises:
        ValueError: it describes none; the message begins with the path of what is wrong, such as ``where.all[1].days``.

    >>> filter_from_dict({"any": [{"field": "city", "equals": "Kraków"}, {"predicate": "has_photos"}]})
    AnyOf(filters=(Equals(field='city', value='Kraków'), Predicate(name='has_photos', argument=None)))
    """
    return _read(form, path, _Budget())


class _Budget:
    """How many filters one form may still hold."""

    def __init__(self) -> None:
        self.left = FILTERS_MAX

    def spend(self, path: str, depth: int) -> None:
        self.left -= 1
        if self.left < 0:
            _refuse(f"{path}: more than {FILTERS_MAX} filters")
        if depth > DEPTH_MAX:
            _refuse(f"{path}: nested deeper than {DEPTH_MAX}")


def _read(form: object, path: str, budget: _Budget, depth: int = 1) -> Filter:
    budget.spend(path, depth)
    if not isinstance(form, Mapping):
        _refuse(f"{path}: must be a table that describes a filter")
    kind = next((key for key in form if key in _KINDS), None)
    if kind is None:
        _refuse_others(form, path, {"field"})
        _refuse(f"{path}: wants one of {', '.join(_KINDS)}")
    _refuse_others(form, path, {kind, *_BESIDE.get(kind, ())})
    if kind in {"all", "any"}:
        parts = [
            _read(part, f"{path}.{kind}[{index}]", budget, depth + 1)
            for index, part in enumerate(_list_in(form, path, kind))
        ]
        return _made(f"{path}.{kind}", lambda: AllOf(parts) if kind == "all" else AnyOf(parts))
    if kind == "not":
        return Not(_read(form["not"], f"{path}.not", budget, depth + 1))
    return _read_leaf(form, path, kind)


def _read_leaf(form: Mapping[str, Any], path: str, kind: str) -> Filter:
    if kind == "got":
        name, step = _text_in(form, path, "got"), _text_in(form, path, "step", "")
        return _made(f"{path}.got", lambda: Got(name, step))
    if kind == "predicate":
        name = _text_in(form, path, "predicate")
        argument = _text_in(form, path, "argument") if "argument" in form else None
        return _made(f"{path}.predicate", lambda: Predicate(name, argument))
    field, make, place = _text_in(form, path, "field"), _LEAVES[kind], f"{path}.{kind}"
    return _made(place, lambda: make(field, _operand(form[kind], place, kind)))


def _operand(given: object, place: str, kind: str) -> Any:
    match kind:
        case "before" | "after":
            return _moment(given, place)
        case "equals":
            return _value(given, place)
        case "in":
            if not isinstance(given, Sequence) or isinstance(given, str | bytes):
                _refuse(f"{place}: must be a list of values")
            return [_value(value, f"{place}[{index}]") for index, value in enumerate(given)]
        case _:
            return given


def _value(given: object, place: str) -> Value:
    """Return a value; JSON has no dates, so they stand in a table of their own."""
    if isinstance(given, Mapping):
        _refuse_others(given, place, {"date", "datetime"})
        if len(given) != 1:
            _refuse(f"{place}: must be either a date or a datetime")
        return _moment(next(iter(given.values())), place, is_day="date" in given)
    if not isinstance(given, str | int | float | date):
        _refuse(f"{place}: must be text, a number, true or false, or a date")
    return given


def _moment(given: object, place: str, is_day: bool | None = None) -> datetime | date:
    """Return a day where only a day was written, otherwise an instant."""
    if isinstance(given, date):
        return given
    if not isinstance(given, str):
        _refuse(f"{place}: must be a date, such as 2026-12-24")
    is_short = len(given) == len("2026-12-24")
    try:
        if is_short and is_day is not False:
            return date.fromisoformat(given)
        if not is_day:
            return datetime.fromisoformat(given)
    except ValueError as error:
        raise ValueError(f"{place}: is no date; write it like 2026-12-24 or 2026-12-24T09:00:00+01:00") from error
    return _refuse(f"{place}: is no date; write it like 2026-12-24")


def _comparison_form(where: Any) -> dict[str, Any]:
    match where:
        case Equals():
            return {"equals": _value_form(where.value)}
        case OneOf():
            return {"in": [_value_form(value) for value in where.values]}
        case Contains():
            return {"contains": where.text}
        case Before():
            return {"before": where.moment.isoformat()}
        case After():
            return {"after": where.moment.isoformat()}
        case AtLeast():
            return {"at_least": where.number}
        case AtMost():
            return {"at_most": where.number}
        case WithinDays():
            return {"within_days": where.days}
        case IsSet():
            return {"is_set": where.is_set}
        case _:
            raise TypeError(f"this is no filter: {type(where).__name__}")


def _value_form(value: Value) -> Any:
    match value:
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case _:
            return value


_LEAVES: Mapping[str, Callable[[str, Any], Filter]] = {
    "equals": Equals,
    "in": OneOf,
    "contains": Contains,
    "before": Before,
    "after": After,
    "at_least": AtLeast,
    "at_most": AtMost,
    "within_days": WithinDays,
    "is_set": IsSet,
}
_KINDS = (*_LEAVES, "all", "any", "not", "got", "predicate")
_BESIDE: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_LEAVES, ("field",)),
    "got": ("step",),
    "predicate": ("argument",),
}


def _refuse_others(form: Mapping[Any, Any], path: str, known: set[str]) -> None:
    for key in form:
        if key not in known:
            near = get_close_matches(str(key), [*known, *_KINDS], n=1)
            _refuse(f"{path}.{key}: unknown key{f'; did you mean {near[0]}?' if near else ''}")


def _list_in(form: Mapping[str, Any], path: str, key: str) -> Sequence[object]:
    given: object = form[key]
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        _refuse(f"{path}.{key}: must be a list of filters")
    return given


def _text_in(form: Mapping[str, Any], path: str, key: str, default: str | None = None) -> str:
    given: object = form.get(key, default)
    if given is None:
        _refuse(f"{path}.{key}: missing")
    if not isinstance(given, str):
        _refuse(f"{path}.{key}: must be text")
    return given


def _refuse(message: str) -> NoReturn:
    """A form that is wrong in any way is a bad call."""
    raise ValueError(message)


def _made(place: str, make: Callable[[], Filter]) -> Filter:
    try:
        return make()
    except (TypeError, ValueError) as error:
        message = str(error)
        raise ValueError(message if message.startswith(place) else f"{place}: {message}") from error
