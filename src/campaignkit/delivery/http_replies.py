"""What a text gateway's HTTP reply means: a status and a body in, a verdict with its scope and a stable code out. Pure.

Sources: RFC 9110 (statuses, Retry-After), RFC 6585 (429), Twilio's published error codes. A request is a POST that is
never repeated: where a reply does not prove that nothing was submitted, the message is in doubt.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import attrs

from campaignkit.addresses.channel import mask
from campaignkit.delivery.outcomes import Scope, Verdict
from campaignkit.delivery.replies import ReplyVerdict, printable_line

__all__ = [
    "SMS_MENDING_CODES",
    "SMS_SENTENCES",
    "TWILIO_RULES",
    "HttpReply",
    "accepted",
    "in_doubt",
    "json_body",
    "not_sent",
    "parse_retry_after",
    "printable_reply",
    "status_verdict",
    "value_at",
]

RETRY_AFTER_MAX = timedelta(hours=24)  # a server that names a longer wait is not believed
JSON_DEPTH_MAX = 32  # levels of a provider's answer; real ones have three


@attrs.frozen(kw_only=True)
class HttpReply:
    """What came back. *body* is bounded; ``is_whole`` is False where it was cut, by us or by the line."""

    status: int
    body: bytes = attrs.field(default=b"", repr=lambda body: f"<{len(body)} bytes>")
    is_whole: bool = True
    retry_after: timedelta | None = None


# What shopkeepers read beside the codes of text gateways; codes shared with mail have words of their own here.
SMS_SENTENCES: Mapping[str, str] = {
    "accepted": "The text gateway took the message.",
    "account_suspended": "The account at the text gateway has been switched off.",
    "account_unpaid": "The account at the text gateway has run out of money.",
    "auth_refused": "The text gateway refused the user name, key or password.",
    "connect_failed": "The text gateway could not be reached.",
    "connection_lost": "The connection to the text gateway broke; the message was not sent.",
    "content": "The text was refused for what it says.",
    "egress_refused": "This gateway's network address is not allowed here.",
    "expired": "The phone could not be reached in time.",
    "gateway_unknown": "The text gateway does not know the address it was called at.",
    "host_busy": "The text gateway is busy and asked for patience.",
    "not_cleared": "The message was held back before it was handed over.",
    "number_blocked": "The network or the phone refuses texts from this sender.",
    "number_malformed": "This is not a number that a text can be sent to.",
    "number_not_textable": "This number cannot receive texts; it may be a landline.",
    "number_unknown": "There is no such number.",
    "opted_out": "The person asked this sender not to write again.",
    "parts_mismatch": "The text takes more parts than were paid for, so it was held back.",
    "permission_expired": "The program stood still for too long, so the message was held back.",
    "proven_by_receipt": "The text gateway reported on the text, so it had taken it.",
    "region_not_enabled": "The account at the text gateway may not send to this country.",
    "reply_lost": "The connection broke while the message was handed over; nobody knows whether it was sent.",
    "reply_unreadable": "The text gateway answered something that makes no sense; nobody knows whether it was sent.",
    "request_refused": "The text gateway refuses messages in the form they are sent.",
    "sender_refused": "The text gateway refuses to send under this sender name or number.",
    "text_malformed": "The text holds characters that cannot be sent.",
    "throttled": "The text gateway asked this sender to send more slowly.",
    "tls_failed": "The text gateway offered no connection that is safe from eavesdroppers.",
    "undelivered": "The network could not deliver the text.",
    "unreachable": "The phone is switched off or out of reach.",
}

# Waiting does not help: somebody must change a setting, pay, or talk to the provider.
SMS_MENDING_CODES = frozenset(
    {
        "account_suspended",
        "account_unpaid",
        "auth_refused",
        "egress_refused",
        "gateway_unknown",
        "region_not_enabled",
        "request_refused",
        "sender_refused",
        "tls_failed",
    }
)


def accepted() -> ReplyVerdict:
    """Return what a reply means that takes responsibility for the message."""
    return ReplyVerdict(verdict=Verdict.ACCEPTED, scope=Scope.RECIPIENT, code="accepted")


def in_doubt(code: str = "reply_unreadable") -> ReplyVerdict:
    """Return what a reply means that proves nothing."""
    return ReplyVerdict(verdict=Verdict.IN_DOUBT, scope=Scope.HOST, code=code)


def not_sent(code: str, scope: Scope = Scope.SENDER) -> ReplyVerdict:
    """Return what a reply means that proves that nothing was submitted, and is about the account."""
    return ReplyVerdict(verdict=Verdict.NOT_SENT, scope=scope, code=code)


def _refused(code: str) -> ReplyVerdict:
    return ReplyVerdict(verdict=Verdict.REFUSED, scope=Scope.RECIPIENT, code=code)


def _throttled(retry_after: timedelta | None = None) -> ReplyVerdict:
    return ReplyVerdict(verdict=Verdict.DEFERRED, scope=Scope.SENDER, code="throttled", retry_after=retry_after)


# By Twilio's error code, in replies to a request. Codes of the 30000s come in receipts: see sms_receipts.
TWILIO_RULES: Mapping[int, ReplyVerdict] = {
    20003: not_sent("auth_refused"),
    20429: _throttled(),
    21211: _refused("number_unknown"),
    21212: not_sent("sender_refused"),
    21408: not_sent("region_not_enabled"),
    21606: not_sent("sender_refused"),
    21610: _refused("opted_out"),
    21611: _throttled(),
    21614: _refused("number_not_textable"),
}

_NOT_SENT_CODES = {
    401: "auth_refused",
    402: "account_unpaid",
    403: "auth_refused",
    404: "gateway_unknown",
}
# They may be said of a request that went through all the same: a conflict with itself, a reply that came too late.
_DOUBTFUL_4XX = frozenset({408, 409, 425})


def status_verdict(reply: HttpReply, *, listed: ReplyVerdict | None = None) -> ReplyVerdict | None:
    """Return what the status alone says, None for 2xx: there the body decides.

    Args:
        listed: What the provider's own code in the body means by its table. It counts only with a status that proves
            that nothing was submitted.

    >>> status_verdict(HttpReply(status=404)).code, status_verdict(HttpReply(status=500)).verdict.value
    ('gateway_unknown', 'in_doubt')
    """
    status = reply.status
    if 200 <= status <= 299:
        return None
    if status == 429:
        return _throttled(reply.retry_after)
    if status == 503 and reply.retry_after is not None:
        return ReplyVerdict(verdict=Verdict.DEFERRED, scope=Scope.HOST, code="host_busy", retry_after=reply.retry_after)
    if not 400 <= status <= 499 or status in _DOUBTFUL_4XX:
        return in_doubt("reply_lost")
    if listed is not None:
        return attrs.evolve(listed, retry_after=listed.retry_after or reply.retry_after)
    return not_sent(_NOT_SENT_CODES.get(status, "request_refused"))


def parse_retry_after(text: str | None, now: datetime) -> timedelta | None:
    """Return the wait that a Retry-After header asks for, in seconds or as a date; None where it says nothing sane.

    >>> parse_retry_after("120", datetime(2026, 5, 4, tzinfo=UTC))
    datetime.timedelta(seconds=120)
    """
    plain = (text or "").strip()
    if plain.isascii() and plain.isdigit():
        return min(timedelta(seconds=int(plain[:9])), RETRY_AFTER_MAX)
    try:
        at = parsedate_to_datetime(plain)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta(0)), RETRY_AFTER_MAX)


def json_body(reply: HttpReply) -> Any:
    """Return the body as JSON, None where it is none, was cut, or is nested as no real answer is."""
    if not reply.is_whole:
        return None
    try:
        value = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    return value if _is_shallow(value) else None


def value_at(value: Any, path: str) -> str | None:
    """Return the text, number or truth at a dotted path (``messages.0.id``), None where nothing of that is there.

    >>> value_at({"messages": [{"id": 7}]}, "messages.0.id")
    '7'
    """
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def printable_reply(body: bytes | str) -> str:
    """Return what a gateway said as one printable line of at most 500 characters, addresses and numbers masked.

    >>> printable_reply(b"no such number: +12125550143")
    'no such number: \u202643'
    """
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    return _NUMBER.sub(lambda found: mask(found.group()), printable_line(text))


_NUMBER = re.compile(r"\+?\d{7,15}(?!\d)")


def _is_shallow(value: Any, depth: int = JSON_DEPTH_MAX) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_is_shallow(one, depth - 1) for one in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_is_shallow(one, depth - 1) for one in value)
    return True
