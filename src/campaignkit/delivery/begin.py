"""The one decision that lets a message cross the point of no return. Pure; every store shares it.

A *clearance* is what a worker believes; the *facts* are what the store holds at that instant, under its locks.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import mask
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.timing.limits import LimitScope, LimitState, next_allowed, take

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


class BeginVerdict(StrEnum):
    """The answers of begin. Only GO consumes anything; SUPPRESSED, EXPIRED and CANCELLED end the recipient."""

    GO = "go"
    STALE = "stale"  # the claim is no longer this worker's
    CHANGED = "changed"  # campaign or address were edited since the message was prepared
    PAUSED = "paused"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CLOSED = "closed"
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
    content_digest: str = ""
    prepared_at: datetime


@attrs.frozen
class BeginAnswer:
    """What begin said to one clearance."""

    recipient_id: str
    verdict: BeginVerdict
    retry_at: datetime | None = None  # with CLOSED, LIMITED: not before
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


@attrs.frozen
class Decision:
    """One answer per clearance, in order, and the limits as they stand afterwards."""

    answers: tuple[BeginAnswer, ...]
    limits: Mapping[str, LimitState]


def decide(facts: BeginFacts, clearances: Sequence[Clearance], now: datetime) -> Decision:
    """Return who may begin at *now*, the store's instant after its locks were taken.

    A recipient named twice gets GO once. Reasons that end a recipient come before those that only delay it.
    """
    limits = dict(facts.limits)
    granted: set[tuple[str, str]] = set()
    answers: list[BeginAnswer] = []
    for clearance in clearances:
        identity = (clearance.merchant_id, clearance.recipient_id)
        answer = _refusal(facts, clearance, now) if identity not in granted else _answer(clearance, BeginVerdict.STALE)
        if answer is None and clearance.limit_scopes:
            answer = _limited(clearance, limits, now)
        if answer is None:
            answer = _answer(clearance, BeginVerdict.GO)
            granted.add(identity)
            for scope in clearance.limit_scopes:
                limits[scope.key] = take(limits.get(scope.key, LimitState()), now)
        answers.append(answer)
    return Decision(tuple(answers), limits)


def _answer(clearance: Clearance, verdict: BeginVerdict, retry_at: datetime | None = None) -> BeginAnswer:
    return BeginAnswer(clearance.recipient_id, verdict, retry_at)


def _refusal(facts: BeginFacts, clearance: Clearance, now: datetime) -> BeginAnswer | None:
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
    # The dot may follow as late as CROSS_WITHIN after this instant, and the end of a window is exclusive.
    if clearance.open_until is not None and now + CROSS_WITHIN >= clearance.open_until:
        return _answer(clearance, BeginVerdict.CLOSED, clearance.reopens_at)
    return None


def _is_held(recipient: RecipientFacts, clearance: Clearance) -> bool:
    return (
        # A clearance that names another campaign than the recipient's own must not borrow that one's status.
        recipient.campaign_id == clearance.campaign_id
        and recipient.status is RecipientStatus.CLAIMED
        and recipient.epoch == clearance.epoch
        and recipient.claim_token == clearance.claim_token
    )


def _limited(clearance: Clearance, limits: Mapping[str, LimitState], now: datetime) -> BeginAnswer | None:
    latest = max(next_allowed(scope, limits.get(scope.key, LimitState()), now) for scope in clearance.limit_scopes)
    return None if latest <= now else _answer(clearance, BeginVerdict.LIMITED, latest)
