"""How MemoryStore hands out work and takes it back: ``ports.DispatchStore`` over the tables."""

import heapq
from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.recipients import Attempt, CampaignRecipient
from campaignkit.campaign.records import CampaignRecord, in_turns
from campaignkit.campaign.status import CampaignEvent, CampaignStatus, RecipientStatus, transition
from campaignkit.credits.lots import Shares
from campaignkit.delivery.begin import (
    BeginAnswer,
    BeginFacts,
    BeginVerdict,
    CampaignFacts,
    Clearance,
    RecipientFacts,
    decide,
)
from campaignkit.delivery.crediting import CREDIT_CAME, EndedHold, end_holds, ended_by, given_up, waits_for_credit
from campaignkit.delivery.moving import (
    at_epoch,
    begun,
    claimed,
    ended_by_begin,
    facts_of,
    left_in_doubt,
    never_confirmed,
    settle_facts_of,
    settled,
)
from campaignkit.delivery.settling import (
    NOT_ACCEPTED,
    SettleFacts,
    Settlement,
    SettleResult,
    Uncounted,
    echoes,
    give_back_all,
    settle_one,
    uncounts,
)
from campaignkit.delivery.sharing import Demand, Share, share
from campaignkit.ports import Claim, Due, DueList, Reaped
from campaignkit.stores.memory.recipients import copied
from campaignkit.stores.memory.tables import MemoryTables

__all__ = ["MemoryDispatch"]

READY_MAX = 1000  # a worker claims less than that at a time; counting on would cost and tell nothing

_BUSY = (RecipientStatus.CLAIMED, RecipientStatus.SENDING)


