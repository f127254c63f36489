"""What doors take and give: a request in, an answer out, however they travel. Values; nothing of HTTP servers."""

import re
from typing import Protocol
from urllib.parse import urlsplit

import attrs

from campaignkit.addresses.channel import mask

__all__ = ["BODY_BYTES_MAX", "Doors", "WebRequest", "WebResponse", "make_response", "match_path", "refuse_body"]

BODY_BYTES_MAX = 65_536  # what unsubscribing posts has under 300; a text of ten parts with all its fields some 10,000
PLAIN = "text/plain; charset=utf-8"
_ALWAYS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"),
    ("Referrer-Policy", "no-referrer"),  # a token may stand in the address; no other site is to learn it
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("X-Robots-Tag", "noindex, nofollow"),
)


@attrs.frozen(kw_only=True)
class WebRequest:
    """What doors look at."""

    method: str
    path: str  # with the path of the public URL before it or without
    query: str = attrs.field(default="", repr=False)  # what stands behind the question mark, as it came
    content_type: str = ""
    body: bytes = attrs.field(default=b"", repr=False)
    user_agent: str = ""
    remote_address: str = attrs.field(default="", repr=mask)
    twilio_signature: str = attrs.field(default="", repr=False)  # the header X-Twilio-Signature


@attrs.frozen(kw_only=True)
class WebResponse:
    """What goes back. The length of the body stands in the headers, even where HEAD leaves the body out."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Doors(Protocol):
    """Whatever answers: ``LinkDoors``, ``ReceiptDoors``, or doors of the host's own. Called from several threads."""

    def answer(self, request: WebRequest, /) -> WebResponse:
        """Return what *request* gets."""


def make_response(status: int, content_type: str, body: bytes, *headers: tuple[str, str]) -> WebResponse:
    """Return an answer that nobody keeps, frames or takes for something else."""
    length = ("Content-Length", str(len(body)))
    return WebResponse(status=status, headers=(("Content-Type", content_type), length, *headers, *_ALWAYS), body=body)


def refuse_body() -> WebResponse:
    """Return what a request with too long a body gets; its body need not be read."""
    return make_response(413, PLAIN, b"too long\n", ("Connection", "close"))


def match_path(pattern: re.Pattern[str], public_url: str, path: str) -> re.Match[str] | None:
    """Return how *path* fits *pattern*: servers differ in whether they take the path of *public_url* off before."""
    return pattern.fullmatch(path) or pattern.fullmatch(path.removeprefix(urlsplit(public_url).path))
