"""Stores with one planted bug each in credit, and the law that must find it."""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta

import attrs

from campaignkit.campaign.recipients import Attempt
from campaignkit.campaign.status import RecipientEvent
from campaignkit.credits.entries import Entry
from campaignkit.credits.lots import Lot, total
from campaignkit.credits.posting import CreditRequest
from campaignkit.credits.purse import Purse
from campaignkit.delivery.begin import BeginAnswer, BeginVerdict, Clearance
from campaignkit.delivery.crediting import EndedHold
from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.ports import Clock, Document, Reaped
from campaignkit.stores import MemoryStore
from tests.stores.planted import Planted

__all__ = ["PLANTED_CREDIT"]


class _Begins(Planted):
    def asked(self, clearance: Clearance) -> Clearance:
        return clearance

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        return super().begin([self.asked(one) for one in clearances], lease=lease, settlements=settlements)


class SendsOnTheHouse(_Begins):
    def asked(self, clearance: Clearance) -> Clearance:
        return attrs.evolve(clearance, price=None)


class LetsTheCheaperOvertake(Planted):
    """Asks one after the other, each with a purse of its own."""

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        super().settle(settlements)
        return [
            answer for one in clearances for answer in super(LetsTheCheaperOvertake, self).begin([one], lease=lease)
        ]


class BeginsBeforeItSettles(Planted):
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        answers = super().begin(clearances, lease=lease)
        super().settle(settlements)
        return answers


class HoldsForThoseWhoAreRefused(Planted):
    """Holds before it asks limits."""

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        answers = super().begin(clearances, lease=lease, settlements=settlements)
        for one, answer in zip(clearances, answers, strict=True):
            if one.price and answer.verdict is BeginVerdict.LIMITED:
                purse = self._credit.purse(one.merchant_id, self._now())
                purse.hold(one.price)
                self._credit.keep(one.merchant_id, purse)
        return answers


class ChargesForAllParts(Planted):
    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        return super()._settle_one(attrs.evolve(settlement, spent=None), now)


class ChargesForWhatWasRefused(Planted):
    def _end_hold(self, hold: EndedHold, now: datetime) -> None:
        super()._end_hold(attrs.evolve(hold, spent=total(hold.shares)), now)


class ChargesNothing(Planted):
    def _end_hold(self, hold: EndedHold, now: datetime) -> None:
        super()._end_hold(attrs.evolve(hold, spent=0), now)


class NeverEndsAHold(Planted):
    def _end_hold(self, hold: EndedHold, now: datetime) -> None:
        del hold, now


class ReleasesWhatIsInDoubt(Planted):
    """Takes a reply that was lost for a message that was."""

    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        row = self._recipients.get(settlement.merchant_id, settlement.recipient_id)
        result = super()._settle_one(settlement, now)
        attempt = None if row is None else self._recipients.attempt(row)
        if settlement.event is RecipientEvent.DOUBT and attempt is not None and attempt.is_holding:
            self._end_hold(
                EndedHold(
                    merchant_id=attempt.merchant_id,
                    recipient_id=attempt.recipient_id,
                    epoch=attempt.epoch,
                    shares=attempt.credit_shares,
                    spent=0,
                ),
                now,
            )
        return result


class ForgetsWhatStaysUnknown(Planted):
    def reap(self) -> Reaped:
        lots = {merchant_id: dict(ledger.lots) for merchant_id, ledger in self._credit._ledgers.items()}
        reaped = super().reap()
        if reaped.unknown:
            for merchant_id, before in lots.items():
                self._credit._ledgers[merchant_id].lots = before
        return reaped


class PaysWithWhatHasExpired(Planted):
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        for ledger in self._credit._ledgers.values():
            ledger.lots = {number: attrs.evolve(lot, expires_at=None) for number, lot in ledger.lots.items()}
        return super().begin(clearances, lease=lease, settlements=settlements)


class RevivesWhatHasExpired(Planted):
    """Gives credit back to a lot as if it had not expired."""

    def _end_hold(self, hold: EndedHold, now: datetime) -> None:
        ledger = self._credit._ledgers[hold.merchant_id]
        ledger.lots = {number: attrs.evolve(lot, expires_at=None) for number, lot in ledger.lots.items()}
        super()._end_hold(hold, now)


class PaysWithTheOldestLot(Planted):
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        kept = {merchant_id: dict(ledger.lots) for merchant_id, ledger in self._credit._ledgers.items()}
        for ledger in self._credit._ledgers.values():
            ledger.lots = {number: attrs.evolve(lot, expires_at=None) for number, lot in ledger.lots.items()}
        answers = super().begin(clearances, lease=lease, settlements=settlements)
        for merchant_id, lots in kept.items():
            now = self._credit._ledgers[merchant_id].lots
            self._credit._ledgers[merchant_id].lots = {
                number: attrs.evolve(lot, expires_at=lots[number].expires_at) for number, lot in now.items()
            }
        return answers


