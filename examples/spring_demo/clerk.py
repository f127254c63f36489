"""A fresh process that has nothing but the SQLite file: no mail server, no worker, no memory. The books out, as JSON.

``python -m examples.spring_demo.clerk shop.db`` prints what became of every row; with more arguments
(``"row 12"``, ``ann@example.com``) the story of each.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import campaignkit as ck
from examples.spring_demo.shop import MONDAY, find_campaign, open_kit

PAGE = 500


def books_of(flora: ck.Merchant, campaign_id: str) -> dict[str, Any]:
    """Return every row of the campaign: rejections counted, exclusions and recipients one by one."""
    counts = flora.counts(campaign_id)
    return {
        "rows": counts.rows,
        "rejections": dict(counts.rejections),
        "exclusions": [_line(row) for row in _all_pages(flora.exclusions, campaign_id)],
        "recipients": [_line(row) for row in _all_pages(flora.recipients, campaign_id)],
    }


def _all_pages(verb: Any, campaign_id: str) -> Iterator[ck.CampaignRecipient]:
    after: str | None = None
    while page := verb(campaign_id, after=after, limit=PAGE):
        yield from page
        after = page[-1].recipient_id


def _line(row: ck.CampaignRecipient) -> dict[str, Any]:
    return {"row": row.row_number, "address": row.address, "status": row.status, "reason": row.reason}


def main() -> None:
    """Print the books, or the stories that are asked for."""
    database, *asked = sys.argv[1:]
    with open_kit(Path(database), ck.FrozenClock(MONDAY)) as kit:
        flora = kit.merchant("flora")
        campaign = find_campaign(flora)
        stories = [ck.to_dict(flora.explain(campaign.id, who)) for who in asked]
        print(json.dumps(stories if asked else books_of(flora, campaign.id)))


if __name__ == "__main__":
    main()
