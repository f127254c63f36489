"""Clocks that jump and zones that change while a campaign waits: F10, F11, and a start that was missed (78)."""

import importlib.resources
import os
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta

import pytest

import campaignkit as ck
from campaignkit.ports import RecipientQuery
from campaignkit.stores.sql import SqlStore
from campaignkit.testing import FakeEmail
from tests.dispatch.scenes import CONTENT, FRIDAY, ZONE, address_in, addresses, contacts, make_scene

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OFFICE = ck.SendWindow(days="mon-fri", opens=time(9), closes=time(17), zone=ZONE)
# What another process does with the same database: it goes on from Friday evening to the end, in virtual time.
GO_ON = """
import sys
from datetime import datetime
import campaignkit as ck
from campaignkit.testing import FakeEmail

kit = ck.CampaignKit(
    store=ck.SqlStore(sys.argv[1]),
    transports={"main": FakeEmail()},
    clock=ck.FrozenClock(datetime.fromisoformat("2026-03-06T20:00:00+00:00")),
)
print(kit.run().sent)
"""


def begins_of(store, campaign_id: str) -> list[datetime]:
    rows = store.list_recipients("flora", campaign_id, RecipientQuery(limit=1000))
    trails = (store.trail("flora", row.recipient_id) for row in rows)
    return sorted(at for trail in trails for attempt in trail.attempts if (at := attempt.began_at) is not None)


@pytest.mark.parametrize(
    ("instead", "opens_at"),
    [
        pytest.param("London", datetime(2026, 3, 9, 9, tzinfo=UTC), id="clocks are set back: it opens later"),
        pytest.param("Helsinki", datetime(2026, 3, 9, 8, tzinfo=UTC), id="clocks are set forward: it opened already"),
    ],
)
def test_f11_whoever_waits_for_an_opening_keeps_to_the_hours_of_new_zone_data(tmp_path, instead, opens_at):
    store = SqlStore(f"sqlite:///{tmp_path / 'campaigns.db'}")
    store.upgrade()
    scene = make_scene(store, FakeEmail(), recipients=30, window=OFFICE, interval=ck.Interval(1800))
    scene.kit.run(until=FRIDAY + 10 * HOUR)
    before = begins_of(store, scene.campaign_id)
    waits_until = scene.campaign.next_at

    sent = go_on_with(tmp_path, instead)
    after = begins_of(store, scene.campaign_id)[len(before) :]

    assert waits_until == datetime(2026, 3, 9, 8, tzinfo=UTC)  # nine o'clock as Warsaw had it
    assert len(before) + sent == 30
    assert scene.statuses() == {"sent": 30}
    assert after[0] == opens_at


def go_on_with(folder, instead: str) -> int:
    """Run a worker for whom Warsaw has the clocks of another city; return how many it sent."""
    zones = folder / "zoneinfo" / "Europe"
    zones.mkdir(parents=True)
    source = importlib.resources.files("tzdata").joinpath("zoneinfo", "Europe", instead)
    (zones / "Warsaw").write_bytes(source.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", GO_ON, f"sqlite:///{folder / 'campaigns.db'}"],
        env={**os.environ, "PYTHONTZPATH": str(zones.parent)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return int(done.stdout)


@pytest.mark.parametrize("jump", [-HOUR, -DAY, DAY], ids=["back an hour", "back a day", "forward a day"])
def test_f10_a_clock_that_jumps_loses_and_doubles_nobody(tmp_path, jump):
    store = SqlStore(f"sqlite:///{tmp_path / 'campaigns.db'}")
    store.upgrade()
    fake = FakeEmail()
    limit = ck.Limit(4, per=HOUR)
    scene = make_scene(store, fake, recipients=20, window=OFFICE, sender={"limits": [limit]})
    scene.kit.run(until=FRIDAY + HOUR / 2)
    for at in (FRIDAY + HOUR / 2 + jump, FRIDAY + HOUR, FRIDAY + 2 * DAY):  # jumps, and comes right again
        clock = ck.FrozenClock(at)
        ck.CampaignKit(store=store, transports={"main": fake}, clock=clock).run(until=at + HOUR)
    ck.CampaignKit(store=store, transports={"main": fake}, clock=ck.FrozenClock(FRIDAY + 3 * DAY)).run()

    assert sorted(map(address_in, fake.sent)) == sorted(addresses(20))
    assert scene.statuses() == {"sent": 20}
    assert all(OFFICE.is_open(begin, [ZONE]) for begin in begins_of(store, scene.campaign_id))


def test_78_a_start_long_past_asks_for_confirmation(tmp_path):
    scene = make_scene(ck.MemoryStore(), FakeEmail(), recipients=1)
    draft = scene.shop.create_campaign(name="Late", sender="main", content=CONTENT)
    scene.shop.add_recipients(draft.id, contacts(3))
    with pytest.raises(ck.StartInPast):
        scene.shop.schedule(draft.id, start_at=FRIDAY - HOUR - timedelta(seconds=1))
    scene.shop.schedule(draft.id, start_at=FRIDAY - HOUR - timedelta(seconds=1), confirm_past=True)
    scene.kit.run()

    assert scene.shop.counts(draft.id).by_status == {"sent": 3}


def test_78_a_start_that_no_worker_saw_in_time_waits_for_a_person():
    scene = make_scene(ck.MemoryStore(), FakeEmail(), recipients=3)
    scene.clock.advance(HOUR + timedelta(seconds=1))
    scene.kit.run()
    asked = scene.status, scene.campaign.waiting_for
    scene.shop.resume(scene.campaign_id)
    scene.kit.run()

    assert asked == ("paused", "confirmation")
    assert scene.statuses() == {"sent": 3}
