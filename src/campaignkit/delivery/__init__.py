"""Verdicts: a provider's answer comes in, what it means for one recipient leaves. Pure.

``reply → verdict → outcome → retry | end``; ``begin`` decides what may cross the point of no return.
"""

from campaignkit.delivery.begin import BeginAnswer, BeginVerdict, Clearance, decide
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.delivery.replies import (
    MENDING_CODES,
    SENTENCES,
    ReplyVerdict,
    SmtpReply,
    SmtpStage,
    parse_reply,
    printable_line,
    smtp_verdict,
)
from campaignkit.delivery.retry import ATTEMPTS_MAX, GREYLIST_WAIT, RETRY_DELAYS, RetrySchedule, next_try
from campaignkit.delivery.sentences import describe_code
from campaignkit.delivery.settling import Settlement, SettleResult, settle_one

__all__ = [
    "ATTEMPTS_MAX",
    "GREYLIST_WAIT",
    "MENDING_CODES",
    "RETRY_DELAYS",
    "SENTENCES",
    "BeginAnswer",
    "BeginVerdict",
    "Clearance",
    "Outcome",
    "ReplyVerdict",
    "RetrySchedule",
    "Scope",
    "SettleResult",
    "Settlement",
    "SmtpReply",
    "SmtpStage",
    "Verdict",
    "decide",
    "describe_code",
    "next_try",
    "parse_reply",
    "printable_line",
    "settle_one",
    "smtp_verdict",
]
