"""Laws of sending anew: only after the quarantine, once, and what was in doubt is still told and paid for."""

from datetime import timedelta

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.doubts import RESEND_QUARANTINE
from campaignkit.campaign.recipients import DOUBT_HORIZON, CampaignRecipient
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.delivery.settling import SettleResult
from campaignkit.ports import Claim
from campaignkit.testing.store_laws.bench import LEASE, MERCHANT, START
from campaignkit.testing.store_laws.crediting import GO, Ledger
from campaignkit.testing.store_laws.hearing import Hearing

__all__ = ["DoubtLaws", "Doubting", "LeftOpenLaws"]

PENDING, SENT, IN_DOUBT = RecipientStatus.PENDING, RecipientStatus.SENT, RecipientStatus.IN_DOUBT
ACCEPT, DEFER, DOUBT, REFUSE = RecipientEvent.ACCEPT, RecipientEvent.DEFER, RecipientEvent.DOUBT, RecipientEvent.REFUSE
APPLIED, ALREADY, STALE = SettleResult.APPLIED, SettleResult.ALREADY, SettleResult.STALE
MOMENT = timedelta(seconds=1)
NOTE = TimelineEntry(at=START, what="resent", why="Somebody asked for it.", actor="ann")


class Doubting(Ledger, Hearing):
    """Short words for what these laws look at."""

    def resend(self, *names: str, campaign_id: str = "c1", merchant_id: str = MERCHANT, **terms: object) -> int:
        ids = [f"{campaign_id}{name}" for name in names] or None
        asked = {"quarantine": RESEND_QUARANTINE, "recipient_ids": ids, "note": NOTE, **terms}
        return self.store.resend(merchant_id, campaign_id, **asked)  # type: ignore[arg-type]

    def doubts(self, *names: str, merchant_id: str = MERCHANT) -> list[Claim]:
        """Put *names* in doubt, let the quarantine pass, and return their claims."""
        claims = self.bench.claims(*names, merchant_id=merchant_id)
        self.bench.begin_all(claims)
        for claim in claims:
            assert self.bench.settle(claim, DOUBT) is APPLIED, "a begun message could not fall in doubt"
        self.clock.advance(RESEND_QUARANTINE)
        return claims

    def dear_doubt(self, price: int = 3) -> Claim:
        """Put a text in doubt that costs something, and let the quarantine pass."""
        self.grant(10)
        claim = self.begun_text(price)
        self.bench.settle(claim, DOUBT)
        self.clock.advance(RESEND_QUARANTINE)
        return claim

    def again(self, name: str = "ann") -> Claim:
        """Claim who was resent."""
        (claim,) = self.bench.claim()
        assert claim.recipient.recipient_id == f"c1{name}", "claim did not claim who was resent"
        return claim

    def ids(self, **terms: object) -> list[str]:
        return [one.recipient_id for one in self.store.doubts(MERCHANT, "c1", **terms)]  # type: ignore[arg-type]

    def row(self, name: str = "ann") -> CampaignRecipient:
        return self.bench.recipient(f"c1{name}")


