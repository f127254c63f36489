"""What is known of a number in E.164: from the tables once they are worth building, else from phonenumbers. Pure."""

from functools import lru_cache

import attrs

from campaignkit.addresses.phone import library, tables
from campaignkit.addresses.phone.library import INVALID, Unread, Verdict

__all__ = ["Known", "find", "find_by_library", "find_by_tables"]


@attrs.frozen
class Known:
    """A number and the verdict on it; 0 and "" where there was nothing to read."""

    calling_code: int
    digits: str = attrs.field(repr=False)  # of the whole number, without the plus
    verdict: Verdict


_NOTHING = Known(0, "", INVALID)


def find(e164: str) -> Known:
    """Return what is known of *e164*, the verdict INVALID for whatever is no number.

    >>> find("+48601234567").verdict
    Verdict(kind=<Kind.MOBILE: 1>, region='PL')
    """
    known = find_by_tables(e164) if tables.are_wanted() else None
    return find_by_library(e164) if known is None else known


@lru_cache(maxsize=1_000)  # asked a few times in a row for the same number, before there are tables
def find_by_library(e164: str) -> Known:
    """Return the same, as phonenumbers says it."""
    reading = library.read(e164, None)
    if isinstance(reading, Unread):
        return _NOTHING
    return Known(reading.calling_code, reading.e164[1:], library.judge(reading.calling_code, reading.national))


def find_by_tables(e164: str) -> Known | None:
    """Return the same without phonenumbers, or None where the tables do not decide it."""
    digits = tables.plain_digits(e164)
    reading = None if digits is None else tables.read(digits, None)
    if reading is None:
        return None
    if isinstance(reading, Unread):
        return _NOTHING
    code, national = reading
    return Known(code.number, code.digits + national, code.plan.judge(national))
