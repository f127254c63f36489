"""The one decision that lets a message cross the point of no return. Pure; every store shares it.

A *clearance* is what a worker believes; the *facts* are what the store holds at that instant, under its locks.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import mask
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.credits.lots import Shares
from campaignkit.credits.purse import Purse
from campaignkit.timing.limits import (
    CapAnswer,
    CapVerdict,
    FrequencyCap,
    LimitScope,
    LimitState,
    counts_of,
    grant_together,
    take_together,
)

__all__ = [
    "CROSS_WITHIN",
    "BeginAnswer",
    "BeginFacts",
    "BeginVerdict",
    "CampaignFacts",
    "Clearance",
    "Decision",
    "RecipientFacts",
    "decide",
]

# A worker that was granted begin has this long to cross; one that was frozen longer drops the connection instead.
CROSS_WITHIN = timedelta(seconds=30)
NO_CREDIT = "the shop's credit does not pay for this text; it waits until more is granted"


class BeginVerdict(StrEnum):
    """The answers of begin. Only GO consumes; SUPPRESSED, EXPIRED, CANCELLED and LEFT_OUT end the recipient."""

    GO = "go"
    STALE = "stale"  # the claim is no longer this worker's
    CHANGED = "changed"  # campaign or address were edited since the message was prepared
    PAUSED = "paused"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    LEFT_OUT = "left_out"  # the person had enough marketing already, and the merchant's cap skips them
    CLOSED = "closed"
    CAPPED = "capped"  # as LEFT_OUT, but the cap has them wait
    LIMITED = "limited"
    NO_CREDIT = "no_credit"


@attrs.frozen(kw_only=True)
class Clearance:
    """A prepared message that asks to begin. Instants are UTC."""

    merchant_id: str
    campaign_id: str
    recipient_id: str
    epoch: int
    generation: int = 1
    claim_token: str
    settings_version: int
    address_key: str = attrs.field(repr=mask)
    open_until: datetime | None = None  # the window's next closing; None: always open
    reopens_at: datetime | None = None  # its next opening after that
    deadline: datetime | None = None
    price: int | None = None  # credits; None: costs nothing
    limit_scopes: tuple[LimitScope, ...] = ()
    draw: float = 0.0  # from 0 to 1: how much of an interval's jitter follows this message
    cap: FrequencyCap | None = None  # of the merchant, with marketing
    content_digest: str = ""
    prepared_at: datetime


@attrs.frozen
class BeginAnswer:
    """What begin said to one clearance."""

    recipient_id: str
    verdict: BeginVerdict
    retry_at: datetime | None = None  # with CLOSED, CAPPED, LIMITED: not before
    detail: str = ""  # one sentence for a shopkeeper, with CAPPED, LEFT_OUT, LIMITED, NO_CREDIT
    cross_within: timedelta = CROSS_WITHIN


@attrs.frozen
class CampaignFacts:
    """What begin needs to know about a campaign, read under its lock."""

    status: CampaignStatus
    settings_version: int


@attrs.frozen
class RecipientFacts:
    """What begin needs to know about a recipient."""

    campaign_id: str
    status: RecipientStatus
    epoch: int
    claim_token: str
    address_key: str = attrs.field(repr=mask)


@attrs.frozen(kw_only=True)
class BeginFacts:
    """All that begin decides upon, as the store holds it now."""

    campaigns: Mapping[tuple[str, str], CampaignFacts]  # by (merchant, campaign)
    recipients: Mapping[tuple[str, str], RecipientFacts]  # by (merchant, recipient)
    suppressed: frozenset[tuple[str, str]]  # (merchant, address key)
    limits: Mapping[str, LimitState]  # by scope key; absent: nothing counted yet
    # When marketing to an address began, by (merchant, address key): what was, or may have been, accepted within the
    # days of the longest cap that is asked about. Absent: never.
    marketing: Mapping[tuple[str, str], Sequence[datetime]] = attrs.field(factory=dict)


@attrs.frozen
class Decision:
    """One answer per clearance, in order, and the limits as they stand afterwards."""

    answers: tuple[BeginAnswer, ...]
    limits: Mapping[str, LimitState]
    shares: Mapping[tuple[str, str], Shares] = attrs.field(factory=dict)  # which lots pay, by (merchant, recipient)


def decide(
    facts: BeginFacts, clearances: Sequence[Clearance], now: datetime, purses: Mapping[str, Purse] | None = None
) -> Decision:
    """Return who may begin at *now*, the store's instant after its locks were taken.

    A recipient named twice gets GO once. Reasons that end a recipient come before those that only delay it. Those whom
    a limit holds back are told one after the other when their turn comes, as if all before them took theirs. Credit is
    held in order until the lots cannot pay; nothing cheaper overtakes.

    Args:
        purses: Of each merchant who is asked to pay; the credit of who may begin is held in them. The store writes what
            changed.
    """
    purse_of = purses or {}
    shares: dict[tuple[str, str], Shares] = {}
    limits = _Limits(facts.limits, now)
    marketing = {person: list(instants) for person, instants in facts.marketing.items()}
    granted: set[tuple[str, str]] = set()
    answers: list[BeginAnswer] = []
    for clearance in clearances:
        identity = (clearance.merchant_id, clearance.recipient_id)
        if identity in granted:
            answer = _answer(clearance, BeginVerdict.STALE)
        else:
            purse = purse_of.get(clearance.merchant_id)
            answer = _refusal(facts, clearance, now, marketing) or _unpaid(clearance, purse) or limits.ask(clearance)
        if answer.verdict is BeginVerdict.GO:
            granted.add(identity)
            if clearance.price is not None:
                held = purse_of[clearance.merchant_id].hold(clearance.price)
                assert held is not None, "it was admitted"
                shares[identity] = held
            if clearance.cap is not None:
                marketing.setdefault((clearance.merchant_id, clearance.address_key), []).append(now)
        answers.append(answer)
    return Decision(tuple(answers), limits.states, shares)


class _Limits:
    """What is counted while one begin is decided."""

    def __init__(self, states: Mapping[str, LimitState], now: datetime) -> None:
        self.states = dict(states)
        self._now = now
        self._ahead: dict[str, LimitState] = {}  # as they would stand after those who wait had their turns

    def ask(self, clearance: Clearance) -> BeginAnswer:
        """Return GO and count the message under its scopes, or LIMITED and when its turn comes."""
        scopes = clearance.limit_scopes
        if not scopes:
            return _answer(clearance, BeginVerdict.GO)
        held = grant_together(counts_of(scopes, self.states), self._now).grant
        if held.count:
            self.states |= take_together(scopes, self.states, self._now, draw=clearance.draw)
            waiting = [scope for scope in scopes if scope.key in self._ahead]
            self._ahead |= take_together(waiting, self._ahead, self._now)
            return _answer(clearance, BeginVerdict.GO)
        return _answer(clearance, BeginVerdict.LIMITED, self._turn(scopes), held.sentence)

    def _turn(self, scopes: Sequence[LimitScope]) -> datetime:
        ahead = {**self.states, **self._ahead}
        latest = [state.last_at for scope in scopes if (state := ahead.get(scope.key)) is not None]
        turn = max([self._now, *(at for at in latest if at is not None)])
        turn = grant_together(counts_of(scopes, ahead), turn).grant.next_at or turn
        self._ahead |= take_together(scopes, ahead, turn)
        return turn


def _unpaid(clearance: Clearance, purse: Purse | None) -> BeginAnswer | None:
    """Return NO_CREDIT if the message costs something that cannot be paid; it holds nothing yet."""
    if clearance.price is None or (purse is not None and purse.admit(clearance.price)):
        return None
    return _answer(clearance, BeginVerdict.NO_CREDIT, detail=NO_CREDIT)


def _answer(
    clearance: Clearance, verdict: BeginVerdict, retry_at: datetime | None = None, detail: str = ""
) -> BeginAnswer:
    return BeginAnswer(clearance.recipient_id, verdict, retry_at, detail)


def _refusal(
    facts: BeginFacts, clearance: Clearance, now: datetime, marketing: Mapping[tuple[str, str], Sequence[datetime]]
) -> BeginAnswer | None:
    recipient = facts.recipients.get((clearance.merchant_id, clearance.recipient_id))
    campaign = facts.campaigns.get((clearance.merchant_id, clearance.campaign_id))
    if recipient is None or campaign is None or not _is_held(recipient, clearance):
        return _answer(clearance, BeginVerdict.STALE)
    if campaign.status is CampaignStatus.CANCELLED:
        return _answer(clearance, BeginVerdict.CANCELLED)
    if campaign.status is not CampaignStatus.SENDING:
        return _answer(clearance, BeginVerdict.PAUSED)
    if (clearance.merchant_id, recipient.address_key) in facts.suppressed:
        return _answer(clearance, BeginVerdict.SUPPRESSED)
    if clearance.settings_version != campaign.settings_version or clearance.address_key != recipient.address_key:
        return _answer(clearance, BeginVerdict.CHANGED)
    if clearance.deadline is not None and now >= clearance.deadline:
        return _answer(clearance, BeginVerdict.EXPIRED)
    capped = _capped(clearance, marketing, now)
    if capped is not None and capped.verdict is CapVerdict.SKIPPED:
        return _answer(clearance, BeginVerdict.LEFT_OUT, detail=capped.message)
    # The dot may follow as late as CROSS_WITHIN after this instant, and the end of a window is exclusive.
    if clearance.open_until is not None and now + CROSS_WITHIN >= clearance.open_until:
        return _answer(clearance, BeginVerdict.CLOSED, clearance.reopens_at)
    if capped is not None and capped.verdict is CapVerdict.DEFERRED:
        return _answer(clearance, BeginVerdict.CAPPED, capped.until, capped.message)
    return None


def _capped(
    clearance: Clearance, marketing: Mapping[tuple[str, str], Sequence[datetime]], now: datetime
) -> CapAnswer | None:
    if clearance.cap is None:
        return None
    past = marketing.get((clearance.merchant_id, clearance.address_key), ())
    return clearance.cap.answer(past, now, deadline=clearance.deadline)


def _is_held(recipient: RecipientFacts, clearance: Clearance) -> bool:
    return (
        # A clearance that names another campaign than the recipient's own must not borrow that one's status.
        recipient.campaign_id == clearance.campaign_id
        and recipient.status is RecipientStatus.CLAIMED
        and recipient.epoch == clearance.epoch
        and recipient.claim_token == clearance.claim_token
    )
