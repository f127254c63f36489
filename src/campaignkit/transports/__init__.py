"""Transports: messages and ``clear`` in, outcomes out. Names are lazy: SMTP costs nothing to those who send SMS."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaignkit.transports.fake import FakeEmail, FakeSms
    from campaignkit.transports.function import FunctionTransport
    from campaignkit.transports.http import GatewayTransport, HttpTimeouts, KannelTransport, TwilioTransport
    from campaignkit.transports.outbox import OutboxTransport, TextOutboxTransport
    from campaignkit.transports.smpp import SmppTimeouts, SmppTransport
    from campaignkit.transports.smtp import SmtpTimeouts, SmtpTransport

__all__ = [
    "FakeEmail",
    "FakeSms",
    "FunctionTransport",
    "GatewayTransport",
    "HttpTimeouts",
    "KannelTransport",
    "OutboxTransport",
    "SmppTimeouts",
    "SmppTransport",
    "SmtpTimeouts",
    "SmtpTransport",
    "TextOutboxTransport",
    "TwilioTransport",
]

_HOMES = {
    "FakeEmail": "fake",
    "FakeSms": "fake",
    "FunctionTransport": "function",
    "GatewayTransport": "http",
    "HttpTimeouts": "http",
    "KannelTransport": "http",
    "OutboxTransport": "outbox",
    "SmppTimeouts": "smpp",
    "SmppTransport": "smpp",
    "SmtpTimeouts": "smtp",
    "SmtpTransport": "smtp",
    "TextOutboxTransport": "outbox",
    "TwilioTransport": "http",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
