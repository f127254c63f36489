"""Send times of many are those that the window gives to each one alone."""

from datetime import UTC, datetime, time, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.timing.send_times import OpenSpan, next_opens, open_spans, paced_send_times
from campaignkit.timing.windows import NoWindow, SendWindow

GROUPS = [
    ("Europe/Warsaw",),
    ("America/New_York", "America/Chicago"),
    ("Asia/Kolkata",),
    ("Pacific/Apia",),
    ("Australia/Lord_Howe",),
]
WINDOWS = [
    SendWindow(),
    SendWindow(days="mon-fri", opens=time(20), closes=time(2)),
    SendWindow(hours={"mon-sat": "9-12,14-18", "sun": "12-14"}),
    SendWindow.quiet(time(2), time(3)),
    SendWindow.always(),
]
moments = st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=60, deadline=None)
@given(
    window=st.sampled_from(WINDOWS),
    start=moments,
    zones=st.lists(st.sampled_from(GROUPS), max_size=40),
    spacing=st.timedeltas(timedelta(0), timedelta(hours=9)),
)
def test_the_paced_times_of_an_audience_are_those_of_each_recipient_alone(window, start, zones, spacing):
    expected = [window.next_open(start + n * spacing, group) for n, group in enumerate(zones)]

    assert list(paced_send_times(window, start, zones, spacing=spacing)) == expected


def test_turns_years_apart_are_answered_alike():
    start, spacing = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=1000)

    for window in WINDOWS:
        expected = [window.next_open(start + n * spacing, GROUPS[0]) for n in range(9)]
        assert list(paced_send_times(window, start, [GROUPS[0]] * 9, spacing=spacing)) == expected


def test_who_never_has_a_common_hour_is_told_so_every_time():
    window = SendWindow(closes=time(17))
    apart = ("Europe/Warsaw", "Pacific/Honolulu")
    start = datetime(2026, 7, 1, tzinfo=UTC)

    never, warsaw, again = paced_send_times(
        window, start, [apart, ("Europe/Warsaw",), apart], spacing=timedelta(minutes=1)
    )

    assert isinstance(never, NoWindow)
    assert again == never
    assert warsaw == datetime(2026, 7, 1, 7, tzinfo=UTC)


def test_nobody_has_no_time():
    assert paced_send_times(SendWindow(), datetime(2026, 7, 1, tzinfo=UTC), iter(()), spacing=timedelta(1)) == []


def test_a_negative_spacing_is_refused():
    with pytest.raises(ValueError, match="negative"):
        paced_send_times(SendWindow(), datetime(2026, 7, 1, tzinfo=UTC), GROUPS, spacing=timedelta(seconds=-1))


def test_77_a_naive_start_is_refused():
    with pytest.raises(ValueError, match="naive"):
        paced_send_times(SendWindow(), datetime(2026, 7, 1), GROUPS, spacing=timedelta(0))  # noqa: DTZ001


def test_an_unknown_zone_never_means_now():
    with pytest.raises(ValueError, match="at least one zone"):
        paced_send_times(SendWindow(), datetime(2026, 7, 1, tzinfo=UTC), [()], spacing=timedelta(0))


@settings(max_examples=40, deadline=None)
@given(window=st.sampled_from(WINDOWS[:4]), at=moments, zones=st.sampled_from(GROUPS))
def test_stretches_follow_each_other_and_leave_nothing_open_out(window, at, zones):
    moment = at
    for span in islice(open_spans(window, at, zones), 8):
        assert isinstance(span, OpenSpan)
        assert span.closes_at is not None
        assert moment <= span.opens_at < span.closes_at
        assert window.next_open(moment, zones) == span.opens_at
        assert window.next_close(span.opens_at, zones) == span.closes_at
        moment = span.closes_at


def test_the_last_stretch_is_one_without_an_end_or_none_at_all():
    at = datetime(2026, 7, 1, tzinfo=UTC)

    assert list(open_spans(SendWindow.always(), at, GROUPS[0])) == [OpenSpan(opens_at=at, closes_at=None)]
    (never,) = open_spans(SendWindow(closes=time(17)), at, ("Europe/Warsaw", "Pacific/Honolulu"))
    assert isinstance(never, NoWindow)


def test_next_openings_are_found_once_for_each_set_of_zones():
    at = datetime(2026, 7, 1, tzinfo=UTC)

    found = next_opens(SendWindow(), at, iter(GROUPS * 3))

    assert found == {group: SendWindow().next_open(at, group) for group in GROUPS}
