"""Texts over HTTP: Twilio, Kannel, and any gateway that a table describes. Names are lazy.

``message → dialect → request → network → reply → dialect → outcome``; dialects do no I/O.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from campaignkit.transports.http.descriptions import BodyFormat, ErrorRule, GatewayDescription, Place, SuccessRule
    from campaignkit.transports.http.exchange import Dialect, HttpTimeouts
    from campaignkit.transports.http.gateway import GatewayTransport
    from campaignkit.transports.http.kannel import KannelTransport
    from campaignkit.transports.http.transport import HttpTransport
    from campaignkit.transports.http.twilio import TwilioTransport

__all__ = [
    "BodyFormat",
    "Dialect",
    "ErrorRule",
    "GatewayDescription",
    "GatewayTransport",
    "HttpTimeouts",
    "HttpTransport",
    "KannelTransport",
    "Place",
    "SuccessRule",
    "TwilioTransport",
]

_HOMES = {
    "BodyFormat": "descriptions",
    "Dialect": "exchange",
    "ErrorRule": "descriptions",
    "GatewayDescription": "descriptions",
    "GatewayTransport": "gateway",
    "HttpTimeouts": "exchange",
    "HttpTransport": "transport",
    "KannelTransport": "kannel",
    "Place": "descriptions",
    "SuccessRule": "descriptions",
    "TwilioTransport": "twilio",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
