"""The numbered bad inputs as a shop's file brings them: each is read, or refused with its row; no other row suffers."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from campaignkit.addresses import Rejection
from campaignkit.audience import Contact, Exclusion, Recipient, read_contacts, stream_audience, write_rejections
from campaignkit.errors import UnreadableContacts

Write = Callable[[bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_bytes(content: bytes) -> Path:
        path = tmp_path / "contacts.csv"
        path.write_bytes(content)
        return path

    return write_bytes


def row_with(field: str, value: str, region: str) -> Contact | Rejection:
    """Return what the middle one of three rows becomes, after a look at its neighbours."""
    file = io.StringIO(newline="")
    rows = [["name", "email", "phone"], ["Ann", "ann@example.com", ""], ["", "", ""], ["Bob", "bob@example.com", ""]]
    rows[2][("name", "email", "phone").index(field)] = value
    csv.writer(file).writerows(rows)
    file.seek(0)
    first, middle, last = read_contacts(file, region=region)
    assert [getattr(item.email, "key", None) for item in (first, last) if isinstance(item, Contact)] == [
        "ann@example.com",
        "bob@example.com",
    ]
    return middle


EMAILS = {
    "1": ("a@b.com\r\nBcc: x@y", "malformed"),
    "2": ("a@b.com\n", "malformed"),
    "4": ("<aaa@bbb.com>ccc@ddd.com", "ambiguous malformed"),
    "5": ("alice@example.org)bob@example.com", "ambiguous malformed"),
    "6 comma": ("a@b.com,c@d.com", "ambiguous"),
    "6 semicolon": ("a@b.com; c@d.com", "ambiguous"),
    "7": ('"a b"@c.com', "malformed"),
    "8": ("=?UTF-8?Q?a?=@b.com", "malformed"),
    "9": ("a@xn--0.com", "malformed"),
    "10": ("a@[127.0.0.1]", "malformed"),
    "11 localhost": ("a@localhost", "malformed unreachable"),
    "11 no dot": ("a@b", "malformed"),
    "13": ("ａ@example.com", "malformed"),
    "16 a local part of 65": ("a" * 65 + "@example.com", "too_long"),
    "16 255 in all": ("a" * 60 + "@" + ("b" * 60 + ".") * 3 + "c" * 7 + ".com", "too_long"),
    "17 in front": (".a@example.com", "malformed"),
    "17 double": ("a..b@example.com", "malformed"),
    "17 at the end": ("a.@example.com", "malformed"),
    "20 NBSP": ("a@example.com\u00a0", "malformed"),
    "20 ZWSP": ("a\u200b@example.com", "malformed"),
    "20 BOM": ("\ufeffa@example.com", "malformed"),
    "20 RTL mark": ("a@example.com\u200f", "malformed"),
    "21": ("mailto:a@example.com", "malformed"),
    "22": ("a" * 100_000 + "@example.com", "too_long"),
}


@pytest.mark.parametrize(("value", "codes"), EMAILS.values(), ids=EMAILS)
def test_an_email_that_is_none_is_named_and_its_row_is_kept(value: str, codes: str) -> None:
    contact = row_with("email", value, "US")

    assert isinstance(contact, Contact)
    assert contact.email is None
    assert [(broken.field, broken.row_number) for broken in contact.rejections] == [("email", 3)]
    assert contact.rejections[0].code in codes.split()
    assert len(contact.rejections[0].value) <= 200


def test_3_a_nul_in_an_email_refuses_the_row() -> None:
    refused = row_with("email", "a\0@example.com", "US")

    assert isinstance(refused, Rejection)
    assert (refused.code, refused.row_number) == ("unreadable_row", 3)


GOOD_EMAILS = {
    "12": ("user@faß.de", "user@xn--fa-hia.de"),
    "14": ("a@gmàil.com", "a@xn--gmil-1na.com"),
    "16 a local part of 64": ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    "18": ("A@B.COM", "a@b.com"),
    "19": ("-oX@b.com", "-ox@b.com"),
    "20 blanks and a tab": (" \ta@example.com ", "a@example.com"),
}


@pytest.mark.parametrize(("value", "key"), GOOD_EMAILS.values(), ids=GOOD_EMAILS)
def test_an_odd_email_that_is_one_is_read(value: str, key: str) -> None:
    contact = row_with("email", value, "US")

    assert isinstance(contact, Contact)
    assert contact.email is not None
    assert contact.email.key == key


def test_15_look_alikes_are_read_and_marked() -> None:
    contact = row_with("email", "p\u0430ypal@example.com", "US")

    assert isinstance(contact, Contact)
    assert contact.email is not None
    assert contact.email.has_mixed_scripts


PHONES = {
    "44 premium": ("+1 900 555 0143", "US", "service_number malformed"),
    "44 short code": ("12345", "US", "service_number not_textable malformed"),
    "44 +979": ("+979 123 456 789", "US", "service_number"),
    "44 +882": ("+882 16 12345678", "US", "service_number malformed"),
    "46 two scripts": ("٦٠1 234 567", "PL", "ambiguous"),
    "56": ("9.05E+11", "US", "malformed"),
    "57 Mexico": ("+52 1 55 1234 5678", "MX", "malformed"),
}


@pytest.mark.parametrize(("value", "region", "codes"), PHONES.values(), ids=PHONES)
def test_a_phone_that_is_none_is_named_and_its_row_is_kept(value: str, region: str, codes: str) -> None:
    contact = row_with("phone", value, region)

    assert isinstance(contact, Contact)
    assert contact.phone is None
    assert [(broken.field, broken.row_number) for broken in contact.rejections] == [("phone", 3)]
    assert contact.rejections[0].code in codes.split()


GOOD_PHONES = {
    "46 Arabic digits": ("٦٠١ ٢٣٤ ٥٦٧", "PL", "+48601234567"),
    "46 full-width digits": ("６０１２３４５６７", "PL", "+48601234567"),
    "47 national": ("0171 1234567", "DE", "+491711234567"),
    "47 with 00": ("0048 601 234 567", "DE", "+48601234567"),
    "48": ("(212) 555-0143 x12", "US", "+12125550143;ext=12"),
    "57 Argentina": ("011 15 2345-6789", "AR", "+5491123456789"),
}


@pytest.mark.parametrize(("value", "region", "key"), GOOD_PHONES.values(), ids=GOOD_PHONES)
def test_an_odd_phone_that_is_one_is_read(value: str, region: str, key: str) -> None:
    contact = row_with("phone", value, region)

    assert isinstance(contact, Contact)
    assert contact.phone is not None
    assert contact.phone.key == key


HEADER = "Name;E-mail;Note\n"
ROW = "Zoë Nuñez;zoe@example.com;für Ångström\n"
POLISH = "Łucja Żak;l@example.com;gęś\n"
TURKISH = "Gülşen Işık;g@example.com;Beyoğlu\n"
BOTH = ["zoe@example.com", "ann@example.com"]
ANN = b"Ann;ann@example.com;\n"

FILES = {
    "58 UTF-8 with its mark": (b"\xef\xbb\xbf" + (HEADER + ROW).encode() + ANN, BOTH),
    "58 UTF-16": ((HEADER + ROW + ANN.decode()).encode("utf-16"), BOTH),
    "58 UTF-16, big end first, no mark": ((HEADER + ROW + ANN.decode()).encode("utf-16-be"), BOTH),
    "58 UTF-16 that ends within a character": ((HEADER + ANN.decode()).encode("utf-16") + b"x",
                                               ["ann@example.com", "unreadable_row"]),
    "58 UTF-16 with half a pair": ((HEADER + "a\ud83d;x@example.com;\n").encode("utf-16", "surrogatepass")
                                   + ANN.decode().encode("utf-16-le"), ["unreadable_row", "ann@example.com"]),
    "58 cp1252": ((HEADER + ROW).encode("cp1252") + ANN, BOTH),
    "58 cp1250": ((HEADER + POLISH).encode("cp1250") + ANN, ["l@example.com", "ann@example.com"]),
    "58 cp1254": ((HEADER + TURKISH).encode("cp1254") + ANN, ["g@example.com", "ann@example.com"]),
    "58 mixed": ((HEADER + ROW).encode() + POLISH.encode("cp1250") + ANN, [BOTH[0], "l@example.com", BOTH[1]]),
    "58 UTF-8 with a few bad bytes": ((HEADER + ROW).encode() + "Łódź\xff;x@example.com;\n".encode().replace(
        "\xff".encode(), b"\xff") + ANN, [BOTH[0], "unreadable_row", BOTH[1]]),
    "58 mixed line ends": (HEADER.encode() + b"Bob;bob@example.com;\r\nCleo;cleo@example.com;\r" + ANN,
                           ["bob@example.com", "cleo@example.com", "ann@example.com"]),
    "59 NUL": (HEADER.encode() + b"B\0b;bob@example.com;\n" + ANN, ["unreadable_row", "ann@example.com"]),
    "60 a quote that never closes": (HEADER.encode() + b'"Bob;bob@example.com;\n' + ANN * 3,
                                     ["unreadable_row", *["ann@example.com"] * 3]),
    "60 a quote at the very end": (HEADER.encode() + ANN + b'"Bob;bob@example.com;', [BOTH[1], "unreadable_row"]),
    "61 a field over 131,072": (HEADER.encode() + b"x" * 140_000 + b";bob@example.com;\n" + ANN,
                                ["unreadable_row", "ann@example.com"]),
    "61 a quoted field over 131,072": (HEADER.encode() + b'"' + b"x\n" * 70_000 + b'";bob@example.com;\n' + ANN, None),
    "62 a million cells": (HEADER.encode() + b"x;" * 1_000_000 + b"\n" + ANN, ["unreadable_row", "ann@example.com"]),
    "64 two columns of one name": (b"E-mail;E-mail\n;bob@example.com\nann@example.com;x\n",
                                   ["bob@example.com", "ann@example.com"]),
    "64 two email columns, the better one broken": (b"Work email;E-mail\nann@example.com;ann@\n", ["ann@example.com"]),
    "64 blank names": (b";E-mail;;\nBob;bob@example.com;x;y\n", ["bob@example.com"]),
    "65 tabs": ((HEADER + ROW).replace(";", "\t").encode() + ANN.replace(b";", b"\t"), BOTH),
    "65 bars": ((HEADER + ROW).replace(";", "|").encode() + ANN.replace(b";", b"|"), BOTH),
    "65 commas": ((HEADER + ROW).replace(";", ",").encode() + ANN.replace(b";", b","), BOTH),
    "65 Excel says which": (b"sep=|\r\nName;E-mail|Phone\r\nBob|\r\n", [None]),
    "65 Excel says tabs": (b"sep=\t\r\nName\tE-mail\r\nAnn\tann@example.com\r\n", ["ann@example.com"]),
    "only a header": (HEADER.encode(), []),
    "blank lines": (b"\n\n" + HEADER.encode() + b"\n" + ANN + b";;\n\n",
                    ["blank_row", BOTH[1], "blank_row", "blank_row"]),
}  # fmt: skip


@pytest.mark.parametrize(("content", "became"), FILES.values(), ids=FILES)
def test_a_file_is_read_and_a_broken_row_costs_no_other(write: Write, content: bytes, became: list[str] | None) -> None:
    items = list(read_contacts(write(content), region="PL"))
    numbers = [item.row_number or 0 for item in items]

    assert numbers == list(range(numbers[0] if numbers else 0, (numbers[0] if numbers else 0) + len(numbers)))
    if became is None:
        assert {item.code.value for item in items if isinstance(item, Rejection)} == {"unreadable_row"}
        assert isinstance(items[-1], Contact)
    else:
        assert [_shown(item) for item in items] == became


def _shown(item: Contact | Rejection) -> str | None:
    if isinstance(item, Rejection):
        return item.code.value
    return item.email.address if item.email else None


def test_58_polish_in_every_encoding_is_the_same_text(write: Write) -> None:
    names = set()
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1250"):
        (contact,) = read_contacts(write((HEADER + POLISH).encode(encoding)))
        assert isinstance(contact, Contact)
        names.add((contact.name, contact.attributes["Note"]))

    assert names == {("Łucja Żak", "gęś")}


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf\r\n\r\n", "empty", id="a mark and blank lines"),
        pytest.param(b"a;" * 1_000_000, "column names", id="62 a million columns"),
        pytest.param(b'"' + b"Name;E-mail\n" * 100_000, "column names", id="60 a header whose quote never closes"),
        pytest.param(b"PK\x03\x04", "Excel", id="a workbook"),
    ],
)
def test_what_is_no_list_is_refused_as_a_whole(write: Write, content: bytes, hint: str) -> None:
    with pytest.raises(UnreadableContacts, match=hint):
        read_contacts(write(content))


def test_63_a_file_without_end_is_read_as_it_comes() -> None:
    def lines() -> Iterator[str]:
        yield HEADER
        while True:
            yield ROW

    items = read_contacts(lines())

    assert [next(items).row_number for _ in range(1_000)] == list(range(2, 1_002))


def test_66_what_a_list_smuggles_in_is_defused_on_the_way_out(tmp_path: Path) -> None:
    lines = ["Name,Email\n", "Ann,=cmd|' /C calc'!A0\n", "Bob,@SUM(A1)\n", "Cleo,＝1+1\n"]
    write_rejections(tmp_path / "out.csv", read_contacts(lines))
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        values = [row["value"] for row in csv.DictReader(file)]

    assert values == ["'=cmd|' /C calc'!A0", "'@SUM(A1)", "'＝1+1"]


def test_67_one_address_many_times_is_one_recipient() -> None:
    lines = ["Name,Email\n", *("Ann,Ann.Lee@example.com\n", "Ann,ann.lee@EXAMPLE.com\n") * 2_000]
    became = [type(item) for item in stream_audience(read_contacts(lines))]

    assert (became[0], set(became[1:]), len(became)) == (Recipient, {Exclusion}, 4_000)
