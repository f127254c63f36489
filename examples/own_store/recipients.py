"""The rows of campaigns, and who must not be written to."""

from collections.abc import Sequence
from typing import Any

import attrs
from psycopg.errors import UniqueViolation

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.documents import structure
from campaignkit.campaign.recipients import (
    MOVABLE,
    CampaignRecipient,
    Intake,
    IntakeResult,
    NewAddress,
    ReaddressResult,
    RecipientCount,
    admit,
    landing,
    readdressed,
)
from campaignkit.campaign.records import CampaignRecord
from campaignkit.campaign.status import CampaignStatus, Delivery, RecipientEvent, RecipientStatus
from campaignkit.delivery.feedback import LIFTABLE, HeardFeedback, standing_reason
from campaignkit.delivery.moving import moved
from campaignkit.errors import CampaignNotFound, NotEditable
from campaignkit.ports import RecipientQuery, Trail
from examples.own_store.database import Database, Work
from examples.own_store.rows import (
    attempts_of,
    campaign_of,
    insert_recipients,
    put_recipients,
    recipient_of,
    recipients_where,
    suppressed_of,
)

__all__ = ["RecipientVerbs", "end_pending", "heard_of", "lift", "suppress"]

BATCH_MAX = 500  # rows in memory at once
_CLOSED = frozenset({CampaignStatus.FINISHED, CampaignStatus.CANCELLED})
_QUERIED = ("intake", "status", "recipient_id", "contact_id", "address_key", "row_number")


class RecipientVerbs(Database):
    """``ports.RecipientStore`` and ``ports.SuppressionStore``."""

    def add_recipients(
        self, merchant_id: str, campaign_id: str, rows: Sequence[CampaignRecipient], /
    ) -> Sequence[IntakeResult]:
        if any((row.merchant_id, row.campaign_id) != (merchant_id, campaign_id) for row in rows):
            raise ValueError("a row names another campaign than the one it is added to")
        with self.writing(merchant_id) as work:
            _open_campaign(work, merchant_id, campaign_id)
            inserts, results = admit(
                rows,
                recipients_by_address=_by_address(work, merchant_id, campaign_id, rows),
                known_contacts=_known_contacts(work, merchant_id, campaign_id, rows),
                suppressed=suppressed_of(work, merchant_id, [row.address_key for row in rows]),
            )
            try:
                insert_recipients(work, inserts)
            except UniqueViolation as error:
                raise ValueError("two rows have one recipient_id") from error
            return results

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
        if event not in MOVABLE:
            raise ValueError(f"recipients are moved by {', '.join(MOVABLE)}, not by {event}")
        where, given = "merchant_id = %s AND campaign_id = %s", [merchant_id, campaign_id]
        named: list[Any] = []
        if recipient_ids is not None:
            where, named = f"{where} AND recipient_id = ANY(%s)", [list(recipient_ids)]
        with self.writing(merchant_id) as work:
            campaign = campaign_of(work, merchant_id, campaign_id)
            if campaign is None or (event is RecipientEvent.EXPIRE and not campaign.is_overdue(work.now)):
                return 0
            return end_pending(work, event, reason, where, *given, *named)

    def readdress(self, merchant_id: str, campaign_id: str, recipient_id: str, to: NewAddress, /) -> ReaddressResult:
        with self.writing(merchant_id) as work:
            campaign = _open_campaign(work, merchant_id, campaign_id)
            row = recipient_of(work, merchant_id, recipient_id)
            if row is None or row.campaign_id != campaign_id:
                return ReaddressResult.NOT_FOUND
            wanted = attrs.evolve(row, address_key=to.address_key)
            other = _by_address(work, merchant_id, campaign_id, [wanted]).get((to.address_key, row.occasion))
            land = landing(
                reason="readdressed",
                not_before=work.now,
                campaign_status=campaign.status,
                is_suppressed=bool(suppressed_of(work, merchant_id, [to.address_key])),
                deadline=campaign.deadline,
            )
            is_taken = other is not None and other.recipient_id != recipient_id
            after = readdressed(row, to, is_taken=is_taken, land=land, now=work.now)
            if isinstance(after, ReaddressResult):
                return after
            put_recipients(work, [after])
            return ReaddressResult.MOVED

    def list_recipients(
        self, merchant_id: str, campaign_id: str, query: RecipientQuery, /
    ) -> Sequence[CampaignRecipient]:
        wanted = {name: getattr(query, name) for name in _QUERIED if getattr(query, name) is not None}
        where = " AND ".join(["merchant_id = %s", "campaign_id = %s", *(f"{name} = %s" for name in wanted)])
        given = (merchant_id, campaign_id, *map(_plain, wanted.values()), query.after or "", max(query.limit, 0))
        with self.reading() as work:
            return recipients_where(work, f"{where} AND recipient_id > %s ORDER BY recipient_id LIMIT %s", *given)

    def count_recipients(self, merchant_id: str, campaign_id: str, /) -> Sequence[RecipientCount]:
        query = """
            SELECT intake, status, reason, delivery, count(*) FROM own_recipients
            WHERE merchant_id = %s AND campaign_id = %s GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        """
        with self.reading() as work:
            return [
                RecipientCount(Intake(intake), RecipientStatus(status), reason, Delivery(delivery), count)
                for intake, status, reason, delivery, count in work.rows(query, merchant_id, campaign_id)
            ]

    def trail(self, merchant_id: str, recipient_id: str, /) -> Trail | None:
        query = "SELECT body FROM own_timeline WHERE merchant_id = %s AND campaign_id = %s ORDER BY position"
        with self.reading() as work:
            row = recipient_of(work, merchant_id, recipient_id)
            if row is None:
                return None
            attempts = attempts_of(work, merchant_id, recipient_id)
            timeline = work.rows(query, merchant_id, row.campaign_id)
            events = heard_of(work, merchant_id, recipient_id)
        return Trail(row, attempts, tuple(structure(body, TimelineEntry) for (body,) in timeline), events)

    def suppress(self, merchant_id: str, keys: Sequence[str], /, *, reason: str) -> int:
        with self.writing(merchant_id) as work:
            return suppress(work, merchant_id, keys, reason)

    def lift(self, merchant_id: str, keys: Sequence[str], /) -> int:
        with self.writing(merchant_id) as work:
            return lift(work, merchant_id, keys)

    def suppressed(self, merchant_id: str, keys: Sequence[str], /) -> frozenset[str]:
        with self.reading() as work:
            return suppressed_of(work, merchant_id, keys)


