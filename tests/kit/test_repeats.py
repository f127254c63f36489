"""Messages in doubt at a provider that takes idempotency keys: the very same is sent again, taken and paid once."""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

import campaignkit as ck
from campaignkit.message.outbound import OutboundMessage
from campaignkit.ports import Clear
from campaignkit.testing import FakeEmail, FakeSms
from campaignkit.transports.http import GatewayTransport
from tests.kit.conftest import FRIDAY
from tests.transports.gateways import CLOSE, Call, Script, TinyGateway, json_answer

ANN, BOB = "+12125550143", "+12125550144"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TABLE = ck.PriceTable.of({"1": 2}, version="march", effective_from=FRIDAY - timedelta(days=1))
CONTENT = ck.SmsContent(text="They are in.")


@attrs.define
class Florist:
    """A shop with 10 credits, and a provider that takes each message once."""

    kit: ck.CampaignKit
    flora: ck.Merchant
    clock: ck.FrozenClock
    provider: FakeSms
    others: FakeSms  # another provider of that kind, who knows nothing of the first one's keys
    campaign_id: str = ""

    def send(self, *lost: str, numbers: tuple[str, ...] = (ANN,), **settings: object) -> ck.Campaign:
        """Schedule a campaign of texts; *lost* is how the tries at Ann go."""
        self.provider.script(ANN, *lost)
        chosen = {"kind": "transactional", "on_doubt": "resend_if_idempotent", **settings}
        campaign = self.flora.create_campaign(
            name="Tulips",
            channel="sms",
            sender="texts",
            content=CONTENT,
            **chosen,  # type: ignore[arg-type]
        )
        contacts = [ck.parse_contact({"phone": number}, region="US") for number in numbers]
        self.flora.add_recipients(campaign.id, contacts)
        self.flora.schedule(campaign.id)
        self.campaign_id = campaign.id
        return campaign

    @property
    def credit(self) -> tuple[int, int, int]:
        """What is available, held and spent."""
        balance = self.flora.credits.balance()
        assert balance.granted == balance.available + balance.held + balance.spent + balance.expired
        return (balance.available, balance.held, balance.spent)

    @property
    def status(self) -> str:
        return self.flora.recipients(self.campaign_id)[0].status.value

    @property
    def words(self) -> str:
        return self.flora.explain(self.campaign_id, ANN).message


