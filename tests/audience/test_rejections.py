"""What was refused comes out as a file that a spreadsheet opens, and obeys nothing in."""

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.addresses import Rejection, RejectionCode
from campaignkit.audience import Contact, parse_contact, read_contacts, write_rejections

FORMULA = "=+-@＝＋－＠"
LIST = ["Name,Email,Phone\n", "Ann,ann@,12\n", ",,\n", "Bob,bob@example.com,\n", "Lee, Ann,a@example.com,,x\n"]


def rejection_of(value: str) -> Rejection:
    return Rejection(code=RejectionCode.MALFORMED, field="email", message="No.", value=value, row_number=7)


def written(*values: str) -> list[list[str]]:
    file = io.StringIO(newline="")
    assert write_rejections(file, [rejection_of(value) for value in values]) == len(values)
    file.seek(0)
    return list(csv.reader(file))[1:]


def test_every_reason_is_a_line_with_its_row_in_the_order_of_the_file(tmp_path: Path) -> None:
    count = write_rejections(tmp_path / "refused.csv", read_contacts(LIST, region="US"))
    with (tmp_path / "refused.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))

    assert count == len(rows) == 4
    assert [(row["row"], row["field"], row["code"]) for row in rows] == [
        ("2", "email", "malformed"),
        ("2", "phone", rows[1]["code"]),
        ("3", "row", "blank_row"),
        ("5", "row", "unreadable_row"),
    ]
    assert [row["value"] for row in rows] == ["ann@", "12", "", "Lee | Ann | a@example.com |  | x"]
    assert all(row["reason"].endswith(".") for row in rows)


def test_excel_is_told_the_encoding(tmp_path: Path) -> None:
    write_rejections(str(tmp_path / "refused.csv"), [rejection_of("Łódź@")])

    assert (tmp_path / "refused.csv").read_bytes().startswith(b"\xef\xbb\xbfrow,field,code,reason,hint,value\r\n")
    assert "Łódź@" in (tmp_path / "refused.csv").read_text(encoding="utf-8")


def test_nothing_refused_is_a_header_alone() -> None:
    file = io.StringIO(newline="")
    contact = parse_contact({"email": "ann@example.com"})
    assert isinstance(contact, Contact)

    assert write_rejections(file, [contact]) == 0
    assert file.getvalue() == "row,field,code,reason,hint,value\r\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+48 601 234 567", "'+48 601 234 567"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("＝1", "'＝1"),
        ("  =1", "  '=1"),
        ("a;=1", "a;'=1"),
        ('a", =1', "a\", '=1"),
        ("a\n@b", "a\n'@b"),
        ("ann+shop@example.com", "ann+shop@example.com"),
        ("a-b", "a-b"),
        ("\0\x1b[2J", "\\x00\\x1b[2J"),
        ("\ud800", "\\ud800"),
    ],
    ids=ascii,
)
def test_66_no_cell_begins_a_formula(value: str, shown: str) -> None:
    assert written(value)[0][-1] == shown


any_text = st.text(st.one_of(st.sampled_from("=+-@＝＋ \t\r\n,;|'\"a"), st.characters()), max_size=30)


@given(any_text, st.sampled_from(",;\t|"))
@settings(deadline=None)
def test_66_no_cell_begins_a_formula_wherever_a_program_splits(value: str, delimiter: str) -> None:
    file = io.StringIO(newline="")
    write_rejections(file, [rejection_of(value)])
    cells = [cell.strip('" \u00a0\u3000') for cell in re.split(rf"[\r\n{delimiter}]", file.getvalue())]

    assert not [cell for cell in cells if cell.startswith(tuple(FORMULA))]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20), max_size=5))
@settings(deadline=None)
def test_what_was_refused_can_be_read_back(values: list[str]) -> None:
    for value, row in zip(values, written(*values), strict=True):
        guarded = row[-1]

        assert guarded.replace("'", "") == value.replace("'", "")
        assert len(guarded) - len(value) == guarded.count("'") - value.count("'")


def test_a_path_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        write_rejections(tmp_path, [])
