"""SMPP as bytes: values in, PDUs out; bytes from the wire in, values out. Pure. The one door to smpplib.

Source: SMPP Protocol Specification v3.4, sections 3 to 5. smpplib builds and reads PDUs; framing is ours, because its
own believes any length, and so are parts and headers of long texts.
"""

import struct
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import attrs
from smpplib import consts
from smpplib.command import Command, DeliverSM
from smpplib.smpp import make_pdu

from campaignkit.addresses.channel import mask

__all__ = [
    "BIND_COMMANDS",
    "BindAnswer",
    "Delivery",
    "Enquiry",
    "EnquiryAnswer",
    "Other",
    "Pdu",
    "PduReader",
    "Submit",
    "SubmitAnswer",
    "Unbind",
    "UnbindAnswer",
    "UnreadablePdu",
    "bind_pdu",
    "delivery_answer_pdu",
    "enquiry_answer_pdu",
    "enquiry_pdu",
    "nack_pdu",
    "submit_pdu",
    "unbind_answer_pdu",
    "unbind_pdu",
]

PDU_LENGTH_MAX = 70_000  # bytes; message_payload holds up to 64 KB
HEADER_LENGTH = 16
_RECEIPTED_ID, _NETWORK_ERROR, _MESSAGE_PAYLOAD, _MESSAGE_STATE = 0x001E, 0x0423, 0x0424, 0x0427
BIND_COMMANDS = {
    "transceiver": "bind_transceiver",
    "transmitter": "bind_transmitter",
    "receiver": "bind_receiver",
}


class UnreadablePdu(Exception):
    """What came is not SMPP; the connection is of no further use."""


@attrs.frozen(kw_only=True)
class Submit:
    """One part of a text to one number."""

    source: str
    source_ton: int
    source_npi: int
    destination: str = attrs.field(repr=mask)  # digits of an international number
    is_joined: bool  # *short_message* begins with a header
    data_coding: int
    short_message: bytes = attrs.field(repr=lambda octets: f"<{len(octets)} bytes>")
    wants_receipt: bool = True
    validity: str = ""


@attrs.frozen
class BindAnswer:
    sequence: int
    status: int


@attrs.frozen
class SubmitAnswer:
    """The answer to a submit, or a ``generic_nack`` of one."""

    sequence: int
    status: int
    provider_id: str = ""


@attrs.frozen(kw_only=True)
class Delivery:
    """A receipt, or a text that somebody sent to us."""

    sequence: int
    is_receipt: bool
    source: str = attrs.field(repr=mask)
    destination: str
    data_coding: int
    content: bytes = attrs.field(repr=lambda octets: f"<{len(octets)} bytes>")
    has_header: bool = False
    receipted_id: str = ""
    message_state: int | None = None
    network_error: bytes = b""


@attrs.frozen
class Enquiry:
    sequence: int


@attrs.frozen
class EnquiryAnswer:
    sequence: int


@attrs.frozen
class Unbind:
    sequence: int


@attrs.frozen
class UnbindAnswer:
    sequence: int


@attrs.frozen
class Other:
    """A PDU that we have no use for, or one whose body makes no sense."""

    sequence: int
    is_request: bool


Pdu = BindAnswer | SubmitAnswer | Delivery | Enquiry | EnquiryAnswer | Unbind | UnbindAnswer | Other


