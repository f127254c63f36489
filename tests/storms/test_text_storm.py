"""Killed with texts and credit on, in short: nobody lost, nobody sent twice, and a ledger that is exact.

``make storm`` kills at every point, and hundreds of times at random.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from campaignkit.credits import find_pumping
from tests.storms.ground import judge
from tests.storms.ledger import complaints_at_any_moment, complaints_at_the_end, read_books
from tests.storms.planted import PLANTED
from tests.storms.storm import Report, kill_once, storm_once
from tests.storms.texts import (
    GIFT,
    OPENING,
    SHOPS,
    contacts,
    name_of,
    number_of,
    parts_of,
    place_of,
    prepare_repeats,
    prepare_texts,
)
from tests.storms.till import Till
from tests.storms.zygote import Zygote

pytestmark = pytest.mark.timeout(600)  # of a busy machine

TEXTS = 15
# Where credit moves: at the others ``make storm`` kills too.
POINTS = [
    ("begin.commit.before", 2),
    ("begin.commit.after", 1),
    ("crossing.before", 3),
    ("crossing.after", 3),
    ("settle.commit.before", 1),
    ("settle.commit.after", 1),
    ("post.before", 1),
    ("post.statement.before", 4),
    ("post.commit.before", 1),
    ("post.commit.after", 1),
]


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote() as one:
        yield one


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("template") / "texts.db"
    prepare_texts(database, TEXTS)
    return database


@pytest.fixture(scope="module")
def repeating(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("template") / "repeats.db"
    prepare_repeats(database, TEXTS)
    return database


@pytest.fixture(scope="module")
def finished(zygote: Zygote, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Till:
    till = Till.lay(template, tmp_path_factory.mktemp("finished") / "till")
    assert not zygote.run(till.next_job({"name": "crossing.after", "k": 2}))
    assert zygote.run(till.next_job())
    return till


def assert_right(report: Report) -> None:
    assert report.complaints == []
    assert [judgement for judgement in report.judgements if not judgement.is_clean] == []


def test_a_worker_killed_where_credit_moves_leaves_an_exact_ledger(zygote, template, tmp_path):
    kills = [kill_once(zygote, template, tmp_path / name, name, k, Till.lay) for name, k in POINTS]
    report = sum(kills, Report())
    print(f"\nkilled where credit moves: {report}\n{report.tallies}")

    assert_right(report)
    assert report.kills.keys() == dict(POINTS).keys()
    assert report.tallies["top-ups"] >= len(POINTS)
    assert report.tallies["held"] > 0
    assert report.statuses()["in_doubt"] > 0


def test_workers_killed_at_random_lose_nothing_double_nothing_and_oversell_nothing(zygote, template, tmp_path):
    report = storm_once(zygote, template, tmp_path / "till", workers=3, probability=0.01, seed=20260306, lay=Till.lay)
    print(f"\ntexts, killed at random: {report}\n{report.tallies}")

    assert_right(report)
    assert report.kill_count > 0
    assert 0 < report.tallies["on the wire"] <= report.tallies["spent"] + report.tallies["held"]


def test_what_a_kill_leaves_in_doubt_is_sent_again_and_taken_and_paid_once(zygote, repeating, tmp_path):
    lay = partial(Till.lay, is_repeating=True)
    kills = [kill_once(zygote, repeating, tmp_path / f"{name}{k}", name, k, lay) for name, k in POINTS]
    report = sum(kills, Report())
    print(f"\nkilled where credit moves, and sent again: {report}\n{report.tallies}")

    assert_right(report)
    assert report.left["sending"] > 0
    assert (report.statuses()["in_doubt"], report.statuses()["unknown"]) == (0, 0)


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        ("SendsOnTheHouse", "has more on the wire than was held"),
        ("SettlesTwice", "the entries of flora lead to"),
        ("FreesWhatIsInDoubt", "is in_doubt without a hold"),
    ],
)
def test_the_judge_convicts_a_store_with_a_bug(zygote, template, tmp_path, planted, words):
    lay = partial(Till.lay, planted=planted)
    report = kill_once(zygote, template, tmp_path / "till", "crossing.after", 3, lay)

    assert planted in PLANTED
    assert [complaint for complaint in report.complaints if words in complaint]


def test_the_judge_convicts_a_provider_that_takes_a_text_twice_though_it_says_that_it_does_not(
    zygote, repeating, tmp_path
):
    lay = partial(Till.lay, is_repeating=True, is_forgetful=True)
    report = kill_once(zygote, repeating, tmp_path / "till", "crossing.after", 3, lay)

    assert report.count("duplicated") > 0


def test_the_judge_has_nothing_to_say_of_what_is_right(finished):
    books = read_books(finished.database, finished.accepted)

    assert judge(finished.database, finished.accepted).is_clean
    assert [*complaints_at_any_moment(books), *complaints_at_the_end(books, finished.book)] == []
    assert any(one.status == "in_doubt" for one in books.texted.values())


@pytest.mark.parametrize(
    ("crime", "words"),
    [
        pytest.param("lots SET spent = spent - 1, available = available + 1 WHERE spent", "lot .* says", id="a lot"),
        pytest.param("lots SET granted = granted + 1, available = available + 1", "the entries of", id="from nothing"),
        pytest.param("attempts SET credit_spent = 0", "has more on the wire", id="for free"),
        pytest.param("attempts SET credit_spent = credit_spent + 1", r"is sent and is charged \d+, not", id="too much"),
        pytest.param("attempts SET credit_ended_at = NULL", "is sent and its hold is open", id="never ended"),
        pytest.param("attempts SET credit_ended_at = 1", "is in_doubt without a hold", id="ended in doubt"),
        pytest.param("entries SET credit_count = 99", "nobody asked for 99 credits", id="granted by nobody"),
        pytest.param("entries SET key = 'x' WHERE kind = 'grant'", "credits that were granted .* are gone", id="gone"),
    ],
)
def test_the_judge_knows_every_crime(finished, tmp_path, crime, words):
    database = tmp_path / "texts.db"
    with sqlite3.connect(finished.database) as before, sqlite3.connect(database) as after:
        before.backup(after)
        after.execute("PRAGMA ignore_check_constraints = ON")
        after.execute("DROP INDEX uq_campaignkit_credit_entries_key")
        table, what = crime.split(" ", 1)
        after.execute(f"UPDATE campaignkit_{'' if table == 'attempts' else 'credit_'}{table} {what}")
    before.close()
    after.close()
    books = read_books(database, finished.accepted)
    found = [*complaints_at_any_moment(books), *complaints_at_the_end(books, finished.book)]

    assert [complaint for complaint in found if re.search(words, complaint)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param(f"{number_of(1)} 500 500", "oversold", id="more than was granted"),
        pytest.param(f"{number_of(1)} 1 9", "another text than its own", id="another text"),
    ],
)
def test_the_judge_looks_at_the_wire(finished, tmp_path, line, words):
    accepted = shutil.copy(finished.accepted, tmp_path / "accepted")
    with accepted.open("a") as file:
        file.write(f"{line}\n")
    books = read_books(finished.database, accepted)
    found = [*complaints_at_any_moment(books), *complaints_at_the_end(books, finished.book)]

    assert [complaint for complaint in found if words in complaint]


def test_the_shops_have_less_credit_than_their_texts_need():
    places = range(1, TEXTS + 1)

    assert {parts_of(place) for place in places} == {1, 2, 3}
    assert len(list(contacts(places))) == len({number_of(place) for place in places}) == TEXTS
    assert sum(2 * parts_of(place) for place in places if place % 3) > OPENING + GIFT
    assert len(SHOPS) == 2
    assert "Ż" in name_of(4)


def test_an_address_tells_whose_it_is_and_looks_like_a_customers():
    numbers = [number_of(place) for place in range(1, 1001)]

    assert [place_of(number) for number in numbers] == list(range(1, 1001))
    assert find_pumping(numbers, region="PL") == ()
    assert find_pumping(numbers[:240], region="PL") == ()
