"""Texts in doubt that are sent anew: what each costs, and what receipts and late answers do to both."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

import campaignkit as ck
from campaignkit.testing import FakeSms
from tests.kit.conftest import FRIDAY

ANN = "+12125550143"
QUARANTINE, HORIZON = timedelta(minutes=15), timedelta(hours=96)
TABLE = ck.PriceTable.of({"1": 2}, version="march", effective_from=FRIDAY - timedelta(days=1))


@attrs.define
class Doubtful:
    """A text to Ann whose answer was lost, 15 minutes ago."""

    kit: ck.CampaignKit
    flora: ck.Merchant
    clock: ck.FrozenClock
    provider: FakeSms
    campaign_id: str

    @property
    def credit(self) -> tuple[int, int, int]:
        """What is available, held and spent."""
        balance = self.flora.credits.balance()
        assert balance.granted == balance.available + balance.held + balance.spent + balance.expired
        return (balance.available, balance.held, balance.spent)

    @property
    def status(self) -> str:
        return self.flora.recipients(self.campaign_id)[0].status.value

    def hear(self, generation: int) -> None:
        recipient_id = self.flora.recipients(self.campaign_id)[0].recipient_id
        message_id = f"{recipient_id}.{generation}"
        self.kit.record(ck.SmsReceipt(provider_id="", message_id=message_id, status=ck.ReceiptStatus.DELIVERED))


@pytest.fixture(params=["memory", "sqlite"])
def doubtful(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Doubtful]:
    store: ck.MemoryStore | ck.SqlStore = ck.MemoryStore()
    if request.param == "sqlite":
        store = ck.SqlStore(f"sqlite:///{tmp_path}/campaigns.db")
        store.upgrade()
    clock, provider = ck.FrozenClock(FRIDAY), FakeSms()
    with ck.CampaignKit(store=store, transports={"texts": provider}, clock=clock, prices=ck.PriceBook((TABLE,))) as kit:
        flora = kit.merchant("flora", zone="America/New_York", region="US")
        flora.add_sender("texts", address="Flora", channel="sms", limits=[])
        flora.credits.grant(10, key="invoice-1")
        content = ck.SmsContent(text="They are in.")
        campaign = flora.create_campaign(
            name="Tulips", channel="sms", sender="texts", content=content, kind="transactional"
        )
        flora.add_recipients(campaign.id, ck.parse_contact({"phone": ANN}, region="US"))
        provider.script(ANN, "lost")
        flora.schedule(campaign.id)
        kit.run()
        clock.advance(QUARANTINE)
        yield Doubtful(kit, flora, clock, provider, campaign.id)


def test_both_texts_are_paid_for_once(doubtful: Doubtful) -> None:
    assert (doubtful.status, doubtful.credit) == ("in_doubt", (8, 2, 0))
    doubtful.flora.resend_in_doubt(doubtful.campaign_id)
    assert doubtful.credit == (8, 2, 0)
    doubtful.kit.run()
    assert (doubtful.status, doubtful.credit) == ("sent", (6, 2, 2))

    doubtful.clock.advance(HORIZON)
    doubtful.kit.tick()

    assert (doubtful.status, doubtful.credit, len(doubtful.provider.sent)) == ("sent", (6, 0, 4), 2)


def test_a_receipt_before_the_second_text_begins_calls_it_off(doubtful: Doubtful) -> None:
    doubtful.flora.resend_in_doubt(doubtful.campaign_id)
    doubtful.hear(generation=1)
    report = doubtful.kit.run()

    assert (report.sent, doubtful.status, doubtful.credit) == (0, "sent", (8, 0, 2))
    assert len(doubtful.provider.sent) == 1
    assert doubtful.flora.campaign(doubtful.campaign_id).status is ck.CampaignStatus.FINISHED


def test_a_receipt_for_the_first_is_told_though_the_second_failed(doubtful: Doubtful) -> None:
    doubtful.provider.script(ANN, "refused")
    doubtful.flora.resend_in_doubt(doubtful.campaign_id)
    doubtful.kit.run()
    assert (doubtful.status, doubtful.credit) == ("failed", (8, 2, 0))

    doubtful.hear(generation=1)

    explained = doubtful.flora.explain(doubtful.campaign_id, ANN)
    assert (doubtful.status, doubtful.credit, explained.code) == ("failed", (8, 0, 2), "delivered")
    assert [step.what for step in explained.trail].count("handed_over") == 2


def test_a_doubt_after_a_doubt_is_proven_by_its_own_receipt(doubtful: Doubtful) -> None:
    doubtful.provider.script(ANN, "lost")
    doubtful.flora.resend_in_doubt(doubtful.campaign_id)
    doubtful.kit.run()
    doubtful.hear(generation=1)
    assert (doubtful.status, doubtful.credit) == ("in_doubt", (6, 2, 2))
    explained = doubtful.flora.in_doubt(doubtful.campaign_id)[0]
    assert explained.remedy.startswith("An earlier message to this recipient was accepted")
    doubtful.clock.advance(QUARANTINE)
    assert doubtful.flora.resend_in_doubt(doubtful.campaign_id) == ck.ResentDoubts(accepted_before=1)

    doubtful.hear(generation=2)

    assert (doubtful.status, doubtful.credit) == ("sent", (6, 0, 4))


def test_without_credit_the_second_text_waits(doubtful: Doubtful) -> None:
    doubtful.flora.credits.adjust(-8, key="gone", note="spent elsewhere")
    doubtful.flora.resend_in_doubt(doubtful.campaign_id)
    report = doubtful.kit.run()
    assert (report.sent, report.waiting[0].waiting_for) == (0, ck.WaitingFor.CREDIT)

    doubtful.flora.credits.grant(2, key="invoice-2")

    assert (doubtful.kit.run().sent, doubtful.status, doubtful.credit) == (1, "sent", (0, 2, 2))
