"""Transports that are broken in one place each, and the law that each breaks."""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.message.outbound import OutboundMessage, OutboundText
from campaignkit.ports import Clear, SenderCheck
from campaignkit.testing import TransportCase

SECRET = "pass-phrase-of-flora"


class Sound:
    """Obeys every law: one message at a time, to a list."""

    channel = Channel.SMS
    doubt_max = 1

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.is_gone = False
        self.is_closed = False

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        for message in batch:
            yield self._send_one(message, clear)

    def verify(self) -> SenderCheck:
        return SenderCheck(is_ready=True)

    def close(self) -> None:
        self.is_closed = True

    def _send_one(self, message: OutboundMessage, clear: Clear) -> Outcome:
        cleared = clear((message,))
        if not cleared.messages:
            return outcome(message, Verdict.NOT_SENT, "not_cleared")
        if self.is_gone or not cleared.may_cross():
            return outcome(message, Verdict.NOT_SENT, "permission_expired")
        return self._cross(message)

    def _cross(self, message: OutboundMessage) -> Outcome:
        assert isinstance(message, OutboundText)
        self.taken.append(message.text)
        return outcome(message, Verdict.ACCEPTED, "accepted")


def outcome(message: OutboundMessage, verdict: Verdict, code: str, **more: Any) -> Outcome:
    return Outcome(message_id=message.message_id, verdict=verdict, code=code, **more)


def planted_case(kind: type[Sound]) -> TransportCase:
    transport = kind()

    def vanish() -> None:
        transport.is_gone = True

    return TransportCase(transport=transport, taken=lambda: list(transport.taken), vanish=vanish, secrets=[SECRET])


class AsksForAnEmptyBatch(Sound):
    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        if not batch:
            clear(())
        yield from super().send(batch, clear)


class ForgetsTheLast(Sound):
    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        outcomes = list(super().send(batch, clear))
        yield from outcomes[:-1] if len(outcomes) > 1 else outcomes


class TellsTwice(Sound):
    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        for one in super().send(batch, clear):
            yield one
            if one.message_id.endswith("3"):
                yield one


class AcceptsWithoutSending(Sound):
    def _cross(self, message: OutboundMessage) -> Outcome:
        return outcome(message, Verdict.ACCEPTED, "accepted")


class SendsTwice(Sound):
    def _cross(self, message: OutboundMessage) -> Outcome:
        super()._cross(message)
        return super()._cross(message)


class SaysWhateverTheProviderSaid(Sound):
    def _cross(self, message: OutboundMessage) -> Outcome:
        return attrs.evolve(super()._cross(message), code="250 Ok", reply="250 Ok\r\nqueued")


class ClearsTwice(Sound):
    def _send_one(self, message: OutboundMessage, clear: Clear) -> Outcome:
        clear((message,))
        return super()._send_one(message, clear)


class SendsWithoutLeave(Sound):
    def _send_one(self, message: OutboundMessage, clear: Clear) -> Outcome:
        clear((message,))
        return self._cross(message)


class OneLeaveForAll(Sound):
    """Sends the whole wave if anybody of it may go."""

    doubt_max = 100

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        if not batch:
            return
        cleared = clear(tuple(batch))
        for message in batch:
            may_go = cleared.messages and not self.is_gone and cleared.may_cross()
            yield self._cross(message) if may_go else outcome(message, Verdict.NOT_SENT, "not_cleared")


class NeverAsksWhetherLeaveHolds(Sound):
    def _send_one(self, message: OutboundMessage, clear: Clear) -> Outcome:
        cleared = clear((message,))
        return self._cross(message) if cleared.messages else outcome(message, Verdict.NOT_SENT, "not_cleared")


