"""What preflight knows of a campaign, and what it may find. Values only. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import attrs

from campaignkit.audience.consent import ConsentPolicy
from campaignkit.audience.targeting import TargetingReport
from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.recipients import Intake, RecipientCount
from campaignkit.campaign.senders import Sender
from campaignkit.credits.pumping import PumpingFinding
from campaignkit.message.content import EmailContent, SmsContent
from campaignkit.message.templates import Placeholder

__all__ = [
    "SAMPLES_MAX",
    "Check",
    "CreditNeed",
    "Finding",
    "Known",
    "LikelyTypo",
    "PlaceholderUse",
    "Preflight",
    "Severity",
    "blocker",
    "counted",
    "warning",
]

SAMPLES_MAX = 5


class Severity(StrEnum):
    """Whether a finding keeps the campaign from being scheduled."""

    BLOCKER = "blocker"
    WARNING = "warning"


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that is wrong, or worth knowing, before sending."""

    code: str  # stable
    severity: Severity
    message: str  # one sentence
    remedy: str  # what to do about it
    count: int = 0  # how many recipients or rows it concerns
    samples: tuple[str, ...] = ()  # at most five of them, by row, contact or recipient
    sign: str = ""  # what it was told by, where one code has several signs; stable


@attrs.frozen(kw_only=True)
class Preflight:
    """Everything that was found."""

    blockers: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    doubt_max: int | None = None  # the most messages that a crash can leave in doubt; None: the transport does not say

    @property
    def is_ready(self) -> bool:
        return not self.blockers


@attrs.frozen(kw_only=True)
class PlaceholderUse:
    """How one placeholder fares over the whole audience."""

    placeholder: Placeholder
    missing_count: int  # recipients that have no such field at all
    empty_count: int  # recipients whose field is empty
    samples: tuple[str, ...]
    likely: str | None = None  # the known field that is spelt most like one that nobody has


@attrs.frozen
class LikelyTypo:
    """A mail domain of recipients that is one slip away from a well-known one."""

    domain: str  # as it came in
    suggested: str
    count: int


@attrs.frozen(kw_only=True)
class CreditNeed:
    """What the texts of a campaign cost, and what there is to pay for them."""

    needed: int = 0
    available: int = 0
    expiring: int = 0  # of what is available, before the last text
    unpriced_count: int = 0  # recipients whose numbers no price is known for
    is_price_missing: bool = False  # no table is in force

    @property
    def missing(self) -> int:
        return self.needed - (self.available - self.expiring)


@attrs.frozen(kw_only=True)
class Known:
    """All that the checks look at."""

    campaign: Campaign
    content: EmailContent | SmsContent
    sender: Sender | None
    zone: str  # the merchant's
    start_at: datetime  # when it would begin
    deadline: datetime | None
    counts: Sequence[RecipientCount]
    placeholders: Sequence[PlaceholderUse]
    consent_policy: ConsentPolicy = attrs.field(factory=ConsentPolicy)
    other_channel_count: int = 0  # of those without an address, whom the other channel would reach
    targeting: TargetingReport | None = None  # what the last filter did
    likely_typos: Sequence[LikelyTypo] = ()  # the most frequent first
    suspicious_numbers: Sequence[PumpingFinding] = ()  # signs that nobody has confirmed
    destinations: Mapping[str, int] = attrs.field(factory=dict)  # of texts: recipients by calling code
    capped_count: int = 0  # of recipients who had as much marketing as the merchant's cap allows
    template_chain: tuple[str, ...] = ()  # the template that the content was made of, and those that it derives from
    merchant_values: Mapping[str, str] = attrs.field(factory=dict)
    text_opt_out: str = ""
    file_bytes: int = 0  # of what every mail carries
    can_repeat: bool = False  # what is in doubt may be sent again, and the sender's provider takes it once
    has_bounce_route: bool = True  # a bounce of a mail finds its way back to its recipient
    unfillable: tuple[str, ...] = ()  # why the message cannot be made for some of the first recipients: full Liquid
    credit: CreditNeed | None = None  # None: it costs nothing
    text_parts: Mapping[int, int] = attrs.field(factory=dict)  # parts of a text → recipients who get so many

    @property
    def recipient_count(self) -> int:
        return sum(count.count for count in self.counts if count.intake is Intake.RECIPIENT)

    def count_of(self, intake: Intake, reason: str) -> int:
        """Return how many rows share an intake and a reason."""
        return sum(count.count for count in self.counts if (count.intake, count.reason) == (intake, reason))


Check = Callable[[Known], Iterable[Finding]]


def counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def blocker(code: str, message: str, remedy: str, *, count: int = 0, samples: tuple[str, ...] = ()) -> Finding:
    return Finding(code=code, severity=Severity.BLOCKER, message=message, remedy=remedy, count=count, samples=samples)


def warning(code: str, message: str, remedy: str, *, count: int = 0, samples: tuple[str, ...] = ()) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, message=message, remedy=remedy, count=count, samples=samples)