class PduReader:
    """Bytes in, whole PDUs out; keeps at most one PDU's worth of bytes."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, received: bytes) -> Iterator[Pdu]:
        """Yield the PDUs that *received* completes, in order.

        Raises:
            UnreadablePdu: what came next has an impossible length.
        """
        self._buffer += received
        while len(self._buffer) >= HEADER_LENGTH:
            (length,) = struct.unpack_from(">L", self._buffer)
            if not HEADER_LENGTH <= length <= PDU_LENGTH_MAX:
                raise UnreadablePdu(f"a PDU of {length} bytes")
            if len(self._buffer) < length:
                return
            whole, self._buffer = self._buffer[:length], self._buffer[length:]
            yield read_pdu(whole)


def read_pdu(whole: bytes) -> Pdu:
    """Return what a whole PDU says. Of one whose body makes no sense the header still counts."""
    _, command_id, status, sequence = struct.unpack_from(">LLLL", whole)
    match command_id:
        case 0x80000001 | 0x80000002 | 0x80000009:
            return BindAnswer(sequence, status)
        case 0x80000004:
            return SubmitAnswer(sequence, status, _provider_id(whole))
        case 0x80000000:
            # A nack without a status would read as acceptance.
            return SubmitAnswer(sequence, status or 0x08)
        case 0x00000005:
            return _delivery(whole, sequence)
        case 0x00000015:
            return Enquiry(sequence)
        case 0x80000015:
            return EnquiryAnswer(sequence)
        case 0x00000006:
            return Unbind(sequence)
        case 0x80000006:
            return UnbindAnswer(sequence)
        case _:
            return Other(sequence, is_request=not command_id & 0x80000000)


def bind_pdu(sequence: int, kind: str, *, system_id: str, password: str, system_type: str) -> bytes:
    """Return the PDU that logs in; *kind* is a key of ``BIND_COMMANDS``."""
    return _generate(BIND_COMMANDS[kind], sequence, system_id=system_id, password=password, system_type=system_type)


def submit_pdu(sequence: int, submit: Submit) -> bytes:
    """Return the PDU that hands one part over."""
    return _generate(
        "submit_sm",
        sequence,
        source_addr=submit.source,
        source_addr_ton=submit.source_ton,
        source_addr_npi=submit.source_npi,
        destination_addr=submit.destination,
        dest_addr_ton=consts.SMPP_TON_INTL,
        dest_addr_npi=consts.SMPP_NPI_ISDN,
        esm_class=consts.SMPP_GSMFEAT_UDHI if submit.is_joined else consts.SMPP_MSGMODE_DEFAULT,
        data_coding=submit.data_coding,
        short_message=submit.short_message,
        registered_delivery=int(submit.wants_receipt),
        validity_period=submit.validity,
    )


def delivery_answer_pdu(sequence: int, status: int) -> bytes:
    """Return the PDU that acknowledges a delivery, or asks for it again by a *status* other than 0."""
    return _generate("deliver_sm_resp", sequence, status=status, message_id="")


def enquiry_pdu(sequence: int) -> bytes:
    return _generate("enquire_link", sequence)


def enquiry_answer_pdu(sequence: int) -> bytes:
    return _generate("enquire_link_resp", sequence)


def unbind_pdu(sequence: int) -> bytes:
    return _generate("unbind", sequence)


def unbind_answer_pdu(sequence: int) -> bytes:
    return _generate("unbind_resp", sequence)


def nack_pdu(sequence: int) -> bytes:
    """Return the PDU that says that a command is unknown here."""
    return struct.pack(">LLLL", HEADER_LENGTH, 0x80000000, 0x03, sequence)


class _Delivery(DeliverSM):  # type: ignore[misc]
    """smpplib's, with its optional parameters as they come: its own reader logs or refuses those it does not know."""

    options: Mapping[int, bytes] = MappingProxyType({})  # by tag

    def parse_optional_params(self, octets: bytes) -> None:
        """Keep the parameters; what is cut off at the end is left out."""
        options, position = {}, 0
        while position + 4 <= len(octets):
            tag, length = struct.unpack_from(">HH", octets, position)
            options[tag] = octets[position + 4 : position + 4 + length]
            position += 4 + length
        self.options = options


def _generate(command: str, sequence: int, **fields: Any) -> bytes:
    pdu: Command = make_pdu(command, sequence=sequence, **fields)
    pdu.sequence = sequence
    if "status" in fields:
        pdu.status = fields["status"]
    generated: bytes = pdu.generate()
    return generated


def _provider_id(whole: bytes) -> str:
    """Return the id of a message that was taken; answers with errors may leave it out."""
    return whole[HEADER_LENGTH:].partition(b"\0")[0][:65].decode("ascii", "replace").strip()


def _delivery(whole: bytes, sequence: int) -> Pdu:
    found = _Delivery("deliver_sm", sequence=sequence)
    try:
        found.parse(whole)
    except (struct.error, ValueError, TypeError):  # smpplib's, of a body that is cut short
        return Other(sequence, is_request=True)
    esm_class, options = found.esm_class or 0, found.options
    return Delivery(
        sequence=sequence,
        # A receipt, or one that is not final yet; some SMSCs mark it by its parameter only.
        is_receipt=bool(esm_class & 0x24) or _RECEIPTED_ID in options,
        source=_text(found.source_addr),
        destination=_text(found.destination_addr),
        data_coding=found.data_coding or 0,
        content=found.short_message or options.get(_MESSAGE_PAYLOAD, b""),
        has_header=bool(esm_class & consts.SMPP_GSMFEAT_UDHI),
        receipted_id=_text(options.get(_RECEIPTED_ID)),
        message_state=next(iter(options.get(_MESSAGE_STATE, b"")), None),
        network_error=options.get(_NETWORK_ERROR, b""),
    )


def _text(octets: bytes | None) -> str:
    return (octets or b"").partition(b"\0")[0].decode("ascii", "replace")
