"""What workers know of a sender, they know together: on both stores."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import attrs
import pytest

from campaignkit.dispatch.probing import Probing
from campaignkit.dispatch.records import Records
from campaignkit.dispatch.steering import PROBE_LOOK
from campaignkit.kit import CampaignKit
from campaignkit.testing import FakeEmail
from campaignkit.transports.function import FunctionTransport
from tests.dispatch.refusing import BUSY, MINUTE, POLICY, at_domains, failure, play, restarted, statuses
from tests.dispatch.scenes import FRIDAY, Notebook, PlayedTransport, make_scene, people


def test_refusals_are_counted_over_workers_and_restarts(store):
    fake = FakeEmail()
    to = at_domains(*"abcdefgh")
    for address in to:
        fake.script(address, POLICY)
    scene, campaign_id = play(store, fake, to)
    for _ in range(6):  # one starts it, and each of the others sends one batch of one message
        assert scene.shop.campaign(campaign_id).status != "failed"
        restarted(scene, fake).tick(max_messages=1, max_seconds=0)

    assert failure(scene, campaign_id) == ("failed", "policy_refused")


def test_one_worker_asks_again_and_the_others_wait_for_its_answer(store):
    fake = FakeEmail()
    to = [f"c{number}@example.com" for number in range(8)]
    fake.script(to[0], BUSY)
    scene, campaign_id = play(store, fake, to[:1])
    scene.kit.run(until=FRIDAY + MINUTE)
    more = scene.another("More", people(to[1:]), starts_at=FRIDAY)
    other = FakeEmail()
    seen: list[tuple[int, object]] = []

    def while_asking(address: str) -> None:
        if not seen:
            report = restarted(scene, other).tick()
            seen.append((report.sent, report.next_at))

    book = Notebook(on_accept=while_asking)
    asking = CampaignKit(
        store=store, transports={"main": FunctionTransport("email", book)}, clock=scene.clock, randomness=lambda: 0.0
    )
    asking.run()

    assert seen == [(0, FRIDAY + MINUTE + PROBE_LOOK)]
    assert other.sent == []
    assert sorted(book.accepted) == to
    assert (statuses(scene, campaign_id), statuses(scene, more)) == ({"sent": 1}, {"sent": 7})


def test_a_probe_that_dies_with_its_worker_is_given_up_with_its_lease(store):
    fake = FakeEmail()
    to = [f"c{number}@example.com" for number in range(3)]
    fake.script(to[0], BUSY)
    scene, campaign_id = play(store, fake, to[:1])
    scene.kit.run(until=FRIDAY + MINUTE)

    def die(_: str) -> None:
        raise SystemExit

    dying = CampaignKit(
        store=store, transports={"main": FunctionTransport("email", Notebook(on_accept=die))}, clock=scene.clock
    )
    with pytest.raises(SystemExit):
        dying.tick()
    more = scene.another("More", people(to[1:]), starts_at=FRIDAY)
    scene.kit.run()

    assert statuses(scene, campaign_id) == {"in_doubt": 1}
    assert statuses(scene, more) == {"sent": 2}
    assert min(scene.begins(more).values()) >= FRIDAY + timedelta(minutes=12.5)


def test_a_lesson_that_others_learn_in_the_same_moment_is_not_lost(store):
    scene = make_scene(store, FakeEmail())
    records = Records(store, scene.clock)
    changes = 0

    def count(health):
        nonlocal changes
        changes += 1
        if changes == 1:  # another worker writes between our look and our write
            Records(store, scene.clock).change_health("flora", "main", lambda one: attrs.evolve(one, setbacks=7))
        return attrs.evolve(health, code="mine")

    records.change_health("flora", "main", count)
    found = records.health("flora", "main")

    assert (found.setbacks, found.code) == (7, "mine")


def test_workers_that_meet_one_trouble_at_once_count_it_once(store):
    fake, other = FakeEmail(), FakeEmail()
    to = [f"c{number}@example.com" for number in range(4)]
    for address in to:
        fake.script(address, BUSY)
        other.script(address, BUSY)

    def both(batch, clear):
        if not other.waves:
            restarted(scene, other).tick()
        yield from fake.send(batch, clear)

    scene, _ = play(store, PlayedTransport(both), to[:2])
    scene.another("Two", people(to[2:]), starts_at=FRIDAY)
    scene.kit.tick()

    assert Records(store, scene.clock).health("flora", "main").setbacks == 1
    assert scene.shop.sender("main").blocked_until == FRIDAY + MINUTE


def test_a_success_of_before_does_not_lift_a_block(store):
    fake, other = FakeEmail(), FakeEmail()
    to = [f"c{number}@example.com" for number in range(4)]
    for address in to:
        other.script(address, BUSY)

    def meanwhile(batch, clear):
        yield from fake.send(batch[:1], clear)
        if not other.waves:
            restarted(scene, other).tick()
        yield from fake.send(batch[1:], clear)

    scene, _ = play(store, PlayedTransport(meanwhile), to[:2])
    scene.another("Two", people(to[2:]), starts_at=FRIDAY)
    scene.kit.tick()

    assert len(fake.sent) == 2
    assert scene.shop.sender("main").blocked_until == FRIDAY + MINUTE


def test_where_all_is_well_health_is_never_written(store):
    scene = make_scene(store, FakeEmail(), recipients=120)
    scene.kit.run()

    assert scene.statuses() == {"sent": 120}
    assert store.load("flora", "health", "main") is None


def test_of_many_workers_at_once_one_may_ask(store):
    clock = make_scene(store, FakeEmail(), recipients=1).clock
    Records(store, clock).change_health("flora", "main", lambda one: attrs.evolve(one, is_on_trial=True))
    all_are_ready = threading.Barrier(8)

    def take(_: int) -> bool:
        probing = Probing(
            records=Records(store, clock), merchant_id="flora", sender_id="main", now=FRIDAY, lease=MINUTE
        )
        all_are_ready.wait(30)
        return probing.take()

    with ThreadPoolExecutor(8) as workers:
        taken = list(workers.map(take, range(8)))

    assert taken.count(True) == 1
