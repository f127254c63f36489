"""A stage: actors of whom exactly one acts at a time, and a time that passes only between their steps.

Each actor has a thread of its own, because what it runs knows nothing of being stepped; a baton goes from one to the
next, so that nothing ever runs side by side. Who goes on is decided from outside, by dice with a seed.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import attrs

__all__ = ["Actor", "Crashed", "Stage", "TraceLine"]

PATIENCE_SECONDS = 120.0  # of real time that one step may take; longer, and somebody waits for a lock


class Crashed(BaseException):
    """The process of this actor is dead: nothing that it still tries has any effect."""


@attrs.frozen
class TraceLine:
    """One step: when it happened by the true time, who took it, and what it was."""

    number: int
    at: datetime
    actor: str
    what: str

    def __str__(self) -> str:
        return f"{self.number:5}  {self.at:%d %H:%M:%S.%f}  {self.actor:<10} {self.what}"


@attrs.define(eq=False)
class Actor:
    """Somebody who acts: a worker's process, or a person at a till."""

    name: str
    wakes_at: datetime  # by the true time
    is_mortal: bool = True
    is_doomed: bool = False
    is_over: bool = False
    is_asleep: bool = False  # of its own will: it may be woken
    is_told_to_stop: bool = False
    left_at: datetime | None = None  # when it last had leave to cross
    failure: BaseException | None = None
    thread_id: int = 0
    turn: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        self.turn.acquire()


@attrs.define(eq=False)
class Stage:
    """Where actors take turns.

    Args:
        direct: Told of every step of every actor before it is taken; it lets time pass, others go on, and people die.
        choose: Returns who goes on, of those who could.
    """

    now: datetime  # the true time
    direct: Callable[[Actor, str], None]
    choose: Callable[[Sequence[Actor]], Actor]
    actors: list[Actor] = attrs.field(factory=list, init=False)
    trace: list[TraceLine] = attrs.field(factory=list, init=False)
    _back: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        self._back.acquire()

    # from outside

    def enter(self, actor: Actor, life: Callable[[Actor], None]) -> Actor:
        """Let *actor* live its *life* from when it wakes."""

        def live() -> None:
            actor.thread_id = threading.get_ident()
            actor.turn.acquire()
            try:
                self._require_alive(actor)
                life(actor)
            except Crashed:
                pass
            except BaseException as failure:  # noqa: BLE001 - whoever runs the stage is told
                actor.failure = failure
            finally:
                actor.is_over = True
                self._back.release()

        self.actors.append(actor)
        threading.Thread(target=live, name=actor.name, daemon=True).start()
        return actor

    def run(self, may_go_on: Callable[[], bool], *, ends_at: datetime | None = None) -> None:
        """Let actors take turns while *may_go_on*, somebody is left, and it is not *ends_at*."""
        while may_go_on():
            living = [actor for actor in self.actors if not actor.is_over]
            if not living:
                return
            earliest = min(actor.wakes_at for actor in living)
            if earliest > self.now:
                if ends_at is not None and earliest >= ends_at:
                    return
                self.now = earliest
            self._hand_over(self.choose([actor for actor in living if actor.wakes_at <= self.now]))
            self.actors = [actor for actor in self.actors if not actor.is_over]

    def close(self) -> None:
        """Let everybody who is left die."""
        for actor in self.actors:
            actor.is_doomed = True
            while not actor.is_over:
                self._hand_over(actor)
        self.actors.clear()

    def wake(self, actor: Actor) -> None:
        """Let somebody go on who sleeps of its own will."""
        if actor.is_asleep:
            actor.wakes_at = min(actor.wakes_at, self.now)

    # from the actor whose turn it is

    def point(self, actor: Actor, what: str) -> None:
        """Say what comes next. Others may go on here; raises Crashed if this is where the actor dies."""
        self._require_alive(actor)
        self.note(actor, what)
        self.direct(actor, what)

    def note(self, actor: Actor, what: str) -> None:
        """Write a line into the trace."""
        self.trace.append(TraceLine(len(self.trace), self.now, actor.name, what))

    def pause(self, actor: Actor, until: datetime) -> None:
        """Let others go on at least until *until*."""
        if actor.thread_id != threading.get_ident():
            raise RuntimeError(f"{actor.name} acts in a thread that is not its own")
        actor.wakes_at = max(until, self.now)
        self._back.release()
        actor.turn.acquire()
        self._require_alive(actor)

    def sleep(self, actor: Actor, until: datetime) -> None:
        """Wait as somebody does who has nothing to do; ``wake`` ends it."""
        self.note(actor, f"sleeps for {max((until - self.now).total_seconds(), 0.0):.3f} s")
        actor.is_asleep = True
        try:
            self.pause(actor, until)
        finally:
            actor.is_asleep = False

    def crash(self, actor: Actor) -> None:
        """End the actor here."""
        self.note(actor, "is killed")
        actor.is_doomed = True
        raise Crashed

    def pass_time(self, span: timedelta) -> None:
        self.now += span

    def _hand_over(self, actor: Actor) -> None:
        actor.turn.release()
        if not self._back.acquire(timeout=PATIENCE_SECONDS):
            raise RuntimeError(f"{actor.name} took a step that does not end: does somebody hold a lock between calls?")

    def _require_alive(self, actor: Actor) -> None:
        if actor.is_doomed:
            raise Crashed