class SharesOneLedger(Planted):
    def post(self, merchant_id: str, requests: Sequence[CreditRequest], /) -> Sequence[Entry]:
        del merchant_id
        return super().post("flora", requests)


class ShowsOthersLots(Planted):
    def lots(self, merchant_id: str, /) -> Sequence[Lot]:
        del merchant_id
        return super().lots("flora")


class GrantsAgain(Planted):
    def post(self, merchant_id: str, requests: Sequence[CreditRequest], /) -> Sequence[Entry]:
        known = {entry.key for entry in self.posted(merchant_id)}
        again = [attrs.evolve(one, key=f"{one.key}'") if one.key in known else one for one in requests]
        return super().post(merchant_id, again)


class PostsOneByOne(Planted):
    def post(self, merchant_id: str, requests: Sequence[CreditRequest], /) -> Sequence[Entry]:
        return [entry for one in requests for entry in super(PostsOneByOne, self).post(merchant_id, [one])]


class WakesNobody(Planted):
    def _wake_waiting_for_credit(self, merchant_id: str, now: datetime) -> None:
        del merchant_id, now


class WakesOnAGrantAlone(Planted):
    def _end_hold(self, hold: EndedHold, now: datetime) -> None:
        self._is_settling = True
        super()._end_hold(hold, now)
        self._is_settling = False

    def _wake_waiting_for_credit(self, merchant_id: str, now: datetime) -> None:
        if not getattr(self, "_is_settling", False):
            super()._wake_waiting_for_credit(merchant_id, now)


class LosesTheLedgerOfADeletedCampaign(Planted):
    def _cascade(self, document: Document) -> None:
        super()._cascade(document)
        if document.body is None:
            self._recipients._attempts.clear()


class ForgetsWherePagesEnd(Planted):
    def charged(
        self, merchant_id: str, /, *, after: tuple[str, int] | None = None, limit: int = 1000
    ) -> Sequence[Attempt]:
        found = super().charged(merchant_id, limit=limit)
        return [] if after is not None else found


class HoldsWithoutALock(Planted):
    """Reads the lots, and writes them later."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._read = self._credit.purse

        def slowly(merchant_id: str, now: datetime) -> Purse:
            purse = self._read(merchant_id, now)
            time.sleep(0.02)
            return purse

        self._credit.purse = slowly  # type: ignore[method-assign]
        self._lock = nullcontext()  # type: ignore[assignment]


PLANTED_CREDIT: dict[type[MemoryStore], str] = {
    SendsOnTheHouse: "without_credit_nothing_begins_and_nothing_is_held",
    LetsTheCheaperOvertake: "nothing_cheaper_overtakes_what_cannot_be_paid",
    BeginsBeforeItSettles: "a_begin_holds_after_what_it_settles",
    HoldsForThoseWhoAreRefused: "whom_a_limit_holds_back_holds_no_credit",
    ChargesForAllParts: "parts_that_were_not_accepted_cost_nothing",
    ChargesForWhatWasRefused: "what_was_not_accepted_costs_nothing",
    ChargesNothing: "an_accepted_text_is_spent",
    NeverEndsAHold: "an_accepted_text_is_spent",
    ReleasesWhatIsInDoubt: "a_doubt_keeps_its_hold_until_it_is_cleared_up",
    ForgetsWhatStaysUnknown: "what_stays_unknown_is_charged",
    PaysWithWhatHasExpired: "what_has_expired_pays_nothing",
    RevivesWhatHasExpired: "what_goes_back_to_a_lot_that_expired_expires",
    PaysWithTheOldestLot: "what_expires_first_pays_first_and_lots_pay_together",
    SharesOneLedger: "credit_is_one_merchants_own",
    ShowsOthersLots: "another_merchant_sees_nothing_of_it",
    GrantsAgain: "a_key_used_again_is_the_same_grant",
    PostsOneByOne: "all_requests_of_one_post_are_done_or_none",
    WakesNobody: "a_grant_wakes_who_waits_for_credit",
    WakesOnAGrantAlone: "credit_that_comes_back_wakes_who_waits_for_it",
    LosesTheLedgerOfADeletedCampaign: "the_ledger_outlives_a_deleted_campaign",
    ForgetsWherePagesEnd: "credit_comes_in_pages",
    HoldsWithoutALock: "of_several_workers_at_the_last_credits_nobody_oversells",
}
