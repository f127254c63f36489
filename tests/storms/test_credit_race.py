"""The race for the last credits in short, and its judge; ``python -m tests.storms.credit`` runs 1,000 rounds."""

import sqlite3

import pytest

from tests.storms.credit import CREDITS, judge_credit, race_for_credit
from tests.storms.places import url_of

ROUNDS = 12
WORKERS = 16


@pytest.fixture(scope="module")
def raced(tmp_path_factory):
    folder = tmp_path_factory.mktemp("race")
    return folder / "credit.db", race_for_credit(url_of(folder / "credit.db"), rounds=ROUNDS, workers=WORKERS)


def test_sixteen_processes_at_the_last_credits_oversell_nothing(raced):
    _, verdicts = raced
    print(f"\nrace for credit: {verdicts}")

    assert (verdicts.rounds, verdicts.oversold, verdicts.unsold, verdicts.unequal) == (ROUNDS, 0, 0, 0)
    assert verdicts.begun + verdicts.refused == ROUNDS * WORKERS
    assert verdicts.begun >= ROUNDS / 2 * CREDITS
    assert verdicts.ended > 0


@pytest.mark.parametrize(
    ("crime", "name"),
    [
        pytest.param("UPDATE campaignkit_attempts SET credit_shares = '1:9'", "oversold", id="sold twice"),
        pytest.param("DELETE FROM campaignkit_attempts", "unsold", id="left over"),
        pytest.param("UPDATE campaignkit_attempts SET credit_shares = '2:1'", "unequal", id="another lot"),
    ],
)
def test_the_judge_sees_what_is_wrong(raced, tmp_path, crime, name):
    source, verdicts = raced
    target = tmp_path / "credit.db"
    with sqlite3.connect(source) as before, sqlite3.connect(target) as after:
        before.backup(after)
        after.execute(crime)
    before.close()
    after.close()

    assert getattr(judge_credit(url_of(target)), name) > getattr(verdicts, name) == 0
