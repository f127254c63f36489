"""Imports: a CSV file in, every row of it as a ``Contact`` or a ``Rejection`` out, streaming.

Encoding, delimiter and columns are found out. Rows are numbered as a spreadsheet does, the header being row 1, a cell
with line breaks not counting as several. A host's own rows, as mappings, come out the same way.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import cast

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode, shorten
from campaignkit.addresses.email import Resolver, ask_once
from campaignkit.addresses.phone import parse_phone
from campaignkit.audience.columns import ColumnMap, arrange, fold
from campaignkit.audience.contacts import Contact, blank_row, contact_from
from campaignkit.audience.lines import is_undecodable, lines_of
from campaignkit.audience.mappings import contacts_of_mappings
from campaignkit.audience.rows import BrokenRow, RowReader
from campaignkit.audience.shapes import Shape, require_address, shape_of
from campaignkit.errors import CampaignKitError, UnreadableContacts

__all__ = ["read_contacts"]

DELIMITERS = ",;\t|"
COLUMNS_MAX = 1_000  # spreadsheets that were filled to the right edge by mistake have 16,384
BLANK_LINES_MAX = 1_000  # before the header


def read_contacts(
    source: str | Path | Iterable[str] | Iterable[Mapping[str, object]],
    *,
    region: str | None = None,
    columns: ColumnMap | None = None,
    has_header: bool = True,
    resolver: Resolver | None = None,
) -> Iterator[Contact | Rejection]:
    """Return the rows of *source* in order, none left out. The header is read at once, the rest as it is asked for.

    Memory is bounded whatever the file: by a row of 262,144 characters. A row that is longer, or broken in another way,
    comes out as a Rejection with its number, and reading goes on.

    Args:
        source: A path, a file opened as text, lines of text, or mappings by column name, such as rows of a database or
            ``csv.DictReader``. The first mapping says which columns there are, as a header does; it is row 1.
        region: Country of phone numbers in national form.
        columns: Which column answers what, such as ``{"email": "Adres", "phone": 3}``, where the header does not tell;
            numbers count from 1. The questions: contact_id, name, first_name, last_name, email, phone, zone, consent,
            consent_email, consent_sms, opt_out, opt_out_email, opt_out_sms.
        has_header: False where the first line of a file is a customer already; *columns* has to say what is where.
        resolver: See ``parse_email``; asked once for each domain.

    Raises:
        UnreadableContacts: there is no such file, it is empty, or it is no CSV.
        NoAddressColumn: neither emails nor phones are in it.
        UnknownColumn: *columns* names a column that is not in the header.
        ValueError: *region* is no country code, or *columns* asks a question that is none of these.

    >>> lines = ["Name;E-mail", "Ann;ann@example.com", ";"]
    >>> [item.row_number for item in read_contacts(lines)]
    [2, 3]
    >>> [item.email.domain for item in read_contacts([{"mail": "ann@example.com"}, {"mail": "bob@example.org"}])]
    ['example.com', 'example.org']
    """
    ask = ask_once(resolver) if resolver else None
    if not isinstance(source, str) and not hasattr(source, "__fspath__") and not hasattr(source, "readline"):
        items = iter(source)
        first = next(items, None)
        if first is None:  # an empty table has no columns, and nobody in it
            return iter(())
        if isinstance(first, Mapping):
            rows = cast(Iterable[Mapping[str, object]], chain([first], items))
            return contacts_of_mappings(first, rows, region=region, columns=columns, resolver=ask)
        source = cast(Iterable[str], chain([first], items))
    lines = lines_of(cast("str | Path | Iterable[str]", source), region=region)
    table = _opened(lines, columns, has_header=has_header, region=region)
    return _contacts(table, region, ask)


@attrs.frozen(kw_only=True)
class _Table:
    """A file whose header has been read."""

    reader: RowReader
    shape: Shape
    header_number: int  # 0 where there is none


def _opened(
    lines: Generator[list[str], None, None], columns: ColumnMap | None, *, has_header: bool, region: str | None
) -> _Table:
    """Return the table in *lines*; a file that cannot be used is closed again."""
    try:
        table = _open_table(RowReader(lines), columns, has_header=has_header)
        if table.shape.phone:
            parse_phone(None, region=region)  # a wrong country is a bad call now, not at some row
    except (CampaignKitError, ValueError, TypeError):
        lines.close()
        raise
    return table


def _open_table(reader: RowReader, columns: ColumnMap | None, *, has_header: bool) -> _Table:
    header_number = _skip_blank_lines(reader) + 1
    delimiter, has_note = _delimiter_of(reader, columns or {})
    reader.separate_by(delimiter)
    if has_note:
        reader.read()
    header = reader.read() if has_header else reader.peek(delimiter)
    if header is None:
        raise UnreadableContacts("the file is empty")
    if isinstance(header, BrokenRow) or len(header) > COLUMNS_MAX or not _is_text("".join(header)):
        raise UnreadableContacts("its first row is not a row of " + ("column names" if has_header else "text"))
    names = _distinct(header if has_header else [""] * len(header))
    reader.expect(len(names))
    shape = shape_of(names, arrange(names, columns))
    require_address(shape)
    return _Table(reader=reader, shape=shape, header_number=header_number if has_header else header_number - 1)


def _skip_blank_lines(reader: RowReader) -> int:
    for skipped in range(BLANK_LINES_MAX):
        row = reader.peek(",")
        if row is None:
            raise UnreadableContacts("the file is empty")
        if isinstance(row, BrokenRow) or any(cell.strip() for cell in row):
            return skipped
        reader.read()
    raise UnreadableContacts("it begins with nothing but empty lines")


def _delimiter_of(reader: RowReader, columns: ColumnMap) -> tuple[str, bool]:
    """Return what separates the cells, and whether a line in front of the header says so, as Excel writes it."""
    first = reader.peek("\t")
    if isinstance(first, list) and first[0][:4].lower() == "sep=":
        named = "\t" if first == ["sep=", ""] else first[0][4:]
        if len(named) == 1 and not named.isalnum() and named not in "\"' \r\n":
            return named, True
    chosen = {fold(name) for name in columns.values() if isinstance(name, str)}
    return max(DELIMITERS, key=lambda delimiter: _plausibility(reader.peek(delimiter), chosen)), False


def _plausibility(header: list[str] | BrokenRow | None, chosen: set[str]) -> tuple[int, int]:
    """Return how many columns are known by name, and how many there are."""
    if not isinstance(header, list) or len(header) > COLUMNS_MAX:
        return 0, 0
    layout = arrange(header)
    known = {fold(name) for names in layout.columns.values() for name in names} | chosen
    return sum(fold(name) in known for name in header), len(header)


def _is_text(text: str) -> bool:
    return not is_undecodable(text) and not any(mark < " " and mark not in "\t\r\n" for mark in text)


def _distinct(header: list[str]) -> tuple[str, ...]:
    """Return one name for each column: blank ones are numbered, repeated ones are told apart."""
    names: dict[str, None] = {}
    for position, cell in enumerate(header, start=1):
        name = plain = " ".join(cell.split()) or f"column {position}"
        repetition = 1
        while name in names:
            repetition += 1
            name = f"{plain} ({repetition})"
        names[name] = None
    return tuple(names)


def _contacts(table: _Table, region: str | None, resolver: Resolver | None) -> Iterator[Contact | Rejection]:
    shape = table.shape
    column_count = len(shape.names)
    for row_number, row in enumerate(table.reader.rows(), start=table.header_number + 1):
        if isinstance(row, BrokenRow):
            yield _unreadable(row, row_number)
        elif not row or (not row[0].strip() and not "".join(row).strip()):
            yield blank_row(row_number)
        else:
            cells = row if len(row) == column_count else _fitted(row, column_count)
            yield contact_from(cells, cells, shape, region=region, row_number=row_number, resolver=resolver)


def _fitted(row: list[str], column_count: int) -> list[str]:
    """Return *row* with blank cells at the end left out or added."""
    return [*row[:column_count], *[""] * (column_count - len(row))]


def _unreadable(row: BrokenRow, row_number: int) -> Rejection:
    value = shorten(" | ".join(cell[:200] for cell in row.cells[:10]))
    code = RejectionCode.UNREADABLE_ROW
    return Rejection(code=code, field="row", message=row.problem, value=value, row_number=row_number)
