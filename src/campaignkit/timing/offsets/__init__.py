"""Steps relative to the dates of a fact: an offset and a date in, the instant at which to send, or why not. Pure.

``text → Offset, fact → Moment → instant → late? window? still before the date? → StepDue | StepSkipped``
"""

from campaignkit.timing.offsets.counting import AT_ONCE, Offset, OffsetUnit, resolve_offset
from campaignkit.timing.offsets.forms import offset_from_text, offset_to_text
from campaignkit.timing.offsets.moments import DayEdge, Moment
from campaignkit.timing.offsets.planning import LatePolicy, SkipReason, StepDue, StepSkipped, plan_step, plan_steps

__all__ = [
    "AT_ONCE",
    "DayEdge",
    "LatePolicy",
    "Moment",
    "Offset",
    "OffsetUnit",
    "SkipReason",
    "StepDue",
    "StepSkipped",
    "offset_from_text",
    "offset_to_text",
    "plan_step",
    "plan_steps",
    "resolve_offset",
]
