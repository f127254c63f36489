"""A host's own function as a transport."""

import doctest

import pytest

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.message.outbound import OutboundMessage, OutboundText
from campaignkit.transports import FunctionTransport, function
from tests.transports.servers import Gate

TEXTS = [OutboundText(message_id=f"t{n}", sender="S", to=f"+1212555014{n}", text="x") for n in range(3)]


def test_each_message_is_cleared_and_sent_by_itself():
    sent: list[OutboundMessage] = []
    gate = Gate()

    def send_one(message: OutboundMessage) -> str:
        sent.append(message)
        return f"id-{len(sent)}"

    outcomes = list(FunctionTransport("sms", send_one).send(TEXTS, gate))

    assert sent == TEXTS
    assert gate.waves == [["t0"], ["t1"], ["t2"]]
    assert [outcome.provider_id for outcome in outcomes] == ["id-1", "id-2", "id-3"]


def test_none_is_accepted_without_an_id():
    (outcome,) = FunctionTransport("sms", lambda message: None).send(TEXTS[:1], Gate())

    assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, None)


def test_a_whole_outcome_is_taken_under_the_messages_own_id():
    refusal = Outcome(message_id="whatever", verdict=Verdict.REFUSED, code="invalid_number")
    (outcome,) = FunctionTransport("sms", lambda message: refusal).send(TEXTS[:1], Gate())

    assert (outcome.message_id, outcome.verdict, outcome.code) == ("t0", Verdict.REFUSED, "invalid_number")


def test_an_exception_means_in_doubt_and_the_others_go_on():
    def fail_first(message: OutboundMessage) -> str:
        if message.message_id == "t0":
            raise RuntimeError("+12125550140 has a secret")
        return "ok"

    outcomes = list(FunctionTransport("sms", fail_first).send(TEXTS, Gate()))

    assert [outcome.verdict.value for outcome in outcomes] == ["in_doubt", "accepted", "accepted"]
    assert (outcomes[0].scope, outcomes[0].code) == (Scope.HOST, "send_raised")
    assert outcomes[0].reply == "send_one raised RuntimeError"


def test_an_answer_that_was_not_agreed_upon_proves_nothing():
    (outcome,) = FunctionTransport("sms", lambda message: 42).send(TEXTS[:1], Gate())  # type: ignore[arg-type, return-value]

    assert outcome.verdict is Verdict.IN_DOUBT


def test_what_is_not_cleared_or_may_not_cross_is_never_sent():
    sent: list[OutboundMessage] = []
    gate = Gate(refused_ids=frozenset({"t0"}), may_cross_answers=(False,))

    def send_one(message: OutboundMessage) -> None:
        sent.append(message)

    outcomes = list(FunctionTransport("sms", send_one).send(TEXTS, gate))

    assert [outcome.code for outcome in outcomes] == ["not_cleared", "permission_expired", "accepted"]
    assert sent == TEXTS[2:]


def test_a_stop_signal_is_not_swallowed():
    def interrupted(message: OutboundMessage) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(FunctionTransport("sms", interrupted).send(TEXTS, Gate()))


def test_the_courtesies():
    transport = FunctionTransport("email", lambda message: None)
    transport.close()

    assert transport.channel is Channel.EMAIL
    assert transport.verify().is_ready
    assert doctest.testmod(function).failed == 0
    with pytest.raises(ValueError, match="fax"):
        FunctionTransport("fax", lambda message: None)
