"""Customer lists whose duplicates are known: made up, by a seed, as CSV. Imports nothing but the standard library.

``plain`` is a list in which each person has a phone and a mailbox of their own, and one record in eight is a copy of an
earlier one with something lost, changed or mistyped. ``shop`` adds what shops have: families behind one phone, the
shop's own number typed in for customers who give none, short forms of names, words in another order.
"""

import csv
import random
import string
from pathlib import Path

__all__ = ["COLUMNS", "write_list"]

COLUMNS = ("id", "first", "last", "email", "phone", "postcode", "person")
_GIVEN = """james mary robert patricia john jennifer michael linda david elizabeth william barbara richard susan joseph
jessica thomas sarah christopher karen charles lisa daniel nancy matthew betty anthony sandra mark ashley donald emily
steven kimberly andrew margaret paul donna joshua michelle kenneth carol kevin amanda brian melissa timothy deborah
anna maria katarzyna piotr krzysztof agnieszka tomasz ewa"""
_FAMILY = """smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson
anderson thomas taylor moore jackson martin lee perez thompson white harris sanchez clark ramirez lewis robinson walker
young allen king wright scott torres nguyen hill flores green adams nelson baker hall rivera campbell mitchell carter
nowak kowalski wisniewski wojcik kowalczyk kaminski lewandowski"""
GIVEN, FAMILY = _GIVEN.split(), _FAMILY.split()
DOMAINS = ("gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "aol.com", "wp.pl", "comcast.net")
SHORT = {
    "james": "jim", "robert": "bob", "michael": "mike", "elizabeth": "liz", "william": "bill",
    "barbara": "barb", "richard": "rick", "joseph": "joe", "thomas": "tom", "christopher": "chris",
    "charles": "charlie", "daniel": "dan", "matthew": "matt", "anthony": "tony", "andrew": "andy",
    "kenneth": "ken", "susan": "sue", "timothy": "tim", "deborah": "debbie", "katarzyna": "kasia",
    "agnieszka": "aga", "tomasz": "tomek",
}  # fmt: skip
COPIES = 0.12
SHOP_PHONE = "+12125550100"

Row = list[str]


def write_list(path: Path, kind: str, count: int, seed: int) -> None:
    """Write *count* records of the *kind* ``plain`` or ``shop``."""
    dice = random.Random(seed)
    given = GIVEN + [_syllables(dice, 2, 3) for _ in range(300)]
    family = FAMILY + [_syllables(dice, 2, 4) for _ in range(3000)]
    rows: list[Row] = []
    while len(rows) < count:
        chance = dice.random()
        if rows and chance < COPIES:
            rows.append(_copy(dice, rows[dice.randrange(len(rows))], len(rows), is_shop=kind == "shop"))
        elif rows and kind == "shop" and chance < COPIES + 0.05:
            rows.append(_relative(dice, rows[dice.randrange(len(rows))], given, len(rows)))
        else:
            rows.append(_person(dice, given, family, len(rows), has_shop_phone=kind == "shop" and chance > 0.997))
    dice.shuffle(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


def _person(dice: random.Random, given: list[str], family: list[str], number: int, *, has_shop_phone: bool) -> Row:
    email = f"{dice.choice(family)}{dice.randrange(10**7)}@{dice.choice(DOMAINS)}"
    phone = SHOP_PHONE if has_shop_phone else f"+1{dice.randrange(2 * 10**9, 10**10)}"
    postcode = f"{dice.randrange(5000):05d}"
    return [str(number), dice.choice(given), dice.choice(family), email, phone, postcode, str(number)]


def _copy(dice: random.Random, row: Row, number: int, *, is_shop: bool) -> Row:
    """Return a record of the same person: something is left out, new, or mistyped."""
    _, first, last, email, phone, postcode, person = row
    chance = dice.random()
    if chance < 0.3 and email:
        phone = ""
    elif chance < 0.6 and phone:
        email = ""
    elif chance < 0.75:
        email = f"x{number}@gmail.com"
    if dice.random() < 0.4:
        place = dice.randrange(len(last))
        last = last[:place] + dice.choice(string.ascii_lowercase) + last[place + 1 :]
    if is_shop and dice.random() < 0.2:
        first = SHORT.get(first, first)
    if is_shop and dice.random() < 0.1:
        first, last = last, first
    return [str(number), first, last, email, phone, postcode, person]


def _relative(dice: random.Random, row: Row, given: list[str], number: int) -> Row:
    """Return another person at the same phone, with the same family name."""
    _, first, last, _, phone, postcode, _ = row
    others = [name for name in given[: len(GIVEN)] if name != first]
    email = f"{last}{dice.randrange(10**7)}@{dice.choice(DOMAINS)}"
    return [str(number), dice.choice(others), last, email, phone, postcode, str(number)]


def _syllables(dice: random.Random, least: int, most: int) -> str:
    pairs = (dice.choice("bcdfgklmnprst") + dice.choice("aeiou") for _ in range(dice.randint(least, most)))
    return "".join(pairs)
