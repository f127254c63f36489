"""Phone numbers: text in, a ``PhoneNumber`` or a ``Rejection`` out. Pure.

Validity is the verdict of phonenumbers and changes with its releases. Numbers that nobody owns as their own (premium
rate, shared cost, international services, short codes) are refused; landlines are numbers that cannot be texted to.
"""

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import TYPE_CHECKING

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode, mask, shorten
from campaignkit.addresses.zones import candidate_zones

if TYPE_CHECKING:
    import phonenumbers

__all__ = ["PhoneNumber", "parse_phone"]

INPUT_MAX = 250  # characters; phonenumbers reads no more
SHORT_CODE_MAX = 6  # digits; a subscriber's number without its area code has seven in North America
INTERNATIONAL = "001"  # the "region" of numbers that belong to no country

_EXPONENT = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d+")
_DECIMAL = re.compile(r"\d+[.,]0+")
_SEPARATORS = re.compile(r"[,;/|\n]|\s(?:or|and|lub|oder|ou|o|i|und)\s")


@attrs.frozen(kw_only=True)
class PhoneNumber:
    """A number that exists by the rules of its country. What needs more than its digits is worked out on demand."""

    e164: str = attrs.field(repr=mask, validator=attrs.validators.matches_re(r"\+[0-9]{4,15}"))
    extension: str = ""

    @property
    def key(self) -> str:
        """What two numbers are compared by: E.164, and the extension where there is one.

        >>> parse_phone("(212) 555-0143 x12", region="US").key
        '+12125550143;ext=12'
        """
        return f"{self.e164};ext={self.extension}" if self.extension else self.e164

    @property
    def region(self) -> str:
        """ISO 3166-1 country code, "" where the number belongs to no country."""
        region = _traits(self.e164)[0]
        return "" if region == INTERNATIONAL else region

    @property
    def is_textable(self) -> bool:
        """Whether a text can arrive: a mobile, or what may be one (all of North America), without extension."""
        region, is_mobile = _traits(self.e164)
        return is_mobile and region != INTERNATIONAL and not self.extension

    @property
    def zones(self) -> tuple[str, ...]:
        """The IANA names it may live in, sorted; empty where nothing is known."""
        return candidate_zones(self.e164)


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
    allowed = None if allowed_regions is None else {_country(name) for name in allowed_regions}
    parsed = _check(value, country)
    if isinstance(parsed, PhoneNumber) and allowed is not None and parsed.region not in allowed:
        parsed = _WRONG_COUNTRY
    if isinstance(parsed, PhoneNumber):
        return parsed
    code, message = parsed
    return Rejection(code=code, field="phone", message=message, value=shorten(value), row_number=row_number)


_Reason = tuple[RejectionCode, str]

_MISSING: _Reason = (RejectionCode.MISSING, "There is no phone number.")
_NOT_TEXT: _Reason = (
    RejectionCode.MALFORMED,
    "A phone number has to be text; as a plain number it loses its plus and its zeros.",
)
_TOO_LONG: _Reason = (RejectionCode.TOO_LONG, "The phone number has too many digits.")
_WRONG_COUNTRY: _Reason = (
    RejectionCode.WRONG_COUNTRY,
    "The number belongs to a country that this shop does not text to.",
)
_SPREADSHEET: _Reason = (
    RejectionCode.MALFORMED,
    "A spreadsheet has rounded this number; format the column as text and enter it again.",
)
_NEEDS_COUNTRY: _Reason = (
    RejectionCode.AMBIGUOUS,
    "The number does not say its country; write it with a plus and the country code.",
)
_SEVERAL: _Reason = (RejectionCode.AMBIGUOUS, "The cell holds more than one phone number; keep one in each row.")
_MIXED_DIGITS: _Reason = (RejectionCode.AMBIGUOUS, "The number mixes digits of several scripts; type it again.")
_MEXICAN: _Reason = (RejectionCode.MALFORMED, "Mexican numbers no longer have a 1 after +52; leave it out.")
_ZEROS: _Reason = (RejectionCode.MALFORMED, "The number begins with 00; write a plus in place of the zeros.")
_SHORT_CODE: _Reason = (RejectionCode.NOT_TEXTABLE, "This is a short service number, not a customer's phone.")
_SERVICE: _Reason = (
    RejectionCode.NOT_TEXTABLE,
    "This is a paid or international service number, not a customer's phone.",
)
_TOO_SHORT: _Reason = (RejectionCode.MALFORMED, "The number has too few digits; the area code may be missing.")
_UNKNOWN: _Reason = (RejectionCode.MALFORMED, "This is not a phone number; look for a typing error.")


