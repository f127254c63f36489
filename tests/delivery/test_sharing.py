"""share: several campaigns under the same limits, by priority and alike."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.delivery.sharing import Demand, Share, share
from campaignkit.timing.limits import (
    Interval,
    Limit,
    LimitScope,
    LimitState,
    counts_of,
    grant_together,
    take_together,
)

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SENDER = LimitScope("sender/flora/main", (Limit(10, per=MINUTE),))
PACED = LimitScope("sender/flora/main", (Interval(2),))


def demand(campaign_id: str, ready: int, *scopes: LimitScope, priority: int = 0) -> Demand:
    return Demand(
        merchant_id="flora",
        campaign_id=campaign_id,
        priority=priority,
        ready_count=ready,
        limit_scopes=scopes,
    )


def counts(*demands: Demand) -> list[int]:
    return [one.count for one in share(demands, {}, NOW)]


def test_without_limits_everybody_goes() -> None:
    assert share([demand("a", 1000), demand("b", 0)], {}, NOW) == [Share(1000), Share(0)]


def test_c4_a_large_campaign_does_not_starve_a_small_one() -> None:
    large, small, other = counts(demand("a", 1000, SENDER), demand("b", 2, SENDER), demand("c", 1000, SENDER))

    assert small == 2
    assert sorted([large, other]) == [4, 4]


def test_the_higher_priority_goes_first() -> None:
    assert counts(demand("a", 1000, SENDER), demand("b", 7, SENDER, priority=5)) == [3, 7]
    assert counts(demand("a", 1000, SENDER, priority=5), demand("b", 7, SENDER)) == [10, 0]


def test_who_gets_nothing_is_told_when_to_come_back() -> None:
    _, later = share([demand("a", 1000, SENDER, priority=5), demand("b", 7, SENDER)], {}, NOW)

    assert later.limited_until == NOW + MINUTE


def test_single_messages_go_round() -> None:
    taken: Counter[int] = Counter()
    states: dict[str, LimitState] = {}
    for turn in range(300):
        now = NOW + turn * timedelta(seconds=2)
        shares = share([demand("a", 1000, PACED), demand("b", 3, PACED), demand("c", 9, PACED)], states, now)
        (place,) = [place for place, one in enumerate(shares) if one.count]
        taken[place] += 1
        states |= take_together([PACED], states, now)

    assert min(taken.values()) > 70


scopes = st.lists(
    st.sampled_from(
        [
            SENDER,
            LimitScope("merchant/flora", (Limit(25, per=timedelta(hours=1)), Interval(0.5))),
            LimitScope("campaign/flora/x", (Limit(3, per=MINUTE),)),
        ]
    ),
    max_size=3,
    unique=True,
)
demands = st.builds(
    lambda name, ready, own, priority: demand(name, ready, *own, priority=priority),
    st.sampled_from("abcdef"),
    st.integers(0, 60),
    scopes,
    st.integers(0, 2),
)


@given(st.lists(demands, max_size=6), st.integers(0, 12))
@settings(deadline=None)
def test_together_they_overshoot_nothing_and_leave_nothing_over(wanted: list[Demand], before: int) -> None:
    states = take_together([SENDER], {}, NOW - MINUTE / 2, before)
    shares = share(wanted, states, NOW)

    left = dict(states)
    for one, got in zip(wanted, shares, strict=True):
        assert 0 <= got.count <= one.ready_count
        assert grant_together(counts_of(one.limit_scopes, left), NOW, got.count).grant.count == got.count
        left |= take_together(one.limit_scopes, left, NOW, got.count)
    for one, got in zip(wanted, shares, strict=True):
        if got.count < one.ready_count:
            more = grant_together(counts_of(one.limit_scopes, left), NOW).grant
            assert more.count == 0
            assert got.count or got.limited_until == more.next_at
