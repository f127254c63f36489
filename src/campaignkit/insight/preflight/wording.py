"""Checks of what the message says, and of how many parts a text has for everybody. Pure."""

from collections.abc import Iterable

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import CampaignKind
from campaignkit.insight.preflight.findings import SAMPLES_MAX, Finding, Known, Severity, counted, warning
from campaignkit.message.completeness import MessageFinding, check_message

__all__ = ["check_completeness", "check_text_parts"]


def check_completeness(known: Known) -> Iterable[Finding]:
    """Nothing is missing in the message, and nothing looks suspicious; alike findings are told once."""
    found = check_message(
        known.content,
        is_marketing=known.campaign.kind is CampaignKind.MARKETING,
        postal_address=known.merchant_values.get("postal_address", ""),
        opt_out_due=bool(known.text_opt_out),
        file_bytes=known.file_bytes,
        target_count=len(known.campaign.link_targets),
    )
    by_code: dict[str, list[MessageFinding]] = {}
    for one in found:
        by_code.setdefault(one.code, []).append(one)
    for code, alike in by_code.items():
        worst = max(alike, key=lambda one: one.is_blocker)
        yield Finding(
            code=code,
            severity=Severity.BLOCKER if worst.is_blocker else Severity.WARNING,
            message=worst.message,
            remedy=worst.remedy,
            count=len(alike),
            samples=tuple(one.sample for one in alike if one.sample)[:SAMPLES_MAX],
        )


def check_text_parts(known: Known) -> Iterable[Finding]:
    """A text that takes several parts, for some at least, costs as many."""
    longest = max(known.text_parts, default=1)
    if known.campaign.channel is not Channel.SMS or longest == 1:
        return
    several = sum(count for parts, count in known.text_parts.items() if parts > 1)
    total = sum(parts * count for parts, count in known.text_parts.items())
    yield warning(
        "several_parts",
        f"The text takes up to {longest} parts, for {counted(several, 'recipient', 'recipients')} more than one; "
        f"all together {total} parts are paid for.",
        "Make it shorter, or accept the price.",
        count=several,
        samples=tuple(f"{parts} parts: {count}" for parts, count in sorted(known.text_parts.items()))[:SAMPLES_MAX],
    )
