"""Laws of finding work, claiming it and giving it back."""

from datetime import timedelta

from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.clocks import FrozenClock
from campaignkit.ports import Claim, Reaped
from campaignkit.testing.store_laws.base import Laws
from campaignkit.testing.store_laws.bench import LEASE, MERCHANT, START

__all__ = ["ClaimLaws", "DueLaws", "ReapLaws", "ReleaseLaws"]

MINUTE = timedelta(minutes=1)
TINY = timedelta(microseconds=1)


class DueLaws(Laws):
    """``due``."""

    def due_ids(self, *, limit: int = 50, after: tuple[str, str] | None = None) -> list[tuple[str, str]]:
        """Return merchants and campaigns in the order of ``due``."""
        listed = self.store.due(self.clock.now(), limit=limit, after=after).campaigns
        return [(due.merchant_id, due.campaign_id) for due in listed]

    def test_due_names_those_that_send_and_those_whose_time_has_come(self) -> None:
        now = self.clock.now()
        for status in CampaignStatus:
            self.bench.campaign(status.value, status=status)
        self.bench.campaign("ripe", status=CampaignStatus.SCHEDULED, next_at=now)
        self.bench.campaign("early", status=CampaignStatus.SCHEDULED, next_at=now + TINY)
        self.bench.campaign("paused2", status=CampaignStatus.PAUSED, next_at=now - MINUTE)

        assert sorted(self.due_ids()) == [(MERCHANT, "ripe"), (MERCHANT, "sending")]

    def test_due_counts_those_whose_time_has_come(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", "bob", "cid")
        self.bench.add("dan", not_before=START + 2 * MINUTE)
        self.bench.add("eve", not_before=START + MINUTE)
        self.bench.claim(limit=1)

        (due,) = self.store.due(START, limit=10).campaigns

        assert (due.ready_count, due.next_pending_at) == (2, START + MINUTE)
        assert (due.next_lease_at, due.limited_until) == (START + LEASE, None)

    def test_due_says_when_something_will_be(self) -> None:
        assert self.store.due(START, limit=10).next_at is None
        self.bench.campaign("c1", status=CampaignStatus.SCHEDULED, next_at=START + 9 * MINUTE)
        self.bench.campaign("c2", status=CampaignStatus.PAUSED, next_at=START + MINUTE)
        assert self.store.due(START, limit=10).next_at == START + 9 * MINUTE
        self.bench.campaign("c3", merchant_id="other")
        self.bench.add("ann", campaign_id="c3", merchant_id="other")
        self.bench.claim(campaign_id="c3", merchant_id="other")

        assert self.store.due(START, limit=10).next_at == START + LEASE

    def test_due_looks_at_the_stores_clock(self) -> None:
        self.bench.campaign()
        self.bench.campaign("later", status=CampaignStatus.SCHEDULED, next_at=START + MINUTE)
        self.bench.add("ann")
        self.bench.add("bob", not_before=START + MINUTE)
        for worker_time in (START - timedelta(days=1), START, START + timedelta(days=1)):
            (due,) = self.store.due(worker_time, limit=10).campaigns

            assert (due.ready_count, due.next_pending_at) == (1, START + MINUTE)

    def test_due_goes_round_by_merchant(self) -> None:
        for merchant_id, campaign_id, priority in (("a", "1", 0), ("a", "2", 5), ("a", "3", 0), ("b", "1", 0)):
            self.bench.campaign(campaign_id, merchant_id=merchant_id, priority=priority)

        assert self.due_ids() == [("a", "2"), ("b", "1"), ("a", "1"), ("a", "3")]

    def test_due_starts_behind_where_the_caller_stopped(self) -> None:
        wanted = {(merchant_id, campaign_id) for merchant_id in ("a", "b", "c") for campaign_id in ("1", "2")}
        for merchant_id, campaign_id in sorted(wanted):
            self.bench.campaign(campaign_id, merchant_id=merchant_id)

        seen: list[tuple[str, str]] = []
        for _ in wanted:
            seen += self.due_ids(limit=1, after=seen[-1] if seen else None)

        assert set(seen) == wanted
        assert {merchant_id for merchant_id, _ in seen[:3]} == {"a", "b", "c"}

    def test_due_goes_on_where_the_last_campaign_is_gone(self) -> None:
        for merchant_id in ("a", "b"):
            self.bench.campaign("2", merchant_id=merchant_id)

        assert self.due_ids(limit=1, after=("a", "1")) == [("b", "2")]
        assert self.due_ids(limit=1, after=("b", "9")) == [("a", "2")]
        assert self.due_ids(limit=0) == []


class ClaimLaws(Laws):
    """``claim``."""

    def test_a_claim_raises_the_epoch_and_holds_for_the_lease(self) -> None:
        self.bench.campaign()
        self.bench.add("ann")
        self.clock.advance(MINUTE)

        (claim,) = self.store.claim(MERCHANT, "c1", worker_id="w9", token="t9", lease=LEASE, limit=5)

        assert (claim.epoch, claim.recipient.status) == (1, RecipientStatus.CLAIMED)
        assert claim.recipient.lease_until == START + MINUTE + LEASE
        assert (claim.recipient.worker_id, claim.recipient.claim_token) == ("w9", "t9")
        assert self.bench.recipient() == claim.recipient
        self.store.release([claim])
        assert self.bench.claim()[0].epoch == 2

    def test_the_longest_waiting_are_claimed_first(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", "bob", not_before=START)
        self.bench.add("cid", not_before=START - MINUTE)

        first, *others = self.bench.claim()

        assert first.recipient.recipient_id == "c1cid"
        assert [claim.recipient.recipient_id for claim in others] == ["c1ann", "c1bob"]

    def test_only_a_sending_campaign_is_claimed(self) -> None:
        for status in CampaignStatus:
            self.bench.campaign(status.value, status=CampaignStatus.DRAFT)
            self.bench.add("ann", campaign_id=status.value)
            self.bench.edit(status.value, status=status, next_at=START)

        claimed = {status for status in CampaignStatus if self.bench.claim(campaign_id=status.value)}

        assert claimed == {CampaignStatus.SENDING}
        assert list(self.bench.claim(campaign_id="nothing")) == []

    def test_nobody_is_claimed_before_their_time(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", not_before=START + MINUTE)
        assert list(self.bench.claim()) == []
        self.clock.advance(MINUTE - TINY)
        assert list(self.bench.claim()) == []
        self.clock.advance(TINY)

        assert len(self.bench.claim()) == 1

    def test_a_claim_takes_no_more_than_its_limit(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", "bob", "cid")

        assert len(self.bench.claim(limit=2)) == 2
        assert list(self.bench.claim(limit=0)) == []
        assert len(self.bench.claim(limit=2)) == 1

    def test_two_claims_share_nobody(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", "bob", "cid")

        claims = [*self.bench.claim(limit=2), *self.bench.claim(limit=2), *self.bench.claim(limit=2)]

        assert sorted(claim.recipient.recipient_id for claim in claims) == ["c1ann", "c1bob", "c1cid"]

    def test_claims_at_once_share_nobody(self) -> None:
        self.bench.campaign()
        self.bench.add(*(f"name{number}" for number in range(20)))

        rounds = self.bench.at_once(lambda: list(self.bench.claim(limit=4)))

        ids = [claim.recipient.recipient_id for claims in rounds for claim in claims]
        assert len(ids) == len(set(ids))
        assert all(row.epoch == int(row.recipient_id in ids) for row in self.bench.rows())

    def test_the_same_token_returns_the_same_claims(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", "bob", "cid", "dan")
        first = self.bench.claim(limit=2, token="t")
        self.clock.advance(MINUTE)

        again = self.bench.claim(limit=4, token="t")

        assert sorted(again, key=_by_id) == sorted(first, key=_by_id)
        assert len([row for row in self.bench.rows() if row.status is RecipientStatus.CLAIMED]) == 2

    def test_the_same_token_returns_only_what_is_still_held(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", "bob", "cid", "dan")
        first = sorted(self.bench.claim(limit=3, token="t"), key=_by_id)
        self.bench.begin(first[0])
        self.store.release([first[1]])

        assert list(self.bench.claim(limit=4, token="t")) == [first[2]]


class ReleaseLaws(Laws):
    """``release``."""

    def test_what_is_released_is_pending_again(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()

        assert self.store.release([claim], reason="shutdown") == 1

        row = self.bench.recipient()
        assert (row.status, row.reason, row.epoch) == (RecipientStatus.PENDING, "shutdown", 1)
        assert (row.lease_until, row.not_before, row.attempt_count) == (None, claim.recipient.not_before, 0)

    def test_a_release_leaves_no_attempt(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()

        self.store.release([claim], reason="limit")

        assert self.bench.attempts() == ()
        assert self.bench.recipient().attempt_count == 0

    def test_a_release_may_say_when(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()

        self.store.release([claim], not_before=START + MINUTE, reason="window")

        assert self.bench.recipient().not_before == START + MINUTE
        assert list(self.bench.claim()) == []

    def test_only_what_is_claimed_at_that_epoch_is_released(self) -> None:
        self.bench.campaign()
        old = self.bench.claim_one("ann")
        self.store.release([old])
        (held,) = self.bench.claim()
        before = self.bench.everything()

        assert self.store.release([old], reason="stale") == 0
        assert self.bench.everything() == before
        self.bench.begin(held)
        before = self.bench.everything()

        assert self.store.release([held], reason="too late") == 0
        assert self.bench.everything() == before

    def test_a_stale_claim_beside_a_live_one_hides_nothing(self) -> None:
        self.bench.campaign()
        old = self.bench.claim_one()
        self.store.release([old])
        for order in (1, -1):
            (held,) = self.bench.claim()

            assert self.store.release([old, held][::order], reason="shutdown") == 1
            assert self.bench.recipient().reason == "shutdown"

    def test_a_release_is_safe_to_repeat(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()

        assert self.store.release([claim, claim]) == 1
        assert self.store.release([claim]) == 0


class ReapLaws(Laws):
    """``reap``, and what a worker finds that outlived its lease."""

    def test_a_lease_is_over_at_its_very_end(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()
        self.clock.advance(LEASE - TINY)
        assert self.store.reap() == Reaped()
        assert self.bench.recipient() == claim.recipient
        self.clock.advance(TINY)

        assert self.store.reap() == Reaped(released=1)
        assert self.store.reap() == Reaped()
        row = self.bench.recipient()
        assert (row.status, row.reason, row.lease_until) == (RecipientStatus.PENDING, "lease_expired", None)
        assert (row.epoch, row.attempt_count, self.bench.attempts()) == (1, 0, ())

    def test_what_was_begun_is_never_sent_again_by_itself(self) -> None:
        self.bench.campaign()
        self.bench.begun()
        self.clock.advance(LEASE)

        assert self.store.reap() == Reaped(in_doubt=1)

        row = self.bench.recipient()
        assert (row.status, row.reason) == (RecipientStatus.IN_DOUBT, "lease_expired")
        assert (row.lease_until, row.doubt_until) == (None, self.clock.now() + timedelta(hours=72))
        assert list(self.bench.claim()) == []

    def test_a_doubt_ends_at_its_horizon(self) -> None:
        self.bench.campaign()
        self.bench.doubtful()
        self.clock.advance(timedelta(hours=72) - TINY)
        assert self.store.reap() == Reaped()
        self.clock.advance(TINY)

        assert self.store.reap() == Reaped(unknown=1)
        assert self.store.reap() == Reaped()
        assert self.bench.status() is RecipientStatus.UNKNOWN

    def test_a_worker_that_was_reaped_begins_nothing(self) -> None:
        self.bench.campaign()
        old = self.bench.claim_one()
        self.clock.advance(LEASE)
        self.store.reap()
        assert self.bench.begin(old) == "stale"
        (held,) = self.bench.claim()

        assert self.bench.begin(old) == "stale"
        assert self.bench.settle(old, RecipientEvent.REFUSE) == "stale"
        assert self.bench.recipient() == held.recipient

    def test_a_late_answer_settles_what_was_reaped(self) -> None:
        self.bench.campaign()
        claim = self.bench.begun()
        self.clock.advance(LEASE)
        self.store.reap()

        assert self.bench.settle(claim, RecipientEvent.ACCEPT) == "applied"
        row = self.bench.recipient()
        assert (row.status, row.doubt_until) == (RecipientStatus.SENT, None)

    def test_the_stores_own_clock_is_not_replaced(self) -> None:
        self.bench.campaign()
        self.bench.claim_one()

        self.store.bind_clock(FrozenClock(START + timedelta(days=365)))

        assert self.store.reap() == Reaped()

    def test_leases_are_judged_for_every_merchant(self) -> None:
        self.bench.campaign(merchant_id="other")
        self.bench.add("ann", merchant_id="other")
        self.bench.claim(merchant_id="other")
        self.bench.campaign(status=CampaignStatus.SENDING)
        claim = self.bench.claim_one("bob")
        self.bench.edit(status=CampaignStatus.PAUSED)
        self.clock.advance(LEASE)

        assert self.store.reap() == Reaped(released=2)
        row = self.bench.recipient("c1bob")
        assert (row.status, row.epoch) == (RecipientStatus.PENDING, claim.epoch)
        assert self.bench.status(merchant_id="other") is RecipientStatus.PENDING


def _by_id(claim: Claim) -> str:
    return claim.recipient.recipient_id
