"""Numbers, money and dates as a merchant's language writes them: a value in, its text out. Pure.

What is no number, or no date, comes back as it is: nobody guesses whether 03/04 is in March. These are the filters
``number``, ``money``, ``date``, ``local_date`` and ``local_time`` of both template languages.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

from campaignkit.message.languages import Language

__all__ = [
    "check_currency",
    "check_date_form",
    "check_digits",
    "check_local_form",
    "format_date",
    "format_local_date",
    "format_local_time",
    "format_money",
    "format_number",
]

NUMBER_DIGITS_MAX = 30  # before the point, and behind it
FORM_CHARACTERS_MAX = 200

_PLAIN_NUMBER = re.compile(rf"-?[0-9]{{1,{NUMBER_DIGITS_MAX}}}(\.[0-9]{{1,{NUMBER_DIGITS_MAX}}})?")
_ISO_DATE = re.compile(r"[1-9]\d{3}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
_EXACT = Context(prec=100)
# ISO 4217: what has no hundredths. The rest has two.
_DIGITS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def format_number(value: object, language: Language, digits: int | None = None) -> str:
    """Return *value* with the separators of *language*.

    Args:
        digits: So many digits behind the point, halves rounded away from zero; as many as there are unless given.

    >>> from campaignkit.message.languages import language_of
    >>> english = language_of("en")
    >>> format_number("1234567.5", language_of("de")), format_number(2, english, 2), format_number("?", english)
    ('1.234.567,5', '2.00', '?')
    """
    number = _as_number(value)
    return str(value) if number is None else _written(number, language, digits)


def format_money(value: object, language: Language, currency: str) -> str:
    """Return an amount of *currency*, a code of three letters, with its sign and its usual digits.

    >>> from campaignkit.message.languages import language_of
    >>> format_money("1234.5", language_of("en"), "USD"), format_money(9, language_of("it"), "EUR")
    ('$1,234.50', '9,00\\xa0€')
    """
    check_currency(currency)
    number = _as_number(value)
    if number is None:
        return str(value)
    sign = language.currencies.get(currency, currency)
    amount = _written(abs(number), language, _DIGITS.get(currency, 2))
    minus = "-" if _written(number, language, _DIGITS.get(currency, 2)).startswith("-") else ""
    if language.currency_first:
        return f"{minus}{sign}{language.blank if sign[-1].isalpha() else ''}{amount}"
    return f"{minus}{amount}{language.blank}{sign}"


def format_date(value: object, language: Language, form: str) -> str:
    """Return a day or a moment in a form of directives, as strftime knows them, with the names of *language*.

    >>> from campaignkit.message.languages import language_of
    >>> format_date("2026-05-04T14:30", language_of("pl"), "%-d %B, %H:%M")
    '4 maja, 14:30'
    """
    moment = _as_moment(value)
    if moment is None:
        return str(value)
    return "".join([piece if isinstance(piece, str) else piece(moment, language) for piece in _pieces(form)])


def format_local_date(value: object, language: Language, form: str = "long") -> str:
    """Return a day as *language* writes it: ``"short"``, ``"long"``, or ``"full"`` with the day of the week.

    >>> from campaignkit.message.languages import language_of
    >>> format_local_date("2026-05-04", language_of("en")), format_local_date("2026-05-04", language_of("de"), "short")
    ('May 4, 2026', '04.05.2026')
    """
    check_local_form(form)
    return format_date(value, language, str(getattr(language, f"{form}_date")))


def format_local_time(value: object, language: Language) -> str:
    """Return the time of day, in the moment's own zone.

    >>> from campaignkit.message.languages import language_of
    >>> format_local_time("2026-05-04T14:30", language_of("en"))
    '2:30 PM'
    """
    return format_date(value, language, language.time)


def check_digits(digits: object) -> None:
    """Return if ``number`` takes *digits*; raise ValueError if not."""
    if not (isinstance(digits, int) and 0 <= digits <= 9) or isinstance(digits, bool):
        raise ValueError("it takes a number of digits from 0 to 9, as in number: 2")


def check_currency(currency: object) -> None:
    """Return if ``money`` takes *currency*; raise ValueError if not."""
    if not (isinstance(currency, str) and _CURRENCY.fullmatch(currency)):
        raise ValueError('it takes a currency of three capital letters, as in money: "EUR"')


def check_local_form(form: object) -> None:
    """Return if ``local_date`` takes *form*; raise ValueError if not."""
    if form not in ("short", "long", "full"):
        raise ValueError('it takes "short", "long" or "full"')


def check_date_form(form: object) -> None:
    """Return if ``date`` takes *form*; raise ValueError if not."""
    if not isinstance(form, str):
        raise ValueError('it takes a form, as in date: "%d.%m.%Y"')  # noqa: TRY004 - a template's error, not a caller's
    _pieces(str.__str__(form))


def _as_number(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value) if value.bit_length() <= 3 * NUMBER_DIGITS_MAX else None
    if isinstance(value, str):
        return Decimal(value) if _PLAIN_NUMBER.fullmatch(value) else None
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and value.is_finite():
        _, digits, exponent = value.as_tuple()
        is_moderate = len(digits) <= 2 * NUMBER_DIGITS_MAX and abs(int(exponent)) <= NUMBER_DIGITS_MAX
        return value if is_moderate else None
    return None


def _written(number: Decimal, language: Language, digits: int | None) -> str:
    if digits is not None:
        check_digits(digits)
        number = number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP, context=_EXACT)
    if not number:
        number = abs(number)  # there is no -0.00
    whole, _, fraction = f"{number:,f}".partition(".")
    return whole.replace(",", language.group) + (f"{language.decimal}{fraction}" if fraction else "")


def _as_moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:  # the 30th of February
            return None
    return None


_Directive = Callable[[datetime, Language], str]


def _number_of(name: str, width: int, filler: str = "0") -> _Directive:
    return lambda moment, _: str(_NUMBERS[name](moment)).rjust(width, filler)


_NUMBERS: dict[str, Callable[[datetime], int]] = {
    "d": lambda moment: moment.day,
    "m": lambda moment: moment.month,
    "y": lambda moment: moment.year % 100,
    "Y": lambda moment: moment.year,
    "H": lambda moment: moment.hour,
    "I": lambda moment: moment.hour % 12 or 12,
    "M": lambda moment: moment.minute,
    "S": lambda moment: moment.second,
    "j": lambda moment: moment.timetuple().tm_yday,
}
_TWO = ("d", "m", "y", "H", "I", "M", "S")
_DIRECTIVES: dict[str, _Directive] = {
    **{name: _number_of(name, 2) for name in _TWO},
    **{f"-{name}": _number_of(name, 1) for name in (*_TWO, "j")},
    "j": _number_of("j", 3),
    "Y": _number_of("Y", 4),
    "e": _number_of("d", 2, " "),
    "a": lambda moment, language: language.days_short[moment.weekday()],
    "A": lambda moment, language: language.days[moment.weekday()],
    "b": lambda moment, language: language.months_short[moment.month - 1],
    "B": lambda moment, language: language.months_alone[moment.month - 1],
    "p": lambda moment, _: "AM" if moment.hour < 12 else "PM",
    "%": lambda _, __: "%",
}
_SHORTHANDS = {"%F": "%Y-%m-%d", "%T": "%H:%M:%S", "%R": "%H:%M", "%D": "%m/%d/%y", "%h": "%b"}
_DIRECTIVE = re.compile(r"%(-?[A-Za-z%]|)")
_DAYS_OF_MONTH = ("%d", "%-d", "%e")


def _month_beside_a_day(moment: datetime, language: Language) -> str:
    return language.months[moment.month - 1]


@lru_cache(maxsize=256)  # forms that authors wrote
def _pieces(form: str) -> tuple[str | _Directive, ...]:
    """Return *form* as literals and directives; raise ValueError where there is no such directive."""
    if len(form) > FORM_CHARACTERS_MAX:
        raise ValueError(f"its form may have at most {FORM_CHARACTERS_MAX} characters")
    form = re.sub("%%|%[FTRDh]", lambda found: _SHORTHANDS.get(found.group(), found.group()), form)
    has_day = any(directive in form.replace("%%", "") for directive in _DAYS_OF_MONTH)
    pieces: list[str | _Directive] = []
    end = 0
    for found in _DIRECTIVE.finditer(form):
        directive = _DIRECTIVES.get(found[1])
        if directive is None:
            known = " ".join(f"%{name}" for name in sorted(_DIRECTIVES) if not name.startswith("-"))
            raise ValueError(f"{found.group()} is no directive of a date; there are {known}")
        pieces += [form[end : found.start()], _month_beside_a_day if found[1] == "B" and has_day else directive]
        end = found.end()
    return (*pieces, form[end:])
