"""kit.record: what became of texts, and what people answer, on each store."""

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import campaignkit as ck
from campaignkit.testing import FakeSms
from tests.kit.conftest import FRIDAY

ANN, BOB = "+12125550143", "+12125550199"
DELIVERED, UNDELIVERED = ck.ReceiptStatus.DELIVERED, ck.ReceiptStatus.UNDELIVERED


@attrs.define
class TextShop:
    """A florist who texts."""

    kit: ck.CampaignKit
    flora: ck.Merchant
    clock: ck.FrozenClock
    provider: FakeSms

    def campaign(self, *numbers: str) -> ck.Campaign:
        campaign = self.flora.create_campaign(
            name="Tulips",
            channel="sms",
            sender="texts",
            content=ck.SmsContent(text="Hi {{ customer.name }}"),
            kind="transactional",
        )
        people = [{"name": f"Guest {place}", "phone": number} for place, number in enumerate(numbers)]
        self.flora.add_recipients(campaign.id, [ck.parse_contact(one, region="US") for one in people])
        return campaign

    def sent(self, *numbers: str) -> ck.Campaign:
        campaign = self.campaign(*(numbers or (ANN,)))
        self.flora.schedule(campaign.id)
        self.kit.run()
        return campaign

    def record(self, event: ck.SmsReceipt | ck.InboundText, **said: str) -> ck.Recorded:
        recorded = self.kit.record(event, **said)
        assert isinstance(recorded, ck.Recorded)
        return recorded

    def writes(self, words: str, number: str = ANN, provider_id: str = "") -> ck.Recorded:
        text = ck.InboundText(sender=number, to="+12125550100", text=words, provider_id=provider_id)
        return self.record(text, merchant_id="flora")


def receipt(provider_id: str = "fake-1", status: ck.ReceiptStatus = DELIVERED, **said: object) -> ck.SmsReceipt:
    return ck.SmsReceipt(provider_id=provider_id, status=status, **said)  # type: ignore[arg-type]


@pytest.fixture(params=["memory", "sqlite"])
def texts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TextShop]:
    store: ck.MemoryStore | ck.SqlStore = ck.MemoryStore()
    if request.param == "sqlite":
        store = ck.SqlStore(f"sqlite:///{tmp_path}/campaigns.db")
        store.upgrade()
    clock, provider = ck.FrozenClock(FRIDAY), FakeSms()
    with ck.CampaignKit(store=store, transports={"smsc": provider}, clock=clock) as kit:
        # The numbers of these tests follow upon each other, which would hold their campaigns.
        flora = kit.merchant("flora", zone="America/New_York", region="US", pumping=False)
        kit.merchant("other", zone="America/New_York", region="US")
        flora.add_sender("texts", address="Flora", account="smsc", channel="sms")
        yield TextShop(kit, flora, clock, provider)


def test_a_receipt_says_that_a_text_arrived(texts: TextShop) -> None:
    campaign = texts.sent(ANN, BOB)

    recorded = texts.record(receipt(), account="smsc")

    assert (recorded.verdict, recorded.merchant_id, recorded.campaign_id) == ("new", "flora", campaign.id)
    assert (recorded.status, recorded.delivery) == (ck.RecipientStatus.SENT, ck.Delivery.DELIVERED)
    counts = texts.flora.counts(campaign.id)
    assert (counts.by_status, counts.by_delivery) == ({"sent": 2}, {"delivered": 1})
    assert {row.delivery.value for row in texts.flora.recipients(campaign.id)} == {"none", "delivered"}


def test_the_story_of_a_text_goes_on_until_it_arrived(texts: TextShop) -> None:
    campaign = texts.sent()
    told = [
        receipt(status=ck.ReceiptStatus.IN_TRANSIT),
        receipt(status=UNDELIVERED, code="unreachable", reply="30003 off", at=FRIDAY),
    ]
    texts.kit.record_all(told, account="smsc")

    explained = texts.flora.explain(campaign.id, ANN)

    assert (explained.code, explained.message) == ("undelivered", "The phone is switched off or out of reach.")
    assert [step.what for step in explained.trail][-3:] == ["accepted", "in_transit", "undelivered"]
    assert explained.trail[-1].why == (
        "The phone is switched off or out of reach. "
        "By the provider's clock: Friday 2026-03-06 10:00 (America/New_York). The provider said: 30003 off"
    )


def test_a_number_that_is_no_good_gets_nothing_more(texts: TextShop) -> None:
    texts.sent()
    waiting = texts.campaign(ANN)

    recorded = texts.record(receipt(status=UNDELIVERED, code="number_unknown", is_hard=True), account="smsc")

    assert recorded.is_suppressed
    assert texts.flora.explain(waiting.id, ANN).code == "suppressed"
    assert not texts.writes("START").is_lifted
    assert not texts.flora.unsuppress(ANN)


