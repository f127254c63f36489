"""What an outcome does to a recipient: one rule, shared by every store. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.recipients import DOUBT_HORIZON, landing
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.timing.limits import LimitScope, LimitState, give_back

__all__ = [
    "ANSWERED_AGAIN",
    "NOT_ACCEPTED",
    "SENT_ANEW",
    "Ground",
    "LeftOpen",
    "SettleFacts",
    "SettleResult",
    "Settled",
    "SettledApart",
    "Settlement",
    "Uncounted",
    "echoes",
    "give_back_all",
    "is_settleable",
    "needs_ground",
    "settle_one",
    "uncounts",
]


# Why a finished campaign goes on: somebody on it was in doubt and is pending again.
NOT_ACCEPTED = "A message that was in doubt turned out not to have been accepted."
SENT_ANEW = "Messages that were in doubt are sent anew."
ANSWERED_AGAIN = "answered_again"  # the code of a try whose message was answered at another one


@attrs.frozen(kw_only=True)
class Settlement:
    """What became of one claimed or begun message."""

    merchant_id: str
    recipient_id: str
    epoch: int
    event: RecipientEvent  # ACCEPT, REFUSE, DEFER or DOUBT
    outcome: Outcome
    not_before: datetime | None = None  # with DEFER
    reason: str = ""  # stable code of where it lands
    detail: str = ""  # one sentence for a shopkeeper
    is_attempt_used: bool = False  # a deferral that concerned the recipient itself
    limit_scopes: tuple[LimitScope, ...] = ()  # those that begin counted it under
    spent: int | None = None  # credits, where it is known how many parts were accepted; None: all or nothing
    account: str = ""  # the provider's, under which ``outcome.provider_id`` names a text; empty: nobody asks for it
    part_count: int | None = None  # parts of a text in doubt of which ``provider_id`` names some; None: it names all


class SettleResult(StrEnum):
    """What settling did."""

    APPLIED = "applied"
    ALREADY = "already"  # this attempt was settled so before
    STALE = "stale"  # another epoch holds the recipient; nothing changed


@attrs.frozen
class Ground:
    """What a move back to pending lands on."""

    campaign_status: CampaignStatus
    deadline: datetime | None
    is_suppressed: bool


@attrs.frozen
class LeftOpen:
    """An attempt that was in doubt when its recipient was to be sent to anew, and still is."""

    generation: int
    verdict: str


@attrs.frozen
class SettleFacts:
    """What settling needs to know, read under the store's locks; a store need not read what is not looked at."""

    status: RecipientStatus
    epoch: int
    attempt_count: int
    channel: Channel
    settled_verdict: str | None  # of the attempt at this epoch; empty: none, or not settled; None: not read
    ground: Ground | None  # None: not read
    generation: int
    left_open: Mapping[int, LeftOpen] = attrs.field(factory=dict)  # by epoch


@attrs.frozen(kw_only=True)
class Settled:
    """The recipient as it stands afterwards; its lease is over."""

    status: RecipientStatus
    reason: str
    detail: str
    attempt_count: int
    not_before: datetime | None  # None: unchanged
    doubt_until: datetime | None


@attrs.frozen
class SettledApart:
    """Only the attempt is settled: its recipient went on without it."""


# The table allows more from these; what a never-begun claim may become is what proves that nothing was submitted.
_SETTLEABLE = {
    RecipientStatus.CLAIMED: {RecipientEvent.REFUSE, RecipientEvent.DEFER},
    RecipientStatus.SENDING: {
        RecipientEvent.ACCEPT,
        RecipientEvent.REFUSE,
        RecipientEvent.DEFER,
        RecipientEvent.DOUBT,
    },
    RecipientStatus.IN_DOUBT: {RecipientEvent.ACCEPT, RecipientEvent.REFUSE, RecipientEvent.DEFER},
}
_NOT_BEGUN = (RecipientStatus.PENDING, RecipientStatus.CLAIMED)
_BEGUN = (RecipientStatus.SENDING, RecipientStatus.IN_DOUBT)
_USING_AN_ATTEMPT = (RecipientEvent.ACCEPT, RecipientEvent.REFUSE)
_END_OF = {
    RecipientEvent.ACCEPT: RecipientStatus.SENT,
    RecipientEvent.REFUSE: RecipientStatus.FAILED,
    RecipientEvent.DOUBT: RecipientStatus.IN_DOUBT,
}


def is_settleable(status: RecipientStatus, event: RecipientEvent) -> bool:
    """Return whether *event* changes a recipient at *status*; where it does not, the verdict of before is looked at."""
    return event in _SETTLEABLE.get(status, ())


def needs_ground(event: RecipientEvent) -> bool:
    """Return whether *event* moves a recipient back to pending."""
    return event is RecipientEvent.DEFER


