"""What a campaign's messages are made of, from the verbs to the bytes: values, supplies, files, links, templates."""

import email
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
import pytest

import campaignkit as ck
from campaignkit.contrib.web import link_doors
from campaignkit.contrib.wsgi import wsgi_app
from campaignkit.testing import FakeEmail, FakeSms
from tests.kit.conftest import FOOT, FRIDAY, contact

LINKS = ck.LinkSettings(base_url="https://shop.example/m", keys={"k1": bytes(range(32))})
HTML = '<p>Dear {{ customer.name }}, <a href="https://flora.example/tulips?a=1&amp;b=2">see them</a>.</p>'


@attrs.define
class World:
    kit: ck.CampaignKit
    flora: ck.Merchant
    clock: ck.FrozenClock
    mail: FakeEmail
    store: Any
    asked: list[ck.SupplyRequest]

    def send(self, content: ck.EmailContent, people: int = 2, **settings: Any) -> ck.Campaign:
        campaign = self.flora.create_campaign(name="Spring", sender="main", content=content, **settings)
        self.flora.add_recipients(campaign.id, [contact(number) for number in range(1, people + 1)])
        self.flora.schedule(campaign.id)
        self.kit.run()
        return self.flora.campaign(campaign.id)

    def part(self, number: int, subtype: str) -> str:
        body = self.mails()[number].get_body((subtype,))
        assert body is not None
        return str(body.get_content())

    def mails(self) -> list[EmailMessage]:
        contents = [message.content for message in self.mail.sent if isinstance(message, ck.OutboundEmail)]
        return [email.message_from_bytes(content, policy=default) for content in contents]


def coupon(asked: list[ck.SupplyRequest]):
    def supply(request: ck.SupplyRequest) -> ck.Supply:
        asked.append(request)
        receipt = ck.Attachment(filename="receipt.txt", content=f"no {len(asked)}".encode(), media_type="text/plain")
        return ck.Supply(values={"coupon": {"code": f"C{len(asked)}"}}, attachments=[receipt])

    return supply


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    store: ck.MemoryStore | ck.SqlStore = ck.MemoryStore()
    if request.param == "sqlite":
        store = ck.SqlStore(f"sqlite:///{tmp_path}/campaigns.db")
        store.upgrade()
    clock, mail, asked = ck.FrozenClock(FRIDAY), FakeEmail(), list[ck.SupplyRequest]()
    with ck.CampaignKit(
        store=store,
        transports={"main": mail},
        clock=clock,
        links=LINKS,
        mail=ck.MailSettings(bounce_domain="bounces.shop.example", feedback_sender="shop-pos"),
        suppliers={"coupons": coupon(asked), "broken": lambda _request: 1 / 0},  # type: ignore[dict-item,return-value]
    ) as kit:
        flora = kit.merchant(
            "flora",
            zone="America/New_York",
            region="US",
            values={"name": "Flora", "postal_address": "1 Main Street, New York"},
        )
        flora.add_sender("main", address="Flora <hello@flora.example>", reply_to="answers@flora.example", limits=[])
        yield World(kit=kit, flora=flora, clock=clock, mail=mail, store=store, asked=asked)


def test_b1_values_of_customer_merchant_campaign_and_links_meet_in_one_message(world: World) -> None:
    text = (
        "Dear {{ customer.name }}, {{ event.name }} is on {{ event.day | date: '%d.%m.%Y' }} "
        "and costs {{ event.price | money: 'EUR' }}. {{ merchant.name }}, {{ merchant.postal_address }}. "
        "{{ link.unsubscribe }}"
    )
    values = {"event": {"name": "Tulip day", "day": date(2026, 5, 4), "price": Decimal("12.50")}}
    world.send(ck.EmailContent(subject="{{ event.name }}", text=text), values=values)
    first, second = (message.get_content() for message in world.mails())

    assert first.startswith("Dear Person 1, Tulip day is on 04.05.2026 and costs €12.50. Flora, 1 Main Street")
    assert "https://shop.example/m/" in first
    assert first.split()[-1] != second.split()[-1]


