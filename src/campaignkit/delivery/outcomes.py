"""What a provider did with one message. Pure.

The words are those of the transport port: a *verdict* says what happened, a *scope* says whom it concerns.
"""

from datetime import timedelta
from enum import StrEnum

import attrs

__all__ = ["Outcome", "Scope", "Verdict"]


class Verdict(StrEnum):
    """What happened to a message.

    ``accepted``: the provider took responsibility. ``refused``: it never will. ``deferred``: it did not, and may later.
    ``not_sent``: proof that nothing was submitted. ``in_doubt``: nobody knows, so it is not sent again by itself.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DEFERRED = "deferred"
    NOT_SENT = "not_sent"
    IN_DOUBT = "in_doubt"


class Scope(StrEnum):
    """Whom a verdict concerns. Only ``recipient`` ever uses up an attempt or fails a recipient."""

    RECIPIENT = "recipient"
    HOST = "host"
    SENDER = "sender"
    GROUP = "group"  # the sender towards one group of destination domains
    CAMPAIGN = "campaign"


@attrs.frozen(kw_only=True)
class Outcome:
    """The fate of one message of a batch; exactly one per message."""

    message_id: str
    verdict: Verdict
    scope: Scope = Scope.RECIPIENT
    code: str = ""  # stable: "accepted", "mailbox_unknown", "greylisted", "reply_lost" …
    reply: str = ""  # what the provider said, one line, printable, at most 500 characters
    provider_id: str | None = None  # queue id, message sid
    retry_after: timedelta | None = None
    parts_accepted: int | None = None  # SMS only
