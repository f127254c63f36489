"""What the benchmarks send: customers nobody saw before, and a campaign in a SQLite file. Touches that file."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from campaignkit.audience.contacts import Contact, parse_contact
from campaignkit.kit import CampaignKit
from campaignkit.message.content import EmailContent
from campaignkit.message.outbound import OutboundMessage
from campaignkit.ports import Transport
from campaignkit.stores.sql import SqlStore
from tests.benchmarks.figures import BENCH

MERCHANT = "flora"
FROM = "hello@flora.example"
# About a kilobyte, what a plain newsletter has; the peers send the same.
BODY = "\r\n".join(f"Line {number}: the tulips, the narcissi and the first peonies are in." for number in range(14))
CONTENT = EmailContent(subject="Spring at Flora's", text=BODY)


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a new folder on the disk of the project, and remove it."""
    BENCH.mkdir(exist_ok=True)
    path = Path(tempfile.mkdtemp(dir=BENCH))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def addresses(count: int, seed: str) -> list[str]:
    """Return addresses that differ from those of every other *seed*."""
    return [f"customer{number}.{seed}@example.com" for number in range(count)]


def contacts(count: int, seed: str) -> Iterator[Contact]:
    """Yield contacts at ``addresses``, one after the other."""
    for number in range(count):
        row = {"email": f"customer{number}.{seed}@example.com", "name": f"Customer {number}", "email consent": "yes"}
        contact = parse_contact(row, row_number=number + 1)
        assert isinstance(contact, Contact)
        yield contact


def prepare(database: Path, count: int, seed: str) -> str:
    """Make *database* hold one campaign of *count* recipients that is due now, and return its id."""
    return prepare_on(f"sqlite:///{database}", count, seed)


def prepare_on(url: str, count: int, seed: str) -> str:
    """Do what ``prepare`` does, on any database."""
    store = SqlStore(url)
    store.upgrade()
    with CampaignKit(store=store) as kit:
        shop = kit.merchant(MERCHANT, zone="Europe/Warsaw", region="PL")
        shop.add_sender("main", address=f"Flora <{FROM}>")
        campaign = shop.create_campaign(name=f"Spring {seed}", sender="main", content=CONTENT)
        added = shop.add_recipients(campaign.id, contacts(count, seed))
        assert added.added == count
        shop.schedule(campaign.id)
    return campaign.id


def kit_on(database: Path, transport: Transport, *, lease: timedelta | None = None) -> CampaignKit:
    """Return a kit over a prepared database."""
    return CampaignKit(store=SqlStore(f"sqlite:///{database}"), transports={"main": transport}, lease=lease)


class AllCleared:
    """A ``clear`` that grants everything, for a transport by itself."""

    def __init__(self, messages: Sequence[OutboundMessage]) -> None:
        self.messages = messages

    def may_cross(self) -> bool:
        return True
