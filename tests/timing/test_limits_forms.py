"""Limits as text."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.timing.limits import Counted, Limit, limit_from_text, limit_to_text

rolling = st.builds(
    lambda count, seconds, counted: Limit(count, per=timedelta(seconds=seconds), counted=counted),
    st.integers(1, 10**9),
    st.integers(1, 366 * 86400),
    st.sampled_from(Counted),
)
calendar = st.builds(
    lambda count, period, counted, zone: Limit(count, per=period, counted=counted, zone=zone),
    st.integers(1, 10**9),
    st.sampled_from(["day", "week", "month"]),
    st.sampled_from(Counted),
    st.sampled_from(["Europe/Warsaw", "America/Argentina/Buenos_Aires", "Etc/GMT+5"]),
)


@given(st.one_of(rolling, calendar))
@settings(deadline=None)
def test_what_is_written_is_read(limit):
    assert limit_from_text(limit_to_text(limit)) == limit


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("500 per day", Limit(500, per=timedelta(days=1))),
        (" 30  messages per minute ", Limit(30, per=timedelta(minutes=1))),
        ("7 per 5 seconds", Limit(7, per=timedelta(seconds=5))),
        ("9 recipients per month", Limit(9, per=timedelta(days=30), counted="recipients")),
        ("100 per calendar week in UTC", Limit(100, per="week", zone="UTC")),
    ],
)
def test_limits_are_read_as_people_write_them(text, limit):
    assert limit_from_text(text) == limit


@pytest.mark.parametrize(
    "text",
    [
        *("", "per day", "0 per day", "5 per 0 days", "-1 per day", "1e3 per day", "٥ per day", "5 per fortnight"),
        *("5 per day in UTC", "5 per calendar day", "5 per calendar day in Nowhere/There"),
        "5 per 999999999999999999999 days",
    ],
)
def test_80_what_is_no_limit_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        limit_from_text(text)


def test_a_length_that_the_form_cannot_say_is_refused():
    with pytest.raises(ValueError, match="whole seconds"):
        limit_to_text(Limit(1, per=timedelta(milliseconds=1500)))
