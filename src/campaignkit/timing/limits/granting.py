"""How many messages may begin now, or when the next may and which rule holds it; counting them; giving back. Pure.

A begin counts until it is certain that every window in which it could be counted has passed: limits never overshoot.
A clock that goes back counts at the latest instant seen, so nothing is counted twice and nothing is forgotten early.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import attrs

from campaignkit.timing.limits.rules import Interval, Limit, LimitRule
from campaignkit.timing.limits.states import Cell, LimitState, Tally, from_micros, to_micros

__all__ = ["Grant", "HoldReason", "give_back", "grant", "room", "take"]

CELLS_MAX = 200  # a tally keeps no more, even if more is counted than was granted; then the newest are kept as one


class HoldReason(StrEnum):
    """Why no more messages may begin now."""

    INTERVAL = "interval"  # the last message began too short a while ago
    USED_UP = "used_up"  # the limit is used up, and frees as earlier messages leave its window
    TOO_LARGE = "too_large"  # one message has more recipients than the limit ever allows


@attrs.frozen(kw_only=True)
class Grant:
    """How many may begin now; where that is fewer than were asked for, why, and when the next one may."""

    count: int
    next_at: datetime | None = None  # UTC; None: all were granted, or the message is too large for ever
    held_by: LimitRule | None = None  # the rule that takes longest; None: all were granted
    reason: HoldReason | None = None

    @property
    def sentence(self) -> str:
        """One sentence for a shopkeeper; empty where all were granted."""
        match self.reason:
            case None:
                return ""
            case HoldReason.TOO_LARGE:
                return f"the message has more recipients than the limit allows at all: {_sentence(self.held_by)}"
            case HoldReason.INTERVAL | HoldReason.USED_UP:
                return f"the next message waits: {_sentence(self.held_by)}"


def _sentence(rule: LimitRule | None) -> str:
    return "" if rule is None else rule.sentence


def room(rules: Sequence[LimitRule], state: LimitState, now: datetime, count: int = 1) -> int:
    """Return how many of *count* messages may begin at *now*: the number that ``grant`` gives, and nothing else."""
    at = _instant(state, now)
    return min([count, *(_room(rule, state, at, 1) for rule in rules)])


def grant(
    rules: Sequence[LimitRule], state: LimitState, now: datetime, count: int = 1, *, recipients: int = 1
) -> Grant:
    """Return how many of *count* messages, each to so many *recipients*, may begin at *now* under all *rules*.

    ``next_at`` is exact: the first instant at which one more may begin if nothing else is counted meanwhile, after the
    granted ones were; of a jitter not yet drawn it knows nothing.

    Raises:
        ValueError: *now* is naive, *count* below 0 or *recipients* below 1.
    """
    if count < 0 or recipients < 1:
        raise ValueError("asked for fewer than 0 messages, or for messages to nobody")
    at = _instant(state, now)
    granted = min([count, *(_room(rule, state, at, recipients) for rule in rules)])
    if granted == count:
        return Grant(count=granted)
    after = take(state, now, rules, granted, recipients=recipients)
    return _held(rules, after, _instant(after, now), granted, recipients)


def _held(rules: Sequence[LimitRule], state: LimitState, at: int, granted: int, recipients: int) -> Grant:
    latest = at
    held_by: LimitRule | None = None
    for rule in rules:
        allowed_at = _allowed_at(rule, state, at, recipients)
        if allowed_at is None:
            return Grant(count=granted, held_by=rule, reason=HoldReason.TOO_LARGE)
        if allowed_at > latest:
            latest, held_by = allowed_at, rule
    reason = HoldReason.INTERVAL if isinstance(held_by, Interval) else HoldReason.USED_UP
    return Grant(count=granted, next_at=from_micros(latest), held_by=held_by, reason=reason)


def take(
    state: LimitState,
    now: datetime,
    rules: Sequence[LimitRule] = (),
    count: int = 1,
    *,
    recipients: int = 1,
    draw: float = 0.0,
) -> LimitState:
    """Return *state* with *count* messages counted at *now*. A clock that went back counts at the latest instant seen.

    What others than *rules* had counted is kept up until it has lapsed: a worker that has not heard of a rule yet, or
    not that it is gone, counts for it all the same. A rule that nobody counted for counts from now on.

    Args:
        draw: From 0 to 1, drawn by the caller: how much of an interval's jitter follows this message.

    Raises:
        ValueError: *now* is naive, *draw* outside 0 to 1.
    """
    if not 0 <= draw <= 1:
        raise ValueError(f"a draw lies between 0 and 1, {draw} does not")
    if count <= 0:
        return state
    at = _instant(state, now)
    since = at - 1 if state.last_at is None else to_micros(state.last_at)
    limits = _limits(rules)
    known = {limit.key for limit in limits}
    limits += [Limit.lasting(tally.key) for tally in state.tallies if tally.key not in known and _lasts(tally, at)]
    tallies = tuple(
        _counted(limit, state.tally(limit.key) or Tally(limit.key, since), at, count * limit.units(recipients))
        for limit in limits
    )
    return LimitState(max(now, state.last_at or now), tallies, draw)


def give_back(
    state: LimitState, began_at: datetime, rules: Sequence[LimitRule], count: int = 1, *, recipients: int = 1
) -> LimitState:
    """Return *state* without *count* messages that were counted at *began_at*, on proof that they were not submitted.

    Give back once, and only what was counted. Whatever is not surely there any more is left as it is: too much may
    stay counted for a while, never too little. Intervals wait as if the messages had been sent.
    """
    if state.last_at is None:
        return state
    began, last = to_micros(began_at), to_micros(state.last_at)
    limits = {limit.key: limit for limit in _limits(rules)}
    tallies = tuple(
        _given_back(limits[tally.key], tally, began, last, count * limits[tally.key].units(recipients))
        if tally.key in limits
        else tally
        for tally in state.tallies
    )
    return attrs.evolve(state, tallies=tallies)


def _instant(state: LimitState, now: datetime) -> int:
    return max(to_micros(now), to_micros(state.last_at or now))


def _limits(rules: Sequence[LimitRule]) -> list[Limit]:
    """Return the limits, of those that count alike the strictest: they share a tally."""
    strictest: dict[str, Limit] = {}
    for rule in rules:
        if isinstance(rule, Limit):
            known = strictest.get(rule.key)
            strictest[rule.key] = rule if known is None or rule.count < known.count else known
    return list(strictest.values())


def _lasts(tally: Tally, at: int) -> bool:
    """Return whether anything that *tally* counts has not lapsed."""
    return bool(tally.cells) and Limit.lasting(tally.key).lapses_at(tally.cells[-1][0]) > at


def _standing(limit: Limit, state: LimitState, at: int) -> tuple[Cell, ...]:
    tally = state.tally(limit.key)
    return () if tally is None else _without_lapsed(limit, tally.cells, at)


def _without_lapsed(limit: Limit, cells: tuple[Cell, ...], at: int) -> tuple[Cell, ...]:
    if not cells or limit.lapses_at(cells[0][0]) > at:
        return cells
    # They stand by rising instant, and lapse in this order.
    return cells[bisect_right(cells, at, key=lambda cell: limit.lapses_at(cell[0])) :]


def _room(rule: LimitRule, state: LimitState, at: int, recipients: int) -> int:
    """Return how many more messages *rule* alone lets begin at *at*."""
    if isinstance(rule, Interval):
        return 1 if _interval_end(rule, state, at) <= at else 0
    return max(rule.count - _units(_standing(rule, state, at)), 0) // rule.units(recipients)


def _allowed_at(rule: LimitRule, state: LimitState, at: int, recipients: int) -> int | None:
    """Return the first instant from *at* on at which *rule* lets one more message begin, None if it never does."""
    if isinstance(rule, Interval):
        return max(at, _interval_end(rule, state, at))
    units = rule.units(recipients)
    if units > rule.count:
        return None
    standing = _standing(rule, state, at)
    excess = _units(standing) + units - rule.count
    for began, freed in standing:
        if excess <= 0:
            break
        excess -= freed
        at = rule.lapses_at(began)
    return at


def _units(cells: tuple[Cell, ...]) -> int:
    return sum(units for _, units in cells)


def _interval_end(rule: Interval, state: LimitState, at: int) -> int:
    return at if state.last_at is None else to_micros(state.last_at + rule.wait(state.draw))


def _counted(limit: Limit, tally: Tally, at: int, units: int) -> Tally:
    cells = _without_lapsed(limit, tally.cells, at)
    if cells and (limit.lapse_together(cells[-1][0], at) or len(cells) >= CELLS_MAX):
        return attrs.evolve(tally, cells=(*cells[:-1], (at, cells[-1][1] + units)))
    return attrs.evolve(tally, cells=(*cells, (at, units)))


def _given_back(limit: Limit, tally: Tally, began: int, last: int, units: int) -> Tally:
    """Return *tally* with *units* less, taken from the first cells that may hold what was counted at *began*.

    Its own cell is never earlier than these, so whatever they held stays counted, in its place, longer than needed.
    What the tally may not have counted, or what may have lapsed already, is not taken out of what others counted.
    """
    if began <= tally.since or limit.lapses_at(began) <= last:
        return tally
    kept = []
    for at, counted in tally.cells:
        taken = min(units, counted) if at >= began else 0
        units -= taken
        if counted > taken:
            kept.append((at, counted - taken))
    return attrs.evolve(tally, cells=tuple(kept))
