"""What an SMSC's command status means: a number in, a verdict with its scope and a stable code out. Pure.

Source: SMPP Protocol Specification v3.4, section 5.1.3. Numbers from 0x400 on belong to the SMSC's maker: they are in
doubt unless the host lists them.
"""

from collections.abc import Mapping

from campaignkit.delivery.http_replies import accepted, in_doubt, not_sent
from campaignkit.delivery.outcomes import Scope, Verdict
from campaignkit.delivery.replies import ReplyVerdict

__all__ = ["SLOW_DOWN", "SMPP_RULES", "bind_verdict", "submit_verdict"]

SLOW_DOWN = frozenset({0x14, 0x58})  # message queue full, throttled: the same part may be tried again

_THROTTLED = ReplyVerdict(verdict=Verdict.DEFERRED, scope=Scope.SENDER, code="throttled")
_BUSY = ReplyVerdict(verdict=Verdict.DEFERRED, scope=Scope.HOST, code="host_busy")
_UNKNOWN_NUMBER = ReplyVerdict(verdict=Verdict.REFUSED, scope=Scope.RECIPIENT, code="number_unknown")
_MALFORMED = not_sent("request_refused")

_MALFORMED_STATUSES = (
    *(0x01, 0x02, 0x03, 0x06, 0x07, 0x15, 0x33, 0x34, 0x40, 0x42, 0x43, 0x44, 0x50, 0x51, 0x53, 0x54, 0x55),
    *(0x61, 0x62, 0x63, 0x65, 0x66, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4),
)

# Every one says that the message was not taken. 0x08 (system error) and 0xFF (unknown error) say no such thing and
# stand in no row.
SMPP_RULES: Mapping[int, ReplyVerdict] = {
    0x00: accepted(),
    **dict.fromkeys(SLOW_DOWN, _THROTTLED),
    0x0B: _UNKNOWN_NUMBER,  # invalid destination address
    0x0A: not_sent("sender_refused"),  # invalid source address
    0x48: not_sent("sender_refused"),  # invalid source address type of number
    0x49: not_sent("sender_refused"),  # invalid source address numbering plan
    0x04: not_sent("connection_lost", Scope.HOST),  # not bound
    0x45: _BUSY,  # submit failed
    0x64: _BUSY,  # temporary application error
    **dict.fromkeys(
        _MALFORMED_STATUSES,
        _MALFORMED,
    ),
}

_BIND_CODES = {0x0D: "auth_refused", 0x0E: "auth_refused", 0x0F: "auth_refused", 0x53: "auth_refused"}


def submit_verdict(status: int, rules: Mapping[int, ReplyVerdict] = SMPP_RULES) -> ReplyVerdict:
    """Return what *status* of a response to a submitted part means for that part.

    >>> submit_verdict(0x58).verdict.value, submit_verdict(0x0B).code, submit_verdict(0x08).verdict.value
    ('deferred', 'number_unknown', 'in_doubt')
    """
    return rules.get(status) or in_doubt("reply_unreadable")


def bind_verdict(status: int) -> ReplyVerdict:
    """Return why a bind was not granted: nothing was sent.

    A refused name or password is the account's trouble; everything else (bound already, busy) may pass.
    """
    code = _BIND_CODES.get(status)
    return not_sent("host_busy", Scope.HOST) if code is None else not_sent(code)