def _check(value: object, country: str | None) -> PhoneNumber | _Reason:
    if not isinstance(value, str):
        is_nan = isinstance(value, float) and value != value
        return _MISSING if value is None or is_nan else _NOT_TEXT
    if len(value) > INPUT_MAX:
        return _TOO_LONG
    text = value.strip()
    if not text:
        return _MISSING
    return _suspect(text) or _ask(text, country)


def _suspect(text: str) -> _Reason | None:
    """Return why *text* may not be read as one number, however plausible the reading is."""
    if _EXPONENT.fullmatch(text) or _DECIMAL.fullmatch(text):
        return _SPREADSHEET  # 601234567.0 would gain a digit
    if len({ord(character) - unicodedata.decimal(character) for character in text if character.isdecimal()}) > 1:
        return _MIXED_DIGITS  # each script's digits begin at their own zero
    if sum(_digit_count(part) > SHORT_CODE_MAX for part in _SEPARATORS.split(text)) > 1:
        return _SEVERAL
    return None


def _ask(text: str, country: str | None) -> PhoneNumber | _Reason:
    import phonenumbers  # 0.2 s, paid by those who parse

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        return _explain_unparsed(text, country, error.error_type)
    if not phonenumbers.is_valid_number(number):
        return _explain_invalid(text, number)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    types = phonenumbers.PhoneNumberType
    if phonenumbers.number_type(number) in (types.PREMIUM_RATE, types.SHARED_COST) or _is_shared_code(number):
        return _SERVICE
    return PhoneNumber(e164=e164, extension=number.extension or "")


def _is_shared_code(number: "phonenumbers.PhoneNumber") -> bool:
    """Return whether the number belongs to no country: +800, +808, +870, +878 to +883, +888, +979."""
    import phonenumbers

    return bool(phonenumbers.region_code_for_country_code(number.country_code or 0) == INTERNATIONAL)


def _explain_unparsed(text: str, country: str | None, error_type: int) -> _Reason:
    from phonenumbers import NumberParseException

    if error_type == NumberParseException.TOO_LONG:
        return _TOO_LONG
    if error_type == NumberParseException.INVALID_COUNTRY_CODE and country is None and not text.startswith("+"):
        return _SHORT_CODE if _digit_count(text) <= SHORT_CODE_MAX else _NEEDS_COUNTRY
    return _UNKNOWN


def _explain_invalid(text: str, number: "phonenumbers.PhoneNumber") -> _Reason:
    import phonenumbers

    national = str(number.national_number)
    if number.country_code == 52 and national.startswith("1") and len(national) == 11:
        return _MEXICAN
    if text.startswith("00"):
        return _ZEROS
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible == phonenumbers.ValidationResult.TOO_LONG:
        return _TOO_LONG
    if not text.startswith("+") and _digit_count(text) <= SHORT_CODE_MAX:
        return _SHORT_CODE
    too_short = (phonenumbers.ValidationResult.TOO_SHORT, phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY)
    return _TOO_SHORT if possible in too_short else _UNKNOWN


def _digit_count(text: str) -> int:
    return sum(character.isdecimal() for character in text)


@lru_cache(maxsize=1_000)
def _country(region: str) -> str:
    """Return *region* as phonenumbers spells it.

    Raises:
        ValueError: it knows no such country.
    """
    from phonenumbers import SUPPORTED_REGIONS

    country = region.upper()
    if country not in SUPPORTED_REGIONS:
        raise ValueError(f"{region!r} is not a country code such as 'US'")
    return country


@lru_cache(maxsize=1_000)  # asked a few times in a row for the same number
def _traits(e164: str) -> tuple[str, bool]:
    """Return the region of *e164*, and whether its type is one that receives texts."""
    import phonenumbers

    number = phonenumbers.parse(e164)
    types = phonenumbers.PhoneNumberType
    is_mobile = phonenumbers.number_type(number) in (types.MOBILE, types.FIXED_LINE_OR_MOBILE)
    return phonenumbers.region_code_for_number(number) or "", is_mobile
