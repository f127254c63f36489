"""The promise seen from the other side: a mail server that opens the database during the dialogue."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from campaignkit.audience.contacts import Contact, parse_contact
from campaignkit.clocks import FrozenClock
from campaignkit.kit import CampaignKit
from campaignkit.message.content import EmailContent
from campaignkit.stores.sql import SqlStore
from campaignkit.transports.smtp import SmtpTimeouts, SmtpTransport
from tests.transports.mailboxes import Mailbox, serve

RECIPIENTS = 40
PATIENT = SmtpTimeouts(connect=60, command=60, body=60, dot=60, quit=5)


class ReadingMailbox(Mailbox):
    """A mailbox that looks into the SQLite file, as any other program may, whenever it is spoken to."""

    def __init__(self, database: Path) -> None:
        super().__init__()
        self._database = database
        self.at_rcpt: list[str] = []
        self.at_dot: list[str] = []
        self.sending_counts: list[int] = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.at_rcpt.append(self._status_of(address))
        self._count_sending()
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server, session, envelope):
        self.at_dot.append(self._status_of(envelope.rcpt_tos[0]))
        self._count_sending()
        return await super().handle_DATA(server, session, envelope)

    def _status_of(self, address: str) -> str:
        ((status,),) = self._read("SELECT status FROM campaignkit_recipients WHERE address = ?", address)
        return str(status)

    def _count_sending(self) -> None:
        ((count,),) = self._read("SELECT count(*) FROM campaignkit_recipients WHERE status = ?", "sending")
        self.sending_counts.append(count)

    def _read(self, query: str, value: str) -> list[Any]:
        connection = sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=60)
        try:
            return connection.execute(query, (value,)).fetchall()
        finally:
            connection.close()


def contacts() -> Iterator[Contact]:
    for number in range(RECIPIENTS):
        contact = parse_contact({"email": f"c{number}@example.com"}, row_number=number + 1)
        assert isinstance(contact, Contact)
        yield contact


@pytest.mark.parametrize("connections", [1, 4])
def test_at_rcpt_a_recipient_is_claimed_and_at_the_dot_sending(tmp_path, connections):
    database = tmp_path / "campaigns.db"
    store = SqlStore(f"sqlite:///{database}")
    store.upgrade()
    mailbox = ReadingMailbox(database)
    with serve(mailbox) as (port, _):
        transport = SmtpTransport(
            "127.0.0.1", port, security="insecure_plaintext", connections=connections, timeouts=PATIENT
        )
        clock = FrozenClock(datetime(2026, 3, 6, 9, tzinfo=UTC))
        with CampaignKit(store=store, transports={"main": transport}, clock=clock) as kit:
            shop = kit.merchant("flora", zone="Europe/Warsaw", region="PL")
            shop.add_sender("main", address="Flora <hello@flora.example>")
            campaign = shop.create_campaign(name="S", sender="main", content=EmailContent(subject="Hi", text="Hello"))
            shop.add_recipients(campaign.id, contacts())
            shop.schedule(campaign.id)
            kit.run()
            counts = shop.counts(campaign.id)

    assert counts.by_status == {"sent": RECIPIENTS}
    assert Counter(mailbox.at_rcpt) == {"claimed": RECIPIENTS}
    assert Counter(mailbox.at_dot) == {"sending": RECIPIENTS}
    assert sorted(address for address, _ in mailbox.accepted) == sorted(f"c{n}@example.com" for n in range(RECIPIENTS))
    assert max(mailbox.sending_counts) == connections  # never more in danger than connections are open
