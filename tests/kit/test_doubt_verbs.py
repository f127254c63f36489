"""Who is in doubt is shown with what can be done, and sent anew on purpose: once, and not before its quarantine."""

from datetime import timedelta

import pytest

import campaignkit as ck
from campaignkit.message.outbound import OutboundText
from campaignkit.testing import FakeSms
from tests.kit.conftest import FRIDAY, Shop, contact

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
QUARANTINE = 15 * MINUTE


def doubtful(shop: Shop, *numbers: int, people: int = 3, **settings: object) -> ck.Campaign:
    """Return a campaign that has gone out, but for those whose answer was lost."""
    campaign = shop.draft(people, **settings)
    for number in numbers:
        shop.mail.script(f"p{number}@example.com", "lost")
    shop.flora.schedule(campaign.id)
    shop.kit.run()
    return shop.flora.campaign(campaign.id)


def message_ids(shop: Shop, number: int) -> list[str]:
    return [mail.message_id for mail in shop.mails if mail.envelope_to == f"p{number}@example.com"]


def test_who_is_in_doubt_is_shown_with_since_until_why_and_what_to_do(shop: Shop) -> None:
    campaign = doubtful(shop, 2)
    began = shop.clock.now()

    (doubt,) = shop.flora.in_doubt(campaign.id)

    assert (doubt.contact_id, doubt.code, doubt.resent_count) == ("cust-2", "reply_lost", 0)
    assert (doubt.since, doubt.resendable_at, doubt.until) == (began, began + QUARANTINE, began + 72 * HOUR)
    assert doubt.message.startswith("The connection broke while the message was handed over; nobody knows")
    assert doubt.remedy == (
        "A receipt may still tell; from Monday 2026-03-09 11:00 (America/New_York) on it counts as unknown. "
        "resend_in_doubt sends it anew from Friday 2026-03-06 10:15 (America/New_York) on; "
        "whoever has it already then has it twice."
    )


def test_a_finished_campaign_says_that_somebody_is_in_doubt(shop: Shop) -> None:
    campaign = doubtful(shop, 1, 2)

    trail = shop.store.trail("flora", shop.flora.recipients(campaign.id)[0].recipient_id)

    assert trail is not None
    assert (campaign.status, trail.timeline[-1].what) == (ck.CampaignStatus.FINISHED, "finished")
    assert trail.timeline[-1].why.endswith("In doubt: 2; nobody knows whether their messages were taken.")
    assert shop.flora.counts(campaign.id).by_status[ck.RecipientStatus.IN_DOUBT] == 2


def test_before_the_quarantine_is_over_nobody_is_sent_anew_and_it_says_when(shop: Shop) -> None:
    campaign = doubtful(shop, 1, 2)

    answer = shop.flora.resend_in_doubt(campaign.id)

    assert answer == ck.ResentDoubts(quarantined=2, quarantined_until=shop.clock.now() + QUARANTINE)
    assert shop.flora.campaign(campaign.id).status is ck.CampaignStatus.FINISHED


def test_a_resend_makes_a_second_message_with_an_id_of_its_own(shop: Shop) -> None:
    campaign = doubtful(shop, 2)
    shop.clock.advance(QUARANTINE)

    assert shop.flora.resend_in_doubt(campaign.id) == ck.ResentDoubts(resent=1)
    assert shop.flora.campaign(campaign.id).status is ck.CampaignStatus.SENDING
    assert shop.flora.explain(campaign.id, "cust-2").message == (
        "Nobody knows whether its first message was taken, so it is sent anew."
    )
    assert shop.kit.run().sent == 1

    first, second = message_ids(shop, 2)
    assert (first.rpartition(".")[2], second.rpartition(".")[2]) == ("1", "2")
    assert shop.flora.campaign(campaign.id).status is ck.CampaignStatus.FINISHED
    assert shop.flora.counts(campaign.id).by_status == {ck.RecipientStatus.SENT: 3}
    assert (shop.flora.resend_in_doubt(campaign.id), shop.flora.in_doubt(campaign.id)) == (ck.ResentDoubts(), ())


