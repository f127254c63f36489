"""The links over WSGI: by the standard library's validator, and through a real server over a socket."""

import contextlib
import io
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from campaignkit.contrib.exchange import BODY_BYTES_MAX
from campaignkit.contrib.wsgi import wsgi_app
from tests.contrib.conftest import FORM, ONE_CLICK, Florist, HasDoors


def called(shop: HasDoors, path: str, body: bytes = b"", **environ: Any) -> tuple[int, dict[str, str], bytes]:
    """Call the application under the validator, which holds both sides to PEP 3333."""
    said: dict[str, Any] = {
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "REQUEST_METHOD": "POST" if body else "GET",
        **environ,
    }
    if body:
        said = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": FORM} | said
    setup_testing_defaults(said)
    got: list[tuple[int, dict[str, str]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: object = None) -> Any:
        got.append((int(status.split()[0]), dict(headers)))

    chunks = validator(wsgi_app(shop.doors))(said, start_response)
    try:
        content = b"".join(chunks)
    finally:
        chunks.close()  # type: ignore[attr-defined]
    return *got[0], content


@pytest.mark.parametrize("purpose", ["unsubscribe", "click", "open"])
def test_every_link_answers(florist: Florist, purpose: str):
    status, headers, content = called(florist, florist.path(purpose))

    assert status == (302 if purpose == "click" else 200)
    assert int(headers["Content-Length"]) == len(content)
    assert florist.statuses == ["pending"] * 3


def test_one_click_unsubscribes(florist: Florist):
    status, _, content = called(florist, florist.path("unsubscribe"), ONE_CLICK, REMOTE_ADDR="192.0.2.7")

    assert status == 200
    assert b"You are unsubscribed" in content
    assert florist.statuses == ["skipped", "pending", "pending"]
    assert florist.events[0].remote_address == "192.0.2.7"


def test_a_server_may_take_the_path_of_the_base_off(florist: Florist):
    assert called(florist, florist.path("click"), SCRIPT_NAME="/m")[0] == 302
    assert called(florist, f"/m{florist.path('click')}")[0] == 302


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"CONTENT_LENGTH": str(BODY_BYTES_MAX + 1)}, 413),
        ({"CONTENT_LENGTH": "9" * 30}, 413),
        ({"CONTENT_LENGTH": ""}, 400),
        ({"CONTENT_LENGTH": "", "wsgi.input_terminated": True}, 200),
        ({"CONTENT_LENGTH": "3"}, 400),
    ],
)
def test_no_more_is_read_than_was_said(florist: Florist, environ: dict[str, Any], status: int):
    assert called(florist, florist.path("unsubscribe"), ONE_CLICK, **environ)[0] == status
    assert florist.statuses[0] == ("skipped" if status == 200 else "pending")


def test_71_an_endless_body_is_refused(florist: Florist):
    body = ONE_CLICK + b"&" + b"x" * (BODY_BYTES_MAX + 10)

    assert called(florist, florist.path("unsubscribe"), body)[0] == 413
    terminated = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    assert called(florist, florist.path("unsubscribe"), body, **terminated)[0] == 413
    assert florist.statuses == ["pending"] * 3


class _Quiet(WSGIRequestHandler):
    """Writes no log."""

    def log_message(self, *_words: object) -> None:
        """Stay silent."""


@contextlib.contextmanager
def served(shop: HasDoors, *, port: int = 0) -> Iterator[int]:
    """Serve the application on a port of this machine, any unless it is given."""
    server = make_server("127.0.0.1", port, wsgi_app(shop.doors), handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def port(florist: Florist) -> Iterator[int]:
    with served(florist) as found:
        yield found


def fetched(port: int, method: str, path: str, body: bytes | None = None) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, {"Content-Type": FORM, "User-Agent": "Real/1.0"})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def test_over_a_socket_a_person_reads_the_page_and_presses_the_button(florist: Florist, port: int):
    path = f"/m{florist.path('unsubscribe')}"

    page, content = fetched(port, "GET", path)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"<form" in content
    assert florist.statuses == ["pending"] * 3

    done, content = fetched(port, "POST", path, ONE_CLICK)
    assert done.status == 200
    assert b"You are unsubscribed" in content
    assert florist.statuses == ["skipped", "pending", "pending"]


def test_over_a_socket_a_click_is_led_on_and_counted_once(florist: Florist, port: int):
    head, content = fetched(port, "HEAD", florist.path("click"))
    assert (head.status, content) == (302, b"")
    click, _ = fetched(port, "GET", florist.path("click"))

    assert click.headers["Location"] == "https://shop.example/sale?a=1&b=2"
    assert [event.user_agent for event in florist.events] == ["Real/1.0"]


def test_over_a_socket_a_picture_is_a_picture(florist: Florist, port: int):
    picture, content = fetched(port, "GET", florist.path("open"))

    assert (picture.status, picture.headers["Content-Type"], len(content)) == (200, "image/gif", 43)


def test_over_a_socket_garbage_hurts_nobody(florist: Florist, port: int):
    for request in (
        b"POST /u/%00%ff HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"POST /u/x HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\nConnection: close\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /u/" + b"x" * 60_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(request)
            assert b" 404 " in connection.recv(100).split(b"\r\n")[0] + b" "

    assert fetched(port, "GET", florist.path("unsubscribe"))[0].status == 200
    assert florist.statuses == ["pending"] * 3
