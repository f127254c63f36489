"""The tasks by themselves, in this process: what they do, carry and refuse. Kombu's memory is the broker."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import pytest
from celery import Celery, signals

import campaignkit as ck
from campaignkit.contrib.celery import DRAIN, SWEEP, CampaignTasks, install
from campaignkit.ports import Transport
from campaignkit.testing import FakeEmail

QUEUES = (f"campaigns-{number}" for number in count())  # kombu's memory is the same for all apps


@attrs.define
class Desk:
    """An app with its tasks, a shop with one campaign that is due, and what was made for them."""

    app: Celery
    queue: str
    database: str
    tasks: CampaignTasks = attrs.field(init=False)
    mail: FakeEmail = attrs.field(factory=FakeEmail)
    kits: list[ck.CampaignKit] = attrs.field(factory=list)
    transport: Transport | None = None  # None: nobody is there

    def make_kit(self) -> ck.CampaignKit:
        self.kits.append(ck.CampaignKit(store=ck.SqlStore(self.database), transports=self._transport_of))
        return self.kits[-1]

    def _transport_of(self, _sender: object) -> Transport:
        if self.transport is None:
            raise ConnectionError("no provider")
        return self.transport

    def schedule(self, people: int, **settings: Any) -> str:
        with ck.CampaignKit(store=ck.SqlStore(self.database)) as kit:
            flora = kit.merchant("flora", zone="Europe/Warsaw", region="PL")
            flora.add_sender("main", address="Flora <hello@flora.example>", limits=settings.pop("sender_limits", []))
            content = ck.EmailContent(subject="Tulips", text="They are in.")
            campaign = flora.create_campaign(name="Spring", sender="main", content=content, **settings)
            flora.add_recipients(campaign.id, (_contact(number) for number in range(people)))
            flora.schedule(campaign.id)
        return campaign.id

    def messages(self) -> list[Any]:
        """Take what waits in the queue."""
        with self.app.connection_for_read() as connection, connection.SimpleQueue(self.queue) as queue:
            return [queue.get(block=False) for _ in range(queue.qsize())]

    def names(self) -> list[str]:
        return [message.headers["task"] for message in self.messages()]


def _contact(number: int) -> ck.Contact | ck.Rejection:
    return ck.parse_contact({"email": f"p{number}@example.com"})


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    apps = []

    def make(**settings: Any) -> Desk:
        queue = next(QUEUES)
        app = Celery("shop", broker="memory://", task_routes={"campaignkit.*": {"queue": queue}})
        desk = Desk(app, queue, f"sqlite:///{tmp_path}/campaigns.db")
        ck.SqlStore(desk.database).upgrade()
        desk.transport = desk.mail
        desk.tasks = install(desk.app, desk.make_kit, **settings)
        apps.append(desk.app)
        return desk

    yield make
    for app in apps:
        signals.worker_shutdown.send(sender=None)
        app.close()


def test_a_sweep_sends_for_drains_only_while_something_is_due(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(drain_count=3)

    assert (desk.tasks.sweep(), desk.names()) == ({"drains": 0}, [])
    desk.schedule(2)
    assert (desk.tasks.sweep(), desk.names()) == ({"drains": 3}, [DRAIN] * 3)
    assert desk.mail.sent == []
    assert desk.tasks.drain() == {"sent": 2, "is_more": False}
    assert (desk.tasks.sweep(), desk.names()) == ({"drains": 0}, [])


def test_a_sweep_sends_for_one_drain_where_campaigns_only_wait(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk.schedule(2, sender_limits=[ck.Limit(1, per=timedelta(days=1))])

    assert desk.tasks.drain() == {"sent": 1, "is_more": False}
    assert (desk.tasks.sweep(), desk.names()) == ({"drains": 1}, [DRAIN])


def test_a_drain_that_leaves_work_sends_for_one_successor(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(messages_max=2)
    desk.schedule(3)

    assert (desk.tasks.drain(), desk.names()) == ({"sent": 2, "is_more": True}, [DRAIN])
    assert (desk.tasks.drain(), desk.names()) == ({"sent": 1, "is_more": False}, [])
    assert (desk.tasks.drain(), desk.names()) == ({"sent": 0, "is_more": False}, [])


def test_tasks_carry_nothing_and_name_no_moment_to_begin(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk.tasks.drain.delay()
    desk.tasks.sweep.delay()

    for message in desk.messages():
        positional, named, _ = message.decode()
        assert (positional, named) == ([], {})
        assert (message.content_type, message.headers["eta"]) == ("application/json", None)
        assert message.headers["expires"] is not None
        assert message.headers["ignore_result"] is True
        # Longer than what a mail server may take for its last reply.
        assert min(message.headers["timelimit"]) > 2 * timedelta(minutes=11.5).total_seconds()


def test_under_a_limit_of_a_few_a_second_a_drain_keeps_the_pace(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(round_seconds=10, sweep_seconds=30)
    desk.schedule(8, sender_limits=[ck.Limit(4, per=timedelta(seconds=0.5))])

    assert desk.tasks.drain() == {"sent": 8, "is_more": False}


def test_what_is_due_after_the_next_sweep_is_left_to_it(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(round_seconds=60, sweep_seconds=30)
    desk.schedule(2, interval=ck.Interval(seconds=3600))

    assert (desk.tasks.drain(), desk.names()) == ({"sent": 1, "is_more": False}, [])


def test_the_sweep_stands_on_beats_schedule(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(sweep_seconds=7)

    entry = desk.app.conf.beat_schedule[SWEEP]
    assert (entry["task"], entry["schedule"], entry["options"]) == (SWEEP, 7, {"expires": 60})


def test_one_kit_serves_all_drains_and_is_closed_with_the_process(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk.tasks.drain()
    desk.tasks.sweep()
    desk.tasks.drain()

    (kit,) = desk.kits
    signals.worker_process_shutdown.send(sender=None, pid=1, exitcode=0)
    with pytest.raises(RuntimeError, match="this kit is closed"):
        kit.tick()


def test_drains_that_run_at_once_share_no_kit(make_desk: Callable[..., Desk]) -> None:
    desk, inner = make_desk(), list[object]()
    desk.transport = ck.FunctionTransport("email", lambda _message: inner.append(desk.tasks.drain()))
    desk.schedule(1)

    assert desk.tasks.drain() == {"sent": 1, "is_more": False}
    assert inner == [{"sent": 0, "is_more": False}]
    assert len(desk.kits) == 2


def test_a_kit_that_raised_is_not_used_again(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk.schedule(1)
    desk.transport = None
    with pytest.raises(ConnectionError):
        desk.tasks.drain()
    desk.transport = desk.mail

    assert desk.tasks.drain() == {"sent": 1, "is_more": False}
    with pytest.raises(RuntimeError, match="this kit is closed"):
        desk.kits[0].tick()


def test_a_stopped_worker_begins_nothing(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk.schedule(1)
    signals.worker_init.send(sender=_Worker(desk.app))
    signals.worker_shutting_down.send(sender="worker@shop", sig="SIGTERM", how="Warm", exitcode=0)

    assert (desk.tasks.drain(), desk.names(), desk.mail.sent) == ({"sent": 0, "is_more": True}, [], [])
    signals.worker_init.send(sender=_Worker(desk.app))
    assert desk.tasks.drain() == {"sent": 1, "is_more": False}


@attrs.frozen
class _Worker:
    """As much of a worker as ``worker_init`` is looked at for."""

    app: Celery


def test_tasks_are_installed_once_and_with_one_app_only(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    other = Celery("other", broker="memory://")

    with pytest.raises(ValueError, match="are installed on this app already"):
        install(desk.app, desk.kits.pop)
    assert DRAIN in desk.app.tasks
    assert DRAIN not in other.tasks


@pytest.mark.parametrize("name", ["round_seconds", "messages_max", "sweep_seconds", "drain_count"])
def test_a_bound_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        install(Celery("shop"), ck.CampaignKit, **{name: 0})  # type: ignore[arg-type]


def test_what_makes_no_kit_is_named() -> None:
    app = Celery("shop", broker="memory://")
    tasks = install(app, lambda: None)  # type: ignore[arg-type,return-value]

    with pytest.raises(TypeError, match="make_kit returned NoneType, not a CampaignKit"):
        tasks.drain()


def test_without_celery_the_extra_is_named() -> None:
    code = "import sys; sys.modules['celery'] = None\nimport campaignkit.contrib.celery"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "celery is not installed: pip install 'campaignkit[celery]'" in done.stderr
