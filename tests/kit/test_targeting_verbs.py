"""Whom a campaign is for: filters, history, consent and countries, through a merchant's verbs on every store."""

from datetime import date, timedelta

import attrs
import pytest

import campaignkit as ck
from campaignkit.addresses.channel import Channel
from campaignkit.kit.targeting import find_report, forget_report, keep_report
from campaignkit.ports import Document
from campaignkit.testing import FakeEmail
from tests.kit.conftest import FRIDAY, Shop, contact


def draft(shop: Shop, **changes: object) -> ck.Campaign:
    return shop.draft(people=0, **changes)


def texts(shop: Shop, **changes: object) -> ck.Campaign:
    shop.flora.add_sender("texts", address="FLORA", channel="sms")
    content = ck.SmsContent(text="Tulips are in.")
    return draft(shop, channel="sms", sender="texts", content=content, **changes)


def let_in(shop: Shop, campaign: ck.Campaign) -> list[str]:
    return sorted(row.contact_id for row in shop.flora.recipients(campaign.id))


def warnings(shop: Shop, campaign: ck.Campaign) -> dict[str, ck.Finding]:
    return {finding.code: finding for finding in shop.flora.preflight(campaign.id).warnings}


def test_a_filter_chooses_and_the_rest_is_told_why_not(shop: Shop) -> None:
    campaign = draft(shop)
    people = [contact(1, city="Kraków"), contact(2, city="Łódź"), contact(3)]
    added = shop.flora.add_recipients(campaign.id, people, where=ck.Equals("city", "kraków"))

    assert ck.to_dict(added) == {"added": 1, "existing": 0, "excluded": 2, "rejected": 0}
    assert let_in(shop, campaign) == ["cust-1"]
    explained = shop.flora.explain(campaign.id, "cust-2")
    assert (explained.code, explained.message) == (
        "filtered",
        "The chosen filter leaves this contact out: city is kraków.",
    )
    report = shop.flora.targeting_report(campaign.id)
    assert report is not None
    assert (report.label, report.seen_count, report.passed_count) == ("city is kraków", 3, 1)


def test_a_filter_in_its_plain_form_and_a_function_by_name(shop: Shop) -> None:
    functions = {"has_photos": lambda person: person.contact_id == "cust-2"}
    with ck.CampaignKit(store=ck.MemoryStore(), predicates=functions) as kit:
        flora = kit.merchant("flora", zone="Europe/Warsaw", region="PL")
        flora.add_sender("main", address="hello@flora.example")
        campaign = flora.create_campaign(name="Photos", sender="main", content=ck.EmailContent(subject="S", text="T"))
        where = {"all": [{"predicate": "has_photos"}, {"field": "email", "is_set": True}]}
        flora.add_recipients(campaign.id, [contact(number) for number in (1, 2, 3)], where=where)

        assert [row.contact_id for row in flora.recipients(campaign.id)] == ["cust-2"]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"predicate": "has_photos"}, "no function is registered under 'has_photos'"),
        ({"all": [{"field": "city", "equls": "x"}]}, r"where\.all\[0\]\.equls: unknown key; did you mean equals"),
    ],
)
def test_a_filter_that_cannot_be_asked_is_a_bad_call_and_adds_nobody(shop: Shop, where: object, message: str) -> None:
    campaign = draft(shop)

    with pytest.raises(ValueError, match=message):
        shop.flora.add_recipients(campaign.id, contact(1), where=where)  # type: ignore[arg-type]
    assert shop.flora.counts(campaign.id).rows == 0


def test_days_are_counted_in_the_merchants_zone(shop: Shop) -> None:
    shop.clock.sleep_until(FRIDAY + timedelta(hours=12))  # Saturday in UTC, still Friday in New York
    campaign = draft(shop)
    people = [contact(number, ordered=day) for number, day in enumerate(("2026-03-05", "2026-03-06", "2026-03-07"))]
    shop.flora.add_recipients(campaign.id, people, where=ck.WithinDays("ordered", 1))

    assert let_in(shop, campaign) == ["cust-0", "cust-1"]


