"""Laws of credit: no text without credit, never one more than was paid for, and a ledger that adds up."""

from collections.abc import Sequence
from datetime import timedelta
from queue import SimpleQueue
from typing import Any

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.recipients import DOUBT_HORIZON
from campaignkit.campaign.status import RecipientEvent, RecipientStatus
from campaignkit.credits.entries import Entry, Position, add_up
from campaignkit.credits.lots import Lot
from campaignkit.credits.posting import GrantCredit
from campaignkit.delivery.begin import BeginVerdict
from campaignkit.delivery.settling import SettleResult
from campaignkit.errors import CampaignKitError
from campaignkit.ports import Claim
from campaignkit.testing.store_laws.base import Laws
from campaignkit.testing.store_laws.bench import LEASE, MERCHANT, START
from campaignkit.timing.limits import Limit, LimitScope

__all__ = ["CreditLaws", "Ledger"]

GO, NO_CREDIT, LIMITED = BeginVerdict.GO, BeginVerdict.NO_CREDIT, BeginVerdict.LIMITED
DAY = timedelta(days=1)


class Ledger(Laws):
    """Short words for what these laws look at."""

    def grant(self, count: int, key: str = "g1", *, merchant_id: str = MERCHANT, **terms: Any) -> Entry:
        (entry,) = self.store.post(merchant_id, [GrantCredit(key=key, count=count, **terms)])
        return entry

    def texts(self, *names: str, campaign_id: str = "c1", merchant_id: str = MERCHANT) -> list[Claim]:
        """Return claims of texts to *names*, in this order."""
        self.bench.add(*names, campaign_id=campaign_id, merchant_id=merchant_id, channel=Channel.SMS)
        claimed = self.bench.claim(limit=len(names), campaign_id=campaign_id, merchant_id=merchant_id)
        by_id = {claim.recipient.recipient_id: claim for claim in claimed}
        return [by_id[f"{campaign_id}{name}"] for name in names]

    def text(self, name: str = "ann", **where: Any) -> Claim:
        (claim,) = self.texts(name, **where)
        return claim

    def begun_text(self, price: int, name: str = "ann") -> Claim:
        claim = self.text(name)
        assert self.bench.begin(claim, price=price) is GO, "begin did not let a text go that was paid for"
        return claim

    def lot(self, number: int = 1, *, merchant_id: str = MERCHANT) -> tuple[int, int, int, int]:
        """Return what of a lot is available, held, spent and expired."""
        found = {lot.number: lot for lot in self.store.lots(merchant_id)}[number]
        return (found.available, found.held, found.spent, found.expired)

    def entries(self, *, merchant_id: str = MERCHANT) -> list[Entry]:
        """Return the whole ledger; what stands on attempts a page of one at a time."""
        found = list(self.store.posted(merchant_id))
        after: tuple[str, int] | None = None
        while page := self.store.charged(merchant_id, after=after, limit=1):
            found += [entry for attempt in page for entry in attempt.credit_entries]
            after = (page[-1].recipient_id, page[-1].epoch)
        return found

    def kinds(self) -> list[str]:
        return sorted(entry.kind.value for entry in self.entries())

    def assert_adds_up(self, *, merchant_id: str = MERCHANT) -> None:
        """The entries lead to where the lots stand."""
        lots: Sequence[Lot] = self.store.lots(merchant_id)
        stands = Position(
            granted=sum(lot.granted for lot in lots),
            available=sum(lot.available for lot in lots),
            held=sum(lot.held for lot in lots),
            spent=sum(lot.spent for lot in lots),
            expired=sum(lot.expired for lot in lots),
        )
        assert add_up(Position(), self.entries(merchant_id=merchant_id)) == stands

    def refusal(self, *requests: Any) -> type[Exception] | None:
        """Return what posting *requests* raises, having seen that nothing changed."""
        before = (self.store.lots(MERCHANT), self.entries())
        try:
            self.store.post(MERCHANT, list(requests))
        except CampaignKitError as error:
            assert (self.store.lots(MERCHANT), self.entries()) == before, "what was refused changed something"
            return type(error)
        return None


