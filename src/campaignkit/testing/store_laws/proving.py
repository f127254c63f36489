"""Laws of doubt: a receipt proves that the provider had the message, whenever it comes."""

from datetime import timedelta

from campaignkit.campaign.status import Delivery, RecipientEvent, RecipientStatus
from campaignkit.credits.posting import GrantCredit
from campaignkit.delivery.settling import SettleResult
from campaignkit.testing.store_laws.bench import LEASE, MERCHANT
from campaignkit.testing.store_laws.hearing import ACCOUNT, Hearing

__all__ = ["ProofLaws"]

DELIVERED, UNDELIVERED, NONE = Delivery.DELIVERED, Delivery.UNDELIVERED, Delivery.NONE
SENT, IN_DOUBT = RecipientStatus.SENT, RecipientStatus.IN_DOUBT


class ProofLaws(Hearing):
    """A receipt proves that the provider had the message."""

    def funds(self, count: int = 10) -> None:
        self.store.post(MERCHANT, [GrantCredit(key="g1", count=count)])

    def credit(self) -> tuple[int, int, int]:
        """Return what is available, held and spent."""
        (lot,) = self.store.lots(MERCHANT)
        return (lot.available, lot.held, lot.spent)

    def test_any_receipt_ends_a_doubt(self) -> None:
        self.bench.campaign()
        kinds = ("in_transit", "not_known", "delivered", "undelivered")
        names = ("ann", "bob", "cid", "dan")
        for name, kind in zip(names, kinds, strict=True):
            self.doubt(self.underway(name))
            assert self.record(self.by_message(f"c1{name}.1", kind)).status is SENT

        rows = [self.bench.recipient(f"c1{name}") for name in names]
        assert [row.status for row in rows] == [SENT] * 4
        assert [row.delivery for row in rows] == [NONE, NONE, DELIVERED, UNDELIVERED]
        assert {(row.doubt_until, row.attempt_count, row.reason) for row in rows} == {(None, 1, "")}

    def test_a_doubt_that_a_receipt_ended_was_accepted_and_is_spent(self) -> None:
        self.bench.campaign()
        self.funds()
        self.doubt(self.underway(price=3))
        assert self.credit() == (7, 3, 0)

        self.record(self.by_message(kind="in_transit", account=ACCOUNT, provider_id="p1"))

        (attempt,) = self.bench.attempts()
        assert (self.credit(), attempt.verdict, attempt.provider_id) == ((7, 0, 3), "accepted", "p1")
        assert self.record(self.by_provider()).delivery is DELIVERED

    def test_parts_that_are_still_in_doubt_cost_nothing(self) -> None:
        self.bench.campaign()
        self.funds()
        self.doubt(self.underway(price=6), "p1 p2", part_count=3)

        self.verdicts(self.by_provider("p1"), self.by_provider("p2"))

        assert (self.credit(), self.bench.status(), self.delivery()) == ((6, 0, 4), SENT, NONE)

    def test_a_doubt_whose_receipt_came_first_is_none(self) -> None:
        self.bench.campaign()
        self.funds()
        by_message, by_provider = self.underway(price=3), self.underway("bob", price=3)
        self.record(self.by_message(kind="in_transit"))
        self.record(self.by_provider())
        assert self.bench.status() is RecipientStatus.SENDING, "a message that is being sent is its worker's"

        assert (self.doubt(by_message), self.doubt(by_provider, "p1")) == (SettleResult.APPLIED,) * 2
        assert [self.bench.status(f"c1{name}") for name in ("ann", "bob")] == [SENT, SENT]
        assert self.credit() == (4, 0, 6)

    def test_a_lease_that_ends_after_the_receipt_leaves_no_doubt(self) -> None:
        self.bench.campaign()
        self.funds()
        self.underway(price=3)
        self.underway("bob", price=3)
        self.record(self.by_message())
        self.clock.advance(LEASE)

        self.store.reap()

        assert [self.bench.status(f"c1{name}") for name in ("ann", "bob")] == [SENT, IN_DOUBT]
        assert self.credit() == (4, 3, 3)

    def test_a_late_settle_after_the_receipt_changes_nothing(self) -> None:
        self.bench.campaign()
        self.funds()
        claim = self.underway(price=3)
        self.doubt(claim)
        self.record(self.by_message())

        assert self.accept(claim) is SettleResult.ALREADY
        assert self.bench.settle(claim, RecipientEvent.DEFER) is SettleResult.STALE
        assert (self.credit(), self.bench.status(), self.delivery()) == ((7, 0, 3), SENT, DELIVERED)

    def test_a_receipt_for_what_was_given_up_is_shown_and_moves_nobody(self) -> None:
        self.bench.campaign()
        self.doubt(self.underway())
        self.clock.advance(timedelta(days=5))
        self.store.reap()

        self.record(self.by_message())

        assert (self.bench.status(), self.delivery()) == (RecipientStatus.UNKNOWN, DELIVERED)

    def test_mail_in_doubt_is_proven_as_well(self) -> None:
        self.bench.campaign()
        self.bench.doubtful()

        assert self.record(self.by_message(kind="bounced")).status is SENT
        assert self.delivery() is Delivery.BOUNCED
