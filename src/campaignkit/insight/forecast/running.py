"""Campaigns that share limits, let go: time passes from event to event until all are sent. Pure.

It does what ``dispatch`` does when its workers are always there and its provider takes every message at once: at each
instant all that may begin begins, shared as ``delivery.sharing`` shares. Between two events only one rule binds, and
messages go at an even pace: those are not counted one by one but where limits must remember each.
"""

from collections.abc import Sequence

import attrs

from campaignkit.insight.forecast.counters import Counter, allowed_at, room, steady_wait, take, take_paced
from campaignkit.insight.forecast.hours import NEVER, Hours
from campaignkit.insight.forecast.queues import Queue
from campaignkit.insight.forecast.shares import Wish, shares
from campaignkit.timing.limits import LimitRule

__all__ = ["BATCH_MAX", "READY_MAX", "TICK_MESSAGES", "Lane", "Pace", "run"]

# What a worker takes at a time, and a store counts: they decide how campaigns that share a limit take turns within one
# instant. Proved to be those of the engine by the tests.
BATCH_MAX = 100
TICK_MESSAGES = 1000
READY_MAX = 1000
TURN_STEPS = 8  # what a turn among several campaigns costs, in events of a campaign that is alone


@attrs.define
class Pace:
    """Messages at an even pace: *count* of them, the first at *first*, one each *step* later; 0: all at once."""

    first: int
    step: int
    count: int
    held_by: LimitRule | None = None  # what they waited for; None: for nothing, or for the pace itself

    def at(self, number: int) -> int:
        """Return when the message of that *number*, from 0, goes."""
        return self.first + self.step * number

    def goes_on_at(self, at: int, step: int, count: int) -> bool:
        """Return whether *count* more from *at* on keep the pace."""
        if step and step == self.step:
            return at == self.at(self.count)
        if step or count > 1:
            return False
        return at > self.first if self.count == 1 else self.step > 0 and at == self.at(self.count)


