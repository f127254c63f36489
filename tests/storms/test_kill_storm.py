"""Killed and still right: real worker processes, SIGKILL, and a file that plays the provider and is the judge.

Short form; run with ``-s`` to see where they died and what was left.
"""

import sqlite3
from functools import partial
from pathlib import Path

import pytest

from campaignkit.ports import Store
from campaignkit.testing.faults import FaultyStore
from tests.storms.ground import judge, prepare
from tests.storms.places import Place
from tests.storms.storm import Field, Report, kill_everywhere, storm_for

pytestmark = pytest.mark.timeout(900)  # of a busy machine; an idle one needs less than a minute for all of it

RECIPIENTS = 40
MUST_BE_HIT = {"claimed", "sending"}
# A point of each kind; a missing one means that a fault has lost its place.
POINTS = {
    "reap.before",
    "due.before",
    "load.before",
    "claim.before",
    "claim.statement.before",
    "claim.commit.before",
    "claim.commit.after",
    "claim.after",
    "send.before",
    "clear.before",
    "begin.before",
    "begin.statement.before",
    "begin.commit.before",
    "begin.commit.after",
    "begin.after",
    "clear.after",
    "crossing.before",
    "crossing.after",
    "outcome.before",
    "settle.before",
    "settle.statement.before",
    "settle.commit.before",
    "settle.commit.after",
    "settle.after",
    "send.after",
    "save.commit.after",
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("template") / "campaign.db"
    prepare(database, RECIPIENTS)
    return database


def assert_right(report: Report) -> None:
    assert report.complaints == []
    assert [judgement for judgement in report.judgements if not judgement.is_clean] == []


def test_a_worker_killed_at_any_point_loses_and_doubles_nothing(template, tmp_path):
    report, passings = kill_everywhere(template, tmp_path, passings_max=3)
    print(f"\nkilled at every point: {report}")

    assert_right(report)
    assert passings.keys() >= POINTS
    assert report.kills.keys() == passings.keys()
    assert report.kill_count >= 100
    assert report.left.keys() >= MUST_BE_HIT


def test_workers_killed_at_random_lose_and_double_nothing(template, tmp_path):
    report = storm_for(template, tmp_path, kills=40, workers=2, probability=0.01, seed=20260306)
    print(f"\nkilled at random, two at a time: {report}")

    assert_right(report)
    assert report.left.keys() >= MUST_BE_HIT


def test_the_judge_convicts_a_worker_that_claims_sends_and_marks(template, tmp_path):
    planted = partial(Field.lay, is_planted=True)
    report = storm_for(template, tmp_path, kills=10, workers=1, probability=0.1, seed=7, lay=planted)
    print(f"\nclaim, send, mark sent: {report}")

    assert report.count("duplicated") > 0


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        pytest.param([], "lost", id="sent but never accepted"),
        pytest.param(["c1@example.com", "c1@example.com"], "duplicated", id="accepted twice"),
        pytest.param(["c1@example.com", "c2@example.com"], "unexpected", id="accepted but pending"),
        pytest.param(["c1@example.com", "nobody@example.com"], "unexpected", id="accepted but unknown"),
        pytest.param(["c1@example.com"], "unfinished", id="pending at the end"),
    ],
)
def test_the_judge_knows_every_crime(template, tmp_path, lines, word):
    field = Field.lay(template, tmp_path / "field")
    field.accepted.write_text("".join(f"{line}\n" for line in lines))
    mark_sent(field.database, "c1@example.com")

    assert getattr(judge(field.database, field.accepted), word)


def mark_sent(database: Place, address: str) -> None:
    connection = sqlite3.connect(database)
    connection.execute("UPDATE campaignkit_recipients SET status = 'sent' WHERE address = ?", (address,))
    connection.commit()
    connection.close()


def test_a_store_with_faults_has_every_verb_of_a_store():
    verbs = {name for base in Store.__mro__ for name in vars(base) if not name.startswith("_")}

    assert verbs <= set(dir(FaultyStore))
