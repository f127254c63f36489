"""Stores with one planted bug each, and the law that must find it."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from typing import Any

import attrs

from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.recipients import (
    Attempt,
    CampaignRecipient,
    NewAddress,
    ReaddressResult,
    RecipientCount,
)
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.delivery.begin import BeginAnswer, Clearance
from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.ports import Backlog, Claim, Clock, Document, DueList, Reaped, RecipientQuery, SaveGuard, Trail
from campaignkit.stores import MemoryStore
from campaignkit.timing.limits import LimitState

__all__ = ["PLANTED", "Planted", "TrustsTheWorkersClock"]


class Planted(MemoryStore):
    """What the bugs below share."""

    def epoch_of(self, merchant_id: str, recipient_id: str, otherwise: int) -> int:
        row = self._recipients.get(merchant_id, recipient_id)
        return otherwise if row is None else row.epoch

    def current(self, settlements: Sequence[Settlement]) -> list[Settlement]:
        return [
            attrs.evolve(one, epoch=self.epoch_of(one.merchant_id, one.recipient_id, one.epoch)) for one in settlements
        ]

    @contextmanager
    def pretending(self, status: CampaignStatus) -> Iterator[None]:
        """Let every campaign look as if it had *status*."""
        kept = dict(self._documents._campaigns)
        for identity, record in kept.items():
            self._documents._campaigns[identity] = attrs.evolve(record, status=status)
        try:
            yield
        finally:
            self._documents._campaigns.update(kept)


class ReleasesAnyEpoch(Planted):
    def release(self, claims: Sequence[Claim], /, **changes: Any) -> int:
        current = []
        for claim in claims:
            row = self._recipients.get(claim.recipient.merchant_id, claim.recipient.recipient_id)
            current.append(claim if row is None else Claim(recipient=row))
        return super().release(current, **changes)


class BeginsAnyEpoch(Planted):
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        current = [
            attrs.evolve(one, epoch=self.epoch_of(one.merchant_id, one.recipient_id, one.epoch)) for one in clearances
        ]
        return super().begin(current, lease=lease, settlements=settlements)


class SettlesAnyEpoch(Planted):
    def settle(self, settlements: Sequence[Settlement], /) -> Sequence[SettleResult]:
        return super().settle(self.current(settlements))


class HandsOutWhatOthersHold(Planted):
    def claim(self, merchant_id: str, campaign_id: str, /, **wish: Any) -> Sequence[Claim]:
        held = self._recipients.in_status(merchant_id, campaign_id, RecipientStatus.CLAIMED)
        return [*super().claim(merchant_id, campaign_id, **wish), *(Claim(recipient=row) for row in held)]


class ClaimsWithoutALock(Planted):
    """Reads, thinks, writes: whoever reads meanwhile gets the same ones."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._lock: Any = nullcontext()

    def _claimable(self, merchant_id: str, campaign_id: str, now: datetime, limit: int) -> Sequence[CampaignRecipient]:
        found = super()._claimable(merchant_id, campaign_id, now, limit)
        if threading.active_count() > 1:  # alone, nobody could take what it thinks about
            time.sleep(0.02)
        return found


class LosesUpdates(Planted):
    def save(self, document: Document, /, *, expected_revision: int, **rest: Any) -> Document | None:
        return super().save(document, expected_revision=self._documents.revision(document), **rest)


class SavesAgainstTheGuard(Planted):
    def save(
        self,
        document: Document,
        /,
        *,
        expected_revision: int,
        note: TimelineEntry | None = None,
        guard: SaveGuard = SaveGuard.NONE,
    ) -> Document | None:
        return super().save(document, expected_revision=expected_revision, note=note)


class CancelsWithoutThePending(Planted):
    def _cascade(self, document: Document) -> None:
        if document.body is None:
            super()._cascade(document)


class KeepsRowsOfTheDeleted(Planted):
    def _cascade(self, document: Document) -> None:
        if document.body is not None:
            super()._cascade(document)


class LendsItsBodies(Planted):
    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.lent: dict[tuple[str, str, str, int], Document] = {}

    def load(self, merchant_id: str, kind: str, document_id: str, /) -> Document | None:
        found = super().load(merchant_id, kind, document_id)
        if found is None:
            return None
        return self.lent.setdefault((merchant_id, kind, document_id, found.revision), found)


class ClaimsWhilePaused(Planted):
    def claim(self, merchant_id: str, campaign_id: str, /, **wish: Any) -> Sequence[Claim]:
        with self.pretending(CampaignStatus.SENDING):
            return super().claim(merchant_id, campaign_id, **wish)


class ForgetsTokens(Planted):
    def claim(self, merchant_id: str, campaign_id: str, /, *, token: str, **wish: Any) -> Sequence[Claim]:
        self.count = getattr(self, "count", 0) + 1
        return super().claim(merchant_id, campaign_id, token=f"{token}{self.count}", **wish)


