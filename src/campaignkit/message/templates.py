"""Placeholders: a source text in, compiled pieces out; pieces and a recipient's values in, text out. Pure.

The language is ``{{ namespace.name }}``, perhaps with filters as in ``{{ customer.name | default: "friend" }}``, and
nothing else: no logic, no attribute walks, no loops. It is a strict subset of Liquid and gives what Liquid gives; all
else between braces is refused when it is saved.
"""

import re
from collections.abc import Mapping

import attrs

from campaignkit.errors import InvalidTemplate
from campaignkit.message.filters import NEEDS_LIQUID, Filter, Step, bind_filter
from campaignkit.message.languages import Language, language_of
from campaignkit.message.values import VALUE_CHARACTERS_MAX, Values, clean_text, plain_value, shown

__all__ = [
    "FILTERS_MAX",
    "PLACEHOLDERS_MAX",
    "VALUE_CHARACTERS_MAX",
    "Placeholder",
    "Template",
    "Values",
    "compile_template",
]

# Together they bound what one message can grow to, whatever a merchant and an import wrote: 10 MB before escaping.
PLACEHOLDERS_MAX = 1_000
FILTERS_MAX = 10  # of one placeholder

_NOBODY: Mapping[str, object] = {}

_OPENING = re.compile(r"\{\{|\{%")
_BLANKS = r"[ \t\r\n]*+"
_NAME = r"[a-z_][a-z0-9_]*"
_PATH = re.compile(rf"\s*+(?P<namespace>{_NAME})\.(?P<name>{_NAME})\s*+(?=\||\Z)")
_LONGER_PATH = re.compile(rf"\s*+{_NAME}(?:\.{_NAME}\.|(?:\.{_NAME})?\[)")
_ARGUMENT = r"""(?:"[^"{}]*"|'[^'{}]*'|-?[0-9]{1,9}(?![0-9]))"""
_FILTER = re.compile(
    rf"\|{_BLANKS}(?P<name>{_NAME}){_BLANKS}"
    rf"(?::{_BLANKS}(?P<arguments>{_ARGUMENT}{_BLANKS}(?:,{_BLANKS}{_ARGUMENT}{_BLANKS})*))?(?=\||\s*+\Z)"
)
_ARGUMENTS = re.compile(_ARGUMENT)
# Words that Liquid keeps for itself.
_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        "true false nil null empty blank and or contains not in offset limit reversed cols continue with for as if"
        " else required",
    )
)


def escape_html(text: str) -> str:
    """Return *text* for HTML, with the entities that Liquid writes.

    >>> escape_html("<O'Neil & Sons>")
    '&lt;O&#39;Neil &amp; Sons&gt;'
    """
    return (
        text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;").replace("'", "&#39;").replace('"', "&#34;")
    )


@attrs.frozen(kw_only=True)
class Placeholder:
    """One slot of a template, and where it stands. Line and column count from 1."""

    field: str  # "subject", "text", "html"
    namespace: str
    name: str  # in Liquid it may be a path, as in "address.city", or empty where the whole namespace is used
    default: str | None  # None: the author gave none
    line: int
    column: int
    source: str  # as it was written, with its braces
    filters: tuple[Filter, ...] = ()  # without one that only gives the default
    _steps: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)

    def fill(self, values: Values, escape: bool = False, single_line: bool = False) -> str:
        """Return what stands in this slot for one recipient; arguments as for ``Template.render``."""
        value = values.get(self.namespace, _NOBODY).get(self.name)
        if self._steps:
            return self._filtered(value, escape, single_line)
        text = value if value.__class__ is str else self._shown(value)
        if not text:
            return self.default or ""
        if len(text) > VALUE_CHARACTERS_MAX or not text.isprintable():  # else there is nothing to mend
            text = clean_text(text, single_line)
        return escape_html(text) if escape and not text.isalnum() else text

    def find(self, values: Values) -> object:
        """Return what the host supplied for this slot, or None if there is no such field."""
        found: object = values.get(self.namespace)
        for name in self.name.split(".") if self.name else ():
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def _shown(self, value: object) -> str:
        if value is None or (value is False and self.default is not None):
            return ""
        return shown(plain_value(value))

    def _filtered(self, value: object, escape: bool, single_line: bool) -> str:
        value, is_own = plain_value(value, single_line), False
        for step in self._steps:
            value, is_own = step(value, is_own)
        text = shown(value)
        return escape_html(text) if escape and not is_own else text


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