def test_the_head_says_how_to_leave_whose_mail_it_is_and_where_bounces_go(world: World) -> None:
    campaign = world.send(ck.EmailContent(subject="Tulips", text=f"In. {FOOT}"), people=1, headers={"X-Shop": "12"})
    (mail,), (sent,) = world.mails(), world.mail.sent

    assert isinstance(sent, ck.OutboundEmail)
    assert sent.envelope_from.endswith("@bounces.shop.example")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].startswith("<https://shop.example/m/")
    assert "<mailto:answers@flora.example?subject=unsubscribe" in mail["List-Unsubscribe"]
    assert (mail["Reply-To"], mail["X-Shop"], mail["X-Campaign-ID"]) == ("answers@flora.example", "12", campaign.id)
    assert mail["List-Id"] == "<flora.flora.example>"
    assert mail["Feedback-ID"] == f"c-{campaign.id}:m-flora:t-marketing:shop-pos"


def test_a_receipt_can_be_left_by_nobody_and_says_that_a_program_wrote_it(world: World) -> None:
    world.send(ck.EmailContent(subject="Receipt", text="Thank you."), people=1, kind="transactional")
    (mail,) = world.mails()

    assert mail["List-Unsubscribe"] is None
    assert mail["Auto-Submitted"] == "auto-generated"


def test_b1_what_is_supplied_for_a_recipient_is_asked_for_once_whatever_is_tried_again(world: World) -> None:
    world.mail.script("p1@example.com", "deferred", "deferred")
    content = ck.EmailContent(subject="Coupon", text=f"Yours: {{{{ coupon.code }}}}. {FOOT}")
    world.send(content, people=2, supplier="coupons")
    texts = [world.part(number, "plain") for number in (0, 1)]

    assert len(world.asked) - sum(request.is_test for request in world.asked) == 2
    assert len({text[7:9] for text in texts}) == 2
    for mail, text in zip(world.mails(), texts, strict=True):
        (receipt,) = mail.iter_attachments()
        assert receipt.get_content().strip().removeprefix("no ") in text
    assert world.flora.counts(world.flora.campaigns()[0].id).by_status == {"sent": 2}


def test_a_supplier_that_fails_delays_its_recipient_with_a_reason(world: World) -> None:
    content = ck.EmailContent(subject="Coupon", text=f"Yours. {FOOT}")
    campaign = world.flora.create_campaign(name="Spring", sender="main", content=content, supplier="broken")
    world.flora.add_recipients(campaign.id, [contact(1)])
    world.flora.schedule(campaign.id)
    world.kit.run(until=FRIDAY + timedelta(minutes=12))
    explained = world.flora.explain(campaign.id, "p1@example.com")

    assert world.mail.sent == []
    assert explained.code == "waiting_for_supply"
    assert "(ZeroDivisionError)" in explained.message
    with pytest.raises(ck.SupplyFailed, match="ZeroDivisionError"):
        world.flora.send_test(campaign.id, to="me@example.com")


def test_a_worker_without_the_supplier_stops_the_campaign_and_loses_nobody(world: World) -> None:
    content = ck.EmailContent(subject="Coupon", text=f"Yours. {FOOT}")
    campaign = world.send(content, supplier="elsewhere")

    assert (campaign.status, campaign.failure_code) == ("failed", "supplier_missing")
    assert world.flora.counts(campaign.id).by_status == {"pending": 2}


def test_files_travel_with_every_mail(world: World) -> None:
    pixel = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
    world.send(
        ck.EmailContent(subject="Map", text=f"See. {FOOT}", html=f'<p>See <img src="cid:logo" alt="logo"> {FOOT}</p>'),
        attachments=[ck.Attachment(filename="map.pdf", content=b"%PDF-1.4 map", media_type="application/pdf")],
        inline_images=[ck.InlineImage(content_id="logo", content=pixel, media_type="image/png")],
    )
    for mail in world.mails():
        assert [part.get_filename() for part in mail.iter_attachments()] == ["map.pdf"]
        assert any(part["Content-ID"] == "<logo>" for part in mail.walk())


