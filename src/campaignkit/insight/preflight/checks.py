"""The table of checks, and running it. Pure."""

from campaignkit.insight.preflight.audience import (
    check_capped,
    check_consent,
    check_left_out,
    check_numbers,
    check_recipients,
    check_targeting,
    check_typos,
)
from campaignkit.insight.preflight.credit import check_credit
from campaignkit.insight.preflight.findings import Check, Known, Preflight, Severity
from campaignkit.insight.preflight.message import check_content, check_filling, check_placeholders, check_template
from campaignkit.insight.preflight.sending import (
    check_bounce_route,
    check_destinations,
    check_doubts,
    check_limits,
    check_schedule,
    check_sender,
)
from campaignkit.insight.preflight.wording import check_completeness, check_text_parts

__all__ = ["CHECKS", "run_checks"]

CHECKS: tuple[Check, ...] = (
    check_sender,
    check_limits,
    check_destinations,
    check_bounce_route,
    check_doubts,
    check_recipients,
    check_left_out,
    check_typos,
    check_numbers,
    check_consent,
    check_targeting,
    check_capped,
    check_content,
    check_template,
    check_placeholders,
    check_filling,
    check_completeness,
    check_text_parts,
    check_schedule,
    check_credit,
)


def run_checks(known: Known) -> Preflight:
    """Return what every check of the table found, in the table's order."""
    findings = [finding for check in CHECKS for finding in check(known)]
    return Preflight(
        blockers=tuple(finding for finding in findings if finding.severity is Severity.BLOCKER),
        warnings=tuple(finding for finding in findings if finding.severity is Severity.WARNING),
    )
