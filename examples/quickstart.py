"""From a customer list to mails in a folder, each outcome explained. Writes below one folder only.

``python examples/quickstart.py``
"""

import sys
import tempfile
from datetime import UTC, datetime, time
from pathlib import Path

import campaignkit as ck

CUSTOMERS = """\
Customer No,Name,E-mail,Phone
F1,Ann Lee,ann@example.com,(212) 555-0143
F2,Bob Ray,bob@example.org,
F3,Ann Lee,Ann@Example.com,
F4,Cid Moe,cid at example.net,
,,,
"""
FRIDAY_EVENING = datetime(2026, 3, 6, 23, 30, tzinfo=UTC)  # 18:30 in New York


def main(folder: Path) -> None:
    """Run one campaign with its database, its customer list and its mails in *folder*."""
    customers = folder / "customers.csv"
    customers.write_text(CUSTOMERS, encoding="utf-8")
    store = ck.SqlStore(f"sqlite:///{folder / 'campaigns.db'}")
    store.upgrade()
    outbox = ck.OutboxTransport(folder / "outbox")
    # Leave the clock out for the real time. This one sleeps by jumping.
    with ck.CampaignKit(store=store, transports={"main": outbox}, clock=ck.FrozenClock(FRIDAY_EVENING)) as kit:
        flora = kit.merchant("flora", zone="America/New_York", region="US", actor=ck.Actor("Flora"))
        flora.add_sender("main", address="Flora <hello@flora.example>")
        campaign = draft(flora)
        print("added     ", ck.to_dict(flora.add_recipients(campaign.id, ck.read_contacts(customers, region="US"))))
        check(flora, campaign)
        flora.schedule(campaign.id)
        report = kit.run()
        print("sent      ", report.sent)
        tell(flora, campaign)
    print("mails     ", len(list((folder / "outbox").glob("*.eml"))))


def draft(flora: ck.Merchant) -> ck.Campaign:
    """Return a new campaign that sends by day, Monday to Friday, at most one mail every two seconds."""
    return flora.create_campaign(
        name="Spring",
        channel="email",
        sender="main",
        content=ck.EmailContent(
            subject='Tulips for {{ customer.first_name | default: "you" }}',
            text="The first tulips are in.\n\nFlora",
        ),
        window=ck.SendWindow(days="mon-fri", opens=time(9), closes=time(17), zone="America/New_York"),
        interval=ck.Interval(seconds=2),
    )


def check(flora: ck.Merchant, campaign: ck.Campaign) -> None:
    """Print whether the campaign may be scheduled, and everything that was found."""
    preflight = flora.preflight(campaign.id)
    print("is ready  ", preflight.is_ready)
    for finding in (*preflight.blockers, *preflight.warnings):
        print(f"{finding.severity:10} {finding.message} {finding.remedy}")


def tell(flora: ck.Merchant, campaign: ck.Campaign) -> None:
    """Print what became of everybody, and the whole story of two."""
    counts = flora.counts(campaign.id)
    print("rows      ", counts.rows)
    print("rejections", dict(counts.rejections))
    print("exclusions", dict(counts.exclusions))
    print("recipients", {str(status): count for status, count in counts.by_status.items()})
    for who in ("ann@example.com", "F3"):
        explanation = flora.explain(campaign.id, who)
        print(f"\n{who}: {explanation.code}. {explanation.message}")
        for step in explanation.trail:
            print(f"  {step.at:%a %H:%M} UTC  {step.why}")
    print()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as name:
            main(Path(name))
