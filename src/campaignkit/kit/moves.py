"""What a merchant's verbs make of a campaign: one function per move, by the table of status.py. Pure."""

from datetime import datetime

import attrs

from campaignkit.campaign.campaign import Campaign, WaitingFor
from campaignkit.campaign.status import LIVE_STATUSES, CampaignEvent, transition

__all__ = ["cancelled", "held", "paused", "resumed", "scheduled", "unscheduled"]


def scheduled(campaign: Campaign, start_at: datetime, deadline: datetime | None, is_confirmed: bool) -> Campaign:
    """Return the campaign waiting for *start_at*."""
    return attrs.evolve(
        campaign,
        status=transition(campaign.status, CampaignEvent.SCHEDULE),
        start_at=start_at,
        deadline=deadline,
        is_late_start_confirmed=is_confirmed,
        waiting_for=WaitingFor.START,
        next_at=start_at,
    )


def unscheduled(campaign: Campaign) -> Campaign:
    """Return the campaign as a draft without a start."""
    return attrs.evolve(
        campaign,
        status=transition(campaign.status, CampaignEvent.UNSCHEDULE),
        start_at=None,
        deadline=None,
        is_late_start_confirmed=False,
        waiting_for=WaitingFor.NOTHING,
        next_at=None,
    )


def paused(campaign: Campaign) -> Campaign:
    """Return the campaign at rest until somebody resumes it."""
    status = transition(campaign.status, CampaignEvent.PAUSE)
    return attrs.evolve(campaign, status=status, waiting_for=WaitingFor.NOTHING, next_at=None)


def held(campaign: Campaign) -> Campaign:
    """Return a live campaign at rest until a person has looked at it; any other begins nothing anyway."""
    if campaign.status not in LIVE_STATUSES:
        return campaign
    return attrs.evolve(paused(campaign), waiting_for=WaitingFor.CONFIRMATION)


def resumed(campaign: Campaign, now: datetime) -> Campaign:
    """Return the campaign ready to go on: at its start if that is still to come, else now.

    Resuming one whose start was missed is the confirmation that it may go out late.
    """
    start_at = campaign.start_at or now
    is_to_come = not campaign.has_begun and start_at > now
    return attrs.evolve(
        campaign,
        status=transition(campaign.status, CampaignEvent.RESUME),
        is_late_start_confirmed=True,
        failure_code="",
        failure_reply="",
        waiting_for=WaitingFor.START if is_to_come else WaitingFor.NOTHING,
        next_at=start_at if is_to_come else now,
    )


def cancelled(campaign: Campaign) -> Campaign:
    """Return the campaign at its end; the store cancels who is pending in the same commit."""
    status = transition(campaign.status, CampaignEvent.CANCEL)
    return attrs.evolve(campaign, status=status, waiting_for=WaitingFor.NOTHING, next_at=None)
