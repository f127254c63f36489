"""Recipients and their attempts in memory, and the indexes that find them. No locks."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import attrs

from campaignkit.campaign.recipients import Attempt, CampaignRecipient, Intake, RecipientCount
from campaignkit.campaign.status import RecipientStatus, is_end_status
from campaignkit.delivery.moving import blank_attempt
from campaignkit.ports import RecipientQuery

__all__ = ["RecipientTable", "copied"]


def copied(row: CampaignRecipient) -> CampaignRecipient:
    """Return *row* with fields of its own, so that nobody can reach into the store through them."""
    return attrs.evolve(row, fields=dict(row.fields))


@attrs.define
class _Shelf:
    """The rows of one campaign."""

    rows: dict[str, CampaignRecipient] = attrs.field(factory=dict)
    ids_by_status: dict[RecipientStatus, dict[str, None]] = attrs.field(factory=dict)  # recipients that may still move
    ids_by_address: dict[tuple[str, str], str] = attrs.field(factory=dict)  # recipients by address key and occasion
    contacts: set[str] = attrs.field(factory=set)  # ``contact_key/occasion`` of every row


class RecipientTable:
    """Every row by merchant and recipient id, shelved by campaign; attempts by recipient and epoch."""

    def __init__(self) -> None:
        self._shelves: dict[tuple[str, str], _Shelf] = {}
        self._campaign_ids: dict[tuple[str, str], str] = {}  # by merchant and recipient
        self._attempts: dict[tuple[str, str], dict[int, Attempt]] = {}
        self._left_open: dict[tuple[str, str, int], Attempt] = {}  # those with ``doubt_until``

    def get(self, merchant_id: str, recipient_id: str) -> CampaignRecipient | None:
        """Return the row; None where this merchant has none."""
        campaign_id = self._campaign_ids.get((merchant_id, recipient_id))
        return None if campaign_id is None else self._shelves[merchant_id, campaign_id].rows[recipient_id]

    def put(self, row: CampaignRecipient) -> None:
        """Insert or replace *row*."""
        shelf = self._shelves.setdefault((row.merchant_id, row.campaign_id), _Shelf())
        before = shelf.rows.get(row.recipient_id)
        if before is not None:
            shelf.ids_by_status.get(before.status, {}).pop(row.recipient_id, None)
            if before.address_key != row.address_key:
                shelf.ids_by_address.pop((before.address_key, before.occasion), None)
        shelf.rows[row.recipient_id] = row
        shelf.contacts.add(f"{row.contact_key}/{row.occasion}")
        self._campaign_ids[row.merchant_id, row.recipient_id] = row.campaign_id
        if row.intake is Intake.RECIPIENT:
            shelf.ids_by_address[row.address_key, row.occasion] = row.recipient_id
            if not is_end_status(row.status):
                shelf.ids_by_status.setdefault(row.status, {})[row.recipient_id] = None

    def delete_campaign(self, merchant_id: str, campaign_id: str) -> Sequence[str]:
        """Forget every row of a campaign, and its attempts but for those that stand in the ledger; return their ids."""
        shelf = self._shelves.pop((merchant_id, campaign_id), _Shelf())
        for recipient_id in shelf.rows:
            del self._campaign_ids[merchant_id, recipient_id]
            tried = self._attempts.pop((merchant_id, recipient_id), {})
            charged = {epoch: attempt for epoch, attempt in tried.items() if attempt.credit_shares}
            for epoch in tried.keys() - charged.keys():
                self._left_open.pop((merchant_id, recipient_id, epoch), None)
            if charged:
                self._attempts[merchant_id, recipient_id] = charged
        return list(shelf.rows)

    def in_status(self, merchant_id: str, campaign_id: str, *statuses: RecipientStatus) -> Sequence[CampaignRecipient]:
        """Return the recipients of a campaign in *statuses* that may still move; no exclusion is among them."""
        shelf = self._shelves.get((merchant_id, campaign_id), _Shelf())
        return [shelf.rows[one] for status in statuses for one in shelf.ids_by_status.get(status, ())]

    def everywhere(self, *statuses: RecipientStatus) -> Iterator[CampaignRecipient]:
        """Yield the recipients of all merchants in *statuses*."""
        for merchant_id, campaign_id in list(self._shelves):
            yield from self.in_status(merchant_id, campaign_id, *statuses)

    def named(self, recipient_id: str) -> Sequence[CampaignRecipient]:
        """Return the rows of that id, whosever they are; two merchants' may be alike."""
        found = ((owner, self.get(owner, recipient_id)) for owner, campaign_id in list(self._shelves))
        return list({owner: row for owner, row in found if row is not None}.values())

    def campaign_ids(self, merchant_id: str) -> Sequence[str]:
        """Return the campaigns of a merchant that have rows."""
        return [campaign_id for owner, campaign_id in self._shelves if owner == merchant_id]

    def by_address(self, row: CampaignRecipient) -> CampaignRecipient | None:
        """Return the recipient of the same campaign that has the address and occasion of *row* already."""
        shelf = self._shelves.get((row.merchant_id, row.campaign_id), _Shelf())
        recipient_id = shelf.ids_by_address.get((row.address_key, row.occasion))
        return None if recipient_id is None else shelf.rows[recipient_id]

    def with_address(self, merchant_id: str, address_key: str) -> Iterator[CampaignRecipient]:
        """Yield the recipients of a merchant's campaigns that have this address."""
        for campaign_id in self.campaign_ids(merchant_id):
            shelf = self._shelves[merchant_id, campaign_id]
            yield from (shelf.rows[one] for (key, _), one in shelf.ids_by_address.items() if key == address_key)

    def contacts(self, merchant_id: str, campaign_id: str) -> set[str]:
        """Return ``contact_key/occasion`` of every row of a campaign; not a copy."""
        return self._shelves.get((merchant_id, campaign_id), _Shelf()).contacts

    def listed(self, merchant_id: str, campaign_id: str, query: RecipientQuery) -> Sequence[CampaignRecipient]:
        """Return the rows that *query* names, in order of their ids."""
        rows = self._shelves.get((merchant_id, campaign_id), _Shelf()).rows
        found: list[CampaignRecipient] = []
        for recipient_id in sorted(rows):
            if len(found) < query.limit and _is_named(rows[recipient_id], query):
                found.append(rows[recipient_id])
        return found

    def counted(self, merchant_id: str, campaign_id: str) -> Sequence[RecipientCount]:
        """Return how many rows share an intake, a status, a reason and a delivery."""
        rows: Iterable[CampaignRecipient] = self._shelves.get((merchant_id, campaign_id), _Shelf()).rows.values()
        counts = Counter((row.intake, row.status, row.reason, row.delivery) for row in rows)
        return [RecipientCount(*shared, count) for shared, count in sorted(counts.items())]

    def attempts(self, merchant_id: str, recipient_id: str) -> tuple[Attempt, ...]:
        """Return the attempts of a recipient in order of their epochs."""
        by_epoch = self._attempts.get((merchant_id, recipient_id), {})
        return tuple(by_epoch[epoch] for epoch in sorted(by_epoch))

    def attempt(self, row: CampaignRecipient) -> Attempt:
        """Return the attempt at the epoch of *row*: the stored one, or a blank."""
        tried = self._attempts.get((row.merchant_id, row.recipient_id), {})
        return tried.get(row.epoch) or blank_attempt(row)

    def attempt_at(self, merchant_id: str, recipient_id: str, epoch: int) -> Attempt | None:
        """Return the attempt at that epoch, if there is one."""
        return self._attempts.get((merchant_id, recipient_id), {}).get(epoch)

    def charged(self, merchant_id: str) -> Sequence[Attempt]:
        """Return the attempts that credit was held for, by recipient and epoch."""
        mine = sorted(recipient_id for owner, recipient_id in self._attempts if owner == merchant_id)
        found = (attempt for recipient_id in mine for attempt in self.attempts(merchant_id, recipient_id))
        return [attempt for attempt in found if attempt.credit_shares]

    def left_open(self, now: datetime) -> Sequence[Attempt]:
        """Return the attempts of which nobody will know any more at *now*, and whose recipients went on."""
        return [one for one in self._left_open.values() if one.doubt_until is not None and one.doubt_until <= now]

    def has_attempts(self, merchant_id: str, campaign_id: str) -> bool:
        """Return whether anybody on a campaign was ever tried."""
        rows = self._shelves.get((merchant_id, campaign_id), _Shelf()).rows
        return any((merchant_id, recipient_id) in self._attempts for recipient_id in rows)

    def put_attempt(self, attempt: Attempt) -> None:
        """Insert or replace an attempt."""
        self._attempts.setdefault((attempt.merchant_id, attempt.recipient_id), {})[attempt.epoch] = attempt
        identity = (attempt.merchant_id, attempt.recipient_id, attempt.epoch)
        if attempt.doubt_until is None:
            self._left_open.pop(identity, None)
        else:
            self._left_open[identity] = attempt


def _is_named(row: CampaignRecipient, query: RecipientQuery) -> bool:
    return (
        query.intake in {None, row.intake}
        and query.status in {None, row.status}
        and query.recipient_id in {None, row.recipient_id}
        and query.contact_id in {None, row.contact_id}
        and query.address_key in {None, row.address_key}
        and query.row_number in {None, row.row_number}
        and (query.after is None or row.recipient_id > query.after)
    )
