"""Celery: a host's app and a way to make its kit in, two tasks on the app out. Needs the extra ``celery``.

What is to be sent stands in the database; a task carries nothing and only says "look". So a task that runs twice, late
or never, and a worker that dies on the way, change nothing but when a message goes. Pools of processes, threads and
``solo`` are tested; gevent and eventlet are not.
"""

import math
import mmap
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakSet

import attrs

from campaignkit.dispatch.dispatcher import DEFAULT_LEASE
from campaignkit.errors import MissingExtra
from campaignkit.kit.kit import TICK_MESSAGES, CampaignKit
from campaignkit.kit.results import TickReport

try:
    from celery import Celery, signals
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] not in {"celery", "kombu"}:
        raise
    raise MissingExtra("celery", error.name.partition(".")[0]) from error

__all__ = ["DRAIN", "SWEEP", "CampaignTasks", "install"]

DRAIN = "campaignkit.drain"
SWEEP = "campaignkit.sweep"
# A task that waited this long is dropped, or tasks would pile up while work lasts or workers are away. Workers whose
# clocks differ by more drop them all, so it is not shorter.
EXPIRES_SECONDS_MIN = 60.0
LOOK_SECONDS = 0.1  # between two looks at whether the worker was told to stop

_INSTALLED: "WeakSet[Celery]" = WeakSet()


@attrs.frozen(kw_only=True)
class CampaignTasks:
    """The two tasks of an app. ``drain.delay()`` after ``schedule`` spares the wait for the next sweep."""

    drain: Any  # sends what is due, within its bounds
    sweep: Any  # asks whether something is due, and if so sends for drains


@attrs.frozen(kw_only=True)
class _Bounds:
    """How much one drain does, and how often a sweep comes."""

    messages_max: int = attrs.field(validator=attrs.validators.gt(0))
    round_seconds: float = attrs.field(validator=attrs.validators.gt(0))
    sweep_seconds: float = attrs.field(validator=attrs.validators.gt(0))
    drain_count: int = attrs.field(validator=attrs.validators.gt(0))

    @property
    def expires_seconds(self) -> float:
        return max(EXPIRES_SECONDS_MIN, 2 * self.sweep_seconds)

    @property
    def cut_seconds(self) -> float:
        """When Celery may kill a drain: what it claimed last has outlived both leases and is no longer its own."""
        return self.round_seconds + self.sweep_seconds + 2 * DEFAULT_LEASE.total_seconds()


def install(
    app: "Celery",
    make_kit: Callable[[], CampaignKit],
    *,
    round_seconds: float = 5.0,
    messages_max: int = TICK_MESSAGES,
    sweep_seconds: float = 5.0,
    drain_count: int = 4,
) -> CampaignTasks:
    """Register ``campaignkit.drain`` and ``campaignkit.sweep`` on *app*, put the sweep on beat's schedule, return both.

    Call it once, where the app is made and configured, so that workers, beat and whoever sends tasks know of them. For
    a queue of their own, so that other tasks do not wait behind campaigns, name it among the app's settings:
    ``task_routes = {"campaignkit.*": {"queue": "campaigns"}}``.

    Args:
        make_kit: Called in the worker, after the fork, once for each drain that runs at a time in one process. Each kit
            has a store and transports of its own; it is kept for the next drain and closed when the process ends.
        round_seconds: After so long a drain begins no further batch, and sends for its successor.
        messages_max: After so many, too.
        sweep_seconds: Between two sweeps: how late a campaign may begin, and a message that waited for its moment.
        drain_count: How many drains a sweep adds while anybody is ready. It bounds nobody: drains follow each other
            while work is left, so that every further sweep makes more of them run at once, until all workers do.

    Raises:
        ValueError: the app has these tasks already, or a number is not above 0.
    """
    bounds = _Bounds(
        messages_max=messages_max, round_seconds=round_seconds, sweep_seconds=sweep_seconds, drain_count=drain_count
    )
    if app in _INSTALLED:
        raise ValueError(f"{DRAIN} and {SWEEP} are installed on this app already")
    _INSTALLED.add(app)
    workplace = _Workplace(make_kit)
    _follow_worker(app, workplace)
    tasks = _register(app, workplace, bounds)
    sweep = app.signature(SWEEP, immutable=True)
    app.add_periodic_task(sweep_seconds, sweep, name=SWEEP, expires=bounds.expires_seconds)
    return tasks


def _register(app: "Celery", workplace: "_Workplace", bounds: _Bounds) -> CampaignTasks:
    options: dict[str, Any] = {
        "shared": False,  # with this app and no other
        "serializer": "json",
        "ignore_result": True,
        "expires": bounds.expires_seconds,
        "soft_time_limit": bounds.cut_seconds,  # in place of the app's own, which may be shorter than an SMTP reply
        "time_limit": bounds.cut_seconds,
    }

    @app.task(name=DRAIN, **options)  # type: ignore[untyped-decorator]
    def drain() -> dict[str, Any]:
        """Send what is due, within bounds; if more is due then, send for another drain. Returns what it did."""
        with workplace.kit() as kit:
            sent, is_more = _drain(kit, bounds, workplace.stop)
        if is_more and not workplace.stop.is_set():
            drain.apply_async()
        return {"sent": sent, "is_more": is_more}

    @app.task(name=SWEEP, **options)  # type: ignore[untyped-decorator]
    def sweep() -> dict[str, Any]:
        """Send for some drains if anybody is ready, for one if a campaign is to be looked after. Returns how many."""
        with workplace.kit() as kit:
            count = _wanted(kit.tick(max_messages=0), bounds)
        for _ in range(count):
            drain.apply_async()
        return {"drains": count}

    return CampaignTasks(drain=drain, sweep=sweep)


