"""Scheduling, pausing, resuming and cancelling campaigns."""

from datetime import datetime

from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.senders import mended
from campaignkit.campaign.status import CampaignEvent, CampaignStatus, transition
from campaignkit.credits.pumping import NumbersLook
from campaignkit.errors import NotReady, StartInPast
from campaignkit.kit import moves
from campaignkit.kit.base import aware
from campaignkit.kit.checking_verbs import CheckingVerbs
from campaignkit.kit.door import Permission, verb
from campaignkit.ports import SaveGuard

__all__ = ["SendingVerbs"]


class SendingVerbs(CheckingVerbs):
    """The verbs that move campaigns."""

    @verb(Permission.SEND_CAMPAIGN)
    def schedule(
        self,
        campaign_id: str,
        *,
        start_at: datetime | None = None,
        deadline: datetime | None = None,
        confirm_past: bool = False,
    ) -> Campaign:
        """Set the start and let the workers have it. From here on the content is frozen.

        Args:
            start_at: Aware; now if left out. Nothing leaves before it, nor outside the window.
            deadline: Aware; nothing begins at or after it, and who is still waiting expires.
            confirm_past: Send although *start_at* is longer ago than the campaign's grace (an hour by default).

        Raises:
            ValueError: a datetime is naive, or the deadline is not after the start.
            IllegalTransition: it is no draft.
            StartInPast, NotReady: it must not start so; nothing changed.
        """
        campaign = self._campaign(campaign_id)
        transition(campaign.status, CampaignEvent.SCHEDULE)
        now = self._clock.now()
        begins = aware("start_at", start_at) or now
        ends = aware("deadline", deadline) or campaign.deadline
        if ends is not None and ends <= begins:
            raise ValueError("the deadline must be after the start")
        if now - begins > campaign.start_grace and not confirm_past:
            raise StartInPast(begins.isoformat(), now.isoformat())
        look = self._require_ready(campaign, start_at=begins, deadline=ends)
        note = self._note("scheduled", "The campaign was scheduled.", start_at=begins.isoformat())
        saved = self._change(campaign_id, lambda current: moves.scheduled(current, begins, ends, confirm_past), note)
        return self._looked_at(saved, look)

    @verb(Permission.SEND_CAMPAIGN)
    def unschedule(self, campaign_id: str) -> Campaign:
        """Take a scheduled campaign back to draft, as long as nothing began."""
        note = self._note("unscheduled", "It is a draft again.")
        return self._change(campaign_id, moves.unscheduled, note, guard=SaveGuard.NOBODY_BEGAN)

    @verb(Permission.SEND_CAMPAIGN)
    def pause(self, campaign_id: str) -> Campaign:
        """Stop; when this returns, nothing more begins. What is being handed over at this instant finishes."""
        return self._change(campaign_id, moves.paused, self._note("paused", "Somebody paused it."))

    @verb(Permission.SEND_CAMPAIGN)
    def resume(self, campaign_id: str) -> Campaign:
        """Go on with those who are still pending; also after a failure was mended, or a missed start is confirmed.

        After a failure one message goes first, and the others follow once it was accepted.

        Raises:
            NotReady: preflight has blockers.
        """
        campaign = self._campaign(campaign_id)
        transition(campaign.status, CampaignEvent.RESUME)
        look = self._require_ready(campaign, start_at=self._clock.now(), deadline=campaign.deadline)
        now = self._clock.now()
        if campaign.status is CampaignStatus.FAILED:  # then whoever resumes it has mended what was wrong
            content_id = campaign.content_id
            self._records.change_health(self.merchant_id, campaign.sender_id, lambda one: mended(one, content_id))
        saved = self._change(
            campaign_id, lambda current: moves.resumed(current, now), self._note("resumed", "It goes on.")
        )
        return self._looked_at(saved, look)

    @verb(Permission.SEND_CAMPAIGN)
    def cancel(self, campaign_id: str) -> Campaign:
        """End it; everybody who is pending is cancelled in the same commit."""
        return self._change(campaign_id, moves.cancelled, self._note("cancelled", "Somebody cancelled it."))

    def _require_ready(self, campaign: Campaign, *, start_at: datetime, deadline: datetime | None) -> NumbersLook:
        """Return what its numbers told; raises NotReady."""
        look, supply = self._look(campaign), self._sample_supply(campaign)
        report = self._preflight(campaign, start_at=start_at, deadline=deadline, supply=supply, look=look)
        if not report.is_ready:
            raise NotReady(campaign.campaign_id, tuple(dict.fromkeys(finding.code for finding in report.blockers)))
        return look
