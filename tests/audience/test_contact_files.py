"""Whole files: encodings, delimiters, headers, and all that can be broken. Numbers are those of the bad inputs."""

import csv
import gc
import io
import tracemalloc
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.addresses import Rejection, RejectionCode
from campaignkit.audience import Contact, read_contacts
from campaignkit.audience.code_pages import guess_code_page
from campaignkit.errors import NoAddressColumn, UnknownColumn, UnreadableContacts


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    def write_bytes(content: bytes) -> Path:
        path = tmp_path / "contacts.csv"
        path.write_bytes(content)
        return path

    return write_bytes


def addresses(items):
    """The email address of each contact, the code of each rejection."""
    return [
        (item.email.address if item.email else None) if isinstance(item, Contact) else item.code.value for item in items
    ]


POLISH = "Imię i nazwisko;E-mail;Miasto\nMałgorzata Wiśniewska;m@example.com;Łódź\n"
ENCODED = {
    "UTF-8": POLISH.encode(),
    "58 UTF-8 with BOM": POLISH.encode("utf-8-sig"),
    "58 UTF-16": POLISH.encode("utf-16"),
    "58 UTF-16, big end first": b"\xfe\xff" + POLISH.encode("utf-16-be"),
    "58 UTF-16 without its mark": POLISH.encode("utf-16-le"),
    "58 UTF-16 without its mark, big end first": POLISH.encode("utf-16-be"),
    "58 cp1250": POLISH.encode("cp1250"),
    "65 tabs": POLISH.replace(";", "\t").encode(),
    "65 commas": POLISH.replace(";", ",").encode(),
    "65 bars": POLISH.replace(";", "|").encode(),
    "CRLF": POLISH.replace("\n", "\r\n").encode(),
    "CR": POLISH.replace("\n", "\r").encode("cp1250"),
    "no last line end": POLISH.rstrip().encode(),
    "a line that names the delimiter": b"sep=;\r\n" + POLISH.encode(),
    "blank lines in front": b"\n\n" + POLISH.encode(),
    "blanks after commas": POLISH.replace(";", ', "').replace("\n", '"\n').replace(', "', '", "').replace('I', '"I', 1)
    .replace("\nM", '\n"M').encode(),
}  # fmt: skip


@pytest.mark.parametrize("content", ENCODED.values(), ids=ENCODED)
def test_a_file_is_read_however_it_was_saved(write, content):
    (contact,) = read_contacts(write(content))

    assert isinstance(contact, Contact)
    assert (contact.name, contact.attributes["Miasto"]) == ("Małgorzata Wiśniewska", "Łódź")
    assert contact.email is not None


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("Chloé Dubois à Besançon, François Noël", "cp1252"),
        ("Jürgen Groß, Straße 5, Köln", "cp1252"),
        ("¿Qué tal, señor Núñez? ¡Olé!", "cp1252"),
        ("Zażółć gęślą jaźń", "cp1250"),
        ("Jiří Dvořák, Plzeň; Žofie Nováková", "cp1250"),
        ("Kovács Győző, Ősbemutató", "cp1250"),
        ("Gülşen Işık, Beyoğlu, İstanbul", "cp1254"),
    ],
    ids=["French", "German", "Spanish", "Polish", "Czech", "Hungarian", "Turkish"],
)
def test_a_code_page_is_told_by_its_letters(text, page):
    assert guess_code_page(text.encode(page)) == page


def test_58_a_file_pasted_from_two_encodings_is_read(write):
    lines = [b"Name,Email\n", "Łucja,l@example.com\n".encode(), "Wiśniewska,w@example.com\n".encode("cp1250")]
    names = [contact.name for contact in read_contacts(write(b"".join(lines))) if isinstance(contact, Contact)]

    assert names == ["Łucja", "Wiśniewska"]


def test_58_a_foreign_line_far_down_is_read_or_refused_and_no_other_suffers(write):
    plain = (b"Ann" * 30 + b",\n") * 1_000  # more than is looked at to tell the encoding
    foreign = "Małgorzata,m@example.com\n".encode("cp1250") + b"\x81\x8d,x@example.com\nBob,bob@example.com\n"
    items = list(read_contacts(write(b"Name,Email\n" + plain + foreign), region="PL"))

    assert [item.name for item in items if isinstance(item, Contact)][-2:] == ["Małgorzata", "Bob"]
    assert [(item.code, item.row_number) for item in items if isinstance(item, Rejection)] == [
        (RejectionCode.UNREADABLE_ROW, 1_003)
    ]


UNREADABLE = {
    "empty": (b"", "empty"),
    "only a BOM": (b"\xef\xbb\xbf", "empty"),
    "only blank lines": (b"\n\r\n,,\n", "empty"),
    "a workbook": (b"PK\x03\x04\x14\0\x06\0" + bytes(100), "Excel"),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + bytes(100), "Excel"),
    "a PDF": (b"%PDF-1.7\n", "PDF"),
    "garbage": (bytes(range(256)) * 10, "column names"),
    "62 a million columns": (b"a," * 1_000_000, "column names"),
    "60 a header whose quote never closes": (b'"Name,Email\nAnn,ann@example.com\n', "column names"),
}


