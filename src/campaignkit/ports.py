"""The four ports of the engine: Transport, Store, Clock, and the source of ids. Protocols and their laws. Pure.

``campaignkit.testing.store_laws`` proves a host's own store against them.
Every instant is an aware UTC datetime. Every read and write names the merchant; what belongs to another one is not
found.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.recipients import (
    Attempt,
    CampaignRecipient,
    Intake,
    IntakeResult,
    NewAddress,
    ReaddressResult,
    RecipientCount,
)
from campaignkit.campaign.status import RecipientEvent, RecipientStatus
from campaignkit.credits.entries import Entry
from campaignkit.credits.lots import Lot
from campaignkit.credits.posting import CreditRequest
from campaignkit.delivery.begin import BeginAnswer, Clearance
from campaignkit.delivery.outcomes import Outcome
from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.message.outbound import OutboundMessage
from campaignkit.timing.limits import LimitScope, LimitState

__all__ = [
    "Backlog",
    "Claim",
    "Clear",
    "Cleared",
    "Clock",
    "CreditStore",
    "DispatchStore",
    "Document",
    "DocumentStore",
    "Due",
    "DueList",
    "NewId",
    "PlanningStore",
    "Reaped",
    "RecipientQuery",
    "RecipientStore",
    "SaveGuard",
    "SaysDoubtMax",
    "SenderCheck",
    "SettleResult",
    "Settlement",
    "Store",
    "SuppressionStore",
    "Trail",
    "Transport",
]


class Clock(Protocol):
    """Time, from outside."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def sleep_until(self, at: datetime, /) -> None:
        """Return when the present instant is *at* or later."""
        ...


NewId = Callable[[], str]  # a new unique id, at most 40 characters of [0-9a-z]


class Cleared(Protocol):
    """What came back from ``clear``."""

    @property
    def messages(self) -> Sequence[OutboundMessage]:
        """Those that may cross the point of no return, in the order given. All others must not."""
        ...

    def may_cross(self) -> bool:
        """Return whether the permission still holds; ask immediately before the point of no return.

        False once the worker stood still for longer than it was granted, or the clock went back: then drop the
        message and say ``not_sent``.
        """
        ...


Clear = Callable[[Sequence[OutboundMessage]], Cleared]


@attrs.frozen(kw_only=True)
class SenderCheck:
    """Whether an account would accept mail now, without sending any."""

    is_ready: bool
    code: str = ""
    reply: str = ""


class Transport(Protocol):
    """Carries messages to a provider. One verb and two courtesies.

    Laws: ``send`` yields exactly one ``Outcome`` per message of the batch, in any order. It calls ``clear`` with
    messages that are prepared up to the point of no return, possibly several times with disjoint parts, never twice
    for one message, and crosses only with those it got back. What it has yielded is settled before the next
    ``clear`` answers. An exception, an early end or a missing outcome leaves cleared messages in doubt and gives
    the others back.
    """

    @property
    def channel(self) -> Channel: ...

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterable[Outcome]: ...

    def verify(self) -> SenderCheck: ...

    def close(self) -> None: ...


@runtime_checkable
class SaysDoubtMax(Protocol):
    """What a transport may say besides: the most messages that a crash amid ``send`` can leave in doubt."""

    @property
    def doubt_max(self) -> int: ...


@attrs.frozen(kw_only=True)
class Document:
    """A stored thing that is no recipient; its kind is merchant, sender, campaign, content, health, test or targeting.

    A campaign's body holds at least ``status``, ``settings_version``, ``next_at``, ``deadline`` and
    ``limit_scopes``, which the store reads for ``due``, ``begin`` and every move back to pending; ``waiting_for`` tells
    ``due`` that a campaign rests (``documents.resting_until``) and takes no share of its limits. ``body=None`` is
    a deleted document.
    """

    merchant_id: str
    kind: str
    document_id: str
    body: Mapping[str, Any] | None = attrs.field(repr=False)
    revision: int = 0  # 0: not stored yet


