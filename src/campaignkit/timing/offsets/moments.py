"""Moments: the date of a fact and a zone in; its local day, its instant in UTC and how it reads out. Pure.

The wall clock is put into UTC by ``utcoffset`` alone: over a gap the time moves forward by its length, of a time that
comes twice the first is meant.
"""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import attrs

from campaignkit.addresses.zones import is_zone

__all__ = ["DayEdge", "Moment", "is_countable", "start_of_day", "to_instant"]

MIDNIGHT = time(0)
ONE_DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1900, 2899  # with the longest offset on either side still a date that Python can hold


class DayEdge(StrEnum):
    """Which instant a date without a time of day stands for."""

    END = "end"  # the day is over: what expires on a date is good all that day
    START = "start"  # the day begins: an event on that date may begin at any time of it


def _to_date_or_utc(value: date) -> date:
    if not isinstance(value, date):
        raise TypeError(f"the date of a fact must be a date or an aware datetime, not {value!r}")
    if not isinstance(value, datetime):
        return value
    if value.utcoffset() is None:
        raise ValueError("the moment of a fact needs a zone; naive datetimes are refused")
    return value.astimezone(UTC) if FIRST_YEAR <= value.year <= LAST_YEAR else value


def _iana_name(_: object, __: "attrs.Attribute[str]", value: str) -> None:
    if not is_zone(value):
        raise ValueError(f"unknown time zone {value!r}; it must be an IANA name such as Europe/Warsaw")


@attrs.frozen(kw_only=True)
class Moment:
    """A date of a fact: when something was bought, begins, closes or expires.

    Any date can be kept; nothing can be counted from those outside the years 1900 to 2899.

    Args:
        at: An aware datetime, or a date where no time of day is known.
        zone: The IANA zone whose calendar and wall clock count; the shop's, or the recipient's.
        day_edge: What a date without a time stands for; of no meaning for a datetime.

    Raises:
        ValueError: *at* is a naive datetime, or the zone is unknown.

    >>> Moment(at=date(2026, 3, 31), zone="Europe/Warsaw").instant
    datetime.datetime(2026, 3, 31, 22, 0, tzinfo=datetime.timezone.utc)
    """

    at: date = attrs.field(converter=_to_date_or_utc)  # a datetime is kept in UTC
    zone: str = attrs.field(validator=_iana_name)
    day_edge: DayEdge = attrs.field(default=DayEdge.END, converter=DayEdge)

    @property
    def is_day(self) -> bool:
        """Whether only the date is known, not the time of day."""
        return not isinstance(self.at, datetime)

    @property
    def wall(self) -> datetime:
        """What calendar and clock of the zone show, naive; of a mere date, its midnight."""
        if isinstance(self.at, datetime):
            return self.at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None, fold=0)
        return datetime.combine(self.at, MIDNIGHT)

    @property
    def begins(self) -> datetime:
        """The first instant that belongs to it, in UTC: of a mere date, the start of that day."""
        return self.at if isinstance(self.at, datetime) else start_of_day(self.at, self.zone)

    @property
    def instant(self) -> datetime:
        """The instant in UTC that it stands for: of a mere date, the end of that day unless *day_edge* says start."""
        if isinstance(self.at, datetime) or self.day_edge is DayEdge.START:
            return self.begins
        return start_of_day(self.at + ONE_DAY, self.zone)

    def __str__(self) -> str:
        """Return the local date, and the time of day where it is known."""
        return f"{self.at:%Y-%m-%d}" if self.is_day else f"{self.wall:%Y-%m-%d at %H:%M}"


def is_countable(moment: Moment) -> bool:
    """Return whether any offset may be counted from *moment*; false for the year 9999, which stands for never."""
    return FIRST_YEAR <= moment.at.year <= LAST_YEAR


def to_instant(wall: datetime, zone: str) -> datetime:
    """Return the instant in UTC at which the clocks of *zone* show *wall*, or would show it if they had not jumped."""
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def start_of_day(day: date, zone: str) -> datetime:
    """Return the instant in UTC from which on it is *day* or later for good.

    Where midnight is jumped over, the day begins after the jump: from 1970 to 2037 no zone jumps over it from before.
    Where clocks go back over midnight into the evening before, that evening is still to be lived through.
    """
    midnight = datetime.combine(day, MIDNIGHT, tzinfo=ZoneInfo(zone))
    first, second = midnight.astimezone(UTC), midnight.replace(fold=1).astimezone(UTC)
    just_before = (second - timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
    return second if second > first and just_before.date() < day else first
