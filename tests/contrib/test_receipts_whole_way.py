"""Receipts over WSGI, ASGI and real sockets, from a text that was sent to what became of it. F22, bad input 71."""

import asyncio
import http.client
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import attrs
import pytest

import campaignkit as ck
from campaignkit.contrib.asgi import asgi_app
from campaignkit.contrib.receipts import ReceiptDoors, receipt_doors
from campaignkit.ports import Transport
from tests.contrib.conftest import FORM, NOW
from tests.contrib.test_asgi import asked, driven, scope_of
from tests.contrib.test_wsgi import called, served
from tests.contrib.texting import (
    ANN,
    BOB,
    CARL,
    KEY,
    PUBLIC,
    TOKEN,
    TextShop,
    kannel_query,
    open_shop,
    reported,
    sign,
    wrote,
)
from tests.services.kannel import Kannel, free_ports, missing
from tests.transports.gateways import Call, TinyGateway, json_answer

FIFTY_MB = 50_000_000
DELIVERED = urlencode(reported("SM1")).encode()
SIGNATURE = sign(f"{PUBLIC}/twilio/texts", reported("SM1"))


@pytest.fixture
def texts() -> Iterator[TextShop]:
    with open_shop(ck.MemoryStore()) as shop:
        yield shop


# Over WSGI.


@pytest.mark.parametrize(
    "place",
    [
        {},
        {"SCRIPT_NAME": "/hooks"},
        {"path": "/hooks/twilio/texts"},
        {"HTTP_HOST": "evil.example", "wsgi.url_scheme": "http"},
        {"HTTP_X_FORWARDED_HOST": "evil.example", "HTTP_FORWARDED": "host=evil.example"},
    ],
)
def test_over_wsgi_only_the_public_url_counts_whatever_a_proxy_says(texts: TextShop, place: dict[str, str]) -> None:
    campaign = texts.sent(ANN)
    said = {"path": "/twilio/texts", **place}

    status, _, _ = called(texts, said.pop("path"), DELIVERED, HTTP_X_TWILIO_SIGNATURE=SIGNATURE, **said)

    assert status == 200
    assert texts.flora.counts(campaign.id).by_delivery == {"delivered": 1}


def test_over_wsgi_a_signature_for_another_host_is_none(texts: TextShop) -> None:
    forged = sign("https://evil.example/twilio/texts", reported("SM1"))

    assert called(texts, "/twilio/texts", DELIVERED, HTTP_X_TWILIO_SIGNATURE=forged, HTTP_HOST="evil.example")[0] == 403
    assert called(texts, "/twilio/texts", DELIVERED)[0] == 403


def test_over_wsgi_kannel_reports_in_its_query(texts: TextShop) -> None:
    campaign = texts.sent(ANN)
    (row,) = texts.flora.recipients(campaign.id)

    status, _, content = called(texts, "/kannel/kannel", QUERY_STRING=kannel_query(f"{row.recipient_id}.1"))

    assert (status, content) == (200, b"")
    assert texts.flora.counts(campaign.id).by_delivery == {"delivered": 1}


class _Unreadable(io.BytesIO):
    def read(self, *_: object) -> bytes:
        raise AssertionError("nobody should read this")


def test_71_over_wsgi_fifty_megabytes_are_refused_unread(texts: TextShop) -> None:
    said: dict[str, Any] = {"HTTP_X_TWILIO_SIGNATURE": SIGNATURE, "CONTENT_LENGTH": str(FIFTY_MB)}
    endless: dict[str, Any] = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}

    assert called(texts, "/twilio/texts", DELIVERED, **said, **{"wsgi.input": _Unreadable()})[0] == 413
    assert called(texts, "/twilio/texts", b"a" * 1_000_000, **said | endless)[0] == 413


# Over ASGI.


@pytest.mark.parametrize(
    ("root_path", "prefix"), [("", ""), ("/hooks", "/hooks"), ("/hooks", ""), ("", "/hooks"), ("/app", "/app/hooks")]
)
def test_over_asgi_a_receipt_is_recorded_wherever_it_is_mounted(texts: TextShop, root_path: str, prefix: str) -> None:
    campaign = texts.sent(ANN)
    headers = [(b"Content-Type", FORM.encode()), (b"X-Twilio-Signature", SIGNATURE.encode()), (b"Host", b"evil")]
    half = len(DELIVERED) // 2

    status, answered, body = asked(
        *(texts, "POST", f"{prefix}/twilio/texts", DELIVERED[:half], DELIVERED[half:]),
        root_path=root_path,
        headers=headers,
    )

    assert (status, answered["content-type"]) == (200, "text/xml; charset=utf-8")
    assert int(answered["content-length"]) == len(body)
    assert texts.flora.counts(campaign.id).by_delivery == {"delivered": 1}


def test_over_asgi_kannel_reports_in_its_query(texts: TextShop) -> None:
    assert asked(texts, "GET", "/kannel/kannel", query_string=kannel_query("m1").encode())[0] == 200
    assert asked(texts, "GET", "/kannel/kannel", query_string=b"\xff\xfe&id=%ff")[0] == 403


