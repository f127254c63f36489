"""Who is in doubt in MemoryStore, and sending anew: ``ports.DoubtStore`` over the tables."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.doubts import Doubt, counted
from campaignkit.campaign.recipients import CampaignRecipient, landing
from campaignkit.campaign.status import RecipientStatus
from campaignkit.delivery.moving import doubt_of, resent
from campaignkit.delivery.settling import SENT_ANEW
from campaignkit.stores.memory.feedback import MemoryFeedback

__all__ = ["MemoryDoubts"]


class MemoryDoubts(MemoryFeedback):
    """doubts, resend."""

    def doubts(
        self, merchant_id: str, campaign_id: str, /, *, after: str | None = None, limit: int = 1000
    ) -> Sequence[Doubt]:
        with self._lock:
            rows = self._in_doubt(merchant_id, campaign_id)
            return [self._doubt(row) for row in rows if after is None or row.recipient_id > after][:limit]

    def resend(
        self,
        merchant_id: str,
        campaign_id: str,
        /,
        *,
        quarantine: timedelta,
        recipient_ids: Sequence[str] | None = None,
        generation_max: int | None = None,
        repeated_content: str | None = None,
        limit: int = 1000,
        note: TimelineEntry | None = None,
    ) -> int:
        with self._lock:
            now = self._now()
            named = None if recipient_ids is None else frozenset(recipient_ids)
            chosen = [
                row
                for row in self._in_doubt(merchant_id, campaign_id)
                if (named is None or row.recipient_id in named)
                and (generation_max is None or row.generation <= generation_max)
                and repeated_content in {None, self._recipients.attempt(row).content_digest}
                and self._doubt(row).began_at <= now - quarantine
                and self._may_be_resent(row, now)
            ][:limit]
            for row in chosen:
                self._resend_one(row, now, is_repeat=repeated_content is not None)
            if chosen:
                self._reopen(merchant_id, campaign_id, SENT_ANEW, now)
                if note is not None:
                    self._documents.add_note(merchant_id, campaign_id, counted(note, len(chosen)))
            return len(chosen)

    def _in_doubt(self, merchant_id: str, campaign_id: str) -> list[CampaignRecipient]:
        rows = self._recipients.in_status(merchant_id, campaign_id, RecipientStatus.IN_DOUBT)
        return sorted(rows, key=lambda row: row.recipient_id)

    def _doubt(self, row: CampaignRecipient) -> Doubt:
        tried = self._recipients.attempts(row.merchant_id, row.recipient_id)
        return doubt_of(row, tried, is_suppressed=self._is_suppressed(row.merchant_id, row.address_key))

    def _may_be_resent(self, row: CampaignRecipient, now: datetime) -> bool:
        campaign = self._campaign_of(row)
        land = landing(
            reason="resent",
            not_before=now,
            campaign_status=campaign.status,
            is_suppressed=False,
            deadline=campaign.deadline,
        )
        return land.status is RecipientStatus.PENDING and self._doubt(row).may_be_resent

    def _resend_one(self, row: CampaignRecipient, now: datetime, *, is_repeat: bool) -> None:
        after, left_open = resent(row, self._recipients.attempt(row), now, is_repeat=is_repeat)
        self._recipients.put_attempt(left_open)
        self._recipients.put(after)
