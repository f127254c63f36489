"""Rejections: what was refused in, a CSV file that a shopkeeper opens in a spreadsheet out. Writes that one file.

A spreadsheet takes a cell that begins with certain characters for a formula, and runs it. An apostrophe in front turns
it into text. Since the program that opens the file may split it at other marks than commas, what follows such a mark
inside a cell is guarded as well. Source: OWASP, CSV Injection.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from campaignkit.addresses.channel import Rejection
from campaignkit.audience.contacts import Contact

__all__ = ["write_rejections"]

COLUMNS = ("row", "field", "code", "reason", "hint", "value")

# Where a cell may begin, and what must not stand there; some programs drop the blanks between.
_BLANKS = "[ \u00a0\u3000]*"
_FORMULA_MARKS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(rf"^{_BLANKS}(?=[{_FORMULA_MARKS}\t\r\n])|[,;\t|\r\n\"']{_BLANKS}(?=[{_FORMULA_MARKS}])")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def write_rejections(target: str | Path | TextIO, items: Iterable[Contact | Rejection]) -> int:
    """Write a line for each reason why something was refused, in the order of *items*; return how many there are.

    Of a Contact it is its broken fields, of a row that could not be read at all the row. *items* may be what
    ``read_contacts`` returns, or Rejections alone; they are taken one by one.

    Args:
        target: A path, which is written anew in UTF-8 with the mark that Excel asks for; or a file opened as text with
            ``newline=""``, whose encoding is the caller's.

    Raises:
        OSError: the path cannot be written to.

    >>> import io
    >>> file = io.StringIO()
    >>> refused = Rejection(code="malformed", field="email", message="No @.", value="=1+1", row_number=2)
    >>> write_rejections(file, [refused])
    1
    >>> file.getvalue().splitlines()
    ['row,field,code,reason,hint,value', "2,email,malformed,No @.,,'=1+1"]
    """
    if isinstance(target, str | Path):
        with open(target, "w", encoding="utf-8-sig", newline="") as file:
            return _write(file, items)
    return _write(target, items)


def _write(file: TextIO, items: Iterable[Contact | Rejection]) -> int:
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    for rejection in _rejections_of(items):
        writer.writerow(_line(rejection))
        count += 1
    return count


def _rejections_of(items: Iterable[Contact | Rejection]) -> Iterator[Rejection]:
    for item in items:
        if isinstance(item, Rejection):
            yield item
        else:
            yield from item.rejections


def _line(rejection: Rejection) -> list[str | int]:
    row = "" if rejection.row_number is None else rejection.row_number
    texts = (rejection.field, str(rejection.code), rejection.message, rejection.hint, rejection.value)
    return [row, *(_guard(text) for text in texts)]


def _guard(text: str) -> str:
    """Return *text* so that no spreadsheet reads it as a formula; what no file can hold is spelled out.

    >>> _guard("=HYPERLINK(A1)"), _guard("Lee; @SUM(A1)"), _guard("ann@example.com"), _guard("a\\0b")
    ("'=HYPERLINK(A1)", "Lee; '@SUM(A1)", 'ann@example.com', 'a\\\\x00b')
    """
    plain = _UNWRITABLE.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)
    return _FORMULA.sub(r"\g<0>'", plain)