class AsksOnlyOnceWhetherLeaveHolds(Sound):
    """Asks before the first crossing of a wave of three, and takes the answer for all of them."""

    doubt_max = 3

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        for start in range(0, len(batch), 3):
            wave = batch[start : start + 3]
            cleared = clear(tuple(wave))
            holds = not self.is_gone and cleared.may_cross()
            for message in wave:
                goes = holds and message in cleared.messages
                yield self._cross(message) if goes else outcome(message, Verdict.NOT_SENT, "not_cleared")


class OpensMoreThanItSays(Sound):
    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        if batch:
            cleared = clear(tuple(batch))
            for message in batch:
                goes = message in cleared.messages and not self.is_gone and cleared.may_cross()
                yield self._cross(message) if goes else outcome(message, Verdict.NOT_SENT, "not_cleared")


class SendsWhenClearFails(Sound):
    def _send_one(self, message: OutboundMessage, clear: Clear) -> Outcome:
        try:
            return super()._send_one(message, clear)
        except Exception:  # noqa: BLE001 - that is the bug
            return self._cross(message)


class BreaksWhenClearFails(Sound):
    is_broken = False

    def _send_one(self, message: OutboundMessage, clear: Clear) -> Outcome:
        if self.is_broken:
            raise ConnectionError("the connection is in an unknown state")
        self.is_broken = True
        answered = super()._send_one(message, clear)
        self.is_broken = False
        return answered


class IsStuckWhenNobodyListens(Sound):
    is_busy = False

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        if self.is_busy:
            raise RuntimeError("a batch is under way")
        self.is_busy = True
        yield from super().send(batch, clear)
        self.is_busy = False


class RefusesWhenTheProviderIsGone(Sound):
    def _send_one(self, message: OutboundMessage, clear: Clear) -> Outcome:
        if self.is_gone:
            return outcome(message, Verdict.REFUSED, "connect_failed")
        return super()._send_one(message, clear)


class VerifiesBySending(Sound):
    def verify(self) -> SenderCheck:
        self.taken.append("hello law-000000")
        return super().verify()


class ClosesOnce(Sound):
    def close(self) -> None:
        if self.is_closed:
            raise ConnectionError("it is closed already")
        super().close()


class SaysNothingOfItself(Sound):
    channel = "sms"  # type: ignore[assignment]


class ShowsItsPassword(Sound):
    def __repr__(self) -> str:
        return f"ShowsItsPassword(password={SECRET!r})"


PLANTED: dict[type[Sound], str] = {
    AsksForAnEmptyBatch: "an_empty_batch_asks_for_nothing",
    ForgetsTheLast: "every_message_has_exactly_one_outcome",
    TellsTwice: "every_message_has_exactly_one_outcome",
    AcceptsWithoutSending: "a_healthy_provider_takes_everybody",
    SendsTwice: "a_healthy_provider_takes_everybody",
    SaysWhateverTheProviderSaid: "codes_are_words_and_replies_one_printable_line",
    ClearsTwice: "clear_is_asked_once_about_each_message_as_it_was_given",
    SendsWithoutLeave: "nothing_crosses_without_leave",
    OneLeaveForAll: "only_those_cross_who_were_granted",
    NeverAsksWhetherLeaveHolds: "nothing_crosses_once_leave_is_over",
    AsksOnlyOnceWhetherLeaveHolds: "leave_is_asked_for_before_each_crossing",
    OpensMoreThanItSays: "no_more_are_open_than_it_says",
    SendsWhenClearFails: "nobody_crosses_whom_a_failing_clear_did_not_grant",
    BreaksWhenClearFails: "it_can_be_used_again_after_clear_failed",
    IsStuckWhenNobodyListens: "it_can_be_used_again_after_nobody_listened_to_the_end",
    RefusesWhenTheProviderIsGone: "nothing_is_accepted_by_a_provider_that_is_gone",
    VerifiesBySending: "verify_sends_nothing",
    ClosesOnce: "closing_twice_is_harmless",
    SaysNothingOfItself: "it_says_what_it_carries",
    ShowsItsPassword: "no_secret_is_shown",
}
