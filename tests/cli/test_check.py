"""`campaignkit check` names every trouble of a list, and loses no row."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campaignkit.cli import main
from tests.cli.shell import run, run_json

SPRING = Path(__file__).parents[2] / "examples" / "data" / "spring_customers.csv"
KEYS = ["channel", "rows", "recipients", "excluded", "rejected", "unknown_consent"]
KEYS += ["exclusions", "rejections", "broken_fields"]
KEYS += ["emails", "phones", "countries", "suggestions", "stale"]


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_the_parts_of_a_report_add_up(channel: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, report = run_json(capsys, "check", str(SPRING), "--region", "US", "--channel", channel)

    assert list(report) == KEYS
    assert report["rows"] == report["recipients"] + report["excluded"] + report["rejected"]
    assert sum(trouble["count"] for trouble in report["exclusions"]) == report["excluded"]
    assert sum(trouble["count"] for trouble in report["rejections"]) == report["rejected"]
    assert all(1 <= len(trouble["rows"]) <= 5 for trouble in report["exclusions"])
    for kind in (report["emails"], report["phones"]):
        assert kind["valid"] + kind["broken"] + kind["missing"] == report["rows"] - report["rejected"]
        assert kind["granted"] + kind["denied"] + kind["unknown"] == kind["usable"] <= kind["valid"]
    assert sum(country["count"] for country in report["countries"]) == report["phones"]["valid"]


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
        "Addresses, and what those that can be used said about being written to:\n"
        "        valid  usable  repeated  broken  missing  yes  no  not asked\n"
        "emails      2       2         1       1        0    0   0          2\n"
        "phones      0       0         0       0        3    0   0          0\n"
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


PICTURE = """\
Name;E-mail;Mobile;Newsletter;Last order
Ann;ann@gmial.com;(917) 555-0143;yes;2020-03-04
Bob;bob@example.com;+48 601 234 567;no;{today}
Cleo;BOB@example.com;+48 22 555 00 00;;03/04/2020
Dan;;(917) 555-0143;;soon
"""


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(PICTURE.format(today=datetime.now(UTC).date().isoformat()), encoding="utf-8")
    return path


def test_the_whole_picture_of_a_list(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, report = run_json(capsys, "check", str(picture), "--region", "US")

    assert report["emails"] == {
        "valid": 3, "usable": 3, "duplicates": 1, "broken": 0, "missing": 1, "granted": 1, "denied": 1, "unknown": 1,
    }  # fmt: skip
    assert report["phones"] == {
        "valid": 4, "usable": 3, "duplicates": 1, "broken": 0, "missing": 0, "granted": 0, "denied": 0, "unknown": 3,
    }  # fmt: skip
    assert report["countries"] == [{"region": "PL", "count": 2}, {"region": "US", "count": 2}]
    assert report["suggestions"] == [{"domain": "gmial.com", "suggested": "gmail.com", "count": 1, "rows": [2]}]


def test_stale_customers_are_named_by_their_rows(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (datetime.now(UTC).date() - timedelta(days=30)).isoformat()
    _, report = run_json(capsys, "check", str(picture), "--region", "US", "--stale-after", "30")
    _, later = run_json(capsys, "check", str(picture), "--region", "US", "--stale-after", "20000")

    assert report["stale"] == {"columns": ["Last order"], "before": before, "count": 2, "undated": 1, "rows": [2, 4]}
    assert (later["stale"]["count"], later["stale"]["undated"]) == (0, 1)


def test_a_list_that_does_not_say_when_has_no_stale_customers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.csv").write_text("email\nann@example.com\n", encoding="utf-8")

    assert run_json(capsys, "check", str(tmp_path / "list.csv"))[1]["stale"] is None


@pytest.mark.parametrize("days", ["0", "-1", "99999999", "soon"])
def test_a_number_of_days_that_is_none_is_wrong_usage(
    days: str, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = run_json(capsys, "check", str(picture), "--stale-after", days)

    assert (code, document["error"]["code"]) == (2, "usage")


def test_a_shopkeeper_reads_the_picture(picture: Path) -> None:
    printed = run(picture.parent, "check", "list.csv", "--region", "US").stdout

    assert "Countries of the phones: PL 2, US 2\n" in printed
    assert "count  written    perhaps    rows\n    1  gmial.com  gmail.com  2\n" in printed
    assert ", by Last order (rows 2, 4).\n1 have no day there that can be read.\n" in printed


def test_what_was_refused_is_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "list.csv").write_text("name,email\nAnn,=ann@\n,\nBob,bob@example.com\n", encoding="utf-8")
    target = tmp_path / "refused.csv"

    code, report = run_json(capsys, "check", str(tmp_path / "list.csv"), "--rejections", str(target))

    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = [(row["row"], row["code"], row["value"]) for row in csv.DictReader(file)]
    assert (code, report["rows"]) == (0, 3)
    assert rows == [("2", "malformed", "'=ann@"), ("3", "blank_row", "")]


def test_the_list_itself_is_never_overwritten(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = picture.read_bytes()

    for target in (picture, picture.parent):
        code, document = run_json(capsys, "check", str(picture), "--rejections", str(target))
        assert (code, document["error"]["code"]) == (2, "usage")
    assert picture.read_bytes() == before