def _wanted(asked: TickReport, bounds: _Bounds) -> int:
    if asked.has_more:
        return bounds.drain_count
    return 1 if asked.next_at is not None and asked.next_at <= datetime.now(UTC) else 0


def _drain(kit: CampaignKit, bounds: _Bounds, stop: "_WorkerStop") -> tuple[int, bool]:
    """Tick until the bounds are reached; return how many were sent, and whether a successor would find work at once.

    What is due before the next sweep is waited for, but only by who has sent something: under a limit of some messages
    a second one drain keeps the pace, and the others leave.
    """
    sent, ends_at = 0, time.monotonic() + bounds.round_seconds
    while not stop.is_set():
        left_seconds = max(ends_at - time.monotonic(), 0.0)
        done = kit.tick(max_messages=bounds.messages_max - sent, max_seconds=left_seconds, stop=stop)
        sent += done.sent
        pause_seconds = _pause_seconds(done)
        if pause_seconds > bounds.sweep_seconds:
            return sent, False
        stop.wait(pause_seconds)
        if sent >= bounds.messages_max or time.monotonic() >= ends_at:
            return sent, True
    return sent, True


def _pause_seconds(done: TickReport) -> float:
    """Return how long until there is more to do, 0 for at once; infinity leaves it to a sweep."""
    if not done.sent or done.next_at is None:
        return math.inf
    return max((done.next_at - datetime.now(UTC)) / timedelta(seconds=1), 0.0)


def _follow_worker(app: "Celery", workplace: "_Workplace") -> None:
    """Open the workplace when a worker of *app* begins, tell it of a shutdown, and close it at the end."""

    def begin(sender: Any, **_: Any) -> None:
        if sender.app is app:
            workplace.stop.share()

    def ask_to_stop(**_: Any) -> None:
        workplace.stop.set()

    def end(**_: Any) -> None:
        workplace.close()

    signals.worker_init.connect(begin, weak=False)  # before the pool forks
    signals.worker_shutting_down.connect(ask_to_stop, weak=False)  # in the main process
    signals.worker_process_shutdown.connect(end, weak=False)  # in each process of a pool
    signals.worker_shutdown.connect(end, weak=False)  # in the main process, where the other pools work


class _WorkerStop:
    """Set when the worker is told to stop, in the processes that it forked, too.

    One byte of shared memory: unlike ``multiprocessing.Event`` it has no lock that a killed process can take along.
    Processes that were spawned, not forked, do not see it; their drains end by their bounds.
    """

    def __init__(self) -> None:
        self._shared: mmap.mmap | None = None

    def share(self) -> None:
        """Begin anew, unset, together with all processes that are forked from now on."""
        self._shared = mmap.mmap(-1, 1)

    def set(self) -> None:
        """Ask for the end; safe in a signal handler."""
        if self._shared is not None:
            self._shared[0] = 1

    def is_set(self) -> bool:
        return self._shared is not None and self._shared[0] == 1

    def wait(self, timeout: float | None = None) -> bool:
        """Return once it is set or *timeout* seconds have passed; whether it is set."""
        ends_at = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left_seconds = LOOK_SECONDS if ends_at is None else min(ends_at - time.monotonic(), LOOK_SECONDS)
            if left_seconds <= 0:
                break
            time.sleep(left_seconds)
        return self.is_set()


class _Workplace:
    """The kits of this process: as many as drains ran at a time, since two of them never share one."""

    def __init__(self, make_kit: Callable[[], CampaignKit]) -> None:
        self.stop = _WorkerStop()
        self._make_kit = make_kit
        self._idle: deque[CampaignKit] = deque()
        self._process_id = os.getpid()

    @contextmanager
    def kit(self) -> Iterator[CampaignKit]:
        """Lend a kit. One that raised is closed, not lent again: its transports may stand amid a dialogue."""
        kit = self._take()
        try:
            yield kit
        except BaseException:
            kit.close()
            raise
        self._idle.append(kit)

    def close(self) -> None:
        """Close the kits that nobody works with; others may be made afterwards."""
        while self._is_own_process() and self._idle:
            self._idle.pop().close()

    def _take(self) -> CampaignKit:
        if not self._is_own_process():
            self._process_id, self._idle = os.getpid(), deque()  # what the parent opened stays the parent's
        try:
            return self._idle.pop()
        except IndexError:
            return _made(self._make_kit)

    def _is_own_process(self) -> bool:
        return self._process_id == os.getpid()


def _made(make_kit: Callable[[], CampaignKit]) -> CampaignKit:
    kit = make_kit()
    if not isinstance(kit, CampaignKit):
        raise TypeError(f"make_kit returned {type(kit).__name__}, not a CampaignKit")
    return kit