def test_history_is_by_contact_and_by_address_and_in_doubt_is_neither(shop: Shop) -> None:
    shop.mail.script("p2@example.com", "lost")
    shop.mail.script("p3@example.com", "refused")
    first = shop.finished()
    people = [
        contact(1, email="moved@example.com"),  # got it at another address
        contact(2),  # in doubt
        contact(3),  # refused
        contact(4),  # not on it
        contact(5, email="P1@example.com"),  # another contact at an address that got it
    ]
    got, missed = draft(shop, name="Thanks"), draft(shop, name="Reminder")
    shop.flora.add_recipients(got.id, people, where=ck.Got(first.id))
    shop.flora.add_recipients(missed.id, people, where=ck.Not(ck.Got(first.id)))

    assert let_in(shop, got) == ["cust-1", "cust-5"]
    assert let_in(shop, missed) == ["cust-3", "cust-4"]


def test_whoever_still_waits_has_not_got_it_and_the_audience_is_a_snapshot(shop: Shop) -> None:
    first, second = shop.draft(), draft(shop, name="Reminder")
    shop.flora.add_recipients(second.id, [contact(1)], where=ck.Not(ck.Got(first.id)))
    shop.flora.schedule(first.id)
    shop.kit.run()

    assert let_in(shop, second) == ["cust-1"]


def test_a_step_of_a_journey_has_a_history_of_its_own() -> None:
    store = ck.MemoryStore()
    clock = ck.FrozenClock(FRIDAY)
    with ck.CampaignKit(store=store, transports={"main": FakeEmail()}, clock=clock) as kit:
        flora = kit.merchant("flora", zone="America/New_York", region="US")
        flora.add_sender("main", address="hello@flora.example")
        content = ck.EmailContent(subject="S", text="T")
        journey, other = (flora.create_campaign(name=name, sender="main", content=content) for name in ("J", "O"))
        flora.add_recipients(journey.id, [contact(1), contact(2)])
        rows = flora.recipients(journey.id)
        third = attrs.evolve(rows[0], recipient_id="r3", contact_key="k3", occasion="fact-7/day-3")
        store.add_recipients("flora", journey.id, [third])
        flora.schedule(journey.id)
        kit.run()

        flora.add_recipients(other.id, [contact(1), contact(2)], where=ck.Got(journey.id, "day-3"))
        assert [row.contact_id for row in flora.recipients(other.id)] == ["cust-1"]


@pytest.mark.parametrize("campaign_id", ["nowhere", "../", "' OR 1=1"])
def test_82_the_history_of_no_campaign_is_not_found(shop: Shop, campaign_id: str) -> None:
    campaign = draft(shop)

    with pytest.raises(ck.CampaignNotFound):
        shop.flora.add_recipients(campaign.id, contact(1), where=ck.Got(campaign_id))
    assert shop.flora.counts(campaign.id).rows == 0


def test_83_another_merchants_campaign_has_no_history_here(shop: Shop) -> None:
    theirs = shop.finished()
    other = shop.kit.merchant("bakery", zone="America/New_York", region="US")
    other.add_sender("main", address="hello@bakery.example")
    campaign = other.create_campaign(name="Rolls", sender="main", content=ck.EmailContent(subject="S", text="T"))

    with pytest.raises(ck.CampaignNotFound):
        other.add_recipients(campaign.id, contact(1), where=ck.Got(theirs.id))


def test_a_filter_that_leaves_nobody_is_named_with_other_choices(shop: Shop) -> None:
    campaign = draft(shop)
    people = [contact(number, album="spring" if number else "autumn") for number in range(4)]
    shop.flora.add_recipients(campaign.id, people, where=ck.Equals("album", "winter"))
    finding = warnings(shop, campaign)["filter_excludes_everybody"]

    assert (finding.count, finding.message) == (4, "The filter leaves out 4 contacts, and nobody is left.")
    assert finding.samples == (
        "not (album is winter): 4",
        "without album is winter: 4",
        "album is spring: 3",
        "album is autumn: 1",
    )
    assert "album is spring: 3." in finding.remedy