@attrs.define(kw_only=True, eq=False)
class Lane:
    """A campaign on its way, or its messages to one destination. Instants are microseconds since 1970 UTC."""

    merchant_id: str
    campaign_id: str
    priority: int
    queue: Queue
    hours: Sequence[Hours]  # of each group of its queue
    gate: Hours  # of the campaign as a whole: the window, where it has one zone for all
    starts_at: int
    deadline: int  # NEVER: none
    counters: tuple[Counter, ...]
    paces: list[Pace] = attrs.field(factory=list)
    expired_count: int = 0
    failed_count: int = 0  # those who are left when the window of the campaign never opens again

    def go_to(self, at: int) -> None:
        """Let time pass until *at*; nothing is sent."""
        if at < self.starts_at or not self.queue.rest_count:
            return
        if at >= self.deadline:
            self.expired_count += self.queue.clear()
            return
        self.gate.go_to(at)
        if not self.gate.is_open and self.gate.opens_at is None:
            self.failed_count += self.queue.clear()
            return
        self.queue.wake(at)
        for hours in self.hours:
            hours.go_to(at)

    def count_before(self, at: int) -> int:
        """Return how many went before *at*."""
        count = 0
        for pace in self.paces:
            if pace.first < at:
                count += min(pace.count, -(-(at - pace.first) // pace.step)) if pace.step else pace.count
        return count

    def is_ready(self, at: int) -> bool:
        """Return whether somebody may be claimed at *at*, the instant it went to."""
        return at >= self.starts_at and self.gate.is_open and self.queue.ready_count > 0

    def changes_at(self, at: int) -> int:
        """Return when something changes after *at* by itself."""
        if not self.queue.rest_count:
            return NEVER
        if at < self.starts_at:
            return self.starts_at
        if not self.gate.is_open:
            return min(self.deadline, self.gate.changes_at)
        changes = [
            hours.changes_at for hours, ready in zip(self.hours, self.queue.ready_by_group, strict=True) if ready
        ]
        return min(self.deadline, self.gate.changes_at, self.queue.next_wake, *changes)

    def note(self, at: int, step: int, count: int, held_by: LimitRule | None) -> None:
        """Remember that *count* went at that pace."""
        last = self.paces[-1] if self.paces else None
        if last is not None and last.goes_on_at(at, step, count):
            last.step = at - last.at(last.count - 1)
            last.count += count
            last.held_by = last.held_by or held_by
        else:
            self.paces.append(Pace(at, step, count, held_by))


def run(lanes: Sequence[Lane], targets: Sequence[Lane], *, now: int, horizon: int, steps_max: int) -> bool:
    """Let all *lanes* run until nobody of *targets*, some of them, is left; False if that was not reached.

    Args:
        horizon: Nothing is forecast from there on.
        steps_max: How many events are gone through at most.
    """
    engine = _Engine(lanes, horizon, steps_max)
    at = now
    while at < horizon and engine.steps_left > 0 and any(lane.queue.rest_count for lane in targets):
        at = engine.advance(at)
    return not any(lane.queue.rest_count for lane in targets)


class _Engine:
    def __init__(self, lanes: Sequence[Lane], horizon: int, steps_max: int) -> None:
        self._lanes = sorted(lanes, key=lambda lane: (-lane.priority, lane.campaign_id))
        self._horizon = horizon
        self._served_last: Lane | None = None
        self._sent_in_round = 0
        self.steps_left = steps_max

    def advance(self, at: int) -> int:
        """Send what goes from *at* until something changes, and return when to go on."""
        self.steps_left -= 1
        for lane in self._lanes:
            lane.go_to(at)
        ready = [lane for lane in self._lanes if lane.is_ready(at)]
        changes_at = min([self._horizon, *(lane.changes_at(at) for lane in self._lanes)])
        if not ready:
            return changes_at
        if len(ready) == 1:
            return self._send_alone(ready[0], at, changes_at)
        return self._send_together(ready, at, changes_at)

    def _send_alone(self, lane: Lane, at: int, until: int) -> int:
        """Send what one lane may from *at* until something changes."""
        held_by = allowed_at(lane.counters, at - 1)[1]
        step = steady_wait(lane.counters)
        while at < until and lane.queue.ready_count and self.steps_left > 0:
            self.steps_left -= 1
            free = room(lane.counters, at)
            wanted = lane.queue.open_count(lane.hours) if free else 0
            if not free:
                at, held_by = allowed_at(lane.counters, at)
            elif not wanted:
                lane.queue.claim(lane.queue.ready_count, lane.hours)
            elif step:
                at = self._send_paced(lane, at, until, wanted, held_by)
            else:
                count = min(free, wanted)
                take(lane.counters, at, count)
                lane.note(at, 0, count, held_by)
                lane.queue.send(count, lane.hours)
        return min(at, until) if lane.queue.ready_count else min(until, lane.changes_at(at))

    def _send_paced(self, lane: Lane, at: int, until: int, wanted: int, held_by: LimitRule | None) -> int:
        """Send as many as intervals and the room of limits allow, and return when the next may go."""
        step = steady_wait(lane.counters)
        count = take_paced(lane.counters, at, step, min(wanted, (until - 1 - at) // step + 1))
        lane.note(at, step, count, held_by)
        lane.queue.send(count, lane.hours)
        return at + step * count

    def _send_together(self, ready: Sequence[Lane], at: int, until: int) -> int:
        """Send what several lanes may at *at*, by shares, and return when to look again."""
        before = [len(lane.queue.sent) for lane in ready]
        waited = [allowed_at(lane.counters, at - 1)[1] for lane in ready]
        self._sent_in_round = 0
        while self._serve_in_turn(ready, at):
            self.steps_left -= TURN_STEPS
        for lane, gone, held_by in zip(ready, before, waited, strict=True):
            if len(lane.queue.sent) > gone:
                lane.note(at, 0, len(lane.queue.sent) - gone, held_by)
        nexts = [allowed_at(lane.counters, at)[0] for lane in ready if lane.queue.ready_count]
        return min([until, *nexts, *(lane.changes_at(at) for lane in ready)])

    def _serve_in_turn(self, ready: Sequence[Lane], at: int) -> bool:
        """Serve the lanes once, or until a worker's round is full; return whether anything moved."""
        granted = shares([_wish(lane) for lane in ready], at)
        counts = {id(lane): count for lane, count in zip(ready, granted, strict=True)}
        has_moved = False
        for lane in self._turns(at):
            if self._sent_in_round >= TICK_MESSAGES:
                self._sent_in_round = 0
                return True
            count = min(counts.get(id(lane), 0), BATCH_MAX, TICK_MESSAGES - self._sent_in_round)
            if count:
                sent = lane.queue.claim(count, lane.hours)
                if sent:
                    take(lane.counters, at, sent)
                self._sent_in_round += sent
                has_moved = True
            self._served_last = lane
        return has_moved

    def _turns(self, at: int) -> list[Lane]:
        awake = [lane for lane in self._lanes if lane.starts_at <= at and lane.queue.rest_count]
        start = awake.index(self._served_last) + 1 if self._served_last in awake else 0
        return awake[start:] + awake[:start]


def _wish(lane: Lane) -> Wish:
    ready_count = min(lane.queue.ready_count, READY_MAX)
    return Wish(lane.merchant_id, lane.campaign_id, lane.priority, ready_count, lane.counters)
