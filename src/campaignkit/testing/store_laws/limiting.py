"""Laws of limits: what begin counts, across everything that it could be forgotten across."""

from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue

from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.delivery.begin import BeginVerdict
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.delivery.settling import SettleResult
from campaignkit.ports import Claim
from campaignkit.testing.store_laws.base import Laws
from campaignkit.testing.store_laws.bench import LEASE, START
from campaignkit.timing.limits import Interval, Limit, LimitRule, LimitScope

__all__ = ["GiveBackLaws", "LimitLaws"]

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TINY = timedelta(microseconds=1)
GO, LIMITED = BeginVerdict.GO, BeginVerdict.LIMITED
SENDER = "sender/flora/main"


def _of_sender(*rules: LimitRule) -> tuple[LimitScope, ...]:
    return (LimitScope(SENDER, rules),)


def _a_minute(count: int) -> tuple[LimitScope, ...]:
    return _of_sender(Limit(count, per=MINUTE))


class LimitLaws(Laws):
    """Limits, as ``begin`` counts them."""

    def test_a_limit_counts_within_one_begin(self) -> None:
        self.bench.campaign()
        claims = self.bench.claims("ann", "bob", "cid")

        assert self.bench.begin_all(claims, limit_scopes=_a_minute(2)) == [GO, GO, LIMITED]
        assert [row.status for row in self.bench.rows()].count(RecipientStatus.CLAIMED) == 1
        assert self.bench.attempts("c1cid") == ()

    def test_a_limit_counts_across_begins(self) -> None:
        self.bench.campaign()
        scopes = _of_sender(Interval(60))
        first, second = self.bench.claims("ann", "bob")
        self.bench.begin(first, limit_scopes=scopes)
        self.clock.advance(MINUTE - TINY)
        assert self.bench.begin(second, limit_scopes=scopes) is LIMITED
        self.clock.advance(TINY)

        assert self.bench.begin(second, limit_scopes=scopes) is GO

    def test_a_limit_counts_all_workers_together(self) -> None:
        self.bench.campaign()
        mine, theirs = (self.bench.claims(worker, worker_id=worker)[0] for worker in ("w1", "w2"))

        assert self.bench.begin(mine, limit_scopes=_a_minute(1)) is GO
        assert self.bench.begin(theirs, limit_scopes=_a_minute(1)) is LIMITED

    def test_a_limit_counts_across_the_campaigns_of_a_sender(self) -> None:
        verdicts = []
        for campaign_id in ("c1", "c2", "c3"):
            self.bench.campaign(campaign_id)
            verdicts += self.bench.begin_all(
                self.bench.claims("ann", campaign_id=campaign_id), limit_scopes=_a_minute(2)
            )

        assert verdicts == [GO, GO, LIMITED]

    def test_a_message_counts_under_every_scope(self) -> None:
        verdicts = []
        for campaign_id in ("c1", "c2"):
            self.bench.campaign(campaign_id)
            own = LimitScope(f"campaign/flora/{campaign_id}", (Limit(2, per=HOUR),))
            claims = self.bench.claims("ann", "bob", "cid", campaign_id=campaign_id)
            # One call each: what one scope held back must not stay counted under the other.
            verdicts += [self.bench.begin(claim, limit_scopes=(own, *_a_minute(3))) for claim in claims]

        assert verdicts == [GO, GO, LIMITED, GO, LIMITED, LIMITED]

    def test_a_window_rolls_and_is_exact_at_both_edges(self) -> None:
        self.bench.campaign()
        scopes = _a_minute(2)
        ann, bob, cid, dan = self.bench.claims("ann", "bob", "cid", "dan")
        self.bench.begin(ann, limit_scopes=scopes)
        self.clock.advance(10 * TINY)
        self.bench.begin(bob, limit_scopes=scopes)
        self.clock.advance(MINUTE - 11 * TINY)

        early = self.bench.begin_answer(cid, limit_scopes=scopes)
        assert (early.verdict, early.retry_at) == (LIMITED, START + MINUTE)
        self.clock.advance(TINY)
        assert self.bench.begin(cid, limit_scopes=scopes) is GO
        self.clock.advance(9 * TINY)
        early = self.bench.begin_answer(dan, limit_scopes=scopes)
        assert (early.verdict, early.retry_at) == (LIMITED, START + MINUTE + 10 * TINY)
        self.clock.advance(TINY)
        assert self.bench.begin(dan, limit_scopes=scopes) is GO

    def test_a_calendar_day_is_that_of_the_providers_zone(self) -> None:
        self.bench.campaign()
        scopes = _of_sender(Limit(1, per="day", zone="America/Los_Angeles"))
        midnight = datetime(2026, 3, 7, 8, tzinfo=UTC)  # there, at eight hours behind; a day later at seven
        ann, bob, cid = self.bench.claims("ann", "bob", "cid")
        self.bench.begin(ann, limit_scopes=scopes)
        for at in (midnight - 8 * HOUR, midnight - TINY):
            self.clock.sleep_until(at)
            held = self.bench.begin_answer(bob, limit_scopes=scopes)
            assert (held.verdict, held.retry_at) == (LIMITED, midnight)
        self.clock.sleep_until(midnight)

        assert self.bench.begin(bob, limit_scopes=scopes) is GO
        assert self.bench.begin_answer(cid, limit_scopes=scopes).retry_at == midnight + 24 * HOUR

    def test_how_much_of_a_jitter_was_drawn_is_kept(self) -> None:
        self.bench.campaign()
        scopes = _of_sender(Interval(60, jitter=60))
        ann, bob = self.bench.claims("ann", "bob")
        self.bench.begin(ann, limit_scopes=scopes, draw=0.5)
        self.clock.advance(1.5 * MINUTE - TINY)

        held = self.bench.begin_answer(bob, limit_scopes=scopes, draw=0.0)
        assert (held.verdict, held.retry_at) == (LIMITED, START + 1.5 * MINUTE)
        self.clock.advance(TINY)
        assert self.bench.begin(bob, limit_scopes=scopes) is GO

    def test_those_whom_a_limit_holds_back_are_told_their_own_turns(self) -> None:
        self.bench.campaign()
        claims = self.bench.claims("ann", "bob", "cid", "dan", "eve")

        answers = self.bench.ask(*(self.bench.clearance(claim, limit_scopes=_a_minute(2)) for claim in claims))

        assert [answer.retry_at for answer in answers[2:]] == [START + MINUTE, START + MINUTE, START + 2 * MINUTE]
        assert {answer.detail for answer in answers[2:]} == {"the next message waits: at most 2 messages in any minute"}

    def test_what_does_not_go_is_not_counted(self) -> None:
        self.bench.campaign()
        first, second = self.bench.claims("ann", "bob")
        scopes = _of_sender(Interval(60), Limit(1, per=MINUTE))
        assert self.bench.begin(first, limit_scopes=scopes, settings_version=9) is BeginVerdict.CHANGED
        assert self.bench.begin(first, limit_scopes=scopes, epoch=9) is BeginVerdict.STALE
        self.bench.edit(status=CampaignStatus.PAUSED)
        assert self.bench.begin(first, limit_scopes=scopes) is BeginVerdict.PAUSED
        self.bench.edit(status=CampaignStatus.SENDING)

        assert self.bench.begin(second, limit_scopes=scopes) is GO
        assert self.bench.attempts("c1ann") == ()

    def test_a_limit_that_was_lowered_remembers_what_began(self) -> None:
        self.bench.campaign()
        *claims, last = self.bench.claims("ann", "bob", "cid")
        self.bench.begin_all(claims, limit_scopes=_a_minute(3))

        assert self.bench.begin(last, limit_scopes=_a_minute(2)) is LIMITED
        assert self.bench.begin(last, limit_scopes=_a_minute(3)) is GO

    def test_a_store_clock_that_goes_back_grants_nothing(self) -> None:
        self.bench.campaign()
        scopes = _a_minute(2)
        ann, bob, cid = self.bench.claims("ann", "bob", "cid")
        self.bench.begin(ann, limit_scopes=scopes)
        self.clock.advance(-HOUR)

        assert self.bench.begin(bob, limit_scopes=scopes) is GO  # counted at the latest instant seen
        held = self.bench.begin_answer(cid, limit_scopes=scopes)
        assert (held.verdict, held.retry_at) == (LIMITED, START + MINUTE)
        self.clock.advance(HOUR + MINUTE - TINY)
        assert self.bench.begin(cid, limit_scopes=scopes) is LIMITED
        self.clock.advance(TINY)
        assert self.bench.begin(cid, limit_scopes=scopes) is GO

    def test_no_workers_clock_frees_a_window(self) -> None:
        self.bench.campaign()
        scopes = _a_minute(1)
        ann, bob, cid = self.bench.claims("ann", "bob", "cid")
        # One whose clock is a month behind counts now all the same, and one that is a month ahead has to wait.
        assert self.bench.begin(ann, limit_scopes=scopes, prepared_at=START - 720 * HOUR) is GO
        held = self.bench.begin_answer(bob, limit_scopes=scopes, prepared_at=START + 720 * HOUR)
        assert (held.verdict, held.retry_at) == (LIMITED, START + MINUTE)
        self.clock.advance(MINUTE)

        assert self.bench.begin(cid, limit_scopes=scopes, prepared_at=START - 720 * HOUR) is GO

    def test_several_who_begin_at_once_stay_within_a_limit(self) -> None:
        names = [f"n{number:02}" for number in range(24)]
        self.bench.campaign()
        batches: SimpleQueue[list[Claim]] = SimpleQueue()
        claims = self.bench.claims(*names)
        for start in range(0, len(claims), 2):
            batches.put(claims[start : start + 2])

        def begin_what_is_left() -> int:
            count = 0
            while True:
                try:
                    batch = batches.get_nowait()
                except Empty:
                    return count
                count += self.bench.begin_all(batch, limit_scopes=_a_minute(7)).count(GO)

        assert sum(self.bench.at_once(begin_what_is_left)) == 7
        assert [row.status for row in self.bench.rows()].count(RecipientStatus.SENDING) == 7

    def test_what_a_limit_said_stays_with_who_waits(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()

        self.store.release([claim], not_before=START + MINUTE, reason="limit", detail="Thirty an hour are enough.")

        row = self.bench.recipient()
        assert (row.reason, row.detail) == ("limit", "Thirty an hour are enough.")
        self.clock.advance(MINUTE)
        claims = self.bench.claim()
        self.bench.edit(status=CampaignStatus.CANCELLED)
        self.store.release(claims, reason="limit", detail="Thirty an hour are enough.")
        row = self.bench.recipient()
        assert (row.reason, row.detail) == ("campaign_cancelled", "")


class GiveBackLaws(Laws):
    """What provably was not submitted is counted no longer, and only that."""

    def test_what_was_not_submitted_is_given_back(self) -> None:
        self.bench.campaign()
        scopes = (*_a_minute(1), LimitScope("campaign/flora/c1", (Limit(1, per=HOUR),)))
        ann, bob = self.bench.claims("ann", "bob")
        self.bench.begin(ann, limit_scopes=scopes)
        assert self.bench.begin(bob, limit_scopes=scopes) is LIMITED

        (result,) = self.store.settle([self.bench.unsent(ann, scopes)])

        assert result is SettleResult.APPLIED
        assert self.bench.begin(bob, limit_scopes=scopes) is GO

    def test_late_proof_is_given_back_too(self) -> None:
        self.bench.campaign()
        scopes = _of_sender(Limit(2, per=HOUR))
        ann, bob, *others = self.bench.claims("ann", "bob", "cid", "dan", "eve")
        self.bench.begin_all([ann, bob], limit_scopes=scopes)
        self.bench.settle(ann, RecipientEvent.DOUBT, limit_scopes=scopes)
        self.clock.advance(LEASE)
        self.store.reap()  # bob is in doubt as well
        others = list(self.bench.claim())
        assert set(self.bench.begin_all(others, limit_scopes=scopes)) == {LIMITED}

        results = self.store.settle([self.bench.unsent(claim, scopes) for claim in (ann, bob)])

        assert list(results) == [SettleResult.APPLIED] * 2
        assert self.bench.begin_all(others, limit_scopes=scopes) == [GO, GO, LIMITED]

    def test_what_a_begin_settles_is_given_back_before_it_decides(self) -> None:
        self.bench.campaign()
        scopes = _a_minute(1)
        ann, bob, cid = self.bench.claims("ann", "bob", "cid")
        self.bench.begin(ann, limit_scopes=scopes)
        clearances = [self.bench.clearance(claim, limit_scopes=scopes) for claim in (bob, cid)]

        answers = self.store.begin(clearances, lease=LEASE, settlements=[self.bench.unsent(ann, scopes)])

        assert [answer.verdict for answer in answers] == [GO, LIMITED]
        assert self.bench.begin(cid, limit_scopes=scopes) is LIMITED

    def test_nothing_is_given_back_twice(self) -> None:
        self.bench.campaign()
        scopes = _a_minute(3)
        ann, bob, cid, *others = self.bench.claims("ann", "bob", "cid", "dan", "eve")
        self.bench.begin_all([ann, bob, cid], limit_scopes=scopes)
        proof = self.bench.unsent(ann, scopes)
        results = [*self.store.settle([proof, proof]), *self.store.settle([proof])]
        clearances = [self.bench.clearance(claim, limit_scopes=scopes) for claim in others]

        answers = self.store.begin(clearances, lease=LEASE, settlements=[proof])

        assert results.count(SettleResult.APPLIED) == 1
        assert [answer.verdict for answer in answers] == [GO, LIMITED]

    def test_what_a_provider_answered_stays_counted(self) -> None:
        self.bench.campaign()
        scopes = _a_minute(4)
        said = {
            Verdict.ACCEPTED: RecipientEvent.ACCEPT,
            Verdict.REFUSED: RecipientEvent.REFUSE,
            Verdict.DEFERRED: RecipientEvent.DEFER,
            Verdict.IN_DOUBT: RecipientEvent.DOUBT,
        }
        *claims, last = self.bench.claims("ann", "bob", "cid", "dan", "eve")
        self.bench.begin_all(claims, limit_scopes=scopes)
        for claim, (verdict, event) in zip(claims, said.items(), strict=True):
            outcome = Outcome(message_id="m1", verdict=verdict, code="said", reply="at the dot")
            self.bench.settle(claim, event, outcome=outcome, limit_scopes=scopes, not_before=START + MINUTE)

            assert self.bench.begin(last, limit_scopes=scopes) is LIMITED, verdict

    def test_a_claim_that_never_began_gives_nothing_back(self) -> None:
        self.bench.campaign()
        scopes = _a_minute(1)
        ann, bob, cid = self.bench.claims("ann", "bob", "cid")
        self.bench.begin(ann, limit_scopes=scopes)

        (result,) = self.store.settle([self.bench.unsent(bob, scopes)])

        assert result is SettleResult.APPLIED
        assert self.bench.begin(cid, limit_scopes=scopes) is LIMITED

    def test_a_stale_epoch_gives_nothing_back(self) -> None:
        self.bench.campaign()
        scopes = _a_minute(1)
        (old,) = self.bench.claims("ann")
        self.bench.begin(old, limit_scopes=scopes)
        self.store.settle([self.bench.unsent(old, scopes, not_before=START)])
        (held,) = self.bench.claim()
        (bob,) = self.bench.claims("bob")
        self.bench.begin(held, limit_scopes=scopes)

        (result,) = self.store.settle([self.bench.unsent(old, scopes)])

        assert result is SettleResult.STALE
        assert self.bench.begin(bob, limit_scopes=scopes) is LIMITED

    def test_what_had_left_its_window_takes_nothing_from_others(self) -> None:
        self.bench.campaign()
        scopes = _a_minute(1)
        ann, bob, cid = self.bench.claims("ann", "bob", "cid")
        self.bench.begin(ann, limit_scopes=scopes)
        self.clock.advance(MINUTE)
        self.bench.begin(bob, limit_scopes=scopes)

        self.store.settle([self.bench.unsent(ann, scopes)])

        assert self.bench.begin(cid, limit_scopes=scopes) is LIMITED
