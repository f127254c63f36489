"""Where commands write: plain lines, tables and progress on a terminal, or one JSON document. Touches stdout, stderr.

Results go to stdout; progress, questions and errors to stderr. rich is used on a terminal, if it is installed.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TextIO, TypeVar

from campaignkit.plain import to_dict

__all__ = ["Console", "Progress", "printable"]

T = TypeVar("T")
ADVANCE_EVERY = 100  # rows; drawing each of a hundred thousand takes longer than reading them

Progress = Callable[[int], None]  # how many more are done


def printable(text: str) -> str:
    """Return *text* with everything escaped that a terminal could obey: customers' names are strangers' text.

    >>> printable("Zoë \\x1b[2J")
    'Zoë \\\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


class Console:
    """What a command says."""

    def __init__(self, *, is_json: bool) -> None:
        self.is_json = is_json
        self._out: TextIO = sys.stdout
        self._err: TextIO = sys.stderr

    @property
    def can_ask(self) -> bool:
        return not self.is_json and sys.stdin.isatty() and self._err.isatty()

    def line(self, text: str = "") -> None:
        """Print one line of the result."""
        _write(self._out, printable(text))

    def note(self, text: str) -> None:
        """Print one line that is no part of the result; not beside JSON."""
        if not self.is_json:
            _write(self._err, printable(text))

    def complain(self, text: str) -> None:
        """Print one line of an error."""
        _write(self._err, printable(text))

    def document(self, value: object) -> None:
        """Print *value* as the one JSON document."""
        self._out.write(json.dumps(to_dict(value), ensure_ascii=False, indent=2) + "\n")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print rows in columns; numbers stand at the right."""
        given = list(rows)
        cells = [[printable(str(cell)) for cell in row] for row in given]
        numeric = [all(isinstance(row[index], int) for row in given) for index in range(len(columns))]
        if not self.is_json and _is_rich(self._out):
            self._rich_table(columns, cells, numeric)
            return
        for line in _plain_table(columns, cells, numeric):
            _write(self._out, line)

    def ask(self, question: str) -> bool:
        """Return whether somebody at the terminal said yes."""
        self._err.write(f"{printable(question)} [y/N] ")
        self._err.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    @contextmanager
    def progress(self, label: str, total: int | None = None) -> Iterator[Progress]:
        """Yield what is told how many more are done: a bar on a terminal, silence elsewhere."""
        if self.is_json or not self._err.isatty():
            yield lambda _: None
        elif not _is_rich(self._err):
            self.note(f"{label} …")
            yield lambda _: None
        else:
            with self._rich_progress(label, total) as progress:
                yield progress

    @contextmanager
    def watched(self, label: str, items: Iterable[T]) -> Iterator[Iterator[T]]:
        """Yield *items*, with progress as they are taken."""
        with self.progress(label) as progress:
            yield _counted(items, progress)

    @contextmanager
    def _rich_progress(self, label: str, total: int | None) -> Iterator[Progress]:
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        end = TimeElapsedColumn() if total is None else TimeRemainingColumn()
        text = TextColumn("{task.description}", markup=False)
        bars = RichProgress(
            text, BarColumn(), MofNCompleteColumn(), end, console=RichConsole(file=self._err), transient=True
        )
        with bars:
            task = bars.add_task(printable(label), total=total)
            yield lambda count: bars.advance(task, count)

    def _rich_table(self, columns: Sequence[str], cells: list[list[str]], numeric: Sequence[bool]) -> None:
        from rich.box import SIMPLE_HEAD
        from rich.console import Console as RichConsole
        from rich.table import Table
        from rich.text import Text

        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for name, is_numeric in zip(columns, numeric, strict=True):
            table.add_column(name, justify="right" if is_numeric else "left", overflow="fold")
        for row in cells:
            table.add_row(*(Text(cell) for cell in row))  # as Text, or brackets would be read as markup
        RichConsole(file=self._out).print(table)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(f"{text}\n")
    except UnicodeEncodeError:  # a terminal of another age
        encoding = stream.encoding or "ascii"
        stream.write(f"{text.encode(encoding, 'backslashreplace').decode(encoding)}\n")


def _is_rich(stream: TextIO) -> bool:
    return stream.isatty() and find_spec("rich") is not None


def _counted(items: Iterable[T], progress: Progress) -> Iterator[T]:
    untold = 0
    for item in items:
        yield item
        untold += 1
        if untold == ADVANCE_EVERY:
            progress(untold)
            untold = 0
    progress(untold)


def _plain_table(columns: Sequence[str], cells: list[list[str]], numeric: Sequence[bool]) -> Iterator[str]:
    table = [list(columns), *cells]
    widths = [max(len(row[index]) for row in table) for index in range(len(columns))]
    for row in table:
        padded = (
            cell.rjust(width) if is_numeric else cell.ljust(width)
            for cell, width, is_numeric in zip(row, widths, numeric, strict=True)
        )
        yield "  ".join(padded).rstrip()