class SaveGuard(StrEnum):
    """What must be true of a campaign's recipients, inside the save's own transaction."""

    NONE = "none"
    NOBODY_BUSY = "nobody_busy"  # none claimed, none sending
    NOBODY_LEFT = "nobody_left"  # none pending, claimed or sending
    NOBODY_BEGAN = "nobody_began"  # no attempt exists, none claimed
    OUT_OF_CREDIT = "out_of_credit"  # none claimed, none sending, and the body's ``credit_needed`` cannot be paid now


class DocumentStore(Protocol):
    """Documents with optimistic revisions."""

    def load(self, merchant_id: str, kind: str, document_id: str, /) -> Document | None:
        """Return the document, or None where this merchant has none, or deleted it."""
        ...

    def save(
        self,
        document: Document,
        /,
        *,
        expected_revision: int,
        note: TimelineEntry | None = None,
        guard: SaveGuard = SaveGuard.NONE,
    ) -> Document | None:
        """Store *document* with revision ``expected_revision + 1`` and return it; None if *guard* is false.

        In the same commit: *note* is appended to a campaign's timeline; a campaign that becomes cancelled takes its
        pending recipients with it; a deleted one takes all its rows.

        Raises:
            RevisionConflict: the stored revision is another; nothing changed.
        """
        ...

    def scan(
        self,
        merchant_id: str,
        kind: str,
        /,
        *,
        status: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Sequence[Document]:
        """Return at most *limit* documents in order of their ids, those after *after*."""
        ...


@attrs.frozen(kw_only=True)
class RecipientQuery:
    """Which rows of a campaign to list; every given condition must hold."""

    intake: Intake | None = None
    status: RecipientStatus | None = None
    recipient_id: str | None = None
    contact_id: str | None = None
    address_key: str | None = None
    row_number: int | None = None
    after: str | None = None  # a recipient_id
    limit: int = 100


@attrs.frozen
class Trail:
    """All that is known about one row of a campaign."""

    recipient: CampaignRecipient
    attempts: tuple[Attempt, ...]  # in order of their epochs
    timeline: tuple[TimelineEntry, ...]  # of the campaign, in order


class RecipientStore(Protocol):
    """The rows of campaigns."""

    def add_recipients(
        self, merchant_id: str, campaign_id: str, rows: Sequence[CampaignRecipient], /
    ) -> Sequence[IntakeResult]:
        """Add rows in one commit and return one result each, by the rules of ``recipients.admit``.

        Adding the same rows again, from however many processes, adds nothing.

        Raises:
            CampaignNotFound, NotEditable: there is no such campaign, or it is finished or cancelled.
        """
        ...

    def move_recipients(
        self,
        merchant_id: str,
        campaign_id: str,
        event: RecipientEvent,
        /,
        *,
        reason: str,
        recipient_ids: Sequence[str] | None = None,
    ) -> int:
        """Apply skip, expire or cancel to pending recipients, all or those named; return how many moved."""
        ...

    def readdress(self, merchant_id: str, campaign_id: str, recipient_id: str, to: NewAddress, /) -> ReaddressResult:
        """Move one recipient to another address, if it is pending or claimed and nobody else of the campaign has it.

        The epoch rises and a lease ends, so that what a worker prepared for the old address is stale. It lands by
        ``recipients.landing``: a suppressed address, say, ends as skipped.

        Raises:
            CampaignNotFound, NotEditable: as ``add_recipients``.
        """
        ...

    def list_recipients(
        self, merchant_id: str, campaign_id: str, query: RecipientQuery, /
    ) -> Sequence[CampaignRecipient]:
        """Return the rows that *query* names, in order of ``recipient_id``."""
        ...

    def count_recipients(self, merchant_id: str, campaign_id: str, /) -> Sequence[RecipientCount]:
        """Return how many rows share each intake, status and reason; they add up to all rows."""
        ...

    def trail(self, merchant_id: str, recipient_id: str, /) -> Trail | None:
        """Return the row, its attempts and its campaign's timeline; None where this merchant has no such row."""
        ...


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


class SuppressionStore(Protocol):
    """Who must not be written to."""

    def suppress(self, merchant_id: str, keys: Sequence[str], /, *, reason: str) -> int:
        """Remember address keys for good and skip their pending recipients in every campaign, in one commit.

        Returns how many keys are new.
        """
        ...

    def suppressed(self, merchant_id: str, keys: Sequence[str], /) -> frozenset[str]:
        """Return those of *keys* that are suppressed for this merchant."""
        ...


@attrs.frozen
class Backlog:
    """Pending recipients of one campaign that follow each other by their ids and are alike in all that forecasts ask.

    ``count`` of them in a run, and not one value for all that are alike: in what order the zones of a list take turns
    decides who is sent to before a window closes.
    """

    count: int
    zones: tuple[str, ...]  # as stored: empty is the merchant's zone
    not_before: datetime
    destination: str = ""  # a mail domain in lower case, or the first ``PREFIX_LENGTH`` characters of an E.164 number


PREFIX_LENGTH = 4  # a plus and three digits: what tells one country's calling code from another's


class PlanningStore(Protocol):
    """What forecasts, checks and test sends ask: who still waits, what limits have counted, who had marketing."""

    def backlog(
        self, merchant_id: str, campaign_id: str, /, *, before: str | None = None, by_destination: bool = False
    ) -> Sequence[Backlog]:
        """Return a campaign's pending recipients in order of ``recipient_id``, those alike in a row as one.

        Args:
            before: Only those whose ids come before this recipient_id.
            by_destination: Whether destinations part those who are alike otherwise; else they are empty.
        """
        ...

    def counted(self, keys: Sequence[str], /) -> Mapping[str, LimitState]:
        """Return what was counted under each of the scope *keys*; one that is missing was never counted."""
        ...

    def spend(self, scopes: Sequence[LimitScope], /, *, draw: float = 0.0) -> datetime | None:
        """Count one message under *scopes*, in one commit, and return None; or when one may begin, counting nothing.

        For what a provider counts though it is no recipient's: test sends. By the store's clock, as begin.
        """
        ...

    def marketing(self, merchant_id: str, keys: Sequence[str], since: datetime, /) -> Mapping[str, Sequence[datetime]]:
        """Return when marketing to the addresses *keys* began after *since*, where it was or may have been accepted."""
        ...


class CreditStore(Protocol):
    """What merchants have bought, and what their texts came to cost."""

    def post(self, merchant_id: str, requests: Sequence[CreditRequest], /) -> Sequence[Entry]:
        """Do *requests* in order by ``posting.post``, in one commit, all or none; one entry each.

        A request that was made before, by its key, changes nothing. Where credit becomes available, campaigns that are
        scheduled and wait for credit are due at once, in the same commit.

        Raises:
            KeyReused, InsufficientCredits, CreditsExceeded, HoldNotFound, InvalidCredits: nothing changed. Holds of
                attempts are ended by ``settle`` alone, and may be refunded.
        """
        ...

    def lots(self, merchant_id: str, /) -> Sequence[Lot]:
        """Return all lots of a merchant by number, as they were last written; what has expired since is not marked."""
        ...

    def posted(self, merchant_id: str, /) -> Sequence[Entry]:
        """Return the entries that were posted, and those of lots that expired, in the order in which they came."""
        ...

    def charged(
        self, merchant_id: str, /, *, after: tuple[str, int] | None = None, limit: int = 1000
    ) -> Sequence[Attempt]:
        """Return at most *limit* attempts that credit was held for, by recipient and epoch, those after *after*.

        Their entries are ``Attempt.credit_entries``; with ``posted`` they are the whole ledger. They outlive a campaign
        that is deleted.
        """
        ...


class Store(DocumentStore, RecipientStore, DispatchStore, SuppressionStore, PlanningStore, CreditStore, Protocol):
    """Everything that campaignkit keeps. ``bind_clock`` gives it the kit's clock unless it was made with its own."""

    def bind_clock(self, clock: Clock, /) -> None: ...

    def close(self) -> None: ...