@pytest.mark.parametrize(("content", "hint"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_list_is_refused_before_the_first_row(write, content, hint):
    with pytest.raises(UnreadableContacts, match=hint) as raised:
        read_contacts(write(content))

    assert str(raised.value).startswith("the contact list cannot be read: ")


def test_a_missing_file_and_a_folder_are_unreadable(tmp_path):
    with pytest.raises(UnreadableContacts, match="there is no such file"):
        read_contacts(tmp_path / "none.csv")
    with pytest.raises(UnreadableContacts, match="a folder"):
        read_contacts(str(tmp_path))
    with pytest.raises(UnreadableContacts, match="null"):
        read_contacts("a\0b")


def test_an_endless_line_is_given_up_at_once():
    with pytest.raises(UnreadableContacts):
        read_contacts("/dev/zero")


def test_a_file_without_addresses_says_which_columns_it_has():
    with pytest.raises(NoAddressColumn) as raised:
        read_contacts(["Name,City\n"])

    assert raised.value.columns == ("Name", "City")
    assert str(raised.value) == "no column holds an email address or a phone number; the columns are: Name, City"


def test_the_host_says_which_column_is_which():
    lines = ["Kto,Dokąd,E-mail\n", "Ann,ann@example.com,old@example.com\n"]
    (contact,) = read_contacts(lines, columns={"email": "dokąd", "name": "Kto"})

    assert isinstance(contact, Contact)
    assert contact.email is not None
    assert (contact.name, contact.email.address) == ("Ann", "ann@example.com")
    assert contact.attributes == {"E-mail": "old@example.com"}


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(UnknownColumn) as raised:
        read_contacts(["Name,Email\n"], columns={"email": "Mail"})

    assert str(raised.value) == "there is no column 'Mail'; the columns are: Name, Email"


def test_a_question_that_no_column_answers_is_a_bad_call():
    with pytest.raises(ValueError, match=r"columns answer contact_id, .*; not 'emial'"):
        read_contacts(["Name,Email\n"], columns={"emial": "Email"})


def test_a_wrong_country_is_a_bad_call_before_the_first_row():
    with pytest.raises(ValueError, match="'ZZ' is not a country code"):
        read_contacts(["Phone\n"], region="ZZ")


@pytest.mark.parametrize(
    "header",
    [
        "E-mail",
        "Adres e-mail",
        "E-Mail-Adresse",
        "Courriel",
        "Correo electrónico",
        "customer_email",
        "Phone",
        "Komórka",
    ],
)
def test_an_address_column_is_known_in_five_languages(header):
    (item,) = read_contacts([f"{header}\n", "x\n"])

    assert isinstance(item, Contact)
    assert not item.attributes


BROKEN = {
    "59 NUL": (b"Bo\0b,bob@example.com,\n", ["unreadable_row"]),
    "60 unclosed quote": (b'"Bob,bob@example.com,\n', ["unreadable_row"]),
    "61 long field": (b"x" * 131_073 + b",bob@example.com,\n", ["unreadable_row"]),
    "61 long quoted field": (b'"' + b"x" * 200_000 + b'",bob@example.com,\n', ["unreadable_row"]),
    "61 long line": (b"x" * 2_000_000 + b",bob@example.com,\n", ["unreadable_row"]),
    "62 many columns": (b"," * 200_000 + b"x\n", ["unreadable_row"]),
    "62 a million columns": (b"x," * 1_000_000 + b"\n", ["unreadable_row"]),
    "too many cells": (b"Lee, Ann,ann@example.com,tulips\n", ["unreadable_row"]),
    "too many blank cells": (b"Bob,bob@example.com,,,,\n", ["bob@example.com"]),
    "too few cells": (b"Bob,bob@example.com\n", ["bob@example.com"]),
    "bytes of no encoding": (b"\x81\x8d\xff,bob@example.com,\n", ["unreadable_row"]),
    "blank": (b"\n,,\n  ,\t,\n", ["blank_row", "blank_row", "blank_row"]),
    "odd quotes": (b'Bob "the "Builder""",bob@example.com,5" vase\n', ["bob@example.com"]),
}


@pytest.mark.parametrize(("row", "became"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("as_text", [False, True], ids=["path", "lines"])
def test_a_broken_row_is_reported_and_stops_nothing(write, row, became, as_text):
    content = b"Name,Email,Note\nAnn,ann@example.com,\n" + row + b"Cleo,cleo@example.com,\n" * 3
    source = io.StringIO(content.decode("cp1252", "surrogateescape")) if as_text else write(content)
    items = list(read_contacts(source))

    assert addresses(items) == ["ann@example.com", *became, *["cleo@example.com"] * 3]
    assert [item.row_number for item in items] == list(range(2, 2 + len(items)))


def test_60_an_unclosed_quote_in_a_long_file_costs_one_row(write):
    items = list(read_contacts(write(b'Name,Email\n"Bob,bob@example.com\n' + (b"Cleo" * 30 + b",\n") * 3_000)))

    assert addresses(items) == ["unreadable_row", *[None] * 3_000]


def test_60_a_quote_that_closes_rows_later_costs_one_row():
    lines = ["Name,Email,Note\n", '"Ann,ann@example.com,\n']
    lines += [f"Cleo,cleo{number}@example.com,\n" for number in range(3)] + ['"Dan ""D""",dan@example.com,\n']

    assert addresses(read_contacts(lines)) == [
        "unreadable_row",
        *(f"cleo{number}@example.com" for number in range(3)),
        "dan@example.com",
    ]


def test_60_a_file_of_open_quotes_ends():
    lines = chain(["Name,Email,Note\n"], repeat('"a"b","' + "c" * 500 + "\n", 3_000))
    items = list(read_contacts(lines))

    assert {item.code.value for item in items if isinstance(item, Rejection)} == {"unreadable_row"}


def test_a_note_over_several_lines_is_one_row():
    lines = [
        "Email,Name,Note\n",
        'a@example.com,Ann,"first, then\n',
        "\n",
        "second, third\n",
        'x"\n',
        "b@example.com,Bob,\n",
    ]
    items = list(read_contacts(lines))

    assert [(item.row_number, address) for item, address in zip(items, addresses(items), strict=True)] == [
        (2, "a@example.com"),
        (3, "b@example.com"),
    ]


def test_64_duplicate_and_blank_headers_lose_nothing():
    lines = ["Email,Email,,,Note,note\n", ",b@example.com,x,y,p,q\n"]
    (contact,) = read_contacts(lines)

    assert isinstance(contact, Contact)
    assert contact.email is not None
    assert contact.attributes == {
        "Email (2)": "b@example.com",
        "column 3": "x",
        "column 4": "y",
        "Note": "p",
        "note": "q",
    }


def test_bytes_are_a_bad_call(write: Callable[[bytes], Path]) -> None:
    with pytest.raises(TypeError, match="text"):
        read_contacts([b"Email\n"])  # type: ignore[arg-type]
    with write(b"Email\n").open("rb") as file, pytest.raises(TypeError, match="text"):
        read_contacts(file)  # type: ignore[arg-type]


def test_a_text_file_opened_in_the_wrong_encoding_says_so(write):
    path = write("Email,Miasto\na@example.com,Łódź\n".encode("cp1250"))
    with path.open(encoding="utf-8") as file, pytest.raises(UnreadableContacts, match="another encoding"):
        list(read_contacts(file))


def test_the_header_is_read_at_once_and_the_rest_as_asked_for():
    read = []

    def lines():
        for line in ["Email\n", "a@example.com\n", "b@example.com\n"]:
            read.append(line)
            yield line

    items = read_contacts(lines())
    assert read == ["Email\n"]

    next(items)
    assert len(read) == 2


def test_a_file_is_closed_when_nobody_reads_on(write):
    path = write(b"Email\n" + b"a@example.com\n" * 10)
    items = read_contacts(path)
    next(items)
    del items
    read_contacts(path)
    gc.collect()  # an open file would be a warning, which is an error here


def test_63_memory_does_not_grow_with_the_file():
    def peak(row_count):
        lines = chain(["Name,Email\n"], (f"Ann {n},\n" for n in range(row_count)))
        tracemalloc.start()
        assert sum(1 for _ in read_contacts(lines)) == row_count
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak_bytes

    peak(100)
    assert peak(2_000) < 2 * peak(200) + 50_000


def test_a_domain_is_asked_for_once():
    asked = []

    def resolver(domain):
        asked.append(domain)
        return False

    lines = ["Email\n", "a@example.com\n", "b@Example.com\n", "c@example.org\n"]
    items = list(read_contacts(lines, resolver=resolver))

    assert asked == ["example.com", "example.org"]
    assert [item.rejections[0].code for item in items if isinstance(item, Contact)] == [RejectionCode.UNREACHABLE] * 3


words = st.text("abcŁé '-\"@.;|\t&<>", max_size=8)
sentences = st.one_of(words, st.text('abc ,"', max_size=12), st.text('ab \n"', max_size=12))
tables = st.lists(st.lists(sentences, min_size=3, max_size=3), max_size=12)


@given(tables, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]))
@settings(deadline=None)
def test_no_row_vanishes(table, delimiter, line_end):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    writer.writerows([["Name", "E-mail", "Notes"], *table])
    text.seek(0)
    row_count = sum(1 for _ in csv.reader(text, delimiter=delimiter)) - 1
    items = list(read_contacts(io.StringIO(text.getvalue(), newline="")))

    assert len(items) == row_count == len(table)
    assert [item.row_number for item in items] == list(range(2, 2 + row_count))
    for item, row in zip(items, table, strict=True):
        assert isinstance(item, Contact) == any(cell.strip() for cell in row)


@given(st.binary(max_size=400))
@settings(deadline=None, max_examples=200)
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"Email,Name\n" + content)
    items = list(read_contacts(path))

    assert [item.row_number for item in items] == list(range(2, 2 + len(items)))


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_text_is_read_or_refused(text):
    items = list(read_contacts(io.StringIO("Email,Name,Note\n" + text, newline="")))

    assert [item.row_number for item in items] == list(range(2, 2 + len(items)))
