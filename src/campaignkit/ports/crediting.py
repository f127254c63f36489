"""A merchant's credit as a store keeps it. A Protocol and its laws. Pure."""

from collections.abc import Sequence
from typing import Protocol

from campaignkit.campaign.recipients import (
    Attempt,
)
from campaignkit.credits.entries import Entry
from campaignkit.credits.lots import Lot
from campaignkit.credits.posting import CreditRequest

__all__ = ["CreditStore"]


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
