"""Texts by SMPP 3.4. Names are lazy.

``settings → link → round``; ``pdus`` and ``tasks`` are the protocol without any I/O.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from campaignkit.transports.smpp.settings import BindKind, SmppCounts, SmppSecurity, SmppSettings, SmppTimeouts
    from campaignkit.transports.smpp.transport import SmppTransport

__all__ = ["BindKind", "SmppCounts", "SmppSecurity", "SmppSettings", "SmppTimeouts", "SmppTransport"]

_HOMES = {
    "BindKind": "settings",
    "SmppCounts": "settings",
    "SmppSecurity": "settings",
    "SmppSettings": "settings",
    "SmppTimeouts": "settings",
    "SmppTransport": "transport",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
