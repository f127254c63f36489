"""Campaigns and who waits for them in, a forecast of one of them and the moment of each of its recipients out. Pure."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import accumulate
from zoneinfo import ZoneInfo

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.insight.forecast.counters import Counter
from campaignkit.insight.forecast.hours import NEVER, Hours
from campaignkit.insight.forecast.queues import Queue
from campaignkit.insight.forecast.running import Lane, Pace, run
from campaignkit.insight.forecast.values import Eta, EtaCode, Forecast, RuleUse
from campaignkit.insight.forecast.volumes import month_start, per_date, per_hour, same_day, week_start
from campaignkit.ports import Backlog
from campaignkit.timing.limits import Interval, LimitRule, LimitScope, LimitState, calling_code, domain_group
from campaignkit.timing.limits.states import from_micros, to_micros

__all__ = ["HORIZON", "STEPS_MAX", "Planned", "Planner", "sharing_limits"]

HORIZON = timedelta(days=5 * 366)  # from the start; what goes later than that is nobody's plan
STEPS_MAX = 400_000  # events; some seconds of work at most


@attrs.frozen(kw_only=True)
class Planned:
    """A campaign that is sent, or would be, and who waits for it."""

    campaign: Campaign
    scopes: tuple[LimitScope, ...]  # the limits that each of its messages is counted under
    destinations: Mapping[str, LimitScope] = attrs.field(factory=dict)  # besides, of messages to one group; by group
    starts_at: datetime  # nothing goes before
    backlog: Sequence[Backlog]  # by destination, where *destinations* are

    @property
    def all_scopes(self) -> tuple[LimitScope, ...]:
        """Every limit that any of its messages is counted under."""
        return (*self.scopes, *self.destinations.values())


@attrs.frozen(kw_only=True)
class Before:
    """What has become of a campaign's other recipients by now."""

    sent_count: int = 0
    busy_count: int = 0


def sharing_limits(target: Planned, others: Sequence[Planned]) -> list[Planned]:
    """Return those of *others* that share a limit with *target*, or with one that does, and so on."""
    keys, found, left = _keys(target), [], list(others)
    while joining := [one for one in left if keys & _keys(one)]:
        found += joining
        left = [one for one in left if not keys & _keys(one)]
        keys = keys.union(*map(_keys, joining))
    return found


def _keys(planned: Planned) -> set[str]:
    return {scope.key for scope in planned.all_scopes}


