"""One text on its way: answers to its parts in, what to write next and its outcome out. Pure.

The first part decides: until it was taken nothing else of the text is written, so that a refusal or a throttle there is
proof that nothing was submitted. After that the text is sent as a whole or ends in doubt, never again by itself.
"""

from collections import deque
from datetime import timedelta

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.delivery.replies import ReplyVerdict
from campaignkit.delivery.smpp_replies import SLOW_DOWN
from campaignkit.delivery.sms_receipts import join_part_ids
from campaignkit.message.outbound import OutboundText
from campaignkit.message.sms import SmsEncoding, part_reference, split_text
from campaignkit.transports.smpp.pdus import Submit

__all__ = ["TextTask", "submits_of"]

RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)  # between tries of a throttled later part; the last one for ever
# (type of number, numbering plan), SMPP v3.4 sections 5.2.5 and 5.2.6.
_INTERNATIONAL, _ALPHANUMERIC, _SHORT_CODE, _NATIONAL = (1, 1), (5, 0), (3, 0), (2, 1)
SHORT_CODE_DIGITS_MAX = 8
_CODINGS = {SmsEncoding.GSM7: 0, SmsEncoding.UCS2: 8}


def submits_of(
    message: OutboundText, *, wants_receipt: bool = True, validity: timedelta | None = None
) -> tuple[Submit, ...] | Rejection:
    """Return the parts of *message* as they are submitted: the same bytes on every try."""
    parts = split_text(message.text, reference=part_reference(message.message_id))
    if isinstance(parts, Rejection):
        return parts
    source, (ton, npi) = _source_of(message.sender)
    return tuple(
        Submit(
            source=source,
            source_ton=ton,
            source_npi=npi,
            destination=message.to.lstrip("+"),
            is_joined=bool(part.header),
            data_coding=_CODINGS[part.encoding],
            short_message=part.short_message,
            wants_receipt=wants_receipt,
            validity="" if validity is None else _relative(validity),
        )
        for part in parts
    )


@attrs.define(kw_only=True)
class TextTask:
    """What is known about one text; ``outcome`` is set once that is all."""

    message: OutboundText
    submits: tuple[Submit, ...]
    throttled_seconds: float
    outcome: Outcome | None = None
    _ready: deque[int] = attrs.field(factory=lambda: deque([0]), init=False)
    _open: set[int] = attrs.field(factory=set, init=False)
    _provider_ids: dict[int, str] = attrs.field(factory=dict, init=False)
    _retry_at: dict[int, float] = attrs.field(factory=dict, init=False)
    _throttled_since: dict[int, tuple[float, int]] = attrs.field(factory=dict, init=False)
    _failure: str = attrs.field(default="", init=False)
    _reply: str = attrs.field(default="", init=False)

    @property
    def has_begun(self) -> bool:
        """Whether a byte of it may have left."""
        return bool(self._open or self._provider_ids)

    @property
    def retry_at(self) -> float | None:
        """When the next throttled part is due; monotonic seconds."""
        return min(self._retry_at.values(), default=None)

    def next_part(self, now: float) -> int | None:
        """Return the part to write next, None while there is none."""
        for part, at in list(self._retry_at.items()):
            if at <= now:
                del self._retry_at[part]
                self._ready.append(part)
        return self._ready[0] if self._ready and self.outcome is None else None

    def note_written(self, part: int) -> None:
        """Take note that *part* is about to be written: from now on it may have arrived."""
        self._ready.remove(part)
        self._open.add(part)

    def note_answer(self, part: int, status: int, verdict: ReplyVerdict, provider_id: str, now: float) -> None:
        """Take note of the answer to *part*."""
        self._open.discard(part)
        if verdict.verdict is Verdict.ACCEPTED:
            self._provider_ids[part] = provider_id
            if part == 0:
                self._ready.extend(range(1, len(self.submits)))
        elif not self._provider_ids:
            self.outcome = self._outcome(verdict.verdict, verdict.scope, verdict.code, f"status 0x{status:08X}")
            return
        elif status not in SLOW_DOWN or not self._plan_retry(part, now):
            self._fail(verdict.code, f"status 0x{status:08X}")
        self._conclude()

    def note_lost(self) -> None:
        """Take note that no further answer will come; what has not begun is proof that nothing was sent."""
        if not self.has_begun:
            self.withhold("connection_lost", Scope.HOST)
            return
        self._open.clear()
        self._fail("reply_lost", "")
        self._conclude()

    def withhold(self, code: str, scope: Scope = Scope.RECIPIENT) -> None:
        """End a text of which nothing was written."""
        self.outcome = self._outcome(Verdict.NOT_SENT, scope, code, "")

    def _plan_retry(self, part: int, now: float) -> bool:
        """Plan to write a throttled part again; return False once it has been throttled for too long."""
        since, tries = self._throttled_since.get(part, (now, 0))
        at = now + RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
        if at - since > self.throttled_seconds:
            return False
        self._throttled_since[part] = (since, tries + 1)
        self._retry_at[part] = at
        return True

    def _fail(self, code: str, reply: str) -> None:
        self._failure, self._reply = self._failure or code, self._reply or reply
        self._ready.clear()
        self._retry_at.clear()

    def _conclude(self) -> None:
        if len(self._provider_ids) == len(self.submits):
            self.outcome = self._outcome(Verdict.ACCEPTED, Scope.RECIPIENT, "accepted", "")
        elif self._failure and not self._open:
            self.outcome = self._outcome(Verdict.IN_DOUBT, Scope.HOST, self._failure, self._reply)

    def _outcome(self, verdict: Verdict, scope: Scope, code: str, reply: str) -> Outcome:
        ids = [self._provider_ids[part] for part in sorted(self._provider_ids)]
        return Outcome(
            message_id=self.message.message_id,
            verdict=verdict,
            scope=scope,
            code=code,
            reply=reply,
            # In doubt, the parts that were taken may still be reported on.
            provider_id=join_part_ids(ids) or None,
            parts_accepted=len(ids) if verdict in {Verdict.ACCEPTED, Verdict.IN_DOUBT} else None,
        )


def _source_of(sender: str) -> tuple[str, tuple[int, int]]:
    if sender.startswith("+"):
        return sender[1:], _INTERNATIONAL
    if not sender.isdigit():
        return sender, _ALPHANUMERIC
    return sender, _SHORT_CODE if len(sender) <= SHORT_CODE_DIGITS_MAX else _NATIONAL


def _relative(validity: timedelta) -> str:
    """Return a time from now as SMPP writes it: YYMMDDhhmmss, then 000R. SMPP v3.4 section 7.1.1."""
    minutes = int(validity.total_seconds()) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    return f"00{days // 30:02}{days % 30:02}{hours:02}{minutes:02}00000R"
