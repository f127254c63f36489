"""The processes of the story: started, listened to with a time limit, and never left behind."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import attrs

from examples.spring_demo.shop import PROJECT

__all__ = ["Child", "Family", "StoryFailed", "Word"]

READ_SIZE = 65_536
FAREWELL_SECONDS = 2.0


class StoryFailed(Exception):
    """Something that the story needs did not come."""


class Child:
    """A process that speaks JSON lines on stdout and may be spoken to on stdin."""

    def __init__(self, name: str, module: str, arguments: list[str], errors: Path) -> None:
        self.name = name
        self._errors = errors
        with errors.open("wb") as errors_file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"examples.spring_demo.{module}", *arguments],
                cwd=PROJECT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors_file,
                bufsize=0,
            )
        self._rest = b""

    def tell(self, **words: Any) -> None:
        """Write one line to the child."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{json.dumps(words)}\n".encode())
        except BrokenPipeError:
            raise StoryFailed(self.obituary()) from None

    def read(self) -> list[dict[str, Any]] | None:
        """Return what the child has said since; None: it will say no more."""
        assert self.process.stdout is not None
        received = os.read(self.process.stdout.fileno(), READ_SIZE)
        if not received:
            return None
        *lines, self._rest = (self._rest + received).split(b"\n")
        return [json.loads(line) for line in lines]

    def kill(self) -> int:
        """Kill the child with SIGKILL, which it can neither hear nor answer, and return its exit status."""
        self.process.send_signal(signal.SIGKILL)
        return self.process.wait(FAREWELL_SECONDS)

    def close(self) -> None:
        """End the child, gently if it lets us."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.process.terminate()
        try:
            self.process.wait(FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def obituary(self) -> str:
        """Return what is known about the child's end."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(FAREWELL_SECONDS)
        errors = self._errors.read_text(errors="replace").strip()
        return f"{self.name} ended unexpectedly (exit status {self.process.poll()}). {errors[-2000:]}".strip()


@attrs.frozen
class Word:
    """One line that a child said."""

    child: Child
    said: dict[str, Any]

    @property
    def event(self) -> str:
        return str(self.said["event"])


class Family:
    """All children of the story. On leaving, none of them lives on."""

    def __init__(self, errors_folder: Path) -> None:
        self._errors_folder = errors_folder
        self._children: list[Child] = []
        self._heard: deque[Word] = deque()
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._selector.close()
        for child in reversed(self._children):
            child.close()

    def start(self, name: str, module: str, *arguments: str) -> Child:
        """Start a child; what it says is heard from now on."""
        child = Child(name, module, list(arguments), self._errors_folder / f"{name.replace(' ', '-')}.errors")
        self._children.append(child)
        assert child.process.stdout is not None
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)
        return child

    def kill(self, child: Child) -> int:
        """Kill the child with SIGKILL and return its exit status; what it had still to say is not heard."""
        self._forget(child)
        return child.kill()

    def listen(self, seconds: float) -> Iterator[Word]:
        """Yield what the children say, one word at a time.

        Raises:
            StoryFailed: nobody says anything for so long, or a child ends that was neither killed nor dismissed.
        """
        while True:
            while self._heard:
                yield self._heard.popleft()
            self._hear_more(seconds)

    def expect(self, child: Child, event: str, seconds: float) -> dict[str, Any]:
        """Return what *child* says of *event*; what is said before it goes unheard."""
        deadline = time.monotonic() + seconds
        for word in self.listen(seconds):
            if word.child is child and word.event == event:
                return word.said
            if time.monotonic() > deadline:
                break
        raise StoryFailed(f"{child.name} did not say {event!r} within {seconds:.0f} seconds")

    def dismiss(self, child: Child, seconds: float) -> None:
        """Wait for a child that has said all; raises StoryFailed if it does not end well."""
        self._forget(child)
        try:
            status = child.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise StoryFailed(f"{child.name} did not end within {seconds:.0f} seconds") from None
        if status != 0:
            raise StoryFailed(child.obituary())

    def _forget(self, child: Child) -> None:
        assert child.process.stdout is not None
        self._selector.unregister(child.process.stdout)
        self._heard = deque(word for word in self._heard if word.child is not child)

    def _hear_more(self, seconds: float) -> None:
        ready = self._selector.select(seconds)
        if not ready:
            names = ", ".join(child.name for child in self._children if child.process.poll() is None)
            raise StoryFailed(f"nothing was heard for {seconds:.0f} seconds from: {names or 'nobody'}")
        for key, _ in ready:
            said = key.data.read()
            if said is None:
                raise StoryFailed(key.data.obituary())
            self._heard.extend(Word(key.data, one) for one in said)
