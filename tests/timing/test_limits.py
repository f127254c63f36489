"""Intervals and limits by example; tests/timing/test_limits_oracle.py proves them at random."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.timing.limits import (
    Grant,
    HoldReason,
    Interval,
    Limit,
    LimitScope,
    LimitState,
    ScopeCount,
    campaign_scope,
    counts_of,
    destination_scope,
    domain_group,
    give_back,
    grant,
    grant_together,
    load_state,
    merchant_scope,
    sender_scope,
    take,
    take_together,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SCOPE = LimitScope("campaign/flora/c1", (Interval(seconds=2),))


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_80_an_interval_without_length_or_end_is_refused(seconds):
    with pytest.raises(ValueError, match="positive, finite"):
        Interval(seconds=seconds)


def next_allowed(state: LimitState, now: datetime) -> datetime:
    answer = grant_together(counts_of([SCOPE], {SCOPE.key: state}), now).grant
    return now if answer.next_at is None else answer.next_at


def test_the_first_message_may_begin_at_once():
    assert next_allowed(LimitState(), NOON) == NOON


def test_the_next_message_waits_for_the_interval():
    state = take(LimitState(), NOON)

    assert next_allowed(state, NOON + timedelta(seconds=1)) == NOON + timedelta(seconds=2)
    assert next_allowed(state, NOON + timedelta(seconds=5)) == NOON + timedelta(seconds=5)


def test_a_clock_that_goes_back_shortens_no_interval():
    state = take(take(LimitState(), NOON), NOON - timedelta(hours=1))

    assert next_allowed(state, NOON - timedelta(hours=1)) == NOON + timedelta(seconds=2)


@settings(deadline=None)
@given(st.lists(st.timedeltas(timedelta(0), timedelta(seconds=5)), max_size=30))
def test_two_begins_are_never_closer_than_the_interval(waits):
    state, now, begun = LimitState(), NOON, []
    for wait in waits:
        now = next_allowed(state, now + wait)
        state = take(state, now)
        begun.append(now)

    assert all(later - earlier >= timedelta(seconds=2) for earlier, later in pairwise(begun))


def test_whoever_has_not_heard_of_a_rule_counts_for_it_all_the_same():
    by_day, by_minute = Limit(5, per=DAY), Limit(2, per=timedelta(minutes=1))
    state = take(LimitState(), NOON, (by_day, by_minute))
    state = take(state, NOON + timedelta(seconds=1), (by_day,))

    assert grant((by_minute,), state, NOON + timedelta(seconds=1)).count == 0
    later = take(state, NOON + timedelta(minutes=2), (by_day,))
    assert later.tally(by_minute.key) is None


def test_a_calendar_rule_that_is_gone_counts_until_its_day_is_over():
    by_day = Limit(1, per="day", zone="Europe/Warsaw")
    state = take(take(LimitState(), NOON, (by_day,)), NOON, ())

    assert state.tally(by_day.key) is not None
    assert take(state, NOON + DAY, ()).tally(by_day.key) is None


def test_scopes_are_counted_together():
    scopes = [LimitScope("a", (Limit(2, per=DAY),)), SCOPE]
    states = take_together(scopes, {}, NOON, draw=0.5)

    assert {key: state.draw for key, state in states.items()} == {"a": 0.5, SCOPE.key: 0.5}
    assert grant_together(counts_of(scopes, states), NOON + timedelta(seconds=2), 5).grant.count == 1


def test_with_jitter_each_wait_is_longer_by_what_was_drawn():
    rule = Interval(2, jitter=4)

    ends = [grant((rule,), take(LimitState(), NOON, (rule,), draw=draw), NOON).next_at for draw in (0.0, 0.5, 1.0)]

    assert ends == [NOON + timedelta(seconds=seconds) for seconds in (2, 4, 6)]


@pytest.mark.parametrize("draw", [-0.1, 1.1, float("nan")])
def test_a_draw_outside_0_to_1_is_refused(draw):
    with pytest.raises(ValueError, match="between 0 and 1"):
        take(LimitState(), NOON, (Interval(2, jitter=4),), draw=draw)


def test_an_interval_lets_one_message_of_a_batch_begin():
    answer = grant((Interval(2),), LimitState(), NOON, 50)

    assert (answer.count, answer.reason, answer.next_at) == (1, HoldReason.INTERVAL, NOON + timedelta(seconds=2))


@pytest.mark.parametrize(
    ("count", "settings"),
    [
        (0, {"per": DAY}),
        (-1, {"per": DAY}),
        (True, {"per": DAY}),
        (1.5, {"per": DAY}),
        (1, {"per": timedelta(0)}),
        (1, {"per": -DAY}),
        (1, {"per": timedelta(days=367)}),
        (1, {"per": "day"}),
        (1, {"per": "fortnight", "zone": "UTC"}),
        (1, {"per": DAY, "zone": "UTC"}),
        (1, {"per": "day", "zone": "Mars/Olympus"}),
        (1, {"per": "day", "zone": "America"}),
        (1, {"per": DAY, "counted": "letters"}),
    ],
    ids=str,
)
def test_80_a_limit_that_is_none_is_refused(count, settings):
    with pytest.raises(ValueError, match=r"\w"):
        Limit(count, **settings)


@pytest.mark.parametrize("jitter", [-1, float("inf"), float("nan")])
def test_80_a_jitter_below_nothing_or_without_end_is_refused(jitter):
    with pytest.raises(ValueError, match="finite"):
        Interval(2, jitter=jitter)


def test_c5_several_limits_hold_at_once_and_the_longest_is_named():
    minute, day = Limit(3, per=timedelta(minutes=1)), Limit(4, per=DAY)
    state = take(LimitState(), NOON, (minute, day), 3)

    by_minute = grant((minute, day), state, NOON, 2)
    later = NOON + timedelta(minutes=1)
    by_day = grant((minute, day), state, later, 2)

    assert (by_minute.count, by_minute.held_by, by_minute.next_at) == (0, minute, later)
    assert (by_day.count, by_day.held_by, by_day.next_at) == (1, day, NOON + DAY)
    assert by_day.sentence == "the next message waits: at most 4 messages in any 24 hours"
    assert grant((minute, day), state, later, 1).sentence == ""


def test_the_quota_of_two_windows_is_not_sent_around_their_border():
    """One bucket that refills would let 199 of 100 begin within a window."""
    limit, state = Limit(100, per=DAY), LimitState()
    eve = NOON + DAY - timedelta(seconds=1)
    state = take(take(state, NOON, (limit,)), eve, (limit,), 99)

    assert grant((limit,), state, NOON + DAY, 100).count == 1


def test_a_limit_counts_recipients_where_the_provider_does():
    limit = Limit(10, per=DAY, counted="recipients")

    answer = grant((limit,), LimitState(), NOON, 5, recipients=4)

    assert answer.count == 2
    assert answer.next_at == NOON + DAY


def test_a_message_to_more_than_the_limit_allows_at_all_is_told_so():
    limit = Limit(10, per=DAY, counted="recipients")

    answer = grant((limit,), LimitState(), NOON, recipients=11)

    assert (answer.count, answer.next_at, answer.reason) == (0, None, HoldReason.TOO_LARGE)
    assert answer.sentence.endswith("allows at all: at most 10 recipients in any 24 hours")


def test_another_count_forgets_nothing():
    state = take(LimitState(), NOON, (Limit(500, per=DAY),), 40)

    assert grant((Limit(50, per=DAY),), state, NOON, 20).count == 10
    assert grant((Limit(30, per=DAY),), state, NOON, 20).count == 0
    assert grant((Limit(5000, per=DAY),), state, NOON, 9999).count == 4960


def test_two_limits_that_count_alike_share_a_tally_and_the_smaller_holds():
    rules = (Limit(500, per=DAY), Limit(3, per=DAY))
    state = take(LimitState(), NOON, rules, 2)

    assert len(state.tallies) == 1
    assert grant(rules, state, NOON, 5).count == 1


def test_what_was_not_submitted_is_given_back():
    limit = Limit(2, per=DAY)
    state = take(LimitState(), NOON, (limit,), 2)

    returned = give_back(state, NOON, (limit,))

    assert grant((limit,), returned, NOON, 5).count == 1


def test_nothing_is_given_back_to_a_limit_that_did_not_count_it():
    limit = Limit(2, per=DAY)
    uncounted = take(LimitState(), NOON, (), 1)
    state = take(uncounted, NOON + timedelta(hours=1), (limit,), 2)

    assert give_back(state, NOON, (limit,)) == state
    assert give_back(LimitState(), NOON, (limit,)) == LimitState()


def test_yesterdays_message_is_not_given_back_to_today():
    limit = Limit(2, per="day", zone="UTC")
    state = take(take(LimitState(), NOON, (limit,)), NOON + DAY, (limit,), 2)

    assert give_back(state, NOON, (limit,)) == state


def test_an_interval_waits_even_after_a_message_that_was_given_back():
    rules = (Interval(60), Limit(5, per=DAY))
    state = give_back(take(LimitState(), NOON, rules), NOON, rules)

    assert grant(rules, state, NOON).next_at == NOON + timedelta(minutes=1)


@pytest.mark.parametrize("call", [grant, lambda rules, state, now: take(state, now, rules)], ids=["grant", "take"])
def test_a_naive_instant_is_refused(call):
    with pytest.raises(ValueError, match="naive"):
        call((Limit(1, per=DAY),), LimitState(), NOON.replace(tzinfo=None))


@pytest.mark.parametrize(("count", "recipients"), [(-1, 1), (1, 0)])
def test_fewer_than_nobody_is_refused(count, recipients):
    with pytest.raises(ValueError, match="fewer than 0"):
        grant((Limit(1, per=DAY),), LimitState(), NOON, count, recipients=recipients)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"at":"noon"}',
        '{"at":1e30}',
        '{"tallies":{"messages/1":[0,5,1.5]}}',
        '{"tallies":{"messages/1":[0,5]}}',
    ],
)
def test_a_text_that_is_no_state_is_refused(text):
    with pytest.raises(ValueError, match="not the text of a limit's state"):
        load_state(text)


def test_all_scopes_of_a_message_hold_at_once_and_the_one_that_holds_longest_is_named():
    sender = ScopeCount(sender_scope("flora", "main"), (Limit(5, per=DAY),), LimitState())
    campaign = ScopeCount(campaign_scope("flora", "c1"), (Limit(3, per=timedelta(hours=1)),), LimitState())
    group = destination_scope("flora", "main", domain_group("googlemail.com"))
    gmail = ScopeCount(group, (Limit(3, per=timedelta(hours=2)),), LimitState())

    answer = grant_together([sender, campaign, gmail], NOON, 4)
    free = grant_together([sender, campaign, gmail], NOON, 3)

    assert (answer.grant.count, answer.key) == (3, "sender/flora/main/to/gmail")
    assert answer.grant.next_at == NOON + timedelta(hours=2)
    assert (free.grant, free.key) == (Grant(count=3), None)
    assert grant_together([], NOON, 7).grant.count == 7
    assert merchant_scope("flora") == "merchant/flora"


def test_a_scope_that_never_allows_the_message_is_named_first():
    small = ScopeCount("merchant/flora", (Limit(2, per=DAY, counted="recipients"),))
    busy = ScopeCount("campaign/flora/c1", (Limit(1, per=DAY),), take(LimitState(), NOON, (Limit(1, per=DAY),)))

    answer = grant_together([busy, small], NOON, recipients=3)

    assert (answer.key, answer.grant.reason) == ("merchant/flora", HoldReason.TOO_LARGE)