def test_71_over_asgi_fifty_megabytes_are_refused_before_they_end(texts: TextShop) -> None:
    chunk = b"x" * 10_000
    waiting = [{"type": "http.request", "body": chunk, "more_body": True}] * (FIFTY_MB // len(chunk))

    start, _ = driven(texts, scope_of("POST", "/twilio/texts"), waiting)

    assert start["status"] == 413


def test_f22_many_calls_at_once_count_once_each(tmp_path: Path) -> None:
    store = ck.SqlStore(f"sqlite:///{tmp_path}/campaigns.db")
    store.upgrade()
    with open_shop(store) as texts:
        campaign = texts.sent(ANN, BOB, CARL)
        statuses = asyncio.run(_everybody_at_once(texts, [f"SM{1 + number % 3}" for number in range(60)]))

        assert statuses == [200] * 60
        assert texts.flora.counts(campaign.id).by_delivery == {"delivered": 3}


async def _everybody_at_once(texts: TextShop, provider_ids: list[str]) -> list[int]:
    app, statuses = asgi_app(texts.doors), list[int]()

    async def call(fields: dict[str, str]) -> None:
        signature = sign(f"{PUBLIC}/twilio/texts", fields).encode()
        headers = [(b"content-type", FORM.encode()), (b"x-twilio-signature", signature)]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": urlencode(fields).encode(), "more_body": False}

        async def send(message: Any) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        await app(scope_of("POST", "/twilio/texts", headers=headers), receive, send)

    await asyncio.gather(*(call(reported(one)) for one in provider_ids))
    return statuses


# The whole way, over sockets.


@attrs.define
class Florist:
    """A shop whose texts leave through a real transport, and the doors that its provider calls."""

    kit: ck.CampaignKit
    flora: ck.Merchant
    campaign: ck.Campaign
    doors: ReceiptDoors


def people(*numbers: str) -> list[ck.Contact | ck.Rejection]:
    return [ck.parse_contact({"name": f"Guest {n}", "phone": one}, region="US") for n, one in enumerate(numbers)]


def florist(transport: Transport, *numbers: str) -> Florist:
    kit = ck.CampaignKit(store=ck.MemoryStore(), transports={"texts": transport}, clock=ck.FrozenClock(NOW))
    flora = kit.merchant("flora", zone="America/New_York", region="US", pumping=False)
    flora.add_sender("texts", address="Flora", channel="sms")
    content = ck.SmsContent(text="Hi {{ customer.name }}")
    campaign = flora.create_campaign(
        name="Tulips", channel="sms", sender="texts", content=content, kind="transactional"
    )
    flora.add_recipients(campaign.id, people(*numbers))
    flora.schedule(campaign.id)
    doors = receipt_doors(
        kit,
        public_url=PUBLIC,
        twilio={"texts": TOKEN},
        kannel={"texts": KEY},
        merchant_of=lambda *_: "flora",
        confirmation_of=lambda *_: "Flora: you get no more texts.",
    )
    return Florist(kit=kit, flora=flora, campaign=campaign, doors=doors)


def posted(port: int, url: str, fields: dict[str, str]) -> tuple[int, bytes]:
    """Call as Twilio does: it signs *url*, and a proxy of the shop's leads it to *port*."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": FORM, "X-Twilio-Signature": sign(url, fields)}
    connection.request("POST", url.removeprefix("https://shop.example"), urlencode(fields), headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content


def test_f22_twilio_calls_before_it_answers_and_after_and_stop_is_heard() -> None:
    ports, urls = list[int](), dict[str, str]()

    def hasty(call: Call) -> bytes:
        said = parse_qs(call.body.decode())
        sid = f"SM{said['To'][0][1:]:0>32}"
        urls[sid] = said["StatusCallback"][0].partition("#")[0]  # Twilio neither sends nor signs what stands behind
        assert posted(ports[0], urls[sid], reported(sid, "sent"))[0] == 200
        assert posted(ports[0], urls[sid], reported(sid, "delivered"))[0] == 200
        return json_answer(201, {"sid": sid, "num_segments": "1"})

    with TinyGateway(hasty) as server:
        transport = ck.TwilioTransport(
            "AC" + "0" * 32,
            "s3cret",
            base_url=server.url,
            status_callback=f"{PUBLIC}/twilio/texts#rc=3&rp=5xx,ct,rt",
        )
        shop = florist(transport, ANN, BOB, CARL)
        with served(shop) as port:
            ports.append(port)
            shop.kit.run()
            again = [posted(port, url, reported(sid)) for sid, url in urls.items()]
            stop, same = (posted(port, f"{PUBLIC}/twilio/texts", wrote("STOP", "SM900")) for _ in range(2))
        transport.close()

    assert (len(urls), {status for status, _ in again}) == (3, {200})
    assert shop.flora.counts(shop.campaign.id).by_delivery == {"delivered": 3}
    assert stop == (
        200,
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b"<Response><Message>Flora: you get no more texts.</Message></Response>\n",
    )
    assert same == (200, b'<?xml version="1.0" encoding="UTF-8"?>\n<Response></Response>\n')
    later = shop.flora.copy(shop.campaign.id)
    added = shop.flora.add_recipients(later.id, people(ANN, BOB))
    assert (added.added, added.excluded) == (1, 1)


def test_a_real_kannel_calls_the_door_and_takes_its_answer() -> None:
    if missing():
        pytest.skip(f"NO KANNEL, so nothing was proved against a real one: {missing()}")
    (port,) = free_ports(1)
    callback = f"http://127.0.0.1:{port}/hooks/kannel/texts"
    with Kannel() as gateway:
        transport = ck.KannelTransport(
            gateway.url, username="flora", password="s3cret", receipt_url=callback, receipt_key=KEY
        )
        shop = florist(transport, ANN, BOB)
        with served(shop, port=port):
            shop.kit.run()
            deadline = time.monotonic() + 10
            while delivered(shop) < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
        transport.close()

    assert delivered(shop) == 2


def delivered(shop: Florist) -> int:
    return shop.flora.counts(shop.campaign.id).by_delivery.get(ck.Delivery.DELIVERED, 0)
