"""Whom a limit counts: sender, destination, merchant, campaign; and several of them at once. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from campaignkit.timing.limits.granting import Grant, grant, take
from campaignkit.timing.limits.rules import LimitRule
from campaignkit.timing.limits.states import LimitState

__all__ = [
    "LimitScope",
    "ScopeCount",
    "ScopedGrant",
    "campaign_scope",
    "counts_of",
    "destination_scope",
    "grant_together",
    "merchant_scope",
    "sender_scope",
    "take_together",
]


@attrs.frozen
class LimitScope:
    """Rules and whom they count: ``campaign/flora/c1``."""

    key: str
    rules: tuple[LimitRule, ...]


@attrs.frozen
class ScopeCount:
    """All rules of one scope, and what was counted under it so far."""

    key: str
    rules: tuple[LimitRule, ...]
    state: LimitState = attrs.field(factory=LimitState)


@attrs.frozen
class ScopedGrant:
    """How many may begin under all scopes at once, and which scope decided that."""

    grant: Grant
    key: str | None = None  # None: all were granted


def sender_scope(merchant_id: str, sender_id: str) -> str:
    """Return the key under which everything that one sender sends is counted."""
    return f"sender/{merchant_id}/{sender_id}"


def destination_scope(merchant_id: str, sender_id: str, group: str) -> str:
    """Return the key under which what one sender sends to one *group* is counted: of domains, or a country's prefix."""
    return f"{sender_scope(merchant_id, sender_id)}/to/{group}"


def merchant_scope(merchant_id: str) -> str:
    """Return the key under which everything of one merchant is counted."""
    return f"merchant/{merchant_id}"


def campaign_scope(merchant_id: str, campaign_id: str) -> str:
    """Return the key under which everything of one campaign is counted."""
    return f"campaign/{merchant_id}/{campaign_id}"


def counts_of(scopes: Sequence[LimitScope], states: Mapping[str, LimitState]) -> list[ScopeCount]:
    """Return *scopes* with what was counted under each; one that *states* lacks was never counted."""
    return [ScopeCount(scope.key, scope.rules, states.get(scope.key, LimitState())) for scope in scopes]


def take_together(
    scopes: Sequence[LimitScope],
    states: Mapping[str, LimitState],
    now: datetime,
    count: int = 1,
    *,
    draw: float = 0.0,
) -> dict[str, LimitState]:
    """Return the states of *scopes* with *count* messages counted under each; arguments as for ``take``."""
    return {
        scope.key: take(states.get(scope.key, LimitState()), now, scope.rules, count, draw=draw) for scope in scopes
    }


def grant_together(counts: Sequence[ScopeCount], now: datetime, count: int = 1, *, recipients: int = 1) -> ScopedGrant:
    """Return how many of *count* messages may begin at *now* under every scope at once, and else when the next may.

    Whoever counts them then counts the granted number under every scope. The scope that is named is the one that
    holds the next message longest.
    """
    granted = min([count, *(grant(one.rules, one.state, now, count, recipients=recipients).count for one in counts)])
    if granted == count:
        return ScopedGrant(Grant(count=granted))
    held: list[ScopedGrant] = []
    for one in counts:
        answer = grant(one.rules, one.state, now, granted + 1, recipients=recipients)
        if answer.count <= granted:
            held.append(ScopedGrant(attrs.evolve(answer, count=granted), one.key))
    return max(held, key=_holds_until)


def _holds_until(held: ScopedGrant) -> tuple[bool, float]:
    next_at = held.grant.next_at
    return next_at is None, 0.0 if next_at is None else next_at.timestamp()
