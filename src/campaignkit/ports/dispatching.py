"""How a message is sent once: due, claim, begin, settle, release, reap. A Protocol and its laws. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import attrs

from campaignkit.campaign.recipients import (
    CampaignRecipient,
)
from campaignkit.delivery.begin import BeginAnswer, Clearance
from campaignkit.delivery.settling import Settlement, SettleResult

__all__ = ["Claim", "DispatchStore", "Due", "DueList", "Reaped"]


@attrs.frozen(kw_only=True)
class Due:
    """A campaign that may have work now."""

    merchant_id: str
    campaign_id: str
    ready_count: int  # pending with not_before ≤ now, counted up to a bound, and at most what its limits grant now
    next_pending_at: datetime | None = None  # the earliest not_before after now
    next_lease_at: datetime | None = None  # the earliest end of a lease on its claimed or sending ones
    limited_until: datetime | None = None  # some are ready, but its limits grant nothing before


@attrs.frozen
class DueList:
    """What is due, and when something else will be."""

    campaigns: tuple[Due, ...]
    next_at: datetime | None  # earliest future next_at of a scheduled campaign, or lease end of any merchant's
    now: datetime | None = None  # by the store's clock, which deadlines go by; None: the worker's is as good


@attrs.frozen(kw_only=True)
class Claim:
    """A recipient that this worker holds until ``recipient.lease_until``."""

    recipient: CampaignRecipient

    @property
    def epoch(self) -> int:
        return self.recipient.epoch


@attrs.frozen
class Reaped:
    """What leases past their end left behind."""

    released: int = 0  # claimed → pending
    in_doubt: int = 0  # sending → in doubt
    unknown: int = 0  # in doubt past the horizon → unknown


class DispatchStore(Protocol):
    """How a message is sent once. Each verb is one atomic call, durable on return and safe to repeat."""

    def due(self, now: datetime, /, *, limit: int, after: tuple[str, str] | None = None) -> DueList:
        """Return at most *limit* campaigns: all that are sending, and scheduled ones whose ``next_at`` has come.

        How many of each may begin is decided by ``sharing.share`` over all of them, not only those returned. They
        come round by merchant, starting behind *after* (merchant, campaign), so that a caller who passes on where it
        stopped reaches every merchant.
        """
        ...

    def claim(
        self,
        merchant_id: str,
        campaign_id: str,
        /,
        *,
        worker_id: str,
        token: str,
        lease: timedelta,
        limit: int,
    ) -> Sequence[Claim]:
        """Claim up to *limit* pending recipients whose not_before has come, the longest waiting first; epoch + 1 each.

        Only while the campaign is sending. The same token returns the same claims, those still held.
        """
        ...

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        """Decide by ``begin.decide`` and, in the same commit, move those that may go to SENDING; one answer each.

        First, and in the same commit too, it writes *settlements* as ``settle`` does: what one wave came to costs no
        commit of its own when another wave follows.

        The only way into SENDING. What is not GO consumed nothing; SUPPRESSED, EXPIRED, CANCELLED and LEFT_OUT end
        their recipient. Limits are counted in this commit, so that no window ever holds more than they allow. The
        deciding instant is the store's own, read after its locks were taken.

        Who has a price and may go holds it: the lots that pay stand on the attempt, and are written in this commit.
        """
        ...

    def settle(self, settlements: Sequence[Settlement], /) -> Sequence[SettleResult]:
        """Write what became of messages: from CLAIMED (never cleared), SENDING or IN_DOUBT, at the same epoch only.

        Moves back to pending land by ``recipients.landing``. What provably was not submitted is given back to the
        limits that it was counted under, by ``settling.give_back_all``. What a message holds of its merchant's credit
        ends once, by ``crediting.ended_by``, and what comes back of it wakes campaigns as ``post`` does. A message in
        doubt that turns out not accepted, or is settled in any way while its campaign is finished, reopens the campaign
        if it lands in pending.
        """
        ...

    def release(
        self, claims: Sequence[Claim], /, *, not_before: datetime | None = None, reason: str = "", detail: str = ""
    ) -> int:
        """Give claims back at their epoch, without an attempt; None keeps ``not_before``. Returns how many.

        *reason* and *detail* replace what stood there, where they land in pending; elsewhere the landing says why.
        """
        ...

    def reap(self) -> Reaped:
        """Take back what outlived its lease, ``lease_until <= now`` by the store's clock; any number may reap.

        What becomes unknown is charged; what a doubt holds is held until then.
        """
        ...
