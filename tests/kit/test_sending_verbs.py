"""Preflight, tests, scheduling and the moves of a campaign; each refusal is coded and changes nothing."""

from datetime import time, timedelta

import pytest

import campaignkit as ck
from campaignkit.delivery.outcomes import Outcome, Verdict
from tests.kit.conftest import CONTENT, FOOT, FRIDAY, HOURS, Shop, contact


def codes(findings: tuple[ck.Finding, ...]) -> list[str]:
    return [finding.code for finding in findings]


def test_a_ready_campaign_has_nothing_to_mend(shop: Shop) -> None:
    report = shop.flora.preflight(shop.draft().id)

    assert (report.is_ready, report.blockers, report.warnings) == (True, (), ())


def test_nobody_to_write_to_is_a_blocker(shop: Shop) -> None:
    campaign = shop.draft(people=0)

    assert codes(shop.flora.preflight(campaign.id).blockers) == ["no_recipients"]
    with pytest.raises(ck.NotReady, match="is not ready: no_recipients") as refused:
        shop.flora.schedule(campaign.id)
    assert (refused.value.code, refused.value.blockers) == ("not_ready", ("no_recipients",))
    assert shop.flora.campaign(campaign.id) == campaign


def test_all_blockers_are_named_at_once(shop: Shop) -> None:
    campaign = shop.draft(people=0, window=ck.SendWindow(days="mon", holidays=(), zone="America/New_York"))
    shop.flora.update_campaign(campaign.id, deadline=FRIDAY + timedelta(hours=1), content=ck.SmsContent(text="Hi"))

    assert codes(shop.flora.preflight(campaign.id).blockers) == [
        "no_recipients",
        "content_channel",
        "deadline_too_early",
    ]


def test_an_unknown_placeholder_is_named_with_its_place_and_whom_it_hits(shop: Shop) -> None:
    campaign = shop.draft(content=ck.EmailContent(subject="Hi", text="Dear\n{{ customer.nam }}!"))
    (blocker,) = shop.flora.preflight(campaign.id).blockers

    assert (blocker.code, blocker.count) == ("unknown_placeholder", 3)
    assert blocker.samples == ("row 2", "row 3", "row 4")
    assert blocker.message.startswith("{{ customer.nam }} in text, line 2, column 1,")
    with pytest.raises(ck.NotReady):
        shop.flora.schedule(campaign.id)


def test_an_unknown_placeholder_with_a_default_is_a_warning(shop: Shop) -> None:
    campaign = shop.draft(
        content=ck.EmailContent(subject="Hi", text=f'Dear {{{{ customer.nam | default: "friend" }}}}! {FOOT}')
    )
    report = shop.flora.preflight(campaign.id)

    assert (report.is_ready, codes(report.warnings)) == (True, ["unknown_placeholder_defaulted"])


def test_an_empty_placeholder_counts_those_whom_it_hits(shop: Shop) -> None:
    campaign = shop.draft()
    shop.flora.add_recipients(campaign.id, contact(8, name="  "))
    (warning,) = shop.flora.preflight(campaign.id).warnings

    assert (warning.code, warning.count, warning.samples) == ("empty_placeholder", 1, ("row 9",))


def test_contacts_without_an_address_are_counted(shop: Shop) -> None:
    campaign = shop.draft()
    shop.flora.add_recipients(campaign.id, [contact(8, email="", phone="(212) 555-0143"), contact(9, email="broken")])

    assert [(finding.code, finding.count) for finding in shop.flora.preflight(campaign.id).warnings] == [
        ("no_address", 1),
        ("left_out", 1),
    ]


def test_likely_typos_of_mail_domains_are_pointed_out_and_left_alone(shop: Shop) -> None:
    campaign = shop.draft(people=1)
    people = [contact(7, email="a@gmial.com"), contact(8, email="b@gmial.com"), contact(9, email="c@hotnail.com")]
    shop.flora.add_recipients(campaign.id, people)
    (warning,) = shop.flora.preflight(campaign.id).warnings

    assert (warning.code, warning.count) == ("likely_typos", 3)
    assert warning.samples == ("gmial.com, perhaps gmail.com: 2", "hotnail.com, perhaps hotmail.com: 1")
    assert {row.address for row in shop.flora.recipients(campaign.id)} >= {"a@gmial.com", "b@gmial.com"}


def test_a_window_that_never_opens_is_a_blocker(shop: Shop) -> None:
    days = tuple((FRIDAY + timedelta(days=number)).date() for number in range(-1, 450))
    campaign = shop.draft(window=ck.SendWindow(holidays=days, zone="America/New_York"))

    assert codes(shop.flora.preflight(campaign.id).blockers) == ["no_window"]


def test_a_test_goes_to_the_acting_user_and_leaves_the_campaign_alone(shop: Shop) -> None:
    campaign = shop.draft()
    result = shop.flora.send_test(campaign.id)

    assert (result.to, result.verdict, result.actor) == ("ann@flora.example", Verdict.ACCEPTED, "ann")
    assert result.content_id == campaign.content_id
    assert b"Dear Person 1, they are in." in shop.mails[0].content
    assert shop.flora.campaign(campaign.id) == campaign
    assert shop.flora.counts(campaign.id).by_status == {ck.RecipientStatus.PENDING: 3}


