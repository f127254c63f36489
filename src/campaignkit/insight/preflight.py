"""Is this campaign ready? All blockers and warnings at once, from a table of checks. Pure.

A check is a function from what is known to its findings; later rooms add theirs to ``CHECKS``.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.addresses.email_typos import suggest_domain
from campaignkit.audience.choosing import ExclusionReason
from campaignkit.audience.consent import ConsentPolicy
from campaignkit.audience.targeting import Alternative, TargetingReport
from campaignkit.campaign.campaign import Campaign, CampaignKind
from campaignkit.campaign.documents import channel_of
from campaignkit.campaign.recipients import CampaignRecipient, Intake, RecipientCount
from campaignkit.campaign.senders import Sender
from campaignkit.message.content import EmailContent, SmsContent
from campaignkit.message.templates import Placeholder
from campaignkit.message.values import Values
from campaignkit.timing.limits import DOMAIN_GROUPS
from campaignkit.timing.windows import NoWindow

__all__ = [
    "CHECKS",
    "Check",
    "Finding",
    "Known",
    "LikelyTypo",
    "PlaceholderUse",
    "Preflight",
    "Severity",
    "find_typos",
    "placeholder_uses",
    "run_checks",
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


@attrs.frozen
class LikelyTypo:
    """A mail domain of recipients that is one slip away from a well-known one."""

    domain: str  # as it came in
    suggested: str
    count: int


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

    @property
    def recipient_count(self) -> int:
        return sum(count.count for count in self.counts if count.intake is Intake.RECIPIENT)

    def count_of(self, intake: Intake, reason: str) -> int:
        """Return how many rows share an intake and a reason."""
        return sum(count.count for count in self.counts if (count.intake, count.reason) == (intake, reason))


Check = Callable[[Known], Iterable[Finding]]


def run_checks(known: Known) -> Preflight:
    """Return what every check of the table found, in the table's order."""
    findings = [finding for check in CHECKS for finding in check(known)]
    return Preflight(
        blockers=tuple(finding for finding in findings if finding.severity is Severity.BLOCKER),
        warnings=tuple(finding for finding in findings if finding.severity is Severity.WARNING),
    )


def find_typos(recipients: Iterable[CampaignRecipient]) -> tuple[LikelyTypo, ...]:
    """Return the mail domains of *recipients* that look misspelt, the most frequent first. One pass, streaming."""
    domains = (recipient.address.rpartition("@")[2] for recipient in recipients)
    counts = Counter((domain, suggested) for domain in domains if (suggested := suggest_domain(domain)) is not None)
    return tuple(LikelyTypo(*domains, count) for domains, count in counts.most_common())


def placeholder_uses(
    placeholders: Sequence[Placeholder],
    recipients: Iterable[CampaignRecipient],
    values_of: Callable[[CampaignRecipient], Values],
) -> tuple[PlaceholderUse, ...]:
    """Return, for each placeholder, how many recipients it would leave without a value. One pass, streaming."""
    missing, empty = [0] * len(placeholders), [0] * len(placeholders)
    samples: list[list[str]] = [[] for _ in placeholders]
    # Full Liquid may name a whole namespace, or look into a value: what is asked is whether the value is there.
    names = [(one.namespace, one.name.partition(".")[0]) for one in placeholders]
    for recipient in recipients if placeholders else ():
        values = values_of(recipient)
        for index, (namespace, name) in enumerate(names):
            known = values.get(namespace)
            value = known if not name else None if known is None else known.get(name)
            missing[index] += value is None
            is_empty = value is not None and not _has_content(value)
            empty[index] += is_empty
            if (value is None or is_empty) and len(samples[index]) < SAMPLES_MAX:
                samples[index].append(_name_of(recipient))
    rows = zip(placeholders, missing, empty, samples, strict=True)
    return tuple(
        PlaceholderUse(placeholder=one, missing_count=absent, empty_count=blank, samples=tuple(some))
        for one, absent, blank, some in rows
    )


def _has_content(value: object) -> bool:
    """Return whether *value* shows as anything: a number always does."""
    if isinstance(value, str):
        return bool(value.strip())
    return bool(value) if isinstance(value, list | Mapping) else True


def _name_of(recipient: CampaignRecipient) -> str:
    if recipient.row_number is not None:
        return f"row {recipient.row_number}"
    return recipient.contact_id or recipient.recipient_id


