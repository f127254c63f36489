"""A host's own rows are read like those of a file."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest

from campaignkit.addresses import Rejection
from campaignkit.audience import Contact, read_contacts
from campaignkit.errors import NoAddressColumn, UnknownColumn

ANN = {"Name": "Ann", "E-mail": "ann@example.com", "Phone": "(212) 555-0143"}


def read(rows: Any, **options: Any) -> list[Contact | Rejection]:
    return list(read_contacts(rows, **options))


def codes(items: list[Contact | Rejection]) -> list[str]:
    return [item.code.value if isinstance(item, Rejection) else "contact" for item in items]


def test_rows_of_a_query_come_out_in_order_and_counted_from_one() -> None:
    items = read([ANN, {**ANN, "E-mail": None, "Phone": None, "Name": ""}, {**ANN, "E-mail": "bob@"}], region="US")

    assert codes(items) == ["contact", "blank_row", "contact"]
    assert [item.row_number for item in items] == [1, 2, 3]
    assert isinstance(items[2], Contact)
    assert [broken.field for broken in items[2].rejections] == ["email"]


def test_they_are_taken_as_they_are_asked_for() -> None:
    taken = []

    def rows() -> Iterator[dict[str, str]]:
        for number in range(3):
            taken.append(number)
            yield ANN

    items = read_contacts(rows(), region="US")
    assert taken == [0]

    next(items)
    next(items)
    assert taken == [0, 1]


def test_a_mapping_and_a_line_that_say_the_same_are_the_same_contact() -> None:
    (from_file,) = read(["Name,E-mail,Phone\n", "\n", "Ann,ann@example.com,(212) 555-0143\n"], region="US")[1:]
    (from_rows,) = read([ANN, ANN, ANN], region="US")[2:]

    assert from_file == from_rows


def test_later_rows_may_have_other_columns() -> None:
    items = read([ANN, {"mail": "bob@example.com", "Name": "Bob"}, {"Name": "Cleo"}], region="US")

    assert isinstance(items[1], Contact)
    assert items[1].email is not None
    assert codes(items) == ["contact"] * 3


def test_the_host_says_which_key_is_which() -> None:
    rows = [{"who": "Ann", "where": "ann@example.com"}, {"where": "bob@example.com"}]
    by_name = read(rows, columns={"email": "where", "name": "who"})
    by_place = read(rows, columns={"email": 2, "name": 1})

    assert by_name == by_place
    assert [item.email.address for item in by_name if isinstance(item, Contact) and item.email] == [
        "ann@example.com",
        "bob@example.com",
    ]


def test_keys_without_an_address_are_refused_at_once() -> None:
    with pytest.raises(NoAddressColumn):
        read_contacts([{"Name": "Ann"}])
    with pytest.raises(UnknownColumn):
        read_contacts([ANN], columns={"email": "Mail"})
    with pytest.raises(ValueError, match="'ZZ' is not a country code"):
        read_contacts([ANN], region="ZZ")


def test_an_empty_table_has_nobody_in_it() -> None:
    assert read([]) == []
    assert read(iter(())) == []


@pytest.mark.parametrize(
    "row",
    [None, 17, "Ann,ann@example.com", ["Ann"], {**ANN, "Name": "A\0nn"}, {**ANN, "Name": "A\ud800"},
     {**ANN, "Note": "x" * 300_000}],
    ids=["None", "a number", "a line", "a list", "NUL", "surrogate", "giant"],
)  # fmt: skip
def test_a_row_that_is_none_is_reported_and_stops_nothing(row: object) -> None:
    items = read([ANN, row, ANN], region="US")

    assert codes(items) == ["contact", "unreadable_row", "contact"]
    assert items[1].row_number == 2


def test_a_dictreader_loses_no_cell_in_silence() -> None:
    lines = io.StringIO("Name,E-mail\nAnn,ann@example.com,,\nLee, Ann,a@example.com\nBob\n")

    assert codes(read(csv.DictReader(lines))) == ["contact", "unreadable_row", "contact"]


def test_keys_that_are_no_text_are_read_as_text() -> None:
    (contact,) = read([{"email": "ann@example.com", 7: "x"}])

    assert isinstance(contact, Contact)
    assert contact.attributes == {"7": "x"}


def test_a_file_without_a_header_is_read_by_places() -> None:
    lines = ["Ann Lee,ann@example.com,(212) 555-0143\n", "Bob,bob@example.com,\n"]
    items = read(lines, region="US", columns={"name": 1, "email": 2, "phone": 3}, has_header=False)

    assert [(item.row_number, item.name) for item in items if isinstance(item, Contact)] == [(1, "Ann Lee"), (2, "Bob")]
    with pytest.raises(NoAddressColumn) as refused:
        read(lines, has_header=False)
    assert refused.value.columns == ("column 1", "column 2", "column 3")


@pytest.mark.parametrize("place", [0, -1, 4])
def test_a_place_that_is_not_there_is_named(place: int) -> None:
    with pytest.raises(UnknownColumn, match=f"'{place}'"):
        read(["Name,Email,Phone\n"], columns={"email": place})
    with pytest.raises(TypeError, match="its number counted from 1"):
        read(["Name,Email,Phone\n"], columns={"email": 1.5})
