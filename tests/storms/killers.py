"""Ways to die, and to be frozen: a job's fault in, a fault point out. Used only in a worker process of its own."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from campaignkit.testing.faults import FaultPoint, KillAt, KillAtRandom

LastWords = Callable[[str], object]
AT_ANY_MOMENT = "any.moment"  # in the book of deaths: killed by the clock, wherever the worker was
NOT_FROZEN = {"clear.before", "send.after"}  # a later wave, with permissions of its own


def fault_point(fault: dict[str, Any], deaths: Path) -> FaultPoint:
    """Return what *fault* asks for: a kill at a point, at random, within some verbs, after a time; or a frost."""
    last_words = _scribe(deaths)
    match fault:
        case {"probability": probability, "seed": seed}:
            return KillAtRandom(probability, random.Random(seed), last_words=last_words)
        case {"within": prefixes, "k": k}:
            return _Within(prefixes, KillAt(None, k, last_words=last_words))
        case {"after_seconds": seconds}:
            return _KillLater(seconds, last_words)
        case {"freeze": name, "k": k}:
            killer = KillAt(None, 1, last_words=last_words)
            then = _Within(fault["then"], killer) if fault.get("then") else None
            return FreezeAt(name, k, crossed=Path(fault["crossed"]), then=then)
        case _:
            return KillAt(fault["name"], fault["k"], last_words=last_words)


def _scribe(deaths: Path) -> LastWords:
    def write(name: str) -> None:
        file = os.open(deaths, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(file, f"{name}\n".encode())
        os.close(file)

    return write


class _Within:
    """Lets *at* see only the points whose names begin with one of *prefixes*."""

    def __init__(self, prefixes: Sequence[str], at: FaultPoint) -> None:
        self._prefixes = tuple(prefixes)
        self._at = at

    def __call__(self, name: str, /) -> None:
        if name.startswith(self._prefixes):
            self._at(name)


class _KillLater:
    """Kills the own process *seconds* after its first point, from a thread: in a statement, a commit, a write."""

    def __init__(self, seconds: float, last_words: LastWords) -> None:
        self._seconds = seconds
        self._last_words = last_words
        self._is_armed = False

    def __call__(self, name: str, /) -> None:
        if not self._is_armed:
            self._is_armed = True
            threading.Thread(target=self._kill, daemon=True).start()

    def _kill(self) -> None:
        time.sleep(self._seconds)
        KillAt(None, 1, last_words=self._last_words)(AT_ANY_MOMENT)


class FreezeAt:
    """Stops the own process at the *k*-th passing of *name*, and watches what it does when it wakes.

    Every message that it lets cross under the permission of before adds a byte to *crossed*. *then* comes after waking.
    """

    def __init__(self, name: str, k: int, *, crossed: Path, then: FaultPoint | None) -> None:
        self._name = name
        self._left = k
        self._crossed = crossed
        self._then = then
        self._is_thawing = False

    def __call__(self, name: str, /) -> None:
        if self._is_thawing and name in NOT_FROZEN:
            self._is_thawing = False
        if self._is_thawing and name == "crossing.before":
            with self._crossed.open("a") as file:
                file.write("!")
        if self._left <= 0 and self._then is not None:
            self._then(name)
        if name == self._name:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGSTOP)
                self._is_thawing = True
