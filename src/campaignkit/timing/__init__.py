"""When? Windows, limits and intervals in; the next allowed moment out.

``moment → SendWindow → open, or the next opening → limits → when one more message may begin``
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaignkit.timing.limits import Interval, LimitScope, LimitState, next_allowed, take
    from campaignkit.timing.windows import NoWindow, NoWindowReason, SendWindow

__all__ = [
    "Interval",
    "LimitScope",
    "LimitState",
    "NoWindow",
    "NoWindowReason",
    "SendWindow",
    "next_allowed",
    "take",
]

_HOMES = {
    "Interval": "limits",
    "LimitScope": "limits",
    "LimitState": "limits",
    "NoWindow": "windows",
    "NoWindowReason": "windows",
    "SendWindow": "windows",
    "next_allowed": "limits",
    "take": "limits",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
