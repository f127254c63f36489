"""Limits as people write them: ``30 per minute`` in, a limit out, and back. Pure."""

import re
from datetime import timedelta

from campaignkit.timing.limits.rules import CalendarPeriod, Counted, Limit

__all__ = ["limit_from_text", "limit_to_text"]

_UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),  # one that rolls; calendar months are said so
}
_ROLLING = re.compile(
    rf"(?P<count>[0-9]+)(?:\s+(?P<counted>messages|recipients))?\s+per\s+(?:(?P<times>[0-9]+)\s+)?"
    rf"(?P<unit>{'|'.join(_UNITS)})s?"
)
_CALENDAR = re.compile(
    r"(?P<count>[0-9]+)(?:\s+(?P<counted>messages|recipients))?\s+per\s+calendar\s+(?P<period>day|week|month)"
    r"\s+in\s+(?P<zone>\S+)"
)
_FORM = "write it like '500 per day', '30 recipients per 5 minutes' or '200 per calendar day in Europe/Warsaw'"


def limit_from_text(text: str) -> Limit:
    """Return the limit that *text* says. Days, weeks and months of 30 days roll unless they are of the calendar.

    >>> limit_from_text("500 recipients per day").sentence
    'at most 500 recipients in any 24 hours'
    >>> limit_from_text("200 per calendar day in Europe/Warsaw").sentence
    'at most 200 messages per calendar day (Europe/Warsaw)'

    Raises:
        ValueError: it says none, or one that no limit can be.
    """
    plain = " ".join(text.split())
    if found := _CALENDAR.fullmatch(plain):
        period = CalendarPeriod(found["period"])
        return Limit(int(found["count"]), per=period, counted=_counted(found), zone=found["zone"])
    if found := _ROLLING.fullmatch(plain):
        return Limit(int(found["count"]), per=_length(found), counted=_counted(found))
    raise ValueError(f"{text!r} is no limit; {_FORM}")


def limit_to_text(limit: Limit) -> str:
    """Return *limit* so that ``limit_from_text`` reads it; the unit is the largest that divides its length.

    Raises:
        ValueError: its length is no whole number of seconds, which the form cannot say.

    >>> limit_to_text(Limit(30, per=timedelta(minutes=90)))
    '30 per 90 minutes'
    """
    what = "" if limit.counted is Counted.MESSAGES else f" {limit.counted}"
    if not isinstance(limit.per, timedelta):
        return f"{limit.count}{what} per calendar {limit.per} in {limit.zone}"
    for unit, length in reversed(_UNITS.items()):
        times, rest = divmod(limit.per, length)
        if times and not rest:
            return f"{limit.count}{what} per {unit}" if times == 1 else f"{limit.count}{what} per {times} {unit}s"
    raise ValueError("the form of limits says whole seconds only")


def _counted(found: re.Match[str]) -> Counted:
    return Counted(found["counted"] or Counted.MESSAGES)


def _length(found: re.Match[str]) -> timedelta:
    try:
        return int(found["times"] or 1) * _UNITS[found["unit"]]
    except OverflowError as error:
        raise ValueError(f"{found[0]!r} is longer than any limit") from error
