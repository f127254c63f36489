"""The two tables: every pair of status and event moves, or says that it cannot."""

import itertools
import pickle

import pytest

from campaignkit.campaign.status import (
    CAMPAIGN_TRANSITIONS,
    LIVE_STATUSES,
    RECIPIENT_TRANSITIONS,
    UNFINISHED_STATUSES,
    CampaignEvent,
    CampaignStatus,
    RecipientEvent,
    RecipientStatus,
    allowed_events,
    is_end_status,
    status_label,
    transition,
)
from campaignkit.errors import CampaignKitError, IllegalTransition

C, R = CampaignStatus, RecipientStatus

# Written down a second time on purpose, from the protocol: a slip in the table must be made twice to go unseen.
CAMPAIGN_MOVES = {
    (C.DRAFT, "schedule"): C.SCHEDULED,
    (C.SCHEDULED, "unschedule"): C.DRAFT,
    (C.SCHEDULED, "start"): C.SENDING,
    (C.SCHEDULED, "pause"): C.PAUSED,
    (C.SCHEDULED, "fail"): C.FAILED,
    (C.SCHEDULED, "finish"): C.FINISHED,
    (C.SCHEDULED, "cancel"): C.CANCELLED,
    (C.SENDING, "wait"): C.SCHEDULED,
    (C.SENDING, "pause"): C.PAUSED,
    (C.SENDING, "fail"): C.FAILED,
    (C.SENDING, "finish"): C.FINISHED,
    (C.SENDING, "cancel"): C.CANCELLED,
    (C.PAUSED, "resume"): C.SCHEDULED,
    (C.PAUSED, "cancel"): C.CANCELLED,
    (C.FAILED, "resume"): C.SCHEDULED,
    (C.FAILED, "cancel"): C.CANCELLED,
    (C.FINISHED, "reopen"): C.SENDING,
}
RECIPIENT_MOVES = {
    (R.PENDING, "claim"): R.CLAIMED,
    (R.PENDING, "skip"): R.SKIPPED,
    (R.PENDING, "expire"): R.EXPIRED,
    (R.PENDING, "cancel"): R.CANCELLED,
    (R.PENDING, "readdress"): R.PENDING,
    (R.PENDING, "accept"): R.SENT,
    (R.CLAIMED, "release"): R.PENDING,
    (R.CLAIMED, "begin"): R.SENDING,
    (R.CLAIMED, "defer"): R.PENDING,
    (R.CLAIMED, "refuse"): R.FAILED,
    (R.CLAIMED, "skip"): R.SKIPPED,
    (R.CLAIMED, "expire"): R.EXPIRED,
    (R.CLAIMED, "cancel"): R.CANCELLED,
    (R.CLAIMED, "readdress"): R.PENDING,
    (R.CLAIMED, "accept"): R.SENT,
    (R.SENDING, "accept"): R.SENT,
    (R.SENDING, "defer"): R.PENDING,
    (R.SENDING, "refuse"): R.FAILED,
    (R.SENDING, "doubt"): R.IN_DOUBT,
    (R.IN_DOUBT, "accept"): R.SENT,
    (R.IN_DOUBT, "defer"): R.PENDING,
    (R.IN_DOUBT, "refuse"): R.FAILED,
    (R.IN_DOUBT, "resend"): R.PENDING,
    (R.IN_DOUBT, "give_up"): R.UNKNOWN,
}
CAMPAIGN_PAIRS = list(itertools.product(CampaignStatus, CampaignEvent))
RECIPIENT_PAIRS = list(itertools.product(RecipientStatus, RecipientEvent))
ENDS = {R.SENT, R.FAILED, R.SKIPPED, R.CANCELLED, R.EXPIRED, R.UNKNOWN}
STATUSES = [*CampaignStatus, *RecipientStatus]


@pytest.mark.parametrize(("status", "event"), CAMPAIGN_PAIRS, ids=lambda value: value.value)
def test_a_campaign_moves_or_says_that_it_cannot(status: CampaignStatus, event: CampaignEvent) -> None:
    wanted = CAMPAIGN_MOVES.get((status, event.value))
    if wanted is not None:
        assert transition(status, event) is wanted
        return

    with pytest.raises(IllegalTransition) as refused:
        transition(status, event)

    assert (refused.value.code, refused.value.status, refused.value.event) == ("illegal_transition", status, event)


@pytest.mark.parametrize(("status", "event"), RECIPIENT_PAIRS, ids=lambda value: value.value)
def test_a_recipient_moves_or_says_that_it_cannot(status: RecipientStatus, event: RecipientEvent) -> None:
    wanted = RECIPIENT_MOVES.get((status, event.value))
    if wanted is not None:
        assert transition(status, event) is wanted
        return

    with pytest.raises(IllegalTransition) as refused:
        transition(status, event)

    assert (refused.value.code, refused.value.status, refused.value.event) == ("illegal_transition", status, event)


