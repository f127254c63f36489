"""The shops of a simulation: merchants, senders and campaigns drawn from the seed, and what people do to them.

People act through the kit, as hosts do, and what they are told is written into the trace.
"""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.audience.consent import ConsentPolicy
from campaignkit.audience.contacts import Contact, parse_contact
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.status import CampaignStatus
from campaignkit.credits.prices import PriceBook, PriceTable
from campaignkit.errors import CampaignKitError, RecipientNotFound
from campaignkit.kit import CampaignKit, Merchant
from campaignkit.message.content import EmailContent, SmsContent
from campaignkit.testing.simulation.court import Court, Place
from campaignkit.testing.simulation.stage import Actor, Stage
from campaignkit.testing.simulation.weather import StoreUnreachable
from campaignkit.timing.limits import FrequencyCap, Interval, Limit
from campaignkit.timing.windows import SendWindow

__all__ = ["FRIDAY", "Person", "Shop", "open_shops", "price_book"]

FRIDAY = datetime(2026, 3, 6, 8, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MAIL = EmailContent(subject="Spring", text="The tulips are here.")
TEXT = SmsContent(text="The tulips are here. Reply STOP to end.")
LONG_TEXT = SmsContent(text="The tulips are here. " * 10)
DOMAINS = ("example.com", "gmail.com", "outlook.com", "shop.example")
ZONES = ("", "", "America/New_York", "Asia/Tokyo")
# Open for three minutes an hour, so that many batches meet a closing.
OFTEN = ", ".join(f"{hour}:30-{hour}:33" for hour in range(8, 24))
WINDOWS = (
    None,
    None,
    SendWindow(hours={"daily": OFTEN}, zone="Europe/Warsaw"),
    SendWindow(hours={"daily": OFTEN}),
    SendWindow(days="mon-fri", opens=time(9), closes=time(17), zone="Europe/Warsaw"),
    SendWindow(opens=time(9), closes=time(10), zone="Europe/Warsaw"),
    SendWindow(opens=time(8), closes=time(20)),
    SendWindow.quiet(time(21), time(9)),
)
SENDER_LIMITS: Sequence[Sequence[Limit | Interval]] = (
    (),
    (),
    (Limit(3, per=10 * MINUTE),),
    (Limit(4, per=HOUR), Interval(20)),
    (Limit(6, per="day", zone="Europe/Warsaw"),),
)
CAMPAIGN_LIMITS: Sequence[dict[str, Any]] = (
    {},
    {},
    {"limits": [Limit(2, per=MINUTE)]},
    {"interval": Interval(5)},
)
PAUSES = (timedelta(milliseconds=100), timedelta(seconds=1), timedelta(seconds=10), 10 * MINUTE, HOUR)
CAPS = (None, None, None, FrequencyCap(messages=1, days=7), FrequencyCap(messages=1, days=2, excess="skip"))


@attrs.define
class Shop:
    """One merchant, as its people know it."""

    merchant_id: str
    campaigns: list[str] = attrs.field(factory=list)
    audiences: dict[str, list[Contact]] = attrs.field(factory=dict)  # by campaign
    complete: set[str] = attrs.field(factory=set)  # campaigns whose whole list was added


def price_book(starts_at: datetime) -> PriceBook:
    """Return prices that change while campaigns run."""
    cheap = PriceTable.of({"48": 2, "1": 1}, version="a", effective_from=starts_at - DAY)
    dear = PriceTable.of({"48": 3, "1": 2}, version="b", effective_from=starts_at + HOUR)
    return PriceBook((cheap, dear))


def open_shops(kit: CampaignKit, dice: random.Random, now: datetime) -> list[Shop]:
    """Return one or two shops with one or two campaigns each, scheduled."""
    return [_open_shop(kit, dice, now, merchant_id) for merchant_id in ("flora", "vera")[: dice.choice((1, 1, 2))]]


def _open_shop(kit: CampaignKit, dice: random.Random, now: datetime, merchant_id: str) -> Shop:
    shop = Shop(merchant_id)
    merchant = kit.merchant(
        merchant_id,
        zone="Europe/Warsaw",
        region="PL",
        consent_policy=ConsentPolicy(unknown_allows_sms=True),
        frequency_cap=dice.choice(CAPS) or False,
    )
    merchant.add_sender("main", address="Flora <hello@flora.example>", limits=list(dice.choice(SENDER_LIMITS)))
    merchant.add_sender("texts", address="FLORA", channel="sms", limits=[])
    merchant.credits.grant(dice.randint(10, 60), key="first", expires_at=now + dice.choice((HOUR, DAY, 30 * DAY)))
    for _ in range(dice.randint(1, 2)):
        add_campaign(shop, merchant, dice, now)
    return shop


def add_campaign(shop: Shop, merchant: Merchant, dice: random.Random, now: datetime) -> None:
    """Draw a campaign with its recipients, and schedule it; one of texts in three."""
    is_text = dice.random() < 0.33
    campaign = merchant.create_campaign(
        name=f"Campaign {len(shop.campaigns) + 1}",
        channel="sms" if is_text else "email",
        sender="texts" if is_text else "main",
        content=dice.choice((TEXT, LONG_TEXT)) if is_text else MAIL,
        window=dice.choice(WINDOWS),
        kind=dice.choice(("marketing", "marketing", "transactional")),
        partial=True,
        on_doubt=dice.choice(("hold", "resend_if_idempotent")) if is_text else "hold",
        **dice.choice(CAMPAIGN_LIMITS),
    )
    shop.campaigns.append(campaign.id)
    shop.audiences[campaign.id] = _audience(dice, is_text)
    merchant.add_recipients(campaign.id, shop.audiences[campaign.id])
    shop.complete.add(campaign.id)
    # A deadline before the first opening is refused, and a weekend is long.
    lasts = dice.choice((None, None, HOUR, DAY)) if campaign.window is None else dice.choice((None, 4 * DAY))
    start_at = now + dice.choice((timedelta(0), timedelta(0), HOUR))
    merchant.schedule(campaign.id, start_at=start_at, deadline=None if lasts is None else start_at + lasts)


def _audience(dice: random.Random, is_text: bool) -> list[Contact]:
    """Return some contacts, the last of whom is there twice."""
    places = dice.sample(range(20), dice.randint(4, 14))
    rows = [_row(dice, place, is_text) for place in places]
    found = [parse_contact(row, row_number=number, region="PL") for number, row in enumerate([*rows, rows[-1]], 1)]
    return [one for one in found if not isinstance(one, Rejection)]


def _row(dice: random.Random, place: int, is_text: bool) -> dict[str, str]:
    row = {"phone": f"+4860100{place:04}"} if is_text else {"email": f"c{place}@{DOMAINS[place % len(DOMAINS)]}"}
    zone = dice.choice(ZONES)
    return {**row, "zone": zone} if zone else row


@attrs.define(eq=False)
class Person:
    """Somebody at a till, who does one thing after the other to any campaign of any shop."""

    actor: Actor
    stage: Stage
    make_kit: Callable[[Actor], CampaignKit]
    shops: list[Shop]
    court: Court
    dice: random.Random
    deeds: int = 0
    kit: CampaignKit = attrs.field(init=False)

    def live(self, _: Actor) -> None:
        """Do so many things, with pauses between them."""
        self.kit = self.make_kit(self.actor)
        for _deed in range(self.deeds):
            wait = self.dice.choice(PAUSES)
            self.stage.sleep(self.actor, self.stage.now + wait * self.dice.random())
            shop, campaign_id = self._pick()
            self.do(self.dice.choice(DEEDS), shop, campaign_id)

    def _pick(self) -> tuple[Shop, str]:
        """Return a campaign, often one that a worker is at."""
        every = [(shop, campaign_id) for shop in self.shops for campaign_id in shop.campaigns]
        busy = [(shop, one) for shop, one in every if self.court.is_busy((shop.merchant_id, one))]
        return self.dice.choice(busy if busy and self.dice.random() < 0.7 else every)

    def close_up(self, _: Actor) -> None:
        """Let everything go on that failed, and most of what is paused."""
        self.kit = self.make_kit(self.actor)
        for shop in self.shops:
            for campaign_id in shop.campaigns:
                self.do(mend, shop, campaign_id)

    def do(self, deed: Callable[["Case"], object], shop: Shop, campaign_id: str) -> None:
        """Do one thing; what stands against it is told."""
        name = f"{deed.__name__} {campaign_id}"
        try:
            deed(Case(self, shop, self.kit.merchant(shop.merchant_id), campaign_id))
        except (CampaignKitError, StoreUnreachable, ValueError) as problem:
            self.stage.note(self.actor, f"{name}: {type(problem).__name__}")
        else:
            self.stage.note(self.actor, f"{name}: done")

    def halt(self, case: "Case", verb: Callable[[str], object]) -> None:
        """Call a verb, and tell the court that it returned, unless somebody lets the campaign go on meanwhile."""
        court, place = self.court, case.place
        resumed = court.resumed[place]
        verb(case.campaign_id)
        if place not in court.resuming and court.resumed[place] == resumed:
            court.halted.add(place)

    def let_go_on(self, case: "Case", verb: Callable[[], object]) -> None:
        """Call a verb after which the campaign may go on."""
        self.court.halted.discard(case.place)
        self.court.resuming.append(case.place)
        self.court.resumed[case.place] += 1
        try:
            verb()
        finally:
            self.court.resuming.remove(case.place)


@attrs.frozen
class Case:
    """One thing that a person does: whose campaign it is about."""

    person: Person
    shop: Shop
    merchant: Merchant
    campaign_id: str

    @property
    def place(self) -> Place:
        return (self.shop.merchant_id, self.campaign_id)


def pause(case: Case) -> None:
    """Stop a campaign."""
    case.person.halt(case, case.merchant.pause)


def resume(case: Case) -> None:
    """Let it go on."""
    case.person.let_go_on(case, lambda: case.merchant.resume(case.campaign_id))


def cancel(case: Case) -> None:
    """End it, one time in four that somebody thinks of it."""
    if case.person.dice.random() < 0.25:
        case.person.halt(case, case.merchant.cancel)


def edit(case: Case) -> None:
    """Change when it is sent."""
    change: dict[str, Any] = case.person.dice.choice(
        (
            {"window": case.person.dice.choice(WINDOWS)},
            {"priority": case.person.dice.randint(0, 9)},
            {"deadline": case.person.stage.now + case.person.dice.choice((HOUR, DAY))},
            {"interval": case.person.dice.choice((None, Interval(5)))},
        )
    )
    case.merchant.update_campaign(case.campaign_id, **change)


def reschedule(case: Case) -> None:
    """Take it back to draft, and schedule it for another time."""
    case.merchant.unschedule(case.campaign_id)
    start_at = case.person.stage.now + case.person.dice.choice((MINUTE, HOUR))
    case.person.let_go_on(case, lambda: case.merchant.schedule(case.campaign_id, start_at=start_at, confirm_past=True))


def add_again(case: Case) -> None:
    """Add the same list once more: if it was all there, nothing is new."""
    was_complete = case.campaign_id in case.shop.complete
    added = case.merchant.add_recipients(case.campaign_id, case.shop.audiences[case.campaign_id])
    case.shop.complete.add(case.campaign_id)
    if was_complete and (added.added or added.excluded):
        case.person.court.find("row_count", f"adding one list twice added {added} to {case.campaign_id}")


def readdress(case: Case) -> None:
    """Correct an address."""
    who = _somebody(case)
    place = case.person.dice.randint(0, 40)
    address = f"c{place}@example.com" if "@" in who.address else f"+4860100{place:04}"
    case.merchant.readdress(case.campaign_id, who.recipient_id, address)


def opt_out(case: Case) -> None:
    """Somebody wants no more mail."""
    case.merchant.suppress(_somebody(case).address, reason="opt_out")


def remove(case: Case) -> None:
    """Take one recipient out."""
    case.merchant.remove_recipient(case.campaign_id, _somebody(case).recipient_id)


def _somebody(case: Case) -> CampaignRecipient:
    """Return a recipient, often one whom a worker holds at this moment."""
    held = case.merchant.recipients(case.campaign_id, status="claimed") if case.person.dice.random() < 0.7 else ()
    rows = held or case.merchant.recipients(case.campaign_id)
    if not rows:
        raise RecipientNotFound(case.campaign_id)
    return case.person.dice.choice(rows)


def draft_and_delete(case: Case) -> None:
    """Copy a campaign, give it recipients, and throw the draft away."""
    draft = case.merchant.copy(case.campaign_id)
    case.merchant.add_recipients(draft.id, case.shop.audiences[case.campaign_id])
    case.merchant.delete_campaign(draft.id)


def write_another(case: Case) -> None:
    """Schedule one more campaign, to people who may be on the others."""
    if len(case.shop.campaigns) < 3:
        add_campaign(case.shop, case.merchant, case.person.dice, case.person.stage.now)


def grant(case: Case) -> None:
    """Buy credit; the same invoice may be booked twice."""
    key = f"invoice {case.person.dice.randint(1, 6)}"
    case.merchant.credits.grant(10, key=key, expires_at=FRIDAY + 30 * DAY)


def look(case: Case) -> None:
    """Read what there is: it adds up at every moment."""
    counts = case.merchant.counts(case.campaign_id)
    if counts.recipients != sum(counts.by_status.values()):
        case.person.court.find("row_count", f"{case.campaign_id} counts {counts}")


DEEDS = (
    *(pause, pause, resume, resume, resume, cancel, edit, edit, reschedule, add_again, readdress, readdress),
    *(opt_out, opt_out, opt_out, opt_out, remove, draft_and_delete, write_another, grant, grant, look),
)


def mend(case: Case) -> None:
    """Let a campaign go on that failed, and every other one that is paused."""
    status = case.merchant.campaign(case.campaign_id).status
    if status is CampaignStatus.FAILED or (status is CampaignStatus.PAUSED and case.person.dice.random() < 0.7):
        resume(case)
