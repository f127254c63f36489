"""What the storms are fought over: a campaign in a database, a provider that is a file, and the judge of both."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.audience.contacts import Contact, parse_contact
from campaignkit.clocks import FrozenClock
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.kit import CampaignKit
from campaignkit.message.content import EmailContent
from campaignkit.message.outbound import OutboundEmail, OutboundMessage
from campaignkit.ports import Clear, SenderCheck
from campaignkit.stores.sql import SqlStore
from tests.storms.places import Place, read_at_once, url_of

STARTS_AT = datetime(2026, 3, 6, 9, tzinfo=UTC)
AN_HOUR = timedelta(hours=1)
CAMPAIGN_KEY = "storm"
MERCHANT = "flora"
CONTENT = EmailContent(subject="Spring", text="Hello {{ customer.first_name | default: 'you' }}, the tulips are here.")

# Every so many recipients one that the provider treats like this; the others are accepted.
REFUSED_EVERY = 13  # after leave: a permanent no to the dot
BUSY_EVERY = 17  # before leave: a temporary no to RCPT, until the retries are used up


def address_of(number: int) -> str:
    return f"c{number}@example.com"


def contacts(count: int) -> Iterator[Contact]:
    for number in range(1, count + 1):
        contact = parse_contact(
            {"email": address_of(number), "name": f"Customer {number}", "email consent": "yes"}, row_number=number
        )
        assert isinstance(contact, Contact)
        yield contact


def prepare(database: Place, recipient_count: int) -> None:
    """Make *database* hold one campaign that may start, and nothing else."""
    clock = FrozenClock(STARTS_AT)
    store = SqlStore(url_of(database), clock=clock)
    store.upgrade()
    with CampaignKit(store=store, clock=clock) as kit:
        shop = kit.merchant(MERCHANT, zone="Europe/Warsaw", region="PL")
        shop.add_sender("main", address="Flora <hello@flora.example>")
        campaign = shop.create_campaign(
            name="Storm", sender="main", content=CONTENT, start_grace=timedelta(days=3650), key=CAMPAIGN_KEY
        )
        added = shop.add_recipients(campaign.id, contacts(recipient_count))
        assert added.added == recipient_count
        shop.schedule(campaign.id)


class FileProvider:
    """A provider whose memory is a file: one line per message that it accepted, appended in one write.

    The write is the point of no return. Outcomes of a wave are yielded when all of it has crossed.
    """

    channel = Channel.EMAIL

    def __init__(self, accepted: Path, *, wave: int) -> None:
        self._accepted = accepted
        self._wave = wave

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        file = os.open(self._accepted, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            for start in range(0, len(batch), self._wave):
                yield from self._send_wave(batch[start : start + self._wave], clear, file)
        finally:
            os.close(file)

    def _send_wave(self, wave: Sequence[OutboundMessage], clear: Clear, file: int) -> Iterator[Outcome]:
        ready = [message for message in wave if not is_every(BUSY_EVERY, message)]
        for message in wave:
            if message not in ready:
                yield Outcome(message_id=message.message_id, verdict=Verdict.DEFERRED, code="mailbox_busy")
        cleared = clear(tuple(ready))
        granted = {message.message_id for message in cleared.messages}
        outcomes = []
        for message in ready:
            if message.message_id not in granted or not cleared.may_cross():
                outcomes.append(Outcome(message_id=message.message_id, verdict=Verdict.NOT_SENT))
            elif is_every(REFUSED_EVERY, message):
                outcomes.append(Outcome(message_id=message.message_id, verdict=Verdict.REFUSED, code="mailbox_unknown"))
            else:
                os.write(file, line_for(message))
                outcomes.append(Outcome(message_id=message.message_id, verdict=Verdict.ACCEPTED, code="accepted"))
        yield from outcomes

    def verify(self) -> SenderCheck:
        return SenderCheck(is_ready=True)

    def close(self) -> None:
        pass


def is_every(step: int, message: OutboundMessage) -> bool:
    assert isinstance(message, OutboundEmail)
    number = int(message.envelope_to.removeprefix("c").partition("@")[0])
    return number % step == 0


def line_for(message: OutboundMessage) -> bytes:
    assert isinstance(message, OutboundEmail)
    return f"{message.envelope_to}\n".encode()


_AT_REST = {"sent", "failed", "skipped", "cancelled", "expired", "unknown", "in_doubt"}
_MAY_BE_ACCEPTED = {"sent", "in_doubt", "unknown", "sending"}


@attrs.frozen(kw_only=True)
class Judgement:
    """What the provider's file says about what the database says."""

    lost: tuple[str, ...]  # sent, says the database, but the provider never had it
    duplicated: tuple[str, ...]  # the provider has it more than once
    unexpected: tuple[str, ...]  # the provider has it although the database denies that it may
    unfinished: tuple[str, ...]  # neither at an end nor in doubt
    statuses: Counter[str]

    @property
    def in_doubt_count(self) -> int:
        return self.statuses["in_doubt"]

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.duplicated or self.unexpected or self.unfinished)


def judge(database: Place, accepted: Path) -> Judgement:
    """Compare what the two have."""
    lines = read_accepted(accepted)
    rows = _read(database, "SELECT address, status FROM campaignkit_recipients WHERE intake = 'recipient'")
    statuses: dict[str, str] = dict(rows)
    unexpected = {address for address in lines if statuses.get(address) not in _MAY_BE_ACCEPTED}
    return Judgement(
        lost=tuple(sorted(address for address, status in statuses.items() if status == "sent" and not lines[address])),
        duplicated=tuple(sorted(address for address, count in lines.items() if count > 1)),
        unexpected=tuple(sorted(unexpected)),
        unfinished=tuple(sorted(address for address, status in statuses.items() if status not in _AT_REST)),
        statuses=Counter(statuses.values()),
    )


def read_accepted(accepted: Path) -> Counter[str]:
    """Return how often the provider has each address, the first word of each line."""
    lines = accepted.read_text().splitlines() if accepted.exists() else []
    return Counter(line.partition(" ")[0] for line in lines)


def read_statuses(database: Place) -> Counter[str]:
    """Return how many recipients are in each status at this moment, as anyone may see who opens the file."""
    return Counter(dict(_read(database, "SELECT status, count(*) FROM campaignkit_recipients GROUP BY status")))


def read_held(database: Place, worker: str) -> set[str]:
    """Return the addresses that *worker* holds: claimed, or begun and not settled."""
    held = f"WHERE status IN ('claimed', 'sending') AND worker_id = '{worker}'"
    return {address for (address,) in _read(database, f"SELECT address FROM campaignkit_recipients {held}")}


def read_ended(database: Place) -> set[str]:
    """Return the addresses whose end is known: sent or failed."""
    query = "SELECT address FROM campaignkit_recipients WHERE status IN ('sent', 'failed')"
    return {address for (address,) in _read(database, query)}


def campaign_status(database: Place) -> str:
    """Return the status of the campaign, or all that there are where there are several."""
    rows = _read(database, "SELECT DISTINCT status FROM campaignkit_campaigns ORDER BY status")
    return ", ".join(status for (status,) in rows)


def _read(database: Place, query: str) -> list[Any]:
    return read_at_once(database, [query])[0]
