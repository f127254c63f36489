"""Calendar days, weeks and months of a zone: an instant in, the end of its period out. Pure. Zones: IANA names."""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

__all__ = ["CalendarPeriod", "period_end", "zone_info"]

BOUNDARIES_MAX = 4096  # remembered: facts about the calendars of zones, no person's data
MIDNIGHT = time(0)
ONE_DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)


class CalendarPeriod(StrEnum):
    """What some providers count by; a new one begins at midnight in their zone."""

    DAY = "day"
    WEEK = "week"  # from Monday
    MONTH = "month"


def zone_info(name: str) -> ZoneInfo:
    """Return the zone called *name*.

    Raises:
        ValueError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:  # unknown, a folder such as "America", or not a relative path
        raise ValueError(f"unknown time zone {name!r}; it must be an IANA name such as Europe/Warsaw") from error


def period_end(instant: datetime, period: CalendarPeriod, zone: str) -> datetime:
    """Return when the period of *instant* ends, in UTC: the first instant that is no longer in it.

    Days have 23 to 25 hours where clocks change. Once a day has begun it does not end because clocks go back over
    midnight, and a date that a zone left out has no instants at all.

    >>> period_end(datetime(2026, 3, 29, 12, tzinfo=UTC), CalendarPeriod.DAY, "Europe/Warsaw")
    datetime.datetime(2026, 3, 29, 22, 0, tzinfo=datetime.timezone.utc)
    """
    following = _following(instant.astimezone(zone_info(zone)).date(), period)
    end = _begin_of(following, zone)
    while end <= instant:
        following = _following(following, period)
        end = _begin_of(following, zone)
    return end


def _following(day: date, period: CalendarPeriod) -> date:
    match period:
        case CalendarPeriod.DAY:
            return day + ONE_DAY
        case CalendarPeriod.WEEK:
            return day + timedelta(days=7 - day.weekday())
        case CalendarPeriod.MONTH:
            return date(day.year + day.month // 12, day.month % 12 + 1, 1)


@lru_cache(maxsize=BOUNDARIES_MAX)
def _begin_of(day: date, zone: str) -> datetime:
    """Return the first instant, in UTC, at which the calendar on the wall shows *day* or a later date."""
    midnight = datetime.combine(day, MIDNIGHT, tzinfo=zone_info(zone))
    first, second = midnight.astimezone(UTC), midnight.replace(fold=1).astimezone(UTC)
    if first <= second:  # one midnight, or two: the day begins with the first
        return first
    return _first_with(day, second, first, zone_info(zone))


def _first_with(day: date, before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return when *day* begins where its midnight does not exist: between *before* and *after*, by halving."""
    while after - before > MICROSECOND:
        middle = before + (after - before) // 2
        if middle.astimezone(zone).date() >= day:
            after = middle
        else:
            before = middle
    return after
