"""`campaignkit duplicates` shows who stands in a list twice, and why."""

from pathlib import Path

import pytest

from campaignkit.cli import main
from tests.cli.shell import run, run_json

LIST = """\
name,phone,email
Ann Lee,(212) 555-0143,
"LEE, Annie",212-555-0143,ann@flora.com
Bob Lee,2125550143,
Zoe King,212 555 0199,none@none.com
Ivo Hall,,none@none.com
,,
"""


def test_a_shopkeeper_reads_who_stands_there_twice(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text(LIST, encoding="utf-8")

    done = run(tmp_path, "duplicates", "customers.csv", "--region", "US")

    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        "6 rows: 5 customers, 1 empty or unreadable.",
        "1 of them repeat somebody who stands in the list already.",
    ]
    cells = [[cell for cell in line.split("  ") if cell] for line in lines[3:9]]
    assert [cell.strip() for cell in cells[0]] == [
        "group", "kind", "score", "row", "name", "phone", "email", "evidence",
    ]  # fmt: skip
    assert [cell.strip() for cell in cells[1]] == [
        "1", "same", "1.00", "2", "Ann Lee", "+12125550143", "same phone, same family name, nickname",
    ]  # fmt: skip
    assert [row[1].strip() for row in cells[3:]] == ["household"] * 3
    assert lines[-1] == "- 2 customers have this email address, which is made up or belongs to a whole house."


def test_the_document_has_stable_keys_and_the_rows_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "customers.csv"
    path.write_text(LIST, encoding="utf-8")

    code, document = run_json(capsys, "duplicates", str(path), "--region", "US")

    assert code == 1
    assert list(document) == ["rows", "customers", "unreadable", "surplus", "groups", "held_back", "faults"]
    assert (document["rows"], document["customers"], document["surplus"]) == (6, 5, 1)
    assert [(one["kind"], [member["row"] for member in one["members"]]) for one in document["groups"]] == [
        ("same", [2, 3]),
        ("household", [2, 3, 4]),
    ]
    assert [(one["reason"], one["count"]) for one in document["held_back"]] == [("junk_email", 2)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("name,phone\nAnn Lee,212 555 0143\nZoe King,212 555 0199\n", 0, id="nobody twice"),
        pytest.param("name,phone\nAnn Lee,212 555 0143\nBob Lee,212 555 0143\n", 0, id="a household"),
        pytest.param("name,phone\nAnn Lee,212 555 0143\nAnn Lee,212 555 0143\n", 1, id="one twice"),
        pytest.param("name,phone\n" + "Ann Lee,212 555 0143\n" * 99, 1, id="a giant group"),
        pytest.param("id,name,phone\n7,Ann Lee,212 555 0143\n7,Ann Lee,212 555 0143\n", 1, id="one id twice"),
        pytest.param("name\nAnn\n", 2, id="no address column"),
        pytest.param("", 2, id="empty"),
    ],
)
def test_the_exit_code_says_whether_there_are_duplicates(text: str, code: int, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")

    assert main(["duplicates", str(path), "--region", "US"]) == code


def test_a_region_that_is_none_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_text("phone\n212 555 0143\n", encoding="utf-8")

    code, document = run_json(capsys, "duplicates", str(path), "--region", "USA")

    assert (code, document["error"]["code"]) == (2, "usage")
