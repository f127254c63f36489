"""The verdict from outside: the rows of the file, the log of the server and the kit's books in, checks out.

The rows are counted by Python's csv module alone, accepted mails by the server's log alone, and the books are read out
by a fresh process that has only the SQLite file. ``python -m examples.spring_demo.judge examples/out`` judges what an
earlier telling left: change a line of the log, and it will say so.
"""

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import attrs

from examples.spring_demo.children import StoryFailed
from examples.spring_demo.shop import CUSTOMERS, OUT, PROJECT, Places

__all__ = [
    "Books",
    "Check",
    "Mail",
    "Row",
    "ask_clerk",
    "count_rows",
    "judge",
    "judge_places",
    "named",
    "read_books",
    "read_log",
]

CLERK_SECONDS = 30
SAMPLES_MAX = 3
END_STATUSES = frozenset({"sent", "failed", "skipped", "cancelled", "expired", "unknown"})


@attrs.frozen(kw_only=True)
class Mail:
    """One line of the server's log."""

    number: int
    to: str
    file: str
    is_withheld: bool = False  # accepted, but the worker was killed before it could hear so


@attrs.frozen(kw_only=True)
class Row:
    """What the kit says of one recipient or exclusion."""

    row: int | None
    address: str
    status: str
    reason: str = ""


@attrs.frozen(kw_only=True)
class Books:
    """What the kit says of all rows."""

    rows: int
    rejections: Mapping[str, int]
    exclusions: tuple[Row, ...]
    recipients: tuple[Row, ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Return the books as a clerk tells them."""
        return cls(
            rows=told["rows"],
            rejections=told["rejections"],
            exclusions=tuple(Row(**row) for row in told["exclusions"]),
            recipients=tuple(Row(**row) for row in told["recipients"]),
        )

    def addresses(self, *statuses: str) -> set[str]:
        """Return the addresses of recipients in one of *statuses*."""
        return {_spelling(row.address) for row in self.recipients if row.status in statuses}


@attrs.frozen
class Check:
    """One question and its answer."""

    text: str
    is_ok: bool


def judge(row_count: int, mails: Sequence[Mail], files: frozenset[str], books: Books) -> tuple[Check, ...]:
    """Return every check.

    Args:
        row_count: Rows of the customers' file, the header not counted.
        files: Names of the delivered mails.
    """
    return (
        _check_rows(row_count, books),
        _check_sum(row_count, books),
        _check_rest(books),
        _check_accepted(mails, files, books),
        _check_twice(mails),
        _check_lost(mails, books),
        _check_doubt(mails, books),
    )


def _check_rows(row_count: int, books: Books) -> Check:
    return Check(f"the file has {row_count:,} rows, the kit answers for {books.rows:,}", row_count == books.rows)


def _check_sum(row_count: int, books: Books) -> Check:
    rejected, excluded, outcomes = sum(books.rejections.values()), len(books.exclusions), len(books.recipients)
    text = f"{row_count:,} rows = {rejected} rejections + {excluded} exclusions + {outcomes:,} outcomes"
    return Check(text, row_count == rejected + excluded + outcomes)


def _check_rest(books: Books) -> Check:
    outcomes = Counter(row.status for row in books.recipients)
    told = " + ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in outcomes.most_common())
    is_at_rest = set(outcomes) <= END_STATUSES | {"in_doubt"}
    return Check(f"every recipient has an outcome: {told}", is_at_rest and bool(outcomes))


def _check_accepted(mails: Sequence[Mail], files: frozenset[str], books: Books) -> Check:
    outcomes = Counter(row.status for row in books.recipients)
    known = outcomes["sent"] + outcomes["in_doubt"]
    text = f"accepted {len(mails):,} by the server's log, {len(files):,} of them delivered as files; "
    text += f"the kit knows {known:,}"
    return Check(text, len(mails) == known and {mail.file for mail in mails} == files)


def _check_twice(mails: Sequence[Mail]) -> Check:
    times = Counter(_spelling(mail.to) for mail in mails)
    twice = sorted(address for address, count in times.items() if count > 1)
    return Check(f"twice {len(twice)}{named(twice)}", not twice)


def _check_lost(mails: Sequence[Mail], books: Books) -> Check:
    accepted = {_spelling(mail.to) for mail in mails}
    sent, may_be = books.addresses("sent"), books.addresses("sent", "in_doubt", "unknown")
    lost = sorted((sent - accepted) | (accepted - may_be))
    return Check(f"lost {len(lost)}{named(lost)}", not lost)


def _check_doubt(mails: Sequence[Mail], books: Books) -> Check:
    doubted = sorted(books.addresses("in_doubt"))
    withheld = sorted(_spelling(mail.to) for mail in mails if mail.is_withheld)
    text = f"in doubt {len(doubted)}{named(doubted)}"
    return Check(f"{text}: the one whose reply the worker never heard", doubted == withheld and len(doubted) == 1)


def named(addresses: Sequence[str]) -> str:
    """Return some of *addresses* in brackets; nothing if there are none."""
    if not addresses:
        return ""
    more = ", …" if len(addresses) > SAMPLES_MAX else ""
    return f" ({', '.join(addresses[:SAMPLES_MAX])}{more})"


def _spelling(address: str) -> str:
    return address.lower()


# Reading what lies there ----------------------------------------------------------------------------------------------


def judge_places(places: Places, books: Books) -> tuple[Check, ...]:
    """Return the checks on what a telling of the story left in *places*."""
    files = frozenset(file.name for file in places.mails.glob("*.eml"))
    return judge(count_rows(CUSTOMERS), read_log(places.log), files, books)


def count_rows(path: Path) -> int:
    """Return the rows of a CSV file below its header, as Python's csv module counts them."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def read_log(path: Path) -> tuple[Mail, ...]:
    """Return the server's log."""
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return tuple(
        Mail(number=line["number"], to=line["to"], file=line["file"], is_withheld=line["is_withheld"]) for line in lines
    )


def read_books(places: Places) -> Books:
    """Return what the clerk reads in the SQLite file."""
    return Books.of(ask_clerk(places))


def ask_clerk(places: Places, *asked: str, module: str = "clerk") -> Any:
    """Return the books, or the stories of those who are *asked* for, from a fresh process."""
    command = [sys.executable, "-m", f"examples.spring_demo.{module}", str(places.database), *asked]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, timeout=CLERK_SECONDS, check=False)
    if done.returncode != 0:
        raise StoryFailed(f"the clerk could not read the books: {done.stderr.decode(errors='replace')[-2000:]}")
    return json.loads(done.stdout)


def main() -> int:
    """Judge once more what an earlier telling left; 1 if anything is not as it should be."""
    places = Places(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else OUT)
    checks = judge_places(places, read_books(places))
    for check in checks:
        print(f"{'ok    ' if check.is_ok else 'NOT OK'}  {check.text}")
    return 0 if all(check.is_ok for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
