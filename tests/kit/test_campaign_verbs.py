"""Senders and campaigns: made, read, edited, copied, deleted; each refusal is coded and changes nothing."""

from datetime import datetime, timedelta

import pytest

import campaignkit as ck
from campaignkit.kit.credit import MerchantCredits
from campaignkit.kit.door import Permission
from campaignkit.kit.merchant import Merchant
from tests.kit.conftest import CONTENT, Shop, contact


def test_every_verb_passes_the_door() -> None:
    verbs = {name: method for name, method in vars_of(Merchant).items() if not name.startswith("_")}
    outside = {name for name, method in verbs.items() if not hasattr(method, "permission")}

    assert outside == {"enter", "merchant_id", "credits"}
    assert len(verbs) > 15


def test_every_verb_on_credit_passes_the_door() -> None:
    verbs = {name: method for name, method in vars_of(MerchantCredits).items() if not name.startswith("_")}
    outside = {name for name, method in verbs.items() if not hasattr(method, "permission")}
    changing = {name for name, method in verbs.items() if getattr(method, "permission", "") == Permission.GRANT_CREDIT}

    assert outside == {"enter", "merchant_id"}
    assert changing == {"grant", "adjust", "refund"}


def vars_of(kind: type) -> dict[str, object]:
    return {name: value for base in reversed(kind.__mro__[:-1]) for name, value in vars(base).items()}


def test_no_verb_runs_on_a_closed_kit(shop: Shop) -> None:
    campaign = shop.draft()
    shop.kit.close()

    with pytest.raises(RuntimeError, match="this kit is closed"):
        shop.flora.campaign(campaign.id)


def test_an_unknown_merchant_needs_zone_and_region(shop: Shop) -> None:
    with pytest.raises(ck.MerchantNotFound, match="merchant 'rosa' is unknown; give its zone and region") as refused:
        shop.kit.merchant("rosa")
    assert refused.value.code == "merchant_not_found"

    shop.kit.merchant("rosa", zone="Europe/Warsaw", region="pl")
    assert shop.kit.merchant("rosa").settings.region == "PL"


@pytest.mark.parametrize(
    ("zone", "region"), [("Mars/Olympus", "US"), ("recipient", "US"), ("Europe/Warsaw", "POL"), ("Europe/Warsaw", "ą")]
)
def test_a_merchant_without_a_real_zone_or_region_is_a_bad_call(shop: Shop, zone: str, region: str) -> None:
    with pytest.raises(ValueError, match=r"zone|region"):
        shop.kit.merchant("rosa", zone=zone, region=region)


def test_a_sender_address_is_checked(shop: Shop) -> None:
    with pytest.raises(ck.InvalidAddress) as refused:
        shop.flora.add_sender("broken", address="Flora <hello@>")

    assert refused.value.code == "invalid_address"
    assert "hello@" not in str(refused.value)


def test_a_campaign_without_a_configured_sender_cannot_be_made(shop: Shop) -> None:
    with pytest.raises(ck.SenderNotFound, match="sender 'nobody' was not found; add it with add_sender") as refused:
        shop.draft(sender="nobody")

    assert refused.value.code == "sender_not_found"
    assert shop.flora.campaigns() == ()


def test_a_broken_template_is_refused_with_its_place(shop: Shop) -> None:
    with pytest.raises(ck.InvalidTemplate) as refused:
        shop.draft(content=ck.EmailContent(subject="Hi", text="one\ntwo {{ customer.name"))

    assert (refused.value.code, refused.value.line, refused.value.column) == ("invalid_template", 2, 5)
    assert shop.flora.campaigns() == ()


def test_a_message_without_a_body_is_refused(shop: Shop) -> None:
    with pytest.raises(ck.InvalidContent) as refused:
        shop.draft(content=ck.EmailContent(subject="Hi", text=""))

    assert refused.value.code == "invalid_content"


def test_one_key_makes_one_campaign(shop: Shop) -> None:
    first = shop.draft(key="order-7")
    again = shop.flora.create_campaign(
        name="Spring", sender="main", content=CONTENT, window=first.window, key="order-7"
    )

    assert again.id == first.id
    with pytest.raises(ck.KeyReused, match="key 'order-7' was used before with other values"):
        shop.flora.create_campaign(name="Autumn", sender="main", content=CONTENT, key="order-7")
    assert len(shop.flora.campaigns()) == 1


def test_an_edit_changes_what_it_names_and_nothing_else(shop: Shop) -> None:
    campaign = shop.draft()
    edited = shop.flora.update_campaign(campaign.id, name="Summer", interval=ck.Interval(seconds=2))

    assert (edited.name, edited.interval, edited.content_id) == ("Summer", ck.Interval(2), campaign.content_id)
    assert edited.settings_version == campaign.settings_version + 1
    with pytest.raises(TypeError, match="a campaign has no setting status"):
        shop.flora.update_campaign(campaign.id, status="finished")


