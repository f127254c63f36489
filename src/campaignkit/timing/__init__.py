"""When? Windows, limits and intervals in; the next allowed moment out.

``moment → SendWindow → open, or the next opening → limits → when one more message may begin``
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaignkit.timing.limits import Interval, LimitScope, LimitState, next_allowed, take
    from campaignkit.timing.offsets import (
        AT_ONCE,
        DayEdge,
        LatePolicy,
        Moment,
        Offset,
        OffsetUnit,
        SkipReason,
        StepDue,
        StepSkipped,
        offset_from_text,
        offset_to_text,
        plan_step,
        plan_steps,
        resolve_offset,
    )
    from campaignkit.timing.windows import NoWindow, NoWindowReason, SendWindow

__all__ = [
    "AT_ONCE",
    "DayEdge",
    "Interval",
    "LatePolicy",
    "LimitScope",
    "LimitState",
    "Moment",
    "NoWindow",
    "NoWindowReason",
    "Offset",
    "OffsetUnit",
    "SendWindow",
    "SkipReason",
    "StepDue",
    "StepSkipped",
    "next_allowed",
    "offset_from_text",
    "offset_to_text",
    "plan_step",
    "plan_steps",
    "resolve_offset",
    "take",
]

_HOMES = {
    "AT_ONCE": "offsets",
    "DayEdge": "offsets",
    "Interval": "limits",
    "LatePolicy": "offsets",
    "LimitScope": "limits",
    "LimitState": "limits",
    "Moment": "offsets",
    "NoWindow": "windows",
    "NoWindowReason": "windows",
    "Offset": "offsets",
    "OffsetUnit": "offsets",
    "SendWindow": "windows",
    "SkipReason": "offsets",
    "StepDue": "offsets",
    "StepSkipped": "offsets",
    "next_allowed": "limits",
    "offset_from_text": "offsets",
    "offset_to_text": "offsets",
    "plan_step": "offsets",
    "plan_steps": "offsets",
    "resolve_offset": "offsets",
    "take": "limits",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