def test_clicks_lead_over_the_host_to_the_stored_link_only(world: World) -> None:
    content = ck.EmailContent(subject="Tulips", text=f"In. {FOOT}", html=HTML)
    campaign = world.send(content, people=1, track_clicks=True, track_opens=True)
    html = world.part(0, "html")
    url = html.partition('href="')[2].partition('"')[0]
    app = wsgi_app(link_doors(world.kit, target_of=world.kit.link_target))
    status, headers = visit(app, url)

    assert campaign.link_targets == ("https://flora.example/tulips?a=1&b=2",)
    assert url.startswith("https://shop.example/m/")
    assert (status[:3] in {"302", "303"}, headers["Location"]) == (True, "https://flora.example/tulips?a=1&b=2")
    assert 'width="1" height="1"' in html


def test_tracking_needs_links(tmp_path: Path) -> None:
    kit = ck.CampaignKit(store=ck.MemoryStore(), transports={"main": FakeEmail()}, clock=ck.FrozenClock(FRIDAY))
    flora = kit.merchant("flora", zone="America/New_York", region="US")
    flora.add_sender("main", address="hello@flora.example")
    with pytest.raises(ValueError, match=r"links=LinkSettings"):
        flora.create_campaign(
            name="x", sender="main", content=ck.EmailContent(subject="s", text="t"), track_clicks=True
        )


def test_h3_one_click_in_a_mail_suppresses_before_the_next_campaign_begins(world: World) -> None:
    world.send(ck.EmailContent(subject="Tulips", text=f"In. {FOOT}"), people=1)
    url = world.mails()[0]["List-Unsubscribe"].partition("<")[2].partition(">")[0]
    app = wsgi_app(link_doors(world.kit, target_of=world.kit.link_target))
    looked, _ = visit(app, url)
    scanned = world.store.suppressed("flora", ["p1@example.com"])
    clicked, _ = visit(app, url, body=b"List-Unsubscribe=One-Click")
    again = world.flora.create_campaign(name="Roses", sender="main", content=ck.EmailContent(subject="R", text=FOOT))
    added = world.flora.add_recipients(again.id, [contact(1)])

    assert (looked[:3], clicked[:3], scanned) == ("200", "200", frozenset())
    assert (added.added, added.excluded) == (0, 1)


def visit(app: Any, url: str, *, body: bytes | None = None) -> tuple[str, dict[str, str]]:
    answered: list[tuple[str, list[tuple[str, str]]]] = []
    environ = {
        "REQUEST_METHOD": "GET" if body is None else "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": url.removeprefix("https://shop.example"),
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body or b"")),
        "wsgi.input": BytesIO(body or b""),
    }
    b"".join(app(environ, lambda status, headers: answered.append((status, headers))))
    ((status, headers),) = answered
    return status, dict(headers)


def test_b6_a_job_may_demand_a_template_or_a_copy_derived_from_it(world: World) -> None:
    prepaid = ck.EmailContent(subject="Prepay", text=f"Order now. {FOOT}")
    world.flora.save_template("prepay-plus", prepaid)
    world.flora.save_template("prepay-plus-easter", attrs.evolve(prepaid, subject="Easter"), derived_from="prepay-plus")
    world.flora.save_template("shipped", prepaid)

    def codes(template: str) -> list[str]:
        campaign = world.flora.create_campaign(
            name="Job", sender="main", template=template, content=prepaid, required_template="prepay-plus"
        )
        return [finding.code for finding in world.flora.preflight(campaign.id).blockers]

    assert codes("prepay-plus") == codes("prepay-plus-easter") == ["no_recipients"]
    assert codes("shipped") == codes("") == ["no_recipients", "wrong_template"]


