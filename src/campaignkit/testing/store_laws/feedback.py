"""Laws of feedback: receipts in any order, repeated or early, come to the same, and to nobody but their merchant."""

from datetime import timedelta
from itertools import permutations
from queue import SimpleQueue

import attrs

from campaignkit.campaign.status import Delivery, RecipientEvent, RecipientStatus
from campaignkit.delivery.feedback import (
    ID_HORIZON,
    WAITING_HORIZON,
    RecordResult,
    RecordVerdict,
    digest_of,
)
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.ports import Claim
from campaignkit.testing.store_laws.bench import LEASE, MERCHANT
from campaignkit.testing.store_laws.hearing import ACCOUNT, Hearing

__all__ = ["FeedbackLaws"]

NEW, DUPLICATE, UNMATCHED = RecordVerdict.NEW, RecordVerdict.DUPLICATE, RecordVerdict.UNMATCHED
DELIVERED, UNDELIVERED, NONE = Delivery.DELIVERED, Delivery.UNDELIVERED, Delivery.NONE
SENT = RecipientStatus.SENT


class FeedbackLaws(Hearing):
    """What receipts do to a recipient's delivery."""

    def test_a_receipt_by_our_id_finds_its_recipient(self) -> None:
        self.bench.campaign()
        self.sent()

        result = self.record(self.by_message())

        expected = RecordResult(
            verdict=NEW,
            merchant_id=MERCHANT,
            campaign_id="c1",
            recipient_id="c1ann",
            status=SENT,
            delivery=DELIVERED,
        )
        assert (result, self.delivery(), self.heard()) == (expected, DELIVERED, ["delivered"])

    def test_a_receipt_by_the_providers_id_finds_its_recipient(self) -> None:
        self.bench.campaign()
        self.sent()
        self.sent("bob", "p2")

        assert self.record(self.by_provider("p2")).recipient_id == "c1bob"
        assert (self.delivery(), self.delivery("c1bob")) == (NONE, DELIVERED)

    def test_all_of_a_receipt_is_kept(self) -> None:
        self.bench.campaign()
        self.sent()
        at = self.clock.now() - timedelta(seconds=3)
        event = self.by_provider(kind="undelivered", code="unreachable", reply="30003 off", at=at)
        self.record(event)

        trail = self.store.trail(MERCHANT, "c1ann")
        assert trail is not None
        (heard,) = trail.events
        kept = heard.feedback
        assert (kept.kind, kept.code, kept.reply, kept.at) == ("undelivered", "unreachable", "30003 off", at)
        assert (heard.recorded_at, heard.epoch, heard.part) == (self.clock.now(), 1, "p1")

    def test_a_repeated_event_changes_nothing(self) -> None:
        self.bench.campaign()
        self.sent()
        event = self.by_provider(kind="undelivered", is_hard=True)
        self.record(event)
        before = self.bench.everything()

        again = self.record(event)

        assert (again.verdict, again.recipient_id, again.is_suppressed) == (DUPLICATE, "c1ann", False)
        assert self.bench.everything() == before

    def test_a_batch_is_answered_in_order_and_knows_its_own_repetitions(self) -> None:
        self.bench.campaign()
        self.sent()
        first, strange = self.by_provider(), self.by_provider("nobody")

        assert self.verdicts(strange, first, first, self.by_message(), strange) == [
            UNMATCHED,
            NEW,
            DUPLICATE,
            NEW,
            UNMATCHED,
        ]
        assert self.store.record([]) in ([], ())

    def test_what_names_no_message_changes_nothing(self) -> None:
        self.bench.campaign()
        self.bench.claim_one("bob")
        before = self.bench.everything()
        strange = (self.by_provider("nobody"), self.by_message("c1nobody.1"), self.by_message("nonsense"))
        never_begun = self.by_message("c1bob.1")

        assert self.verdicts(*strange, never_begun) == [UNMATCHED] * 4
        assert self.verdicts(*strange) == [UNMATCHED] * 3
        assert self.bench.everything() == before

    def test_a_receipt_before_its_settle_is_kept_and_applied(self) -> None:
        self.bench.campaign()
        claim = self.underway()
        event = self.by_provider(kind="undelivered", is_hard=True)
        assert self.record(event).verdict is UNMATCHED

        self.accept(claim)

        assert (self.delivery(), self.heard(), self.is_suppressed()) == (UNDELIVERED, ["undelivered"], True)
        assert self.record(event).verdict is DUPLICATE

    def test_a_receipt_before_its_settle_is_applied_by_a_begin_that_settles(self) -> None:
        self.bench.campaign()
        claim = self.underway()
        self.record(self.by_provider())
        outcome = Outcome(message_id="m", verdict=Verdict.ACCEPTED, provider_id="p1")
        settlement = self.bench.settlement(claim, RecipientEvent.ACCEPT, outcome=outcome, account=ACCOUNT)
        other = self.bench.claim_one("bob")

        self.store.begin([self.bench.clearance(other)], lease=LEASE, settlements=[settlement])

        assert self.delivery() is DELIVERED

    def test_events_in_any_order_come_to_the_same(self) -> None:
        told = (
            self.by_provider(kind="in_transit"),
            self.by_provider(kind="delivered"),
            self.by_message("c1ann.1", "undelivered", is_hard=True),
            None,
        )
        for place, order in enumerate(permutations(told)):
            campaign_id = f"c{place}"
            self.bench.campaign(campaign_id)
            claim = self.underway(campaign_id=campaign_id, address_key=f"key {place}")
            for one in order:
                if one is None:
                    self.accept(claim, f"p{place}")
                else:
                    event = attrs.evolve(
                        one,
                        event_key=digest_of(one.event_key, place),
                        message_id=f"{campaign_id}ann.1" if one.message_id else "",
                        provider_id="" if one.message_id else f"p{place}",
                    )
                    self.store.record([event, event])

            row = self.bench.recipient(f"{campaign_id}ann")
            assert (row.status, row.delivery) == (SENT, UNDELIVERED), order
            assert self.is_suppressed(f"key {place}")
            assert sorted(self.heard(f"{campaign_id}ann")) == ["delivered", "in_transit", "undelivered"]

    def test_delivery_never_goes_back(self) -> None:
        self.bench.campaign()
        self.sent()
        seen: list[Delivery] = []
        for kind in ("in_transit", "delivered", "in_transit", "bounced", "delivered", "complained", "undelivered"):
            self.record(self.by_provider(kind=kind, code=str(len(seen))))
            seen.append(self.delivery())

        assert seen == [NONE, DELIVERED, DELIVERED, *[Delivery.BOUNCED] * 2, *[Delivery.COMPLAINED] * 2]

    def test_a_text_is_delivered_once_all_its_parts_are(self) -> None:
        self.bench.campaign()
        self.sent(provider_id="p1 p2 p3")
        seen: list[Delivery] = []
        for part in ("p3", "p1", "p1", "p2"):
            self.record(self.by_provider(part, code=str(len(seen))))
            seen.append(self.delivery())

        assert seen == [NONE, NONE, NONE, DELIVERED]

    def test_one_part_that_is_not_delivered_is_enough(self) -> None:
        self.bench.campaign()
        self.sent(provider_id="p1 p2")
        self.verdicts(self.by_provider("p1", "undelivered"), self.by_provider("p2"), self.by_provider("p1"))

        assert self.delivery() is UNDELIVERED

    def test_ids_of_two_accounts_are_apart(self) -> None:
        self.bench.campaign()
        self.sent()
        self.accept(self.underway("bob"), account="others")

        assert self.record(self.by_provider(account="others")).recipient_id == "c1bob"
        assert self.record(self.by_provider(account="third")).verdict is UNMATCHED
        assert self.delivery() is NONE

    def test_an_id_that_is_used_again_names_the_newest_text(self) -> None:
        self.bench.campaign()
        self.sent()
        self.sent("bob")

        assert self.record(self.by_provider()).recipient_id == "c1bob"

    def test_an_id_of_long_ago_names_nothing_until_it_is_used_again(self) -> None:
        self.bench.campaign()
        self.sent()
        self.clock.advance(ID_HORIZON)
        early = self.by_provider(kind="undelivered", is_hard=True)

        assert self.record(early).verdict is UNMATCHED
        self.sent("bob")
        assert (self.delivery(), self.delivery("c1bob")) == (NONE, UNDELIVERED)

    def test_mail_is_not_named_by_what_its_server_called_it(self) -> None:
        self.bench.campaign()
        claim = self.bench.begun()
        self.accept(claim)

        assert self.record(self.by_provider()).verdict is UNMATCHED
        assert self.record(self.by_message(kind="bounced")).delivery is Delivery.BOUNCED

    def test_what_waits_is_dropped_after_its_time(self) -> None:
        self.bench.campaign()
        claim = self.underway()
        late, later = self.by_provider(), self.by_provider(kind="undelivered")
        self.record(late)
        self.clock.advance(timedelta(seconds=1))
        self.record(later)
        self.clock.advance(WAITING_HORIZON - timedelta(seconds=1))
        self.store.reap()

        self.accept(claim)

        assert self.heard() == ["undelivered"]

    def test_what_found_its_message_is_kept(self) -> None:
        self.bench.campaign()
        self.sent()
        self.record(self.by_provider())
        self.clock.advance(WAITING_HORIZON * 2)
        self.store.reap()

        assert (self.heard(), self.record(self.by_provider()).verdict) == (["delivered"], DUPLICATE)

    def test_deliveries_are_counted(self) -> None:
        self.bench.campaign()
        for name in ("ann", "bob", "cid"):
            self.sent(name, f"p {name}".replace(" ", ""))
        self.verdicts(self.by_provider("pann"), self.by_provider("pbob"))

        counts = {(count.status, count.delivery): count.count for count in self.bench.counts()}
        assert counts == {(SENT, DELIVERED): 2, (SENT, NONE): 1}

    def test_an_event_for_another_merchant_changes_nothing(self) -> None:
        self.bench.campaign()
        self.sent()
        before = self.bench.everything()
        forged = [
            self.by_provider(kind="undelivered", is_hard=True, merchant_id="other"),
            self.by_message(kind="undelivered", is_hard=True, merchant_id="other"),
        ]

        assert self.verdicts(*forged) == [UNMATCHED] * 2
        assert self.bench.everything() == before
        assert not self.is_suppressed()
        assert not self.is_suppressed(merchant_id="other")

    def test_what_waits_for_one_merchant_is_not_given_to_another(self) -> None:
        self.bench.campaign()
        self.bench.campaign(merchant_id="other")
        self.record(self.by_provider(merchant_id="other"))
        self.sent()
        assert self.delivery() is NONE

        theirs = self.underway(merchant_id="other")
        self.accept(theirs)
        assert (self.delivery(), self.delivery(merchant_id="other")) == (NONE, DELIVERED)

    def test_our_id_that_two_merchants_have_wants_to_be_told_whose_it_is(self) -> None:
        self.bench.campaign()
        self.bench.campaign(merchant_id="other")
        self.sent()
        self.accept(self.underway(merchant_id="other"), "p2")

        assert self.record(self.by_message()).verdict is UNMATCHED
        assert self.record(self.by_message(merchant_id="other")).merchant_id == "other"
        assert (self.delivery(), self.delivery(merchant_id="other")) == (NONE, DELIVERED)

    def test_a_deleted_campaign_takes_its_events_with_it(self) -> None:
        document = self.bench.campaign()
        self.sent()
        self.record(self.by_provider())
        self.store.save(attrs.evolve(document, body=None), expected_revision=document.revision)

        assert self.verdicts(self.by_provider(), self.by_message()) == [UNMATCHED] * 2
        assert self.store.trail(MERCHANT, "c1ann") is None

    def test_one_event_in_several_threads_is_new_once(self) -> None:
        self.bench.campaign()
        self.sent()
        event = self.by_provider()

        verdicts = self.bench.at_once(lambda: self.record(event).verdict)

        assert sorted(verdicts) == sorted([NEW, *[DUPLICATE] * 3])

    def test_no_event_is_stranded_between_record_and_settle(self) -> None:
        self.bench.campaign()
        names = [f"n{number}" for number in range(12)]
        claims: SimpleQueue[tuple[str, Claim | None]] = SimpleQueue()
        for name in names:
            claim = self.underway(name)
            claims.put((name, claim))
            claims.put((name, None))

        def act() -> None:
            while not claims.empty():
                name, claim = claims.get()
                if claim is None:
                    self.record(self.by_provider(f"p{name}"))
                else:
                    self.accept(claim, f"p{name}")

        self.bench.at_once(act)

        assert [self.delivery(f"c1{name}") for name in names] == [DELIVERED] * len(names)
