"""A gateway described by data: a TOML table in, a checked description out. Pure. Through cattrs."""

import re
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import attrs

from campaignkit.delivery.outcomes import Scope, Verdict

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["BodyFormat", "ErrorRule", "GatewayDescription", "Place", "SuccessRule", "placeholders_of"]

PATTERN_LENGTH_MAX = 200
MESSAGE_PLACEHOLDERS = frozenset({"to", "to_digits", "sender", "text", "message_id", "parts", "encoding"})
_HEADER_PLACEHOLDERS = frozenset({"message_id"})
_PLACEHOLDER = re.compile(r"\{([a-z_]+(?:\.[A-Za-z0-9_]+)?)\}")
_TABLE_DEPTH_MAX = 8


class BodyFormat(StrEnum):
    """How the fields travel."""

    FORM = "form"
    JSON = "json"
    QUERY = "query"  # behind the URL's question mark


def _require_pattern(_instance: object, _attribute: object, pattern: str | None) -> None:
    if pattern is None:
        return
    if len(pattern) > PATTERN_LENGTH_MAX:
        raise ValueError(f"a pattern has at most {PATTERN_LENGTH_MAX} characters")
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"the pattern cannot be read: {error}") from None
    if compiled.groups != 1:
        raise ValueError("a pattern marks what it is about with one pair of brackets")


@attrs.frozen(kw_only=True)
class Place:
    """Where in an answer something stands: a dotted path into JSON, or a pattern with one group in plain text."""

    path: str | None = None
    pattern: str | None = attrs.field(default=None, validator=_require_pattern)

    def __attrs_post_init__(self) -> None:
        if (self.path is None) == (self.pattern is None):
            raise ValueError("a place is either a path or a pattern")


@attrs.frozen(kw_only=True)
class SuccessRule:
    """What an answer that took the message says; without a place, the status and the id are enough."""

    statuses: tuple[int, ...] = (200, 201, 202)
    at: Place | None = None
    values: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        if not self.statuses or any(not 200 <= status <= 299 for status in self.statuses):
            raise ValueError("statuses of success are from 200 to 299")
        if (self.at is None) != (not self.values):
            raise ValueError("the place and the values of success come together")


@attrs.frozen(kw_only=True)
class ErrorRule:
    """What one or more of the gateway's own error codes mean. Each must prove that the message was not taken."""

    values: tuple[str, ...]
    code: str = attrs.field(validator=attrs.validators.matches_re(r"[a-z][a-z0-9_]{1,39}"))
    verdict: Verdict
    scope: Scope = Scope.SENDER
    wait_seconds: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.verdict in {Verdict.ACCEPTED, Verdict.IN_DOUBT}:
            raise ValueError("an error is refused, deferred or not_sent")
        if self.verdict is Verdict.REFUSED and self.scope is not Scope.RECIPIENT:
            raise ValueError("refused is about a recipient; what is about the account is not_sent")


def _require_table(_instance: object, _attribute: object, fields: Mapping[str, Any]) -> None:
    for text in _texts_of(fields):
        _refuse_unknown(text, MESSAGE_PLACEHOLDERS)


def _require_header_texts(_instance: object, _attribute: object, headers: Mapping[str, str]) -> None:
    for text in headers.values():
        _refuse_unknown(text, _HEADER_PLACEHOLDERS)


@attrs.frozen(kw_only=True)
class GatewayDescription:
    """How one gateway wants to be called and what its answers mean.

    Texts hold placeholders: ``{to}`` (+12125550143), ``{to_digits}``, ``{sender}``, ``{text}``, ``{message_id}``,
    ``{parts}``, ``{encoding}`` (gsm7 or ucs2), and ``{secret.NAME}`` for what is kept elsewhere.
    """

    url: str
    fields: Mapping[str, Any] = attrs.field(validator=_require_table)
    method: str = attrs.field(default="POST", validator=attrs.validators.in_({"POST", "GET", "PUT"}))
    format: BodyFormat = BodyFormat.FORM
    headers: Mapping[str, str] = attrs.field(factory=dict, validator=_require_header_texts)
    basic_auth: tuple[str, str] | None = attrs.field(default=None, repr=False)
    success: SuccessRule = SuccessRule()
    id: Place | None = None  # None, said with ``names_no_id``: this gateway has no ids
    names_no_id: bool = False
    error_at: Place | None = None
    errors: tuple[ErrorRule, ...] = ()
    idempotency_header: str | None = None  # where the gateway promises to take one message once

    def __attrs_post_init__(self) -> None:
        if (self.id is None) != self.names_no_id:
            raise ValueError("say where the id stands, or that there is none with names_no_id")
        if self.names_no_id and self.success.at is None:
            raise ValueError("without an id, success needs a place and values: an empty answer proves nothing")
        if (self.error_at is None) != (not self.errors):
            raise ValueError("errors and the place of their codes come together")
        if self.method == "GET" and self.format is not BodyFormat.QUERY:
            raise ValueError("a GET carries its fields in the query")

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Return the description that a TOML table holds.

        Raises:
            ValueError: a key is unknown or missing, or a value is not what its key wants; all problems are named.
        """
        from cattrs import transform_error
        from cattrs.errors import BaseValidationError

        try:
            return _converter().structure(table, cls)
        except BaseValidationError as error:
            raise ValueError("; ".join(transform_error(error, path="gateway", format_exception=_told))) from None


def placeholders_of(text: str) -> Iterator[str]:
    """Yield the placeholders of *text*, in order."""
    return (found.group(1) for found in _PLACEHOLDER.finditer(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return *text* with its placeholders replaced, once: what a value holds is never read as a placeholder."""
    return _PLACEHOLDER.sub(lambda found: values[found.group(1)], text)


@cache
def _converter() -> "Converter":
    from cattrs import Converter

    converter = Converter(forbid_extra_keys=True)
    # By identity: an enum of texts is a text to cattrs, too.
    converter.register_structure_hook_func(lambda kind: kind is str, lambda value, _: _to_text(value))
    return converter


def _told(error: BaseException, kind: type | None) -> str:
    """Return what is wrong: in our words where a value was refused, else in those of cattrs."""
    from cattrs.v import format_exception

    is_ours = type(error) is ValueError and bool(str(error))
    return str(error) if is_ours else format_exception(error, kind)


def _to_text(value: object) -> str:
    """Return texts as they are, and numbers and truths in the words of ``value_at``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError("must be a text or a number")


def _texts_of(value: object, depth: int = _TABLE_DEPTH_MAX) -> Iterator[str]:
    if depth < 0:
        raise ValueError("the fields are nested too deeply")
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts_of(one, depth - 1)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts_of(one, depth - 1)


def _refuse_unknown(text: str, known: Collection[str]) -> None:
    for name in placeholders_of(text):
        if name not in known and not name.startswith("secret."):
            raise ValueError(
                f"there is no placeholder {{{name}}} here; there are: {', '.join(sorted(known))}, secret.NAME"
            )
