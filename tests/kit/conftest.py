"""A florist's kit on each store, with a fake mail provider and a clock that stands still."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path

import attrs
import pytest

import campaignkit as ck
from campaignkit.message.outbound import OutboundEmail
from campaignkit.testing import FakeEmail

FRIDAY = datetime(2026, 3, 6, 15, tzinfo=UTC)  # 10:00 in New York
FOOT = "Flora, 1 Main Street, New York. To unsubscribe, answer with the word."
CONTENT = ck.EmailContent(subject="Tulips", text=f"Dear {{{{ customer.name }}}}, they are in. {FOOT}")
HOURS = ck.SendWindow(days="mon-fri", opens=time(9), closes=time(21), zone="America/New_York")


@attrs.define
class Shop:
    """What a test of verbs needs at hand."""

    kit: ck.CampaignKit
    flora: ck.Merchant
    clock: ck.FrozenClock
    mail: FakeEmail
    store: ck.MemoryStore | ck.SqlStore

    def draft(self, people: int = 3, **changes: object) -> ck.Campaign:
        settings: dict[str, object] = {"name": "Spring", "sender": "main", "content": CONTENT, "window": HOURS}
        campaign = self.flora.create_campaign(**{**settings, **changes})  # type: ignore[arg-type]
        self.flora.add_recipients(campaign.id, [contact(number) for number in range(1, people + 1)])
        return campaign

    @property
    def mails(self) -> list[OutboundEmail]:
        return [message for message in self.mail.sent if isinstance(message, OutboundEmail)]

    def finished(self) -> ck.Campaign:
        campaign = self.draft()
        self.flora.schedule(campaign.id)
        self.kit.run()
        return self.flora.campaign(campaign.id)


def contact(number: int, **changes: object) -> ck.Contact:
    said: dict[str, object] = {"id": f"cust-{number}", "name": f"Person {number}", "consent": "yes"}
    row = said | {"email": f"p{number}@example.com"} | changes
    parsed = ck.parse_contact(row, region="US", row_number=number + 1)
    assert isinstance(parsed, ck.Contact)
    return parsed


@pytest.fixture(params=["memory", "sqlite"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    clock, mail = ck.FrozenClock(FRIDAY), FakeEmail()
    store: ck.MemoryStore | ck.SqlStore = ck.MemoryStore()
    if request.param == "sqlite":
        store = ck.SqlStore(f"sqlite:///{tmp_path}/campaigns.db")
        store.upgrade()
    links = ck.LinkSettings(base_url="https://shop.example/m", keys={"k1": bytes(range(32))})
    with ck.CampaignKit(
        store=store,
        transports={"main": mail},
        clock=clock,
        links=links,
        mail=ck.MailSettings(bounce_domain="bounces.shop.example"),
    ) as kit:
        ann = ck.Actor("ann", email="ann@flora.example")
        flora = kit.merchant(
            "flora",
            zone="America/New_York",
            region="US",
            values={"name": "Flora", "postal_address": "1 Main Street, New York"},
            actor=ann,
        )
        flora.add_sender("main", address="Flora <hello@flora.example>", limits=[])
        yield Shop(kit=kit, flora=flora, clock=clock, mail=mail, store=store)