class CreditLaws(Ledger):
    """Credit, as begin holds it and as settle and reap end that."""

    def test_a_text_that_is_paid_for_holds_its_price(self) -> None:
        self.bench.campaign()
        self.grant(10)

        self.begun_text(3)

        (attempt,) = self.bench.attempts()
        assert self.lot() == (7, 3, 0, 0)
        assert (attempt.price, attempt.credit_shares, attempt.credit_spent, attempt.is_holding) == (
            3,
            ((1, 3),),
            None,
            True,
        )
        self.assert_adds_up()

    def test_without_credit_nothing_begins_and_nothing_is_held(self) -> None:
        self.bench.campaign()
        self.grant(2)
        claim = self.text()

        assert self.bench.begin(claim, price=3) is NO_CREDIT
        assert (self.lot(), self.bench.recipient(), self.bench.attempts()) == ((2, 0, 0, 0), claim.recipient, ())

    def test_who_was_never_granted_anything_has_no_credit(self) -> None:
        self.bench.campaign()
        assert self.bench.begin(self.text(), price=1) is NO_CREDIT

    def test_what_costs_nothing_needs_no_credit(self) -> None:
        self.bench.campaign()
        assert self.bench.begin(self.text()) is GO
        assert [list(seen) for seen in (self.store.lots(MERCHANT), self.store.charged(MERCHANT))] == [[], []]

    def test_credit_is_one_merchants_own(self) -> None:
        self.bench.campaign()
        self.grant(10, merchant_id="other")

        assert self.bench.begin(self.text(), price=1) is NO_CREDIT
        assert self.lot(merchant_id="other") == (10, 0, 0, 0)

    def test_nothing_cheaper_overtakes_what_cannot_be_paid(self) -> None:
        self.bench.campaign()
        self.grant(5)
        claims = self.texts("ann", "bob", "cid")
        prices = (3, 4, 1)

        answers = self.bench.ask(*(self.bench.clearance(one, price=p) for one, p in zip(claims, prices, strict=True)))

        assert [answer.verdict for answer in answers] == [GO, NO_CREDIT, NO_CREDIT]
        assert self.lot() == (2, 3, 0, 0)

    def test_what_expires_first_pays_first_and_lots_pay_together(self) -> None:
        self.bench.campaign()
        self.grant(5, "never")
        self.grant(2, "soon", expires_at=START + DAY)

        self.begun_text(4)

        assert (self.lot(1), self.lot(2)) == ((3, 2, 0, 0), (0, 2, 0, 0))
        (attempt,) = self.bench.attempts()
        assert attempt.credit_shares == ((2, 2), (1, 2))

    def test_what_has_expired_pays_nothing(self) -> None:
        self.bench.campaign()
        self.grant(5, expires_at=START + DAY)
        claim = self.text()
        self.clock.advance(DAY)

        assert self.bench.begin(claim, price=1) is NO_CREDIT
        assert self.lot() == (0, 0, 0, 5)
        assert self.kinds() == ["expire", "grant"]
        self.assert_adds_up()

    def test_whom_a_limit_holds_back_holds_no_credit(self) -> None:
        self.bench.campaign()
        self.grant(10)
        scopes = (LimitScope("sender/flora/main", (Limit(1, per=DAY),)),)

        assert self.bench.begin_all(self.texts("ann", "bob"), price=2, limit_scopes=scopes) == [GO, LIMITED]
        assert self.lot() == (8, 2, 0, 0)

    def test_whom_no_credit_pays_for_no_limit_counts(self) -> None:
        self.bench.campaign()
        scopes = (LimitScope("sender/flora/main", (Limit(1, per=DAY),)),)
        first, second = self.texts("ann", "bob")

        assert self.bench.begin(first, price=2, limit_scopes=scopes) is NO_CREDIT
        assert self.bench.begin(second, limit_scopes=scopes) is GO

    def test_an_accepted_text_is_spent(self) -> None:
        self.bench.campaign()
        self.grant(10)
        claim = self.begun_text(3)
        self.clock.advance(LEASE / 2)

        assert self.bench.settle(claim, RecipientEvent.ACCEPT) is SettleResult.APPLIED
        assert self.bench.settle(claim, RecipientEvent.ACCEPT) is SettleResult.ALREADY

        (attempt,) = self.bench.attempts()
        assert (self.lot(), self.kinds()) == ((7, 0, 3, 0), ["grant", "hold", "settle"])
        assert (attempt.credit_spent, attempt.credit_ended_at) == (3, START + LEASE / 2)
        self.assert_adds_up()

    def test_parts_that_were_not_accepted_cost_nothing(self) -> None:
        self.bench.campaign()
        self.grant(10)

        self.bench.settle(self.begun_text(6), RecipientEvent.ACCEPT, spent=4)

        assert self.lot() == (6, 0, 4, 0)
        self.assert_adds_up()

    def test_what_was_not_accepted_costs_nothing(self) -> None:
        self.bench.campaign()
        self.grant(10)
        for name, event in (("ann", RecipientEvent.REFUSE), ("bob", RecipientEvent.DEFER)):
            self.bench.settle(self.begun_text(4, name), event, not_before=START + DAY)

        unsent = self.begun_text(4, "cid")
        self.store.settle([self.bench.unsent(unsent)])

        assert self.lot() == (10, 0, 0, 0)
        assert self.kinds() == ["grant", *["hold"] * 3, *["release"] * 3]
        self.assert_adds_up()

    def test_a_claim_that_never_began_moves_no_credit(self) -> None:
        self.bench.campaign()
        self.grant(10)
        self.bench.settle(self.text(), RecipientEvent.REFUSE)
        assert (self.lot(), self.kinds()) == ((10, 0, 0, 0), ["grant"])

    def test_a_doubt_keeps_its_hold_until_it_is_cleared_up(self) -> None:
        self.bench.campaign()
        self.grant(10)
        ann, bob = self.begun_text(3), self.begun_text(2, "bob")
        self.bench.settle(ann, RecipientEvent.DOUBT)
        self.clock.advance(LEASE)
        self.store.reap()
        assert (self.bench.status("c1bob"), self.lot()) == (RecipientStatus.IN_DOUBT, (5, 5, 0, 0))

        self.bench.settle(ann, RecipientEvent.ACCEPT)
        self.bench.settle(bob, RecipientEvent.REFUSE)

        assert self.lot() == (7, 0, 3, 0)
        self.assert_adds_up()

    def test_what_stays_unknown_is_charged(self) -> None:
        self.bench.campaign()
        self.grant(10)
        self.bench.settle(self.begun_text(3), RecipientEvent.DOUBT)
        self.clock.advance(DOUBT_HORIZON[Channel.SMS] - timedelta(microseconds=1))
        self.store.reap()
        assert self.lot() == (7, 3, 0, 0)
        self.clock.advance(timedelta(microseconds=1))

        assert self.store.reap().unknown == 1
        assert (self.lot(), self.kinds()) == ((7, 0, 3, 0), ["grant", "hold", "settle"])
        self.assert_adds_up()

    def test_a_claim_that_is_reaped_moves_no_credit(self) -> None:
        self.bench.campaign()
        self.grant(10)
        self.text()
        self.clock.advance(LEASE)
        self.store.reap()
        assert self.lot() == (10, 0, 0, 0)

    def test_a_stale_settlement_moves_no_credit(self) -> None:
        self.bench.campaign()
        self.grant(10)
        old = self.begun_text(3)
        self.bench.settle(old, RecipientEvent.DEFER, not_before=START)
        (new,) = self.bench.claim()
        self.bench.begin(new, price=3)

        assert self.bench.settle(old, RecipientEvent.ACCEPT) is SettleResult.STALE
        assert self.lot() == (7, 3, 0, 0)

    def test_a_hold_outlives_its_lot_and_may_be_spent(self) -> None:
        self.bench.campaign()
        self.grant(10, expires_at=START + DAY)
        claim = self.begun_text(3)
        self.clock.advance(DAY)

        self.bench.settle(claim, RecipientEvent.ACCEPT)

        assert self.lot() == (0, 0, 3, 7)
        self.assert_adds_up()

    def test_what_goes_back_to_a_lot_that_expired_expires(self) -> None:
        self.bench.campaign()
        self.grant(10, expires_at=START + DAY)
        claim = self.begun_text(3)
        self.clock.advance(DAY)

        self.bench.settle(claim, RecipientEvent.REFUSE)

        (attempt,) = self.bench.attempts()
        assert (self.lot(), attempt.credit_expired) == ((0, 0, 0, 10), 3)
        self.assert_adds_up()

    def test_a_begin_holds_after_what_it_settles(self) -> None:
        self.bench.campaign()
        self.grant(3)
        ann, bob = self.begun_text(3), self.text("bob")

        clearance = self.bench.clearance(bob, price=3)
        (answer,) = self.store.begin([clearance], lease=LEASE, settlements=[self.bench.unsent(ann)])

        assert (answer.verdict, self.lot()) == (GO, (0, 3, 0, 0))
        self.assert_adds_up()

    def test_a_begin_that_only_settles_credit_moves_it(self) -> None:
        self.bench.campaign()
        self.grant(3)
        ann, bob = self.begun_text(3), self.text("bob")
        settlement = self.bench.settlement(ann, RecipientEvent.ACCEPT)

        self.store.begin([self.bench.clearance(bob)], lease=LEASE, settlements=[settlement])

        assert self.lot() == (0, 0, 3, 0)
        self.assert_adds_up()

    def test_the_ledger_outlives_a_deleted_campaign(self) -> None:
        document = self.bench.campaign()
        self.grant(10)
        self.bench.settle(self.begun_text(3), RecipientEvent.ACCEPT)
        deleted = type(document)(merchant_id=MERCHANT, kind="campaign", document_id="c1", body=None)

        self.store.save(deleted, expected_revision=document.revision)

        assert self.kinds() == ["grant", "hold", "settle"]
        self.assert_adds_up()

    def test_credit_comes_in_pages(self) -> None:
        self.bench.campaign()
        self.grant(10)
        for name in ("ann", "bob", "cid"):
            self.begun_text(2, name)

        assert self.kinds() == ["grant", "hold", "hold", "hold"]

    def test_of_several_workers_at_the_last_credits_nobody_oversells(self) -> None:
        self.bench.campaign()
        self.grant(5)
        turns: SimpleQueue[list[Claim]] = SimpleQueue()
        for number in range(4):
            turns.put(self.texts(*(f"n{number}{letter}" for letter in "abc")))

        verdicts = [
            one for some in self.bench.at_once(lambda: self.bench.begin_all(turns.get(), price=1)) for one in some
        ]

        assert (verdicts.count(GO), verdicts.count(NO_CREDIT), self.lot()) == (5, 7, (0, 5, 0, 0))
        self.assert_adds_up()
