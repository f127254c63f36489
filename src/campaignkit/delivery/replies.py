"""What a mail server's reply means: a stage and a reply in, a verdict with its scope and a stable code out. Pure.

Sources: RFC 5321 section 4.2 (replies), RFC 3463 (enhanced codes), the published reply texts of Gmail, Outlook, Yahoo
and Amazon SES. The rows of ``RULES`` are read from the top; the first that fits decides.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import mask
from campaignkit.delivery.outcomes import Scope, Verdict
from campaignkit.delivery.retry import GREYLIST_WAIT

__all__ = [
    "MENDING_CODES",
    "RULES",
    "SENTENCES",
    "ReplyRule",
    "ReplyVerdict",
    "SmtpReply",
    "SmtpStage",
    "parse_reply",
    "printable_line",
    "smtp_verdict",
]

REPLY_LENGTH_MAX = 500  # characters kept of what a provider said
RETRY_AFTER_MAX = timedelta(hours=24)  # a server that names a longer wait is not believed


class SmtpStage(StrEnum):
    """What was said to the server last."""

    CONNECT = "connect"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"  # the end of the message: the point of no return


_SESSION = frozenset({SmtpStage.CONNECT, SmtpStage.EHLO, SmtpStage.STARTTLS, SmtpStage.AUTH})
_MESSAGE = frozenset(SmtpStage) - _SESSION
_ENVELOPE = frozenset({SmtpStage.RCPT, SmtpStage.DATA})
_RECIPIENT = _ENVELOPE | {SmtpStage.DOT}


@attrs.frozen
class SmtpReply:
    """One reply of a server. *text* is what followed the code, its lines joined by line feeds."""

    code: int
    enhanced: str | None = None  # "5.1.1"; its class is that of the code
    text: str = ""


@attrs.frozen(kw_only=True)
class ReplyVerdict:
    """What a reply means for the message it answers."""

    verdict: Verdict
    scope: Scope
    code: str
    retry_after: timedelta | None = None


@attrs.frozen(kw_only=True)
class ReplyRule:
    """One row: which replies it fits, and what they mean. Empty conditions fit everything."""

    replies: tuple[str, ...]  # the reply code begins with one of these
    stages: frozenset[SmtpStage] = _MESSAGE
    enhanced: tuple[str, ...] = ()  # equal, or with a final ``*`` a beginning
    words: tuple[str, ...] = ()  # one of them stands in the text, in any case; an alternative to *enhanced*
    verdict: Verdict
    scope: Scope
    code: str
    retry_after: timedelta | None = None


def _defer(code: str, scope: Scope, *replies: str, **conditions: object) -> ReplyRule:
    return _rule(Verdict.DEFERRED, code, scope, replies, conditions)


def _refuse(code: str, scope: Scope, *replies: str, **conditions: object) -> ReplyRule:
    return _rule(Verdict.REFUSED, code, scope, replies, conditions)


def _rule(
    verdict: Verdict, code: str, scope: Scope, replies: tuple[str, ...], conditions: Mapping[str, object]
) -> ReplyRule:
    return ReplyRule(verdict=verdict, code=code, scope=scope, replies=replies, **conditions)  # type: ignore[arg-type]


_AT_MAIL = frozenset({SmtpStage.MAIL})
_AT_RCPT = frozenset({SmtpStage.RCPT})
_AT_DOT = frozenset({SmtpStage.DOT})
_AT_AUTH = frozenset({SmtpStage.AUTH})
_AT_STARTTLS = frozenset({SmtpStage.STARTTLS})

# A deferral or refusal before RCPT is proof that nothing was submitted, so `smtp_verdict` calls it not_sent there,
# except for a refused sender address, which stays a refusal (of the sender).
RULES: tuple[ReplyRule, ...] = (
    # Any stage.
    _defer("sender_blocked", Scope.SENDER, "4", stages=frozenset(SmtpStage), words=("TS03",)),
    # Before there is a message: the host or the account, never the recipient.
    _defer("host_busy", Scope.HOST, "421", stages=_SESSION),
    _defer("auth_unavailable", Scope.HOST, "4", stages=_AT_AUTH),
    _refuse("auth_refused", Scope.SENDER, "5", stages=_AT_AUTH),
    _defer("tls_unavailable", Scope.HOST, "4", stages=_AT_STARTTLS),
    _refuse("tls_failed", Scope.SENDER, "5", stages=_AT_STARTTLS),
    _defer("host_busy", Scope.HOST, "4", stages=_SESSION),
    _refuse("host_refused", Scope.HOST, "5", stages=_SESSION),
    # 4xx. What names the sender's rate comes before 421 and before greylisting: the same numbers serve for both.
    _defer("throttled", Scope.SENDER, "454"),
    _defer("throttled", Scope.GROUP, "4", enhanced=("4.7.0", "4.7.28", "4.7.650"), words=("TSS04",)),
    _defer("host_busy", Scope.HOST, "421"),
    _defer("host_busy", Scope.HOST, "4", enhanced=("4.5.3", "4.3.1", "4.3.2")),
    _defer("host_busy", Scope.HOST, "4", stages=_AT_MAIL),
    _defer("mailbox_full", Scope.RECIPIENT, "4", stages=_RECIPIENT, enhanced=("4.2.2",)),
    _defer(
        "greylisted", Scope.RECIPIENT, "4", stages=_RECIPIENT, words=("greylist", "graylist"), retry_after=GREYLIST_WAIT
    ),
    _defer("greylisted", Scope.RECIPIENT, "451", stages=_RECIPIENT, enhanced=("4.7.1",), retry_after=GREYLIST_WAIT),
    _defer("mailbox_busy", Scope.RECIPIENT, "4", stages=_RECIPIENT, enhanced=("4.2.*",)),
    _defer("deferred", Scope.RECIPIENT, "4", stages=_RECIPIENT),
    # 5xx about the sender, wherever it is said.
    _refuse("auth_refused", Scope.SENDER, "530", "534", "535", "538"),
    _refuse("sender_unauthenticated", Scope.SENDER, "5", enhanced=("5.7.26", "5.7.515")),
    _refuse("sender_refused", Scope.SENDER, "5", stages=_AT_MAIL),
    _refuse("sender_refused", Scope.SENDER, "5", stages=_ENVELOPE, enhanced=("5.1.7", "5.1.8")),
    # 5xx about the recipient.
    _refuse("domain_unknown", Scope.RECIPIENT, "5", stages=_RECIPIENT, enhanced=("5.1.2",)),
    _refuse("malformed_address", Scope.RECIPIENT, "5", stages=_RECIPIENT, enhanced=("5.1.3",)),
    _refuse("mailbox_unknown", Scope.RECIPIENT, "5", stages=_RECIPIENT, enhanced=("5.1.*",)),
    _refuse("mailbox_disabled", Scope.RECIPIENT, "5", stages=_RECIPIENT, enhanced=("5.2.1",)),
    _refuse("mailbox_full", Scope.RECIPIENT, "5", stages=_RECIPIENT, enhanced=("5.2.2",)),
    _refuse("unroutable", Scope.RECIPIENT, "5", stages=_RECIPIENT, enhanced=("5.4.*",)),
    _defer("policy", Scope.RECIPIENT, "5", stages=_ENVELOPE, enhanced=("5.7.*",)),
    _refuse("content", Scope.RECIPIENT, "5", stages=_AT_DOT),
    # The command was not understood: client and server are out of step, which is nobody's address.
    _defer("protocol_error", Scope.HOST, "500", "502", "503", stages=_ENVELOPE),
    _refuse("mailbox_full", Scope.RECIPIENT, "552", stages=_AT_RCPT),
    _refuse("recipient_refused", Scope.RECIPIENT, "5", stages=_ENVELOPE),
)


SENTENCES: Mapping[str, str] = {
    "accepted": "The mail server took the message.",
    "answered_again": "The same message was sent again, and the provider's answer to that counts for this try as well.",
    "auth_refused": "The mail account refused the user name or password.",
    "auth_unavailable": "The mail server could not check the password just now.",
    "auth_unsupported": "The mail server offers no way to log in that this program knows.",
    "connect_failed": "The mail server could not be reached.",
    "connection_lost": "The connection broke before the message was handed over; it was not sent.",
    "content": "The mail server refused what the message says or how it is built.",
    "deferred": "The mail server asked to try this address again later.",
    "domain_unknown": "The part of the address behind the @ does not exist.",
    "egress_refused": "This mail server's network address is not allowed here.",
    "folder_unwritable": "The folder for outgoing mail cannot be written to.",
    "greylisted": "The recipient's server makes new senders wait a few minutes.",
    "host_busy": "The mail server is busy and asked for patience.",
    "host_refused": "The mail server refuses to talk to this computer.",
    "mailbox_busy": "The mailbox takes no mail at this moment.",
    "mailbox_disabled": "The mailbox exists but has been switched off.",
    "mailbox_full": "The mailbox is full.",
    "mailbox_unknown": "There is no such mailbox.",
    "malformed_address": "This is not an address that mail can be sent to.",
    "not_cleared": "The message was held back before it was handed over.",
    "not_repeatable": "Nobody knows whether the message was taken, and it could not safely be sent again.",
    "permission_expired": "The program stood still for too long, so the message was held back.",
    "policy": "The recipient's server refuses mail of this kind or from this sender.",
    "protocol_error": "The mail server answered something that makes no sense.",
    "proven_by_receipt": "A report came back about the message, so the provider had taken it.",
    "recipient_refused": "The recipient's server refused the address.",
    "reply_lost": "The connection broke while the message was handed over; nobody knows whether it arrived.",
    "send_raised": "The program that hands messages over failed; nobody knows whether this one went out.",
    "sender_blocked": "The provider blocks this sender, and waiting will not change that.",
    "sender_malformed": "The sender's address is not one that mail can be sent from.",
    "sender_refused": "The mail server refuses to send from this address.",
    "sender_unauthenticated": "The sender's domain does not prove its mail (SPF, DKIM, DMARC), so it is refused.",
    "sent_without_leave": "The transport handed the message over without leave; it is not sent again.",
    "smtputf8_unsupported": "The mail server cannot send to addresses with letters such as ł or ü.",
    "throttled": "The provider asked this sender to send more slowly.",
    "timed_out": "The mail server did not answer in time; the message was not sent.",
    "tls_failed": "The mail server offered no connection that is safe from eavesdroppers.",
    "tls_unavailable": "The mail server could not encrypt the connection just now.",
    "unroutable": "No server takes mail for this address.",
}

# Waiting does not help: somebody must change a setting, or talk to the provider.
MENDING_CODES = frozenset(
    {
        "auth_refused",
        "auth_unsupported",
        "egress_refused",
        "sender_blocked",
        "sender_malformed",
        "sender_refused",
        "sender_unauthenticated",
        "tls_failed",
    }
)


def parse_reply(code: int, text: str) -> SmtpReply:
    """Return the reply with its enhanced code, where the text begins with one or names it as ``#5.1.1``.

    An enhanced code of another class than the reply (a 450 that says 5.1.1) is left out: the reply decides.

    >>> parse_reply(550, "5.1.1 no such user").enhanced
    '5.1.1'
    """
    found = _ENHANCED.search(text)
    enhanced = found.group(1) if found else None
    if enhanced is not None and int(enhanced[0]) != code // 100:
        enhanced = None
    return SmtpReply(code, enhanced, text)


def smtp_verdict(stage: SmtpStage, reply: SmtpReply) -> ReplyVerdict:
    """Return what *reply*, given at *stage*, means for the message.

    Success means something only at the dot. A reply that fits no stage is ``protocol_error``: not sent before the dot,
    in doubt (``reply_lost``) after it.
    """
    if stage is SmtpStage.DOT and 200 <= reply.code <= 299:
        return ReplyVerdict(verdict=Verdict.ACCEPTED, scope=Scope.RECIPIENT, code="accepted")
    for rule in RULES:
        if _fits(rule, stage, reply):
            return _verdict_by(rule, stage, reply)
    if stage is SmtpStage.DOT:
        return ReplyVerdict(verdict=Verdict.IN_DOUBT, scope=Scope.HOST, code="reply_lost")
    return ReplyVerdict(verdict=Verdict.NOT_SENT, scope=Scope.HOST, code="protocol_error")


def printable_line(text: str) -> str:
    """Return what a provider said as one printable line of at most 500 characters, addresses masked.

    Escape sequences, control and format characters go, since the line ends in logs and on terminals.

    >>> printable_line("no such user\\r\\n\\x1b[31m<ann@example.com>")
    'no such user <a…@example.com>'
    """
    plain = text[: REPLY_LENGTH_MAX * 8]
    if not plain.isprintable():
        plain = "".join(letter if letter.isprintable() else " " for letter in _ANSI.sub("", plain))
    plain = _ADDRESS.sub(lambda found: mask(found.group()), " ".join(plain.split()))
    return plain[:REPLY_LENGTH_MAX]


_ENHANCED = re.compile(r"(?:^\s*|#)([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"@]+@[^\s<>()\[\]:;,\"@]+")
_WAIT = re.compile(
    r"\b(?:in|after|wait|for)\s+(?:(?P<hms>\d{1,2}:\d{2}:\d{2})|(?P<count>\d{1,6})\s*(?P<unit>s|m|h)(?:[a-z]*)\b)", re.I
)
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _fits(rule: ReplyRule, stage: SmtpStage, reply: SmtpReply) -> bool:
    if stage not in rule.stages or not str(reply.code).startswith(rule.replies):
        return False
    if not rule.enhanced and not rule.words:
        return True
    return _has_enhanced(rule.enhanced, reply.enhanced) or _has_word(rule.words, reply.text)


def _has_enhanced(wanted: Iterable[str], enhanced: str | None) -> bool:
    if enhanced is None:
        return False
    return any(enhanced.startswith(one[:-1]) if one.endswith("*") else enhanced == one for one in wanted)


def _has_word(wanted: Iterable[str], text: str) -> bool:
    lowered = text.lower()
    return any(word.lower() in lowered for word in wanted)


def _verdict_by(rule: ReplyRule, stage: SmtpStage, reply: SmtpReply) -> ReplyVerdict:
    is_early = stage in _SESSION or (stage is SmtpStage.MAIL and rule.verdict is Verdict.DEFERRED)
    return ReplyVerdict(
        verdict=Verdict.NOT_SENT if is_early else rule.verdict,
        scope=rule.scope,
        code=rule.code,
        retry_after=_longest(rule.retry_after, _wait_in(reply) if rule.verdict is Verdict.DEFERRED else None),
    )


def _wait_in(reply: SmtpReply) -> timedelta | None:
    """Return the wait that the text asks for ("try again in 300 seconds", "come back in 00:04:58")."""
    found = _WAIT.search(reply.text)
    if found is None:
        return None
    if found["hms"]:
        hours, minutes, seconds = (int(part) for part in found["hms"].split(":"))
        wait = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    else:
        wait = timedelta(seconds=int(found["count"]) * _UNIT_SECONDS[found["unit"].lower()])
    return min(wait, RETRY_AFTER_MAX)


def _longest(*waits: timedelta | None) -> timedelta | None:
    return max((wait for wait in waits if wait is not None), default=None)
