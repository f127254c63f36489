"""What stops a campaign, counted by all workers together; what goes first afterwards; and who is asked how often."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

import attrs
import pytest

import campaignkit as ck
from campaignkit.campaign.retry_budget import RetryBudget
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.dispatch.records import Records
from campaignkit.kit import CampaignKit
from campaignkit.ports import Store, Transport
from campaignkit.testing import FakeEmail
from campaignkit.transports.function import FunctionTransport
from tests.dispatch.scenes import (
    CONTENT,
    FRIDAY,
    Notebook,
    PlayedTransport,
    Scene,
    address_in,
    address_of,
    make_scene,
    people,
)

MINUTE = timedelta(minutes=1)
POLICY = Outcome(message_id="", verdict=Verdict.DEFERRED, code="policy", reply="550 5.7.1 blocked, see list")
SPAM = Outcome(message_id="", verdict=Verdict.REFUSED, code="content", reply="554 5.7.1 looks like spam")
BUSY = Outcome(message_id="", verdict=Verdict.DEFERRED, scope=Scope.HOST, code="host_busy", reply="421 4.3.2 busy")
SLOW = attrs.evolve(BUSY, scope=Scope.GROUP, code="throttled", reply="450 4.7.28 slow down")
REFUSED = Outcome(message_id="", verdict=Verdict.REFUSED, scope=Scope.SENDER, code="auth_refused", reply="535 no")
DOUBT = Outcome(message_id="", verdict=Verdict.IN_DOUBT, scope=Scope.HOST, code="reply_lost")


def play(store: Store, fake: Transport, to: Iterable[str], **settings: object) -> tuple[Scene, str]:
    """Return a scene and its campaign to *to*."""
    scene = make_scene(store, fake, recipients=1, **settings)  # type: ignore[arg-type]
    scene.shop.cancel(scene.campaign_id)
    return scene, scene.another("To all", people(to))


def statuses(scene: Scene, campaign_id: str) -> dict[str, int]:
    return {str(status): count for status, count in scene.shop.counts(campaign_id).by_status.items()}


def failure(scene: Scene, campaign_id: str) -> tuple[str, str]:
    campaign = scene.shop.campaign(campaign_id)
    return campaign.status.value, campaign.failure_code


def restarted(scene: Scene, fake: FakeEmail) -> CampaignKit:
    """Return another worker with nothing in memory."""
    return CampaignKit(store=scene.store, transports={"main": fake}, clock=scene.clock, randomness=lambda: 0.0)


def at_domains(*names: str) -> list[str]:
    return [f"ann@{name}.example" for name in names]


# Breakers -------------------------------------------------------------------------------------------------------------


def test_five_domains_that_refuse_by_policy_in_a_row_stop_the_campaign_and_fail_nobody(store):
    fake = FakeEmail()
    to = at_domains(*"abcdefgh")
    for address in to:
        fake.script(address, POLICY)
    scene, campaign_id = play(store, fake, to)
    scene.kit.run()
    failed = failure(scene, campaign_id), statuses(scene, campaign_id), scene.shop.campaign(campaign_id).failure_reply
    scene.shop.resume(campaign_id)
    scene.kit.run()

    assert failed == (("failed", "policy_refused"), {"pending": 8}, POLICY.reply)
    assert sum(len(script) for script in fake._scripts.values()) == 0  # the last three were refused once as well
    assert (failure(scene, campaign_id)[0], statuses(scene, campaign_id)) == ("finished", {"sent": 8})


def test_a_success_between_them_keeps_the_campaign_going(store):
    fake = FakeEmail()
    to = at_domains("a", "b", "c", "d", "well", "e", "f", "g", "h")
    for address in to:
        fake.script(address, *[] if "well" in address else [POLICY])
    scene, campaign_id = play(store, fake, to)
    scene.kit.run()

    assert (failure(scene, campaign_id), statuses(scene, campaign_id)) == (("finished", ""), {"sent": 9})


def test_one_domain_that_refuses_by_policy_fails_its_own_recipients_at_last(store):
    fake = FakeEmail()
    to = [f"c{number}@strict.example" for number in range(7)]
    for address in to:
        fake.script(address, *[POLICY] * 9)
    scene, campaign_id = play(store, fake, [*to, "ann@kind.example"])
    scene.kit.run()

    assert (failure(scene, campaign_id), statuses(scene, campaign_id)) == (("finished", ""), {"failed": 7, "sent": 1})
    assert scene.of_campaign(campaign_id, to[0]).reason == "policy"


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


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_batches_of_any_size_stop_at_the_fifth(store, batch):
    fake = FakeEmail()
    to = at_domains(*"abcdefghij")
    for address in to:
        fake.script(address, POLICY)
    scene, campaign_id = play(store, fake, to, sender={"limits": [ck.Limit(batch, per=MINUTE)]})
    scene.kit.run(until=FRIDAY + 14 * MINUTE)  # before anybody's second try

    assert failure(scene, campaign_id) == ("failed", "policy_refused")
    assert sum(row.attempt_count for row in scene.shop.recipients(campaign_id, limit=20)) == 5


def test_five_identical_refusals_of_the_content_stop_the_campaign_and_the_rest_stay_pending(store):
    fake = FakeEmail()
    to = [f"c{number:02}@example.com" for number in range(30)]
    for number, address in enumerate(to):
        fake.script(address, *[attrs.evolve(SPAM, reply=f"554 5.7.1 looks like spam id=Q{number}x")] * (number % 2))
    scene, campaign_id = play(store, fake, to)
    scene.kit.run()
    stopped = failure(scene, campaign_id), statuses(scene, campaign_id)
    scene.shop.update_campaign(campaign_id, content=attrs.evolve(CONTENT, text="Tulips, politely."))
    fake._scripts.clear()
    scene.shop.resume(campaign_id)
    scene.kit.run()

    assert stopped == (("failed", "content_refused"), {"failed": 5, "sent": 5, "pending": 20})
    assert (failure(scene, campaign_id)[0], statuses(scene, campaign_id)) == ("finished", {"failed": 5, "sent": 25})


def test_refusals_of_the_content_that_differ_or_lie_far_apart_stop_nothing(store):
    fake = FakeEmail()
    to = [f"c{number:03}@example.com" for number in range(130)]
    words = ["spam", "virus", "odd", "long"]
    for place, number in enumerate(range(8)):
        fake.script(to[number], attrs.evolve(SPAM, reply=f"554 5.7.1 {words[place % 4]}"))
    for number in (60, 75, 90, 129):  # four of one kind in seventy, the others of it long ago
        fake.script(to[number], attrs.evolve(SPAM, reply="554 5.7.1 spam"))
    scene, campaign_id = play(store, fake, to)
    scene.kit.run()

    assert (failure(scene, campaign_id), statuses(scene, campaign_id)["failed"]) == (("finished", ""), 12)


@pytest.mark.parametrize("limits", [None, [ck.Limit(1, per=MINUTE)]], ids=["one batch", "one at a time"])
def test_content_is_counted_over_batches(store, limits):
    fake = FakeEmail()
    to = [f"c{number}@example.com" for number in range(9)]
    for address in to:
        fake.script(address, SPAM)
    scene, campaign_id = play(store, fake, to, sender={"limits": limits})
    scene.kit.run()

    assert failure(scene, campaign_id) == ("failed", "content_refused")
    assert statuses(scene, campaign_id) == {"failed": 5, "pending": 4}


def test_a_refused_sender_stops_a_transport_that_would_go_on(store):
    fake = FakeEmail()
    to = at_domains(*"abcdefgh")
    for address in to:
        fake.script(address, REFUSED)
    scene, campaign_id = play(store, fake, to)
    scene.kit.run()
    campaign = scene.shop.campaign(campaign_id)
    trail = scene.shop.explain(campaign_id, to[0]).trail

    assert (campaign.status, campaign.failure_code, campaign.failure_reply) == ("failed", "auth_refused", "535 no")
    assert statuses(scene, campaign_id) == {"pending": 8}
    assert len([script for script in fake._scripts.values() if script]) == 7  # only one was tried
    assert "The mail account refused the user name or password. Mend it and resume" in " ".join(s.why for s in trail)


def test_each_campaign_of_a_refused_sender_stops_with_one_message_tried(store):
    fake = FakeEmail(connections=4)
    first, second = at_domains(*"abcd"), at_domains(*"mnop")
    for address in (*first, *second):
        fake.script(address, REFUSED)
    scene, one = play(store, fake, first)
    two = scene.another("Too", people(second))
    scene.kit.run()
    tried = [sum(not fake._scripts[address] for address in to) for to in (first, second)]

    assert {failure(scene, campaign) for campaign in (one, two)} == {("failed", "auth_refused")}
    assert tried == [4, 1]  # the first had a wave of four under way


def test_doubts_in_a_row_are_counted_over_batches(store):
    fake = FakeEmail()
    to = at_domains(*"abcdefgh")
    for address in to:
        fake.script(address, DOUBT)
    scene, campaign_id = play(store, fake, to, sender={"limits": [ck.Limit(1, per=timedelta(seconds=1))]})
    scene.kit.run(until=FRIDAY + 59 * timedelta(seconds=1))
    in_a_minute = statuses(scene, campaign_id)
    scene.kit.run(until=FRIDAY + 6 * MINUTE)

    assert in_a_minute == {"in_doubt": 3, "pending": 5}
    assert statuses(scene, campaign_id) == {"in_doubt": 5, "pending": 3}  # one probe after 1 and one after 3 minutes


# Probes ---------------------------------------------------------------------------------------------------------------


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
    fake = FakeEmail()
    to = [f"c{number}@example.com" for number in range(8)]
    asked: list[timedelta] = []
    scene, campaign_id = play(store, fake, to)

    def busy(message):
        asked.append(scene.clock.now() - FRIDAY)
        return attrs.evolve(BUSY, message_id=message.message_id, verdict=Verdict.NOT_SENT)

    def refuse_all(batch, clear):
        yield busy(batch[0])
        for message in batch[1:]:
            yield attrs.evolve(BUSY, message_id=message.message_id, verdict=Verdict.NOT_SENT)

    fake.send = refuse_all
    scene.kit.run(until=FRIDAY + 100 * MINUTE)

    assert [moment / MINUTE for moment in asked] == [0, 1, 3, 7, 15, 31, 61, 91]
    assert statuses(scene, campaign_id) == {"pending": 8}


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

    assert seen == [(0, FRIDAY + MINUTE + timedelta(seconds=30))]
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


# Health, shared -------------------------------------------------------------------------------------------------------


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
    scene, _ = play(store, fake, to[:2])
    scene.another("Two", people(to[2:]), starts_at=FRIDAY)
    for address in to:
        fake.script(address, BUSY)
        other.script(address, BUSY)
    met = []

    def both(batch, clear):
        if not met:
            met.append(restarted(scene, other).tick())
        yield from FakeEmail.send(fake, batch, clear)

    fake.send = both
    scene.kit.tick()

    assert Records(store, scene.clock).health("flora", "main").setbacks == 1
    assert scene.shop.sender("main").blocked_until == FRIDAY + MINUTE


def test_a_success_of_before_does_not_lift_a_block(store):
    fake, other = FakeEmail(), FakeEmail()
    to = [f"c{number}@example.com" for number in range(4)]
    scene, _ = play(store, fake, to[:2])
    scene.another("Two", people(to[2:]), starts_at=FRIDAY)
    for address in to:
        other.script(address, BUSY)

    def meanwhile(batch, clear):
        yield from FakeEmail.send(fake, batch[:1], clear)
        if not other.waves:
            restarted(scene, other).tick()
        yield from FakeEmail.send(fake, batch[1:], clear)

    fake.send = meanwhile
    scene.kit.tick()

    assert len(fake.sent) == 2
    assert scene.shop.sender("main").blocked_until == FRIDAY + MINUTE


def test_where_all_is_well_health_is_never_written(store):
    scene = make_scene(store, FakeEmail(), recipients=120)
    scene.kit.run()

    assert scene.statuses() == {"sent": 120}
    assert store.load("flora", "health", "main") is None


# Retries --------------------------------------------------------------------------------------------------------------


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
