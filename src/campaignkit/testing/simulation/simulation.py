"""One seed, played from its first step to its last: workers, people, weather, a judge. I/O only through the store."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.senders import Sender
from campaignkit.campaign.status import LIVE_STATUSES, CampaignStatus
from campaignkit.dispatch.dispatcher import DEFAULT_LEASE
from campaignkit.kit import CampaignKit
from campaignkit.ports import Clock, Store, Transport
from campaignkit.stores.memory import MemoryStore
from campaignkit.testing.faults import FaultyStore, FaultyTransport
from campaignkit.testing.simulation.clocks import ActorClock, ActorStop, TrueClock
from campaignkit.testing.simulation.court import SEPARATOR, Court
from campaignkit.testing.simulation.judge import Judge
from campaignkit.testing.simulation.provider import Provider, SimulatedTransport
from campaignkit.testing.simulation.purses import Purses
from campaignkit.testing.simulation.repeats import Repeats
from campaignkit.testing.simulation.report import SimulationReport, digest_of
from campaignkit.testing.simulation.rest import judge_rest, statuses_of
from campaignkit.testing.simulation.shop import FRIDAY, Person, Shop, open_shops, price_book
from campaignkit.testing.simulation.stage import Actor, Stage
from campaignkit.testing.simulation.watching import watched
from campaignkit.testing.simulation.weather import Director, StoreUnreachable, Weather, draw_weather

__all__ = ["Simulation", "simulate"]

STEPS_MAX = 600  # of the part in which things go wrong
STEPS_TO_REST = 30_000  # after which somebody works who should have been done
SPAN = timedelta(days=10)
HIRED_MAX = 40  # workers that one seed may cost
CLOSINGS = 6  # times that people mend what failed, and a worker goes through all that is left
LEASES = (DEFAULT_LEASE, DEFAULT_LEASE, timedelta(minutes=1), timedelta(seconds=5))
POLLS = (1200.0, 7200.0)
# Points at which nothing can be told from the next one: a read has no effect, and ``bind_clock`` asks nothing.
_READS = ("load", "scan", "due", "list_recipients", "count_recipients", "trail", "suppressed", "backlog", "counted")
_SILENT = frozenset(
    {"bind_clock.before", "bind_clock.after", *(f"{verb}.after" for verb in (*_READS, "marketing", "lots", "posted"))}
)
_LONG_ENOUGH = timedelta(hours=100)  # past every doubt's horizon


def simulate(
    seed: int,
    *,
    workers: int = 4,
    make_store: Callable[[Clock], Store] = MemoryStore,
    wrap_transport: Callable[[Transport], Transport] = lambda transport: transport,
    weather: Weather | None = None,
    steps_max: int = STEPS_MAX,
) -> SimulationReport:
    """Return what *seed* comes to: the same, to the last step, each time.

    Args:
        seed: Everything is drawn from it: shops, lists, hours, limits, who acts next, what goes wrong.
        workers: How many processes send side by side.
        make_store: Returns a new, empty store that decides by the clock it is given.
        wrap_transport: Puts what is to be tried before each process's transport.
        weather: What goes wrong how often; by default drawn from the seed.
        steps_max: After so many steps nothing more goes wrong, and everything must come to its end.

    >>> simulate(1).is_right
    True
    """
    return Simulation(
        seed=seed,
        workers=workers,
        make_store=make_store,
        wrap_transport=wrap_transport,
        weather=weather,
        steps_max=steps_max,
    ).run()


@attrs.define(eq=False, kw_only=True)
class Simulation:
    """A simulation that has not run yet; ``run`` it once. Arguments as of ``simulate``."""

    seed: int
    workers: int = 4
    make_store: Callable[[Clock], Store] = MemoryStore
    wrap_transport: Callable[[Transport], Transport] = lambda transport: transport
    weather: Weather | None = None
    steps_max: int = STEPS_MAX
    _dice: random.Random = attrs.field(init=False)
    _director: Director = attrs.field(init=False)
    _stage: Stage = attrs.field(init=False)
    _court: Court = attrs.field(init=False)
    _judge: Judge = attrs.field(init=False)
    _provider: Provider = attrs.field(init=False)
    _store: Store = attrs.field(init=False)
    _lease: timedelta = attrs.field(init=False)
    _poll_seconds: float = attrs.field(init=False)
    _clocks: dict[Actor, ActorClock] = attrs.field(factory=dict, init=False)
    _staff: list[Actor] = attrs.field(factory=list, init=False)  # workers that live
    _hired: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._lease, self._poll_seconds = self._dice.choice(LEASES), self._dice.choice(POLLS)
        weather = self.weather or draw_weather(self._dice)
        self._director = Director(self._dice, weather, self._lease)
        starts_at = FRIDAY + timedelta(hours=self._dice.randint(0, 12))
        self._stage = self._director.stage = Stage(starts_at, self._director.direct, self._director.choose)
        self._store = self.make_store(TrueClock(self._stage))
        self._court = Court(self._store, lambda: self._stage.now, lambda: len(self._stage.trace) - 1)
        purses = Purses(self._court)
        self._judge = Judge(self._court, purses, Repeats(self._court, purses))
        self._provider = Provider(self._stage, self._judge.take, self._judge.take_again)

    def run(self) -> SimulationReport:
        """Play, judge, and return the report."""
        weather, began_at = self._director.weather, self._stage.now
        shops = open_shops(self._kit(Actor("first", began_at), steps=False), self._dice, began_at)
        try:
            self._play(shops)
            self._close(shops)
        finally:
            self._stage.close()
        judge_rest(self._court, is_fair=weather.is_fair and self._is_patient(weather))
        statuses = statuses_of(self._court)
        report = self._report(weather, began_at, statuses)
        self._store.close()
        return report

    def _is_patient(self, weather: Weather) -> bool:
        """Return whether leases are long beside what a step takes; others may end while somebody works."""
        return self._lease == DEFAULT_LEASE and weather.pace < timedelta(seconds=1)

    def _report(self, weather: Weather, began_at: datetime, statuses: dict[str, int]) -> SimulationReport:
        director, court, trace = self._director, self._court, tuple(self._stage.trace)
        over = {row.recipient_id for rows in court.rows.values() for row in rows.values() if not row.lease_until}
        return SimulationReport(
            seed=self.seed,
            weather=str(weather),
            findings=tuple(court.findings),
            trace=trace,
            step_count=len(trace),
            digest=digest_of(trace),
            span=self._stage.now - began_at,
            crash_count=director.crash_count,
            freeze_count=director.freeze_count,
            fault_count=director.fault_count,
            accepted_count=len(self._provider.log),
            recovered_count=len(court.held & over),
            answers=dict(sorted(court.answers.items())),
            statuses=dict(sorted(statuses.items())),
        )

    # the two parts

    def _play(self, shops: list[Shop]) -> None:
        """Let everything go on, and wrong, for so many steps or until all is over."""
        for _ in range(self.workers):
            self._hire()
        people = [self._invite(name, shops) for name in ("ann", "bob")] if self._director.weather.shop else []

        def may_go_on() -> bool:
            self._note_ends()
            while len(self._staff) < self.workers and self._hired < HIRED_MAX:
                self._hire()
            is_over = all(person.is_over for person in people) and self._is_all_quiet()
            return len(self._stage.trace) < self.steps_max and not is_over

        self._stage.run(may_go_on, ends_at=self._stage.now + SPAN)
        self._director.clear_up()

    def _close(self, shops: list[Shop]) -> None:
        """Let everything come to its end, in fair weather; whoever is in doubt may stay so for good."""
        for actor in self._stage.actors:
            actor.is_told_to_stop = True
            self._stage.wake(actor)
        for number in range(CLOSINGS):
            before = self._standing()
            person = self._person(f"closing{number}", shops)
            self._stage.enter(person.actor, person.close_up)
            self._run_to_rest()
            self._finish(f"last{number}", timedelta(0))
            if not self._is_anything_left() or self._standing() == before:
                break
        if self._dice.random() < 0.5:
            self._finish("doubts", _LONG_ENOUGH)

    def _finish(self, name: str, later: timedelta) -> None:
        """Let a last worker work until nothing timed is left."""

        def live(actor: Actor) -> None:
            self._kit(actor).run()

        self._stage.enter(Actor(name, self._stage.now + later, is_mortal=False), live)
        self._run_to_rest()

    def _standing(self) -> list[tuple[CampaignStatus | None, str]]:
        """Return where each campaign stands."""
        court = self._court
        return [(court.status(place), body.get("waiting_for", "")) for place, body in court.bodies.items()]

    def _run_to_rest(self) -> None:
        end = len(self._stage.trace) + STEPS_TO_REST

        def may_go_on() -> bool:
            self._note_ends()
            return len(self._stage.trace) < end

        self._stage.run(may_go_on)
        if self._stage.actors:
            self._court.find("never_rests", f"{self._stage.actors[0].name} still works after {STEPS_TO_REST} steps")
            self._stage.close()
        self._note_ends()

    def _is_all_quiet(self) -> bool:
        """Return whether nothing moves unless somebody resumes it."""
        return all(self._court.status(place) not in LIVE_STATUSES for place in self._court.bodies)

    def _is_anything_left(self) -> bool:
        """Return whether a campaign stands where mending or working could lead it on."""
        can_move = {CampaignStatus.FAILED, *LIVE_STATUSES}
        return any(self._court.status(place) in can_move for place in self._court.bodies)

    # who is there

    def _hire(self) -> None:
        self._hired += 1
        actor = Actor(f"w{self._hired}", self._stage.now + timedelta(seconds=60) * self._dice.random())
        self._staff.append(self._stage.enter(actor, self._work))

    def _work(self, actor: Actor) -> None:
        """Live as a worker's process does; where the store fails, one in two goes on, the others end."""
        kit = self._kit(actor)
        while not actor.is_told_to_stop:
            try:
                kit.serve(ActorStop(self._stage, actor), poll_seconds=self._poll_seconds)
            except StoreUnreachable:
                if self._dice.random() < 0.5:
                    return
                self._stage.sleep(actor, self._stage.now + timedelta(seconds=10))

    def _invite(self, name: str, shops: list[Shop]) -> Actor:
        person = self._person(name, shops, deeds=self._dice.randint(3, 12))
        return self._stage.enter(person.actor, person.live)

    def _person(self, name: str, shops: list[Shop], *, deeds: int = 0) -> Person:
        actor = Actor(name, self._stage.now, is_mortal=False)
        return Person(actor, self._stage, self._kit, shops, self._court, self._dice, deeds)

    def _note_ends(self) -> None:
        """Remember who was held by those who died, and tell of those who fell for no reason of ours."""
        for actor in self._staff:
            if actor.is_over and actor.is_doomed:
                self._court.note_death(actor.name)
        self._staff = [actor for actor in self._staff if not actor.is_over]
        for actor, clock in self._clocks.items():
            if actor.failure is not None:
                self._court.find("raised", f"{actor.name}: {actor.failure!r}")
                actor.failure = None
            while actor in self._director.jumped:
                self._director.jumped.remove(actor)
                self._stage.note(actor, f"its clock jumps by {clock.jump(self._dice)}")

    # what each of them has

    def _kit(self, actor: Actor, *, steps: bool = True) -> CampaignKit:
        """Return the kit of one process: its own clock and ids, its way to the store and to the provider."""
        skew = self._director.weather.skew if actor.is_mortal and steps else timedelta(0)
        clock = ActorClock(self._stage, actor, skew * self._dice.uniform(-1, 1))
        self._clocks[actor] = clock
        store = watched(self._store, actor.name, self._judge.see)

        def at_store(what: str) -> None:
            if what in _SILENT:
                return
            self._stage.point(actor, what)
            self._director.fail_store(actor, what)

        return CampaignKit(
            store=FaultyStore(store, at_store) if steps else store,
            transports=self._transports(actor),
            clock=clock,
            lease=self._lease,
            prices=price_book(FRIDAY),
            new_id=_ids(actor.name).__next__,
            randomness=self._dice.random,
            stopwatch=clock.read,
        )

    def _transports(self, actor: Actor) -> Callable[[Sender], Transport]:
        made = {str(channel): self._transport(actor, channel) for channel in Channel}
        return lambda sender: made[str(sender.channel)]

    def _transport(self, actor: Actor, channel: Channel) -> Transport:
        way = SimulatedTransport(
            channel=channel,
            provider=self._provider,
            actor=actor,
            fate=self._director.fate,
            wave_max=self._dice.choice((1, 2, 4, 8)),
            is_hasty=self._dice.random() < 0.5,
        )
        return FaultyTransport(self.wrap_transport(way), lambda what: self._stage.point(actor, what))


def _ids(name: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{name}{SEPARATOR}{number:05}"
