"""Text in, a ``PhoneNumber`` or a ``Rejection`` out. Pure.

Validity is the verdict of phonenumbers and changes with its releases. Numbers that nobody owns as their own (premium
rate, shared cost, international services, short codes) are refused; landlines are numbers that cannot be texted to.

There are two ways to the same answer: phonenumbers itself, and the tables, which decide plain digits once there have
been enough numbers to make them worth building. What the tables do not decide is asked of phonenumbers.
"""

import re
from collections.abc import Collection
from functools import lru_cache

import attrs

from campaignkit.addresses.channel import Rejection, shorten
from campaignkit.addresses.phone import library, tables
from campaignkit.addresses.phone.library import Kind, Reading, Unread
from campaignkit.addresses.phone.number import DIGITS_MAX, PhoneNumber, make_number
from campaignkit.addresses.phone.placeholders import keep, recall
from campaignkit.addresses.phone.reasons import (
    MISSING,
    NOT_A_NUMBER,
    NOT_TEXT,
    SERVICE,
    SHORT_CODE_MAX,
    TOO_LONG,
    WRONG_COUNTRY,
    Reason,
    digit_count,
    explain_invalid,
    explain_unread,
    suspect,
    suspect_digits,
)

__all__ = ["parse_by_library", "parse_by_tables", "parse_phone"]

INPUT_MAX = 250  # characters; phonenumbers reads no more

PHONE_CONTEXT = ";phone-context="  # brings digits of its own into the number, see RFC 3966
_ADDRESS = re.compile(r"(?!(?:\D*\d){13})[^\d+;/\\]*[\d+][^@;/\\]*@[^;/\\]*[A-Za-z0-9][^;/\\]*", re.DOTALL)
_TWO_DIGITS = re.compile(r"\d\D*\d")
_SERVICE_KINDS = frozenset({Kind.PREMIUM_RATE, Kind.SHARED_COST})


def parse_phone(
    value: object,
    *,
    region: str | None = None,
    row_number: int | None = None,
    allowed_regions: Collection[str] | None = None,
) -> PhoneNumber | Rejection:
    """Return the number that *value* spells, or why it is none.

    Args:
        value: What came in, as text; a number has lost its leading zeros and is refused.
        region: ISO country code that national forms belong to. Without it only ``+…`` forms are certain.
        allowed_regions: Country codes; a number of another country is refused as wrong_country. None allows all.

    Raises:
        ValueError: *region* or one of *allowed_regions* is no country code.

    >>> parse_phone("(212) 555-0143", region="us").e164
    '+12125550143'
    >>> parse_phone("212 555 0143").code, parse_phone("9.05E+11", region="US").code
    (<RejectionCode.AMBIGUOUS: 'ambiguous'>, <RejectionCode.MALFORMED: 'malformed'>)
    """
    country = None if region is None else _country(region)
    if allowed_regions is None and (known := recall(value, country)) is not None:
        return known if row_number is None else attrs.evolve(known, row_number=row_number)
    parsed = parse_by_tables(value, country) if tables.are_wanted() else None
    if parsed is None:
        parsed = parse_by_library(value, country)
    if allowed_regions is not None and not _is_allowed(parsed, allowed_regions):
        return _refuse(WRONG_COUNTRY, value, row_number)
    if isinstance(parsed, PhoneNumber):
        return parsed
    rejection = _refuse(parsed, value, row_number)
    keep(rejection, value, country)
    return rejection


def parse_by_library(value: object, country: str | None) -> PhoneNumber | Reason:
    """Return the number or the reason against it, as phonenumbers says. This is the truth that the tables repeat."""
    if not isinstance(value, str):
        is_nan = isinstance(value, float) and value != value
        return MISSING if value is None or is_nan else NOT_TEXT
    if len(value) > INPUT_MAX:
        return TOO_LONG
    text = value.strip()
    if not text:
        return MISSING
    return suspect(text) or _ask_library(text, country)


