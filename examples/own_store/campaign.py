"""A campaign kept in a store of one's own, by one process and finished by another. Needs a PostgreSQL.

``python -m examples.own_store.campaign postgresql:///shop outbox``
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import campaignkit as ck
from examples.own_store.store import OwnStore

PEOPLE = 40
AT_FIRST = 15  # mails, before the process stops


def main(conninfo: str, outbox: Path) -> None:
    """Send one campaign from the database at *conninfo*; its mails go into a folder."""
    campaign_id = prepare(conninfo, outbox)
    with make_kit(conninfo, outbox) as kit:
        print("sent by one process    ", kit.tick(max_messages=AT_FIRST).sent)
    with make_kit(conninfo, outbox) as kit:  # nothing but the database goes from one to the other
        print("sent by the next       ", kit.run().sent)
        flora = kit.merchant("flora")
        counts = flora.counts(campaign_id)
        print("recipients             ", {str(status): count for status, count in counts.by_status.items()})
        print("person1                ", flora.explain(campaign_id, "person1@example.com").message)


def make_kit(conninfo: str, outbox: Path) -> ck.CampaignKit:
    """Return the kit of one process."""
    return ck.CampaignKit(store=OwnStore(conninfo), transports={"main": ck.OutboxTransport(outbox)})


def prepare(conninfo: str, outbox: Path) -> str:
    """Create the tables, schedule a campaign and return its id."""
    store = OwnStore(conninfo)
    store.upgrade()
    store.close()
    with make_kit(conninfo, outbox) as kit:
        flora = kit.merchant("flora", zone="America/New_York", region="US", actor=ck.Actor("Flora"))
        flora.add_sender("main", address="Flora <hello@flora.example>")
        campaign = flora.create_campaign(
            name="Spring",
            channel="email",
            sender="main",
            content=ck.EmailContent(subject="Tulips", text="The first tulips are in.\n\nFlora"),
            window=ck.SendWindow.always(),  # so that it goes on at whatever hour you try it
        )
        added = flora.add_recipients(campaign.id, people())
        print("added                  ", added.added)
        flora.schedule(campaign.id)
    return campaign.id


def people() -> Iterator[ck.Contact]:
    """Yield whom the campaign goes to."""
    for number in range(1, PEOPLE + 1):
        row = {"name": f"Person {number}", "email": f"person{number}@example.com"}
        contact = ck.parse_contact(row, region="US", row_number=number)
        if isinstance(contact, ck.Contact):
            yield contact


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
