"""Laws of the ledger: what is granted, corrected and refunded, and campaigns that wait for credit."""

from datetime import timedelta
from queue import SimpleQueue
from typing import Any

from campaignkit.campaign.status import CampaignStatus, RecipientEvent
from campaignkit.credits.entries import EntryKind
from campaignkit.credits.posting import AdjustCredit, GrantCredit, HoldCredit, RefundCredit, SettleHold
from campaignkit.delivery.begin import BeginVerdict
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.errors import HoldNotFound, InsufficientCredits, KeyReused
from campaignkit.ports import SaveGuard
from campaignkit.testing.store_laws.bench import MERCHANT, START
from campaignkit.testing.store_laws.crediting import Ledger

__all__ = ["PostingLaws"]

GO = BeginVerdict.GO
DAY = timedelta(days=1)


class PostingLaws(Ledger):
    """``post``, ``lots``, ``posted``, ``charged``, and campaigns that wait for credit."""

    def waiting(self, campaign_id: str = "c1", **settings: Any) -> None:
        """Store a campaign that waits for credit."""
        waits = {"status": CampaignStatus.SCHEDULED, "waiting_for": "credit", "credit_needed": 2}
        self.bench.campaign(campaign_id, **{**waits, **settings})

    def woken_ids(self) -> list[str]:
        return [due.campaign_id for due in self.store.due(self.clock.now(), limit=10).campaigns]

    def test_what_is_granted_is_a_lot_and_an_entry(self) -> None:
        entry = self.grant(10, expires_at=START + DAY, note="invoice 7")

        assert list(self.store.posted(MERCHANT)) == [entry]
        assert (entry.kind, entry.count, entry.at, entry.expires_at, entry.note) == (
            EntryKind.GRANT,
            10,
            START,
            START + DAY,
            "invoice 7",
        )
        (lot,) = self.store.lots(MERCHANT)
        assert (lot.number, lot.key, lot.available, lot.granted_at, lot.expires_at) == (1, "g1", 10, START, START + DAY)

    def test_another_merchant_sees_nothing_of_it(self) -> None:
        self.grant(10)
        seen = (self.store.lots("other"), self.store.posted("other"), self.store.charged("other"))
        assert [list(one) for one in seen] == [[], [], []]

    def test_a_key_used_again_is_the_same_grant(self) -> None:
        first = self.grant(10)
        self.clock.advance(DAY)
        assert self.grant(10) == first
        assert (self.lot(), self.kinds()) == ((10, 0, 0, 0), ["grant"])

    def test_a_key_used_for_something_else_is_refused(self) -> None:
        self.grant(10)
        assert self.refusal(GrantCredit(key="g1", count=11)) is KeyReused

    def test_all_requests_of_one_post_are_done_or_none(self) -> None:
        self.grant(10)
        assert self.refusal(GrantCredit(key="g2", count=5), AdjustCredit(key="a1", count=-16)) is InsufficientCredits

    def test_an_adjustment_takes_away_or_adds(self) -> None:
        self.grant(10)
        self.store.post(MERCHANT, [AdjustCredit(key="a1", count=-4), AdjustCredit(key="a2", count=3)])
        assert (self.lot(1), self.lot(2)) == ((6, 0, 0, 0), (3, 0, 0, 0))
        self.assert_adds_up()

    def test_a_test_is_held_and_settled_in_one_post(self) -> None:
        self.grant(10)
        self.store.post(MERCHANT, [HoldCredit(key="test/1", count=2), SettleHold(key="test/1", count=2)])
        assert (self.lot(), self.kinds()) == ((8, 0, 2, 0), ["grant", "hold", "settle"])
        self.assert_adds_up()

    def test_what_a_message_cost_is_refunded_once(self) -> None:
        self.bench.campaign()
        self.grant(10)
        claim = self.begun_text(3)
        self.bench.settle(claim, RecipientEvent.ACCEPT)
        refund = RefundCredit(key="complaint", of=f"c1ann/{claim.epoch}", count=2)
        self.store.post(MERCHANT, [refund])
        self.store.post(MERCHANT, [refund])

        assert self.lot() == (9, 0, 1, 0)
        assert self.refusal(RefundCredit(key="more", of=f"c1ann/{claim.epoch}", count=2)) is not None
        self.assert_adds_up()

    def test_a_refund_opens_a_lot_that_was_used_up(self) -> None:
        self.bench.campaign()
        self.grant(3)
        claim = self.begun_text(3)
        self.bench.settle(claim, RecipientEvent.ACCEPT)

        self.store.post(MERCHANT, [RefundCredit(key="complaint", of=f"c1ann/{claim.epoch}", count=2)])

        assert self.lot() == (2, 0, 1, 0)
        assert self.bench.begin(self.text("bob"), price=2) is GO

    def test_a_message_under_way_is_ended_by_its_settlement_alone(self) -> None:
        self.bench.campaign()
        self.grant(10)
        claim = self.begun_text(3)
        assert self.refusal(SettleHold(key=f"c1ann/{claim.epoch}", count=0)) is HoldNotFound
        assert self.refusal(RefundCredit(key="r", of=f"c1ann/{claim.epoch}", count=1)) is not None

    def test_grants_at_once_make_a_lot_each_and_one_of_one_key(self) -> None:
        keys: SimpleQueue[str] = SimpleQueue()
        for key in ("g1", "g2", "g3", "g1"):
            keys.put(key)

        self.bench.at_once(lambda: self.grant(10, keys.get()))

        assert sorted(lot.key for lot in self.store.lots(MERCHANT)) == ["g1", "g2", "g3"]
        assert [lot.number for lot in self.store.lots(MERCHANT)] == [1, 2, 3]

    def test_a_grant_wakes_who_waits_for_credit(self) -> None:
        self.waiting("c1")
        self.waiting("c2", waiting_for="window")
        self.waiting("c3", status=CampaignStatus.PAUSED)
        self.waiting("c1", merchant_id="other")
        assert self.woken_ids() == []

        self.grant(1)

        assert self.woken_ids() == ["c1"]
        document = self.store.load(MERCHANT, "campaign", "c1")
        assert document is not None
        assert document.body is not None
        assert (document.revision, document.body["next_at"]) == (2, START.isoformat())

    def test_what_takes_away_wakes_nobody(self) -> None:
        self.grant(10)
        self.waiting()
        self.store.post(MERCHANT, [AdjustCredit(key="a1", count=-4)])
        self.grant(10)
        assert self.woken_ids() == []

    def test_credit_that_comes_back_wakes_who_waits_for_it(self) -> None:
        self.bench.campaign()
        self.grant(3)
        ann = self.begun_text(3)
        self.bench.settle(ann, RecipientEvent.DOUBT)
        self.bench.edit(status=CampaignStatus.SCHEDULED, waiting_for="credit")

        self.bench.settle(ann, RecipientEvent.REFUSE, outcome=Outcome(message_id="m1", verdict=Verdict.REFUSED))

        assert self.woken_ids() == ["c1"]

    def test_who_can_pay_is_not_put_to_wait(self) -> None:
        self.bench.campaign()
        self.grant(3)
        waits: dict[str, Any] = {"status": CampaignStatus.SCHEDULED, "waiting_for": "credit"}

        assert self.bench.edit(guard=SaveGuard.OUT_OF_CREDIT, credit_needed=3, **waits) is None
        assert self.bench.edit(guard=SaveGuard.OUT_OF_CREDIT, credit_needed=4, **waits) is not None

    def test_nobody_is_put_to_wait_while_somebody_is_busy(self) -> None:
        self.bench.campaign()
        self.text()
        waits: dict[str, Any] = {"status": CampaignStatus.SCHEDULED, "waiting_for": "credit", "credit_needed": 1}

        assert self.bench.edit(guard=SaveGuard.OUT_OF_CREDIT, **waits) is None
