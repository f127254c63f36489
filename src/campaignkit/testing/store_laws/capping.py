"""Laws of frequency caps: how much marketing one person gets, across the campaigns of a merchant."""

from datetime import timedelta
from queue import SimpleQueue

from campaignkit.campaign.status import RecipientEvent, RecipientStatus
from campaignkit.delivery.begin import BeginVerdict, Clearance
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.delivery.settling import Settlement
from campaignkit.ports import Claim
from campaignkit.testing.store_laws.base import Laws
from campaignkit.testing.store_laws.bench import LEASE, MERCHANT, START
from campaignkit.timing.limits import CapExcess, FrequencyCap, Limit, LimitScope

__all__ = ["CapLaws"]

DAY = timedelta(days=1)
TINY = timedelta(microseconds=1)
ONCE_A_WEEK = FrequencyCap(messages=1, days=7)
SKIPPING = FrequencyCap(messages=1, days=7, excess=CapExcess.SKIP)
GO, CAPPED = BeginVerdict.GO, BeginVerdict.CAPPED
WAITS = "this person had 1 marketing message in 7 days already and waits until one of them is old enough"
IS_LEFT_OUT = "this person had 1 marketing message in 7 days already and is left out this time"


class CapLaws(Laws):
    """Frequency caps, as ``begin`` asks them."""

    def in_campaigns(self, *campaign_ids: str, name: str = "ann", merchant_id: str = MERCHANT) -> list[Claim]:
        """Return a claim of one person in each of new campaigns."""
        claims = []
        for campaign_id in campaign_ids:
            self.bench.campaign(campaign_id, merchant_id=merchant_id)
            claims += self.bench.claims(name, campaign_id=campaign_id, merchant_id=merchant_id)
        return claims

    def test_a_cap_counts_across_the_campaigns_of_a_merchant(self) -> None:
        spring, summer = self.in_campaigns("c1", "c2")
        assert self.bench.begin(spring, cap=ONCE_A_WEEK) is GO
        self.bench.settle(spring, RecipientEvent.ACCEPT)
        self.clock.advance(7 * DAY - TINY)

        answer = self.bench.begin_answer(summer, cap=ONCE_A_WEEK)
        assert (answer.verdict, answer.retry_at, answer.detail) == (CAPPED, START + 7 * DAY, WAITS)
        assert self.bench.recipient("c2ann") == summer.recipient
        self.clock.advance(TINY)
        assert self.bench.begin(summer, cap=ONCE_A_WEEK) is GO

    def test_a_cap_lets_through_as_many_as_it_says(self) -> None:
        cap = FrequencyCap(messages=2, days=7)
        claims = self.in_campaigns("c1", "c2", "c3")

        assert [self.bench.begin(claim, cap=cap) for claim in claims] == [GO, GO, CAPPED]

    def test_a_cap_counts_within_one_begin(self) -> None:
        assert self.bench.begin_all(self.in_campaigns("c1", "c2"), cap=ONCE_A_WEEK) == [GO, CAPPED]

    def test_a_cap_counts_what_may_have_been_accepted(self) -> None:
        for number, event in enumerate((None, RecipientEvent.DOUBT, RecipientEvent.ACCEPT)):
            first, second = self.in_campaigns(f"a{number}", f"b{number}", name=f"n{number}")
            self.bench.begin(first, cap=ONCE_A_WEEK)
            if event is not None:
                self.bench.settle(first, event)

            assert self.bench.begin(second, cap=ONCE_A_WEEK) is CAPPED, event

    def test_a_cap_forgets_what_was_not_accepted(self) -> None:
        for number, verdict in enumerate((Verdict.NOT_SENT, Verdict.DEFERRED, Verdict.REFUSED)):
            first, second = self.in_campaigns(f"a{number}", f"b{number}", name=f"n{number}")
            self.bench.begin(first, cap=ONCE_A_WEEK)
            event = RecipientEvent.REFUSE if verdict is Verdict.REFUSED else RecipientEvent.DEFER
            outcome = Outcome(message_id="m1", verdict=verdict, code="said")
            self.bench.settle(first, event, outcome=outcome, not_before=START + DAY)

            assert self.bench.begin(second, cap=ONCE_A_WEEK) is GO, verdict

    def test_a_begin_asks_the_cap_after_what_it_settles(self) -> None:
        spring, summer = self.in_campaigns("c1", "c2")
        self.bench.begin(spring, cap=ONCE_A_WEEK)
        clearance = self.bench.clearance(summer, cap=ONCE_A_WEEK)

        (answer,) = self.store.begin([clearance], lease=LEASE, settlements=[self.bench.unsent(spring)])

        assert answer.verdict is GO

    def test_a_cap_counts_marketing_only(self) -> None:
        self.bench.campaign("c0", kind="transactional")
        (receipt,) = self.bench.claims("ann", campaign_id="c0")
        self.bench.begin(receipt)
        self.bench.settle(receipt, RecipientEvent.ACCEPT)
        spring, summer = self.in_campaigns("c1", "c2")

        assert self.bench.begin(spring, cap=ONCE_A_WEEK) is GO
        assert self.bench.begin(summer, cap=ONCE_A_WEEK) is CAPPED

    def test_a_cap_counts_for_one_person_of_one_merchant(self) -> None:
        (ann,) = self.in_campaigns("c1")
        (theirs,) = self.in_campaigns("c1", merchant_id="other")
        (bob,) = self.in_campaigns("c2", name="bob")
        self.bench.begin(ann, cap=ONCE_A_WEEK)

        assert self.bench.begin(theirs, cap=ONCE_A_WEEK) is GO
        assert self.bench.begin(bob, cap=ONCE_A_WEEK) is GO

    def test_a_cap_that_skips_ends_the_recipient_and_says_why(self) -> None:
        spring, summer = self.in_campaigns("c1", "c2")
        self.bench.begin(spring, cap=SKIPPING)

        answer = self.bench.begin_answer(summer, cap=SKIPPING)

        row = self.bench.recipient("c2ann")
        assert (answer.verdict, answer.detail) == (BeginVerdict.LEFT_OUT, IS_LEFT_OUT)
        assert (row.status, row.reason, row.detail) == (RecipientStatus.SKIPPED, "frequency_cap", IS_LEFT_OUT)
        assert (row.lease_until, self.bench.attempts("c2ann")) == (None, ())

    def test_who_would_be_free_too_late_is_left_out(self) -> None:
        spring, summer = self.in_campaigns("c1", "c2")
        self.bench.begin(spring, cap=ONCE_A_WEEK)

        assert self.bench.begin(summer, cap=ONCE_A_WEEK, deadline=START + 7 * DAY + TINY) is CAPPED
        assert self.bench.begin(summer, cap=ONCE_A_WEEK, deadline=START + 7 * DAY) is BeginVerdict.LEFT_OUT

    def test_whom_a_cap_holds_back_no_limit_counts(self) -> None:
        scopes = (LimitScope("sender/flora/main", (Limit(2, per=DAY),)),)
        spring, summer = self.in_campaigns("c1", "c2")
        (bob,) = self.in_campaigns("c3", name="bob")
        asked = {"cap": ONCE_A_WEEK, "limit_scopes": scopes}

        assert self.bench.begin_all([spring, summer, bob], **asked) == [GO, CAPPED, GO]

    def test_whom_a_limit_holds_back_no_cap_counts(self) -> None:
        scopes = (LimitScope("campaign/flora/c1", (Limit(1, per=DAY),)),)
        self.bench.campaign()
        first, second = self.bench.claims("ann", "bob")
        (again,) = self.in_campaigns("c2", name="bob")
        self.bench.begin_all([first, second], limit_scopes=scopes, cap=ONCE_A_WEEK)

        assert self.bench.begin(again, cap=ONCE_A_WEEK) is GO

    def test_of_several_campaigns_that_begin_for_one_person_at_once_one_goes(self) -> None:
        names = ("ann", "bob", "cid", "dan")
        turns: SimpleQueue[list[Clearance]] = SimpleQueue()
        for number in range(4):
            self.bench.campaign(f"c{number}")
            claims = self.bench.claims(*names, campaign_id=f"c{number}")
            # Each in an order of its own: whoever locks in the order of questions stands still.
            turns.put([self.bench.clearance(claim, cap=ONCE_A_WEEK) for claim in claims[:: 1 - 2 * (number % 2)]])

        def begin_one_campaign() -> list[str]:
            answers = self.store.begin(turns.get(), lease=LEASE)
            return [answer.recipient_id[2:] for answer in answers if answer.verdict is GO]

        went = [name for one in self.bench.at_once(begin_one_campaign) for name in one]
        assert sorted(went) == sorted(names)

    def test_campaigns_that_settle_and_begin_at_once_keep_the_cap(self) -> None:
        campaign_ids, names = [f"c{number}" for number in range(4)], [f"n{number}" for number in range(8)]
        scopes = (LimitScope("sender/flora/main", (Limit(100, per=DAY),)),)
        lines: SimpleQueue[list[Claim]] = SimpleQueue()
        for number, campaign_id in enumerate(campaign_ids):
            self.bench.campaign(campaign_id)
            claims = self.bench.claims(*names, campaign_id=campaign_id)
            lines.put(claims[2 * number :] + claims[: 2 * number])  # each begins with somebody else

        def run_through_one_campaign() -> list[str]:
            went: list[str] = []
            settlements: list[Settlement] = []
            for claim in lines.get():
                clearance = self.bench.clearance(claim, cap=ONCE_A_WEEK, limit_scopes=scopes)
                (answer,) = self.store.begin([clearance], lease=LEASE, settlements=settlements)
                if answer.verdict is GO:
                    went.append(claim.recipient.address_key)
                    settlements = [self.bench.settlement(claim, RecipientEvent.ACCEPT, limit_scopes=scopes)]
                else:
                    settlements = []
            self.store.settle(settlements)
            return went

        went = [key for one in self.bench.at_once(run_through_one_campaign) for key in one]
        assert sorted(went) == sorted(f"{name}@example.com" for name in names)
