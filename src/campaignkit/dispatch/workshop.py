"""Composers, kept while nothing changes that they build from. I/O only through records and the host's functions."""

from collections import OrderedDict
from collections.abc import Mapping

from campaignkit.campaign.campaign import Campaign, MerchantSettings
from campaignkit.campaign.senders import Sender
from campaignkit.dispatch.composing import Composer, House
from campaignkit.dispatch.records import Records
from campaignkit.dispatch.supplying import Supplying
from campaignkit.message.supplies import Supplier
from campaignkit.ports import DocumentStore

__all__ = ["Workshop"]

COMPOSERS_MAX = 16  # each holds a campaign's encoded text, and its files, up to 13 MB


class Workshop:
    """Where messages are made: one per worker, and one per merchant's handle for tests and previews."""

    def __init__(
        self,
        records: Records,
        store: DocumentStore,
        *,
        house: House,
        suppliers: Mapping[str, Supplier],
    ) -> None:
        self._records = records
        self._store = store
        self._house = house
        self._suppliers = suppliers
        self._kept: OrderedDict[tuple[str, str], tuple[object, Composer]] = OrderedDict()

    @property
    def has_links(self) -> bool:
        """Return whether signed links can be made."""
        return self._house.links is not None

    def composer(self, campaign: Campaign, sender: Sender, settings: MerchantSettings) -> Composer:
        """Return what builds the messages of *campaign*; the same as long as none of the three was edited."""
        identity, made_of = (campaign.merchant_id, campaign.campaign_id), (campaign.settings_version, sender, settings)
        kept = self._kept.get(identity)
        if kept is None or kept[0] != made_of or kept[1].campaign.content_id != campaign.content_id:
            attachments, images = self._records.files(campaign)
            composer = Composer(
                content=self._records.compiled(campaign.merchant_id, campaign.content_id),
                campaign=campaign,
                sender=sender,
                settings=settings,
                house=self._house,
                attachments=attachments,
                inline_images=images,
            )
            kept = self._kept[identity] = (made_of, composer)
            if len(self._kept) > COMPOSERS_MAX:
                self._kept.popitem(last=False)
        self._kept.move_to_end(identity)
        return kept[1]

    def supplying(self, campaign: Campaign) -> Supplying:
        """Return what gets the supplies of *campaign*."""
        return Supplying(store=self._store, suppliers=self._suppliers, campaign=campaign)
