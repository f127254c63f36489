"""The engine: rounds over what is due, across merchants and campaigns. I/O only through its ports."""

from collections.abc import Callable
from datetime import datetime, timedelta

import attrs

from campaignkit.campaign.campaign import Campaign, WaitingFor
from campaignkit.campaign.senders import Sender, SenderHealth, after_setback, after_success
from campaignkit.campaign.status import CampaignEvent, RecipientEvent, RecipientStatus
from campaignkit.delivery.begin import CROSS_WITHIN
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.dispatch.breakers import Breaker
from campaignkit.dispatch.clearing import Stopwatch
from campaignkit.dispatch.preparing import prepare
from campaignkit.dispatch.records import Records
from campaignkit.dispatch.resolving import Release, settle_unsendable
from campaignkit.dispatch.sending import BatchReport, BatchSender, release_all
from campaignkit.dispatch.steering import Expire, Move, Send, Wait, steer
from campaignkit.ports import Clock, Due, NewId, SaveGuard, Store, Transport

__all__ = ["DEFAULT_LEASE", "Dispatcher", "Round", "Tools"]

# 30 s to cross, 10 min for the reply to the dot (RFC 5321, 4.5.3.2.6), and a minute to write it down.
DEFAULT_LEASE = CROSS_WITHIN + timedelta(minutes=10) + timedelta(minutes=1)
BATCH_MAX = 100  # messages a transport is given at a time; also the most that a crash leaves claimed
MOMENT = timedelta(minutes=1)
DUE_MAX = 200  # campaigns looked at in one call


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


