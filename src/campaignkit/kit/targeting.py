"""Who was sent a campaign, out of its rows; what its last filter did, kept beside it. I/O through the store."""

from collections.abc import Iterable

from campaignkit.audience.targeting import Got, History, TargetingReport
from campaignkit.campaign.documents import structure, unstructure
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.status import RecipientStatus
from campaignkit.errors import RevisionConflict
from campaignkit.ports import Document, DocumentStore

__all__ = ["find_report", "forget_report", "history_of", "keep_report"]

KIND = "targeting"
UNSURE = frozenset(
    {RecipientStatus.CLAIMED, RecipientStatus.SENDING, RecipientStatus.IN_DOUBT, RecipientStatus.UNKNOWN}
)


def history_of(got: Got, rows: Iterable[CampaignRecipient]) -> History:
    """Return who of *rows*, the recipients of one campaign, was sent it, or the step that *got* names.

    Sent is what a provider accepted. Whoever is being sent to, or in doubt, is uncertain; whoever still waits is not.
    """
    history = History()
    for row in rows:
        is_certain = row.status is RecipientStatus.SENT
        if not is_certain and row.status not in UNSURE:
            continue
        if not got.step or row.occasion.rpartition("/")[2] == got.step:
            history.note(contact_id=row.contact_id, address_key=row.address_key, is_certain=is_certain)
    return history


def keep_report(store: DocumentStore, merchant_id: str, campaign_id: str, report: TargetingReport) -> None:
    """Remember what the last filter did, for preflight; of two calls at one instant either may be remembered."""
    stored = store.load(merchant_id, KIND, campaign_id)
    document = Document(merchant_id=merchant_id, kind=KIND, document_id=campaign_id, body=unstructure(report))
    try:
        store.save(document, expected_revision=0 if stored is None else stored.revision)
    except RevisionConflict:
        return


def find_report(store: DocumentStore, merchant_id: str, campaign_id: str) -> TargetingReport | None:
    """Return what the last filter of a campaign did; None where there was none."""
    stored = store.load(merchant_id, KIND, campaign_id)
    return None if stored is None or stored.body is None else structure(stored.body, TargetingReport)


def forget_report(store: DocumentStore, merchant_id: str, campaign_id: str) -> None:
    """Delete what ``keep_report`` stored."""
    stored = store.load(merchant_id, KIND, campaign_id)
    if stored is None:
        return
    document = Document(merchant_id=merchant_id, kind=KIND, document_id=campaign_id, body=None)
    try:
        store.save(document, expected_revision=stored.revision)
    except RevisionConflict:
        return