class Planner:
    """Runs once, when it is made, and answers from what came of it."""

    def __init__(
        self,
        target: Planned,
        others: Sequence[Planned],
        counted: Mapping[str, LimitState],
        *,
        zone: str,
        now: datetime,
        steps_max: int = STEPS_MAX,
    ) -> None:
        """Let *target* run beside *others*, those that share limits with it.

        Args:
            counted: What was counted under the scopes' keys so far.
            zone: The merchant's.
        """
        self._zone, self._now = zone, now
        self._target = target
        together = [target, *others]
        scopes = {scope.key: scope.rules for planned in together for scope in planned.all_scopes}
        self._counters = {key: Counter.starting(key, rules, counted.get(key)) for key, rules in scopes.items()}
        lanes = [self._lanes(planned) for planned in together]
        self._lanes_of_target = lanes[0]
        self._ready_after = max(now, target.starts_at)
        self.is_complete = run(
            [lane for some in lanes for lane in some],
            lanes[0],
            now=to_micros(now),
            horizon=to_micros(self._ready_after + HORIZON),
            steps_max=steps_max,
        )

    def forecast(self, before: Before | None = None) -> Forecast:
        """Return what came of the run."""
        lanes, zone, known = self._lanes_of_target, ZoneInfo(self._zone), before or Before()
        hours = per_hour((pace for lane in lanes for pace in lane.paces), zone)
        deadline = self._target.campaign.deadline
        firsts = [lane.paces[0].first for lane in lanes if lane.paces]
        lasts = [lane.paces[-1].at(lane.paces[-1].count - 1) for lane in lanes if lane.paces]
        expired_count = sum(lane.expired_count for lane in lanes)
        return Forecast(
            campaign_id=self._target.campaign.campaign_id,
            made_at=self._now,
            zone=self._zone,
            starts_at=from_micros(min(firsts)) if firsts else None,
            ends_at=from_micros(max(lasts)) if lasts else None,
            message_count=sum(len(lane.queue.sent) for lane in lanes),
            per_hour=hours,
            per_day=per_date(hours, zone, same_day),
            per_week=per_date(hours, zone, week_start),
            per_month=per_date(hours, zone, month_start),
            rules=tuple(self._uses()),
            sent_count=known.sent_count,
            busy_count=known.busy_count,
            expired_count=expired_count,
            never_count=sum(len(lane.queue.never) + lane.failed_count for lane in lanes),
            beyond_count=sum(lane.queue.rest_count for lane in lanes),
            deadline=deadline,
            is_in_time=None if deadline is None else self.is_complete and not expired_count,
            is_complete=self.is_complete,
        )

    def eta(self, recipient: CampaignRecipient, place: int) -> Eta:
        """Return when *recipient* gets the message.

        Args:
            place: How many of the campaign's pending recipients have smaller ids.
        """
        for lane in self._lanes_of_target:
            if place in lane.queue.sent:
                return self._sent(recipient, lane, lane.queue.sent.index(place))
        return self._unsent(recipient, place)

    def _sent(self, recipient: CampaignRecipient, lane: Lane, number: int) -> Eta:
        ends = list(accumulate(pace.count for pace in lane.paces))
        index = bisect_right(ends, number)
        pace = lane.paces[index]
        instant = pace.at(number - (ends[index] - pace.count))
        code, why = self._reason(recipient, from_micros(instant), pace)
        others = sum(other.count_before(instant) for other in self._lanes_of_target if other is not lane)
        return Eta(
            recipient_id=recipient.recipient_id,
            at=from_micros(instant),
            code=code,
            message=why,
            ahead_count=number + others,
        )

    def _reason(self, recipient: CampaignRecipient, at: datetime, pace: Pace) -> tuple[EtaCode, str]:
        begins = max(self._ready_after, recipient.not_before)
        hours = Hours(self._target.campaign.window, recipient.zones or (self._zone,), to_micros(begins))
        alone = begins if hours.is_open or hours.opens_at is None else from_micros(hours.opens_at)
        if at > alone:
            return EtaCode.WAITS_FOR_LIMIT, f"Others go first: {self._rule_of(pace)}."
        if alone > begins:
            return EtaCode.WAITS_FOR_WINDOW, "It waits for the send window to open."
        if recipient.not_before > self._ready_after:
            return EtaCode.WAITS_FOR_RETRY, "It was put off and waits for its next try."
        if begins > self._now:
            return EtaCode.WAITS_FOR_START, "It waits for the start of the campaign."
        return EtaCode.AT_ONCE, "Nothing holds it back."

    def _rule_of(self, pace: Pace) -> str:
        rule = pace.held_by or next(
            (rule for scope in self._target.scopes for rule in scope.rules if isinstance(rule, Interval)), None
        )
        return "another campaign shares its limits" if rule is None else rule.sentence

    def _unsent(self, recipient: CampaignRecipient, place: int) -> Eta:
        lanes = self._lanes_of_target
        if any(lane.queue.rest_count for lane in lanes):
            code, why = EtaCode.BEYOND_HORIZON, "Its turn comes later than this forecast reaches."
        elif any(lane.expired_count for lane in lanes) and not any(place in lane.queue.never for lane in lanes):
            code, why = EtaCode.EXPIRES, "Its turn comes too late for the deadline."
        else:
            code, why = EtaCode.NO_WINDOW, "The send window never opens in all the zones where the recipient may be."
        return Eta(recipient_id=recipient.recipient_id, at=None, code=code, message=why)

    def _uses(self) -> list[RuleUse]:
        scopes = self._target.all_scopes
        return [self._use(self._counters[scope.key], rule) for scope in scopes for rule in scope.rules]

    def _use(self, counter: Counter, rule: LimitRule) -> RuleUse:
        used, at = int(counter.last_at is not None), counter.last_at
        tally = next((tally for tally in counter.tallies if tally.limit == rule), None)
        if tally is not None:
            used, at = tally.peak, tally.peak_at
        return RuleUse(
            scope_key=counter.key,
            rule=rule.sentence,
            allowed=1 if isinstance(rule, Interval) else rule.count,
            used=used,
            busiest_at=None if at is None else from_micros(at),
        )

    def _lanes(self, planned: Planned) -> list[Lane]:
        """Return a lane for all of a campaign, or for each destination with limits and for the rest.

        Where all of them share a limit besides, those with one of their own go whenever they may, and the rest takes
        what is left. Workers go by ids, which is nearly the same where a list is mixed.
        """
        limited = planned.destinations
        if not limited:
            return [self._lane(planned, (), None)]
        is_mail = planned.campaign.channel is Channel.EMAIL
        group_of = cache(domain_group if is_mail else calling_code)
        rest = self._lane(planned, (), lambda destination: group_of(destination) not in limited)
        towards = [
            self._lane(planned, (scope,), partial(_is_towards, group, group_of)) for group, scope in limited.items()
        ]
        return [rest, *(lane for lane in towards if lane.queue.rest_count)]

    def _lane(self, planned: Planned, besides: tuple[LimitScope, ...], holds: Callable[[str], bool] | None) -> Lane:
        campaign, starts_at = planned.campaign, max(to_micros(planned.starts_at), to_micros(self._now))
        window = campaign.window
        is_shared = window is not None and window.zone != "recipient"
        queue = Queue(planned.backlog, self._zone, is_by_zones=window is not None and not is_shared, holds=holds)
        own = None if is_shared else window
        return Lane(
            merchant_id=campaign.merchant_id,
            campaign_id=campaign.campaign_id,
            priority=2 * campaign.priority + bool(besides),
            queue=queue,
            hours=[Hours(own, zones, starts_at) for zones in queue.zones],
            gate=Hours(window if is_shared else None, (self._zone,), starts_at),
            starts_at=starts_at,
            deadline=NEVER if campaign.deadline is None else to_micros(campaign.deadline),
            counters=tuple(self._counters[scope.key] for scope in (*planned.scopes, *besides)),
        )


def _is_towards(group: str, group_of: Callable[[str], str], destination: str) -> bool:
    return group_of(destination) == group
