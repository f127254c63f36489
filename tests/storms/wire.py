"""Texts through the whole kit to a provider: what the ledger charged for each, against the parts that were heard.

``python -m tests.storms.wire`` sends 1,000 mixed texts over SMPP, and as many over Kannel where that is installed. What
the provider heard is read from its octets by code that shares nothing with campaignkit.
"""

import struct
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import attrs

import campaignkit as ck
from campaignkit.ports import Transport
from campaignkit.stores.sql import SqlStore
from tests.message.sms_texts import EDGES, count_slowly, make_text, read_septets
from tests.services.kannel import Kannel, Received, missing
from tests.services.smsc import Smsc
from tests.storms.texts import number_of

__all__ = ["WIRE_TEXTS", "WireVerdicts", "read_submits", "send_over_kannel", "send_over_smpp", "words_for"]

WIRE_TEXTS = 1000
PARTS_MAX = 10
MERCHANT = "flora"
NOON = datetime(2026, 5, 4, 10, tzinfo=UTC)
CREDITS_PER_PART = {"+48": 3, "+49": 5}
NAMES = ("Ann", "Bo", "", "José {€}", "Żaneta")
TEMPLATES = (
    "{{ customer.words }}",
    "Hi {{ customer.name }}, {{ customer.words }}",
    "{{ customer.words }}€{{ customer.name }}",
    "[{{ customer.name }}] {{ customer.words }} ^ {{ customer.words }}",
)


@attrs.frozen
class Heard:
    """What of one text came out at the far end."""

    parts: int
    text: str
    encoding: str


@attrs.frozen(kw_only=True)
class WireVerdicts:
    """What the judge found."""

    texts: int
    parts: int  # heard
    most_parts: int  # of one text
    by_encoding: Mapping[str, int]  # texts
    credits: int  # spent
    charged_more: tuple[str, ...]  # texts that cost more than their parts on the wire
    charged_less: tuple[str, ...]
    complaints: tuple[str, ...]

    @property
    def different(self) -> int:
        return len(self.charged_more) + len(self.charged_less)

    def __str__(self) -> str:
        encodings = ", ".join(f"{count} {encoding}" for encoding, count in sorted(self.by_encoding.items()))
        return (
            f"{self.texts} texts ({encodings}), {self.parts} parts heard, up to {self.most_parts} of a text, "
            f"{self.credits} credits: {len(self.charged_more)} charged more, {len(self.charged_less)} charged less"
        )


def words_for(source: Random) -> str:
    """Return words at the edge of a part, or long ones, or Polish ones; about half of all in GSM-7."""
    pair, run = source.choice(("€", "^", "ż", "😀", "\r\n")), source.choice("aaż")
    edge = source.choice((70, 67, 134, 160, 153, 306))
    return source.choice(
        (
            source.choice(EDGES).text,
            make_text(source),
            run * (edge - source.randrange(8)) + pair + run * source.randrange(160),
            pair * source.randrange(1, 160),
            "Zażółć gęślą jaźń! " * source.randrange(1, 30),
            run * source.randrange(600, 1530),
        )
    )


