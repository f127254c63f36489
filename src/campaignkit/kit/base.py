"""What every room of a merchant's verbs shares: the door, the store, and loading and changing campaigns."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from campaignkit.addresses.channel import Rejection
from campaignkit.addresses.email import parse_email
from campaignkit.addresses.phone import parse_phone
from campaignkit.audience.targeting.matching import HostFunction
from campaignkit.campaign.campaign import Campaign, MerchantSettings, TimelineEntry
from campaignkit.campaign.digests import message_digest
from campaignkit.campaign.documents import campaign_of
from campaignkit.campaign.doubts import DoubtPolicy
from campaignkit.campaign.recipients import CampaignRecipient, Intake
from campaignkit.campaign.senders import Sender
from campaignkit.campaign.status import CampaignStatus
from campaignkit.credits.prices import PriceBook
from campaignkit.dispatch.records import Records
from campaignkit.dispatch.repeating import is_idempotent
from campaignkit.dispatch.workshop import Workshop
from campaignkit.errors import CampaignNotFound, IllegalTransition, RevisionConflict
from campaignkit.kit.door import Actor, Permission
from campaignkit.ports import Clock, NewId, RecipientQuery, SaveGuard, Store, Transport

__all__ = ["PAGE_MAX", "SAVE_TRIES", "MerchantBase", "aware"]

PAGE_MAX = 1000
SAVE_TRIES = 10  # a worker may move a campaign while it is edited; each try starts from what is stored


class MerchantBase:
    """A merchant's handle below its verbs."""

    def __init__(
        self,
        *,
        settings: MerchantSettings,
        actor: Actor | None,
        store: Store,
        clock: Clock,
        new_id: NewId,
        transport_of: Callable[[Sender], Transport | None],
        require_open: Callable[[], None],
        workshop: Workshop,
        predicates: Mapping[str, HostFunction] | None = None,
        prices: PriceBook | None = None,
    ) -> None:
        self.settings = settings
        self.actor = actor
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._transport_of = transport_of
        self._require_open = require_open
        self._workshop = workshop
        self._predicates = predicates or {}
        self._prices = prices
        self._records = Records(store, clock)

    @property
    def merchant_id(self) -> str:
        return self.settings.merchant_id

    def enter(self, permission: Permission, /) -> None:
        """The door: every verb comes by here before it runs."""
        del permission  # permissions are asked for here once an Authorizer can be given
        self._require_open()

    def _campaign(self, campaign_id: str) -> Campaign:
        found = self._records.campaign(self.merchant_id, campaign_id)
        if found is None:
            raise CampaignNotFound(campaign_id)
        return found

    def _repeated_content(self, campaign: Campaign) -> str:
        """Return the digest of the message that *campaign* sends again by itself when in doubt; empty: none."""
        if campaign.on_doubt is not DoubtPolicy.RESEND_IF_IDEMPOTENT:
            return ""
        sender = self._records.find_sender(self.merchant_id, campaign.sender_id)
        is_known_again = sender is not None and is_idempotent(self._transport_of(sender))
        return message_digest(campaign, sender) if sender is not None and is_known_again else ""

    def _campaigns(self, status: CampaignStatus | None, *, after: str | None, limit: int) -> tuple[Campaign, ...]:
        wanted = None if status is None else status.value
        documents = self._store.scan(self.merchant_id, "campaign", status=wanted, after=after, limit=limit)
        return tuple(
            campaign_of(self.merchant_id, document.document_id, document.body, document.revision)
            for document in documents
            if document.body is not None
        )

    def _change(
        self,
        campaign_id: str,
        change: Callable[[Campaign], Campaign],
        note: TimelineEntry,
        guard: SaveGuard = SaveGuard.NONE,
    ) -> Campaign:
        """Apply *change* to what is stored; if a worker moved the campaign meanwhile, to what is stored then."""
        for _ in range(SAVE_TRIES):
            campaign = self._campaign(campaign_id)
            edited = change(campaign)
            if edited == campaign:
                return campaign
            try:
                saved = self._records.save_campaign(edited, note, guard)
            except RevisionConflict:
                continue
            if saved is None:
                raise IllegalTransition(campaign.status, "unschedule")
            return saved
        raise RevisionConflict("campaign", campaign_id)

    def _rows(self, campaign_id: str, intake: Intake) -> Iterator[CampaignRecipient]:
        """Yield all rows of one intake, a page at a time."""
        after: str | None = None
        while True:
            query = RecipientQuery(intake=intake, after=after, limit=PAGE_MAX)
            page = self._store.list_recipients(self.merchant_id, campaign_id, query)
            yield from page
            if len(page) < PAGE_MAX:
                return
            after = page[-1].recipient_id

    def _note(self, what: str, why: str, **facts: str) -> TimelineEntry:
        actor = self.actor.name if self.actor else ""
        return TimelineEntry(at=self._clock.now(), what=what, why=why, actor=actor, facts=facts)

    def _find_key(self, address: str) -> str | None:
        email = parse_email(address)
        if not isinstance(email, Rejection):
            return email.key
        phone = parse_phone(address, region=self.settings.region)
        return None if isinstance(phone, Rejection) else phone.key


def aware(name: str, at: datetime | None) -> datetime | None:
    """Return *at* in UTC; a naive datetime is a ValueError."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError(f"{name} must be an aware datetime, such as datetime(…, tzinfo=ZoneInfo('Europe/Warsaw'))")
    return at.astimezone(UTC)
