"""The whole kit and its windows, in virtual time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaignkit.audience.contacts import parse_contact
from campaignkit.clocks import FrozenClock
from campaignkit.kit import CampaignKit
from campaignkit.message.content import SmsContent
from campaignkit.stores import MemoryStore
from campaignkit.stores.sql import SqlStore
from campaignkit.testing import FakeEmail, FakeSms
from campaignkit.timing.limits import Interval
from campaignkit.timing.windows import SendWindow
from campaignkit.transports.function import FunctionTransport
from tests.dispatch.scenes import FRIDAY, ZONE, Notebook, address_of, make_scene

OFFICE = SendWindow(days="mon-fri", opens=time(9), closes=time(21), zone=ZONE)
ANYWHERE = SendWindow(days="mon-fri", opens=time(9), closes=time(21))
ALMOST_CLOSED = datetime(2026, 3, 6, 19, 59, 45, tzinfo=UTC)  # 20:59:45 in Warsaw
MONDAY_OPENS = datetime(2026, 3, 9, 9, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


@pytest.mark.parametrize("window", [OFFICE, ANYWHERE], ids=["fixed zone", "recipient's zone"])
def test_nothing_is_sent_outside_the_window(store, window):
    begins: list[datetime] = []
    scene = make_scene(
        store,
        FunctionTransport("email", Notebook(on_accept=lambda _: begins.append(scene.clock.now()))),
        recipients=60,
        window=window,
        interval=Interval(seconds=1500),
    )
    scene.kit.run()

    assert len(begins) == 60
    assert [begin for begin in begins if not window.is_open(begin, [ZONE])] == []
    # Friday's last hours, and the rest from Monday's opening on, as densely as the interval allows.
    friday = [begin for begin in begins if begin.date() == FRIDAY.date()]
    assert len(friday) == 27
    assert begins[27] == MONDAY_OPENS
    assert scene.statuses() == {"sent": 60}


@pytest.mark.parametrize("window", [OFFICE, ANYWHERE], ids=["fixed zone", "recipient's zone"])
def test_a_campaign_rests_over_the_weekend_as_scheduled(store, window):
    scene = make_scene(store, FakeEmail(), recipients=30, window=window, interval=Interval(seconds=3600))
    scene.kit.run(until=FRIDAY + timedelta(hours=12))
    at_rest = scene.status, scene.campaign.waiting_for, scene.campaign.next_at
    scene.kit.run(until=MONDAY_OPENS + timedelta(minutes=1))
    on_monday = scene.status
    scene.kit.run()
    moves = [what for what in scene.timeline() if what in {"sending", "waiting", "finished"}]

    assert at_rest == ("scheduled", "window", MONDAY_OPENS)
    assert on_monday == "sending"
    assert moves == ["sending", "waiting", "sending", "waiting", "sending", "finished"]
    assert scene.statuses() == {"sent": 30}


def test_three_weeks_of_windows_pass_at_once():
    scene = make_scene(
        MemoryStore(),
        FakeEmail(),
        recipients=290,
        window=SendWindow(days="mon-fri", opens=time(9), closes=time(17), zone=ZONE),
        interval=Interval(seconds=1500),
    )
    scene.kit.run()

    assert (scene.status, scene.statuses()) == ("finished", {"sent": 290})
    assert timedelta(days=18) < scene.clock.now() - FRIDAY < timedelta(days=24)


def test_the_last_messages_before_closing_wait_when_they_could_cross_too_late(store):
    fake = FakeEmail()
    scene = make_scene(
        store, fake, recipients=3, window=ANYWHERE, starts_at=datetime(2026, 3, 6, 19, 59, 45, tzinfo=UTC)
    )
    scene.kit.run(until=datetime(2026, 3, 6, 20, 30, tzinfo=UTC))

    assert fake.waves == []
    assert scene.statuses() == {"pending": 3}
    assert {row.not_before for row in scene.shop.recipients(scene.campaign_id)} == {MONDAY_OPENS}


def test_a_window_that_closes_for_good_expires_nobody_silently(store):
    """A window with a holiday on every later day: the campaign stops and says so."""
    days = tuple(date(2026, 3, 7) + timedelta(days=number) for number in range(500))
    window = SendWindow(opens=time(9), closes=time(21), holidays=days, zone=ZONE)
    scene = make_scene(store, FakeEmail(), recipients=30, window=window, interval=Interval(seconds=3600))
    scene.kit.run()

    assert (scene.status, scene.campaign.failure_code) == ("failed", "no_window")
    assert scene.statuses() == {"sent": 11, "pending": 19}


@pytest.mark.parametrize("starts_at", [FRIDAY, ALMOST_CLOSED], ids=["open", "closing"])
def test_a_recipient_whose_own_window_never_opens_again_blocks_nobody(store, starts_at):
    days = tuple(date(2026, 3, 7) + timedelta(days=number) for number in range(500))
    window = SendWindow(opens=time(9), closes=time(21), holidays=days)
    scene = make_scene(
        store, FakeEmail(), recipients=12, window=window, interval=Interval(seconds=3600), starts_at=starts_at
    )
    scene.kit.run()

    assert scene.status == "finished"
    assert scene.statuses().keys() <= {"sent", "failed"}
    assert scene.of(address_of(12)).reason == "no_window"


def test_a_phone_in_zones_without_a_common_hour_fails_with_a_reason_and_blocks_nobody(store):
    fake, clock = FakeSms(), FrozenClock(FRIDAY)
    with CampaignKit(store=store, transports={"main": fake}, clock=clock) as kit:
        shop = kit.merchant("koala", zone="Australia/Sydney", region="AU", text_regions=["AU", "PL"])
        shop.add_sender("main", address="Koala", channel="sms")
        campaign = shop.create_campaign(
            name="S",
            channel="sms",
            sender="main",
            content=SmsContent(text="Hi"),
            window=SendWindow(opens=time(9), closes=time(11)),
            kind="transactional",
        )
        rows = [{"phone": "+61412345678"}, {"phone": "+48512345678"}]
        shop.add_recipients(campaign.id, [parse_contact(row, region="AU", row_number=n) for n, row in enumerate(rows)])
        shop.schedule(campaign.id)
        kit.run()
        by_key = {row.address: row for row in shop.recipients(campaign.id)}

        assert shop.campaign(campaign.id).status == "finished"
        assert by_key["+48512345678"].status == "sent"
        assert (by_key["+61412345678"].status, by_key["+61412345678"].reason) == ("failed", "no_window")


@pytest.mark.parametrize("hours", [-26, -1, 1, 26])
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_f10_a_worker_whose_clock_is_wrong_goes_by_the_stores(tmp_path, kind, hours):
    true_clock, wrong = FrozenClock(FRIDAY), FrozenClock(FRIDAY + timedelta(hours=hours))
    true: MemoryStore | SqlStore = MemoryStore(clock=true_clock)
    if kind == "sqlite":
        true = SqlStore(f"sqlite:///{tmp_path}/campaigns.db", clock=true_clock)
        true.upgrade()
    fake = FakeEmail()
    scene = make_scene(true, fake, recipients=3, window=OFFICE, deadline=FRIDAY + timedelta(hours=12))
    worker = CampaignKit(store=true, transports={"main": fake}, clock=wrong, randomness=lambda: 0.0)
    done = worker.tick()

    assert (done.sent, scene.status) == (3, "finished")
    assert scene.campaign.finished_at == FRIDAY


def test_a_worker_whose_clock_is_ahead_sleeps_as_long_as_the_store_needs(tmp_path):
    true_clock, wrong = FrozenClock(FRIDAY), FrozenClock(FRIDAY + timedelta(hours=5))
    store = MemoryStore(clock=true_clock)
    make_scene(store, FakeEmail(), recipients=3, starts_at=FRIDAY + timedelta(hours=1))
    worker = CampaignKit(store=store, transports={"main": FakeEmail()}, clock=wrong, randomness=lambda: 0.0)
    worker.tick()

    assert worker.tick().next_at == FRIDAY + timedelta(hours=6)  # an hour from now, by its own clock


def test_a_round_serves_somebody_whatever_its_time():
    fake = FakeEmail()
    scene = make_scene(MemoryStore(), fake, recipients=3)

    assert scene.kit.tick(max_seconds=0).sent == 0  # it starts the campaign
    assert scene.kit.tick(max_seconds=0).sent == 3
