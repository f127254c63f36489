"""Frequency caps per person, against an oracle that counts by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import campaignkit as ck
from campaignkit.timing.limits import CapAnswer, CapExcess, CapVerdict, FrequencyCap

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_c8_who_had_enough_waits_until_the_oldest_that_counts_is_old_enough():
    cap = FrequencyCap(messages=2, days=7)

    answer = cap.answer([NOON - 3 * DAY, NOON - 30 * DAY, NOON - 5 * DAY], NOON)

    assert (answer.verdict, answer.until) == (CapVerdict.DEFERRED, NOON + 2 * DAY)
    assert answer.message == (
        "this person had 2 marketing messages in 7 days already and waits until one of them is old enough"
    )


def test_c8_or_is_skipped_by_choice():
    answer = FrequencyCap(messages=1, days=1, excess="skip").answer([NOON], NOON)

    assert (answer.verdict, answer.until) == (CapVerdict.SKIPPED, NOON + DAY)
    assert answer.message == "this person had 1 marketing message in 1 day already and is left out this time"


def test_who_would_be_free_only_after_the_deadline_is_skipped():
    cap = FrequencyCap(messages=1, days=7)

    assert cap.answer([NOON], NOON, deadline=NOON + 7 * DAY).verdict is CapVerdict.SKIPPED
    assert cap.answer([NOON], NOON, deadline=NOON + 8 * DAY).verdict is CapVerdict.DEFERRED


def test_who_was_never_written_to_is_free():
    assert FrequencyCap(messages=1, days=7).answer([], NOON) == CapAnswer(verdict=CapVerdict.FREE)


def test_a_clock_that_went_back_makes_nobody_free():
    answer = FrequencyCap(messages=1, days=1).answer([NOON + DAY], NOON)

    assert answer.until == NOON + 2 * DAY


@pytest.mark.parametrize(
    "settings", [{"messages": 0, "days": 1}, {"messages": 1, "days": 0}, {"messages": 1.5, "days": 1}]
)
def test_80_a_cap_that_is_none_is_refused(settings):
    with pytest.raises(ValueError, match="whole number from 1"):
        FrequencyCap(**settings)


def test_a_naive_instant_is_refused():
    with pytest.raises(ValueError, match="naive"):
        FrequencyCap(messages=1, days=1).answer([NOON.replace(tzinfo=None)], NOON)


@given(
    st.integers(1, 4),
    st.integers(1, 10),
    st.sampled_from(CapExcess),
    st.lists(st.integers(0, 500), max_size=12),
)
def test_nobody_gets_more_than_the_cap_in_any_days(messages, days, excess, waits):
    """Whoever is written to whenever the cap says so has no window of so many days with more messages in it."""
    cap, now = FrequencyCap(messages=messages, days=days, excess=excess), NOON
    sent: list[datetime] = []
    for hours in waits:
        now += timedelta(hours=hours)
        answer = cap.answer(sent[::-1], now)
        in_window = [instant for instant in sent if instant > now - days * DAY]
        assert (answer.verdict is CapVerdict.FREE) == (len(in_window) < messages)
        if answer.verdict is CapVerdict.DEFERRED:
            assert answer.until is not None
            now = answer.until
            assert cap.answer(sent, now - timedelta(microseconds=1)).verdict is CapVerdict.DEFERRED
        if cap.answer(sent, now).verdict is CapVerdict.FREE:
            sent.append(now)

    assert all(sum(start <= at < start + days * DAY for at in sent) <= messages for start in sent)


def test_the_package_hands_on_caps_and_limits():
    assert (ck.FrequencyCap, ck.Limit(3, per=DAY).count) == (FrequencyCap, 3)
