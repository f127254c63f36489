"""Laws of offsets, in zones that broke somebody's code, against oracles that count otherwise."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.timing.offsets import (
    AT_ONCE,
    LatePolicy,
    Moment,
    Offset,
    OffsetUnit,
    SkipReason,
    StepDue,
    StepSkipped,
    offset_from_text,
    offset_to_text,
    plan_step,
    plan_steps,
    resolve_offset,
)
from campaignkit.timing.windows import SendWindow

# A day on or near which the clocks change, for each zone; the two at the end never change theirs.
CHANGES = {
    "Europe/Warsaw": date(2026, 3, 29),
    "America/New_York": date(2026, 11, 1),
    "Australia/Lord_Howe": date(2026, 4, 5),
    "Africa/Casablanca": date(2026, 2, 15),
    "Europe/Dublin": date(2026, 10, 25),
    "Pacific/Apia": date(2011, 12, 30),
    "Pacific/Kwajalein": date(1993, 8, 21),
    "America/Havana": date(2026, 3, 8),
    "America/Santiago": date(2026, 9, 6),
    "America/Sao_Paulo": date(2018, 11, 4),
    "America/St_Johns": date(2010, 11, 7),
    "Asia/Pyongyang": date(2018, 5, 5),
    "Antarctica/Troll": date(2026, 3, 29),
    "Africa/Cairo": date(2024, 4, 26),
    "Pacific/Kiritimati": date(2026, 1, 1),
    "Pacific/Pago_Pago": date(2026, 1, 1),
}
COUNTS = {"minutes": 4_000, "hours": 400, "days": 800, "weeks": 120, "months": 60, "years": 20}
MICROSECOND = timedelta(microseconds=1)

clocks = st.one_of(
    st.times().map(lambda clock: clock.replace(second=0, microsecond=0)),
    st.sampled_from([time(0), time(0, 30), time(1, 30), time(2), time(2, 15), time(2, 30), time(3), time(23, 30)]),
)
windows = st.builds(
    lambda days, opens, closes: SendWindow(days=days, opens=opens, closes=closes if opens != closes else time(0)),
    st.sets(st.integers(0, 6), min_size=1),
    clocks.filter(bool).filter(lambda clock: clock != time(0)),
    clocks,
)
policies = st.builds(
    LatePolicy,
    send_within=st.none() | st.timedeltas(timedelta(hours=1), timedelta(days=40)),
    on_time_within=st.timedeltas(timedelta(0), timedelta(hours=1)),
)


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    """Draw dates and instants, most of them within days of a change of the clocks."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    day = CHANGES[zone] + timedelta(days=draw(st.one_of(st.integers(-3, 3), st.integers(-500, 500))))
    if draw(st.booleans()):
        return Moment(at=day, zone=zone, day_edge=draw(st.sampled_from(["end", "start"])))
    minute = timedelta(minutes=draw(st.integers(0, 1439)))
    return Moment(at=datetime.combine(day, time(0), tzinfo=UTC) + minute, zone=zone)


@st.composite
def offsets(draw: st.DrawFn, names: st.SearchStrategy[str] | None = None) -> Offset:
    """Draw offsets of every unit, with and without a time of day; small ones more often."""
    unit = draw(st.sampled_from([None, *COUNTS]))
    if unit is None:
        return AT_ONCE
    count = draw(st.one_of(st.integers(-3, 3), st.integers(-COUNTS[unit], COUNTS[unit])))
    clock = None if unit in {"minutes", "hours"} else draw(st.none() | clocks)
    return Offset(count=count, unit=unit, clock=clock, date_name="" if names is None else draw(names))


@st.composite
def presents(draw: st.DrawFn, moment: Moment) -> datetime:
    """Draw an instant within days or years of *moment*, written in any zone."""
    minutes = draw(st.one_of(st.integers(-3_000, 3_000), st.integers(-(10**6), 10**6)))
    return (moment.instant + timedelta(minutes=minutes)).astimezone(ZoneInfo(draw(st.sampled_from(sorted(CHANGES)))))


# Where an offset leads ------------------------------------------------------------------------------------------------


