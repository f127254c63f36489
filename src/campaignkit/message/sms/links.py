"""Shorter links in a text: a text and the host's own shortener in, the text with what was saved out. Pure but for it.

campaignkit knows no shortener. What the host's answers is looked at before it stands in a text that cannot be recalled.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from urllib.parse import urlsplit

import attrs

from campaignkit.message.sms.alphabet import double_count
from campaignkit.message.sms.counting import SmsParts, count_parts
from campaignkit.message.sms.places import link_words, mask_placeholders, without_closing

__all__ = ["KeptLink", "KeptReason", "ShortenedLink", "ShortenedText", "shorten_links"]

_WEB = re.compile(r"(?<!\w)https?://", re.IGNORECASE)
_SEVERAL = re.compile(r"[,;|]https?://", re.IGNORECASE)
_WEB_LINK = re.compile(r"https?://[\x21-\x7e]+", re.IGNORECASE)
_HOST = re.compile(r"(?=.{1,253}\.?\Z)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.?", re.IGNORECASE)


class KeptReason(StrEnum):
    """Why a link stays as it was."""

    HOLDS_PLACEHOLDER = "holds_placeholder"  # it differs from recipient to recipient
    SEVERAL_LINKS = "several_links"  # two are written in one word, and it is not clear where one ends
    NO_LINK = "no_link"  # the shortener answered something that is no web address
    NOT_SHORTER = "not_shorter"


@attrs.frozen(kw_only=True)
class ShortenedLink:
    """A link with what stands for it now, everywhere in the text."""

    link: str
    short: str
    count: int


@attrs.frozen(kw_only=True)
class KeptLink:
    """A web address that stays as it was."""

    link: str
    reason: KeptReason
    count: int


@attrs.frozen(kw_only=True)
class ShortenedText:
    """A text with short links, and what they save."""

    text: str = attrs.field(repr=lambda text: f"<{len(text)} characters>")
    shortened: tuple[ShortenedLink, ...]  # in order of first appearance
    kept: tuple[KeptLink, ...]
    old: SmsParts
    new: SmsParts

    @property
    def parts_saved(self) -> int:
        return self.old.parts - self.new.parts


def shorten_links(text: str, shorten: Callable[[str], str]) -> ShortenedText:
    """Return *text* with each ``http`` and ``https`` link replaced by what *shorten* makes of it.

    A link is asked for once, however often it is there. It stays if the answer is no web address of plain ASCII or is
    not shorter. What *shorten* raises goes through.

    >>> done = shorten_links("Tulips: https://flora.example/spring/tulips?from=sms.", lambda link: "https://fl.example/t")
    >>> done.text, done.old.units - done.new.units
    ('Tulips: https://fl.example/t.', 24)
    """
    answers: dict[str, str | KeptReason] = {}
    counts: Counter[str] = Counter()
    pieces, end = [], 0
    for start, link, is_fixed in _web_links(text):
        if link not in answers:
            answers[link] = _short_or_reason(link, shorten) if is_fixed else KeptReason.HOLDS_PLACEHOLDER
        counts[link] += 1
        answer = answers[link]
        pieces += [text[end:start], link if isinstance(answer, KeptReason) else answer]
        end = start + len(link)
    return _report(text, "".join([*pieces, text[end:]]), answers, counts)


def _web_links(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield where each web address begins, the address, and whether it is free of placeholders."""
    masked = mask_placeholders(text)
    for word in link_words(masked):
        found = _WEB.search(masked, word.start, word.end)
        if found:
            start = found.start()
            link = without_closing(masked[start : word.end])
            yield start, text[start : start + len(link)], masked.startswith(text[start : start + len(link)], start)


def _short_or_reason(link: str, shorten: Callable[[str], str]) -> str | KeptReason:
    if _SEVERAL.search(link):
        return KeptReason.SEVERAL_LINKS
    short = shorten(link)
    if not _is_web_link(short):
        return KeptReason.NO_LINK
    return short if _cost(short) < _cost(link) else KeptReason.NOT_SHORTER


def _is_web_link(answer: object) -> bool:
    """Return whether a host's answer is a web address that every phone opens: ASCII, a host, no name before an @."""
    if not isinstance(answer, str) or not _WEB_LINK.fullmatch(answer) or "\\" in answer:
        return False
    try:
        parts = urlsplit(answer)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return host is not None and "@" not in parts.netloc and _HOST.fullmatch(host) is not None


def _cost(link: str) -> int:
    """Return the septets of a link, or at least its characters."""
    return len(link) + double_count(link)


def _report(text: str, new: str, answers: Mapping[str, str | KeptReason], counts: Mapping[str, int]) -> ShortenedText:
    return ShortenedText(
        text=new,
        shortened=tuple(
            ShortenedLink(link=link, short=answer, count=counts[link])
            for link, answer in answers.items()
            if not isinstance(answer, KeptReason)
        ),
        kept=tuple(
            KeptLink(link=link, reason=answer, count=counts[link])
            for link, answer in answers.items()
            if isinstance(answer, KeptReason)
        ),
        old=count_parts(text),
        new=count_parts(new),
    )
