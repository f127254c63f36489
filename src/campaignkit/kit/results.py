"""What the verbs of the kit and of a merchant answer. Values only."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from campaignkit.addresses.channel import mask
from campaignkit.campaign.campaign import WaitingFor
from campaignkit.campaign.senders import GroupHealth, Sender, SenderHealth
from campaignkit.campaign.status import CampaignStatus, Delivery, RecipientStatus
from campaignkit.delivery.outcomes import Verdict

__all__ = [
    "AddedRecipients",
    "Arrival",
    "CampaignCounts",
    "GroupState",
    "Observation",
    "RedirectedRecipients",
    "ResentDoubts",
    "RunReport",
    "SenderState",
    "TestResult",
    "TickReport",
    "WaitingCampaign",
]


@attrs.frozen(kw_only=True)
class AddedRecipients:
    """What adding contacts did; the four add up to what came in."""

    added: int = 0
    existing: int = 0  # these very rows were added before
    excluded: int = 0  # contacts that are left out, each with its reason
    rejected: int = 0  # rows that could not be read


@attrs.frozen(kw_only=True)
class CampaignCounts:
    """Every row that ever came into a campaign: ``rows = recipients + exclusions + rejections``."""

    rows: int
    recipients: int
    by_status: Mapping[RecipientStatus, int]  # of recipients; they add up to ``recipients``
    by_delivery: Mapping[Delivery, int]  # of those recipients about whose message something came back
    exclusions: Mapping[str, int]  # by reason
    rejections: Mapping[str, int]  # by code


@attrs.frozen(kw_only=True)
class ResentDoubts:
    """What sending anew did: how many are pending again, and why the others who were asked for stay in doubt."""

    resent: int = 0
    quarantined: int = 0  # their messages were handed over a moment ago
    quarantined_until: datetime | None = None  # UTC; when the last of those may be sent anew
    suppressed: int = 0  # nothing more may go to them
    accepted_before: int = 0  # an earlier message to them turned out to have been accepted
    expired: int = 0  # the deadline comes first


@attrs.frozen(kw_only=True)
class RedirectedRecipients:
    """What leading the recipients of merged customers to the survivor did, over all campaigns that have not ended."""

    moved: int = 0  # go to the survivor now
    cancelled: int = 0  # the survivor gets, or got, another message of the same campaign
    skipped: int = 0  # the survivor's consent or address forbids it
    busy: int = 0  # a worker holds them; call again when it is done


@attrs.frozen(kw_only=True)
class GroupState:
    """How a sender stands with one destination group: the mail domains of one provider, or a country."""

    blocked_until: datetime | None  # UTC; None: it takes messages
    per_hour: float | None  # messages, as far as its replies taught; None: nothing slows the sender
    throttle_count: int  # replies that asked for patience
    code: str  # of the last of them
    reply: str


@attrs.frozen(kw_only=True)
class SenderState:
    """A sender, its limits, and what was learned about it while sending."""

    sender: Sender
    blocked_until: datetime | None  # UTC; None: its host takes messages
    per_hour: float | None  # messages, as far as its provider's replies taught; None: nothing slows it
    throttle_count: int
    code: str  # of the last setback
    reply: str
    groups: Mapping[str, GroupState]  # those towards which it is slowed or blocked

    @classmethod
    def of(cls, sender: Sender, health: SenderHealth, at: datetime) -> "SenderState":
        """Return what is known of *sender* at an instant."""
        return cls(
            sender=sender,
            **_learned(health, at),
            groups={name: GroupState(**_learned(group, at)) for name, group in health.groups.items()},
        )


def _learned(health: SenderHealth | GroupHealth, at: datetime) -> dict[str, Any]:
    rate = health.rate
    return {
        "blocked_until": health.blocked_until
        if health.blocked_until is not None and health.blocked_until > at
        else None,
        "per_hour": rate.per_hour_at(at) if rate is not None and rate.is_slowed(at) else None,
        "throttle_count": 0 if rate is None else rate.throttle_count,
        "code": health.code,
        "reply": health.reply,
    }


class Arrival(StrEnum):
    """Where a person found a test send, or that it is nowhere."""

    INBOX = "inbox"
    SPAM = "spam"
    NOTHING = "nothing"


@attrs.frozen(kw_only=True)
class Observation:
    """What a person saw of a test send."""

    arrival: Arrival
    is_well_formatted: bool | None = None  # None: not looked at
    do_links_work: bool | None = None
    at: datetime  # UTC
    actor: str = ""


def _size(copy: Mapping[str, str]) -> str:
    return f"<{sum(map(len, copy.values()))} characters>"


@attrs.frozen(kw_only=True)
class TestResult:
    """What became of a test send. Acceptance alone is no passed test: somebody must look whether it arrived."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    test_id: str
    campaign_id: str
    to: str = attrs.field(repr=mask)
    at: datetime  # UTC
    verdict: Verdict
    code: str
    message: str  # one sentence
    reply: str
    provider_id: str | None
    content_id: str
    message_digest: str = ""  # of all that the message is made of: content, values, files, headers, sender
    copy: Mapping[str, str] = attrs.field(factory=dict, repr=_size)  # what was sent: "subject", "text", "html"
    actor: str
    observation: Observation | None = None  # None: nobody has said what arrived
    is_stale: bool = False  # the message was changed since

    @property
    def has_passed(self) -> bool:
        """Return whether the message as it is now was accepted, and seen in an inbox with nothing wrong about it."""
        seen = self.observation
        if self.verdict is not Verdict.ACCEPTED or self.is_stale or seen is None:
            return False
        return seen.arrival is Arrival.INBOX and False not in {seen.is_well_formatted, seen.do_links_work}


@attrs.frozen(kw_only=True)
class TickReport:
    """What one bounded round did."""

    sent: int
    next_at: datetime | None  # UTC; None: nothing timed is left
    has_more: bool = False  # its bounds ended it, so something may be due at once


@attrs.frozen(kw_only=True)
class WaitingCampaign:
    """A campaign that is not finished, and what it waits for."""

    merchant_id: str
    campaign_id: str
    status: CampaignStatus
    waiting_for: WaitingFor
    next_at: datetime | None


@attrs.frozen(kw_only=True)
class RunReport:
    """What a run did, and which of the campaigns that it looked at are left unfinished."""

    sent: int
    next_at: datetime | None
    waiting: tuple[WaitingCampaign, ...]
