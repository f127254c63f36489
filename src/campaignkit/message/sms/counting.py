"""What a text costs: its billable parts, and the characters that make it dearer. Pure.

Source: 3GPP TS 23.040 (a part of a long text gives 6 or 7 of its 140 octets to its header).

Texts of ASCII are counted by ``bytes.translate``, all others by a regular expression; tests hold both against a count
that goes character by character.
"""

import re
from collections.abc import Iterator, Set
from itertools import accumulate
from typing import Literal

import attrs

from campaignkit.message.sms.alphabet import (
    ESCAPE,
    EXTENSION,
    ReferenceBits,
    SmsEncoding,
    capacities,
    double_count,
    foreign_characters,
    is_gsm7,
)
from campaignkit.message.sms.clusters import cluster_ends

__all__ = [
    "Keep",
    "SmsParts",
    "check_keep",
    "count_parts",
    "count_units",
    "encoding_of",
    "escaped_units",
    "full_parts",
    "part_count",
    "part_ends",
]

Keep = Literal["code_point", "grapheme"]

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")  # two 16-bit units each


@attrs.frozen(kw_only=True)
class SmsParts:
    """What a text costs to send."""

    encoding: SmsEncoding
    units: int  # septets of GSM-7, or 16-bit units of UCS-2
    parts: int  # billable, at least 1
    costly_characters: tuple[str, ...]  # those that force UCS-2, or else take two septets; unique, in order


def count_parts(text: str, *, reference_bits: ReferenceBits = 8, keep: Keep = "code_point") -> SmsParts:
    """Return the billable parts of *text*.

    Neither the two septets of ``€`` nor the two units of an emoji are ever split, so a part may stay one unit short.
    Line ends count as they are: ``\\r\\n`` is two characters.

    Args:
        reference_bits: How long the number is by which a phone joins the parts. Most gateways take 8; 16 cost a septet
            of each part.
        keep: ``"grapheme"`` keeps together what a reader takes for one character, a family of emoji or a letter with
            its accents, as some gateways do. What is longer than a part is cut all the same.

    Raises:
        ValueError: *reference_bits* or *keep* is none of these.

    >>> count_parts("Zażółć").encoding.value, count_parts("Zażółć").costly_characters
    ('ucs2', ('ż', 'ó', 'ł', 'ć'))
    >>> [count_parts("a" * length).parts for length in (160, 161, 306, 307)]
    [1, 2, 2, 3]
    """
    check_keep(keep)
    encoding = encoding_of(text)
    units, parts = _units_and_parts(text, encoding, reference_bits, keep)
    costly = _costly_characters(text, encoding, units)
    return SmsParts(encoding=encoding, units=units, parts=parts, costly_characters=costly)


def check_keep(keep: str) -> None:
    """Return if *keep* is a policy.

    Raises:
        ValueError: it is none.
    """
    if keep not in ("code_point", "grapheme"):
        raise ValueError(f'keep is "code_point" or "grapheme", not {keep!r}')


def part_count(text: str) -> int:
    """Return ``count_parts(text).parts``, for where nothing else is asked.

    >>> part_count("a" * 161)
    2
    """
    return _units_and_parts(text, encoding_of(text), 8, "code_point")[1]


def encoding_of(text: str) -> SmsEncoding:
    """Return how *text* travels."""
    return SmsEncoding.GSM7 if is_gsm7(text) else SmsEncoding.UCS2


def _units_and_parts(text: str, encoding: SmsEncoding, reference_bits: ReferenceBits, keep: Keep) -> tuple[int, int]:
    """Return the units of *text*, and its parts."""
    units, pairs = count_units(text, encoding)
    single, several = capacities(encoding, reference_bits)
    if units <= single:
        return units, 1
    parts = full_parts(units, pairs, several) if keep == "code_point" else None
    return units, parts or sum(1 for _ in part_ends(text, encoding, reference_bits=reference_bits, keep=keep))


