"""What became of a text: a provider's receipt in, one vocabulary out. Pure.

Sources: Kannel 1.4.5 User's Guide (delivery reports), SMPP Protocol Specification v3.4 (5.2.28 message states,
5.3.2 optional parameters, appendix B receipt text), 3GPP TS 29.002 (network error 1: unknown subscriber).
Receipts come early, late, repeated and out of order; ``feedback`` says what they come to.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import parse_qsl

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode, mask, shorten
from campaignkit.delivery.http_replies import printable_reply

__all__ = [
    "IdForm",
    "InboundText",
    "ReceiptStatus",
    "SmsReceipt",
    "canonical_id",
    "join_part_ids",
    "message_status",
    "part_ids",
    "read_kannel_receipt",
    "read_smpp_receipt",
    "refused_webhook",
    "sign_receipt_id",
    "single_fields",
]

QUERY_LENGTH_MAX = 8192  # characters of a callback's query
FIELD_COUNT_MAX = 100
ID_LENGTH_MAX = 200


class ReceiptStatus(StrEnum):
    """What a receipt says about a text. ``delivered`` and ``undelivered`` are final."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    IN_TRANSIT = "in_transit"
    UNKNOWN = "unknown"  # the provider does not know; something final may still come


@attrs.frozen(kw_only=True)
class SmsReceipt:
    """One report about one text, or one part of it."""

    provider_id: str
    message_id: str = ""  # ours, where a signature proves that the provider got it from us
    status: ReceiptStatus
    code: str = ""  # why it is undelivered, in our codes: "unreachable", "number_unknown" …
    is_hard: bool = False  # the number is no good: suppress it
    is_opted_out: bool = False
    reply: str = ""  # what the provider said, one line, printable
    at: datetime | None = None  # when, by the provider's clock, where it says so


@attrs.frozen(kw_only=True)
class InboundText:
    """A text that somebody sent to us."""

    sender: str = attrs.field(repr=mask)  # as the provider writes it, mostly E.164
    to: str
    text: str = attrs.field(repr=lambda text: f"<{len(text)} characters>")
    provider_id: str = ""


class IdForm(StrEnum):
    """How an SMSC writes its ids: some answer a submit in one form and report in another."""

    TEXT = "text"
    DECIMAL = "decimal"
    HEX = "hex"


_BASES = {IdForm.DECIMAL: 10, IdForm.HEX: 16}
_DIGITS = {IdForm.DECIMAL: re.compile(r"[0-9]{1,64}"), IdForm.HEX: re.compile(r"[0-9A-Fa-f]{1,64}")}


def canonical_id(raw: str, form: IdForm) -> str:
    """Return the one spelling of an id in which answers and receipts meet.

    >>> canonical_id("1f", IdForm.HEX) == canonical_id("0031", IdForm.DECIMAL) == "31"
    True
    """
    plain = raw.strip()[:ID_LENGTH_MAX]
    if form is IdForm.TEXT or not _DIGITS[form].fullmatch(plain):
        return plain
    return str(int(plain, _BASES[form]))


def join_part_ids(ids: Iterable[str]) -> str:
    """Return the provider id of a text of several parts: the ids of its parts, in their order."""
    return " ".join("_".join(one.split()) for one in ids if one.strip())


def part_ids(provider_id: str) -> tuple[str, ...]:
    """Return the ids under which receipts about a text come, one per part.

    >>> part_ids("31 32 33")
    ('31', '32', '33')
    """
    return tuple(provider_id.split())


def message_status(part_statuses: Iterable[ReceiptStatus], part_count: int) -> ReceiptStatus:
    """Return what the last word about each part, of those that have one, means for the whole text.

    It is delivered when all its parts are, and undelivered when one is.
    """
    statuses = tuple(part_statuses)
    if ReceiptStatus.UNDELIVERED in statuses:
        return ReceiptStatus.UNDELIVERED
    if statuses.count(ReceiptStatus.DELIVERED) >= part_count:
        return ReceiptStatus.DELIVERED
    is_known = any(status is not ReceiptStatus.UNKNOWN for status in statuses)
    return ReceiptStatus.IN_TRANSIT if is_known else ReceiptStatus.UNKNOWN


# Kannel ---------------------------------------------------------------------------------------------------------------

_KANNEL = {
    "1": (ReceiptStatus.DELIVERED, ""),
    "2": (ReceiptStatus.UNDELIVERED, "undelivered"),
    "4": (ReceiptStatus.IN_TRANSIT, ""),
    "8": (ReceiptStatus.IN_TRANSIT, ""),
    "16": (ReceiptStatus.UNDELIVERED, "request_refused"),
}


def sign_receipt_id(message_id: str, key: bytes) -> str:
    """Return the token that stands beside *message_id* in the URL of its receipts."""
    return hmac.new(key, f"sms-receipt\n{message_id}".encode(), hashlib.sha256).hexdigest()[:32]


