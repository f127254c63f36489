"""Letting a finished campaign send again, in SQL, inside the caller's transaction."""

import json
from datetime import datetime

import sqlalchemy as sa

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.status import CampaignEvent, CampaignStatus, transition
from campaignkit.stores.sql.schema import campaigns
from campaignkit.stores.sql.timelines import add_note

__all__ = ["reopen"]


def reopen(connection: sa.Connection, merchant_id: str, campaign_id: str, *, why: str, now: datetime) -> None:
    """Let a finished campaign send again: somebody on it is pending."""
    mine = (campaigns.c.merchant_id == merchant_id, campaigns.c.campaign_id == campaign_id)
    row = connection.execute(sa.select(campaigns).where(*mine).with_for_update()).one()
    status = transition(CampaignStatus(row.status), CampaignEvent.REOPEN)
    body = json.dumps(json.loads(row.body) | {"status": status.value, "finished_at": None})
    connection.execute(
        sa.update(campaigns).where(*mine).values(status=status.value, body=body, revision=row.revision + 1)
    )
    add_note(connection, merchant_id, campaign_id, TimelineEntry(at=now, what="reopened", why=why))