def parse_by_tables(value: object, country: str | None) -> PhoneNumber | Reason | None:
    """Return the same without phonenumbers, or None where the tables do not decide it."""
    if value.__class__ is not str:  # a class of somebody else's may lie about its characters
        return None
    text: str = value
    if text[:1] == "+" and tables.is_canonical(text):
        return _ask_tables(text, text, country)
    return TOO_LONG if len(text) > INPUT_MAX else _parse_spaced(text.strip(), country)


def _parse_spaced(text: str, country: str | None) -> PhoneNumber | Reason | None:
    digits = tables.plain_digits(text)
    if digits is not None:
        suspicion = suspect_digits(text) if "." in text or "/" in text else None
        return suspicion or _ask_tables(text, digits, country)
    if _is_hopeless(text):
        return NOT_A_NUMBER if text else MISSING
    if digit_count(text) > 2 * SHORT_CODE_MAX:  # there may be two numbers, or digits of two scripts
        return None
    digits = tables.labelled_digits(text)
    return None if digits is None else _ask_tables(text, digits, country)


def _is_hopeless(text: str) -> bool:
    """Return whether phonenumbers is sure to see no number in *text*.

    It asks for two digits at least, and accepts no @ behind the first one.
    """
    if PHONE_CONTEXT in text:
        return False
    return not _TWO_DIGITS.search(text) or (text.isascii() and _ADDRESS.fullmatch(text) is not None)


def _ask_library(text: str, country: str | None) -> PhoneNumber | Reason:
    reading = library.read(text, country)
    if isinstance(reading, Unread):
        return explain_unread(text, country, reading, _exists_by_library)
    kind = library.find_kind(reading.calling_code, reading.national)
    if kind is Kind.UNKNOWN:
        return explain_invalid(text, country, reading, _exists_by_library)
    if kind in _SERVICE_KINDS or library.is_international(reading.calling_code):
        return SERVICE
    if len(reading.e164) > DIGITS_MAX + 1:
        return TOO_LONG
    return PhoneNumber(e164=reading.e164, extension=reading.extension)


def _ask_tables(text: str, digits: str, country: str | None) -> PhoneNumber | Reason | None:
    if digits[0] == "+" and len(digits) <= DIGITS_MAX + 1:
        verdict = tables.judge(digits)
        if verdict is not None and verdict.is_personal:
            return make_number(digits)
    reading = tables.read(digits, country)
    if reading is None:
        return None
    if isinstance(reading, Unread):
        return explain_unread(text, country, reading, _exists_by_tables)
    code, national = reading
    verdict = code.plan.judge(national)
    if verdict.is_personal:
        e164 = code.plus_digits + national
        return make_number(e164) if len(e164) <= DIGITS_MAX + 1 else TOO_LONG
    if verdict.exists:
        return SERVICE
    return explain_invalid(text, country, Reading(code.number, national), _exists_by_tables)


def _exists_by_library(digits: str, country: str | None) -> bool:
    reading = library.read(digits, country)
    if isinstance(reading, Unread):
        return False
    return library.find_kind(reading.calling_code, reading.national) is not Kind.UNKNOWN


def _exists_by_tables(digits: str, country: str | None) -> bool:
    # What somebody may have meant is no reason to build the tables of one more country.
    reading = tables.read(digits, country) if tables.are_built(digits) else None
    if reading is None:
        return _exists_by_library(digits, country)
    return isinstance(reading, tuple) and reading[0].plan.judge(reading[1]).exists


def _is_allowed(parsed: PhoneNumber | Reason, allowed_regions: Collection[str]) -> bool:
    allowed = {_country(name) for name in allowed_regions}
    return isinstance(parsed, Reason) or parsed.region in allowed


def _refuse(reason: Reason, value: object, row_number: int | None) -> Rejection:
    return Rejection(
        code=reason.code,
        field="phone",
        message=reason.message,
        value=shorten(value),
        row_number=row_number,
        hint=reason.hint,
    )


@lru_cache(maxsize=1_000)
def _country(region: str) -> str:
    """Return *region* as phonenumbers spells it.

    Raises:
        ValueError: it knows no such country.
    """
    country = region.upper()
    if not library.is_supported(country):
        raise ValueError(f"{region!r} is not a country code such as 'US'")
    return country
