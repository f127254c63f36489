"""What all verbs of MemoryStore share: tables, lock, clock. Touches the system's clock where it was given none."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.records import CampaignRecord
from campaignkit.campaign.status import RecipientEvent, RecipientStatus
from campaignkit.delivery.feedback import LIFTABLE, standing_reason
from campaignkit.delivery.moving import given_back, moved
from campaignkit.delivery.settling import Ground
from campaignkit.ports import Clock
from campaignkit.stores.memory.credit import CreditTable
from campaignkit.stores.memory.documents import DocumentTable
from campaignkit.stores.memory.heard import HeardTable
from campaignkit.stores.memory.recipients import RecipientTable
from campaignkit.timing.limits import LimitState

__all__ = ["MemoryTables"]


class MemoryTables:
    """The state of a store. Methods with an underscore expect the lock to be held."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._own_clock = clock
        self._kit_clock: Clock | None = None
        self._lock = threading.RLock()
        self._documents = DocumentTable()
        self._recipients = RecipientTable()
        self._suppressions: dict[str, dict[str, str]] = {}  # merchant → address key → reason
        self._limits: dict[str, LimitState] = {}  # by scope key
        self._credit = CreditTable()
        self._heard = HeardTable()

    def bind_clock(self, clock: Clock, /) -> None:
        """Use the kit's clock, unless this store was made with its own."""
        self._kit_clock = clock

    def close(self) -> None:
        """Do nothing; the store stays as it is."""

    def _now(self) -> datetime:
        clock = self._own_clock or self._kit_clock
        return datetime.now(UTC) if clock is None else clock.now()

    def _is_suppressed(self, merchant_id: str, key: str) -> bool:
        return key in self._suppressions.get(merchant_id, {})

    def _suppress(self, merchant_id: str, keys: Sequence[str], reason: str) -> int:
        known = self._suppressions.setdefault(merchant_id, {})
        new_count = len({key for key in keys if key not in known})
        known.update((key, standing_reason(known.get(key), reason)) for key in keys)
        wanted = frozenset(keys)
        for campaign_id in self._recipients.campaign_ids(merchant_id):
            pending = self._recipients.in_status(merchant_id, campaign_id, RecipientStatus.PENDING)
            named = frozenset(row.recipient_id for row in pending if row.address_key in wanted)
            self._end_pending(merchant_id, campaign_id, RecipientEvent.SKIP, reason="suppressed", named=named)
        return new_count

    def _lift(self, merchant_id: str, keys: Sequence[str]) -> int:
        known = self._suppressions.get(merchant_id, {})
        lifted = {key for key in keys if known.get(key) in LIFTABLE}
        for key in lifted:
            del known[key]
        return len(lifted)

    def _campaign_of(self, row: CampaignRecipient) -> CampaignRecord:
        campaign = self._documents.campaign(row.merchant_id, row.campaign_id)
        assert campaign is not None  # a deleted campaign took its rows with it
        return campaign

    def _ground(self, row: CampaignRecipient) -> Ground:
        """Return what a move back to pending lands on."""
        campaign = self._campaign_of(row)
        return Ground(campaign.status, campaign.deadline, self._is_suppressed(row.merchant_id, row.address_key))

    def _end_pending(
        self,
        merchant_id: str,
        campaign_id: str,
        event: RecipientEvent,
        *,
        reason: str,
        named: frozenset[str] | None = None,
    ) -> int:
        now = self._now()
        pending = self._recipients.in_status(merchant_id, campaign_id, RecipientStatus.PENDING)
        moving = [row for row in pending if named is None or row.recipient_id in named]
        for row in moving:
            self._recipients.put(moved(row, event, at=now, reason=reason, detail=""))
        return len(moving)

    def _give_back(
        self, row: CampaignRecipient, now: datetime, *, not_before: datetime, reason: str, detail: str = ""
    ) -> None:
        back = given_back(row, self._ground(row), now, not_before=not_before, reason=reason, detail=detail)
        self._recipients.put(back)
