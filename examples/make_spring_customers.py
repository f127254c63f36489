"""Writes examples/data/spring_customers.csv: the customer list of an invented florist, as a till would export it.

``python -m examples.make_spring_customers`` gives the same bytes every time. Nobody in it exists: the addresses end in
domains that are reserved for examples (RFC 2606), the phone numbers lie in the 555-01xx block that is kept for fiction.
It holds what real lists hold: customers twice in other spellings, typing errors, phones that a spreadsheet has rounded,
notes over several lines, blank rows.
"""

import csv
import unicodedata
from io import StringIO
from pathlib import Path
from random import Random

__all__ = ["HEADER", "ROW_COUNT", "make_rows", "render", "write"]

SEED = 20260320
ROW_COUNT = 2_000  # without the header
TARGET = Path(__file__).parent / "data" / "spring_customers.csv"

HEADER = ["Customer No", "Name", "E-mail", "Phone", "City", "Favourite flower", "Notes"]

FIRST_NAMES = """
    Ann Maria José Siobhán Łucja Chloé Björn Zoë Noël Ewa Liam Olivia Noah Emma Mason Ava Ethan Mia Aiko Priya
    Omar Fatima Jürgen Renée Małgorzata Đorđe Søren Iris Rose Violet Jasmine Lily Hyacinth Basil Heather Mary-Jo
"""
LAST_NAMES = """
    O'Brien Lee Wiśniewska Núñez Müller Smith Johnson D'Angelo García Kowalski Okafor Nguyen Patel Ivanova
    Hansen Dubois Rossi Novák Öztürk Young Walker Hill Green Wood Field Rivers Bush Thornton Gardener
    Fitz-Gerald
"""
DOMAINS = """
    example.com example.org example.net mail.example.com post.example.org shop.example.net flowers.example.com
    home.example.org office.example.net
"""
CITIES = ["New York", "Brooklyn, NY", "Hoboken", "Yonkers", "Jersey City", "Queens", "Staten Island", "White Plains"]
AREA_CODES = [212, 917, 718, 201, 914, 646, 347, 516, 631, 845, 551, 732, 908, 973, 203, 860, 267, 610, 617, 857]
EDGE_CODES = [850, 270, 574, 906]  # two time zones each
FLOWERS = ["tulips", "peonies", "roses", "ranunculus", "lilac", "sweet peas", "anemones", "", "", "daffodils"]
NOTES = [
    *[""] * 14,
    "prefers mornings",
    'calls herself "Annie"',
    "two bouquets, one card",
    "Ring twice.\nLeave it with the neighbour, no. 4.",
    'Card said "With love,\nalways"; she cried, in a good way.',
    "no lilies, cats!",
    '5" vase only',
    "=SUM(1+1) was in here, nobody knows why",
]
BROKEN_EMAILS = [
    "{0}.example.com",
    "{0}@@example.com",
    "{0}@example",
    "{0}@example..com",
    "{0} @example.com",
    "mailto:{0}@example.com",
    "{0}@example.com, {0}2@example.com",
    "{0}@example.com\u200b",
    "<{0}@example.com>",
    "n/a",
    "ask again",
    "{0}@shop.test",
]
PHONE_FORMS = [
    "({0}) 555-{1:04}",
    "({0}) 555-{1:04}",
    "+1 {0} 555 {1:04}",
    "+1{0}555{1:04}",
    "{0}-555-{1:04}",
    "{0}.555.{1:04}",
    "1-{0}-555-{1:04}",
    "({0}) 555-{1:04} x12",
]
BROKEN_PHONES = ["2.12556E+09", "9.05E+11", "555-0143", "none", "212-555-01", "911", "212-555-0143 / 212-555-0144"]

BLANK_SHARE, REPEATED_SHARE = 0.005, 0.06  # of all rows
MISSING_SHARE, BROKEN_SHARE = 0.09, 0.04  # of all customers' email addresses


def make_rows(random: Random) -> list[list[str]]:
    """Return ``ROW_COUNT`` rows without the header."""
    rows: list[list[str]] = []
    while len(rows) < ROW_COUNT:
        lot = random.random()
        if lot < BLANK_SHARE:
            rows.append([""] * len(HEADER))
        elif lot < BLANK_SHARE + REPEATED_SHARE and rows:
            rows.append(repeat(random.choice(rows), len(rows), random))
        else:
            rows.append(make_customer(len(rows), random))
    return rows


def make_customer(position: int, random: Random) -> list[str]:
    """Return a customer of her own; the position makes the address hers alone."""
    first, last = random.choice(FIRST_NAMES.split()), random.choice(LAST_NAMES.split())
    return [
        f"F{10_000 + position}",
        make_name(first, last, random),
        make_email(first, last, position, random),
        make_phone(random),
        random.choice(CITIES),
        random.choice(FLOWERS),
        random.choice(NOTES),
    ]


def make_name(first: str, last: str, random: Random) -> str:
    """Return the name in one of the ways that people type it."""
    forms = [f"{first} {last}"] * 16 + [f"{last}, {first}", f"{first}  {last}", last.upper(), f"Mrs. {last}", ""]
    return random.choice([*forms, f"<b>{first}</b> {last}"])


def make_email(first: str, last: str, position: int, random: Random) -> str:
    """Return an address, a broken one, or none."""
    name = f"{plain(first)}.{plain(last)}{position}"
    lot = random.random()
    if lot < MISSING_SHARE:
        return ""
    if lot < MISSING_SHARE + BROKEN_SHARE:
        return random.choice(BROKEN_EMAILS).format(name)
    return f"{name}@{random.choice(DOMAINS.split())}"


def plain(name: str) -> str:
    """Return *name* in the letters that every mail system takes.

    >>> plain("O'Brien"), plain("Łucja"), plain("Noël")
    ('obrien', 'lucja', 'noel')
    """
    letters = unicodedata.normalize("NFKD", name.lower().translate(str.maketrans("łđø", "ldo")))
    return "".join(letter for letter in letters if letter.isascii() and letter.isalpha())


def make_phone(random: Random) -> str:
    """Return a number from the block for fiction, a broken one, or none."""
    lot = random.random()
    if lot < 0.15:
        return ""
    if lot < 0.19:
        return random.choice(BROKEN_PHONES)
    return random.choice(PHONE_FORMS).format(random.choice(AREA_CODES + EDGE_CODES), random.randrange(100, 200))


def repeat(row: list[str], position: int, random: Random) -> list[str]:
    """Return the same customer entered once more: a new number, the name and the address in other letters."""
    number, name, email, *rest = row
    spellings = [str.upper, str.title, str.swapcase, " {} ".format]
    again = random.choice(spellings)(email) if email.count("@") == 1 else email
    return [f"F{10_000 + position}" if number else "", name.title(), again, *rest]


def render() -> bytes:
    """Return the file: UTF-8 with the mark that spreadsheets want, lines ending as they write them."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(make_rows(Random(SEED)))
    return text.getvalue().encode("utf-8-sig")


def write(target: Path = TARGET) -> Path:
    """Write the file and return where it is."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(render())
    return target


if __name__ == "__main__":
    print(f"{ROW_COUNT} customers are in {write()}")
