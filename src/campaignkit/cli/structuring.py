"""A TOML file in, an attrs value out, or every problem by its path. Reads one file. Through cattrs."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from campaignkit.cli.problems import InvalidSettings

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["read_settings"]

T = TypeVar("T")


class _WrongType(TypeError):
    """A value is not what its key wants; the message says what that is."""


def read_settings(path: Path, kind: type[T]) -> T:
    """Return the file as a *kind*, an attrs class; nothing is converted silently, no key is overlooked.

    Raises:
        InvalidSettings: it cannot be read, is no TOML, or says something else than *kind* knows.
    """
    from cattrs.errors import BaseValidationError

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InvalidSettings((f"{path}: {error.strerror}",)) from error
    except ValueError as error:  # of TOML and of UTF-8 alike
        raise InvalidSettings((f"{path} is no TOML file: {error}",)) from error
    try:
        return _converter().structure(table, kind)
    except BaseValidationError as error:
        raise InvalidSettings(tuple(_problems(error, kind, ()))) from error


@cache
def _converter() -> "Converter":
    from cattrs import Converter
    from cattrs.gen import make_dict_structure_fn

    converter = Converter(forbid_extra_keys=True)

    def table_hook(kind: Any) -> Callable[[Any, Any], Any]:
        structure = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)
        return lambda value, _: structure(_require(value, isinstance(value, Mapping), "a table"), kind)

    converter.register_structure_hook_factory(attrs.has, table_hook)
    converter.register_structure_hook(str, lambda value, _: _require(value, isinstance(value, str), "text"))
    converter.register_structure_hook(bool, lambda value, _: _require(value, isinstance(value, bool), "true or false"))
    converter.register_structure_hook(int, lambda value, _: _require(value, _is_number(value, int), "a whole number"))
    converter.register_structure_hook(
        float, lambda value, _: float(_require(value, _is_number(value, int | float), "a number"))
    )
    converter.register_structure_hook(time, lambda value, _: _to_time(value))
    converter.register_structure_hook(date, lambda value, _: _require(value, type(value) is date, _DATE))
    converter.register_structure_hook(datetime, lambda value, _: _require(value, isinstance(value, datetime), _MOMENT))
    return converter


_TIME = "a time of day, such as 09:00:00"
_DATE = "a date, such as 2026-12-24"
_MOMENT = "a date with a time, such as 2026-03-09T09:00:00"


def _require(value: Any, is_right: bool, what: str) -> Any:
    if not is_right:
        raise _WrongType(f"must be {what}, not {_told(value)}")
    return value


def _is_number(value: object, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _to_time(value: object) -> time:
    """TOML wants seconds in a time of day; people write "9:00"."""
    if isinstance(value, str):
        for form in ("%H:%M", "%H:%M:%S"):
            try:
                return datetime.strptime(value, form).time()  # noqa: DTZ007 - a time on the wall has no zone
            except ValueError:
                continue
    found: time = _require(value, isinstance(value, time), _TIME)
    return found


def _told(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "a table"
        case datetime():
            return "a date with a time"
        case date():
            return "a date"
        case _:
            return "a time of day"


def _problems(error: Exception, kind: Any, path: tuple[str, ...]) -> Iterator[str]:
    """Yield one sentence for each leaf of cattrs' tree of errors."""
    from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError

    if isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            step, inner_kind = _step(inner, kind)
            yield from _problems(inner, inner_kind, (*path, *step))
    elif isinstance(error, ForbiddenExtraKeysError):
        for key in sorted(error.extra_fields):
            yield f"{_joined((*path, key))}: unknown key{_suggestion(key, error.cl)}"
    elif isinstance(error, KeyError):
        yield f"{_joined(path)}: missing"
    elif isinstance(error, _WrongType):
        yield f"{_joined(path)}: {error}"
    else:
        yield f"{_joined(path)}: must be {_wanted(kind)}"


def _step(error: BaseException, kind: Any) -> tuple[tuple[str, ...], Any]:
    """Return where below its parent an error stands, and what was wanted there, as cattrs noted it."""
    from cattrs.errors import AttributeValidationNote, IterableValidationNote

    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return (note.name,), note.type
        if isinstance(note, IterableValidationNote):
            place = f"[{note.index}]" if isinstance(note.index, int) else str(note.index)
            return (place,), note.type
    return (), kind


def _joined(path: tuple[str, ...]) -> str:
    return ".".join(path).replace(".[", "[") or "the file"


def _suggestion(key: str, kind: Any) -> str:
    near = get_close_matches(key, [field.name for field in attrs.fields(kind)], n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _wanted(kind: Any) -> str:
    return "a list" if "tuple" in str(kind) else "a table"
