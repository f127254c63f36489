"""Who is in doubt, and sending anew on purpose: a Protocol and its laws. Pure."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.doubts import Doubt

__all__ = ["DoubtStore"]


class DoubtStore(Protocol):
    """Messages of which nobody knows whether they were accepted."""

    def doubts(
        self, merchant_id: str, campaign_id: str, /, *, after: str | None = None, limit: int = 1000
    ) -> Sequence[Doubt]:
        """Return who is in doubt, in order of ``recipient_id``: at most *limit*, those behind the id *after*."""
        ...

    def resend(
        self,
        merchant_id: str,
        campaign_id: str,
        /,
        *,
        quarantine: timedelta,
        recipient_ids: Sequence[str] | None = None,
        generation_max: int | None = None,
        repeated_content: str | None = None,
        limit: int = 1000,
        note: TimelineEntry | None = None,
    ) -> int:
        """Move up to *limit* recipients from IN_DOUBT to PENDING, all or those named, and return how many.

        Only whose message began *quarantine* ago or longer, by the store's clock, and whose generation is at most
        *generation_max*. Only who lands in pending by ``recipients.landing`` now, and has no attempt that turned out
        accepted: all others stay in doubt, which they are.

        Each has its generation raised and its ``not_before`` at this instant; the epoch stays. The attempt keeps its
        hold, and as ``doubt_until`` what its recipient had: it is settled as one in doubt is, and at that instant
        ``reap`` charges it. If anybody moved, a finished campaign is reopened and *note* written, by
        ``doubts.counted``, in the same commit.

        With *repeated_content* nobody gets a new message: the very same is repeated, for a gateway that takes it once.
        Only those move whose attempt has that content digest. They keep generation and ``not_before``, and are
        ``is_repeated`` until they are resent; what ``settling.echoes`` says of their other attempts is settled too.
        """
        ...
