"""``campaignkit forecast``: the plan as a table and a picture, and nothing is sent."""

from pathlib import Path

import pytest

from campaignkit.cli import main
from tests.cli.shell import run, run_json, write_campaign

HOURS = '\n[campaign.window]\nopens = "9:00"\ncloses = "17:00"\n'
LIMITS = 'outbox = "outbox"\nlimits = ["2 per day"]'


def forecast(folder: Path) -> list[str]:
    return ["forecast", str(folder / "campaign.toml"), str(folder / "contacts.csv")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_campaign(
        tmp_path, sender=LIMITS, settings="start_at = 2031-03-14T16:00:00\ninterval_seconds = 60" + HOURS, people=5
    )
    return tmp_path


def test_it_tells_first_last_limits_and_a_picture(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(forecast(folder))

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[0] == "5 added, 0 left out, 0 not read."
    assert "first         Fri 2031-03-14 16:00 (America/New_York)" in lines
    assert "last          Sun 2031-03-16 16:00 (America/New_York)" in lines
    assert any(line.startswith("at most 2 messages in any 24 hours") and " 2   2 " in line for line in lines)
    assert lines[-3:] == [
        f"Fri 2031-03-14 16:00         2       2  {'#' * 40}",
        f"Sat 2031-03-15 16:00         2       4  {'#' * 40}",
        f"Sun 2031-03-16 16:00         1       5  {'#' * 20}",
    ]


def test_it_sends_nothing_and_keeps_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(folder.iterdir())

    main(forecast(folder))

    assert sorted(folder.iterdir()) == before
    assert capsys.readouterr().err == ""


def test_a_deadline_that_is_missed_is_told_and_is_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = "start_at = 2031-03-14T16:00:00\ndeadline = 2031-03-15T09:00:00"
    write_campaign(tmp_path, sender=LIMITS, settings=settings, people=5)

    code = main(forecast(tmp_path))

    assert code == 1
    assert "deadline      Sat 2031-03-15 09:00 (America/New_York) comes too early for 3" in capsys.readouterr().out


def test_long_campaigns_are_drawn_by_days_weeks_and_months(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = []
    for people in (2, 80, 200, 800):
        write_campaign(tmp_path, sender=LIMITS, settings="start_at = 2031-03-14T16:00:00", people=people)
        main(forecast(tmp_path))
        lines = capsys.readouterr().out.splitlines()
        drawn.append(next(line.split("  ")[0] for line in lines if line.endswith("so far")))

    assert drawn == ["hour", "day", "week from", "month"]


def test_without_limits_it_says_that_all_goes_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_campaign(tmp_path)

    code = main(forecast(tmp_path))

    assert code == 0
    assert "No limits are known: all goes at once, as fast as the mail server takes it." in capsys.readouterr().out


def test_its_json_holds_the_whole_forecast(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = run_json(capsys, *forecast(folder))

    assert code == 0
    assert document["added"]["added"] == 5
    told = document["forecast"]
    assert told["message_count"] == 5
    assert [hour["count"] for hour in told["per_hour"]] == [2, 2, 1]
    assert told["starts_at"] == "2031-03-14T20:00:00+00:00"
    assert told["rules"][1]["used"] == told["rules"][1]["allowed"] == 2


def test_a_window_that_never_opens_reaches_nobody(tmp_path: Path) -> None:
    holidays = ", ".join(f"2031-03-{day:02}" for day in range(1, 2))
    window = f'\n[campaign.window]\ndays = "mon-sun"\nopens = "2:15"\ncloses = "2:15:20"\nholidays = [{holidays}]\n'
    write_campaign(tmp_path, settings="start_at = 2031-03-14T16:00:00\ndeadline = 2031-03-19T16:00:00" + window)

    done = run(tmp_path, "forecast", "campaign.toml", "contacts.csv")

    assert done.returncode == 1
    assert "messages      0" in done.stdout
