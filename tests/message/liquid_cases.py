"""Templates of core syntax and values drawn at random, and python-liquid as it comes, to hold one against the other.

``python -m tests.message.liquid_cases 200000`` draws so many.
"""

import random
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial

from liquid import Environment

from campaignkit.errors import InvalidTemplate
from campaignkit.message.filters import FORMATTERS
from campaignkit.message.languages import LANGUAGES, Language, language_of
from campaignkit.message.liquid import compile_liquid
from campaignkit.message.templates import compile_template

__all__ = ["NAMES", "differences", "random_case"]

NAMES = ("name", "a_1", "_b", "total", "day", "flag")
NAMESPACES = ("customer", "ticket", "event", "zz")
# Liquid gives a mapping a size, a first and a last of its own; ours has none.
_LITERALS = (
    "Dear ",
    "",
    "\n",
    "}}",
    "} }",
    "{ { ",
    "{ ",
    "<b>",
    "&amp;",
    "100 %",
    "%}",
    "żółw 🌷",
    "\r\n",
    "|",
    " \t",
    "{a.b}",
    "'",
)
_TEXTS = (
    *(
        "Ann",
        "ann smith",
        "",
        " ",
        "  padded\n",
        "O'Neil & <Sons>",
        '"x"',
        "ß",
        "ŻÓŁW",
        "ﬁn",
        "🌷🌷",
        "{{ customer.name }}",
    ),
    *(
        "{% if %}",
        "a" * 60,
        "x" * 10_001,
        "12",
        "-3.50",
        "1e5",
        "007",
        "12,5",
        "²",
        "2026-05-04",
        "2026-02-30",
        "2026-12-31T23:59:59",
    ),
    *(
        "2026-05-04 08:05",
        "2026-05-04T08:05:06.5+02:00",
        "2026-05-04T08:05Z",
        "a\u2028b",
        "a\0b",
        "half \ud83c",
        "True",
    ),
)
_NUMBERS = (
    0,
    1,
    -1,
    1234567,
    10**40,
    Decimal("0"),
    Decimal("12.50"),
    Decimal("-0.004"),
    Decimal("1234567.895"),
    2.5,
    1e22,
)
_DAYS = (
    *(
        date(2026, 5, 4),
        date(2024, 2, 29),
        date(1999, 12, 31),
        datetime.fromisoformat("2026-01-02T00:05"),
        datetime.fromisoformat("2026-07-09T12:30:59"),
    ),
    *(
        datetime(2026, 11, 22, 23, 59, tzinfo=UTC),
        datetime(2026, 3, 1, 9, 4, 3, 7, tzinfo=timezone(timedelta(hours=-5))),
    ),
)
_FORMS = (
    "%d.%m.%Y",
    "%Y",
    "%-d %B",
    "%A, %e. %b",
    "%H:%M:%S",
    "%I:%M %p",
    "%-I:%M",
    "%j",
    "%F %T",
    "%D %R",
    "%%",
    "%y%h%a",
    "no",
)
_FILTERS = (
    *("upcase", "downcase", "capitalize", "strip", "url_encode", "truncate", "truncate: {n}", 'truncate: {n}, "{t}"'),
    *('default: "{t}"', "default: '{t}'", "number", "number: {d}", 'money: "{c}"', 'date: "{f}"', "local_date"),
    *('local_date: "{l}"', "local_time"),
)


def random_case(draw: random.Random) -> tuple[str, dict[str, dict[str, object]]]:
    """Return a template of core syntax, and values for it."""
    pieces = [draw.choice(_LITERALS)]
    for _ in range(draw.randint(1, 4)):
        pieces += (_placeholder(draw), draw.choice(_LITERALS))
    values = {
        namespace: {name: _value(draw) for name in NAMES if draw.random() < 0.7}
        for namespace in NAMESPACES
        if draw.random() < 0.8
    }
    return "".join(pieces), values


