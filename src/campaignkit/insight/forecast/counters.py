"""What limits count while a forecast runs: ``timing.limits`` in whole microseconds and changed in place. Pure.

A fast path: one message costs a microsecond or two instead of a hundred. ``tests/insight`` proves it equal to
``grant_together`` and ``take_together``, rule by rule and instant by instant.
"""

from collections import deque
from collections.abc import Iterable, Sequence

import attrs

from campaignkit.timing.limits import Interval, Limit, LimitRule, LimitState
from campaignkit.timing.limits.granting import CELLS_MAX
from campaignkit.timing.limits.rules import EXACT_MAX, MICROSECOND, SUBWINDOWS
from campaignkit.timing.limits.states import from_micros, to_micros

__all__ = ["MANY", "Counter", "TallyCounter", "allowed_at", "room", "steady_wait", "take", "take_paced"]

MANY = 1 << 62  # more than is ever asked for
DRAW = 0.5  # of a jitter that is yet to be drawn, its mean is taken


class TallyCounter:
    """The begins that one limit still counts."""

    def __init__(self, limit: Limit, state: LimitState) -> None:
        self.limit, self._most = limit, limit.count
        self._length = 0 if isinstance(limit.per, str) else limit.per // MICROSECOND
        self._width = max(self._length // SUBWINDOWS, 1) if limit.count > EXACT_MAX else 0
        tally = state.tally(limit.key)
        # Each cell is its instant, its units, and when it lapses.
        self._cells = deque([at, units, limit.lapses_at(at)] for at, units in (() if tally is None else tally.cells))
        self._units = sum(cell[1] for cell in self._cells)
        self.peak, self.peak_at = self._units, self._cells[-1][0] if self._cells else None

    def room(self, at: int) -> int:
        """Return how many more may begin at *at*."""
        cells = self._cells
        if cells and cells[0][2] <= at:
            self._forget(at)
        free = self._most - self._units
        return free if free > 0 else 0

    def allowed_at(self, at: int) -> int:
        """Return when one more may begin, from *at* on."""
        self._forget(at)
        excess = self._units + 1 - self.limit.count
        for cell in self._cells:
            if excess <= 0:
                break
            excess -= cell[1]
            at = cell[2]
        return at

    def take(self, at: int, count: int) -> None:
        """Count *count* messages at *at*."""
        cells = self._cells
        if cells and cells[0][2] <= at:
            self._forget(at)
        if cells and (self._is_one_with(cells[-1][0], at) or len(cells) >= CELLS_MAX):
            cells[-1][:2] = at, cells[-1][1] + count
            if self._length:
                cells[-1][2] = at + self._length
        else:
            cells.append([at, count, self._lapses_at(at)])
        self._units += count
        if self._units > self.peak:
            self.peak, self.peak_at = self._units, at

    def take_each(self, first: int, step: int, count: int) -> None:
        """Count *count* messages, one each *step* from *first* on."""
        for at in range(first, first + step * count, step):
            self.take(at, 1)

    def _forget(self, at: int) -> None:
        cells = self._cells
        while cells and cells[0][2] <= at:
            self._units -= cells.popleft()[1]

    def _is_one_with(self, earlier: int, later: int) -> bool:
        if not self._length:
            return True  # what stands has not lapsed, so it is of the same day, week or month
        if not self._width:
            return earlier == later
        return earlier // self._width == later // self._width

    def _lapses_at(self, at: int) -> int:
        return at + self._length if self._length else self.limit.lapses_at(at)


@attrs.define(eq=False)
class Counter:
    """All that is counted under one scope."""

    key: str
    rules: tuple[LimitRule, ...]
    last_at: int | None
    is_known: bool  # whether a store would find its key
    tallies: tuple[TallyCounter, ...]
    intervals: tuple[Interval, ...]
    wait: int  # from one message to the next
    waits_until: int  # of the intervals

    @classmethod
    def starting(cls, key: str, rules: Sequence[LimitRule], state: LimitState | None) -> "Counter":
        """Return the counter of *rules* as *state* left it; None: nothing was ever counted."""
        known = state or LimitState()
        intervals = tuple(rule for rule in rules if isinstance(rule, Interval))
        ends = [to_micros(known.last_at + rule.wait(known.draw)) for rule in intervals if known.last_at is not None]
        return cls(
            key=key,
            rules=tuple(rules),
            last_at=None if known.last_at is None else to_micros(known.last_at),
            is_known=state is not None,
            tallies=tuple(TallyCounter(limit, known) for limit in _strictest(rules)),
            intervals=intervals,
            wait=max((rule.wait(DRAW) // MICROSECOND for rule in intervals), default=0),
            waits_until=max(ends, default=-MANY),
        )

    def room(self, at: int, taken: int = 0) -> int:
        """Return how many more may begin at *at*, where *taken* are about to."""
        most = MANY
        if self.intervals:
            most = 1 if self.waits_until <= at and not taken else 0
        for tally in self.tallies:
            most = min(most, tally.room(at) - taken)
        return max(most, 0)

    def take(self, at: int, count: int) -> None:
        """Count *count* messages at *at*."""
        self.last_at, self.is_known = at, True
        self.waits_until = at + self.wait
        for tally in self.tallies:
            tally.take(at, count)

    def held_until(self, at: int) -> tuple[int, LimitRule | None]:
        """Return when one more may begin, from *at* on, and the rule that takes longest."""
        latest = at
        held_by: LimitRule | None = None
        if self.intervals and self.waits_until > latest:
            latest, held_by = self.waits_until, max(self.intervals, key=lambda rule: rule.wait(DRAW))
        for tally in self.tallies:
            allowed = tally.allowed_at(at)
            if allowed > latest:
                latest, held_by = allowed, tally.limit
        return latest, held_by

    @property
    def last_seen(self) -> str:
        """What ``sharing`` draws its lots by."""
        return "None" if self.last_at is None else str(from_micros(self.last_at))


def _strictest(rules: Iterable[LimitRule]) -> list[Limit]:
    strictest: dict[str, Limit] = {}
    for rule in rules:
        if isinstance(rule, Limit) and (rule.key not in strictest or rule.count < strictest[rule.key].count):
            strictest[rule.key] = rule
    return list(strictest.values())


def room(counters: Iterable[Counter], at: int) -> int:
    """Return how many messages may begin at *at* under all of *counters*."""
    return min((counter.room(at) for counter in counters), default=MANY)


def allowed_at(counters: Iterable[Counter], at: int) -> tuple[int, LimitRule | None]:
    """Return when one more may begin under all of *counters*, from *at* on, and the rule that takes longest."""
    latest: tuple[int, LimitRule | None] = (at, None)
    for counter in counters:
        latest = max(latest, counter.held_until(at), key=lambda held: held[0])
    return latest


def steady_wait(counters: Iterable[Counter]) -> int:
    """Return the time from one message to the next that intervals alone ask for; 0: none does."""
    return max((counter.wait for counter in counters), default=0)


def take(counters: Iterable[Counter], at: int, count: int) -> None:
    """Count *count* messages at *at* under all of *counters*."""
    for counter in counters:
        counter.take(at, count)


def take_paced(counters: Iterable[Counter], first: int, step: int, most: int) -> int:
    """Count up to *most* messages, the first at *first*, one each *step* later; return how many there was room for.

    Intervals are content with the pace. At least one has room.
    """
    tallies = [tally for counter in counters for tally in counter.tallies]
    count = _count_paced(tallies, first, step, most) if tallies else most
    last = first + step * (count - 1)
    for counter in counters:
        counter.last_at, counter.is_known, counter.waits_until = last, True, last + counter.wait
    return count


def _count_paced(tallies: Sequence[TallyCounter], first: int, step: int, most: int) -> int:
    at, count = first, 0
    while count < most:
        free = min([most - count, *(tally.room(at) for tally in tallies)])
        if not free:
            return count
        for tally in tallies:
            if free == 1:
                tally.take(at, 1)
            else:
                tally.take_each(at, step, free)
        at += step * free
        count += free
    return most
