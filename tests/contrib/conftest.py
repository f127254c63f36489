"""A florist's links: a kit with one campaign, and what happened with its links."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol

import attrs
import pytest

import campaignkit as ck
from campaignkit.contrib.exchange import Doors, WebRequest, WebResponse
from campaignkit.contrib.web import LinkDoors, LinkEvent, link_doors
from campaignkit.message.links import LinkSettings, TokenClaims, click_url, open_url, unsubscribe_url
from campaignkit.testing import FakeEmail

SETTINGS = LinkSettings(base_url="https://shop.example/m", keys={"k1": bytes(range(32))})
NOW = datetime(2026, 3, 6, 15, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"
ONE_CLICK = b"List-Unsubscribe=One-Click"
TARGETS = ("https://shop.example/sale?a=1&b=2", "javascript:alert(1)", "//evil.example", "https://good@evil.example")


class HasDoors(Protocol):
    """Whoever an application may be made for."""

    @property
    def doors(self) -> Doors: ...


@attrs.define
class Florist:
    """A shop with one campaign of three recipients, and its doors."""

    kit: ck.CampaignKit
    flora: ck.Merchant
    campaign_id: str
    events: list[LinkEvent]
    doors: LinkDoors

    def claims(self, purpose: str, number: int = 0, **changes: object) -> TokenClaims:
        said: dict[str, object] = {
            "purpose": purpose,
            "merchant_id": "flora",
            "campaign_id": self.campaign_id,
            "recipient_id": self.recipient_ids[number],
            "target": 1 if purpose == "click" else None,
        }
        return TokenClaims(**{**said, **changes})  # type: ignore[arg-type]

    def path(self, purpose: str, number: int = 0, **changes: object) -> str:
        """Return the path of a link as it stands in a mail, below ``base_url``."""
        make = {"unsubscribe": unsubscribe_url, "click": click_url, "open": open_url}[purpose]
        return make(SETTINGS, self.claims(purpose, number, **changes)).removeprefix("https://shop.example/m")

    def ask(self, method: str, path: str, body: bytes = b"", content_type: str = FORM) -> WebResponse:
        request = WebRequest(method=method, path=path, body=body, content_type=content_type, user_agent="Test/1.0")
        return self.doors.answer(request)

    @property
    def recipient_ids(self) -> list[str]:
        return [row.recipient_id for row in self.flora.recipients(self.campaign_id)]

    @property
    def statuses(self) -> list[str]:
        return [row.status.value for row in self.flora.recipients(self.campaign_id)]


def contact(number: int) -> ck.Contact:
    row = {"id": f"c{number}", "name": f"Person {number}", "email": f"p{number}@example.com", "consent": "yes"}
    parsed = ck.parse_contact(row, region="US", row_number=number)
    assert isinstance(parsed, ck.Contact)
    return parsed


@pytest.fixture
def florist() -> Iterator[Florist]:
    clock, events = ck.FrozenClock(NOW), list[LinkEvent]()
    transports = {"main": FakeEmail()}
    with ck.CampaignKit(store=ck.MemoryStore(), transports=transports, clock=clock, links=SETTINGS) as kit:
        flora = kit.merchant("flora", zone="America/New_York", region="US")
        flora.add_sender("main", address="Flora <hello@flora.example>")
        content = ck.EmailContent(subject="Tulips", text="They are in.")
        campaign = flora.create_campaign(name="Spring", sender="main", content=content)
        flora.add_recipients(campaign.id, [contact(number) for number in range(3)])

        def target_of(merchant_id: str, campaign_id: str, number: int) -> str | None:
            is_known = (merchant_id, campaign_id) == ("flora", campaign.id) and number <= len(TARGETS)
            return TARGETS[number - 1] if is_known else None

        doors = link_doors(kit, target_of=target_of, on_event=events.append, now=lambda: NOW + timedelta(minutes=1))
        yield Florist(kit=kit, flora=flora, campaign_id=campaign.id, events=events, doors=doors)