class DoubtLaws(Doubting):
    """Who is in doubt, and who of them is sent to anew."""

    def test_who_is_in_doubt_is_listed_with_since_when_and_until_when(self) -> None:
        self.bench.campaign()
        began = self.clock.now()
        self.doubts("ann", "bob")
        self.bench.begun("cid")

        ann, bob = self.store.doubts(MERCHANT, "c1")

        assert (ann.recipient_id, ann.contact_id, ann.generation) == ("c1ann", "contact ann", 1)
        assert (ann.began_at, ann.doubt_until) == (began, began + DOUBT_HORIZON[Channel.EMAIL])
        assert (ann.reason, ann.is_suppressed, ann.is_accepted_before) == ("because", False, False)
        assert (self.ids(limit=1), self.ids(after="c1ann")) == (["c1ann"], [bob.recipient_id])

    def test_doubts_of_others_are_not_listed_nor_resent(self) -> None:
        self.bench.campaign()
        self.bench.campaign(merchant_id="other")
        self.bench.campaign("c2")
        self.doubts("ann", merchant_id="other")
        self.bench.doubtful("bob", campaign_id="c2")
        self.clock.advance(RESEND_QUARANTINE)

        assert (self.ids(), self.resend(), self.resend("ann")) == ([], 0, 0)
        assert self.bench.status("c1ann", merchant_id="other") is IN_DOUBT
        assert self.bench.status("c2bob") is IN_DOUBT
        assert self.resend(campaign_id="nowhere") == 0

    def test_nobody_is_resent_before_the_quarantine_is_over(self) -> None:
        self.bench.campaign()
        self.bench.doubtful()
        self.clock.advance(RESEND_QUARANTINE - MOMENT)
        before = self.bench.everything()
        assert self.resend() == 0
        assert self.bench.everything() == before

        self.clock.advance(MOMENT)

        assert (self.resend(), self.bench.status()) == (1, PENDING)

    def test_who_is_resent_waits_for_a_message_of_a_new_generation(self) -> None:
        self.bench.campaign()
        (first,) = self.doubts("ann")
        self.resend()

        row = self.row()
        assert (row.status, row.generation, row.reason, row.doubt_until) == (PENDING, 2, "resent", None)
        assert (row.not_before, row.attempt_count, row.epoch) == (self.clock.now(), 0, first.epoch)
        claim = self.again()
        assert (claim.epoch, self.bench.begin(claim), self.bench.settle(claim, ACCEPT)) == (2, GO, APPLIED)
        assert [(one.generation, one.verdict) for one in self.bench.attempts()] == [(1, "in_doubt"), (2, "accepted")]

    def test_what_a_dead_worker_left_in_doubt_is_resent_as_well(self) -> None:
        self.bench.campaign()
        self.bench.begun()
        self.clock.advance(LEASE)
        self.store.reap()
        assert self.resend() == 0, "it began less than the quarantine ago"
        self.clock.advance(RESEND_QUARANTINE - LEASE)

        assert (self.resend(), self.bench.status()) == (1, PENDING)

    def test_a_resend_moves_nobody_twice(self) -> None:
        self.bench.campaign()
        self.doubts("ann", "bob")

        assert (self.resend(), self.resend()) == (2, 0)
        assert {row.generation for row in self.bench.rows()} == {2}

    def test_resends_at_once_move_nobody_twice(self) -> None:
        self.bench.campaign()
        self.doubts("ann", "bob", "cid")

        assert sum(self.bench.at_once(self.resend)) == 3
        assert {row.generation for row in self.bench.rows()} == {2}

    def test_only_those_are_resent_who_are_named_and_no_more_than_asked_for(self) -> None:
        self.bench.campaign()
        self.doubts("ann", "bob", "cid")

        assert self.resend("bob", "nobody") == 1
        assert self.resend(limit=1) == 1
        assert [row.status for row in self.bench.rows()] == [PENDING, PENDING, IN_DOUBT]
        assert (self.resend(recipient_ids=[]), self.resend(generation_max=0)) == (0, 0)

    def test_a_second_doubt_is_told_from_a_first(self) -> None:
        self.bench.campaign()
        self.doubts("ann")
        self.resend()
        claim = self.again()
        self.bench.begin(claim)
        self.bench.settle(claim, DOUBT)
        self.clock.advance(RESEND_QUARANTINE)

        assert self.resend(generation_max=1) == 0
        assert (self.resend(generation_max=2), self.row().generation) == (1, 3)

    def test_only_who_is_in_doubt_is_resent(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", "bob", "cid", "dan")
        claims = self.bench.claim(limit=3)
        self.bench.begin_all(claims[:2])
        self.bench.settle(claims[0], ACCEPT)
        self.clock.advance(RESEND_QUARANTINE)
        before = self.bench.everything()

        assert self.resend() == 0
        assert self.bench.everything() == before

    def test_a_resend_reopens_a_finished_campaign_and_is_noted(self) -> None:
        self.bench.campaign()
        self.doubts("ann")
        self.bench.edit(status=CampaignStatus.FINISHED)
        self.resend()

        document, trail = self.store.load(MERCHANT, "campaign", "c1"), self.store.trail(MERCHANT, "c1ann")
        assert document is not None
        assert document.body is not None
        assert trail is not None
        assert (document.body["status"], document.revision) == ("sending", 3)
        assert [(note.what, note.actor) for note in trail.timeline] == [("reopened", ""), ("resent", "ann")]
        assert trail.timeline[-1].facts == {"resent_count": "1"}
        assert self.again().epoch == 2

    def test_a_resend_leaves_a_paused_campaign_paused(self) -> None:
        self.bench.campaign()
        self.doubts("ann")
        self.bench.edit(status=CampaignStatus.PAUSED)
        self.resend()

        document = self.store.load(MERCHANT, "campaign", "c1")
        assert document is not None
        assert document.body is not None
        assert (document.body["status"], self.bench.status()) == ("paused", PENDING)

    def test_who_could_not_be_sent_to_stays_in_doubt(self) -> None:
        self.bench.campaign()
        self.doubts("ann", "bob")
        self.store.suppress(MERCHANT, ["ann@example.com"], reason="opt_out")
        self.bench.edit(deadline=self.clock.now())
        assert (self.resend(), [one.is_suppressed for one in self.store.doubts(MERCHANT, "c1")]) == (0, [True, False])
        self.bench.edit(deadline=self.clock.now() + MOMENT, status=CampaignStatus.CANCELLED)
        assert self.resend() == 0
        assert [row.status for row in self.bench.rows()] == [IN_DOUBT, IN_DOUBT]
        self.bench.edit(status=CampaignStatus.SENDING)

        assert self.resend() == 1
        assert [row.status for row in self.bench.rows()] == [IN_DOUBT, PENDING]


class LeftOpenLaws(Doubting):
    """What becomes of a message that was in doubt when its recipient was to be sent to anew."""

    def test_a_resend_leaves_the_hold_and_the_next_try_holds_anew(self) -> None:
        self.bench.campaign()
        self.dear_doubt()
        self.resend()
        assert self.lot() == (7, 3, 0, 0)

        claim = self.again()
        assert self.bench.begin(claim, price=3) is GO
        assert self.lot() == (4, 6, 0, 0)
        self.bench.settle(claim, ACCEPT)
        assert self.lot() == (4, 3, 3, 0)
        self.assert_adds_up()

    def test_what_was_left_open_is_charged_at_its_horizon_and_once(self) -> None:
        self.bench.campaign()
        self.dear_doubt()
        self.resend()
        (attempt,) = self.bench.attempts()
        assert attempt.doubt_until == START + DOUBT_HORIZON[Channel.SMS]
        self.clock.advance(DOUBT_HORIZON[Channel.SMS] - RESEND_QUARANTINE - MOMENT)
        self.store.reap()
        assert self.lot() == (7, 3, 0, 0)

        self.clock.advance(MOMENT)
        assert (self.store.reap().unknown, self.store.reap().unknown) == (0, 0)

        (attempt,) = self.bench.attempts()
        assert (self.lot(), attempt.doubt_until, self.bench.status()) == ((7, 0, 3, 0), None, PENDING)
        self.assert_adds_up()

    def test_a_deleted_campaign_takes_what_was_left_open_with_it(self) -> None:
        document = self.bench.campaign()
        self.doubts("ann")
        self.resend()
        stored = self.store.load(MERCHANT, "campaign", "c1")
        assert stored is not None
        deleted = self.store.save(attrs.evolve(stored, body=None), expected_revision=stored.revision)
        assert deleted is not None

        self.store.save(document, expected_revision=deleted.revision)
        self.bench.add("ann")
        self.clock.advance(DOUBT_HORIZON[Channel.EMAIL])
        self.store.reap()

        assert self.bench.attempts() == ()

    def test_a_late_answer_after_the_horizon_changes_nothing(self) -> None:
        self.bench.campaign()
        claim = self.dear_doubt()
        self.resend()
        self.clock.advance(DOUBT_HORIZON[Channel.SMS])
        self.store.reap()
        before = self.bench.everything()

        assert (self.bench.settle(claim, ACCEPT), self.bench.settle(claim, DEFER)) == (STALE, STALE)
        assert self.bench.everything() == before

    def test_what_turns_out_accepted_before_the_next_try_begins_was_the_one(self) -> None:
        self.bench.campaign()
        pending = self.dear_doubt()
        self.resend()
        assert (self.bench.settle(pending, ACCEPT), self.bench.settle(pending, ACCEPT)) == (APPLIED, ALREADY)

        row = self.row()
        assert (row.status, row.attempt_count, self.lot()) == (SENT, 1, (7, 0, 3, 0))
        assert list(self.bench.claim()) == []
        assert [(one.verdict, one.doubt_until) for one in self.bench.attempts()] == [("accepted", None)]
        self.assert_adds_up()

    def test_what_turns_out_accepted_while_the_next_try_is_claimed_wins(self) -> None:
        self.bench.campaign()
        first = self.dear_doubt()
        self.resend()
        second = self.again()
        assert self.bench.settle(first, ACCEPT) is APPLIED

        row = self.row()
        assert (row.status, row.lease_until, row.claim_token) == (SENT, None, "")
        assert (self.bench.begin(second, price=3), self.store.release([second])) == ("stale", 0)
        assert (self.lot(), len(self.bench.attempts())) == ((7, 0, 3, 0), 1)

    def test_what_turns_out_accepted_after_the_next_was_sent_is_told_and_paid(self) -> None:
        self._turns_out_accepted_after(ACCEPT, SENT)

    def test_what_turns_out_accepted_after_the_next_failed_is_told_and_paid(self) -> None:
        self._turns_out_accepted_after(REFUSE, RecipientStatus.FAILED)

    def test_what_turns_out_accepted_while_the_next_is_in_doubt_is_told_and_paid(self) -> None:
        self._turns_out_accepted_after(DOUBT, IN_DOUBT)

    def _turns_out_accepted_after(self, event: RecipientEvent, status: RecipientStatus) -> None:
        self.bench.campaign()
        first = self.dear_doubt()
        self.resend()
        second = self.again()
        self.bench.begin(second, price=3)
        self.bench.settle(second, event)
        row, spent = self.row(), self.lot()[2]

        assert (self.bench.settle(first, ACCEPT), self.bench.settle(first, ACCEPT)) == (APPLIED, STALE)
        assert (self.row(), row.status) == (row, status)
        assert (self.bench.attempts()[0].verdict, self.lot()[2]) == ("accepted", spent + 3)
        self.assert_adds_up()

    def test_proof_that_it_was_not_accepted_gives_its_credit_back_and_moves_nobody(self) -> None:
        self.bench.campaign()
        first = self.dear_doubt()
        self.resend()
        row = self.row()

        assert self.bench.settle(first, DEFER) is APPLIED
        assert (self.row(), self.lot()) == (row, (10, 0, 0, 0))
        assert self.bench.attempts()[0].doubt_until is None
        assert self.bench.begin(self.again(), price=3) is GO

    def test_proof_for_somebody_who_is_claimed_again_settles_the_old_attempt(self) -> None:
        self.bench.campaign()
        first = self.dear_doubt()
        self.resend()
        second = self.again()

        assert self.bench.settle(first, REFUSE) is APPLIED
        assert [(one.epoch, one.verdict) for one in self.bench.attempts()] == [(1, "refused")]
        assert (self.bench.begin(second, price=3), self.lot()) == (GO, (7, 3, 0, 0))

    def test_that_nobody_knows_is_no_news(self) -> None:
        self.bench.campaign()
        told, silent = self.bench.claims("ann", "bob")
        self.bench.begin_all([told, silent])
        self.bench.settle(told, DOUBT)
        self.clock.advance(RESEND_QUARANTINE)
        self.store.reap()
        self.resend()
        before = self.bench.everything()

        assert (self.bench.settle(told, DOUBT), self.bench.settle(silent, DOUBT)) == (ALREADY, STALE)
        assert self.bench.everything() == before

    def test_a_receipt_proves_the_message_that_it_names(self) -> None:
        self.bench.campaign()
        self.dear_doubt()
        self.resend()
        second = self.again()
        self.bench.begin(second, price=3)
        self.bench.settle(second, DOUBT)

        assert self.record(self.by_message("c1ann.1", "in_transit")).status is IN_DOUBT
        assert ([one.verdict for one in self.bench.attempts()], self.lot()) == (["accepted", "in_doubt"], (4, 3, 3, 0))
        assert self.record(self.by_message("c1ann.2", "in_transit")).status is SENT
        assert (self.lot(), self.row().attempt_count) == ((4, 0, 6, 0), 1)
        self.assert_adds_up()

    def test_a_receipt_for_the_first_message_calls_the_second_off(self) -> None:
        self.bench.campaign()
        self.dear_doubt()
        self.resend()

        assert self.record(self.by_message("c1ann.1")).status is SENT
        assert (list(self.bench.claim()), self.lot()) == ([], (7, 0, 3, 0))

    def test_who_turned_out_to_have_it_is_not_resent_again(self) -> None:
        self.bench.campaign()
        first = self.dear_doubt()
        self.resend()
        second = self.again()
        self.bench.begin(second, price=3)
        self.bench.settle(second, DOUBT)
        self.bench.settle(first, ACCEPT)
        self.clock.advance(RESEND_QUARANTINE)

        assert (self.resend(), [one.is_accepted_before for one in self.store.doubts(MERCHANT, "c1")]) == (0, [True])
