"""Placeholders: a source text in, compiled pieces out; pieces and a recipient's values in, text out. Pure.

The language is ``{{ namespace.name }}`` and ``{{ namespace.name | default: "friend" }}``, and nothing else: no
logic, no attribute walks, no loops. It is a subset of Liquid; all else between braces is refused when it is saved.
"""

import html
import re
from collections.abc import Mapping

import attrs

from campaignkit.errors import InvalidTemplate
from campaignkit.message.content import one_line, whole_characters

__all__ = [
    "PLACEHOLDERS_MAX",
    "VALUE_CHARACTERS_MAX",
    "Placeholder",
    "Template",
    "Values",
    "compile_template",
]

# Together they bound what one message can grow to, whatever a merchant and an import wrote: 10 MB before escaping.
PLACEHOLDERS_MAX = 1_000
VALUE_CHARACTERS_MAX = 10_000

Values = Mapping[str, Mapping[str, str]]  # namespace → name → value, for one recipient

_NOBODY: Mapping[str, str] = {}

_OPENING = re.compile(r"\{\{|\{%")
_NAME = r"[a-z_][a-z0-9_]*"
_INSIDE = re.compile(
    rf"""\s*(?P<namespace>{_NAME})\.(?P<name>{_NAME})\s*"""
    r"""(?:\|\s*default\s*:\s*(?:"(?P<double>[^"{}]*)"|'(?P<single>[^'{}]*)')\s*)?"""
)


@attrs.frozen(kw_only=True)
class Placeholder:
    """One slot of a template, and where it stands. Line and column count from 1."""

    field: str  # "subject", "text", "html"
    namespace: str
    name: str
    default: str | None  # None: the author gave none
    line: int
    column: int
    source: str  # as it was written, with its braces

    def fill(self, values: Values, escape: bool = False, single_line: bool = False) -> str:
        """Return what stands in this slot for one recipient; arguments as for ``Template.render``."""
        value = values.get(self.namespace, _NOBODY).get(self.name)
        if not value:
            return self.default or ""
        if len(value) > VALUE_CHARACTERS_MAX or not value.isprintable():  # else there is nothing to mend
            value = whole_characters(value[:VALUE_CHARACTERS_MAX]).replace("\0", " ")
            if single_line:
                value = one_line(value)
        return html.escape(value) if escape and not value.isalnum() else value


@attrs.frozen
class Template:
    """A source text taken apart into literals and slots. It can be kept and shared."""

    pieces: tuple[str | Placeholder, ...]

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The slots, in order; a name that is used twice stands here twice."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Placeholder))

    def render(self, values: Values, *, escape: bool = False, single_line: bool = False) -> str:
        """Return the text with every slot filled; it never raises.

        A value that is missing or empty becomes the default, or nothing. Values are data: braces in them stay as they
        are. They are cut at ``VALUE_CHARACTERS_MAX``.

        Args:
            escape: Escape values for HTML. Defaults are the author's own text, like all that stands around them.
            single_line: Turn line ends and control characters of values into spaces.

        >>> template = compile_template('Dear {{ customer.name | default: "friend" }}', field="text")
        >>> template.render({"customer": {"name": "Ann"}}), template.render({})
        ('Dear Ann', 'Dear friend')
        """
        return "".join(
            [piece if isinstance(piece, str) else piece.fill(values, escape, single_line) for piece in self.pieces]
        )


def compile_template(source: str, *, field: str) -> Template:
    """Return *source* as literals and slots.

    Args:
        field: Which part of the content this is, for messages: ``"subject"``, ``"text"``, ``"html"``.

    Raises:
        InvalidTemplate: something between braces is no placeholder, is not closed, or there are too many of them.

    >>> compile_template("Dear {{ customer.name", field="text")
    Traceback (most recent call last):
    campaignkit.errors.InvalidTemplate: text, line 1, column 6: this placeholder is not closed with }}
    """
    pieces: list[str | Placeholder] = []
    end = 0
    while opening := _OPENING.search(source, end):
        placeholder = _placeholder_at(source, opening.start(), field)
        pieces += [source[end : opening.start()], placeholder]
        end = opening.start() + len(placeholder.source)
        if len(pieces) > 2 * PLACEHOLDERS_MAX:
            raise _invalid(source, opening.start(), field, f"there are more than {PLACEHOLDERS_MAX} placeholders")
    pieces.append(source[end:])
    return Template(tuple(piece for piece in pieces if piece != ""))


def _placeholder_at(source: str, start: int, field: str) -> Placeholder:
    """Return the placeholder whose braces open at *start*."""
    if source.startswith("{%", start):
        raise _invalid(source, start, field, "tags such as {% if %} are not understood, only {{ namespace.name }}")
    close = source.find("}}", start + 2)
    if close < 0 or source.find("{{", start + 2, close) >= 0:
        raise _invalid(source, start, field, "this placeholder is not closed with }}")
    inside = _INSIDE.fullmatch(source, start + 2, close)
    if inside is None:
        raise _invalid(
            source, start, field, f"{_shortened(source[start : close + 2])} is no placeholder; write {_FORM}"
        )
    line, column = _place(source, start)
    return Placeholder(
        field=field,
        namespace=inside["namespace"],
        name=inside["name"],
        default=inside["double"] if inside["double"] is not None else inside["single"],
        line=line,
        column=column,
        source=source[start : close + 2],
    )


_FORM = '{{ customer.name }} or {{ customer.name | default: "friend" }}'


def _invalid(source: str, start: int, field: str, problem: str) -> InvalidTemplate:
    return InvalidTemplate(field, *_place(source, start), problem)


def _place(source: str, start: int) -> tuple[int, int]:
    return source.count("\n", 0, start) + 1, start - source.rfind("\n", 0, start)


def _shortened(source: str) -> str:
    return source if len(source) <= 60 else f"{source[:57]}…}}}}"
