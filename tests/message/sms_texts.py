"""Texts at the edges of parts, counted by hand, and the standard read slowly: one character, one bit at a time.

What is here was written from 3GPP TS 23.038 and TS 23.040, not from campaignkit, and shares nothing with it.
"""

from random import Random
from typing import NamedTuple

# 3GPP TS 23.038, 6.2.1, sixteen to a row; 0x1B is the escape to the extension.
TABLE = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {10: "\f", 20: "^", 40: "{", 41: "}", 47: "\\", 60: "[", 61: "~", 62: "]", 64: "|", 101: "€"}
DOUBLE = set(EXTENSION.values())

FAMILY = "👨\u200d👩\u200d👧\u200d👦"  # seven code points, eleven units, one character to who reads it


class Edge(NamedTuple):
    """One text counted by hand."""

    number: int  # of the bad input; 0: none of them
    name: str
    text: str
    encoding: str
    units: int
    parts: int
    parts_16: int  # with a reference of 16 bits
    parts_whole: int  # with what a reader takes for a character kept whole


EDGES = (
    Edge(0, "nothing", "", "gsm7", 0, 1, 1, 1),
    Edge(0, "160", "a" * 160, "gsm7", 160, 1, 1, 1),
    Edge(0, "161", "a" * 161, "gsm7", 161, 2, 2, 2),
    Edge(0, "304, two of 152", "a" * 304, "gsm7", 304, 2, 2, 2),
    Edge(0, "305", "a" * 305, "gsm7", 305, 2, 3, 2),
    Edge(0, "306, two of 153", "a" * 306, "gsm7", 306, 2, 3, 2),
    Edge(0, "307", "a" * 307, "gsm7", 307, 3, 3, 3),
    Edge(0, "line ends of two characters", "\r\n" * 80, "gsm7", 160, 1, 1, 1),
    Edge(0, "81 of them; 153 is odd, so a whole one leaves a septet", "\r\n" * 81, "gsm7", 162, 2, 2, 2),
    Edge(0, "153 of them", "\r\n" * 153, "gsm7", 306, 2, 3, 3),
    Edge(50, "emoji, 69 and 70", "ж" * 68 + "😀", "ucs2", 70, 1, 1, 1),
    Edge(50, "emoji, 70 and 71", "ж" * 69 + "😀", "ucs2", 71, 2, 2, 2),
    Edge(50, "emoji, 133 and 134", "ж" * 132 + "😀", "ucs2", 134, 2, 3, 2),
    Edge(50, "emoji, 134 and 135", "ж" * 133 + "😀", "ucs2", 135, 3, 3, 3),
    Edge(51, "€, 159 and 160", "a" * 158 + "€", "gsm7", 160, 1, 1, 1),
    Edge(51, "€, 160 and 161", "a" * 159 + "€", "gsm7", 161, 2, 2, 2),
    Edge(51, "€, 152 and 153, two full parts", "a" * 151 + "€" + "a" * 153, "gsm7", 306, 2, 3, 2),
    Edge(51, "€, 153 and 154, moves on, 305", "a" * 152 + "€" + "a" * 151, "gsm7", 305, 2, 3, 2),
    Edge(51, "€, 153 and 154, moves on, 306", "a" * 152 + "€" + "a" * 152, "gsm7", 306, 3, 3, 3),
    Edge(51, "€, 152 and 153, at the edge of 152", "a" * 151 + "€" + "a" * 151, "gsm7", 304, 2, 3, 2),
    Edge(52, "escape pairs only, single", "€" * 80, "gsm7", 160, 1, 1, 1),
    Edge(52, "escape pairs only, 76 to a part", "€" * 152, "gsm7", 304, 2, 2, 2),
    Edge(52, "escape pairs only, one more", "€" * 153, "gsm7", 306, 3, 3, 3),
    Edge(52, "a pair at every edge", ("a" * 152 + "€") * 3, "gsm7", 462, 4, 4, 4),
    Edge(52, "a surrogate pair moves on, 134", "ж" * 66 + "😀" + "ж" * 66, "ucs2", 134, 3, 3, 3),
    Edge(52, "a surrogate pair moves on, 133", "ж" * 66 + "😀" + "ж" * 65, "ucs2", 133, 2, 3, 2),
    Edge(52, "a surrogate pair fits", "ж" * 65 + "😀" + "ж" * 67, "ucs2", 134, 2, 3, 2),
    Edge(52, "surrogate pairs only, single", "😀" * 35, "ucs2", 70, 1, 1, 1),
    Edge(52, "surrogate pairs only, 33 to a part", "😀" * 66, "ucs2", 132, 2, 2, 2),
    Edge(52, "surrogate pairs only, one more", "😀" * 67, "ucs2", 134, 3, 3, 3),
    Edge(52, "a family that fits", "ж" * 56 + FAMILY + "ж" * 67, "ucs2", 134, 2, 3, 2),
    Edge(52, "a family at the edge", "ж" * 58 + FAMILY + "ж" * 65, "ucs2", 134, 2, 3, 3),
    Edge(52, "a pair of a family at the edge", "ж" * 57 + FAMILY + "ж" * 66, "ucs2", 134, 3, 3, 3),
    Edge(52, "families only, six to a part", FAMILY * 12, "ucs2", 132, 2, 2, 2),
    Edge(52, "families only, one more", FAMILY * 13, "ucs2", 143, 3, 3, 3),
    Edge(52, "a flag at the edge", "ж" * 65 + "🇵🇱" + "ж" * 65, "ucs2", 134, 2, 3, 3),
    Edge(52, "an accent at the edge", "ж" * 66 + "е\u0308" + "ж" * 66, "ucs2", 134, 2, 3, 3),
    Edge(52, "one character longer than a part", "ж" + "е" + "\u0301" * 80, "ucs2", 82, 2, 2, 3),
    Edge(0, "an escape is no character", "a" * 69 + "\x1b", "ucs2", 70, 1, 1, 1),
    Edge(0, "an escape is no pair", "a" * 66 + "\x1b" + "a" * 67, "ucs2", 134, 2, 3, 2),
)