def test_a_template_gives_its_content_and_is_never_derived_from_itself(world: World) -> None:
    world.flora.save_template("a", ck.EmailContent(subject="A", text="a"))
    world.flora.save_template("b", ck.EmailContent(subject="B", text="b"), derived_from="a")
    campaign = world.flora.create_campaign(name="x", sender="main", template="b")

    assert (campaign.template, world.flora.template("b").derived_from) == ("b", "a")
    assert world.flora.template("b").content == ck.EmailContent(subject="B", text="b")
    with pytest.raises(ValueError, match="derived from itself"):
        world.flora.save_template("a", ck.EmailContent(subject="A", text="a"), derived_from="b")
    with pytest.raises(ck.TemplateNotFound, match="save_template"):
        world.flora.create_campaign(name="x", sender="main", template="nowhere")
    with pytest.raises(TypeError, match="needs content"):
        world.flora.create_campaign(name="x", sender="main")


def test_an_edit_keeps_the_numbers_of_links_that_are_on_their_way(world: World) -> None:
    content = ck.EmailContent(subject="Tulips", text=f"In. {FOOT}", html=HTML)
    campaign = world.flora.create_campaign(name="x", sender="main", content=content, track_clicks=True)
    other = HTML.replace("tulips?a=1&amp;b=2", "roses")
    world.flora.update_campaign(campaign.id, content=attrs.evolve(content, html=other))

    assert world.flora.campaign(campaign.id).link_targets == (
        "https://flora.example/tulips?a=1&b=2",
        "https://flora.example/roses",
    )
    assert world.kit.link_target("flora", campaign.id, 2) == "https://flora.example/roses"
    assert world.kit.link_target("flora", campaign.id, 3) is None
    assert world.kit.link_target("other", campaign.id, 1) is None


def test_marketing_texts_say_how_to_stop_them_where_the_merchant_wants_it() -> None:
    texts = FakeSms()
    kit = ck.CampaignKit(store=ck.MemoryStore(), transports={"texts": texts}, clock=ck.FrozenClock(FRIDAY))
    flora = kit.merchant("flora", zone="America/New_York", region="US", text_opt_out="STOP to end")
    flora.add_sender("texts", address="FLORA", channel="sms", limits=[])
    for kind in ("marketing", "transactional"):
        campaign = flora.create_campaign(
            name=kind, channel="sms", sender="texts", kind=kind, content=ck.SmsContent(text="Tulips are in")
        )
        row = {"phone": "(212) 555-0143", "consent": "yes"}
        flora.add_recipients(campaign.id, [ck.parse_contact(row, region="US", row_number=1)])
        flora.schedule(campaign.id)
        kit.run()

    assert [message.text for message in texts.sent if isinstance(message, ck.OutboundText)] == [
        "Tulips are in STOP to end",
        "Tulips are in",
    ]


def test_preflight_counts_the_parts_of_texts_and_names_dear_characters() -> None:
    kit = ck.CampaignKit(store=ck.MemoryStore(), transports={"texts": FakeSms()}, clock=ck.FrozenClock(FRIDAY))
    flora = kit.merchant("flora", zone="America/New_York", region="US")
    flora.add_sender("texts", address="FLORA", channel="sms", limits=[])
    content = ck.SmsContent(text="Dear {{ customer.name }}, the tulips – all of them – are in. " + "x" * 60)
    campaign = flora.create_campaign(name="Texts", channel="sms", sender="texts", content=content)
    people = [
        ck.parse_contact({"phone": f"(212) 555-01{number:02}", "name": "A" * number, "consent": "yes"}, region="US")
        for number in (1, 40)
    ]
    flora.add_recipients(campaign.id, people)
    found = {finding.code: finding for finding in flora.preflight(campaign.id).warnings}

    assert found["several_parts"].samples == ("2 parts: 1", "3 parts: 1")
    assert "all together 5 parts" in found["several_parts"].message
    assert found["costly_characters"].samples[0].startswith("–: parts 2, spelt otherwise 1")


