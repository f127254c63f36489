"""Limits against an oracle that knows nothing of them: every begin is written down, every window is counted by hand."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaignkit.timing.limits import (
    CalendarPeriod,
    Counted,
    Interval,
    Limit,
    LimitState,
    dump_state,
    give_back,
    grant,
    load_state,
    take,
)

START = datetime(2026, 5, 4, 12, tzinfo=UTC)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@attrs.define
class Begin:
    """One message that began: what the store's clock said, and the latest it had said until then."""

    told: datetime
    counted: datetime
    recipients: int = 1


def begins_in(begins: list[Begin], start: datetime, end: datetime, limit: Limit) -> int:
    inside = [begin for begin in begins if start <= begin.counted < end]
    return sum(begin.recipients if limit.counted is Counted.RECIPIENTS else 1 for begin in inside)


def local_bucket(instant: datetime, limit: Limit) -> tuple[int, ...]:
    assert limit.zone is not None
    day = instant.astimezone(ZoneInfo(limit.zone)).date()
    buckets: dict[object, tuple[int, ...]] = {
        CalendarPeriod.DAY: (day.year, day.month, day.day),
        CalendarPeriod.WEEK: tuple(day.isocalendar()[:2]),
        CalendarPeriod.MONTH: (day.year, day.month),
    }
    return buckets[limit.per]


def overshoots(begins: list[Begin], limit: Limit) -> list[datetime]:
    """Return where the fullest windows begin that hold more than the limit: it is enough to look from each begin on."""
    if isinstance(limit.per, timedelta):
        starts = {begin.counted for begin in begins}
        return [start for start in starts if begins_in(begins, start, start + limit.per, limit) > limit.count]
    buckets: dict[tuple[int, ...], list[Begin]] = {}
    for begin in begins:
        buckets.setdefault(local_bucket(begin.counted, limit), []).append(begin)
    return [
        bucket[0].counted
        for bucket in buckets.values()
        if begins_in(bucket, START - timedelta(days=999), START + timedelta(days=9999), limit) > limit.count
    ]


def too_close(begins: list[Begin], rule: Interval) -> list[datetime]:
    instants = [begin.counted for begin in begins]
    return [
        later
        for place, later in enumerate(instants)
        if any(later - earlier < rule.between for earlier in instants[:place])
    ]


def broken(begins: list[Begin], rules: tuple[Interval | Limit, ...]) -> list[datetime]:
    return [
        instant
        for rule in rules
        for instant in (too_close(begins, rule) if isinstance(rule, Interval) else overshoots(begins, rule))
    ]


seconds = st.integers(1, 400).map(lambda tenths: timedelta(seconds=tenths / 10))
rolling = st.builds(Limit, st.integers(1, 12), per=seconds, counted=st.sampled_from(Counted))
coarse = st.builds(Limit, st.integers(101, 130), per=seconds, counted=st.sampled_from(Counted))
calendar = st.builds(
    Limit,
    st.integers(1, 12),
    per=st.sampled_from(CalendarPeriod),
    counted=st.sampled_from(Counted),
    zone=st.sampled_from(["UTC", "Europe/Warsaw", "America/Los_Angeles", "Africa/Cairo"]),
)
intervals = st.builds(Interval, st.sampled_from([0.1, 0.7, 3.0]), jitter=st.sampled_from([0.0, 2.0]))
rule_sets = st.lists(st.one_of(rolling, rolling, coarse, calendar, intervals), min_size=1, max_size=4).map(tuple)
steps = st.one_of(
    st.integers(0, 300).map(lambda tenths: timedelta(seconds=tenths / 10)),
    st.just(timedelta(0)),
    st.integers(1, 40).map(lambda hours: timedelta(hours=hours)),
)
jumps_back = st.one_of(seconds, st.just(timedelta(hours=1)), st.just(timedelta(days=2))).map(lambda back: -back)
arrivals = st.tuples(
    st.one_of(steps, steps, steps, jumps_back),
    st.integers(1, 60),  # messages wanted
    st.integers(1, 3),  # recipients of each
    st.floats(0, 1),  # the draw
    st.one_of(st.none(), st.none(), st.integers(0, 50)),  # which of the earlier ones turns out not to have been sent
)


