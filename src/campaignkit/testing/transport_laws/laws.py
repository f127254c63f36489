"""The laws of ``ports.Transport`` in one class for pytest, and a runner that needs no pytest."""

import re
from collections.abc import Callable, Sequence
from unittest import SkipTest

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.outcomes import Verdict
from campaignkit.message.outbound import OutboundMessage
from campaignkit.ports import SaysDoubtMax, SaysIdempotent, SenderCheck
from campaignkit.testing.transport_laws.trying import ClearFailed, Gate, TransportCase, Trial, make_messages, send

__all__ = ["TransportLaws", "check_transport", "transport_law_names"]

_PREFIX = "test_"
_CODE = re.compile(r"[a-z0-9_]{1,40}")
REPLY_LENGTH_MAX = 500
_CROSSED = frozenset({Verdict.ACCEPTED, Verdict.IN_DOUBT})
BATCH = 7  # more than most transports have connections, and no multiple of them


class TransportLaws:
    """One test for each law of ``ports.Transport``; a host's test class inherits it and makes its case::

        class TestMyTransport(TransportLaws):
            def make_case(self):
                provider = StandIn()
                return TransportCase(transport=MyTransport(provider.url), taken=provider.taken, close=provider.stop)

    Every law gets a new case with a healthy provider behind it, and closes both.
    """

    __test__ = False
    case: TransportCase

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.__test__ = True

    def make_case(self) -> TransportCase:
        """Return a transport and what its provider took; to be overridden."""
        raise NotImplementedError("a class of transport laws overrides make_case")

    def setup_method(self) -> None:
        self.case = self.make_case()

    def teardown_method(self) -> None:
        try:
            self.case.transport.close()
        finally:
            self.case.close()

    # what comes back

    def test_an_empty_batch_asks_for_nothing(self) -> None:
        trial = self._send(0)

        assert (trial.outcomes, trial.gate.calls, trial.taken, trial.failure) == ([], 0, set(), None)

    def test_every_message_has_exactly_one_outcome(self) -> None:
        for count in (1, BATCH, 30):
            trial = self._send(count, first=count * 100)

            assert trial.failure is None
            assert sorted(one.message_id for one in trial.outcomes) == [one.message_id for one in trial.batch]

    def test_a_healthy_provider_takes_everybody(self) -> None:
        trial = self._send(BATCH)

        assert {one.verdict for one in trial.outcomes} == {Verdict.ACCEPTED}
        assert trial.taken == _ids(trial.batch)

    def test_codes_are_words_and_replies_one_printable_line(self) -> None:
        for outcome in (*self._send(BATCH).outcomes, *self._send(2, Gate(grants=lambda _: False), first=50).outcomes):
            assert _CODE.fullmatch(outcome.code), "a code is a word of small letters, digits and underscores"
            assert len(outcome.reply) <= REPLY_LENGTH_MAX
            assert outcome.reply.isprintable()

    # the point of no return

    def test_clear_is_asked_once_about_each_message_as_it_was_given(self) -> None:
        trial = self._send(BATCH)
        asked = sorted(trial.gate.asked, key=lambda message: message.message_id)

        assert asked == list(trial.batch)

    def test_nothing_crosses_without_leave(self) -> None:
        trial = self._send(BATCH, Gate(grants=lambda _: False))

        assert trial.taken == set()
        assert not _CROSSED & {one.verdict for one in trial.outcomes}

    def test_only_those_cross_who_were_granted(self) -> None:
        trial = self._send(BATCH, Gate(grants=_is_odd))

        assert trial.taken == {one.message_id for one in trial.batch if _is_odd(one.message_id)}
        for outcome in trial.outcomes:
            assert (outcome.verdict is Verdict.ACCEPTED) == _is_odd(outcome.message_id)

    def test_nothing_crosses_once_leave_is_over(self) -> None:
        trial = self._send(BATCH, Gate(crossings_max=0))

        assert trial.taken == set()
        assert {one.verdict for one in trial.outcomes} <= {Verdict.NOT_SENT}

    def test_leave_is_asked_for_before_each_crossing(self) -> None:
        trial = self._send(BATCH, Gate(crossings_max=2))

        assert len(trial.taken) <= 2, "more messages crossed than were told that they may"
        for outcome in trial.outcomes:
            assert (outcome.verdict is Verdict.ACCEPTED) == (outcome.message_id in trial.taken)

    def test_no_more_are_open_than_it_says(self) -> None:
        trial = self._send(30)
        transport = self.case.transport
        doubt_max = transport.doubt_max if isinstance(transport, SaysDoubtMax) else len(trial.batch)

        assert 1 <= trial.gate.open_max <= doubt_max, "a crash would leave more in doubt than doubt_max"

    # when something fails

    def test_nobody_crosses_whom_a_failing_clear_did_not_grant(self) -> None:
        for number, call in enumerate((1, 2)):
            trial = self._send(30, Gate(fails_at=call), first=number * 100)

            assert trial.taken <= set(trial.gate.granted_ids)
            accepted = {one.message_id for one in trial.outcomes if one.verdict is Verdict.ACCEPTED}
            assert accepted <= trial.taken
            assert trial.failure is None or isinstance(trial.failure, ClearFailed)

    def test_it_can_be_used_again_after_clear_failed(self) -> None:
        self._send(BATCH, Gate(fails_at=1))
        trial = self._send(BATCH, first=100)

        assert trial.taken == _ids(trial.batch)

    def test_it_can_be_used_again_after_nobody_listened_to_the_end(self) -> None:
        gate = Gate()
        outcomes = iter(self.case.transport.send(self._messages(BATCH), gate))
        next(outcomes)
        if hasattr(outcomes, "close"):
            outcomes.close()
        trial = self._send(BATCH, first=100)

        assert trial.taken == _ids(trial.batch)

    def test_nothing_is_accepted_by_a_provider_that_is_gone(self) -> None:
        if self.case.vanish is None:
            raise SkipTest("this case has no vanish, so nobody knows what the transport says when its provider is gone")
        self._send(1)
        self.case.vanish()
        trial = self._send(2, first=100)

        assert trial.taken == set()
        assert Verdict.ACCEPTED not in {one.verdict for one in trial.outcomes}
        assert Verdict.REFUSED not in {one.verdict for one in trial.outcomes}, "that would fail a recipient"
        for outcome in trial.outcomes:
            assert outcome.verdict is not Verdict.IN_DOUBT or outcome.message_id in trial.gate.granted_ids

    # the courtesies

    def test_verify_sends_nothing(self) -> None:
        check = self.case.transport.verify()
        trial = self._send(1)

        assert isinstance(check, SenderCheck)
        assert check.is_ready
        assert trial.taken == _ids(trial.batch)

    def test_closing_twice_is_harmless(self) -> None:
        self._send(1)
        self.case.transport.close()
        self.case.transport.close()

    def test_it_says_what_it_carries(self) -> None:
        transport = self.case.transport

        assert isinstance(transport.channel, Channel)
        assert not isinstance(transport, SaysDoubtMax) or 1 <= transport.doubt_max <= 100
        assert not isinstance(transport, SaysIdempotent) or transport.is_idempotent in {True, False}

    def test_no_secret_is_shown(self) -> None:
        shown = repr(self.case.transport)

        assert not [secret for secret in self.case.secrets if secret in shown]

    def _messages(self, count: int, first: int = 0) -> Sequence[OutboundMessage]:
        return make_messages(self.case.transport.channel, count, first=first)

    def _send(self, count: int, gate: Gate | None = None, *, first: int = 0) -> Trial:
        return send(self.case, self._messages(count, first), gate or Gate())


