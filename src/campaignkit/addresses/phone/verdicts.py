"""What is known of a number in E.164: from the tables once they are worth building, else from phonenumbers. Pure."""

from functools import lru_cache

from campaignkit.addresses.phone import library, tables
from campaignkit.addresses.phone.library import INVALID, Unread, Verdict

__all__ = ["find", "find_by_library", "find_by_tables"]

_Known = tuple[str, Verdict]  # all digits of the number, without the plus; and what there is to say of it


def find(e164: str) -> _Known:
    """Return the digits of *e164* and the verdict on it, INVALID for whatever is no number.

    >>> digits, verdict = find("+48601234567")
    >>> digits, verdict.kind, verdict.region
    ('48601234567', <Kind.MOBILE: 1>, 'PL')
    """
    known = find_by_tables(e164) if tables.are_wanted() else None
    return find_by_library(e164) if known is None else known


@lru_cache(maxsize=8)  # region, kind and zones are asked in a row; no more numbers are kept than that takes
def find_by_library(e164: str) -> _Known:
    """Return the same, as phonenumbers says it."""
    reading = library.read(e164, None)
    if isinstance(reading, Unread):
        return "", INVALID
    return reading.e164[1:], library.judge(reading.calling_code, reading.national)


def find_by_tables(e164: str) -> _Known | None:
    """Return the same without phonenumbers, or None where the tables do not decide it."""
    verdict = tables.judge(e164) if tables.is_canonical(e164) else None
    return None if verdict is None else (e164[1:], verdict)
