"""Which campaign may begin how many now: ``delivery.sharing`` over counters that run. Pure.

A fast path, proved equal to ``sharing.share`` by ``tests/insight``.
"""

from collections.abc import Sequence
from hashlib import sha256

import attrs

from campaignkit.insight.forecast.counters import MANY, Counter
from campaignkit.timing.limits.states import from_micros

__all__ = ["Wish", "shares"]


@attrs.frozen
class Wish:
    """A campaign with somebody ready; ``delivery.sharing.Demand`` says what its fields are."""

    merchant_id: str
    campaign_id: str
    priority: int
    ready_count: int
    counters: tuple[Counter, ...]


def shares(wishes: Sequence[Wish], at: int) -> list[int]:
    """Return how many each of *wishes* may begin at *at*."""
    counts = [wish.ready_count for wish in wishes]
    limited = [place for place, wish in enumerate(wishes) if wish.counters and wish.ready_count]
    taken: dict[Counter, int] = {}
    for priority in sorted({wishes[place].priority for place in limited}, reverse=True):
        rank = [place for place in limited if wishes[place].priority == priority]
        for place in rank:
            counts[place] = 0
        _share_alike(wishes, rank, counts, taken, at)
    return counts


def _share_alike(
    wishes: Sequence[Wish], rank: Sequence[int], counts: list[int], taken: dict[Counter, int], at: int
) -> None:
    places = sorted(rank, key=lambda place: _lot(wishes[place], taken, at)) if len(rank) > 1 else list(rank)
    while places:
        still_open = []
        for waiting, place in zip(range(len(places), 0, -1), places, strict=True):
            wish = wishes[place]
            wanted = wish.ready_count - counts[place]
            free = min((counter.room(at, taken.get(counter, 0)) for counter in wish.counters), default=MANY)
            fair = min(wanted, -(-min(free, wanted * waiting) // waiting))
            counts[place] += fair
            for counter in wish.counters:
                taken[counter] = taken.get(counter, 0) + fair
            if fair and fair < wanted:
                still_open.append(place)
        places = still_open


def _lot(wish: Wish, taken: dict[Counter, int], at: int) -> bytes:
    now = str(from_micros(at))
    seen = sorted(
        now if taken.get(counter) else counter.last_seen
        for counter in wish.counters
        if counter.is_known or counter in taken
    )
    return sha256(repr((seen, wish.merchant_id, wish.campaign_id)).encode("utf-8", "surrogatepass")).digest()