def transport_law_names() -> tuple[str, ...]:
    """Return the name of every law, in alphabetical order."""
    return tuple(name.removeprefix(_PREFIX) for name in sorted(dir(TransportLaws)) if name.startswith(_PREFIX))


def check_transport(make_case: Callable[[], TransportCase], *, laws: Sequence[str] | None = None) -> Sequence[str]:
    """Return the names of the laws that the transport of *make_case* breaks; empty: it may be trusted with messages.

    Args:
        make_case: Makes a new transport, with a healthy provider that has taken nothing yet, for each law.
        laws: Those to look at, by ``transport_law_names``; None: all.

    Raises:
        ValueError: there is no such law.
        RuntimeError: Python runs without asserts (``-O``), so that every law would seem to hold.
    """
    if not __debug__:
        raise RuntimeError("the laws are asserts; run Python without -O")
    known = transport_law_names()
    if laws is not None and not set(laws) <= set(known):
        raise ValueError(f"there is no law called {', '.join(sorted(set(laws) - set(known)))}")
    return [name for name in known if (laws is None or name in laws) and not _holds(make_case, name)]


class _OnCase(TransportLaws):
    """The laws on whatever a function makes."""

    def __init__(self, make_case: Callable[[], TransportCase]) -> None:
        self._make_case = make_case

    def make_case(self) -> TransportCase:
        return self._make_case()


def _holds(make_case: Callable[[], TransportCase], name: str) -> bool:
    laws = _OnCase(make_case)
    try:
        laws.setup_method()
        try:
            getattr(laws, _PREFIX + name)()
        finally:
            laws.teardown_method()
    except SkipTest:  # this case cannot show it; nothing is broken
        return True
    except Exception:  # noqa: BLE001 - whatever a host's transport raises, this law does not hold
        return False
    return True


def _ids(batch: Sequence[OutboundMessage]) -> set[str]:
    return {message.message_id for message in batch}


def _is_odd(message_id: str) -> bool:
    return int(message_id[-1]) % 2 == 1