def drive(rules, story, *, wait: bool = False) -> list[Begin]:
    """Let messages begin as granted, give some back, keep the state as text between, and return what really began."""
    text, now, latest, really = dump_state(LimitState()), START, NEVER, []
    for step, wanted, recipients, draw, returned in story:
        now += step
        state = load_state(text)
        answer = grant(rules, state, now, wanted, recipients=recipients)
        assert 0 <= answer.count <= wanted
        assert (answer.reason is None) == (answer.count == wanted)
        assert answer.next_at is None or answer.next_at > max(now, state.last_at or now)
        if answer.count:
            latest = max(now, latest)
        state = take(state, now, rules, answer.count, recipients=recipients, draw=draw)
        really += [Begin(now, latest, recipients) for _ in range(answer.count)]
        if returned is not None and returned < len(really):
            gone = really.pop(-1 - returned)
            state = give_back(state, gone.told, rules, recipients=gone.recipients)
        if wait and answer.next_at is not None:
            now = answer.next_at
        text = dump_state(state)
    return really


@settings(deadline=None, max_examples=150)
@given(rule_sets, st.lists(arrivals, min_size=1, max_size=40))
def test_no_window_holds_more_than_its_limit_whatever_comes(rules, story):
    assert broken(drive(rules, story), rules) == []


@settings(deadline=None, max_examples=100)
@given(rule_sets, st.lists(arrivals, min_size=1, max_size=40))
def test_nor_where_everybody_comes_at_the_first_moment_that_was_named(rules, story):
    assert broken(drive(rules, story, wait=True), rules) == []


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.one_of(rolling, calendar, intervals.map(lambda rule: attrs.evolve(rule, jitter=0.0))), min_size=1, max_size=3
    ).map(tuple),
    st.lists(arrivals, min_size=1, max_size=25),
)
def test_exact_limits_refuse_only_what_would_break_them(rules, story):
    """Without anything given back, one more than was granted would be seen by the oracle, now and until ``next_at``."""
    state, now, latest, begins = LimitState(), START, NEVER, []
    for step, wanted, recipients, _, _ in story:
        now += step
        answer = grant(rules, state, now, wanted, recipients=recipients)
        state = take(state, now, rules, answer.count, recipients=recipients)
        if answer.count:
            latest = max(now, latest)
        begins += [Begin(now, latest, recipients) for _ in range(answer.count)]
        if answer.count < wanted:
            assert broken([*begins, Begin(now, max(now, latest), recipients)], rules)
        if answer.next_at is not None:
            assert broken([*begins, Begin(now, answer.next_at - MICROSECOND, recipients)], rules)
            assert not broken([*begins, Begin(now, answer.next_at, recipients)], rules)


returns = st.tuples(
    st.sampled_from([0, 0, 0.05, 1, 2, 3, 5, -4]).map(lambda step: timedelta(seconds=step)),
    st.integers(0, 3),  # messages wanted
    st.one_of(st.none(), st.integers(0, 7)),  # which turns out not to have been sent, counted from the last
)
ten_seconds = st.builds(Limit, st.integers(2, 6), per=st.just(timedelta(seconds=10)))
new_limits = st.sampled_from(
    [Limit(1, per=timedelta(seconds=7)), Limit(3, per=timedelta(seconds=15)), Limit(2, per="day", zone="UTC")]
)


@settings(deadline=None, max_examples=600)
@given(ten_seconds, new_limits, st.integers(0, 10), st.lists(returns, min_size=1, max_size=40))
def test_what_is_given_back_lets_nobody_else_overshoot(old, new, edited_at, story):
    """Older begins turn out not to have been sent; one of the limits is set on the way and counts from then on."""
    state, now, latest, really, since_new = LimitState(), START, NEVER, [], []
    for place, (step, wanted, returned) in enumerate(story):
        now += step
        rules = (old,) if place < edited_at else (old, new)
        count = grant(rules, state, now, wanted).count
        latest = max(now, latest) if count else latest
        state = take(state, now, rules, count)
        begun = [Begin(now, latest) for _ in range(count)]
        really += begun
        since_new += begun if new in rules else []
        if returned is not None and returned < len(really):
            gone = really.pop(-1 - returned)
            since_new = [begin for begin in since_new if begin is not gone]
            state = give_back(state, gone.told, rules)

        assert not overshoots(really, old)
        assert not overshoots(since_new, new)


