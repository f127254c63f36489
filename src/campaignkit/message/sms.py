"""Text messages: a text in, its billable parts and the characters that make it dearer out. Pure.

Sources: 3GPP TS 23.038 (the alphabet of 7 bits, its extension), TS 23.040 (a part gives 7 septets or 3 units away).
"""

import re
from collections.abc import Collection
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode
from campaignkit.message.content import RenderedText
from campaignkit.message.outbound import OutboundText

__all__ = ["TEXT_PARTS_MAX", "SmsEncoding", "SmsParts", "build_text", "check_sender_id", "check_text", "count_parts"]

TEXT_PARTS_MAX = 10  # the standard has room for 255, gateways stop at 6 to 10 and drop the rest
SENDER_ID_CHARACTERS_MAX = 11  # TS 23.040, 9.1.2.5: an alphanumeric sender has ten octets of septets

_PLAIN = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"  # an escape and a second septet each
_SENDER_NUMBER = re.compile(r"\+?[0-9]{3,15}")
_SENDER_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 ]*(?<! )")
_NOT_IN_GSM7 = re.compile(f"[^{re.escape(_PLAIN + _EXTENSION)}]")
_IN_EXTENSION = re.compile(f"[{re.escape(_EXTENSION)}]")


class SmsEncoding(StrEnum):
    """How the characters travel; one character outside GSM-7 turns the whole text into UCS-2."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


_CAPACITY = {SmsEncoding.GSM7: (160, 153), SmsEncoding.UCS2: (70, 67)}  # units of a single part, of one of several


@attrs.frozen(kw_only=True)
class SmsParts:
    """What a text costs to send."""

    encoding: SmsEncoding
    units: int  # septets of GSM-7, or 16-bit units of UCS-2
    parts: int  # billable, at least 1
    costly_characters: tuple[str, ...]  # those that force UCS-2, or else take two septets; unique, in order


def count_parts(text: str) -> SmsParts:
    """Return the billable parts of *text*.

    Neither the two septets of ``€`` nor the two units of an emoji are ever split, so a part may stay one unit short.
    Line ends count as they are: ``\\r\\n`` is two characters.

    >>> count_parts("Zażółć").encoding.value, count_parts("Zażółć").costly_characters
    ('ucs2', ('ż', 'ó', 'ł', 'ć'))
    >>> [count_parts("a" * length).parts for length in (160, 161, 306, 307)]
    [1, 2, 2, 3]
    """
    foreign = _NOT_IN_GSM7.findall(text)
    if foreign:
        encoded = text.encode("utf-16-be", "surrogatepass")
        units, parts = _count_ucs2(encoded)
        return _parts(SmsEncoding.UCS2, units, parts, foreign)
    escaped = _IN_EXTENSION.findall(text)
    units, parts = _count_gsm7(_IN_EXTENSION.sub("\x1b\\g<0>", text) if escaped else text)
    return _parts(SmsEncoding.GSM7, units, parts, escaped)


def build_text(rendered: RenderedText, *, message_id: str, sender: str, to: str) -> OutboundText:
    """Return the message for a transport, with its parts counted.

    Args:
        message_id: Ours, stable per recipient and generation.
        to: E.164.
    """
    text = rendered.text
    return OutboundText(message_id=message_id, sender=sender, to=to, text=text, parts=count_parts(text).parts)


def check_text(rendered: RenderedText, *, parts_max: int = TEXT_PARTS_MAX) -> Rejection | None:
    """Return why the text cannot be sent to its recipient: nothing is left of it, or it takes too many parts."""
    if not rendered.text.strip():
        return Rejection(code=RejectionCode.MISSING, field="text", message="the text is empty once it is filled in")
    parts = count_parts(rendered.text).parts
    if parts <= parts_max:
        return None
    return Rejection(
        code=RejectionCode.TOO_LONG,
        field="text",
        message=f"the text takes {parts} parts once it is filled in, at most {parts_max} are sent",
    )


def check_sender_id(sender: str, *, protected: Collection[str] = ()) -> Rejection | None:
    """Return why *sender* cannot stand as the sender of a text: a number, or up to 11 letters, digits and blanks.

    Args:
        protected: Names that nobody may take (banks, offices, other shops), in any case. There is no built-in list.

    >>> check_sender_id("Flora"), check_sender_id("+12125550143")
    (None, None)
    >>> check_sender_id("Flora Florist").message
    'a sender name has at most 11 characters'
    """
    if sender.casefold() in {name.casefold() for name in protected}:
        return _refused_sender(RejectionCode.MALFORMED, "this sender name is protected and cannot be used")
    if _SENDER_NUMBER.fullmatch(sender):
        return None
    if len(sender) > SENDER_ID_CHARACTERS_MAX:
        return _refused_sender(
            RejectionCode.TOO_LONG, f"a sender name has at most {SENDER_ID_CHARACTERS_MAX} characters"
        )
    if not _SENDER_NAME.fullmatch(sender):
        return _refused_sender(RejectionCode.MALFORMED, "a sender name is made of letters A to Z, digits and blanks")
    return None


def _refused_sender(code: RejectionCode, message: str) -> Rejection:
    return Rejection(code=code, field="sender", message=message)


def _parts(encoding: SmsEncoding, units: int, parts: int, costly: list[str]) -> SmsParts:
    return SmsParts(encoding=encoding, units=units, parts=parts, costly_characters=tuple(dict.fromkeys(costly)))


def _count_gsm7(escaped: str) -> tuple[int, int]:
    """Return septets and parts; in *escaped* each character of the extension stands behind its escape."""
    single, several = _CAPACITY[SmsEncoding.GSM7]
    if len(escaped) <= single:
        return len(escaped), 1
    parts, end = 0, 0
    while end < len(escaped):
        end += several
        if escaped[end - 1 : end] == "\x1b":
            end -= 1
        parts += 1
    return len(escaped), parts


def _count_ucs2(encoded: bytes) -> tuple[int, int]:
    """Return 16-bit units and parts of a text in UTF-16, big-endian."""
    single, several = _CAPACITY[SmsEncoding.UCS2]
    units = len(encoded) // 2
    if units <= single:
        return units, 1
    parts, end = 0, 0
    while end < units:
        end += several
        if end < units and _is_high(encoded, end - 1) and not _is_high(encoded, end):
            end -= 1
        parts += 1
    return units, parts


def _is_high(encoded: bytes, unit: int) -> bool:
    """Return whether the unit is the first of a surrogate pair."""
    return 0xD8 <= encoded[2 * unit] <= 0xDB
