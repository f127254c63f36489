"""What was counted so far under one scope, and its compact text for a store. Pure."""

import json
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any

import attrs

__all__ = ["Cell", "LimitState", "Tally", "dump_state", "from_micros", "load_state", "to_micros"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


# Begins that are kept as one and lapse when the last of them does: its instant, in microseconds since 1970 UTC, and how
# many messages or recipients they are. A plain pair, since a hundred of them are read at each begin.
Cell = tuple[int, int]


@attrs.frozen
class Tally:
    """The begins that one limit still counts. Never more than some 200 cells, whatever the limit's count."""

    key: str  # the limit's
    since: int  # what began later is counted here; what began until then may not be. Microseconds since 1970 UTC
    cells: tuple[Cell, ...] = ()  # by rising instant


@attrs.frozen
class LimitState:
    """What was counted so far under one scope. Instants are the store's, never a worker's."""

    last_at: datetime | None = None  # the latest instant at which anything was counted; never goes back
    tallies: tuple[Tally, ...] = ()  # one of each limit
    draw: float = 0.0  # from 0 to 1: how much of an interval's jitter follows the last message

    def tally(self, key: str) -> Tally | None:
        return next((tally for tally in self.tallies if tally.key == key), None)


def to_micros(instant: datetime) -> int:
    """Return microseconds since 1970 UTC.

    Raises:
        ValueError: *instant* is naive.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone; a naive one was given")
    return (instant - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def dump_state(state: LimitState) -> str:
    """Return *state* as JSON of one line: an instant, a draw, and of each tally its cells as steps from the one before.

    >>> dump_state(LimitState(from_micros(5_000_000)))
    '{"at":5000000}'
    """
    document: dict[str, Any] = {}
    if state.last_at is not None:
        document["at"] = to_micros(state.last_at)
    if state.draw:
        document["draw"] = state.draw
    if state.tallies:
        document["tallies"] = {tally.key: [tally.since, *_steps(tally.cells)] for tally in state.tallies}
    return json.dumps(document, separators=(",", ":"))


def load_state(text: str) -> LimitState:
    """Return the state that :func:`dump_state` wrote.

    Raises:
        ValueError: *text* is not such JSON.
    """
    try:
        document = json.loads(text)
        tallies = tuple(_tally(key, numbers) for key, numbers in document.get("tallies", {}).items())
        at = document.get("at")
        return LimitState(None if at is None else from_micros(int(at)), tallies, float(document.get("draw", 0.0)))
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
        raise ValueError("this is not the text of a limit's state") from error


def _steps(cells: tuple[Cell, ...]) -> list[int]:
    steps = [*cells[:1], *((later - earlier, units) for (earlier, _), (later, units) in pairwise(cells))]
    return [number for pair in steps for number in pair]


def _tally(key: str, numbers: list[int]) -> Tally:
    if set(map(type, numbers)) != {int}:
        raise TypeError("a tally's numbers are whole")
    return Tally(key, numbers[0], tuple(zip(accumulate(numbers[1::2]), numbers[2::2], strict=True)))
