"""What one recipient would get, before anything is sent: the same bytes, and nothing is used up."""

import email
from collections.abc import Iterator
from email.policy import default
from pathlib import Path
from typing import Any

import attrs
import pytest

import campaignkit as ck
from campaignkit.testing import FakeEmail, FakeSms
from tests.kit.conftest import CONTENT, FOOT, FRIDAY, Shop, contact


@attrs.define
class Desk:
    """A merchant with mail and texts, and what its supplier was asked."""

    kit: ck.CampaignKit
    flora: ck.Merchant
    mail: FakeEmail
    texts: FakeSms
    store: Any
    asked: list[ck.SupplyRequest]

    def campaign(self, content: ck.EmailContent | ck.SmsContent, people: int = 2, **settings: Any) -> ck.Campaign:
        is_mail = isinstance(content, ck.EmailContent)
        given = {"channel": "email" if is_mail else "sms", "sender": "main" if is_mail else "texts", **settings}
        campaign = self.flora.create_campaign(name="Spring", content=content, **given)
        phones = [contact(number, phone=f"(212) 555-01{number:02}") for number in range(1, people + 1)]
        self.flora.add_recipients(campaign.id, phones)
        return campaign


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    store: ck.MemoryStore | ck.SqlStore = ck.MemoryStore()
    if request.param == "sqlite":
        store = ck.SqlStore(f"sqlite:///{tmp_path}/campaigns.db")
        store.upgrade()
    asked, mail, texts = list[ck.SupplyRequest](), FakeEmail(), FakeSms()

    def coupon(request: ck.SupplyRequest) -> ck.Supply:
        asked.append(request)
        receipt = ck.Attachment(filename="receipt.txt", content=b"paid", media_type="text/plain")
        return ck.Supply(values={"coupon": {"code": f"C{len(asked)}"}}, attachments=[receipt])

    with ck.CampaignKit(
        store=store,
        transports={"main": mail, "texts": texts},
        clock=ck.FrozenClock(FRIDAY),
        links=ck.LinkSettings(base_url="https://shop.example/m", keys={"k1": bytes(range(32))}),
        mail=ck.MailSettings(bounce_domain="bounces.shop.example", feedback_sender="shop-pos"),
        suppliers={"coupons": coupon, "broken": lambda _request: 1 / 0},  # type: ignore[dict-item,return-value]
    ) as kit:
        flora = kit.merchant("flora", zone="America/New_York", region="US", values={"postal_address": "1 Main Street"})
        flora.add_sender("main", address="Flora <hello@flora.example>", limits=[])
        flora.add_sender("texts", address="FLORA", channel="sms", limits=[])
        yield Desk(kit=kit, flora=flora, mail=mail, texts=texts, store=store, asked=asked)


def test_the_mail_is_byte_for_byte_what_is_sent_at_that_instant(desk: Desk) -> None:
    html = f'<p>Dear {{{{ customer.name }}}}, <a href="https://flora.example/tulips">see</a>. {FOOT}</p>'
    content = ck.EmailContent(
        subject="{{ event.name }} – Zoë",
        text=f"Dear {{{{ customer.name }}}}. {{{{ link.unsubscribe }}}} {FOOT}",
        html=html,
    )
    campaign = desk.campaign(
        content,
        people=3,
        values={"event": {"name": "Tulip day"}},
        attachments=[ck.Attachment(filename="map.pdf", content=b"%PDF-1.4 map", media_type="application/pdf")],
        headers={"X-Shop": "12"},
        track_clicks=True,
        track_opens=True,
    )
    shown = [desk.flora.preview(campaign.id, f"p{number}@example.com").message for number in (1, 2, 3)]
    desk.flora.schedule(campaign.id)
    desk.kit.run()

    assert shown == sorted(desk.mail.sent, key=lambda message: message.message_id)
    assert [type(message) for message in shown] == [ck.OutboundEmail] * 3


def test_the_text_is_what_is_sent_with_its_parts_and_what_makes_it_dearer(desk: Desk) -> None:
    text = "Dear {{ customer.name }}, tulips – all of them – are in. " + "Come and see them. " * 3
    campaign = desk.campaign(ck.SmsContent(text=text), people=1)
    preview = desk.flora.preview(campaign.id)
    desk.flora.schedule(campaign.id)
    desk.kit.run()
    sent, told = desk.texts.sent[0], preview.text

    assert preview.message == sent
    assert isinstance(sent, ck.OutboundText)
    assert told is not None
    assert (told.count.encoding, told.count.parts, told.count.costly_characters) == ("ucs2", 2, ("–",))
    assert "".join(part.text for part in told.parts) == sent.text
    assert [len(part.user_data) for part in told.parts] == [140, 2 * told.parts[1].units + 6]
    assert (told.cheaper.spellings, told.cheaper.parts_if_spelled_so) == ((("–", "-"),), 1)
    assert "costly_characters" in [finding.code for finding in preview.findings]


def test_nothing_is_sent_kept_or_counted(desk: Desk) -> None:
    campaign = desk.campaign(CONTENT)
    before = (
        desk.flora.counts(campaign.id),
        desk.flora.campaign(campaign.id),
        desk.flora.explain(campaign.id, "cust-1"),
    )
    desk.flora.preview(campaign.id)

    assert desk.mail.sent == []
    assert desk.flora.tests(campaign.id) == ()
    assert before == (
        desk.flora.counts(campaign.id),
        desk.flora.campaign(campaign.id),
        desk.flora.explain(campaign.id, "cust-1"),
    )


