"""Connections to one gateway, kept open: a request in, what became of it out. Touches the network. Door to httpcore2.

httpcore2 is what httpx2 sends its requests with. It is used by itself because it does exactly one thing: no redirects,
no cookies, no proxies from the environment, no decompression; and because it lets us choose the address to connect to
and see the moment before the first byte leaves.
"""

import os
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpcore2

from campaignkit.delivery.http_replies import HttpReply, parse_retry_after
from campaignkit.delivery.outcomes import Scope
from campaignkit.transports.egress import EgressPolicy, EgressRefused, checked_addresses
from campaignkit.transports.http.exchange import Answered, Exchange, HttpRequest, HttpTimeouts, Lost, Unwritten

__all__ = ["ConnectionPool"]

BODY_MAX = 65_536  # bytes of an answer; real ones have some hundred
RECEIVED_MAX = 4 * BODY_MAX  # bytes of an answer with its head; more than that is no answer
# A connection at rest for longer is not used again. The gateway may be closing it at this very moment, and then nobody
# could tell whether the request was read.
IDLE_SECONDS = 5.0
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[^\r\n]*)?\r\n")

_FAILURES = (
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    OSError,
)


class _LeaveExpired(Exception):
    """The permission was gone when the first byte should have left."""


class ConnectionPool:
    """At most so many connections, of one process: what a fork copied is left alone."""

    def __init__(
        self,
        *,
        timeouts: HttpTimeouts,
        connections: int,
        egress: EgressPolicy,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self._timeouts = timeouts
        self._connections = connections
        self._ssl_context = ssl_context
        self._backend = _Backend(egress)
        self._lock = threading.Lock()
        self._process_id = 0
        self._pool: httpcore2.ConnectionPool | None = None

    def exchange(self, request: HttpRequest, may_cross: Callable[[], bool]) -> Exchange:
        """Write *request* once, if *may_cross* still says so immediately before its first byte, and read the answer."""
        crossing = _Crossing(may_cross)
        timeouts = self._timeouts
        self._backend.allow(timeouts.total)
        extensions = {
            "timeout": {
                "connect": timeouts.connect,
                "write": timeouts.write,
                "read": timeouts.read,
                "pool": timeouts.pool,
            },
            "trace": crossing,
        }
        headers = [("Accept-Encoding", "identity"), ("User-Agent", "campaignkit"), *request.headers]
        if request.method != "GET":
            headers.append(("Content-Length", str(len(request.body))))
        try:
            with self._current(is_encrypted=request.url.startswith("https:")).stream(
                request.method,
                request.url,
                headers=[("Host", urlsplit(request.url).netloc), *headers],
                content=request.body,
                extensions=extensions,
            ) as response:
                return Answered(_read(response))
        except _LeaveExpired:
            return Unwritten(code="permission_expired", scope=Scope.RECIPIENT)
        except EgressRefused:
            return Unwritten(code="egress_refused", scope=Scope.SENDER)
        except _FAILURES as error:
            return _failed(error, has_crossed=crossing.has_crossed)

    def close(self) -> None:
        """Close all connections. The next request opens new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _current(self, *, is_encrypted: bool) -> httpcore2.ConnectionPool:
        with self._lock:
            if is_encrypted and self._ssl_context is None:
                # Once: it reads all the certificates of the system, a tenth of a second's work.
                self._ssl_context = httpcore2.default_ssl_context()
            if self._pool is None or self._process_id != os.getpid():
                self._process_id = os.getpid()
                self._pool = httpcore2.ConnectionPool(
                    ssl_context=self._ssl_context,
                    max_connections=self._connections,
                    keepalive_expiry=IDLE_SECONDS,
                    retries=0,
                    network_backend=self._backend,
                )
            return self._pool


class _Crossing:
    """Asks for leave when the headers are about to be written: connected and encrypted, nothing said."""

    def __init__(self, may_cross: Callable[[], bool]) -> None:
        self._may_cross = may_cross
        self.has_crossed = False

    def __call__(self, event: str, _info: Mapping[str, Any]) -> None:
        if event == "http11.send_request_headers.started":
            if not self._may_cross():
                raise _LeaveExpired
            self.has_crossed = True


class _Backend(httpcore2.SyncBackend):
    """Connects to checked addresses only, and keeps each request's total time, which httpcore2 does not."""

    def __init__(self, egress: EgressPolicy) -> None:
        self._egress = egress
        self._local = threading.local()

    def allow(self, seconds: float) -> None:
        """Begin a request in this thread that may take so long."""
        self._local.deadline = time.monotonic() + seconds

    def seconds_left(self, timeout: float | None) -> float:
        """Return how long the next step may take, 0 or less once the time is up."""
        left: float = self._local.deadline - time.monotonic()
        return left if timeout is None else min(left, timeout)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = checked_addresses(host.strip("[]"), port, self._egress)
        for index, address in enumerate(addresses):
            seconds = _above_zero(self.seconds_left(timeout), httpcore2.ConnectTimeout)
            try:
                stream = super().connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if index == len(addresses) - 1:
                    raise
            else:
                return _Stream(stream, self)
        raise AssertionError("unreachable: the last address returns or raises")


class _Stream(httpcore2.NetworkStream):
    """A stream whose steps together keep the total time, and that is used again only while both sides are in step."""

    def __init__(self, stream: httpcore2.NetworkStream, backend: _Backend) -> None:
        self._stream = stream
        self._backend = backend
        self._received = b""  # since the last request
        self._is_spoiled = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        octets = self._stream.read(max_bytes, _above_zero(self._backend.seconds_left(timeout), httpcore2.ReadTimeout))
        self._received += octets[: RECEIVED_MAX - len(self._received)]
        return octets

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._received = b""
        self._stream.write(buffer, _above_zero(self._backend.seconds_left(timeout), httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        seconds = _above_zero(self._backend.seconds_left(timeout), httpcore2.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, seconds), self._backend)

    def get_extra_info(self, info: str) -> Any:
        # This is what httpcore2 asks before it uses a connection again; one that may be read from is closed instead.
        if info == "is_readable" and self._is_spoiled:
            return True
        return self._stream.get_extra_info(info)

    def note_answer(self, length: str | None) -> None:
        """Take note that the answer is complete; whatever came behind it would pass for the next one's.

        Args:
            length: The Content-Length; without one the answer comes in chunks.
        """
        head, _, body = self._received.partition(b"\r\n\r\n")
        ends_here = _is_chunked_to_end(body) if length is None else length.strip() == str(len(body))
        is_single = head.startswith(b"HTTP/1.") and self._received.count(b"HTTP/1.") == 1
        self._is_spoiled = not (ends_here and is_single)


def _is_chunked_to_end(body: bytes) -> bool:
    """Return whether *body* is chunks (RFC 9112, section 7.1) to its very end, without trailers."""
    while found := _CHUNK.match(body):
        size = int(found.group(1), 16)
        if size == 0:
            return body[found.end() :] == b"\r\n"
        body = body[found.end() + size + 2 :]
    return False


def _above_zero(seconds: float, timeout: type[httpcore2.TimeoutException]) -> float:
    if seconds <= 0:
        raise timeout("the request took too long as a whole")
    return seconds


def _read(response: httpcore2.Response) -> HttpReply:
    """Return the reply with a bounded body. Its status stands, whatever becomes of the body."""
    headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
    body, is_whole = b"", headers.get(b"content-encoding", "identity") == "identity"
    try:
        for piece in response.iter_stream():
            body += piece
            if len(body) > BODY_MAX:
                is_whole = False
                break
    except _FAILURES:
        is_whole = False
    stream = response.extensions.get("network_stream")
    if isinstance(stream, _Stream):
        stream.note_answer(headers.get(b"content-length"))
    return HttpReply(
        status=response.status,
        body=body[:BODY_MAX],
        is_whole=is_whole,
        retry_after=parse_retry_after(headers.get(b"retry-after"), datetime.now(UTC)),
    )


def _failed(error: Exception, *, has_crossed: bool) -> Exchange:
    detail = type(error).__name__
    if has_crossed:
        return Lost(detail)
    told = error.args[0] if error.args else None  # httpcore2 hands on the error of the socket in its own
    if isinstance(told, ssl.SSLCertVerificationError):
        # A bad certificate does not mend itself; a handshake that breaks off may.
        return Unwritten(code="tls_failed", scope=Scope.SENDER, detail=told.verify_message)
    return Unwritten(code="connect_failed", scope=Scope.HOST, detail=detail)
