"""Numbers that somebody made up hold a campaign of texts for a person, before it starts and while it sends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

import campaignkit as ck
from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.dispatch.records import Records
from campaignkit.errors import RevisionConflict
from campaignkit.insight.preflight import Finding
from campaignkit.kit.door import Permission
from campaignkit.kit.numbers import LOOKED
from campaignkit.testing import FakeSms
from tests.credits.lists import firm, shop
from tests.kit.conftest import FRIDAY

ROW = firm(Random(1), 40, 601_234_500)
OTHER_ROW = firm(Random(1), 40, 731_777_100)


@attrs.define
class Texts:
    """A shop that sends texts, with a kit on some store."""

    kit: ck.CampaignKit
    flora: ck.Merchant
    store: ck.MemoryStore | ck.SqlStore
    provider: FakeSms

    def campaign(self, *numbers: str, **settings: Any) -> str:
        settings = {"name": "Spring", "channel": "sms", "content": ck.SmsContent(text="Tulips"), **settings}
        campaign_id = self.flora.create_campaign(sender="texts", **settings).id
        self.add(campaign_id, *numbers)
        return campaign_id

    def add(self, campaign_id: str, *numbers: str) -> None:
        self.flora.add_recipients(campaign_id, contacts(numbers))

    def scheduled(self, *numbers: str, **settings: Any) -> str:
        campaign_id = self.campaign(*numbers, **settings)
        self.flora.schedule(campaign_id)
        return campaign_id

    def suspected(self, campaign_id: str) -> list[Finding]:
        return [one for one in self.flora.preflight(campaign_id).blockers if one.code == "pumping_suspected"]

    def what_happened(self, campaign_id: str) -> list[TimelineEntry]:
        recipient = self.flora.recipients(campaign_id, limit=1)[0]
        trail = self.store.trail("flora", recipient.recipient_id)
        assert trail is not None
        return list(trail.timeline)


def contacts(numbers: tuple[str, ...]) -> Iterator[ck.Contact]:
    for row, number in enumerate(numbers, start=2):
        contact = ck.parse_contact({"phone": number}, row_number=row, region="PL")
        assert isinstance(contact, ck.Contact)
        yield contact


@pytest.fixture
def texts() -> Iterator[Texts]:
    with opened(ck.MemoryStore()) as opened_texts:
        yield opened_texts


@pytest.fixture(params=["memory", "sqlite"])
def stored_texts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Texts]:
    store: ck.MemoryStore | ck.SqlStore = ck.MemoryStore()
    if request.param == "sqlite":
        store = ck.SqlStore(f"sqlite:///{tmp_path}/campaigns.db")
        store.upgrade()
    with opened(store) as opened_texts:
        yield opened_texts


@contextmanager
def opened(store: ck.MemoryStore | ck.SqlStore) -> Iterator[Texts]:
    provider = FakeSms()
    with ck.CampaignKit(store=store, transports={"texts": provider}, clock=ck.FrozenClock(FRIDAY)) as kit:
        flora = kit.merchant(
            "flora",
            zone="Europe/Warsaw",
            region="PL",
            consent_policy=ck.ConsentPolicy(unknown_allows_sms=True),
            text_regions=["PL", "US", "GB", "SO"],
            actor=ck.Actor("ann"),
        )
        flora.add_sender("texts", address="FLORA", channel="sms", limits=[])
        yield Texts(kit=kit, flora=flora, store=store, provider=provider)


def test_a_list_of_customers_is_scheduled_without_a_question(texts):
    campaign_id = texts.scheduled(*shop(Random(1), PL=60))
    texts.kit.run()

    assert texts.flora.campaign(campaign_id).status == "finished"


def test_a_row_of_numbers_blocks_until_a_person_has_looked(stored_texts):
    campaign_id = stored_texts.campaign(*shop(Random(1), PL=60), *ROW)

    (found,) = stored_texts.suspected(campaign_id)
    assert (found.sign, found.count, found.samples) == ("numbers_in_a_row", 40, ("+4860123… (40)",))
    assert found.remedy.endswith("To go on, confirm_numbers.")
    with pytest.raises(ck.NotReady) as refused:
        stored_texts.flora.schedule(campaign_id)
    assert refused.value.blockers == ("pumping_suspected",)

    stored_texts.flora.confirm_numbers(campaign_id)
    assert stored_texts.suspected(campaign_id) == []
    stored_texts.flora.schedule(campaign_id)
    stored_texts.kit.run()
    assert len(stored_texts.provider.sent) == 100


def test_each_sign_is_a_finding_of_its_own(texts):
    somali = [f"+2526155{number:05}" for number in range(300, 9_300, 90)]
    campaign_id = texts.campaign(*shop(Random(1), PL=60), *ROW, *somali)

    assert [one.sign for one in texts.suspected(campaign_id)] == ["numbers_in_a_row", "prefix_out_of_proportion"]
    with pytest.raises(ck.NotReady) as refused:
        texts.flora.schedule(campaign_id)
    assert refused.value.blockers == ("pumping_suspected",)


def test_the_timeline_keeps_who_looked_and_at_what(texts):
    campaign_id = texts.campaign(*ROW)
    texts.flora.confirm_numbers(campaign_id)

    (entry,) = [one for one in texts.what_happened(campaign_id) if one.what == "numbers_confirmed"]
    assert (entry.actor, dict(entry.facts)) == ("ann", {"numbers_in_a_row": "40"})


def test_looking_where_nothing_is_suspicious_changes_nothing(texts):
    campaign_id = texts.campaign(*shop(Random(1), PL=30))
    before = texts.flora.campaign(campaign_id)

    assert texts.flora.confirm_numbers(campaign_id) == before


def test_to_confirm_one_must_be_allowed_to_send(texts):
    assert texts.flora.confirm_numbers.permission is Permission.SEND_CAMPAIGN


def test_more_made_up_numbers_are_asked_about_again(texts):
    campaign_id = texts.campaign(*shop(Random(1), PL=60), *ROW)
    texts.flora.confirm_numbers(campaign_id)
    texts.add(campaign_id, *OTHER_ROW)

    (found,) = texts.suspected(campaign_id)
    assert found.samples == ("+4873177… (40)",)


def test_a_row_that_grows_by_another_row_is_asked_about_again(texts):
    campaign_id = texts.campaign(*shop(Random(1), PL=60), *ROW)
    texts.flora.confirm_numbers(campaign_id)

    texts.add(campaign_id, *firm(Random(1), 19, 601_234_540))
    assert texts.suspected(campaign_id) == []
    texts.add(campaign_id, "+48601234559")
    assert [one.count for one in texts.suspected(campaign_id)] == [60]


def test_who_was_taken_out_is_no_sign(texts):
    campaign_id = texts.campaign(*shop(Random(1), PL=60), *ROW)
    for number in ROW[:25]:
        texts.flora.remove_recipient(campaign_id, number)

    assert texts.suspected(campaign_id) == []


@pytest.mark.parametrize("kind", ["marketing", "transactional"])
def test_a_row_that_comes_into_a_scheduled_campaign_holds_it_with_nobody_sent_to(texts, kind):
    campaign_id = texts.scheduled(*shop(Random(1), PL=60), kind=kind)
    texts.add(campaign_id, *ROW)
    texts.kit.run()

    held = texts.flora.campaign(campaign_id)
    assert (held.status, held.waiting_for) == ("paused", "confirmation")
    assert texts.provider.sent == []
    assert texts.flora.counts(campaign_id).by_status == {"pending": 100}
    (entry,) = [one for one in texts.what_happened(campaign_id) if one.what == "numbers_suspected"]
    assert entry.facts["numbers_in_a_row"] == "40"


def test_what_was_held_goes_on_once_a_person_has_looked(stored_texts):
    campaign_id = stored_texts.scheduled(*shop(Random(1), PL=60))
    stored_texts.kit.tick(max_messages=20)
    stored_texts.add(campaign_id, *ROW)
    with pytest.raises(ck.NotReady):
        stored_texts.flora.resume(campaign_id)
    stored_texts.flora.confirm_numbers(campaign_id)
    stored_texts.flora.resume(campaign_id)
    stored_texts.kit.run()

    assert stored_texts.flora.counts(campaign_id).by_status == {"sent": 100}


def test_numbers_that_come_one_by_one_hold_it_as_soon_as_they_are_a_row(stored_texts):
    campaign_id = stored_texts.scheduled(*shop(Random(1), PL=60))
    for number in ROW:
        stored_texts.add(campaign_id, number)

    assert stored_texts.flora.campaign(campaign_id).waiting_for == "confirmation"


def test_customers_that_come_one_by_one_hold_nothing(texts):
    campaign_id = texts.scheduled(*shop(Random(1), PL=100))
    for number in shop(Random(2), PL=60):
        texts.add(campaign_id, number)
    texts.kit.run()

    assert len(texts.provider.sent) == 160


def test_a_list_that_is_scheduled_amid_its_import_is_held_all_the_same(texts):
    campaign_id = texts.campaign(*shop(Random(1), PL=50))

    def streamed() -> Iterator[ck.Contact]:
        yield from contacts(tuple(shop(Random(2), PL=100)))
        texts.flora.schedule(campaign_id)
        yield from contacts(tuple(ROW))

    texts.flora.add_recipients(campaign_id, streamed())

    assert texts.flora.campaign(campaign_id).waiting_for == "confirmation"


def test_mail_is_not_looked_at(texts):
    texts.flora.add_sender("main", address="hello@flora.example", limits=[])
    campaign = texts.flora.create_campaign(
        name="Mail", sender="main", content=ck.EmailContent(subject="Tulips", text="Tulips")
    )
    texts.flora.add_recipients(campaign.id, [ck.parse_contact({"email": f"c{n}@example.com"}) for n in range(40)])

    assert texts.suspected(campaign.id) == []


def test_a_shop_may_set_its_own_thresholds_or_none(texts):
    campaign_id = texts.campaign(*shop(Random(1), PL=60), *ROW)

    assert len(texts.suspected(campaign_id)) == 1
    strange = texts.kit.merchant("flora", pumping=ck.PumpingSettings(row_min=50))
    assert strange.preflight(campaign_id).is_ready
    trusting = texts.kit.merchant("flora", pumping=False)
    assert trusting.preflight(campaign_id).is_ready
    assert texts.kit.merchant("flora").settings.pumping is None


def test_what_is_usual_is_learned_from_lists_that_were_scheduled(stored_texts):
    guests = [f"+2526155{number:05}" for number in range(300, 9_300, 90)]
    first = stored_texts.campaign(*shop(Random(1), PL=220), *guests)
    assert [one.sign for one in stored_texts.suspected(first)] == ["prefix_out_of_proportion"]
    stored_texts.flora.confirm_numbers(first)
    stored_texts.flora.schedule(first)

    second = stored_texts.campaign(*shop(Random(2), PL=220), *guests)
    assert stored_texts.suspected(second) == []


def test_what_is_usual_for_one_shop_is_not_for_another(texts):
    guests = [f"+2526155{number:05}" for number in range(300, 9_300, 90)]
    first = texts.campaign(*shop(Random(1), PL=220), *guests)
    texts.flora.confirm_numbers(first)
    texts.flora.schedule(first)
    other = texts.kit.merchant(
        "other",
        zone="Europe/Warsaw",
        region="PL",
        consent_policy=ck.ConsentPolicy(unknown_allows_sms=True),
        text_regions=["PL", "SO"],
    )
    other.add_sender("texts", address="OTHER", channel="sms", limits=[])
    campaign = other.create_campaign(name="A", channel="sms", sender="texts", content=ck.SmsContent(text="Tulips"))
    other.add_recipients(campaign.id, contacts((*shop(Random(2), PL=220), *guests)))

    assert not other.preflight(campaign.id).is_ready


def test_a_finished_campaign_has_no_numbers_to_confirm(texts):
    campaign_id = texts.scheduled(*shop(Random(1), PL=3))
    texts.kit.run()

    with pytest.raises(ck.NotEditable):
        texts.flora.confirm_numbers(campaign_id)


def test_one_look_at_a_campaign_asks_its_supplier_once(texts):
    asked = list[ck.SupplyRequest]()

    def supply(request: ck.SupplyRequest) -> ck.Supply:
        asked.append(request)
        return ck.Supply(values={"coupon": {"code": "C1"}})

    prices = ck.PriceBook((ck.PriceTable.of({"48": 1}, version="v1", effective_from=FRIDAY),))
    with ck.CampaignKit(
        store=texts.store, clock=ck.FrozenClock(FRIDAY), suppliers={"coupons": supply}, prices=prices
    ) as kit:
        flora = kit.merchant("flora")
        flora.credits.grant(1000, key="invoice")
        campaign = flora.create_campaign(
            name="Coupons",
            channel="sms",
            sender="texts",
            supplier="coupons",
            content=ck.SmsContent(text="Your code is {{ coupon.code }}"),
        )
        flora.add_recipients(campaign.id, contacts(tuple(shop(Random(1), PL=5))))

        flora.preflight(campaign.id)
        assert [request.is_test for request in asked] == [True]
        flora.schedule(campaign.id)
        assert [request.is_test for request in asked] == [True, True]


def test_how_large_files_are_is_known_without_reading_them(texts):
    texts.flora.add_sender("main", address="hello@flora.example", limits=[])
    file = ck.Attachment(filename="list.txt", content=b"tulips", media_type="text/plain")
    campaign = texts.flora.create_campaign(
        name="Mail", sender="main", content=ck.EmailContent(subject="Tulips", text="Tulips"), attachments=[file]
    )

    assert [one.byte_count for one in campaign.files] == [6]
    stored_before = [attrs.evolve(one, byte_count=None) for one in campaign.files]
    assert stored_before == list(campaign.files)
    records = Records(texts.store, ck.FrozenClock(FRIDAY))
    assert records.file_bytes(campaign) == 6
    assert records.file_bytes(attrs.evolve(campaign, files=tuple(stored_before))) == 6


def test_numbers_that_come_in_while_it_is_being_scheduled_hold_it(texts):
    def supply(request: ck.SupplyRequest) -> ck.Supply:  # asked after the numbers were looked at
        flora.add_recipients(request.campaign_id, contacts(tuple(ROW)))
        return ck.Supply(values={"coupon": {"code": "C1"}})

    with ck.CampaignKit(store=texts.store, clock=ck.FrozenClock(FRIDAY), suppliers={"coupons": supply}) as kit:
        flora = kit.merchant("flora")
        content = ck.SmsContent(text="Your code is {{ coupon.code }}")
        campaign = flora.create_campaign(
            name="Coupons", channel="sms", sender="texts", supplier="coupons", content=content
        )
        flora.add_recipients(campaign.id, contacts(tuple(shop(Random(1), PL=5))))
        scheduled = flora.schedule(campaign.id)

    assert (scheduled.status, scheduled.waiting_for) == ("paused", "confirmation")


class CountedByOthers(ck.MemoryStore):
    """A store in which somebody else is always faster to count who came in."""

    def save(self, document, /, **options):
        if document.kind == LOOKED:
            raise RevisionConflict(document.kind, document.document_id)
        return super().save(document, **options)


def test_who_cannot_be_counted_is_not_added():
    with opened(CountedByOthers()) as texts:
        campaign_id = texts.scheduled(*shop(Random(1), PL=100))
        with pytest.raises(RevisionConflict):
            texts.add(campaign_id, *shop(Random(2), PL=1))

        assert len(texts.flora.recipients(campaign_id, limit=1000)) == 100
