"""Laws of opting out: who must not be written to any more, and who may again."""

from collections.abc import Sequence

from campaignkit.campaign.recipients import NewAddress
from campaignkit.campaign.status import RecipientEvent, RecipientStatus
from campaignkit.delivery.feedback import (
    WAITING_HORIZON,
    Feedback,
    RecordVerdict,
)
from campaignkit.testing.store_laws.bench import MERCHANT
from campaignkit.testing.store_laws.hearing import Hearing

__all__ = ["OptOutLaws"]

NEW, DUPLICATE = RecordVerdict.NEW, RecordVerdict.DUPLICATE


class OptOutLaws(Hearing):
    """Who must not be written to any more, and who may again."""

    def test_a_number_that_is_no_good_is_suppressed_in_every_campaign(self) -> None:
        self.bench.campaign()
        self.bench.campaign("c2")
        self.bench.campaign(merchant_id="other")
        self.sent()
        self.bench.add("ann", campaign_id="c2")
        self.bench.add("ann", merchant_id="other")

        result = self.record(self.by_provider(kind="undelivered", is_hard=True))

        assert (result.is_suppressed, self.is_suppressed()) == (True, True)
        assert (self.bench.status("c2ann"), self.bench.recipient("c2ann").reason) == (
            RecipientStatus.SKIPPED,
            "suppressed",
        )
        assert self.bench.status(merchant_id="other") is RecipientStatus.PENDING
        assert not self.is_suppressed(merchant_id="other")

    def test_a_soft_failure_suppresses_nobody(self) -> None:
        self.bench.campaign()
        self.sent()

        assert not self.record(self.by_provider(kind="undelivered", code="unreachable")).is_suppressed
        assert not self.is_suppressed()

    def test_a_complaint_suppresses(self) -> None:
        self.bench.campaign()
        self.sent()

        assert self.record(self.by_message(kind="complained")).is_suppressed

    def test_what_is_about_an_earlier_address_suppresses_nobody(self) -> None:
        self.bench.campaign()
        claim = self.underway()
        self.bench.settle(claim, RecipientEvent.DEFER, not_before=self.clock.now())
        self.store.readdress(MERCHANT, "c1", "c1ann", NewAddress(address="bob@example.com", address_key="bob"))

        assert self.record(self.by_message(kind="undelivered", is_hard=True)).verdict is NEW
        assert [self.is_suppressed(key) for key in ("ann@example.com", "bob")] == [False, False]

    def test_stop_suppresses_and_start_lifts(self) -> None:
        self.bench.campaign()
        self.bench.add("ann")

        stopped = self.record(self.by_address("opted_out"))
        assert (stopped.verdict, stopped.is_suppressed, self.is_suppressed()) == (NEW, True, True)
        assert self.bench.status() is RecipientStatus.SKIPPED
        started = self.record(self.by_address("opted_in"))
        assert (started.verdict, started.is_lifted, self.is_suppressed()) == (NEW, True, False)
        assert self.bench.status() is RecipientStatus.SKIPPED

    def test_a_repeated_stop_does_not_undo_the_start_after_it(self) -> None:
        stop = self.by_address("opted_out")
        self.verdicts(stop, self.by_address("opted_in"))

        assert self.record(stop).verdict is DUPLICATE
        assert not self.is_suppressed()
        assert self.record(self.by_address("opted_out", key="said again")).is_suppressed

    def test_what_somebody_wrote_in_one_batch_counts_in_its_order(self) -> None:
        stop, start = self.by_address("opted_out"), self.by_address("opted_in")
        again = self.by_address("opted_out", key="said again")

        results = self.store.record([stop, start, again])

        assert [(one.is_suppressed, one.is_lifted) for one in results] == [(True, False), (False, True), (True, False)]
        assert self.is_suppressed()

    def test_what_asks_for_nothing_does_nothing(self) -> None:
        wrote = self.by_address("wrote")

        assert self.verdicts(wrote, wrote) == [NEW, DUPLICATE]
        assert not self.is_suppressed()
        self.clock.advance(WAITING_HORIZON)
        self.store.reap()
        assert self.record(wrote).verdict is NEW

    def test_a_stop_is_remembered_for_good(self) -> None:
        stop = self.by_address("opted_out")
        self.verdicts(stop, self.by_address("opted_in"))
        self.clock.advance(WAITING_HORIZON * 2)
        self.store.reap()

        assert self.record(stop).verdict is DUPLICATE

    def test_an_opt_out_that_the_provider_tells_of_is_lifted_by_start(self) -> None:
        self.bench.campaign()
        self.sent()
        self.record(self.by_provider(kind="undelivered", is_opted_out=True))
        assert self.is_suppressed()

        self.record(self.by_address("opted_in"))

        assert not self.is_suppressed()
        self.record(self.by_provider(kind="in_transit"))
        assert not self.is_suppressed(), "an older event is not looked at again"

    def test_start_lifts_no_other_reason(self) -> None:
        self.bench.campaign()
        self.sent()
        reasons: Sequence[Sequence[Feedback]] = (
            [self.by_provider(kind="undelivered", is_hard=True)],
            [self.by_address("opted_out"), self.by_provider(kind="complained")],
        )
        for place, events in enumerate(reasons):
            self.store.record(events)
            result = self.record(self.by_address("opted_in", key=str(place)))
            assert (result.is_lifted, self.is_suppressed()) == (False, True)
        self.store.suppress(MERCHANT, ["bob"], reason="asked by phone")
        self.record(self.by_address("opted_out", address_key="bob"))
        assert not self.record(self.by_address("opted_in", address_key="bob")).is_lifted

    def test_a_graver_reason_replaces_one_that_may_be_lifted(self) -> None:
        self.record(self.by_address("opted_out"))
        assert self.store.suppress(MERCHANT, ["ann@example.com"], reason="asked by phone") == 0

        assert not self.record(self.by_address("opted_in")).is_lifted
        assert self.is_suppressed()

    def test_lift_forgets_what_a_text_asked_for_and_nothing_else(self) -> None:
        self.store.suppress(MERCHANT, ["bob"], reason="asked by phone")
        self.record(self.by_address("opted_out"))
        self.record(self.by_address("opted_out", merchant_id="other"))

        assert self.store.lift(MERCHANT, ["ann@example.com", "ann@example.com", "bob", "nobody"]) == 1
        assert self.store.lift(MERCHANT, ["ann@example.com"]) == 0
        assert [self.is_suppressed(), self.is_suppressed("bob")] == [False, True]
        assert self.is_suppressed(merchant_id="other")

    def test_a_stop_is_one_merchants_own(self) -> None:
        self.record(self.by_address("opted_out"))

        assert not self.is_suppressed(merchant_id="other")
        assert not self.record(self.by_address("opted_in", merchant_id="other")).is_lifted
        assert self.is_suppressed()
