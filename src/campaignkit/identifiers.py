"""Ids that sort by the time they were made. Touches the system's clock and randomness."""

import itertools
import secrets
import time

__all__ = ["TimeOrderedIds"]


class TimeOrderedIds:
    """A source of unique ids of 32 hexadecimal digits, rising within one process (the layout of UUIDv7, RFC 9562).

    Rising ids append to a database's index instead of scattering over it.
    """

    def __init__(self) -> None:
        self._counter = itertools.count()

    def __call__(self) -> str:
        milliseconds = time.time_ns() // 1_000_000
        return f"{milliseconds:012x}{next(self._counter) & 0xFFFFFFFF:08x}{secrets.token_hex(6)}"
