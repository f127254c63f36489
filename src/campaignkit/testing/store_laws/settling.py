"""Laws of settle: what became of a message, and every way back to pending."""

from collections.abc import Callable
from datetime import timedelta

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.delivery.settling import SettleResult
from campaignkit.ports import Claim, SaveGuard
from campaignkit.testing.store_laws.base import Laws
from campaignkit.testing.store_laws.bench import LEASE, MERCHANT, START

__all__ = ["LandingLaws", "SettleLaws"]

MINUTE = timedelta(minutes=1)
ACCEPT, REFUSE, DEFER, DOUBT = (
    RecipientEvent.ACCEPT,
    RecipientEvent.REFUSE,
    RecipientEvent.DEFER,
    RecipientEvent.DOUBT,
)
APPLIED, ALREADY, STALE = SettleResult.APPLIED, SettleResult.ALREADY, SettleResult.STALE


class SettleLaws(Laws):
    """``settle``."""

    def test_each_outcome_ends_where_the_table_says(self) -> None:
        self.bench.campaign()
        ends = {
            ACCEPT: RecipientStatus.SENT,
            REFUSE: RecipientStatus.FAILED,
            DEFER: RecipientStatus.PENDING,
            DOUBT: RecipientStatus.IN_DOUBT,
        }
        claims = {event: self.bench.begun(event.value) for event in ends}
        settlements = [self.bench.settlement(claim, event, detail="Why.") for event, claim in claims.items()]

        assert list(self.store.settle(settlements)) == [APPLIED] * 4

        for event, end in ends.items():
            row = self.bench.recipient(f"c1{event}")
            assert (row.status, row.reason, row.detail) == (end, "because", "Why.")
            assert (row.lease_until, row.epoch) == (None, 1)

    def test_an_outcome_is_written_to_its_attempt(self) -> None:
        self.bench.campaign()
        claim = self.bench.begun()
        self.clock.advance(MINUTE)
        outcome = Outcome(
            message_id="m1",
            verdict=Verdict.REFUSED,
            scope=Scope.RECIPIENT,
            code="mailbox_unknown",
            reply="550 5.1.1 nie ma takiej skrzynki",
            provider_id="q-1",
        )

        self.bench.settle(claim, REFUSE, outcome=outcome)

        (attempt,) = self.bench.attempts()
        assert (attempt.epoch, attempt.began_at, attempt.settled_at) == (1, START, START + MINUTE)
        assert (attempt.verdict, attempt.scope, attempt.code) == ("refused", "recipient", "mailbox_unknown")
        assert (attempt.reply, attempt.provider_id) == (outcome.reply, "q-1")
        assert attempt.content_digest == "digest"

    def test_a_deferral_says_when(self) -> None:
        self.bench.campaign()
        claim = self.bench.begun()

        self.bench.settle(claim, DEFER, not_before=START + MINUTE)

        assert self.bench.recipient().not_before == START + MINUTE
        assert list(self.bench.claim()) == []
        self.clock.advance(MINUTE)
        (again,) = self.bench.claim()
        assert again.epoch == 2

    def test_every_try_has_its_own_attempt(self) -> None:
        self.bench.campaign()
        first = self.bench.begun()
        self.bench.settle(first, DEFER, is_attempt_used=True)
        (second,) = self.bench.claim()
        self.bench.begin(second)
        self.bench.settle(second, ACCEPT)

        assert [(attempt.epoch, attempt.verdict) for attempt in self.bench.attempts()] == [
            (1, "deferred"),
            (2, "accepted"),
        ]
        assert self.bench.recipient().attempt_count == 2

    def test_only_what_concerned_the_recipient_uses_up_an_attempt(self) -> None:
        self.bench.campaign()
        cases = {("a", DEFER, False): 0, ("b", DEFER, True): 1, ("c", ACCEPT, False): 1, ("d", REFUSE, False): 1}
        cases |= {("e", DOUBT, False): 0}
        for (name, event, is_used), count in cases.items():
            self.bench.settle(self.bench.begun(name), event, is_attempt_used=is_used, not_before=START + MINUTE)

            assert self.bench.recipient(f"c1{name}").attempt_count == count, (event, is_used)

    def test_a_stale_epoch_settles_nothing(self) -> None:
        self.bench.campaign()
        old = self.bench.begun()
        self.bench.settle(old, DEFER)
        (held,) = self.bench.claim()
        before = self.bench.everything()
        for event in (ACCEPT, REFUSE, DEFER, DOUBT):
            assert self.bench.settle(old, event) is STALE, event
        assert self.bench.everything() == before
        self.bench.begin(held)
        before = self.bench.everything()
        for event in (ACCEPT, REFUSE, DEFER, DOUBT):
            assert self.bench.settle(old, event) is STALE, event
            assert self.bench.settle(held, event, epoch=held.epoch + 1) is STALE, event

        assert self.bench.everything() == before

    def test_settling_again_changes_nothing(self) -> None:
        self.bench.campaign()
        for event in (ACCEPT, REFUSE, DEFER, DOUBT):
            claim = self.bench.begun(event.value)
            self.bench.settle(claim, event, not_before=START + MINUTE)
            before = self.bench.everything()
            self.clock.advance(timedelta(seconds=1))

            assert self.bench.settle(claim, event, not_before=START + MINUTE) is ALREADY, event
            assert self.bench.everything() == before

    def test_two_settlements_of_one_message_in_one_call_count_once(self) -> None:
        self.bench.campaign()
        settlement = self.bench.settlement(self.bench.begun(), ACCEPT)

        results = self.store.settle([settlement, settlement])

        assert results[0] is APPLIED
        assert results[1] is not APPLIED
        assert self.bench.recipient().attempt_count == 1

    def test_a_stale_settlement_beside_a_live_one_hides_nothing(self) -> None:
        self.bench.campaign()
        for order in (1, -1):
            name = f"name{order + 1}"
            old = self.bench.begun(name)
            self.bench.settle(old, DEFER)
            (held,) = self.bench.claim()
            self.bench.begin(held)
            settlements = [self.bench.settlement(old, REFUSE), self.bench.settlement(held, ACCEPT)]

            results = self.store.settle(settlements[::order])

            assert list(results) == [STALE, APPLIED][::order]
            assert self.bench.status(f"c1{name}") is RecipientStatus.SENT

    def test_an_end_is_an_end(self) -> None:
        self.bench.campaign()
        sent = self.bench.begun("ann")
        self.bench.settle(sent, ACCEPT)
        failed = self.bench.begun("bob")
        self.bench.settle(failed, REFUSE)
        before = self.bench.everything()

        for event in (REFUSE, DEFER, DOUBT):
            assert self.bench.settle(sent, event) is STALE
        for event in (ACCEPT, DEFER, DOUBT):
            assert self.bench.settle(failed, event) is STALE
        self.clock.advance(timedelta(days=30))
        self.store.reap()
        assert self.bench.everything() == before

    def test_nobody_unknown_is_settled(self) -> None:
        self.bench.campaign()
        claim = self.bench.begun()

        (result,) = self.store.settle([attrs.evolve(self.bench.settlement(claim, ACCEPT), recipient_id="c1nobody")])

        assert result is STALE
        assert list(self.store.settle([])) == []

    def test_a_claim_that_never_began_may_be_refused_or_deferred(self) -> None:
        self.bench.campaign()
        refused = self.bench.claim_one("ann")
        assert self.bench.settle(refused, REFUSE) is APPLIED
        deferred = self.bench.claim_one("bob")
        assert self.bench.settle(deferred, DEFER, is_attempt_used=True, not_before=START + MINUTE) is APPLIED

        for recipient_id, status in (("c1ann", RecipientStatus.FAILED), ("c1bob", RecipientStatus.PENDING)):
            row, (attempt,) = self.bench.recipient(recipient_id), self.bench.attempts(recipient_id)
            assert (row.status, row.attempt_count, row.lease_until) == (status, 1, None)
            assert (attempt.epoch, attempt.began_at, attempt.settled_at) == (1, None, START)

    def test_a_claim_that_never_began_was_not_accepted(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()
        before = self.bench.everything()

        assert self.bench.settle(claim, ACCEPT) is STALE
        assert self.bench.settle(claim, DOUBT) is STALE
        assert self.bench.everything() == before

    def test_a_doubt_lasts_as_long_as_its_channel_may_answer(self) -> None:
        self.bench.campaign()
        self.bench.doubtful("ann", channel=Channel.EMAIL)
        self.bench.doubtful("bob", channel=Channel.SMS)

        assert self.bench.recipient("c1ann").doubt_until == START + timedelta(hours=72)
        assert self.bench.recipient("c1bob").doubt_until == START + timedelta(hours=96)

    def test_a_late_answer_resolves_a_doubt(self) -> None:
        self.bench.campaign()
        for event, end in (
            (ACCEPT, RecipientStatus.SENT),
            (REFUSE, RecipientStatus.FAILED),
            (DEFER, RecipientStatus.PENDING),
        ):
            claim = self.bench.doubtful(event.value)

            assert self.bench.settle(claim, event, not_before=START + MINUTE) is APPLIED
            row = self.bench.recipient(f"c1{event}")
            assert (row.status, row.doubt_until) == (end, None)
            assert len(self.bench.attempts(f"c1{event}")) == 1

    def test_late_proof_that_it_was_not_accepted_reopens_a_finished_campaign(self) -> None:
        self.bench.campaign(settings_version=7)
        self.bench.add("ann")
        (claim,) = self.bench.claim()
        self.bench.begin(claim, settings_version=7)
        self.bench.settle(claim, DOUBT)
        finished = self.bench.edit(guard=SaveGuard.NOBODY_LEFT, status=CampaignStatus.FINISHED)
        assert finished is not None

        self.bench.settle(claim, DEFER)

        campaign, trail = self.store.load(MERCHANT, "campaign", "c1"), self.store.trail(MERCHANT, "c1ann")
        assert campaign is not None
        assert campaign.body is not None
        assert trail is not None
        assert (campaign.body["status"], campaign.body["settings_version"]) == ("sending", 7)
        assert campaign.revision == finished.revision + 1
        assert [note.what for note in trail.timeline] == ["reopened"]
        assert len(self.bench.claim()) == 1

    def test_other_late_answers_leave_a_finished_campaign_finished(self) -> None:
        self.bench.campaign()
        claims = [self.bench.doubtful("ann"), self.bench.doubtful("bob")]
        finished = self.bench.edit(status=CampaignStatus.FINISHED)

        self.bench.settle(claims[0], ACCEPT)
        self.bench.settle(claims[1], REFUSE)

        assert self.store.load(MERCHANT, "campaign", "c1") == finished


class LandingLaws(Laws):
    """Every way back to pending looks first: release, reap, a deferral of a claimed, begun or doubtful message."""

    def ways_back(self) -> dict[str, tuple[Callable[[str], Claim], Callable[[Claim], object]]]:
        """Return how to get somebody under way, and how they come back, by name."""
        later = START + LEASE
        return {
            "released": (self.bench.claim_one, lambda claim: self.store.release([claim], not_before=later)),
            "reaped": (self.bench.claim_one, lambda _: self.outlive_lease()),
            "claimed": (self.bench.claim_one, lambda claim: self.bench.settle(claim, DEFER, not_before=later)),
            "begun": (self.bench.begun, lambda claim: self.bench.settle(claim, DEFER, not_before=later)),
            "doubtful": (self.bench.doubtful, lambda claim: self.bench.settle(claim, DEFER, not_before=later)),
        }

    def outlive_lease(self) -> None:
        """Let every lease end, and reap."""
        self.clock.sleep_until(START + 2 * LEASE)
        self.store.reap()

    def test_a_cancelled_campaign_takes_who_comes_back(self) -> None:
        self.bench.campaign()
        ways = self.ways_back()
        claims = {name: start(name) for name, (start, _) in ways.items()}
        self.bench.edit(status=CampaignStatus.CANCELLED)
        for name, (_, come_back) in ways.items():
            come_back(claims[name])

            row = self.bench.recipient(f"c1{name}")
            assert (row.status, row.reason) == (RecipientStatus.CANCELLED, "campaign_cancelled"), name
            assert (row.lease_until, row.doubt_until) == (None, None), name

    def test_an_opt_out_takes_who_comes_back(self) -> None:
        self.bench.campaign()
        ways = self.ways_back()
        claims = {name: start(name) for name, (start, _) in ways.items()}
        self.store.suppress(MERCHANT, [claim.recipient.address_key for claim in claims.values()], reason="opt_out")
        for name, (_, come_back) in ways.items():
            come_back(claims[name])

            row = self.bench.recipient(f"c1{name}")
            assert (row.status, row.reason) == (RecipientStatus.SKIPPED, "suppressed"), name

    def test_the_deadline_takes_who_would_come_back_after_it(self) -> None:
        self.bench.campaign(deadline=START + LEASE)
        ways = self.ways_back()
        del ways["reaped"]  # a lease that ended says nothing about when the next try is
        claims = {name: start(name) for name, (start, _) in ways.items()}
        for name, (_, come_back) in ways.items():
            come_back(claims[name])

            row = self.bench.recipient(f"c1{name}")
            assert (row.status, row.reason) == (RecipientStatus.EXPIRED, "deadline_passed"), name

    def test_who_comes_back_before_the_deadline_stays(self) -> None:
        self.bench.campaign(deadline=START + LEASE + timedelta(microseconds=1))
        ways = self.ways_back()
        claims = {name: start(name) for name, (start, _) in ways.items()}
        for name, (_, come_back) in ways.items():
            come_back(claims[name])

            assert self.bench.status(f"c1{name}") is RecipientStatus.PENDING, name

    def test_a_paused_campaign_keeps_who_comes_back(self) -> None:
        self.bench.campaign()
        ways = self.ways_back()
        claims = {name: start(name) for name, (start, _) in ways.items()}
        for status in (CampaignStatus.PAUSED, CampaignStatus.FAILED):
            self.bench.edit(status=status)
        for name, (_, come_back) in ways.items():
            come_back(claims[name])

            assert self.bench.status(f"c1{name}") is RecipientStatus.PENDING, name
