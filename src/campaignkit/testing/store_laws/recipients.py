"""Laws of intake, lists, counts, opt-outs, and of merchants that never meet."""

from datetime import timedelta

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.recipients import Intake, IntakeResult
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.errors import CampaignNotFound, NotEditable
from campaignkit.ports import RecipientQuery
from campaignkit.testing.store_laws.base import Laws
from campaignkit.testing.store_laws.bench import MERCHANT
from campaignkit.testing.store_laws.expecting import expect

__all__ = ["MerchantLaws", "RecipientLaws", "SuppressionLaws"]

ADDED, EXISTING, EXCLUDED = IntakeResult.ADDED, IntakeResult.EXISTING, IntakeResult.EXCLUDED


class RecipientLaws(Laws):
    """``add_recipients``, ``move_recipients``, ``list_recipients``, ``count_recipients``, ``trail``."""

    def test_a_row_comes_back_as_it_went_in(self) -> None:
        self.bench.campaign()
        row = self.bench.row(
            "ann",
            channel=Channel.SMS,
            address="+48600100200",
            row_number=7,
            zones=("Europe/Warsaw", "America/New_York"),
            fields={"name": "Łucja", "note": 'a "quoted", value'},
            priority=3,
            occasion="birthday/1",
            detail="A sentence.",
            not_before=self.clock.now() + timedelta(microseconds=1),
        )

        self.store.add_recipients(MERCHANT, "c1", [row])

        assert list(self.bench.rows()) == [row]
        assert self.bench.recipient("c1ann") == row

    def test_a_row_belongs_to_the_store_alone(self) -> None:
        self.bench.campaign()
        fields = {"name": "Ann"}
        self.store.add_recipients(MERCHANT, "c1", [self.bench.row("ann", fields=fields)])
        fields["name"] = "Bob"
        for row in (*self.bench.rows(), self.bench.recipient()):
            if isinstance(row.fields, dict):
                row.fields["name"] = "Bob"

        assert self.bench.recipient().fields == {"name": "Ann"}

    def test_adding_a_list_twice_adds_nothing(self) -> None:
        self.bench.campaign()
        assert list(self.bench.add("ann", "bob")) == [ADDED, ADDED]

        again = [self.bench.row(name, recipient_id=f"again{name}") for name in ("ann", "bob", "cid")]
        results = self.store.add_recipients(MERCHANT, "c1", again)

        assert list(results) == [EXISTING, EXISTING, ADDED]
        assert [row.recipient_id for row in self.bench.rows()] == ["againcid", "c1ann", "c1bob"]

    def test_a_list_added_by_several_at_once_is_added_once(self) -> None:
        self.bench.campaign()
        names = [f"name{number}" for number in range(20)]

        results = self.bench.at_once(lambda: list(self.bench.add(*names)))

        assert sorted(results) == sorted([[ADDED] * 20, *[[EXISTING] * 20] * 3])
        assert len(self.bench.rows()) == 20

    def test_one_address_gets_one_message(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", row_number=2)

        twin = self.bench.row("twin", address_key="ann@example.com")
        again = self.bench.row("again", address_key="ann@example.com")
        results = self.store.add_recipients(MERCHANT, "c1", [twin, again])

        assert list(results) == [EXCLUDED, EXCLUDED]
        stored = self.bench.recipient("c1twin")
        assert (stored.intake, stored.status) == (Intake.EXCLUSION, RecipientStatus.SKIPPED)
        assert (stored.reason, stored.duplicate_of) == ("duplicate", "c1ann")
        assert [claim.recipient.recipient_id for claim in self.bench.claim()] == ["c1ann"]

    def test_one_address_gets_one_message_in_one_list(self) -> None:
        self.bench.campaign()

        rows = [self.bench.row(name, address_key="same@example.com") for name in ("ann", "bob", "cid")]
        results = self.store.add_recipients(MERCHANT, "c1", rows)

        assert list(results) == [ADDED, EXCLUDED, EXCLUDED]
        assert len(self.bench.claim()) == 1

    def test_another_occasion_or_campaign_is_another_message(self) -> None:
        self.bench.campaign()
        self.bench.campaign("c2")
        self.bench.add("ann")

        birthday = self.bench.row("birthday", contact_key="key of ann", address_key="ann@example.com", occasion="b/1")

        assert list(self.store.add_recipients(MERCHANT, "c1", [birthday])) == [ADDED]
        assert list(self.bench.add("ann", campaign_id="c2")) == [ADDED]

    def test_an_address_stays_taken_when_its_recipient_has_ended(self) -> None:
        self.bench.campaign()
        self.bench.add("ann")
        self.store.move_recipients(MERCHANT, "c1", RecipientEvent.SKIP, reason="by_hand")

        twin = self.bench.row("twin", address_key="ann@example.com")

        assert list(self.store.add_recipients(MERCHANT, "c1", [twin])) == [EXCLUDED]

    def test_every_row_is_counted_once(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", "bob", "cid", "dan")
        self.bench.add("eve", intake=Intake.EXCLUSION, status=RecipientStatus.SKIPPED, reason="no_consent")
        self.bench.add("fay", intake=Intake.REJECTION, status=RecipientStatus.SKIPPED, reason="malformed")
        claims = self.bench.claim(limit=3)
        self.bench.begin(claims[0])
        self.bench.begin(claims[1])
        self.bench.settle(claims[1], RecipientEvent.REFUSE, reason="mailbox_unknown")

        counted = {(count.intake, count.status, count.reason): count.count for count in self.bench.counts()}

        assert counted == {
            (Intake.RECIPIENT, RecipientStatus.PENDING, ""): 1,
            (Intake.RECIPIENT, RecipientStatus.CLAIMED, ""): 1,
            (Intake.RECIPIENT, RecipientStatus.SENDING, ""): 1,
            (Intake.RECIPIENT, RecipientStatus.FAILED, "mailbox_unknown"): 1,
            (Intake.EXCLUSION, RecipientStatus.SKIPPED, "no_consent"): 1,
            (Intake.REJECTION, RecipientStatus.SKIPPED, "malformed"): 1,
        }

    def test_only_recipients_are_ever_sent_to(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", intake=Intake.EXCLUSION, status=RecipientStatus.SKIPPED, reason="no_consent")
        self.bench.add("bob", intake=Intake.REJECTION, status=RecipientStatus.SKIPPED, reason="malformed")

        assert list(self.bench.claim()) == []
        (due,) = self.store.due(self.clock.now(), limit=10).campaigns
        assert (due.ready_count, due.next_pending_at) == (0, None)

    def test_rows_need_an_open_campaign(self) -> None:
        with expect(CampaignNotFound):
            self.bench.add("ann")
        for status in (CampaignStatus.FINISHED, CampaignStatus.CANCELLED):
            self.bench.campaign(status.value, status=status)
            with expect(NotEditable):
                self.bench.add("ann", campaign_id=status.value)

            assert list(self.bench.rows(status.value)) == []

    def test_rows_are_listed_in_order_and_page_by_page(self) -> None:
        self.bench.campaign()
        self.bench.add("cid", "ann", "dan", "bob")

        first = self.store.list_recipients(MERCHANT, "c1", RecipientQuery(limit=3))
        rest = self.store.list_recipients(MERCHANT, "c1", RecipientQuery(limit=3, after=first[-1].recipient_id))

        assert [row.recipient_id for row in (*first, *rest)] == ["c1ann", "c1bob", "c1cid", "c1dan"]
        assert len(first) == 3

    def test_a_list_is_narrowed_by_every_condition(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", "bob")
        self.bench.add("cid", intake=Intake.EXCLUSION, status=RecipientStatus.SKIPPED, row_number=7)
        self.bench.claim(limit=1)

        queries = {
            RecipientQuery(row_number=7): ["c1cid"],
            RecipientQuery(intake=Intake.EXCLUSION): ["c1cid"],
            RecipientQuery(status=RecipientStatus.CLAIMED): ["c1ann"],
            RecipientQuery(recipient_id="c1bob"): ["c1bob"],
            RecipientQuery(contact_id="contact cid"): ["c1cid"],
            RecipientQuery(address_key="ann@example.com"): ["c1ann"],
            RecipientQuery(address_key="ann@example.com", status=RecipientStatus.PENDING): [],
        }
        for query, ids in queries.items():
            assert [row.recipient_id for row in self.store.list_recipients(MERCHANT, "c1", query)] == ids, query

    def test_moves_by_hand_find_the_pending_only(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one("ann")
        self.bench.add("bob", "cid")

        named = self.store.move_recipients(
            MERCHANT, "c1", RecipientEvent.SKIP, reason="removed", recipient_ids=["c1ann", "c1bob", "c1nobody"]
        )
        self.bench.edit(deadline=self.clock.now())
        rest = self.store.move_recipients(MERCHANT, "c1", RecipientEvent.EXPIRE, reason="deadline_passed")

        assert (named, rest) == (1, 1)
        assert self.bench.recipient("c1ann") == claim.recipient
        bob, cid = self.bench.recipient("c1bob"), self.bench.recipient("c1cid")
        assert (bob.status, bob.reason) == (RecipientStatus.SKIPPED, "removed")
        assert (cid.status, cid.reason) == (RecipientStatus.EXPIRED, "deadline_passed")

    def test_nobody_expires_before_the_deadline_as_it_stands(self) -> None:
        self.bench.campaign()
        self.bench.add("ann")
        assert self.store.move_recipients(MERCHANT, "c1", RecipientEvent.EXPIRE, reason="deadline_passed") == 0

        self.bench.edit(deadline=self.clock.now() + timedelta(microseconds=1))
        assert self.store.move_recipients(MERCHANT, "c1", RecipientEvent.EXPIRE, reason="deadline_passed") == 0
        assert self.bench.status() is RecipientStatus.PENDING
        self.clock.advance(timedelta(microseconds=1))
        assert self.store.move_recipients(MERCHANT, "c1", RecipientEvent.EXPIRE, reason="deadline_passed") == 1


class SuppressionLaws(Laws):
    """``suppress`` and ``suppressed``."""

    def test_new_keys_are_counted_once(self) -> None:
        assert self.store.suppress(MERCHANT, ["a", "b", "a"], reason="opt_out") == 2
        assert self.store.suppress(MERCHANT, ["b", "c"], reason="opt_out") == 1

        assert self.store.suppressed(MERCHANT, ["a", "c", "d"]) == {"a", "c"}
        assert self.store.suppressed("other", ["a", "b", "c"]) == frozenset()

    def test_an_opt_out_skips_the_pending_of_every_campaign(self) -> None:
        self.bench.campaign()
        self.bench.campaign("c2", status=CampaignStatus.DRAFT)
        self.bench.campaign(merchant_id="other")
        self.bench.add("ann", "bob")
        self.bench.add("ann", campaign_id="c2")
        self.bench.add("ann", merchant_id="other")

        self.store.suppress(MERCHANT, ["ann@example.com"], reason="opt_out")

        for recipient_id in ("c1ann", "c2ann"):
            row = self.bench.recipient(recipient_id)
            assert (row.status, row.reason) == (RecipientStatus.SKIPPED, "suppressed")
        assert self.bench.status("c1bob") is RecipientStatus.PENDING
        assert self.bench.status("c1ann", merchant_id="other") is RecipientStatus.PENDING

    def test_an_opt_out_leaves_what_is_under_way_alone(self) -> None:
        self.bench.campaign()
        begun = self.bench.begun("ann")
        self.bench.add("bob")
        (held,) = self.bench.claim()

        self.store.suppress(MERCHANT, ["ann@example.com", "bob@example.com"], reason="opt_out")

        assert self.bench.status("c1ann") is RecipientStatus.SENDING
        assert self.bench.recipient("c1bob") == held.recipient
        assert self.bench.settle(begun, RecipientEvent.ACCEPT) == "applied"

    def test_a_suppressed_address_is_not_added(self) -> None:
        self.bench.campaign()
        self.store.suppress(MERCHANT, ["ann@example.com"], reason="opt_out")

        assert list(self.bench.add("ann", "bob")) == [EXCLUDED, ADDED]
        assert (self.bench.recipient().reason, self.bench.status()) == ("suppressed", RecipientStatus.SKIPPED)


class MerchantLaws(Laws):
    """What belongs to one merchant is not found by another."""

    def test_another_merchant_reads_nothing(self) -> None:
        self.bench.campaign()
        self.bench.begun("ann")

        assert self.store.load("other", "campaign", "c1") is None
        assert list(self.store.scan("other", "campaign")) == []
        assert list(self.bench.rows(merchant_id="other")) == []
        assert list(self.store.list_recipients("other", "c1", RecipientQuery(recipient_id="c1ann"))) == []
        assert list(self.bench.counts(merchant_id="other")) == []
        assert self.store.trail("other", "c1ann") is None

    def test_another_merchant_changes_nothing(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one("ann")
        self.bench.add("bob")
        foreign = attrs.evolve(claim, recipient=attrs.evolve(claim.recipient, merchant_id="other"))
        before = self.bench.everything()

        assert list(self.bench.claim(merchant_id="other")) == []
        assert self.bench.begin(foreign) == "stale"
        assert self.bench.settle(foreign, RecipientEvent.REFUSE) == "stale"
        assert self.store.release([foreign]) == 0
        assert self.store.move_recipients("other", "c1", RecipientEvent.CANCEL, reason="by_hand") == 0
        with expect(CampaignNotFound):
            self.bench.add("cid", merchant_id="other")
        self.store.suppress("other", ["bob@example.com"], reason="opt_out")

        assert self.bench.everything() == before

    def test_two_merchants_may_use_the_same_ids(self) -> None:
        for merchant_id in (MERCHANT, "other"):
            self.bench.campaign(merchant_id=merchant_id)
            assert list(self.bench.add("ann", merchant_id=merchant_id)) == [ADDED]
        (mine,) = self.bench.claim()
        (theirs,) = self.bench.claim(merchant_id="other")

        assert self.bench.begin(mine) == "go"
        self.bench.settle(mine, RecipientEvent.ACCEPT)

        assert self.bench.status() is RecipientStatus.SENT
        assert self.bench.recipient(merchant_id="other") == theirs.recipient
        assert self.bench.attempts(merchant_id="other") == ()