def test_a_refused_test_is_a_result_not_an_error(shop: Shop) -> None:
    shop.mail.script("me@example.com", Outcome(message_id="", verdict=Verdict.REFUSED, code="mailbox_unknown"))
    result = shop.flora.send_test(shop.draft().id, to="me@example.com")

    assert (result.verdict, result.code, result.message) == (
        Verdict.REFUSED,
        "mailbox_unknown",
        "There is no such mailbox.",
    )


def test_a_test_needs_an_address(shop: Shop) -> None:
    nobody = shop.kit.merchant("flora")
    campaign = shop.draft()

    for call in (lambda: nobody.send_test(campaign.id), lambda: nobody.send_test(campaign.id, to="not an address")):
        with pytest.raises(ck.InvalidAddress):
            call()
    assert shop.mail.sent == []


def test_a_start_long_past_asks_for_confirmation(shop: Shop) -> None:
    campaign = shop.draft()
    with pytest.raises(ck.StartInPast, match=r"is long past .* confirm it with confirm_past") as refused:
        shop.flora.schedule(campaign.id, start_at=FRIDAY - timedelta(hours=1, seconds=1))
    assert refused.value.code == "start_in_past"
    assert shop.flora.campaign(campaign.id) == campaign

    shop.flora.schedule(campaign.id, start_at=FRIDAY - timedelta(hours=2), confirm_past=True)
    shop.kit.run()
    assert shop.flora.campaign(campaign.id).status is ck.CampaignStatus.FINISHED


def test_a_second_schedule_is_refused(shop: Shop) -> None:
    campaign = shop.draft()
    scheduled = shop.flora.schedule(campaign.id, start_at=FRIDAY + timedelta(hours=1))

    with pytest.raises(ck.IllegalTransition, match="a scheduled one cannot schedule") as refused:
        shop.flora.schedule(campaign.id, start_at=FRIDAY + timedelta(hours=5))
    assert refused.value.code == "illegal_transition"
    assert shop.flora.campaign(campaign.id) == scheduled


def test_a_deadline_before_the_start_is_a_bad_call(shop: Shop) -> None:
    with pytest.raises(ValueError, match="the deadline must be after the start"):
        shop.flora.schedule(shop.draft().id, start_at=FRIDAY + timedelta(hours=1), deadline=FRIDAY)


def test_unscheduling_works_until_something_began(shop: Shop) -> None:
    campaign = shop.draft()
    shop.flora.schedule(campaign.id, start_at=FRIDAY + timedelta(hours=1))
    draft = shop.flora.unschedule(campaign.id)
    assert (draft.status, draft.start_at, draft.waiting_for) == (ck.CampaignStatus.DRAFT, None, ck.WaitingFor.NOTHING)

    shop.flora.update_campaign(campaign.id, interval=ck.Interval(seconds=60), window=HOURS)
    shop.flora.schedule(campaign.id)
    shop.kit.tick()
    shop.flora.pause(campaign.id)
    shop.flora.resume(campaign.id)
    with pytest.raises(ck.IllegalTransition, match="a scheduled one cannot unschedule"):
        shop.flora.unschedule(campaign.id)


def test_a_paused_campaign_waits_for_nothing_timed_and_goes_on_when_resumed(shop: Shop) -> None:
    campaign = shop.draft(interval=ck.Interval(seconds=60))
    shop.flora.schedule(campaign.id)
    shop.kit.tick()
    shop.flora.pause(campaign.id)
    report = shop.kit.run()

    assert (report.sent, report.next_at) == (0, None)
    assert [(one.campaign_id, one.status) for one in report.waiting] == [(campaign.id, ck.CampaignStatus.PAUSED)]
    shop.flora.resume(campaign.id)
    assert shop.kit.run().sent == 2


def test_a_cancelled_campaign_takes_its_pending_with_it(shop: Shop) -> None:
    campaign = shop.draft(interval=ck.Interval(seconds=60))
    shop.flora.schedule(campaign.id)
    shop.kit.tick()
    shop.flora.cancel(campaign.id)

    assert shop.flora.counts(campaign.id).by_status == {
        ck.RecipientStatus.SENT: 1,
        ck.RecipientStatus.CANCELLED: 2,
    }
    assert shop.kit.run().sent == 0


def test_run_until_stands_at_that_moment(shop: Shop) -> None:
    evening = FRIDAY.replace(hour=23)
    campaign = shop.draft(window=ck.SendWindow(opens=time(20), closes=time(21), zone="America/New_York"))
    shop.flora.schedule(campaign.id)
    report = shop.kit.run(until=evening)

    assert (report.sent, shop.clock.now()) == (0, evening)
    assert shop.flora.campaign(campaign.id).waiting_for is ck.WaitingFor.WINDOW
    assert shop.kit.run().sent == 3


def test_a_campaign_is_made_once_and_told_by_a_timeline_with_its_actors(shop: Shop) -> None:
    campaign = shop.finished()
    trail = shop.flora.explain(campaign.id, "p1@example.com").trail

    told = [(step.what, "(ann)" in step.why) for step in trail if step.what.startswith("campaign_")]
    assert told == [("campaign_created", True), ("campaign_scheduled", True), ("campaign_sending", False)]
    assert CONTENT.subject in shop.mails[0].content.decode()
