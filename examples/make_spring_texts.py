"""Writes examples/data/spring_texts.csv: the cards on which an invented florist's customers left a number for texts.

``python -m examples.make_spring_texts`` gives the same bytes every time. Nobody in it exists: the numbers lie in what
is kept for fiction, 555-01xx in North America and the like in Germany (Bundesnetzagentur) and Australia (ACMA). It
holds what such piles of cards hold: people twice, numbers of Toronto that look like New York, landlines, no answer to
whether texts are welcome.
"""

import csv
from io import StringIO
from pathlib import Path
from random import Random

from examples.make_spring_customers import (
    AREA_CODES,
    BROKEN_PHONES,
    FIRST_NAMES,
    LAST_NAMES,
    PHONE_FORMS,
    make_name,
)

__all__ = ["HEADER", "ROW_COUNT", "make_rows", "render", "write"]

SEED = 20270316
ROW_COUNT = 260  # without the header
TARGET = Path(__file__).parent / "data" / "spring_texts.csv"

HEADER = ["Card No", "Name", "Mobile", "SMS consent", "Order"]

ABROAD_CODES = [416, 876]  # Toronto and Jamaica, dialled as if they were next door
GERMAN_MOBILES = [f"+49 171 39200{last:02}" for last in range(20, 40)]
GERMAN_LANDLINES = [f"+49 30 23125{last:03}" for last in range(10, 20)]
AUSTRALIAN_MOBILES = ["+61 491 570 156", "+61 491 570 157", "+61 491 570 158", "+61 491 570 159"]
KINDS = {"home": 80, "abroad": 3, "german": 4, "landline": 3, "australian": 1, "broken": 5, "none": 4}

BLANK_SHARE, REPEATED_SHARE = 0.01, 0.06  # of all rows
CONSENTS = ["yes"] * 18 + ["no", ""]
ORDERS = [""] * 15 + ["ready"]


def make_rows(random: Random) -> list[list[str]]:
    """Return ``ROW_COUNT`` rows without the header."""
    numbers = _numbers(random)
    rows: list[list[str]] = []
    while len(rows) < ROW_COUNT:
        lot = random.random()
        if lot < BLANK_SHARE:
            rows.append([""] * len(HEADER))
        elif lot < BLANK_SHARE + REPEATED_SHARE and rows:
            rows.append(_repeat(random.choice(rows), len(rows)))
        else:
            rows.append(_make_card(len(rows), numbers, random))
    return rows


def _numbers(random: Random) -> dict[str, list[str]]:
    """Return the numbers of each kind, shuffled; whoever takes one takes it away."""
    numbers = {
        "home": _american(AREA_CODES, random),
        "abroad": _american(ABROAD_CODES, random),
        "german": GERMAN_MOBILES.copy(),
        "landline": GERMAN_LANDLINES.copy(),
        "australian": AUSTRALIAN_MOBILES.copy(),
        "broken": BROKEN_PHONES * ROW_COUNT,
        "none": [""] * ROW_COUNT,
    }
    for kind in numbers.values():
        random.shuffle(kind)
    return numbers


def _american(area_codes: list[int], random: Random) -> list[str]:
    forms = [form for form in PHONE_FORMS if "x" not in form]
    return [random.choice(forms).format(code, line) for code in area_codes for line in range(100, 200)]


def _make_card(position: int, numbers: dict[str, list[str]], random: Random) -> list[str]:
    first, last = random.choice(FIRST_NAMES.split()), random.choice(LAST_NAMES.split())
    (kind,) = random.choices(list(KINDS), weights=list(KINDS.values()))
    name = make_name(first, last, random)
    return [f"C{1_000 + position}", name, numbers[kind].pop(), random.choice(CONSENTS), random.choice(ORDERS)]


def _repeat(row: list[str], position: int) -> list[str]:
    """Return the same customer's second card: the name in capitals, the number without its brackets and dashes."""
    number, name, phone, *rest = row
    plain = "".join(letter for letter in phone if letter not in "()-. ")
    return [f"C{1_000 + position}" if number else "", name.upper(), plain, *rest]


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
    print(f"{ROW_COUNT} cards are in {write()}")
