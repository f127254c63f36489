"""Mappings: a host's own rows in, every one of them as a ``Contact`` or a ``Rejection`` out, streaming. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from campaignkit.addresses.channel import Rejection, RejectionCode, shorten
from campaignkit.addresses.email import Resolver
from campaignkit.addresses.phone import parse_phone
from campaignkit.audience.cells import text_of
from campaignkit.audience.columns import ColumnMap, arrange
from campaignkit.audience.contacts import Contact, blank_row, contact_from
from campaignkit.audience.rows import TOO_MANY_CELLS, problem_with
from campaignkit.audience.shapes import Shape, require_address, shape_of

__all__ = ["contacts_of_mappings"]

NOT_NAMED = "The row is not made of named values."


def contacts_of_mappings(
    first: Mapping[str, object],
    rows: Iterable[Mapping[str, object]],
    *,
    region: str | None = None,
    columns: ColumnMap | None = None,
    resolver: Resolver | None = None,
) -> Iterator[Contact | Rejection]:
    """Return the contacts of *rows*, counted from 1. Their columns are those of *first*, which is the first of them.

    Rows may have other columns than *first*; what they hold is recognised in the same way.

    Raises:
        NoAddressColumn, UnknownColumn, ValueError: as ``read_contacts`` does, at once.
    """
    shape = shape_of(_names(first), arrange(_names(first), columns))
    require_address(shape)
    if shape.phone:
        parse_phone(None, region=region)
    return _contacts(rows, shape, columns or {}, region, resolver)


def _names(row: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(str(name) for name in row if name is not None)


def _contacts(
    rows: Iterable[object], first: Shape, columns: ColumnMap, region: str | None, resolver: Resolver | None
) -> Iterator[Contact | Rejection]:
    chosen = {field: first.names[name - 1] if isinstance(name, int) else name for field, name in columns.items()}

    @lru_cache(maxsize=64)  # rows of one source have few shapes
    def shape_of_names(names: tuple[str, ...]) -> Shape:
        return shape_of(names, arrange(names, {field: name for field, name in chosen.items() if name in names}))

    for row_number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            yield _unreadable(NOT_NAMED, row, row_number)
            continue
        names = tuple(row)
        shape = first if names == first.names else shape_of_names(_names(row))
        values = [value for name, value in row.items() if name is not None]
        texts = [text_of(value) for value in values]
        # csv.DictReader keeps cells beyond the last column under None.
        problem = TOO_MANY_CELLS if None in row and any(row[None]) else problem_with(texts, len(texts))
        if problem:
            yield _unreadable(problem, " | ".join(text[:200] for text in texts[:10]), row_number)
        elif not any(text.strip() for text in texts):
            yield blank_row(row_number)
        else:
            yield contact_from(values, texts, shape, region=region, row_number=row_number, resolver=resolver)


def _unreadable(problem: str, value: object, row_number: int) -> Rejection:
    code = RejectionCode.UNREADABLE_ROW
    return Rejection(code=code, field="row", message=problem, value=shorten(value), row_number=row_number)
