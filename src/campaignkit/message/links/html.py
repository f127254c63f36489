"""Attributes of HTML: a source in, the attributes of its tags with their places out. Pure.

The tokens are those of the HTML standard (WHATWG HTML, 13.2.5), in one pass whose time grows with the length of the
source, whatever is left open in it. ``html.parser`` does not say where an attribute stands, and reads some unclosed
sources again from each of their tags on. What stands in conditional comments is read too, since Outlook shows it.
"""

import re
from collections.abc import Iterator

import attrs

__all__ = ["Attribute", "find_attributes"]

_BLANK = r"[ \t\n\f\r]"
_CONDITIONAL = re.compile(r"<!--\[if[^\]>]{0,200}\]>", re.IGNORECASE)
_TAG_NAME = re.compile(r"[A-Za-z][^ \t\n\f\r/>]*")
# NUL stands for the tags of a template, which may stand between attributes.
_BETWEEN = re.compile(r"[ \t\n\f\r/\0]*")
_NAME = re.compile(r"[^ \t\n\f\r/\0>][^ \t\n\f\r/\0>=]*")
_EQUALS = re.compile(rf"{_BLANK}*={_BLANK}*")
_UNQUOTED = re.compile(r"[^ \t\n\f\r>]*")
_COMMENT_END = re.compile(r"--!?>")
_RAW = frozenset({"iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"})
_RAW_ENDS = {name: re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE) for name in _RAW}


@attrs.frozen
class Attribute:
    """An attribute of a start tag; names are in lower case, the value as it is written."""

    tag: str
    name: str
    start: int  # of its value, behind the quote
    end: int  # of its value, before the quote
    is_quoted: bool


def find_attributes(source: str) -> Iterator[Attribute]:
    """Yield the attributes that have a value, in order; of two with one name in a tag, the first."""
    position = source.find("<")
    while position >= 0:
        name = _TAG_NAME.match(source, position + 1)
        if name is None:
            position = source.find("<", _behind_no_tag(source, position))
            continue
        read = _read_tag(source, name.end(), name[0].lower())
        if read is None:  # browsers drop a tag that never ends
            return
        attributes, end = read
        yield from attributes
        position = source.find("<", _behind_raw_text(source, end, name[0].lower()))


def _behind_no_tag(source: str, position: int) -> int:
    """Return where to go on behind a ``<`` that opens no start tag."""
    if source.startswith("<!--", position):
        conditional = _CONDITIONAL.match(source, position)
        return conditional.end() if conditional else _behind_comment(source, position + 4)
    if source.startswith("</", position) and _TAG_NAME.match(source, position + 2):
        read = _read_tag(source, position + 2, "")
        return len(source) if read is None else read[1]
    if source.startswith(("<!", "<?", "</"), position):
        end = source.find(">", position)
        return len(source) if end < 0 else end + 1
    return position + 1


def _behind_comment(source: str, position: int) -> int:
    for abrupt in (">", "->"):
        if source.startswith(abrupt, position):
            return position + len(abrupt)
    end = _COMMENT_END.search(source, position)
    return len(source) if end is None else end.end()


def _behind_raw_text(source: str, position: int, tag: str) -> int:
    """Return where markup begins again: at once, but for elements that hold mere text."""
    if tag == "plaintext":
        return len(source)
    if tag not in _RAW:
        return position
    end = _RAW_ENDS[tag].search(source, position)
    return len(source) if end is None else end.start()


def _read_tag(source: str, position: int, tag: str) -> tuple[list[Attribute], int] | None:
    """Return the attributes from *position* on, and where the tag ends; None where it does not."""
    found: dict[str, Attribute | None] = {}
    while True:
        between = _BETWEEN.match(source, position)
        position = position if between is None else between.end()
        if position >= len(source):
            return None
        if source[position] == ">":
            return [one for one in found.values() if one is not None], position + 1
        name = _NAME.match(source, position)
        assert name is not None  # neither a blank nor / nor > stands here
        position = name.end()
        attribute = None
        equals = _EQUALS.match(source, position)
        if equals is not None:
            value = _read_value(source, equals.end())
            if value is None:
                return None
            start, end, position = value
            attribute = Attribute(tag, name[0].lower(), start, end, start > equals.end())
        found.setdefault(name[0].lower(), attribute)


def _read_value(source: str, position: int) -> tuple[int, int, int] | None:
    """Return where a value starts and ends, and where to go on; None where its quote is never closed."""
    quote = source[position : position + 1]
    if quote in {'"', "'"}:
        end = source.find(quote, position + 1)
        return None if end < 0 else (position + 1, end, end + 1)
    bare = _UNQUOTED.match(source, position)
    end = position if bare is None else bare.end()
    return position, end, end
