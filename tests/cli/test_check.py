"""`campaignkit check` names every trouble of a list, and loses no row."""

from pathlib import Path

import pytest

from campaignkit.cli import main
from tests.cli.shell import run, run_json

SPRING = Path(__file__).parents[2] / "examples" / "data" / "spring_customers.csv"
KEYS = ["channel", "rows", "recipients", "excluded", "rejected", "unknown_consent"]
KEYS += ["exclusions", "rejections", "broken_fields"]


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_the_parts_of_a_report_add_up(channel: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, report = run_json(capsys, "check", str(SPRING), "--region", "US", "--channel", channel)

    assert list(report) == KEYS
    assert report["rows"] == report["recipients"] + report["excluded"] + report["rejected"]
    assert sum(trouble["count"] for trouble in report["exclusions"]) == report["excluded"]
    assert sum(trouble["count"] for trouble in report["rejections"]) == report["rejected"]
    assert all(1 <= len(trouble["rows"]) <= 5 for trouble in report["exclusions"])


def test_texts_want_consent_unless_they_are_transactional(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_text("phone\n(917) 555-0143\n", encoding="utf-8")
    words = ("check", str(path), "--region", "US", "--channel", "sms")

    marketing, transactional = run_json(capsys, *words), run_json(capsys, *words, "--kind", "transactional")

    assert (marketing[0], marketing[1]["recipients"]) == (1, 0)
    assert transactional[0] == 0
    assert transactional[1]["recipients"] > 0


def test_a_shopkeeper_reads_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        "name,email\nAnn,ann@example.com\nAnn,ANN@example.com\nBob,bob\n,\n", encoding="utf-8"
    )

    done = run(tmp_path, "check", "list.csv")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "4 rows: 1 can be written to by email.\n"
        "2 are left out, 1 are empty or unreadable.\n"
        "1 of those who can be written to were never asked about it.\n"
        "\n"
        "Left out:\n"
        "count  code       why                                             rows\n"
        "    1  duplicate  This address already stands in an earlier row.  3\n"
        "    1  malformed  The email address has no @.                     4\n"
        "\n"
        "Empty or unreadable:\n"
        "count  code       field  why                rows\n"
        "    1  blank_row  row    The row is empty.  5\n"
        "\n"
        "Fields that cannot be used:\n"
        "count  code       field  why                          rows\n"
        "    1  malformed  email  The email address has no @.  4\n"
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("email\nann@example.com\n", 0, id="good"),
        pytest.param("email\nann@example.com\nbob\n\n", 0, id="some are left out"),
        pytest.param("email\nbob\n", 1, id="nobody"),
        pytest.param("email,name\nann@example.com,Ann\nbob@example.com,Bob,too,many\n", 1, id="an unreadable row"),
        pytest.param("name\nAnn\n", 2, id="no address column"),
        pytest.param("", 2, id="empty"),
    ],
)
def test_the_exit_code_says_whether_it_can_be_sent_to(text: str, code: int, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")

    assert main(["check", str(path)]) == code


def test_a_column_can_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Kundin,Wohin\nAnn,ann@example.com\n", encoding="utf-8")

    assert run_json(capsys, "check", str(path), "--column", "email=Wohin")[1]["recipients"] == 1
    assert run_json(capsys, "check", str(path), "--column", "email=Woher")[1]["error"]["code"] == "unknown_column"
    assert run_json(capsys, "check", str(path), "--column", "email")[1]["error"]["code"] == "usage"
    assert run_json(capsys, "check", str(path), "--column", "fax=Wohin")[1]["error"]["code"] == "usage"


def test_a_region_that_is_none_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_text("phone\n212 555 0143\n", encoding="utf-8")

    code, document = run_json(capsys, "check", str(path), "--region", "USA")

    assert (code, document["error"]["code"]) == (2, "usage")
