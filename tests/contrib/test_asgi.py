"""The links over ASGI, driven by hand as a server does."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from campaignkit.contrib.asgi import asgi_app
from campaignkit.contrib.exchange import BODY_BYTES_MAX
from tests.contrib.conftest import FORM, ONE_CLICK, Florist, HasDoors


def driven(shop: HasDoors, scope: Mapping[str, Any], messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run the application against *messages*; afterwards the client is gone. Return what it sent."""
    waiting, sent = list(messages), list[dict[str, Any]]()

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(asgi_app(shop.doors)(dict(scope), receive, send))
    return sent


def scope_of(method: str, path: str, **changes: Any) -> dict[str, Any]:
    headers = [(b"content-type", FORM.encode()), (b"user-agent", b"Test/1.0")]
    said = {"type": "http", "asgi": {"version": "3.0"}, "method": method, "path": path, "headers": headers}
    return said | {"query_string": b"", "root_path": "", "client": ("192.0.2.7", 4711)} | changes


def asked(shop: HasDoors, method: str, path: str, *chunks: bytes, **changes: Any) -> tuple[int, dict[str, str], bytes]:
    messages = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        for number, chunk in enumerate(chunks, start=1)
    ]
    start, body = driven(shop, scope_of(method, path, **changes), messages)
    assert (start["type"], body["type"]) == ("http.response.start", "http.response.body")
    assert all(name == name.lower() for name, _ in start["headers"])
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, body["body"]


@pytest.mark.parametrize("purpose", ["unsubscribe", "click", "open"])
def test_every_link_answers(florist: Florist, purpose: str):
    status, headers, body = asked(florist, "GET", florist.path(purpose))

    assert status == (302 if purpose == "click" else 200)
    assert int(headers["content-length"]) == len(body)
    assert florist.statuses == ["pending"] * 3


@pytest.mark.parametrize("chunks", [(ONE_CLICK,), (b"", ONE_CLICK[:5], b"", ONE_CLICK[5:], b"")])
def test_one_click_unsubscribes_however_it_is_cut(florist: Florist, chunks: tuple[bytes, ...]):
    status, _, body = asked(florist, "POST", florist.path("unsubscribe"), *chunks)

    assert status == 200
    assert b"You are unsubscribed" in body
    assert florist.statuses == ["skipped", "pending", "pending"]
    (event,) = florist.events
    assert (event.user_agent, event.remote_address) == ("Test/1.0", "192.0.2.7")


@pytest.mark.parametrize(
    ("root_path", "prefix"), [("", ""), ("/m", "/m"), ("/m", ""), ("", "/m"), ("/app", "/app"), ("/app", "/app/m")]
)
def test_servers_may_leave_the_mounted_path_in_or_take_it_off(florist: Florist, root_path: str, prefix: str):
    assert asked(florist, "GET", f"{prefix}{florist.path('click')}", root_path=root_path)[0] == 302


def test_71_an_endless_body_is_refused_before_it_ends(florist: Florist):
    chunks = [b"x" * 10_000] * 1_000
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    start, _ = driven(florist, scope_of("POST", florist.path("unsubscribe")), waiting)

    assert start["status"] == 413
    assert asked(florist, "POST", florist.path("unsubscribe"), b"x" * (BODY_BYTES_MAX + 1))[0] == 413


def test_endless_empty_pieces_end(florist: Florist):
    waiting = [{"type": "http.request", "body": b"", "more_body": True}] * (BODY_BYTES_MAX + 10)
    start, _ = driven(florist, scope_of("POST", florist.path("unsubscribe")), waiting)

    assert start["status"] == 400


def test_whoever_leaves_before_the_end_changed_nothing(florist: Florist):
    waiting = [{"type": "http.request", "body": ONE_CLICK, "more_body": True}]

    assert driven(florist, scope_of("POST", florist.path("unsubscribe")), waiting) == []
    assert florist.statuses == ["pending"] * 3


def test_a_server_without_the_client_and_headers_is_answered(florist: Florist):
    status, _, _ = asked(florist, "GET", florist.path("open"), client=None, headers=[])

    assert status == 200
    assert (florist.events[0].remote_address, florist.events[0].user_agent) == ("", "")


def test_many_at_once_are_answered_each_with_its_own(florist: Florist):
    app = asgi_app(florist.doors)
    places: list[str] = []

    async def ask(number: int) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            places.extend(value.decode() for name, value in message.get("headers", ()) if name == b"location")

        await app(scope_of("GET", florist.path("click", number % 3)), receive, send)

    async def everybody() -> None:
        await asyncio.gather(*(ask(number) for number in range(30)))

    asyncio.run(everybody())

    assert places == ["https://shop.example/sale?a=1&b=2"] * 30
    assert len(florist.events) == 30


def test_the_beginning_and_end_of_a_server_are_answered(florist: Florist):
    sent = driven(florist, {"type": "lifespan"}, [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_websocket_is_closed(florist: Florist):
    sent = driven(florist, {"type": "websocket", "path": "/u/x"}, [{"type": "websocket.connect"}])

    assert [message["type"] for message in sent] == ["websocket.close"]
