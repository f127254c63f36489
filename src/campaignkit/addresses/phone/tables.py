"""What phonenumbers would say of plain digits, from tables: digits in, a reading and a verdict out, or None. Pure.

None means: not decided here, ask phonenumbers. Tables are built for a country when its first number comes and kept for
the life of the process. They hold numbering plans, nothing of the numbers asked for, and there are some 240 of each.
"""

import re
from functools import lru_cache

import attrs

from campaignkit.addresses.phone.dialling import Dialling
from campaignkit.addresses.phone.library import Unread, Verdict, calling_codes, load_plans, region_plan
from campaignkit.addresses.phone.patterns import LENGTH_MAX, UnknownConstruct
from campaignkit.addresses.phone.plans import Node, NumberingPlan

__all__ = [
    "TABLES_AFTER",
    "CallingCode",
    "are_built",
    "are_wanted",
    "demand",
    "is_canonical",
    "judge",
    "labelled_digits",
    "plain_digits",
    "read",
    "split_code",
]

TABLES_AFTER = 1_000  # numbers that a process has seen; for fewer, phonenumbers is cheaper than building
DIGITS_MIN = 3  # of a national form; with fewer phonenumbers looks at the text once more
TEXT_MAX = 60  # characters of plain digits; whatever is longer is no number that is met often
CANONICAL_MAX = 16  # characters: ITU-T E.164 allows 15 digits
HEAD_END = 5  # a plus, at most three digits of a calling code, and at least one behind them

_START = re.compile("[+\uff0b\\d]")  # where phonenumbers begins to read; the second is the full-width plus


_built: set[int] = set()  # calling codes


@attrs.frozen(kw_only=True)
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


demand = _Demand()


def are_wanted() -> bool:
    """Return whether there have been enough numbers, this one counted."""
    if demand.left > 0:  # threads may count past zero
        demand.left -= 1
        return False
    return True


def plain_digits(text: str) -> str | None:
    """Return the digits of *text*, with a plus in front if there is one; None unless nothing else is there to read.

    >>> plain_digits("(+48) 601-234-567"), plain_digits("601 234 567 ext. 3"), plain_digits("601+234")
    ('+48601234567', None, None)
    """
    if not text.isascii() or len(text) > TEXT_MAX:
        return None
    found = text.encode().translate(None, b" ()-./")
    return found.decode() if found.isdigit() or (found[:1] == b"+" and found[1:].isdigit()) else None


def labelled_digits(text: str) -> str | None:
    """Return the same for digits behind words, which phonenumbers passes over.

    >>> labelled_digits("tel.: 601 234 567"), labelled_digits("601 234 567, tel.")
    ('601234567', None)
    """
    start = _START.search(text)
    if start is None or ";" in text:  # a semicolon begins the parameters of RFC 3966
        return None
    return plain_digits(text[start.start() :])


def is_canonical(text: str) -> bool:
    """Return whether *text* is a plus and digits, no more than E.164 allows."""
    return text[:1] == "+" and len(text) <= CANONICAL_MAX and text[1:].isdigit() and text.isascii()


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


def judge(e164: str) -> Verdict | None:
    """Return the verdict on *e164*, a plus and at most 15 digits; None unless it is read as it stands."""
    node = _enter(e164[1:HEAD_END], len(e164))
    if node is None or node.__class__ is Verdict:
        return node
    for digit in e164[HEAD_END:]:
        node = node[digit]  # type: ignore[index]  # a node, or the loop had ended
        if node.__class__ is Verdict:
            break
    return node  # type: ignore[return-value]  # behind the last digit nothing is open


def split_code(digits: str) -> tuple[int, str] | None:
    """Return the calling code that *digits* begin with, and what follows; None if they begin with none."""
    known = calling_codes()
    for count in range(1, min(len(digits), 3) + 1):
        if digits[0] != "0" and int(digits[:count]) in known:
            return int(digits[:count]), digits[count:]
    return None


def are_built(digits: str) -> bool:
    """Return whether there are tables already for *digits*, if they say their country themselves."""
    found = split_code(digits[1:]) if digits[0] == "+" else None
    return found is None or found[0] in _built


def _read_international(digits: str) -> tuple[CallingCode, str] | Unread | None:
    code = _find_code(digits[:3])
    if code is None or len(digits) < len(code.digits) + DIGITS_MIN:
        return None
    return _finish(code, code.dialling.shorten(digits[len(code.digits) :]))


def _read_national(digits: str, country: str) -> tuple[CallingCode, str] | Unread | None:
    home = _load_home(country)
    if home is None:
        return None
    dialling, code = home
    if digits[0] not in dialling.special_starts and len(digits) <= LENGTH_MAX:
        return code, digits
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


@lru_cache(maxsize=20_000)  # four digits say of nobody who it is
def _enter(head: str, length: int) -> Node | Verdict | None:
    """Return what is open behind the first digits of a number; None where there is a trunk prefix to look at."""
    code = _find_code(head[:3])
    if code is None or length < len(code.digits) + 1 + DIGITS_MIN:
        return None
    begun = head[len(code.digits) :]
    return None if code.dialling.may_strip(begun) else code.plan.enter(begun, length - 1 - len(code.digits))


@lru_cache(maxsize=1_000)
def _find_code(digits: str) -> CallingCode | None:
    """Return the calling code that *digits*, at most three, begin with."""
    found = split_code(digits)
    return None if found is None else _load_code(found[0])


@lru_cache(maxsize=1_000)
def _load_code(calling_code: int) -> CallingCode | None:
    """Return the tables of *calling_code*; None if its plans are not understood."""
    _built.add(calling_code)
    plans = load_plans(calling_code)
    try:
        dialling, plan = Dialling.from_plan(plans[0]), NumberingPlan(plans)
    except UnknownConstruct:
        return None
    digits = str(calling_code)
    return CallingCode(number=calling_code, digits=digits, plus_digits=f"+{digits}", dialling=dialling, plan=plan)


@lru_cache(maxsize=1_000)
def _load_home(country: str) -> tuple[Dialling, CallingCode] | None:
    """Return how one dials in *country*, and the tables of its calling code."""
    try:
        dialling = Dialling.from_plan(region_plan(country))
    except UnknownConstruct:
        return None
    code = _load_code(dialling.calling_code)
    return None if code is None else (dialling, code)
