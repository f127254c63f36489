"""Whom the receipt doors do not believe, and what they say to whom: unsigned, broken, endless calls. Bad input 71."""

from collections.abc import Iterator
from urllib.parse import urlencode

import attrs
import pytest

import campaignkit as ck
from campaignkit.contrib.exchange import WebRequest
from campaignkit.contrib.receipts import ReceiptDoors, receipt_doors
from tests.contrib.conftest import FORM
from tests.contrib.texting import (
    ANN,
    KEY,
    OTHER_TOKEN,
    OUR_NUMBER,
    PUBLIC,
    TOKEN,
    TextShop,
    kannel_query,
    open_shop,
    reported,
    sign,
    wrote,
)


@pytest.fixture
def texts() -> Iterator[TextShop]:
    with open_shop(ck.MemoryStore()) as shop:
        yield shop


def deliveries(shop: TextShop, campaign: ck.Campaign) -> dict[str, int]:
    return {delivery.value: count for delivery, count in shop.flora.counts(campaign.id).by_delivery.items()}


@pytest.mark.parametrize(
    "said",
    [
        {"signature": ""},
        {"signature": "AAAA"},
        {"signature": "ż\udcff" * 1_000},
        {"token": "another token"},
        {"token": OTHER_TOKEN},
        {"signature": sign("https://evil.example/hooks/twilio/texts", reported("SM1"))},
        {"signature": sign(f"{PUBLIC}/twilio/others-own", reported("SM1"))},
    ],
)
def test_71_what_is_not_signed_for_this_url_changes_nothing(texts: TextShop, said: dict[str, str]) -> None:
    campaign = texts.sent(ANN)

    assert texts.twilio(reported("SM1"), **said).status == 403
    assert texts.writes("STOP", **said).status == 403
    assert deliveries(texts, campaign) == {}
    assert texts.arrivals == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 403),
        ("id=m1&token=guessed&type=1", 403),
        (kannel_query("m1", key=b"another key"), 403),
        (f"{kannel_query('m1')}&id=m2", 400),
        (kannel_query("m1", kind=99), 400),
        ("&".join(f"a{n}=" for n in range(200)), 400),
        ("[" * 8_000, 403),
        ("a" * 8_193, 414),
        ("a" * 50_000_000, 414),
    ],
    ids=["empty", "guessed", "other key", "one name twice", "unknown", "many fields", "deep", "long", "50 MB"],
)
def test_71_a_query_that_nobody_signed_changes_nothing(texts: TextShop, query: str, status: int) -> None:
    assert texts.kannel(query).status == status
    assert texts.arrivals == []


def test_71_a_field_that_comes_twice_is_refused_even_when_it_is_signed(texts: TextShop) -> None:
    body = urlencode(reported("SM1", "delivered")) + "&MessageStatus=failed"
    words = f"{PUBLIC}/twilio/texts" + "MessageSidSM1MessageStatusdeliveredMessageStatusfailed"
    request = WebRequest(
        method="POST",
        path="/twilio/texts",
        content_type=FORM,
        body=body.encode(),
        twilio_signature=sign(words, {}),
    )

    assert texts.doors.answer(request).status == 400
    assert texts.arrivals == []


@pytest.mark.parametrize(
    "fields",
    [{}, {"MessageStatus": "delivered"}, reported("SM1", "exploded"), reported("S M", "sent"), reported("x" * 65)],
)
def test_71_what_is_signed_and_makes_no_sense_is_refused(texts: TextShop, fields: dict[str, str]) -> None:
    assert texts.twilio(fields).status == 400
    assert texts.arrivals == []


def test_what_no_store_could_keep_is_refused(texts: TextShop) -> None:
    assert texts.twilio({**wrote("STOP", "SM900"), "From": "FLORIST"}).status == 400
    assert texts.twilio(reported("SM1"), query=f"message_id={'x' * 201}").status == 400


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_71_what_is_no_form_is_refused(texts: TextShop, content_type: str) -> None:
    assert texts.twilio(reported("SM1"), content_type=content_type).status == 415


def test_a_form_may_name_its_letters(texts: TextShop) -> None:
    assert texts.twilio(reported("SM1"), content_type=f"{FORM}; charset=UTF-8").status == 200


def test_71_a_query_that_is_too_long_is_refused_unread(texts: TextShop) -> None:
    assert texts.twilio(reported("SM1"), query="a=" + "b" * 10_000).status == 414