def settle_one(facts: SettleFacts, settlement: Settlement, now: datetime) -> Settled | SettledApart | SettleResult:
    """Return where the recipient stands afterwards, or ALREADY or STALE where nothing changes."""
    left_open = facts.left_open.get(settlement.epoch)
    if left_open is not None:
        return _settled_late(facts, left_open, settlement)
    if facts.epoch != settlement.epoch:
        return SettleResult.STALE
    event = settlement.event
    if not is_settleable(facts.status, event):
        assert facts.settled_verdict is not None
        is_repeated = facts.settled_verdict == settlement.outcome.verdict.value
        return SettleResult.ALREADY if is_repeated else SettleResult.STALE
    if needs_ground(event):
        return _deferred(facts, settlement, now)
    is_used = settlement.is_attempt_used or event in _USING_AN_ATTEMPT
    return Settled(
        status=_END_OF[event],
        reason=settlement.reason,
        detail=settlement.detail,
        attempt_count=facts.attempt_count + is_used,
        not_before=None,
        doubt_until=now + DOUBT_HORIZON[facts.channel] if event is RecipientEvent.DOUBT else None,
    )


def _settled_late(
    facts: SettleFacts, attempt: LeftOpen, settlement: Settlement
) -> Settled | SettledApart | SettleResult:
    """A message that turns out accepted before another one began is the one that was sent.

    That a try was not taken is no news once the very same message is on its way again, free of charge: the gateway's
    answer to that says what became of both.
    """
    if settlement.event is RecipientEvent.DOUBT:
        is_repeated = attempt.verdict == settlement.outcome.verdict.value
        return SettleResult.ALREADY if is_repeated else SettleResult.STALE
    if settlement.event is not RecipientEvent.ACCEPT:
        is_on_its_way = facts.status is RecipientStatus.CLAIMED or facts.status in _BEGUN
        return SettleResult.STALE if is_on_its_way and attempt.generation == facts.generation else SettledApart()
    if facts.status not in _NOT_BEGUN:
        return SettledApart()
    return Settled(
        status=RecipientStatus.SENT,
        reason=settlement.reason,
        detail=settlement.detail,
        attempt_count=facts.attempt_count + 1,
        not_before=None,
        doubt_until=None,
    )


def echoes(facts: SettleFacts, settlement: Settlement) -> Sequence[Settlement]:
    """Return what *settlement*, which was applied to *facts*, says of other tries of the very same message.

    A gateway that knows a message again takes it once: what it accepts or refuses now, it did the first time. So every
    try of that message that is still open ends alike, and the one that holds its credit is charged or gives it back.
    """
    late = facts.left_open.get(settlement.epoch)
    is_refused = settlement.event is RecipientEvent.REFUSE and settlement.outcome.verdict is Verdict.REFUSED
    is_answer = is_refused and late is None and facts.status in _BEGUN
    if settlement.event is not RecipientEvent.ACCEPT and not is_answer:
        return ()
    generation = facts.generation if late is None else late.generation
    same = {epoch for epoch, one in facts.left_open.items() if one.generation == generation}
    if facts.status is RecipientStatus.IN_DOUBT and facts.generation == generation:
        same.add(facts.epoch)
    same.discard(settlement.epoch)
    if not same:  # as for nearly everybody
        return ()
    outcome = attrs.evolve(settlement.outcome, code=ANSWERED_AGAIN)
    said = attrs.evolve(settlement, outcome=outcome, limit_scopes=(), account="", part_count=None)
    return [attrs.evolve(said, epoch=epoch) for epoch in sorted(same)]


def _deferred(facts: SettleFacts, settlement: Settlement, now: datetime) -> Settled:
    assert facts.ground is not None
    not_before = settlement.not_before or now
    land = landing(
        reason=settlement.reason,
        not_before=not_before,
        campaign_status=facts.ground.campaign_status,
        is_suppressed=facts.ground.is_suppressed,
        deadline=facts.ground.deadline,
    )
    return Settled(
        status=land.status,
        reason=land.reason,
        detail=settlement.detail if land.status is RecipientStatus.PENDING else "",
        attempt_count=facts.attempt_count + settlement.is_attempt_used,
        not_before=not_before,
        doubt_until=None,
    )


@attrs.frozen
class Uncounted:
    """A message that begin counted at that instant, and that was provably not submitted."""

    limit_scopes: tuple[LimitScope, ...]
    began_at: datetime


def uncounts(settlement: Settlement) -> bool:
    """Return whether *settlement*, applied to what had begun, proves that nothing was submitted to a provider."""
    return bool(settlement.limit_scopes) and settlement.outcome.verdict is Verdict.NOT_SENT


def give_back_all(states: Mapping[str, LimitState], uncounted: Iterable[Uncounted]) -> dict[str, LimitState]:
    """Return *states* without what *uncounted* had been counted for; a scope that is missing there stays so."""
    left = dict(states)
    for one in uncounted:
        for scope in one.limit_scopes:
            if scope.key in left:
                left[scope.key] = give_back(left[scope.key], one.began_at, scope.rules)
    return left
