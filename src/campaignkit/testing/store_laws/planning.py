"""Laws of what forecasts ask: who still waits, in which order, and what limits have counted."""

from collections.abc import Sequence
from datetime import timedelta

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.recipients import Intake
from campaignkit.campaign.status import RecipientEvent, RecipientStatus
from campaignkit.delivery.begin import BeginVerdict
from campaignkit.ports import Backlog, Claim
from campaignkit.testing.store_laws.base import Laws
from campaignkit.testing.store_laws.bench import MERCHANT
from campaignkit.timing.limits import Interval, Limit, LimitScope, LimitState, take

__all__ = ["PlanningLaws"]

WARSAW, TOKYO = ("Europe/Warsaw",), ("Asia/Tokyo", "Asia/Seoul")
RULES = (Interval(2), Limit(3, per=timedelta(hours=1)))
OF_CAMPAIGN = LimitScope("campaign/flora/c1", RULES)
OF_SENDER = LimitScope("sender/flora/main", RULES)


class PlanningLaws(Laws):
    """``backlog``, ``counted``, ``spend``, ``marketing``."""

    def test_a_backlog_goes_by_id_and_tells_those_alike_in_a_row_as_one(self) -> None:
        now, later = self.clock.now(), self.clock.now() + timedelta(hours=1)
        self.bench.campaign()
        self.bench.add("d", "b", zones=WARSAW)
        self.bench.add("c", zones=TOKYO)
        self.bench.add("a", "e", "f")
        self.bench.add("g", not_before=later)

        found = list(self.store.backlog(MERCHANT, "c1"))

        none = Backlog(1, (), now)
        warsaw, tokyo = Backlog(1, WARSAW, now), Backlog(1, TOKYO, now)
        assert found == [none, warsaw, tokyo, warsaw, Backlog(2, (), now), Backlog(1, (), later)]

    def test_a_backlog_tells_destinations_only_where_they_are_asked_for(self) -> None:
        now = self.clock.now()
        self.bench.campaign()
        self.bench.add("a", address="Ann@Example.com")
        self.bench.add("b", address="bob@example.COM")
        self.bench.add("c", channel=Channel.SMS, address="+48600100200")

        together = list(self.store.backlog(MERCHANT, "c1"))
        apart = list(self.store.backlog(MERCHANT, "c1", by_destination=True))

        assert together == [Backlog(3, (), now)]
        assert apart == [Backlog(2, (), now, "example.com"), Backlog(1, (), now, "+486")]

    def test_a_backlog_before_somebody_holds_those_with_smaller_ids(self) -> None:
        now = self.clock.now()
        self.bench.campaign()
        self.bench.add("a", not_before=now + timedelta(hours=1))
        self.bench.add("b", "c")

        found = list(self.store.backlog(MERCHANT, "c1", before="c1b"))

        assert found == [Backlog(1, (), now + timedelta(hours=1))]

    def test_a_backlog_holds_nobody_who_is_not_pending(self) -> None:
        self.bench.campaign()
        self.bench.claim_one("a")
        self.bench.add("left out", intake=Intake.EXCLUSION, status=RecipientStatus.SKIPPED)
        self.bench.add("b")
        self.store.move_recipients(MERCHANT, "c1", RecipientEvent.CANCEL, reason="removed", recipient_ids=["c1b"])

        assert list(self.store.backlog(MERCHANT, "c1")) == []

    def test_a_backlog_is_of_one_campaign_of_one_merchant(self) -> None:
        self.bench.campaign()
        self.bench.campaign("c2")
        self.bench.campaign("c1", merchant_id="other")
        self.bench.add("a", campaign_id="c2")
        self.bench.add("b", campaign_id="c1", merchant_id="other")

        assert list(self.store.backlog(MERCHANT, "c1")) == []
        assert list(self.store.backlog(MERCHANT, "no such one")) == []

    def test_what_begin_counted_is_told_by_its_keys(self) -> None:
        now = self.clock.now()
        self.bench.campaign()
        verdict = self.bench.begin(self.bench.claim_one(), limit_scopes=(OF_CAMPAIGN, OF_SENDER))
        assert verdict is BeginVerdict.GO

        found = self.store.counted([OF_SENDER.key, "never asked"])

        assert dict(found) == {OF_SENDER.key: take(LimitState(), now, RULES)}
        assert dict(self.store.counted([])) == {}

    def test_what_is_no_recipients_is_spent_under_the_same_limits(self) -> None:
        self.bench.campaign()
        first, second = self.bench.claim_one(), self.bench.claim_one("bob")

        assert self.store.spend((OF_SENDER,)) is None
        assert self.bench.begin(first, limit_scopes=(OF_SENDER,)) is BeginVerdict.LIMITED
        self.clock.advance(timedelta(seconds=2))
        assert self.bench.begin(second, limit_scopes=(OF_SENDER,)) is BeginVerdict.GO
        assert self.store.spend((OF_SENDER,)) == self.clock.now() + timedelta(seconds=2)
        assert self.store.spend(()) is None

    def test_what_may_not_be_spent_is_not_counted(self) -> None:
        one = LimitScope("sender/flora/one", (Limit(1, per=timedelta(hours=1)),))
        assert self.store.spend((one,)) is None
        self.clock.advance(timedelta(seconds=1))

        assert self.store.spend((OF_SENDER, one)) == self.clock.now() + timedelta(hours=1, seconds=-1)
        assert self.store.spend((OF_SENDER,)) is None

    def test_marketing_is_told_by_address_merchant_and_instant(self) -> None:
        start = self.clock.now()
        self.bench.campaign()
        self.bench.campaign("c2", kind="transactional")
        self.bench.campaign("c3", merchant_id="other")
        self.bench.begun("ann")
        self.clock.advance(timedelta(hours=1))
        self.bench.doubtful("bob")
        self.bench.settle(self.bench.begun("cid"), RecipientEvent.REFUSE)
        self.bench.begun("ann", campaign_id="c2")
        (foreign,) = self._claimed_by_another("ann")
        assert self.bench.begin(foreign) is BeginVerdict.GO
        names = [f"{name}@example.com" for name in ("ann", "bob", "cid", "dan")]

        found = self.store.marketing(MERCHANT, names, start - timedelta(seconds=1))

        assert {key: list(instants) for key, instants in found.items()} == {
            "ann@example.com": [start],
            "bob@example.com": [self.clock.now()],
        }
        assert list(self.store.marketing(MERCHANT, names, start)) == ["bob@example.com"]
        assert dict(self.store.marketing(MERCHANT, [], start)) == {}

    def _claimed_by_another(self, name: str) -> Sequence[Claim]:
        self.bench.add(name, campaign_id="c3", merchant_id="other")
        return self.bench.claim(campaign_id="c3", merchant_id="other")
