"""Zones as windows see them: a name in, its clock out, and where that clock changes. Reads the zone database.

Only ``utcoffset`` is asked of a zone, and all comparing happens in UTC: whether a shift counts as daylight saving, and
in which direction, means nothing here.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

__all__ = ["in_utc", "offset_at", "search_zone", "zone_named"]

ONE_DAY = timedelta(days=1)


def in_utc(at: datetime) -> datetime:
    """Return *at* in UTC; naive moments raise ValueError."""
    if at.utcoffset() is None:
        raise ValueError("a moment needs a zone; naive datetimes are refused")
    return at.astimezone(UTC)


# The library keeps eight zones and reads the others from their files again; an audience lives in more.
@lru_cache(maxsize=700)  # all of the database; whoever clears the library's cache clears this one too
def zone_named(name: str) -> ZoneInfo:
    """Return the zone of an IANA name; anything else raises ValueError."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:  # unknown, a folder such as "America", or not a relative path
        raise ValueError(f"unknown time zone {name!r}; it must be an IANA name such as Europe/Warsaw") from error


def search_zone(
    zone: ZoneInfo, moment: datetime, until: datetime, on_wall: Callable[[datetime, datetime], datetime | None]
) -> datetime | None:
    """Return the first instant, from *moment* and not past *until*, that *on_wall* finds on the clocks of one zone.

    *on_wall* supposes that clocks never change; where they do before its answer, it is asked again from the change on.
    """
    while moment <= until:
        offset = offset_at(zone, moment)
        wall = on_wall(moment + offset, until + offset)
        found = None if wall is None else wall - offset
        changed = _first_change(zone, moment, found or until)
        if changed is None:
            return found
        moment = changed
    return None


def offset_at(zone: ZoneInfo, moment: datetime) -> timedelta:
    """Return what has to be added to an instant in UTC to get what the zone's clocks show."""
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None  # ZoneInfo always knows, for an instant
    return offset


def _first_change(zone: ZoneInfo, after: datetime, until: datetime) -> datetime | None:
    """Return the first instant in ``(after, until]`` whose offset differs from that at *after*.

    A step of a day misses nothing: in the tz database two changes are never less than four days apart (Freetown 1939).
    """
    offset = offset_at(zone, after)
    while after < until:
        step = min(after + ONE_DAY, until)
        if offset_at(zone, step) != offset:
            return _narrow(zone, after, step, offset)
        after = step
    return None


def _narrow(zone: ZoneInfo, before: datetime, after: datetime, offset: timedelta) -> datetime:
    """Return the second at which *offset* ends, between two instants that lie on its two sides."""
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(zone, datetime.fromtimestamp(middle, UTC)) == offset:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
