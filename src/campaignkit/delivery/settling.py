"""What an outcome does to a recipient: one rule, shared by every store. Pure."""

from datetime import datetime
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.recipients import DOUBT_HORIZON, landing
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.delivery.outcomes import Outcome

__all__ = ["SettleFacts", "SettleResult", "Settled", "Settlement", "settle_one"]


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


class SettleResult(StrEnum):
    """What settling did."""

    APPLIED = "applied"
    ALREADY = "already"  # this attempt was settled so before
    STALE = "stale"  # another epoch holds the recipient; nothing changed


@attrs.frozen(kw_only=True)
class SettleFacts:
    """What settling needs to know, read under the store's locks."""

    status: RecipientStatus
    epoch: int
    attempt_count: int
    channel: Channel
    settled_verdict: str  # of the attempt at this epoch; empty: none, or not settled
    campaign_status: CampaignStatus
    deadline: datetime | None
    is_suppressed: bool


@attrs.frozen(kw_only=True)
class Settled:
    """The recipient as it stands afterwards; its lease is over."""

    status: RecipientStatus
    reason: str
    detail: str
    attempt_count: int
    not_before: datetime | None  # None: unchanged
    doubt_until: datetime | None


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
_END_OF = {
    RecipientEvent.ACCEPT: RecipientStatus.SENT,
    RecipientEvent.REFUSE: RecipientStatus.FAILED,
    RecipientEvent.DOUBT: RecipientStatus.IN_DOUBT,
}


def settle_one(facts: SettleFacts, settlement: Settlement, now: datetime) -> Settled | SettleResult:
    """Return where the recipient stands afterwards, or ALREADY or STALE where nothing changes."""
    if facts.epoch != settlement.epoch:
        return SettleResult.STALE
    if settlement.event not in _SETTLEABLE.get(facts.status, ()):
        is_repeated = facts.settled_verdict == settlement.outcome.verdict.value
        return SettleResult.ALREADY if is_repeated else SettleResult.STALE
    used = settlement.is_attempt_used or settlement.event in {RecipientEvent.ACCEPT, RecipientEvent.REFUSE}
    attempt_count = facts.attempt_count + used
    if settlement.event is RecipientEvent.DEFER:
        not_before = settlement.not_before or now
        land = landing(
            reason=settlement.reason,
            not_before=not_before,
            campaign_status=facts.campaign_status,
            is_suppressed=facts.is_suppressed,
            deadline=facts.deadline,
        )
        return Settled(
            status=land.status,
            reason=land.reason,
            detail=settlement.detail if land.status is RecipientStatus.PENDING else "",
            attempt_count=attempt_count,
            not_before=not_before,
            doubt_until=None,
        )
    return Settled(
        status=_END_OF[settlement.event],
        reason=settlement.reason,
        detail=settlement.detail,
        attempt_count=attempt_count,
        not_before=None,
        doubt_until=now + DOUBT_HORIZON[facts.channel] if settlement.event is RecipientEvent.DOUBT else None,
    )
