"""Send windows: a moment and zones in, whether it is open, when it opens, when it closes out. Pure.

Zones are IANA names.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

import attrs

from campaignkit.timing.holidays import public_holidays, to_place
from campaignkit.timing.openings import (
    EVERY_DAY,
    MIDNIGHT,
    Hours,
    OpeningHours,
    end_of,
    format_hours,
    is_open_on_wall,
    next_close_on_wall,
    next_open_on_wall,
    refuse_no_hours,
    to_days,
    to_hours,
    wall_time,
)
from campaignkit.timing.zone_clocks import in_utc, offset_at, search_zone, zone_named

__all__ = ["HORIZON", "NoWindow", "NoWindowReason", "SendWindow"]

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


def _to_holidays(value: Iterable[date]) -> tuple[date, ...]:
    holidays = tuple(value)
    if any(isinstance(day, datetime) or not isinstance(day, date) for day in holidays):
        raise ValueError("holidays are dates without a time")
    return tuple(sorted(set(holidays)))


def _known_zone(_: object, __: "attrs.Attribute[str]", value: str) -> None:
    if value != "recipient":
        zone_named(value)


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
    - Several openings a day, or others on some days, are *hours*; *days*, *opens* and *closes* are then their outline:
      all days, the first time that it opens and the last that it closes.

    Args:
        hours: Instead of *days*, *opens* and *closes*: ``{"mon-fri": "9-12, 14:00-18:30", "fri": "20-2"}``, or a tuple
            of ``OpeningHours``. Kept in one form for one meaning; empty where the other three say it all.
        days: ``"daily"`` (the default), ``"mon-fri"``, ``"mon,wed,sat-sun"``, or weekday numbers, Monday is 0.
        holidays: Local dates on which nothing opens.
        public_holidays: A country or a part of one, ``"PL"``, ``"US-TX"``, on whose public holidays nothing opens.
        zone: An IANA name, or ``"recipient"``: then every call names the zones that the recipient may be in, and the
            window is open when it is open in all of them.

    Raises:
        ValueError: a day, an hour, the place or the zone is not one, two openings overlap, or one has no length.
        MissingExtra: *public_holidays* without the extra ``holidays``.

    >>> window = SendWindow(days="mon-fri", opens=time(9), closes=time(21))
    >>> saturday = datetime.fromisoformat("2026-03-28T12:00Z")
    >>> window.is_open(saturday, zones=["Europe/Warsaw"])
    False
    >>> window.next_open(saturday, zones=["Europe/Warsaw"])
    datetime.datetime(2026, 3, 30, 7, 0, tzinfo=datetime.timezone.utc)
    """

    hours: tuple[OpeningHours, ...] = attrs.field(default=(), converter=to_hours)  # the defaults below look at it
    days: tuple[int, ...] = attrs.field(converter=to_days)  # sorted, 0 is Monday
    opens: time = attrs.field(validator=wall_time)
    closes: time = attrs.field(validator=wall_time)  # exclusive; 00:00 is the end of the day
    holidays: tuple[date, ...] = attrs.field(default=(), converter=_to_holidays)  # sorted
    public_holidays: str = attrs.field(default="", converter=to_place)
    zone: str = attrs.field(default="recipient", validator=_known_zone)

    @days.default
    def _all_days(self) -> tuple[int, ...]:
        return tuple({day for opening in self.hours for day in opening.days}) or EVERY_DAY

    @opens.default
    def _first_opens(self) -> time:
        return min((opening.opens for opening in self.hours), default=time(9))

    @closes.default
    def _last_closes(self) -> time:
        return max(self.hours, key=end_of).closes if self.hours else time(21)

    def __attrs_post_init__(self) -> None:
        if not self.hours:
            refuse_no_hours(self.opens, self.closes)
        elif (set(self.days), self.opens, self.closes) != (
            set(self._all_days()),
            self._first_opens(),
            self._last_closes(),
        ):
            raise ValueError("hours say when it opens; days, opens and closes beside them say something else")
        elif len(self.hours) == 1:
            object.__setattr__(self, "hours", ())  # one opening has one form, whichever way it was written

    @classmethod
    def always(
        cls,
        *,
        days: str | Iterable[int | str] = EVERY_DAY,
        holidays: Iterable[date] = (),
        public_holidays: str = "",
        zone: str = "recipient",
    ) -> Self:
        """Return a window that is open all day long on its days."""
        return cls(
            days=days,
            opens=MIDNIGHT,
            closes=MIDNIGHT,
            holidays=holidays,
            public_holidays=public_holidays,
            zone=zone,
        )

    @classmethod
    def quiet(
        cls,
        begins: time,
        ends: time,
        *,
        days: str | Iterable[int | str] = EVERY_DAY,
        holidays: Iterable[date] = (),
        public_holidays: str = "",
        zone: str = "recipient",
    ) -> Self:
        """Return the window that is open on its days outside the quiet hours from *begins* to *ends*.

        At *ends* it is open. Quiet hours within one day leave two openings of that day.

        Raises:
            ValueError: as for the window itself; also quiet hours that end when they begin.

        >>> SendWindow.quiet(time(21), time(9)) == SendWindow(opens=time(9), closes=time(21))
        True
        """
        if begins == ends:
            raise ValueError("quiet hours that end when they begin leave nothing open, or everything")
        spans = [(MIDNIGHT, begins), (ends, MIDNIGHT)] if MIDNIGHT < begins < ends else [(ends, begins)]
        hours = tuple(OpeningHours(days=days, opens=opens, closes=closes) for opens, closes in spans)
        return cls(hours=hours, holidays=holidays, public_holidays=public_holidays, zone=zone)

    def is_open(self, at: datetime, zones: Iterable[str] = ()) -> bool:
        """Return whether a message may begin at *at* in every one of the zones.

        Args:
            zones: The zones that the recipient may be in; ignored where the window has a fixed zone.

        Raises:
            ValueError: *at* is naive, a zone is unknown, or there is none: unknown never means open.
        """
        moment = in_utc(at)
        return all(self._is_open_on_wall(moment + offset_at(zone, moment)) for zone in self._zones(zones))

    def next_open(self, at: datetime, zones: Iterable[str] = ()) -> datetime | NoWindow:
        """Return the first instant, in UTC and not before *at*, at which the window is open in every zone.

        Raises:
            ValueError: as for ``is_open``.
        """
        moment, infos = in_utc(at), self._zones(zones)
        until = moment + HORIZON
        while moment <= until:
            openings = [search_zone(zone, moment, until, self._next_open_on_wall) for zone in infos]
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
        moment, infos = in_utc(at), self._zones(zones)
        if self._never_closes:
            return None
        until = moment + HORIZON
        closings = [search_zone(zone, moment, until, self._next_close_on_wall) for zone in infos]
        return min((closing for closing in closings if closing is not None), default=None)

    @property
    def openings(self) -> Sequence[Hours]:
        """The openings of a week, at least one: *hours*, or else the window itself, which has what one of them has."""
        return self.hours or (self,)

    @property
    def _never_closes(self) -> bool:
        is_whole_week = not self.hours and self.opens == self.closes and self.days == EVERY_DAY
        return is_whole_week and not self.holidays and not self.public_holidays

    def _zones(self, names: Iterable[str]) -> Collection[ZoneInfo]:
        if self.zone != "recipient":
            return (zone_named(self.zone),)
        if isinstance(names, str):
            raise TypeError("zones is a collection of zone names, not one name")
        infos = tuple(zone_named(name) for name in dict.fromkeys(names))
        if not infos:
            raise ValueError("a window in the recipient's zone needs at least one zone; give the merchant's if unknown")
        return infos

    # On the wall: UTC shifted by an offset, as if the clocks of the zone never changed again. ``tzinfo`` stays UTC.

    def _is_open_on_wall(self, wall: datetime) -> bool:
        return is_open_on_wall(self.openings, wall, self._is_working)

    def _next_open_on_wall(self, wall: datetime, until: datetime) -> datetime | None:
        return next_open_on_wall(self.openings, wall, until, self._is_working)

    def _next_close_on_wall(self, wall: datetime, until: datetime) -> datetime | None:
        return next_close_on_wall(self.openings, wall, until, self._is_working)

    def _is_working(self, day: date) -> bool:
        if day in self.holidays:
            return False
        return not self.public_holidays or day not in public_holidays(self.public_holidays, day.year)

    def _no_window(self, infos: Collection[ZoneInfo], until: datetime) -> NoWindow:
        start = until - HORIZON
        closed = [zone.key for zone in infos if search_zone(zone, start, until, self._next_open_on_wall) is None]
        hours = format_hours(self.openings)
        where = ", ".join(closed or [zone.key for zone in infos])
        if closed:
            reason, what = NoWindowReason.NEVER_OPENS, f"the window {hours} never opens in {where}"
        else:
            reason, what = NoWindowReason.NO_COMMON_HOURS, f"the hours {hours} never come at once in {where}"
        return NoWindow(reason=reason, message=f"{what} before {until:%Y-%m-%d}", searched_until=until)
