"""What a database's error means: an error of the driver in, whether the store is unavailable out. Pure.

Codes: PostgreSQL, appendix A (SQLSTATE); SQLite, "Result and Error Codes".
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError, OperationalError

from campaignkit.errors import StoreUnavailable

__all__ = ["again_if_undone", "naming_troubles"]

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

RUNS_MAX = 4  # of one verb; workers that lock each other out do so seldom, and one of them always gets through


PROBLEM_LENGTH = 200
_UNDONE = frozenset({"40001", "40P01"})  # serialization failure, deadlock: one of several had to give way
_LOST = ("08", "57P01", "57P02", "57P03", "57P05")  # the connection or its server is gone, or not there yet
_UNAVAILABLE = (
    *_LOST,
    "25006",  # read-only: a standby, or a server that is being moved
    "25P03",  # idle in transaction for too long: this worker stood still
    "53",  # no memory, no disk, no connections left
    "55P03",  # a lock was not to be had in time
    "57014",  # a statement took longer than the host allows
    "58",  # the server's own disk or files
)
# By primary result code: busy, locked, read-only, I/O error, full, cannot be opened.
_SQLITE_UNAVAILABLE = frozenset({5, 6, 8, 10, 13, 14})


def again_if_undone(verb: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Return *verb* so that it is run again where the database undid all of it; the last time decides."""

    @wraps(verb)
    def run(*arguments: Given.args, **options: Given.kwargs) -> Answer:
        for _ in range(RUNS_MAX - 1):
            try:
                return verb(*arguments, **options)
            except StoreUnavailable as trouble:
                if not trouble.is_undone:
                    raise
        return verb(*arguments, **options)

    return run


@contextmanager
def naming_troubles(*, may_be_done: bool) -> Iterator[None]:
    """Raise as StoreUnavailable what waiting may mend; every other error goes on as it is.

    Args:
        may_be_done: A commit is under way, so that a lost connection tells nothing of it; or there is none yet.
    """
    try:
        yield
    except DBAPIError as error:
        trouble = _trouble_of(error, may_be_done=may_be_done)
        if trouble is None:
            raise
        raise trouble from error


def _trouble_of(error: DBAPIError, *, may_be_done: bool) -> StoreUnavailable | None:
    # Of what a server says, the lines after the first may name what is stored.
    problem = str(error.orig).partition("\n")[0][:PROBLEM_LENGTH]
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        return StoreUnavailable(problem) if code in _SQLITE_UNAVAILABLE else None
    state = getattr(error.orig, "sqlstate", None) or ""
    is_lost = error.connection_invalidated or state.startswith(_LOST)
    if state in _UNDONE or (not may_be_done and is_lost):
        return StoreUnavailable(problem, is_undone=True)
    # What comes without a code comes from the driver: there is no server, or it stopped amid a word.
    is_unavailable = is_lost or state.startswith(_UNAVAILABLE) or (not state and isinstance(error, OperationalError))
    return StoreUnavailable(problem) if is_unavailable else None
