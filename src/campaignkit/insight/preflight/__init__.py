"""Is this campaign ready? All blockers and warnings at once, from a table of checks. Pure.

A check is a function from what is known to its findings; later rooms add theirs to ``CHECKS``.
"""

from campaignkit.insight.preflight.audience import find_typos
from campaignkit.insight.preflight.checks import CHECKS, run_checks
from campaignkit.insight.preflight.findings import (
    Check,
    CreditNeed,
    Finding,
    Known,
    LikelyTypo,
    PlaceholderUse,
    Preflight,
    Severity,
)
from campaignkit.insight.preflight.message import is_lacking, placeholder_uses

__all__ = [
    "CHECKS",
    "Check",
    "CreditNeed",
    "Finding",
    "Known",
    "LikelyTypo",
    "PlaceholderUse",
    "Preflight",
    "Severity",
    "find_typos",
    "is_lacking",
    "placeholder_uses",
    "run_checks",
]
