"""The forecast's counters and shares are those of ``timing.limits`` and ``delivery.sharing``, done faster."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaignkit.delivery.sharing import Demand, share
from campaignkit.dispatch import dispatcher
from campaignkit.insight.forecast import counters as fast
from campaignkit.insight.forecast import running
from campaignkit.insight.forecast.counters import Counter
from campaignkit.insight.forecast.shares import Wish, shares
from campaignkit.kit import kit
from campaignkit.stores.memory import dispatch as memory_dispatch
from campaignkit.timing.limits import (
    Interval,
    Limit,
    LimitRule,
    LimitScope,
    LimitState,
    counts_of,
    grant_together,
    take_together,
)
from campaignkit.timing.limits.states import from_micros, to_micros
from tests.insight.forecast_scenes import intervals, limits

START = datetime(2026, 3, 6, 15, 7, 11, 250_000, tzinfo=UTC)
steps = st.sampled_from([0.0, 0.5, 3.0, 10.0, 61.0, 3599.999, 40_000.0, 86_400.0]).map(lambda s: timedelta(seconds=s))
rule_lists = st.lists(intervals | limits, min_size=1, max_size=4)
KEYS = ("campaign/flora/c1", "sender/flora/main")


def scopes_of(rules: Sequence[Sequence[LimitRule]]) -> list[LimitScope]:
    return [LimitScope(key, tuple(some)) for key, some in zip(KEYS, rules, strict=False)]


def counters_of(scopes: Sequence[LimitScope], states: dict[str, LimitState]) -> list[Counter]:
    return [Counter.starting(scope.key, scope.rules, states.get(scope.key)) for scope in scopes]


@given(
    st.lists(rule_lists, min_size=1, max_size=2),
    st.lists(st.tuples(steps, st.integers(0, 130)), max_size=60),
    st.data(),
)
def test_counters_grant_what_the_limits_grant(
    rules: list[list[LimitRule]], asked: list[tuple[timedelta, int]], data: st.DataObject
) -> None:
    scopes, states, now = scopes_of(rules), dict[str, LimitState](), START
    handed_over = data.draw(st.integers(0, len(asked)), label="counters begin from the states of then")
    counters = counters_of(scopes, states)
    for number, (step, count) in enumerate(asked):
        if number == handed_over:
            counters = counters_of(scopes, states)
        now += step
        granted = grant_together(counts_of(scopes, states), now, count).grant
        free = min(fast.room(counters, to_micros(now)), count)
        assert free == granted.count
        if free:
            states |= take_together(scopes, states, now, free, draw=fast.DRAW)
            fast.take(counters, to_micros(now), free)
        if granted.next_at is not None:
            assert from_micros(fast.allowed_at(counters, to_micros(now))[0]) == granted.next_at


@given(rule_lists, st.integers(1, 200))
def test_an_even_pace_counts_as_its_messages_one_by_one(rules: list[LimitRule], most: int) -> None:
    scopes = scopes_of([[Interval(2), *rules]])
    together, single = counters_of(scopes, {}), counters_of(scopes, {})
    step = fast.steady_wait(together)

    count = fast.take_paced(together, to_micros(START), step, most)

    for number in range(count):
        at = to_micros(START) + step * number
        assert fast.room(single, at) == 1
        fast.take(single, at, 1)
    after = to_micros(START) + step * count
    assert count == most or not fast.room(single, after)
    assert fast.allowed_at(together, after) == fast.allowed_at(single, after)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1000), rule_lists | st.just([])), min_size=1, max_size=4),
    rule_lists,
    st.lists(st.tuples(steps, st.integers(0, 9)), max_size=12),
)
def test_shares_are_those_of_the_stores(
    campaigns: list[tuple[int, int, list[LimitRule]]], shared: list[LimitRule], asked: list[tuple[timedelta, int]]
) -> None:
    sender = LimitScope(KEYS[1], tuple(shared))
    demands = []
    for number, (priority, ready, own) in enumerate(campaigns):
        scopes = (LimitScope(f"campaign/flora/c{number}", tuple(own)), sender) if own else (sender,)
        demands.append(
            Demand(
                merchant_id="flora",
                campaign_id=f"c{number}",
                priority=priority,
                ready_count=ready,
                limit_scopes=scopes,
            )
        )
    states: dict[str, LimitState] = {}
    counters = {
        scope.key: Counter.starting(scope.key, scope.rules, None) for one in demands for scope in one.limit_scopes
    }
    wishes = [
        Wish(
            one.merchant_id,
            one.campaign_id,
            one.priority,
            one.ready_count,
            tuple(counters[s.key] for s in one.limit_scopes),
        )
        for one in demands
    ]
    now = START
    for step, sent in asked:
        now += step
        granted = [one.count for one in share(demands, states, now)]
        assert shares(wishes, to_micros(now)) == granted
        for demand, wish, count in zip(demands, wishes, granted, strict=True):
            if min(count, sent):  # a worker may send less than its share
                states |= take_together(demand.limit_scopes, states, now, min(count, sent))
                fast.take(wish.counters, to_micros(now), min(count, sent))


def test_workers_take_as_many_at_a_time_as_a_forecast_supposes() -> None:
    assert running.BATCH_MAX == dispatcher.BATCH_MAX
    assert running.TICK_MESSAGES == kit.TICK_MESSAGES
    assert running.READY_MAX == memory_dispatch.READY_MAX


def test_the_fullest_moment_of_a_limit_is_told() -> None:
    counter = Counter.starting("k", (Limit(10, per=timedelta(hours=1)),), None)

    counter.take(to_micros(START), 4)
    counter.take(to_micros(START + timedelta(minutes=30)), 3)
    counter.take(to_micros(START + timedelta(minutes=61)), 2)

    (tally,) = counter.tallies
    assert (tally.peak, tally.peak_at) == (7, to_micros(START + timedelta(minutes=30)))