class ClaimsTooEarly(Planted):
    def _claimable(self, merchant_id: str, campaign_id: str, now: datetime, limit: int) -> Sequence[CampaignRecipient]:
        return super()._claimable(merchant_id, campaign_id, now + timedelta(hours=1), limit)


class AcceptsAnAddressTwice(Planted):
    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._recipients.by_address = lambda row: None  # type: ignore[method-assign]


class CountsRecipientsOnly(Planted):
    def count_recipients(self, merchant_id: str, campaign_id: str, /) -> Sequence[RecipientCount]:
        counts = super().count_recipients(merchant_id, campaign_id)
        return [count for count in counts if count.intake == "recipient"]


class BeginsWhilePaused(Planted):
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        with self.pretending(CampaignStatus.SENDING):
            return super().begin(clearances, lease=lease, settlements=settlements)


class BeginsAfterAnOptOut(Planted):
    is_beginning = False

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        self.is_beginning = True
        try:
            return super().begin(clearances, lease=lease, settlements=settlements)
        finally:
            self.is_beginning = False

    def _is_suppressed(self, merchant_id: str, key: str) -> bool:
        return not self.is_beginning and super()._is_suppressed(merchant_id, key)


class BeginsWhatWasEdited(Planted):
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        trusting = []
        for one in clearances:
            campaign = self._documents.campaign(one.merchant_id, one.campaign_id)
            version = one.settings_version if campaign is None else campaign.settings_version
            trusting.append(attrs.evolve(one, settings_version=version))
        return super().begin(trusting, lease=lease, settlements=settlements)


class BeginsOutsideTheWindow(Planted):
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        return super().begin(
            [attrs.evolve(one, open_until=None) for one in clearances], lease=lease, settlements=settlements
        )


class BeginsAfterTheDeadline(Planted):
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        return super().begin(
            [attrs.evolve(one, deadline=None) for one in clearances], lease=lease, settlements=settlements
        )


class TrustsTheWorkersClock(Planted):
    worker_time: datetime | None = None

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        self.worker_time = max((one.prepared_at for one in clearances), default=None)
        try:
            return super().begin(clearances, lease=lease, settlements=settlements)
        finally:
            self.worker_time = None

    def _now(self) -> datetime:
        return self.worker_time or super()._now()


class LendsAnotherCampaignsStatus(Planted):
    """Looks campaign and recipient up apart, and never whether they belong together."""

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        if not all(self.is_sending(one) for one in clearances):
            return super().begin(clearances, lease=lease, settlements=settlements)
        with self.pretending(CampaignStatus.SENDING):
            return super().begin([self.at_home(one) for one in clearances], lease=lease, settlements=settlements)

    def is_sending(self, clearance: Clearance) -> bool:
        campaign = self._documents.campaign(clearance.merchant_id, clearance.campaign_id)
        return campaign is not None and campaign.status is CampaignStatus.SENDING

    def at_home(self, clearance: Clearance) -> Clearance:
        row = self._recipients.get(clearance.merchant_id, clearance.recipient_id)
        return clearance if row is None else attrs.evolve(clearance, campaign_id=row.campaign_id)


class CountsLimitsPerCall(Planted):
    """Takes its limits before it decides, so that a batch passes as one."""

    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        kept = dict(self._limits)
        answers: list[BeginAnswer] = []
        for one in clearances:
            self._limits = dict(kept)
            answers.extend(super().begin([one], lease=lease, settlements=settlements))
            settlements = ()
        return answers


class ForgetsWhatItIsGivenToSettle(Planted):
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        del settlements
        return super().begin(clearances, lease=lease)


class CountsWhatDidNotGo(Planted):
    def begin(
        self, clearances: Sequence[Clearance], /, *, lease: timedelta, settlements: Sequence[Settlement] = ()
    ) -> Sequence[BeginAnswer]:
        answers = super().begin(clearances, lease=lease, settlements=settlements)
        self._limits |= {scope.key: LimitState(self._now()) for one in clearances for scope in one.limit_scopes}
        return answers


class SettlesTwice(Planted):
    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        result = super()._settle_one(settlement, now)
        row = self._recipients.get(settlement.merchant_id, settlement.recipient_id)
        if row is not None and result is SettleResult.ALREADY:
            self._recipients.put(attrs.evolve(row, attempt_count=row.attempt_count + 1))
        return result


class BelievesTheNeverBegun(Planted):
    """Takes the word of a worker that its claim was accepted, though it never asked to begin."""

    def _settle_one(self, settlement: Settlement, now: datetime) -> SettleResult:
        row = self._recipients.get(settlement.merchant_id, settlement.recipient_id)
        if row is not None and row.status is RecipientStatus.CLAIMED and row.epoch == settlement.epoch:
            self._recipients.put(attrs.evolve(row, status=RecipientStatus.SENDING))
        return super()._settle_one(settlement, now)


