"""Faults on purpose: named points around every call of a store, a transport and a database, and what happens there.

Nothing in the library knows of this; stores, transports and engines are wrapped from outside. ``KillAt`` and
``KillAtRandom`` end the own process by SIGKILL, so use them only in a process made for it.

>>> from campaignkit import MemoryStore
>>> passings = CountPassings()
>>> store = FaultyStore(MemoryStore(), at=passings)
>>> _ = store.suppressed("flora", ["ann@example.com"])
>>> list(passings.counts)
['suppressed.before', 'suppressed.after']
"""

import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.outcomes import Outcome
from campaignkit.message.outbound import OutboundMessage
from campaignkit.ports import Clear, Cleared, SaysIdempotent, SenderCheck, Store, Transport

if TYPE_CHECKING:
    import random

    from sqlalchemy import Engine

__all__ = [
    "CountPassings",
    "FaultPoint",
    "FaultyStore",
    "FaultyTransport",
    "KillAt",
    "KillAtRandom",
    "RaiseAt",
    "sql_faults",
    "sqlite_faults",
]


class FaultPoint(Protocol):
    """What is called at every point with its name: it returns, raises, or never comes back."""

    def __call__(self, name: str, /) -> None: ...


class CountPassings:
    """Lets everything pass and counts it, in ``counts``, in the order of the first passings."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def __call__(self, name: str, /) -> None:
        self.counts[name] += 1


class RaiseAt:
    """Raises *error* at the *k*-th passing of the point *name*, counted from 1; ``for_ever``: at all later ones too."""

    def __init__(self, name: str, k: int, error: BaseException, *, for_ever: bool = False) -> None:
        self._name = name
        self._k = k
        self._error = error
        self._for_ever = for_ever
        self.passed_count = 0

    def __call__(self, name: str, /) -> None:
        if name != self._name:
            return
        self.passed_count += 1
        if self.passed_count == self._k or (self._for_ever and self.passed_count > self._k):
            raise self._error


class KillAt:
    """Kills the own process at the *k*-th passing of the point *name*, counted from 1; None: of all points together.

    Args:
        last_words: Told the name of the point just before.
    """

    def __init__(self, name: str | None, k: int, *, last_words: Callable[[str], object] | None = None) -> None:
        self._name = name
        self._left = k
        self._last_words = last_words

    def __call__(self, name: str, /) -> None:
        if self._name is not None and name != self._name:
            return
        self._left -= 1
        if self._left == 0:
            _kill(name, self._last_words)


class KillAtRandom:
    """Kills the own process at each passing of any point with *probability*."""

    def __init__(
        self,
        probability: float,
        random: "random.Random",
        *,
        last_words: Callable[[str], object] | None = None,
    ) -> None:
        self._probability = probability
        self._random = random
        self._last_words = last_words

    def __call__(self, name: str, /) -> None:
        if self._random.random() < self._probability:
            _kill(name, self._last_words)


def _kill(name: str, last_words: Callable[[str], object] | None) -> NoReturn:
    if last_words is not None:
        last_words(name)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a process survived SIGKILL")


def _verb(name: str) -> Callable[..., Any]:
    def passed(store: "FaultyStore", /, *args: Any, **kwargs: Any) -> Any:
        return store._pass(name, args, kwargs)

    passed.__name__ = name
    return passed


class FaultyStore:
    """A store with the points ``<verb>.before`` and ``<verb>.after`` around each verb; after it all is durable."""

    def __init__(self, store: Store, at: FaultPoint) -> None:
        self._store = store
        self._at = at
        self.verb = ""  # the one that runs at this moment

    bind_clock = _verb("bind_clock")
    load = _verb("load")
    save = _verb("save")
    scan = _verb("scan")
    add_recipients = _verb("add_recipients")
    move_recipients = _verb("move_recipients")
    readdress = _verb("readdress")
    list_recipients = _verb("list_recipients")
    count_recipients = _verb("count_recipients")
    trail = _verb("trail")
    due = _verb("due")
    claim = _verb("claim")
    begin = _verb("begin")
    settle = _verb("settle")
    release = _verb("release")
    reap = _verb("reap")
    doubts = _verb("doubts")
    resend = _verb("resend")
    suppress = _verb("suppress")
    suppressed = _verb("suppressed")
    lift = _verb("lift")
    record = _verb("record")
    backlog = _verb("backlog")
    counted = _verb("counted")
    spend = _verb("spend")
    marketing = _verb("marketing")
    post = _verb("post")
    lots = _verb("lots")
    posted = _verb("posted")
    charged = _verb("charged")
    close = _verb("close")

    def _pass(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._at(f"{name}.before")
        self.verb = name
        try:
            result = getattr(self._store, name)(*args, **kwargs)
        finally:
            self.verb = ""
        self._at(f"{name}.after")
        return result


class FaultyTransport:
    """A transport with points on the way to the point of no return and back.

    ``send.before`` · ``clear.before``: prepared · ``clear.after``: begin is committed, nothing crossed ·
    ``crossing.before``: it may cross, and does so next · ``crossing.after``: the transport came back from crossing ·
    ``outcome.before``: each outcome, before it is handed on · ``send.after``: all were taken.
    """

    def __init__(self, transport: Transport, at: FaultPoint) -> None:
        self._transport = transport
        self._at = at

    @property
    def channel(self) -> Channel:
        return self._transport.channel

    @property
    def is_idempotent(self) -> bool:
        return isinstance(self._transport, SaysIdempotent) and self._transport.is_idempotent

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        self._at("send.before")
        crossing = _Crossing(self._at)

        def watched(prepared: Sequence[OutboundMessage]) -> Cleared:
            crossing.note_return()
            self._at("clear.before")
            cleared = clear(prepared)
            self._at("clear.after")
            return _WatchedPermission(cleared, crossing)

        for outcome in self._transport.send(batch, watched):
            crossing.note_return()
            self._at("outcome.before")
            yield outcome
        self._at("send.after")

    def verify(self) -> SenderCheck:
        return self._transport.verify()

    def close(self) -> None:
        self._transport.close()


class _Crossing:
    """Whether a message is crossing at this moment, as far as can be seen from outside."""

    def __init__(self, at: FaultPoint) -> None:
        self._at = at
        self._is_under_way = False

    def note_leave(self) -> None:
        self._at("crossing.before")
        self._is_under_way = True

    def note_return(self) -> None:
        if self._is_under_way:
            self._is_under_way = False
            self._at("crossing.after")


class _WatchedPermission:
    def __init__(self, cleared: Cleared, crossing: _Crossing) -> None:
        self._cleared = cleared
        self._crossing = crossing

    @property
    def messages(self) -> Sequence[OutboundMessage]:
        return self._cleared.messages

    def may_cross(self) -> bool:
        self._crossing.note_return()
        may_cross = self._cleared.may_cross()
        if may_cross:
            self._crossing.note_leave()
        return may_cross


def sql_faults(engine: "Engine", at: FaultPoint) -> None:
    """Add the points ``statement.before``, ``commit.before`` and ``commit.after`` to every transaction of *engine*.

    Needs the extra ``sql``. ``commit.after`` comes when the connection goes back to its pool. SqlStore's statements go
    through SQLAlchemy if an engine is listened to; for the way that they take otherwise see ``sqlite_faults``.
    """
    from sqlalchemy import event

    # SQLAlchemy says nothing when a commit is done; what comes next is the connection's way back to the pool.
    committed = object()

    def before_statement(*_: Any) -> None:
        at("statement.before")

    def before_commit(connection: Any) -> None:
        at("commit.before")
        connection.info[committed] = True

    def on_way_back(_dbapi_connection: Any, record: Any) -> None:
        if record is not None and record.info.pop(committed, False):
            at("commit.after")

    event.listen(engine, "before_cursor_execute", before_statement)
    event.listen(engine, "commit", before_commit)
    event.listen(engine, "checkin", on_way_back)


def sqlite_faults(at: FaultPoint) -> type[sqlite3.Connection]:
    """Return a class for ``sqlite3.connect(…, factory=…)`` with the points of ``sql_faults``, beneath SQLAlchemy.

    Statements that SqlStore runs on sqlite3 itself pass them as well as those that go through SQLAlchemy.
    """

    class FaultyCursor(sqlite3.Cursor):
        def execute(self, *arguments: Any) -> Any:
            at("statement.before")
            return super().execute(*arguments)

        def executemany(self, *arguments: Any) -> Any:
            at("statement.before")
            return super().executemany(*arguments)

    class FaultyConnection(sqlite3.Connection):
        def cursor(self, factory: Any = FaultyCursor) -> Any:
            return super().cursor(factory)

        def execute(self, *arguments: Any) -> Any:  # makes a cursor of its own that is not ours
            at("statement.before")
            return super().execute(*arguments)

        def executemany(self, *arguments: Any) -> Any:
            at("statement.before")
            return super().executemany(*arguments)

        def commit(self) -> None:
            at("commit.before")
            super().commit()
            at("commit.after")

    return FaultyConnection
