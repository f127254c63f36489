"""Filters of placeholders: ``| name: arguments`` in, a function from value to value out. Pure.

They give exactly what python-liquid gives, its slips included (``truncate: 5`` shortens a text of five). Where Liquid
has no such filter (numbers, money, dates in a language), formatting.py is registered with Liquid too.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from urllib.parse import quote_plus

import attrs

from campaignkit.message.formatting import (
    check_currency,
    check_date_form,
    check_digits,
    check_local_form,
    format_date,
    format_local_date,
    format_local_time,
    format_money,
    format_number,
)
from campaignkit.message.languages import Language

__all__ = ["ARGUMENT_CHECKS", "FORMATTERS", "Filter", "Step", "bind_filter", "unknown_filter"]

Step = Callable[[object, bool], tuple[object, bool]]  # a value, and whether it is the author's own words; the same

ARGUMENT_CHECKS: Mapping[str, Callable[[object], None]] = {
    "number": check_digits,
    "money": check_currency,
    "date": check_date_form,
    "local_date": check_local_form,
}
FORMATTERS: Mapping[str, Callable[..., str]] = {
    "number": format_number,
    "money": format_money,
    "date": format_date,
    "local_date": format_local_date,
    "local_time": format_local_time,
}


@attrs.frozen
class Filter:
    """One filter as its author wrote it."""

    name: str
    arguments: tuple[str | int, ...] = ()


def bind_filter(written: Filter, language: Language) -> Step:
    """Return what *written* does to a value.

    Raises:
        ValueError: there is no such filter, or it takes no such arguments.
    """
    signature = _SIGNATURES.get(written.name)
    if signature is None:
        raise ValueError(unknown_filter(written.name, FILTERS))
    fewest, kinds = signature
    count, arguments = len(written.arguments), zip(written.arguments, kinds, strict=False)
    if not (fewest <= count <= len(kinds) and all(isinstance(one, kind) for one, kind in arguments)):
        example = _EXAMPLES.get(written.name)
        raise ValueError(f"{written.name} {f'is written {example}' if example else 'takes nothing behind it'}")
    if written.name in ARGUMENT_CHECKS:
        _check_arguments(written)
    if written.name in FORMATTERS:
        return _formatting(partial(FORMATTERS[written.name], **_named(written, language)))
    return _STEPS[written.name](*written.arguments)


def unknown_filter(name: str, known: tuple[str, ...]) -> str:
    """Return the sentence on a filter that is none, with what may have been meant."""
    if name in _LIQUID_FILTERS:
        return f"the filter {name} {NEEDS_LIQUID}"
    likely = get_close_matches(name, known, n=1)
    if likely:
        return f"there is no filter {name[:40]}; perhaps {likely[0]} is meant"
    return f"there is no filter {name[:40]}; there are {', '.join(known)}"


NEEDS_LIQUID = 'needs the extra campaignkit[templates] and content with syntax="liquid"'


def _check_arguments(written: Filter) -> None:
    for argument in written.arguments:
        try:
            ARGUMENT_CHECKS[written.name](argument)
        except ValueError as error:
            raise ValueError(f"{written.name}: {error}") from error
        if written.name == "date" and set(str(argument)) & set("<>&\"'"):
            raise ValueError("date: its form may not hold quotes, &, < or >")


def _named(written: Filter, language: Language) -> dict[str, object]:
    """Return the arguments of a formatter by name."""
    return {"language": language, **dict(zip(_ARGUMENT_NAMES.get(written.name, ()), written.arguments, strict=False))}


_ARGUMENT_NAMES = {"number": ("digits",), "money": ("currency",), "date": ("form",), "local_date": ("form",)}


def _formatting(format_value: Callable[[object], str]) -> Step:
    def step(value: object, _: bool) -> tuple[object, bool]:
        return format_value(value), False

    return step


def _default(text: str) -> Step:
    def step(value: object, is_own: bool) -> tuple[object, bool]:
        return (text, True) if value is False or value == "" else (value, is_own)

    return step


def _of_text(change: Callable[[str], str]) -> Callable[[], Step]:
    def step(value: object, is_own: bool) -> tuple[object, bool]:
        return change(str(value)), is_own

    return lambda: step


def _truncate(most: int = 50, ending: str = "...") -> Step:
    def step(value: object, is_own: bool) -> tuple[object, bool]:
        text = str(value)
        return (text, is_own) if len(text) < most else (f"{text[: most - len(ending)]}{ending}", False)

    return step


def _url_encode() -> Step:
    def step(value: object, _: bool) -> tuple[object, bool]:
        return quote_plus(str(value), errors="replace"), True  # nothing is left to escape

    return step


_STEPS: Mapping[str, Callable[..., Step]] = {
    "default": _default,
    "upcase": _of_text(str.upper),
    "downcase": _of_text(str.lower),
    "capitalize": _of_text(str.capitalize),
    "strip": _of_text(str.strip),
    "truncate": _truncate,
    "url_encode": _url_encode,
}
_SIGNATURES: Mapping[str, tuple[int, tuple[type, ...]]] = {
    "default": (1, (str,)),
    "upcase": (0, ()),
    "downcase": (0, ()),
    "capitalize": (0, ()),
    "strip": (0, ()),
    "truncate": (0, (int, str)),
    "url_encode": (0, ()),
    "number": (0, (int,)),
    "money": (1, (str,)),
    "date": (1, (str,)),
    "local_date": (0, (str,)),
    "local_time": (0, ()),
}
_EXAMPLES = {
    "default": 'default: "friend"',
    "truncate": "truncate: 20",
    "number": "number or number: 2",
    "money": 'money: "EUR"',
    "date": 'date: "%d.%m.%Y"',
    "local_date": 'local_date or local_date: "short"',
}
FILTERS = tuple(_SIGNATURES)
# Those of Liquid that the core has not.
_LIQUID_FILTERS = frozenset(
    re.findall(
        r"\w+",
        """abs append at_least at_most ceil compact concat divided_by escape escape_once find find_index first floor has
        join last lstrip map minus modulo newline_to_br plus prepend reject remove remove_first remove_last replace
        replace_first replace_last reverse round rstrip size slice sort sort_natural split squish strip_newlines sum
        times truncatewords uniq url_decode where""",
    )
)
