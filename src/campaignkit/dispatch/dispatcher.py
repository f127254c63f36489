"""The engine: rounds over what is due, across merchants and campaigns. I/O only through its ports."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import Campaign, MerchantSettings, WaitingFor
from campaignkit.campaign.digests import message_digest
from campaignkit.campaign.doubts import DoubtPolicy
from campaignkit.campaign.senders import Sender, SenderHealth
from campaignkit.campaign.status import CampaignEvent, RecipientEvent, RecipientStatus
from campaignkit.credits.prices import PriceBook, PriceTable
from campaignkit.delivery.begin import CROSS_WITHIN
from campaignkit.delivery.sentences import describe_failure
from campaignkit.dispatch.breakers import Breaker, Trip, Watch, domain_of, find_trip
from campaignkit.dispatch.clearing import Stopwatch
from campaignkit.dispatch.composing import House
from campaignkit.dispatch.doubting import DOUBTS_PAGE, DoubtLook, finish_sentence, look_at_doubts, look_at_repeats
from campaignkit.dispatch.learning import Lesson, learn
from campaignkit.dispatch.limiting import Limiting, shared_scopes
from campaignkit.dispatch.preparing import Batch, prepare
from campaignkit.dispatch.probing import Probing
from campaignkit.dispatch.records import Records
from campaignkit.dispatch.repeating import is_idempotent, repeats_of
from campaignkit.dispatch.resolving import Release, settle_unsendable
from campaignkit.dispatch.sending import BatchReport, BatchSender, release_all
from campaignkit.dispatch.steering import PROBE_LOOK, Action, Expire, Move, Send, Wait, steer
from campaignkit.dispatch.store_time import StoreTime
from campaignkit.dispatch.workshop import Workshop
from campaignkit.errors import NoPriceTable
from campaignkit.message.supplies import Supplier
from campaignkit.ports import Claim, Clock, Due, DueList, NewId, SaveGuard, Store, Transport
from campaignkit.timing.limits import destination_group

__all__ = ["DEFAULT_LEASE", "Dispatcher", "Round", "Tools"]

# 30 s to cross, 10 min for the reply to the dot (RFC 5321, 4.5.3.2.6), and a minute to write it down.
DEFAULT_LEASE = CROSS_WITHIN + timedelta(minutes=10) + timedelta(minutes=1)
BATCH_MAX = 100  # messages a transport is given at a time; also the most that a crash leaves claimed
MOMENT = timedelta(minutes=1)
DUE_MAX = 200  # campaigns looked at in one call
AGAIN = timedelta(seconds=5)  # where somebody else may change what stands in the way
SLOWED_SECONDS = 5  # a sender that was throttled is given no more at a time than it may send in so long


@attrs.frozen(kw_only=True)
class Tools:
    """What the engine needs from outside."""

    store: Store
    clock: Clock
    transport_of: Callable[[Sender], Transport | None]
    new_id: NewId
    random: Callable[[], float]  # from 0 to 1
    stopwatch: Stopwatch
    lease: timedelta = DEFAULT_LEASE
    house: House = attrs.field(factory=House)
    suppliers: Mapping[str, Supplier] = attrs.field(factory=dict)
    prices: PriceBook | None = None  # None: texts cost nothing


@attrs.frozen(kw_only=True)
class Round:
    """What one round did. All instants are UTC."""

    sent: int = 0
    has_progressed: bool = False  # anything was sent, moved or given back
    next_at: datetime | None = None  # when something can happen again; None: nothing timed is left
    has_more: bool = False  # its bounds ended it, so something may be due at once


@attrs.frozen(kw_only=True)
class _Served:
    sent: int = 0
    has_progressed: bool = False
    next_at: datetime | None = None


class Dispatcher:
    """Serves what is due. One per worker; it keeps nothing that a crash would lose."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._store = tools.store
        self._clock = StoreTime(tools.clock, lambda: tools.stopwatch()[0])
        self._records = Records(tools.store, self._clock)
        self._workshop = Workshop(self._records, tools.store, house=tools.house, suppliers=tools.suppliers)
        self._worker_id = tools.new_id()
        self._cursor: tuple[str, str] | None = None
        self._slowed_until: dict[tuple[str, str], datetime] = {}  # by merchant and campaign; what replies taught
        self._is_stopping: Callable[[], bool] = lambda: False
        self.seen: set[tuple[str, str]] = set()  # campaigns that this worker looked at, by merchant and id

    def round(
        self,
        *,
        max_messages: int,
        may_go_on: Callable[[], bool] = lambda: True,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> Round:
        """Serve due campaigns in turn until *max_messages* are sent, nothing moves, or *may_go_on* says no.

        Args:
            max_messages: 0 serves nobody; ``has_more`` then says whether anybody is ready, in the next 200 campaigns.
            may_go_on: Asked between batches, not before the first: a round that did nothing would never end.
            is_stopping: Asked between messages, too: what has begun is finished, the rest of the batch goes back.
        """
        self._is_stopping = is_stopping
        reaped = self._store.reap()
        sent, has_progressed = 0, bool(reaped.released or reaped.in_doubt or reaped.unknown)
        has_served = False
        while True:
            due = self._store.due(self._clock.now(), limit=DUE_MAX, after=self._cursor)
            self._clock.learn(due.now)
            if max_messages == 0:
                return self._looked(due)
            moments, has_moved = [due.next_at], False
            for item in due.campaigns:
                if sent >= max_messages or is_stopping() or (has_served and not may_go_on()):
                    return self._cut_short(sent, has_progressed or has_moved)
                served = self._serve(item, max_messages - sent)
                has_served, sent = True, sent + served.sent
                has_moved = has_moved or served.has_progressed
                moments.append(served.next_at)
                self._cursor = (item.merchant_id, item.campaign_id)
            if not has_moved:
                return self._ended(sent, has_progressed, min((at for at in moments if at is not None), default=None))
            has_progressed = True

    def _looked(self, due: DueList) -> Round:
        """Say what is due, and begin the next look behind it."""
        if not due.campaigns:
            return self._ended(0, False, due.next_at)
        self._cursor = (due.campaigns[-1].merchant_id, due.campaigns[-1].campaign_id)
        has_more = any(item.ready_count for item in due.campaigns)
        return attrs.evolve(self._ended(0, False, self._clock.now()), has_more=has_more)

    def _cut_short(self, sent: int, has_progressed: bool) -> Round:
        return attrs.evolve(self._ended(sent, has_progressed, self._clock.now()), has_more=True)

    def _ended(self, sent: int, has_progressed: bool, next_at: datetime | None) -> Round:
        at = None if next_at is None else self._clock.by_worker(next_at)
        return Round(sent=sent, has_progressed=has_progressed, next_at=at)

    def _serve(self, due: Due, max_messages: int) -> _Served:
        if _is_limited_for_a_moment(due, self._clock.now()):
            return _Served(next_at=due.limited_until)
        campaign = self._records.campaign(due.merchant_id, due.campaign_id)
        if campaign is None:
            return _Served()
        self.seen.add((due.merchant_id, due.campaign_id))
        now = self._clock.now()
        settings = self._records.settings(due.merchant_id)
        health = self._records.health(due.merchant_id, campaign.sender_id)
        due = self._with_pause(due, now)
        look = self._look_at_doubts(campaign, settings, now)
        if look.resent:
            return _Served(has_progressed=True, next_at=now)
        action = self._in_doubt(campaign, steer(campaign, due, now, zone=settings.zone, health=health), look)
        match action:
            case Send():
                limit = min(action.limit, max_messages, BATCH_MAX, _slowed_count(health, now))
                return self._send(campaign, settings, health, limit, is_probe=action.is_probe)
            case Wait():
                return self._wait(campaign, due, action)
            case Expire():
                moved = self._store.move_recipients(
                    due.merchant_id, due.campaign_id, RecipientEvent.EXPIRE, reason="deadline_passed"
                )
                # Nobody: the deadline was moved since this worker read it, or others were faster.
                return _Served(has_progressed=moved > 0, next_at=due.next_lease_at if moved else now + AGAIN)
            case Move():
                if action.event is None and campaign.next_at == action.next_at:
                    return _Served(next_at=action.next_at)
                return _Served(has_progressed=self._records.move(campaign, action), next_at=action.next_at)
            case None:
                return _Served()

    def _look_at_doubts(self, campaign: Campaign, settings: MerchantSettings, now: datetime) -> DoubtLook:
        if campaign.on_doubt is not DoubtPolicy.RESEND_IF_IDEMPOTENT:
            return look_at_doubts(self._store, campaign, now)
        sender = self._records.sender(campaign.merchant_id, campaign.sender_id)
        if not is_idempotent(self._tools.transport_of(sender)):
            return DoubtLook()
        content = message_digest(campaign, sender)
        return look_at_repeats(self._store, campaign, now, zone=settings.zone, content=content)

    def _in_doubt(self, campaign: Campaign, action: Action | None, look: DoubtLook) -> Action | None:
        """Return *action* as doubts would have it: who is sent anew by itself is waited for, others are told of."""
        match action:
            case Move(event=CampaignEvent.FINISH) if look.next_at is not None:
                return Wait(until=look.next_at, waiting_for=WaitingFor.DOUBT)
            case Move(event=CampaignEvent.FINISH):
                doubts = self._store.doubts(campaign.merchant_id, campaign.campaign_id, limit=DOUBTS_PAGE)
                return attrs.evolve(action, why=finish_sentence(doubts))
            case Wait(until=until) if look.next_at is not None and look.next_at < until:
                return attrs.evolve(action, until=look.next_at)
            case _:
                return action

    def _wait(self, campaign: Campaign, due: Due, wait: Wait) -> _Served:
        is_worth_telling = wait.waiting_for is not WaitingFor.LEASE
        if is_worth_telling and self._all_wait_for_window(campaign, due, wait):
            move = Move(
                event=CampaignEvent.WAIT,
                waiting_for=WaitingFor.WINDOW,
                next_at=wait.until,
                what="waiting",
                why="Everybody who is left waits for the opening in their own zone.",
                guard=SaveGuard.NOBODY_BUSY,
            )
            return _Served(has_progressed=self._records.move(campaign, move), next_at=wait.until)
        if is_worth_telling:
            self._records.note_waiting(campaign, wait.waiting_for, wait.until)
        return _Served(next_at=wait.until)

    def _all_wait_for_window(self, campaign: Campaign, due: Due, wait: Wait) -> bool:
        """Return whether a window of the recipients' own zones is what every pending one waits for."""
        if wait.waiting_for is not WaitingFor.RETRY or campaign.window is None or due.next_lease_at is not None:
            return False
        counts = self._store.count_recipients(campaign.merchant_id, campaign.campaign_id)
        reasons = {count.reason for count in counts if count.status is RecipientStatus.PENDING}
        return reasons == {"window_closed"}

    def _send(
        self, campaign: Campaign, settings: MerchantSettings, health: SenderHealth, limit: int, *, is_probe: bool
    ) -> _Served:
        sender = self._records.sender(campaign.merchant_id, campaign.sender_id)
        shared = shared_scopes(sender, settings)
        if campaign.shared_scopes != shared:
            self._records.share_limits(campaign, shared)
            return _Served(has_progressed=True)
        transport = self._tools.transport_of(sender)
        if transport is None:
            return self._fail(campaign, "transport_missing")
        supplying = self._workshop.supplying(campaign)
        if supplying.is_missing:
            return self._fail(campaign, "supplier_missing")
        now = self._clock.now()
        try:
            prices = self._prices(campaign, now)
        except NoPriceTable:
            return self._fail(campaign, "no_price_table")
        probing = self._probing(campaign, now)
        if is_probe and not probing.take():
            return _Served(next_at=now + PROBE_LOOK)
        claims = self._claim(campaign, limit)
        limiting = Limiting(
            campaign=campaign, sender=sender, settings=settings, health=health, now=now, random=self._tools.random
        )
        groups = probing.take_groups(limiting.groups_to_probe(claim.recipient for claim in claims))
        limiting = attrs.evolve(limiting, probed_groups=groups)
        batch = prepare(
            claims,
            composer=self._workshop.composer(campaign, sender, settings),
            supplying=supplying,
            limiting=limiting,
            prices=prices,
            repeats=repeats_of(self._store, claims, limiting, transport),
        )
        self._set_aside(batch)
        if not batch.messages:
            probing.give_back(groups, is_sender=is_probe)
            return _Served(has_progressed=bool(claims))
        return self._send_batch(batch, limiting, transport, is_probe=is_probe)

    def _probing(self, campaign: Campaign, now: datetime) -> Probing:
        return Probing(
            records=self._records,
            merchant_id=campaign.merchant_id,
            sender_id=campaign.sender_id,
            now=now,
            lease=self._tools.lease,
        )

    def _claim(self, campaign: Campaign, limit: int) -> Sequence[Claim]:
        return self._store.claim(
            campaign.merchant_id,
            campaign.campaign_id,
            worker_id=self._worker_id,
            token=self._tools.new_id(),
            lease=self._tools.lease,
            limit=limit,
        )

    def _set_aside(self, batch: Batch) -> None:
        """Give back who cannot have a message now, and end who never can."""
        release_all(self._store, [Release(one.claim, one.until, one.reason, one.detail) for one in batch.held])
        if batch.unsendable:
            self._store.settle([settle_unsendable(item.claim, item.code, item.problem) for item in batch.unsendable])

    def _send_batch(self, batch: Batch, limiting: Limiting, transport: Transport, *, is_probe: bool) -> _Served:
        campaign, health = limiting.campaign, limiting.health
        domains = {message_id: domain_of(claim.recipient.address) for message_id, claim in batch.claims.items()}
        sending = BatchSender(
            self._store,
            self._clock,
            batch,
            lease=self._tools.lease,
            stopwatch=self._tools.stopwatch,
            breaker=Breaker(Watch.of(health, campaign.content_id), domains, limiting.now),
            doubt_count=health.doubt_count,
            is_stopping=self._is_stopping,
        )
        began, _ = self._tools.stopwatch()
        report = sending.send(transport)
        ended, _ = self._tools.stopwatch()
        if campaign.waiting_for is not WaitingFor.NOTHING:
            self._records.note_waiting(campaign, WaitingFor.NOTHING, None)
        lesson = self._lesson(batch, report, limiting, domains, seconds=ended - began, is_probe=is_probe)
        trip = self._learn(campaign, lesson, limiting)
        if report.misbehaviour:
            return self._fail(campaign, "transport_broken", why=report.misbehaviour, sent=report.sent_count)
        if trip is not None:
            return self._fail(campaign, trip.code, reply=trip.reply, sent=report.sent_count)
        if report.credit_needed is not None:
            return self._wait_for_credit(campaign, report.credit_needed, report.sent_count)
        return _Served(sent=report.sent_count, has_progressed=True)

    def _prices(self, campaign: Campaign, now: datetime) -> PriceTable | None:
        """Return what texts cost at *now*; None: nothing, as mail. Raises NoPriceTable."""
        book = self._tools.prices
        return None if book is None or campaign.channel is not Channel.SMS else book.in_force(now)

    def _wait_for_credit(self, campaign: Campaign, needed: int, sent: int) -> _Served:
        """Put a campaign to rest that ran dry. Credit that comes wakes it, at its deadline it wakes by itself.

        If somebody else still sends for it, their messages may give credit back: then it is looked at again soon.
        """
        current = self._records.campaign(campaign.merchant_id, campaign.campaign_id)
        cost = "1 credit" if needed == 1 else f"{needed} credits"
        move = Move(
            event=CampaignEvent.WAIT,
            waiting_for=WaitingFor.CREDIT,
            next_at=campaign.deadline,
            what="waiting",
            why=f"The next text costs {cost} and less is available; it goes on when credit is granted.",
            code="no_credit",
            guard=SaveGuard.OUT_OF_CREDIT,
        )
        if current is not None and self._records.move(attrs.evolve(current, credit_needed=needed), move):
            return _Served(sent=sent, has_progressed=True, next_at=campaign.deadline)
        return _Served(sent=sent, has_progressed=sent > 0, next_at=self._clock.now() + AGAIN)

    def _lesson(
        self,
        batch: Batch,
        report: BatchReport,
        limiting: Limiting,
        domains: Mapping[str, str],
        *,
        seconds: float,
        is_probe: bool,
    ) -> Lesson:
        recipients = {message_id: claim.recipient for message_id, claim in batch.claims.items()}
        return Lesson(
            report=report,
            before=limiting.health,
            content_id=limiting.campaign.content_id,
            groups={key: destination_group(one.channel, one.address) for key, one in recipients.items()},
            domains=domains,
            retried=frozenset(key for key, one in recipients.items() if one.attempt_count),
            is_probe=is_probe,
            probed_groups=limiting.probed_groups,
            seconds=seconds,
            at=self._clock.now(),
            jitter=self._tools.random(),
        )

    def _learn(self, campaign: Campaign, lesson: Lesson, limiting: Limiting) -> Trip | None:
        """Keep what the batch taught about its sender; return why the campaign stops, None: it goes on.

        It comes back no sooner than a learned rate lets the next go.
        """
        learned = self._records.change_health(
            campaign.merchant_id, campaign.sender_id, lambda health: learn(health, lesson, limiting.sender)
        )
        report = lesson.report
        if limiting.is_slowed and report.limited_until is not None and not report.sent_count:
            self._slowed_until[campaign.merchant_id, campaign.campaign_id] = report.limited_until
        if report.trip is not None or learned is None:
            return report.trip
        return find_trip(learned, campaign.content_id, report.outcomes)

    def _with_pause(self, due: Due, now: datetime) -> Due:
        """Return *due* without what a learned rate does not let go yet: the store knows configured limits only."""
        until = self._slowed_until.pop((due.merchant_id, due.campaign_id), None)
        if until is None or until <= now or not due.ready_count:
            return due
        self._slowed_until[due.merchant_id, due.campaign_id] = until
        return attrs.evolve(due, ready_count=0, limited_until=until)

    def _fail(self, campaign: Campaign, code: str, *, why: str = "", reply: str = "", sent: int = 0) -> _Served:
        """Let the campaign fail where it cannot go on; its recipients never do."""
        current = self._records.campaign(campaign.merchant_id, campaign.campaign_id)
        said = why or describe_failure(code, campaign.channel)
        move = Move(event=CampaignEvent.FAIL, what="failed", why=said, code=code)
        is_moved = current is not None and self._records.move(current, move, reply=reply)
        return _Served(sent=sent, has_progressed=is_moved or sent > 0)


def _is_limited_for_a_moment(due: Due, now: datetime) -> bool:
    """Return whether nothing but a short limit is in the way: then nothing need be looked up to know when to return."""
    return due.ready_count == 0 and due.limited_until is not None and due.limited_until - now <= MOMENT


def _slowed_count(health: SenderHealth, now: datetime) -> int:
    """Return how many messages at a time a sender is given that its provider slowed down; a whole batch otherwise."""
    if health.rate is None or not health.rate.is_slowed(now):
        return BATCH_MAX
    return max(int(health.rate.per_hour_at(now) * SLOWED_SECONDS / 3600), 1)
