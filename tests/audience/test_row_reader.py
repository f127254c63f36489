"""Rows taken list by list are the rows that are read one by one."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.audience.lines import CUT
from campaignkit.audience.rows import BrokenRow, RowReader, problem_with

pieces = st.sampled_from(
    ["a", "b;c", ";", '"', '""', '";', ';"', " ", "\n", "\r\n", "\r", "a;b;c\n", '"a";b;"c"\n', "\0", CUT, "ł",
     "x" * 140_000, '"a\nb";c\n', '"a;b;c\n']
)  # fmt: skip
texts = st.lists(pieces, max_size=30).map("".join)


def one_by_one(lines: list[str], column_count: int) -> Iterator[list[str] | BrokenRow]:
    reader = RowReader(iter([lines] if lines else []))
    reader.separate_by(";")
    reader.expect(column_count)
    while (row := reader.read()) is not None:
        if isinstance(row, list) and (problem := problem_with(row, column_count)):
            yield BrokenRow(problem=problem, cells=tuple(row))
        else:
            yield row


def in_lists(lines: list[str], column_count: int, size: int) -> list[list[str] | BrokenRow]:
    reader = RowReader(iter([lines[start : start + size] for start in range(0, len(lines), size)]))
    reader.separate_by(";")
    reader.expect(column_count)
    return list(reader.rows())


@given(texts, st.sampled_from([1, 2, 3, 1_000]), st.sampled_from([1, 2, 3]))
@settings(deadline=None, max_examples=300)
def test_rows_do_not_depend_on_how_lines_come(text: str, size: int, column_count: int) -> None:
    lines = text.splitlines(keepends=True) if CUT not in text else text.replace(CUT, f"{CUT}\n").splitlines(True)

    assert in_lists(lines, column_count, size) == list(one_by_one(lines, column_count))


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(['a;"b\n', 'c";d\n'], id="a cell over the end of a list"),
        pytest.param(['a;"b\n', "c\n"], id="a quote that is open at the end"),
        pytest.param(['"a";"b"\n', '"c";"d"'], id="quotes that close"),
        pytest.param(['"a\n', "b\n", '"\n', "c\n"], id="three lines"),
        pytest.param(["a\nb\n", "c\n"], id="a line break within a line"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_end_of_a_list_is_no_end_of_a_row(lines: list[str], size: int) -> None:
    assert in_lists(lines, 2, size) == list(one_by_one(lines, 2))
