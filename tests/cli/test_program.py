"""The command line as a whole: what it loads, what it says of mistakes, and how it exits."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from campaignkit.cli import main
from campaignkit.cli.console import Console, printable
from tests.cli.shell import run, run_json, write_campaign

HEAVY = {"sqlalchemy", "phonenumbers", "rich", "cattrs", "email_validator"}
LIGHT = f"""
import sys
from campaignkit.cli import main
try:
    main(["--help"])
except SystemExit as exit:
    assert exit.code == 0
assert not {HEAVY} & set(sys.modules), {HEAVY} & set(sys.modules)
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_help_loads_neither_database_nor_phone_numbers() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert "exit codes:" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param([], "the following arguments are required: COMMAND", id="nothing"),
        pytest.param(["chekc"], "invalid choice: 'chekc'", id="no such command"),
        pytest.param(["check"], "the following arguments are required: CONTACTS.CSV", id="no file"),
        pytest.param(["check", "x.csv", "--chan", "sms"], "unrecognized arguments: --chan", id="abbreviation"),
        pytest.param(["status"], "the following arguments are required: --merchant", id="no merchant"),
        pytest.param(["worker", "shop"], "a worker wants MODULE:FUNCTION", id="no function"),
        pytest.param(["worker", "no_such_shop:kit"], "there is no module 'no_such_shop'", id="no module"),
        pytest.param(["worker", "json:make_kit"], "module 'json' has no 'make_kit'", id="no such function"),
        pytest.param(["worker", "builtins:dict"], "returned dict, not a CampaignKit", id="no kit"),
    ],
)
def test_wrong_usage_exits_with_2(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert says in error
    assert error.endswith("(usage)")


def test_wrong_usage_is_json_where_json_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    code, document = run_json(capsys, "check")

    assert code == 2
    assert document["error"]["code"] == "usage"
    assert list(document["error"]) == ["code", "message", "facts"]


def test_an_error_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    done = run(tmp_path, "check", "missing.csv", "--region", "US")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: the contact list cannot be read: ")
    assert done.stderr.endswith("(unreadable_contacts)\n")


def test_what_nobody_expected_is_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("def make_kit():\n    return 1 / 0\n", encoding="utf-8")

    done = run(tmp_path, "worker", "shop:make_kit")

    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert "ZeroDivisionError" in done.stderr


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    write_campaign(tmp_path)
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [sys.executable, "-m", "campaignkit", "check", "contacts.csv"],
        cwd=tmp_path,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )

    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        pytest.param("sqlite:///nowhere.db", "database_unavailable", id="no file"),
        pytest.param("sqlite:///folder/deep/nowhere.db", "database_unavailable", id="no folder"),
        pytest.param("sqlite:///text.db", "database_unavailable", id="no database"),
        pytest.param("sqlite:///empty.db", "schema_outdated", id="no tables"),
        pytest.param("mysql://root:secret@db/x", "database_unavailable", id="not ours"),
        pytest.param("secret", "database_unavailable", id="no URL"),
        pytest.param("sqlite:///${NO_SUCH_NAME}", "database_unavailable", id="no variable"),
        pytest.param("postgresql+psycopg2://ann:secret@db/x", "database_unavailable", id="no driver of ours"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_its_password(
    url: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.db").write_text("this is a letter, not a database " * 100, encoding="utf-8")
    Path("empty.db").touch()

    exit_code, document = run_json(capsys, "status", "--merchant", "flora", "--db", url)

    assert (exit_code, document["error"]["code"]) == (1 if code == "schema_outdated" else 2, code)
    assert "secret" not in json.dumps(document)
    assert not Path("nowhere.db").exists()


def test_upgrading_a_database_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert run_json(capsys, "db", "upgrade") == (0, {"upgraded": True})
    assert run_json(capsys, "db", "upgrade") == (0, {"upgraded": True})
    assert Path("campaigns.db").exists()


@pytest.mark.parametrize("is_rich", [True, False], ids=["rich", "plain"])
def test_tables_on_a_terminal_take_no_orders(is_rich: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "dumb")
    if not is_rich:
        monkeypatch.setitem(sys.modules, "rich", None)

    Console(is_json=False).table(("name", "count"), [("[red]Ann[/red] \x1b]0;owned\x07", 3)])

    assert "[red]Ann[/red] \\x1b]0;owned\\x07" in terminal.getvalue()
    assert ("─" in terminal.getvalue()) is is_rich


@pytest.mark.parametrize("is_rich", [True, False], ids=["rich", "plain"])
def test_every_item_passes_the_progress_bar(is_rich: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    if not is_rich:
        monkeypatch.setitem(sys.modules, "rich", None)

    with Console(is_json=False).watched("reading", range(250)) as watched:
        assert list(watched) == list(range(250))


def test_letters_of_every_language_are_printable() -> None:
    assert printable("Đorđe Żółć 李 😀") == "Đorđe Żółć 李 😀"