def test_no_coupon_is_used_up_and_one_that_was_given_is_shown(desk: Desk) -> None:
    content = ck.EmailContent(subject="Coupon", text=f"Yours: {{{{ coupon.code }}}}. {FOOT}")
    campaign = desk.campaign(content, people=1, supplier="coupons")
    first = desk.flora.preview(campaign.id)
    desk.flora.schedule(campaign.id)
    desk.mail.script("p1@example.com", "deferred")
    desk.kit.tick()
    again = desk.flora.preview(campaign.id)

    assert desk.asked[0].is_test
    assert sum(not request.is_test for request in desk.asked) == 1
    assert first.values == {"coupon.code": "C1"}
    assert again.values == {"coupon.code": f"C{len(desk.asked)}"}
    mail = email.message_from_bytes(again.message.content, policy=default)  # type: ignore[union-attr]
    assert [part.get_filename() for part in mail.iter_attachments()] == ["receipt.txt"]


@pytest.mark.parametrize("who", ["P2@Example.COM", "row 3", "cust-2"])
def test_a_recipient_is_named_in_any_way_and_is_the_first_by_default(desk: Desk, who: str) -> None:
    campaign = desk.campaign(CONTENT)

    assert desk.flora.preview(campaign.id, who).recipient.contact_id == "cust-2"
    assert desk.flora.preview(campaign.id).recipient.contact_id == "cust-1"


def test_values_are_those_that_the_message_names_and_empty_ones_are_told(desk: Desk) -> None:
    text = 'Dear {{ customer.title | default: "friend" }} {{ customer.name }}{{ event.name }}. ' + FOOT
    campaign = desk.campaign(ck.EmailContent(subject="s", text=text), values={"event": {"name": "", "day": "x"}})
    preview = desk.flora.preview(campaign.id)

    assert preview.values == {"customer.title": None, "customer.name": "Person 1", "event.name": ""}
    assert [slot.source for slot in preview.empty_placeholders] == [
        '{{ customer.title | default: "friend" }}',
        "{{ event.name }}",
    ]
    assert preview.text is None


def test_findings_are_those_of_the_message(desk: Desk) -> None:
    campaign = desk.campaign(ck.EmailContent(subject="TULIPS ARE IN TODAY", text="Come by."))

    assert [finding.code for finding in desk.flora.preview(campaign.id).findings] == [
        "no_unsubscribe_link",
        "no_postal_address",
        "capitals",
    ]


def test_whoever_gets_nothing_has_no_preview(desk: Desk) -> None:
    empty = desk.campaign(CONTENT, people=0)
    campaign = desk.campaign(CONTENT)
    desk.flora.add_recipients(campaign.id, contact(9, email=""))

    for campaign_id, who in ((empty.id, None), (campaign.id, "nobody@example.com"), (campaign.id, "cust-9")):
        with pytest.raises(ck.RecipientNotFound, match="no such recipient"):
            desk.flora.preview(campaign_id, who)


def test_what_cannot_be_built_says_why(desk: Desk) -> None:
    failing = desk.campaign(CONTENT, supplier="broken")
    long = desk.campaign(ck.SmsContent(text="tulips " * 400))
    other = desk.campaign(CONTENT)
    desk.flora.update_campaign(other.id, content=ck.SmsContent(text="Hi"))

    with pytest.raises(ck.SupplyFailed, match="ZeroDivisionError"):
        desk.flora.preview(failing.id)
    with pytest.raises(ck.InvalidContent, match="at most 10 are sent"):
        desk.flora.preview(long.id)
    with pytest.raises(ck.InvalidContent, match="one channel"):
        desk.flora.preview(other.id)


def test_h4_mail_whose_bounces_come_back_to_nobody_is_a_warning(shop: Shop) -> None:
    def codes(merchant_id: str, **settings: Any) -> list[str]:
        with ck.CampaignKit(store=ck.MemoryStore(), clock=ck.FrozenClock(FRIDAY), **settings) as kit:
            flora = kit.merchant(
                merchant_id, zone="America/New_York", region="US", values={"postal_address": "1 Main Street, New York"}
            )
            flora.add_sender("main", address="hello@flora.example", limits=[])
            campaign = flora.create_campaign(name="Spring", sender="main", content=CONTENT)
            flora.add_recipients(campaign.id, contact(1))
            return [finding.code for finding in flora.preflight(campaign.id).warnings]

    links = ck.LinkSettings(base_url="https://shop.example/m", keys={"k1": bytes(range(32))})
    mail = ck.MailSettings(bounce_domain="bounces.shop.example")
    assert codes("flora") == codes("flora", links=links) == codes("flora", mail=mail) == ["no_bounce_route"]
    assert codes("flora", links=links, mail=mail) == []
    assert codes("a-merchant-with-a-long-id", links=links, mail=mail) == ["no_bounce_route"]
    assert "no_bounce_route" not in [finding.code for finding in shop.flora.preflight(shop.draft().id).warnings]


@pytest.mark.parametrize("merchant_id", ["", "m" * 201, "ż" * 101])
def test_a_merchant_id_that_no_link_could_hold_is_refused_at_once(shop: Shop, merchant_id: str) -> None:
    with pytest.raises(ValueError, match="1 to 200 bytes"):
        shop.kit.merchant(merchant_id, zone="America/New_York", region="US")
    assert shop.kit.merchant("ż" * 100, zone="America/New_York", region="US").merchant_id == "ż" * 100