def count_slowly(text: str, *, reference_bits: int = 8) -> tuple[str, int, int]:
    """Return encoding, units and parts by filling part after part, one character at a time."""
    if all(character in TABLE or character in DOUBLE for character in text) and "\x1b" not in text:
        encoding, single, several = "gsm7", 160, (1120 - 8 * (5 + reference_bits // 8)) // 7
        widths = [2 if character in DOUBLE else 1 for character in text]
    else:
        encoding, single, several = "ucs2", 70, (1120 - 8 * (5 + reference_bits // 8)) // 16
        widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    units = sum(widths)
    if units <= single:
        return encoding, units, 1
    parts, room = 1, several
    for width in widths:
        if width > room:
            parts, room = parts + 1, several
        room -= width
    return encoding, units, parts


def read_septets(septets: list[int]) -> str:
    """Return the text of *septets*, as a phone shows it."""
    text, is_escaped = "", False
    for septet in septets:
        if is_escaped:
            text, is_escaped = text + EXTENSION.get(septet, TABLE[septet]), False
        elif TABLE[septet] == "\x1b":
            is_escaped = True
        else:
            text += TABLE[septet]
    assert not is_escaped, "a part ends within a pair"
    return text


def receive(user_data: bytes, length: int, encoding: str) -> tuple[dict[int, bytes], str]:
    """Return the elements of the header, by their kinds, and the text of what came by air.

    Args:
        length: What the message says of itself: septets, or octets.
    """
    assert len(user_data) <= 140
    header_length = user_data[0] + 1
    elements, place = {}, 1
    while place < header_length:
        kind, size = user_data[place], user_data[place + 1]
        elements[kind] = user_data[place + 2 : place + 2 + size]
        place += 2 + size
    assert place == header_length
    if encoding == "ucs2":
        assert length == len(user_data)
        return elements, user_data[header_length:].decode("utf-16-be")
    septets = unpack(user_data)
    assert length <= len(septets)
    first = -(-header_length * 8 // 7)  # the header ends with blank bits, so that the text begins at a septet
    return elements, read_septets(septets[first:length])


def unpack(octets: bytes) -> list[int]:
    """Return the septets in packed *octets*: the bits of each octet, the lowest first, in sevens."""
    bits = "".join(f"{octet:08b}"[::-1] for octet in octets)
    return [int(bits[place : place + 7][::-1], 2) for place in range(0, len(bits) - 6, 7)]


_PLENTY = (
    "a",
    "Z",
    " ",
    "@",
    "é",
    "ü",
    "€",
    "[",
    "\n",
    "ж",
    "ł",
    "ş",
    "”",
    "…",
    "😀",
    "👩🏽",
    FAMILY,
    "\r\n",
    "\u00a0",
)
_LENGTHS = (1, 2, 3, 5, 8, 20, 33, 64, 65, 66, 67, 68, 69, 70, 76, 134, 150, 151, 152, 153, 154, 158, 159, 160)


def make_text(source: Random) -> str:
    """Return a text with runs of a length that lies near an edge; two of three without a character outside GSM-7."""
    letters = _PLENTY[: 9 if source.random() < 0.66 else None]
    runs = [source.choice(letters) * source.choice(_LENGTHS) for _ in range(source.randrange(1, 6))]
    return "".join(runs)
