"""A shop, a campaign and its provider, made in one line; what the engine's tests are played on."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.audience.contacts import Contact, parse_contact
from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.clocks import FrozenClock
from campaignkit.delivery.outcomes import Outcome
from campaignkit.kit import CampaignKit, Merchant
from campaignkit.message.content import EmailContent
from campaignkit.message.outbound import OutboundEmail, OutboundMessage
from campaignkit.ports import Clear, RecipientQuery, SenderCheck, Store, Transport

FRIDAY = datetime(2026, 3, 6, 9, tzinfo=UTC)  # 10:00 in Warsaw
CONTENT = EmailContent(subject="Spring", text="The tulips are here.")
ZONE = "Europe/Warsaw"


def address_of(number: int) -> str:
    return f"c{number:03}@example.com"


def addresses(count: int) -> list[str]:
    return [address_of(number) for number in range(1, count + 1)]


def contacts(count: int) -> Iterator[Contact]:
    return people(addresses(count))


def people(written_to: Iterable[str]) -> Iterator[Contact]:
    for number, address in enumerate(written_to, start=1):
        contact = parse_contact({"email": address}, row_number=number)
        assert isinstance(contact, Contact)
        yield contact


def address_in(message: OutboundMessage) -> str:
    return message.envelope_to if isinstance(message, OutboundEmail) else message.to


@attrs.define
class Scene:
    """One kit with one scheduled campaign."""

    store: Store
    clock: FrozenClock
    kit: CampaignKit
    shop: Merchant
    campaign_id: str

    @property
    def campaign(self) -> Campaign:
        return self.shop.campaign(self.campaign_id)

    @property
    def status(self) -> str:
        return self.campaign.status.value

    def statuses(self) -> dict[str, int]:
        return {status.value: count for status, count in self.shop.counts(self.campaign_id).by_status.items()}

    def of(self, address: str) -> CampaignRecipient:
        (row,) = self.store.list_recipients("flora", self.campaign_id, RecipientQuery(address_key=address))
        return row

    def of_campaign(self, campaign_id: str, address: str) -> CampaignRecipient:
        (row,) = self.store.list_recipients("flora", campaign_id, RecipientQuery(address_key=address))
        return row

    def another(self, name: str, people: Iterable[Contact], *, starts_at: datetime = FRIDAY, **settings: Any) -> str:
        """Schedule one more campaign of the same sender and return its id."""
        campaign = self.shop.create_campaign(name=name, sender="main", content=CONTENT, **settings)
        self.shop.add_recipients(campaign.id, people)
        self.shop.schedule(campaign.id, start_at=starts_at)
        return campaign.id

    def begins(self, campaign_id: str | None = None) -> dict[str, datetime]:
        """Return when each recipient's last attempt began, by address, in the order of these instants."""
        rows = self.store.list_recipients("flora", campaign_id or self.campaign_id, RecipientQuery(limit=10_000))
        found = {}
        for row in rows:
            trail = self.store.trail("flora", row.recipient_id)
            attempts = () if trail is None else trail.attempts
            if attempts and attempts[-1].began_at is not None:
                found[row.address] = attempts[-1].began_at
        return dict(sorted(found.items(), key=lambda item: item[1]))

    def timeline(self) -> list[str]:
        row = self.shop.recipients(self.campaign_id, limit=1)[0]
        trail = self.store.trail("flora", row.recipient_id)
        assert trail is not None
        return [entry.what for entry in trail.timeline]


def make_scene(
    store: Store,
    transport: Transport | Callable[[Any], Transport],
    *,
    recipients: int = 10,
    starts_at: datetime = FRIDAY,
    deadline: datetime | None = None,
    stopwatch: Callable[[], tuple[float, float]] | None = None,
    randomness: Callable[[], float] = lambda: 0.0,
    sender: Mapping[str, Any] | None = None,
    merchant: Mapping[str, Any] | None = None,
    clock: FrozenClock | None = None,
    **settings: Any,
) -> Scene:
    """Return a scene whose campaign is scheduled for *starts_at* and has not begun.

    Args:
        sender: More that ``add_sender`` is given.
        merchant: More that ``kit.merchant`` is given.
    """
    clock = clock or FrozenClock(FRIDAY)
    transports = transport if callable(transport) else {"main": transport}
    kit = CampaignKit(store=store, transports=transports, clock=clock, randomness=randomness, stopwatch=stopwatch)
    shop = kit.merchant("flora", zone=ZONE, region="PL", **(merchant or {}))
    shop.add_sender("main", address="Flora <hello@flora.example>", **(sender or {}))
    campaign = shop.create_campaign(name="Spring", sender="main", content=CONTENT, **settings)
    shop.add_recipients(campaign.id, contacts(recipients))
    shop.schedule(campaign.id, start_at=starts_at, deadline=deadline)
    return Scene(store, clock, kit, shop, campaign.id)


@attrs.define
class Notebook:
    """What a provider accepted, in order; for FunctionTransport."""

    on_accept: Callable[[str], object] = lambda address: None
    accepted: list[str] = attrs.field(factory=list)

    def __call__(self, message: OutboundMessage) -> str:
        self.accepted.append(address_in(message))
        self.on_accept(address_in(message))
        return f"id-{len(self.accepted)}"

    def counts(self) -> Counter[str]:
        return Counter(self.accepted)


Play = Callable[[Sequence[OutboundMessage], Clear], Iterator[Outcome]]


@attrs.define
class PlayedTransport:
    """A transport whose ``send`` is a test's own generator."""

    play: Play
    channel: Channel = Channel.EMAIL

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        return self.play(batch, clear)

    def verify(self) -> SenderCheck:
        return SenderCheck(is_ready=True)

    def close(self) -> None:
        pass
