"""What links answer: a request in, a response out; WSGI and ASGI only carry both. Calls what the host gave it.

Nothing but a POST that says ``List-Unsubscribe=One-Click`` unsubscribes anybody, whatever opens links on its way
(RFC 8058); it needs no cookie. Nothing that came in is shown again. A click leads nowhere but to a stored link.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from html import escape
from typing import Any
from urllib.parse import parse_qsl

import attrs

from campaignkit.addresses.channel import Rejection, mask
from campaignkit.contrib.exchange import PLAIN, WebRequest, WebResponse, make_response, match_path
from campaignkit.contrib.texts import PageTexts, page_texts
from campaignkit.kit.kit import CampaignKit
from campaignkit.kit.unsubscribing import Unsubscribed
from campaignkit.message.links.settings import LinkSettings
from campaignkit.message.links.targets import check_target
from campaignkit.message.links.tokens import TokenClaims, TokenPurpose, read_token

__all__ = ["LinkDoors", "LinkEvent", "LinkEventKind", "link_doors"]

USER_AGENT_CHARACTERS_MAX = 300
_FIELDS_MAX = 100
_PATH = re.compile(r"/([uco])/([^/]{1,1000})/?")
_BOUNDARY = re.compile(r"""(?i)^multipart/form-data\s*;.*?\bboundary=(?:"([^"\r\n]{1,70})"|([^\s;,"]{1,70}))""")
_PART_NAME = re.compile(rb"""(?im)^content-disposition:[^\r\n]*;\s*name="?List-Unsubscribe"?\s*(?:;|\r?$)""")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_PIXEL = bytes.fromhex(
    "474946383961 0100 0100 80 00 00 000000 ffffff"  # GIF89a, one by one, two colours
    "21f904 01 0000 00 00"  # the first of them is transparent
    "2c 0000 0000 0100 0100 00 02 02 4401 00 3b"  # one picture, one dot of the first colour
)


class LinkEventKind(StrEnum):
    """What somebody did with a link."""

    UNSUBSCRIBED = "unsubscribed"
    CLICKED = "clicked"
    OPENED = "opened"


@attrs.frozen(kw_only=True)
class LinkEvent:
    """Somebody, or a program on the way, used a link of one recipient. Whether it was a person is not judged here."""

    kind: LinkEventKind
    merchant_id: str
    campaign_id: str
    recipient_id: str
    generation: int
    at: datetime  # UTC
    target: int | None = None  # of a click: the number of the stored link
    url: str = ""  # of a click: where it led
    user_agent: str = ""  # at most 300 characters, as it was sent
    remote_address: str = attrs.field(default="", repr=mask)  # of whoever asked, a proxy perhaps


def _ignore(_event: LinkEvent) -> None:
    """Keep no events."""


def _english(_merchant_id: str) -> str:
    return "en"


def _nameless(_merchant_id: str) -> str:
    return ""


def _real_now() -> datetime:
    return datetime.now(UTC)


@attrs.frozen(kw_only=True)
class LinkDoors:
    """What the pages need of a host. Its functions may be called from several threads at once.

    Args:
        unsubscribe: ``kit.unsubscribe``.
        target_of: Where a stored link leads: merchant, campaign and number in, a URL or None out.
        on_event: Takes what happened, quickly; what it raises goes through to the server.
        language_of: The merchant's language, ``en`` or ``pl``.
        name_of: The shop's name as customers know it; empty for none.
        now: The present instant, aware.
    """

    settings: LinkSettings
    unsubscribe: Callable[[str], Unsubscribed | Rejection]
    target_of: Callable[[str, str, int], str | None]
    on_event: Callable[[LinkEvent], None] = _ignore
    language_of: Callable[[str], str] = _english
    name_of: Callable[[str], str] = _nameless
    now: Callable[[], datetime] = _real_now

    def answer(self, request: WebRequest, /) -> WebResponse:
        """Return what *request* gets; it raises only what the host's functions raise."""
        found = match_path(_PATH, self.settings.base_url, request.path)
        if found is None:
            return _invalid_page(404, page_texts(""))
        folder, token = found.groups()
        allowed = ("GET", "HEAD", "POST") if folder == "u" else ("GET", "HEAD")
        if request.method not in allowed:
            return make_response(405, PLAIN, b"", ("Allow", ", ".join(allowed)))
        pages = {"u": _answer_unsubscribe, "c": _answer_click, "o": _answer_open}
        response = pages[folder](self, request, token)
        return attrs.evolve(response, body=b"") if request.method == "HEAD" else response


def link_doors(kit: CampaignKit, **functions: Any) -> LinkDoors:
    """Return the doors of *kit*, which knows where its campaigns' links lead; functions by the names of ``LinkDoors``.

    Raises:
        ValueError: the kit was made without ``links``.
    """
    if kit.links is None:
        raise ValueError("this kit was made without links=LinkSettings(…)")
    own = {"unsubscribe": kit.unsubscribe, "target_of": kit.link_target}
    return LinkDoors(settings=kit.links, **{**own, **functions})


