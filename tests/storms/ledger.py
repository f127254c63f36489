"""The judge of a storm's ledger: lots, entries, attempts and the provider's file in, what does not agree out.

It adds up rows by code of its own and knows nothing of how campaignkit counts. What it reads of the database was true
at one moment, so it may look at any moment of a storm, while others go on.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from tests.storms.places import Place, read_at_once
from tests.storms.texts import initial_grants, parts_of, place_of, price_of, taken_of

__all__ = ["Books", "complaints_at_any_moment", "complaints_at_the_end", "read_books"]

_LOTS = "SELECT merchant_id, lot_number, key, granted, available, held, spent, expired FROM campaignkit_credit_lots"
_ENTRIES = "SELECT merchant_id, kind, key, credit_count, change FROM campaignkit_credit_entries"
_ATTEMPTS = (
    "SELECT r.merchant_id, r.address, r.status, r.epoch, r.is_repeated, "
    "a.epoch, a.credit_shares, a.credit_spent, a.credit_expired, a.credit_ended_at IS NULL "
    "FROM campaignkit_recipients r LEFT JOIN campaignkit_attempts a "
    "ON a.merchant_id = r.merchant_id AND a.recipient_id = r.recipient_id AND a.credit_shares > ''"
)
_WITH_A_HOLD = {"sending", "in_doubt"}
_BETWEEN_TRIES = {"pending", "claimed"}
_CHARGED = {"sent", "unknown"}


@attrs.frozen
class LotRow:
    merchant_id: str
    number: int
    key: str
    granted: int
    available: int
    held: int
    spent: int
    expired: int


@attrs.frozen
class Hold:
    """One attempt that credit was held for."""

    epoch: int
    shares: tuple[tuple[int, int], ...]  # lot, credits
    spent: int | None
    expired: int
    is_open: bool

    @property
    def count(self) -> int:
        return sum(count for _, count in self.shares)

    @property
    def charge(self) -> int:
        """Credits that are spent, or put aside."""
        return self.count if self.is_open else self.spent or 0


@attrs.frozen(kw_only=True)
class Texted:
    """One recipient and what was ever held for it."""

    merchant_id: str
    address: str
    status: str
    epoch: int
    is_repeated: bool  # one of its tries holds the credit for all of them
    holds: list[Hold]

    @property
    def is_held_rightly(self) -> bool:
        """Return whether credit is put aside for it as long as somebody may have it, and no longer."""
        is_due = self.status in (_WITH_A_HOLD | _BETWEEN_TRIES if self.is_repeated else _WITH_A_HOLD)
        epochs = [hold.epoch for hold in self.open_holds]
        return len(epochs) == is_due and (self.is_repeated or epochs in ([], [self.epoch]))

    @property
    def charge(self) -> int:
        return sum(hold.charge for hold in self.holds)

    @property
    def open_holds(self) -> list[Hold]:
        return [hold for hold in self.holds if hold.is_open]


@attrs.frozen(kw_only=True)
class Books:
    """All that the judge reads."""

    wire: Mapping[str, tuple[int, int]]  # parts taken and parts of the text, by address
    lots: Sequence[LotRow]
    entries: Sequence[Any]
    texted: Mapping[str, Texted]

    @property
    def wire_credits(self) -> int:
        return sum(price_of(address, taken) for address, (taken, _) in self.wire.items())

    def tally(self) -> Counter[str]:
        """Return sums for the report."""
        sums = Counter({word: sum(getattr(lot, word) for lot in self.lots) for word in _WORDS})
        topped_up = sum(lot.key.startswith("invoice") for lot in self.lots)
        more = {"lots": len(self.lots), "top-ups": topped_up, "on the wire": self.wire_credits}
        return sums + Counter(more)


_WORDS = ("granted", "available", "held", "spent", "expired")


def read_books(database: Place, accepted: Path) -> Books:
    """Read the provider's file, and then the database: what the file has must stand there by then."""
    lines = [line.split() for line in accepted.read_text().splitlines()] if accepted.exists() else []
    lots, entries, attempts = read_at_once(database, [_LOTS, _ENTRIES, _ATTEMPTS])
    texted: dict[str, Texted] = {}
    for merchant_id, address, status, epoch, is_repeated, *rest in attempts:
        one = Texted(
            merchant_id=merchant_id, address=address, status=status, epoch=epoch, is_repeated=is_repeated, holds=[]
        )
        if rest[0] is not None:
            texted.setdefault(address, one).holds.append(_hold(*rest))
        else:
            texted[address] = one
    wire = {address: (int(taken), int(parts)) for address, taken, parts, *_ in lines}
    return Books(wire=wire, lots=[LotRow(*row) for row in lots], entries=entries, texted=texted)


