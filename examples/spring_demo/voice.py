"""How the story is told: with colour and a progress bar in a terminal, as plain lines in a pipe."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from examples.spring_demo.shop import local

__all__ = ["Bar", "Voice"]

PIPE_STEP = 250  # messages between two lines of progress where no bar can be drawn
MARGIN = "   "


class Bar:
    """How far the sending is."""

    def __init__(self, console: Console, progress: Progress | None, total: int, done: int, step: int) -> None:
        self._console = console
        self._progress = progress
        self._before = self._told = done
        self._total = total
        self._step = step
        self._task: TaskID | None = None
        if progress is not None:
            self._task = progress.add_task("", total=total, completed=done)

    def move(self, sent: int, at: datetime) -> None:
        """Show that *sent* messages have left since the bar began."""
        done = self._before + sent
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done, description=local(at))
        elif done // self._step > self._told // self._step:
            self._told = done
            self._console.print(f"{MARGIN}{local(at)}  {done:,} of {self._total:,} sent", soft_wrap=True)


class Voice:
    """The storyteller's."""

    def __init__(self) -> None:
        # In a pipe nothing but text, whatever the environment says about colours.
        is_terminal = sys.stdout.isatty()
        self._console = Console(force_terminal=is_terminal, highlight=False, markup=False, emoji=False)

    def title(self, text: str) -> None:
        self._print(text, "bold magenta")

    def act(self, text: str) -> None:
        """Begin a new part."""
        self._print("")
        self._print(text, "bold cyan")

    def say(self, text: str, style: str = "") -> None:
        """Tell one line."""
        self._print(f"{MARGIN}{text}", style)

    def at(self, moment: datetime, text: str, style: str = "") -> None:
        """Tell what happened at a moment of the shop's clock."""
        self.say(f"{local(moment)}  {text}", style)

    def check(self, text: str, *, is_ok: bool) -> None:
        """Tell one answer of the judge."""
        self.say(f"{'ok    ' if is_ok else 'NOT OK'}  {text}", "green" if is_ok else "bold red")

    @contextmanager
    def bar(self, total: int, done: int, *, step: int = PIPE_STEP) -> Iterator[Bar]:
        """Show progress until the block ends; in a pipe, a line for every *step* messages."""
        if not self._console.is_terminal:
            yield Bar(self._console, None, total, done, step)
            return
        columns = (TextColumn(f"{MARGIN}{{task.description}}"), BarColumn(), MofNCompleteColumn(), TextColumn("sent"))
        with Progress(*columns, console=self._console) as progress:
            yield Bar(self._console, progress, total, done, step)

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(text, style=style or None, soft_wrap=True)
