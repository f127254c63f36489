"""The race for quotas in short, and the judge's own rules; ``python -m tests.storms`` runs it for a minute."""

import shutil
import sqlite3

import pytest

from tests.storms.limits import (
    RUNNERS,
    SECOND,
    Quota,
    Runner,
    judge_race,
    overshoot_count,
    possible_count,
    prepare_race,
    race_for_quotas,
    too_near_count,
)
from tests.storms.places import url_of

SECONDS = 6.0
FIVE_A_SECOND = Quota(count=5, seconds=1)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    database = tmp_path_factory.mktemp("template") / "race.db"
    prepare_race(url_of(database), seconds=SECONDS)
    return database


def test_workers_with_wrong_clocks_overshoot_no_limit(template, tmp_path):
    verdicts = race_for_quotas(tmp_path, seconds=SECONDS, template=template, is_deadly=True)
    print(f"\nrace for quotas: {verdicts}")

    assert verdicts.overshoots == 0
    assert verdicts.kills > 0
    assert verdicts.given_back > 0
    assert [one.name for one in verdicts.standings if not one.begun] == []


@pytest.mark.parametrize(
    ("instants", "count"),
    [
        pytest.param([0, 0, 0, 0, 0, SECOND], 0, id="the window's end is another window's"),
        pytest.param([0, 0, 0, 0, 0, SECOND - 1], 1, id="a microsecond too early"),
        pytest.param([0, 1, 2, 3, 4, SECOND, SECOND + 1, SECOND + 1], 1, id="a window that rolls"),
        pytest.param([0, 0, 0, 0, 0, 0, 0], 2, id="two too many"),
        pytest.param([], 0, id="nothing"),
    ],
)
def test_the_judge_sees_a_window_that_holds_too_much(instants, count):
    assert overshoot_count(instants, FIVE_A_SECOND) == count


def test_the_judge_sees_those_who_are_too_near():
    assert too_near_count([0, SECOND, 2 * SECOND - 1], 1.0) == 1


@pytest.mark.parametrize(
    ("runner", "seconds", "count"),
    [
        pytest.param(Runner(quotas=(FIVE_A_SECOND,)), 1.999999, 10, id="two windows"),
        pytest.param(Runner(quotas=(FIVE_A_SECOND,)), 2, 15, id="the edge begins a third"),
        pytest.param(Runner(quotas=(FIVE_A_SECOND, Quota(count=7, seconds=60))), 59, 7, id="the stricter one"),
        pytest.param(Runner(apart_seconds=0.5), 2, 5, id="apart"),
        pytest.param(Runner(quotas=(FIVE_A_SECOND,), apart_seconds=0.1), 1.45, 10, id="both"),
    ],
)
def test_the_judge_knows_what_was_possible(runner, seconds, count):
    assert possible_count(runner, 0, round(seconds * SECOND)) == count


@pytest.mark.parametrize(("verdict", "crime"), [("accepted", 1), ("", 1), ("not_sent", 0)])
def test_the_judge_convicts_a_limit_that_was_overshot(template, tmp_path, verdict, crime):
    database = tmp_path / "race.db"
    shutil.copy(template, database)
    write_begun(database, "rolls", RUNNERS["rolls"].quotas[0].count + 1, verdict)

    assert judge_race(url_of(database), ends_at=1.0, kills=0).overshoots == crime


def write_begun(database, sender, count, verdict):
    connection = sqlite3.connect(database)
    chosen = (
        "SELECT r.recipient_id FROM campaignkit_recipients r JOIN campaignkit_campaigns c USING (campaign_id) "
        "WHERE json_extract(c.body, '$.sender_id') = ? LIMIT ?"
    )
    ids = [recipient_id for (recipient_id,) in connection.execute(chosen, (sender, count))]
    assert len(ids) == count
    connection.executemany(
        "INSERT INTO campaignkit_attempts (merchant_id, recipient_id, epoch, generation, began_at, verdict, scope, "
        "code, reply, content_digest) VALUES ('flora', ?, 1, 1, 0, ?, '', '', '', '')",
        [(recipient_id, verdict) for recipient_id in ids],
    )
    connection.commit()
    connection.close()
