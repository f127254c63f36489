"""What stops a campaign, and what does not: refusals of the sender, by policy, and of the content; doubts."""

from datetime import timedelta

import attrs
import pytest

import campaignkit as ck
from campaignkit.ports import Store
from campaignkit.stores import MemoryStore
from campaignkit.testing import FakeEmail
from tests.dispatch.refusing import (
    DOUBT,
    MINUTE,
    POLICY,
    REFUSED,
    SPAM,
    at_domains,
    failure,
    play,
    statuses,
)
from tests.dispatch.scenes import CONTENT, FRIDAY, people


@pytest.fixture
def store() -> Store:
    return MemoryStore()


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
