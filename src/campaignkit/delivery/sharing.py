"""Which campaign may begin how many now, where several stand under the same limits. Pure; every store shares it.

The higher priority goes first, whatever it leaves. Those of one priority share alike, the large and the small, and in
an order that is drawn anew whenever anything was counted, so that single messages go round as well.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import attrs

from campaignkit.timing.limits import LimitScope, LimitState, counts_of, grant_together, room, take_together

__all__ = ["Demand", "Share", "share"]


@attrs.frozen(kw_only=True)
class Demand:
    """A campaign that is due."""

    merchant_id: str
    campaign_id: str
    priority: int  # higher goes first
    ready_count: int  # messages whose moment has come
    limit_scopes: tuple[LimitScope, ...] = ()


@attrs.frozen
class Share:
    """How many messages of one campaign may begin now."""

    count: int
    limited_until: datetime | None = None  # where that is none of those that are ready: UTC, not before


def share(demands: Sequence[Demand], states: Mapping[str, LimitState], now: datetime) -> list[Share]:
    """Return what each of *demands* may begin at *now*, in their order. Together they overshoot no limit.

    Args:
        states: What was counted under each scope; what is missing was never counted.
    """
    counted = dict(states)
    shares = [Share(one.ready_count) for one in demands]
    limited = [place for place, one in enumerate(demands) if one.limit_scopes and one.ready_count]
    for priority in sorted({demands[place].priority for place in limited}, reverse=True):
        rank = [place for place in limited if demands[place].priority == priority]
        counts = _share_alike([demands[place] for place in rank], counted, now)
        for place, count in zip(rank, counts, strict=True):
            shares[place] = Share(count)
    # Only now is it known what the others took.
    return [
        one if one.count or not demand.ready_count else Share(0, _next_at(demand, counted, now))
        for one, demand in zip(shares, demands, strict=True)
    ]


def _share_alike(demands: Sequence[Demand], counted: dict[str, LimitState], now: datetime) -> list[int]:
    """Return how many each may begin, and count them."""
    counts = [0] * len(demands)
    open_places = sorted(range(len(demands)), key=lambda place: _lot(demands[place], counted))
    while open_places:
        still_open = []
        for waiting, place in zip(range(len(open_places), 0, -1), open_places, strict=True):
            demand = demands[place]
            wanted = demand.ready_count - counts[place]
            free = _granted(demand, counted, now, wanted * waiting)
            fair = min(wanted, -(-free // waiting))
            counts[place] += fair
            counted |= take_together(demand.limit_scopes, counted, now, fair)
            if fair and fair < wanted:
                still_open.append(place)
        open_places = still_open
    return counts


def _granted(demand: Demand, counted: Mapping[str, LimitState], now: datetime, wanted: int) -> int:
    return min(room(one.rules, one.state, now, wanted) for one in counts_of(demand.limit_scopes, counted))


def _lot(demand: Demand, counted: Mapping[str, LimitState]) -> bytes:
    """Return where a campaign stands in the order until anything more is counted: the same for every worker."""
    seen = sorted(f"{state.last_at}" for scope in demand.limit_scopes if (state := counted.get(scope.key)) is not None)
    return sha256(repr((seen, demand.merchant_id, demand.campaign_id)).encode("utf-8", "surrogatepass")).digest()


def _next_at(demand: Demand, counted: Mapping[str, LimitState], now: datetime) -> datetime | None:
    return grant_together(counts_of(demand.limit_scopes, counted), now).grant.next_at
