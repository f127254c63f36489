"""The long storm's own rules, without a storm: what counts as right, and clocks that make nobody wait for hours."""

import time
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from campaignkit.delivery.outcomes import Verdict
from campaignkit.transports.smtp.wire import DOT, stuffed_body
from tests.benchmarks.figures import render
from tests.storms.__main__ import PHASES, main
from tests.storms.clocks import PATIENCE, StormClock, SunInFile, fast_stopwatch
from tests.storms.cuts import Cuts
from tests.storms.ground import STARTS_AT
from tests.storms.lines import KILLS_MIN, POSTGRES, Line, figures_of, head, total_of, totals_by_database
from tests.transports.servers import Gate, mail

RIGHT = Line(name="gale", kills=3, recovered=2, in_doubt=1)


@pytest.mark.parametrize(
    "crime", [{"lost": 1}, {"duplicated": 1}, {"unexpected": 1}, {"complaints": ("2 unfinished",)}], ids=str
)
def test_one_crime_is_enough(crime):
    assert RIGHT.is_right
    assert not attrs.evolve(RIGHT, **crime).is_right


def test_lines_add_up():
    total = total_of([RIGHT, attrs.evolve(RIGHT, lost=1)])

    assert (total.kills, total.recovered, total.in_doubt, total.lost) == (6, 4, 2, 1)


def test_a_line_says_how_many_were_in_doubt_for_each_kill():
    cells = str(attrs.evolve(RIGHT, stops=1, database=POSTGRES)).split()

    assert cells[:2] == ["gale,", "PostgreSQL"]
    assert cells[-2:] == ["0.25", "0"]
    assert RIGHT.doubts_per_kill == "0.33"
    assert attrs.evolve(RIGHT, kills=0, cuts=5).doubts_per_kill == ""
    assert len(head()) == len(str(RIGHT))


def whole_storm(**more):
    return [Line(name="random kills", database=name, kills=least, **more) for name, least in KILLS_MIN.items()]


def test_a_whole_storm_has_enough_kills_on_each_database():
    enough, one_less = totals_by_database(whole_storm()), totals_by_database([RIGHT, *whole_storm()[1:]])

    assert [(total.title, total.kills) for total in enough] == [("all on SQLite", 5000), ("all on PostgreSQL", 2000)]
    assert all(total.is_right for total in enough)
    assert one_less[0].complaints == ("only 0 of 5000 kills on SQLite",)
    assert one_less[1].is_right


def test_the_figures_of_a_storm_have_its_sums_and_the_command_that_repeats_it():
    figures = figures_of(whole_storm(in_doubt=1000))
    wrong = figures_of(whole_storm(lost=1))
    rows = [attrs.asdict(one) for one in figures]
    page = render({"storm": {"figures": rows, "seconds": 9, "circumstances": "Load 1."}})
    again = render({"storm": {"figures": [], "seconds": 9, "circumstances": "Load 1.", "again": "make storm"}})

    assert [one.work for one in figures][1:3] == ["random kills, PostgreSQL", "all on SQLite"]
    assert "2,000 kills: 0 lost, 0 duplicated, 0 unexpected; 0 recovered, 1,000 in doubt, 0.50 for each kill" in page
    assert "at least 5,000 kills, 0 lost, 0 duplicated, 0 unexpected | met |" in page
    assert "Again: `make storm` (took 9 s)" in again
    assert [str(one.verdict).partition(":")[0] for one in wrong] == ["**missed**"] * 4


def test_the_figures_are_those_of_a_whole_storm(capsys):
    with pytest.raises(SystemExit):
        main(["--only", "wire", "--figures"])

    assert "so not with --only" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("accepted", "verdict", "has_crossed", "crime"),
    [
        pytest.param(0, Verdict.ACCEPTED, True, "lost", id="accepted, said we"),
        pytest.param(2, Verdict.ACCEPTED, True, "duplicated", id="twice there"),
        pytest.param(1, Verdict.NOT_SENT, True, "unexpected", id="not sent, said we"),
        pytest.param(0, Verdict.IN_DOUBT, False, "unexpected", id="in doubt without a dot"),
        pytest.param(1, Verdict.IN_DOUBT, True, "", id="in doubt after the dot"),
        pytest.param(0, Verdict.NOT_SENT, False, "", id="not sent and not there"),
    ],
)
def test_a_wrong_verdict_has_a_name(accepted, verdict, has_crossed, crime):
    cuts, message = Cuts(), mail()
    body = stuffed_body(message.content) + DOT
    cuts.note([message], [body] * accepted, {message.message_id: verdict}, Gate(crossed_count=int(has_crossed)))

    assert [word for word in ("lost", "duplicated", "unexpected") if getattr(cuts, word)] == [crime] * bool(crime)


def test_who_waits_in_vain_moves_the_sun_for_all(tmp_path: Path) -> None:
    fast, slow = (
        StormClock(SunInFile(tmp_path / "sun"), began_at=time.time(), skew=timedelta(seconds=skew))
        for skew in (30, -30)
    )
    wanted = STARTS_AT + timedelta(hours=4)
    for _ in range(PATIENCE):
        fast.sleep_until(wanted)
    difference = fast.now() - slow.now()
    moved_to = slow.now()
    fast.close()
    slow.close()

    assert timedelta(seconds=59) < difference < timedelta(seconds=61)
    assert moved_to > wanted - timedelta(seconds=61)


def test_a_stopwatch_in_a_hurry_runs_so_many_times_as_fast():
    read = fast_stopwatch(1000)
    before = read()
    time.sleep(0.01)

    assert all(after - earlier >= 9 for after, earlier in zip(read(), before, strict=True))


def test_a_phase_that_there_is_not_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--only", "locusts"])

    told = capsys.readouterr().err
    assert "invalid choice: 'locusts'" in told
    assert all(name in told for name in PHASES)
