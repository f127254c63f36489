"""How MemoryStore records what comes back: ``ports.FeedbackStore`` over the tables."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.status import RecipientEvent, RecipientStatus
from campaignkit.delivery.feedback import (
    Feedback,
    FeedbackKind,
    NamedMessage,
    RecordResult,
    RecordVerdict,
    accept_by,
    delivery_of,
    is_about,
    lasts_until,
    named_by,
    read_message_id,
    suppression_reason,
)
from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.delivery.sms_receipts import part_ids
from campaignkit.ports import Reaped
from campaignkit.stores.memory.dispatch import MemoryDispatch
from campaignkit.stores.memory.heard import Kept

__all__ = ["MemoryFeedback"]


class MemoryFeedback(MemoryDispatch):
    """record, and what settle and reap do about events that came before them."""

    def record(self, events: Sequence[Feedback], /) -> Sequence[RecordResult]:
        with self._lock:
            now = self._now()
            results = [self._record_one(event, now) for event in events]
            return [self._as_it_stands(result) for result in results]

    def _record_one(self, event: Feedback, now: datetime) -> RecordResult:
        known = self._heard.kept.get(event.event_key)
        if known is not None:
            return self._again(known)
        kept = self._heard.kept[event.event_key] = Kept(event, now)
        if event.names_address:
            kept.until = lasts_until(event, now, is_matched=True)
            return self._of_address(event)
        named = self._message_of(event, now)
        if named is None:
            kept.until = lasts_until(event, now, is_matched=False)
            return RecordResult(verdict=RecordVerdict.UNMATCHED)
        is_suppressed = self._hear(kept, named, now)
        return RecordResult(
            verdict=RecordVerdict.NEW,
            merchant_id=named.merchant_id,
            recipient_id=named.recipient_id,
            is_suppressed=is_suppressed,
        )

    def _again(self, known: Kept) -> RecordResult:
        if known.feedback.names_address:
            return RecordResult(verdict=RecordVerdict.DUPLICATE, merchant_id=known.feedback.merchant_id)
        if known.owner is None:
            return RecordResult(verdict=RecordVerdict.UNMATCHED)
        merchant_id, recipient_id = known.owner
        return RecordResult(verdict=RecordVerdict.DUPLICATE, merchant_id=merchant_id, recipient_id=recipient_id)

    def _of_address(self, event: Feedback) -> RecordResult:
        place, reason = (event.merchant_id, [event.address_key]), suppression_reason(event)
        return RecordResult(
            verdict=RecordVerdict.NEW,
            merchant_id=event.merchant_id,
            is_suppressed=bool(reason) and self._suppress(*place, reason) > 0,
            is_lifted=event.kind is FeedbackKind.OPTED_IN and self._lift(*place) > 0,
        )

    def _as_it_stands(self, result: RecordResult) -> RecordResult:
        row = self._recipients.get(result.merchant_id, result.recipient_id)
        if row is None:
            return result
        return attrs.evolve(result, campaign_id=row.campaign_id, status=row.status, delivery=row.delivery)

    def _message_of(self, event: Feedback, now: datetime) -> NamedMessage | None:
        ours = read_message_id(event.message_id)
        rows = [] if ours is None else self._recipients.named(ours[0])
        by_message = [
            named
            for row in rows
            if ours is not None
            and (named := named_by(self._recipients.attempts(row.merchant_id, row.recipient_id), ours[1])) is not None
        ]
        return is_about(event, by_message, self._heard.ids.get((event.account, event.provider_id)), now)

    def _hear(self, kept: Kept, named: NamedMessage, now: datetime) -> bool:
        """Keep an event with its recipient and do what it asks for; return whether the address is suppressed anew."""
        row = self._recipients.get(named.merchant_id, named.recipient_id)
        assert row is not None
        self._heard.attach(kept, named)
        delivery = delivery_of(self._heard.of(named.merchant_id, named.recipient_id))
        if delivery is not row.delivery:
            self._recipients.put(attrs.evolve(row, delivery=delivery))
        self._prove(row, now)
        reason = suppression_reason(kept.feedback)
        if not reason or named.epoch != row.epoch:
            return False
        return self._suppress(row.merchant_id, [row.address_key], reason) > 0

    def _prove(self, row: CampaignRecipient, now: datetime) -> None:
        """Settle messages in doubt that an event proves to have arrived at their provider."""
        heard = self._heard.of(row.merchant_id, row.recipient_id)
        for attempt in self._recipients.attempts(row.merchant_id, row.recipient_id) if heard else ():
            is_current = row.status is RecipientStatus.IN_DOUBT and attempt.epoch == row.epoch
            proof = accept_by(attempt, heard) if is_current or attempt.doubt_until is not None else None
            if proof is not None:
                self._settle_one(proof, now)

    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        result = super()._settle_one(settlement, now)
        if result is SettleResult.APPLIED and settlement.event in {RecipientEvent.ACCEPT, RecipientEvent.DOUBT}:
            row = self._recipients.get(settlement.merchant_id, settlement.recipient_id)
            assert row is not None
            self._name(row, settlement, now)
            current = self._recipients.get(settlement.merchant_id, settlement.recipient_id)
            assert current is not None
            self._prove(current, now)
        return result

    def _name(self, row: CampaignRecipient, settlement: Settlement, now: datetime) -> None:
        """Let the ids of a text stand for it, and hand it what waited for them."""
        if row.channel is not Channel.SMS or not settlement.account:
            return
        ids = part_ids(settlement.outcome.provider_id or "")
        attempt = self._recipients.attempt_at(row.merchant_id, row.recipient_id, settlement.epoch)
        assert attempt is not None
        for part in ids:
            place = (settlement.account, part)
            self._heard.ids[place] = named = NamedMessage(
                merchant_id=row.merchant_id,
                recipient_id=row.recipient_id,
                epoch=attempt.epoch,
                generation=attempt.generation,
                part=part,
                known_count=len(ids),
                part_count=max(settlement.part_count or 0, len(ids)),
                named_at=now,
            )
            for kept in self._heard.waiting(place):
                if is_about(kept.feedback, (), named, now) is not None:
                    self._hear(kept, named, now)

    def reap(self) -> Reaped:
        with self._lock:
            now = self._now()
            sending = [
                (row.merchant_id, row.recipient_id) for row in self._recipients.everywhere(RecipientStatus.SENDING)
            ]
            reaped = super().reap()
            for owner in sending:
                row = self._recipients.get(*owner)
                if row is not None:
                    self._prove(row, now)
            self._heard.prune(now)
            return reaped
