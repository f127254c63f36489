"""due, claim, release: who may be sent to next, and in whose hands they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from campaignkit.campaign.records import CampaignRecord, in_turns
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.delivery.moving import claimed, given_back
from campaignkit.delivery.sharing import Demand, Share, share
from campaignkit.ports import Claim, Due, DueList
from examples.own_store.database import Database, Work
from examples.own_store.rows import campaign_of, ground_of, limits_of, put_recipients, recipient_of, recipients_where

__all__ = ["ClaimVerbs"]

READY_MAX = 1000  # a worker claims less than that at a time; counting on would cost and tell nothing

_HELD = """
    merchant_id = %s AND campaign_id = %s AND claim_token = %s AND status = 'claimed'
    ORDER BY not_before, recipient_id
"""
_READY = """
    merchant_id = %s AND campaign_id = %s AND status = 'pending' AND intake = 'recipient' AND not_before <= %s
    ORDER BY not_before, recipient_id LIMIT %s
    FOR UPDATE SKIP LOCKED
"""
_LIVE = """
    SELECT merchant_id, document_id, body FROM own_documents
    WHERE kind = 'campaign' AND status IN ('scheduled', 'sending')
"""
_COUNTED = """
    SELECT merchant_id, campaign_id,
        (SELECT count(*) FROM (
            SELECT FROM own_recipients AS r
            WHERE (r.merchant_id, r.campaign_id, r.status, r.intake) = (c.merchant_id, c.campaign_id, 'pending',
                'recipient') AND not_before <= %(now)s
            LIMIT %(most)s) AS ready),
        (SELECT min(not_before) FROM own_recipients AS r
            WHERE (r.merchant_id, r.campaign_id, r.status, r.intake) = (c.merchant_id, c.campaign_id, 'pending',
                'recipient') AND not_before > %(now)s),
        (SELECT min(lease_until) FROM own_recipients AS r
            WHERE (r.merchant_id, r.campaign_id) = (c.merchant_id, c.campaign_id) AND lease_until IS NOT NULL)
    FROM unnest(%(merchants)s::text[], %(campaigns)s::text[]) AS c (merchant_id, campaign_id)
"""


@attrs.frozen
class _Count:
    """What the rows of one campaign say."""

    ready: int
    next_pending_at: datetime | None
    next_lease_at: datetime | None


class ClaimVerbs(Database):
    """Half of ``ports.DispatchStore``."""

    def due(self, now: datetime, /, *, limit: int, after: tuple[str, str] | None = None) -> DueList:
        with self.reading() as work:
            now = work.now  # a worker whose clock is a day wrong would stand idle or run hot
            live = [CampaignRecord.of(*row) for row in work.rows(_LIVE)]
            awake = [campaign for campaign in live if campaign.is_awake(now)]
            counts = _counts(work, awake)
            shares = _shares(work, [one for one in awake if not one.is_resting(now)], counts)
            lease_at = work.first("SELECT min(lease_until) FROM own_recipients WHERE lease_until IS NOT NULL")
        starts = (one.next_at for one in live if one.status is CampaignStatus.SCHEDULED)
        later = [at for at in (*starts, lease_at) if at is not None and (at > now or at is lease_at)]
        chosen = in_turns(awake, after)[: max(limit, 0)]
        due = tuple(_due(one, counts[one.identity], shares.get(one.identity)) for one in chosen)
        return DueList(due, min(later, default=None), now)

    def claim(
        self,
        merchant_id: str,
        campaign_id: str,
        /,
        *,
        worker_id: str,
        token: str,
        lease: timedelta,
        limit: int,
    ) -> Sequence[Claim]:
        with self.claiming(merchant_id, token) as work:
            campaign = campaign_of(work, merchant_id, campaign_id)
            if campaign is None or campaign.status is not CampaignStatus.SENDING:
                return []
            held = recipients_where(work, _HELD, merchant_id, campaign_id, token)
            if not held:
                ready = recipients_where(work, _READY, merchant_id, campaign_id, work.now, max(limit, 0))
                held = [claimed(row, work.now, lease=lease, worker_id=worker_id, token=token) for row in ready]
                put_recipients(work, held)
        return [Claim(recipient=row) for row in held]

    def release(
        self, claims: Sequence[Claim], /, *, not_before: datetime | None = None, reason: str = "", detail: str = ""
    ) -> int:
        released = 0
        with self.writing(*(claim.recipient.merchant_id for claim in claims)) as work:
            for claim in claims:
                row = recipient_of(work, claim.recipient.merchant_id, claim.recipient.recipient_id)
                if row is None or row.status is not RecipientStatus.CLAIMED or row.epoch != claim.epoch:
                    continue
                at, ground = not_before or row.not_before, ground_of(work, row)
                back = given_back(row, ground, work.now, not_before=at, reason=reason, detail=detail)
                put_recipients(work, [back])
                released += 1
        return released


def _counts(work: Work, campaigns: Sequence[CampaignRecord]) -> dict[tuple[str, str], _Count]:
    given: Mapping[str, Any] = {
        "now": work.now,
        "most": READY_MAX,
        "merchants": [one.merchant_id for one in campaigns],
        "campaigns": [one.campaign_id for one in campaigns],
    }
    found = work.connection.execute(_COUNTED.encode(), given)
    return {(merchant_id, campaign_id): _Count(*told) for merchant_id, campaign_id, *told in found}


def _shares(
    work: Work, campaigns: Sequence[CampaignRecord], counts: Mapping[tuple[str, str], _Count]
) -> dict[tuple[str, str], Share]:
    """Return what limits leave to each, asked over all of them: they may share one."""
    demands = [
        Demand(
            merchant_id=one.merchant_id,
            campaign_id=one.campaign_id,
            priority=one.priority,
            ready_count=counts[one.identity].ready,
            limit_scopes=one.limit_scopes,
        )
        for one in campaigns
    ]
    states = limits_of(work, {scope.key for one in campaigns for scope in one.limit_scopes})
    shares = share(demands, states, work.now)
    # One that has yet to start is kept its part, but not from starting.
    return {
        campaign.identity: one
        for campaign, one in zip(campaigns, shares, strict=True)
        if campaign.status is CampaignStatus.SENDING
    }


def _due(campaign: CampaignRecord, count: _Count, granted: Share | None) -> Due:
    return Due(
        merchant_id=campaign.merchant_id,
        campaign_id=campaign.campaign_id,
        ready_count=count.ready if granted is None else granted.count,
        next_pending_at=count.next_pending_at,
        next_lease_at=count.next_lease_at,
        limited_until=None if granted is None else granted.limited_until,
    )
