"""The rows of campaigns, and who must not be written to: Protocols and their laws. Pure."""

from collections.abc import Sequence
from typing import Protocol

import attrs

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
from campaignkit.delivery.feedback import HeardFeedback

__all__ = ["RecipientQuery", "RecipientStore", "SuppressionStore", "Trail"]


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
    events: tuple[HeardFeedback, ...] = ()  # what came back about its messages, in the order in which it was recorded


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
        """Apply skip, expire or cancel to pending recipients, all or those named; return how many moved.

        Expire moves nobody before the campaign's deadline, by the store's clock and as the campaign stands: whoever
        asks may have read a deadline that was moved since.
        """
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
        """Return how many rows share each intake, status, reason and delivery; they add up to all rows."""
        ...

    def trail(self, merchant_id: str, recipient_id: str, /) -> Trail | None:
        """Return the row, its attempts and its campaign's timeline; None where this merchant has no such row."""
        ...


class SuppressionStore(Protocol):
    """Who must not be written to."""

    def suppress(self, merchant_id: str, keys: Sequence[str], /, *, reason: str) -> int:
        """Remember address keys for good and skip their pending recipients in every campaign, in one commit.

        Returns how many keys are new. Of a key that is known the reason stays, unless that was one which its owner may
        lift (``feedback.standing_reason``).
        """
        ...

    def lift(self, merchant_id: str, keys: Sequence[str], /) -> int:
        """Forget those of *keys* whose reason is one of ``feedback.LIFTABLE``, and return how many.

        Who was skipped stays so; campaigns to come may write to them again.
        """
        ...

    def suppressed(self, merchant_id: str, keys: Sequence[str], /) -> frozenset[str]:
        """Return those of *keys* that are suppressed for this merchant."""
        ...
