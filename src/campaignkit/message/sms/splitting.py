"""A text split into the parts that travel: text in, octets and headers of each part out. Pure.

Source: 3GPP TS 23.040, 9.2.3.24.1 and 9.2.3.24.8 (joining by a number of 8 or of 16 bits).
"""

import zlib
from itertools import pairwise

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode
from campaignkit.message.sms.alphabet import (
    ESCAPE,
    ReferenceBits,
    SmsEncoding,
    encode_septets,
    pack_septets,
)
from campaignkit.message.sms.counting import Keep, check_keep, encoding_of, escaped_units, part_ends

__all__ = ["JOINED_PARTS_MAX", "TextPart", "part_reference", "split_text"]

JOINED_PARTS_MAX = 255  # one octet of the header counts them


@attrs.frozen(kw_only=True)
class TextPart:
    """One part of a text, as a gateway takes it."""

    number: int  # counts from 1
    total: int
    text: str = attrs.field(repr=lambda text: f"<{len(text)} characters>")
    encoding: SmsEncoding
    header: bytes  # with its own length in front; empty where the text is a single part
    octets: bytes = attrs.field(repr=lambda octets: f"<{len(octets)} bytes>")  # a septet in each, or UCS-2 big-endian

    @property
    def units(self) -> int:
        """Septets, or 16-bit units, without the header."""
        return len(self.octets) if self.encoding is SmsEncoding.GSM7 else len(self.octets) // 2

    @property
    def short_message(self) -> bytes:
        """What SMPP's field of that name holds; with a header, ``esm_class`` needs its bit 0x40."""
        return self.header + self.octets

    @property
    def user_data(self) -> bytes:
        """What travels on the air, septets packed; 140 octets at most."""
        if self.encoding is SmsEncoding.UCS2:
            return self.short_message
        return self.header + pack_septets(self.octets, after_octets=len(self.header))

    @property
    def user_data_length(self) -> int:
        """What stands before ``user_data`` on the air: septets with those of the header, or octets."""
        if self.encoding is SmsEncoding.UCS2:
            return len(self.short_message)
        return -(-8 * len(self.header) // 7) + len(self.octets)


def split_text(
    text: str, *, reference: int = 0, reference_bits: ReferenceBits = 8, keep: Keep = "code_point"
) -> tuple[TextPart, ...] | Rejection:
    """Return the parts of *text*, as many as ``count_parts`` says; a rejection where they are more than 255.

    Args:
        reference: By it a phone tells parts of two texts from one sender apart; ``part_reference`` makes one.
        reference_bits: As for ``count_parts``.
        keep: As for ``count_parts``.

    Raises:
        ValueError: *reference* does not fit into *reference_bits*, or these or *keep* are none that there is.

    >>> [len(part.text) for part in split_text("a" * 152 + "€" * 5, reference=7)]
    [152, 5]
    >>> split_text("ż" * 71, reference=7)[1].header.hex(" ")
    '05 00 03 07 02 02'
    """
    if not 0 <= reference < 1 << reference_bits:
        raise ValueError(f"a reference of {reference_bits} bits is 0 to {(1 << reference_bits) - 1}, not {reference}")
    check_keep(keep)
    encoding = encoding_of(text)
    ends = list(part_ends(text, encoding, reference_bits=reference_bits, keep=keep))
    if len(ends) > JOINED_PARTS_MAX:
        return _too_many(len(ends))
    units = escaped_units(text, encoding)
    return tuple(
        _part(
            units[start:end],
            encoding,
            number=number,
            total=len(ends),
            header=_header(reference, reference_bits, number=number, total=len(ends)),
        )
        for number, (start, end) in enumerate(pairwise([0, *ends]), start=1)
    )


def part_reference(message_id: str, *, reference_bits: ReferenceBits = 8) -> int:
    """Return the number that joins the parts of one message: the same on every retry, spread evenly over messages.

    >>> part_reference("r1.1"), part_reference("r1.1", reference_bits=16)
    (186, 12730)
    """
    return zlib.crc32(message_id.encode("utf-8", "surrogatepass")) % (1 << reference_bits)


def _part(units: str, encoding: SmsEncoding, *, number: int, total: int, header: bytes) -> TextPart:
    if encoding is SmsEncoding.GSM7:
        text = units.replace(ESCAPE, "")
        octets = encode_septets(text)
    else:
        octets = units.encode("utf-16-be", "surrogatepass")
        text = octets.decode("utf-16-be", "surrogatepass")
    return TextPart(number=number, total=total, text=text, encoding=encoding, header=header, octets=octets)


def _header(reference: int, reference_bits: ReferenceBits, *, number: int, total: int) -> bytes:
    """Return the header of one of several parts: its length, then an element with its own kind and length."""
    if total == 1:
        return b""
    kind = 0x00 if reference_bits == 8 else 0x08
    element = reference.to_bytes(reference_bits // 8, "big") + bytes((total, number))
    return bytes((len(element) + 2, kind, len(element))) + element


def _too_many(parts: int) -> Rejection:
    return Rejection(
        code=RejectionCode.TOO_LONG,
        field="text",
        message=f"the text takes {parts} parts, and a phone joins at most {JOINED_PARTS_MAX}",
    )
