"""Lines come out whole, wherever the blocks that they are read in end, and whatever they are decoded from."""

import io
from pathlib import Path

import pytest

from campaignkit.audience.lines import BLOCK_SIZE, CUT, LINE_MAX, is_undecodable, lines_of
from campaignkit.errors import UnreadableContacts

END = "ł€😀,\r\nżółw;\rx\n"


def lines_in(source: object) -> list[str]:
    return [line for lines in lines_of(source) for line in lines]  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("shift", range(26))
def test_a_block_may_end_within_a_character_or_a_line_end(tmp_path: Path, encoding: str, shift: int) -> None:
    width = 2 if encoding.startswith("utf-16") else 1
    text = "a" * (BLOCK_SIZE // width - shift) + END * 3
    (tmp_path / "list.csv").write_bytes(text.encode(encoding))

    assert lines_in(tmp_path / "list.csv") == text.splitlines(keepends=True)


@pytest.mark.parametrize("extra", [-1, 0, 1, 2, BLOCK_SIZE, 3 * LINE_MAX])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_line_is_cut_where_it_is_too_long_and_the_next_is_whole(tmp_path: Path, extra: int, line_end: str) -> None:
    giant = "x" * (LINE_MAX - len(line_end) + extra) + line_end
    text = f"a{line_end}{giant}b{line_end}c"
    (tmp_path / "list.csv").write_bytes(text.encode())
    middle = giant if extra <= 0 else f"{CUT}\n"
    expected = [f"a{line_end}", middle, f"b{line_end}", "c"]

    assert lines_in(str(tmp_path / "list.csv")) == expected
    assert lines_in(text.splitlines(keepends=True)) == expected
    with (tmp_path / "list.csv").open(encoding="utf-8", newline="") as file:
        assert lines_in(file) == expected


def test_a_line_that_is_damaged_utf8_is_not_read_as_something_else(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(
        "Łódź, Kraków\n".encode() + b"\xc5\x81\xc3\xb3d\xff\n" + "Łódź\n".encode("cp1250")
    )
    whole, damaged, foreign = lines_in(tmp_path / "list.csv")

    assert (whole, foreign) == ("Łódź, Kraków\n", "Łódź\n")
    assert is_undecodable(damaged)
    assert damaged.startswith("Łód")


@pytest.mark.parametrize("name", ["ŻÓŁTOWSKI", "KÓŁKO", "GÓŁĘBIOWSKA ŻÓŁĆ"])
def test_two_letters_of_a_code_page_are_not_taken_for_one_of_utf8(tmp_path: Path, name: str) -> None:
    text = f"Małgorzata Wiśniewska\nŁucja\n{name}\nZażółć gęślą jaźń\n"
    (tmp_path / "list.csv").write_bytes(text.encode("cp1250"))

    assert "".join(lines_in(tmp_path / "list.csv")) == text


def test_one_damaged_line_does_not_make_a_code_page_of_a_file_in_utf8(tmp_path: Path) -> None:
    lines = ["Ірина Ковальчук\n", "Łucja\n", "Δημήτρης\n"]
    content = "".join(lines).encode() + b"M\xfcller\n" + "Ірина\n".encode()[:-2] + b"\n"
    (tmp_path / "list.csv").write_bytes(content)
    read = lines_in(tmp_path / "list.csv")

    assert read[:4] == [*lines, "Müller\n"]
    assert is_undecodable(read[4])


def test_a_mark_in_front_is_no_letter() -> None:
    assert lines_in(["\ufeffEmail\n", "\ufeffx\n"]) == ["Email\n", "\ufeffx\n"]
    assert lines_in(io.StringIO("\ufeffEmail\n")) == ["Email\n"]


def test_a_text_file_is_read_line_by_line_at_first() -> None:
    lists = lines_of(io.StringIO("".join(f"{number}\n" for number in range(10_000))))

    assert [len(next(lists)) for _ in range(4)] == [1, 2, 4, 8]
    assert max(map(len, lists)) == 512


def test_bytes_of_a_workbook_are_told_by_their_first_letters(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(b"PK\x03\x04")
    with pytest.raises(UnreadableContacts, match="Excel workbook"):
        lines_in(tmp_path / "list.csv")
