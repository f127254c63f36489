"""Laws of begin: the only way into SENDING."""

from datetime import datetime, timedelta

import attrs

from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.delivery.begin import BeginVerdict
from campaignkit.ports import Claim
from campaignkit.testing.store_laws.base import Laws
from campaignkit.testing.store_laws.bench import LEASE, MERCHANT, START

__all__ = ["BeginLaws"]

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class BeginLaws(Laws):
    """``begin``."""

    def test_what_one_wave_came_to_is_settled_by_the_begin_of_the_next(self) -> None:
        self.bench.campaign()
        crossed, waiting = self.bench.begun("ann"), self.bench.claim_one("bob")
        settlement = self.bench.settlement(crossed, RecipientEvent.ACCEPT)

        (answer,) = self.store.begin([self.bench.clearance(waiting)], lease=LEASE, settlements=[settlement])

        assert answer.verdict is BeginVerdict.GO
        assert self.bench.recipient("c1ann").status is RecipientStatus.SENT
        assert self.bench.recipient("c1bob").status is RecipientStatus.SENDING

    def test_what_may_go_is_sending_before_it_goes(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()
        self.clock.advance(MINUTE)
        prepared_at = START + timedelta(seconds=1)

        clearance = self.bench.clearance(claim, prepared_at=prepared_at, content_digest="abc")
        (answer,) = self.bench.ask(clearance, lease=2 * LEASE)

        assert (answer.recipient_id, answer.verdict) == ("c1ann", BeginVerdict.GO)
        row = self.bench.recipient()
        assert (row.status, row.epoch) == (RecipientStatus.SENDING, 1)
        assert row.lease_until == START + MINUTE + 2 * LEASE
        (attempt,) = self.bench.attempts()
        assert (attempt.epoch, attempt.generation, attempt.began_at) == (1, 1, START + MINUTE)
        assert (attempt.prepared_at, attempt.content_digest, attempt.price) == (prepared_at, "abc", None)
        assert (attempt.settled_at, attempt.verdict) == (None, "")

    def test_nobody_begins_twice(self) -> None:
        self.bench.campaign()
        claim = self.bench.begun()
        before = self.bench.everything()

        assert self.bench.begin(claim) is BeginVerdict.STALE
        assert self.bench.everything() == before

    def test_one_who_is_named_twice_begins_once(self) -> None:
        self.bench.campaign()
        clearance = self.bench.clearance(self.bench.claim_one())

        answers = self.bench.ask(clearance, clearance)

        assert [answer.verdict for answer in answers] == [BeginVerdict.GO, BeginVerdict.STALE]
        assert len(self.bench.attempts()) == 1

    def test_one_who_is_named_twice_ends_once(self) -> None:
        self.bench.campaign()
        clearance = self.bench.clearance(self.bench.claim_one())
        self.store.suppress(MERCHANT, [clearance.address_key], reason="opt_out")

        self.bench.ask(clearance, clearance)

        assert self.bench.status() is RecipientStatus.SKIPPED

    def test_of_several_who_begin_at_once_one_goes(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()

        verdicts = self.bench.at_once(lambda: self.bench.begin(claim))

        assert sorted(verdicts) == sorted([BeginVerdict.GO, *[BeginVerdict.STALE] * 3])

    def test_answers_come_in_the_order_of_questions(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", "bob", "cid")
        clearances = [self.bench.clearance(claim) for claim in self.bench.claim()]
        clearances.reverse()
        clearances[1] = attrs.evolve(clearances[1], settings_version=9)

        answers = self.bench.ask(*clearances)

        assert [answer.recipient_id for answer in answers] == [one.recipient_id for one in clearances]
        assert [answer.verdict for answer in answers] == [BeginVerdict.GO, BeginVerdict.CHANGED, BeginVerdict.GO]
        assert list(self.bench.ask()) == []

    def test_a_stale_epoch_begins_nothing(self) -> None:
        self.bench.campaign()
        old = self.bench.claim_one()
        self.store.release([old])
        assert self.bench.begin(old) is BeginVerdict.STALE
        (held,) = self.bench.claim()
        before = self.bench.everything()

        assert self.bench.begin(old, claim_token=held.recipient.claim_token) is BeginVerdict.STALE
        assert self.bench.begin(held, claim_token="another") is BeginVerdict.STALE
        assert self.bench.begin(held, epoch=held.epoch + 1) is BeginVerdict.STALE
        assert self.bench.everything() == before

    def test_a_pause_that_returned_holds(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()
        for status in (CampaignStatus.PAUSED, CampaignStatus.FAILED, CampaignStatus.SCHEDULED, CampaignStatus.DRAFT):
            self.bench.edit(status=status)

            assert self.bench.begin(claim) is BeginVerdict.PAUSED, status
            assert self.bench.recipient() == claim.recipient

    def test_a_cancel_that_returned_holds(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()
        self.bench.edit(status=CampaignStatus.CANCELLED)

        assert self.bench.begin(claim) is BeginVerdict.CANCELLED
        self.require_end(RecipientStatus.CANCELLED, "campaign_cancelled")

    def test_no_clearance_borrows_another_campaigns_status(self) -> None:
        self.bench.campaign("c1")
        self.bench.campaign("c2")
        claim = self.bench.claim_one()
        self.bench.edit("c1", status=CampaignStatus.PAUSED)

        assert self.bench.begin(claim, campaign_id="c2") is BeginVerdict.STALE
        assert self.bench.recipient() == claim.recipient

    def test_an_opt_out_before_begin_wins(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()
        self.store.suppress(MERCHANT, [claim.recipient.address_key], reason="opt_out")

        assert self.bench.begin(claim) is BeginVerdict.SUPPRESSED
        self.require_end(RecipientStatus.SKIPPED, "suppressed")

    def test_what_was_edited_since_is_prepared_again(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()
        self.bench.edit(settings_version=2)

        assert self.bench.begin(claim, settings_version=1) is BeginVerdict.CHANGED
        assert self.bench.begin(claim, settings_version=2, address_key="old@example.com") is BeginVerdict.CHANGED
        assert self.bench.recipient() == claim.recipient
        assert self.bench.begin(claim, settings_version=2) is BeginVerdict.GO

    def test_nothing_begins_at_the_deadline(self) -> None:
        self.bench.campaign(deadline=START + MINUTE)
        claim = self.bench.claim_one()
        self.clock.advance(MINUTE)

        assert self.bench.begin(claim, deadline=START + MINUTE) is BeginVerdict.EXPIRED
        self.require_end(RecipientStatus.EXPIRED, "deadline_passed")

    def test_nothing_begins_when_the_window_closes(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()
        closing, opening = START + timedelta(seconds=30), START + DAY
        clearance = self.bench.clearance(claim, open_until=closing, reopens_at=opening)

        (answer,) = self.bench.ask(clearance)

        assert (answer.verdict, answer.retry_at) == (BeginVerdict.CLOSED, opening)
        assert self.bench.recipient() == claim.recipient
        assert self.bench.begin(claim, open_until=closing + timedelta(microseconds=1)) is BeginVerdict.GO

    def test_only_the_stores_clock_decides(self) -> None:
        self.bench.campaign(deadline=START + DAY)
        self.bench.add("ann", "bob", "cid", "dan")
        ann, bob, cid, dan = self.bench.claim()
        worlds = {"behind": START - 30 * DAY, "ahead": START + 30 * DAY}

        assert self.begin_by(ann, worlds["ahead"], deadline=START + DAY) is BeginVerdict.GO
        assert self.begin_by(bob, worlds["ahead"], open_until=START + DAY) is BeginVerdict.GO
        assert self.begin_by(cid, worlds["behind"], open_until=START) is BeginVerdict.CLOSED
        assert self.begin_by(dan, worlds["behind"], deadline=START) is BeginVerdict.EXPIRED

        for recipient_id in ("c1ann", "c1bob"):
            assert self.bench.attempts(recipient_id)[0].began_at == START
            assert self.bench.recipient(recipient_id).lease_until == START + LEASE

    def test_begin_needs_a_claim(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()
        self.bench.begin(claim)
        self.bench.settle(claim, RecipientEvent.ACCEPT)

        assert self.bench.begin(claim) is BeginVerdict.STALE
        assert self.bench.status() is RecipientStatus.SENT

    def begin_by(self, claim: Claim, worker_time: datetime, **changes: datetime) -> BeginVerdict:
        """Begin as a worker whose own clock says *worker_time*."""
        return self.bench.begin(claim, prepared_at=worker_time, **changes)

    def require_end(self, status: RecipientStatus, reason: str) -> None:
        """Look that begin ended the first recipient, and left no trace of an attempt."""
        row = self.bench.recipient()
        assert (row.status, row.reason, row.lease_until) == (status, reason, None)
        assert self.bench.attempts() == ()
