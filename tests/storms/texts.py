"""What a storm of paid texts is fought over: two shops, three campaigns, credit that runs dry, and a provider's file.

What is granted is written into a book beside the database, before and after, by whoever grants; workers do so amid the
storm and die of it too.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.audience.consent import ConsentPolicy
from campaignkit.audience.contacts import Contact, parse_contact
from campaignkit.campaign.campaign import WaitingFor
from campaignkit.clocks import FrozenClock
from campaignkit.credits.prices import PriceBook, PriceTable
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.errors import InvalidCredits
from campaignkit.kit import CampaignKit, Merchant
from campaignkit.message.content import SmsContent
from campaignkit.message.outbound import OutboundMessage, OutboundText
from campaignkit.ports import Clear, Clock, SenderCheck, Store
from campaignkit.stores.sql import SqlStore
from tests.message.sms_texts import count_slowly
from tests.storms.ground import AN_HOUR, STARTS_AT
from tests.storms.places import Place, url_of

SHOPS = {"fauna": 1, "flora": 2}  # campaigns of each; the two of flora share its credit
CREDITS_PER_PART = {"+48": 2, "+49": 3}
CONTENT = SmsContent(text="Hello {{ customer.name }}, the tulips are here.")
OPENING, GIFT = 20, 15  # credits of each shop; the gift expires soon
TOP_UP = 40  # credits, whenever somebody waits for them
VOUCHER = 10  # credits, from some of the workers that begin; expires soon
SOON = timedelta(minutes=10)

# Every so many recipients one that the provider treats like this; the others are accepted.
REFUSED_EVERY = 13  # after leave: the number is unknown
BUSY_EVERY = 37  # before leave, until the retries are used up
ONE_PART_LESS_EVERY = 7  # of those with several parts: the provider takes all but one of them
THROTTLED = 0.08  # of all tries end so, after leave


STRIDE = 7_919_017  # so that numbers lie apart as those of customers do: a row of them looks made up


def number_of(place: int) -> str:
    """Return the address of the recipient *place*, counted from 1; every fourth is a German."""
    scattered = f"{place * STRIDE % 10**7:07}"
    return f"+49170{scattered}" if place % 4 == 0 else f"+4850{scattered}"


def place_of(address: str) -> int:
    """Return whose address it is: the way back."""
    return int(address[-7:]) * pow(STRIDE, -1, 10**7) % 10**7


def name_of(place: int) -> str:
    """Return a name that makes one, two or three parts, in one alphabet or the other."""
    return ("Ann", "Żaneta", "x" * 140, "Ł" * 60, "Ż" * 110)[place % 5]


def parts_of(place: int) -> int:
    """Return the parts of the text to the recipient *place*, counted from the standard, one character at a time."""
    return count_slowly(CONTENT.text.replace("{{ customer.name }}", name_of(place)))[2]


def price_of(address: str, parts: int) -> int:
    return CREDITS_PER_PART[address[:3]] * parts


def price_book() -> PriceBook:
    prices = {prefix[1:]: price for prefix, price in CREDITS_PER_PART.items()}
    return PriceBook((PriceTable.of(prices, version="march", effective_from=STARTS_AT - AN_HOUR),))


def prepare_texts(database: Place, recipient_count: int, *, on_doubt: str = "hold") -> None:
    """Make *database* hold campaigns of so many texts together that may start, and too little credit for them."""
    clock = FrozenClock(STARTS_AT)
    store = SqlStore(url_of(database), clock=clock)
    store.upgrade()
    with CampaignKit(store=store, clock=clock, prices=price_book()) as kit:
        shops = [shop for name, count in SHOPS.items() for shop in [_open_shop(kit, name)] * count]
        for number, shop in enumerate(shops):
            campaign = shop.create_campaign(
                name=f"Storm {number}",
                channel="sms",
                sender="texts",
                content=CONTENT,
                kind="transactional",
                partial=True,
                on_doubt=on_doubt,
                start_grace=timedelta(days=3650),
            )
            places = range(1 + number, 1 + recipient_count, len(shops))
            added = shop.add_recipients(campaign.id, contacts(places))
            assert added.added == len(places), added
            shop.schedule(campaign.id)


def prepare_repeats(database: Place, recipient_count: int) -> None:
    """The same, but that what is in doubt is sent again, to a provider that takes it once."""
    prepare_texts(database, recipient_count, on_doubt="resend_if_idempotent")


def _open_shop(kit: CampaignKit, merchant_id: str) -> Merchant:
    policy = ConsentPolicy(unknown_allows_sms=True)
    shop = kit.merchant(
        merchant_id, zone="Europe/Warsaw", region="PL", consent_policy=policy, text_regions=["PL", "DE"]
    )
    shop.add_sender("texts", address="FLORA", channel="sms", limits=[])
    shop.credits.grant(OPENING, key="opening")
    shop.credits.grant(GIFT, key="gift", expires_at=STARTS_AT + SOON)
    return shop


def contacts(places: Sequence[int]) -> Iterator[Contact]:
    for place in places:
        contact = parse_contact(
            {"phone": number_of(place), "name": name_of(place), "sms consent": "yes"}, row_number=place, region="PL"
        )
        assert isinstance(contact, Contact), contact
        yield contact


def initial_grants() -> dict[tuple[str, str], int]:
    """Return what every shop has at first, by shop and key."""
    return {(shop, key): count for shop in SHOPS for key, count in (("opening", OPENING), ("gift", GIFT))}


def trade(kit: CampaignKit, store: Store, clock: Clock, job: dict[str, Any]) -> None:
    """Bring a voucher if there is one, and work until nobody waits for credit: who does is granted more."""
    cashier = Cashier(kit=kit, store=store, clock=clock, book=Path(job["book"]))
    if job.get("voucher_for"):
        cashier.bring_voucher(job["voucher_for"], job["worker"])
    kit.run()
    while waiting := cashier.waiting():
        for merchant_id in waiting:
            cashier.top_up(merchant_id)
        kit.run()


@attrs.frozen(kw_only=True)
class Cashier:
    """Grants credit and keeps book of it. Two may top up at once, under one key: that is one lot."""

    kit: CampaignKit
    store: Store
    clock: Clock
    book: Path

    def waiting(self) -> list[str]:
        """Return the shops with a campaign that waits for credit."""
        return [merchant_id for merchant_id in SHOPS if _waits(self.kit.merchant(merchant_id))]

    def top_up(self, merchant_id: str) -> None:
        known = sum(lot.key.startswith("invoice") for lot in self.store.lots(merchant_id))
        key = f"invoice-{known + 1}"
        self._note("asked", merchant_id, key, TOP_UP)
        self.kit.merchant(merchant_id).credits.grant(TOP_UP, key=key)
        self._note("told", merchant_id, key, TOP_UP)

    def bring_voucher(self, merchant_id: str, worker: str) -> None:
        shop, key = self.kit.merchant(merchant_id), f"voucher-{worker}"
        self._note("asked", merchant_id, key, VOUCHER)
        try:
            shop.credits.grant(VOUCHER, key=key, expires_at=self._now() + SOON)
        except InvalidCredits:  # the sun moved on by hours between two words; so nothing was granted
            self._note("denied", merchant_id, key, VOUCHER)
        else:
            self._note("told", merchant_id, key, VOUCHER)

    def _now(self) -> datetime:
        """Return the store's time, where it has one of its own."""
        return self.store.due(self.clock.now(), limit=1).now or self.clock.now()

    def _note(self, word: str, merchant_id: str, key: str, count: int) -> None:
        append(self.book, f"{word} {merchant_id} {key} {count}\n")


