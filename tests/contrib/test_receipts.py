"""What signed calls of providers do: they are recorded once, however often they come, for whom they are. F22, 71."""

from collections.abc import Iterator
from xml.etree import ElementTree

import attrs
import pytest

import campaignkit as ck
from campaignkit.contrib.exchange import WebResponse
from campaignkit.contrib.receipts import RETRY_SECONDS
from campaignkit.testing.faults import FaultyStore, RaiseAt
from tests.contrib.texting import (
    ANN,
    BOB,
    OTHER_TOKEN,
    UNKNOWN_NUMBER,
    TextShop,
    kannel_query,
    open_shop,
    reported,
)


@pytest.fixture
def texts() -> Iterator[TextShop]:
    with open_shop(ck.MemoryStore()) as shop:
        yield shop


def deliveries(shop: TextShop, campaign: ck.Campaign) -> dict[str, int]:
    return {delivery.value: count for delivery, count in shop.flora.counts(campaign.id).by_delivery.items()}


def said_in(response: WebResponse) -> list[str]:
    """Return the texts that Twilio would send for *response*."""
    assert response.status == 200
    assert dict(response.headers)["Content-Type"] == "text/xml; charset=utf-8"
    root = ElementTree.fromstring(response.body)
    assert root.tag == "Response"
    assert all(child.tag == "Message" for child in root)
    return [child.text or "" for child in root]


# Receipts.


def test_a_receipt_of_twilio_says_that_a_text_arrived(texts: TextShop) -> None:
    campaign = texts.sent(ANN, BOB)

    answered = texts.twilio(reported("SM1"))

    assert said_in(answered) == []
    assert deliveries(texts, campaign) == {"delivered": 1}
    (arrival,) = texts.arrivals
    assert isinstance(arrival.result, ck.Recorded)
    assert (arrival.provider, arrival.account, arrival.result.verdict) == ("twilio", "texts", "new")


def test_a_receipt_of_kannel_says_that_a_text_arrived(texts: TextShop) -> None:
    campaign = texts.sent(ANN)
    (row,) = texts.flora.recipients(campaign.id)

    answered = texts.kannel(kannel_query(f"{row.recipient_id}.1"))

    assert (answered.status, answered.body) == (200, b"")  # Kannel takes 200 and 202 for a success, and not 204
    assert deliveries(texts, campaign) == {"delivered": 1}


def test_our_id_in_the_url_ends_a_doubt(texts: TextShop) -> None:
    texts.provider.script(ANN, "lost")
    campaign = texts.sent(ANN)
    (doubtful,) = texts.flora.recipients(campaign.id, status="in_doubt")

    texts.twilio(reported("SM77"), query=f"message_id={doubtful.recipient_id}.1")

    (row,) = texts.flora.recipients(campaign.id)
    assert (row.status, row.delivery) == (ck.RecipientStatus.SENT, ck.Delivery.DELIVERED)


def test_f22_a_call_that_comes_a_thousand_times_counts_once(texts: TextShop) -> None:
    campaign = texts.sent(ANN, BOB)

    answers = {texts.twilio(reported("SM1")) for _ in range(1_000)}

    assert [said_in(one) for one in answers] == [[]]
    assert deliveries(texts, campaign) == {"delivered": 1}
    verdicts = [one.result.verdict.value for one in texts.arrivals if isinstance(one.result, ck.Recorded)]
    assert (verdicts.count("new"), verdicts.count("duplicate")) == (1, 999)


def test_f22_a_call_before_its_settle_is_kept_for_it(texts: TextShop) -> None:
    early = [texts.twilio(reported("SM1")) for _ in range(1_000)]
    assert {one.status for one in early} == {200}

    campaign = texts.sent(ANN)

    assert deliveries(texts, campaign) == {"delivered": 1}


def test_71_calls_in_any_order_come_to_the_same(texts: TextShop) -> None:
    campaign = texts.sent(ANN, BOB)
    said = ("undelivered", "queued", "sent", "delivered")
    for provider_id, statuses in (("SM1", said), ("SM2", said[::-1])):
        for status in statuses:
            texts.twilio(reported(provider_id, status))

    assert deliveries(texts, campaign) == {"undelivered": 2}


def test_71_a_receipt_from_the_future_is_a_receipt(texts: TextShop) -> None:
    campaign = texts.sent(ANN)
    (row,) = texts.flora.recipients(campaign.id)
    for at in ("9999999999", "0", "99999999999", "-1", "٣"):
        assert texts.kannel(kannel_query(f"{row.recipient_id}.1", at=at)).status == 200

    assert deliveries(texts, campaign) == {"delivered": 1}
    assert texts.flora.explain(campaign.id, ANN).code == "delivered"


# Merchants.


