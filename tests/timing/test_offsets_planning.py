"""Planning steps by example: late ones, those before a date, windows, and several missed at once."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaignkit.plain import to_dict
from campaignkit.timing.offsets import (
    AT_ONCE,
    LatePolicy,
    Moment,
    SkipReason,
    StepDue,
    StepSkipped,
    offset_from_text,
    plan_step,
    plan_steps,
)
from campaignkit.timing.windows import SendWindow

WARSAW = "Europe/Warsaw"
DAYTIME = SendWindow(opens=time(9), closes=time(21))
WORKDAYS = SendWindow(days="mon-fri", opens=time(9), closes=time(17))


def local(*fields: int) -> datetime:
    return datetime(*fields, tzinfo=ZoneInfo(WARSAW))  # type: ignore[misc, arg-type]


def moment(*fields: int) -> Moment:
    """Return a moment in Warsaw; of three numbers, a mere date."""
    return Moment(at=date(*fields) if len(fields) == 3 else local(*fields), zone=WARSAW)


def plan(text: str, of: Moment, now: datetime, **options) -> StepDue | StepSkipped:
    return plan_step(offset_from_text(text), of, now=now, **options)


def at_of(step: StepDue | StepSkipped) -> datetime:
    assert isinstance(step, StepDue)
    return step.at


def reason_of(step: StepDue | StepSkipped) -> SkipReason:
    assert isinstance(step, StepSkipped)
    return step.reason


def assert_skipped(step: StepDue | StepSkipped, reason: str, message: str) -> None:
    assert isinstance(step, StepSkipped)
    assert (step.reason, step.message) == (reason, message)


def test_a_step_of_the_future_waits_for_its_instant():
    step = plan("+7d 10:00", moment(2026, 3, 24, 15, 0), local(2026, 3, 24, 15))

    assert step == StepDue(at=local(2026, 3, 31, 10), planned_at=local(2026, 3, 31, 10))
    assert at_of(step).tzinfo is UTC


def test_at_once_is_now():
    now = local(2026, 3, 24, 15, 0, 3)

    assert at_of(plan("at once", moment(2026, 3, 24, 15, 0), now)) == now


def test_at_once_on_a_mere_date_is_not_late_all_day_long():
    late = LatePolicy(send_within=timedelta(hours=1))

    bought_today = plan("at once", moment(2026, 3, 24), local(2026, 3, 24, 23), late=late)

    assert bought_today == StepDue(at=local(2026, 3, 24, 23), planned_at=local(2026, 3, 24))


def test_a_step_at_night_waits_for_the_window_and_is_not_late_for_it():
    step = plan("+8h", moment(2026, 3, 27, 20, 0), local(2026, 3, 27, 20), window=WORKDAYS, zones=[WARSAW])

    assert step == StepDue(at=local(2026, 3, 30, 9), planned_at=local(2026, 3, 28, 4))


def test_the_window_counts_in_every_zone_the_recipient_may_be_in():
    step = plan("at once", moment(2026, 3, 24, 9), local(2026, 3, 24, 9), window=DAYTIME, zones=[WARSAW, "Asia/Tokyo"])

    assert at_of(step) == local(2026, 3, 24, 9)
    step = plan("+5h", moment(2026, 3, 24, 9), local(2026, 3, 24, 9), window=DAYTIME, zones=[WARSAW, "Asia/Tokyo"])
    assert at_of(step) == local(2026, 3, 25, 9)


def test_an_unknown_zone_of_the_recipient_never_means_send():
    with pytest.raises(ValueError, match="at least one zone"):
        plan("at once", moment(2026, 3, 24, 9), local(2026, 3, 24, 9), window=DAYTIME)


def test_77_a_naive_present_is_refused():
    with pytest.raises(ValueError, match="naive"):
        plan("at once", moment(2026, 3, 24), datetime(2026, 3, 24))  # noqa: DTZ001


def test_zones_may_be_an_iterator():
    steps = {"one": AT_ONCE, "two": AT_ONCE}

    planned = plan_steps(steps, {"": moment(2026, 3, 24)}, now=local(2026, 3, 24), window=DAYTIME, zones=iter([WARSAW]))

    assert {at_of(step) for step in planned.values()} == {local(2026, 3, 24, 9)}


# Before a date --------------------------------------------------------------------------------------------------------


def test_what_expires_on_a_date_is_announced_until_that_day_is_over():
    expiry = moment(2026, 3, 31)
    late = LatePolicy(send_within=None)

    last = plan("-30d", expiry, local(2026, 3, 31, 23, 59), late=late)
    assert isinstance(last, StepDue)
    assert (last.at, last.before) == (local(2026, 3, 31, 23, 59), local(2026, 4, 1))
    assert_skipped(
        plan("-30d", expiry, local(2026, 4, 1), late=late),
        "date_passed",
        "This belongs before 2026-03-31, which is over.",
    )


def test_a_reminder_is_not_sent_when_the_event_begins():
    start = moment(2026, 3, 24, 19, 30)

    assert isinstance(plan("-1h", start, local(2026, 3, 24, 19, 29)), StepDue)
    assert_skipped(
        plan("-1h", start, local(2026, 3, 24, 19, 30)),
        "date_passed",
        "This belongs before 2026-03-24 at 19:30, which is over.",
    )


def test_a_window_that_opens_after_the_date_skips_the_step():
    early_start = moment(2026, 3, 24, 8)

    step = plan("-1h", early_start, local(2026, 3, 20, 12), window=DAYTIME, zones=[WARSAW])

    assert_skipped(step, "no_time_before_date", "No allowed hour is left before 2026-03-24 at 08:00.")
    assert step.planned_at == local(2026, 3, 24, 7)


def test_a_window_that_opens_on_the_dot_is_too_late_as_well():
    step = plan("-1h", moment(2026, 3, 24, 9), local(2026, 3, 20, 12), window=DAYTIME, zones=[WARSAW])

    assert reason_of(step) is SkipReason.NO_TIME_BEFORE_DATE


def test_a_day_that_does_not_exist_does_not_push_a_step_past_its_date():
    start = Moment(at=datetime(2011, 12, 30, 19, tzinfo=UTC), zone="Pacific/Apia")  # the 31st at 9:00, after the 29th

    step = plan("-1d 10:00", start, datetime(2011, 12, 1, tzinfo=UTC))

    assert_skipped(step, "no_time_before_date", "No allowed hour is left before 2011-12-31 at 09:00.")


def test_what_comes_after_a_date_has_no_last_moment():
    step = plan("+1h", moment(2026, 3, 24, 22), local(2026, 3, 20, 12), window=DAYTIME, zones=[WARSAW])

    assert step == StepDue(at=local(2026, 3, 25, 9), planned_at=local(2026, 3, 24, 23))


# Late -----------------------------------------------------------------------------------------------------------------


def test_f9_a_late_step_is_sent_up_to_its_age_and_then_skipped():
    fact, late = moment(2026, 3, 2, 12), LatePolicy(send_within=timedelta(days=2))

    step = plan("+7d 10:00", fact, local(2026, 3, 11, 10), late=late)
    assert step == StepDue(
        at=local(2026, 3, 11, 10), planned_at=local(2026, 3, 9, 10), lateness=timedelta(days=2)
    )  # to the minute
    assert_skipped(
        plan("+7d 10:00", fact, local(2026, 3, 11, 10, 0, 1), late=late),
        "too_late",
        "This was due on 2026-03-09 at 10:00; it is now too late to send it.",
    )


def test_a_late_step_waits_for_the_next_opening_and_grows_older_meanwhile():
    fact, late = moment(2026, 3, 9, 12), LatePolicy(send_within=timedelta(hours=12))
    evening = local(2026, 3, 9, 21, 30)

    assert at_of(plan("at once", fact, evening, late=late)) == evening
    inside = {"window": DAYTIME, "zones": [WARSAW]}
    assert reason_of(plan("at once", fact, evening, late=late, **inside)) is SkipReason.TOO_LATE
    assert at_of(plan("at once", fact, evening, **inside)) == local(2026, 3, 10, 9)


def test_the_policy_may_send_however_late():
    step = plan("at once", moment(2020, 3, 9, 12), local(2026, 3, 9, 12), late=LatePolicy(send_within=None))

    assert at_of(step) == local(2026, 3, 9, 12)


def test_a_membership_bought_late_skips_the_reminders_whose_time_is_over():
    steps = {name: offset_from_text(f"{name} before expiry 10:00") for name in ("-60d", "-30d", "-3d")}

    planned = plan_steps(steps, {"expiry": moment(2026, 4, 10)}, now=local(2026, 3, 1, 15))

    assert reason_of(planned["-60d"]) is SkipReason.TOO_LATE
    assert [at_of(planned[name]) for name in ("-30d", "-3d")] == [local(2026, 3, 11, 10), local(2026, 4, 7, 10)]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"send_within": timedelta(-1)}, "send_within must not be negative"),
        ({"on_time_within": timedelta(-1)}, "on_time_within must not be negative"),
        ({"send_within": timedelta(minutes=59)}, "must not be shorter"),
    ],
)
def test_a_policy_that_is_none_is_refused(wrong, sentence):
    if "on_time_within" not in wrong:
        wrong = {"on_time_within": timedelta(hours=1), **wrong}
    with pytest.raises(ValueError, match=sentence):
        LatePolicy(**wrong)


# Several steps --------------------------------------------------------------------------------------------------------

EVENT = {
    "confirmation": AT_ONCE,
    "in three days": offset_from_text("-3d before start"),
    "in an hour": offset_from_text("-1h before start"),
    "survey": offset_from_text("+1h after close"),
}
DATES = {"": moment(2026, 3, 2, 12), "start": moment(2026, 3, 24, 19), "close": moment(2026, 3, 24, 22)}


def test_f2_the_steps_of_an_event():
    planned = plan_steps(EVENT, DATES, now=local(2026, 3, 2, 12))

    assert {name: at_of(step) for name, step in planned.items()} == {
        "confirmation": local(2026, 3, 2, 12),
        "in three days": local(2026, 3, 21, 19),
        "in an hour": local(2026, 3, 24, 18),
        "survey": local(2026, 3, 24, 23),
    }
    assert list(planned) == list(EVENT)


def test_f3_a_date_that_moved_moves_what_counts_from_it():
    moved = {**DATES, "start": moment(2026, 4, 1, 19)}

    planned = plan_steps(EVENT, moved, now=local(2026, 3, 2, 12))

    assert (at_of(planned["in an hour"]), at_of(planned["survey"])) == (local(2026, 4, 1, 18), local(2026, 3, 24, 23))


def test_f3_a_date_that_was_cancelled_skips_what_counts_from_it():
    planned = plan_steps(EVENT, {"": DATES[""]}, now=local(2026, 3, 2, 12))

    assert at_of(planned["confirmation"]) == local(2026, 3, 2, 12)
    assert_skipped(planned["survey"], "date_missing", "What this step counts from has no date called close.")
    own = plan_steps({"welcome": AT_ONCE}, {}, now=local(2026, 3, 2, 12))
    assert_skipped(own["welcome"], "date_missing", "What this step counts from has no date of its own.")


def test_f9_of_several_missed_steps_the_last_is_sent_and_the_others_are_skipped():
    steps = {"welcome": AT_ONCE, "hint": offset_from_text("+12h"), "offer": offset_from_text("+1d")}

    planned = plan_steps(steps, DATES, now=local(2026, 3, 3, 14))

    assert planned["offer"] == StepDue(
        at=local(2026, 3, 3, 14), planned_at=local(2026, 3, 3, 12), lateness=timedelta(hours=2)
    )
    for name in ("welcome", "hint"):
        assert_skipped(
            planned[name], "superseded", "Several steps were missed; only the latest of them, offer, is sent."
        )


def test_one_missed_step_is_sent_beside_those_still_to_come():
    steps = {"welcome": AT_ONCE, "offer": offset_from_text("+1d"), "tips": offset_from_text("+1w")}

    planned = plan_steps(steps, DATES, now=local(2026, 3, 2, 18))

    assert [type(step) for step in planned.values()] == [StepDue, StepDue, StepDue]


def test_steps_that_are_minutes_late_were_not_missed():
    steps = {"welcome": AT_ONCE, "receipt": AT_ONCE}

    planned = plan_steps(steps, DATES, now=local(2026, 3, 2, 12, 59))

    assert [type(step) for step in planned.values()] == [StepDue, StepDue]


def test_of_missed_steps_planned_for_one_instant_the_last_in_order_is_sent():
    planned = plan_steps({"first": AT_ONCE, "second": AT_ONCE}, DATES, now=local(2026, 3, 2, 18))

    assert (type(planned["first"]), type(planned["second"])) == (StepSkipped, StepDue)


def test_a_missed_step_before_a_date_that_is_over_supersedes_nothing():
    planned = plan_steps(EVENT, DATES, now=local(2026, 3, 25, 12), late=LatePolicy(send_within=None))

    assert {name: getattr(step, "reason", None) for name, step in planned.items()} == {
        "confirmation": SkipReason.SUPERSEDED,
        "in three days": SkipReason.DATE_PASSED,
        "in an hour": SkipReason.DATE_PASSED,
        "survey": None,
    }


# Never ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [date.max, date.min, datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
@pytest.mark.parametrize("text", ["at once", "-30d", "+100 years", "-1h"])
def test_a_date_that_stands_for_never_is_told_not_raised(at, text):
    step = plan(text, Moment(at=at, zone="Pacific/Kiritimati"), local(2026, 3, 2))

    assert reason_of(step) is SkipReason.DATE_OUT_OF_RANGE
    assert step.planned_at is None


def test_a_lifetime_membership_has_no_date_to_count_from():
    step = plan("-30d", moment(9999, 12, 31), local(2026, 3, 2))

    assert_skipped(step, "date_out_of_range", "No date can be counted from 9999-12-31.")


def test_a_window_that_never_opens_is_the_reason():
    closed = SendWindow.always(holidays=[date(2026, 3, 1) + timedelta(days=n) for n in range(500)])

    step = plan("at once", moment(2026, 3, 2, 12), local(2026, 3, 2, 12), window=closed, zones=[WARSAW])

    assert reason_of(step) is SkipReason.NEVER_OPENS
    assert isinstance(step, StepSkipped)
    assert step.message.startswith("There are no hours in which it may be sent: ")


def test_what_was_planned_is_plain_data():
    due = plan("-1h", moment(2026, 3, 24, 19), local(2026, 3, 20, 12))
    skipped = plan("-1h", moment(2026, 3, 24, 19), local(2026, 3, 25))

    assert to_dict(due) == {
        "at": "2026-03-24T17:00:00+00:00",
        "planned_at": "2026-03-24T17:00:00+00:00",
        "lateness": 0.0,
        "before": "2026-03-24T18:00:00+00:00",
    }
    assert to_dict(skipped)["reason"] == "date_passed"


def test_reasons_are_stable():
    assert [reason.value for reason in SkipReason] == [
        "too_late",
        "superseded",
        "date_passed",
        "no_time_before_date",
        "never_opens",
        "date_missing",
        "date_out_of_range",
    ]