def test_a_finished_campaign_refuses_every_edit_and_names_itself(shop: Shop) -> None:
    campaign = shop.finished()

    with pytest.raises(ck.NotEditable, match=r"is finished; name cannot be changed") as refused:
        shop.flora.update_campaign(campaign.id, name="Late")
    assert refused.value.code == "not_editable"
    with pytest.raises(ck.NotEditable):
        shop.flora.add_recipients(campaign.id, contact(9))
    assert shop.flora.campaign(campaign.id) == campaign


def test_content_is_frozen_from_scheduling_on(shop: Shop) -> None:
    campaign = shop.draft()
    shop.flora.schedule(campaign.id, start_at=shop.clock.now() + timedelta(hours=1))

    with pytest.raises(ck.NotEditable, match="content_id cannot be changed"):
        shop.flora.update_campaign(campaign.id, content=ck.EmailContent(subject="Other", text="Other"))
    assert shop.flora.update_campaign(campaign.id, name="Renamed").name == "Renamed"


def test_a_copy_has_the_settings_but_no_recipients_and_no_schedule(shop: Shop) -> None:
    original = shop.finished()
    copy = shop.flora.copy(original.id)

    assert (copy.status, copy.start_at, copy.deadline) == (ck.CampaignStatus.DRAFT, None, None)
    assert (copy.content_id, copy.window, copy.copied_from) == (original.content_id, original.window, original.id)
    assert shop.flora.counts(copy.id).rows == 0


def test_only_a_draft_is_deleted_and_its_rows_go_with_it(shop: Shop) -> None:
    draft, finished = shop.draft(), shop.finished()
    shop.flora.delete_campaign(draft.id)

    with pytest.raises(ck.CampaignNotFound):
        shop.flora.counts(draft.id)
    with pytest.raises(ck.NotEditable):
        shop.flora.delete_campaign(finished.id)


def test_campaigns_are_listed_by_status_and_in_pages(shop: Shop) -> None:
    made = sorted(shop.draft(people=0).id for _ in range(5))
    done = shop.finished().id

    first = shop.flora.campaigns(status="draft", limit=3)
    rest = shop.flora.campaigns(status="draft", after=first[-1].id)
    assert [campaign.id for campaign in (*first, *rest)] == made
    assert [campaign.id for campaign in shop.flora.campaigns(status="finished")] == [done]


def test_another_merchants_ids_are_not_found(shop: Shop) -> None:
    campaign = shop.finished()
    recipient = shop.flora.recipients(campaign.id)[0]
    rosa = shop.kit.merchant("rosa", zone="Europe/Warsaw", region="PL")
    calls = [
        lambda: rosa.campaign(campaign.id),
        lambda: rosa.update_campaign(campaign.id, name="mine"),
        lambda: rosa.copy(campaign.id),
        lambda: rosa.delete_campaign(campaign.id),
        lambda: rosa.add_recipients(campaign.id, contact(1)),
        lambda: rosa.remove_recipient(campaign.id, recipient.recipient_id),
        lambda: rosa.recipients(campaign.id),
        lambda: rosa.exclusions(campaign.id),
        lambda: rosa.counts(campaign.id),
        lambda: rosa.explain(campaign.id, recipient.recipient_id),
        lambda: rosa.preflight(campaign.id),
        lambda: rosa.send_test(campaign.id, to="me@example.com"),
        lambda: rosa.schedule(campaign.id),
        lambda: rosa.unschedule(campaign.id),
        lambda: rosa.pause(campaign.id),
        lambda: rosa.resume(campaign.id),
        lambda: rosa.cancel(campaign.id),
    ]
    for call in calls:
        with pytest.raises(ck.CampaignNotFound) as refused:
            call()
        assert refused.value.code == "campaign_not_found"

    assert rosa.campaigns() == ()
    assert shop.flora.campaign(campaign.id) == campaign


def test_a_naive_datetime_is_a_bad_call(shop: Shop) -> None:
    campaign = shop.draft()
    naive = datetime(2026, 3, 9, 9)  # noqa: DTZ001

    for call in (
        lambda: shop.flora.schedule(campaign.id, start_at=naive),
        lambda: shop.flora.schedule(campaign.id, deadline=naive),
        lambda: shop.flora.update_campaign(campaign.id, deadline=naive),
        lambda: shop.kit.run(until=naive),
    ):
        with pytest.raises(ValueError, match="aware"):
            call()
    assert shop.flora.campaign(campaign.id) == campaign
