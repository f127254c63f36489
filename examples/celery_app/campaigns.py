"""Schedules a campaign for each of some merchants, and watches the workers send: what a host's web process does.

``python -m examples.celery_app.campaigns --merchants 3 --people 500``
"""

import argparse
import sys
import time

import campaignkit as ck
from examples.celery_app.shop import DATABASE, make_kit, tasks

CONTENT = ck.EmailContent(subject='Tulips for {{ customer.first_name | default: "you" }}', text="They are in.")


def main() -> int:
    """Return 0 once everybody has a mail, 1 if the time is up before."""
    parser = argparse.ArgumentParser(prog="python -m examples.celery_app.campaigns", description=__doc__)
    parser.add_argument("--merchants", type=int, default=3)
    parser.add_argument("--people", type=int, default=500, help="of each merchant")
    parser.add_argument("--seconds", type=float, default=600, help="to wait at most")
    options = parser.parse_args()
    store = ck.SqlStore(DATABASE)
    store.upgrade()
    store.close()
    with make_kit() as kit:
        campaigns = [schedule(kit, f"shop{number}", options.people) for number in range(1, options.merchants + 1)]
        tasks.drain.delay()  # a sweep would find them, too, some seconds later
        return watch(campaigns, seconds=options.seconds)


def schedule(kit: ck.CampaignKit, merchant_id: str, people: int) -> tuple[ck.Merchant, str]:
    """Return a merchant and the id of its new campaign, which may start at once."""
    merchant = kit.merchant(merchant_id, zone="Europe/Warsaw", region="PL")
    merchant.add_sender("main", address=f"Shop <hello@{merchant_id}.example>", limits=[])
    campaign = merchant.create_campaign(name="Spring", sender="main", content=CONTENT)
    rows = ({"name": f"Customer {number}", "email": f"c{number}@{merchant_id}.example"} for number in range(people))
    merchant.add_recipients(campaign.id, (ck.parse_contact(row) for row in rows))
    merchant.schedule(campaign.id)
    return merchant, campaign.id


def watch(campaigns: list[tuple[ck.Merchant, str]], *, seconds: float) -> int:
    """Print once a second how many are in each status, until all campaigns are finished."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        for merchant, campaign_id in campaigns:
            counts = merchant.counts(campaign_id).by_status
            print(merchant.merchant_id, {str(status): count for status, count in counts.items()}, flush=True)
        if all(merchant.campaign(campaign_id).status == "finished" for merchant, campaign_id in campaigns):
            return 0
        time.sleep(1)
    return 1


if __name__ == "__main__":
    sys.exit(main())
