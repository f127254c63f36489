"""Rows of a CSV file: lines in, one row after the other out, each whole or with the reason why it is not. Pure.

Python's csv reads them. What it would do without a word is stopped here: a quotation mark that is not closed eats the
lines after it, up to the next mark or the end. Only the line with the mark is given up, the others are read anew.

A row that csv ends with the line on which it began needs none of that care; csv's own count of lines tells. Such rows
are taken straight from csv, list by list of lines. The others are read one by one.
"""

import csv
from collections import deque
from collections.abc import Iterator, Sequence

import attrs

from campaignkit.audience.lines import is_undecodable

__all__ = ["BrokenRow", "RowReader", "problem_with"]

ROW_MAX = 262_144  # characters of one row, over all its lines
RESUMPTIONS_MAX = 100  # lines read anew cost up to ROW_MAX each time; a file with more open quotes is not worth it
SWALLOWED_MIN = 2  # lines inside a cell that have as many delimiters as the header
LIST_MAX = 512  # lines read anew at once; the rest waits, or a list of many quotes would be copied for each of them

UNCLOSED = "A quotation mark in this row is never closed."
TOO_LONG = "The row or one of its cells is too long to be a contact."
UNLIKE_CSV = "The row cannot be read as CSV."
NUL = "The row holds NUL characters; the file may be damaged."
UNDECODABLE = "The row is too long, or holds bytes that are no text."
TOO_MANY_CELLS = "The row has more cells than the header has columns; a comma or a quotation mark may be out of place."


@attrs.frozen(kw_only=True)
class BrokenRow:
    """A row whose cells cannot be trusted."""

    problem: str  # one sentence for a shopkeeper
    cells: tuple[str, ...] = ()  # where there are any


class _RowTooLong(Exception):
    """The row that is being read has taken in all that it may."""


@attrs.define
class _Feed:
    """Lines for the csv parser, remembered until the row that they make is complete."""

    source: Iterator[list[str]]
    waiting: deque[str] = attrs.field(factory=deque)
    lines: list[str] = attrs.field(factory=list)  # of the current row
    size: int = 0
    is_cut: bool = False  # the source ended inside the current row

    def begin_row(self) -> None:
        self.lines, self.size, self.is_cut = [], 0, False

    def take_back(self, lines: list[str]) -> None:
        self.waiting.extendleft(reversed(lines))

    def take_some(self) -> list[str]:
        """Return the next lines; none at the end."""
        if not self.waiting:
            return next(self.source, [])
        return [self.waiting.popleft() for _ in range(min(len(self.waiting), LIST_MAX))]

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.size > ROW_MAX:
            raise _RowTooLong
        if not self.waiting:
            self.waiting.extend(next(self.source, ()))
        if not self.waiting:
            self.is_cut = bool(self.lines)
            raise StopIteration
        line = self.waiting.popleft()
        self.lines.append(line)
        self.size += len(line)
        return line


class RowReader:
    """Reads rows: lists of cells, [] for an empty line, or a BrokenRow."""

    def __init__(self, lines: Iterator[list[str]]) -> None:
        self._feed = _Feed(lines)
        self._resumptions_left = RESUMPTIONS_MAX
        self._delimiter = ","
        self._column_count = 0  # not known yet
        self._parser = self._parse_with(self._delimiter)

    def separate_by(self, delimiter: str) -> None:
        """Read the rows from here on with another delimiter."""
        self._delimiter = delimiter
        self._parser = self._parse_with(delimiter)

    def expect(self, column_count: int) -> None:
        """Take a cell for an unclosed one if it holds lines that look like rows of so many columns."""
        self._column_count = column_count

    def peek(self, delimiter: str) -> list[str] | BrokenRow | None:
        """Return the next row as *delimiter* would have it, and leave it unread."""
        row, problem = self._attempt(self._parse_with(delimiter))
        self._feed.take_back(self._feed.lines)
        return BrokenRow(problem=problem) if problem else row

    def read(self) -> list[str] | BrokenRow | None:
        """Return the next row; None at the end."""
        row, problem = self._attempt(self._parser)
        if not problem and self._has_swallowed_rows():
            problem = UNCLOSED
        if problem and len(self._feed.lines) > 1 and self._resumptions_left:
            self._resumptions_left -= 1
            self._feed.take_back(self._feed.lines[1:])
        return BrokenRow(problem=problem) if problem else row

    def rows(self) -> Iterator[list[str] | BrokenRow]:
        """Return the rows that are left. None that is no BrokenRow has too many cells, NULs or undecodable bytes."""
        while lines := self._feed.take_some():
            done = 0
            for row in self._simple_rows(lines):
                done += 1
                yield row
            self._feed.take_back(lines[done:])
            if done < len(lines) and (careful := self.read()) is not None:
                yield careful if isinstance(careful, BrokenRow) else self._judge(careful)

    def _simple_rows(self, lines: list[str]) -> Iterator[list[str] | BrokenRow]:
        """Return the rows of *lines*, one for each, up to the first that csv refuses or that may have several lines."""
        text = "".join(lines)
        is_suspicious = "\0" in text or is_undecodable(text)
        parser = csv.reader(lines, delimiter=self._delimiter, skipinitialspace=True)
        # At the end of a list csv does not tell whether the last quotation mark was closed.
        line_max = len(lines) - ('"' in lines[-1])
        line_count = 0
        try:
            for row in parser:
                line_count += 1
                if parser.line_num != line_count or line_count > line_max:
                    return
                yield self._judge(row) if is_suspicious or len(row) > self._column_count else row
        except csv.Error:
            return

    def _judge(self, row: list[str]) -> list[str] | BrokenRow:
        problem = problem_with(row, self._column_count)
        return BrokenRow(problem=problem, cells=tuple(row)) if problem else row

    def _parse_with(self, delimiter: str) -> Iterator[list[str]]:
        return csv.reader(self._feed, delimiter=delimiter, skipinitialspace=True)

    def _has_swallowed_rows(self) -> bool:
        """Return whether most lines after the row's first would be rows; two columns tell too little."""
        eaten = self._feed.lines[1:]
        if len(eaten) < SWALLOWED_MIN or self._column_count < 3:
            return False
        alike = sum(line.count(self._delimiter) == self._column_count - 1 for line in eaten)
        return alike >= SWALLOWED_MIN and 2 * alike >= len(eaten)

    def _attempt(self, parser: Iterator[list[str]]) -> tuple[list[str] | None, str]:
        self._feed.begin_row()
        try:
            row = next(parser, None)
        except _RowTooLong:
            return None, UNCLOSED if len(self._feed.lines) > 1 else TOO_LONG
        except csv.Error as error:
            return None, UNCLOSED if len(self._feed.lines) > 1 else _plain(error)
        return row, UNCLOSED if self._feed.is_cut else ""


def problem_with(row: Sequence[str], column_count: int) -> str:
    """Return why the cells of *row* cannot be trusted, "" where they can. Missing cells at the end count as blank."""
    text = "".join(row)
    if "\0" in text:
        return NUL
    if is_undecodable(text):
        return UNDECODABLE
    if len(text) > ROW_MAX:
        return TOO_LONG
    if len(row) > column_count and any(cell.strip() for cell in row[column_count:]):
        return TOO_MANY_CELLS
    return ""


def _plain(error: csv.Error) -> str:
    return TOO_LONG if "field limit" in str(error) else UNLIKE_CSV
