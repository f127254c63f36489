"""One campaign sent to its end in the foreground, and no other one of its database. I/O by store and transport."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.status import CampaignStatus
from campaignkit.cli.signals import StopRequest
from campaignkit.clocks import SystemClock
from campaignkit.kit.kit import CampaignKit
from campaignkit.kit.merchant import Merchant
from campaignkit.ports import DueList
from campaignkit.stores.sql.store import SqlStore

__all__ = ["OneCampaignStore", "send_to_the_end"]

LOOK_SECONDS = 5.0  # how often a waiting campaign is looked at: somebody else may have moved it
ROUND_MESSAGES = 100  # how many are sent between two looks
LIVE_MAX = 10_000  # campaigns that one database has live at a time
_LIVE = {CampaignStatus.SCHEDULED, CampaignStatus.SENDING}


class OneCampaignStore(SqlStore):
    """A store in which nothing else is due: this process has the transport of one campaign only."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.only: tuple[str, str] | None = None  # merchant and campaign; None: nothing at all

    def due(self, now: datetime, /, *, limit: int, after: tuple[str, str] | None = None) -> DueList:
        del limit, after
        found = super().due(now, limit=LIVE_MAX)
        ours = tuple(due for due in found.campaigns if (due.merchant_id, due.campaign_id) == self.only)
        return DueList(ours, found.next_at)


def send_to_the_end(
    kit: CampaignKit,
    merchant: Merchant,
    campaign_id: str,
    *,
    stop: StopRequest,
    on_sent: Callable[[int], None],
    on_waiting: Callable[[Campaign], None],
) -> int:
    """Send until the campaign rests or *stop* is set; return how many were sent."""
    sent, told = 0, ""
    while not stop.is_set():
        done = kit.tick(max_messages=ROUND_MESSAGES)
        sent += done.sent
        on_sent(done.sent)
        campaign = merchant.campaign(campaign_id)
        if campaign.status not in _LIVE:
            break
        if campaign.waiting_for != told and campaign.next_at is not None:
            on_waiting(campaign)
        told = campaign.waiting_for
        stop.wait(_pause_seconds((done.next_at, campaign.next_at)))
    return sent


def _pause_seconds(moments: Sequence[datetime | None]) -> float:
    """Return how long to wait for the earliest of *moments*, at most ``LOOK_SECONDS``."""
    now = SystemClock().now()
    ahead = [(at - now).total_seconds() for at in moments if at is not None]
    return min([LOOK_SECONDS, *(max(seconds, 0.0) for seconds in ahead)])