def check_sender(known: Known) -> Iterable[Finding]:
    """The campaign's sender exists and writes by its channel."""
    if known.sender is None:
        yield _blocker(
            "no_sender",
            "The campaign names a sender that is not configured.",
            "Configure the sender with add_sender, or choose another one.",
        )
    elif known.sender.channel != known.campaign.channel:
        yield _blocker(
            "sender_channel",
            f"The sender sends {known.sender.channel}, the campaign {known.campaign.channel}.",
            "Choose a sender of the campaign's own channel.",
        )


def check_recipients(known: Known) -> Iterable[Finding]:
    """There is somebody to write to."""
    if known.recipient_count == 0:
        yield _blocker("no_recipients", "Nobody would get this campaign.", "Add recipients with add_recipients.")


def check_left_out(known: Known) -> Iterable[Finding]:
    """Rows that will get nothing are named with their reasons."""
    left_out = [count for count in known.counts if count.intake is not Intake.RECIPIENT]
    without_address = known.count_of(Intake.EXCLUSION, ExclusionReason.NO_ADDRESS)
    if without_address:
        reached = known.other_channel_count
        yield _warning(
            "no_address",
            f"{_counted(without_address, 'contact has', 'contacts have')} no address for {known.campaign.channel}; "
            f"{reached or 'none'} of them would be reached by {_OTHER[known.campaign.channel]}.",
            "Complete them in the customer base, or reach them by the other channel.",
            count=without_address,
        )
    others = sum(count.count for count in left_out if count.reason not in _TOLD_APART)
    if others:
        yield _warning(
            "left_out",
            f"{_counted(others, 'more row is', 'more rows are')} left out: duplicates, broken addresses, opt-outs.",
            "Look at the exclusions and mend what can be mended.",
            count=others,
        )


def check_typos(known: Known) -> Iterable[Finding]:
    """What looks misspelt is pointed out, and sent to as it is."""
    count = sum(typo.count for typo in known.likely_typos)
    if count:
        yield _warning(
            "likely_typos",
            f"{_counted(count, 'address is', 'addresses are')} at a domain that looks like a slip of the keyboard.",
            "Ask those customers, and correct the address; nothing is changed by itself.",
            count=count,
            samples=tuple(
                f"{one.domain}, perhaps {one.suggested}: {one.count}" for one in known.likely_typos[:SAMPLES_MAX]
            ),
        )


def check_consent(known: Known) -> Iterable[Finding]:
    """Those whom nobody asked are counted, whatever silence means to this shop."""
    name = _NAMES[known.campaign.channel]
    taken = known.count_of(Intake.RECIPIENT, ExclusionReason.CONSENT_UNKNOWN)
    if taken:
        yield _warning(
            "consent_unknown",
            f"Nobody asked {_counted(taken, 'recipient', 'recipients')} whether {name} are welcome; "
            "by this shop's consent policy that is enough.",
            "Ask them, or set a consent policy that leaves them out.",
            count=taken,
        )
    left_out = known.count_of(Intake.EXCLUSION, ExclusionReason.CONSENT_UNKNOWN)
    if left_out:
        yield _warning(
            "consent_unknown_left_out",
            f"{_counted(left_out, 'contact is', 'contacts are')} left out because nobody asked whether {name} are "
            "welcome; by this shop's consent policy that is not enough.",
            "Ask them, or set a consent policy that takes silence for a yes where the law allows it.",
            count=left_out,
        )


def check_targeting(known: Known) -> Iterable[Finding]:
    """A filter that leaves nobody is named, with the choices that would reach somebody."""
    filtered = known.count_of(Intake.EXCLUSION, ExclusionReason.FILTERED)
    report = known.targeting
    if known.recipient_count == 0 and filtered:
        choices = report.alternatives if report is not None and report.excludes_everybody else ()
        yield _warning(
            "filter_excludes_everybody",
            f"The filter leaves out {_counted(filtered, 'contact', 'contacts')}, and nobody is left.",
            " ".join(["Choose otherwise.", *(f"{_reach(one)}." for one in choices)]),
            count=filtered,
            samples=tuple(_reach(one) for one in choices),
        )
    elif report is not None:
        for part in report.matching_nobody:
            yield _warning(
                "filter_matches_nobody",
                f"A part of the filter is true of nobody: {part.label}; {part.absent_count} have no such fact, "
                f"of {part.unclear_count} it cannot be compared.",
                "Correct it, or leave it out.",
                count=report.seen_count,
                samples=(part.path,),
            )


