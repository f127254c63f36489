"""The simulator: seeds that are right, and a seed that does the same to the last step wherever it runs."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest

from campaignkit.stores.sql import SqlStore
from campaignkit.testing import Fate, SimulationReport, Weather, simulate
from tests.stores.planted import HandsOutWhatOthersHold
from tests.storms.simulations import Simulations, run_simulations

CALM = Weather(switch=0.3, skew=timedelta(days=1), shop=False)
SEEDS_ELSEWHERE = (3, 4, 5)
DIGESTS = (
    "from campaignkit.testing import simulate;"
    f"print([simulate(seed, steps_max=200).digest for seed in {SEEDS_ELSEWHERE}])"
)


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_seeds_are_right(first):
    wrong = [
        report for report in (simulate(seed, steps_max=300) for seed in range(first, first + 20)) if report.findings
    ]

    assert not wrong, str(wrong[0])


def test_a_seed_repeats_every_step():
    first, again = simulate(7), simulate(7)

    assert first == again
    assert first.trace == again.trace
    assert first.digest != simulate(8).digest


def test_a_seed_repeats_in_every_process():
    started = [
        subprocess.Popen(
            [sys.executable, "-c", DIGESTS],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for hash_seed in ("1", "2")
    ]
    told = [process.communicate(timeout=120)[0] for process in started]

    assert told[0] == told[1]
    assert told[0].count("'") == 2 * len(SEEDS_ELSEWHERE)


@pytest.mark.parametrize("seed", range(4))
def test_in_fair_weather_everybody_gets_what_they_should_though_clocks_are_wrong_by_a_day(seed):
    report = simulate(seed, weather=CALM)

    assert report.is_right, str(report)
    assert set(report.statuses) <= {"sent", "skipped", "expired", "pending"}
    assert report.accepted_count == report.statuses["sent"]


def test_a_store_that_does_not_answer_costs_nobody_a_second_message():
    weather = Weather(store_fault=0.05, outage=0.002, crash=0.01)
    reports = [simulate(seed, weather=weather, steps_max=300) for seed in range(5)]

    assert sum(report.fault_count for report in reports) > 20
    assert [str(report) for report in reports if not report.is_right] == []


def test_lost_replies_are_doubts_and_no_second_messages():
    weather = Weather(trouble=1.0, fates=(Fate.LOST,), shop=False)
    report = simulate(2, weather=weather)

    assert report.is_right, str(report)
    assert report.in_doubt_count > 0
    assert "failed" not in report.statuses


def test_a_store_on_disk_plays_along(tmp_path):
    def make_store(clock):
        store = SqlStore(f"sqlite:///{tmp_path / 'campaigns.db'}", clock=clock)
        store.upgrade()
        return store

    report = simulate(5, make_store=make_store, steps_max=150)

    assert report.is_right, str(report)
    assert report.accepted_count == simulate(5, steps_max=150).accepted_count


def test_a_failing_seed_tells_its_story():
    report = next(report for report in map(broken, range(40)) if not report.is_right)
    story = str(report)

    assert story.startswith(f"seed {report.seed}: ")
    assert "NOT right" in story
    assert f"  ! {report.findings[0]}" in story
    assert str(report.trace[report.findings[0].step]) in story
    assert report.count(report.findings[0].law) >= 1
    assert "weather: switch" in story


def broken(seed: int) -> SimulationReport:
    return simulate(seed, make_store=HandsOutWhatOthersHold)


def test_many_seeds_add_up():
    done = Simulations()
    for report in (simulate(1, steps_max=150), next(report for report in map(broken, range(40)) if report.findings)):
        done.add(report)

    assert (done.seeds, len(done.failing)) == (2, 1)
    assert done.unexpected >= 1
    assert "NOT right: seeds" in str(done)


def test_seeds_are_shared_among_processes():
    done = run_simulations(seeds=2, processes=1)

    assert (done.seeds, done.failing) == (2, [])
    assert str(done).endswith("right")
