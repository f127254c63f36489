"""Planning steps: offsets, dates of a fact, a window and the present in; when each is sent, or why not, out. Pure.

What is planned depends on the past only through *now*: asked again at the instant that it gave, it gives the same.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from campaignkit.timing.offsets.counting import Offset, resolve_offset
from campaignkit.timing.offsets.moments import ONE_DAY, Moment, is_countable, start_of_day
from campaignkit.timing.windows import NoWindow, SendWindow

__all__ = ["LatePolicy", "SkipReason", "StepDue", "StepSkipped", "plan_step", "plan_steps"]

NO_TIME = timedelta(0)


class SkipReason(StrEnum):
    """Why a step is not sent. The values are stable."""

    TOO_LATE = "too_late"  # it was missed, and longer ago than the policy allows
    SUPERSEDED = "superseded"  # several were missed, and a later one of them is sent
    DATE_PASSED = "date_passed"  # it belongs before a date that is over
    NO_TIME_BEFORE_DATE = "no_time_before_date"  # no allowed moment is left before the date
    NEVER_OPENS = "never_opens"  # the window does not open within its horizon
    DATE_MISSING = "date_missing"  # the fact has no date of that name
    DATE_OUT_OF_RANGE = "date_out_of_range"  # such as the year 9999, which stands for never


def _not_negative(_: object, attribute: "attrs.Attribute[Any]", value: timedelta | None) -> None:
    if value is not None and value < NO_TIME:
        raise ValueError(f"{attribute.name} must not be negative")


@attrs.frozen(kw_only=True)
class LatePolicy:
    """What becomes of steps that were missed: the worker was down, or the fact came to be known after its date.

    A step is late by the time between the first moment at which it could have gone, window and all, and the moment at
    which it can go now. Hours in which the window was closed from the start are no lateness; neither is the rest of a
    day where only the day is planned.

    Raises:
        ValueError: a time is negative, or what is still on time would be too late.
    """

    send_within: timedelta | None = attrs.field(
        default=timedelta(days=2), validator=_not_negative
    )  # None: however late
    on_time_within: timedelta = attrs.field(default=timedelta(hours=1), validator=_not_negative)  # late, yet not missed

    def __attrs_post_init__(self) -> None:
        if self.send_within is not None and self.send_within < self.on_time_within:
            raise ValueError("send_within must not be shorter than on_time_within")


@attrs.frozen(kw_only=True)
class StepDue:
    """A step is to be sent at *at*, and not later than *before*."""

    at: datetime  # UTC, not before now, in the window
    planned_at: datetime  # UTC, what the offset alone says
    lateness: timedelta = NO_TIME  # see LatePolicy
    before: datetime | None = None  # UTC, exclusive: the date itself, for steps that belong before it


@attrs.frozen(kw_only=True)
class StepSkipped:
    """A step is not sent at all."""

    reason: SkipReason
    message: str  # one sentence for a shopkeeper
    planned_at: datetime | None = None  # UTC, None where it cannot be told


def plan_step(
    offset: Offset,
    moment: Moment,
    *,
    now: datetime,
    window: SendWindow | None = None,
    zones: Iterable[str] = (),
    late: LatePolicy = LatePolicy(),
) -> StepDue | StepSkipped:
    """Return when the step that lies *offset* from *moment* is sent: not before *now*, in the window, or why never.

    A step before a date is never sent at that date or after it.

    Args:
        zones: The zones that the recipient may be in, for a window in the recipient's zone.

    Raises:
        ValueError: *now* is naive, or the window needs zones and gets none.

    >>> from datetime import date
    >>> expiry = Moment(at=date(2026, 3, 31), zone="Europe/Warsaw")
    >>> plan_step(Offset(count=-1, unit="weeks"), expiry, now=datetime(2026, 4, 2, tzinfo=UTC)).message
    'This belongs before 2026-03-31, which is over.'
    """
    if now.utcoffset() is None:
        raise ValueError("now needs a zone; naive datetimes are refused")
    if (skipped := _skipped_by_date(offset, moment, now)) is not None:
        return skipped
    planned_at, before = resolve_offset(offset, moment), moment.instant if offset.is_before else None
    first_at, at = _openings(planned_at, now.astimezone(UTC), window, tuple(zones))
    if isinstance(first_at, NoWindow) or isinstance(at, NoWindow):
        return _never_opens(first_at if isinstance(first_at, NoWindow) else at, planned_at)
    lateness = max(NO_TIME, at - max(first_at, _last_planned(offset, moment, planned_at)))
    due = StepDue(at=at, planned_at=planned_at, lateness=lateness, before=before)
    return _within_its_time(due, moment, late)


def _skipped_by_date(offset: Offset, moment: Moment, now: datetime) -> StepSkipped | None:
    if not is_countable(moment):
        message = f"No date can be counted from {moment.at:%Y-%m-%d}."
        return StepSkipped(reason=SkipReason.DATE_OUT_OF_RANGE, message=message)
    if offset.is_before and moment.instant <= now:
        message = f"This belongs before {moment}, which is over."
        planned_at = resolve_offset(offset, moment)
        return StepSkipped(reason=SkipReason.DATE_PASSED, message=message, planned_at=planned_at)
    return None


def _openings(
    planned_at: datetime, now: datetime, window: SendWindow | None, zones: tuple[str, ...]
) -> tuple[datetime | NoWindow, datetime | NoWindow]:
    """Return the first allowed moment from *planned_at* on, and the first that is also not before *now*."""
    if window is None:
        return planned_at, max(planned_at, now)
    first_at = window.next_open(planned_at, zones=zones)
    if isinstance(first_at, NoWindow) or first_at >= now:
        return first_at, first_at
    return first_at, window.next_open(now, zones=zones)


def _last_planned(offset: Offset, moment: Moment, planned_at: datetime) -> datetime:
    """Return when what was planned is over: at the end of the day where only the day is planned."""
    if not offset.is_all_day(moment):
        return planned_at
    day = planned_at.astimezone(ZoneInfo(moment.zone)).date()
    return start_of_day(day + ONE_DAY, moment.zone)


def _within_its_time(due: StepDue, moment: Moment, late: LatePolicy) -> StepDue | StepSkipped:
    if due.before is not None and due.at >= due.before:
        reason, message = SkipReason.NO_TIME_BEFORE_DATE, f"No allowed hour is left before {moment}."
    elif late.send_within is not None and due.lateness > late.send_within:
        local = due.planned_at.astimezone(ZoneInfo(moment.zone))
        reason = SkipReason.TOO_LATE
        message = f"This was due on {local:%Y-%m-%d at %H:%M}; it is now too late to send it."
    else:
        return due
    return StepSkipped(reason=reason, message=message, planned_at=due.planned_at)


def _never_opens(found: datetime | NoWindow, planned_at: datetime) -> StepSkipped:
    assert isinstance(found, NoWindow)
    message = f"There are no hours in which it may be sent: {found.message}."
    return StepSkipped(reason=SkipReason.NEVER_OPENS, message=message, planned_at=planned_at)


def plan_steps(
    steps: Mapping[str, Offset],
    dates: Mapping[str, Moment],
    *,
    now: datetime,
    window: SendWindow | None = None,
    zones: Iterable[str] = (),
    late: LatePolicy = LatePolicy(),
) -> dict[str, StepDue | StepSkipped]:
    """Return for each of *steps*, which are not sent yet, when it is sent or why never; of missed ones, one is sent.

    Several steps that were missed do not go out in a burst: the one planned last is sent, the others are skipped. Of
    those planned for the same instant the last in *steps* counts as later. Whoever asks keeps what was skipped, or the
    next call would find the next.

    Args:
        steps: Offsets by the names of their steps, in the order of the sequence.
        dates: The dates of the fact by name; the empty name is the date of the fact itself.

    Raises:
        ValueError: as for ``plan_step``.
    """
    candidates = tuple(zones)
    planned = {
        name: plan_step(offset, dates[offset.date_name], now=now, window=window, zones=candidates, late=late)
        if offset.date_name in dates
        else _date_missing(offset)
        for name, offset in steps.items()
    }
    return _without_burst(planned, late)


def _date_missing(offset: Offset) -> StepSkipped:
    named = f"no date called {offset.date_name}" if offset.date_name else "no date of its own"
    return StepSkipped(reason=SkipReason.DATE_MISSING, message=f"What this step counts from has {named}.")


def _without_burst(planned: dict[str, StepDue | StepSkipped], late: LatePolicy) -> dict[str, StepDue | StepSkipped]:
    missed = [
        (name, step)
        for name, step in planned.items()
        if isinstance(step, StepDue) and step.lateness > late.on_time_within
    ]
    if len(missed) < 2:
        return planned
    sent, _ = max(reversed(missed), key=lambda item: item[1].planned_at)
    skipped = {name: _superseded(step, sent) for name, step in missed if name != sent}
    return {name: skipped.get(name, step) for name, step in planned.items()}


def _superseded(step: StepDue, sent: str) -> StepSkipped:
    message = f"Several steps were missed; only the latest of them, {sent}, is sent."
    return StepSkipped(reason=SkipReason.SUPERSEDED, message=message, planned_at=step.planned_at)
