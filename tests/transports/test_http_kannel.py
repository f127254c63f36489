"""Kannel: its answers one by one, and a real one with its fakesmsc where it is installed."""

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from campaignkit.addresses.channel import Rejection
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.delivery.sms_receipts import ReceiptStatus, SmsReceipt, read_kannel_receipt
from campaignkit.message.sms import count_parts, decode_septets, encode_septets
from campaignkit.transports.http import HttpTimeouts, KannelTransport
from tests.services.kannel import Kannel, Received, missing
from tests.transports.gateways import CLOSE, TinyGateway, answer, text, texts
from tests.transports.servers import Gate

KEY = b"a key of the shop"
QUICK = HttpTimeouts(connect=1, write=1, read=0.3, pool=1, total=1)
ACCEPTED, QUEUED = answer(202, "0: Accepted for delivery"), answer(202, "3: Queued for later delivery")


def kannel(server: TinyGateway, **options: Any) -> KannelTransport:
    settings: dict[str, Any] = {"username": "flora", "password": "s3cret", "timeouts": QUICK, "connections": 1}
    return KannelTransport(f"{server.url}/cgi-bin/sendsms", **{**settings, **options})


def facts(outcome: Outcome) -> tuple[str, str, str]:
    return outcome.verdict.value, outcome.scope.value, outcome.code


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (ACCEPTED, ("accepted", "recipient", "accepted")),
        (QUEUED, ("accepted", "recipient", "accepted")),
        (answer(202, "Sent."), ("in_doubt", "host", "reply_unreadable")),
        (answer(200, ""), ("in_doubt", "host", "reply_unreadable")),
        (answer(202, b"0: " + b"x" * 100_000), ("in_doubt", "host", "reply_unreadable")),
        (answer(403, "Authorization failed for sendsms"), ("not_sent", "sender", "auth_refused")),
        (answer(400, "Missing receiver number, rejected"), ("not_sent", "sender", "request_refused")),
        (answer(503, "Temporal failure, try again later."), ("in_doubt", "host", "reply_lost")),
        (CLOSE, ("in_doubt", "host", "reply_lost")),
    ],
)
def test_what_kannel_answers_and_what_that_proves(said, expected):
    with TinyGateway(said) as server:
        transport = kannel(server)
        (outcome,) = transport.send([text()], Gate())
        transport.close()

    assert facts(outcome) == expected
    assert len(server.calls) == 1
    assert outcome.provider_id == ("t0" if expected[0] == "accepted" else None)


def test_what_kannel_is_told():
    with TinyGateway(ACCEPTED) as server:
        transport = kannel(
            server, receipt_url="https://shop.example/dlr?shop=flora", receipt_key=KEY, smsc="operator 1"
        )
        list(transport.send([text(words="zażółć & 100%")], Gate()))
        transport.close()
    fields = parse_qs(urlsplit(server.calls[0].target).query)

    assert server.calls[0].method == "GET"
    assert {name: fields[name][0] for name in ("username", "password", "from", "to", "text", "coding", "smsc")} == {
        "username": "flora",
        "password": "s3cret",
        "from": "Flora",
        "to": "+12125550000",
        "text": "zażółć & 100%",
        "coding": "2",
        "smsc": "operator 1",
    }
    assert (fields["charset"], fields["dlr-mask"]) == (["UTF-8"], ["31"])
    assert fields["dlr-url"][0].startswith("https://shop.example/dlr?shop=flora&id=t0&token=")
    assert fields["dlr-url"][0].endswith("&type=%d&at=%T&answer=%A&smsc=%i")


def test_settings_that_would_leak_or_deceive_are_refused():
    account: dict[str, Any] = {"username": "flora", "password": "s3cret"}
    with pytest.raises(ValueError, match="plain text"):
        KannelTransport("http://kannel.example:13013/cgi-bin/sendsms", **account)
    with pytest.raises(ValueError, match="receipt_key"):
        KannelTransport("https://kannel.example/cgi-bin/sendsms", receipt_url="https://shop.example/", **account)
    allowed = KannelTransport("http://kannel.example:13013/sendsms", insecure_plaintext=True, **account)

    assert "s3cret" not in repr(allowed)


# A real one -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gateway() -> Iterator[Kannel]:
    if missing():
        pytest.skip(f"NO KANNEL, so nothing was proved against a real one: {missing()}")
    with Kannel() as running:
        yield running