def test_a_thousand_receipts_before_their_settle_are_applied(texts: TextShop) -> None:
    early = [receipt(f"fake-{number}") for number in range(1, 1001)]
    first = texts.kit.record_all(early, account="smsc")
    assert {one.verdict for one in first if isinstance(one, ck.Recorded)} == {"unmatched"}
    campaign = texts.sent(*(f"+1212555{number:04}" for number in range(100, 140)))

    again = texts.kit.record_all(early, account="smsc")

    assert texts.flora.counts(campaign.id).by_delivery == {"delivered": 40}
    verdicts = [one.verdict.value for one in again if isinstance(one, ck.Recorded)]
    assert (verdicts.count("duplicate"), verdicts.count("unmatched")) == (40, 960)


def test_a_receipt_ends_a_doubt(texts: TextShop) -> None:
    texts.provider.script(ANN, "lost")
    campaign = texts.sent()
    (doubtful,) = texts.flora.recipients(campaign.id, status="in_doubt")

    texts.record(receipt("SM1", message_id=f"{doubtful.recipient_id}.1"))

    (row,) = texts.flora.recipients(campaign.id)
    assert (row.status, row.delivery) == (ck.RecipientStatus.SENT, ck.Delivery.DELIVERED)
    told = {step.what: step.why for step in texts.flora.explain(campaign.id, ANN).trail}
    assert told["accepted"] == "The text gateway reported on the text, so it had taken it."
    assert told["delivered"] == "The text arrived on the phone."


def test_what_another_merchant_reports_changes_nothing(texts: TextShop) -> None:
    campaign = texts.sent()

    forged = texts.record(receipt(status=UNDELIVERED, is_hard=True), account="smsc", merchant_id="other")

    assert forged == ck.Recorded(verdict=ck.RecordVerdict.UNMATCHED)
    assert texts.flora.counts(campaign.id).by_delivery == {}


def test_stop_is_heard_once_and_confirmed_once(texts: TextShop) -> None:
    campaign = texts.campaign(ANN)

    stopped, repeated = (texts.writes("Stop!", provider_id="SM1") for _ in range(2))
    said_again = texts.writes("STOP", provider_id="SM2")

    assert (stopped.keyword, stopped.is_suppressed) == (ck.Keyword(kind=ck.KeywordKind.STOP), True)
    assert [one.is_confirmation_due for one in (stopped, repeated, said_again)] == [True, False, False]
    assert repeated.verdict is ck.RecordVerdict.DUPLICATE
    assert texts.flora.explain(campaign.id, ANN).code == "suppressed"


def test_start_lifts_a_stop(texts: TextShop) -> None:
    texts.writes("stop")

    started = texts.writes("START")

    assert (started.is_lifted, started.is_confirmation_due) == (True, False)
    assert texts.writes("stop").is_suppressed


def test_a_phrase_stops_until_somebody_has_read_it(texts: TextShop) -> None:
    stopped = texts.writes("stop by tomorrow, the shop is lovely")
    assert stopped.keyword is not None
    assert (stopped.is_suppressed, stopped.keyword.is_certain) == (True, False)

    assert texts.flora.unsuppress(ANN)

    campaign = texts.sent()
    assert texts.flora.counts(campaign.id).by_status == {"sent": 1}


def test_help_and_small_talk_change_nothing(texts: TextShop) -> None:
    asked, repeated = (texts.writes("HELP", provider_id="SM7") for _ in range(2))
    said = texts.writes("see you at 5")

    assert asked.keyword == ck.Keyword(kind=ck.KeywordKind.HELP)
    assert [one.verdict.value for one in (asked, repeated, said)] == ["new", "duplicate", "new"]
    assert said.keyword is None
    assert not any(one.is_suppressed or one.is_confirmation_due for one in (asked, repeated, said))


def test_words_of_other_languages_may_be_given(texts: TextShop) -> None:
    def read(text: str) -> ck.Keyword | None:
        return ck.read_keyword(text, stop_words={"lopeta"})

    text = ck.InboundText(sender=ANN, to="100", text="Lopeta")
    (stopped,) = texts.kit.record_all([text], merchant_id="flora", read_text=read)

    assert isinstance(stopped, ck.Recorded)
    assert stopped.is_suppressed


def test_a_stop_for_one_shop_is_none_for_another(texts: TextShop) -> None:
    text = ck.InboundText(sender=ANN, to="100", text="stop")
    texts.record(text, merchant_id="other")

    assert texts.flora.counts(texts.sent().id).by_status == {"sent": 1}


def test_what_cannot_be_recorded_keeps_its_place_in_a_batch(texts: TextShop) -> None:
    texts.sent()
    answers = texts.kit.record_all([receipt("p" * 300), receipt(), receipt("")], account="smsc")

    assert [one.code if isinstance(one, ck.Rejection) else one.verdict for one in answers] == [
        "too_long",
        "new",
        "missing",
    ]


def test_bad_calls_are_refused(texts: TextShop) -> None:
    with pytest.raises(ValueError, match="recorded with account"):
        texts.kit.record(receipt())
    with pytest.raises(ValueError, match="recorded with merchant_id"):
        texts.kit.record(ck.InboundText(sender=ANN, to="100", text="stop"))
    with pytest.raises(ck.MerchantNotFound):
        texts.kit.record(receipt(), account="smsc", merchant_id="nobody")
    with pytest.raises(TypeError, match="str is neither"):
        texts.kit.record("delivered", account="smsc")  # type: ignore[arg-type]