def read_kannel_receipt(query: str, key: bytes) -> SmsReceipt | Rejection:
    """Return what Kannel reports by calling the receipt URL with *query*, or why it is not believed.

    Args:
        query: What stands behind the question mark, as it came.
        key: The ``receipt_key`` of the transport.
    """
    fields = single_fields(query)
    if isinstance(fields, Rejection):
        return fields
    message_id, token = fields.get("id", ""), fields.get("token", "")
    if not message_id or not hmac.compare_digest(sign_receipt_id(message_id, key).encode(), token.encode()):
        return refused_webhook("token", "the receipt does not prove that it comes from the gateway")
    if fields.get("type") not in _KANNEL:
        return refused_webhook("type", "the receipt says nothing that is known", fields.get("type", ""))
    status, code = _KANNEL[fields["type"]]
    answer = fields.get("answer", "")
    told = _SMPP_STATES.get(_word_of(answer, "stat").upper())
    if told is not None and told[0] is status:  # an SMSC's own words say why
        code = told[1]
    return SmsReceipt(
        provider_id=message_id,
        message_id=message_id,
        status=status,
        code=code,
        reply=printable_reply(answer),
        at=_epoch(fields.get("at", "")),
    )


def single_fields(query: str, *, length_max: int = QUERY_LENGTH_MAX) -> dict[str, str] | Rejection:
    """Return the fields of a query or form, or why it is refused: too long, too many, or one name twice."""
    if len(query) > length_max:
        return refused_webhook("body", "the call is larger than any receipt", code=RejectionCode.TOO_LONG)
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=FIELD_COUNT_MAX, errors="replace")
    except ValueError:
        return refused_webhook("body", "the call has more fields than any receipt", code=RejectionCode.TOO_LONG)
    fields = dict(pairs)
    if len(fields) < len(pairs):
        return refused_webhook("body", "the call names one field twice", code=RejectionCode.AMBIGUOUS)
    return fields


def refused_webhook(
    field: str, message: str, value: str = "", *, code: RejectionCode = RejectionCode.MALFORMED
) -> Rejection:
    """Return why what a provider, or somebody who pretends to be one, sent is not believed."""
    return Rejection(code=code, field=field, message=message, value=shorten(value))


def _epoch(text: str) -> datetime | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    return datetime.fromtimestamp(int(text), UTC)


# SMPP -----------------------------------------------------------------------------------------------------------------

_FINAL_FAILURES = {
    "EXPIRED": "expired",
    "DELETED": "undelivered",
    "UNDELIV": "undelivered",
    "REJECTD": "request_refused",
}
_SMPP_STATES: Mapping[str, tuple[ReceiptStatus, str]] = {
    "DELIVRD": (ReceiptStatus.DELIVERED, ""),
    **{word: (ReceiptStatus.UNDELIVERED, code) for word, code in _FINAL_FAILURES.items()},
    "ENROUTE": (ReceiptStatus.IN_TRANSIT, ""),
    "ACCEPTD": (ReceiptStatus.IN_TRANSIT, ""),
    "SCHEDULED": (ReceiptStatus.IN_TRANSIT, ""),
    "UNKNOWN": (ReceiptStatus.UNKNOWN, ""),
}
_STATE_WORDS = {
    0: "SCHEDULED",
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
_GSM_NETWORK = 3
_UNKNOWN_SUBSCRIBER = 1


def read_smpp_receipt(
    text: str,
    *,
    receipted_id: str = "",
    message_state: int | None = None,
    network_error: bytes = b"",
    submit_form: IdForm = IdForm.TEXT,
    receipt_form: IdForm = IdForm.TEXT,
) -> SmsReceipt | Rejection:
    """Return what a ``deliver_sm`` of a receipt says; its parameters count before its text, whose form is the maker's.

    Args:
        text: ``id:… sub:… dlvrd:… submit date:… done date:… stat:DELIVRD err:000 text:…``, or nothing.
        receipted_id: The parameter ``receipted_message_id``, in the form of the answers to submits.
        network_error: The parameter ``network_error_code``: one octet of network type, two of error.
        receipt_form: The form of ids inside the text.
    """
    id_in_text = _word_of(text, "id")
    provider_id = canonical_id(receipted_id, submit_form) or canonical_id(id_in_text, receipt_form)
    if not provider_id:
        return refused_webhook("id", "the receipt names no message", text)
    word = _STATE_WORDS.get(message_state, "") if message_state is not None else _word_of(text, "stat").upper()
    status, code = _SMPP_STATES.get(word, (ReceiptStatus.UNKNOWN, ""))
    is_hard = status is ReceiptStatus.UNDELIVERED and _is_unknown_subscriber(network_error)
    return SmsReceipt(
        provider_id="_".join(provider_id.split()),
        status=status,
        code="number_unknown" if is_hard else code,
        is_hard=is_hard,
        reply=f"{word[:20]} err:{_word_of(text, 'err')[:10]}".removesuffix(" err:"),
    )


def _word_of(text: str, name: str) -> str:
    """Return the word behind ``name:`` in a receipt's text."""
    found = re.search(rf"(?:^|[\s\x00]){name}:\s*([!-~]{{1,{ID_LENGTH_MAX}}})", text[:2000], re.IGNORECASE)
    return found.group(1) if found else ""


def _is_unknown_subscriber(network_error: bytes) -> bool:
    is_gsm = len(network_error) == 3 and network_error[0] == _GSM_NETWORK
    return is_gsm and int.from_bytes(network_error[1:]) == _UNKNOWN_SUBSCRIBER
