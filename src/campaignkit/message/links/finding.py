"""Links of a content: what an author wrote in, every link with its place out. Pure."""

import re
from collections.abc import Iterator
from html import unescape

import attrs

from campaignkit.message.content import Content, EmailContent
from campaignkit.message.links.html import find_attributes

__all__ = ["MARK", "Link", "Places", "find_all_links", "find_links", "masked"]

MARK = "\0"  # stands for each character of a placeholder; no content may hold it
_OPENING = re.compile(r"\{\{|\{%")
_CLOSING = {"{{": "}}", "{%": "%}"}
_LEADING = frozenset({"action", "formaction", "href"})  # attributes that lead somewhere
_SHOWING = frozenset({"background", "poster", "src"})  # attributes that bring something in
_NOT_CLICKED = frozenset({"base", "link"})
_IN_TEXT = re.compile(r"""(?i)\bhttps?:/+[^\s<>"'`]+""")
_WEB = re.compile(r"(?i)\s*https?:")
_TRAILING = ".,;:!?…”“’»*_"
_BRACKETS = {")": "(", "]": "[", "}": "{"}


@attrs.frozen(kw_only=True)
class Link:
    """One link as its author wrote it, and where. Line and column count from 1."""

    field: str  # "text", "html"
    url: str  # with character references resolved; placeholders as they are written
    line: int
    column: int
    start: int  # of what is written, in characters of the field
    end: int
    is_quoted: bool = True  # in HTML, whether quotes stand around it
    is_clicked: bool = True  # False: a picture and the like
    has_placeholder: bool = False
    masked_url: str = attrs.field(default="", repr=False)  # ``url`` with NUL for each character of a placeholder

    @property
    def is_web(self) -> bool:
        return _WEB.match(self.url) is not None


def find_links(content: Content) -> tuple[Link, ...]:
    """Return the http and https links that somebody can click, those of the text first, in the order they stand.

    >>> from campaignkit.message.content import SmsContent
    >>> [(link.url, link.column) for link in find_links(SmsContent(text="Sale (https://shop.example/sale)."))]
    [('https://shop.example/sale', 7)]
    """
    return tuple(link for link in find_all_links(content) if link.is_web and link.is_clicked)


def find_all_links(content: Content) -> Iterator[Link]:
    """Yield every link, whatever its scheme, and the addresses of pictures."""
    yield from _text_links(content.text)
    if isinstance(content, EmailContent) and content.html is not None:
        yield from _html_links(content.html)


def masked(source: str) -> str:
    """Return *source* with placeholders and tags of templates made unreadable, at the same places."""
    pieces, end = list[str](), 0
    while opening := _OPENING.search(source, end):
        close = source.find(_CLOSING[opening[0]], opening.end())
        if close < 0:
            break
        pieces += [source[end : opening.start()], MARK * (close + 2 - opening.start())]
        end = close + 2
    pieces.append(source[end:])
    return "".join(pieces)


def _text_links(text: str) -> Iterator[Link]:
    places = Places(text)
    for found in _IN_TEXT.finditer(masked(text)):
        written = _trimmed(found[0])
        yield _link("text", text, places, found.start(), found.start() + len(written), written)


def _html_links(html: str) -> Iterator[Link]:
    hidden, places = masked(html), Places(html)
    for attribute in find_attributes(hidden):
        is_clicked = attribute.name in _LEADING and attribute.tag not in _NOT_CLICKED
        if not is_clicked and attribute.name not in _SHOWING:
            continue
        written = hidden[attribute.start : attribute.end]
        link = _link("html", html, places, attribute.start, attribute.end, written)
        yield attrs.evolve(
            link,
            url=unescape(link.url).strip(" \t\n\f\r"),
            masked_url=_unescaped(written),
            is_quoted=attribute.is_quoted,
            is_clicked=is_clicked,
        )


def _unescaped(written: str) -> str:
    # unescape makes U+FFFD of &#0;, never a NUL of its own, and leaves those that are there
    return unescape(written).strip(" \t\n\f\r")


def _link(field: str, source: str, places: "Places", start: int, end: int, written: str) -> Link:
    line, column = places.at(start)
    return Link(
        field=field,
        url=source[start:end],
        line=line,
        column=column,
        start=start,
        end=end,
        has_placeholder=MARK in written,
        masked_url=written,
    )


def _trimmed(url: str) -> str:
    """Return *url* without the punctuation behind it, and without brackets that it does not open."""
    while url:
        if url[-1] in _TRAILING:
            url = url.rstrip(_TRAILING)
        elif url[-1] in _BRACKETS and url.count(url[-1]) > url.count(_BRACKETS[url[-1]]):
            url = url[:-1]
        else:
            break
    return url


class Places:
    """Lines and columns of rising positions in one source, counted once."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._position, self._line, self._line_start = 0, 1, 0

    def at(self, position: int) -> tuple[int, int]:
        """Return line and column of *position*, which is not before the last one asked for."""
        line_count = self._source.count("\n", self._position, position)
        if line_count:
            self._line += line_count
            self._line_start = self._source.rindex("\n", self._position, position) + 1
        self._position = position
        return self._line, position - self._line_start + 1
