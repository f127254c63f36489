"""Messages at even paces in, how many go in each hour, day, week and month of a zone out. Pure."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaignkit.insight.forecast.running import Pace
from campaignkit.insight.forecast.values import DateCount, HourCount
from campaignkit.timing.limits.states import from_micros, to_micros

__all__ = ["hour_start", "month_start", "per_date", "per_hour", "same_day", "week_start"]

HOUR = 3_600_000_000


def per_hour(paces: Iterable[Pace], zone: ZoneInfo) -> tuple[HourCount, ...]:
    """Return the hours in which any message goes, in order."""
    counts: dict[datetime, int] = {}
    for pace in paces:
        for start, count in _hours_of(pace, zone):
            counts[start] = counts.get(start, 0) + count
    return tuple(HourCount(start, count) for start, count in sorted(counts.items()))


def per_date(hours: Iterable[HourCount], zone: ZoneInfo, start_of: Callable[[date], date]) -> tuple[DateCount, ...]:
    """Return the days, weeks or months in which any message goes, in order, as *start_of* names them by a date."""
    counts: dict[date, int] = {}
    for hour in hours:
        start = start_of(hour.starts_at.astimezone(zone).date())
        counts[start] = counts.get(start, 0) + hour.count
    return tuple(DateCount(start, count) for start, count in sorted(counts.items()))


def same_day(day: date) -> date:
    """Return *day*."""
    return day


def week_start(day: date) -> date:
    """Return the Monday of the week."""
    return day - timedelta(days=day.weekday())


def month_start(day: date) -> date:
    """Return the first of the month."""
    return day.replace(day=1)


def hour_start(at: datetime, zone: ZoneInfo) -> datetime:
    """Return when the hour that the clock of *zone* shows at *at* began, in UTC."""
    shown = at.astimezone(zone)
    return at.astimezone(UTC) - timedelta(minutes=shown.minute, seconds=shown.second, microseconds=shown.microsecond)


def _hours_of(pace: Pace, zone: ZoneInfo) -> Iterator[tuple[datetime, int]]:
    """Yield the hours of one pace; a change of the clock amid an hour parts it in two."""
    done = 0
    while done < pace.count:
        start = hour_start(from_micros(pace.at(done)), zone)
        end = pace.count
        if pace.step:
            end = min(end, -(-(to_micros(start) + HOUR - pace.first) // pace.step))
            if hour_start(from_micros(pace.at(end - 1)), zone) != start:
                end = _first_of_another(pace, zone, done, end - 1)
        yield start, end - done
        done = end


def _first_of_another(pace: Pace, zone: ZoneInfo, low: int, high: int) -> int:
    start = hour_start(from_micros(pace.at(low)), zone)
    while high - low > 1:
        middle = (low + high) // 2
        if hour_start(from_micros(pace.at(middle)), zone) == start:
            low = middle
        else:
            high = middle
    return high
