"""What a parsed template holds: its placeholders, and what could never work, whoever receives it. Pure.

Only nodes and expressions are walked here; nothing is filled in.
"""

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, cast

from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import ConditionalBlockNode, Node
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.expressions.arguments import KeywordArgument
from liquid.builtin.expressions.filtered import Filter as LiquidFilter
from liquid.builtin.expressions.primitive import IntegerLiteral, RangeLiteral, StringLiteral
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.builtin.tags.for_tag import BreakNode, ContinueNode, ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.tablerow_tag import TablerowNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.expression import Expression

from campaignkit.message.filters import FORMATTERS, Filter, bind_filter, unknown_filter
from campaignkit.message.languages import Language
from campaignkit.message.liquid.engine import BoundedRange
from campaignkit.message.liquid.scanning import invalid, place
from campaignkit.message.templates import Placeholder

__all__ = ["check_template", "placeholders_of"]

_CONDITIONS = (IfNode, UnlessNode, CaseNode, ConditionalBlockNode, MultiExpressionBlockNode)
_LOOPS = (ForNode, TablerowNode)
_PROPERTIES = ("size", "first", "last")  # of lists and texts


def check_template(template: BoundTemplate, source: str, *, field: str, language: Language) -> None:
    """Return if *template* can be filled in for somebody; its ranges are bounded from now on.

    Raises:
        InvalidTemplate: a filter is unknown or takes no such arguments; a loop is left where there is none.
    """
    for node, in_loop in _nodes(template):
        if isinstance(node, BreakNode | ContinueNode) and not in_loop:
            raise invalid(source, node.token.start_index, field, f"{node.token.value} stands outside of a loop")
        for expression in _expressions(node):
            if type(expression) is RangeLiteral:
                expression.__class__ = BoundedRange  # the library has no door to give it another kind
            for written in getattr(expression, "filters", None) or ():
                try:
                    _check_filter(written, template.env, language)
                except (ValueError, TypeError) as error:
                    raise invalid(source, written.token.start_index, field, str(error)) from error


def placeholders_of(template: BoundTemplate, source: str, *, field: str) -> tuple[Placeholder, ...]:
    """Return the fields that *template* takes from the host, in the order of their places.

    What it asks about in a condition, or gives a default to, has a default: its author reckons with its absence.
    """
    defaults, asked = _defaults(template), _asked(template)
    found: dict[int, Placeholder] = {}
    for variable in (one for many in template.analyze(include_partials=False).globals.values() for one in many):
        path = _names(variable.segments)
        default = defaults.get(variable.span.index, "" if path in asked else None)
        found[variable.span.index] = _placeholder(path, default, source, variable.span.index, field)
    return tuple(found[index] for index in sorted(found))


def _placeholder(path: tuple[str, ...], default: str | None, source: str, index: int, field: str) -> Placeholder:
    opening = max(source.rfind("{{", 0, index), source.rfind("{%", 0, index), 0)
    closing = source.find("}}" if source.startswith("{{", opening) else "%}", index)
    is_output = source.startswith("{{", opening)
    line, column = place(source, opening if is_output else index)
    return Placeholder(
        field=field,
        namespace=path[0],
        name=".".join(path[1:]),
        default=default,
        line=line,
        column=column,
        source=source[opening : closing + 2],
    )


def _names(segments: Iterable[object]) -> tuple[str, ...]:
    """Return a path as far as it is written out: not what stands in brackets, not the size of a list."""
    names: list[str] = []
    for segment in segments:
        if not isinstance(segment, str):
            break
        names.append(str.__str__(segment))
    if len(names) > 2 and names[-1] in _PROPERTIES:
        names.pop()
    return tuple(names) or ("",)


def _defaults(template: BoundTemplate) -> dict[int, str]:
    """Return the defaults that are given to paths, by the paths' places."""
    return {
        expression.left.token.start_index: _default_of(expression)
        for node, _ in _nodes(template)
        for expression in _expressions(node)
        if isinstance(expression, FilteredExpression)
        and isinstance(expression.left, Path)
        and any(written.name == "default" for written in expression.filters or ())
    }


def _default_of(expression: FilteredExpression) -> str:
    written = next(one for one in expression.filters or () if one.name == "default")
    given = written.args[0].value if written.args else None
    return str.__str__(given.value) if isinstance(given, StringLiteral) else ""


def _asked(template: BoundTemplate) -> set[tuple[str, ...]]:
    """Return the paths that some condition asks about."""
    return {
        _names(expression.path)
        for node, _ in _nodes(template)
        if isinstance(node, _CONDITIONS)
        for expression in _expressions(node)
        if isinstance(expression, Path)
    }


def _nodes(template: BoundTemplate) -> Iterator[tuple[Node, bool]]:
    """Yield every node, and whether it stands in a loop."""
    context = RenderContext(template)

    def below(nodes: Iterable[Node], in_loop: bool) -> Iterator[tuple[Node, bool]]:
        for node in nodes:
            yield node, in_loop
            children = node.children(context, include_partials=False)
            yield from below(children, in_loop or isinstance(node, _LOOPS))

    return below(template.nodes, False)


def _expressions(node: Node) -> Iterator[Expression]:
    waiting = list(node.expressions())
    while waiting:
        expression = waiting.pop()
        yield expression
        waiting += expression.children()


def _check_filter(written: LiquidFilter, env: Environment, language: Language) -> None:
    """Return if *written* is a filter that takes what it is given; raise ValueError if not."""
    function = env.filters.get(written.name)
    if function is None:
        raise ValueError(unknown_filter(written.name, tuple(env.filters)))
    values = [argument.value for argument in written.args]
    is_literal = all(isinstance(value, StringLiteral | IntegerLiteral) for value in values)
    if written.name in FORMATTERS:
        if is_literal or not values:
            bind_filter(Filter(written.name, tuple(cast(Any, value).value for value in values)), language)
        return
    positional = [None for argument in written.args if not isinstance(argument, KeywordArgument)]
    named = {argument.name: None for argument in written.args if isinstance(argument, KeywordArgument)}
    if getattr(function, "with_environment", False):
        named["environment"] = None
    try:
        inspect.signature(function).bind(None, *positional, **named)
    except TypeError as error:
        raise ValueError(f"{written.name}: {error}") from error
