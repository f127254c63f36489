"""Laws of the very same message sent again, to a provider that takes it once."""

from datetime import timedelta

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.doubts import RESEND_QUARANTINE
from campaignkit.campaign.recipients import DOUBT_HORIZON, NewAddress, ReaddressResult
from campaignkit.campaign.status import RecipientEvent, RecipientStatus
from campaignkit.delivery.begin import BeginVerdict
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.delivery.settling import SettleResult
from campaignkit.ports import Claim
from campaignkit.testing.store_laws.bench import DIGEST, MERCHANT, START
from campaignkit.testing.store_laws.crediting import GO
from campaignkit.testing.store_laws.doubting import Doubting
from campaignkit.timing.limits import FrequencyCap

__all__ = ["RepeatLaws"]

PENDING, SENT, IN_DOUBT = RecipientStatus.PENDING, RecipientStatus.SENT, RecipientStatus.IN_DOUBT
ACCEPT, DEFER, DOUBT, REFUSE = RecipientEvent.ACCEPT, RecipientEvent.DEFER, RecipientEvent.DOUBT, RecipientEvent.REFUSE
APPLIED, ALREADY, STALE = SettleResult.APPLIED, SettleResult.ALREADY, SettleResult.STALE
MOMENT = timedelta(seconds=1)


