"""Adding, removing, listing, counting and explaining recipients; suppressing addresses."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from campaignkit.addresses.channel import Channel, Rejection
from campaignkit.audience.choosing import Selector, Where, targeting_of
from campaignkit.audience.contacts import Contact
from campaignkit.audience.targeting import Filter, Got, Targeting, TargetingReport, filter_from_dict
from campaignkit.audience.targeting.matching import leaves_of
from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.recipients import CampaignRecipient, Intake, IntakeResult, ReaddressResult
from campaignkit.campaign.status import LIVE_STATUSES, Delivery, RecipientEvent, RecipientStatus
from campaignkit.errors import AddressTaken, InvalidAddress, RecipientBusy, RecipientNotFound
from campaignkit.insight.explain import Explanation, explain
from campaignkit.kit.base import PAGE_MAX
from campaignkit.kit.door import Permission, verb
from campaignkit.kit.intake import batches, corrected, row_of, rules_of
from campaignkit.kit.numbers import NumberVerbs
from campaignkit.kit.results import AddedRecipients, CampaignCounts
from campaignkit.kit.targeting import find_report, history_of, keep_report
from campaignkit.ports import RecipientQuery

__all__ = ["RecipientVerbs"]

INTAKE_BATCH = 1000  # rows per commit: large enough to be fast, small enough to hold the database briefly


class RecipientVerbs(NumberVerbs):
    """The verbs on recipients and addresses."""

    @verb(Permission.ADD_RECIPIENT)
    def add_recipients(
        self,
        campaign_id: str,
        contacts: Contact | Rejection | Iterable[Contact | Rejection],
        *,
        where: Where | Mapping[str, Any] | None = None,
    ) -> AddedRecipients:
        """Add one contact or a stream of them, a thousand per commit; adding the same ones again adds nothing.

        Exclusions and rejections are kept as well, so that every row can be explained. The audience is a snapshot:
        what the filter says is said now, history and dates as they stand. Numbers that look made up and come into a
        campaign that may send already pause it (``confirm_numbers``).

        Args:
            where: A filter, the table that ``filter_to_dict`` makes of one, or a function; only contacts for which it
                is true become recipients, and the others are excluded as ``filtered``.

        Raises:
            CampaignNotFound, NotEditable: there is no such campaign, or no such one as the filter asks the history of;
                or it is finished or cancelled.
            ValueError: the filter's table describes none, or asks a function that the kit was not given.
        """
        campaign = self._campaign(campaign_id)
        items = (contacts,) if isinstance(contacts, Contact | Rejection) else contacts
        targeting = None if where is None else self._targeting(where)
        selector = Selector(rules_of(campaign, self.settings), targeting)
        tally: Counter[IntakeResult] = Counter()
        for batch in batches(items, INTAKE_BATCH):
            now = self._clock.now()
            rows = [row_of(item, campaign, selector=selector, new_id=self._new_id, now=now) for item in batch]
            tally.update(self._added(campaign, rows))
        if selector.report is not None:
            keep_report(self._store, self.merchant_id, campaign_id, selector.report)
        return AddedRecipients(
            added=tally[IntakeResult.ADDED],
            existing=tally[IntakeResult.EXISTING],
            excluded=tally[IntakeResult.EXCLUDED],
            rejected=tally[IntakeResult.REJECTED],
        )

    def _added(self, campaign: Campaign, rows: Sequence[CampaignRecipient]) -> Sequence[IntakeResult]:
        """Add one batch; texts to numbers that look made up wait for a person before they can leave."""
        if campaign.channel is not Channel.SMS:
            return self._store.add_recipients(self.merchant_id, campaign.campaign_id, rows)
        before = self._look_at_coming(campaign.campaign_id, rows)
        added = self._store.add_recipients(self.merchant_id, campaign.campaign_id, rows)
        current = self._campaign(campaign.campaign_id)
        if before not in LIVE_STATUSES and current.status in LIVE_STATUSES:  # it was scheduled in this moment
            self._look_and_hold(current)
        return added

    @verb(Permission.VIEW_CAMPAIGN)
    def targeting_report(self, campaign_id: str) -> TargetingReport | None:
        """Return what the last filter given to ``add_recipients`` did to all that came in with it; None without one."""
        return find_report(self._store, self.merchant_id, self._campaign(campaign_id).campaign_id)

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

    @verb(Permission.ADD_RECIPIENT)
    def readdress(self, campaign_id: str, who: str, address: str) -> CampaignRecipient:
        """Correct the address of one recipient while the campaign runs, and return the row as it stands then.

        Whoever was about to send to the old address cannot any more. A new address that is suppressed, say, ends the
        recipient as skipped instead of pending.

        Args:
            who: As for ``explain``.
            address: An email address, or a phone number in any spelling that the merchant's region allows.

        Raises:
            RecipientNotFound: nobody on this campaign answers to *who*.
            InvalidAddress: *address* is none that this campaign can send to.
            AddressTaken: another recipient of the campaign has it.
            RecipientBusy: the message is being sent, is in doubt, or was sent; it keeps the address it went to.
        """
        campaign = self._campaign(campaign_id)
        found = self._find(campaign, who)
        to = corrected(found, address, campaign=campaign, settings=self.settings)
        match self._store.readdress(self.merchant_id, campaign_id, found.recipient_id, to):
            case ReaddressResult.BUSY:
                raise RecipientBusy(found.recipient_id, self._find(campaign, found.recipient_id).status)
            case ReaddressResult.DUPLICATE:
                raise AddressTaken(found.recipient_id)
            case ReaddressResult.NOT_FOUND:
                raise RecipientNotFound(campaign_id)
            case ReaddressResult.MOVED:
                return self._find(campaign, found.recipient_id)

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
        by_delivery: Counter[Delivery] = Counter()
        left_out: dict[Intake, Counter[str]] = {Intake.EXCLUSION: Counter(), Intake.REJECTION: Counter()}
        for count in counts:
            if count.intake is Intake.RECIPIENT:
                by_status[count.status] += count.count
                by_delivery[count.delivery] += count.count
            else:
                left_out[count.intake][count.reason] += count.count
        return CampaignCounts(
            rows=sum(count.count for count in counts),
            recipients=by_status.total(),
            by_status=dict(by_status),
            by_delivery={delivery: of_it for delivery, of_it in by_delivery.items() if delivery is not Delivery.NONE},
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
        return explain(trail, campaign, zone=self.settings.zone, repeated_content=self._repeated_content(campaign))

    @verb(Permission.SUPPRESS_ADDRESS)
    def suppress(self, address: str, *, reason: str) -> None:
        """Never write to this address again; whoever is pending under it is skipped in every campaign.

        Raises:
            InvalidAddress: it is neither an email address nor a phone number.
        """
        self._store.suppress(self.merchant_id, [self._key_of(address)], reason=reason)

    @verb(Permission.SUPPRESS_ADDRESS)
    def unsuppress(self, address: str) -> bool:
        """Let campaigns write again to an address that opted out by a text, and return whether they may now.

        For a text that only looked like a STOP, or a person who asks for it. Hard bounces, complaints, unsubscribing by
        a link, and what was suppressed by hand stay.

        Raises:
            InvalidAddress: it is neither an email address nor a phone number.
        """
        key = self._key_of(address)
        self._store.lift(self.merchant_id, [key])
        return key not in self._store.suppressed(self.merchant_id, [key])

    def _targeting(self, where: Where | Mapping[str, Any]) -> Targeting:
        """Return *where* ready to judge at this moment of the merchant's zone, with the history that it asks for."""
        chosen: Where = filter_from_dict(where) if isinstance(where, Mapping) else where
        if isinstance(chosen, Targeting) or not isinstance(chosen, Filter):
            return targeting_of(chosen)
        asked = {leaf for leaf, _, _ in leaves_of(chosen) if isinstance(leaf, Got)}
        histories = {
            got: history_of(got, self._rows(self._campaign(got.campaign_id).campaign_id, Intake.RECIPIENT))
            for got in asked
        }
        now = self._clock.now().astimezone(ZoneInfo(self.settings.zone))
        return Targeting(chosen, now=now, predicates=self._predicates, histories=histories)

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
