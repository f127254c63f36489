"""When a deferred recipient is tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.delivery.retry import ATTEMPTS_MAX, RETRY_DELAYS, RetrySchedule, next_try

NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempt_count", "wait"),
    [(1, timedelta(minutes=15)), (2, timedelta(hours=1)), (3, timedelta(hours=4)), (4, timedelta(hours=12))],
)
def test_the_waits_grow(attempt_count, wait):
    assert next_try(attempt_count=attempt_count, now=NOW) == NOW + wait


def test_after_the_fifth_attempt_there_is_no_other():
    assert ATTEMPTS_MAX == 5
    assert next_try(attempt_count=5, now=NOW) is None
    assert next_try(attempt_count=99, now=NOW, retry_after=timedelta(hours=1)) is None


def test_what_the_provider_asks_for_is_a_minimum():
    assert next_try(attempt_count=1, now=NOW, retry_after=timedelta(hours=2)) == NOW + timedelta(hours=2)
    assert next_try(attempt_count=1, now=NOW, retry_after=timedelta(seconds=1)) == NOW + timedelta(minutes=15)


def test_greylisting_waits_five_minutes_even_on_an_impatient_schedule():
    schedule = RetrySchedule(delays=(timedelta(seconds=10),))

    assert next_try(attempt_count=1, now=NOW, schedule=schedule) == NOW + timedelta(seconds=10)
    assert next_try(attempt_count=1, now=NOW, schedule=schedule, code="greylisted") == NOW + timedelta(minutes=5)


@given(st.integers(1, 20), st.none() | st.timedeltas(timedelta(0), timedelta(days=1)))
def test_a_retry_is_never_earlier_than_the_schedule(attempt_count, retry_after):
    at = next_try(attempt_count=attempt_count, now=NOW, retry_after=retry_after)

    assert (at is None) == (attempt_count >= ATTEMPTS_MAX)
    if at is not None:
        assert at >= NOW + max(RETRY_DELAYS[attempt_count - 1], retry_after or timedelta(0))


def test_bad_calls_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        next_try(attempt_count=0, now=NOW)
    with pytest.raises(ValueError, match="aware"):
        next_try(attempt_count=1, now=NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="longer than nothing"):
        RetrySchedule(delays=(timedelta(0),))
