"""The timelines of campaigns in SQL. Each function works inside the caller's transaction."""

import json

import sqlalchemy as sa

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.stores.sql.schema import timeline

__all__ = ["add_note", "notes_of"]


def add_note(connection: sa.Connection, merchant_id: str, campaign_id: str, note: TimelineEntry) -> None:
    """Append to a campaign's timeline."""
    connection.execute(
        sa.insert(timeline).values(
            merchant_id=merchant_id,
            campaign_id=campaign_id,
            at=note.at,
            what=note.what,
            why=note.why,
            actor=note.actor,
            facts=json.dumps(dict(note.facts)),
        )
    )


def notes_of(connection: sa.Connection, merchant_id: str, campaign_id: str) -> tuple[TimelineEntry, ...]:
    """Return a campaign's timeline in order."""
    rows = connection.execute(
        sa.select(timeline)
        .where(timeline.c.merchant_id == merchant_id, timeline.c.campaign_id == campaign_id)
        .order_by(timeline.c.position)
    )
    return tuple(
        TimelineEntry(at=row.at, what=row.what, why=row.why, actor=row.actor, facts=json.loads(row.facts))
        for row in rows
    )
