"""One batch through a transport: every claim ends settled, released, or left to its lease. No I/O of its own."""

from collections.abc import Callable, Generator, Iterable, Sequence
from datetime import datetime, timedelta

import attrs

from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.delivery.settling import Settlement
from campaignkit.dispatch.breakers import Breaker, Trip
from campaignkit.dispatch.clearing import Clearing, Stopwatch, TransportMisbehaved
from campaignkit.dispatch.preparing import Batch
from campaignkit.dispatch.resolving import LIMITED, Release, release_for, resolve_cleared, resolve_uncleared
from campaignkit.message.outbound import OutboundText
from campaignkit.ports import Claim, Clock, DispatchStore, Transport

__all__ = ["DOUBTS_MAX", "BatchReport", "BatchSender", "release_all"]

# Messages in doubt one after the other, with no other answer between them, after which nothing more of a batch begins:
# a gateway that is gone must not put a whole campaign in doubt. The mail transport stops at as many lost connections.
DOUBTS_MAX = 3
TURNS_MAX = 10


SENT_WITHOUT_LEAVE = "sent_without_leave"
STOPPED = "stopped"


@attrs.frozen(kw_only=True)
class BatchReport:
    """What one batch came to."""

    sent_count: int
    outcomes: tuple[Outcome, ...]  # of messages that begin did not refuse, in the order in which they were settled
    misbehaviour: str = ""  # the transport broke its contract
    failure: str = ""  # the transport raised: the name of the exception, never its text
    trip: Trip | None = None  # the sender or its content is refused: nothing more of it began
    doubt_count: int = 0  # in a row at its end …
    has_answer: bool = False  # … and whether anything else was answered before them
    limited_until: datetime | None = None  # when the first of those whom limits held back may begin
    credit_needed: int | None = None  # what the first costs that credit did not pay for


