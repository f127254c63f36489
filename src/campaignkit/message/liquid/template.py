"""A Liquid source, compiled once; the text for one recipient out, or a ``Rejection`` with the reason. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode
from campaignkit.errors import InvalidTemplate, MissingExtra
from campaignkit.message.content import one_line, whole_characters
from campaignkit.message.languages import Language
from campaignkit.message.liquid.scanning import find_unclosed, invalid, place, scan
from campaignkit.message.templates import Placeholder
from campaignkit.message.values import Values, clean_text, plain_value

if TYPE_CHECKING:
    from campaignkit.message.liquid.engine import Failure

__all__ = ["LiquidTemplate", "compile_liquid"]

VALUE_DEPTH_MAX = 6  # lists and mappings within each other
VALUE_ITEMS_MAX = 10_000  # of one list or mapping


@attrs.frozen(kw_only=True)
class LiquidTemplate:
    """A template in full Liquid, with the face of ``Template``. It can be kept and shared."""

    field: str
    placeholders: tuple[Placeholder, ...]
    _source: str = attrs.field(repr=False)
    _bound: Any = attrs.field(repr=False, eq=False)
    _names: Mapping[str, frozenset[str] | None] = attrs.field(repr=False)  # the fields that it takes; None: all

    def fill(self, values: Values, *, single_line: bool = False) -> str | Rejection:
        """Return the text for one recipient, or why there can be none; it never raises.

        What is missing is nothing, as Liquid has it; ``placeholders`` say before sending what that will be.
        """
        text = self._text_or_failure(values, single_line)
        if isinstance(text, str):
            return text
        line, _ = place(self._source, max(text.index, 0))
        return Rejection(
            code=RejectionCode.TOO_LONG if text.is_limit else RejectionCode.MALFORMED,
            field=self.field,
            message=f"line {line} of the template cannot be filled in for this recipient: {text.problem}",
        )

    def render(self, values: Values, *, escape: bool = False, single_line: bool = False) -> str:  # noqa: ARG002
        """Return the text for one recipient. Whether it is escaped was decided by its field: in HTML it is.

        Raises:
            InvalidTemplate: it cannot be filled in for this one; ``fill`` returns that as a ``Rejection``.
        """
        text = self._text_or_failure(values, single_line)
        if isinstance(text, str):
            return text
        raise invalid(self._source, max(text.index, 0), self.field, text.problem)

    def _text_or_failure(self, values: Values, single_line: bool) -> "str | Failure":
        from campaignkit.message.liquid.engine import render

        text = render(self._bound, self._plain(values, single_line))
        return one_line(text) if single_line and isinstance(text, str) else text

    def _plain(self, values: Values, single_line: bool) -> dict[str, object]:
        """Return what the template takes of *values*, as plain data: nothing of the host's own can be reached."""
        plain: dict[str, object] = {}
        for namespace, names in self._names.items():
            fields = values.get(namespace)
            if fields is not None:
                taken = fields if names is None else {name: fields[name] for name in names if name in fields}
                plain[namespace] = _plain_data(taken, single_line)
        return plain


def compile_liquid(source: str, *, field: str, language: Language) -> LiquidTemplate:
    """Return *source* ready to be filled in.

    Raises:
        InvalidTemplate: it is no Liquid, with its line and column; or it uses what merchants may not.
        MissingExtra: python-liquid is not installed.
    """
    source = whole_characters(source)
    scan(source, field)
    try:
        from campaignkit.message.liquid import engine, reading
    except ModuleNotFoundError as error:
        if error.name != "liquid":
            raise
        raise MissingExtra("templates", "python-liquid") from error
    bound = engine.bound_template(source, language, field == "html")
    if isinstance(bound, engine.Failure):
        raise _unreadable(source, field, bound)
    reading.check_template(bound, source, field=field, language=language)
    placeholders = reading.placeholders_of(bound, source, field=field)
    names = _taken(placeholders)
    template = LiquidTemplate(field=field, placeholders=placeholders, source=source, bound=bound, names=names)
    if not placeholders:
        template.render({})  # what fails now would fail for everybody
    return template


def _unreadable(source: str, field: str, failure: "Failure") -> InvalidTemplate:
    unclosed = find_unclosed(source) if failure.index < 0 else None
    if unclosed is None:
        return invalid(source, max(failure.index, 0), field, failure.problem)
    start, name = unclosed
    return invalid(source, start, field, f"the tag {name} is not closed with {{% end{name} %}}")


def _taken(placeholders: tuple[Placeholder, ...]) -> dict[str, frozenset[str] | None]:
    """Return which fields are taken, by namespace."""
    taken: dict[str, frozenset[str] | None] = {}
    for one in placeholders:
        before = taken.get(one.namespace, frozenset())
        name = one.name.partition(".")[0]
        taken[one.namespace] = before | {name} if before is not None and name else None
    return taken


def _plain_data(value: object, single_line: bool, depth: int = 0) -> object:
    """Return *value* as texts, numbers, days, lists and dicts of our own."""
    if value is None or isinstance(value, str | int | float | date):
        return None if value is None else plain_value(value, single_line)
    if depth > VALUE_DEPTH_MAX:
        return None
    if isinstance(value, Mapping):
        items = list(value.items())[:VALUE_ITEMS_MAX]
        return {clean_text(str(key), single_line): _plain_data(one, single_line, depth + 1) for key, one in items}
    if isinstance(value, list | tuple):
        return [_plain_data(one, single_line, depth + 1) for one in value[:VALUE_ITEMS_MAX]]
    return plain_value(value, single_line)
