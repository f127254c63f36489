"""The verdict on the texts: the cards, the gateway's log, the printed prices and the kit's books in, checks out.

Parts are those that the gateway counted, by another library; prices are looked up in the printed list; and the credit
is added up line by line. ``python -m examples.spring_demo.texts.judge examples/out`` judges what an earlier telling
left: change a line of the log, and it will say so.
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import attrs

from examples.spring_demo.judge import END_STATUSES, Books, Check, ask_clerk, count_rows, named
from examples.spring_demo.shop import OUT, Places
from examples.spring_demo.texts.scene import CARDS, price_of

__all__ = ["Line", "Text", "TextBooks", "judge_text_places", "judge_texts", "read_text_books", "read_texts"]

FIRST_GRANTS = frozenset({"voucher", "invoice-7"})


@attrs.frozen(kw_only=True)
class Text:
    """One line of the gateway's log."""

    number: int
    id: str
    to: str
    text: str
    parts: int  # by the gateway's own count
    is_withheld: bool = False  # taken, but the worker was killed before it could hear so

    @property
    def cost(self) -> int:
        """Credits by the printed list."""
        return (price_of(self.to) or 0) * self.parts


@attrs.frozen(kw_only=True)
class Line:
    """One line of the statement: what it moved."""

    key: str
    kind: str
    reference: str = ""  # the gateway's id of the text
    granted: int = 0
    available: int = 0
    held: int = 0
    spent: int = 0
    expired: int = 0


@attrs.frozen(kw_only=True)
class TextBooks:
    """What the kit says of both campaigns and of the credit."""

    campaigns: Mapping[str, Books]
    balance: Mapping[str, int]  # granted, available, held, spent, expired
    lines: tuple[Line, ...]
    stories: tuple[dict[str, Any], ...] = ()  # of those who were asked for

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Return the books as the clerk tells them."""
        return cls(
            campaigns={key: Books.of(books) for key, books in told["campaigns"].items()},
            balance=told["credit"]["balance"],
            lines=tuple(Line(**line) for line in told["credit"]["lines"]),
            stories=tuple(told["stories"]),
        )

    def numbers(self, *statuses: str) -> Counter[str]:
        """Return how often each number stands in one of *statuses*, once per campaign."""
        return Counter(
            row.address for books in self.campaigns.values() for row in books.recipients if row.status in statuses
        )


def judge_texts(row_count: int, texts: Sequence[Text], books: TextBooks) -> tuple[Check, ...]:
    """Return every check.

    Args:
        row_count: Rows of the file of cards, the header not counted.
        texts: What the gateway took, in that order.
    """
    return (
        *(_check_sum(row_count, key, one) for key, one in books.campaigns.items()),
        _check_rest(books),
        _check_taken(texts, books),
        _check_twice(texts),
        _check_lost(texts, books),
        _check_doubt(texts, books),
        _check_charge(texts, books),
        _check_first_grants(texts, books),
        _check_statement(books),
    )


def _check_sum(row_count: int, key: str, books: Books) -> Check:
    rejected, excluded, outcomes = sum(books.rejections.values()), len(books.exclusions), len(books.recipients)
    text = f"{key}: {row_count} rows = {rejected} rejections + {excluded} exclusions + {outcomes} outcomes"
    return Check(text, row_count == books.rows == rejected + excluded + outcomes)


def _check_rest(books: TextBooks) -> Check:
    outcomes = Counter(row.status for one in books.campaigns.values() for row in one.recipients)
    told = " + ".join(f"{count} {status.replace('_', ' ')}" for status, count in outcomes.most_common())
    return Check(f"every recipient has an outcome: {told}", set(outcomes) <= END_STATUSES | {"in_doubt"})


def _check_taken(texts: Sequence[Text], books: TextBooks) -> Check:
    known = books.numbers("sent", "in_doubt").total()
    return Check(f"taken {len(texts)} by the gateway's log; the kit knows {known}", len(texts) == known)


def _check_twice(texts: Sequence[Text]) -> Check:
    times = Counter((text.to, text.text) for text in texts)
    twice = sorted(number for (number, _), count in times.items() if count > 1)
    return Check(f"twice {len(twice)}{named(twice)}", not twice)


def _check_lost(texts: Sequence[Text], books: TextBooks) -> Check:
    taken = Counter(text.to for text in texts)
    lost = sorted((books.numbers("sent") - taken) + (taken - books.numbers("sent", "in_doubt", "unknown")))
    return Check(f"lost {len(lost)}{named(lost)}", not lost)


def _check_doubt(texts: Sequence[Text], books: TextBooks) -> Check:
    doubted = sorted(books.numbers("in_doubt"))
    withheld = sorted(text.to for text in texts if text.is_withheld)
    text = f"in doubt {len(doubted)}{named(doubted)}: the one whose answer the worker never heard"
    return Check(text, doubted == withheld and len(doubted) == 1)


def _check_charge(texts: Sequence[Text], books: TextBooks) -> Check:
    """Compare message by message: what was answered is spent under the gateway's id, what was not is held."""
    answered = {text.id: text.cost for text in texts if not text.is_withheld}
    withheld = sum(text.cost for text in texts if text.is_withheld)
    charged = {line.reference: line.spent for line in books.lines if line.kind == "settle"}
    spent, held = books.balance["spent"], books.balance["held"]
    parts = sum(text.parts for text in texts)
    told = f"{parts} parts by the gateway's count cost {sum(answered.values()) + withheld} credits by the printed list"
    is_ok = answered == charged and (sum(answered.values()), withheld) == (spent, held)
    return Check(f"{told}; the kit charged {spent} + {held} held", is_ok)


