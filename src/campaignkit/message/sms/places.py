"""Links and placeholders in a text: where nothing may be respelt. Pure.

A link is found generously: to take a word for one costs a saving, to overlook one sends customers elsewhere.
"""

import re
from collections.abc import Iterator
from enum import StrEnum

import attrs

__all__ = [
    "Place",
    "PlaceKind",
    "find_places",
    "link_words",
    "mask_placeholders",
    "without_closing",
    "without_placeholders",
]

# Read as far as the end of the source where it is not closed.
_PLACEHOLDER = re.compile(r"\{\{.*?(?:\}\}|\Z)|\{%.*?(?:%\}|\Z)", re.DOTALL)
_WORD = re.compile(r"\S+")
# A scheme; an address or a handle; a domain, as far as a letter and one more character behind a dot tell one. A letter
# may have accents or invisible characters behind it, so what is no punctuation counts. Each is linear in its word.
_PAUSE = r"\s.,;:!?…()\[\]<>\"'“”„‘’«»"
_LINK = re.compile(rf"://|@\w|(?<=[^{_PAUSE}])[.。．｡][\u200b\u2060\ufeff\u00ad]*[^\W\d_][^{_PAUSE}]")
_OPENING = "\"'“”„«»‘’‚‹›([<{…*-–—"
_CLOSING = "\"'“”„«»‘’‚‹›)]>}….,;:!?*"


class PlaceKind(StrEnum):
    """What must stay as it is."""

    LINK = "link"
    PLACEHOLDER = "placeholder"


@attrs.frozen
class Place:
    """Where a link or a placeholder stands, as for slicing."""

    kind: PlaceKind
    start: int
    end: int


def find_places(text: str, *, is_template: bool) -> Iterator[Place]:
    """Yield links and, in a template, placeholders, in order and apart from each other."""
    masked = mask_placeholders(text) if is_template else text
    end = 0
    for link in link_words(masked):
        if is_template:
            yield from _placeholders(text, end, link.start)
        yield link
        end = link.end
    if is_template:
        yield from _placeholders(text, end, len(text))


def mask_placeholders(source: str) -> str:
    """Return *source*, as long as it was, with an ``x`` for each character of its placeholders and tags.

    >>> mask_placeholders("Hi {{ a.b }}!")
    'Hi xxxxxxxxx!'
    """
    return _PLACEHOLDER.sub(lambda found: "x" * len(found[0]), source)


def without_placeholders(source: str) -> str:
    """Return *source* without its placeholders and tags.

    >>> without_placeholders("Hi {{ a.b }}!")
    'Hi !'
    """
    return _PLACEHOLDER.sub("", source)


def link_words(text: str) -> Iterator[Place]:
    """Yield the words of *text* that hold a web address, a mail address or a domain, without quotes around them.

    >>> [text[found.start : found.end] for text in ("(żółw.pl), ann@x.pl.",) for found in link_words(text)]
    ['żółw.pl', 'ann@x.pl']
    """
    for word in _WORD.finditer(text):
        if _LINK.search(word[0]):
            start = word.end() - len(word[0].lstrip(_OPENING))
            yield Place(PlaceKind.LINK, start, start + len(without_closing(text[start : word.end()])))


def without_closing(link: str) -> str:
    """Return *link* without punctuation behind it; a bracket that was opened in it stays.

    >>> without_closing("https://x.pl/a_(b)),")
    'https://x.pl/a_(b)'
    """
    unclosed = link.count("(") - link.count(")")
    end = len(link)
    while end and link[end - 1] in _CLOSING:
        if link[end - 1] == ")":
            if unclosed >= 0:
                break
            unclosed += 1
        end -= 1
    return link[:end]


def _placeholders(source: str, start: int, end: int) -> Iterator[Place]:
    for found in _PLACEHOLDER.finditer(source, start, end):
        yield Place(PlaceKind.PLACEHOLDER, found.start(), found.end())
