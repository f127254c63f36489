"""Offsets: a count of minutes to years and the date of a fact in, an instant in UTC out. Pure.

Minutes and hours are counted in UTC. Days and longer are counted on the calendar, on naive local dates, and only the
result is put into UTC, so that "a week later at 10:00" is at 10:00 whatever the clocks did meanwhile.
"""

import re
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Self

import attrs
from dateutil.relativedelta import relativedelta

from campaignkit.timing.offsets.moments import Moment, is_countable, to_instant

__all__ = ["AT_ONCE", "DATE_NAME", "Offset", "OffsetUnit", "resolve_offset"]

DATE_NAME = re.compile(
    r"(?!(?i:at|before|after|of)\b)[A-Za-z][A-Za-z0-9_]{0,63}"
)  # words of the written form are taken


class OffsetUnit(StrEnum):
    """What an offset counts in."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


EXACT_UNITS = frozenset({OffsetUnit.MINUTES, OffsetUnit.HOURS})
COUNT_MAX = {  # about a hundred years: nobody plans further, and every date stays within what Python can hold
    OffsetUnit.MINUTES: 52_600_000,
    OffsetUnit.HOURS: 876_600,
    OffsetUnit.DAYS: 36_525,
    OffsetUnit.WEEKS: 5_218,
    OffsetUnit.MONTHS: 1_200,
    OffsetUnit.YEARS: 100,
}


def _whole_number(_: object, __: "attrs.Attribute[int]", value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"an offset counts whole units, not {value!r}")


def _wall_time(_: object, __: "attrs.Attribute[time | None]", value: time | None) -> None:
    if value is None:
        return
    if not isinstance(value, time):
        raise TypeError(f"the time of day of an offset must be a time, not {value!r}")
    if value.tzinfo is not None:
        raise ValueError("the time of day of an offset has no zone; the zone is the moment's")
    if value.second or value.microsecond:
        raise ValueError("the time of day of an offset is a whole minute")


def _date_name(_: object, __: "attrs.Attribute[str]", value: str) -> None:
    if value and not DATE_NAME.fullmatch(value):
        raise ValueError(f"{value!r} names no date of a fact; write one word such as start, close or expires_at")


@attrs.frozen(kw_only=True)
class Offset:
    """How far from a date of a fact: seven days later at 10:00, one hour before the start, at once.

    Args:
        count: Whole units; negative is before the date, 0 days is on the day.
        unit: What is counted. None is at once.
        clock: The time of day on the wall, for days and longer. Without one it is the fact's own time of day; where
            the fact has only a date, it is any time of that day.
        date_name: Which date of the fact is meant, such as ``start``; empty is the date of the fact itself.

    Raises:
        ValueError: there is a time of day for minutes or hours, or more is counted than about a hundred years.
    """

    count: int = attrs.field(default=0, validator=_whole_number)
    unit: OffsetUnit | None = attrs.field(default=None, converter=attrs.converters.optional(OffsetUnit))
    clock: time | None = attrs.field(default=None, validator=_wall_time)
    date_name: str = attrs.field(default="", validator=_date_name)

    def __attrs_post_init__(self) -> None:
        if self.unit is None:
            if self.count or self.clock is not None or self.date_name:
                raise ValueError("at once counts nothing and has no time of day")
            return
        if self.clock is not None and self.unit in EXACT_UNITS:
            raise ValueError("minutes and hours are counted from the moment itself; a time of day goes with days")
        if abs(self.count) > COUNT_MAX[self.unit]:
            raise ValueError(f"an offset of {self.count} {self.unit} is over a hundred years")

    @classmethod
    def on_the_day(cls, clock: time | None = None, *, date_name: str = "") -> Self:
        """Return the offset of no days."""
        return cls(unit=OffsetUnit.DAYS, clock=clock, date_name=date_name)

    @property
    def is_before(self) -> bool:
        """Whether it counts back from the date; then nothing is ever sent at the date or after it."""
        return self.count < 0

    @property
    def is_exact(self) -> bool:
        """Whether it counts time that passed, not days of the calendar."""
        return self.unit in EXACT_UNITS

    def is_all_day(self, moment: Moment) -> bool:
        """Return whether it leads to a day without a time: neither it nor *moment* names one."""
        return moment.is_day and self.clock is None and not self.is_exact


AT_ONCE = Offset()


def resolve_offset(offset: Offset, moment: Moment) -> datetime:
    """Return the instant in UTC that lies *offset* from *moment*; where that is a whole day, the start of it.

    Months and years are counted from the date, never from the step before, and end with the month: from 31 January,
    one month is 28 February and two are 31 March. Where clocks jump over the result, it moves forward by as much;
    where it comes twice, it is the first.

    Raises:
        ValueError: the date is outside the years 1900 to 2899.

    >>> from datetime import date
    >>> expiry = Moment(at=date(2026, 3, 31), zone="Europe/Warsaw")
    >>> resolve_offset(Offset(count=-1, unit="months", clock=time(9)), expiry)
    datetime.datetime(2026, 2, 28, 8, 0, tzinfo=datetime.timezone.utc)
    """
    if not is_countable(moment):
        raise ValueError(f"nothing can be counted from {moment.at.isoformat()}; years are 1900 to 2899")
    if offset.is_exact:
        minutes = offset.count if offset.unit is OffsetUnit.MINUTES else 60 * offset.count
        return moment.instant + timedelta(minutes=minutes)
    if offset.unit is None or (offset.count == 0 and offset.clock is None):
        return moment.begins
    return to_instant(_on_calendar(offset, offset.unit, moment.wall), moment.zone)


def _on_calendar(offset: Offset, unit: OffsetUnit, wall: datetime) -> datetime:
    day = wall.date() + relativedelta(**{unit.value: offset.count})  # type: ignore[arg-type]
    return datetime.combine(day, wall.time() if offset.clock is None else offset.clock)
