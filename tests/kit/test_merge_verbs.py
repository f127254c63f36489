"""Customers are merged while campaigns run: each person gets one message, at the survivor's address (A10)."""

from collections.abc import Mapping

import campaignkit as ck
from campaignkit.addresses import Channel
from tests.kit.conftest import CONTENT, Shop, contact


def record(number: int, **changes: object) -> ck.Customer:
    row: dict[str, object] = {"id": f"cust-{number}", "name": f"Person {number}", "email": f"p{number}@example.com"}
    made = ck.check_customer(row | changes, required=("name",), region="US")
    assert isinstance(made, ck.Customer)
    return made


def plan_of(*numbers: int, survivor: int = 1, **changes: object) -> ck.MergePlan:
    return ck.plan_merge([record(number, **changes) for number in numbers], survivor=f"cust-{survivor}")


def statuses(shop: Shop, campaign: ck.Campaign) -> Mapping[str, tuple[str, str]]:
    rows = shop.flora.recipients(campaign.id)
    return {row.address: (row.contact_id, row.status.value) for row in rows}


def draft_to(shop: Shop, *contacts: ck.Contact, **settings: object) -> ck.Campaign:
    campaign = shop.flora.create_campaign(name="Spring", sender="main", content=CONTENT, **settings)  # type: ignore[arg-type]
    shop.flora.add_recipients(campaign.id, contacts)
    return campaign


def test_a_merged_customer_who_waits_is_led_to_the_survivor(shop: Shop) -> None:
    campaign = draft_to(shop, contact(2), contact(3))
    done = shop.flora.redirect_recipients(plan_of(1, 2))

    assert done == ck.RedirectedRecipients(moved=1)
    assert statuses(shop, campaign) == {
        "p1@example.com": ("cust-1", "pending"),
        "p3@example.com": ("cust-3", "pending"),
    }
    shop.flora.schedule(campaign.id)
    shop.kit.run()
    mail = next(one for one in shop.mails if one.envelope_to == "p1@example.com")
    assert b"Dear Person 1" in mail.content


def test_who_was_on_the_list_as_several_gets_one_message(shop: Shop) -> None:
    campaign = draft_to(shop, contact(1), contact(2), contact(3))
    done = shop.flora.redirect_recipients(plan_of(1, 2, 3, survivor=2))

    survivor = next(row for row in shop.flora.recipients(campaign.id) if row.status == "pending")
    assert done.cancelled == 2
    assert survivor.contact_id == "cust-2"
    shop.flora.schedule(campaign.id)
    shop.kit.run()
    assert len(shop.mails) == 1


def test_who_got_it_under_another_record_gets_nothing_more(shop: Shop) -> None:
    campaign = draft_to(shop, contact(1), contact(2))
    shop.mail.script("p2@example.com", "deferred")
    shop.flora.schedule(campaign.id)
    shop.kit.tick()
    done = shop.flora.redirect_recipients(plan_of(1, 2))
    shop.kit.run()

    assert done == ck.RedirectedRecipients(cancelled=1)
    assert statuses(shop, campaign)["p2@example.com"] == ("cust-2", "cancelled")
    assert "merged with another record" in shop.flora.explain(campaign.id, "p2@example.com").message
    assert [one.envelope_to for one in shop.mails] == ["p1@example.com"]


def test_the_strictest_consent_of_all_records_holds(shop: Shop) -> None:
    campaign = draft_to(shop, contact(1), contact(2))
    refused = record(2).consent.heard(ck.ConsentEntry(channel=Channel.EMAIL, state="denied"))
    plan = ck.plan_merge([record(1), ck.Customer(customer_id="cust-2", name="Person 2", consent=refused)])
    done = shop.flora.redirect_recipients(plan)

    assert done.skipped == 2
    assert {status for _, status in statuses(shop, campaign).values()} == {"skipped"}
    explained = shop.flora.explain(campaign.id, "p1@example.com")
    assert explained.code == "consent_denied"
    assert explained.message.endswith("one of the records says no to such messages.")


def test_a_survivor_without_an_address_keeps_the_one_that_is_known(shop: Shop) -> None:
    campaign = draft_to(shop, contact(2))
    survivor = ck.Customer(customer_id="cust-1", name="Ann")
    without = ck.MergePlan(survivor=survivor, changes=(), conflicts=(), redirects={"cust-2": "cust-1"})
    done = shop.flora.redirect_recipients(without)

    assert done == ck.RedirectedRecipients(moved=1)
    assert statuses(shop, campaign) == {"p2@example.com": ("cust-1", "pending")}


def test_an_address_that_a_stranger_has_too_gets_one_message(shop: Shop) -> None:
    campaign = draft_to(shop, contact(9, email="p1@example.com"), contact(2))
    done = shop.flora.redirect_recipients(plan_of(1, 2))

    assert done == ck.RedirectedRecipients(cancelled=1)
    assert statuses(shop, campaign)["p1@example.com"] == ("cust-9", "pending")


def test_redirecting_again_changes_nothing(shop: Shop) -> None:
    campaign = draft_to(shop, contact(1), contact(2), contact(3))
    plan = plan_of(1, 2)
    shop.flora.redirect_recipients(plan)
    before = shop.flora.recipients(campaign.id)

    assert shop.flora.redirect_recipients(plan) == ck.RedirectedRecipients()
    assert shop.flora.recipients(campaign.id) == before


def test_campaigns_that_ended_and_those_of_other_merchants_stay_as_they_are(shop: Shop) -> None:
    ended = shop.finished()
    other = shop.kit.merchant("other", zone="America/New_York", region="US")
    other.add_sender("main", address="Other <hello@other.example>")
    theirs = other.create_campaign(name="Theirs", sender="main", content=CONTENT)
    other.add_recipients(theirs.id, contact(2))

    assert shop.flora.redirect_recipients(plan_of(1, 2)) == ck.RedirectedRecipients()
    assert statuses(shop, ended)["p2@example.com"] == ("cust-2", "sent")
    assert [row.contact_id for row in other.recipients(theirs.id)] == ["cust-2"]