@settings(deadline=None, max_examples=200)
@given(st.one_of(ten_seconds, new_limits), st.lists(returns, min_size=1, max_size=30))
def test_what_is_given_back_is_free_at_once_where_clocks_only_go_on(limit, story):
    state, now, begins = LimitState(), START, []
    for step, wanted, returned in story:
        now += abs(step)
        answer = grant((limit,), state, now, wanted)
        state = take(state, now, (limit,), answer.count)
        begins += [Begin(now, now) for _ in range(answer.count)]
        if returned is not None and returned < len(begins):
            state = give_back(state, begins.pop(-1 - returned).told, (limit,))

        answer = grant((limit,), state, now, 1)
        assert bool(overshoots([*begins, Begin(now, now)], limit)) == (answer.count == 0)
        if answer.next_at is not None:
            assert overshoots([*begins, Begin(now, answer.next_at - MICROSECOND)], limit)
            assert not overshoots([*begins, Begin(now, answer.next_at)], limit)


@settings(deadline=None, max_examples=100)
@given(
    st.integers(101, 160),
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.02, 0.03, 0.09, 0.5, 9.7, 9.93, 10.0]), st.integers(1, 120)),
        min_size=2,
        max_size=25,
    ),
)
@example(101, [(0.0, 1), (0.09, 100), (9.93, 101)])
def test_large_limits_do_not_overshoot_by_what_they_keep_as_one(count, story):
    limit = Limit(count, per=timedelta(seconds=10))  # kept by tenths of a second
    state, now, begins = LimitState(), START, []
    for seconds, wanted in story:
        now += timedelta(seconds=seconds)
        granted = grant((limit,), state, now, wanted).count
        state = take(state, now, (limit,), granted)
        begins += [Begin(now, now) for _ in range(granted)]

    assert not overshoots(begins, limit)


@settings(deadline=None, max_examples=100)
@given(rule_sets, st.lists(arrivals, min_size=1, max_size=30))
def test_a_state_is_the_same_after_its_text(rules, story):
    state, now = LimitState(), START
    for step, wanted, recipients, draw, _ in story:
        now += step
        state = take(state, now, rules, grant(rules, state, now, wanted, recipients=recipients).count, draw=draw)

        assert load_state(dump_state(state)) == state


def sent_within(limit: Limit, span: timedelta, gap: timedelta, batch: int) -> int:
    """Return how many begin within *span* if a batch comes every *gap*, or when the limit says if that is later."""
    state, now, sent = LimitState(), START, 0
    while now < START + span:
        answer = grant((limit,), state, now, batch)
        state = take(state, now, (limit,), answer.count)
        sent += answer.count
        now = answer.next_at or now + gap
    return sent


@pytest.mark.parametrize("load", [1.0, 1.1, 4.0])  # of what the limit allows; the first leaves most to lose
@pytest.mark.parametrize(("count", "batch"), [(1, 1), (60, 1), (60, 7), (101, 1), (500, 1), (500, 30), (2000, 1)])
def test_at_least_99_percent_of_a_quota_are_used(count, batch, load):
    limit, hour, windows = Limit(count, per=timedelta(hours=1)), timedelta(hours=1), 5

    sent = sent_within(limit, windows * hour, hour * batch / (count * load), batch)

    assert 0.99 * windows * count <= sent <= windows * count


@pytest.mark.parametrize("count", [1, 100, 101, 10_000, 5_000_000])
@pytest.mark.parametrize("gap", [timedelta(milliseconds=1), timedelta(seconds=3), timedelta(minutes=15)], ids=str)
def test_a_state_stays_small_whatever_the_limit(count, gap):
    limit, state, now = Limit(count, per=timedelta(days=1)), LimitState(), START
    sizes = []
    for _ in range(1000):
        now += gap
        state = take(state, now, (limit,), 1)  # even of what was not granted
        sizes.append(len(dump_state(state)))

    assert max(sizes) < 4000
    assert max(len(tally.cells) for tally in state.tallies) <= 200


