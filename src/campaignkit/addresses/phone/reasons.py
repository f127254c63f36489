"""Why a text is no customer's phone: the suspicions before it is read, the reasons after. Pure."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import attrs

from campaignkit.addresses.channel import RejectionCode
from campaignkit.addresses.phone.library import Length, Reading, Unread, check_length
from campaignkit.addresses.phone.tables import plain_digits, split_code

__all__ = [
    "MISSING",
    "NOT_A_NUMBER",
    "NOT_TEXT",
    "SERVICE",
    "SHORT_CODE_MAX",
    "TOO_LONG",
    "WRONG_COUNTRY",
    "Exists",
    "Reason",
    "digit_count",
    "explain_invalid",
    "explain_unread",
    "suspect",
    "suspect_digits",
]

MEXICO = 52  # the calling code
GUESS_MIN, GUESS_MAX = 7, 15  # digits; outside of these a number lacks more than a zero or a plus
SHORT_CODE_MAX = 6  # digits; a subscriber's number without its area code has seven in North America

_DIGIT = re.compile(r"\d")
_EXPONENT = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d+")
_DECIMAL = re.compile(r"\d+[.,]0+")
_SEPARATORS = re.compile(r"[,;/|&\r\n]|(?=\+)|\s(?:or|and|lub|oder|ou|o|i|und|y|e)\s")

Exists = Callable[[str, str | None], bool]  # whether digits, read in a country, are a number that exists


@attrs.frozen
class Reason:
    """A rejection that does not know yet what it rejects."""

    code: RejectionCode
    message: str  # what is wrong
    hint: str = ""  # what to do, or what may be meant


_MISSING_PLUS = "It may lack only the plus in front of the country code."
_LOST_ZERO = "It may have lost the zero it began with; write it again with the zero."

MISSING = Reason(RejectionCode.MISSING, "There is no phone number.")
NOT_TEXT = Reason(
    RejectionCode.MALFORMED,
    "A phone number has to be text; as a plain number it loses its plus and its zeros.",
    "Format the column as text, and enter the number again.",
)
TOO_LONG = Reason(
    RejectionCode.TOO_LONG,
    "The phone number has too many digits.",
    "Look for a digit that was typed twice, or for two numbers in one cell.",
)
WRONG_COUNTRY = Reason(RejectionCode.WRONG_COUNTRY, "The number belongs to a country that this shop does not text to.")
SERVICE = Reason(
    RejectionCode.SERVICE_NUMBER,
    "This is a paid or international service number, not a customer's phone.",
    "Ask the customer for a number of their own.",
)
NOT_A_NUMBER = Reason(RejectionCode.MALFORMED, "This is not a phone number; look for a typing error.")

_SHORT_CODE = Reason(
    RejectionCode.SERVICE_NUMBER,
    "This is a short service number, not a customer's phone.",
    "If digits are missing, write the whole number with its area code.",
)
_SPREADSHEET = Reason(
    RejectionCode.MALFORMED,
    "A spreadsheet has rounded this number; some of its digits are lost.",
    "Format the column as text in the spreadsheet, and enter the number again.",
)
_DECIMALS = Reason(
    RejectionCode.MALFORMED,
    "A spreadsheet has added decimals to this number.",
    "Format the column as text in the spreadsheet; leave out the point and the zeros behind it.",
)
_NO_COUNTRY = Reason(
    RejectionCode.AMBIGUOUS,
    "The number does not say its country.",
    "Write it with a plus and the country code, or set the country of the shop.",
)
_NO_COUNTRY_NO_PLUS = attrs.evolve(_NO_COUNTRY, hint=_MISSING_PLUS)
_SEVERAL = Reason(
    RejectionCode.AMBIGUOUS,
    "The cell holds more than one phone number.",
    "Keep one number in each row.",
)
_MIXED_DIGITS = Reason(
    RejectionCode.AMBIGUOUS,
    "The number mixes digits of several scripts.",
    "Type it again with the digits 0 to 9.",
)
_MEXICAN = Reason(
    RejectionCode.MALFORMED,
    "Mexican numbers no longer have a 1 after +52.",
    "Leave out the 1 after +52.",
)
_ZEROS = Reason(
    RejectionCode.MALFORMED,
    "The number begins with 00, which is not dialled here.",
    "Write a plus in place of the zeros.",
)
_TOO_SHORT = Reason(RejectionCode.MALFORMED, "The number has too few digits.", "The area code may be missing.")


def suspect(text: str) -> Reason | None:
    """Return why *text* may not be read as one number, however plausible the reading is."""
    if _EXPONENT.fullmatch(text):
        return _SPREADSHEET
    if _DECIMAL.fullmatch(text):
        return _DECIMALS  # 601234567.0 would gain a digit
    if not text.isascii() and _script_count(text) > 1:
        return _MIXED_DIGITS
    return _SEVERAL if _holds_several(text) else None


def suspect_digits(text: str) -> Reason | None:
    """Return the same for a text of nothing but what ``plain_digits`` passes over: fewer things can be the matter."""
    if "." in text and _DECIMAL.fullmatch(text):
        return _DECIMALS
    return _SEVERAL if "/" in text and _holds_several(text) else None


def explain_unread(text: str, country: str | None, cause: Unread, exists: Exists) -> Reason:
    """Return why *text* could not be read at all."""
    if cause is Unread.TOO_LONG:
        return TOO_LONG
    if cause is Unread.INVALID_COUNTRY_CODE and country is None and not text.startswith("+"):
        if digit_count(text) <= SHORT_CODE_MAX:
            return _SHORT_CODE
        digits = plain_digits(text)
        return _NO_COUNTRY_NO_PLUS if digits is not None and exists(f"+{digits}", None) else _NO_COUNTRY
    return NOT_A_NUMBER


def explain_invalid(text: str, country: str | None, reading: Reading, exists: Exists) -> Reason:
    """Return why the number that *text* was read as does not exist."""
    if reading.calling_code == MEXICO and reading.national.startswith("1") and len(reading.national) == 11:
        return _MEXICAN
    if text.startswith("00"):
        return _ZEROS
    by_length = _explain_length(reading.calling_code, len(reading.national))
    if not text.startswith("+") and by_length is not TOO_LONG and digit_count(text) <= SHORT_CODE_MAX:
        return _SHORT_CODE
    hint = _guess(text, country, by_length, exists)
    return attrs.evolve(by_length, hint=hint) if hint else by_length


def digit_count(text: str) -> int:
    """Return how many digits of any script *text* holds."""
    return len(_DIGIT.findall(text))


def _holds_several(text: str) -> bool:
    if digit_count(text) <= 2 * SHORT_CODE_MAX:
        return False
    return sum(digit_count(part) > SHORT_CODE_MAX for part in _SEPARATORS.split(text)) > 1


def _guess(text: str, country: str | None, by_length: Reason, exists: Exists) -> str:
    """Return what the number may have lost on its way through a spreadsheet."""
    digits = plain_digits(text)
    if country is None or digits is None or digits[0] in "+0" or not GUESS_MIN <= len(digits) <= GUESS_MAX:
        return ""
    if by_length is TOO_LONG:
        return _MISSING_PLUS if _lacks_plus(digits, exists) else ""
    return _LOST_ZERO if exists(f"0{digits}", country) else ""


def _lacks_plus(digits: str, exists: Exists) -> bool:
    """Return whether *digits* with a plus are a number; the length tells most of them at once."""
    found = split_code(digits)
    return found is not None and _explain_length(found[0], len(found[1])) is NOT_A_NUMBER and exists(f"+{digits}", None)


@lru_cache(maxsize=5_000)  # there are some 220 calling codes and 17 lengths
def _explain_length(calling_code: int, national_length: int) -> Reason:
    match check_length(calling_code, national_length):
        case Length.TOO_LONG:
            return TOO_LONG
        case Length.TOO_SHORT | Length.LOCAL_ONLY:
            return _TOO_SHORT
        case _:
            return NOT_A_NUMBER


def _script_count(text: str) -> int:
    """Return of how many scripts the digits are: those of each begin at their own zero."""
    return len({ord(one) - unicodedata.decimal(one) for one in text if one.isdecimal()})
