"""After a block one message goes first; and how many of those who were put off are tried again."""

from collections import Counter
from datetime import timedelta

import attrs
import pytest

from campaignkit.campaign.retry_budget import RetryBudget
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.ports import Store
from campaignkit.stores import MemoryStore
from campaignkit.testing import FakeEmail
from tests.dispatch.refusing import (
    BUSY,
    MINUTE,
    REFUSED,
    SLOW,
    at_domains,
    play,
    statuses,
)
from tests.dispatch.scenes import FRIDAY, PlayedTransport, address_in, address_of, make_scene, people


@pytest.fixture
def store() -> Store:
    return MemoryStore()


def test_after_a_block_one_message_goes_first_and_the_others_follow_its_success(store):
    fake = FakeEmail(connections=8)
    to = [f"c{number:02}@example.com" for number in range(40)]
    fake.script(to[0], BUSY)
    scene, campaign_id = play(store, fake, to)
    waves = fake.waves
    scene.kit.run(until=FRIDAY + timedelta(seconds=1))
    first_count, waves[:] = len(waves), []
    fake.script(to[0], BUSY)
    scene.another("More", people(at_domains(*"abcdefghijk")), starts_at=FRIDAY)
    scene.kit.run()

    assert first_count == 5
    assert sum(waves) == 12 + 1  # the busy one again, whichever it was
    assert statuses(scene, campaign_id) == {"sent": 40}


def test_a_probe_that_fails_doubles_the_wait_and_nobody_else_is_tried(store):
    to = [f"c{number}@example.com" for number in range(8)]
    asked: list[tuple[float, int]] = []

    def refuse_all(batch, clear):
        asked.append(((scene.clock.now() - FRIDAY) / MINUTE, len(batch)))
        for message in batch:
            yield attrs.evolve(BUSY, message_id=message.message_id, verdict=Verdict.NOT_SENT)

    scene, campaign_id = play(store, PlayedTransport(refuse_all), to)
    scene.kit.run(until=FRIDAY + 100 * MINUTE)

    assert asked == [(0, 8), (1, 1), (3, 1), (7, 1), (15, 1), (31, 1), (61, 1), (91, 1)]
    assert statuses(scene, campaign_id) == {"pending": 8}


def test_a_group_is_asked_again_with_one_message(store):
    fake = FakeEmail()
    gmail = [f"g{number:02}@gmail.com" for number in range(12)]
    for address in gmail:
        fake.script(address, SLOW)
    scene, campaign_id = play(store, fake, [*gmail, "ann@one.example"])
    sent_by = {}
    for seconds in (1, 61, 121):
        scene.kit.run(until=FRIDAY + timedelta(seconds=seconds))
        sent_by[seconds] = statuses(scene, campaign_id)["sent"]

    assert sent_by == {1: 1, 61: 2, 121: 13}


def test_after_a_resume_one_message_goes_first(store):
    fake = FakeEmail(connections=8)
    to = [f"c{number:02}@example.com" for number in range(20)]
    fake.script(to[0], REFUSED)
    scene, campaign_id = play(store, fake, to)
    scene.kit.run()
    tried = list(fake.waves)
    scene.shop.resume(campaign_id)
    scene.kit.run()
    again = fake.waves[len(tried) :]

    assert tried == [8]
    assert again == [1, 8, 4]
    assert statuses(scene, campaign_id) == {"sent": 20}


def test_a_resume_after_a_pause_leaves_a_host_that_asked_for_patience_alone(store):
    fake = FakeEmail()
    fake.script(address_of(1), BUSY)
    scene = make_scene(store, fake, recipients=1)
    scene.kit.run(until=FRIDAY + timedelta(seconds=1))
    scene.shop.pause(scene.campaign_id)
    scene.shop.resume(scene.campaign_id)
    scene.kit.run()

    assert scene.begins()[address_of(1)] == FRIDAY + MINUTE


def test_a_host_that_puts_everybody_off_is_asked_again_by_few_and_nobody_is_lost():
    store = MemoryStore()
    tries: list[tuple[timedelta, str]] = []
    is_sick = True

    def send(batch, clear):
        for message in clear(batch).messages:
            tries.append((scene.clock.now() - FRIDAY, address_in(message)))
            verdict = Verdict.DEFERRED if is_sick else Verdict.ACCEPTED
            yield Outcome(message_id=message.message_id, verdict=verdict, code="mailbox_busy" if is_sick else "")

    scene, campaign_id = play(store, PlayedTransport(send), [f"c{number:04}@example.com" for number in range(400)])
    scene.kit.run(until=FRIDAY + 16 * MINUTE)
    rows = scene.shop.recipients(campaign_id, limit=1000)
    in_a_quarter = Counter(row.reason for row in rows)
    explained = scene.shop.explain(
        campaign_id, next(row for row in rows if row.reason == "retries_paused").recipient_id
    )
    scene.kit.run(until=FRIDAY + 60 * MINUTE)
    in_an_hour = len(tries)
    is_sick = False
    scene.kit.run()

    # The first tries; a batch of retries; then, every five minutes, what ten a minute let through.
    assert in_a_quarter == {"mailbox_busy": 100, "retries_paused": 300}
    assert explained.code == "waiting_for_retry"
    assert 700 <= in_an_hour <= 400 + 100 + 10 * 45
    assert statuses(scene, campaign_id) == {"sent": 400}


def test_retries_that_succeed_cost_nothing_and_first_tries_never_wait():
    store = MemoryStore()
    fake = FakeEmail()
    to = [f"c{number:04}@example.com" for number in range(300)]
    for address in to:
        fake.script(address, "deferred")
    scene, campaign_id = play(store, fake, to)
    scene.kit.run()

    assert statuses(scene, campaign_id) == {"sent": 300}
    assert set(scene.begins(campaign_id).values()) == {FRIDAY + 15 * MINUTE}


def test_a_budget_of_retries_is_filled_by_time_and_by_what_is_accepted():
    used_up = RetryBudget().after(FRIDAY, accepted=0, fruitless=100)
    later = FRIDAY + 3 * MINUTE

    assert RetryBudget().left_at(FRIDAY) == 100
    assert (used_up.left_at(FRIDAY), used_up.left_at(later), used_up.left_at(FRIDAY - MINUTE)) == (0, 30, 0)
    assert used_up.after(FRIDAY, accepted=50, fruitless=0).left_at(FRIDAY) == 10
    assert used_up.after(FRIDAY, accepted=0, fruitless=10**6).left_at(FRIDAY + 10 * MINUTE) == 0
    assert used_up.after(FRIDAY + 11 * MINUTE, accepted=0, fruitless=0) == RetryBudget()