def test_who_asked_for_a_resend_stands_in_the_trail(shop: Shop) -> None:
    campaign = doubtful(shop, 2)
    shop.clock.advance(QUARANTINE)
    shop.flora.resend_in_doubt(campaign.id)
    shop.kit.run()

    trail = shop.flora.explain(campaign.id, "cust-2").trail

    whats = [step.what for step in trail]
    (resent,) = [step for step in trail if step.what == "campaign_resent"]
    assert resent.why == "Those in doubt are sent anew; who had the message already gets it twice. (ann)"
    assert whats.index("in_doubt") < whats.index("campaign_reopened") < whats.index("accepted")


def test_only_those_are_sent_anew_who_are_named(shop: Shop) -> None:
    campaign = doubtful(shop, 1, 2, 3)
    shop.clock.advance(QUARANTINE)

    answer = shop.flora.resend_in_doubt(campaign.id, recipients=["cust-1", "p3@example.com"])

    assert answer == ck.ResentDoubts(resent=2)
    assert [doubt.contact_id for doubt in shop.flora.in_doubt(campaign.id)] == ["cust-2"]
    with pytest.raises(ck.RecipientNotFound):
        shop.flora.resend_in_doubt(campaign.id, recipients=["cust-9"])
    with pytest.raises(TypeError, match="not one text"):
        shop.flora.resend_in_doubt(campaign.id, recipients="cust-2")


def test_who_opted_out_or_came_too_late_stays_in_doubt_and_is_counted(shop: Shop) -> None:
    campaign = doubtful(shop, 1, 2)
    other = shop.draft(2, name="Summer", window=None)
    shop.mail.script("p1@example.com", "lost")
    shop.flora.schedule(other.id, deadline=shop.clock.now() + 10 * MINUTE)
    shop.kit.run()
    shop.flora.suppress("p2@example.com", reason="asked")
    shop.clock.advance(QUARANTINE)

    assert shop.flora.resend_in_doubt(campaign.id) == ck.ResentDoubts(resent=1, suppressed=1)
    assert shop.flora.resend_in_doubt(other.id) == ck.ResentDoubts(expired=1)
    (over,) = shop.flora.in_doubt(other.id)
    assert (over.resendable_at, over.remedy.partition(".")[0]) == (None, "The campaign is over, so it is not sent anew")


def test_a_cancelled_campaign_sends_nobody_anew(shop: Shop) -> None:
    campaign = shop.draft()
    shop.mail.script("p1@example.com", "lost")
    shop.flora.schedule(campaign.id)
    shop.kit.tick(max_messages=1)
    shop.flora.cancel(campaign.id)
    shop.clock.advance(QUARANTINE)

    with pytest.raises(ck.NotEditable):
        shop.flora.resend_in_doubt(campaign.id)


def test_a_second_doubt_may_be_sent_anew_as_well(shop: Shop) -> None:
    campaign = doubtful(shop, 1)
    shop.mail.script("p1@example.com", "lost")
    for _ in range(2):
        shop.clock.advance(QUARANTINE)
        assert shop.flora.resend_in_doubt(campaign.id).resent == 1
        shop.kit.run()

    assert [one.rpartition(".")[2] for one in message_ids(shop, 1)] == ["1", "2", "3"]


def test_doubts_of_another_merchant_are_not_found(shop: Shop) -> None:
    campaign = doubtful(shop, 1)
    rosa = shop.kit.merchant("rosa", zone="Europe/Warsaw", region="PL")

    with pytest.raises(ck.CampaignNotFound):
        rosa.in_doubt(campaign.id)
    with pytest.raises(ck.CampaignNotFound):
        rosa.resend_in_doubt(campaign.id)