def test_a_cap_that_is_reached_is_a_warning_before_sending(world: World) -> None:
    world.kit.merchant("flora", frequency_cap=ck.FrequencyCap(messages=1, days=7))
    flora = world.kit.merchant("flora")
    world.send(ck.EmailContent(subject="Tulips", text=f"In. {FOOT}"))
    again = flora.create_campaign(name="Again", sender="main", content=ck.EmailContent(subject="R", text=FOOT))
    flora.add_recipients(again.id, [contact(number) for number in (1, 2, 3)])
    found = {finding.code: finding.count for finding in flora.preflight(again.id).warnings}

    assert found["frequency_cap"] == 2


@pytest.mark.parametrize("name", ["Bcc", "DKIM-Signature", "X-A\r\nBcc"])
def test_31_a_header_that_nobody_may_add_is_refused(world: World, name: str) -> None:
    with pytest.raises(ck.InvalidContent):
        world.flora.create_campaign(
            name="x", sender="main", content=ck.EmailContent(subject="s", text="t"), headers={name: "x"}
        )


def test_content_that_was_frozen_at_schedule_is_what_is_sent(world: World) -> None:
    content = ck.EmailContent(subject="Tulips", text=f"{{{{ event.name }}}} {FOOT}")
    campaign = world.flora.create_campaign(
        name="x", sender="main", content=content, values={"event": {"name": "Tulip day"}}
    )
    world.flora.add_recipients(campaign.id, [contact(1)])
    world.flora.schedule(campaign.id, start_at=FRIDAY + timedelta(hours=1))
    changes: tuple[dict[str, object], ...] = (
        {"values": {}},
        {"headers": {}},
        {"supplier": ""},
        {"attachments": []},
        {"template": ""},
    )
    for change in changes:
        with pytest.raises(ck.NotEditable):
            world.flora.update_campaign(campaign.id, **change)
    world.kit.run()

    assert world.mails()[0].get_content().startswith("Tulip day")
    assert isinstance(world.mails()[0]["Date"].datetime, datetime)


def test_b2_an_unknown_field_is_named_with_the_one_that_is_meant(world: World) -> None:
    content = ck.EmailContent(subject="Hi", text=f"Dear {{{{ customer.nmae }}}}, {FOOT}")
    campaign = world.flora.create_campaign(name="x", sender="main", content=content)
    world.flora.add_recipients(campaign.id, [contact(1)])
    (finding,) = world.flora.preflight(campaign.id).blockers

    assert (finding.code, finding.remedy) == (
        "unknown_placeholder",
        "Perhaps customer.name is meant; or give it a default.",
    )


def test_full_liquid_that_fails_for_somebody_is_found_before_sending(world: World) -> None:
    pytest.importorskip("liquid")
    text = "{% for one in (1..customer.count) %}{% for two in (1..1000) %}x{% endfor %}{% endfor %} " + FOOT
    content = ck.EmailContent(subject="Hi", text=text, syntax="liquid")
    campaign = world.flora.create_campaign(name="x", sender="main", content=content)
    world.flora.add_recipients(campaign.id, [contact(1, count="1"), contact(2, count="100000")])
    found = {finding.code: finding.count for finding in world.flora.preflight(campaign.id).warnings}
    world.flora.schedule(campaign.id)
    world.kit.run()

    assert found["cannot_be_filled"] == 1
    assert world.flora.counts(campaign.id).by_status == {"sent": 1, "failed": 1}


def test_b2_all_for_whom_a_field_would_be_empty_can_be_listed(world: World) -> None:
    content = ck.EmailContent(subject="Hi", text=f"{{{{ customer.flower }}}} {FOOT}")
    campaign = world.flora.create_campaign(name="x", sender="main", content=content)
    rows = [contact(1, flower="rose"), contact(2), contact(3, flower=" ")]
    world.flora.add_recipients(campaign.id, rows)

    assert [row.row_number for row in world.flora.recipients_lacking(campaign.id, "customer.flower")] == [3, 4]
    with pytest.raises(ValueError, match="no placeholder"):
        world.flora.recipients_lacking(campaign.id, "customer.name")
