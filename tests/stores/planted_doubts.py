"""Stores with one planted bug each in sending anew, and the law that must find it."""

from datetime import datetime, timedelta
from typing import Any

import attrs

from campaignkit.campaign.doubts import Doubt
from campaignkit.campaign.recipients import Attempt, CampaignRecipient
from campaignkit.campaign.status import RecipientEvent, RecipientStatus
from campaignkit.delivery.crediting import given_up
from campaignkit.delivery.settling import SettleFacts, Settlement, SettleResult
from tests.stores.planted import Planted

__all__ = [
    "PLANTED_DOUBTS",
    "ForgetsTheFirstTry",
    "ForgetsWhatWasInDoubt",
    "RepeatsUnderAnotherName",
    "ResendsBeforeTheQuarantine",
]


class ResendsBeforeTheQuarantine(Planted):
    def resend(self, merchant_id: str, campaign_id: str, /, **terms: Any) -> int:
        return super().resend(merchant_id, campaign_id, **{**terms, "quarantine": timedelta()})


class ResendsTwice(Planted):
    """Takes everybody for doubtful who once was."""

    def _in_doubt(self, merchant_id: str, campaign_id: str) -> list[CampaignRecipient]:
        pending = self._recipients.in_status(merchant_id, campaign_id, RecipientStatus.PENDING)
        again = [row for row in pending if row.generation > 1]
        return [*super()._in_doubt(merchant_id, campaign_id), *again]

    def _doubt(self, row: CampaignRecipient) -> Doubt:
        return super()._doubt(attrs.evolve(row, doubt_until=row.doubt_until or row.changed_at))

    def _resend_one(self, row: CampaignRecipient, now: datetime, *, is_repeat: bool) -> None:
        super()._resend_one(attrs.evolve(row, status=RecipientStatus.IN_DOUBT), now, is_repeat=is_repeat)


class ResendsTheSuppressed(Planted):
    def _doubt(self, row: CampaignRecipient) -> Doubt:
        return attrs.evolve(super()._doubt(row), is_suppressed=False)


class ResendsWhoHasIt(Planted):
    def _doubt(self, row: CampaignRecipient) -> Doubt:
        return attrs.evolve(super()._doubt(row), is_accepted_before=False)


class ResendsInSilence(Planted):
    """Leaves a finished campaign finished."""

    def _reopen(self, merchant_id: str, campaign_id: str, why: str, now: datetime) -> None:
        pass


class ResendsUnderTheSameName(Planted):
    def _resend_one(self, row: CampaignRecipient, now: datetime, *, is_repeat: bool) -> None:
        super()._resend_one(attrs.evolve(row, generation=row.generation - 1), now, is_repeat=is_repeat)


class LosesTheHold(Planted):
    """Charges what was in doubt when it is sent anew, and knows nothing of it at its horizon."""

    def _resend_one(self, row: CampaignRecipient, now: datetime, *, is_repeat: bool) -> None:
        super()._resend_one(row, now, is_repeat=is_repeat)
        attempt = self._recipients.attempt(row)
        if attempt.is_holding:
            self._end_hold(given_up(row.merchant_id, row.recipient_id, row.epoch, attempt.credit_shares), now)


class KeepsTheHoldForEver(Planted):
    def _give_up(self, attempt: Attempt, now: datetime) -> None:
        if attempt.doubt_until is None:
            super()._give_up(attempt, now)


class ForgetsWhatWasInDoubt(Planted):
    """Takes a late answer for that of another epoch."""

    def _settle_facts(self, row: CampaignRecipient) -> SettleFacts:
        return attrs.evolve(super()._settle_facts(row), left_open={})


class SendsAnewWhatWasAccepted(Planted):
    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        row = self._recipients.get(settlement.merchant_id, settlement.recipient_id)
        result = super()._settle_one(settlement, now)
        is_resent = row is not None and row.status is RecipientStatus.PENDING
        if row is not None and is_resent and settlement.event is RecipientEvent.ACCEPT:
            self._recipients.put(row)
        return result


class RepeatsUnderAnotherName(Planted):
    """Gives a message another id with each try, so that its provider takes it twice."""

    def _resend_one(self, row: CampaignRecipient, now: datetime, *, is_repeat: bool) -> None:
        super()._resend_one(row, now, is_repeat=is_repeat)
        moved = self._recipients.get(row.merchant_id, row.recipient_id)
        if is_repeat and moved is not None:
            self._recipients.put(attrs.evolve(moved, generation=moved.generation + 1))


class RepeatsWhatWasEdited(Planted):
    def resend(self, merchant_id: str, campaign_id: str, /, **terms: Any) -> int:
        said = terms.get("repeated_content")
        (doubt, *_) = [*self.doubts(merchant_id, campaign_id), None]
        content = said if said is None or doubt is None else doubt.content_digest
        return super().resend(merchant_id, campaign_id, **{**terms, "repeated_content": content})


class ForgetsTheFirstTry(Planted):
    """Leaves the first try of a message open whatever its provider answers to the next."""

    def _echo(self, facts: SettleFacts, settlement: Settlement, now: datetime) -> None:
        pass


class CountsAMessageAgainstItself(Planted):
    def _marketing_to(self, merchant_id: str, address_key: str, since: datetime) -> tuple[datetime, ...]:
        return tuple(
            attempt.began_at
            for row in self._recipients.with_address(merchant_id, address_key)
            for attempt in self._recipients.attempts(merchant_id, row.recipient_id)
            if attempt.began_at is not None and attempt.began_at > since and attempt.may_be_accepted
        )


PLANTED_DOUBTS = {
    ResendsBeforeTheQuarantine: "nobody_is_resent_before_the_quarantine_is_over",
    ResendsTwice: "a_resend_moves_nobody_twice",
    ResendsTheSuppressed: "who_could_not_be_sent_to_stays_in_doubt",
    ResendsWhoHasIt: "who_turned_out_to_have_it_is_not_resent_again",
    ResendsInSilence: "a_resend_reopens_a_finished_campaign_and_is_noted",
    ResendsUnderTheSameName: "who_is_resent_waits_for_a_message_of_a_new_generation",
    LosesTheHold: "a_resend_leaves_the_hold_and_the_next_try_holds_anew",
    KeepsTheHoldForEver: "what_was_left_open_is_charged_at_its_horizon_and_once",
    ForgetsWhatWasInDoubt: "what_turns_out_accepted_after_the_next_failed_is_told_and_paid",
    SendsAnewWhatWasAccepted: "what_turns_out_accepted_before_the_next_try_begins_was_the_one",
    RepeatsUnderAnotherName: "who_is_repeated_waits_for_the_very_same_message",
    RepeatsWhatWasEdited: "only_what_says_the_same_is_repeated",
    ForgetsTheFirstTry: "what_a_repetition_is_accepted_for_was_accepted_and_is_charged_once",
    CountsAMessageAgainstItself: "a_cap_counts_a_repeated_message_once_and_not_against_itself",
}