def account(gateway: Kannel, **options: Any) -> KannelTransport:
    return KannelTransport(
        gateway.url,
        username=options.pop("username", "flora"),
        password=options.pop("password", "s3cret"),
        receipt_url=gateway.receipt_url,
        receipt_key=KEY,
        **options,
    )


def words_of(part: Received) -> str:
    return part.words.decode("utf-16-be") if part.kind == "ucs-2" else part.words.decode()


def test_a_real_kannel_takes_texts_and_reports_them(gateway):
    before, reported = len(gateway.received(0)), len(gateway.receipts)
    transport = account(gateway, connections=3)
    batch = [text(0, words="hello {€}"), text(1, words="zażółć gęślą jaźń"), text(2, words="100% & more + ~")]
    outcomes = {outcome.message_id: outcome for outcome in transport.send(batch, Gate())}
    arrived = gateway.received(before + 3)[before:]
    queries = gateway.wait_for_receipts(reported + 6)[reported:]
    transport.close()
    receipts = [read_kannel_receipt(query.partition("shop=flora&")[2], KEY) for query in queries]

    assert {facts(outcome) for outcome in outcomes.values()} == {("accepted", "recipient", "accepted")}
    assert {one.to: words_of(one) for one in arrived} == {one.to: one.text for one in batch}
    assert {one.sender for one in arrived} == {"Flora"}
    assert not any(isinstance(one, Rejection) for one in receipts)
    final = {
        one.provider_id for one in receipts if isinstance(one, SmsReceipt) and one.status is ReceiptStatus.DELIVERED
    }
    assert final == {outcome.provider_id for outcome in outcomes.values()} == {"t0", "t1", "t2"}


@pytest.mark.parametrize(
    "words", ["a" * 160, "a" * 161, "€" * 100, "a" * 152 + "€" + "b" * 10, "a" * 459, "a" * 460, "ż" * 70, "ż" * 71]
)
def test_a_real_kannel_sends_as_many_parts_as_were_counted(gateway, words):
    before = len(gateway.received(0))
    parts = count_parts(words).parts
    transport = account(gateway)
    (outcome,) = transport.send([text(words=words, parts=parts)], Gate())
    arrived = gateway.received(before + parts)[before:]
    transport.close()

    assert len(arrived) == parts == outcome.parts_accepted
    if words.isascii() or "€" in words:
        assert "".join(one.words.decode() for one in arrived) == words == decode_septets(encode_septets(words))
    else:
        assert b"".join(one.words for one in arrived).decode("utf-16-be") == words


def test_a_real_kannel_cuts_an_emoji_in_two_rather_than_use_another_part(gateway):
    """A fact about Kannel 1.4.5, which splits by itself: never more parts than were counted, here one less."""
    before = len(gateway.received(0))
    words = "ż" * 66 + "😀" + "ż" * 66
    transport = account(gateway)
    list(transport.send([text(words=words, parts=3)], Gate()))
    arrived = gateway.received(before + 2)[before:]
    transport.close()

    assert count_parts(words).parts == 3
    assert len(arrived) == 2
    assert b"".join(one.words for one in arrived).decode("utf-16-be") == words


def test_a_real_kannel_says_whether_the_account_works_without_sending(gateway):
    before = len(gateway.received(0))
    transports = [account(gateway), account(gateway, password="wrong")]
    checks = [transport.verify() for transport in transports]
    for transport in transports:
        transport.close()

    assert [(check.is_ready, check.code) for check in checks] == [(True, ""), (False, "auth_refused")]
    assert len(gateway.received(0)) == before


def test_a_real_kannel_refuses_a_wrong_password_and_takes_nothing(gateway):
    before = len(gateway.received(0))
    transport = account(gateway, password="wrong")
    outcomes = list(transport.send(texts(3), Gate()))
    transport.close()

    assert {facts(outcome) for outcome in outcomes} == {("not_sent", "sender", "auth_refused")}
    assert len(gateway.received(0)) == before


def test_a_real_kannel_takes_what_is_accepted_exactly_once_from_many_at_a_time(gateway):
    before = len(gateway.received(0))
    transport = account(gateway, connections=8)
    batch = [text(number, words=f"text {number}") for number in range(100, 200)]
    outcomes = list(transport.send(batch, Gate()))
    arrived = gateway.received(before + 100)[before:]
    transport.close()

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert sorted(words_of(one) for one in arrived) == sorted(one.text for one in batch)
    assert threading.active_count() < 20