class NeverReopens(Planted):
    def _reopen(self, merchant_id: str, campaign_id: str, why: str, now: datetime) -> None:
        pass


class LandsOnTheCancelled(Planted):
    def release(self, claims: Sequence[Claim], /, **changes: Any) -> int:
        with self.pretending(CampaignStatus.SENDING):
            return super().release(claims, **changes)


class LandsOnTheSuppressed(Planted):
    def _give_back(self, row: CampaignRecipient, now: datetime, **changes: Any) -> None:
        kept, self._suppressions = self._suppressions, {}
        try:
            super()._give_back(row, now, **changes)
        finally:
            self._suppressions = kept


class NotesAReleaseAsAnAttempt(Planted):
    def _give_back(self, row: CampaignRecipient, now: datetime, **changes: Any) -> None:
        super()._give_back(row, now, **changes)
        self._recipients.put_attempt(
            Attempt(merchant_id=row.merchant_id, recipient_id=row.recipient_id, epoch=row.epoch, verdict="not_sent")
        )


class SendsTheReapedAgain(Planted):
    def reap(self) -> Reaped:
        for row in list(self._recipients.everywhere(RecipientStatus.SENDING)):
            self._recipients.put(attrs.evolve(row, status=RecipientStatus.CLAIMED))
        return super().reap()


class ReapsTooSoon(Planted):
    is_reaping = False

    def reap(self) -> Reaped:
        self.is_reaping = True
        try:
            return super().reap()
        finally:
            self.is_reaping = False

    def _now(self) -> datetime:
        return super()._now() + timedelta(seconds=self.is_reaping)


class SwapsItsClock(Planted):
    def bind_clock(self, clock: Clock, /) -> None:
        self._own_clock = clock


class ListsEveryMerchant(Planted):
    def list_recipients(
        self, merchant_id: str, campaign_id: str, query: RecipientQuery, /
    ) -> Sequence[CampaignRecipient]:
        owners = sorted({owner for owner, _ in self._recipients._shelves} | {merchant_id})
        return [row for owner in owners for row in super(Planted, self).list_recipients(owner, campaign_id, query)]


class TrailsEveryMerchant(Planted):
    def trail(self, merchant_id: str, recipient_id: str, /) -> Trail | None:
        owners = sorted({owner for owner, _ in self._recipients._shelves} - {merchant_id})
        trails = (super(Planted, self).trail(owner, recipient_id) for owner in (merchant_id, *owners))
        return next((trail for trail in trails if trail is not None), None)


class SuppressesForAll(Planted):
    def _is_suppressed(self, merchant_id: str, key: str) -> bool:
        return any(key in keys for keys in self._suppressions.values())


class SkipsInOneCampaignOnly(Planted):
    def suppress(self, merchant_id: str, keys: Sequence[str], /, *, reason: str) -> int:
        table = self._recipients
        first = table.campaign_ids(merchant_id)[:1]
        table.campaign_ids = lambda _: first  # type: ignore[assignment]
        try:
            return super().suppress(merchant_id, keys, reason=reason)
        finally:
            del table.campaign_ids


class ServesTheFirstMerchantFirst(Planted):
    def due(self, now: datetime, /, *, limit: int, after: tuple[str, str] | None = None) -> DueList:
        return super().due(now, limit=limit)


class ReaddressesWithoutANewEpoch(Planted):
    def readdress(self, merchant_id: str, campaign_id: str, recipient_id: str, to: NewAddress, /) -> ReaddressResult:
        before = self._recipients.get(merchant_id, recipient_id)
        result = super().readdress(merchant_id, campaign_id, recipient_id, to)
        row = self._recipients.get(merchant_id, recipient_id)
        if result is ReaddressResult.MOVED and row is not None and before is not None:
            held: dict[str, Any] = {
                "lease_until": before.lease_until,
                "claim_token": before.claim_token,
                "status": before.status,
            }
            self._recipients.put(attrs.evolve(row, epoch=before.epoch, **held))
        return result


class ReaddressesOntoAnother(Planted):
    def readdress(self, merchant_id: str, campaign_id: str, recipient_id: str, to: NewAddress, /) -> ReaddressResult:
        elsewhere = attrs.evolve(to, address_key=f"x{to.address_key}")  # nobody has that one
        result = super().readdress(merchant_id, campaign_id, recipient_id, elsewhere)
        row = self._recipients.get(merchant_id, recipient_id)
        if result is ReaddressResult.MOVED and row is not None:
            self._recipients.put(attrs.evolve(row, address_key=to.address_key))
        return result


