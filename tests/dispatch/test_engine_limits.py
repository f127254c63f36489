"""The whole kit under limits, caps and throttle replies, in virtual time."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import attrs
import pytest

import campaignkit as ck
from campaignkit.clocks import FrozenClock
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.kit import CampaignKit
from campaignkit.testing import FakeEmail
from campaignkit.timing.limits import FrequencyCap, Interval, Limit
from tests.dispatch.scenes import FRIDAY, ZONE, Scene, address_of, contacts, make_scene, people

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
THROTTLED = Outcome(
    message_id="", verdict=Verdict.DEFERRED, scope=Scope.GROUP, code="throttled", reply="421 4.7.28 slow down"
)


def most_in(begins: list[datetime], length: timedelta) -> int:
    """Return the most begins that any window of *length* holds; its end is exclusive."""
    return max(sum(first <= later < first + length for later in begins) for first in begins)


def test_c5_several_limits_of_a_sender_hold_in_every_window(store):
    limits = [Limit(5, per=MINUTE), Limit(20, per=HOUR), Limit(30, per="day", zone="Europe/Warsaw")]
    scene = make_scene(store, FakeEmail(), recipients=70, sender={"limits": limits})
    scene.kit.run()
    begins = list(scene.begins().values())

    assert scene.statuses() == {"sent": 70}
    assert (most_in(begins, MINUTE), most_in(begins, HOUR)) == (5, 20)
    assert Counter(begin.astimezone(ZoneInfo(ZONE)).day for begin in begins)[6] == 30
    assert begins[-1] < FRIDAY + 2 * DAY + HOUR


def test_c5_above_a_limit_the_campaign_says_what_it_waits_for_and_until_when(store):
    scene = make_scene(store, FakeEmail(), recipients=30, sender={"limits": [Limit(20, per=DAY)]})
    scene.kit.run(until=FRIDAY + HOUR)
    explanation = scene.shop.explain(scene.campaign_id, _last_pending(scene))

    assert scene.statuses() == {"pending": 10, "sent": 20}
    assert (scene.status, scene.campaign.waiting_for, scene.campaign.next_at) == ("sending", "limit", FRIDAY + DAY)
    assert explanation.code == "waiting_for_limit"


def _last_pending(scene: Scene) -> str:
    return next(
        row.recipient_id for row in scene.shop.recipients(scene.campaign_id, limit=99) if row.status == "pending"
    )


def test_a_campaigns_own_limits_stand_beside_its_interval(store):
    scene = make_scene(
        store, FakeEmail(), recipients=12, interval=Interval(2), limits=[Limit(3, per=MINUTE), Limit(5, per=HOUR)]
    )
    scene.kit.run()
    begins = list(scene.begins().values())

    assert [begin - FRIDAY for begin in begins[:5]] == [
        timedelta(0),
        2 * SECOND,
        4 * SECOND,
        MINUTE,
        MINUTE + 2 * SECOND,
    ]
    assert (most_in(begins, MINUTE), most_in(begins, HOUR)) == (3, 5)


def test_a_jitter_is_drawn_for_each_message(store):
    draws = iter([0.0, 0.5, 1.0] * 200)
    scene = make_scene(
        store, FakeEmail(), recipients=9, interval=Interval(10, jitter=4), randomness=lambda: next(draws)
    )
    scene.kit.run()
    waits = {(later - earlier).total_seconds() for earlier, later in pairwise(scene.begins().values())}

    assert waits <= {10.0, 12.0, 14.0}
    assert len(waits) > 1


def test_limits_of_the_merchant_hold_for_all_its_senders(store):
    scene = make_scene(store, FakeEmail(), recipients=6, merchant={"limits": [Limit(4, per=HOUR)]})
    scene.shop.add_sender("other", address="Other <other@flora.example>", account="main", limits=[])
    second = scene.another("Second", contacts(6))
    scene.shop.update_campaign(second, sender="other")
    scene.kit.run()

    assert most_in([*scene.begins().values(), *scene.begins(second).values()], HOUR) == 4


def test_c4_a_large_campaign_leaves_a_small_one_its_share(store):
    scene = make_scene(store, FakeEmail(), recipients=60, sender={"limits": [Limit(10, per=MINUTE)]})
    small = scene.another("Small", people(f"small{number}@example.org" for number in range(10)))
    scene.kit.run()

    assert max(scene.begins(small).values()) <= FRIDAY + 2 * MINUTE
    assert most_in([*scene.begins().values(), *scene.begins(small).values()], MINUTE) == 10


def test_c4_transactional_mail_goes_before_marketing(store):
    scene = make_scene(store, FakeEmail(), recipients=60, sender={"limits": [Limit(10, per=MINUTE)]})
    receipts = scene.another("Receipts", people(f"r{number}@example.org" for number in range(10)), kind="transactional")
    scene.kit.run()

    assert set(scene.begins(receipts).values()) == {FRIDAY}
    assert min(scene.begins().values()) == FRIDAY + MINUTE


def test_a_limit_towards_one_provider_lets_the_others_go_on(store):
    people_of_gmail = [f"g{number}@gmail.com" for number in range(12)]
    scene = make_scene(
        store, FakeEmail(), recipients=30, sender={"destination_limits": {"gmail": [Limit(4, per=HOUR)]}}
    )
    mixed = scene.another("Mixed", people([*people_of_gmail, *(f"x{number}@example.org" for number in range(30))]))
    scene.kit.run(until=FRIDAY + MINUTE)
    waiting = scene.of_campaign(mixed, "g11@gmail.com")
    explanation = scene.shop.explain(mixed, "g11@gmail.com")
    scene.kit.run()
    begins = scene.begins(mixed)
    to_gmail = [begin for address, begin in begins.items() if address.endswith("@gmail.com")]

    assert {begin for address, begin in begins.items() if address.endswith(".org")} == {FRIDAY}
    assert most_in(to_gmail, HOUR) == 4
    assert max(to_gmail) == FRIDAY + 2 * HOUR
    assert (waiting.reason, explanation.code) == ("limited", "waiting_for_limit")
    assert explanation.message.startswith("The next message waits: at most 4 messages in any hour. It is tried Friday")


def test_a_limit_that_is_lowered_while_sending_holds_from_the_next_batch(store):
    scene = make_scene(store, FakeEmail(), recipients=40, sender={"limits": [Limit(10, per=MINUTE)]})
    scene.kit.run(until=FRIDAY + MINUTE + SECOND)
    scene.shop.add_sender("main", address="Flora <hello@flora.example>", limits=[Limit(2, per=MINUTE)])
    scene.kit.run()
    begins = list(scene.begins().values())

    assert most_in(begins[20:], MINUTE) == 2
    assert begins[20] == FRIDAY + 2 * MINUTE


def test_whoever_is_left_at_the_deadline_expires(store):
    scene = make_scene(
        store, FakeEmail(), recipients=30, sender={"limits": [Limit(10, per=HOUR)]}, deadline=FRIDAY + 90 * MINUTE
    )
    scene.kit.run()

    assert scene.statuses() == {"expired": 10, "sent": 20}
    assert scene.status == "finished"


def test_what_was_not_submitted_is_given_back_to_the_limit(store):
    fake = FakeEmail()
    scene = make_scene(store, fake, recipients=3, sender={"limits": [Limit(2, per=DAY)]}, stopwatch=_standing_still(2))
    scene.kit.run(until=FRIDAY + 2 * HOUR)

    assert len(fake.sent) == 2
    assert scene.statuses() == {"pending": 1, "sent": 2}


def _standing_still(which: int):
    """Return a stopwatch that jumps far ahead once, between a begin and its dot."""
    calls = iter(range(10_000))

    def read() -> tuple[float, float]:
        count = next(calls)
        return (0.0, 0.0) if count <= which else (1000.0, 1000.0)

    return read


@pytest.mark.parametrize("excess", ["defer", "skip"])
def test_c8_nobody_gets_more_marketing_than_the_merchants_cap(store, excess):
    cap = FrequencyCap(messages=1, days=7, excess=excess)
    scene = make_scene(store, FakeEmail(), recipients=5, merchant={"frequency_cap": cap})
    second = scene.another("Again", contacts(8), starts_at=FRIDAY + DAY)
    receipts = scene.another("Receipts", contacts(8), starts_at=FRIDAY + DAY, kind="transactional")
    scene.kit.run(until=FRIDAY + DAY + HOUR)
    explanation = scene.shop.explain(second, address_of(1))
    counts = {str(status): count for status, count in scene.shop.counts(second).by_status.items()}
    scene.kit.run()
    begins = scene.begins(second)

    assert set(scene.begins(receipts).values()) == {FRIDAY + DAY}
    assert counts == ({"pending": 5, "sent": 3} if excess == "defer" else {"skipped": 5, "sent": 3})
    assert explanation.code == ("waiting_for_frequency_cap" if excess == "defer" else "frequency_cap")
    assert "had 1 marketing message in 7 days already" in explanation.message
    assert begins.get(address_of(1)) == (FRIDAY + 7 * DAY if excess == "defer" else None)


def test_c7_a_provider_that_asks_for_patience_slows_its_own_group_and_fails_nobody(store):
    fake = FakeEmail()
    fake.script("g0@gmail.com", THROTTLED)
    to = [*(f"g{number}@gmail.com" for number in range(40)), *(f"x{number}@example.org" for number in range(40))]
    scene = make_scene(store, fake, recipients=1)
    campaign = scene.another("Mixed", people(to))
    scene.kit.run()
    begins = scene.begins(campaign)
    state = scene.shop.sender("main")

    assert {begin for address, begin in begins.items() if address.endswith(".org")} == {FRIDAY}
    assert FRIDAY + MINUTE <= begins["g0@gmail.com"] < FRIDAY + 5 * MINUTE
    assert {str(one): count for one, count in scene.shop.counts(campaign).by_status.items()} == {"sent": 80}
    assert state.blocked_until is None
    assert state.groups["gmail"].throttle_count == 1


def test_c7_a_learned_rate_is_kept_to_is_visible_and_survives_a_restart(store):
    fake = FakeEmail()
    fake.script(address_of(1), attrs.evolve(THROTTLED, scope=Scope.SENDER))
    seconds = iter(range(0, 1_000_000, 10))  # every reading ten seconds later: few messages an hour are measured
    scene = make_scene(store, fake, recipients=1)
    slow = CampaignKit(
        store=store,
        transports={"main": fake},
        clock=scene.clock,
        randomness=lambda: 0.0,
        stopwatch=lambda: (float(next(seconds)), 0.0),
    )
    slow.run(until=FRIDAY + SECOND)
    learned = scene.shop.sender("main")
    campaign = scene.another("After", people(f"x{number}@example.org" for number in range(20)))
    again = CampaignKit(store=store, transports={"main": fake}, clock=scene.clock, randomness=lambda: 0.0)
    again.run()
    begins = list(scene.begins(campaign).values())

    assert learned.per_hour is not None
    assert learned.blocked_until == FRIDAY + MINUTE
    assert min(later - earlier for earlier, later in pairwise(begins)) >= timedelta(hours=1) / (learned.per_hour * 1.1)
    assert learned.reply == "421 4.7.28 slow down"


def test_f10_a_store_clock_that_goes_back_an_hour_grants_nothing_extra(store):
    scene = make_scene(store, FakeEmail(), recipients=20, sender={"limits": [Limit(5, per=HOUR)]})
    scene.kit.run(until=FRIDAY + MINUTE)
    sent_before = scene.statuses()["sent"]
    back = FrozenClock(FRIDAY - HOUR)
    earlier = CampaignKit(store=store, transports={"main": FakeEmail()}, clock=back, randomness=lambda: 0.0)
    earlier.tick()

    assert sent_before == 5
    assert scene.statuses()["sent"] == 5


def test_limits_are_made_of_rules(store):
    scene = make_scene(store, FakeEmail())
    with pytest.raises(TypeError, match="made of Limit and Interval, not of int"):
        scene.shop.add_sender("two", address="a@flora.example", limits=[5])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="made of Limit; its interval is given as interval"):
        scene.shop.create_campaign(name="x", sender="main", content=ck.EmailContent(subject="s", text="t"), limits=[2])  # type: ignore[list-item]


def test_a_sender_keeps_its_limits_unless_others_are_given(store):
    scene = make_scene(store, FakeEmail(), sender={"limits": [Limit(5, per=HOUR)]})
    kept = scene.shop.add_sender("main", address="New <new@flora.example>")
    none = scene.shop.add_sender("main", address="New <new@flora.example>", limits=[])

    assert kept.limits == (Limit(5, per=HOUR),)
    assert none.limits == ()
    with pytest.raises(ck.SenderNotFound):
        scene.shop.sender("nobody")


def test_c7_a_throttle_that_holds_back_the_rest_of_a_batch_is_no_refusal_of_the_sender(store):
    fake = FakeEmail()
    fake.script(address_of(1), attrs.evolve(THROTTLED, scope=Scope.SENDER))
    rest = attrs.evolve(THROTTLED, verdict=Verdict.NOT_SENT, scope=Scope.SENDER)
    for number in (2, 3):
        fake.script(address_of(number), rest)
    scene = make_scene(store, fake, recipients=3)
    scene.kit.run()

    assert (scene.status, scene.statuses()) == ("finished", {"sent": 3})


def test_a_campaign_whose_start_comes_while_others_use_up_the_limit_has_started_all_the_same(store):
    window = ck.SendWindow(hours={"daily": "10-10:01, 23-23:45"}, zone=ZONE)
    scene = make_scene(store, FakeEmail(), recipients=1, window=window, merchant={"limits": [Limit(1, per=MINUTE)]})
    second = scene.another("Second", people(["x@example.org"]), window=window)
    scene.kit.run()

    assert {str(one): count for one, count in scene.shop.counts(second).by_status.items()} == {"sent": 1}
    assert scene.statuses() == {"sent": 1}
