"""Rows of a CSV file: lines in, one row after the other out, each whole or with the reason why it is not. Pure.

Python's csv reads them. What it would do without a word is stopped here: a quotation mark that is not closed eats the
lines after it, up to the next mark or the end. Only the line with the mark is given up, the others are read anew.
"""

import csv
from collections import deque
from collections.abc import Iterator

import attrs

__all__ = ["RowReader"]

ROW_MAX = 262_144  # characters of one row, over all its lines
RESUMPTIONS_MAX = 100  # lines read anew cost up to ROW_MAX each time; a file with more open quotes is not worth it

UNCLOSED = "A quotation mark in this row is never closed."
SWALLOWED_MIN = 2  # lines inside a cell that have as many delimiters as the header
TOO_LONG = "The row or one of its cells is too long to be a contact."


class _RowTooLong(Exception):
    """The row that is being read has taken in all that it may."""


@attrs.define
class _Feed:
    """Lines for the csv parser, remembered until the row that they make is complete."""

    source: Iterator[str]
    waiting: deque[str] = attrs.field(factory=deque)
    lines: list[str] = attrs.field(factory=list)  # of the current row
    size: int = 0
    is_cut: bool = False  # the source ended inside the current row

    def begin_row(self) -> None:
        self.lines, self.size, self.is_cut = [], 0, False

    def take_back(self, lines: list[str]) -> None:
        self.waiting.extendleft(reversed(lines))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.size > ROW_MAX:
            raise _RowTooLong
        line = self.waiting.popleft() if self.waiting else next(self.source, None)
        if line is None:
            self.is_cut = bool(self.lines)
            raise StopIteration
        self.lines.append(line)
        self.size += len(line)
        return line


class RowReader:
    """Reads rows one by one: a list of cells, or a sentence about what is wrong with the row, or None at the end."""

    def __init__(self, lines: Iterator[str]) -> None:
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

    def peek(self, delimiter: str) -> list[str] | str | None:
        """Return the next row as *delimiter* would have it, and leave it unread."""
        row, problem = self._attempt(self._parse_with(delimiter))
        self._feed.take_back(self._feed.lines)
        return problem or row

    def read(self) -> list[str] | str | None:
        """Return the next row; [] for an empty line."""
        row, problem = self._attempt(self._parser)
        if not problem and self._has_swallowed_rows():
            problem = UNCLOSED
        if problem and len(self._feed.lines) > 1 and self._resumptions_left:
            self._resumptions_left -= 1
            self._feed.take_back(self._feed.lines[1:])
        return problem or row

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


def _plain(error: csv.Error) -> str:
    return TOO_LONG if "field limit" in str(error) else "The row cannot be read as CSV."
