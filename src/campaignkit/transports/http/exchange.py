"""One request and what became of it: values only. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import urlencode, urlsplit

import attrs

from campaignkit.delivery.http_replies import HttpReply
from campaignkit.delivery.outcomes import Scope
from campaignkit.delivery.replies import ReplyVerdict
from campaignkit.message.outbound import OutboundText

__all__ = [
    "FORM",
    "JSON",
    "Answer",
    "Answered",
    "Dialect",
    "Exchange",
    "HttpRequest",
    "HttpTimeouts",
    "Lost",
    "Unwritten",
    "form_body",
    "require_url",
]

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")


def _require_positive(_instance: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not value > 0:
        raise ValueError(f"{attribute.name} must be above 0")


@attrs.frozen(kw_only=True)
class HttpTimeouts:
    """How long to wait, in seconds."""

    connect: float = attrs.field(default=10.0, validator=_require_positive)  # each address, then encryption
    write: float = attrs.field(default=10.0, validator=_require_positive)  # without any of the request getting away
    read: float = attrs.field(default=30.0, validator=_require_positive)  # without any of the answer coming
    pool: float = attrs.field(default=10.0, validator=_require_positive)  # for a free connection
    total: float = attrs.field(default=60.0, validator=_require_positive)  # from first to last, however it drips


def _require_header_names(_instance: object, _attribute: object, headers: tuple[tuple[str, str], ...]) -> None:
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name) or not value.isascii() or not value.isprintable():
            raise ValueError("a header holds characters that cannot stand in a request")


@attrs.frozen(kw_only=True)
class HttpRequest:
    """One request. What it holds is secret or personal, so none of it is shown."""

    method: str
    url: str = attrs.field(repr=False)
    headers: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False, validator=_require_header_names)
    body: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen
class Answered:
    """The gateway answered; at least its status line is there."""

    reply: HttpReply


@attrs.frozen(kw_only=True)
class Unwritten:
    """Proof that not a byte of the request left."""

    code: str
    scope: Scope
    detail: str = ""


@attrs.frozen
class Lost:
    """Bytes may have left, and no status line came back."""

    detail: str


Exchange = Answered | Unwritten | Lost


@attrs.frozen(kw_only=True)
class Answer:
    """What a reply means for its message."""

    verdict: ReplyVerdict
    provider_id: str | None = None
    parts_accepted: int | None = None
    reply: str = ""  # what the gateway said; made printable and cut later


class Dialect(Protocol):
    """How one kind of gateway is spoken to. Pure: a message in, a request out; a reply in, its meaning out."""

    def write(self, message: OutboundText, /) -> HttpRequest:
        """Return the request that submits *message*; the same message gives the same bytes."""
        ...

    def read(self, message: OutboundText, reply: HttpReply, /) -> Answer:
        """Return what *reply* means for *message*."""
        ...

    def probe(self) -> HttpRequest | None:
        """Return a request that sends nothing and shows whether the account works, None where there is none."""
        ...

    def read_probe(self, reply: HttpReply, /) -> ReplyVerdict:
        """Return ``accepted`` where *reply* to the probe shows that the account works, else why not."""
        ...


def form_body(fields: Mapping[str, str] | Sequence[tuple[str, str]]) -> bytes:
    """Return *fields* as a form, in UTF-8."""
    return urlencode(fields).encode("ascii")


def require_url(url: str, *, has_secret: bool, insecure_plaintext: bool = False) -> str:
    """Return *url* if requests may go there.

    Raises:
        ValueError: it is no URL of HTTP, holds a password, or would carry secrets in plain text to another machine.
            The message does not repeat it.
    """
    try:
        parts = urlsplit(url)
        host, has_port = parts.hostname, parts.port is None or 1 <= parts.port <= 65535
    except ValueError:
        raise ValueError("the gateway's URL cannot be read") from None
    if parts.scheme not in {"http", "https"} or not host or not has_port or not url.isprintable() or " " in url:
        raise ValueError("a gateway's URL begins with https:// and a host")
    if parts.query and not parts.path:
        raise ValueError("a gateway's URL has a slash before its question mark")
    if parts.username is not None or parts.fragment:
        raise ValueError("a gateway's URL holds neither a password nor a fragment; give the password by itself")
    is_local = host in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme == "http" and has_secret and not is_local and not insecure_plaintext:
        raise ValueError("a password is not sent in plain text to another machine; use https://")
    return url
