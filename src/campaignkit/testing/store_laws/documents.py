"""Laws of documents: revisions, guards, timelines, and what a campaign's save takes with it."""

from datetime import timedelta

import attrs

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.recipients import Intake
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.errors import RevisionConflict
from campaignkit.ports import Document, SaveGuard
from campaignkit.testing.store_laws.base import Laws
from campaignkit.testing.store_laws.bench import MERCHANT, START
from campaignkit.testing.store_laws.expecting import expect

__all__ = ["DocumentLaws"]


def _sender(document_id: str = "main", *, merchant_id: str = MERCHANT, name: str = "Flora") -> Document:
    return Document(merchant_id=merchant_id, kind="sender", document_id=document_id, body={"name": name})


class DocumentLaws(Laws):
    """``load``, ``save`` and ``scan``."""

    def test_what_is_saved_is_loaded(self) -> None:
        body = {"name": "Żółw & Söhne", "list": [1, 2.5, None, True], "nested": {"key": "value"}}

        saved = self.store.save(attrs.evolve(_sender(), body=body), expected_revision=0)

        assert saved is not None
        assert (saved.body, saved.revision) == (body, 1)
        assert self.store.load(MERCHANT, "sender", "main") == saved
        assert self.store.load(MERCHANT, "sender", "nobody") is None

    def test_a_body_belongs_to_the_store_alone(self) -> None:
        body = {"list": [1]}
        self.store.save(attrs.evolve(_sender(), body=body), expected_revision=0)
        body["list"].append(2)
        loaded = self.store.load(MERCHANT, "sender", "main")
        assert loaded is not None
        assert loaded.body is not None
        loaded.body["list"].append(3)

        again = self.store.load(MERCHANT, "sender", "main")

        assert again is not None
        assert again.body == {"list": [1]}

    def test_a_save_over_another_revision_changes_nothing(self) -> None:
        self.store.save(_sender(), expected_revision=0)
        self.store.save(_sender(name="second"), expected_revision=1)

        for revision in (0, 1, 3):
            with expect(RevisionConflict):
                self.store.save(_sender(name="lost update"), expected_revision=revision)

        assert self.store.load(MERCHANT, "sender", "main") == attrs.evolve(_sender(name="second"), revision=2)

    def test_a_document_that_was_never_stored_has_revision_zero(self) -> None:
        with expect(RevisionConflict):
            self.store.save(_sender(), expected_revision=1)

        assert self.store.load(MERCHANT, "sender", "main") is None

    def test_of_two_saves_at_once_one_wins(self) -> None:
        self.store.save(_sender(), expected_revision=0)

        def save() -> bool:
            try:
                self.store.save(_sender(name="mine"), expected_revision=1)
            except RevisionConflict:
                return False
            return True

        assert sum(self.bench.at_once(save)) == 1
        assert self.store.load(MERCHANT, "sender", "main") == attrs.evolve(_sender(name="mine"), revision=2)

    def test_a_deleted_document_is_not_found(self) -> None:
        self.store.save(_sender(), expected_revision=0)

        self.store.save(attrs.evolve(_sender(), body=None), expected_revision=1)

        assert self.store.load(MERCHANT, "sender", "main") is None
        assert list(self.store.scan(MERCHANT, "sender")) == []

    def test_a_deleted_document_keeps_counting_its_revisions(self) -> None:
        self.store.save(_sender(), expected_revision=0)
        self.store.save(attrs.evolve(_sender(), body=None), expected_revision=1)

        with expect(RevisionConflict):
            self.store.save(_sender(name="again"), expected_revision=0)
        self.store.save(_sender(name="again"), expected_revision=2)

        assert self.store.load(MERCHANT, "sender", "main") == attrs.evolve(_sender(name="again"), revision=3)

    def test_documents_are_scanned_in_order_and_page_by_page(self) -> None:
        for document_id in ("c", "a", "d", "b"):
            self.store.save(_sender(document_id), expected_revision=0)

        first = self.store.scan(MERCHANT, "sender", limit=3)
        rest = self.store.scan(MERCHANT, "sender", after=first[-1].document_id, limit=3)

        assert [document.document_id for document in first] == ["a", "b", "c"]
        assert [document.document_id for document in rest] == ["d"]

    def test_campaigns_are_scanned_by_status(self) -> None:
        self.bench.campaign("c1")
        self.bench.campaign("c2", status=CampaignStatus.DRAFT)
        self.bench.campaign("c3", status=CampaignStatus.DRAFT)
        self.bench.edit("c3", status=CampaignStatus.SCHEDULED)

        drafts = self.store.scan(MERCHANT, "campaign", status="draft")

        assert [document.document_id for document in drafts] == ["c2"]
        assert len(self.store.scan(MERCHANT, "campaign")) == 3

    def test_kinds_and_merchants_share_no_documents(self) -> None:
        self.store.save(_sender(), expected_revision=0)
        self.store.save(_sender(merchant_id="other", name="theirs"), expected_revision=0)
        self.store.save(attrs.evolve(_sender(), kind="health", body={"is": "well"}), expected_revision=0)

        mine = self.store.load(MERCHANT, "sender", "main")

        assert mine is not None
        assert mine.body == {"name": "Flora"}
        assert [document.merchant_id for document in self.store.scan(MERCHANT, "sender")] == [MERCHANT]
        assert self.store.load("third", "sender", "main") is None

    def test_notes_make_a_timeline(self) -> None:
        document = self.bench.campaign()
        self.bench.add("ann")
        notes = tuple(
            TimelineEntry(at=START + timedelta(seconds=n), what=f"what{n}", why="Why.", actor="ann", facts={"n": "1"})
            for n in range(3)
        )

        for revision, note in enumerate(notes, start=1):
            self.store.save(document, expected_revision=revision, note=note)
        with expect(RevisionConflict):
            self.store.save(document, expected_revision=1, note=attrs.evolve(notes[0], what="lost"))

        trail = self.store.trail(MERCHANT, "c1ann")
        assert trail is not None
        assert trail.timeline == notes

    def test_nobody_busy_means_none_claimed_and_none_sending(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()
        assert self.bench.edit(guard=SaveGuard.NOBODY_BUSY, status=CampaignStatus.SCHEDULED) is None
        assert self.bench.begin(claim) == "go"
        assert self.bench.edit(guard=SaveGuard.NOBODY_BUSY, status=CampaignStatus.SCHEDULED) is None
        self.bench.add("bob")
        self.bench.settle(claim, RecipientEvent.ACCEPT)

        assert self.bench.edit(guard=SaveGuard.NOBODY_BUSY, status=CampaignStatus.SCHEDULED) is not None

    def test_nobody_left_means_none_pending_claimed_or_sending(self) -> None:
        self.bench.campaign()
        self.bench.add("ann")
        assert self.bench.edit(guard=SaveGuard.NOBODY_LEFT, status=CampaignStatus.FINISHED) is None
        (claim,) = self.bench.claim()
        assert self.bench.edit(guard=SaveGuard.NOBODY_LEFT, status=CampaignStatus.FINISHED) is None
        self.bench.begin(claim)
        assert self.bench.edit(guard=SaveGuard.NOBODY_LEFT, status=CampaignStatus.FINISHED) is None
        self.bench.settle(claim, RecipientEvent.DOUBT)

        assert self.bench.edit(guard=SaveGuard.NOBODY_LEFT, status=CampaignStatus.FINISHED) is not None

    def test_nobody_left_looks_at_recipients_only(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", intake=Intake.EXCLUSION, status=RecipientStatus.SKIPPED, reason="no_consent")
        self.bench.campaign("c2")
        self.bench.add("bob", campaign_id="c2")

        assert self.bench.edit(guard=SaveGuard.NOBODY_LEFT, status=CampaignStatus.FINISHED) is not None

    def test_nobody_began_means_no_attempt_and_no_claim(self) -> None:
        self.bench.campaign()
        self.bench.add("ann")
        assert self.bench.edit(guard=SaveGuard.NOBODY_BEGAN) is not None
        (claim,) = self.bench.claim()
        assert self.bench.edit(guard=SaveGuard.NOBODY_BEGAN) is None
        self.store.release([claim])
        assert self.bench.edit(guard=SaveGuard.NOBODY_BEGAN) is not None
        (claim,) = self.bench.claim()
        self.bench.begin(claim)
        self.bench.settle(claim, RecipientEvent.DEFER)

        assert self.bench.edit(guard=SaveGuard.NOBODY_BEGAN) is None

    def test_a_guard_that_is_false_changes_nothing(self) -> None:
        document = self.bench.campaign()
        self.bench.add("ann")
        before = self.bench.everything()

        note = TimelineEntry(at=START, what="finished")
        saved = self.store.save(document, expected_revision=1, note=note, guard=SaveGuard.NOBODY_LEFT)

        assert saved is None
        assert self.bench.everything() == before

    def test_a_cancelled_campaign_takes_its_pending_with_it(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one("ann")
        self.bench.add("bob")
        self.bench.campaign("c2")
        self.bench.add("bob", campaign_id="c2")

        self.bench.edit(status=CampaignStatus.CANCELLED)

        bob = self.bench.recipient("c1bob")
        assert (bob.status, bob.reason) == (RecipientStatus.CANCELLED, "campaign_cancelled")
        assert self.bench.recipient("c1ann") == claim.recipient
        assert self.bench.status("c2bob") is RecipientStatus.PENDING

    def test_a_deleted_campaign_takes_all_its_rows_with_it(self) -> None:
        document = self.bench.campaign()
        claim = self.bench.claim_one("ann")
        self.bench.campaign("c2")
        self.bench.add("bob", campaign_id="c2")

        self.store.save(attrs.evolve(document, body=None), expected_revision=1)

        assert list(self.bench.counts()) == []
        assert self.store.trail(MERCHANT, "c1ann") is None
        assert self.bench.begin(claim) == "stale"
        assert self.bench.settle(claim, RecipientEvent.REFUSE) == "stale"
        assert self.store.release([claim]) == 0
        assert list(self.bench.claim()) == []
        assert self.bench.status("c2bob") is RecipientStatus.PENDING