def compile_template(source: str, *, field: str, language: Language | None = None) -> Template:
    """Return *source* as literals and slots.

    Args:
        field: Which part of the content this is, for messages: ``"subject"``, ``"text"``, ``"html"``.
        language: How dates, money and numbers are written; as in English unless given.

    Raises:
        InvalidTemplate: something between braces is no placeholder, is not closed, or there are too many of them.

    >>> compile_template("Dear {{ customer.name", field="text")
    Traceback (most recent call last):
    campaignkit.errors.InvalidTemplate: text, line 1, column 6: this placeholder is not closed with }}
    """
    language = language_of("en") if language is None else language
    pieces: list[str | Placeholder] = []
    end = 0
    while opening := _OPENING.search(source, end):
        placeholder = _placeholder_at(source, opening.start(), field, language)
        pieces += [source[end : opening.start()], placeholder]
        end = opening.start() + len(placeholder.source)
        if len(pieces) > 2 * PLACEHOLDERS_MAX:
            raise _invalid(source, opening.start(), field, f"there are more than {PLACEHOLDERS_MAX} placeholders")
    pieces.append(source[end:])
    return Template(tuple(piece for piece in pieces if piece != ""))


def _placeholder_at(source: str, start: int, field: str, language: Language) -> Placeholder:
    """Return the placeholder whose braces open at *start*."""
    close = _close_of(source, start, field)
    inside = source[start + 2 : close]
    path = _PATH.match(inside)
    if path is None:
        more = f"; a longer path {NEEDS_LIQUID}" if _LONGER_PATH.match(inside) else ""
        written = _shortened(source[start : close + 2])
        raise _invalid(source, start, field, f"{written} is no placeholder; write {_FORM}{more}")
    for word in (path["namespace"], path["name"]):
        if word in _KEYWORDS:
            raise _invalid(source, start, field, f"{word} is a word of the language and cannot name a field")
    filters, steps = _filters_in(source, start + 2 + path.end(), close, field, language)
    line, column = _place(source, start)
    gives_default_only = [written.name for written in filters] == ["default"]
    return Placeholder(
        field=field,
        namespace=path["namespace"],
        name=path["name"],
        default=next((str(one.arguments[0]) for one in filters if one.name == "default"), None),
        line=line,
        column=column,
        source=source[start : close + 2],
        filters=() if gives_default_only else filters,
        steps=() if gives_default_only else steps,
    )


def _close_of(source: str, start: int, field: str) -> int:
    """Return where the braces close that open at *start*."""
    if source.startswith("{%", start):
        problem = f"tags such as {{% if %}} are not understood, only {{{{ namespace.name }}}}; a tag {NEEDS_LIQUID}"
        raise _invalid(source, start, field, problem)
    close = source.find("}}", start + 2)
    if close < 0 or source.find("{{", start + 2, close) >= 0:
        raise _invalid(source, start, field, "this placeholder is not closed with }}")
    return close


def _filters_in(
    source: str, start: int, close: int, field: str, language: Language
) -> tuple[tuple[Filter, ...], tuple[Step, ...]]:
    """Return the filters that stand in *source* from *start* on, and what each of them does."""
    filters: list[Filter] = []
    steps: list[Step] = []
    while start < close:
        found = _FILTER.match(source[start:close])
        if found is None:
            written = _shortened(source[start:close].strip())
            raise _invalid(source, start, field, f"{written} is no filter; write {_FILTER_FORM}")
        written_filter = Filter(found["name"], tuple(map(_argument, _ARGUMENTS.findall(found["arguments"] or ""))))
        try:
            steps.append(bind_filter(written_filter, language))
        except ValueError as error:
            raise _invalid(source, start + found.start("name"), field, str(error)) from error
        filters.append(written_filter)
        start += found.end()
        if not source[start:close].strip():
            break
        if len(filters) == FILTERS_MAX:
            raise _invalid(source, start, field, f"a placeholder may have at most {FILTERS_MAX} filters")
    return tuple(filters), tuple(steps)


def _argument(written: str) -> str | int:
    return written[1:-1] if written[0] in "\"'" else int(written)


_FORM = '{{ customer.name }} or {{ customer.name | default: "friend" }}'
_FILTER_FORM = '| upcase or | default: "friend"'


def _invalid(source: str, start: int, field: str, problem: str) -> InvalidTemplate:
    return InvalidTemplate(field, *_place(source, start), problem)


def _place(source: str, start: int) -> tuple[int, int]:
    return source.count("\n", 0, start) + 1, start - source.rfind("\n", 0, start)


def _shortened(source: str) -> str:
    return source if len(source) <= 60 else f"{source[:57]}…}}}}"