def differences(source: str, values: dict[str, dict[str, object]], language: Language) -> list[str]:
    """Return what differs between the core, our full Liquid, and python-liquid as it comes with our formatters."""
    found = []
    for field in ("text", "html"):
        try:
            core = compile_template(source, field=field, language=language).render(values, escape=field == "html")
        except InvalidTemplate as error:
            return [f"the core refuses {source!r}: {error}"]
        ours = compile_liquid(source, field=field, language=language).render(values)
        library = _library(language, field == "html").from_string(source).render(**_as_core_reads(values))
        found += [
            f"{field} {name}: {core!r} != {other!r} for {source!r} with {values!r}"
            for name, other in (("ours", ours), ("library", library))
            if core != other
        ]
    return found


def _library(language: Language, autoescape: bool) -> Environment:
    """Return python-liquid as it comes. Its own ``date`` stays where it speaks English and our values are dates."""
    environment = Environment(autoescape=autoescape)
    own_date = environment.filters["date"]

    def either_date(value: object, form: str, **named: object) -> object:
        if language.tag == "en" and isinstance(value, date):
            return own_date(value, form, environment=environment)
        return FORMATTERS["date"](_plain(value), language, str.__str__(form))

    for name, formatter in FORMATTERS.items():
        environment.add_filter(name, partial(_formatted, formatter, language))
    environment.add_filter("date", either_date)
    return environment


def _formatted(formatter, language, value, *arguments):
    return formatter(_plain(value), language, *map(_plain, arguments))


def _plain(value):
    if value is None:
        return ""
    if isinstance(value, str):
        return str.__str__(value)
    return value if isinstance(value, int | float | Decimal | date) else str(value)


def _as_core_reads(values):
    """Return *values* as both read them: cut, with whole characters, without NUL."""

    def read(value):
        return value[:10_000].replace("\ud83c", "\ufffd").replace("\0", " ") if isinstance(value, str) else value

    return {namespace: {name: read(value) for name, value in fields.items()} for namespace, fields in values.items()}


def _placeholder(draw):
    filters = "".join(f" | {_filter(draw)}" for _ in range(draw.choice((0, 0, 1, 1, 1, 2, 3, 4))))
    blank = draw.choice((" ", "", "\n", "\t "))
    return f"{{{{{blank}{draw.choice(NAMESPACES)}.{draw.choice(NAMES)}{blank}{filters}{blank}}}}}"


def _filter(draw):
    return draw.choice(_FILTERS).format(
        n=draw.choice((-2, 0, 1, 2, 3, 4, 5, 10, 50, 999)),
        t=draw.choice(("friend", "", "<i>you</i>", "…", "..", "żółw\n", "5", "2026-05-04")),
        d=draw.choice((0, 1, 2, 9)),
        c=draw.choice(("EUR", "USD", "PLN", "JPY", "KWD", "XXX")),
        f=draw.choice(_FORMS),
        l=draw.choice(("short", "long", "full")),
    )


def _value(draw):
    kind = draw.random()
    if kind < 0.5:
        return draw.choice(_TEXTS)
    if kind < 0.6:
        return "".join(draw.choice("aż <>&'\"\n{}|%ß1") for _ in range(draw.randint(0, 12)))
    if kind < 0.75:
        return draw.choice(_NUMBERS)
    return draw.choice((True, False, None)) if kind < 0.85 else draw.choice(_DAYS)


def main() -> None:
    """Draw as many cases as the command line says, and stop at the first difference."""
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32)
    draw, languages = random.Random(seed), [language_of(tag) for tag in LANGUAGES]
    for number in range(int(sys.argv[1])):
        found = differences(*random_case(draw), draw.choice(languages))
        assert not found, f"seed {seed}, case {number}: {found}"
    print(f"{sys.argv[1]} templates, each as text and as HTML, the same three ways; seed {seed}")


if __name__ == "__main__":
    main()
