"""The weather of one simulation: what goes wrong how often, drawn from the seed; and who makes it happen. Pure."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from campaignkit.testing.simulation.stage import Actor, Stage

__all__ = ["Director", "Fate", "StoreUnreachable", "Weather", "draw_weather"]

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
BRINK = "crossing.before"
LINGERING = frozenset({"clear.before", "begin.before", "outcome.before"})


class StoreUnreachable(ConnectionError):
    """What a store raises in bad weather; whether the call had its effect, nobody knows."""


class Fate(StrEnum):
    """What becomes of one message on its way, as its provider and the wire would have it."""

    ACCEPTED = "accepted"
    LOST = "lost"  # accepted, and the reply was lost
    VANISHED = "vanished"  # in doubt as well, but the provider never had it
    REFUSED = "refused"  # no such mailbox
    DEFERRED = "deferred"  # greylisted, full …: of the recipient
    BUSY = "busy"  # 421: of the host
    THROTTLED = "throttled"  # 454: of the sender
    GROUP_THROTTLED = "group_throttled"  # of the sender, towards one provider
    CONTENT = "content"  # 554 after the dot
    SENDER_REFUSED = "sender_refused"
    NOT_SENT = "not_sent"  # connection refused
    REFUSED_EARLY = "refused_early"  # the reply to RCPT
    DEFERRED_EARLY = "deferred_early"
    RAISED_EARLY = "raised_early"  # the transport raises before it asks for leave
    RAISED_LATE = "raised_late"  # the transport raises after the message crossed
    OMITTED = "omitted"  # crossed, and the transport says nothing of it
    ENDED = "ended"  # crossed, and the transport ends
    STRANGER = "stranger"  # the transport names a message that nobody gave it
    TWICE = "twice"  # the transport tells one outcome twice


_EARLY = (Fate.NOT_SENT, Fate.REFUSED_EARLY, Fate.DEFERRED_EARLY)
_LATE = tuple(fate for fate in Fate if fate not in {*_EARLY, Fate.ACCEPTED})


@attrs.frozen(kw_only=True)
class Weather:
    """How often what goes wrong; probabilities at each point unless said otherwise."""

    switch: float = 0.3  # another actor goes on
    crash: float = 0.0  # a worker's process dies
    freeze: float = 0.0  # a worker stands still and comes back
    brink: float = 0.0  # a worker stands still after it had leave and before it crosses
    linger: float = 0.0  # a worker takes its time where it matters: about to begin, or to say what became of a message
    stop: float = 0.0  # a worker is asked to stop
    clock_jump: float = 0.0  # a worker's clock moves by an hour or a day
    store_fault: float = 0.0  # one call of the store raises, before or after its effect
    outage: float = 0.0  # the store is gone for a while
    skew: timedelta = timedelta(0)  # by so much a worker's clock may be wrong, either way
    pace: timedelta = timedelta(milliseconds=20)  # how long a step takes at most, usually
    trouble: float = 0.0  # of messages: any fate but the good one
    fates: tuple[Fate, ...] = ()  # the bad ones that there are
    shop: bool = True  # whether people pause, edit, cancel … meanwhile

    def __str__(self) -> str:
        odds = {name: value for name, value in attrs.asdict(self, recurse=False).items() if value}
        odds["fates"] = " ".join(self.fates)
        return ", ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in odds.items()
        )

    @property
    def is_fair(self) -> bool:
        """Return whether nothing goes wrong, in whatever order things happen."""
        return self == attrs.evolve(Weather(shop=self.shop), switch=self.switch, pace=self.pace, skew=self.skew)

    def cleared(self) -> "Weather":
        """Return the same without what goes wrong; whoever is frozen still comes back."""
        return Weather(switch=self.switch, pace=self.pace, skew=self.skew, shop=False)


def draw_weather(dice: random.Random) -> Weather:
    """Return the weather of a seed: one in eight is fair, the others have some of everything."""
    switch, skew = dice.choice((0.1, 0.3, 0.7)), dice.choice((timedelta(0), 30 * SECOND, DAY))
    pace = timedelta(milliseconds=dice.choice((5, 50, 1000)))
    if dice.random() < 0.125:
        return Weather(switch=switch, skew=skew, pace=pace, shop=dice.random() < 0.5)
    early = dice.sample(_EARLY, dice.randint(0, 2))
    late = dice.sample(_LATE, dice.randint(1, 5))
    return Weather(
        switch=switch,
        skew=skew,
        pace=pace,
        crash=_some(dice, 0.001, 0.004, 0.015),
        freeze=_some(dice, 0.004, 0.015, 0.04),
        brink=_some(dice, 0.02, 0.1),
        linger=_some(dice, 0.1, 0.3, 0.5),
        stop=_some(dice, 0.001, 0.003),
        clock_jump=_some(dice, 0.001, 0.005),
        store_fault=_some(dice, 0.001, 0.005, 0.02),
        outage=_some(dice, 0.0005, 0.001),
        trouble=_some(dice, 0.1, 0.3, 0.6),
        fates=(*early, *late),
        shop=dice.random() < 0.8,
    )


def _some(dice: random.Random, *odds: float) -> float:
    return dice.choice((0.0, *odds))


@attrs.define(eq=False)
class Director:
    """Makes the weather: at each point time passes, and something may happen to whoever stands there."""

    dice: random.Random
    weather: Weather
    lease: timedelta
    stage: Stage = attrs.field(init=False)
    crash_count: int = 0
    freeze_count: int = 0
    fault_count: int = 0
    jumped: list[Actor] = attrs.field(factory=list)  # whose clocks are to jump; whoever owns the clocks looks here
    _store_back_at: datetime | None = None

    def choose(self, ready: Sequence[Actor]) -> Actor:
        """Return who goes on."""
        return ready[0] if len(ready) == 1 else self.dice.choice(ready)

    def direct(self, actor: Actor, what: str) -> None:
        """Let time pass, and whatever the weather has for this step."""
        dice, weather, stage = self.dice, self.weather, self.stage
        if what == BRINK:
            actor.left_at = stage.now
            if dice.random() < weather.brink:
                self._freeze(actor)
            return
        stage.pass_time(self._moment())
        if what in LINGERING and weather.linger and dice.random() < weather.linger:
            self._linger(actor)
            return
        roll = dice.random()
        for odds, happens in self._events(actor):
            if roll < odds:
                happens(actor)
                return
            roll -= odds
        if roll < weather.switch:
            stage.pause(actor, stage.now)

    def _events(self, actor: Actor) -> Iterator[tuple[float, Callable[[Actor], None]]]:
        weather = self.weather
        yield weather.freeze, self._freeze
        yield weather.clock_jump, self.jumped.append
        yield weather.outage, self._break_store
        if actor.is_mortal:
            yield weather.crash, self._crash
            yield weather.stop, self._stop

    def fail_store(self, actor: Actor, what: str) -> None:
        """Raise StoreUnreachable if the store does not answer this call."""
        is_gone = self._store_back_at is not None and self.stage.now < self._store_back_at
        if is_gone and what.endswith(".before"):
            self._fail(actor, what)
        if self.weather.store_fault and self.dice.random() < self.weather.store_fault:
            self._fail(actor, what)

    def fate(self) -> Fate:
        """Return what becomes of the next message."""
        if self.weather.trouble and self.dice.random() < self.weather.trouble:
            return self.dice.choice(self.weather.fates)
        return Fate.ACCEPTED

    def clear_up(self) -> None:
        """From here on nothing more goes wrong."""
        self.weather = self.weather.cleared()
        self._store_back_at = None

    def _fail(self, actor: Actor, what: str) -> None:
        self.fault_count += 1
        self.stage.note(actor, f"{what}: the store does not answer")
        raise StoreUnreachable(what)

    def _moment(self) -> timedelta:
        roll = self.dice.random()
        if roll < 0.9:
            return self.weather.pace * roll
        return self.weather.pace * (20 if roll < 0.98 else 500)

    def _freeze(self, actor: Actor) -> None:
        self.freeze_count += 1
        span = self.dice.choice((SECOND, 29 * SECOND, 31 * SECOND, 5 * HOUR / 60, self.lease + SECOND, 2 * HOUR, DAY))
        self.stage.note(actor, f"is frozen for {span}")
        self.stage.pause(actor, self.stage.now + span * (0.8 + 0.4 * self.dice.random()))

    def _linger(self, actor: Actor) -> None:
        """Let everybody else go on, and wake who sleeps, while this one is about to do something."""
        for other in self.stage.actors:
            self.stage.wake(other)
        span = self.dice.choice((SECOND, 20 * SECOND, 8 * HOUR / 60, self.lease + SECOND))
        self.stage.note(actor, f"lingers for {span}")
        self.stage.pause(actor, self.stage.now + span)

    def _break_store(self, actor: Actor) -> None:
        span = self.dice.choice((10 * SECOND, 2 * self.lease, HOUR))
        self.stage.note(actor, f"the store is gone for {span}")
        self._store_back_at = self.stage.now + span

    def _crash(self, actor: Actor) -> None:
        self.crash_count += 1
        self.stage.crash(actor)

    def _stop(self, actor: Actor) -> None:
        self.stage.note(actor, "is told to stop")
        actor.is_told_to_stop = True
