"""Listing who is in doubt, and sending anew."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.doubts import RESEND_QUARANTINE, Doubt
from campaignkit.campaign.status import CampaignStatus
from campaignkit.errors import NotEditable
from campaignkit.insight.doubts import InDoubt, describe_doubt
from campaignkit.kit.base import PAGE_MAX
from campaignkit.kit.door import Permission, verb
from campaignkit.kit.recipient_verbs import RecipientVerbs
from campaignkit.kit.results import ResentDoubts

__all__ = ["DoubtVerbs"]


class DoubtVerbs(RecipientVerbs):
    """The verbs on messages of which nobody knows whether they were accepted."""

    @verb(Permission.VIEW_CAMPAIGN)
    def in_doubt(self, campaign_id: str, after: str | None = None, limit: int = 100) -> tuple[InDoubt, ...]:
        """Return who is in doubt, since when, until when, why, and what can be done; paged like ``recipients``."""
        campaign = self._campaign(campaign_id)
        found = self._store.doubts(self.merchant_id, campaign_id, after=after, limit=min(limit, PAGE_MAX))
        again, zone = self._repeated_content(campaign), self.settings.zone
        return tuple(describe_doubt(one, campaign, zone=zone, repeated_content=again) for one in found)

    @verb(Permission.SEND_CAMPAIGN)
    def resend_in_doubt(self, campaign_id: str, *, recipients: Iterable[str] | None = None) -> ResentDoubts:
        """Send anew to who is in doubt, all or those named, and return what that did; who has it gets it twice.

        Only to those whose message was handed over 15 minutes ago or longer: until then its worker, or a receipt, may
        still tell. A finished campaign goes on. The message is a new one, with a Message-ID, links and a price of its
        own; window, limits, deadline and frequency cap hold for it. If the first turns out accepted before the second
        has begun, there is no second.

        Args:
            recipients: Whom, as for ``explain``.

        Raises:
            CampaignNotFound, RecipientNotFound: there is no such campaign, or nobody on it answers to one of the names.
            NotEditable: the campaign was cancelled.
        """
        campaign = self._campaign(campaign_id)
        if isinstance(recipients, str):
            raise TypeError("recipients is a list of them, not one text")
        if campaign.status is CampaignStatus.CANCELLED:
            raise NotEditable(campaign_id, campaign.status, ("recipients",))
        ids = None if recipients is None else {self._find(campaign, who).recipient_id for who in recipients}
        resent = self._resend(campaign, ids)
        left = [one for one in self._doubts(campaign) if ids is None or one.recipient_id in ids]
        return self._resent(campaign, resent, left)

    def _resend(self, campaign: Campaign, ids: set[str] | None) -> int:
        note = self._note("resent", "Those in doubt are sent anew; who had the message already gets it twice.")
        resent = 0
        while moved := self._store.resend(
            self.merchant_id,
            campaign.campaign_id,
            quarantine=RESEND_QUARANTINE,
            recipient_ids=None if ids is None else sorted(ids),
            limit=PAGE_MAX,
            note=note,
        ):
            resent += moved
        return resent

    def _resent(self, campaign: Campaign, resent: int, left: Iterable[Doubt]) -> ResentDoubts:
        suppressed = accepted = expired = waiting = 0
        until: datetime | None = None
        for doubt in left:
            if doubt.is_accepted_before:
                accepted += 1
            elif doubt.is_suppressed:
                suppressed += 1
            elif campaign.deadline is not None and max(doubt.resendable_at, self._clock.now()) >= campaign.deadline:
                expired += 1
            else:
                waiting += 1
                until = doubt.resendable_at if until is None else max(until, doubt.resendable_at)
        return ResentDoubts(
            resent=resent,
            quarantined=waiting,
            quarantined_until=until,
            suppressed=suppressed,
            accepted_before=accepted,
            expired=expired,
        )

    def _doubts(self, campaign: Campaign) -> Iterator[Doubt]:
        after: str | None = None
        while page := self._store.doubts(self.merchant_id, campaign.campaign_id, after=after, limit=PAGE_MAX):
            yield from page
            after = page[-1].recipient_id
