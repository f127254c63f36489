"""Claiming in SQL, inside the caller's transaction.

SQLite's transactions are IMMEDIATE, so one writer is alone. PostgreSQL takes row locks in the order campaign,
recipients, limits; a claim skips rows that others hold.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.ports import Claim
from campaignkit.stores.sql.audience import CHANNELS, DELIVERIES, INTAKES, recipient_of
from campaignkit.stores.sql.connection import ReadNow
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.schema import Instants, campaigns, has_status, is_held, recipients, to_micros
from campaignkit.stores.sql.statements import Statement, is_among

__all__ = ["claim"]

_OF_CAMPAIGN = (
    recipients.c.merchant_id == sa.bindparam("merchant"),
    recipients.c.campaign_id == sa.bindparam("campaign"),
)
_HELD_BY_TOKEN = (
    sa.select(recipients)
    .where(
        *_OF_CAMPAIGN,
        is_held,
        recipients.c.claim_token == sa.bindparam("token"),
        has_status(RecipientStatus.CLAIMED),
    )
    .order_by(recipients.c.not_before, recipients.c.recipient_id)
)
_CAMPAIGN = Statement(
    ("merchant", "campaign", "token"),
    lambda _: (
        sa.select(campaigns.c.status, _HELD_BY_TOKEN.order_by(None).exists())
        .where(campaigns.c.merchant_id == sa.bindparam("merchant"), campaigns.c.campaign_id == sa.bindparam("campaign"))
        .with_for_update(read=True, of=campaigns)
    ),
)
_read_json = json.JSONDecoder().raw_decode  # what was stored has no blanks around it, which loads would look for
# What a claim does not set itself, in the order in which ``_claim_of`` takes it.
_CLAIMED_COLUMNS = (
    recipients.c.recipient_id,
    recipients.c.intake,
    recipients.c.reason,
    recipients.c.detail,
    recipients.c.channel,
    recipients.c.contact_key,
    recipients.c.contact_id,
    recipients.c.row_number,
    recipients.c.duplicate_of,
    recipients.c.address,
    recipients.c.address_key,
    recipients.c.occasion,
    recipients.c.zones,
    recipients.c.fields,
    recipients.c.priority,
    recipients.c.not_before,
    recipients.c.epoch,
    recipients.c.generation,
    recipients.c.is_repeated,
    recipients.c.attempt_count,
    recipients.c.doubt_until,
    recipients.c.delivery,
    recipients.c.price,
    recipients.c.added_at,
)
_READY = Statement(
    ("merchant", "campaign", "now", "most"),
    lambda _: (
        sa.select(*_CLAIMED_COLUMNS)
        .where(*_OF_CAMPAIGN, has_status(RecipientStatus.PENDING), recipients.c.not_before <= sa.bindparam("now"))
        .order_by(recipients.c.not_before, recipients.c.recipient_id)
        .limit(sa.bindparam("most"))
        .with_for_update(skip_locked=True)
    ),
)
_CLAIM = Statement(
    ("new_lease_until", "new_worker_id", "new_claim_token", "new_changed_at", "merchant", "ids"),
    lambda is_sqlite: (
        sa.update(recipients)
        .where(
            recipients.c.merchant_id == sa.bindparam("merchant"),
            is_among(recipients.c.recipient_id, "ids", is_sqlite=is_sqlite),
        )
        .values(
            status=sa.literal_column(f"'{RecipientStatus.CLAIMED.value}'"),
            epoch=recipients.c.epoch + 1,
            lease_until=sa.bindparam("new_lease_until"),
            worker_id=sa.bindparam("new_worker_id"),
            claim_token=sa.bindparam("new_claim_token"),
            changed_at=sa.bindparam("new_changed_at"),
        )
    ),
)


def claim(
    driver: Driver,
    merchant_id: str,
    campaign_id: str,
    *,
    worker_id: str,
    token: str,
    lease: timedelta,
    limit: int,
    read_now: ReadNow,
) -> Sequence[Claim]:
    """Claim pending recipients whose time has come, the longest waiting first."""
    if not token:
        raise ValueError("a claim needs a token: it is how a store knows who is held")
    found = driver.rows(_CAMPAIGN, (merchant_id, campaign_id, token))
    if not found or found[0][0] != CampaignStatus.SENDING:
        return []
    if found[0][1]:
        mine = {"merchant": merchant_id, "campaign": campaign_id, "token": token}
        return [Claim(recipient=recipient_of(row)) for row in driver.connection.execute(_HELD_BY_TOKEN, mine)]
    now = read_now(driver.connection)
    rows = driver.rows(_READY, (merchant_id, campaign_id, to_micros(now), limit))
    if not rows:
        return []
    ids = [row[0] for row in rows]
    driver.run(_CLAIM, (to_micros(now + lease), worker_id, token, to_micros(now), merchant_id, ids))
    changes = {
        "merchant_id": merchant_id,
        "campaign_id": campaign_id,
        "status": RecipientStatus.CLAIMED,
        "lease_until": now + lease,
        "worker_id": worker_id,
        "claim_token": token,
        "changed_at": now,
    }
    instants = Instants()
    return [Claim(recipient=_claimed(row, instants, changes)) for row in rows]


def _claimed(row: Sequence[Any], instants: Instants, changes: Mapping[str, Any]) -> CampaignRecipient:
    (
        recipient_id,
        intake,
        reason,
        detail,
        channel,
        contact_key,
        contact_id,
        row_number,
        duplicate_of,
        address,
        address_key,
        occasion,
        zones,
        fields,
        priority,
        not_before,
        epoch,
        generation,
        is_repeated,
        attempt_count,
        doubt_until,
        delivery,
        price,
        added_at,
    ) = row
    return CampaignRecipient(
        recipient_id=recipient_id,
        intake=INTAKES[intake],
        reason=reason,
        detail=detail,
        channel=CHANNELS[channel],
        contact_key=contact_key,
        contact_id=contact_id,
        row_number=row_number,
        duplicate_of=duplicate_of,
        address=address,
        address_key=address_key,
        occasion=occasion,
        zones=tuple(zones.split(",")) if zones else (),
        fields=_read_json(fields)[0],
        priority=priority,
        not_before=instants[not_before],
        epoch=epoch + 1,
        generation=generation,
        is_repeated=bool(is_repeated),
        attempt_count=attempt_count,
        doubt_until=None if doubt_until is None else instants[doubt_until],
        delivery=DELIVERIES[delivery],
        price=price,
        added_at=instants[added_at],
        **changes,
    )
