"""Killed on PostgreSQL, in short: nobody lost, nobody sent twice, whatever clocks workers have.

``make storm`` kills there by the thousand.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from tests.services.postgres import missing, postgres
from tests.storms.clocks import StormClock, sun_at
from tests.storms.gale import gale_once
from tests.storms.ground import STARTS_AT, judge, prepare, read_statuses
from tests.storms.places import connect, new_place, read_at_once, remove, set_sun
from tests.storms.storm import Field, Report, kill_once, warm
from tests.storms.zygote import Zygote

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.timeout(300),  # of a busy machine
]

RECIPIENTS = 24
# Where what is committed and what has crossed may differ: at the others ``make storm`` kills too.
POINTS = [
    ("claim.commit.before", 1),
    ("begin.commit.before", 1),
    ("begin.commit.after", 1),
    ("crossing.after", 3),
    ("settle.commit.before", 1),
]


@pytest.fixture(scope="module")
def template() -> Iterator[str]:
    url = new_place(postgres())
    prepare(url, RECIPIENTS)
    yield url
    remove(url)


@pytest.fixture(scope="module")
def zygote(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with Zygote() as one:
        warm(one, template, tmp_path_factory.mktemp("warm") / "field", Field.lay)
        yield one


@pytest.fixture
def field(template: str, tmp_path: Path) -> Iterator[Field]:
    one = Field.lay(template, tmp_path / "field")
    yield one
    one.clear()


def assert_right(report: Report) -> None:
    assert report.complaints == []
    assert [judgement for judgement in report.judgements if not judgement.is_clean] == []


def test_a_worker_killed_around_its_commits_loses_and_doubles_nothing(zygote, template, tmp_path):
    report = sum((kill_once(zygote, template, tmp_path / name, name, k) for name, k in POINTS), Report())
    print(f"\nkilled on PostgreSQL: {report}")

    assert_right(report)
    assert report.kills.keys() == dict(POINTS).keys()
    assert report.statuses()["in_doubt"] > 0
    assert report.recovered_count > 0


def test_workers_with_clocks_wrong_by_a_day_lose_and_double_nothing(zygote, template, tmp_path):
    report = gale_once(zygote, template, tmp_path / "gale", workers=2, seed=20261122)
    print(f"\nkilled at random on PostgreSQL: {report}")

    assert_right(report)
    assert report.kill_count > 0


def test_the_judge_of_a_server_convicts_too(field):
    field.accepted.write_text("c1@example.com\nc2@example.com\nc2@example.com\n")
    with connect(field.database) as server:
        server.execute("UPDATE campaignkit_recipients SET status = 'sent' WHERE address = 'c3@example.com'")
    judgement = judge(field.database, field.accepted)

    assert judgement.lost == ("c3@example.com",)
    assert judgement.duplicated == ("c2@example.com",)
    assert judgement.unexpected == ("c1@example.com", "c2@example.com")
    assert len(judgement.unfinished) == RECIPIENTS - 1


def test_a_judge_reads_one_moment_of_a_server(field):
    count = "SELECT count(*) FROM campaignkit_recipients"
    with connect(field.database) as other, ThreadPoolExecutor() as pool:
        other.execute("SELECT pg_advisory_lock(1)")
        reading = pool.submit(read_at_once, field.database, [count, "SELECT pg_advisory_xact_lock_shared(1)", count])
        while other.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone() is None:
            time.sleep(0.01)
        other.execute("DELETE FROM campaignkit_recipients")
        other.execute("SELECT pg_advisory_unlock(1)")
        before, _, after = reading.result(20)

    assert before == after == [(RECIPIENTS,)]
    assert read_statuses(field.database) == {}


def test_who_waits_in_vain_moves_the_servers_sun_and_nobody_elses(field):
    set_sun(field.database, STARTS_AT)
    clock = StormClock(sun_at(field.database), began_at=time.time(), patience=1)
    clock.sleep_until(STARTS_AT + timedelta(hours=4))
    with connect(field.database) as server:
        ((server_now,),) = server.execute("SELECT clock_timestamp()").fetchall()

    assert timedelta(hours=4) <= server_now - STARTS_AT < timedelta(hours=4, minutes=1)
    assert clock.now() - STARTS_AT < timedelta(minutes=1)