class RepeatLaws(Doubting):
    """``resend`` with ``repeated_content``: one message, several tries, one answer, one price."""

    def repeat(self, *names: str, content: str = DIGEST) -> int:
        return self.resend(*names, repeated_content=content)

    def repeated(self) -> tuple[Claim, Claim]:
        """Return the claim of a text in doubt that holds 3 of 10 credits, and that of its repetition, which begins."""
        self.bench.campaign()
        first = self.dear_doubt()
        assert self.repeat() == 1, "what was in doubt was not repeated"
        second = self.again()
        assert self.bench.begin(second) is GO, "begin did not let a repetition go that was paid for"
        return first, second

    def repeated_twice(self) -> Claim:
        """Return the claim of the third try at such a text, which begins."""
        _, second = self.repeated()
        self.bench.settle(second, DOUBT)
        self.clock.advance(RESEND_QUARANTINE)
        assert self.repeat() == 1, "what was in doubt was not repeated"
        third = self.again()
        assert self.bench.begin(third) is GO, "begin did not let a repetition go that was paid for"
        return third

    def verdicts_of_tries(self) -> list[str]:
        return [one.verdict for one in self.bench.attempts()]

    def test_who_is_repeated_waits_for_the_very_same_message(self) -> None:
        self.bench.campaign()
        (first,) = self.doubts("ann")

        assert self.repeat() == 1
        row = self.row()
        assert (row.status, row.generation, row.reason, row.is_repeated) == (PENDING, 1, "repeated", True)
        assert (row.not_before, row.doubt_until, row.epoch) == (first.recipient.not_before, None, first.epoch)
        claim = self.again()
        assert (claim.recipient.message_id, claim.recipient.is_repeated) == (first.recipient.message_id, True)
        assert (claim.epoch, self.bench.begin(claim), self.bench.settle(claim, ACCEPT)) == (2, GO, APPLIED)
        assert self.bench.status() is SENT

    def test_only_what_says_the_same_is_repeated(self) -> None:
        self.bench.campaign()
        self.doubts("ann")
        before = self.bench.everything()

        assert self.repeat(content="edited since") == 0
        assert self.bench.everything() == before

    def test_a_doubt_tells_how_often_it_was_repeated_and_since_when(self) -> None:
        self.bench.campaign()
        began = self.clock.now()
        self.doubts("ann")
        self.repeat()
        claim = self.again()
        self.bench.begin(claim)
        self.bench.settle(claim, DOUBT)

        (doubt,) = self.store.doubts(MERCHANT, "c1")
        assert (doubt.first_began_at, doubt.began_at) == (began, began + RESEND_QUARANTINE)
        assert (doubt.repeat_count, doubt.generation, doubt.content_digest) == (1, 1, DIGEST)

    def test_a_try_that_proved_that_nothing_was_taken_is_no_repetition(self) -> None:
        self.bench.campaign()
        (claim,) = self.bench.claims("ann")
        self.bench.begin(claim)
        self.store.settle([self.bench.unsent(claim, not_before=self.clock.now())])
        claim = self.again()
        self.bench.begin(claim)
        self.bench.settle(claim, DOUBT)

        (doubt,) = self.store.doubts(MERCHANT, "c1")
        assert (doubt.repeat_count, doubt.first_began_at) == (0, doubt.began_at)

    def test_what_a_repetition_is_accepted_for_was_accepted_and_is_charged_once(self) -> None:
        _, second = self.repeated()
        assert self.lot() == (7, 3, 0, 0)

        assert (self.bench.settle(second, ACCEPT), self.bench.settle(second, ACCEPT)) == (APPLIED, ALREADY)
        assert (self.bench.status(), self.verdicts_of_tries(), self.lot()) == (SENT, ["accepted"] * 2, (7, 0, 3, 0))
        assert self.row().attempt_count == 1
        self.assert_adds_up()
        self.clock.advance(DOUBT_HORIZON[Channel.SMS])
        self.store.reap()
        assert self.lot() == (7, 0, 3, 0)

    def test_what_of_a_repetition_was_accepted_is_what_is_charged(self) -> None:
        _, second = self.repeated()

        assert self.bench.settle(second, ACCEPT, spent=2) is APPLIED
        assert (self.bench.status(), self.lot()) == (SENT, (8, 0, 2, 0))
        self.assert_adds_up()

    def test_what_a_repetition_is_refused_for_was_refused_and_costs_nothing(self) -> None:
        _, second = self.repeated()

        assert self.bench.settle(second, REFUSE) is APPLIED
        assert (self.bench.status(), self.verdicts_of_tries()) == (RecipientStatus.FAILED, ["refused"] * 2)
        assert self.lot() == (10, 0, 0, 0)
        self.assert_adds_up()

    def test_a_repetition_that_is_put_off_says_nothing_of_the_first_try(self) -> None:
        _, second = self.repeated()

        assert self.bench.settle(second, DEFER) is APPLIED
        assert (self.bench.status(), self.verdicts_of_tries(), self.lot()) == (
            PENDING,
            ["in_doubt", "deferred"],
            (7, 3, 0, 0),
        )

    def test_a_repetition_that_is_put_off_for_good_says_nothing_of_the_first_try(self) -> None:
        _, second = self.repeated()
        outcome = Outcome(message_id="m1", verdict=Verdict.DEFERRED, code="throttled")

        assert self.bench.settle(second, REFUSE, outcome=outcome) is APPLIED
        assert (self.bench.status(), self.lot()) == (RecipientStatus.FAILED, (7, 3, 0, 0))

    def test_a_claim_that_is_given_up_says_nothing_of_the_first_try(self) -> None:
        self.bench.campaign()
        self.dear_doubt()
        self.repeat()

        assert self.bench.settle(self.again(), REFUSE) is APPLIED
        assert (self.bench.status(), self.verdicts_of_tries()) == (RecipientStatus.FAILED, ["in_doubt", "refused"])
        assert self.lot() == (7, 3, 0, 0)

    def test_what_stays_in_doubt_is_charged_once(self) -> None:
        _, second = self.repeated()
        self.bench.settle(second, DOUBT)
        assert (self.bench.status(), self.lot()) == (IN_DOUBT, (7, 3, 0, 0))

        self.clock.advance(DOUBT_HORIZON[Channel.SMS])
        assert self.store.reap().unknown == 1
        assert (self.bench.status(), self.lot()) == (RecipientStatus.UNKNOWN, (7, 0, 3, 0))
        self.assert_adds_up()

    def test_one_proof_is_enough_for_all_tries(self) -> None:
        third = self.repeated_twice()
        self.bench.settle(third, DOUBT)

        assert self.record(self.by_message("c1ann.1", "in_transit")).status is SENT
        assert (self.verdicts_of_tries(), self.lot()) == (["accepted"] * 3, (7, 0, 3, 0))
        assert self.row().attempt_count == 1
        self.assert_adds_up()

    def test_the_answer_to_the_last_try_ends_all_of_them(self) -> None:
        third = self.repeated_twice()

        assert self.bench.settle(third, ACCEPT) is APPLIED
        assert (self.verdicts_of_tries(), self.lot()) == (["accepted"] * 3, (7, 0, 3, 0))

    def test_what_turns_out_accepted_before_it_is_repeated_is_not_repeated(self) -> None:
        self.bench.campaign()
        first = self.dear_doubt()
        self.repeat()
        second = self.again()

        assert self.bench.settle(first, ACCEPT) is APPLIED
        assert (self.bench.status(), self.bench.begin(second), self.lot()) == (SENT, BeginVerdict.STALE, (7, 0, 3, 0))

    def test_what_turns_out_accepted_while_its_repetition_is_in_doubt_was_the_one(self) -> None:
        first, second = self.repeated()
        self.bench.settle(second, DOUBT)

        assert self.bench.settle(first, ACCEPT) is APPLIED
        assert (self.bench.status(), self.row().attempt_count) == (SENT, 1)
        assert (self.verdicts_of_tries(), self.lot()) == (["accepted"] * 2, (7, 0, 3, 0))
        self.assert_adds_up()

    def test_what_turns_out_accepted_while_it_is_repeated_is_charged_once(self) -> None:
        first, second = self.repeated()
        assert self.bench.settle(first, ACCEPT) is APPLIED
        assert (self.bench.status(), self.lot()) == (RecipientStatus.SENDING, (7, 0, 3, 0))

        assert self.bench.settle(second, ACCEPT) is APPLIED
        assert (self.bench.status(), self.lot()) == (SENT, (7, 0, 3, 0))
        self.assert_adds_up()

    def test_that_the_first_try_was_not_taken_counts_only_before_the_next(self) -> None:
        self.bench.campaign()
        first = self.dear_doubt()
        self.repeat()
        second = self.again()
        assert (self.bench.settle(first, DEFER), self.lot()) == (STALE, (7, 3, 0, 0)), "the next is free, and claimed"
        self.store.release([second])

        assert (self.bench.settle(first, DEFER), self.lot()) == (APPLIED, (10, 0, 0, 0))
        assert (self.bench.begin(self.again(), price=3), self.lot()) == (GO, (7, 3, 0, 0))

    def test_that_the_first_try_was_not_taken_is_no_news_of_its_repetition(self) -> None:
        first, second = self.repeated()
        before = self.bench.everything()
        assert self.bench.settle(first, REFUSE) is STALE
        assert self.bench.everything() == before

        self.bench.settle(second, DOUBT)
        assert (self.bench.settle(first, REFUSE), self.bench.status()) == (STALE, IN_DOUBT)

    def test_what_is_repeated_goes_to_no_other_address(self) -> None:
        self.bench.campaign()
        self.doubts("ann")
        self.repeat()
        elsewhere = NewAddress(address="Anna@example.com", address_key="anna@example.com")

        assert self.store.readdress(MERCHANT, "c1", "c1ann", elsewhere) is ReaddressResult.BUSY

    def test_a_person_may_still_ask_for_another_message(self) -> None:
        _, second = self.repeated()
        self.bench.settle(second, DOUBT)
        self.clock.advance(RESEND_QUARANTINE)

        assert self.resend() == 1
        row = self.row()
        assert (row.generation, row.is_repeated, row.reason) == (2, False, "resent")
        third = self.again()
        assert (self.bench.begin(third, price=3), self.lot()) == (GO, (4, 6, 0, 0))
        assert self.bench.settle(third, ACCEPT) is APPLIED
        assert (self.verdicts_of_tries(), self.lot()) == (["in_doubt", "in_doubt", "accepted"], (4, 3, 3, 0))

    def test_a_cap_counts_a_repeated_message_once_and_not_against_itself(self) -> None:
        cap = FrequencyCap(messages=1, days=7)
        self.bench.campaign()
        self.bench.campaign("c2")
        (claim,) = self.bench.claims("ann")
        other = self.bench.claim_one("ann", campaign_id="c2")
        assert self.bench.begin(claim, cap=cap) is GO
        self.bench.settle(claim, DOUBT)
        self.clock.advance(RESEND_QUARANTINE)
        self.repeat()
        assert self.bench.begin(other, cap=cap) is BeginVerdict.CAPPED, "it may lie in the mailbox"

        assert self.bench.begin(self.again(), cap=cap) is GO
        assert self.bench.begin(other, cap=cap) is BeginVerdict.CAPPED
        began = self.store.marketing(MERCHANT, ["ann@example.com"], START - MOMENT)["ann@example.com"]
        assert sorted(began) == [START, START + RESEND_QUARANTINE]
