"""Adding, removing, listing, counting and explaining recipients; suppressing addresses."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from campaignkit.addresses.channel import Rejection
from campaignkit.audience.contacts import Contact
from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.recipients import CampaignRecipient, Intake, IntakeResult
from campaignkit.campaign.status import RecipientEvent, RecipientStatus
from campaignkit.errors import InvalidAddress, RecipientBusy, RecipientNotFound
from campaignkit.insight.explain import Explanation, explain
from campaignkit.kit.base import PAGE_MAX, MerchantBase
from campaignkit.kit.door import Permission, verb
from campaignkit.kit.intake import batches, row_of
from campaignkit.kit.results import AddedRecipients, CampaignCounts
from campaignkit.ports import RecipientQuery

__all__ = ["RecipientVerbs"]

INTAKE_BATCH = 1000  # rows per commit: large enough to be fast, small enough to hold the database briefly


class RecipientVerbs(MerchantBase):
    """The verbs on recipients and addresses."""

    @verb(Permission.ADD_RECIPIENT)
    def add_recipients(
        self,
        campaign_id: str,
        contacts: Contact | Rejection | Iterable[Contact | Rejection],
        *,
        where: Callable[[Contact], bool] | None = None,
    ) -> AddedRecipients:
        """Add one contact or a stream of them, a thousand per commit; adding the same ones again adds nothing.

        Exclusions and rejections are kept as well, so that every row can be explained.

        Args:
            where: Only contacts for which it is true become recipients; the others are excluded as ``filtered``.

        Raises:
            CampaignNotFound, NotEditable: there is no such campaign, or it is finished or cancelled.
        """
        campaign = self._campaign(campaign_id)
        items = (contacts,) if isinstance(contacts, Contact | Rejection) else contacts
        tally: Counter[IntakeResult] = Counter()
        for batch in batches(items, INTAKE_BATCH):
            now = self._clock.now()
            rows = [row_of(item, campaign, where=where, new_id=self._new_id, now=now) for item in batch]
            tally.update(self._store.add_recipients(self.merchant_id, campaign_id, rows))
        return AddedRecipients(
            added=tally[IntakeResult.ADDED],
            existing=tally[IntakeResult.EXISTING],
            excluded=tally[IntakeResult.EXCLUDED],
            rejected=tally[IntakeResult.REJECTED],
        )

    @verb(Permission.REMOVE_RECIPIENT)
    def remove_recipient(self, campaign_id: str, who: str) -> None:
        """Take one recipient out; it stays visible as cancelled.

        Raises:
            RecipientNotFound: nobody on this campaign answers to *who*.
            RecipientBusy: a worker holds it now, or it has come to its end.
        """
        campaign = self._campaign(campaign_id)
        found = self._find(campaign, who)
        moved = self._store.move_recipients(
            self.merchant_id,
            campaign_id,
            RecipientEvent.CANCEL,
            reason="removed",
            recipient_ids=[found.recipient_id],
        )
        if moved == 0:
            raise RecipientBusy(found.recipient_id, found.status)

    @verb(Permission.VIEW_CAMPAIGN)
    def recipients(
        self, campaign_id: str, status: str | None = None, after: str | None = None, limit: int = 100
    ) -> tuple[CampaignRecipient, ...]:
        """Return recipients in order of their ids, at most *limit* and 1,000, those after the id *after*."""
        self._campaign(campaign_id)
        query = RecipientQuery(
            intake=Intake.RECIPIENT,
            status=None if status is None else RecipientStatus(status),
            after=after,
            limit=min(limit, PAGE_MAX),
        )
        return tuple(self._store.list_recipients(self.merchant_id, campaign_id, query))

    @verb(Permission.VIEW_CAMPAIGN)
    def exclusions(self, campaign_id: str, after: str | None = None, limit: int = 100) -> tuple[CampaignRecipient, ...]:
        """Return the contacts that were left out, each with its reason, paged like ``recipients``."""
        self._campaign(campaign_id)
        query = RecipientQuery(intake=Intake.EXCLUSION, after=after, limit=min(limit, PAGE_MAX))
        return tuple(self._store.list_recipients(self.merchant_id, campaign_id, query))

    @verb(Permission.VIEW_CAMPAIGN)
    def counts(self, campaign_id: str) -> CampaignCounts:
        """Return how many rows the campaign has, by what became of them; they add up."""
        self._campaign(campaign_id)
        counts = self._store.count_recipients(self.merchant_id, campaign_id)
        by_status: Counter[RecipientStatus] = Counter()
        left_out: dict[Intake, Counter[str]] = {Intake.EXCLUSION: Counter(), Intake.REJECTION: Counter()}
        for count in counts:
            if count.intake is Intake.RECIPIENT:
                by_status[count.status] += count.count
            else:
                left_out[count.intake][count.reason] += count.count
        return CampaignCounts(
            rows=sum(count.count for count in counts),
            recipients=by_status.total(),
            by_status=dict(by_status),
            exclusions=dict(left_out[Intake.EXCLUSION]),
            rejections=dict(left_out[Intake.REJECTION]),
        )

    @verb(Permission.VIEW_CAMPAIGN)
    def explain(self, campaign_id: str, who: str) -> Explanation:
        """Return what became of one row and why.

        Args:
            who: A recipient's id, the host's contact id, an address in any spelling, or ``row 12`` of the list.

        Raises:
            CampaignNotFound, RecipientNotFound: there is no such campaign, or nobody on it answers to *who*.
        """
        campaign = self._campaign(campaign_id)
        trail = self._store.trail(self.merchant_id, self._find(campaign, who).recipient_id)
        if trail is None:
            raise RecipientNotFound(campaign_id)
        return explain(trail, campaign, zone=self.settings.zone)

    @verb(Permission.SUPPRESS_ADDRESS)
    def suppress(self, address: str, *, reason: str) -> None:
        """Never write to this address again; whoever is pending under it is skipped in every campaign.

        Raises:
            InvalidAddress: it is neither an email address nor a phone number.
        """
        self._store.suppress(self.merchant_id, [self._key_of(address)], reason=reason)

    def _find(self, campaign: Campaign, who: str) -> CampaignRecipient:
        """Return the row that *who* names: recipients before exclusions, where both answer."""
        for query in self._queries(who):
            rows = self._store.list_recipients(self.merchant_id, campaign.campaign_id, query)
            if rows:
                return min(rows, key=lambda row: row.intake is not Intake.RECIPIENT)
        raise RecipientNotFound(campaign.campaign_id)

    def _queries(self, who: str) -> Iterator[RecipientQuery]:
        yield RecipientQuery(recipient_id=who, limit=1)
        yield RecipientQuery(contact_id=who)
        row_number = who.removeprefix("row ")
        if row_number != who and row_number.isdecimal():
            yield RecipientQuery(row_number=int(row_number))
        key = self._find_key(who)
        if key is not None:
            yield RecipientQuery(address_key=key)

    def _key_of(self, address: str) -> str:
        key = self._find_key(address)
        if key is None:
            raise InvalidAddress("address", "malformed", "this is neither an email address nor a phone number")
        return key
