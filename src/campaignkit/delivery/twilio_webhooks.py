"""Twilio's calls to us: URL, raw body and signature in, a receipt or an inbound text out. Pure.

Source: Twilio's documentation on webhooks security (HMAC-SHA1 over the URL and the sorted parameters) and its error
codes. A call carries no date, so a repeated one is known by what it says: the store drops it.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, parse_qsl, urlsplit, urlunsplit

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.delivery.http_replies import printable_reply
from campaignkit.delivery.sms_receipts import (
    FIELD_COUNT_MAX,
    InboundText,
    ReceiptStatus,
    SmsReceipt,
    refused_webhook,
    single_fields,
)

__all__ = ["MESSAGE_ID_FIELD", "TWILIO_ERRORS", "is_twilio_signature", "read_twilio_webhook"]

BODY_MAX = 65_536  # bytes; a text of ten parts with all its fields takes some 10,000
MESSAGE_ID_FIELD = "message_id"  # of the URL that Twilio calls
_PORTS = {"https": 443, "http": 80}

_STATUSES: Mapping[str, ReceiptStatus] = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent"), ReceiptStatus.IN_TRANSIT),
    **dict.fromkeys(("delivered", "read"), ReceiptStatus.DELIVERED),
    **dict.fromkeys(("undelivered", "failed", "canceled"), ReceiptStatus.UNDELIVERED),
}

# Twilio's error code → our code, and whether the number is no good for ever.
TWILIO_ERRORS: Mapping[str, tuple[str, bool]] = {
    "20429": ("throttled", False),
    "21211": ("number_unknown", True),
    "21408": ("region_not_enabled", False),
    "21606": ("sender_refused", False),
    "21610": ("opted_out", False),
    "21614": ("number_not_textable", True),
    "30001": ("throttled", False),
    "30003": ("unreachable", False),
    "30004": ("number_blocked", False),
    "30005": ("number_unknown", True),
    "30006": ("number_not_textable", True),
    "30007": ("content", False),
}


def is_twilio_signature(url: str, body: bytes, signature: str, auth_token: str) -> bool:
    """Return whether Twilio signed this call with *auth_token*.

    Args:
        url: The URL as Twilio called it, with scheme and query: behind a proxy, the public one.
        body: The raw body. Where the URL names its digest (``bodySHA256``), that must fit, and the fields do not count.
        signature: The header ``X-Twilio-Signature``.
    """
    if len(body) > BODY_MAX:
        return False
    digests = parse_qs(urlsplit(url).query).get("bodySHA256")
    if digests is not None:
        if not hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), digests[0].lower().encode()):
            return False
        fields = ""
    else:
        try:
            pairs = parse_qsl(
                body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELD_COUNT_MAX, strict_parsing=bool(body)
            )
        except ValueError:
            return False
        fields = "".join(name + value for name, value in sorted(set(pairs)))
    given = signature.encode("utf-8", "replace")
    # Compared with all spellings, never with the first that fits, so that time tells nothing.
    fitting = [hmac.compare_digest(_sign(one + fields, auth_token), given) for one in _spellings(url)]
    return any(fitting)


def read_twilio_webhook(
    url: str, body: bytes, signature: str, auth_tokens: Iterable[str]
) -> SmsReceipt | InboundText | Rejection:
    """Return what Twilio reports, or why the call is not believed. Nothing is read before the signature was checked.

    Args:
        auth_tokens: The account's token; two while it is being changed.
    """
    if not any(is_twilio_signature(url, body, signature, token) for token in auth_tokens):
        return refused_webhook("signature", "the call does not prove that it comes from Twilio")
    fields = single_fields(body.decode("utf-8", "replace"), length_max=BODY_MAX)
    if isinstance(fields, Rejection):
        return fields
    provider_id = fields.get("MessageSid") or fields.get("SmsSid") or ""
    status = (fields.get("MessageStatus") or fields.get("SmsStatus") or "").lower()
    if not provider_id.isalnum() or len(provider_id) > 64:
        return refused_webhook("MessageSid", "the call names no message", provider_id)
    if status == "received" or "Body" in fields:
        return InboundText(
            sender=fields.get("From", ""), to=fields.get("To", ""), text=fields.get("Body", ""), provider_id=provider_id
        )
    if status not in _STATUSES:
        return refused_webhook("MessageStatus", "the call says nothing that is known", status)
    receipt = _receipt(provider_id, _STATUSES[status], fields.get("ErrorCode", ""), fields.get("ErrorMessage", ""))
    return attrs.evolve(receipt, message_id=_message_id_in(url))


def _message_id_in(url: str) -> str:
    """Return our id, which the transport put into the URL and the signature covers; empty: it is not there once."""
    found = parse_qs(urlsplit(url).query).get(MESSAGE_ID_FIELD, [])
    return found[0] if len(found) == 1 else ""


def _receipt(provider_id: str, status: ReceiptStatus, error: str, words: str) -> SmsReceipt:
    if status is not ReceiptStatus.UNDELIVERED:
        return SmsReceipt(provider_id=provider_id, status=status)
    code, is_hard = TWILIO_ERRORS.get(error, ("undelivered", False))
    return SmsReceipt(
        provider_id=provider_id,
        status=status,
        code=code,
        is_hard=is_hard,
        is_opted_out=code == "opted_out",
        reply=printable_reply(f"{error} {words}"),
    )


def _sign(signed: str, auth_token: str) -> bytes:
    return base64.b64encode(hmac.new(auth_token.encode(), signed.encode("utf-8", "replace"), hashlib.sha1).digest())


def _spellings(url: str) -> tuple[str, ...]:
    """Return *url* as it is, and with its usual port left out or named: Twilio signs one or the other."""
    parts = urlsplit(url)
    usual = _PORTS.get(parts.scheme)
    host, _, port = parts.netloc.rpartition(":")
    if usual is None:
        return (url,)
    if host and port == str(usual):
        return (url, urlunsplit(parts._replace(netloc=host)))
    if host and port.isdigit():
        return (url,)
    return (url, urlunsplit(parts._replace(netloc=f"{parts.netloc}:{usual}")))
