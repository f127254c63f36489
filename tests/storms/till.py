"""The field of a storm of paid texts: what a worker at it is told, and when the judge of the ledger looks."""

from pathlib import Path
from typing import Any

import attrs

from tests.storms.ledger import complaints_at_any_moment, complaints_at_the_end, read_books
from tests.storms.storm import Field, Report
from tests.storms.texts import SHOPS

__all__ = ["Till"]

VOUCHER_EVERY = 3  # workers


@attrs.define
class Till(Field):
    """Campaigns of texts, and a book of what was granted."""

    death_probability: float = 0.002  # with three campaigns and credit, a worker passes many more points on its way
    life_seconds_max: float = 2.0
    planted: str = ""  # the name of a store with a bug
    is_repeating: bool = False  # the provider takes a text once, and what is in doubt is sent again
    is_forgetful: bool = False  # it only says so

    @property
    def book(self) -> Path:
        return self.folder / "book"

    def next_job(self, fault: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        voucher_for = list(SHOPS)[self.worker_count // VOUCHER_EVERY % len(SHOPS)]
        more["voucher_for"] = voucher_for if self.worker_count % VOUCHER_EVERY == 0 else ""
        more |= {"is_repeating": self.is_repeating, "is_forgetful": self.is_forgetful}
        return super().next_job(fault, book=str(self.book), planted=self.planted, **more)

    def audit(self, report: Report, *, is_over: bool = False) -> None:
        """Look at the ledger, as it is at this moment and under whatever goes on."""
        books = read_books(self.database, self.accepted)
        report.complaints += complaints_at_any_moment(books)
        report.tallies["audits"] += 1
        if is_over:
            report.complaints += complaints_at_the_end(books, self.book)
            report.tallies += books.tally()
