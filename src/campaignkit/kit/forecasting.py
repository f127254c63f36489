"""The verb that says when a campaign will have gone, and when each of its recipients has it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Self

import attrs

from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.recipients import CampaignRecipient, Intake
from campaignkit.campaign.senders import Sender
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.dispatch.limiting import shared_scopes
from campaignkit.errors import SenderNotFound
from campaignkit.insight.explain import explain
from campaignkit.insight.forecast import Before, Eta, EtaCode, Forecast, Planned, Planner, sharing_limits
from campaignkit.kit.base import PAGE_MAX, aware
from campaignkit.kit.door import Permission, verb
from campaignkit.kit.recipient_verbs import RecipientVerbs
from campaignkit.kit.sending_verbs import SendingVerbs
from campaignkit.timing.limits import OTHER_DESTINATIONS, LimitScope, calling_code, destination_scope

__all__ = ["CampaignForecast", "ForecastVerbs"]

_LIVE = (CampaignStatus.SENDING, CampaignStatus.SCHEDULED)
_BUSY = frozenset({RecipientStatus.CLAIMED, RecipientStatus.SENDING})


class CampaignForecast(Forecast):
    """A forecast that also answers for single recipients."""

    __slots__ = ("_ask",)

    _ask: Callable[[str], Eta]

    @classmethod
    def answering(cls, forecast: Forecast, ask: Callable[[str], Eta]) -> Self:
        """Return *forecast* with *ask* to answer by."""
        answering = cls(**{field.name: getattr(forecast, field.name) for field in attrs.fields(Forecast)})
        object.__setattr__(answering, "_ask", ask)  # no field of its own: it is not what was forecast
        return answering

    def eta(self, who: str) -> Eta:
        """Return when one recipient gets the message, as things stood when the forecast was made.

        Args:
            who: As for ``explain``: a recipient's id, the host's contact id, an address in any spelling, or ``row 12``.

        Raises:
            RecipientNotFound: nobody on the campaign answers to *who*.
        """
        return self._ask(who)


class ForecastVerbs(RecipientVerbs, SendingVerbs):
    """The verb on what is to come."""

    @verb(Permission.VIEW_CAMPAIGN)
    def forecast(
        self, campaign_id: str, *, start_at: datetime | None = None, deadline: datetime | None = None
    ) -> CampaignForecast:
        """Return when the campaign goes out, under its hours, its limits and beside what else its sender sends.

        A draft is forecast as if it started now, a paused or failed campaign as if it were resumed now.

        Args:
            start_at: Aware; as if it started then.
            deadline: Aware; as if that were its deadline.

        Raises:
            CampaignNotFound: there is no such campaign.
            ValueError: a datetime is naive.
        """
        now = self._clock.now()
        campaign = self._campaign(campaign_id)
        campaign = attrs.evolve(campaign, deadline=aware("deadline", deadline) or campaign.deadline)
        target = self._planned(campaign, aware("start_at", start_at) or _start_of(campaign, now), now)
        others = sharing_limits(
            target, [self._planned(one, _start_of(one, now), now) for one in self._others(campaign)]
        )
        target, *others = (self._with_backlog(one) for one in (target, *others))
        counted = self._store.counted(sorted({scope.key for one in (target, *others) for scope in one.all_scopes}))
        planner = Planner(target, others, counted, zone=self.settings.zone, now=now)
        forecast = attrs.evolve(planner.forecast(self._before(campaign_id)), doubt_max=self._doubt_max(campaign))
        return CampaignForecast.answering(forecast, lambda who: self._eta(campaign, planner, who))

    def _others(self, campaign: Campaign) -> Iterator[Campaign]:
        """Yield every other campaign of the merchant that is live."""
        for status in _LIVE:
            after: str | None = None
            while page := self._campaigns(status, after=after, limit=PAGE_MAX):
                yield from (one for one in page if one.campaign_id != campaign.campaign_id)
                after = page[-1].campaign_id

    def _planned(self, campaign: Campaign, starts_at: datetime, now: datetime) -> Planned:
        sender = self._records.find_sender(campaign.merchant_id, campaign.sender_id)
        if sender is None:
            raise SenderNotFound(campaign.sender_id)
        health = self._records.health(campaign.merchant_id, campaign.sender_id)
        # A worker brings a campaign's shared limits up to date before it sends.
        current = attrs.evolve(campaign, shared_scopes=shared_scopes(sender, self.settings))
        return Planned(
            campaign=campaign,
            scopes=current.limit_scopes,
            destinations={
                group: LimitScope(destination_scope(self.merchant_id, sender.sender_id, group), rules)
                for group in self._groups(campaign, sender)
                if (rules := sender.limits_towards(group))
            },
            starts_at=max(starts_at, now, health.blocked_until or now),
            backlog=(),
        )

    def _groups(self, campaign: Campaign, sender: Sender) -> list[str]:
        """Return the destination groups that have limits of their own; where all have, those that the campaign has."""
        named = [group for group in sender.destination_limits if group != OTHER_DESTINATIONS]
        if OTHER_DESTINATIONS not in sender.destination_limits:
            return named
        backlog = self._store.backlog(self.merchant_id, campaign.campaign_id, by_destination=True)
        return list(dict.fromkeys([*named, *sorted({calling_code(run.destination) for run in backlog})]))

    def _with_backlog(self, planned: Planned) -> Planned:
        is_apart = bool(planned.destinations)
        campaign_id = planned.campaign.campaign_id
        return attrs.evolve(
            planned, backlog=self._store.backlog(self.merchant_id, campaign_id, by_destination=is_apart)
        )

    def _before(self, campaign_id: str) -> Before:
        counts = self._store.count_recipients(self.merchant_id, campaign_id)
        recipients = [count for count in counts if count.intake is Intake.RECIPIENT]
        return Before(
            sent_count=sum(count.count for count in recipients if count.status is RecipientStatus.SENT),
            busy_count=sum(count.count for count in recipients if count.status in _BUSY),
        )

    def _eta(self, campaign: Campaign, planner: Planner, who: str) -> Eta:
        found = self._find(campaign, who)
        if found.intake is not Intake.RECIPIENT or found.status is not RecipientStatus.PENDING:
            return self._not_waiting(campaign, found)
        earlier = self._store.backlog(self.merchant_id, campaign.campaign_id, before=found.recipient_id)
        return planner.eta(found, sum(run.count for run in earlier))

    def _not_waiting(self, campaign: Campaign, found: CampaignRecipient) -> Eta:
        trail = self._store.trail(self.merchant_id, found.recipient_id)
        again = self._repeated_content(campaign)
        why = explain(trail, campaign, zone=self.settings.zone, repeated_content=again).message if trail else ""
        return Eta(recipient_id=found.recipient_id, at=None, code=EtaCode.NOT_WAITING, message=why)


def _start_of(campaign: Campaign, now: datetime) -> datetime:
    """Return when workers look at the campaign first, or would if it were started or resumed now."""
    if campaign.status is CampaignStatus.SCHEDULED:
        return campaign.next_at or now
    is_to_come = campaign.start_at is not None and not campaign.has_begun
    return campaign.start_at if is_to_come and campaign.start_at is not None else now
