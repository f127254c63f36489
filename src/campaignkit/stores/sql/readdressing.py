"""Moving one recipient to another address, in SQL. Works inside the caller's transaction."""

import json
from datetime import datetime

import sqlalchemy as sa

from campaignkit.campaign.recipients import CampaignRecipient, NewAddress, ReaddressResult, landing, readdressed
from campaignkit.campaign.status import CampaignStatus
from campaignkit.stores.sql.audience import recipient_of, require_open_campaign, suppressed
from campaignkit.stores.sql.connection import ReadNow
from campaignkit.stores.sql.schema import IS_RECIPIENT, campaigns, recipients

__all__ = ["readdress"]


def readdress(
    connection: sa.Connection,
    merchant_id: str,
    campaign_id: str,
    recipient_id: str,
    to: NewAddress,
    *,
    read_now: ReadNow,
) -> ReaddressResult:
    """Read under the campaign's lock, which keeps lists out that may bring the same address; decide; write."""
    require_open_campaign(connection, merchant_id, campaign_id)
    stored = connection.execute(
        sa.select(recipients)
        .where(
            recipients.c.merchant_id == merchant_id,
            recipients.c.campaign_id == campaign_id,
            recipients.c.recipient_id == recipient_id,
        )
        .with_for_update()
    ).first()
    if stored is None:
        return ReaddressResult.NOT_FOUND
    row, now = recipient_of(stored), read_now(connection)
    status, deadline = _campaign_facts(connection, merchant_id, campaign_id)
    land = landing(
        reason="readdressed",
        not_before=now,
        campaign_status=status,
        is_suppressed=bool(suppressed(connection, merchant_id, [to.address_key])),
        deadline=deadline,
    )
    moved = readdressed(row, to, is_taken=_is_taken(connection, row, to.address_key), land=land, now=now)
    if isinstance(moved, ReaddressResult):
        return moved
    _write(connection, moved)
    return ReaddressResult.MOVED


def _campaign_facts(
    connection: sa.Connection, merchant_id: str, campaign_id: str
) -> tuple[CampaignStatus, datetime | None]:
    found = connection.execute(
        sa.select(campaigns.c.status, campaigns.c.deadline).where(
            campaigns.c.merchant_id == merchant_id, campaigns.c.campaign_id == campaign_id
        )
    ).one()
    return CampaignStatus(found.status), found.deadline


def _is_taken(connection: sa.Connection, row: CampaignRecipient, address_key: str) -> bool:
    other = sa.select(recipients.c.recipient_id).where(
        recipients.c.merchant_id == row.merchant_id,
        recipients.c.campaign_id == row.campaign_id,
        IS_RECIPIENT,
        recipients.c.channel == row.channel.value,
        recipients.c.address_key == address_key,
        recipients.c.occasion == row.occasion,
        recipients.c.recipient_id != row.recipient_id,
    )
    return connection.execute(other).first() is not None


def _write(connection: sa.Connection, moved: CampaignRecipient) -> None:
    connection.execute(
        sa.update(recipients)
        .where(recipients.c.merchant_id == moved.merchant_id, recipients.c.recipient_id == moved.recipient_id)
        .values(
            status=moved.status.value,
            reason=moved.reason,
            detail=moved.detail,
            contact_id=moved.contact_id,
            address=moved.address,
            address_key=moved.address_key,
            zones=",".join(moved.zones),
            fields=json.dumps(dict(moved.fields), ensure_ascii=False),
            not_before=moved.not_before,
            epoch=moved.epoch,
            attempt_count=moved.attempt_count,
            lease_until=None,
            worker_id="",
            claim_token="",
            changed_at=moved.changed_at,
        )
    )
