"""Test sends as evidence: what was sent, what a person saw, and when it counts no more."""

from datetime import timedelta

import pytest

import campaignkit as ck
from tests.kit.conftest import FOOT, Shop


def test_b3_what_was_sent_is_kept_and_marked_as_a_test(shop: Shop) -> None:
    campaign = shop.draft()
    result = shop.flora.send_test(campaign.id)

    assert shop.flora.tests(campaign.id) == (result,)
    assert result.copy["text"].startswith("Dear Person 1, they are in.")
    assert f"X-Campaign-Test: {result.test_id}\r\n".encode() in shop.mails[0].content
    assert len(result.message_digest) == 64
    assert "Person" not in repr(result)


def test_b3_acceptance_alone_is_no_passed_test(shop: Shop) -> None:
    campaign = shop.draft()
    sent = shop.flora.send_test(campaign.id)
    in_spam = shop.flora.record_arrival(sent.test_id, "spam")
    broken = shop.flora.record_arrival(sent.test_id, "inbox", do_links_work=False)
    good = shop.flora.record_arrival(sent.test_id, "inbox", is_well_formatted=True, do_links_work=True)

    assert [one.has_passed for one in (sent, in_spam, broken, good)] == [False, False, False, True]
    assert good.observation is not None
    assert (good.observation.arrival, good.observation.actor) == ("inbox", "ann")
    assert shop.flora.tests(campaign.id)[0].has_passed


@pytest.mark.parametrize(
    "change",
    [
        {"content": ck.EmailContent(subject="Roses", text=f"They are in. {FOOT}")},
        {"values": {"event": {"name": "Tulip day"}}},
        {"headers": {"X-Shop": "1"}},
        {"attachments": [ck.Attachment(filename="map.pdf", content=b"%PDF-1.4", media_type="application/pdf")]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_b3_a_changed_message_makes_the_test_stale(shop: Shop, change: dict[str, object]) -> None:
    campaign = shop.draft()
    sent = shop.flora.send_test(campaign.id)
    shop.flora.record_arrival(sent.test_id, "inbox")
    shop.flora.update_campaign(campaign.id, name="Another name", priority=3)
    before = shop.flora.tests(campaign.id)[0]
    shop.flora.update_campaign(campaign.id, **change)
    after = shop.flora.tests(campaign.id)[0]

    assert (before.is_stale, before.has_passed) == (False, True)
    assert (after.is_stale, after.has_passed) == (True, False)


def test_another_sender_makes_the_test_stale(shop: Shop) -> None:
    campaign = shop.draft()
    shop.flora.send_test(campaign.id)
    shop.flora.add_sender("main", address="Rosa <rosa@flora.example>")

    assert shop.flora.tests(campaign.id)[0].is_stale


def test_the_latest_test_comes_first_and_others_campaigns_have_their_own(shop: Shop) -> None:
    first, second = shop.draft(), shop.draft(name="Second")
    shop.flora.send_test(first.id)
    shop.clock.advance(timedelta(minutes=1))
    shop.flora.send_test(first.id, to="me@example.com")
    shop.flora.send_test(second.id)

    assert [result.to for result in shop.flora.tests(first.id)] == ["me@example.com", "ann@flora.example"]
    assert len(shop.flora.tests(second.id)) == 1


def test_a_test_counts_under_the_senders_own_limits(shop: Shop) -> None:
    shop.flora.add_sender("main", address="Flora <hello@flora.example>", limits=[ck.Limit(2, per=timedelta(hours=1))])
    campaign = shop.draft()
    shop.flora.send_test(campaign.id)
    shop.flora.schedule(campaign.id)
    shop.kit.run(until=shop.clock.now() + timedelta(minutes=5))
    with pytest.raises(ck.LimitReached, match="try again at 2026-03-06T16:00:00") as refused:
        shop.flora.send_test(campaign.id)

    assert refused.value.code == "limit_reached"
    assert shop.flora.counts(campaign.id).by_status == {"sent": 1, "pending": 2}
    assert len(shop.mail.sent) == 2


def test_a_test_counts_under_no_limit_of_the_campaign(shop: Shop) -> None:
    campaign = shop.draft(people=1, limits=[ck.Limit(1, per=timedelta(days=1))])
    shop.flora.send_test(campaign.id)
    shop.flora.schedule(campaign.id)
    shop.kit.run(until=shop.clock.now() + timedelta(minutes=5))

    assert shop.flora.counts(campaign.id).by_status == {"sent": 1}


def test_tests_are_bounded(shop: Shop) -> None:
    campaign = shop.draft()
    for _ in range(10):
        shop.flora.send_test(campaign.id)
    with pytest.raises(ck.LimitReached):
        shop.flora.send_test(campaign.id)
    shop.clock.advance(timedelta(minutes=10))

    assert shop.flora.send_test(campaign.id).verdict is ck.Verdict.ACCEPTED


def test_what_arrived_of_a_foreign_test_is_not_found(shop: Shop) -> None:
    sent = shop.flora.send_test(shop.draft().id)
    other = shop.kit.merchant("other", zone="America/New_York", region="US")

    with pytest.raises(ck.TestNotFound, match="was not found"):
        other.record_arrival(sent.test_id, "inbox")
    with pytest.raises(ValueError, match="postbox"):
        shop.flora.record_arrival(sent.test_id, "postbox")


def test_a_message_that_cannot_be_built_is_not_sent(shop: Shop) -> None:
    shop.flora.add_sender("texts", address="FLORA", channel="sms", account="main", limits=[])
    campaign = shop.flora.create_campaign(
        name="Texts", channel="sms", sender="texts", content=ck.SmsContent(text="{{ customer.note }}")
    )
    with pytest.raises(ck.InvalidContent, match="empty once it is filled in"):
        shop.flora.send_test(campaign.id, to="+12125550143")

    assert shop.mail.sent == []