DAYS = [
    ("Europe/Warsaw", date(2026, 3, 29), 23),
    ("Europe/Warsaw", date(2026, 10, 25), 25),
    ("Europe/Warsaw", date(2026, 5, 4), 24),
    ("America/Los_Angeles", date(2026, 11, 1), 25),
    ("Africa/Cairo", date(2026, 4, 24), 23),  # midnight does not exist
    ("America/Santiago", date(2026, 9, 6), 23),  # midnight does not exist
    ("America/Havana", date(2026, 11, 1), 25),
    ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ("Pacific/Apia", date(2011, 12, 29), 24),  # the day after it was left out
    ("America/Sao_Paulo", date(2018, 2, 17), 25),  # midnight goes back to 23:00
]


@pytest.mark.parametrize(("zone", "day", "hours"), DAYS, ids=lambda value: str(value))
def test_a_calendar_day_has_the_hours_that_the_zone_gives_it(zone, day, hours):
    limit = Limit(1, per="day", zone=zone)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    end = grant((limit,), take(LimitState(), noon, (limit,)), noon).next_at
    eve = noon - timedelta(days=1)
    begin = grant((limit,), take(LimitState(), eve, (limit,)), eve).next_at
    assert end is not None
    assert begin is not None

    assert end - begin == timedelta(hours=hours)
    assert (end - MICROSECOND).astimezone(ZoneInfo(zone)).date() == day
    assert begin.astimezone(ZoneInfo(zone)).date() == day
    assert (begin - MICROSECOND).astimezone(ZoneInfo(zone)).date() < day < end.astimezone(ZoneInfo(zone)).date()


@pytest.mark.parametrize(
    ("per", "until"),
    [
        ("day", datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("week", datetime(2027, 1, 3, 23, tzinfo=UTC)),  # a Monday in Warsaw
        ("month", datetime(2026, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_days_weeks_and_months_end_at_midnight_of_the_zone(per, until):
    limit, now = Limit(3, per=per, zone="Europe/Warsaw"), datetime(2026, 12, 31, 15, tzinfo=UTC)

    answer = grant((limit,), take(LimitState(), now, (limit,), 3), now, 2)

    assert (answer.count, answer.next_at) == (0, until)


def test_a_day_that_has_begun_does_not_end_because_clocks_go_back_over_midnight():
    """In St. John's clocks went from 00:01 back to 23:01: that hour is not yesterday's quota once more."""
    limit = Limit(1, per="day", zone="America/St_Johns")
    first_minute = datetime(2010, 11, 7, 2, 30, 30, tzinfo=UTC)  # 00:00:30 on the 7th
    repeated = first_minute + timedelta(minutes=30)  # 23:30 on the 6th, again
    state = take(LimitState(), first_minute, (limit,))

    answer = grant((limit,), state, repeated)

    assert answer.next_at == datetime(2010, 11, 8, 3, 30, tzinfo=UTC)


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from([zone for zone, _, _ in DAYS]),
    st.sampled_from(CalendarPeriod),
    st.integers(1_100_000_000, 2_100_000_000).map(lambda second: datetime.fromtimestamp(second, UTC)),  # 2004 to 2036
    st.lists(st.integers(0, 4000), min_size=1, max_size=20),
)
@example("Pacific/Apia", CalendarPeriod.DAY, datetime(2011, 12, 29, 3, tzinfo=UTC), [500, 500, 500, 500, 500, 500])
def test_calendar_limits_agree_with_the_dates_on_the_wall(zone, period, start, minutes):
    limit = Limit(1, per=period, zone=zone)
    state, now = LimitState(), start
    begins: list[datetime] = []
    for step in minutes:
        now += timedelta(minutes=step)
        is_new = local_bucket(now, limit) not in {local_bucket(begin, limit) for begin in begins}
        answer = grant((limit,), state, now)

        assert answer.count == int(is_new)
        state = take(state, now, (limit,), answer.count)
        begins += [now] * answer.count
