"""The door to the point of no return, as one batch passes it. No I/O of its own."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from campaignkit.delivery.begin import NO_CREDIT, BeginAnswer, BeginVerdict, Clearance
from campaignkit.delivery.settling import Settlement
from campaignkit.message.outbound import OutboundMessage
from campaignkit.ports import DispatchStore

__all__ = ["Clearing", "Leave", "TransportMisbehaved"]

# Two readings of real time in seconds: monotonic, and the wall clock's.
Stopwatch = Callable[[], tuple[float, float]]


_OF_THE_CAMPAIGN = frozenset({BeginVerdict.PAUSED, BeginVerdict.CANCELLED, BeginVerdict.CHANGED})


class TransportMisbehaved(Exception):
    """A transport broke the laws of its port; what it was doing is stopped."""


@attrs.frozen
class Leave:
    """What begin let go, and for how long: implements ``ports.Cleared``."""

    messages: tuple[OutboundMessage, ...]
    _cross_within: timedelta
    _granted_at: tuple[float, float]
    _stopwatch: Stopwatch

    def may_cross(self) -> bool:
        """Return False once either clock moved further than granted, or back: the worker was frozen, or worse."""
        seconds = self._cross_within.total_seconds()
        monotonic, wall = self._stopwatch()
        monotonic_before, wall_before = self._granted_at
        return 0 <= monotonic - monotonic_before <= seconds and 0 <= wall - wall_before <= seconds


class Clearing:
    """``clear`` for one batch: hands begin what was yielded to be settled with it, and remembers every answer."""

    def __init__(
        self,
        store: DispatchStore,
        clearances: Mapping[str, Clearance],
        *,
        lease: timedelta,
        stopwatch: Stopwatch,
        take_yielded: Callable[[], Sequence[Settlement]],
        is_halted: Callable[[], bool],
    ) -> None:
        self._store = store
        self._clearances = clearances  # by message id
        self._lease = lease
        self._stopwatch = stopwatch
        self._take_yielded = take_yielded
        self._is_halted = is_halted
        self.answers: dict[str, BeginAnswer] = {}  # by message id
        self.is_called_off = False  # the campaign was paused, cancelled or edited: all the others would hear the same
        self.store_failure: BaseException | None = None

    def __call__(self, prepared: Sequence[OutboundMessage]) -> Leave:
        """Return those that may cross; the readings are taken just before begin."""
        asked_ids = [message.message_id for message in prepared]
        for message_id in asked_ids:
            if message_id not in self._clearances or message_id in self.answers:
                raise TransportMisbehaved("clear was called with a message that is unknown, or was cleared before")
        if len(set(asked_ids)) < len(asked_ids):
            raise TransportMisbehaved("clear was called with one message twice")
        try:
            if self._is_halted():
                return Leave((), timedelta(0), self._stopwatch(), self._stopwatch)
            if self.credit_needed is not None:
                return self._leave_unpaid(asked_ids)
            settlements = self._take_yielded()
            readings = self._stopwatch()
            asked = [self._clearances[message_id] for message_id in asked_ids]
            answers = self._begin(asked, settlements)
        except BaseException as failure:
            self.store_failure = failure
            raise
        self.answers.update(zip(asked_ids, answers, strict=True))
        self.is_called_off = self.is_called_off or any(answer.verdict in _OF_THE_CAMPAIGN for answer in answers)
        going = tuple(
            message for message, answer in zip(prepared, answers, strict=True) if answer.verdict is BeginVerdict.GO
        )
        within = min((answer.cross_within for answer in answers), default=timedelta(0))
        return Leave(going, within, readings, self._stopwatch)

    def _leave_unpaid(self, asked_ids: Sequence[str]) -> Leave:
        """Let nobody go once credit did not pay for one: nothing cheaper overtakes, in this wave or the next."""
        for message_id in asked_ids:
            recipient_id = self._clearances[message_id].recipient_id
            self.answers[message_id] = BeginAnswer(recipient_id, BeginVerdict.NO_CREDIT, detail=NO_CREDIT)
        return Leave((), timedelta(0), self._stopwatch(), self._stopwatch)

    def _begin(self, asked: Sequence[Clearance], settlements: Sequence[Settlement]) -> Sequence[BeginAnswer]:
        try:
            return self._store.begin(asked, lease=self._lease, settlements=settlements)
        except BaseException:
            # What the last wave came to is known, whatever became of this begin: without it, it would end in doubt.
            if settlements:
                self._store.settle(settlements)
            raise

    def may_have_crossed(self, message_id: str) -> bool:
        """Return whether begin let this message go."""
        answer = self.answers.get(message_id)
        return answer is not None and answer.verdict is BeginVerdict.GO

    def was_refused(self, message_id: str) -> bool:
        """Return whether begin was asked about this message and said no."""
        return message_id in self.answers and not self.may_have_crossed(message_id)

    @property
    def credit_needed(self) -> int | None:
        """What the first message costs that credit did not pay for; None: everything was paid."""
        unpaid = (
            self._clearances[message_id].price
            for message_id, answer in self.answers.items()
            if answer.verdict is BeginVerdict.NO_CREDIT
        )
        return next(unpaid, None)

    @property
    def limited_until(self) -> datetime | None:
        """When the first of those whom limits held back may begin; None: nobody was held back."""
        limited = (answer for answer in self.answers.values() if answer.verdict is BeginVerdict.LIMITED)
        return min((answer.retry_at for answer in limited if answer.retry_at is not None), default=None)
