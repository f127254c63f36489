"""Opening hours: days and times of day as people write them in, values out, and where they lie on one clock. Pure.

A *wall* here is what the clock of a zone shows, as a datetime whose ``tzinfo`` says UTC: a calendar without changes.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Protocol

import attrs

__all__ = [
    "EVERY_DAY",
    "MIDNIGHT",
    "Hours",
    "OpeningHours",
    "end_of",
    "format_hours",
    "is_open_on_wall",
    "next_close_on_wall",
    "next_open_on_wall",
    "refuse_no_hours",
    "to_days",
    "to_hours",
    "wall_time",
]

EVERY_DAY = tuple(range(7))
DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = time(0)
ONE_DAY = timedelta(days=1)
_SPAN = re.compile(r"([0-9]{1,2})(?::([0-9]{2}))?\s*[-–]\s*([0-9]{1,2})(?::([0-9]{2}))?")


class Hours(Protocol):
    """What a window and each of its openings have in common."""

    @property
    def days(self) -> tuple[int, ...]: ...
    @property
    def opens(self) -> time: ...
    @property
    def closes(self) -> time: ...


def to_days(value: str | Iterable[int | str]) -> tuple[int, ...]:
    """Return weekdays as sorted numbers, Monday is 0.

    Raises:
        ValueError: there is no day, or something that is none.

    >>> to_days("mon-wed,sat"), to_days("daily")
    ((0, 1, 2, 5), (0, 1, 2, 3, 4, 5, 6))
    """
    if isinstance(value, str):
        value = EVERY_DAY if value.strip().lower() == "daily" else value.split(",")
    days = sorted({day for item in value for day in _days_of(item)})
    if not days:
        raise ValueError("a window needs at least one day")
    return tuple(days)


def _days_of(item: int | str) -> Iterator[int]:
    if isinstance(item, str):
        first, dash, last = item.strip().lower().partition("-")
        start, end = _day_number(first), _day_number(last if dash else first)
        yield from ((start + step) % 7 for step in range((end - start) % 7 + 1))
    elif item in EVERY_DAY:
        yield int(item)
    else:
        raise ValueError(f"{item!r} is no weekday; Monday is 0 and Sunday 6")


def _day_number(name: str) -> int:
    if name.strip() not in DAY_NAMES:
        raise ValueError(f"{name!r} is no weekday; write daily, or days and ranges such as mon-fri or mon,wed,sat-sun")
    return DAY_NAMES.index(name.strip())


def wall_time(_: object, attribute: "attrs.Attribute[time]", value: time) -> None:
    """Refuse what is no time of day, or one with a zone."""
    if not isinstance(value, time):
        raise TypeError(f"{attribute.name} must be a time of day, not {value!r}")
    if value.tzinfo is not None:
        raise ValueError(f"{attribute.name} must be a time without a zone; the zone is the window's")


def refuse_no_hours(opens: time, closes: time) -> None:
    """Refuse an opening without length; midnight to midnight is the whole day."""
    if opens == closes != MIDNIGHT:
        raise ValueError("a window that opens when it closes has no hours; SendWindow.always() is the whole day")


@attrs.frozen(kw_only=True)
class OpeningHours:
    """One opening on some days of the week: from *opens* until just before *closes*, as in ``SendWindow``."""

    days: tuple[int, ...] = attrs.field(default=EVERY_DAY, converter=to_days)  # sorted, 0 is Monday
    opens: time = attrs.field(validator=wall_time)
    closes: time = attrs.field(validator=wall_time)  # exclusive; 00:00 is the end of the day

    def __attrs_post_init__(self) -> None:
        refuse_no_hours(self.opens, self.closes)


def to_hours(value: Mapping[str, str] | Iterable[OpeningHours | Mapping[str, Any]]) -> tuple[OpeningHours, ...]:
    """Return openings in one form for one meaning, however they were written.

    Args:
        value: Openings, or their fields, or a table of days and times: ``{"mon-fri": "9-12, 14-18", "sat": "10-14"}``.

    Raises:
        ValueError: a day or a time is none, or two openings of one day overlap.

    >>> [(opening.days, opening.opens.hour) for opening in to_hours({"mon": "14-18,9-12", "sat": "9-12"})]
    [((0,), 14), ((0, 5), 9)]
    """
    items = _openings_in(value) if isinstance(value, Mapping) else value
    openings = tuple(OpeningHours(**item) if isinstance(item, Mapping) else item for item in items)
    if any(not isinstance(opening, OpeningHours) for opening in openings):
        raise TypeError("hours is a table such as {'mon-fri': '9-12,14-18'}, or a tuple of OpeningHours")
    _refuse_overlaps(openings)
    days_of: dict[tuple[time, time], set[int]] = {}
    for opening in openings:
        days_of.setdefault((opening.opens, opening.closes), set()).update(opening.days)
    merged = (OpeningHours(days=days, opens=opens, closes=closes) for (opens, closes), days in days_of.items())
    return tuple(sorted(merged, key=lambda opening: (opening.days, opening.opens)))


def _openings_in(table: Mapping[str, str]) -> Iterator[OpeningHours]:
    for days, text in table.items():
        if not isinstance(text, str):
            raise TypeError(f"the hours of {days} must be text such as '9-12,14-18', not {text!r}")
        for span in text.split(","):
            opens, closes = _to_span(span.strip())
            yield OpeningHours(days=days, opens=opens, closes=closes)


def _to_span(text: str) -> tuple[time, time]:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} are no hours; write them like 9-12, 14:00-18:30 or 20-2")
    begin, end = ((int(found[n]), int(found[n + 1] or 0)) for n in (1, 3))
    if begin == end:
        raise ValueError(f"{text!r} opens when it closes; the whole day is 0-24")
    try:
        return time(*begin), MIDNIGHT if end == (24, 0) else time(*end)
    except ValueError as error:
        raise ValueError(f"{text!r} are no hours; they go from 0:00 to 24:00") from error


def _refuse_overlaps(openings: Iterable[OpeningHours]) -> None:
    spans = sorted((day, opening.opens, end_of(opening)) for opening in openings for day in opening.days)
    for (day, _, end), (next_day, begin, _) in pairwise(spans):
        if day == next_day and _since_midnight(begin) < end:
            raise ValueError(f"two openings overlap on {DAY_NAMES[day]}")


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)


def end_of(opening: Hours) -> timedelta:
    """Return when it closes, counted from the midnight before it opens; more than a day where it spans midnight."""
    end = _since_midnight(opening.closes)
    return end if opening.opens < opening.closes else end + ONE_DAY


def format_hours(openings: Sequence[Hours]) -> str:
    """Return openings for a shopkeeper: hours alone where there is one opening, with their days where there are more.

    >>> format_hours(to_hours({"mon-fri": "9-12,14-18"}))
    'mon-fri 09:00 to 12:00, mon-fri 14:00 to 18:00'
    """
    spans = [f"{opening.opens:%H:%M} to {opening.closes:%H:%M}" for opening in openings]
    if len(spans) == 1:
        return f"from {spans[0]}"
    return ", ".join(f"{_format_days(opening.days)} {span}" for opening, span in zip(openings, spans, strict=True))


def _format_days(days: Sequence[int]) -> str:
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{DAY_NAMES[days[0]]}-{DAY_NAMES[days[-1]]}"
    return ",".join(DAY_NAMES[day] for day in days)


# Where openings lie. *is_working* says of a date whether it is no holiday; it is asked about the day an opening begins.


def is_open_on_wall(openings: Iterable[Hours], wall: datetime, is_working: Callable[[date], bool]) -> bool:
    """Return whether one of *openings* holds *wall*."""
    return any(_ends_at(opening, wall, is_working) is not None for opening in openings)


def next_open_on_wall(
    openings: Sequence[Hours], wall: datetime, until: datetime, is_working: Callable[[date], bool]
) -> datetime | None:
    """Return the first instant from *wall*, and not past *until*, that one of *openings* holds."""
    if is_open_on_wall(openings, wall, is_working):
        return wall
    begins = datetime.combine(wall.date(), MIDNIGHT, tzinfo=UTC)
    while begins <= until:
        found = _first_opening(openings, begins.date(), wall, is_working)
        if found is not None:
            return found if found <= until else None
        begins += ONE_DAY
    return None


def next_close_on_wall(
    openings: Sequence[Hours], wall: datetime, until: datetime, is_working: Callable[[date], bool]
) -> datetime | None:
    """Return the first instant from *wall*, and not past *until*, that none of *openings* holds."""
    while wall <= until:
        ends = [end for opening in openings if (end := _ends_at(opening, wall, is_working)) is not None]
        if not ends:
            return wall
        wall = max(ends)  # where another opening may hold it already
    return None


def _ends_at(opening: Hours, wall: datetime, is_working: Callable[[date], bool]) -> datetime | None:
    """Return when the opening that holds *wall* ends, None if *opening* does not hold it."""
    clock, day = wall.time(), wall.date()
    if MIDNIGHT < opening.closes <= opening.opens and clock < opening.closes:
        day -= ONE_DAY  # what began yesterday in the evening
    elif clock < opening.opens or (opening.opens < opening.closes <= clock):
        return None
    if day.weekday() not in opening.days or not is_working(day):
        return None
    return datetime.combine(day, MIDNIGHT, tzinfo=UTC) + end_of(opening)


def _first_opening(
    openings: Iterable[Hours], day: date, wall: datetime, is_working: Callable[[date], bool]
) -> datetime | None:
    clocks = sorted(opening.opens for opening in openings if day.weekday() in opening.days)
    begins = (datetime.combine(day, clock, tzinfo=UTC) for clock in clocks)
    first = next((begin for begin in begins if begin >= wall), None)
    return first if first is not None and is_working(day) else None
