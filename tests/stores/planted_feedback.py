"""Stores with one planted bug each in feedback, and the law that must find it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import datetime

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.recipients import CampaignRecipient, RecipientCount
from campaignkit.campaign.status import Delivery, RecipientEvent, RecipientStatus
from campaignkit.delivery.feedback import (
    ID_HORIZON,
    Feedback,
    FeedbackKind,
    NamedMessage,
    RecordResult,
    suppression_reason,
)
from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.ports import Clock, Reaped
from campaignkit.stores import MemoryStore
from campaignkit.stores.memory.heard import HeardTable, Kept
from tests.stores.planted import Planted

__all__ = ["PLANTED_FEEDBACK"]

_WORDS = {FeedbackKind.DELIVERED: Delivery.DELIVERED, FeedbackKind.UNDELIVERED: Delivery.UNDELIVERED}


class RecordsAgain(Planted):
    """Knows no event again."""

    def record(self, events: Sequence[Feedback], /) -> Sequence[RecordResult]:
        fresh = [attrs.evolve(one, event_key=f"{one.event_key}{len(self._heard.kept)}") for one in events]
        return super().record(fresh)


class LetsTheLastReceiptWin(Planted):
    def _hear(self, kept: Kept, named: NamedMessage, now: datetime) -> bool:
        is_suppressed = super()._hear(kept, named, now)
        row = self._recipients.get(named.merchant_id, named.recipient_id)
        assert row is not None
        said = _WORDS.get(kept.feedback.kind, row.delivery)
        self._recipients.put(attrs.evolve(row, delivery=said))
        return is_suppressed


class TakesAPartForTheWhole(Planted):
    def _hear(self, kept: Kept, named: NamedMessage, now: datetime) -> bool:
        return super()._hear(kept, attrs.evolve(named, part_count=1, known_count=1), now)


class ForgetsWhatCameEarly(Planted):
    def _record_one(self, event: Feedback, now: datetime) -> RecordResult:
        result = super()._record_one(event, now)
        if not result.merchant_id:
            self._heard.kept.pop(event.event_key, None)
        return result


class ForgetsToNameWhatABeginSettles(Planted):
    _is_settling = False

    def settle(self, settlements: Sequence[Settlement], /) -> Sequence[SettleResult]:
        self._is_settling = True
        try:
            return super().settle(settlements)
        finally:
            self._is_settling = False

    def _name(self, row: CampaignRecipient, settlement: Settlement, now: datetime) -> None:
        if self._is_settling:
            super()._name(row, settlement, now)


class _OwnTable(Planted):
    def table(self) -> HeardTable:
        raise NotImplementedError

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._heard = self.table()


class _NeverForgetting(HeardTable):
    def prune(self, now: datetime) -> None:
        del now


class KeepsWhatWaitsForEver(_OwnTable):
    def table(self) -> HeardTable:
        return _NeverForgetting()


class _Unlistening(HeardTable):
    def forget(self, merchant_id: str, recipient_ids: Sequence[str]) -> None:
        del merchant_id, recipient_ids


class KeepsEventsOfDeletedCampaigns(_OwnTable):
    def table(self) -> HeardTable:
        return _Unlistening()


class _Open(HeardTable):
    def waiting(self, place: tuple[str, str]) -> Iterator[Kept]:
        for one in super().waiting(place):
            one.feedback = attrs.evolve(one.feedback, merchant_id="")
            yield one


class GivesWhatWaitsToAnybody(_OwnTable):
    def table(self) -> HeardTable:
        return _Open()


class PrunesWhatWasFound(Planted):
    def reap(self) -> Reaped:
        reaped = super().reap()
        self._heard.kept.clear()
        return reaped


class BelievesAnybody(Planted):
    """Does not ask whose the message must be."""

    def _message_of(self, event: Feedback, now: datetime) -> NamedMessage | None:
        return super()._message_of(attrs.evolve(event, merchant_id=""), now)


class MixesAccounts(Planted):
    def record(self, events: Sequence[Feedback], /) -> Sequence[RecordResult]:
        return super().record([attrs.evolve(one, account="texts") if one.provider_id else one for one in events])

    def _name(self, row: CampaignRecipient, settlement: Settlement, now: datetime) -> None:
        super()._name(row, attrs.evolve(settlement, account="texts"), now)


class TheFirstTextKeepsItsId(Planted):
    def _name(self, row: CampaignRecipient, settlement: Settlement, now: datetime) -> None:
        before = dict(self._heard.ids)
        super()._name(row, settlement, now)
        self._heard.ids |= before


class RemembersIdsForEver(Planted):
    def _message_of(self, event: Feedback, now: datetime) -> NamedMessage | None:
        return super()._message_of(event, now - ID_HORIZON)


class NamesMail(Planted):
    def _name(self, row: CampaignRecipient, settlement: Settlement, now: datetime) -> None:
        super()._name(attrs.evolve(row, channel=Channel.SMS), settlement, now)


class ProvesNothing(Planted):
    def _prove(self, row: CampaignRecipient, now: datetime) -> None:
        del row, now


class ProvesOnlyWhatIsInDoubtAlready(Planted):
    """Forgets the receipt by the time the doubt comes."""

    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        if settlement.event is not RecipientEvent.DOUBT:
            return super()._settle_one(settlement, now)
        kept, self._prove = self._prove, lambda row, now: None  # type: ignore[method-assign]
        try:
            return super()._settle_one(settlement, now)
        finally:
            self._prove = kept  # type: ignore[method-assign]


class DoubtsWhatTheReaperFinds(Planted):
    def reap(self) -> Reaped:
        kept, self._prove = self._prove, lambda row, now: None  # type: ignore[method-assign]
        try:
            return super().reap()
        finally:
            self._prove = kept  # type: ignore[method-assign]


class EndsWhatIsBeingSent(Planted):
    """Takes a message from the worker that sends it."""

    def _prove(self, row: CampaignRecipient, now: datetime) -> None:
        current = self._recipients.get(row.merchant_id, row.recipient_id)
        if current is not None and current.status is RecipientStatus.SENDING:
            self._recipients.put(attrs.evolve(current, status=RecipientStatus.SENT))
            return
        super()._prove(row, now)


class ChargesForPartsInDoubt(Planted):
    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        return super()._settle_one(attrs.evolve(settlement, part_count=None), now)


class SuppressesNobody(Planted):
    def _hear(self, kept: Kept, named: NamedMessage, now: datetime) -> bool:
        kept.feedback = attrs.evolve(kept.feedback, is_hard=False)
        return super()._hear(kept, named, now)


class SuppressesForAnyFailure(Planted):
    def _hear(self, kept: Kept, named: NamedMessage, now: datetime) -> bool:
        is_failure = kept.feedback.kind is FeedbackKind.UNDELIVERED
        kept.feedback = attrs.evolve(kept.feedback, is_hard=kept.feedback.is_hard or is_failure)
        return super()._hear(kept, named, now)


class SuppressesWhoeverIsThereNow(Planted):
    def _hear(self, kept: Kept, named: NamedMessage, now: datetime) -> bool:
        row = self._recipients.get(named.merchant_id, named.recipient_id)
        assert row is not None
        return super()._hear(kept, attrs.evolve(named, epoch=row.epoch), now)


class LiftsEverything(Planted):
    def _lift(self, merchant_id: str, keys: Sequence[str]) -> int:
        known = self._suppressions.get(merchant_id, {})
        return sum(known.pop(key, None) is not None for key in dict.fromkeys(keys))


class LiftsForEverybody(Planted):
    def lift(self, merchant_id: str, keys: Sequence[str], /) -> int:
        super().lift("other", keys)
        return super().lift(merchant_id, keys)


class KeepsTheFirstReason(Planted):
    def _suppress(self, merchant_id: str, keys: Sequence[str], reason: str) -> int:
        before = dict(self._suppressions.get(merchant_id, {}))
        count = super()._suppress(merchant_id, keys, reason)
        self._suppressions[merchant_id] |= before
        return count


class HearsAnOldOptOutAgain(Planted):
    def _hear(self, kept: Kept, named: NamedMessage, now: datetime) -> bool:
        is_suppressed = super()._hear(kept, named, now)
        row = self._recipients.get(named.merchant_id, named.recipient_id)
        assert row is not None
        for heard in self._heard.of(named.merchant_id, named.recipient_id):
            if reason := suppression_reason(heard.feedback):
                self._suppress(row.merchant_id, [row.address_key], reason)
        return is_suppressed


class StopsForAllMerchants(Planted):
    def _of_address(self, event: Feedback) -> RecordResult:
        result = super()._of_address(event)
        if event.kind is FeedbackKind.OPTED_OUT:
            self._suppress("other", [event.address_key], "opted_out_by_text")
        return result


class CountsNoDelivery(Planted):
    def count_recipients(self, merchant_id: str, campaign_id: str, /) -> Sequence[RecipientCount]:
        counts = super().count_recipients(merchant_id, campaign_id)
        return [attrs.evolve(one, delivery=Delivery.NONE) for one in counts]


class RecordsWithoutALock(Planted):
    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._lock = nullcontext()  # type: ignore[assignment]

    def _record_one(self, event: Feedback, now: datetime) -> RecordResult:
        is_known = event.event_key in self._heard.kept
        time.sleep(0.01)
        if not is_known:
            self._heard.kept.pop(event.event_key, None)
        return super()._record_one(event, now)


PLANTED_FEEDBACK: dict[type[MemoryStore], str] = {
    RecordsAgain: "a_repeated_event_changes_nothing",
    LetsTheLastReceiptWin: "delivery_never_goes_back",
    TakesAPartForTheWhole: "a_text_is_delivered_once_all_its_parts_are",
    ForgetsWhatCameEarly: "a_receipt_before_its_settle_is_kept_and_applied",
    ForgetsToNameWhatABeginSettles: "a_receipt_before_its_settle_is_applied_by_a_begin_that_settles",
    KeepsWhatWaitsForEver: "what_waits_is_dropped_after_its_time",
    KeepsEventsOfDeletedCampaigns: "a_deleted_campaign_takes_its_events_with_it",
    GivesWhatWaitsToAnybody: "what_waits_for_one_merchant_is_not_given_to_another",
    PrunesWhatWasFound: "what_found_its_message_is_kept",
    BelievesAnybody: "an_event_for_another_merchant_changes_nothing",
    MixesAccounts: "ids_of_two_accounts_are_apart",
    TheFirstTextKeepsItsId: "an_id_that_is_used_again_names_the_newest_text",
    RemembersIdsForEver: "an_id_of_long_ago_names_nothing_until_it_is_used_again",
    NamesMail: "mail_is_not_named_by_what_its_server_called_it",
    ProvesNothing: "any_receipt_ends_a_doubt",
    ProvesOnlyWhatIsInDoubtAlready: "a_doubt_whose_receipt_came_first_is_none",
    DoubtsWhatTheReaperFinds: "a_lease_that_ends_after_the_receipt_leaves_no_doubt",
    EndsWhatIsBeingSent: "a_doubt_whose_receipt_came_first_is_none",
    ChargesForPartsInDoubt: "parts_that_are_still_in_doubt_cost_nothing",
    SuppressesNobody: "a_number_that_is_no_good_is_suppressed_in_every_campaign",
    SuppressesForAnyFailure: "a_soft_failure_suppresses_nobody",
    SuppressesWhoeverIsThereNow: "what_is_about_an_earlier_address_suppresses_nobody",
    LiftsEverything: "start_lifts_no_other_reason",
    LiftsForEverybody: "lift_forgets_what_a_text_asked_for_and_nothing_else",
    KeepsTheFirstReason: "a_graver_reason_replaces_one_that_may_be_lifted",
    HearsAnOldOptOutAgain: "an_opt_out_that_the_provider_tells_of_is_lifted_by_start",
    StopsForAllMerchants: "a_stop_is_one_merchants_own",
    CountsNoDelivery: "deliveries_are_counted",
    RecordsWithoutALock: "one_event_in_several_threads_is_new_once",
}
