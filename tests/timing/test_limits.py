"""Intervals: at least so long between two begins, whatever the clock does."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.timing.limits import Interval, LimitScope, LimitState, next_allowed, take

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SCOPE = LimitScope("campaign/flora/c1", Interval(seconds=2))


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_80_an_interval_without_length_or_end_is_refused(seconds):
    with pytest.raises(ValueError, match="positive, finite"):
        Interval(seconds=seconds)


def test_the_first_message_may_begin_at_once():
    assert next_allowed(SCOPE, LimitState(), NOON) == NOON


def test_the_next_message_waits_for_the_interval():
    state = take(LimitState(), NOON)

    assert next_allowed(SCOPE, state, NOON + timedelta(seconds=1)) == NOON + timedelta(seconds=2)
    assert next_allowed(SCOPE, state, NOON + timedelta(seconds=5)) == NOON + timedelta(seconds=5)


def test_a_clock_that_goes_back_shortens_no_interval():
    state = take(take(LimitState(), NOON), NOON - timedelta(hours=1))

    assert next_allowed(SCOPE, state, NOON - timedelta(hours=1)) == NOON + timedelta(seconds=2)


@settings(deadline=None)
@given(st.lists(st.timedeltas(timedelta(0), timedelta(seconds=5)), max_size=30))
def test_two_begins_are_never_closer_than_the_interval(waits):
    state, now, begun = LimitState(), NOON, []
    for wait in waits:
        now = next_allowed(SCOPE, state, now + wait)
        state = take(state, now)
        begun.append(now)

    assert all(later - earlier >= timedelta(seconds=2) for earlier, later in pairwise(begun))
