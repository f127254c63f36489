"""decide: who may cross the point of no return, and in which order the reasons against it are named."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.delivery.begin import (
    CROSS_WITHIN,
    BeginAnswer,
    BeginFacts,
    BeginVerdict,
    CampaignFacts,
    Clearance,
    RecipientFacts,
    decide,
)
from campaignkit.timing.limits import FrequencyCap, Interval, Limit, LimitScope, LimitState

NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TINY = timedelta(microseconds=1)
CAMPAIGN, RECIPIENT = ("flora", "c1"), ("flora", "ann")
SLOW = LimitScope("campaign/flora/c1", (Interval(60),))
V = BeginVerdict


def clearance(**changes: Any) -> Clearance:
    values: dict[str, Any] = {
        "merchant_id": "flora",
        "campaign_id": "c1",
        "recipient_id": "ann",
        "epoch": 3,
        "claim_token": "t",
        "settings_version": 2,
        "address_key": "ann@example.com",
        "prepared_at": NOW,
    }
    return Clearance(**{**values, **changes})


def held(
    status: RecipientStatus = RecipientStatus.CLAIMED,
    *,
    campaign_id: str = "c1",
    epoch: int = 3,
    token: str = "t",
    address_key: str = "ann@example.com",
) -> RecipientFacts:
    return RecipientFacts(campaign_id, status, epoch, token, address_key)


SENDING = CampaignFacts(CampaignStatus.SENDING, 2)
HELD = held()


def facts(
    *,
    campaign: CampaignFacts | None = SENDING,
    recipient: RecipientFacts | None = HELD,
    suppressed: frozenset[tuple[str, str]] = frozenset(),
    limits: Mapping[str, LimitState] | None = None,
) -> BeginFacts:
    return BeginFacts(
        campaigns={} if campaign is None else {CAMPAIGN: campaign},
        recipients={} if recipient is None else {RECIPIENT: recipient},
        suppressed=suppressed,
        limits=limits or {},
    )


def crowd(*names: str) -> BeginFacts:
    """Return facts in which all of *names* are claimed."""
    recipients = {("flora", name): held(address_key=f"{name}@example.com") for name in names}
    return attrs.evolve(facts(), recipients=recipients)


def one_of_crowd(name: str, **changes: Any) -> Clearance:
    return clearance(recipient_id=name, address_key=f"{name}@example.com", **changes)


def verdicts(known: BeginFacts, *asked: Clearance, now: datetime = NOW) -> list[BeginVerdict]:
    return [answer.verdict for answer in decide(known, asked, now).answers]


def test_who_is_held_and_hindered_by_nothing_goes() -> None:
    (answer,) = decide(facts(), [clearance()], NOW).answers

    assert (answer.recipient_id, answer.verdict, answer.retry_at) == ("ann", V.GO, None)
    assert answer.cross_within == CROSS_WITHIN == timedelta(seconds=30)


def test_nobody_asked_nobody_answered() -> None:
    assert decide(facts(), [], NOW).answers == ()


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(facts(recipient=None), id="no such recipient"),
        pytest.param(facts(campaign=None), id="no such campaign"),
        pytest.param(facts(recipient=held(epoch=4)), id="epoch"),
        pytest.param(facts(recipient=held(token="u")), id="token"),
        *(
            pytest.param(facts(recipient=held(status)), id=status.value)
            for status in RecipientStatus
            if status is not RecipientStatus.CLAIMED
        ),
    ],
)
def test_what_is_not_held_is_stale(known: BeginFacts) -> None:
    assert verdicts(known, clearance()) == [V.STALE]


def test_no_clearance_borrows_another_campaigns_status() -> None:
    known = facts(campaign=CampaignFacts(CampaignStatus.PAUSED, 2))
    both = attrs.evolve(known, campaigns={**known.campaigns, ("flora", "c2"): SENDING})

    assert verdicts(both, clearance(campaign_id="c2")) == [V.STALE]


def test_another_merchants_recipient_is_stale() -> None:
    assert verdicts(facts(), clearance(merchant_id="other")) == [V.STALE]


@pytest.mark.parametrize("status", CampaignStatus)
def test_a_campaigns_status_decides(status: CampaignStatus) -> None:
    wanted = {CampaignStatus.SENDING: V.GO, CampaignStatus.CANCELLED: V.CANCELLED}.get(status, V.PAUSED)

    assert verdicts(facts(campaign=CampaignFacts(status, 2)), clearance()) == [wanted]


@pytest.mark.parametrize(
    ("until_deadline", "verdict"),
    [(TINY, V.GO), (timedelta(0), V.EXPIRED), (-SECOND, V.EXPIRED)],
    ids=["before", "at", "after"],
)
def test_nothing_begins_at_its_deadline(until_deadline: timedelta, verdict: BeginVerdict) -> None:
    assert verdicts(facts(), clearance(deadline=NOW + until_deadline)) == [verdict]


@pytest.mark.parametrize(
    ("until_closing", "verdict"),
    [(CROSS_WITHIN + TINY, V.GO), (CROSS_WITHIN, V.CLOSED), (timedelta(0), V.CLOSED), (-SECOND, V.CLOSED)],
    ids=["in time", "the dot may come too late", "closing", "closed"],
)
def test_the_window_is_open_until_the_dot(until_closing: timedelta, verdict: BeginVerdict) -> None:
    asked = clearance(open_until=NOW + until_closing, reopens_at=NOW + timedelta(hours=12))

    (answer,) = decide(facts(), [asked], NOW).answers

    assert answer.verdict is verdict
    assert answer.retry_at == (asked.reopens_at if verdict is V.CLOSED else None)


@pytest.mark.parametrize(
    "change", [{"settings_version": 1}, {"settings_version": 3}, {"address_key": "old@example.com"}]
)
def test_what_was_prepared_from_other_settings_is_prepared_again(change: dict[str, Any]) -> None:
    assert verdicts(facts(), clearance(**change)) == [V.CHANGED]


def test_an_opt_out_is_looked_up_by_the_stored_address() -> None:
    moved = facts(
        recipient=held(address_key="new@example.com"),
        suppressed=frozenset({("flora", "new@example.com")}),
    )
    elsewhere = facts(suppressed=frozenset({("other", "ann@example.com")}))

    assert verdicts(moved, clearance()) == [V.SUPPRESSED]
    assert verdicts(elsewhere, clearance()) == [V.GO]


# Each row takes one reason away from the row before it: what remains is named by the next in order.
HINDRANCES: list[tuple[BeginVerdict, dict[str, Any], dict[str, Any]]] = [
    (V.STALE, {"recipient": held(epoch=9)}, {}),
    (V.CANCELLED, {"campaign": CampaignFacts(CampaignStatus.CANCELLED, 9)}, {}),
    (V.PAUSED, {"campaign": CampaignFacts(CampaignStatus.PAUSED, 9)}, {}),
    (V.SUPPRESSED, {"suppressed": frozenset({("flora", "ann@example.com")})}, {}),
    (V.CHANGED, {}, {"settings_version": 1}),
    (V.EXPIRED, {}, {"deadline": NOW}),
    (V.CLOSED, {}, {"open_until": NOW}),
    (V.LIMITED, {"limits": {SLOW.key: LimitState(NOW)}}, {"limit_scopes": (SLOW,)}),
    (V.GO, {}, {}),
]


@pytest.mark.parametrize("place", range(len(HINDRANCES)), ids=[verdict.value for verdict, _, _ in HINDRANCES])
def test_of_several_reasons_the_first_is_named(place: int) -> None:
    known: dict[str, Any] = {}
    asked: dict[str, Any] = {}
    for _, fact, wish in reversed(HINDRANCES[place:]):
        known |= fact
        asked |= wish

    assert verdicts(facts(**known), clearance(**asked)) == [HINDRANCES[place][0]]


def test_an_interval_lets_one_of_a_batch_go() -> None:
    names = ["ann", "bob", "cid"]
    decision = decide(crowd(*names), [one_of_crowd(name, limit_scopes=(SLOW,)) for name in names], NOW)

    assert [answer.verdict for answer in decision.answers] == [V.GO, V.LIMITED, V.LIMITED]
    assert [answer.retry_at for answer in decision.answers] == [None, NOW + 60 * SECOND, NOW + 120 * SECOND]
    assert decision.answers[1].detail == "the next message waits: at least 60 seconds between two messages"
    assert decision.limits == {SLOW.key: LimitState(NOW)}


def test_who_must_wait_is_told_one_turn_after_the_other() -> None:
    two_an_hour = LimitScope("sender/flora/main", (Limit(2, per=timedelta(hours=1)),))
    names = ["ann", "bob", "cid", "dan", "eve", "fay"]
    decision = decide(crowd(*names), [one_of_crowd(name, limit_scopes=(two_an_hour,)) for name in names], NOW)

    hours = [None if at is None else (at - NOW) // timedelta(hours=1) for at in map(_retry_at, decision.answers)]
    assert hours == [None, None, 1, 1, 2, 2]


def _retry_at(answer: BeginAnswer) -> datetime | None:
    return answer.retry_at


def test_a_drawn_jitter_is_kept_with_what_was_counted() -> None:
    jittered = LimitScope("campaign/flora/c1", (Interval(60, jitter=30),))
    decision = decide(
        crowd("ann", "bob"), [one_of_crowd(name, limit_scopes=(jittered,), draw=0.5) for name in ("ann", "bob")], NOW
    )

    assert decision.limits[jittered.key].draw == 0.5
    assert decision.answers[1].retry_at == NOW + 75 * SECOND


ONE_A_WEEK = FrequencyCap(messages=1, days=7)


def capped(at: datetime, cap: FrequencyCap = ONE_A_WEEK, **changes: Any) -> BeginAnswer:
    known = attrs.evolve(facts(), marketing={("flora", clearance().address_key): [at]})
    (answer,) = decide(known, [clearance(cap=cap, **changes)], NOW).answers
    return answer


def test_c8_who_had_enough_marketing_waits_until_it_is_old_enough() -> None:
    answer = capped(NOW - timedelta(days=6))

    assert (answer.verdict, answer.retry_at) == (V.CAPPED, NOW + timedelta(days=1))
    assert answer.detail.startswith("this person had 1 marketing message in 7 days already")
    assert capped(NOW - timedelta(days=7)).verdict is V.GO


def test_c8_by_choice_or_for_a_deadline_they_are_left_out() -> None:
    assert capped(NOW - SECOND, attrs.evolve(ONE_A_WEEK, excess="skip")).verdict is V.LEFT_OUT
    assert capped(NOW - SECOND, deadline=NOW + timedelta(days=2)).verdict is V.LEFT_OUT


def test_c8_what_begins_now_counts_for_the_next_of_the_batch() -> None:
    asked = [clearance(recipient_id=name, cap=ONE_A_WEEK) for name in ("ann", "bob")]
    known = crowd("ann", "bob")
    same = {key: attrs.evolve(one, address_key="ann@example.com") for key, one in known.recipients.items()}

    assert verdicts(attrs.evolve(known, recipients=same), *asked) == [V.GO, V.CAPPED]


def test_each_limit_counts_its_own() -> None:
    quick = LimitScope("merchant/flora", (Interval(1),))
    known = attrs.evolve(crowd("ann", "bob"), limits={quick.key: LimitState(NOW - SECOND)})

    asked = [one_of_crowd("ann", limit_scopes=(quick,)), one_of_crowd("bob", limit_scopes=(SLOW,))]

    assert verdicts(known, *asked) == [V.GO, V.GO]


def test_of_several_limits_the_latest_says_when() -> None:
    quick = LimitScope("merchant/flora", (Interval(1),))
    known = attrs.evolve(facts(), limits={quick.key: LimitState(NOW), SLOW.key: LimitState(NOW)})

    decision = decide(known, [clearance(limit_scopes=(quick, SLOW))], NOW)

    assert (decision.answers[0].verdict, decision.answers[0].retry_at) == (V.LIMITED, NOW + 60 * SECOND)
    assert decision.limits == known.limits


def test_what_does_not_go_leaves_the_limit_to_the_next() -> None:
    asked = [
        one_of_crowd("ann", limit_scopes=(SLOW,), settings_version=1),
        one_of_crowd("bob", limit_scopes=(SLOW,)),
    ]

    assert verdicts(crowd("ann", "bob"), *asked) == [V.CHANGED, V.GO]


def test_who_is_named_twice_goes_once() -> None:
    assert verdicts(facts(), clearance(), clearance()) == [V.GO, V.STALE]


def test_a_clock_that_went_back_grants_nothing_extra() -> None:
    known = facts(limits={SLOW.key: LimitState(NOW + 3600 * SECOND)})

    (answer,) = decide(known, [clearance(limit_scopes=(SLOW,))], NOW).answers

    assert (answer.verdict, answer.retry_at) == (V.LIMITED, NOW + 3660 * SECOND)


# Properties -----------------------------------------------------------------------------------------------------------

names = st.sampled_from(["ann", "bob", "cid", "dan"])
offsets = st.integers(min_value=-90, max_value=90).map(lambda seconds: NOW + seconds * SECOND)
scopes = st.sampled_from([(), (SLOW,), (LimitScope("merchant/flora", (Interval(5),)),)])


@st.composite
def clearances(draw: st.DrawFn) -> Clearance:
    return one_of_crowd(
        draw(names),
        epoch=draw(st.sampled_from([3, 3, 3, 2])),
        settings_version=draw(st.sampled_from([2, 2, 2, 1])),
        deadline=draw(st.none() | offsets),
        open_until=draw(st.none() | offsets),
        limit_scopes=draw(scopes),
    )


@st.composite
def known_facts(draw: st.DrawFn) -> BeginFacts:
    recipients = {
        ("flora", name): held(
            draw(st.sampled_from([RecipientStatus.CLAIMED] * 3 + [RecipientStatus.SENDING])),
            address_key=f"{name}@example.com",
        )
        for name in draw(st.sets(names))
    }
    limits = draw(st.dictionaries(st.sampled_from([SLOW.key, "merchant/flora"]), offsets.map(LimitState)))
    opted_out = draw(st.frozensets(names.map(lambda name: ("flora", f"{name}@example.com")), max_size=2))
    status = draw(st.sampled_from([CampaignStatus.SENDING] * 3 + [CampaignStatus.PAUSED, CampaignStatus.CANCELLED]))
    return BeginFacts(
        campaigns={CAMPAIGN: CampaignFacts(status, 2)}, recipients=recipients, suppressed=opted_out, limits=limits
    )


batches = st.lists(clearances(), max_size=8)


@given(known_facts(), batches)
@settings(deadline=None)
def test_each_clearance_gets_one_answer_in_order(known: BeginFacts, asked: list[Clearance]) -> None:
    answers = decide(known, asked, NOW).answers

    assert [answer.recipient_id for answer in answers] == [one.recipient_id for one in asked]


@given(known_facts(), batches)
@settings(deadline=None)
def test_nobody_goes_twice(known: BeginFacts, asked: list[Clearance]) -> None:
    gone = [answer.recipient_id for answer in decide(known, asked, NOW).answers if answer.verdict is V.GO]

    assert len(gone) == len(set(gone))


@given(known_facts(), batches)
@settings(deadline=None)
def test_nobody_goes_against_the_facts(known: BeginFacts, asked: list[Clearance]) -> None:
    for one, answer in zip(asked, decide(known, asked, NOW).answers, strict=True):
        if answer.verdict is V.GO:
            recipient = known.recipients["flora", one.recipient_id]
            assert recipient.status is RecipientStatus.CLAIMED
            assert recipient.epoch == one.epoch
            assert known.campaigns[CAMPAIGN] == CampaignFacts(CampaignStatus.SENDING, one.settings_version)
            assert ("flora", recipient.address_key) not in known.suppressed
            assert one.deadline is None or one.deadline > NOW
            assert one.open_until is None or one.open_until > NOW + CROSS_WITHIN


@given(known_facts(), batches)
@settings(deadline=None)
def test_only_those_who_go_are_counted(known: BeginFacts, asked: list[Clearance]) -> None:
    before = dict(known.limits)
    decision = decide(known, asked, NOW)

    going = [one for one, answer in zip(asked, decision.answers, strict=True) if answer.verdict is V.GO]
    counted = {scope.key for one in going for scope in one.limit_scopes}
    assert {key for key, state in decision.limits.items() if state != before.get(key)} <= counted
    assert known.limits == before
    for key in counted:
        assert sum(key == scope.key for one in going for scope in one.limit_scopes) == 1
        assert decision.limits[key] == LimitState(NOW)


@given(known_facts(), batches)
@settings(deadline=None)
def test_a_limit_names_a_moment_that_is_still_to_come(known: BeginFacts, asked: list[Clearance]) -> None:
    for answer in decide(known, asked, NOW).answers:
        if answer.verdict is V.LIMITED:
            assert answer.retry_at is not None
            assert answer.retry_at > NOW


@given(known_facts(), batches)
@settings(deadline=None)
def test_a_batch_is_decided_as_its_parts_would_be(known: BeginFacts, asked: list[Clearance]) -> None:
    """Begin may be called with any cut of the same batch; who went before is then known as sending."""
    whole = decide(known, asked, NOW)
    recipients, limits = dict(known.recipients), dict(known.limits)
    parts: list[BeginAnswer] = []
    for one in asked:
        decision = decide(attrs.evolve(known, recipients=recipients, limits=limits), [one], NOW)
        limits = dict(decision.limits)
        parts += decision.answers
        if decision.answers[0].verdict is V.GO:
            identity = (one.merchant_id, one.recipient_id)
            recipients[identity] = attrs.evolve(recipients[identity], status=RecipientStatus.SENDING)

    # Only of a whole batch is it known whose turn comes after whose.
    assert [one.verdict for one in parts] == [one.verdict for one in whole.answers]
    assert limits == dict(whole.limits)
