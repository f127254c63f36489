"""What is refused of a Liquid source before the library reads it, in one pass. Pure.

The library's own expressions take time that grows with the square of an unclosed tag, or of a run of blanks; no source
that comes through here holds such a thing.
"""

import re

from campaignkit.errors import InvalidTemplate
from campaignkit.message.content import BODY_BYTES_MAX

__all__ = ["TAGS_MAX", "find_unclosed", "invalid", "place", "scan"]

TAGS_MAX = 2_000  # tags and outputs together
TAG_CHARACTERS_MAX = 4_000
ALL_TAGS_CHARACTERS_MAX = 100_000  # a second of reading
BLANKS_MAX = 200  # in a row, within a tag
NESTED_MAX = 20  # square brackets, ands and ors of one tag, for which the library calls itself

_OPENING = re.compile(r"\{\{|\{%")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_MANY_BLANKS = re.compile(rf"\s{{{BLANKS_MAX + 1}}}")
_NESTING = re.compile(r"\[|\band\b|\bor\b")
_VERBATIM = re.compile(r"\{%-?\s*+(raw|doc)\s*+-?%\}")


def scan(source: str, field: str) -> None:
    """Return if the library may read *source*.

    Raises:
        InvalidTemplate: a tag is not closed, is empty or has no end; there are too many of them.
    """
    if len(source) > BODY_BYTES_MAX:
        raise InvalidTemplate(field, 1, 1, f"it may have at most {BODY_BYTES_MAX} characters")
    end = count = tag_characters = 0
    while opening := _OPENING.search(source, end):
        start, count = opening.start(), count + 1
        if count > TAGS_MAX:
            raise invalid(source, start, field, f"there are more than {TAGS_MAX} tags and placeholders")
        end = _end_of(source, start, field)
        tag_characters += end - start
        if tag_characters > ALL_TAGS_CHARACTERS_MAX:
            raise invalid(source, start, field, f"all tags may have at most {ALL_TAGS_CHARACTERS_MAX} characters")
        verbatim = _VERBATIM.fullmatch(source, start, end)
        if verbatim:
            end = _end_of_verbatim(source, start, end, verbatim[1], field)


def invalid(source: str, start: int, field: str, problem: str) -> InvalidTemplate:
    """Return the error for what stands at *start*."""
    return InvalidTemplate(field, *place(source, start), problem)


def place(source: str, start: int) -> tuple[int, int]:
    """Return line and column, both from 1."""
    return source.count("\n", 0, start) + 1, start - source.rfind("\n", 0, start)


def find_unclosed(source: str) -> tuple[int, str] | None:
    """Return the innermost tag of *source* that wants another one to close it and has none: its place and its name."""
    opened: list[tuple[int, str]] = []
    for tag in _TAG.finditer(source):
        name = tag[1]
        if name in _BLOCKS:
            opened.append((tag.start(), name))
        elif opened and name == f"end{opened[-1][1]}":
            opened.pop()
    return opened[-1] if opened else None


_BLOCKS = frozenset({"if", "unless", "case", "for", "tablerow", "capture", "ifchanged", "comment"})
_TAG = re.compile(r"\{%-?\s*+(\w+)")


def _end_of(source: str, start: int, field: str) -> int:
    """Return where the tag ends that opens at *start*."""
    what, closing = ("placeholder", "}}") if source.startswith("{{", start) else ("tag", "%}")
    close = source.find(closing, start + 2, start + TAG_CHARACTERS_MAX)
    if close < 0:
        is_long = source.find(closing, start + 2) >= 0
        ending = f"may have at most {TAG_CHARACTERS_MAX} characters" if is_long else f"is not closed with {closing}"
        raise invalid(source, start, field, f"this {what} {ending}")
    inside = source[start + 2 : close].strip("- \t\r\n")
    if not inside or inside.isspace():
        raise invalid(source, start, field, f"this {what} is empty")
    unquoted = _QUOTED.sub("", inside)
    if _OPENING.search(unquoted):
        raise invalid(source, start, field, f"this {what} is not closed with {closing}")
    if len(_NESTING.findall(unquoted)) > NESTED_MAX:
        raise invalid(source, start, field, f"this {what} holds more than {NESTED_MAX} brackets, ands and ors")
    if _MANY_BLANKS.search(source, start, close):
        raise invalid(source, start, field, f"this {what} holds more than {BLANKS_MAX} blanks in a row")
    return close + 2


def _end_of_verbatim(source: str, start: int, end: int, name: str, field: str) -> int:
    closing = re.compile(rf"\{{%-?\s*+end{name}\s*+-?%\}}").search(source, end)
    if closing is None:
        raise invalid(source, start, field, f"the tag {name} is not closed with {{% end{name} %}}")
    return closing.end()