def _answer_unsubscribe(doors: LinkDoors, request: WebRequest, token: str) -> WebResponse:
    claims = read_token(doors.settings, token, purpose=TokenPurpose.UNSUBSCRIBE)
    if isinstance(claims, Rejection):
        return _invalid_page(404, page_texts(""))
    texts, shop = page_texts(doors.language_of(claims.merchant_id)), doors.name_of(claims.merchant_id)
    if request.method != "POST":
        return _page(200, texts, texts.ask_title, _named(texts.ask, texts.ask_of, shop), _form(texts))
    if not _says_one_click(request):
        return _page(400, texts, texts.invalid_title, texts.incomplete)
    done = doors.unsubscribe(token)
    if isinstance(done, Rejection):
        return _invalid_page(404, texts)
    if done.is_new:
        doors.on_event(_event(LinkEventKind.UNSUBSCRIBED, claims, doors, request))
    return _page(200, texts, texts.done_title, _named(texts.done, texts.done_of, shop))


def _answer_click(doors: LinkDoors, request: WebRequest, token: str) -> WebResponse:
    claims = read_token(doors.settings, token, purpose=TokenPurpose.CLICK)
    if isinstance(claims, Rejection) or claims.target is None:
        return _invalid_page(404, page_texts(""))
    stored = doors.target_of(claims.merchant_id, claims.campaign_id, claims.target)
    target = None if stored is None else check_target(stored)
    if target is None or isinstance(target, Rejection):
        return _invalid_page(404, page_texts(doors.language_of(claims.merchant_id)))
    if request.method == "GET":
        doors.on_event(_event(LinkEventKind.CLICKED, claims, doors, request, url=target))
    return make_response(302, PLAIN, b"", ("Location", target))


def _answer_open(doors: LinkDoors, request: WebRequest, token: str) -> WebResponse:
    claims = read_token(doors.settings, token, purpose=TokenPurpose.OPEN)
    if isinstance(claims, Rejection):
        return make_response(404, "image/gif", _PIXEL)  # a broken picture would show in the mail
    if request.method == "GET":
        doors.on_event(_event(LinkEventKind.OPENED, claims, doors, request))
    return make_response(200, "image/gif", _PIXEL)


def _event(
    kind: LinkEventKind, claims: TokenClaims, doors: LinkDoors, request: WebRequest, *, url: str = ""
) -> LinkEvent:
    return LinkEvent(
        kind=kind,
        merchant_id=claims.merchant_id,
        campaign_id=claims.campaign_id,
        recipient_id=claims.recipient_id,
        generation=claims.generation,
        at=doors.now(),
        target=claims.target,
        url=url,
        user_agent=request.user_agent[:USER_AGENT_CHARACTERS_MAX],
        remote_address=request.remote_address,
    )


def _says_one_click(request: WebRequest) -> bool:
    """Return whether the form says what RFC 8058 wants, in either of the two ways in which forms travel."""
    multipart = _BOUNDARY.match(request.content_type[:1_000])
    if multipart is None:
        return _pair_in_query(request.body)
    boundary = (multipart[1] or multipart[2]).encode("latin-1", "replace")
    return any(_is_pair(part) for part in request.body.split(b"--" + boundary, _FIELDS_MAX))


def _pair_in_query(body: bytes) -> bool:
    try:
        fields = parse_qsl(body.decode("latin-1").strip(), max_num_fields=_FIELDS_MAX)
    except ValueError:  # more fields than any form has
        return False
    return ("List-Unsubscribe", "One-Click") in fields


def _is_pair(part: bytes) -> bool:
    end = _HEAD_END.search(part)
    return (
        end is not None
        and _PART_NAME.search(part, 0, end.end()) is not None
        and part[end.end() :].strip() == b"One-Click"
    )


def _named(sentence: str, sentence_of: str, shop: str) -> str:
    return sentence_of.replace("{shop}", shop[:100]) if shop else sentence


def _form(texts: PageTexts) -> str:
    return (
        '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
        f'<button type="submit">{escape(texts.button)}</button></form>'
    )


def _invalid_page(status: int, texts: PageTexts) -> WebResponse:
    return _page(status, texts, texts.invalid_title, texts.invalid)


def _page(status: int, texts: PageTexts, title: str, sentence: str, form: str = "") -> WebResponse:
    page = (
        f'<!doctype html>\n<html lang="{texts.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title></head>\n"
        f"<body><main><h1>{escape(title)}</h1><p>{escape(sentence)}</p>{form}</main></body></html>\n"
    )
    return make_response(status, "text/html; charset=utf-8", page.encode("utf-8", "replace"))
