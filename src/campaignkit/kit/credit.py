"""A merchant's credit: what there is, what a campaign needs, and what everything came to cost."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.recipients import Intake
from campaignkit.campaign.status import RecipientStatus
from campaignkit.credits.balances import Balance, make_balance
from campaignkit.credits.entries import Entry, due_lapses
from campaignkit.credits.estimating import Estimate, estimate
from campaignkit.credits.posting import AdjustCredit, CreditRequest, GrantCredit, RefundCredit
from campaignkit.credits.reconciling import BillLine, Reconciliation, reconcile
from campaignkit.credits.statements import Statement, make_statement
from campaignkit.errors import NoPriceTable
from campaignkit.insight.preflight import CreditNeed
from campaignkit.kit.base import MerchantBase, aware
from campaignkit.kit.door import Permission, verb
from campaignkit.kit.texts import part_counts, sample_supply
from campaignkit.message.supplies import Supply

__all__ = ["CREDIT_PAGE_MAX", "CreditVerbs", "MerchantCredits"]

CREDIT_PAGE_MAX = 1000
_UNSENT = {RecipientStatus.PENDING, RecipientStatus.CLAIMED}


class _Estimating(MerchantBase):
    """What campaigns need."""

    def _estimate_at(self, campaign: Campaign, at: datetime, supply: Supply) -> Estimate:
        """Return what the texts of *campaign* need that are still to be sent, at the prices of *at*."""
        if self._prices is None:
            raise NoPriceTable(at.isoformat())
        prices = self._prices.in_force(at)
        rows = (row for row in self._rows(campaign.campaign_id, Intake.RECIPIENT) if row.status in _UNSENT)
        counts = part_counts(self._records, self._workshop, self.settings, campaign, rows, supply)
        return estimate(((row.address, parts) for row, parts in counts), prices)


class MerchantCredits(_Estimating):
    """What a merchant has bought and spent; made by ``merchant.credits``. Every verb passes the merchant's door."""

    @verb(Permission.GRANT_CREDIT)
    def grant(self, count: int, *, key: str, expires_at: datetime | None = None, note: str = "") -> Entry:
        """Add a lot of *count* credits and return its entry; campaigns that wait for credit go on.

        Args:
            key: Of this grant, such as the number of an invoice: told twice, it is granted once.
            expires_at: Aware; never, if left out.

        Raises:
            KeyReused: the key stands for something else.
            InvalidCredits: *count* or *key* is none, or it has expired already.
        """
        return self._post(GrantCredit(key=key, count=count, expires_at=aware("expires_at", expires_at), note=note))

    @verb(Permission.GRANT_CREDIT)
    def adjust(self, count: int, *, key: str, expires_at: datetime | None = None, note: str = "") -> Entry:
        """Correct what was granted: a lot more, or with a *count* below 0 so much less.

        Raises:
            InsufficientCredits: less is available than is to be taken away.
            KeyReused, InvalidCredits: as ``grant``.
        """
        return self._post(AdjustCredit(key=key, count=count, expires_at=aware("expires_at", expires_at), note=note))

    @verb(Permission.GRANT_CREDIT)
    def refund(self, count: int, *, of: str, key: str, note: str = "") -> Entry:
        """Give back *count* credits of what the message *of* came to cost, as the statement names it.

        Raises:
            HoldNotFound: there is no such message.
            CreditsExceeded: fewer of its credits are spent and not yet refunded.
            KeyReused: the key stands for something else.
        """
        return self._post(RefundCredit(key=key, of=of, count=count, note=note))

    @verb(Permission.VIEW_CAMPAIGN)
    def balance(self) -> Balance:
        """Return what there is now."""
        return make_balance(self._store.lots(self.merchant_id), self._clock.now())

    @verb(Permission.VIEW_CAMPAIGN)
    def estimate(self, campaign_id: str) -> Estimate:
        """Return what the texts need that are still to be sent, by country, at the prices of its start.

        Raises:
            NoPriceTable: no prices are in force, or the kit was made without any.
            ValueError: it is no campaign of texts.
        """
        campaign = self._campaign(campaign_id)
        if campaign.channel is not Channel.SMS:
            raise ValueError("only texts cost credit")
        now = self._clock.now()
        supply = sample_supply(self._workshop, self._store, campaign)
        return self._estimate_at(campaign, max(now, campaign.start_at or now), supply)

    @verb(Permission.VIEW_CAMPAIGN)
    def statement(self, *, since: datetime | None = None, until: datetime | None = None) -> Statement:
        """Return opening, movements and closing of a period; by default all until now.

        Raises:
            ValueError: a datetime is naive, or the period ends before it begins.
        """
        end = aware("until", until) or self._clock.now()
        entries = (*self._entries(), *due_lapses(self._store.lots(self.merchant_id), end))
        return make_statement(entries, since=aware("since", since), until=end)

    @verb(Permission.VIEW_CAMPAIGN)
    def reconcile(
        self, bill: Iterable[BillLine], *, since: datetime | None = None, until: datetime | None = None
    ) -> Reconciliation:
        """Return where a provider's bill for a period differs from what was spent here, message by message.

        Lines name a message as the provider did, or as the statement does.

        Raises:
            ValueError: a datetime is naive.
        """
        return reconcile(self._entries(), bill, since=aware("since", since), until=aware("until", until))

    def _post(self, request: CreditRequest) -> Entry:
        (entry,) = self._store.post(self.merchant_id, [request])
        return entry

    def _entries(self) -> Iterator[Entry]:
        yield from self._store.posted(self.merchant_id)
        after: tuple[str, int] | None = None
        while page := self._store.charged(self.merchant_id, after=after, limit=CREDIT_PAGE_MAX):
            for attempt in page:
                yield from attempt.credit_entries
            after = (page[-1].recipient_id, page[-1].epoch)


class CreditVerbs(_Estimating):
    """The way to a merchant's credit."""

    @property
    def credits(self) -> MerchantCredits:
        """What the merchant has bought and spent."""
        return MerchantCredits(
            settings=self.settings,
            actor=self.actor,
            store=self._store,
            clock=self._clock,
            new_id=self._new_id,
            transport_of=self._transport_of,
            require_open=self._require_open,
            workshop=self._workshop,
            predicates=self._predicates,
            prices=self._prices,
        )

    def _credit_need(
        self, campaign: Campaign, start_at: datetime, deadline: datetime | None, supply: Supply
    ) -> CreditNeed | None:
        """Return what a campaign's texts need and what there is; None for mail, and where texts cost nothing.

        What expires by the deadline is not counted on; without one, what expires by the start.
        """
        if campaign.channel is not Channel.SMS or self._prices is None:
            return None
        at = max(start_at, self._clock.now())
        try:
            need = self._estimate_at(campaign, at, supply)
        except NoPriceTable:
            return CreditNeed(is_price_missing=True)
        balance = make_balance(self._store.lots(self.merchant_id), self._clock.now())
        return CreditNeed(
            needed=need.credits,
            available=balance.available,
            expiring=balance.expiring_by(deadline or at),
            unpriced_count=sum(one.count for one in need.refused),
        )
