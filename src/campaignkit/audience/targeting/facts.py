"""Facts of a contact by name, and how a text is read as what it is compared with. Pure.

A fact is text, as it came. It is read as the filter's value wants it: what does not read so is never a match, and
nothing is guessed: dates are ISO 8601, numbers have a point and no thousands.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache

from campaignkit.addresses.channel import Channel
from campaignkit.audience.columns import snake_case
from campaignkit.audience.consent import ConsentState, read_answer
from campaignkit.audience.contacts import Contact

__all__ = ["STANDARD", "plain", "read_moment", "read_number", "read_yes", "reader_of"]

STANDARD: Mapping[str, Callable[[Contact], str]] = {
    "contact_id": lambda contact: contact.contact_id,
    "name": lambda contact: contact.name,
    "first_name": lambda contact: contact.fields["first_name"],
    "email": lambda contact: contact.email.address if contact.email else "",
    "email_domain": lambda contact: contact.email.domain if contact.email else "",
    "phone": lambda contact: contact.phone.e164 if contact.phone else "",
    "phone_country": lambda contact: (contact.phone.region or "") if contact.phone else "",
    "zone": lambda contact: contact.zone or "",
    "consent_email": lambda contact: str(contact.consent.on(Channel.EMAIL)),
    "consent_sms": lambda contact: str(contact.consent.on(Channel.SMS)),
}

_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def reader_of(field: str) -> Callable[[Contact], str]:
    """Return what reads the fact named *field* of a contact; it gives "" where there is none or a blank one.

    The names of ``STANDARD`` come first, then a column by its own name, then a column by that name in snake case.
    """
    standard = STANDARD.get(field)
    if standard is not None:
        return lambda contact: standard(contact).strip()

    def read(contact: Contact) -> str:
        attributes = contact.attributes
        fact: object = attributes.get(field)
        if fact is None:
            fact = attributes.get(_columns(tuple(attributes)).get(field, field), "")
        # A host that makes contacts itself may have put a date or a number there, whatever the type says.
        return (fact if isinstance(fact, str) else _printed(fact)).strip()

    return read


def _printed(fact: object) -> str:
    return "" if fact is None else str(fact)


@lru_cache(maxsize=256)  # a list has one header; these are names of columns, nobody's data
def _columns(names: tuple[str, ...]) -> Mapping[str, str]:
    return {snake_case(name): name for name in reversed(names)}


def plain(text: str) -> str:
    """Return the form that texts are compared in."""
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    return " ".join(composed.casefold().split())


def read_number(text: str) -> Decimal | None:
    """Return the number that *text* spells; None for anything but digits, a sign and a point.

    >>> read_number(" 12.50 "), read_number("12,5"), read_number("1e3")
    (Decimal('12.50'), None, None)
    """
    stripped = text.strip()
    return Decimal(stripped) if _NUMBER.fullmatch(stripped) else None


def read_yes(text: str) -> bool | None:
    """Return whether *text* says yes or no in a language that lists of contacts are kept in; None if neither."""
    state = read_answer(text)
    return None if state in {None, ConsentState.UNKNOWN} else state is ConsentState.GRANTED


def read_moment(text: str, zone: tzinfo) -> datetime | date | None:
    """Return the day or instant that *text* spells in ISO 8601; a time without a zone is one of *zone*.

    >>> read_moment("2026-03-09", UTC), read_moment("9.3.2026", UTC)
    (datetime.date(2026, 3, 9), None)
    """
    stripped = text.strip()
    if len(stripped) > 40 or not _DATE.match(stripped):
        return None
    try:
        if len(stripped) == len("2026-03-09"):
            return date.fromisoformat(stripped)
        at = datetime.fromisoformat(stripped)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):  # a day that is in no calendar; an instant before the year 1 in UTC
        return None