class TellsAlikeWhereverTheyStand(Planted):
    def backlog(self, merchant_id: str, campaign_id: str, /, **wish: Any) -> Sequence[Backlog]:
        counts: dict[Backlog, int] = {}
        for run in super().backlog(merchant_id, campaign_id, **wish):
            shared = attrs.evolve(run, count=0)
            counts[shared] = counts.get(shared, 0) + run.count
        return [attrs.evolve(shared, count=count) for shared, count in counts.items()]


class TellsABacklogToItsEnd(Planted):
    def backlog(self, merchant_id: str, campaign_id: str, /, **wish: Any) -> Sequence[Backlog]:
        return super().backlog(merchant_id, campaign_id, **{**wish, "before": None})


class TellsWhatWasNeverCounted(Planted):
    def counted(self, keys: Sequence[str], /) -> Mapping[str, LimitState]:
        return {key: LimitState() for key in keys} | dict(super().counted(keys))


PLANTED: dict[type[MemoryStore], str] = {
    TellsAlikeWhereverTheyStand: "a_backlog_goes_by_id_and_tells_those_alike_in_a_row_as_one",
    TellsABacklogToItsEnd: "a_backlog_before_somebody_holds_those_with_smaller_ids",
    TellsWhatWasNeverCounted: "what_begin_counted_is_told_by_its_keys",
    ReleasesAnyEpoch: "only_what_is_claimed_at_that_epoch_is_released",
    BeginsAnyEpoch: "a_stale_epoch_begins_nothing",
    SettlesAnyEpoch: "a_stale_epoch_settles_nothing",
    HandsOutWhatOthersHold: "two_claims_share_nobody",
    ClaimsWithoutALock: "claims_at_once_share_nobody",
    LosesUpdates: "a_save_over_another_revision_changes_nothing",
    SavesAgainstTheGuard: "a_guard_that_is_false_changes_nothing",
    CancelsWithoutThePending: "a_cancelled_campaign_takes_its_pending_with_it",
    KeepsRowsOfTheDeleted: "a_deleted_campaign_takes_all_its_rows_with_it",
    LendsItsBodies: "a_body_belongs_to_the_store_alone",
    ClaimsWhilePaused: "only_a_sending_campaign_is_claimed",
    ForgetsTokens: "the_same_token_returns_the_same_claims",
    ClaimsTooEarly: "nobody_is_claimed_before_their_time",
    AcceptsAnAddressTwice: "one_address_gets_one_message",
    CountsRecipientsOnly: "every_row_is_counted_once",
    BeginsWhilePaused: "a_pause_that_returned_holds",
    BeginsAfterAnOptOut: "an_opt_out_before_begin_wins",
    BeginsWhatWasEdited: "what_was_edited_since_is_prepared_again",
    BeginsOutsideTheWindow: "nothing_begins_when_the_window_closes",
    BeginsAfterTheDeadline: "nothing_begins_at_the_deadline",
    TrustsTheWorkersClock: "only_the_stores_clock_decides",
    LendsAnotherCampaignsStatus: "no_clearance_borrows_another_campaigns_status",
    CountsLimitsPerCall: "a_limit_counts_within_one_begin",
    ForgetsWhatItIsGivenToSettle: "what_one_wave_came_to_is_settled_by_the_begin_of_the_next",
    CountsWhatDidNotGo: "what_does_not_go_is_not_counted",
    SettlesTwice: "settling_again_changes_nothing",
    BelievesTheNeverBegun: "a_claim_that_never_began_was_not_accepted",
    NeverReopens: "late_proof_that_it_was_not_accepted_reopens_a_finished_campaign",
    LandsOnTheCancelled: "a_cancelled_campaign_takes_who_comes_back",
    LandsOnTheSuppressed: "an_opt_out_takes_who_comes_back",
    NotesAReleaseAsAnAttempt: "a_release_leaves_no_attempt",
    SendsTheReapedAgain: "what_was_begun_is_never_sent_again_by_itself",
    ReapsTooSoon: "a_lease_is_over_at_its_very_end",
    SwapsItsClock: "the_stores_own_clock_is_not_replaced",
    ListsEveryMerchant: "another_merchant_reads_nothing",
    TrailsEveryMerchant: "another_merchant_reads_nothing",
    SuppressesForAll: "new_keys_are_counted_once",
    SkipsInOneCampaignOnly: "an_opt_out_skips_the_pending_of_every_campaign",
    ServesTheFirstMerchantFirst: "due_starts_behind_where_the_caller_stopped",
    ReaddressesWithoutANewEpoch: "a_worker_that_holds_the_old_address_can_do_nothing_with_it",
    ReaddressesOntoAnother: "an_address_that_somebody_has_is_refused",
}
