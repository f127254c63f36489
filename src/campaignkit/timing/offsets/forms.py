"""Offsets as short texts for TOML, JSON and forms, ``+7d 10:00``, and back; anything else is refused in a sentence."""

import re
from datetime import time
from typing import NoReturn

from campaignkit.timing.offsets.counting import AT_ONCE, DATE_NAME, Offset, OffsetUnit

__all__ = ["offset_from_text", "offset_to_text"]

TEXT_MAX = 120  # characters; the longest form that is one has fewer
SHOWN_MAX = 40  # characters of a refused text that its message repeats
EXAMPLES = '"at once", "+7d 10:00", "-30d", "+6 months", "on the day 9:00" or "-1h before start"'

_NAME = rf"(?P<name>{DATE_NAME.pattern})"
_CLOCK = r"(?: (?:at )?(?P<clock>[0-9]{1,2}:[0-9]{2}))?"
_ON_THE_DAY = re.compile(rf"(?i:on the day)(?: (?i:of) {_NAME})?(?i:{_CLOCK})")
_COUNTED = re.compile(
    rf"(?P<sign>[+-])? ?(?P<count>[0-9]{{1,9}}) ?(?P<unit>[A-Za-z]+)"
    rf"(?: (?P<way>(?i:before|after))(?: {_NAME})?)?(?i:{_CLOCK})"
)
_UNITS = {
    **dict.fromkeys(("min", "mins", "minute", "minutes"), OffsetUnit.MINUTES),
    **dict.fromkeys(("h", "hour", "hours"), OffsetUnit.HOURS),
    **dict.fromkeys(("d", "day", "days"), OffsetUnit.DAYS),
    **dict.fromkeys(("w", "week", "weeks"), OffsetUnit.WEEKS),
    **dict.fromkeys(("month", "months"), OffsetUnit.MONTHS),
    **dict.fromkeys(("y", "year", "years"), OffsetUnit.YEARS),
}
_SHORT = {OffsetUnit.MINUTES: "min", OffsetUnit.HOURS: "h", OffsetUnit.DAYS: "d", OffsetUnit.WEEKS: "w"}
_MINUSES = str.maketrans({"−": "-", "–": "-"})  # what word processors make of a hyphen


def offset_to_text(offset: Offset) -> str:
    """Return *offset* in the short form; ``offset_from_text`` gives an equal one.

    >>> offset_to_text(Offset(count=7, unit="days", clock=time(10))), offset_to_text(AT_ONCE)
    ('+7d 10:00', 'at once')
    """
    if offset.unit is None:
        return "at once"
    clock = "" if offset.clock is None else f" {offset.clock:%H:%M}"
    if offset.count == 0 and offset.unit is OffsetUnit.DAYS:
        return "on the day" + (f" of {offset.date_name}" if offset.date_name else "") + clock
    way = "before" if offset.is_before else "after"
    return _counted(offset.count, offset.unit) + (f" {way} {offset.date_name}" if offset.date_name else "") + clock


def _counted(count: int, unit: OffsetUnit) -> str:
    if unit in _SHORT:
        return f"{count:+d}{_SHORT[unit]}"
    return f"{count:+d} {unit.value.removesuffix('s') if abs(count) == 1 else unit.value}"


def offset_from_text(text: str) -> Offset:
    """Return the offset that *text* writes down.

    Units are ``min``, ``h``, ``d``, ``w``, ``months`` and ``years``, or their whole words. A time of day goes last. A
    date of the fact other than its own is named by ``before``, ``after`` or ``of``.

    Raises:
        ValueError: it is none; the message says how to write one.

    >>> offset_from_text("-1h before start")
    Offset(count=-1, unit=<OffsetUnit.HOURS: 'hours'>, clock=None, date_name='start')
    >>> offset_from_text("30 days before expiry at 9:00") == offset_from_text("-30d before expiry 09:00")
    True
    """
    if not isinstance(text, str) or len(text) > TEXT_MAX:
        _refuse(text, "is no offset")
    words = " ".join(text.translate(_MINUSES).split())
    if words.lower() == "at once":
        return AT_ONCE
    if found := _ON_THE_DAY.fullmatch(words):
        return Offset.on_the_day(_clock(text, found["clock"]), date_name=found["name"] or "")
    if found := _COUNTED.fullmatch(words):
        return Offset(
            count=_count(text, found),
            unit=_unit(text, found["unit"]),
            clock=_clock(text, found["clock"]),
            date_name=found["name"] or "",
        )
    return _refuse(text, "is no offset")


def _count(text: str, found: re.Match[str]) -> int:
    sign, way, count = found["sign"], (found["way"] or "").lower(), int(found["count"])
    if not sign and not way:
        _refuse(text, "says neither before nor after")
    if sign and way and count and (sign == "-") is not (way == "before"):
        _refuse(text, "says both before and after")
    return -count if sign == "-" or way == "before" else count


def _unit(text: str, name: str) -> OffsetUnit:
    if name.lower() in {"m", "mo"}:
        _refuse(text, "may mean minutes or months")
    if name.lower() not in _UNITS:
        _refuse(text, "counts in an unknown unit")
    return _UNITS[name.lower()]


def _clock(text: str, clock: str | None) -> time | None:
    if clock is None:
        return None
    hour, minute = (int(part) for part in clock.split(":"))
    if hour > 23 or minute > 59:
        _refuse(text, f"has {clock}, which is no time of day")
    return time(hour, minute)


def _refuse(text: object, why: str) -> NoReturn:
    shown = repr(text)
    shown = shown if len(shown) <= SHOWN_MAX else f"{shown[:SHOWN_MAX]}…"
    raise ValueError(f"{shown} {why}; write {EXAMPLES}")