@attrs.frozen(kw_only=True)
class Round:
    """What one round did. All instants are UTC."""

    sent: int = 0
    has_progressed: bool = False  # anything was sent, moved or given back
    next_at: datetime | None = None  # when something can happen again; None: nothing timed is left


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
        self._clock = tools.clock
        self._records = Records(tools.store, tools.clock)
        self._worker_id = tools.new_id()
        self._breakers: dict[tuple[str, str], Breaker] = {}
        self._cursor: tuple[str, str] | None = None
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
            may_go_on: Asked between batches.
            is_stopping: Asked between messages, too: what has begun is finished, the rest of the batch goes back.
        """
        self._is_stopping = is_stopping
        reaped = self._store.reap()
        sent, has_progressed = 0, bool(reaped.released or reaped.in_doubt or reaped.unknown)
        while True:
            due = self._store.due(self._clock.now(), limit=DUE_MAX, after=self._cursor)
            moments, has_moved = [due.next_at], False
            for item in due.campaigns:
                if sent >= max_messages or is_stopping() or not may_go_on():
                    return Round(sent=sent, has_progressed=has_progressed or has_moved, next_at=self._clock.now())
                served = self._serve(item, max_messages - sent)
                sent += served.sent
                has_moved = has_moved or served.has_progressed
                moments.append(served.next_at)
                self._cursor = (item.merchant_id, item.campaign_id)
            if not has_moved:
                next_at = min((at for at in moments if at is not None), default=None)
                return Round(sent=sent, has_progressed=has_progressed, next_at=next_at)
            has_progressed = True

    def _serve(self, due: Due, max_messages: int) -> _Served:
        if _is_limited_for_a_moment(due, self._clock.now()):
            return _Served(next_at=due.limited_until)
        campaign = self._records.campaign(due.merchant_id, due.campaign_id)
        if campaign is None:
            return _Served()
        self.seen.add((due.merchant_id, due.campaign_id))
        now = self._clock.now()
        zone = self._records.settings(due.merchant_id).zone
        health = self._records.health(campaign)
        action = steer(campaign, due, now, zone=zone, health=health)
        match action:
            case Send():
                return self._send(campaign, zone, health, min(action.limit, max_messages, BATCH_MAX))
            case Wait():
                return self._wait(campaign, due, action)
            case Expire():
                moved = self._store.move_recipients(
                    due.merchant_id, due.campaign_id, RecipientEvent.EXPIRE, reason="deadline_passed"
                )
                return _Served(has_progressed=moved > 0, next_at=due.next_lease_at)
            case Move():
                if action.event is None and campaign.next_at == action.next_at:
                    return _Served(next_at=action.next_at)
                self._breakers.pop((due.merchant_id, due.campaign_id), None)  # what it saw is of another stretch
                return _Served(has_progressed=self._records.move(campaign, action), next_at=action.next_at)
            case None:
                return _Served()

    def _wait(self, campaign: Campaign, due: Due, wait: Wait) -> _Served:
        is_worth_telling = wait.waiting_for in {WaitingFor.SENDER, WaitingFor.RETRY}
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

    def _send(self, campaign: Campaign, zone: str, health: SenderHealth, limit: int) -> _Served:
        sender = self._records.sender(campaign.merchant_id, campaign.sender_id)
        transport = self._tools.transport_of(sender)
        if transport is None:
            return self._fail(campaign, "transport_missing", "No transport is configured for this sender's account.")
        claims = self._store.claim(
            campaign.merchant_id,
            campaign.campaign_id,
            worker_id=self._worker_id,
            token=self._tools.new_id(),
            lease=self._tools.lease,
            limit=limit,
        )
        if not claims:
            return _Served()
        now = self._clock.now()
        content = self._records.compiled(campaign.merchant_id, campaign.content_id)
        batch = prepare(claims, campaign=campaign, content=content, sender=sender, zone=zone, now=now)
        release_all(self._store, [Release(item.claim, item.opens_at, "window_closed") for item in batch.closed])
        if batch.unsendable:
            self._store.settle([settle_unsendable(item.claim, item.code, item.problem) for item in batch.unsendable])
        if not batch.messages:
            return _Served(has_progressed=True)
        sending = BatchSender(
            self._store,
            self._clock,
            batch,
            lease=self._tools.lease,
            stopwatch=self._tools.stopwatch,
            is_stopping=self._is_stopping,
        )
        report = sending.send(transport)
        if campaign.waiting_for is not WaitingFor.NOTHING:
            self._records.note_waiting(campaign, WaitingFor.NOTHING, None)
        domains = {message_id: _domain(claim.recipient.address) for message_id, claim in batch.claims.items()}
        failed = self._learn(campaign, report, domains, health)
        return failed or _Served(sent=report.sent_count, has_progressed=True)

    def _learn(
        self, campaign: Campaign, report: BatchReport, domains: dict[str, str], health: SenderHealth
    ) -> _Served | None:
        """Draw what follows from a batch for sender and campaign; the campaign may fail, its recipients never do."""
        if report.misbehaviour:
            return self._fail(campaign, "transport_broken", report.misbehaviour, sent=report.sent_count)
        breaker = self._breakers.setdefault((campaign.merchant_id, campaign.campaign_id), Breaker())
        for outcome in report.outcomes:
            tripped = breaker.watch(outcome, domains[outcome.message_id])
            is_sender_refused = outcome.scope is Scope.SENDER and outcome.verdict in {Verdict.REFUSED, Verdict.NOT_SENT}
            code = tripped or (outcome.code or "sender_refused" if is_sender_refused else None)
            if code is not None:
                self._breakers.pop((campaign.merchant_id, campaign.campaign_id), None)
                why = _FAILURES.get(code, "The provider refuses this sender; nobody was lost, mend it and resume.")
                return self._fail(campaign, code, why, reply=outcome.reply, sent=report.sent_count)
        self._learn_health(campaign, report, health)
        return None

    def _learn_health(self, campaign: Campaign, report: BatchReport, health: SenderHealth) -> None:
        setback = next((outcome for outcome in report.outcomes if _is_setback(outcome)), None)
        if setback is None and (report.failure or report.is_halted):
            code = "reply_lost" if report.is_halted else "transport_error"
            setback = Outcome(message_id="", verdict=Verdict.NOT_SENT, scope=Scope.HOST, code=code)
        if setback is not None:
            learned = after_setback(
                health if not report.sent_count else after_success(health),
                now=self._clock.now(),
                code=setback.code,
                reply=setback.reply,
                retry_after=setback.retry_after,
                jitter=self._tools.random(),
            )
        else:
            learned = after_success(health) if report.sent_count else health
        if learned != health:
            self._records.save_health(campaign, learned)

    def _fail(self, campaign: Campaign, code: str, why: str, *, reply: str = "", sent: int = 0) -> _Served:
        current = self._records.campaign(campaign.merchant_id, campaign.campaign_id)
        move = Move(event=CampaignEvent.FAIL, what="failed", why=why, code=code)
        is_moved = current is not None and self._records.move(current, move, reply=reply)
        return _Served(sent=sent, has_progressed=is_moved or sent > 0)


_FAILURES = {
    "policy_refused": "Five mail hosts in a row refuse this sender by policy; nobody was lost, mend it and resume.",
    "content_refused": "Mail hosts refuse what the message says; change it and resume.",
}


def _is_limited_for_a_moment(due: Due, now: datetime) -> bool:
    """Return whether nothing but a short limit is in the way: then nothing need be looked up to know when to return."""
    return due.ready_count == 0 and due.limited_until is not None and due.limited_until - now <= MOMENT


def _is_setback(outcome: Outcome) -> bool:
    """Return whether a message came back at once through no fault of its recipient: without a pause it would spin."""
    is_back = outcome.verdict in {Verdict.DEFERRED, Verdict.NOT_SENT, Verdict.REFUSED}
    return is_back and outcome.scope is not Scope.RECIPIENT


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
