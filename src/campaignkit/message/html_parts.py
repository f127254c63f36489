"""HTML parts, made ready once per campaign: styles inline, and a text part where there is none. Pure. Extra ``html``.

Both work on the template. What a template engine reads, ``{{ … }}`` and ``{% … %}``, is taken out first and put back
as it was; where it would not stand where its author put it, the HTML is refused and not changed silently. Nothing is
ever fetched: no stylesheet, no picture, no file.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html import unescape
from html.parser import HTMLParser
from itertools import count
from typing import TYPE_CHECKING

import attrs

from campaignkit.errors import InvalidContent, MissingExtra
from campaignkit.message.content import BODY_BYTES_MAX, EmailContent, Syntax

if TYPE_CHECKING:
    from lxml.html import HtmlElement

__all__ = ["email_from_html", "inline_css", "text_from_html"]

# Every rule may go into every element: this bounds what inlining can grow to. A large newsletter has a tenth of it.
GROWTH_MAX = 100_000_000  # bytes of styles times elements
DEPTH_MAX = 200  # elements within elements; what turns them into text walks down recursively

_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_STYLES = re.compile(r"(?is)<style\b.*?(?:</style\s*>|$)")
# All but text: a comment, an element whose inside is no markup, a tag with what stands in its quotes.
_NO_TEXT = re.compile(
    r"""(?is)<!--.*?(?:-->|$)|<(style|script|title|textarea)\b.*?(?:</\1\s*>|$)|<[a-z/!?](?:[^>"']|"[^"]*"|'[^']*')*>"""
)
_DOCUMENT = re.compile(r"(?i)<(?:!doctype|html|head|body)\b")
_HIDDEN = re.compile(r"(?i)(?:^|;)\s*display\s*:\s*none")
_SCHEMES = re.compile(r"(?i)(?:mailto|tel):")
_BLANK_LINES = re.compile(r"\n{3,}")


@attrs.frozen
class _Masked:
    """HTML in which each piece of template code is a word of small letters and digits."""

    html: str
    prefix: str
    codes: tuple[str, ...]

    def word(self, number: int) -> str:
        return f"{self.prefix}{number}z"

    @property
    def words(self) -> re.Pattern[str]:
        return re.compile(rf"{self.prefix}(\d+)z")

    def numbers(self, text: str, *, tags_only: bool = False) -> list[int]:
        """Return which codes stand in *text*, in that order."""
        found = [int(number) for number in self.words.findall(text)]
        return [number for number in found if self.codes[number].startswith("{%")] if tags_only else found


def email_from_html(
    *, subject: str, html: str, inline: bool = True, syntax: Syntax | str = Syntax.PLACEHOLDERS, language: str = "en"
) -> EmailContent:
    """Return the mail of which only *subject* and *html* were written: its text part says what the HTML says.

    Args:
        inline: Put the rules of ``<style>`` elements into ``style`` attributes, as ``inline_css`` does.
        syntax, language: As for ``EmailContent``.

    Raises:
        InvalidContent: as for ``inline_css`` and ``text_from_html``.
        MissingExtra: the extra ``html`` is not installed.
        ValueError: there is no such syntax or language.
    """
    # First the styles: what a rule hides is then hidden in the text part, too.
    ready = inline_css(html) if inline else html
    return EmailContent(
        subject=subject, text=text_from_html(ready), html=ready, syntax=Syntax(syntax), language=language
    )


def inline_css(html: str) -> str:
    """Return *html* with the rules of its ``<style>`` elements in ``style`` attributes, where all mail programs look.

    What has no such attribute, ``@media`` and its like, stays in a ``<style>``. A fragment becomes a document; HTML
    without styles is returned as it is.

    Raises:
        InvalidContent: template code stands where it cannot be kept in its place, such as between attributes of a tag;
            or the styles are too long.
        MissingExtra: ``css-inline`` is not installed.
    """
    if not _STYLES.search(html):
        return html
    _check_growth(html)
    masked = _mask(html if _DOCUMENT.search(html) else f"<html><body>{html}</body></html>")
    inlined = _inlined(_with_comments(masked))
    if masked.numbers(_text_of(inlined, masked)) != masked.numbers(_text_of(masked.html, masked)):
        raise InvalidContent("html", "a placeholder stands where HTML allows no text, such as between rows of a table")
    reader = _Reader(masked.words)
    reader.feed(inlined)
    missing = set(masked.numbers(_STYLES.sub("", masked.html))) - set(masked.numbers(inlined))
    if reader.has_found or missing:
        raise InvalidContent("html", "template code between the attributes of a tag cannot be kept; put it into quotes")
    restored = re.sub(
        rf"<!--{masked.words.pattern}-->|{masked.words.pattern}",
        lambda found: masked.codes[int(found[1] or found[2])],
        inlined,
    )
    _check_size(restored)
    return restored


def text_from_html(html: str) -> str:
    """Return a text part that says what *html* says: lists, tables, and links with their addresses behind them.

    Values that are filled in are not escaped in a text part, so ``&amp;`` in a default becomes ``&``. What is hidden
    by ``display: none`` is left out.

    Raises:
        InvalidContent: nothing is left; template code stands where it cannot be kept; elements are too deep.
        MissingExtra: ``inscriptis`` is not installed.
    """
    _check_size(html)
    masked = _mask(html)
    tree = _visible(masked.html)
    _write_pictures(tree)
    _write_addresses(tree)
    written, text = "".join(tree.itertext()), _as_text(tree)
    tags = masked.numbers(_text_of(masked.html, masked), tags_only=True)
    if masked.numbers(written, tags_only=True) != tags or _order(written, masked) != _order(text, masked):
        raise InvalidContent("html", "no text part can be made of it: template code stands between parts of a table")
    text = _BLANK_LINES.sub("\n\n", "\n".join(map(str.rstrip, text.split("\n")))).strip("\n")
    if not text.strip():
        raise InvalidContent("html", "no text part can be made of it: it shows no words")
    return masked.words.sub(lambda found: _unescaped(masked.codes[int(found[1])]), text) + "\n"


class _Reader(HTMLParser):
    """Says whether a word of the mask became part of a tag's name or of an attribute's."""

    def __init__(self, words: re.Pattern[str]) -> None:
        super().__init__()
        self._words = words
        self.has_found = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.has_found |= any(self._words.search(name) for name in (tag, *(name for name, _ in attributes)))


def _mask(html: str) -> _Masked:
    lowered = html.lower()
    prefix = next(f"slot{number}x" for number in count() if f"slot{number}x" not in lowered)
    codes = tuple(_CODE.findall(html))
    words = (f"{prefix}{number}z" for number in count())
    return _Masked(_CODE.sub(lambda _: next(words), html), prefix, codes)


def _with_comments(masked: _Masked) -> str:
    """Return the HTML with each ``{% … %}`` of its text as a comment, which HTML keeps in its place in tables, too."""

    def comment(found: re.Match[str]) -> str:
        return f"<!--{found[0]}-->" if masked.codes[int(found[1])].startswith("{%") else found[0]

    return "".join(masked.words.sub(comment, piece) if is_text else piece for piece, is_text in _pieces(masked.html))


def _pieces(html: str) -> Iterator[tuple[str, bool]]:
    """Yield all of *html* in pieces, with whether each is text."""
    end = 0
    for found in _NO_TEXT.finditer(html):
        yield html[end : found.start()], True
        yield found[0], False
        end = found.end()
    yield html[end:], True


def _text_of(html: str, masked: _Masked) -> str:
    """Return the text of *html*, in which comments that are template code count as such."""
    html = re.sub(rf"<!--({masked.words.pattern})-->", r"\1", html)
    return "".join(piece for piece, is_text in _pieces(html) if is_text)


def _inlined(html: str) -> str:
    try:
        import css_inline
    except ModuleNotFoundError as error:
        if error.name != "css_inline":
            raise
        raise MissingExtra("html", "css-inline") from error
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
    try:
        return inliner.inline(html)
    except css_inline.InlineError as error:
        raise InvalidContent("html", f"its styles cannot be put inline: {error}") from error


def _visible(html: str) -> "HtmlElement":
    """Return the tree of what a reader sees."""
    try:
        from lxml import etree  # comes with inscriptis
        from lxml.html import document_fromstring
    except ModuleNotFoundError as error:
        if error.name != "lxml":
            raise
        raise MissingExtra("html", "inscriptis") from error
    try:
        tree = document_fromstring(re.sub(r"^\s*<\?xml[^>]*>", "", html))
    except etree.ParserError as error:
        raise InvalidContent("html", "no text part can be made of it: it shows no words") from error
    etree.strip_tags(tree, etree.Comment, etree.ProcessingInstruction)
    for element in list(tree.iter("head", "style", "script", "title", "textarea", "template")):
        element.drop_tree()
    for element in [one for one in tree.iter() if _HIDDEN.search(one.get("style", ""))]:
        element.drop_tree()
    return tree


def _write_pictures(tree: "HtmlElement") -> None:
    """Write in the place of each picture what its author says that it shows."""
    for picture in list(tree.iter("img")):
        shown = picture.get("alt", "").strip()
        picture.tag, picture.text = "span", f"[{shown}]" if shown else ""


def _write_addresses(tree: "HtmlElement") -> None:
    """Write behind each link where it leads, unless its own words say so."""
    for link in list(tree.iter("a")):
        address = _SCHEMES.sub("", link.get("href", "").strip(), count=1)
        shown = link.text_content().strip()
        if not address or address.startswith("#") or shown in {address, address.rstrip("/")}:
            continue
        if len(link):
            link[-1].tail = f"{link[-1].tail or ''} ({address})"
        else:
            link.text = f"{link.text or ''} ({address})"


def _as_text(tree: "HtmlElement") -> str:
    try:
        from inscriptis.html_engine import Inscriptis
        from inscriptis.model.config import ParserConfig
    except ModuleNotFoundError as error:
        if error.name != "inscriptis":
            raise
        raise MissingExtra("html", "inscriptis") from error
    if any(sum(1 for _ in element.iterancestors()) > DEPTH_MAX for element in _leaves(tree)):
        raise InvalidContent("html", f"there are more than {DEPTH_MAX} elements within each other")
    return str(Inscriptis(tree, ParserConfig()).get_text())


def _order(text: str, masked: _Masked) -> list[object]:
    """Return what may not change: which code comes behind which, and the letters between two tags of a template.

    Columns of a table are laid side by side, so that words of one may come between those of another.
    """
    tags = [masked.word(number) for number in masked.numbers(text, tags_only=True)]
    between = re.split("|".join(tags), text) if tags else [text]
    return [masked.numbers(text), *(Counter(filter(str.isalpha, piece)) for piece in between)]


def _leaves(tree: "HtmlElement") -> Sequence["HtmlElement"]:
    return [element for element in tree.iter() if not len(element)]


def _unescaped(code: str) -> str:
    """Return template code as it is written in a text part, unless that would make other code of it."""
    plain = unescape(code)
    return code if any(plain.count(one) != code.count(one) for one in "\"'{}%|") else plain


def _check_growth(html: str) -> None:
    _check_size(html)
    if sum(map(len, _STYLES.findall(html))) * html.count("<") > GROWTH_MAX:
        raise InvalidContent("html", "its styles are too long for so many elements")


def _check_size(html: str) -> None:
    if len(html) > BODY_BYTES_MAX or len(html.encode(errors="replace")) > BODY_BYTES_MAX:
        raise InvalidContent("html", f"it may have at most {BODY_BYTES_MAX} bytes, with its styles inline")
