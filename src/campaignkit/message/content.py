"""What a merchant writes, and what one recipient gets of it: content in, content that can be sent out. Pure.

Source of the limits on lines and characters: RFC 5322, sections 2.1.1 and 2.2.
"""

import hashlib
import json
import re
from enum import StrEnum
from html import unescape
from typing import Any

import attrs

from campaignkit.errors import InvalidContent
from campaignkit.message.languages import language_of

__all__ = [
    "BODY_BYTES_MAX",
    "SUBJECT_CHARACTERS_MAX",
    "Content",
    "EmailContent",
    "Rendered",
    "RenderedEmail",
    "RenderedText",
    "SmsContent",
    "Syntax",
    "check_content",
    "content_digest",
    "forbidden_scheme",
    "one_line",
    "whole_characters",
]

SUBJECT_CHARACTERS_MAX = 998  # the longest line that mail may carry, RFC 5322; mail programs show about 70
BODY_BYTES_MAX = 1_000_000  # of UTF-8, per part; Gmail hides what is behind 102 kB, many servers refuse 10 MB

_LATER_FIELDS = frozenset({"syntax", "language"})

# All that some program takes for an end of line, and all other controls: C0, DEL, C1 (holds U+0085), U+2028, U+2029.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_RUNS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
# Attributes that lead somewhere, with a scheme that runs or smuggles something. Browsers overlook blanks in a scheme.
_BLANKS = "[\x00-\x20]*"
_FORBIDDEN_SCHEMES = "|".join(_BLANKS.join(scheme) for scheme in ("javascript", "vbscript", "data"))
_FORBIDDEN_LINKS = re.compile(
    rf"""(?i)\b(?:href|action|formaction)\s*+=\s*+(?:["']{_BLANKS})?(?P<scheme>{_FORBIDDEN_SCHEMES}){_BLANKS}:"""
)


def _length(text: str | None) -> str:
    """Return what a repr shows of a body: bodies do not belong into logs."""
    return "None" if text is None else f"<{len(text)} characters>"


class Syntax(StrEnum):
    """How an author writes placeholders."""

    PLACEHOLDERS = "placeholders"  # the core's own, a strict subset of Liquid
    LIQUID = "liquid"  # all of it, through the extra ``templates``


def _known_language(_: object, __: object, tag: str) -> None:
    language_of(tag)


@attrs.frozen(kw_only=True)
class EmailContent:
    """A mail with placeholders, as its author wrote it. The text part is always there, the HTML part may be."""

    subject: str
    text: str = attrs.field(repr=_length)
    html: str | None = attrs.field(default=None, repr=_length)
    syntax: Syntax = attrs.field(default=Syntax.PLACEHOLDERS, converter=Syntax)
    language: str = attrs.field(default="en", validator=_known_language)  # of dates, money and numbers, as in "pl"


@attrs.frozen(kw_only=True)
class SmsContent:
    """A text message with placeholders, as its author wrote it."""

    text: str = attrs.field(repr=_length)
    syntax: Syntax = attrs.field(default=Syntax.PLACEHOLDERS, converter=Syntax)
    language: str = attrs.field(default="en", validator=_known_language)


Content = EmailContent | SmsContent


@attrs.frozen(kw_only=True)
class RenderedEmail:
    """A mail filled in for one recipient."""

    subject: str
    text: str = attrs.field(repr=_length)
    html: str | None = attrs.field(default=None, repr=_length)


@attrs.frozen(kw_only=True)
class RenderedText:
    """A text message filled in for one recipient."""

    text: str = attrs.field(repr=_length)


Rendered = RenderedEmail | RenderedText


def check_content(content: Content) -> None:
    """Return if *content* can be sent to somebody.

    Placeholders are text here; ``compile_content`` reads them.

    Raises:
        InvalidContent: a part is empty or too long; the subject is more than one line or holds control characters; a
            part holds NUL or half a surrogate pair; a link runs a script.

    >>> check_content(SmsContent(text="  "))
    Traceback (most recent call last):
    campaignkit.errors.InvalidContent: text: it is empty
    """
    if isinstance(content, SmsContent):
        _check_body("text", content.text)
        return
    _check_subject(content.subject)
    _check_body("text", content.text)
    if content.html is not None:
        _check_body("html", content.html)
        _check_links(content.html)


def content_digest(content: Content) -> str:
    """Return 64 hexadecimal digits that are the same for the same content on every machine and in every release.

    >>> content_digest(SmsContent(text="Hello"))[:16]
    'fa2e31391b877c4d'
    """
    kind = "email" if isinstance(content, EmailContent) else "sms"
    fields = attrs.asdict(content, filter=_is_told)
    canonical = json.dumps({"kind": kind, **fields}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _is_told(field: "attrs.Attribute[Any]", value: object) -> bool:
    """Return whether a digest covers this: fields that came later do not, where they say what was so before them."""
    return field.name not in _LATER_FIELDS or value != field.default


def forbidden_scheme(html: str) -> str | None:
    """Return the scheme of a link that runs or smuggles something, if *html* has one.

    >>> forbidden_scheme('<a href="Java&#9;Script:alert(1)">')
    'javascript'
    """
    found = _FORBIDDEN_LINKS.search(unescape(html))
    return "".join(filter(str.isalpha, found["scheme"])).lower() if found else None


def one_line(text: str) -> str:
    """Return *text* with each run of line ends and other control characters as one space.

    >>> one_line("Ann\\r\\nBcc: eve@example.com")
    'Ann Bcc: eve@example.com'
    """
    return text if text.isprintable() else _CONTROL_RUNS.sub(" ", text)


def whole_characters(text: str) -> str:
    """Return *text* in a form that UTF-8 can carry: half surrogate pairs become U+FFFD."""
    return text if text.isascii() else _LONE_SURROGATES.sub("\ufffd", text)


def _check_subject(subject: str) -> None:
    _check_length("subject", len(subject), SUBJECT_CHARACTERS_MAX, "characters")
    _check_characters("subject", subject)
    control = _CONTROLS.search(subject)
    if control:
        where = f"U+{ord(control.group()):04X} at position {control.start() + 1}"
        raise InvalidContent("subject", f"it must be one line without control characters, and holds {where}")


def _check_body(field: str, body: str) -> None:
    # Every character takes a byte at least, so an endless text is refused before it is encoded.
    _check_length(field, len(body), BODY_BYTES_MAX, "bytes")
    _check_characters(field, body)
    _check_length(field, len(body.encode()), BODY_BYTES_MAX, "bytes")


def _check_length(field: str, length: int, most: int, unit: str) -> None:
    if length > most:
        raise InvalidContent(field, f"it may have at most {most} {unit}")


def _check_characters(field: str, text: str) -> None:
    if not text.strip():
        raise InvalidContent(field, "it is empty")
    half = _LONE_SURROGATES.search(text)
    if half:
        raise InvalidContent(field, f"the character at position {half.start() + 1} is half an emoji; type it again")
    if "\0" in text:
        raise InvalidContent(field, f"it holds a NUL character at position {text.index(chr(0)) + 1}")


def _check_links(html: str) -> None:
    scheme = forbidden_scheme(html)
    if scheme:
        raise InvalidContent("html", f"a link may not begin with {scheme}:")