def test_a_refused_move_is_said_in_words_and_survives_a_pickle() -> None:
    with pytest.raises(CampaignKitError, match=r"^a paused one cannot pause$") as refused:
        transition(CampaignStatus.PAUSED, CampaignEvent.PAUSE)

    again = pickle.loads(pickle.dumps(refused.value))
    assert (type(again), again.args, str(again)) == (IllegalTransition, refused.value.args, str(refused.value))


def test_an_event_may_be_given_by_its_name() -> None:
    assert transition(CampaignStatus.DRAFT, "schedule") is CampaignStatus.SCHEDULED
    assert transition(RecipientStatus.PENDING, "claim") is RecipientStatus.CLAIMED


@pytest.mark.parametrize("event", ["explode", "claim", ""])
def test_an_event_of_no_campaign_is_a_bad_call(event: str) -> None:
    with pytest.raises(ValueError, match=event or "''"):
        transition(CampaignStatus.DRAFT, event)


def test_an_event_of_no_recipient_is_a_bad_call() -> None:
    with pytest.raises(ValueError, match="schedule"):
        transition(RecipientStatus.PENDING, "schedule")


@pytest.mark.parametrize("status", CampaignStatus)
def test_a_campaigns_buttons_are_the_moves_it_knows(status: CampaignStatus) -> None:
    assert {(status, str(event)) for event in allowed_events(status)} == {
        pair for pair in CAMPAIGN_MOVES if pair[0] is status
    }


@pytest.mark.parametrize("status", RecipientStatus)
def test_a_recipients_events_are_the_moves_it_knows(status: RecipientStatus) -> None:
    assert {(status, str(event)) for event in allowed_events(status)} == {
        pair for pair in RECIPIENT_MOVES if pair[0] is status
    }


def test_every_status_has_a_row() -> None:
    assert set(CAMPAIGN_TRANSITIONS) == set(CampaignStatus)
    assert set(RECIPIENT_TRANSITIONS) == set(RecipientStatus)


@pytest.mark.parametrize("status", RecipientStatus)
def test_an_end_is_where_nothing_leads_on(status: RecipientStatus) -> None:
    assert is_end_status(status) == (status in ENDS)
    assert bool(allowed_events(status)) == (status not in ENDS)


def test_only_a_cancelled_campaign_is_over_for_good() -> None:
    assert [status for status in CampaignStatus if not allowed_events(status)] == [CampaignStatus.CANCELLED]


def test_only_begin_leads_into_sending() -> None:
    ways = {
        (status, event)
        for status, moves in RECIPIENT_TRANSITIONS.items()
        for event, target in moves.items()
        if target is RecipientStatus.SENDING
    }

    assert ways == {(RecipientStatus.CLAIMED, RecipientEvent.BEGIN)}


def test_nothing_that_was_begun_is_skipped_cancelled_or_expired() -> None:
    for status in (RecipientStatus.SENDING, RecipientStatus.IN_DOUBT):
        assert not {RecipientEvent.SKIP, RecipientEvent.CANCEL, RecipientEvent.EXPIRE} & set(allowed_events(status))


def test_every_recipient_status_can_reach_an_end() -> None:
    def reachable(status: RecipientStatus, seen: frozenset[RecipientStatus]) -> set[RecipientStatus]:
        fresh = set(RECIPIENT_TRANSITIONS[status].values()) - seen
        return fresh.union(*(reachable(target, seen | fresh) for target in fresh))

    for status in set(RecipientStatus) - ENDS:
        assert reachable(status, frozenset({status})) & ENDS


def test_live_and_unfinished_are_what_the_protocol_calls_so() -> None:
    assert {C.SCHEDULED, C.SENDING} == LIVE_STATUSES
    assert {R.PENDING, R.CLAIMED, R.SENDING} == UNFINISHED_STATUSES


@pytest.mark.parametrize("language", ["en", "pl"])
@pytest.mark.parametrize("status", STATUSES, ids=lambda status: f"{type(status).__name__}.{status.name}")
def test_every_status_has_a_word(status: CampaignStatus | RecipientStatus, language: str) -> None:
    assert status_label(status, language).strip()


@pytest.mark.parametrize(
    ("status", "language", "label"),
    [
        pytest.param(CampaignStatus.FINISHED, "en", "Sent", id="a finished campaign"),
        pytest.param(RecipientStatus.PENDING, "pl", "Oczekujące", id="pending, Polish"),
        pytest.param(RecipientStatus.CLAIMED, "en", "Pending", id="claimed is nobody's business"),
        pytest.param(RecipientStatus.SENDING, "pl", "Wysyłane", id="one who is sent to"),
        pytest.param(RecipientStatus.CANCELLED, "pl", "Anulowane", id="one who was cancelled"),
        pytest.param(CampaignStatus.SENDING, "pl", "Wysyłka", id="a campaign that sends"),
        pytest.param(CampaignStatus.CANCELLED, "pl", "Anulowana", id="a cancelled campaign"),
    ],
)
def test_a_status_is_called_what_its_users_call_it(
    status: CampaignStatus | RecipientStatus, language: str, label: str
) -> None:
    assert status_label(status, language) == label


def test_a_language_that_is_not_there_is_a_bad_call() -> None:
    with pytest.raises(KeyError):
        status_label(CampaignStatus.DRAFT, "xx")
