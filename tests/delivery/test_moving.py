"""What a recipient and its attempt become; the laws of stores try the rest of it."""

from datetime import UTC, datetime, timedelta

import pytest

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.delivery.begin import BeginAnswer, BeginVerdict
from campaignkit.delivery.moving import blank_attempt, claimed, ended_by_begin, given_back, moved
from campaignkit.delivery.settling import Ground
from campaignkit.errors import IllegalTransition

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PENDING = CampaignRecipient(
    merchant_id="flora",
    campaign_id="c1",
    recipient_id="c1ann",
    channel=Channel.EMAIL,
    contact_key="ann",
    not_before=NOON,
    added_at=NOON,
    changed_at=NOON,
)
CLAIMED = claimed(PENDING, NOON, lease=timedelta(minutes=5), worker_id="w1", token="t1")


def test_a_claim_is_one_epoch_later_and_so_is_its_attempt() -> None:
    assert (CLAIMED.status, CLAIMED.epoch, CLAIMED.claim_token) == (RecipientStatus.CLAIMED, 1, "t1")
    assert blank_attempt(CLAIMED).epoch == 1


def test_no_row_moves_but_by_the_table() -> None:
    with pytest.raises(IllegalTransition):
        moved(PENDING, RecipientEvent.BEGIN, at=NOON)


@pytest.mark.parametrize(
    ("ground", "status", "reason", "detail"),
    [
        (Ground(CampaignStatus.SENDING, None, False), RecipientStatus.PENDING, "limited", "Later."),
        (Ground(CampaignStatus.CANCELLED, None, False), RecipientStatus.CANCELLED, "campaign_cancelled", ""),
        (Ground(CampaignStatus.SENDING, None, True), RecipientStatus.SKIPPED, "suppressed", ""),
        (Ground(CampaignStatus.SENDING, NOON, False), RecipientStatus.EXPIRED, "deadline_passed", ""),
    ],
    ids=["pending", "cancelled", "suppressed", "too late"],
)
def test_what_is_given_back_keeps_its_sentence_only_where_it_waits(
    ground: Ground, status: RecipientStatus, reason: str, detail: str
) -> None:
    back = given_back(CLAIMED, ground, NOON, not_before=NOON, reason="limited", detail="Later.")

    assert (back.status, back.reason, back.detail) == (status, reason, detail)
    assert (back.lease_until, back.worker_id, back.claim_token, back.epoch) == (None, "", "", 1)


def test_only_answers_that_end_somebody_end_a_claim() -> None:
    expired = BeginAnswer("c1ann", BeginVerdict.EXPIRED)
    ended = ended_by_begin(CLAIMED, expired, NOON)

    assert ended is not None
    assert (ended.status, ended.reason) == (RecipientStatus.EXPIRED, "deadline_passed")
    assert ended_by_begin(ended, expired, NOON) is None
    assert ended_by_begin(CLAIMED, BeginAnswer("c1ann", BeginVerdict.LIMITED), NOON) is None
