"""The whole kit when its store, its transport or its own process fails, and when several workers meet."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import attrs
import pytest
import sqlalchemy as sa

from campaignkit.clocks import FrozenClock
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.kit import CampaignKit
from campaignkit.stores import MemoryStore
from campaignkit.stores.sql import SqlStore
from campaignkit.testing import FakeEmail
from campaignkit.testing.faults import CountPassings, FaultPoint, FaultyStore, FaultyTransport, RaiseAt, sql_faults
from campaignkit.transports.function import FunctionTransport
from tests.dispatch.scenes import (
    FRIDAY,
    Notebook,
    PlayedTransport,
    Scene,
    address_in,
    address_of,
    addresses,
    make_scene,
)

WAVE = 3


class Down(Exception):
    """What a broken store or transport raises here."""


@attrs.define
class Switch:
    """A fault point that lets everything pass until it is told what to do."""

    at: FaultPoint = attrs.field(factory=CountPassings)

    def __call__(self, name: str, /) -> None:
        self.at(name)


def run_until_done(scene: Scene) -> int:
    """Run, and run again after a failure; return how often it failed."""
    for failures in range(10):
        try:
            scene.kit.run()
        except Down:
            continue
        return failures
    raise AssertionError("it never came to its end")


def assert_accounted_for(scene: Scene, accepted: list[str], count: int = 10, doubts: int = WAVE) -> None:
    by_status: dict[str, set[str]] = {}
    for row in scene.shop.recipients(scene.campaign_id, limit=1000):
        by_status.setdefault(row.status.value, set()).add(row.address)
    sent, in_doubt = by_status.get("sent", set()), by_status.get("in_doubt", set())

    assert max(Counter(accepted).values(), default=0) <= 1
    assert sent <= set(accepted) <= sent | in_doubt
    assert len(sent) + len(in_doubt) == count
    assert len(in_doubt) <= doubts
    assert scene.status == "finished"


def accepted_by(fake: FakeEmail) -> list[str]:
    return [address_in(message) for message in fake.sent]


def scripted() -> FakeEmail:
    """A provider that is not all well, so that every verb of the store is called."""
    fake = FakeEmail(connections=WAVE)
    fake.script(address_of(2), "deferred")
    fake.script(address_of(5), "not_sent")
    return fake


def count_points() -> Counter[str]:
    switch = Switch()
    store = FaultyStore(MemoryStore(), switch)
    scene = make_scene(store, FaultyTransport(scripted(), switch))
    counting = switch.at = CountPassings()
    scene.kit.run()
    return counting.counts


POINTS = count_points()
TRANSPORT_POINTS = {"send.before", "clear.before", "clear.after", "crossing.before", "crossing.after", "outcome.before"}


@pytest.mark.parametrize("point", sorted(POINTS))
def test_one_failure_anywhere_loses_and_doubles_nothing(point):
    for k in range(1, POINTS[point] + 1):
        switch, fake = Switch(), scripted()
        scene = make_scene(FaultyStore(MemoryStore(), switch), FaultyTransport(fake, switch))
        switch.at = RaiseAt(point, k, Down())
        failures = run_until_done(scene)

        assert_accounted_for(scene, accepted_by(fake))
        if point.split(".")[0] in {"claim", "begin", "settle", "due", "reap"}:
            assert failures == 1  # the store's own exceptions reach the host


def test_a_failure_inside_clear_reaches_the_host_and_nothing_crosses():
    switch, fake = Switch(), FakeEmail(connections=WAVE)
    scene = make_scene(FaultyStore(MemoryStore(), switch), fake)
    switch.at = RaiseAt("begin.before", 2, Down())
    with pytest.raises(Down):
        scene.kit.run()

    assert accepted_by(fake) == addresses(WAVE)
    assert scene.statuses() == {"sent": WAVE, "claimed": 10 - WAVE}


def test_a_store_that_swallows_the_answer_of_begin_leaves_a_doubt_and_never_a_second_message():
    switch, fake = Switch(), FakeEmail(connections=WAVE)
    scene = make_scene(FaultyStore(MemoryStore(), switch), fake)
    switch.at = RaiseAt("begin.after", 1, Down())
    run_until_done(scene)

    assert len(accepted_by(fake)) == 10 - WAVE
    assert scene.statuses() == {"sent": 10 - WAVE, "in_doubt": WAVE}


@pytest.mark.parametrize("point", ["begin", "settle", "claim", "reap", "save"])
@pytest.mark.parametrize("where", ["statement.before", "commit.before", "commit.after"])
@pytest.mark.parametrize("k", [1, 2])
def test_a_database_that_fails_in_a_transaction_loses_and_doubles_nothing(tmp_path, point, where, k):
    switch, fake = Switch(), scripted()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'campaigns.db'}")
    bare = SqlStore(engine)
    bare.upgrade()
    store = FaultyStore(bare, switch)
    sql_faults(engine, lambda name: switch(f"{store.verb}.{name}"))
    scene = make_scene(store, fake)
    switch.at = RaiseAt(f"{point}.{where}", k, Down())
    run_until_done(scene)

    assert_accounted_for(scene, accepted_by(fake))
    engine.dispose()


def test_a_store_that_cannot_settle_for_good_leaves_one_wave_in_doubt_and_sends_nothing_twice():
    switch, fake = Switch(), FakeEmail(connections=WAVE)
    scene = make_scene(FaultyStore(MemoryStore(), switch), fake)
    switch.at = RaiseAt("settle.before", 1, Down(), for_ever=True)
    failures = run_until_done(scene)

    assert failures == 1  # each wave but the last, of one message, is settled by the begin of the next
    assert sorted(accepted_by(fake)) == addresses(10)
    assert scene.statuses() == {"sent": 9, "in_doubt": 1}


@pytest.mark.parametrize("jump", [(31.0, 0.0), (0.0, 31.0), (-1.0, 0.0), (0.0, -1.0)])
def test_a_worker_that_was_frozen_sends_nothing_with_old_leave(store, jump):
    readings = iter([(1000.0, 5000.0), (1000.0 + jump[0], 5000.0 + jump[1])])
    fake = FakeEmail()
    scene = make_scene(store, fake, recipients=1, stopwatch=lambda: next(readings, (9000.0, 9000.0)))
    scene.kit.tick()
    after_the_jump = scene.statuses(), list(fake.sent)
    scene.kit.run()

    assert after_the_jump == ({"pending": 1}, [])
    assert scene.statuses() == {"sent": 1}
    assert len(fake.sent) == 1


def test_a_worker_that_is_interrupted_writes_down_what_it_knows(store):
    def interrupt(address: str) -> None:
        if address == address_of(4):
            raise KeyboardInterrupt

    book = Notebook(on_accept=interrupt)
    scene = make_scene(store, FunctionTransport("email", book))
    with pytest.raises(KeyboardInterrupt):
        scene.kit.run()
    at_once = scene.statuses()
    scene.kit.run()

    assert at_once == {"sent": 3, "in_doubt": 1, "pending": 6}
    assert scene.statuses() == {"sent": 9, "in_doubt": 1}
    assert sorted(book.accepted) == addresses(10)


def stop_at(stop: threading.Event, number: int) -> Callable[[str], None]:
    def look(address: str) -> None:
        if address == address_of(number):
            stop.set()

    return look


def test_a_worker_that_is_stopped_finishes_the_message_at_hand_and_gives_the_rest_back_at_once(store):
    stop = threading.Event()
    book = Notebook(on_accept=stop_at(stop, 3))
    scene = make_scene(store, FunctionTransport("email", book))
    scene.kit.run(stop=stop)
    at_once = scene.statuses()
    waits = {row.not_before for row in scene.shop.recipients(scene.campaign_id, limit=100, status="pending")}
    stop.clear()
    report = scene.kit.run(until=FRIDAY + timedelta(seconds=1))  # nobody waits for anything

    assert at_once == {"sent": 3, "pending": 7}
    assert waits == {FRIDAY}
    assert report.sent == 7
    assert sorted(book.accepted) == addresses(10)


@pytest.mark.parametrize("stopped_at", range(1, 7))
def test_a_worker_that_is_stopped_amid_a_wave_finishes_the_wave(store, stopped_at):
    stop = threading.Event()
    look = stop_at(stop, stopped_at)

    def play(batch, clear):
        for start in range(0, len(batch), WAVE):
            wave = batch[start : start + WAVE]
            granted = {message.message_id for message in clear(wave).messages}
            for message in wave:
                look(address_in(message))
                verdict = Verdict.ACCEPTED if message.message_id in granted else Verdict.NOT_SENT
                yield Outcome(message_id=message.message_id, verdict=verdict)

    scene = make_scene(store, PlayedTransport(play))
    scene.kit.run(stop=stop)

    crossed = WAVE if stopped_at <= WAVE else 2 * WAVE
    assert scene.statuses() == {"sent": crossed, "pending": 10 - crossed}
    assert {row.reason for row in scene.shop.recipients(scene.campaign_id, limit=100, status="pending")} == {"stopped"}


def test_a_stop_before_the_first_wave_begins_nothing(store):
    stop = threading.Event()
    fake = FakeEmail(connections=WAVE)

    def play(batch, clear):
        stop.set()
        yield from fake.send(batch, clear)

    scene = make_scene(store, PlayedTransport(play))
    scene.kit.run(stop=stop)

    assert scene.statuses() == {"pending": 10}
    assert fake.sent == []


@pytest.fixture
def url(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'campaigns.db'}"


def open_store(url: str) -> SqlStore:
    store = SqlStore(url)
    store.upgrade()
    return store


def test_two_workers_drain_one_campaign_without_duplicates(url):
    book = Notebook()
    scene = make_scene(open_store(url), FunctionTransport("email", book), recipients=120)
    both_are_ready = threading.Barrier(2)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            clock = FrozenClock(FRIDAY)
            transports = {"main": FunctionTransport("email", book)}
            with CampaignKit(store=SqlStore(url), transports=transports, clock=clock) as kit:
                both_are_ready.wait(60)
                while kit.tick(max_messages=7).sent:
                    pass
        except BaseException as failure:
            failures.append(failure)
            raise

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    scene.kit.run()

    assert failures == []
    assert_accounted_for(scene, book.accepted, count=120, doubts=0)
    scene.kit.close()


@pytest.mark.parametrize("skew", [timedelta(days=1), timedelta(hours=1), timedelta(0), -timedelta(days=1)], ids=str)
@pytest.mark.parametrize("meets_at", [1, 4, 10])
def test_a_worker_with_another_clock_takes_over_amid_a_message_and_nothing_is_sent_twice(url, skew, meets_at):
    """The other one sees leases as it likes, in the very moment between leave and crossing."""
    book = Notebook()
    scene = make_scene(open_store(url), FunctionTransport("email", book))
    other_clock = FrozenClock(FRIDAY + skew)
    fake = FakeEmail()
    other = CampaignKit(store=SqlStore(url), transports={"main": fake}, clock=other_clock)
    book.on_accept = lambda _: other.tick() if len(book.accepted) == meets_at else None
    scene.kit.run()
    other.run()
    scene.kit.run()

    assert_accounted_for(scene, book.accepted + accepted_by(fake), doubts=0)
    other.close()
    scene.kit.close()
