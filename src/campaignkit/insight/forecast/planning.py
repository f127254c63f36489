"""Campaigns and who waits for them in, a forecast of one of them and the moment of each of its recipients out. Pure."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

import attrs

from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.insight.forecast.counters import Counter
from campaignkit.insight.forecast.hours import NEVER, Hours
from campaignkit.insight.forecast.queues import Queue
from campaignkit.insight.forecast.running import Lane, Pace, run
from campaignkit.insight.forecast.values import Eta, EtaCode, Forecast, RuleUse
from campaignkit.insight.forecast.volumes import month_start, per_date, per_hour, same_day, week_start
from campaignkit.ports import Backlog
from campaignkit.timing.limits import Interval, LimitRule, LimitScope, LimitState
from campaignkit.timing.limits.states import from_micros, to_micros

__all__ = ["HORIZON", "STEPS_MAX", "Planned", "Planner", "sharing_limits"]

HORIZON = timedelta(days=5 * 366)  # from the start; what goes later than that is nobody's plan
STEPS_MAX = 400_000  # events; some seconds of work at most


@attrs.frozen(kw_only=True)
class Planned:
    """A campaign that is sent, or would be, and who waits for it."""

    campaign: Campaign
    scopes: tuple[LimitScope, ...]  # the limits that each of its messages is counted under
    starts_at: datetime  # nothing goes before
    backlog: Sequence[Backlog]


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
    return {scope.key for scope in planned.scopes}


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
        scopes = {scope.key: scope.rules for planned in together for scope in planned.scopes}
        self._counters = {key: Counter.starting(key, rules, counted.get(key)) for key, rules in scopes.items()}
        lanes = [self._lane(planned) for planned in together]
        self._lane_of_target = lanes[0]
        self._ready_after = max(now, target.starts_at)
        self.is_complete = run(
            lanes, lanes[0], now=to_micros(now), horizon=to_micros(self._ready_after + HORIZON), steps_max=steps_max
        )
        self._ends = list(accumulate(pace.count for pace in lanes[0].paces))

    def forecast(self, before: Before | None = None) -> Forecast:
        """Return what came of the run."""
        lane, zone, known = self._lane_of_target, ZoneInfo(self._zone), before or Before()
        hours = per_hour(lane.paces, zone)
        deadline = self._target.campaign.deadline
        first, last = (lane.paces[0], lane.paces[-1]) if lane.paces else (None, None)
        return Forecast(
            campaign_id=lane.campaign_id,
            made_at=self._now,
            zone=self._zone,
            starts_at=None if first is None else from_micros(first.first),
            ends_at=None if last is None else from_micros(last.at(last.count - 1)),
            message_count=len(lane.queue.sent),
            per_hour=hours,
            per_day=per_date(hours, zone, same_day),
            per_week=per_date(hours, zone, week_start),
            per_month=per_date(hours, zone, month_start),
            rules=tuple(self._uses()),
            sent_count=known.sent_count,
            busy_count=known.busy_count,
            expired_count=lane.expired_count,
            never_count=len(lane.queue.never) + lane.failed_count,
            beyond_count=lane.queue.rest_count,
            deadline=deadline,
            is_in_time=None if deadline is None else self.is_complete and not lane.expired_count,
            is_complete=self.is_complete,
        )

    def eta(self, recipient: CampaignRecipient, place: int) -> Eta:
        """Return when *recipient* gets the message.

        Args:
            place: How many of the campaign's pending recipients have smaller ids.
        """
        number = self._number(place)
        if number is None:
            return self._unsent(recipient, place)
        index = bisect_right(self._ends, number)
        pace = self._lane_of_target.paces[index]
        at = from_micros(pace.at(number - (self._ends[index] - pace.count)))
        code, why = self._reason(recipient, at, pace)
        return Eta(recipient_id=recipient.recipient_id, at=at, code=code, message=why, ahead_count=number)

    def _number(self, place: int) -> int | None:
        try:
            return self._lane_of_target.queue.sent.index(place)
        except ValueError:
            return None

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
        lane = self._lane_of_target
        if lane.queue.rest_count:
            code, why = EtaCode.BEYOND_HORIZON, "Its turn comes later than this forecast reaches."
        elif lane.expired_count and place not in lane.queue.never:
            code, why = EtaCode.EXPIRES, "Its turn comes too late for the deadline."
        else:
            code, why = EtaCode.NO_WINDOW, "The send window never opens in all the zones where the recipient may be."
        return Eta(recipient_id=recipient.recipient_id, at=None, code=code, message=why)

    def _uses(self) -> list[RuleUse]:
        scopes = self._target.scopes
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

    def _lane(self, planned: Planned) -> Lane:
        campaign, starts_at = planned.campaign, max(to_micros(planned.starts_at), to_micros(self._now))
        window = campaign.window
        is_shared = window is not None and window.zone != "recipient"
        queue = Queue(planned.backlog, self._zone, is_by_zones=window is not None and not is_shared)
        own = None if is_shared else window
        return Lane(
            merchant_id=campaign.merchant_id,
            campaign_id=campaign.campaign_id,
            priority=campaign.priority,
            queue=queue,
            hours=[Hours(own, zones, starts_at) for zones in queue.zones],
            gate=Hours(window if is_shared else None, (self._zone,), starts_at),
            starts_at=starts_at,
            deadline=NEVER if campaign.deadline is None else to_micros(campaign.deadline),
            counters=tuple(self._counters[scope.key] for scope in planned.scopes),
        )