def _check_first_grants(texts: Sequence[Text], books: TextBooks) -> Check:
    """Compare what had been taken when the last credit was bought with what had been bought until then."""
    keys = [line.key for line in books.lines if line.kind == "grant"]
    before = [line for line in books.lines[: _place(books.lines, keys[-1])] if line.kind == "settle"] if keys else []
    settled = {line.reference for line in before}
    last = max((text.number for text in texts if text.id in settled), default=0)
    cost = sum(text.cost for text in texts if text.number <= last)
    bought = sum(line.granted for line in books.lines if line.kind == "grant" and line.key in FIRST_GRANTS)
    return Check(f"before the second invoice texts had left for {cost} credits, of {bought} paid for", cost <= bought)


def _place(lines: Sequence[Line], key: str) -> int:
    return next(place for place, line in enumerate(lines) if line.key == key)


def _check_statement(books: TextBooks) -> Check:
    moved = {name: sum(getattr(line, name) for line in books.lines) for name in books.balance}
    rest = {name: count for name, count in moved.items() if name != "granted"}
    told = " + ".join(f"{count} {name}" for name, count in rest.items())
    text = f"{len(books.lines)} lines of the statement: {moved['granted']} granted = {told}"
    return Check(text, moved == dict(books.balance) and moved["granted"] == sum(rest.values()))


# Reading what lies there ----------------------------------------------------------------------------------------------


def judge_text_places(places: Places, books: TextBooks) -> tuple[Check, ...]:
    """Return the checks on what a telling of the story left in *places*."""
    return judge_texts(count_rows(CARDS), read_texts(places.texts_log), books)


def read_texts(path: Path) -> tuple[Text, ...]:
    """Return the gateway's log."""
    return tuple(Text(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())


def read_text_books(places: Places, *asked: str) -> TextBooks:
    """Return what the clerk reads in the SQLite file, with the stories of those who are *asked* for."""
    return TextBooks.of(ask_clerk(places, *asked, module="texts.clerk"))


def main() -> int:
    """Judge once more what an earlier telling left; 1 if anything is not as it should be."""
    places = Places(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else OUT)
    checks = judge_text_places(places, read_text_books(places))
    for check in checks:
        print(f"{'ok    ' if check.is_ok else 'NOT OK'}  {check.text}")
    return 0 if all(check.is_ok for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
