"""Checks of the audience: who gets the campaign, who is left out, and what looks wrong in between. Pure."""

from collections import Counter
from collections.abc import Iterable

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.addresses.email_typos import suggest_domain
from campaignkit.audience.choosing import ExclusionReason
from campaignkit.audience.targeting import Alternative
from campaignkit.campaign.recipients import CampaignRecipient, Intake
from campaignkit.insight.preflight.findings import SAMPLES_MAX, Finding, Known, LikelyTypo, blocker, counted, warning

__all__ = [
    "check_capped",
    "check_consent",
    "check_left_out",
    "check_numbers",
    "check_recipients",
    "check_targeting",
    "check_typos",
    "find_typos",
]

_NAMES = {Channel.EMAIL: "emails", Channel.SMS: "text messages"}
_OTHER = {Channel.EMAIL: "text message", Channel.SMS: "email"}
_TOLD_APART = frozenset({ExclusionReason.NO_ADDRESS, ExclusionReason.CONSENT_UNKNOWN, ExclusionReason.FILTERED})


def find_typos(recipients: Iterable[CampaignRecipient]) -> tuple[LikelyTypo, ...]:
    """Return the mail domains of *recipients* that look misspelt, the most frequent first. One pass, streaming."""
    domains = (recipient.address.rpartition("@")[2] for recipient in recipients)
    counts = Counter((domain, suggested) for domain in domains if (suggested := suggest_domain(domain)) is not None)
    return tuple(LikelyTypo(*domains, count) for domains, count in counts.most_common())


def check_recipients(known: Known) -> Iterable[Finding]:
    """There is somebody to write to."""
    if known.recipient_count == 0:
        yield blocker("no_recipients", "Nobody would get this campaign.", "Add recipients with add_recipients.")


def check_left_out(known: Known) -> Iterable[Finding]:
    """Rows that will get nothing are named with their reasons."""
    left_out = [count for count in known.counts if count.intake is not Intake.RECIPIENT]
    without_address = known.count_of(Intake.EXCLUSION, ExclusionReason.NO_ADDRESS)
    if without_address:
        reached = known.other_channel_count
        yield warning(
            "no_address",
            f"{counted(without_address, 'contact has', 'contacts have')} no address for {known.campaign.channel}; "
            f"{reached or 'none'} of them would be reached by {_OTHER[known.campaign.channel]}.",
            "Complete them in the customer base, or reach them by the other channel.",
            count=without_address,
        )
    others = sum(count.count for count in left_out if count.reason not in _TOLD_APART)
    if others:
        yield warning(
            "left_out",
            f"{counted(others, 'more row is', 'more rows are')} left out: duplicates, broken addresses, opt-outs.",
            "Look at the exclusions and mend what can be mended.",
            count=others,
        )


def check_typos(known: Known) -> Iterable[Finding]:
    """What looks misspelt is pointed out, and sent to as it is."""
    count = sum(typo.count for typo in known.likely_typos)
    if count:
        yield warning(
            "likely_typos",
            f"{counted(count, 'address is', 'addresses are')} at a domain that looks like a slip of the keyboard.",
            "Ask those customers, and correct the address; nothing is changed by itself.",
            count=count,
            samples=tuple(
                f"{one.domain}, perhaps {one.suggested}: {one.count}" for one in known.likely_typos[:SAMPLES_MAX]
            ),
        )


def check_numbers(known: Known) -> Iterable[Finding]:
    """Numbers that somebody may have made up wait for a person, sign by sign."""
    for found in known.suspicious_numbers:
        finding = blocker(
            "pumping_suspected",
            found.message,
            f"{found.remedy} To go on, confirm_numbers.",
            count=found.count,
            samples=found.samples,
        )
        yield attrs.evolve(finding, sign=found.code.value)


def check_consent(known: Known) -> Iterable[Finding]:
    """Those whom nobody asked are counted, whatever silence means to this shop."""
    name = _NAMES[known.campaign.channel]
    taken = known.count_of(Intake.RECIPIENT, ExclusionReason.CONSENT_UNKNOWN)
    if taken:
        yield warning(
            "consent_unknown",
            f"Nobody asked {counted(taken, 'recipient', 'recipients')} whether {name} are welcome; "
            "by this shop's consent policy that is enough.",
            "Ask them, or set a consent policy that leaves them out.",
            count=taken,
        )
    left_out = known.count_of(Intake.EXCLUSION, ExclusionReason.CONSENT_UNKNOWN)
    if left_out:
        yield warning(
            "consent_unknown_left_out",
            f"{counted(left_out, 'contact is', 'contacts are')} left out because nobody asked whether {name} are "
            "welcome; by this shop's consent policy that is not enough.",
            "Ask them, or set a consent policy that takes silence for a yes where the law allows it.",
            count=left_out,
        )


def check_capped(known: Known) -> Iterable[Finding]:
    """Those who had enough marketing lately will wait, or be left out."""
    if known.capped_count:
        yield warning(
            "frequency_cap",
            f"{counted(known.capped_count, 'recipient has', 'recipients have')} had as much marketing as this shop "
            "allows for a person; they wait until it is old enough, or are left out.",
            "Nothing need be done; write to them later, or change the shop's cap.",
            count=known.capped_count,
        )


def check_targeting(known: Known) -> Iterable[Finding]:
    """A filter that leaves nobody is named, with the choices that would reach somebody."""
    filtered = known.count_of(Intake.EXCLUSION, ExclusionReason.FILTERED)
    report = known.targeting
    if known.recipient_count == 0 and filtered:
        choices = report.alternatives if report is not None and report.excludes_everybody else ()
        yield warning(
            "filter_excludes_everybody",
            f"The filter leaves out {counted(filtered, 'contact', 'contacts')}, and nobody is left.",
            " ".join(["Choose otherwise.", *(f"{_reach(one)}." for one in choices)]),
            count=filtered,
            samples=tuple(_reach(one) for one in choices),
        )
    elif report is not None:
        for part in report.matching_nobody:
            yield warning(
                "filter_matches_nobody",
                f"A part of the filter is true of nobody: {part.label}; {part.absent_count} have no such fact, "
                f"of {part.unclear_count} it cannot be compared.",
                "Correct it, or leave it out.",
                count=report.seen_count,
                samples=(part.path,),
            )


def _reach(choice: Alternative) -> str:
    return f"{choice.label}: {choice.reach_count}"