def texts_for(count: int, source: Random, *, without: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Yield template, name, words and the text that they make; of 1 to 10 parts, and *without* some characters."""
    place = 0
    while place < count:
        template, name, words = TEMPLATES[place % len(TEMPLATES)], source.choice(NAMES), words_for(source)
        text = template.replace("{{ customer.name }}", name).replace("{{ customer.words }}", words)
        if text.strip() and count_slowly(text)[2] <= PARTS_MAX and not set(without) & set(text):
            place += 1
            yield template, name, words, text


@attrs.define
class Charging:
    """A shop that texts over *transport* and pays for it, and the texts by number."""

    transport: Transport
    store: ck.SqlStore
    kit: ck.CampaignKit = attrs.field(init=False)
    shop: ck.Merchant = attrs.field(init=False)
    texts: dict[str, str] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.store.upgrade()
        prices = {prefix[1:]: price for prefix, price in CREDITS_PER_PART.items()}
        table = ck.PriceTable.of(prices, version="may", effective_from=NOON - timedelta(days=1))
        transports, book = {"texts": self.transport}, ck.PriceBook((table,))
        self.kit = ck.CampaignKit(store=self.store, transports=transports, clock=ck.FrozenClock(NOON), prices=book)
        self.shop = self.kit.merchant(MERCHANT, zone="Europe/Warsaw", region="PL", text_regions=["PL", "DE"])
        self.shop.add_sender("texts", address="Flora", channel="sms", limits=[])
        self.shop.credits.grant(1_000_000, key="invoice")

    def send(self, wanted: Sequence[tuple[str, str, str, str]]) -> None:
        """Send all of *wanted*, a campaign for each template."""
        people: dict[str, list[ck.Contact]] = defaultdict(list)
        for place, (template, name, words, text) in enumerate(wanted, start=1):
            fields = {"phone": number_of(place), "name": name, "words": words}
            contact = ck.parse_contact(fields, row_number=place, region="PL")
            assert isinstance(contact, ck.Contact), contact
            people[template].append(contact)
            self.texts[number_of(place)] = text
        for template, audience in people.items():
            campaign = self.shop.create_campaign(
                name=template,
                channel="sms",
                sender="texts",
                content=ck.SmsContent(text=template),
                kind="transactional",
            )
            self.shop.add_recipients(campaign.id, audience)
            self.shop.confirm_numbers(campaign.id)  # one after the other, as made-up ones are
            self.shop.schedule(campaign.id)
        self.kit.run()

    def charges(self) -> dict[str, int]:
        """Return what the ledger has spent on each number."""
        numbers = {
            row.recipient_id: row.address
            for campaign in self.shop.campaigns()
            for row in self.shop.recipients(campaign.id, limit=1000)
        }
        charges = dict.fromkeys(numbers.values(), 0)
        after: tuple[str, int] | None = None
        while page := self.store.charged(MERCHANT, after=after, limit=500):
            for attempt in page:
                charges[numbers[attempt.recipient_id]] += attempt.credit_spent or 0
            after = (page[-1].recipient_id, page[-1].epoch)
        return charges

    def judge(self, heard: Mapping[str, Heard], complaints: Sequence[str] = ()) -> WireVerdicts:
        """Compare what was charged with what was *heard*."""
        charges, balance = self.charges(), self.shop.credits.balance()
        due = {to: CREDITS_PER_PART[to[:3]] * one.parts for to, one in heard.items()}
        wrong = [
            f"{to} heard another text" for to, text in self.texts.items() if to in heard and heard[to].text != text
        ]
        if heard.keys() != self.texts.keys():
            wrong.append(f"{len(self.texts)} texts were to be sent, {len(heard)} were heard")
        if (balance.spent, balance.held) != (sum(charges.values()), 0):
            wrong.append(f"the balance says {balance.spent} spent and {balance.held} held")
        return WireVerdicts(
            texts=len(heard),
            parts=sum(one.parts for one in heard.values()),
            most_parts=max((one.parts for one in heard.values()), default=0),
            by_encoding=Counter(one.encoding for one in heard.values()),
            credits=sum(charges.values()),
            charged_more=tuple(to for to, charge in charges.items() if charge > due.get(to, 0)),
            charged_less=tuple(to for to, charge in charges.items() if charge < due.get(to, 0)),
            complaints=(*complaints, *wrong),
        )


@attrs.frozen
class Octets:
    """One part as it was submitted."""

    data_coding: int
    has_header: bool
    octets: bytes


def send_over_smpp(*, count: int, seed: int, url: str = "") -> WireVerdicts:
    """Send *count* texts to an SMSC that others wrote, and judge. *url*: of a new database, by default SQLite's."""
    submitted: dict[str, list[Octets]] = defaultdict(list)
    with Smsc(reports=False) as server, _charging(url, lambda: _smpp(server)) as charging:
        charging.send(list(texts_for(count, Random(seed))))
        for one in server.submits:
            part = Octets(one.data_coding, bool(one.esm_class & 0x40), one.short_message)
            submitted[f"+{one.destination_addr.lstrip('+')}"].append(part)
        complaints: list[str] = []
        heard = {to: read_submits(to, parts, complaints) for to, parts in submitted.items()}
        return charging.judge(heard, complaints)


def read_submits(to: str, parts: Sequence[Octets], complaints: list[str]) -> Heard:
    """Return what *parts* are to a phone, by 3GPP TS 23.040: header, numbers, lengths; append what is wrong of them."""
    read, references, totals = dict[int, str](), set[bytes](), set[int]()
    encoding = {0: "gsm7", 8: "ucs2"}.get(parts[0].data_coding, "unknown")
    for part in parts:
        words, number = part.octets, 1
        if part.has_header:
            length = words[0] + 1
            kind, size, reference, total, number = struct.unpack(">BBcBB", words[1:length])
            words, room = words[length:], 153 if encoding == "gsm7" else 134
            totals.add(total)
            references.add(reference)
            if (kind, size) != (0, 3):
                complaints.append(f"{to} has a header of kind {kind}")
        else:
            room = 160 if encoding == "gsm7" else 140
        if len(words) > room or number in read or part.data_coding != parts[0].data_coding:
            complaints.append(f"{to} has a part that is too long, twice there, or in another alphabet")
        read[number] = read_septets(list(words)) if encoding == "gsm7" else words.decode("utf-16-be")
    joined = len(totals) == len(references) == 1 and totals == {len(parts)} if len(parts) > 1 else not totals
    if not joined or sorted(read) != list(range(1, len(parts) + 1)):
        complaints.append(f"{to} has parts that do not belong together")
    return Heard(len(parts), "".join(read[number] for number in sorted(read)), encoding)


def send_over_kannel(*, count: int, seed: int, url: str = "") -> WireVerdicts:
    """Send *count* texts through a real Kannel, which splits by itself, and judge.

    Its far end writes one line for each part, so there are no line ends in these texts. Kannel cuts an emoji in two
    where that saves a part; whatever else it makes of a text is a complaint.
    """
    with Kannel() as gateway, _charging(url, lambda: _kannel(gateway)) as charging:
        wanted = list(texts_for(count, Random(seed), without="\r\n\f"))
        charging.send(wanted)
        parts = gateway.received(sum(count_slowly(text)[2] for *_, text in wanted), seconds=5)
        by_number: dict[str, list[Received]] = defaultdict(list)
        for one in parts:
            by_number[one.to].append(one)
        heard = {to: _joined(received, charging.texts[to]) for to, received in by_number.items()}
        complaints = [
            f"{to} took {one.parts} parts, and not for an emoji"
            for to, one in heard.items()
            if one.parts not in {count_slowly(one.text)[2], _parts_of_any_units(one.text)}
        ]
        return charging.judge(heard, complaints)


def _parts_of_any_units(text: str) -> int:
    """Return the parts of a text in UCS-2 that may be cut within an emoji; of any other, none."""
    encoding, units, _ = count_slowly(text)
    return -(-units // 67) if encoding == "ucs2" and units > 70 else 0


def _joined(received: Sequence[Received], text: str) -> Heard:
    """Return what *received* are together. With a header fakesmsc says nothing of the alphabet, so *text* does."""
    octets = b"".join(part.words for part in sorted(received, key=lambda part: part.header[5:6]))
    encoding = count_slowly(text)[0]
    codec = "utf-16-be" if encoding == "ucs2" else "utf-8"
    return Heard(len(received), octets.decode(codec, errors="replace"), encoding)


class _charging:  # noqa: N801 (a context manager)
    def __init__(self, url: str, connect: Callable[[], Transport]) -> None:
        self._folder = TemporaryDirectory()
        self._url = url or f"sqlite:///{Path(self._folder.name) / 'wire.db'}"
        self._connect = connect

    def __enter__(self) -> Charging:
        self._charging = Charging(self._connect(), SqlStore(self._url))
        return self._charging

    def __exit__(self, *_: object) -> None:
        self._charging.kit.close()
        self._charging.transport.close()
        self._folder.cleanup()


def _smpp(server: Smsc) -> ck.SmppTransport:
    return ck.SmppTransport(
        "127.0.0.1", server.port, system_id="flora", password="s3cret", security="insecure_plaintext"
    )


def _kannel(gateway: Kannel) -> ck.KannelTransport:
    return ck.KannelTransport(gateway.url, username="flora", password="s3cret", connections=4)


def main() -> int:
    over_smpp = send_over_smpp(count=WIRE_TEXTS, seed=1)
    print(f"SMPP: {over_smpp}", *over_smpp.complaints, sep="\n  ")
    is_right = not (over_smpp.different or over_smpp.complaints)
    if missing():
        print(f"Kannel: {missing()}")
        return 0 if is_right else 1
    over_kannel = send_over_kannel(count=WIRE_TEXTS, seed=2)
    print(f"Kannel: {over_kannel}", *over_kannel.complaints, sep="\n  ")
    return 0 if is_right and not (over_kannel.charged_less or over_kannel.complaints) else 1


if __name__ == "__main__":
    sys.exit(main())