def test_a_coupon_is_the_same_when_it_is_sent_anew() -> None:
    asked: list[str] = []

    def coupon(request: ck.SupplyRequest) -> ck.Supply:
        if not request.is_test:
            asked.append(request.contact_id)
        return ck.Supply(values={"coupon": {"code": f"C{len(asked)}"}})

    clock, texts = ck.FrozenClock(FRIDAY), FakeSms()
    kit = ck.CampaignKit(store=ck.MemoryStore(), transports={"main": texts}, clock=clock, suppliers={"coupons": coupon})
    flora = kit.merchant("flora", zone="America/New_York", region="US")
    flora.add_sender("main", address="FLORA", channel="sms", limits=[])
    content = ck.SmsContent(text="Your code is {{ coupon.code }}")
    campaign = flora.create_campaign(
        name="Codes", channel="sms", sender="main", content=content, supplier="coupons", kind="transactional"
    )
    flora.add_recipients(campaign.id, contact(1, phone="(212) 555-0143"))
    texts.script("+12125550143", "lost")
    flora.schedule(campaign.id)
    kit.run()
    clock.advance(QUARANTINE)
    flora.resend_in_doubt(campaign.id)
    kit.run()

    assert [message.text for message in texts.sent if isinstance(message, OutboundText)] == ["Your code is C1"] * 2
    assert asked == ["cust-1"]


# the policy


def test_a_campaign_may_send_anew_by_itself_once(shop: Shop) -> None:
    shop.mail.script("p1@example.com", "lost", "lost")
    campaign = shop.draft(on_doubt="resend_after_quarantine")
    shop.flora.schedule(campaign.id)
    began = shop.clock.now()

    report = shop.kit.run()

    assert (report.sent, report.next_at, shop.clock.now()) == (2, None, began + QUARANTINE)
    assert len(message_ids(shop, 1)) == 2
    assert shop.flora.campaign(campaign.id).status is ck.CampaignStatus.FINISHED
    assert [doubt.resent_count for doubt in shop.flora.in_doubt(campaign.id)] == [1]


def test_while_it_waits_for_a_quarantine_it_says_so(shop: Shop) -> None:
    campaign = doubtful_policy(shop)
    shop.kit.tick()
    shop.kit.tick()

    waiting = shop.flora.campaign(campaign.id)
    assert (waiting.status, waiting.waiting_for) == (ck.CampaignStatus.SENDING, ck.WaitingFor.DOUBT)
    assert waiting.next_at == shop.clock.now() + QUARANTINE
    (doubt,) = shop.flora.in_doubt(campaign.id)
    assert doubt.remedy.startswith("It is sent anew by itself from Friday 2026-03-06 10:15")
    assert "It is sent anew by itself" in shop.flora.explain(campaign.id, "cust-1").message


def doubtful_policy(shop: Shop) -> ck.Campaign:
    shop.mail.script("p1@example.com", "lost")
    campaign = shop.draft(on_doubt="resend_after_quarantine")
    shop.flora.schedule(campaign.id)
    return campaign


def test_by_itself_nobody_is_sent_anew_after_an_opt_out(shop: Shop) -> None:
    campaign = doubtful_policy(shop)
    shop.kit.tick()
    shop.flora.suppress("p1@example.com", reason="asked")

    report = shop.kit.run()

    assert (report.sent, len(message_ids(shop, 1))) == (0, 1)
    assert shop.flora.campaign(campaign.id).status is ck.CampaignStatus.FINISHED
    assert shop.clock.now() < shop.flora.in_doubt(campaign.id)[0].since + QUARANTINE


def test_by_default_a_doubt_is_held_and_keeps_no_run_alive(shop: Shop) -> None:
    began = shop.clock.now()
    campaign = doubtful(shop, 1)

    assert (campaign.on_doubt, shop.clock.now(), len(message_ids(shop, 1))) == (ck.DoubtPolicy.HOLD, began, 1)


def test_the_policy_may_be_changed_while_it_runs_and_goes_with_a_copy(shop: Shop) -> None:
    campaign = shop.draft()
    changed = shop.flora.update_campaign(campaign.id, on_doubt="resend_after_quarantine")

    assert changed.on_doubt is ck.DoubtPolicy.RESEND_AFTER_QUARANTINE
    assert shop.flora.copy(campaign.id).on_doubt is ck.DoubtPolicy.RESEND_AFTER_QUARANTINE


@pytest.mark.parametrize("policy", ["always", ""])
def test_a_policy_that_is_none_is_a_bad_call(shop: Shop, policy: str) -> None:
    with pytest.raises(ValueError, match="on_doubt is one of hold, resend_if_idempotent, resend_after_quarantine, not"):
        shop.draft(on_doubt=policy)
