"""What a store reads of campaigns' bodies, and in what order they have their turns. Pure; stores share it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self

import attrs

from campaignkit.campaign.campaign import CampaignKind
from campaignkit.campaign.documents import limit_scopes_of, moment, resting_until
from campaignkit.campaign.status import CampaignStatus
from campaignkit.timing.limits import LimitScope

__all__ = ["CampaignRecord", "in_turns"]


@attrs.frozen(kw_only=True)
class CampaignRecord:
    """What a store itself reads of a campaign's body."""

    merchant_id: str
    campaign_id: str
    status: CampaignStatus
    settings_version: int
    priority: int
    next_at: datetime | None
    deadline: datetime | None
    limit_scopes: tuple[LimitScope, ...]
    is_marketing: bool
    resting_until: datetime | None

    @classmethod
    def of(cls, merchant_id: str, campaign_id: str, body: Mapping[str, Any]) -> Self:
        """Return what stands in the *body* of a campaign."""
        return cls(
            merchant_id=merchant_id,
            campaign_id=campaign_id,
            status=CampaignStatus(body["status"]),
            settings_version=body["settings_version"],
            priority=body.get("priority", 0),
            next_at=moment(body["next_at"]),
            deadline=moment(body["deadline"]),
            limit_scopes=limit_scopes_of(body),
            resting_until=resting_until(body),
            is_marketing=body.get("kind", CampaignKind.MARKETING) == CampaignKind.MARKETING,
        )

    @property
    def identity(self) -> tuple[str, str]:
        return (self.merchant_id, self.campaign_id)

    def is_overdue(self, now: datetime) -> bool:
        """Return whether its deadline has come."""
        return self.deadline is not None and self.deadline <= now

    def is_resting(self, now: datetime) -> bool:
        """Return whether it begins nothing at *now*, whatever its limits."""
        return self.resting_until is not None and self.resting_until > now

    def is_awake(self, now: datetime) -> bool:
        """Return whether the campaign may have work at *now*."""
        if self.status is CampaignStatus.SCHEDULED:
            return self.next_at is not None and self.next_at <= now
        return self.status is CampaignStatus.SENDING


def in_turns(records: Iterable[CampaignRecord], after: tuple[str, str] | None) -> Sequence[CampaignRecord]:
    """Return *records* round by merchant: the first of each, then the second of each, behind *after*.

    A merchant's own campaigns go by priority, the highest first. Where *after* is gone, its merchant had its turn.
    """
    ranks: dict[str, int] = {}
    turns: list[tuple[int, str, CampaignRecord]] = []
    for record in sorted(records, key=lambda one: (one.merchant_id, -one.priority, one.campaign_id)):
        rank = ranks.get(record.merchant_id, 0)
        ranks[record.merchant_id] = rank + 1
        turns.append((rank, record.merchant_id, record))
    ordered = [record for _, _, record in sorted(turns, key=lambda turn: turn[:2])]
    start = _start(ordered, after)
    return ordered[start:] + ordered[:start]


def _start(ordered: Sequence[CampaignRecord], after: tuple[str, str] | None) -> int:
    if after is None:
        return 0
    identities = [(record.merchant_id, record.campaign_id) for record in ordered]
    if after in identities:
        return identities.index(after) + 1
    return next((place for place, (merchant_id, _) in enumerate(identities) if merchant_id > after[0]), 0)
