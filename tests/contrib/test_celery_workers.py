"""Real Celery workers over a real Redis: tasks that run often, never, or die, and the provider's file as the judge."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contrib.celery_station import MERCHANTS, WAVE, Station, station
from tests.services.redis import Redis, missing

SENDERS_MAX = 2  # drains that a killed worker may have been at


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    if missing():
        pytest.skip(f"NO REDIS, so nothing was proved with real Celery workers: {missing()}")
    with Redis() as redis:
        yield redis.url


@pytest.fixture
def url(broker: str, request: pytest.FixtureRequest) -> str:
    """One of the server's 16 databases for each test, so that none finds tasks of another."""
    return f"{broker}?virtual_host={request.session.items.index(request.node) % 16}"


def assert_all_sent(shops: Station, people: int) -> None:
    judgement = shops.judge()
    assert judgement.is_clean
    assert dict(judgement.statuses) == {"sent": people * len(MERCHANTS)}


def test_two_workers_and_a_sweep_serve_three_merchants_though_drains_were_sent_twenty_times(
    url: str, tmp_path: Path
) -> None:
    with station(tmp_path, url, people=120) as shops:
        shops.send_drains(20)
        shops.start_worker("threads", has_beat=True)
        shops.start_worker("solo", concurrency=1)
        shops.wait_for_end()

        assert_all_sent(shops, 120)
        assert "Traceback" not in shops.said()


@pytest.mark.parametrize(
    ("is_whole", "is_acked_late"),
    [
        pytest.param(False, False, id="a process of its pool"),  # its task is gone, and only a sweep knows of the work
        pytest.param(True, True, id="all of it"),  # its tasks come again beside those of the sweep
    ],
)
def test_a_worker_killed_amid_a_drain_loses_and_doubles_nothing(
    is_whole: bool, is_acked_late: bool, url: str, tmp_path: Path
) -> None:
    with station(tmp_path, url, people=60, is_acked_late=is_acked_late, pause_seconds=0.01, lease_seconds=2) as shops:
        victim = shops.start_worker("prefork", has_beat=True)
        shops.wait_for(20)
        if is_whole:
            os.killpg(victim.pid, signal.SIGKILL)
            shops.start_worker("prefork", has_beat=True)
        else:
            os.kill(shops.sender_pid, signal.SIGKILL)
        shops.wait_for_end()

        judgement = shops.judge()
        assert (judgement.lost, judgement.duplicated, judgement.unexpected) == ((), (), ())
        assert judgement.in_doubt_count <= WAVE * (SENDERS_MAX if is_whole else 1)
        assert judgement.statuses.total() == judgement.statuses["sent"] + judgement.in_doubt_count


@pytest.mark.parametrize("pool", ["prefork", "solo"])
def test_a_worker_that_is_told_to_stop_leaves_everything_settled(pool: str, url: str, tmp_path: Path) -> None:
    with station(tmp_path, url, people=100, pause_seconds=0.05) as shops:
        shops.send_drains(1)
        worker = shops.start_worker(pool, concurrency=1)
        shops.wait_for(6)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0

        judgement = shops.judge()
        assert set(judgement.statuses) == {"sent", "pending"}  # no CLAIMED, no SENDING, none in doubt
        assert judgement.statuses["sent"] == shops.accepted_count < 50  # not even the batch of a hundred is finished
        assert (tmp_path / "closed").read_text().split() == [str(shops.sender_pid)]
