"""Imports: a CSV file in, every row of it as a ``Contact`` or a ``Rejection`` out, streaming.

Encoding, delimiter and columns are found out. Rows are numbered as a spreadsheet does, the header being row 1, a cell
with line breaks not counting as several.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode, mask, shorten
from campaignkit.addresses.email import Resolver, ask_once
from campaignkit.addresses.phone import parse_phone
from campaignkit.audience.columns import Field, Layout, arrange, fold
from campaignkit.audience.contacts import Contact, blank_row, contact_from
from campaignkit.audience.lines import is_undecodable, lines_of
from campaignkit.audience.rows import RowReader
from campaignkit.errors import CampaignKitError, NoAddressColumn, UnreadableContacts

__all__ = ["read_contacts"]

DELIMITERS = ",;\t|"
COLUMNS_MAX = 1_000  # spreadsheets that were filled to the right edge by mistake have 16,384
NAME_MAX = 100  # characters of a column's name that an error repeats
BLANK_LINES_MAX = 1_000  # before the header


def read_contacts(
    source: str | Path | Iterable[str],
    *,
    region: str | None = None,
    columns: Mapping[str, str] | None = None,
    resolver: Resolver | None = None,
) -> Iterator[Contact | Rejection]:
    """Return the rows of *source* in order, none left out. The header is read at once, the rest as it is asked for.

    Memory is bounded whatever the file: by a row of 262,144 characters. A row that is longer, or broken in another way,
    comes out as a Rejection with its number, and reading goes on.

    Args:
        source: A path, a file opened as text, or lines of text.
        region: Country of phone numbers in national form.
        columns: Which column answers what, such as ``{"email": "Adres"}``, where the header does not tell.
            The questions: contact_id, name, first_name, last_name, email, phone, zone, consent, consent_email,
            consent_sms, opt_out, opt_out_email, opt_out_sms.
        resolver: See ``parse_email``; asked once for each domain.

    Raises:
        UnreadableContacts: there is no such file, it is empty, or it is no CSV.
        NoAddressColumn: neither emails nor phones are in it.
        UnknownColumn: *columns* names a column that is not in the header.
        ValueError: *region* is no country code, or *columns* asks a question that is none of these.

    >>> lines = ["Name;E-mail", "Ann;ann@example.com", ";"]
    >>> [item.row_number for item in read_contacts(lines)]
    [2, 3]
    """
    lines = lines_of(source, region=region)
    try:
        table = _open_table(RowReader(lines), columns)
        if table.layout.of(Field.PHONE):
            parse_phone(None, region=region)  # a wrong country is a bad call now, not at some row
    except (CampaignKitError, ValueError):
        lines.close()
        raise
    return _contacts(table, region, ask_once(resolver) if resolver else None)


@attrs.frozen(kw_only=True)
class _Table:
    """A file whose header has been read."""

    reader: RowReader
    names: tuple[str, ...]
    layout: Layout
    header_number: int


def _open_table(reader: RowReader, columns: Mapping[str, str] | None) -> _Table:
    header_number = _skip_blank_lines(reader) + 1
    delimiter, has_note = _delimiter_of(reader, columns or {})
    reader.separate_by(delimiter)
    if has_note:
        reader.read()
    header = reader.read()
    if header is None:
        raise UnreadableContacts("the file is empty")
    if isinstance(header, str) or len(header) > COLUMNS_MAX or not _is_text("".join(header)):
        raise UnreadableContacts("its first row is not a row of column names")
    names = _distinct(header)
    reader.expect(len(names))
    layout = arrange(names, columns)
    if not layout.of(Field.EMAIL) and not layout.of(Field.PHONE):
        raise NoAddressColumn(tuple(_shown(name[:NAME_MAX]) for name in names))
    return _Table(reader=reader, names=names, layout=layout, header_number=header_number)


def _skip_blank_lines(reader: RowReader) -> int:
    for skipped in range(BLANK_LINES_MAX):
        row = reader.peek(",")
        if row is None:
            raise UnreadableContacts("the file is empty")
        if isinstance(row, str) or any(cell.strip() for cell in row):
            return skipped
        reader.read()
    raise UnreadableContacts("it begins with nothing but empty lines")


def _delimiter_of(reader: RowReader, columns: Mapping[str, str]) -> tuple[str, bool]:
    """Return what separates the cells, and whether a line in front of the header says so, as Excel writes it."""
    first = reader.peek("\t")
    if isinstance(first, list) and len(first[0]) == 5 and first[0].lower().startswith("sep="):
        return first[0][4], True
    chosen = {fold(name) for name in columns.values()}
    return max(DELIMITERS, key=lambda delimiter: _plausibility(reader.peek(delimiter), chosen)), False


def _plausibility(header: list[str] | str | None, chosen: set[str]) -> tuple[int, int]:
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
    row_number = table.header_number
    while (row := table.reader.read()) is not None:
        row_number += 1
        problem = row if isinstance(row, str) else _problem_with(row, len(table.names))
        if isinstance(row, str) or problem:
            yield _unreadable(row, problem, row_number)
        elif not any(row):
            yield blank_row(row_number)
        else:
            cells = dict(zip(table.names, row + [""] * (len(table.names) - len(row)), strict=False))
            yield contact_from(cells, table.layout, region=region, row_number=row_number, resolver=resolver)


def _problem_with(row: list[str], column_count: int) -> str:
    """Return why the row's cells cannot be trusted, "" where they can. Missing cells at the end count as blank."""
    text = "".join(row)
    if "\0" in text:
        return "The row holds NUL characters; the file may be damaged."
    if is_undecodable(text):
        return "The row is too long, or holds bytes that are no text."
    if len(row) > column_count and any(cell.strip() for cell in row[column_count:]):
        return "The row has more cells than the header has columns; a comma or a quotation mark may be out of place."
    return ""


def _unreadable(row: list[str] | str, problem: str, row_number: int) -> Rejection:
    value = "" if isinstance(row, str) else shorten(" | ".join(cell[:200] for cell in row[:10]))
    code = RejectionCode.UNREADABLE_ROW
    return Rejection(code=code, field="row", message=problem, value=value, row_number=row_number)


def _shown(name: str) -> str:
    """Return a column's name, masked where a file without a header shows its first customer instead."""
    digit_count = sum(letter.isdigit() for letter in name)
    return mask(name) if "@" in name or digit_count > 4 else name