class BatchSender:
    """Sends one batch and accounts for each of its messages.

    Args:
        breaker: Counts refusals from where earlier batches left off.
        doubt_count: Messages in doubt in a row before this batch.
    """

    def __init__(
        self,
        store: DispatchStore,
        clock: Clock,
        batch: Batch,
        *,
        lease: timedelta,
        stopwatch: Stopwatch,
        breaker: Breaker,
        doubt_count: int = 0,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._batch = batch
        self._breaker = breaker
        self._clearing = Clearing(
            store,
            batch.clearances,
            lease=lease,
            stopwatch=stopwatch,
            take_yielded=self._take_yielded,
            is_halted=lambda: self._is_halted() or is_stopping(),
        )
        self._is_stopping = is_stopping
        self._doubts_before = doubt_count
        self._doubts_in_a_row = 0
        self._has_answer = False
        self._open = dict(batch.claims)  # message id → claim without an outcome
        self._parts = {one.message_id: one.parts for one in batch.messages if isinstance(one, OutboundText)}
        self._yielded: list[Outcome] = []
        self._settled: list[Outcome] = []

    def send(self, transport: Transport) -> BatchReport:
        """Send the batch. When the worker is to stop, what has begun is finished, and the rest goes back.

        So it does when a breaker trips, and when the campaign was paused, cancelled or edited: the transport is asked
        for nothing that could not begin.

        Whatever the transport does: cleared messages without an outcome are in doubt, the others go back. If the store
        itself fails, its exception goes on and leases do the rest.
        """
        misbehaviour, failure = "", ""
        outcomes = transport.send(self._batch.messages, self._clearing)
        try:
            for outcome in outcomes:
                self._note(outcome)
                if self._is_ending() and not self._has_begun():
                    _close(outcomes)
                    break
        except TransportMisbehaved as error:
            misbehaviour = str(error)
        except Exception as error:  # a host's transport may raise anything, and each message must be accounted for
            if self._clearing.store_failure is not None:
                raise
            failure = type(error).__name__
        except BaseException:
            # The process is being stopped: write down what is known, then stop.
            if self._clearing.store_failure is None:
                self._settle_rest("interrupted")
            raise
        if failure:
            self._set_aside_first(failure)
        if self._is_ending() and not failure and not misbehaviour:
            self._set_aside_all()
        self._settle_rest(failure or "outcome_missing")
        return BatchReport(
            sent_count=sum(outcome.verdict is Verdict.ACCEPTED for outcome in self._settled),
            # What begin refused says nothing about the provider, whatever the transport calls it.
            outcomes=tuple(one for one in self._settled if not self._clearing.was_refused(one.message_id)),
            misbehaviour=misbehaviour,
            failure=failure,
            trip=self._breaker.trip,
            doubt_count=self._doubts_in_a_row,
            has_answer=self._has_answer,
            limited_until=self._clearing.limited_until,
            credit_needed=self._clearing.credit_needed,
        )

    def _has_begun(self) -> bool:
        """Return whether a message that begin let go has no outcome yet."""
        return any(self._clearing.may_have_crossed(message_id) for message_id in self._open)

    def _is_halted(self) -> bool:
        return self._is_doubtful() or self._breaker.trip is not None

    def _is_doubtful(self) -> bool:
        return self._doubts_in_a_row + (0 if self._has_answer else self._doubts_before) >= DOUBTS_MAX

    def _is_ending(self) -> bool:
        """Return whether nothing more of the batch can begin."""
        return self._is_stopping() or self._is_halted() or self._clearing.is_called_off

    def _note(self, outcome: Outcome) -> None:
        if outcome.message_id not in self._open:
            raise TransportMisbehaved("an outcome names a message that is unknown, or had an outcome before")
        del self._open[outcome.message_id]
        claims_to_have_sent = outcome.verdict in {Verdict.ACCEPTED, Verdict.IN_DOUBT}
        if claims_to_have_sent and not self._clearing.may_have_crossed(outcome.message_id):
            # It may lie in somebody's mailbox. What was never begun cannot become sent, but it must not go twice.
            self._yielded.append(
                attrs.evolve(outcome, verdict=Verdict.REFUSED, scope=Scope.RECIPIENT, code=SENT_WITHOUT_LEAVE)
            )
            raise TransportMisbehaved("a message was sent without leave")
        self._yielded.append(outcome)
        if not self._clearing.was_refused(outcome.message_id):
            self._breaker.see(outcome)
        if outcome.verdict is Verdict.IN_DOUBT:
            self._doubts_in_a_row += 1
        elif self._clearing.may_have_crossed(outcome.message_id) and not self._is_doubtful():
            self._doubts_in_a_row, self._has_answer = 0, True

    def _take_yielded(self) -> list[Settlement]:
        """Return what is to be written about the outcomes so far; what goes back unsettled is given back at once."""
        outcomes, self._yielded = self._yielded, []
        now = self._clock.now()
        resolved = [self._resolve(outcome, now) for outcome in outcomes]
        release_all(self._store, [one for one in resolved if isinstance(one, Release)])
        self._settled.extend(outcomes)
        return [one for one in resolved if isinstance(one, Settlement)]

    def _settle_yielded(self) -> None:
        settlements = self._take_yielded()
        if settlements:
            self._store.settle(settlements)

    def _resolve(self, outcome: Outcome, now: datetime) -> Settlement | Release | None:
        claim = self._batch.claims[outcome.message_id]
        if self._clearing.may_have_crossed(outcome.message_id):
            clearance, settlement = self._batch.clearances[outcome.message_id], resolve_cleared(claim, outcome, now)
            if outcome.message_id in self._parts:
                settlement = self._of_text(settlement, outcome, clearance.price)
            scopes = clearance.limit_scopes
            # Only what was not submitted is given back, so nothing else need say what counted it.
            is_given_back = bool(scopes) and outcome.verdict is Verdict.NOT_SENT
            return attrs.evolve(settlement, limit_scopes=scopes) if is_given_back else settlement
        if outcome.code == SENT_WITHOUT_LEAVE:
            return resolve_uncleared(claim, outcome, now)
        answer = self._clearing.answers.get(outcome.message_id)
        if answer is not None:  # begin said no, whatever the transport calls it
            return release_for(claim, answer)
        if outcome.verdict is Verdict.NOT_SENT and self._is_held_back(outcome):
            return Release(claim, None, STOPPED)
        return resolve_uncleared(claim, outcome, now)

    def _is_held_back(self, outcome: Outcome) -> bool:
        """Return whether nothing but the end of the batch kept this message from beginning."""
        return self._is_stopping() or (outcome.scope is Scope.RECIPIENT and self._is_ending())

    def _of_text(self, settlement: Settlement, outcome: Outcome, price: int | None) -> Settlement:
        """Return *settlement* with what only texts have: an account where receipts name them, parts, a cost."""
        is_partial = outcome.verdict is Verdict.IN_DOUBT and outcome.parts_accepted is not None
        price = self._batch.paid.get(outcome.message_id) if price is None else price
        return attrs.evolve(
            settlement,
            account=self._batch.account,
            part_count=self._parts[outcome.message_id] if is_partial else None,
            spent=None if price is None else self._cost(outcome, price),
        )

    def _cost(self, outcome: Outcome, price: int) -> int | None:
        """Return what the parts cost that were accepted; None where nobody says how many."""
        parts = self._parts.get(outcome.message_id, 0)
        if outcome.parts_accepted is None or not parts:
            return None
        return price * min(outcome.parts_accepted, parts) // parts

    def _set_aside_first(self, code: str) -> None:
        """Let the first that was not cleared wait by itself: if it broke the transport, the others go ahead."""
        if any(self._clearing.may_have_crossed(message_id) for message_id in self._open):
            return  # one of those did it, and none of them comes again
        first = next((message_id for message_id in self._open if message_id not in self._clearing.answers), None)
        if first is not None:
            del self._open[first]
            self._yielded.append(Outcome(message_id=first, verdict=Verdict.NOT_SENT, code=code[:40]))

    def _set_aside_all(self) -> None:
        """Give back, as they were, all that have not begun: another worker goes on with them at once."""
        for message_id in [one for one in self._open if not self._clearing.may_have_crossed(one)]:
            del self._open[message_id]
            self._yielded.append(Outcome(message_id=message_id, verdict=Verdict.NOT_SENT, code=STOPPED))

    def _settle_rest(self, code: str) -> None:
        for message_id in list(self._open):
            crossed = self._clearing.may_have_crossed(message_id)
            verdict = Verdict.IN_DOUBT if crossed else Verdict.NOT_SENT
            self._yielded.append(Outcome(message_id=message_id, verdict=verdict, scope=Scope.HOST, code=code[:40]))
        self._open.clear()
        self._settle_yielded()


def _close(outcomes: Iterable[Outcome]) -> None:
    """Tell a transport that nothing more is wanted of it, where it can be told."""
    if isinstance(outcomes, Generator):
        outcomes.close()


def release_all(store: DispatchStore, releases: Iterable[Release]) -> None:
    """Give claims back, in one call for each instant, reason and detail."""
    grouped: dict[tuple[datetime | None, str, str], list[Claim]] = {}
    for release in _in_few_turns(list(releases)):
        grouped.setdefault((release.not_before, release.reason, release.detail), []).append(release.claim)
    for (not_before, reason, detail), claims in grouped.items():
        store.release(claims, not_before=not_before, reason=reason, detail=detail)


def _in_few_turns(releases: Sequence[Release]) -> list[Release]:
    """Return *releases* with those whom a limit holds back at ten instants at most, each not later than its own turn.

    An instant for each would be a commit for each; all at the first would wake everybody for every turn.
    """
    instants = sorted({one.not_before for one in releases if one.reason == LIMITED and one.not_before is not None})
    stride = -(-len(instants) // TURNS_MAX) or 1
    turns = {at: instants[place // stride * stride] for place, at in enumerate(instants)}
    return [
        attrs.evolve(one, not_before=turns[one.not_before])
        if one.reason == LIMITED and one.not_before is not None
        else one
        for one in releases
    ]
