"""Doors over WSGI (PEP 3333): an application for any server, or to be mounted at the path of its public URL."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from campaignkit.contrib.exchange import BODY_BYTES_MAX, Doors, WebRequest, WebResponse, refuse_body

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

__all__ = ["wsgi_app"]


def wsgi_app(doors: Doors) -> "WSGIApplication":
    """Return the application that answers what *doors* are for."""

    def app(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        response = _answered(doors, environ)
        start_response(f"{response.status} {HTTPStatus(response.status).phrase}", list(response.headers))
        return [response.body]

    return app


def _answered(doors: Doors, environ: dict[str, Any]) -> WebResponse:
    method = str(environ.get("REQUEST_METHOD", "GET"))
    body = _body(environ) if method == "POST" else b""
    if body is None:
        return refuse_body()
    request = WebRequest(
        method=method,
        path=str(environ.get("PATH_INFO", "")),
        query=str(environ.get("QUERY_STRING") or ""),
        content_type=str(environ.get("CONTENT_TYPE") or ""),
        body=body,
        user_agent=str(environ.get("HTTP_USER_AGENT") or ""),
        remote_address=str(environ.get("REMOTE_ADDR") or ""),
        twilio_signature=str(environ.get("HTTP_X_TWILIO_SIGNATURE") or ""),
    )
    return doors.answer(request)


def _body(environ: dict[str, Any]) -> bytes | None:
    """Return what was posted; None where it is too long."""
    length_text = str(environ.get("CONTENT_LENGTH") or "")
    if length_text.isascii() and length_text.isdigit():
        length = int(length_text[:20])
    elif environ.get("wsgi.input_terminated"):  # the server ends the stream itself, chunked or not
        length = BODY_BYTES_MAX + 1
    else:
        length = 0  # nobody says where it ends, so that reading might wait for ever
    if length > BODY_BYTES_MAX and length_text:
        return None
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    return body if len(body) <= BODY_BYTES_MAX else None
