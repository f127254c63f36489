"""Doors over ASGI 3: an application for any server, or to be mounted at the path of its public URL.

The host's functions and the store are ordinary ones, so each request is answered in a thread of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from typing import Any

from campaignkit.contrib.exchange import BODY_BYTES_MAX, Doors, WebRequest, WebResponse, refuse_body

__all__ = ["asgi_app"]

_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_App = Callable[[MutableMapping[str, Any], _Receive, _Send], Coroutine[Any, Any, None]]


def asgi_app(doors: Doors) -> _App:
    """Return the application that answers what *doors* are for."""

    async def app(scope: MutableMapping[str, Any], receive: _Receive, send: _Send) -> None:
        match scope["type"]:
            case "http":
                response = await _answered(doors, scope, receive)
                if response is not None:
                    await _send_response(response, send)
            case "lifespan":
                await _live(receive, send)
            case "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1000})

    return app


async def _answered(doors: Doors, scope: Mapping[str, Any], receive: _Receive) -> WebResponse | None:
    """Return the response; None where nobody waits for it any more."""
    body = b""
    if scope["method"] == "POST":
        chunks, size, is_more = list[bytes](), 0, True
        while is_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > BODY_BYTES_MAX:
                return refuse_body()
            chunks.append(chunk)
            is_more = bool(message.get("more_body", False)) and len(chunks) <= BODY_BYTES_MAX
        body = b"".join(chunks)
    return await asyncio.to_thread(doors.answer, _request(scope, body))


def _request(scope: Mapping[str, Any], body: bytes) -> WebRequest:
    headers = {bytes(name).lower(): bytes(value).decode("latin-1") for name, value in scope.get("headers", ())}
    root, path = str(scope.get("root_path", "")), str(scope["path"])
    client = scope.get("client")
    return WebRequest(
        method=str(scope["method"]),
        # Servers differ in whether the path of a mounted application begins with where it is mounted.
        path=path[len(root) :] if root and path.startswith(f"{root}/") else path,
        query=bytes(scope.get("query_string", b"")).decode("latin-1"),
        content_type=headers.get(b"content-type", ""),
        body=body,
        user_agent=headers.get(b"user-agent", ""),
        remote_address=str(client[0]) if client else "",
        twilio_signature=headers.get(b"x-twilio-signature", ""),
    )


async def _send_response(response: WebResponse, send: _Send) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _live(receive: _Receive, send: _Send) -> None:
    """Answer the server's beginning and end; there is nothing to prepare."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
