"""The fakes obey clear as a real transport does, and fail as they are told."""

import doctest

import pytest

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.message.outbound import OutboundText
from campaignkit.transports import FakeEmail, FakeSms, fake
from campaignkit.transports.fake import ScriptedFailure
from tests.transports.servers import Gate, mail, mails


def text(number: int = 0) -> OutboundText:
    return OutboundText(message_id=f"t{number}", sender="FLORA", to=f"+1212555014{number}", text="hello")


def test_everything_is_accepted_by_default_and_remembered_in_order():
    sender = FakeEmail()
    outcomes = list(sender.send(mails(3), Gate()))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 3
    assert sender.sent == mails(3)
    assert [outcome.provider_id for outcome in outcomes] == ["fake-1", "fake-2", "fake-3"]


@pytest.mark.parametrize(("connections", "waves"), [(1, [1] * 5), (2, [2, 2, 1]), (8, [5])])
def test_waves_are_as_large_as_the_connections(connections, waves):
    gate = Gate()
    sender = FakeEmail(connections=connections)
    list(sender.send(mails(5), gate))

    assert sender.waves == [len(wave) for wave in gate.waves] == waves


def test_a_script_is_followed_step_by_step_and_then_all_is_well():
    sender = FakeSms()
    sender.script("+12125550140", "deferred", Verdict.REFUSED, "not_sent", "in_doubt")
    verdicts = [next(iter(sender.send([text()], Gate()))).verdict.value for _ in range(5)]

    assert verdicts == ["deferred", "refused", "not_sent", "in_doubt", "accepted"]
    assert len(sender.sent) == 1


def test_a_scripted_outcome_is_given_under_the_messages_own_id():
    sender = FakeEmail()
    template = Outcome(message_id="", verdict=Verdict.DEFERRED, scope=Scope.GROUP, code="throttled", reply="4.7.28")
    sender.script("c0@example.com", template)
    (outcome,) = sender.send([mail()], Gate())

    assert (outcome.message_id, outcome.scope, outcome.code) == ("m0", Scope.GROUP, "throttled")


def test_lost_is_accepted_and_in_doubt():
    sender = FakeEmail()
    sender.script("c0@example.com", "lost")
    (outcome,) = sender.send([mail()], Gate())

    assert (outcome.verdict, outcome.code) == (Verdict.IN_DOUBT, "reply_lost")
    assert sender.sent == [mail()]


def test_raise_and_omit_break_the_laws_on_purpose():
    sender = FakeEmail()
    sender.script("c0@example.com", "raise")
    with pytest.raises(ScriptedFailure):
        list(sender.send([mail()], Gate()))
    sender.script("c0@example.com", "omit")

    assert list(sender.send([mail()], Gate())) == []
    assert sender.sent == [mail()]


def test_not_sent_never_asks_for_permission():
    gate = Gate()
    sender = FakeEmail(connections=2)
    sender.script("c0@example.com", "not_sent")
    outcomes = list(sender.send(mails(2), gate))

    assert [outcome.verdict.value for outcome in outcomes] == ["not_sent", "accepted"]
    assert gate.waves == [["m1"]]


@pytest.mark.parametrize("step", ["accepted", "lost", "omit", "raise"])
def test_what_is_not_cleared_or_may_not_cross_is_never_accepted(step):
    sender = FakeEmail(connections=2)
    sender.script("c0@example.com", step)
    sender.script("c1@example.com", step)
    gate = Gate(refused_ids=frozenset({"m0"}), may_cross_answers=(False,))
    outcomes = list(sender.send(mails(2), gate))

    assert [outcome.code for outcome in outcomes] == ["not_cleared", "permission_expired"]
    assert sender.sent == []


def test_a_provider_that_takes_a_message_once_answers_it_as_before():
    sender, batch = FakeEmail(is_idempotent=True), mails(1)
    sender.script("c0@example.com", "lost")
    outcomes = [outcome for _ in range(3) for outcome in sender.send(batch, Gate())]

    assert [outcome.verdict for outcome in outcomes] == [Verdict.IN_DOUBT, Verdict.ACCEPTED, Verdict.ACCEPTED]
    assert [outcome.provider_id for outcome in outcomes] == [None, "fake-1", "fake-1"]
    assert sender.sent == list(batch)


def test_a_step_that_is_none_is_refused():
    with pytest.raises(ValueError, match="explode"):
        FakeEmail().script("a@b.co", "explode")
    with pytest.raises(ValueError, match="connections"):
        FakeEmail(connections=0)


def test_the_courtesies():
    sender = FakeSms()
    assert sender.verify().is_ready
    sender.close()

    assert sender.is_closed
    assert (sender.channel, FakeEmail().channel) == (Channel.SMS, Channel.EMAIL)
    assert doctest.testmod(fake).failed == 0