def test_a_part_of_a_filter_that_is_true_of_nobody_is_named(shop: Shop) -> None:
    campaign = draft(shop)
    where = ck.AnyOf([ck.IsSet("email"), ck.Before("joined", date(2026, 1, 1))])
    shop.flora.add_recipients(campaign.id, [contact(1, joined="1.3.2025"), contact(2)], where=where)
    finding = warnings(shop, campaign)["filter_matches_nobody"]

    assert finding.samples == ("where.any[1]",)
    assert "joined is before 2026-01-01; 1 have no such fact, of 1 it cannot be compared." in finding.message


def test_preflight_says_nothing_of_a_filter_that_did_its_work(shop: Shop) -> None:
    campaign = draft(shop)
    shop.flora.add_recipients(campaign.id, [contact(1), contact(2)], where=ck.Equals("contact_id", "cust-1"))

    assert warnings(shop, campaign) == {}


def test_a_deleted_draft_takes_its_report_with_it(shop: Shop) -> None:
    campaign = draft(shop)
    shop.flora.add_recipients(campaign.id, [contact(1)], where=ck.IsSet("email"))
    assert shop.flora.targeting_report(campaign.id) is not None
    shop.flora.delete_campaign(campaign.id)

    with pytest.raises(ck.CampaignNotFound):
        shop.flora.targeting_report(campaign.id)


def test_a_report_is_kept_once_and_forgotten_once() -> None:
    store = ck.MemoryStore()
    first, second = (ck.TargetingReport(label=label, seen_count=1, passed_count=1, filters=()) for label in "ab")
    keep_report(store, "flora", "c", first)
    keep_report(store, "flora", "c", second)

    assert find_report(store, "flora", "c") == second
    assert find_report(store, "other", "c") is None
    forget_report(store, "flora", "c")
    forget_report(store, "flora", "c")
    assert find_report(store, "flora", "c") is None


# consent


def test_what_silence_means_is_stored_with_the_merchant(shop: Shop) -> None:
    policy = ck.ConsentPolicy(unknown_allows_email=False)
    shop.kit.merchant("flora", consent_policy=policy)
    again = shop.kit.merchant("flora")

    assert (again.settings.consent_policy, again.settings.zone) == (policy, "America/New_York")
    campaign = draft(shop)
    again.add_recipients(campaign.id, [contact(1), contact(2, consent="")])
    assert let_in(shop, campaign) == ["cust-1"]


def test_a_merchant_stored_before_there_were_policies_has_the_usual_one(shop: Shop) -> None:
    store = ck.MemoryStore()
    body = {"merchant_id": "old", "zone": "Europe/Warsaw", "region": "PL"}
    store.save(Document(merchant_id="old", kind="merchant", document_id="old", body=body), expected_revision=0)
    settings = ck.CampaignKit(store=store).merchant("old").settings

    assert (settings.consent_policy, settings.allowed_regions) == (ck.ConsentPolicy(), frozenset({"PL"}))


def test_preflight_counts_those_whom_nobody_asked(shop: Shop) -> None:
    campaign = draft(shop)
    shop.flora.add_recipients(campaign.id, [contact(1), contact(2, consent=""), contact(3, consent="")])
    finding = warnings(shop, campaign)["consent_unknown"]

    assert finding.count == 2
    assert finding.message == (
        "Nobody asked 2 recipients whether emails are welcome; by this shop's consent policy that is enough."
    )


def test_texts_want_a_yes_unless_the_shop_says_otherwise(shop: Shop) -> None:
    people = [contact(number, phone=f"(212) 555-01{number:02}", consent="") for number in range(3)]
    strict = texts(shop)
    shop.flora.add_recipients(strict.id, people)
    assert let_in(shop, strict) == []
    assert warnings(shop, strict)["consent_unknown_left_out"].count == 3

    bold = shop.kit.merchant("flora", consent_policy=ck.ConsentPolicy(unknown_allows_sms=True))
    loose = texts(shop, name="Loose")
    bold.add_recipients(loose.id, people)
    assert len(let_in(shop, loose)) == 3
    assert warnings(shop, loose)["consent_unknown"].count == 3