def test_a_merchant_with_an_account_of_its_own_reports_on_nobody_else(texts: TextShop) -> None:
    campaign = texts.sent(ANN)
    (row,) = texts.flora.recipients(campaign.id)
    forged = {"account": "others-own", "token": OTHER_TOKEN}
    failed = reported("SM1", "undelivered", ErrorCode="30005")

    assert texts.twilio(failed, **forged).status == 200
    assert texts.twilio(failed, query=f"message_id={row.recipient_id}.1", **forged).status == 200
    assert said_in(texts.writes("STOP", **forged)) == []

    assert deliveries(texts, campaign) == {}
    assert texts.reaches(ANN)


def test_a_text_to_a_number_of_nobody_is_answered_and_reported(texts: TextShop) -> None:
    assert said_in(texts.writes("STOP", to=UNKNOWN_NUMBER)) == []

    (arrival,) = texts.arrivals
    assert isinstance(arrival.result, ck.Rejection)
    assert (arrival.result.code, arrival.result.field) == ("missing", "to")
    assert arrival.result.message == "the number that this text was sent to is no merchant's"
    assert texts.reaches(ANN)


def test_a_merchant_that_the_kit_does_not_know_is_the_hosts_fault(texts: TextShop) -> None:
    texts.doors = attrs.evolve(texts.doors, merchant_of=lambda *_: "nobody")

    with pytest.raises(ck.MerchantNotFound):
        texts.writes("STOP")


# STOP, START, HELP.


def test_stop_suppresses_and_start_lifts_it(texts: TextShop) -> None:
    assert said_in(texts.writes("Stop!", "SM901")) == []
    assert not texts.reaches(ANN)

    texts.writes("START", "SM902")

    assert texts.reaches(ANN)


def test_nothing_is_confirmed_unless_the_host_gave_words(texts: TextShop) -> None:
    for place, words in enumerate(("STOP", "START", "HELP", "hello", "please stop")):
        assert said_in(texts.writes(words, f"SM91{place}")) == []


def test_each_request_is_confirmed_once(texts: TextShop) -> None:
    asked: list[tuple[str, str]] = []

    def confirmation_of(merchant_id: str, kind: ck.KeywordKind) -> str:
        asked.append((merchant_id, kind.value))
        return f"Flora: {kind}"

    texts.doors = attrs.evolve(texts.doors, confirmation_of=confirmation_of)
    words = ["STOP", "STOP", "START", "START", "HELP", "HELP", "see you at 5"]
    ids = ["SM1", "SM2", "SM3", "SM4", "SM5", "SM5", "SM6"]

    answers = [said_in(texts.writes(one, provider_id)) for one, provider_id in zip(words, ids, strict=True)]

    assert answers == [["Flora: stop"], [], ["Flora: start"], [], ["Flora: help"], [], []]
    assert asked == [("flora", "stop"), ("flora", "start"), ("flora", "help")]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Flora & Söhne: <b>bye</b> ]]> \"'", ["Flora & Söhne: <b>bye</b> ]]> \"'"]),
        ("bye\x00\x1b\udcff\ufffe 👩‍👩‍👧", ["bye 👩‍👩‍👧"]),
        ("</Message><Message>more", ["</Message><Message>more"]),
        (" \x00 ", []),
    ],
)
def test_a_confirmation_is_xml_whatever_it_says(texts: TextShop, words: str, expected: list[str]) -> None:
    texts.doors = attrs.evolve(texts.doors, confirmation_of=lambda *_: words)

    assert said_in(texts.writes("STOP")) == expected


def test_words_of_other_languages_may_be_given(texts: TextShop) -> None:
    texts.doors = attrs.evolve(texts.doors, read_text=lambda text: ck.read_keyword(text, stop_words={"lopeta"}))

    texts.writes("Lopeta")

    assert not texts.reaches(ANN)


# The store, and the host.


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_store_that_is_away_asks_the_provider_to_call_again(when: str) -> None:
    fault = RaiseAt(f"record.{when}", 1, ck.StoreUnavailable("starting"))
    with open_shop(FaultyStore(ck.MemoryStore(), fault)) as texts:
        campaign = texts.sent(ANN)
        away = texts.twilio(reported("SM1"))
        again = texts.twilio(reported("SM1"))

        assert (away.status, away.body, dict(away.headers)["Retry-After"]) == (503, b"", str(RETRY_SECONDS))
        assert again.status == 200
        assert deliveries(texts, campaign) == {"delivered": 1}


def test_what_the_hosts_function_raises_goes_through_and_the_next_call_is_a_duplicate(texts: TextShop) -> None:
    campaign, calm = texts.sent(ANN), texts.doors

    def on_arrival(_arrival: object) -> None:
        raise ConnectionError("queue is down")

    texts.doors = attrs.evolve(calm, on_arrival=on_arrival)
    with pytest.raises(ConnectionError, match="queue is down"):
        texts.twilio(reported("SM1"))
    texts.doors = calm

    assert texts.twilio(reported("SM1")).status == 200
    assert deliveries(texts, campaign) == {"delivered": 1}
    assert [one.result.verdict for one in texts.arrivals if isinstance(one.result, ck.Recorded)] == ["duplicate"]