def _hold(epoch: int, shares: str, spent: int | None, expired: int, is_open: int) -> Hold:
    pairs = [pair.split(":") for pair in shares.split()]
    return Hold(epoch, tuple((int(number), int(count)) for number, count in pairs), spent, expired, bool(is_open))


def complaints_at_any_moment(books: Books) -> Iterator[str]:
    """Yield what must be wrong at no moment."""
    yield from _lots_against_attempts(books)
    yield from _lots_against_entries(books)
    for one in books.texted.values():
        if not one.is_held_rightly:
            what = "and its hold is open" if one.open_holds else "without a hold"
            yield f"{one.address} is {one.status} {what}"
    for address, (taken, _) in books.wire.items():
        if books.texted[address].charge < price_of(address, taken):
            yield f"{address} has more on the wire than was held or spent for it"
    granted = sum(lot.granted for lot in books.lots)
    if books.wire_credits > granted:
        yield f"oversold: {books.wire_credits} credits on the wire of {granted}"


def _lots_against_attempts(books: Books) -> Iterator[str]:
    """Add up which lots paid what: the first credits of a hold are those that are spent."""
    held: Counter[tuple[str, int]] = Counter()
    spent: Counter[tuple[str, int]] = Counter()
    for one in books.texted.values():
        for hold in one.holds:
            left = 0 if hold.is_open else hold.spent or 0
            for number, count in hold.shares:
                used = min(count, left)
                left -= used
                spent[one.merchant_id, number] += used
                held[one.merchant_id, number] += count if hold.is_open else 0
    for lot in books.lots:
        place = (lot.merchant_id, lot.number)
        if min(lot.available, lot.held, lot.spent, lot.expired) < 0:
            yield f"lot {place} is below 0"
        if lot.granted != lot.available + lot.held + lot.spent + lot.expired:
            yield f"lot {place} does not add up"
        if (lot.held, lot.spent) != (held[place], spent[place]):
            yield f"lot {place} says {lot.held} held, {lot.spent} spent; its texts {held[place]} and {spent[place]}"


def _lots_against_entries(books: Books) -> Iterator[str]:
    """Add up all that ever moved, shop by shop."""
    moved: dict[str, Counter[str]] = defaultdict(Counter)
    for merchant_id, _, _, _, change in books.entries:
        moved[merchant_id].update(dict(zip(_WORDS, json.loads(change), strict=True)))
    for one in books.texted.values():
        for hold in one.holds:
            back = 0 if hold.is_open else hold.count - (hold.spent or 0)
            now_held = hold.count if hold.is_open else 0
            moves = {"available": back - hold.expired - hold.count, "expired": hold.expired, "held": now_held}
            moved[one.merchant_id].update(moves | {"spent": 0 if hold.is_open else hold.spent or 0})
    for merchant_id, sums in moved.items():
        mine = [lot for lot in books.lots if lot.merchant_id == merchant_id]
        found = {word: sum(getattr(lot, word) for lot in mine) for word in _WORDS}
        if found != {word: sums[word] for word in _WORDS}:
            yield f"the entries of {merchant_id} lead to {dict(sums)}, its lots say {found}"


def complaints_at_the_end(books: Books, book: Path) -> Iterator[str]:
    """Yield what must be right when the campaigns are over: each text's charge, and every grant."""
    for one in books.texted.values():
        parts = parts_of(place_of(one.address))
        due = _due(books, one, parts)
        if one.charge != due:
            yield f"{one.address} is {one.status} and is charged {one.charge}, not {due}"
        if one.address in books.wire and books.wire[one.address] != (taken_of(place_of(one.address), parts), parts):
            yield f"{one.address} was sent another text than its own"
    yield from _grants_against_the_book(books, book)


def _due(books: Books, one: Texted, parts: int) -> int:
    """Return what a text has to cost: what the provider took of it, or all while that is unknown."""
    if one.status == "sent":
        return price_of(one.address, books.wire.get(one.address, (0, 0))[0])
    return price_of(one.address, parts) if one.status in _WITH_A_HOLD | _CHARGED else 0


def _grants_against_the_book(books: Books, book: Path) -> Iterator[str]:
    """Compare the grants with what the workers wrote down, before each and after it."""
    granted = {(shop, key): count for shop, kind, key, count, _ in books.entries if kind == "grant"}
    said: dict[str, dict[tuple[str, str], int]] = {"asked": initial_grants(), "told": initial_grants(), "denied": {}}
    for line in book.read_text().splitlines() if book.exists() else []:
        word, shop, key, digits = line.split()
        said[word][shop, key] = int(digits)
    for place, count in granted.items():
        if said["asked"].get(place) != count:
            yield f"nobody asked for {count} credits as {place}"
    for place, count in said["told"].items():
        if granted.get(place) != count:
            yield f"{count} credits that were granted as {place} are gone"
    for place in said["denied"].keys() & granted.keys():
        yield f"what was denied as {place} was granted"
