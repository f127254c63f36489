"""doubts, resend: who is in doubt, and sending anew on purpose."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.doubts import Doubt, counted
from campaignkit.campaign.recipients import CampaignRecipient, landing
from campaignkit.campaign.records import CampaignRecord
from campaignkit.campaign.status import RecipientStatus
from campaignkit.delivery.moving import doubt_of, resent
from campaignkit.delivery.settling import SENT_ANEW
from examples.own_store.database import Database, Work
from examples.own_store.recipients import BATCH_MAX
from examples.own_store.rows import (
    add_note,
    attempt_of,
    attempts_of,
    campaign_of,
    put_attempts,
    put_recipients,
    recipients_where,
    suppressed_of,
)
from examples.own_store.settling import reopen

__all__ = ["DoubtVerbs"]

_IN_DOUBT = """
    merchant_id = %s AND campaign_id = %s AND status = 'in_doubt' AND recipient_id > %s
    AND (%s::text[] IS NULL OR recipient_id = ANY(%s)) ORDER BY recipient_id LIMIT %s
"""


class DoubtVerbs(Database):
    """``ports.DoubtStore``."""

    def doubts(
        self, merchant_id: str, campaign_id: str, /, *, after: str | None = None, limit: int = 1000
    ) -> Sequence[Doubt]:
        given = (merchant_id, campaign_id, after or "", None, None, max(limit, 0))
        with self.reading() as work:
            return [_doubt(work, row) for row in recipients_where(work, _IN_DOUBT, *given)]

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
        count = 0
        with self.writing(merchant_id) as work:
            campaign = campaign_of(work, merchant_id, campaign_id)
            for row in _in_doubt(work, merchant_id, campaign_id, recipient_ids) if campaign else ():
                attempt = attempt_of(work, row)
                is_alike = repeated_content in {None, attempt.content_digest}
                if count < limit and is_alike and _may_be_resent(work, row, campaign, quarantine, generation_max):
                    after, left_open = resent(row, attempt, work.now, is_repeat=repeated_content is not None)
                    put_recipients(work, [after])
                    put_attempts(work, [left_open])
                    count += 1
            if count:
                reopen(work, merchant_id, campaign_id, SENT_ANEW)
                if note is not None:
                    add_note(work, merchant_id, campaign_id, counted(note, count))
        return count


def _in_doubt(
    work: Work, merchant_id: str, campaign_id: str, recipient_ids: Sequence[str] | None
) -> Iterator[CampaignRecipient]:
    """Yield who is in doubt in order of their ids, a page in memory at a time."""
    named, after = None if recipient_ids is None else list(recipient_ids), ""
    while page := recipients_where(work, _IN_DOUBT, merchant_id, campaign_id, after, named, named, BATCH_MAX):
        yield from page
        after = page[-1].recipient_id


def _doubt(work: Work, row: CampaignRecipient) -> Doubt:
    tried = attempts_of(work, row.merchant_id, row.recipient_id)
    is_suppressed = bool(suppressed_of(work, row.merchant_id, [row.address_key]))
    return doubt_of(row, tried, is_suppressed=is_suppressed)


def _may_be_resent(
    work: Work,
    row: CampaignRecipient,
    campaign: CampaignRecord | None,
    quarantine: timedelta,
    generation_max: int | None,
) -> bool:
    if campaign is None or (generation_max is not None and row.generation > generation_max):
        return False
    land = landing(
        reason="resent",
        not_before=work.now,
        campaign_status=campaign.status,
        is_suppressed=False,  # the doubt says so
        deadline=campaign.deadline,
    )
    doubt = _doubt(work, row)
    is_quiet = doubt.began_at <= work.now - quarantine
    return is_quiet and land.status is RecipientStatus.PENDING and doubt.may_be_resent
