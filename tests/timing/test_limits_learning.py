"""A learned rate: down at once, up slowly, never below its floor nor above what it began with."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.timing.limits import Interval, LearnedRate, LimitState, dump_rate, grant, load_rate, take

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_c7_a_throttle_reply_slows_to_seven_tenths():
    slowed = LearnedRate.starting(1000).throttled(NOON)

    assert slowed.per_hour_at(NOON) == 700
    assert slowed.interval_at(NOON) == Interval(3600 / 700)


def test_replies_to_messages_that_were_under_way_slow_down_once():
    rate = LearnedRate.starting(1000)
    for seconds in range(50):
        rate = rate.throttled(NOON + timedelta(seconds=seconds))

    assert (rate.per_hour_at(NOON + HOUR / 60), rate.throttle_count) == (700, 50)


def test_it_recovers_slowly_and_then_slows_nothing():
    slowed = LearnedRate.starting(1000).throttled(NOON)

    assert slowed.per_hour_at(NOON + timedelta(minutes=10)) == 700
    assert slowed.per_hour_at(NOON + timedelta(minutes=70)) == 750
    assert slowed.is_slowed(NOON + timedelta(hours=6))
    assert slowed.interval_at(NOON + timedelta(hours=7)) is None


def test_it_never_falls_below_its_floor():
    rate = LearnedRate.starting(1000, floor=50)
    for minutes in range(1, 60):
        rate = rate.throttled(NOON + timedelta(minutes=2 * minutes))

    assert rate.per_hour_at(NOON) == 50


def test_a_rate_that_begins_below_the_floor_stays_where_it_began():
    rate = LearnedRate.starting(5).throttled(NOON)

    assert rate.per_hour_at(NOON) == 5


def test_a_sender_never_throttled_is_not_slowed():
    assert LearnedRate.starting(1000).interval_at(NOON) is None


def test_a_clock_that_went_back_recovers_nothing():
    slowed = LearnedRate.starting(1000).throttled(NOON)

    assert slowed.per_hour_at(NOON - 100 * HOUR) == 700


def test_after_a_clock_went_back_replies_slow_down_once_more():
    slowed = LearnedRate.starting(1000).throttled(NOON)

    again = slowed.throttled(NOON - HOUR).throttled(NOON - HOUR + timedelta(seconds=5))

    assert round(again.per_hour_at(NOON - HOUR)) == 490


def test_its_interval_is_a_rule_like_others():
    rule = LearnedRate.starting(3600).throttled(NOON).interval_at(NOON)
    assert rule is not None

    answer = grant((rule,), take(LimitState(), NOON, (rule,)), NOON)

    assert answer.next_at == NOON + rule.between


@given(st.floats(0.5, 1e6), st.lists(st.integers(0, 10_000), max_size=30))
def test_it_stays_between_floor_and_ceiling_and_survives_a_restart(per_hour, waits):
    rate, now = LearnedRate.starting(per_hour), NOON
    for seconds in waits:
        now += timedelta(seconds=seconds)
        before = rate.per_hour_at(now)
        rate = rate.throttled(now)

        assert load_rate(dump_rate(rate)) == rate
        assert rate.floor <= rate.per_hour_at(now) <= before <= rate.ceiling


@pytest.mark.parametrize("per_hour", [0, -1, float("inf"), float("nan")])
def test_80_a_rate_without_bounds_is_refused(per_hour):
    with pytest.raises(ValueError, match="must be a rate above 0"):
        LearnedRate.starting(per_hour)


@pytest.mark.parametrize("text", ["", "{}", "[1,2]", '["a",1,1,null,0]', "[0,1,1,null,0]"])
def test_a_text_that_is_no_rate_is_refused(text):
    with pytest.raises(ValueError, match="not the text of a learned rate"):
        load_rate(text)
