"""The alphabet of text messages: characters in, septets and 16-bit units out, and back. Pure.

Sources: 3GPP TS 23.038, 6.2.1 (the alphabet of 7 bits and its extension) and 6.1.2.1 (packing); TS 23.040, 9.2.3.24
(the header of a part). National tables are left out: a gateway must be asked for them, and phones show other letters if
it was not.
"""

import re
from enum import StrEnum
from typing import Literal

__all__ = [
    "ESCAPE",
    "EXTENSION",
    "PLAIN",
    "ReferenceBits",
    "SmsEncoding",
    "capacities",
    "decode_septets",
    "double_count",
    "encode_septets",
    "foreign_characters",
    "is_gsm7",
    "pack_septets",
]

ReferenceBits = Literal[8, 16]

ESCAPE = "\x1b"
# Sixteen to a row as the standard prints them; the place of a character is its septet.
_TABLE = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
_EXTENSION_SEPTETS = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
PLAIN = _TABLE.replace(ESCAPE, "")  # a septet each
EXTENSION = "".join(_EXTENSION_SEPTETS)  # an escape and a second septet each

_PLAIN_ASCII = bytes(ord(character) for character in PLAIN if character.isascii())
_GSM7_ASCII = _PLAIN_ASCII + bytes(ord(character) for character in EXTENSION if character.isascii())
_NOT_IN_GSM7 = re.compile(f"[^{re.escape(PLAIN + EXTENSION)}]")
_TO_SEPTETS = {ord(character): septet for septet, character in enumerate(_TABLE) if character != ESCAPE} | {
    ord(character): ESCAPE + chr(septet) for character, septet in _EXTENSION_SEPTETS.items()
}
_FROM_SEPTETS = dict(enumerate(_TABLE))
_FROM_ESCAPED = {chr(septet): character for character, septet in _EXTENSION_SEPTETS.items()}
_ESCAPED = re.compile("\x1b(.?)", re.DOTALL)


class SmsEncoding(StrEnum):
    """How the characters travel; one character outside GSM-7 turns the whole text into UCS-2."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


def capacities(encoding: SmsEncoding, reference_bits: ReferenceBits) -> tuple[int, int]:
    """Return the septets or 16-bit units of a text's only part, and of each of several.

    A part carries 140 octets, and the header of one of several takes 6 or 7 of them.

    Raises:
        ValueError: *reference_bits* is neither 8 nor 16.

    >>> capacities(SmsEncoding.GSM7, 8), capacities(SmsEncoding.UCS2, 16)
    ((160, 153), (70, 66))
    """
    if reference_bits not in (8, 16):
        raise ValueError(f"a reference has 8 or 16 bits, not {reference_bits}")
    if encoding is SmsEncoding.GSM7:
        return 160, 153 if reference_bits == 8 else 152
    return 70, 67 if reference_bits == 8 else 66


def foreign_characters(text: str) -> list[str]:
    """Return the characters of *text* that are neither in the alphabet nor in its extension, as often as they occur.

    >>> foreign_characters("łódź")
    ['ł', 'ó', 'ź']
    """
    return _NOT_IN_GSM7.findall(text)


def is_gsm7(text: str) -> bool:
    """Return whether every character of *text* is in the alphabet or its extension.

    >>> is_gsm7("5 € [é]"), is_gsm7("garçon")
    (True, False)
    """
    if text.isascii():
        return not text.encode("ascii").translate(None, _GSM7_ASCII)
    return _NOT_IN_GSM7.search(text) is None


def double_count(text: str) -> int:
    """Return how many characters of *text*, which is GSM-7, take two septets.

    >>> double_count("[5 €]")
    3
    """
    if text.isascii():
        return len(text.encode("ascii").translate(None, _PLAIN_ASCII))
    return sum(text.count(character) for character in EXTENSION if character in text)


def encode_septets(text: str) -> bytes:
    """Return *text* with one septet in each octet, the form that SMPP gateways take.

    Raises:
        ValueError: a character is not in the alphabet.

    >>> encode_septets("@€").hex(" ")
    '00 1b 65'
    """
    if not is_gsm7(text):
        raise ValueError("the text holds a character that is not in GSM-7")
    return text.translate(_TO_SEPTETS).encode("ascii")


def decode_septets(septets: bytes) -> str:
    """Return the text of *septets*, one in each octet.

    As the standard has it, an escape before a septet that the extension does not know shows that septet's own
    character, and an escape at the end shows a blank.

    Raises:
        ValueError: an octet is no septet, for it is above 0x7F.

    >>> decode_septets(b"\\x00\\x1b\\x65\\x1bA")
    '@€A'
    """
    found, end = [], 0
    text = septets.decode("ascii")
    for escaped in _ESCAPED.finditer(text):
        found += [text[end : escaped.start()].translate(_FROM_SEPTETS), _shown(escaped[1])]
        end = escaped.end()
    return "".join(found) + text[end:].translate(_FROM_SEPTETS)


def _shown(second: str) -> str:
    """Return what an escape with *second* behind it shows."""
    if second in ("", ESCAPE):
        return " "
    return _FROM_ESCAPED.get(second, second.translate(_FROM_SEPTETS))


def pack_septets(septets: bytes, *, after_octets: int = 0) -> bytes:
    """Return *septets* as they travel on the air, eight in seven octets.

    Args:
        after_octets: How long the header before them is; they begin at the next whole septet behind it.

    >>> pack_septets(encode_septets("hellohello")).hex()
    'e8329bfd4697d9ec37'
    """
    filled = -8 * after_octets % 7
    bits = 0
    for place, septet in enumerate(septets):
        bits |= septet << (7 * place + filled)
    return bits.to_bytes((7 * len(septets) + filled + 7) // 8, "little")
