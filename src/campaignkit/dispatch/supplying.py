"""What the host supplies for each recipient: asked for once, kept before the first message, read at every try.

I/O through the store, and through the host's function.
"""

from collections.abc import Mapping

import attrs

from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.errors import RevisionConflict, SupplyFailed
from campaignkit.message.supplies import NO_SUPPLY, Supplier, Supply, SupplyRequest, supply_body, supply_of
from campaignkit.ports import Document, DocumentStore

__all__ = ["Supplying", "request_for"]

KIND = "supply"


@attrs.frozen(kw_only=True)
class Supplying:
    """Supplies of one campaign. Without a supplier nothing is asked, nothing is read."""

    store: DocumentStore
    suppliers: Mapping[str, Supplier]
    campaign: Campaign

    @property
    def is_missing(self) -> bool:
        """Return whether the campaign names a supplier that this process was not given."""
        return bool(self.campaign.supplier) and self.campaign.supplier not in self.suppliers

    def of(self, recipient: CampaignRecipient) -> Supply:
        """Return what was, or now is, supplied for *recipient*; the same at every try, whoever asks.

        Raises:
            SupplyFailed: the host's function failed; nothing was kept, and it is asked again.
        """
        if not self.campaign.supplier:
            return NO_SUPPLY
        kept = self._kept(recipient)
        return kept if kept is not None else self._keep(recipient, self.ask(request_for(recipient)))

    def sample(self, recipient: CampaignRecipient) -> Supply:
        """Return what was supplied for *recipient*, or else what the host answers for a test; nothing is kept.

        Raises:
            SupplyFailed: the host's function failed.
        """
        if not self.campaign.supplier:
            return NO_SUPPLY
        kept = self._kept(recipient)
        return kept if kept is not None else self.ask(request_for(recipient, is_test=True))

    def ask(self, request: SupplyRequest) -> Supply:
        """Return what the host answers; raises SupplyFailed."""
        if not self.campaign.supplier:
            return NO_SUPPLY
        try:
            answer = self.suppliers[self.campaign.supplier](request)
        except Exception as error:  # a host's function may raise anything, and the others must go on
            raise SupplyFailed(type(error).__name__) from error
        if not isinstance(answer, Supply):
            raise SupplyFailed(f"it answered {type(answer).__name__}, not Supply")
        return answer

    def _kept(self, recipient: CampaignRecipient) -> Supply | None:
        document = self.store.load(recipient.merchant_id, KIND, _document_id(recipient))
        return None if document is None or document.body is None else supply_of(document.body)

    def _keep(self, recipient: CampaignRecipient, supply: Supply) -> Supply:
        document = Document(
            merchant_id=recipient.merchant_id,
            kind=KIND,
            document_id=_document_id(recipient),
            body=supply_body(supply),
        )
        try:
            self.store.save(document, expected_revision=0)
        except RevisionConflict:  # another worker kept an answer in this moment; that one counts
            kept = self._kept(recipient)
            if kept is not None:
                return kept
            raise
        return supply_of(supply_body(supply))


def request_for(recipient: CampaignRecipient, *, is_test: bool = False) -> SupplyRequest:
    """Return what the host is asked for one recipient."""
    return SupplyRequest(
        merchant_id=recipient.merchant_id,
        campaign_id=recipient.campaign_id,
        recipient_id=recipient.recipient_id,
        contact_id=recipient.contact_id,
        fields=recipient.fields,
        is_test=is_test,
    )


def _document_id(recipient: CampaignRecipient) -> str:
    return recipient.recipient_id  # the same when it is sent anew: one coupon each
