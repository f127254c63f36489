"""Laws of an address that is corrected while its campaign runs."""

from datetime import timedelta
from typing import Any

from campaignkit.campaign.recipients import Intake, NewAddress, ReaddressResult
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.delivery.begin import BeginVerdict
from campaignkit.delivery.settling import SettleResult
from campaignkit.errors import CampaignNotFound, NotEditable
from campaignkit.testing.store_laws.base import Laws
from campaignkit.testing.store_laws.bench import MERCHANT
from campaignkit.testing.store_laws.expecting import expect

__all__ = ["ReaddressLaws"]

MOVED, BUSY = ReaddressResult.MOVED, ReaddressResult.BUSY


def new_address(name: str = "anna", **changes: Any) -> NewAddress:
    """Return where *name* is to be written to."""
    values = {"address": f"{name.title()}@example.com", "address_key": f"{name}@example.com"}
    return NewAddress(**{**values, **changes})


class ReaddressLaws(Laws):
    """``readdress``."""

    def readdress(self, recipient_id: str = "c1ann", to: NewAddress | None = None, **where: str) -> ReaddressResult:
        """Correct one address."""
        place = {"merchant_id": MERCHANT, "campaign_id": "c1", **where}
        return self.store.readdress(place["merchant_id"], place["campaign_id"], recipient_id, to or new_address())

    def test_a_corrected_address_is_the_one_that_is_sent_to(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", fields={"name": "Ann"}, not_before=self.clock.now() + timedelta(hours=4))
        before = self.bench.recipient()
        self.clock.advance(timedelta(minutes=1))
        result = self.readdress(to=new_address(zones=("Europe/Warsaw",), fields={"name": "Anna"}, contact_id="7"))

        assert result is MOVED
        row = self.bench.recipient()
        assert (row.address, row.address_key, row.zones) == ("Anna@example.com", "anna@example.com", ("Europe/Warsaw",))
        assert (row.fields, row.contact_id, row.contact_key) == ({"name": "Anna"}, "7", before.contact_key)
        assert (row.status, row.reason) == (RecipientStatus.PENDING, "readdressed")
        assert row.not_before == row.changed_at == self.clock.now()  # what it waited for was the old address's
        assert [claim.recipient.address for claim in self.bench.claim()] == ["Anna@example.com"]

    def test_what_was_tried_at_the_old_address_does_not_count_against_the_new_one(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one(attempt_count=0)
        self.bench.settle(claim, RecipientEvent.DEFER, not_before=self.clock.now(), is_attempt_used=True)
        self.readdress()

        assert self.bench.recipient().attempt_count == 0

    def test_a_worker_that_holds_the_old_address_can_do_nothing_with_it(self) -> None:
        self.bench.campaign()
        claim = self.bench.claim_one()

        assert self.readdress() is MOVED
        assert self.bench.begin(claim) is BeginVerdict.STALE
        assert self.bench.settle(claim, RecipientEvent.REFUSE) is SettleResult.STALE
        assert self.store.release([claim]) == 0
        row = self.bench.recipient()
        assert (row.status, row.lease_until, row.worker_id, row.claim_token) == (RecipientStatus.PENDING, None, "", "")

    def test_what_is_being_sent_keeps_its_address(self) -> None:
        self.bench.campaign()
        self.bench.begun("ann")
        self.bench.doubtful("bob")
        sent = self.bench.begun("cid")
        self.bench.settle(sent, RecipientEvent.ACCEPT)
        before = self.bench.everything()

        assert [self.readdress(f"c1{name}") for name in ("ann", "bob", "cid")] == [BUSY, BUSY, BUSY]
        assert self.bench.everything() == before

    def test_an_address_that_somebody_has_is_refused(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", "anna")
        before = self.bench.everything()

        assert self.readdress() is ReaddressResult.DUPLICATE
        assert self.bench.everything() == before

    def test_the_same_address_in_another_spelling_is_no_duplicate(self) -> None:
        self.bench.campaign()
        self.bench.add("ann")

        assert self.readdress(to=new_address("ann", address="ANN@example.com")) is MOVED
        assert self.bench.recipient().address == "ANN@example.com"

    def test_the_address_that_was_left_is_free_again(self) -> None:
        self.bench.campaign()
        self.bench.add("ann")
        self.readdress()
        (result,) = self.bench.add("bob", address_key="ann@example.com")

        assert result == "added"
        (again,) = self.bench.add("cid", address_key="anna@example.com")
        assert again == "excluded"

    def test_a_corrected_address_that_opted_out_is_skipped(self) -> None:
        self.bench.campaign()
        self.bench.add("ann")
        self.store.suppress(MERCHANT, ["anna@example.com"], reason="opt_out")

        assert self.readdress() is MOVED
        row = self.bench.recipient()
        assert (row.status, row.reason) == (RecipientStatus.SKIPPED, "suppressed")

    def test_an_address_corrected_after_the_deadline_is_too_late(self) -> None:
        self.bench.campaign(deadline=self.clock.now() + timedelta(hours=1))
        self.bench.add("ann")
        self.clock.advance(timedelta(hours=1))
        self.readdress()

        assert self.bench.status() is RecipientStatus.EXPIRED

    def test_only_recipients_have_an_address_to_correct(self) -> None:
        self.bench.campaign()
        self.bench.add("ann", intake=Intake.EXCLUSION, status=RecipientStatus.SKIPPED, reason="missing")

        assert self.readdress() is ReaddressResult.NOT_FOUND
        assert self.readdress("nobody") is ReaddressResult.NOT_FOUND

    def test_a_campaign_that_is_over_keeps_its_addresses(self) -> None:
        self.bench.campaign()
        self.bench.add("ann")
        self.bench.edit(status=CampaignStatus.CANCELLED)

        with expect(NotEditable):
            self.readdress()

    def test_another_merchant_or_campaign_corrects_nothing(self) -> None:
        self.bench.campaign()
        self.bench.campaign("c2")
        self.bench.campaign(merchant_id="other")
        self.bench.add("ann")
        before = self.bench.everything()

        assert self.readdress(campaign_id="c2") is ReaddressResult.NOT_FOUND
        assert self.readdress(merchant_id="other") is ReaddressResult.NOT_FOUND
        with expect(CampaignNotFound):
            self.readdress(merchant_id="third")
        assert self.bench.everything() == before
