"""Send windows: a moment and zones in, whether it is open, when it opens, when it closes out. Pure.

Zones are IANA names. Only ``utcoffset`` is asked of them, all comparing happens in UTC.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

import attrs

__all__ = ["EVERY_DAY", "HORIZON", "NoWindow", "NoWindowReason", "SendWindow"]

EVERY_DAY = tuple(range(7))
DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = time(0)
ONE_DAY = timedelta(days=1)
HORIZON = timedelta(days=400)  # more than a year: every weekday, yearly holiday and change of the clocks has come by


class NoWindowReason(StrEnum):
    """Why there is no next opening."""

    NEVER_OPENS = "never_opens"  # one of the zones has no opening at all within the horizon
    NO_COMMON_HOURS = "no_common_hours"  # each zone opens, but never all of them at once


@attrs.frozen(kw_only=True)
class NoWindow:
    """There is no moment at which the window is open in all zones, up to *searched_until*."""

    reason: NoWindowReason
    message: str  # one sentence for a shopkeeper
    searched_until: datetime  # UTC


def _to_days(value: str | Iterable[int | str]) -> tuple[int, ...]:
    """Return weekdays as sorted numbers, Monday is 0."""
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


def _to_holidays(value: Iterable[date]) -> tuple[date, ...]:
    holidays = tuple(value)
    if any(isinstance(day, datetime) or not isinstance(day, date) for day in holidays):
        raise ValueError("holidays are dates without a time")
    return tuple(sorted(set(holidays)))


def _wall_time(_: object, attribute: "attrs.Attribute[time]", value: time) -> None:
    if not isinstance(value, time):
        raise TypeError(f"{attribute.name} must be a time of day, not {value!r}")
    if value.tzinfo is not None:
        raise ValueError(f"{attribute.name} must be a time without a zone; the zone is the window's")


def _known_zone(_: object, __: "attrs.Attribute[str]", value: str) -> None:
    if value != "recipient":
        _zone_info(value)


@attrs.frozen(kw_only=True)
class SendWindow:
    """The hours in which messages may begin, read off the wall clock of the recipient or of one fixed zone.

    An instant is open if its own local time of day is in ``[opens, closes)`` on one of the *days* that is no holiday:

    - Ends are exclusive: a window that closes at 21:00 is closed at 21:00.
    - ``opens`` after ``closes`` spans midnight. The opening belongs to the day on which it opens: Friday 20:00 to 02:00
      with ``days="fri"`` is open on Saturday at 01:00, and a holiday on Saturday does not cut it.
    - ``closes=time(0)`` is the end of the day, 24:00; so ``opens=time(0), closes=time(0)`` is the whole day, in short
      ``SendWindow.always()``. Any other equal pair is refused.
    - Where clocks jump ahead over ``opens``, the window opens when they have jumped; over ``closes``, it closes then.
      Where clocks go back, the wall clock shows an hour twice, and each showing is judged by what it shows.

    Args:
        days: ``"daily"`` (the default), ``"mon-fri"``, ``"mon,wed,sat-sun"``, or weekday numbers, Monday is 0.
        holidays: Local dates on which nothing opens.
        zone: An IANA name, or ``"recipient"``: then every call names the zones that the recipient may be in, and the
            window is open when it is open in all of them.

    Raises:
        ValueError: a day, an hour or the zone is not one, or ``opens`` equals ``closes``.

    >>> window = SendWindow(days="mon-fri", opens=time(9), closes=time(21))
    >>> saturday = datetime(2026, 3, 28, 12, tzinfo=UTC)
    >>> window.is_open(saturday, zones=["Europe/Warsaw"])
    False
    >>> window.next_open(saturday, zones=["Europe/Warsaw"])
    datetime.datetime(2026, 3, 30, 7, 0, tzinfo=datetime.timezone.utc)
    """

    days: tuple[int, ...] = attrs.field(default=EVERY_DAY, converter=_to_days)  # sorted, 0 is Monday
    opens: time = attrs.field(default=time(9), validator=_wall_time)
    closes: time = attrs.field(default=time(21), validator=_wall_time)  # exclusive; 00:00 is the end of the day
    holidays: tuple[date, ...] = attrs.field(default=(), converter=_to_holidays)  # sorted
    zone: str = attrs.field(default="recipient", validator=_known_zone)

    def __attrs_post_init__(self) -> None:
        if self.opens == self.closes != MIDNIGHT:
            raise ValueError("a window that opens when it closes has no hours; SendWindow.always() is the whole day")

    @classmethod
    def always(
        cls,
        *,
        days: str | Iterable[int | str] = EVERY_DAY,
        holidays: Iterable[date] = (),
        zone: str = "recipient",
    ) -> Self:
        """Return a window that is open all day long on its days."""
        return cls(days=days, opens=MIDNIGHT, closes=MIDNIGHT, holidays=holidays, zone=zone)

    @classmethod
    def quiet(
        cls,
        begins: time,
        ends: time,
        *,
        days: str | Iterable[int | str] = EVERY_DAY,
        holidays: Iterable[date] = (),
        zone: str = "recipient",
    ) -> Self:
        """Return the window that is open outside the quiet hours from *begins* to *ends*; at *ends* it is open.

        Raises:
            ValueError: as for the window itself; also quiet hours within one day together with closed days, since the
                hours between two such rests belong to two days.

        >>> SendWindow.quiet(time(21), time(9)) == SendWindow(opens=time(9), closes=time(21))
        True
        """
        if begins == ends:
            raise ValueError("quiet hours that end when they begin leave nothing open, or everything")
        window = cls(days=days, opens=ends, closes=begins, holidays=holidays, zone=zone)
        if window._spans_midnight and (window.days != EVERY_DAY or window.holidays):
            raise ValueError("quiet hours within one day cannot be combined with days or holidays")
        return window

    def is_open(self, at: datetime, zones: Iterable[str] = ()) -> bool:
        """Return whether a message may begin at *at* in every one of the zones.

        Args:
            zones: The zones that the recipient may be in; ignored where the window has a fixed zone.

        Raises:
            ValueError: *at* is naive, a zone is unknown, or there is none: unknown never means open.
        """
        moment = _in_utc(at)
        return all(self._is_open_on_wall(moment + _offset(zone, moment)) for zone in self._zones(zones))

    def next_open(self, at: datetime, zones: Iterable[str] = ()) -> datetime | NoWindow:
        """Return the first instant, in UTC and not before *at*, at which the window is open in every zone.

        Raises:
            ValueError: as for ``is_open``.
        """
        moment, infos = _in_utc(at), self._zones(zones)
        until = moment + HORIZON
        while moment <= until:
            openings = [_search(zone, moment, until, self._next_open_on_wall) for zone in infos]
            found = [opening for opening in openings if opening is not None]
            if len(found) < len(infos):
                break
            if max(found) == moment:
                return moment
            moment = max(found)
        return self._no_window(infos, until)

    def next_close(self, at: datetime, zones: Iterable[str] = ()) -> datetime | None:
        """Return the first instant, in UTC and not before *at*, at which it is closed in one of the zones.

        That is *at* itself where it is closed already, and None where it stays open for the whole ``HORIZON``.

        Raises:
            ValueError: as for ``is_open``.
        """
        moment, infos = _in_utc(at), self._zones(zones)
        if self._never_closes:
            return None
        until = moment + HORIZON
        closings = [_search(zone, moment, until, self._next_close_on_wall) for zone in infos]
        return min((closing for closing in closings if closing is not None), default=None)

    @property
    def _spans_midnight(self) -> bool:
        return self.closes != MIDNIGHT and self.opens > self.closes

    @property
    def _never_closes(self) -> bool:
        return self.opens == self.closes and self.days == EVERY_DAY and not self.holidays

    def _zones(self, names: Iterable[str]) -> Collection[ZoneInfo]:
        if self.zone != "recipient":
            return (_zone_info(self.zone),)
        if isinstance(names, str):
            raise TypeError("zones is a collection of zone names, not one name")
        infos = tuple(_zone_info(name) for name in dict.fromkeys(names))
        if not infos:
            raise ValueError("a window in the recipient's zone needs at least one zone; give the merchant's if unknown")
        return infos

    # On the wall: UTC shifted by an offset, as if the clocks of the zone never changed again. ``tzinfo`` stays UTC.

    def _is_open_on_wall(self, wall: datetime) -> bool:
        clock = wall.time()
        if self._spans_midnight and clock < self.closes:
            return self._is_working((wall - ONE_DAY).date())
        is_before_close = self._spans_midnight or self.closes == MIDNIGHT or clock < self.closes
        return clock >= self.opens and is_before_close and self._is_working(wall.date())

    def _next_open_on_wall(self, wall: datetime, until: datetime) -> datetime | None:
        if self._is_open_on_wall(wall):
            return wall
        opening = _on_clock(wall, self.opens)
        if opening < wall:
            opening += ONE_DAY
        while opening <= until:
            if self._is_working(opening.date()):
                return opening
            opening += ONE_DAY
        return None

    def _next_close_on_wall(self, wall: datetime, until: datetime) -> datetime | None:
        while self._is_open_on_wall(wall):
            closing = _on_clock(wall, self.closes)
            wall = closing if closing > wall else closing + ONE_DAY
            if wall > until:
                return None
        return wall

    def _is_working(self, day: date) -> bool:
        return day.weekday() in self.days and day not in self.holidays

    def _no_window(self, infos: Collection[ZoneInfo], until: datetime) -> NoWindow:
        start = until - HORIZON
        closed = [zone.key for zone in infos if _search(zone, start, until, self._next_open_on_wall) is None]
        hours = f"{self.opens:%H:%M} to {self.closes:%H:%M}"
        where = ", ".join(closed or [zone.key for zone in infos])
        if closed:
            reason, what = NoWindowReason.NEVER_OPENS, f"the window from {hours} never opens in {where}"
        else:
            reason, what = NoWindowReason.NO_COMMON_HOURS, f"the hours from {hours} never come at once in {where}"
        return NoWindow(reason=reason, message=f"{what} before {until:%Y-%m-%d}", searched_until=until)


def _in_utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError("a moment needs a zone; naive datetimes are refused")
    return at.astimezone(UTC)


def _zone_info(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:  # unknown, a folder such as "America", or not a relative path
        raise ValueError(f"unknown time zone {name!r}; it must be an IANA name such as Europe/Warsaw") from error


def _search(
    zone: ZoneInfo, moment: datetime, until: datetime, on_wall: Callable[[datetime, datetime], datetime | None]
) -> datetime | None:
    """Return the first instant, from *moment* and not past *until*, that *on_wall* finds on the clocks of one zone.

    *on_wall* supposes that clocks never change; where they do before its answer, it is asked again from the change on.
    """
    while moment <= until:
        offset = _offset(zone, moment)
        wall = on_wall(moment + offset, until + offset)
        found = None if wall is None else wall - offset
        changed = _first_change(zone, moment, found or until)
        if changed is None:
            return found
        moment = changed
    return None


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None  # ZoneInfo always knows, for an instant
    return offset


def _on_clock(wall: datetime, clock: time) -> datetime:
    return datetime.combine(wall.date(), clock, tzinfo=UTC)


def _first_change(zone: ZoneInfo, after: datetime, until: datetime) -> datetime | None:
    """Return the first instant in ``(after, until]`` whose offset differs from that at *after*.

    A step of a day misses nothing: in the tz database two changes are never less than four days apart (Freetown 1939).
    """
    offset = _offset(zone, after)
    while after < until:
        step = min(after + ONE_DAY, until)
        if _offset(zone, step) != offset:
            return _narrow(zone, after, step, offset)
        after = step
    return None


def _narrow(zone: ZoneInfo, before: datetime, after: datetime, offset: timedelta) -> datetime:
    """Return the second at which *offset* ends, between two instants that lie on its two sides."""
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, datetime.fromtimestamp(middle, UTC)) == offset:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