def end_pending(work: Work, event: RecipientEvent, reason: str, where: str, *given: Any) -> int:
    """Move pending recipients to their end, a batch at a time, and return how many moved."""
    count = 0
    while rows := recipients_where(
        work, f"{where} AND status = 'pending' AND intake = 'recipient' LIMIT {BATCH_MAX}", *given
    ):
        put_recipients(work, [moved(row, event, at=work.now, reason=reason, detail="") for row in rows])
        count += len(rows)
    return count


def suppress(work: Work, merchant_id: str, keys: Sequence[str], reason: str) -> int:
    """Do what ``SuppressionStore.suppress`` promises."""
    query = "SELECT address_key, reason FROM own_suppressions WHERE merchant_id = %s AND address_key = ANY(%s)"
    known = dict(work.rows(query, merchant_id, list(keys)))
    statement = """
        INSERT INTO own_suppressions (merchant_id, address_key, reason) VALUES (%s, %s, %s)
        ON CONFLICT (merchant_id, address_key) DO UPDATE SET reason = excluded.reason
    """
    work.run_each(statement, [(merchant_id, key, standing_reason(known.get(key), reason)) for key in set(keys)])
    where = "merchant_id = %s AND address_key = ANY(%s)"
    end_pending(work, RecipientEvent.SKIP, "suppressed", where, merchant_id, list(keys))
    return len(set(keys) - set(known))


def lift(work: Work, merchant_id: str, keys: Sequence[str]) -> int:
    """Do what ``SuppressionStore.lift`` promises."""
    statement = "DELETE FROM own_suppressions WHERE merchant_id = %s AND address_key = ANY(%s) AND reason = ANY(%s)"
    return work.run(statement, merchant_id, list(keys), list(LIFTABLE))


def heard_of(work: Work, merchant_id: str, recipient_id: str) -> tuple[HeardFeedback, ...]:
    """Return what came back about a recipient, in the order in which it was recorded."""
    query = "SELECT body FROM own_events WHERE merchant_id = %s AND recipient_id = %s ORDER BY position"
    return tuple(structure(body, HeardFeedback) for (body,) in work.rows(query, merchant_id, recipient_id))


def _open_campaign(work: Work, merchant_id: str, campaign_id: str) -> CampaignRecord:
    campaign = campaign_of(work, merchant_id, campaign_id)
    if campaign is None:
        raise CampaignNotFound(campaign_id)
    if campaign.status in _CLOSED:
        raise NotEditable(campaign_id, campaign.status.value, ("recipients",))
    return campaign


def _by_address(
    work: Work, merchant_id: str, campaign_id: str, rows: Sequence[CampaignRecipient]
) -> dict[tuple[str, str], CampaignRecipient]:
    where = "merchant_id = %s AND campaign_id = %s AND intake = 'recipient' AND address_key = ANY(%s)"
    found = recipients_where(work, where, merchant_id, campaign_id, [row.address_key for row in rows])
    return {(row.address_key, row.occasion): row for row in found}


def _known_contacts(
    work: Work, merchant_id: str, campaign_id: str, rows: Sequence[CampaignRecipient]
) -> frozenset[str]:
    query = """
        SELECT contact_key || '/' || occasion FROM own_recipients
        WHERE merchant_id = %s AND campaign_id = %s AND contact_key = ANY(%s)
    """
    found = work.rows(query, merchant_id, campaign_id, [row.contact_key for row in rows])
    return frozenset(contact for (contact,) in found)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Intake | RecipientStatus) else value