@pytest.fixture(params=["memory", "sqlite"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Florist]:
    store: ck.MemoryStore | ck.SqlStore = ck.MemoryStore()
    if request.param == "sqlite":
        store = ck.SqlStore(f"sqlite:///{tmp_path}/campaigns.db")
        store.upgrade()
    clock, provider, others = ck.FrozenClock(FRIDAY), FakeSms(is_idempotent=True), FakeSms(is_idempotent=True)
    transports = {"texts": provider, "others": others}
    with ck.CampaignKit(store=store, transports=transports, clock=clock, prices=ck.PriceBook((TABLE,))) as kit:
        flora = kit.merchant("flora", zone="America/New_York", region="US")
        flora.add_sender("texts", address="Flora", channel="sms", limits=[])
        flora.credits.grant(10, key="invoice-1")
        yield Florist(kit, flora, clock, provider, others)


def test_a_lost_reply_is_asked_for_again_by_the_same_message_which_costs_once(shop: Florist) -> None:
    shop.send("lost", numbers=(ANN, BOB))
    began = shop.clock.now()

    report = shop.kit.run()

    assert (report.sent, shop.clock.now()) == (2, began + MINUTE)
    assert (shop.status, shop.credit, len(shop.provider.sent)) == ("sent", (6, 0, 4), 2)
    assert shop.flora.campaign(shop.campaign_id).status is ck.CampaignStatus.FINISHED
    again = [step.what for step in shop.flora.explain(shop.campaign_id, ANN).trail if step.at == began + MINUTE]
    assert sorted(again) == ["accepted", "accepted", "campaign_repeated", "handed_over"]


def test_while_it_waits_it_says_what_will_happen(shop: Florist) -> None:
    shop.send("lost")
    shop.kit.tick()
    shop.kit.tick()

    waiting = shop.flora.campaign(shop.campaign_id)
    (doubt,) = shop.flora.in_doubt(shop.campaign_id)
    assert (waiting.waiting_for, waiting.next_at) == (ck.WaitingFor.DOUBT, shop.clock.now() + MINUTE)
    assert doubt.remedy.startswith("The very same message is sent again by itself from Friday 2026-03-06 10:01 (")
    assert (doubt.repeat_count, doubt.resent_count) == (0, 0)
    assert "The very same message is sent again by itself, and the provider takes it once." in shop.words


def test_each_pause_is_longer_and_after_the_last_it_is_held(shop: Florist) -> None:
    shop.send("lost", "lost", "lost", "lost")
    began = shop.clock.now()

    shop.kit.run()

    assert shop.clock.now() == began + 36 * MINUTE  # 1, 5 and 30
    (doubt,) = shop.flora.in_doubt(shop.campaign_id)
    assert (doubt.repeat_count, doubt.since) == (3, began + 36 * MINUTE)
    assert "resend_in_doubt sends it anew" in doubt.remedy
    assert (shop.credit, len(shop.provider.sent)) == ((8, 2, 0), 1)
    assert shop.flora.campaign(shop.campaign_id).status is ck.CampaignStatus.FINISHED
    shop.clock.advance(97 * HOUR)
    shop.kit.tick()
    assert (shop.status, shop.credit) == ("unknown", (8, 0, 2))


def test_what_broke_amid_the_hand_over_is_sent_again(shop: Florist) -> None:
    shop.send()
    shop.provider.script(ANN, "raise")
    shop.kit.tick()
    assert shop.status == "in_doubt"

    shop.kit.run()

    assert (shop.status, shop.credit, len(shop.provider.sent)) == ("sent", (8, 0, 2), 1)


def test_a_refusal_of_the_repetition_is_one_of_the_message_and_costs_nothing(shop: Florist) -> None:
    shop.send("lost", "refused")

    shop.kit.run()

    assert (shop.status, shop.credit) == ("failed", (10, 0, 0))


def test_a_receipt_that_comes_first_calls_the_repetition_off(shop: Florist) -> None:
    shop.send("lost")
    shop.kit.tick()
    (recipient,) = shop.flora.recipients(shop.campaign_id)
    shop.kit.record(ck.SmsReceipt(provider_id="", message_id=recipient.message_id, status=ck.ReceiptStatus.DELIVERED))

    report = shop.kit.run()

    assert (report.sent, shop.status, shop.credit) == (0, "sent", (8, 0, 2))


def test_a_gateway_that_takes_no_keys_is_given_nothing_twice(shop: Florist) -> None:
    shop.provider.is_idempotent = False
    campaign = shop.send("lost")
    began = shop.clock.now()

    shop.kit.run()

    assert (shop.clock.now(), shop.status, len(shop.provider.sent)) == (began, "in_doubt", 1)
    assert "It is not sent again by itself" in shop.words
    draft = shop.flora.copy(campaign.id)
    assert "not_idempotent" in {one.code for one in shop.flora.preflight(draft.id).warnings}
    shop.provider.is_idempotent = True
    assert "not_idempotent" not in {one.code for one in shop.flora.preflight(draft.id).warnings}


def waiting_for_its_repetition(shop: Florist) -> None:
    """Leave a text in doubt as a worker does that dies once it moved it back."""
    campaign = shop.send("lost")
    shop.kit.tick()
    shop.clock.advance(MINUTE)
    trail = shop.kit._store.trail("flora", shop.flora.recipients(campaign.id)[0].recipient_id)
    assert trail is not None
    said = trail.attempts[0].content_digest
    assert shop.kit._store.resend("flora", campaign.id, quarantine=MINUTE, repeated_content=said) == 1
    assert shop.status == "pending"
    assert shop.words == "Nobody knows whether its message was taken, so the same is sent again; it is taken once."


def test_who_waits_to_be_repeated_is_not_moved_to_another_address(shop: Florist) -> None:
    waiting_for_its_repetition(shop)

    with pytest.raises(ck.RecipientBusy):
        shop.flora.readdress(shop.campaign_id, ANN, BOB)


def test_who_is_cancelled_before_the_repetition_is_told_that_the_first_may_have_arrived(shop: Florist) -> None:
    waiting_for_its_repetition(shop)

    shop.flora.cancel(shop.campaign_id)

    assert (shop.status, shop.credit) == ("cancelled", (8, 2, 0))
    assert shop.words == "The campaign was cancelled. Nobody knows whether an earlier message was taken."
    (recipient,) = shop.flora.recipients(shop.campaign_id)
    shop.kit.record(ck.SmsReceipt(provider_id="", message_id=recipient.message_id, status=ck.ReceiptStatus.DELIVERED))
    assert (shop.flora.explain(shop.campaign_id, ANN).code, shop.credit) == ("delivered", (8, 0, 2))


def test_what_waits_to_be_repeated_is_not_given_to_a_provider_that_would_take_it_twice(shop: Florist) -> None:
    waiting_for_its_repetition(shop)
    shop.provider.is_idempotent = False

    shop.kit.run()

    assert (shop.status, len(shop.provider.sent), shop.credit) == ("failed", 1, (8, 2, 0))
    assert "this provider might take it twice" in shop.words


def test_nothing_is_repeated_that_was_edited_since(shop: Florist) -> None:
    campaign = shop.send("lost")
    shop.kit.tick()
    shop.flora.pause(campaign.id)
    shop.flora.update_campaign(campaign.id, content=ck.SmsContent(text="They are gone."))
    shop.flora.resume(campaign.id)

    shop.kit.run()

    assert (shop.status, len(shop.provider.sent)) == ("in_doubt", 1)


def test_nothing_is_repeated_to_another_provider(shop: Florist) -> None:
    campaign = shop.send("lost")
    shop.kit.tick()
    shop.flora.add_sender("texts", address="Flora", channel="sms", limits=[], account="others")

    shop.kit.run()

    assert (shop.status, len(shop.provider.sent), shop.others.sent) == ("in_doubt", 1, [])
    assert shop.flora.campaign(campaign.id).status is ck.CampaignStatus.FINISHED


def test_what_waits_to_be_repeated_is_not_given_to_another_provider(shop: Florist) -> None:
    waiting_for_its_repetition(shop)
    shop.flora.add_sender("texts", address="Flora", channel="sms", limits=[], account="others")

    shop.kit.run()

    assert (shop.status, len(shop.provider.sent), shop.others.sent) == ("failed", 1, [])
    assert "its sender was changed since" in shop.words


def test_nothing_is_repeated_once_the_provider_need_not_know_it_any_more(shop: Florist) -> None:
    campaign = shop.send("lost")
    shop.kit.tick()
    shop.flora.pause(campaign.id)
    shop.clock.advance(20 * HOUR)
    shop.flora.resume(campaign.id)

    shop.kit.run()

    assert (shop.status, len(shop.provider.sent)) == ("in_doubt", 1)


def test_who_waited_too_long_to_be_repeated_has_failed_and_says_why(shop: Florist) -> None:
    waiting_for_its_repetition(shop)
    shop.clock.advance(20 * HOUR)

    shop.kit.run()

    assert (shop.status, len(shop.provider.sent), shop.credit) == ("failed", 1, (8, 2, 0))
    assert "too long ago for the provider to know it again" in shop.words


def test_outside_its_hours_nothing_is_repeated(shop: Florist) -> None:
    window = ck.SendWindow(hours={"mon-sun": "9-10:01, 14-18"}, zone="America/New_York")
    shop.send("lost", window=window)

    shop.kit.run()

    assert shop.clock.now() == FRIDAY + 4 * HOUR
    assert (shop.status, len(shop.provider.sent), shop.credit) == ("sent", 1, (8, 0, 2))


def test_where_the_next_opening_is_too_late_it_is_held(shop: Florist) -> None:
    shop.send("lost", window=ck.SendWindow(hours={"mon-sun": "9-10:01"}, zone="America/New_York"))

    shop.kit.run()

    assert (shop.clock.now(), shop.status) == (FRIDAY + MINUTE, "in_doubt")
    assert shop.flora.campaign(shop.campaign_id).status is ck.CampaignStatus.FINISHED


def test_a_mail_is_repeated_byte_for_byte() -> None:
    clock, provider = ck.FrozenClock(FRIDAY), FakeEmail(is_idempotent=True)
    kit = ck.CampaignKit(store=ck.MemoryStore(), transports={"main": provider}, clock=clock)
    flora = kit.merchant("flora", zone="America/New_York", region="US")
    flora.add_sender("main", address="hello@flora.example", limits=[])
    content = ck.EmailContent(subject="Spring", text="The tulips are here.", html="<p>The tulips are here.</p>")
    campaign = flora.create_campaign(name="Spring", sender="main", content=content, on_doubt="resend_if_idempotent")
    flora.add_recipients(campaign.id, [ck.parse_contact({"email": "ann@example.com"})])
    provider.script("ann@example.com", "lost")
    flora.schedule(campaign.id)
    given: list[object] = []
    send = provider.send

    def note_and_send(batch: Sequence[OutboundMessage], clear: Clear) -> Iterator[ck.Outcome]:
        given.extend(batch)
        return send(batch, clear)

    provider.send = note_and_send  # type: ignore[method-assign]

    kit.run()

    assert len(given) == 2
    assert given[0] == given[1]
    assert (len(provider.sent), flora.counts(campaign.id).by_status[ck.RecipientStatus.SENT]) == (1, 1)


def test_a_real_gateway_is_asked_again_under_the_same_key() -> None:
    taken: dict[str, bytes] = {}
    description = """
        url = "{url}/messages"
        idempotency_header = "Idempotency-Key"
        id.path = "id"
        [fields]
        to = "{to}"
        text = "{text}"
    """

    def once(call: Call) -> bytes:
        """Take a message once; the first reply is lost."""
        key = call.headers["idempotency-key"]
        is_new = key not in taken
        taken.setdefault(key, call.body)
        assert taken[key] == call.body
        return CLOSE if is_new else json_answer(200, {"id": f"id-{len(taken)}"})

    script: Script = once
    with TinyGateway(script) as server:
        gateway = GatewayTransport(tomllib.loads(description.replace("{url}", server.url)), insecure_plaintext=True)
        clock = ck.FrozenClock(FRIDAY)
        with ck.CampaignKit(store=ck.MemoryStore(), transports={"texts": gateway}, clock=clock) as kit:
            flora = kit.merchant("flora", zone="America/New_York", region="US")
            flora.add_sender("texts", address="Flora", channel="sms", limits=[])
            campaign = flora.create_campaign(
                name="Tulips",
                channel="sms",
                sender="texts",
                content=CONTENT,
                kind="transactional",
                on_doubt="resend_if_idempotent",
            )
            flora.add_recipients(campaign.id, [ck.parse_contact({"phone": ANN}, region="US")])
            flora.schedule(campaign.id)
            report = kit.run()
            counts = flora.counts(campaign.id).by_status

    assert (report.sent, counts[ck.RecipientStatus.SENT]) == (1, 1)
    assert (len(server.calls), len(taken)) == (2, 1)