def _waits(shop: Merchant) -> bool:
    return any(campaign.waiting_for is WaitingFor.CREDIT for campaign in shop.campaigns())


def append(path: Path, line: str) -> None:
    """Append *line* in one write."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


class TextProvider:
    """A provider whose memory is a file, a line for each text: number, parts taken, parts of it as it came, our id.

    The write is the point of no return. Outcomes of a wave are yielded when all of it has crossed. An idempotent one
    looks into its file first, and answers what it finds there as it did before; a forgetful one only says so.
    """

    channel = Channel.SMS

    def __init__(
        self, accepted: Path, *, wave: int, seed: str, is_idempotent: bool = False, is_forgetful: bool = False
    ) -> None:
        self.is_idempotent = is_idempotent
        self._looks = is_idempotent and not is_forgetful
        self._accepted = accepted
        self._wave = wave
        self._dice = Random(seed)

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        texts = [message for message in batch if isinstance(message, OutboundText)]
        assert len(texts) == len(batch)
        for start in range(0, len(texts), self._wave):
            yield from self._send_wave(texts[start : start + self._wave], clear)

    def _send_wave(self, wave: Sequence[OutboundText], clear: Clear) -> Iterator[Outcome]:
        ready = [text for text in wave if place_of(text.to) % BUSY_EVERY]
        for text in wave:
            if text not in ready:
                yield Outcome(message_id=text.message_id, verdict=Verdict.DEFERRED, code="network_busy")
        cleared = clear(tuple(ready))
        granted = {message.message_id for message in cleared.messages}
        yield from [
            self._cross(text)
            if text.message_id in granted and cleared.may_cross()
            else Outcome(message_id=text.message_id, verdict=Verdict.NOT_SENT)
            for text in ready
        ]

    def _cross(self, text: OutboundText) -> Outcome:
        if place_of(text.to) % REFUSED_EVERY == 0:
            return Outcome(message_id=text.message_id, verdict=Verdict.REFUSED, code="number_unknown")
        if self._dice.random() < THROTTLED:
            return Outcome(message_id=text.message_id, verdict=Verdict.DEFERRED, code="throttled")
        parts = count_slowly(text.text)[2]
        taken = taken_of(place_of(text.to), parts)
        self._take(text, f"{text.to} {taken} {parts} {text.message_id}\n")
        return Outcome(message_id=text.message_id, verdict=Verdict.ACCEPTED, code="accepted", parts_accepted=taken)

    def _take(self, text: OutboundText, line: str) -> None:
        """Write *line*, unless the text is known; of two who bring it at once only one writes."""
        if not self._looks:
            append(self._accepted, line)
            return
        with self._accepted.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = self._accepted.read_text().splitlines(keepends=True) if self._accepted.exists() else []
            before = next((one for one in known if one.split()[-1] == text.message_id), None)
            assert before in {None, line}, "another text came under its name"
            if before is None:
                append(self._accepted, line)

    def verify(self) -> SenderCheck:
        return SenderCheck(is_ready=True)

    def close(self) -> None:
        pass


def taken_of(place: int, parts: int) -> int:
    """Return how many of its *parts* the provider takes of the text to *place*."""
    return parts - 1 if parts > 1 and place % ONE_PART_LESS_EVERY == 0 else parts