class MemoryDispatch(MemoryTables):
    """due, claim, begin, settle, release, reap."""

    def due(self, now: datetime, /, *, limit: int, after: tuple[str, str] | None = None) -> DueList:
        with self._lock:
            now = now if self._own_clock is None else self._now()  # as claim and begin will look at it
            awake = [campaign for campaign in self._documents.campaigns() if campaign.is_awake(now)]
            shares = self._shares([one for one in awake if not one.is_resting(now)], now)
            chosen = in_turns(awake, after)[: max(limit, 0)]
            due = tuple(
                self._due(one, shares.get(one.identity) or Share(self._ready_count(one, now)), now) for one in chosen
            )
            return DueList(due, self._next_at(now), None if self._own_clock is None else now)

    def _shares(self, awake: Sequence[CampaignRecord], now: datetime) -> dict[tuple[str, str], Share]:
        demands = [
            Demand(
                merchant_id=campaign.merchant_id,
                campaign_id=campaign.campaign_id,
                priority=campaign.priority,
                ready_count=self._ready_count(campaign, now),
                limit_scopes=campaign.limit_scopes,
            )
            for campaign in awake
        ]
        shares = share(demands, self._limits, now)
        # One that has yet to start is kept its part, but not from starting.
        return {
            campaign.identity: one
            for campaign, one in zip(awake, shares, strict=True)
            if campaign.status is CampaignStatus.SENDING
        }

    def _ready_count(self, campaign: CampaignRecord, now: datetime) -> int:
        pending = self._recipients.in_status(*campaign.identity, RecipientStatus.PENDING)
        return min(sum(row.not_before <= now for row in pending), READY_MAX)

    def _due(self, campaign: CampaignRecord, granted: Share, now: datetime) -> Due:
        pending = self._recipients.in_status(*campaign.identity, RecipientStatus.PENDING)
        leases = [row.lease_until for row in self._recipients.in_status(*campaign.identity, *_BUSY) if row.lease_until]
        return Due(
            merchant_id=campaign.merchant_id,
            campaign_id=campaign.campaign_id,
            ready_count=granted.count,
            next_pending_at=min((row.not_before for row in pending if row.not_before > now), default=None),
            next_lease_at=min(leases, default=None),
            limited_until=granted.limited_until,
        )

    def _next_at(self, now: datetime) -> datetime | None:
        starts = [
            campaign.next_at
            for campaign in self._documents.campaigns()
            if campaign.status is CampaignStatus.SCHEDULED and campaign.next_at is not None and campaign.next_at > now
        ]
        leases = [row.lease_until for row in self._recipients.everywhere(*_BUSY) if row.lease_until is not None]
        return min(starts + leases, default=None)

    def claim(
        self,
        merchant_id: str,
        campaign_id: str,
        /,
        *,
        worker_id: str,
        token: str,
        lease: timedelta,
        limit: int,
    ) -> Sequence[Claim]:
        with self._lock:
            now = self._now()
            campaign = self._documents.campaign(merchant_id, campaign_id)
            if campaign is None or campaign.status is not CampaignStatus.SENDING:
                return []
            taken = self._recipients.in_status(merchant_id, campaign_id, RecipientStatus.CLAIMED)
            held = sorted((row for row in taken if row.claim_token == token), key=_order)
            if not held:
                for row in self._claimable(merchant_id, campaign_id, now, limit):
                    held.append(claimed(row, now, lease=lease, worker_id=worker_id, token=token))
                    self._recipients.put(held[-1])
            return [Claim(recipient=copied(row)) for row in held]

    def _claimable(self, merchant_id: str, campaign_id: str, now: datetime, limit: int) -> Sequence[CampaignRecipient]:
        pending = self._recipients.in_status(merchant_id, campaign_id, RecipientStatus.PENDING)
        return heapq.nsmallest(limit, (row for row in pending if row.not_before <= now), key=_order)

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        with self._lock:
            now = self._now()
            self._settle_all(settlements, now)
            paying = {one.merchant_id for one in clearances if one.price is not None}
            purses = {merchant_id: self._credit.purse(merchant_id, now) for merchant_id in paying}
            decision = decide(self._begin_facts(clearances, now), clearances, now, purses)
            self._limits.update(decision.limits)
            for merchant_id, purse in purses.items():
                self._credit.keep(merchant_id, purse)
            for clearance, answer in zip(clearances, decision.answers, strict=True):
                if answer.verdict is BeginVerdict.GO:
                    shares = decision.shares.get((clearance.merchant_id, clearance.recipient_id), ())
                    self._begin_one(clearance, now, lease, shares)
                else:
                    self._end_claimed(clearance, answer, now)
            return decision.answers

    def _begin_facts(self, clearances: Sequence[Clearance], now: datetime) -> BeginFacts:
        campaigns: dict[tuple[str, str], CampaignFacts] = {}
        recipients: dict[tuple[str, str], RecipientFacts] = {}
        for one in clearances:
            campaign = self._documents.campaign(one.merchant_id, one.campaign_id)
            row = self._recipients.get(one.merchant_id, one.recipient_id)
            if campaign is not None and row is not None:
                campaigns[one.merchant_id, one.campaign_id] = CampaignFacts(campaign.status, campaign.settings_version)
                recipients[one.merchant_id, one.recipient_id] = facts_of(row)
        keys = {scope.key for one in clearances for scope in one.limit_scopes}
        return BeginFacts(
            campaigns=campaigns,
            recipients=recipients,
            suppressed=frozenset(
                (merchant_id, recipient.address_key)
                for (merchant_id, _), recipient in recipients.items()
                if self._is_suppressed(merchant_id, recipient.address_key)
            ),
            limits={key: self._limits[key] for key in keys if key in self._limits},
            marketing=self._marketing(clearances, now),
        )

    def _marketing(self, clearances: Sequence[Clearance], now: datetime) -> dict[tuple[str, str], tuple[datetime, ...]]:
        """Return when marketing to those who are asked about began, within the days of their caps."""
        since = {(one.merchant_id, one.address_key): now - one.cap.length for one in clearances if one.cap is not None}
        return {person: self._marketing_to(*person, earliest) for person, earliest in since.items()}

    def _marketing_to(self, merchant_id: str, address_key: str, since: datetime) -> tuple[datetime, ...]:
        return tuple(
            attempt.began_at
            for row in self._recipients.with_address(merchant_id, address_key)
            if self._campaign_of(row).is_marketing
            for attempt in self._recipients.attempts(merchant_id, row.recipient_id)
            if attempt.began_at is not None and attempt.began_at > since and attempt.may_be_accepted
            if not row.is_about_to_repeat(attempt)
        )

    def _begin_one(self, clearance: Clearance, now: datetime, lease: timedelta, shares: Shares) -> None:
        row = self._recipients.get(clearance.merchant_id, clearance.recipient_id)
        assert row is not None
        sending, attempt = begun(row, clearance, now, lease=lease, shares=shares)
        self._recipients.put(sending)
        self._recipients.put_attempt(attempt)

    def _end_claimed(self, clearance: Clearance, answer: BeginAnswer, now: datetime) -> None:
        row = self._recipients.get(clearance.merchant_id, clearance.recipient_id)
        ended = None if row is None else ended_by_begin(row, answer, now)
        if ended is not None:
            self._recipients.put(ended)

    def settle(self, settlements: Sequence[Settlement], /) -> Sequence[SettleResult]:
        with self._lock:
            return self._settle_all(settlements, self._now())

    def _settle_all(self, settlements: Sequence[Settlement], now: datetime) -> list[SettleResult]:
        return [self._settle_one(settlement, now) for settlement in settlements]

    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        row = self._recipients.get(settlement.merchant_id, settlement.recipient_id)
        if row is None:
            return SettleResult.STALE
        facts = self._settle_facts(row)
        became = settle_one(facts, settlement, now)
        if isinstance(became, SettleResult):
            return became
        tried = self._recipients.attempts(row.merchant_id, row.recipient_id)
        attempt = at_epoch(tried, row, settlement.epoch)
        if attempt.began_at is not None and uncounts(settlement):
            self._limits = give_back_all(self._limits, [Uncounted(settlement.limit_scopes, attempt.began_at)])
        after, settled_attempt = settled(row, attempt, settlement, became, now)
        self._recipients.put_attempt(settled_attempt)
        hold = ended_by(settlement, attempt.credit_shares) if attempt.is_holding else None
        if hold is not None:
            self._end_hold(hold, now)
        if after is not row:
            self._recipients.put(after)
        if after is not row and after.status is RecipientStatus.PENDING:
            self._reopen(row.merchant_id, row.campaign_id, NOT_ACCEPTED, now)
        self._echo(facts, settlement, now)
        return SettleResult.APPLIED

    def _echo(self, facts: SettleFacts, settlement: Settlement, now: datetime) -> None:
        """Settle the other tries of a message that was repeated."""
        self._settle_all(echoes(facts, settlement), now)

    def _end_hold(self, hold: EndedHold, now: datetime) -> None:
        """End what a message holds: on its attempt, and in the lots that paid."""
        purse = self._credit.purse(hold.merchant_id, now)
        (ended,) = end_holds(purse, [hold])
        self._credit.keep(hold.merchant_id, purse)
        attempt = self._recipients.attempt_at(hold.merchant_id, hold.recipient_id, hold.epoch)
        assert attempt is not None
        self._recipients.put_attempt(
            attrs.evolve(attempt, credit_spent=hold.spent, credit_expired=ended.expired, credit_ended_at=now)
        )
        if ended.returned:
            self._wake_waiting_for_credit(hold.merchant_id, now)

    def _wake_waiting_for_credit(self, merchant_id: str, now: datetime) -> None:
        """Make the merchant's campaigns due that are scheduled and wait for credit."""
        waiting = [
            campaign.campaign_id
            for campaign in self._documents.campaigns()
            if campaign.merchant_id == merchant_id and campaign.status is CampaignStatus.SCHEDULED
        ]
        for campaign_id in waiting:
            document = self._documents.load(merchant_id, "campaign", campaign_id)
            if document is None or document.body is None or not waits_for_credit(document.body):
                continue
            woken = attrs.evolve(document, body={**document.body, "next_at": now.isoformat()})
            self._documents.put(woken, revision=document.revision + 1)
            self._documents.add_note(merchant_id, campaign_id, TimelineEntry(at=now, what="woken", why=CREDIT_CAME))

    def _settle_facts(self, row: CampaignRecipient) -> SettleFacts:
        tried = self._recipients.attempts(row.merchant_id, row.recipient_id)
        return settle_facts_of(row, tried, self._ground(row))

    def _reopen(self, merchant_id: str, campaign_id: str, why: str, now: datetime) -> None:
        """Let a finished campaign send again: somebody on it is pending."""
        document = self._documents.load(merchant_id, "campaign", campaign_id)
        assert document is not None
        assert document.body is not None
        if document.body["status"] != CampaignStatus.FINISHED:
            return
        status = transition(CampaignStatus.FINISHED, CampaignEvent.REOPEN)
        body = {**document.body, "status": status.value, "finished_at": None}
        self._documents.put(attrs.evolve(document, body=body), revision=document.revision + 1)
        self._documents.add_note(merchant_id, campaign_id, TimelineEntry(at=now, what="reopened", why=why))

    def release(
        self, claims: Sequence[Claim], /, *, not_before: datetime | None = None, reason: str = "", detail: str = ""
    ) -> int:
        with self._lock:
            now, released = self._now(), 0
            for claim in claims:
                row = self._recipients.get(claim.recipient.merchant_id, claim.recipient.recipient_id)
                if row is None or row.status is not RecipientStatus.CLAIMED or row.epoch != claim.epoch:
                    continue
                self._give_back(row, now, not_before=not_before or row.not_before, reason=reason, detail=detail)
                released += 1
            return released

    def reap(self) -> Reaped:
        with self._lock:
            now = self._now()
            released, in_doubt, unknown = (
                [row for row in self._recipients.everywhere(status) if _is_past(row, now)]
                for status in (RecipientStatus.CLAIMED, RecipientStatus.SENDING, RecipientStatus.IN_DOUBT)
            )
            for row in released:
                self._give_back(row, now, not_before=row.not_before, reason="lease_expired")
            for row in in_doubt:
                self._recipients.put(left_in_doubt(row, now))
            for row in unknown:
                self._give_up(self._recipients.attempt(row), now)
                self._recipients.put(never_confirmed(row, now))
            for attempt in self._recipients.left_open(now):
                self._give_up(attempt, now)
            return Reaped(len(released), len(in_doubt), len(unknown))

    def _give_up(self, attempt: Attempt, now: datetime) -> None:
        """Charge what an attempt holds that nobody will ever know of, and expect nothing of it any more."""
        if attempt.doubt_until is not None:
            self._recipients.put_attempt(attrs.evolve(attempt, doubt_until=None))
        if attempt.is_holding:
            hold = given_up(attempt.merchant_id, attempt.recipient_id, attempt.epoch, attempt.credit_shares)
            self._end_hold(hold, now)


def _order(row: CampaignRecipient) -> tuple[datetime, str]:
    return (row.not_before, row.recipient_id)


def _is_past(row: CampaignRecipient, now: datetime) -> bool:
    end = row.doubt_until if row.status is RecipientStatus.IN_DOUBT else row.lease_until
    return end is not None and end <= now
