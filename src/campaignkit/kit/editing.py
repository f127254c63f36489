"""Which changes a campaign takes in which status, and what they make of it. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.status import CampaignStatus
from campaignkit.errors import NotEditable

__all__ = ["changed", "copied"]

# The message that was checked is the message that is sent: while a campaign may send, its content is frozen.
_SETTINGS = frozenset(
    {
        "name",
        "sender_id",
        "window",
        "interval",
        "limits",
        "shared_scopes",
        "priority",
        "deadline",
        "start_grace",
        "is_partial",
        "on_doubt",
    }
)
_MESSAGE = frozenset(
    {
        *("content_id", "link_targets", "template", "required_template"),
        *("values", "supplier", "files", "headers"),
    }
)
_EDITABLE: Mapping[CampaignStatus, frozenset[str]] = {
    CampaignStatus.DRAFT: _SETTINGS | _MESSAGE | {"kind"},
    CampaignStatus.SCHEDULED: _SETTINGS,
    CampaignStatus.SENDING: _SETTINGS,
    CampaignStatus.PAUSED: _SETTINGS | _MESSAGE,
    CampaignStatus.FAILED: _SETTINGS | _MESSAGE,
    CampaignStatus.FINISHED: frozenset(),
    CampaignStatus.CANCELLED: frozenset(),
}


def changed(campaign: Campaign, changes: Mapping[str, Any]) -> Campaign:
    """Return *campaign* with *changes*; messages prepared before them will not begin.

    Raises:
        NotEditable: its status forbids one of them.
    """
    forbidden = sorted(set(changes) - _EDITABLE[campaign.status])
    if forbidden or campaign.status in {CampaignStatus.FINISHED, CampaignStatus.CANCELLED}:
        raise NotEditable(campaign.campaign_id, campaign.status, tuple(forbidden))
    edited = attrs.evolve(campaign, **changes)
    if edited == campaign:
        return campaign
    return attrs.evolve(edited, settings_version=campaign.settings_version + 1)


def copied(campaign: Campaign, *, campaign_id: str, name: str, now: datetime) -> Campaign:
    """Return a draft with the same settings: no recipients, no schedule, no history."""
    return Campaign(
        merchant_id=campaign.merchant_id,
        campaign_id=campaign_id,
        name=name,
        channel=campaign.channel,
        kind=campaign.kind,
        topic=campaign.topic,
        sender_id=campaign.sender_id,
        content_id=campaign.content_id,
        values=campaign.values,
        supplier=campaign.supplier,
        files=campaign.files,
        headers=campaign.headers,
        link_targets=campaign.link_targets,
        is_tracking_clicks=campaign.is_tracking_clicks,
        is_tracking_opens=campaign.is_tracking_opens,
        template=campaign.template,
        required_template=campaign.required_template,
        window=campaign.window,
        interval=campaign.interval,
        limits=campaign.limits,
        shared_scopes=campaign.shared_scopes,
        priority=campaign.priority,
        start_grace=campaign.start_grace,
        is_partial=campaign.is_partial,
        on_doubt=campaign.on_doubt,
        copied_from=campaign.campaign_id,
        created_at=now,
    )
