"""Laws of sharing: what ``due`` leaves to campaigns that stand under one limit."""

from datetime import timedelta

from campaignkit.delivery.begin import BeginVerdict
from campaignkit.ports import Due
from campaignkit.testing.store_laws.base import Laws
from campaignkit.testing.store_laws.bench import MERCHANT, START
from campaignkit.timing.limits import Interval, Limit, LimitScope

__all__ = ["SharingLaws"]

MINUTE = timedelta(minutes=1)


def _sender(count: int) -> tuple[LimitScope, ...]:
    return (LimitScope("sender/flora/main", (Limit(count, per=MINUTE),)),)


class SharingLaws(Laws):
    """Limits, as ``due`` tells of them."""

    def lay_out(self, sizes: dict[str, int], scopes: tuple[LimitScope, ...], **priorities: int) -> None:
        """Store campaigns of so many recipients each, all under *scopes*."""
        for campaign_id, size in sizes.items():
            self.bench.campaign(campaign_id, limit_scopes=scopes, priority=priorities.get(campaign_id, 0))
            self.bench.add(*(f"n{number}" for number in range(size)), campaign_id=campaign_id)

    def shares(self) -> dict[str, Due]:
        """Return what is due of each campaign."""
        return {one.campaign_id: one for one in self.store.due(self.clock.now(), limit=50).campaigns}

    def test_due_grants_no_more_than_limits_do(self) -> None:
        scopes = (LimitScope("campaign/flora/c1", (Interval(2),)),)
        self.lay_out({"c1": 2}, scopes)
        before = self.shares()["c1"]
        (claim,) = self.bench.claim(limit=1)
        self.bench.begin(claim, limit_scopes=scopes)

        after = self.shares()["c1"]
        self.clock.advance(timedelta(seconds=2))
        later = self.shares()["c1"]

        assert (before.ready_count, before.limited_until) == (1, None)
        assert (after.ready_count, after.limited_until) == (0, START + timedelta(seconds=2))
        assert (later.ready_count, later.limited_until) == (1, None)

    def test_campaigns_under_one_limit_share_it_alike(self) -> None:
        self.lay_out({"c1": 15, "c2": 2, "c3": 15}, _sender(10))
        counts = {campaign_id: due.ready_count for campaign_id, due in self.shares().items()}

        assert counts == {"c1": 4, "c2": 2, "c3": 4}

    def test_the_higher_priority_goes_first(self) -> None:
        self.lay_out({"c1": 15, "c2": 4, "c3": 15}, _sender(10), c2=2, c3=1)
        shares = self.shares()

        assert {campaign_id: due.ready_count for campaign_id, due in shares.items()} == {"c1": 0, "c2": 4, "c3": 6}
        assert (shares["c1"].limited_until, shares["c3"].limited_until) == (START + MINUTE, None)

    def test_a_share_is_the_same_on_every_page(self) -> None:
        self.lay_out({f"c{number}": 6 for number in range(4)}, _sender(9))
        whole = self.shares()
        paged: dict[str, Due] = {}
        seen: tuple[str, str] | None = None
        for _ in range(4):
            (one,) = self.store.due(self.clock.now(), limit=1, after=seen).campaigns
            paged[one.campaign_id] = one
            seen = (one.merchant_id, one.campaign_id)

        assert paged == whole
        assert sum(one.ready_count for one in paged.values()) == 9

    def test_what_is_shared_out_may_all_begin_and_no_more(self) -> None:
        scopes = _sender(7)
        self.lay_out({"c1": 3, "c2": 9, "c3": 9}, scopes)
        (ann,) = self.bench.claim(campaign_id="c1", limit=1)
        self.bench.begin(ann, limit_scopes=scopes)
        verdicts = []
        for campaign_id, due in self.shares().items():
            claims = self.bench.claim(campaign_id=campaign_id, limit=due.ready_count)
            verdicts += self.bench.begin_all(claims, limit_scopes=scopes)

        assert verdicts == [BeginVerdict.GO] * 6
        assert {one.ready_count for one in self.shares().values()} == {0}

    def test_another_merchant_shares_nothing(self) -> None:
        self.lay_out({"c1": 3}, _sender(2))
        theirs = (LimitScope("sender/other/main", (Limit(2, per=MINUTE),)),)
        self.bench.campaign("c1", merchant_id="other", limit_scopes=theirs)
        self.bench.add("ann", "bob", "cid", merchant_id="other")

        listed = self.store.due(START, limit=50).campaigns

        assert {one.merchant_id: one.ready_count for one in listed} == {MERCHANT: 2, "other": 2}
