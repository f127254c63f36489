"""Documents that are no recipients, with optimistic revisions: a Protocol and its laws. Pure."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

import attrs

from campaignkit.campaign.campaign import TimelineEntry

__all__ = ["Document", "DocumentStore", "SaveGuard"]


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
