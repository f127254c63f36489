"""A worker's clock that jumps amid a round: what the store said, and how long ago, is what the engine goes by."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import attrs
import pytest

from campaignkit.clocks import FrozenClock
from campaignkit.dispatch.store_time import StoreTime
from campaignkit.kit import CampaignKit, Merchant
from campaignkit.stores import MemoryStore
from campaignkit.testing import FakeEmail, FaultyStore
from campaignkit.timing.windows import SendWindow
from tests.dispatch.scenes import CONTENT, FRIDAY, ZONE, contacts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OFFICE = SendWindow(days="daily", opens=time(9), closes=time(17), zone=ZONE)
BEFORE_CLOSING = FRIDAY.replace(hour=15, minute=58)  # 16:58 in Warsaw


Move = Callable[[FrozenClock, FrozenClock], None]  # of the true time, or of the worker's clock


def nothing(_: FrozenClock, __: FrozenClock) -> None:
    """Only wait for the point."""


@attrs.define
class Script:
    """Moves clocks at points of the store, one after the other."""

    steps: list[tuple[str, Move]]
    true: FrozenClock
    wrong: FrozenClock

    def __call__(self, name: str, /) -> None:
        if self.steps and self.steps[0][0] == name:
            self.steps.pop(0)[1](self.true, self.wrong)


def played(starts_at: datetime, *steps: tuple[str, Move], deadline: datetime | None = None, **settings: Any):
    """Return the provider and the merchant after one tick of a worker whose clock, or whose day, *steps* move."""
    true, wrong, fake = FrozenClock(starts_at), FrozenClock(starts_at), FakeEmail()
    store, script = MemoryStore(true), Script(list(steps), true, wrong)
    shop = scheduled(CampaignKit(store=store, clock=wrong), starts_at, deadline, **settings)
    worker = CampaignKit(
        store=FaultyStore(store, script),
        transports={"main": fake},
        clock=wrong,
        stopwatch=lambda: ((true.now() - starts_at).total_seconds(), 0.0),
    )
    worker.tick()
    assert not script.steps
    return fake, shop


def scheduled(kit: CampaignKit, starts_at: datetime, deadline: datetime | None, **settings: Any) -> Merchant:
    shop = kit.merchant("flora", zone=ZONE, region="PL")
    shop.add_sender("main", address="Flora <hello@flora.example>")
    campaign = shop.create_campaign(name="Spring", sender="main", content=CONTENT, **settings)
    shop.add_recipients(campaign.id, contacts(3))
    shop.schedule(campaign.id, start_at=starts_at, deadline=deadline)
    return shop


@pytest.mark.parametrize("jump", [DAY, HOUR * 18], ids=str)
def test_a_clock_that_jumps_before_a_message_is_prepared_opens_no_window(jump):
    fake, _ = played(
        BEFORE_CLOSING,
        ("due.after", nothing),  # it starts
        ("due.after", nothing),
        ("load.after", lambda _, wrong: wrong.advance(jump)),
        ("begin.before", lambda true, _: true.advance(HOUR / 12)),  # five minutes later it is closed
        window=OFFICE,
    )

    assert fake.sent == []


def test_a_clock_that_jumps_past_a_deadline_expires_nobody():
    fake, shop = played(FRIDAY, ("load.after", lambda _, wrong: wrong.advance(2 * DAY)), deadline=FRIDAY + DAY)
    (campaign,) = shop.campaigns()

    assert len(fake.sent) == 3
    assert shop.counts(campaign.id).by_status == {"sent": 3}


def test_the_time_of_the_store_goes_on_by_the_monotonic_clock_when_the_other_jumps():
    clock, seconds = FrozenClock(FRIDAY), [0.0]
    shown = StoreTime(clock, lambda: seconds[0])
    shown.learn(FRIDAY + HOUR)
    at_first = shown.now()
    clock.advance(DAY)
    seconds[0] = 90.0
    after_a_jump = shown.now()
    shown.learn(None)

    assert at_first == FRIDAY + HOUR
    assert after_a_jump == FRIDAY + HOUR + timedelta(seconds=90)
    assert shown.now() == FRIDAY + DAY