def _costly_characters(text: str, encoding: SmsEncoding, units: int) -> tuple[str, ...]:
    """Return what forces UCS-2, or else takes two septets; unique, in order."""
    if encoding is SmsEncoding.UCS2:
        return tuple(dict.fromkeys(foreign_characters(text)))
    if units == len(text):
        return ()
    return tuple(sorted((character for character in EXTENSION if character in text), key=text.index))


def count_units(text: str, encoding: SmsEncoding) -> tuple[int, int]:
    """Return the units of *text*, and at most how many pairs of them must stay together.

    >>> count_units("5 €", SmsEncoding.GSM7), count_units("ж😀", SmsEncoding.UCS2)
    ((4, 1), (3, 1))
    """
    if encoding is SmsEncoding.GSM7:
        pairs = double_count(text)
        return len(text) + pairs, pairs
    try:
        units = len(text.encode("utf-16-be")) // 2
    except UnicodeEncodeError:  # half an emoji, and its other half may stand beside it
        units = len(text.encode("utf-16-be", "surrogatepass")) // 2
        return units, units
    return units, units - len(text)


def full_parts(units: int, pairs: int, several: int) -> int | None:
    """Return how many parts *units* fill if no pair between two parts can make them more; None if one can.

    A part is at most one unit short, and only where a pair would be split.
    """
    parts = -(-units // several)
    return parts if units + min(pairs, parts - 1) <= parts * several else None


def part_ends(text: str, encoding: SmsEncoding, *, reference_bits: ReferenceBits, keep: Keep) -> Iterator[int]:
    """Yield where each part of *text* ends, in septets or 16-bit units."""
    single, several = capacities(encoding, reference_bits)
    units = escaped_units(text, encoding)
    if len(units) <= single:
        yield len(units)
        return
    may_end_at = _cluster_ends(text, encoding) if keep == "grapheme" else frozenset()
    end = 0
    while end < len(units):
        end = _end_of_part(units, encoding, start=end, most=several, may_end_at=may_end_at)
        yield end


def escaped_units(text: str, encoding: SmsEncoding) -> str:
    """Return *text* with one character for each septet or 16-bit unit.

    An escape stands before each character of the extension; an emoji is there as its two surrogates.
    """
    if encoding is SmsEncoding.GSM7:
        for character in EXTENSION:
            text = text.replace(character, ESCAPE + character)
        return text
    for character in set(_ASTRAL.findall(text)):
        text = text.replace(character, _surrogates(character))
    return text


def _surrogates(character: str) -> str:
    high, low = divmod(ord(character) - 0x10000, 0x400)
    return chr(0xD800 + high) + chr(0xDC00 + low)


def _cluster_ends(text: str, encoding: SmsEncoding) -> Set[int]:
    """Return where the clusters of *text* end, in units."""
    unit_ends = list(accumulate(len(escaped_units(character, encoding)) for character in text))
    return {unit_ends[end - 1] for end in cluster_ends(text)}


def _end_of_part(units: str, encoding: SmsEncoding, *, start: int, most: int, may_end_at: Set[int]) -> int:
    """Return where the part that begins at *start* ends; it is as long as may be.

    A cluster that no part can hold begins a part of its own and is then cut like anything else.
    """
    end = start + most
    if end >= len(units):
        return len(units)
    for place in range(end, start, -1) if may_end_at else ():
        if place in may_end_at:
            return place
    return end - 1 if _is_inside_pair(units, encoding, end) else end


def _is_inside_pair(units: str, encoding: SmsEncoding, place: int) -> bool:
    """Return whether an escape and what it escapes, or two surrogates, stand around *place*."""
    before, behind = units[place - 1], units[place]
    if encoding is SmsEncoding.GSM7:
        return before == ESCAPE
    return "\ud800" <= before <= "\udbff" and "\udc00" <= behind <= "\udfff"
