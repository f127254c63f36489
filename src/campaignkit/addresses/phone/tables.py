"""What phonenumbers would say of plain digits, from tables: digits in, a reading and a verdict out, or None. Pure.

None means: not decided here, ask phonenumbers. Tables are built for a country when its first number comes and kept for
the life of the process. They hold numbering plans, nothing of the numbers asked for, and there are some 240 of each.
"""

from functools import lru_cache

import attrs

from campaignkit.addresses.phone.dialling import Dialling
from campaignkit.addresses.phone.library import Unread, Verdict, calling_codes, load_plans, region_plan
from campaignkit.addresses.phone.patterns import LENGTH_MAX, UnknownConstruct
from campaignkit.addresses.phone.plans import NumberingPlan

__all__ = ["TABLES_AFTER", "CallingCode", "are_wanted", "judge", "plain_digits", "read"]

TABLES_AFTER = 1_000  # numbers that a process has seen; for fewer, phonenumbers is cheaper than building
DIGITS_MIN = 3  # of a national form; with fewer phonenumbers looks at the text once more
DIGITS_MAX = 40


@attrs.frozen
class CallingCode:
    """The tables of all countries that share a calling code."""

    number: int
    digits: str
    plus_digits: str
    dialling: Dialling  # of its main region
    plan: NumberingPlan


class _Demand:
    """How many numbers are still to come before tables are built. It only counts."""

    def __init__(self) -> None:
        self.left = TABLES_AFTER


_demand = _Demand()


def are_wanted() -> bool:
    """Return whether there have been enough numbers, this one counted."""
    if _demand.left:
        _demand.left -= 1
        return False
    return True


def plain_digits(text: str) -> str | None:
    """Return the digits of *text*, with a plus in front if there is one; None unless nothing else is there to read.

    >>> plain_digits("(+48) 601-234-567"), plain_digits("601 234 567 ext. 3"), plain_digits("601+234")
    ('+48601234567', None, None)
    """
    if not text.isascii():
        return None
    digits = text if text.isdigit() else text.encode().translate(None, b" ()-./").decode()
    return digits if digits.removeprefix("+").isdigit() and len(digits) <= DIGITS_MAX else None


def read(digits: str, country: str | None) -> tuple[CallingCode, str] | Unread | None:
    """Return the calling code and the national number that phonenumbers reads, or its reason against it.

    Args:
        digits: As ``plain_digits`` returns them.
        country: The one to which national forms belong, as phonenumbers spells it.
    """
    if digits[0] == "+":
        return _read_international(digits[1:])
    if len(digits) < DIGITS_MIN:
        return None
    return Unread.INVALID_COUNTRY_CODE if country is None else _read_national(digits, country)


def judge(calling_code: int, national: str) -> Verdict | None:
    """Return the verdict on a national number."""
    code = _load_code(calling_code)
    return None if code is None or len(national) > LENGTH_MAX else code.plan.judge(national)


def _read_international(digits: str) -> tuple[CallingCode, str] | Unread | None:
    code = _find_code(digits[:3])
    if code is None or len(digits) < len(code.digits) + DIGITS_MIN:
        return None
    return _finish(code, code.dialling.shorten(digits[len(code.digits) :]))


def _read_national(digits: str, country: str) -> tuple[CallingCode, str] | Unread | None:
    dialling = _load_dialling(country)
    code = None if dialling is None else _load_code(dialling.calling_code)
    if dialling is None or code is None:
        return None
    end = dialling.dial_out_end(digits)
    if end:
        return _read_international(digits[end:])
    own = dialling.strip_own_code(digits)
    if own is None:
        return _finish(code, dialling.shorten(digits))
    return _finish(code, code.dialling.shorten(own)) if len(own) >= DIGITS_MIN else None


def _finish(code: CallingCode, national: str) -> tuple[CallingCode, str] | Unread | None:
    if len(national) > LENGTH_MAX:
        return Unread.TOO_LONG
    return (code, national) if len(national) >= DIGITS_MIN else None


@lru_cache(maxsize=1_000)
def _find_code(digits: str) -> CallingCode | None:
    """Return the calling code that *digits*, at most three, begin with."""
    known = calling_codes()
    for count in range(1, len(digits) + 1):
        if digits[0] != "0" and int(digits[:count]) in known:
            return _load_code(int(digits[:count]))
    return None


@lru_cache(maxsize=1_000)
def _load_code(calling_code: int) -> CallingCode | None:
    """Return the tables of *calling_code*; None if its plans are not understood."""
    plans = load_plans(calling_code)
    try:
        dialling, plan = Dialling.from_plan(plans[0]), NumberingPlan(plans)
    except UnknownConstruct:
        return None
    return CallingCode(calling_code, dialling.code_digits, f"+{calling_code}", dialling, plan)


@lru_cache(maxsize=1_000)
def _load_dialling(country: str) -> Dialling | None:
    try:
        return Dialling.from_plan(region_plan(country))
    except UnknownConstruct:
        return None