def test_two_secrets_hold_while_they_are_changed(texts: TextShop) -> None:
    twilio, kannel = {"texts": ("the new one", TOKEN)}, {"kannel": (b"new key", KEY)}
    texts.doors = attrs.evolve(texts.doors, owners={}, twilio=twilio, kannel=kannel)

    assert texts.twilio(reported("SM1")).status == 200
    assert texts.twilio(reported("SM1"), token="the new one").status == 200
    assert texts.kannel(kannel_query("m1")).status == 200
    assert texts.kannel(kannel_query("m1", key=b"new key")).status == 200
    assert texts.kannel(kannel_query("m1", key=b"older key")).status == 403


# Paths, methods, headers.


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/twilio", "/twilio/", "/twilio/nobody", "/kannel/texts", "/twilio/kannel", "/twilio/texts/"),
        *("/other/texts", "/twilio/../texts", "/twilio/texts/x", "/hooks/hooks/twilio/texts", "twilio/texts"),
        f"/twilio/{'x' * 2_000_000}",
    ],
)
def test_other_paths_are_not_found(texts: TextShop, path: str) -> None:
    assert texts.doors.answer(WebRequest(method="POST", path=path)).status == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "post", "<b>"])
def test_other_methods_are_refused(texts: TextShop, method: str) -> None:
    refused = texts.twilio(reported("SM1"), method=method)
    assert (refused.status, dict(refused.headers)["Allow"]) == (405, "POST")

    refused = texts.kannel(kannel_query("m1"), method="POST" if method == "GET" else method)
    assert (refused.status, dict(refused.headers)["Allow"]) == (405, "GET")
    assert texts.arrivals == []


def test_every_answer_is_kept_by_nobody_and_shows_nothing_that_came_in(texts: TextShop) -> None:
    answers = [
        texts.twilio(reported("SM1")),
        texts.twilio(reported("<script>", "<script>")),
        texts.twilio(reported("SM1"), signature="<script>", query="<script>"),
        texts.writes("<script>"),
        texts.kannel("<script>"),
        texts.kannel(kannel_query("<script>")),
        texts.doors.answer(WebRequest(method="<script>", path="/twilio/<script>")),
    ]

    for one in answers:
        headers = dict(one.headers)
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert int(headers["Content-Length"]) == len(one.body)
        assert len(headers) == len(one.headers)
        assert b"script" not in one.body


def test_secrets_are_never_shown(texts: TextShop) -> None:
    request = WebRequest(method="GET", path="/", query="token=s3cret", body=b"s3cret", twilio_signature="s3cret")

    assert "s3cret" not in repr(request)
    assert TOKEN not in repr(texts.doors)
    assert KEY.decode() not in repr(texts.doors)
    assert "<texts, others-own>" in repr(texts.doors)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"public_url": "shop.example/hooks"}, "public_url must be like"),
        ({"public_url": "https://shop.example/hooks?a=b"}, "public_url must be like"),
        ({"public_url": "https://user:s3cret@shop.example"}, "public_url must be like"),
        ({"twilio": {"a/b": "s3cret"}}, "an account's name is made of"),
        ({"twilio": {"..": "s3cret"}}, "an account's name is made of"),
        ({"twilio": {"texts": ""}}, "'texts' needs a secret, str"),
        ({"twilio": {"texts": []}}, "'texts' needs a secret, str"),
        ({"twilio": {"texts": b"s3cret"}}, "'texts' needs a secret, str"),
        ({"kannel": {"kannel": "s3cret"}}, "'kannel' needs a secret, bytes"),
        ({"kannel": {"kannel": [b"s3cret", b""]}}, "'kannel' needs a secret, bytes"),
        ({"owners": {"text": "flora"}}, "owners names an account that has no door: 'text'"),
        ({"twilio": {}}, "doors without an account"),
    ],
)
def test_doors_that_would_stand_open_or_shut_are_refused(changes: dict[str, object], problem: str) -> None:
    with ck.CampaignKit(store=ck.MemoryStore()) as kit:
        options: dict[str, object] = {"public_url": PUBLIC, "twilio": {"texts": TOKEN}, **changes}

        with pytest.raises(ValueError, match=problem) as caught:
            receipt_doors(kit, **options)  # type: ignore[arg-type]

    assert "s3cret" not in str(caught.value)


def test_one_token_alone_is_one_token_and_not_its_letters() -> None:
    doors = ReceiptDoors(record_all=lambda *_: [], public_url=f"{PUBLIC}/", twilio={"texts": "abc"})

    assert (doors.twilio, doors.public_url) == ({"texts": ("abc",)}, PUBLIC)
    assert doors.merchant_of("texts", OUR_NUMBER) is None