def test_what_is_no_marketing_asks_for_no_consent_but_heeds_suppression(shop: Shop) -> None:
    shop.flora.suppress("p3@example.com", reason="asked at the counter")
    campaign = draft(shop, kind="transactional")
    shop.flora.add_recipients(campaign.id, [contact(1, consent="no"), contact(2, consent=""), contact(3)])

    assert let_in(shop, campaign) == ["cust-1", "cust-2"]
    assert shop.flora.counts(campaign.id).exclusions == {"suppressed": 1}
    assert "consent_unknown" not in warnings(shop, campaign)


def test_whoever_was_let_in_without_consent_gets_no_marketing_by_an_edit(shop: Shop) -> None:
    campaign = draft(shop, kind="transactional")
    shop.flora.update_campaign(campaign.id, kind="marketing")
    shop.flora.update_campaign(campaign.id, kind="transactional")
    shop.flora.add_recipients(campaign.id, contact(1, consent="no"))

    with pytest.raises(ck.NotEditable, match="kind"):
        shop.flora.update_campaign(campaign.id, kind="marketing")
    assert shop.flora.update_campaign(campaign.id, kind="transactional", name="Receipt").name == "Receipt"


def test_consent_to_one_topic_is_none_to_another(shop: Shop) -> None:
    policy = ck.ConsentPolicy(unknown_allows_email=False)
    flora = shop.kit.merchant("flora", consent_policy=policy)
    offers = draft(shop, topic="Offers")
    events = flora.create_campaign(
        name="E", sender="main", content=ck.EmailContent(subject="S", text="T"), topic="events"
    )
    said = ck.ConsentEntry(channel=Channel.EMAIL, state="granted", topic="offers", source="form", at=date(2026, 1, 2))
    person = attrs.evolve(contact(1, consent=""), consent=ck.Consent(entries=[said]))
    for campaign in (offers, events):
        flora.add_recipients(campaign.id, person)

    assert let_in(shop, offers) == ["cust-1"]
    assert flora.counts(events.id).exclusions == {"consent_unknown": 1}
    assert flora.copy(offers.id).topic == "Offers"


# countries


def test_45_texts_go_to_the_shops_own_country_unless_it_names_others(shop: Shop) -> None:
    people = [contact(1, phone="(212) 555-0143"), contact(2, phone="+48 601 234 567")]
    own = texts(shop)
    shop.flora.add_recipients(own.id, people)
    assert shop.flora.counts(own.id).exclusions == {"wrong_country": 1}

    wide = shop.kit.merchant("flora", text_regions=["pl", "US"])
    both = texts(shop, name="Both")
    wide.add_recipients(both.id, people)
    assert let_in(shop, both) == ["cust-1", "cust-2"]
    assert shop.kit.merchant("flora").settings.text_regions == ("PL", "US")
    assert shop.kit.merchant("flora", text_regions=()).settings.allowed_regions == {"US"}


def test_a_country_that_is_none_is_a_bad_call(shop: Shop) -> None:
    with pytest.raises(ValueError, match="'USA' is no region"):
        shop.kit.merchant("flora", text_regions=["USA"])
    with pytest.raises(TypeError, match="list of countries"):
        shop.kit.merchant("flora", text_regions="US")


def test_emails_go_to_every_country(shop: Shop) -> None:
    campaign = draft(shop)
    shop.flora.add_recipients(campaign.id, contact(1, phone="+48 601 234 567"))

    assert let_in(shop, campaign) == ["cust-1"]


# the other channel


def test_preflight_says_how_many_the_other_channel_would_reach(shop: Shop) -> None:
    campaign = draft(shop)
    roster = [contact(number, email="", phone=f"(212) 555-01{number:02}") for number in range(3)]
    shop.flora.add_recipients(
        campaign.id, [*roster, contact(8, email=""), contact(9, email="", phone="+44 20 7946 0958")]
    )
    finding = warnings(shop, campaign)["no_address"]

    assert finding.count == 5
    assert finding.message == "5 contacts have no address for email; 3 of them would be reached by text message."
    assert "left_out" not in warnings(shop, campaign)