def shown_at(wall: datetime, zone: str) -> datetime:
    """Return the first instant whose clocks show *wall*; where none do, *wall* by the offset from before the gap.

    Tries every offset that the zone has within three days; knows nothing of folds.
    """
    info, near = ZoneInfo(zone), wall.replace(tzinfo=UTC)
    asked = [near + timedelta(hours=hours) for hours in range(-72, 73)]
    in_order = [moment.astimezone(info).utcoffset() for moment in asked]
    candidates = sorted(near - offset for offset in set(in_order) if offset is not None)
    showing = [at for at in candidates if at.astimezone(info).replace(tzinfo=None, fold=0) == wall]
    if showing:
        return showing[0]
    before_gap = next(
        earlier
        for earlier, later in pairwise(in_order)
        if earlier is not None and later is not None and earlier < later
    )
    return near - before_gap


def months_later(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def day_by_oracle(offset: Offset, day: date) -> date:
    match offset.unit:
        case OffsetUnit.DAYS:
            return date.fromordinal(day.toordinal() + offset.count)
        case OffsetUnit.WEEKS:
            return date.fromordinal(day.toordinal() + 7 * offset.count)
        case OffsetUnit.MONTHS:
            return months_later(day, offset.count)
        case _:
            return months_later(day, 12 * offset.count)


@settings(max_examples=150, deadline=None)
@given(offset=offsets().filter(lambda offset: not offset.is_exact and offset.clock is not None), moment=moments())
def test_calendar_offsets_agree_with_an_oracle_that_counts_months_and_tries_every_clock(offset, moment):
    wall = datetime.combine(day_by_oracle(offset, moment.wall.date()), offset.clock)

    assert resolve_offset(offset, moment) == shown_at(wall, moment.zone)


@settings(max_examples=80, deadline=None)
@given(offset=offsets().filter(lambda offset: offset.is_exact), moment=moments())
def test_minutes_and_hours_are_time_that_passes(offset, moment):
    passed = (resolve_offset(offset, moment) - moment.instant).total_seconds()

    assert passed == offset.count * (60 if offset.unit == "minutes" else 3600)


@settings(max_examples=150, deadline=None)
@given(offset=offsets(), moment=moments())
def test_every_result_is_in_utc(offset, moment):
    for result in (resolve_offset(offset, moment), moment.instant, moment.begins):
        assert result.tzinfo is UTC


@settings(max_examples=150, deadline=None)
@given(offset=offsets().filter(lambda offset: offset.unit is not None), moment=moments())
def test_more_is_never_earlier(offset, moment):
    more = attrs.evolve(offset, count=offset.count + 1)

    assert resolve_offset(offset, moment) <= resolve_offset(more, moment)


@settings(max_examples=150, deadline=None)
@given(start=st.dates(date(1972, 1, 1), date(2035, 12, 31)), count=st.integers(-600, 600))
def test_months_are_anchored(start, count):
    moment = Moment(at=start, zone="UTC")
    reached = resolve_offset(Offset(count=count, unit="months"), moment).date()

    assert reached == months_later(start, count)
    assert reached.day == start.day or (reached + timedelta(days=1)).day == 1


def assert_a_day_begins_and_ends_for_good(day: date, name: str) -> None:
    whole, zone = Moment(at=day, zone=name), ZoneInfo(name)
    quarters = [n * timedelta(minutes=15) for n in range(2 * 96)]

    assert whole.begins <= whole.instant
    assert (whole.begins - MICROSECOND).astimezone(zone).date() < day
    assert (whole.instant - MICROSECOND).astimezone(zone).date() <= day
    assert all((whole.begins + later).astimezone(zone).date() >= day for later in quarters)
    assert all((whole.instant + later).astimezone(zone).date() > day for later in quarters)


@pytest.mark.parametrize("days", range(-2, 3))
@pytest.mark.parametrize("name", CHANGES)
def test_a_day_beside_a_change_of_the_clocks_begins_and_ends_for_good(name, days):
    assert_a_day_begins_and_ends_for_good(CHANGES[name] + timedelta(days=days), name)


@settings(max_examples=100, deadline=None)
@given(day=st.dates(date(1972, 1, 1), date(2035, 12, 31)), name=st.sampled_from(sorted(CHANGES)))
def test_any_day_begins_and_ends_for_good(day, name):
    assert_a_day_begins_and_ends_for_good(day, name)


# When a step goes -----------------------------------------------------------------------------------------------------


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what ``plan_step`` is asked."""
    moment = draw(moments())
    zones = draw(st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=2))
    return {
        "offset": draw(offsets()),
        "moment": moment,
        "now": draw(presents(moment)),
        "window": draw(st.none() | windows),
        "zones": zones,
        "late": draw(policies),
    }


def asked(question: dict[str, Any], **changed) -> StepDue | StepSkipped:
    options = {**question, **changed}
    return plan_step(options.pop("offset"), options.pop("moment"), **options)


@settings(max_examples=150, deadline=None)
@given(question=questions())
def test_a_step_is_never_sent_before_now_nor_at_a_closed_hour_nor_at_its_date_or_after_it(question):
    step = asked(question)
    if isinstance(step, StepSkipped):
        return

    assert step.at.tzinfo is UTC
    assert step.at >= question["now"]
    assert step.at >= step.planned_at
    assert question["window"] is None or question["window"].is_open(step.at, zones=question["zones"])
    assert question["late"].send_within is None or step.lateness <= question["late"].send_within
    assert (step.before is not None) is question["offset"].is_before
    if question["offset"].is_before:
        assert step.at < question["moment"].instant


@settings(max_examples=150, deadline=None)
@given(question=questions(), share=st.floats(0, 1))
def test_asked_again_until_it_is_due_a_step_is_still_due_then(question, share):
    step = asked(question)
    if isinstance(step, StepSkipped):
        return
    now = question["now"].astimezone(UTC)

    for again in (step.at, now + share * (step.at - now)):
        assert asked(question, now=again) == step


@settings(max_examples=80, deadline=None)
@given(question=questions(), wait=st.timedeltas(timedelta(0), timedelta(days=60)))
def test_what_is_skipped_once_stays_skipped(question, wait):
    step = asked(question)
    if isinstance(step, StepDue):
        return

    assert isinstance(asked(question, now=question["now"].astimezone(UTC) + wait), StepSkipped)


@settings(max_examples=150, deadline=None)
@given(question=questions())
def test_a_skip_has_a_reason_that_holds(question):
    step = asked(question)
    if isinstance(step, StepDue):
        return
    now, moment, late = question["now"].astimezone(UTC), question["moment"], question["late"]

    assert step.message.endswith(".")
    match step.reason:
        case SkipReason.DATE_PASSED:
            assert now >= moment.instant
        case SkipReason.NO_TIME_BEFORE_DATE:
            assert question["offset"].is_before
            at = max(now, step.planned_at)
            window = question["window"]
            assert (at if window is None else window.next_open(at, zones=question["zones"])) >= moment.instant
        case SkipReason.TOO_LATE:
            assert isinstance(asked(question, late=LatePolicy(send_within=None)), StepDue)
            assert late.send_within is not None
        case SkipReason.NEVER_OPENS:
            assert len(set(question["zones"])) > 1  # one zone opens every week
        case other:
            pytest.fail(f"{other} cannot be")


# Several steps --------------------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(given_offsets=st.lists(offsets(), max_size=6), question=questions())
def test_no_step_vanishes_and_of_those_missed_one_is_sent(given_offsets, question):
    steps = {f"step {number}": offset for number, offset in enumerate(given_offsets)}
    options = {name: question[name] for name in ("now", "window", "zones", "late")}

    planned = plan_steps(steps, {"": question["moment"]}, **options)

    assert list(planned) == list(steps)
    alone = {name: plan_step(offset, question["moment"], **options) for name, offset in steps.items()}
    missed = {
        name: step.planned_at
        for name, step in alone.items()
        if isinstance(step, StepDue) and step.lateness > question["late"].on_time_within
    }
    sent = [name for name in missed if isinstance(planned[name], StepDue)]
    assert len(sent) == min(1, len(missed))
    assert not missed or missed[sent[0]] == max(missed.values())
    reasons = {step.reason for name, step in planned.items() if name in missed and isinstance(step, StepSkipped)}
    assert reasons <= {SkipReason.SUPERSEDED}
    assert all(planned[name] == alone[name] for name in steps if name not in missed or name in sent)


# Texts ----------------------------------------------------------------------------------------------------------------

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,12}", fullmatch=True).filter(
    lambda name: name.lower() not in {"at", "before", "after", "of"}
)


@settings(max_examples=300, deadline=None)
@given(offset=offsets(names=st.just("") | names))
def test_what_is_written_is_read_again(offset):
    assert offset_from_text(offset_to_text(offset)) == offset


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=30) | st.text("+-−0123456789 :dhwmyinaetfrob", max_size=20))
def test_any_text_is_an_offset_or_refused_with_a_sentence(text):
    try:
        offset = offset_from_text(text)
    except ValueError as refused:
        sentence = str(refused)
    else:
        sentence = f"write {offset_to_text(offset)}"
        assert offset_from_text(offset_to_text(offset)) == offset

    assert any(words in sentence for words in ("write", "over a hundred years", "a time of day goes with days"))
