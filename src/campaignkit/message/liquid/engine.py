"""The one door to python-liquid: a source in, a bound template out; values in, a text or the reason why not out. Pure.

What a merchant may write is all of Liquid but what reads files or clocks (``include``, ``render``, ``now``), what
switches escaping off (``safe``), and what shops have no use for and attackers have (``strip_html``, base64).
The library bounds nested loops and output; work is bounded here, counted in steps and not in seconds, so that the same
template ends the same way on every machine.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from io import StringIO
from typing import Any, TextIO, cast

import attrs
from liquid import BoundTemplate, Environment, RenderContext
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import (
    FilterArgumentError,
    LiquidError,
    LiquidInterrupt,
    LiquidValueError,
    ResourceLimitError,
)
from liquid.output import LimitedStringIO
from liquid.token import Token
from liquid.utils import ReadOnlyChainMap

from campaignkit.message.content import BODY_BYTES_MAX
from campaignkit.message.filters import FORMATTERS
from campaignkit.message.languages import Language
from campaignkit.message.values import NUMBER_BITS_MAX, shown

__all__ = ["BoundedRange", "Failure", "LiquidFailure", "bound_template", "environment", "failure_of", "render"]

WORK_MAX = 100_000  # nodes, look-ups and rounds of loops for one part of one mail; some tenths of a second
WEIGHT_MAX = 100_000  # characters and items of one value that a filter takes or gives
LOCALS_WEIGHT_MAX = 1_000_000  # of all that assign and capture keep
RANGE_MAX = 10_000
SIFTED_MAX = 1_000  # items of a list that ``uniq`` compares each with each
UNWANTED_FILTERS = (
    *("safe", "escapejs", "strip_html"),
    *("base64_encode", "base64_decode", "base64_url_safe_encode", "base64_url_safe_decode"),
)
UNWANTED_TAGS = ("include", "render")

# What filters of the library raise, besides their own errors, for values they did not think of.
LiquidFailure = (LiquidError, LiquidInterrupt, ArithmeticError, ValueError, TypeError, LookupError, RecursionError)


class TooMuchWork(ResourceLimitError):
    """The template takes more steps, or makes a larger value, than one message may."""


@attrs.frozen
class Failure:
    """Why a template cannot be read, or filled in."""

    problem: str
    index: int  # into the source; -1: it is not known
    is_limit: bool


class BoundedRange(RangeLiteral):
    """A range that is refused before anybody counts through it."""

    __slots__ = ()

    def evaluate(self, context: RenderContext) -> range:
        counted = super().evaluate(context)
        if counted.stop - counted.start > RANGE_MAX:
            raise TooMuchWork(f"a range may have at most {RANGE_MAX} numbers", token=self.token)
        return counted


class _Context(RenderContext):
    """What one rendering knows: it has no clock, and it counts its steps."""

    __slots__ = ("last_token", "local_weights", "work_left")

    def __init__(self, template: BoundTemplate, **named: Any) -> None:
        self.work_left = WORK_MAX
        self.local_weights: dict[str, int] = {}
        self.last_token: Token | None = None
        super().__init__(template, **named)
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)  # the library has the clock among them

    def spend(self, steps: int) -> None:
        """Count *steps*."""
        self.work_left -= steps
        if self.work_left < 0:
            raise TooMuchWork("it takes too much work: too many rounds of loops, or too long values", token=None)

    @property  # type: ignore[override]
    def disabled_tags(self) -> Sequence[str]:
        """No tag is disabled; but every node asks for them before it is rendered, so that this is where to count."""
        self.spend(1)
        return ()

    @disabled_tags.setter
    def disabled_tags(self, _: Sequence[str]) -> None: ...

    def raise_for_loop_limit(self, length: int = 1) -> None:
        self.spend(length)

    def get(self, path: list[object], *, token: Token | None, **named: Any) -> object:
        self.spend(1)
        self.last_token = token
        return super().get(path, token=token, **named)

    def get_item(self, obj: Any, key: Any) -> Any:
        """As the library's; but a namespace has no size of its own, so that one field less is not one of it."""
        if isinstance(obj, dict) and isinstance(key, str):
            return obj[key]
        return super().get_item(obj, key)

    def assign(self, key: str, val: Any) -> None:
        self.local_weights[key] = _weight(val)
        if sum(self.local_weights.values()) > LOCALS_WEIGHT_MAX or len(self.local_weights) > SIFTED_MAX:
            raise TooMuchWork("assign and capture keep too much", token=None)
        self.spend(1 + len(self.local_weights) // 20)
        self.locals[key] = val

    def get_buffer(self, buf: TextIO | None = None) -> StringIO:
        """As the library's; but line ends stay as they were written, where it would make each a line feed."""
        carried = buf.size if isinstance(buf, LimitedStringIO) else 0
        return LimitedStringIO(limit=BODY_BYTES_MAX - carried, newline="")

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        self.last_token = token
        return partial(_filtered, self, name, super().filter(name, token))


def _filtered(
    context: _Context, name: str, function: Callable[..., object], left: object, *arguments: object, **named: object
) -> object:
    """Return what a filter of the library makes of *left*, which neither takes nor gives more than is bearable."""
    weight = _bearable(left) + sum(map(_bearable, arguments)) + sum(map(_bearable, named.values()))
    context.spend(1 + weight // 20)
    if name in _GROWING:
        _bearable_weight(_GROWING[name](left, *map(shown, arguments)))
    elif name == "uniq" and isinstance(left, list | tuple | range):
        if len(left) > SIFTED_MAX:
            raise TooMuchWork(f"uniq takes at most {SIFTED_MAX} items", token=None)
        context.spend(len(left) ** 2 // 100)
    result = function(left, *arguments, **named)
    _bearable(result)
    return result


def _grown_by_replace(left: object, sought: str = "", put: str = "") -> int:
    return len(str(left)) + str(left).count(sought) * len(put)


def _grown_by_join(left: object, separator: str = " ") -> int:
    return _weight(left) + (len(left) * len(separator) if isinstance(left, list | tuple | range) else 0)


_GROWING: Mapping[str, Callable[..., int]] = {"replace": _grown_by_replace, "join": _grown_by_join}


def _bearable(value: object) -> int:
    return _bearable_weight(_weight(value))


def _bearable_weight(weight: int) -> int:
    if weight > WEIGHT_MAX:
        raise TooMuchWork(f"a value may have at most {WEIGHT_MAX} characters and items", token=None)
    return weight


def _weight(value: object) -> int:
    """Return how many characters and items *value* has."""
    if isinstance(value, str | range):
        return len(value)
    if isinstance(value, list | tuple):
        return len(value) + sum(map(_weight, value))
    if isinstance(value, int) and value.bit_length() > NUMBER_BITS_MAX:
        return WEIGHT_MAX + 1
    return 1


class _Template(BoundTemplate):
    context_class = _Context


class _Environment(Environment):
    template_class = _Template


@lru_cache(maxsize=64)  # seven languages, mail and text messages, HTML and plain text
def environment(language: Language, is_html: bool) -> Environment:
    """Return the library set up for one language: no files, and escaping where the text is HTML."""
    made = _Environment(autoescape=is_html)
    for name in UNWANTED_FILTERS:
        del made.filters[name]
    for name in UNWANTED_TAGS:
        del made.tags[name]
    for name, formatter in FORMATTERS.items():
        made.add_filter(name, partial(_formatted, name, formatter, language))
    return made


def _formatted(name: str, formatter: Callable[..., str], language: Language, value: object, *arguments: object) -> str:
    if isinstance(value, list | tuple | dict | range):
        raise FilterArgumentError(f"{name} takes no list", token=None)
    return formatter("" if value is None else _plain(value), language, *map(_plain, arguments))


def _plain(value: object) -> object:
    """Return a text that knows nothing of escaping; anything else as it is."""
    return str.__str__(value) if isinstance(value, str) else value


def bound_template(source: str, language: Language, is_html: bool) -> BoundTemplate | Failure:
    """Return *source* as the library reads it, or what is wrong with it."""
    try:
        return environment(language, is_html).from_string(source)
    except (LiquidError, RecursionError) as error:
        return failure_of(error, None)


def render(template: BoundTemplate, values: Mapping[str, object]) -> str | Failure:
    """Return the text for one recipient, or why there is none."""
    context = _Context(template, globals=values)
    buffer = context.get_buffer()
    try:
        template.render_with_context(context, buffer)
    except LiquidFailure as error:
        return failure_of(error, context.last_token)
    return buffer.getvalue()


def failure_of(error: BaseException, last_token: Token | None) -> Failure:
    """Return *error* in one sentence, with its place, or with the last place that was passed."""
    token = getattr(error, "token", None) or last_token
    is_limit = isinstance(error, ResourceLimitError | LiquidValueError | OverflowError | RecursionError)
    return Failure(_sentence(error), cast(Token, token).start_index if token else -1, is_limit)


def _sentence(error: BaseException) -> str:
    if isinstance(error, RecursionError) or isinstance(error.__cause__, RecursionError):
        return "it is nested too deeply"
    message = error.message if isinstance(error, LiquidError) else error
    text = " ".join(str(message).split())
    return text[:200] or type(error).__name__