def _reach(choice: Alternative) -> str:
    return f"{choice.label}: {choice.reach_count}"


_NAMES = {Channel.EMAIL: "emails", Channel.SMS: "text messages"}
_OTHER = {Channel.EMAIL: "text message", Channel.SMS: "email"}
_TOLD_APART = frozenset({ExclusionReason.NO_ADDRESS, ExclusionReason.CONSENT_UNKNOWN, ExclusionReason.FILTERED})


def check_content(known: Known) -> Iterable[Finding]:
    """The message is written for the campaign's channel."""
    if channel_of(known.content) is not known.campaign.channel:
        yield _blocker(
            "content_channel",
            "The message is written for another channel than the campaign's.",
            "Give EmailContent to an email campaign and SmsContent to an SMS campaign.",
        )
    if known.campaign.channel is Channel.EMAIL and isinstance(known.content, EmailContent) and not known.content.text:
        yield _warning("no_text", "The mail has no text part.", "Write one: some people and most filters look for it.")


def check_placeholders(known: Known) -> Iterable[Finding]:
    """Every placeholder has a value, or a default, for everybody."""
    for use in known.placeholders:
        if known.recipient_count == 0:
            return
        is_unknown = use.missing_count == known.recipient_count
        hit_count = use.missing_count + use.empty_count
        if is_unknown and use.placeholder.default is None:
            yield _blocker(
                "unknown_placeholder",
                f"{_place(use.placeholder)} is known for none of the recipients.",
                "Correct its name, or give it a default.",
                count=use.missing_count,
                samples=use.samples,
            )
        elif is_unknown:
            yield _warning(
                "unknown_placeholder_defaulted",
                f"{_place(use.placeholder)} is known for nobody; everybody gets the default.",
                "Correct its name if that was not meant.",
                count=use.missing_count,
                samples=use.samples,
            )
        elif use.placeholder.default is None and hit_count:
            yield _warning(
                "empty_placeholder",
                f"{_place(use.placeholder)} is empty for {_counted(hit_count, 'recipient', 'recipients')}.",
                'Give it a default, as in {{ customer.name | default: "friend" }}.',
                count=hit_count,
                samples=use.samples,
            )


def _place(placeholder: Placeholder) -> str:
    return f"{placeholder.source} in {placeholder.field}, line {placeholder.line}, column {placeholder.column},"


def check_schedule(known: Known) -> Iterable[Finding]:
    """There is a moment, before the deadline, at which the campaign may send."""
    opens_at: datetime | NoWindow = known.start_at
    if known.campaign.window is not None:
        opens_at = known.campaign.window.next_open(known.start_at, (known.zone,))
    if isinstance(opens_at, NoWindow):
        yield _blocker("no_window", opens_at.message, "Change the days, hours or holidays of the send window.")
    elif known.deadline is not None and known.deadline <= opens_at:
        yield _blocker(
            "deadline_too_early",
            "The deadline is past before the campaign may begin.",
            "Choose a later deadline, an earlier start, or a wider window.",
        )


def check_limits(known: Known) -> Iterable[Finding]:
    """What the provider lets the sender send is known, and the sender is made for more than letters."""
    sender = known.sender
    if sender is None:
        return
    if sender.limits is None:
        yield _warning(
            "limits_unknown",
            "Nobody said how much this sender's provider lets it send.",
            "Ask the provider and give add_sender its limits, or an empty list if there are none.",
        )
    is_free = known.campaign.channel is Channel.EMAIL and sender.address.rpartition("@")[2].lower() in DOMAIN_GROUPS
    if is_free and known.campaign.kind is CampaignKind.MARKETING:
        yield _warning(
            "free_mailbox_sender",
            "The sender is a free mailbox: it may send few messages a day, and much of them lands in spam.",
            "Send from an address of the shop's own domain.",
        )


CHECKS: tuple[Check, ...] = (
    check_sender,
    check_limits,
    check_recipients,
    check_left_out,
    check_typos,
    check_consent,
    check_targeting,
    check_content,
    check_placeholders,
    check_schedule,
)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _blocker(code: str, message: str, remedy: str, *, count: int = 0, samples: tuple[str, ...] = ()) -> Finding:
    return Finding(code=code, severity=Severity.BLOCKER, message=message, remedy=remedy, count=count, samples=samples)


def _warning(code: str, message: str, remedy: str, *, count: int = 0, samples: tuple[str, ...] = ()) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, message=message, remedy=remedy, count=count, samples=samples)
