"""Values that a host supplies for one recipient, and how each is shown where no filter says otherwise. Pure.

A text is shown as it is, ``True`` as ``true``, a number with its digits, a day as ``2026-05-04``, a moment as
``2026-05-04 14:30:00+02:00`` in its own zone. Lists and mappings are for Liquid only; elsewhere they are shown as
nothing, as is whatever else a host may put there.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from campaignkit.message.content import one_line, whole_characters

__all__ = ["VALUE_CHARACTERS_MAX", "Values", "clean_text", "plain_value", "shown"]

VALUE_CHARACTERS_MAX = 10_000
NUMBER_BITS_MAX = 4_000  # Python writes no number of more than 4,300 digits

# Namespace → name → value for one recipient: str, int, Decimal, float, date, datetime, bool, None, a list or a mapping.
Values = Mapping[str, Mapping[str, object]]


def clean_text(text: str, single_line: bool = False) -> str:
    """Return what of *text* can be sent: ``VALUE_CHARACTERS_MAX`` of whole characters, no NUL."""
    text = str.__str__(text)  # a subclass may have its own mind about replacing and escaping
    if len(text) > VALUE_CHARACTERS_MAX or not text.isprintable():  # else there is nothing to mend
        text = whole_characters(text[:VALUE_CHARACTERS_MAX]).replace("\0", " ")
        if single_line:
            text = one_line(text)
    return text


def plain_value(value: object, single_line: bool = False) -> object:
    """Return *value* as a text, a number, a day, a moment or a truth; as an empty text if it is none of these."""
    if isinstance(value, str):
        return clean_text(value, single_line)
    if isinstance(value, int):
        return value if isinstance(value, bool) or value.bit_length() <= NUMBER_BITS_MAX else ""
    if isinstance(value, Decimal):
        return _without_exponent(value)
    return value if isinstance(value, float | date) else ""


def shown(value: object) -> str:
    """Return a plain value as it stands in a message.

    >>> shown(Decimal("12.50")), shown(True), shown(date(2026, 5, 4))
    ('12.50', 'true', '2026-05-04')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without_exponent(value: Decimal) -> Decimal:
    """Return *value* so that it is written with its digits: a hundred may be kept as 1E+2."""
    _, digits, exponent = value.as_tuple()
    is_written_short = isinstance(exponent, int) and 0 < exponent <= 20 and len(digits) <= 20
    return Decimal(f"{value:f}") if is_written_short else value
