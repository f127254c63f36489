"""One batch over one bound connection, in waves. Messages and ``clear`` in, outcomes out. Touches the network."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.delivery.smpp_replies import SLOW_DOWN, submit_verdict
from campaignkit.delivery.sms_receipts import canonical_id
from campaignkit.message.outbound import OutboundText
from campaignkit.ports import Clear, Cleared
from campaignkit.transports.smpp.link import LinkUnavailable, SmppLink
from campaignkit.transports.smpp.pdus import SubmitAnswer, submit_pdu
from campaignkit.transports.smpp.settings import SmppCounts, SmppSettings
from campaignkit.transports.smpp.tasks import TextTask, submits_of
from campaignkit.transports.texts import BatchTrouble, text_obstacle

__all__ = ["SmppRound"]

WAIT_SECONDS = 1.0  # the longest that a round looks at nothing but the line


@attrs.frozen
class _OpenPart:
    task: TextTask
    part: int
    deadline: float  # monotonic seconds


class SmppRound:
    """The state of one call of ``send``."""

    def __init__(
        self,
        open_link: Callable[[], SmppLink],
        settings: SmppSettings,
        counts: SmppCounts,
        clear: Clear,
        *,
        doubt_max: int,
    ) -> None:
        self._open_link = open_link
        self._settings = settings
        self._counts = counts
        self._clear = clear
        self._doubt_max = doubt_max
        self._link: SmppLink | None = None
        self._open: dict[int, _OpenPart] = {}  # by sequence number
        self._trouble = BatchTrouble()

    def outcomes(self, texts: Sequence[OutboundText]) -> Iterator[Outcome]:
        """Yield exactly one outcome per text, each before the next ``clear`` is asked."""
        queue = deque(texts)
        while queue:
            wave: list[TextTask] = []
            while queue and len(wave) < self._doubt_max:
                prepared = self._prepare(queue.popleft())
                if isinstance(prepared, TextTask):
                    wave.append(prepared)
                else:
                    yield prepared
            if wave:
                yield from self._send(wave)

    def close(self) -> None:
        """Drop the connection if an answer is still open: nobody would wait for it any more."""
        if self._open and self._link is not None:
            self._link.drop()

    # Before the point of no return ------------------------------------------------------------------------------------

    def _prepare(self, text: OutboundText) -> TextTask | Outcome:
        code = text_obstacle(text)
        if code is not None:
            return Outcome(message_id=text.message_id, verdict=Verdict.REFUSED, code=code)
        settings = self._settings
        submits = submits_of(text, wants_receipt=settings.wants_receipts, validity=settings.validity)
        if isinstance(submits, Rejection) or len(submits) > text.parts:
            # As they were counted, or the counter and the splitter disagree.
            return Outcome(message_id=text.message_id, verdict=Verdict.REFUSED, code="parts_mismatch")
        hindrance = self._trouble.outcome_of(text)
        if hindrance is not None:
            return hindrance
        return TextTask(message=text, submits=submits, throttled_seconds=settings.timeouts.throttled)

    def _send(self, wave: list[TextTask]) -> Iterator[Outcome]:
        try:
            link = self._link = self._open_link()
        except LinkUnavailable as error:
            for task in wave:
                task.withhold(error.verdict.code, error.verdict.scope)
                yield self._trouble.learn(attrs.evolve(_outcome_of(task), reply=error.reply))
            return
        cleared = self._clear(tuple(task.message for task in wave))
        granted_ids = {message.message_id for message in cleared.messages}
        for task in wave:
            if task.message.message_id not in granted_ids:
                task.withhold("not_cleared")
                yield _outcome_of(task)
        yield from self._cross(link, [task for task in wave if task.outcome is None], cleared)

    # After it ---------------------------------------------------------------------------------------------------------

    def _cross(self, link: SmppLink, tasks: list[TextTask], cleared: Cleared) -> Iterator[Outcome]:
        while tasks:
            # What was answered is looked at before more is written: it may be a reason not to.
            for task in [one for one in tasks if one.outcome is not None]:
                tasks.remove(task)
                yield self._trouble.learn(_outcome_of(task))
            self._write_ready(link, tasks, cleared)
            if all(task.outcome is None for task in tasks):
                for answer in link.read(self._seconds_to_wait(tasks)) if link.is_open and tasks else ():
                    self._note(answer)
                self._note_silence()
                self._note_losses(link, tasks)

    def _write_ready(self, link: SmppLink, tasks: list[TextTask], cleared: Cleared) -> None:
        for task in tasks:
            while link.is_open and not link.is_leaving and len(self._open) < self._settings.window:
                now = time.monotonic()
                part = task.next_part(now)
                if part is None:
                    break
                if not task.has_begun and not self._may_begin(task, cleared):
                    break
                self._write(link, task, part, now)

    def _may_begin(self, task: TextTask, cleared: Cleared) -> bool:
        task.outcome = self._trouble.outcome_of(task.message)
        if task.outcome is None and not cleared.may_cross():
            task.withhold("permission_expired")
        return task.outcome is None

    def _write(self, link: SmppLink, task: TextTask, part: int, now: float) -> None:
        sequence = link.next_sequence()
        task.note_written(part)
        self._open[sequence] = _OpenPart(task, part, now + self._settings.timeouts.response)
        link.write(submit_pdu(sequence, task.submits[part]))

    def _note(self, answer: SubmitAnswer) -> None:
        opened = self._open.pop(answer.sequence, None)
        if opened is None:
            self._counts.unknown_sequences += 1
            return
        verdict = submit_verdict(answer.status, self._settings.rules)
        provider_id = canonical_id(answer.provider_id, self._settings.submit_id_form)
        opened.task.note_answer(opened.part, answer.status, verdict, provider_id, time.monotonic())
        if answer.status in SLOW_DOWN and opened.task.outcome is None:
            # This text goes on, the others wait.
            self._trouble.stop(Verdict.DEFERRED, Scope.SENDER, "throttled")

    def _note_silence(self) -> None:
        now = time.monotonic()
        for sequence in [sequence for sequence, opened in self._open.items() if opened.deadline <= now]:
            if sequence in self._open:
                self._forget(self._open[sequence].task)

    def _forget(self, task: TextTask) -> None:
        """Give up a text: answers that still come to its parts answer nothing."""
        self._open = {sequence: opened for sequence, opened in self._open.items() if opened.task is not task}
        task.note_lost()

    def _note_losses(self, link: SmppLink, tasks: list[TextTask]) -> None:
        if not link.is_open:
            self._open.clear()
        elif not link.is_leaving:
            return
        # One that is leaving may still answer what is open, and takes nothing more.
        still_open = {id(opened.task) for opened in self._open.values()}
        for task in tasks:
            if task.outcome is None and id(task) not in still_open:
                task.note_lost()

    def _seconds_to_wait(self, tasks: list[TextTask]) -> float:
        moments = [opened.deadline for opened in self._open.values()]
        moments += [task.retry_at for task in tasks if task.retry_at is not None]
        return min(WAIT_SECONDS, max(0.0, min(moments, default=0.0) - time.monotonic()))


def _outcome_of(task: TextTask) -> Outcome:
    assert task.outcome is not None
    return task.outcome
