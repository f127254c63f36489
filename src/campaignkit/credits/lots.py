"""Lots of credit, and which of them paid for something. Pure values; the text of the latter is for a store's column."""

from collections.abc import Iterable
from datetime import datetime

import attrs

from campaignkit.credits.counts import to_utc

__all__ = ["Lot", "Shares", "dump_shares", "expiry_order", "load_shares", "split_shares", "total"]

# Which lots paid how much: pairs of a lot's number and credits from 1, in the order in which they paid.
Shares = tuple[tuple[int, int], ...]


def _to_utc_if_any(instant: datetime | None) -> datetime | None:
    return None if instant is None else to_utc(instant)


@attrs.frozen(kw_only=True)
class Lot:
    """Credit that was granted at once and expires at once. Whole credits; instants are UTC.

    Raises:
        ValueError: the credits do not add up: granted = available + held + spent + expired, each 0 or more. Or some are
            available although others have expired, as they all expire together.
    """

    number: int  # unique for its merchant; lots that never expire pay by rising number
    key: str  # of the entry that granted it
    granted: int  # less what an adjustment took away
    available: int
    held: int = 0  # for messages that are under way or in doubt; outlives the lot
    spent: int = 0
    expired: int = 0
    granted_at: datetime = attrs.field(converter=to_utc)
    expires_at: datetime | None = attrs.field(default=None, converter=_to_utc_if_any)  # None: never
    used_at: datetime | None = attrs.field(default=None, converter=_to_utc_if_any)  # last held from; None: never

    def __attrs_post_init__(self) -> None:
        parts = (self.available, self.held, self.spent, self.expired)
        if min(parts) < 0 or sum(parts) != self.granted or (self.available and self.expired):
            raise ValueError(f"the credits of lot {self.number} do not add up: {parts} of {self.granted}")

    @property
    def is_open(self) -> bool:
        """Whether anything can still happen to it by itself; a refund may open it again."""
        return self.available > 0 or self.held > 0

    def is_lapsed(self, at: datetime) -> bool:
        """Return whether nothing of it can be used at *at*. What has lapsed once stays so if the clock goes back."""
        return self.expired > 0 or (self.expires_at is not None and self.expires_at <= at)


def expiry_order(lot: Lot) -> tuple[bool, datetime, int]:
    """Return what lots are sorted by to pay: what expires first, then what never does, each the older first."""
    return (lot.expires_at is None, lot.expires_at or lot.granted_at, lot.number)


def total(shares: Shares) -> int:
    """Return the credits of all *shares* together."""
    return sum(count for _, count in shares)


def split_shares(shares: Shares, count: int) -> tuple[Shares, Shares]:
    """Return the first *count* credits of *shares*, and the rest.

    >>> split_shares(((1, 5), (2, 2)), 6)
    (((1, 5), (2, 1)), ((2, 1),))
    """
    first, rest = [], []
    for number, paid in shares:
        taken = min(paid, count)
        count -= taken
        if taken:
            first.append((number, taken))
        if paid > taken:
            rest.append((number, paid - taken))
    return tuple(first), tuple(rest)


def dump_shares(shares: Iterable[tuple[int, int]]) -> str:
    """Return *shares* as text for a store's column, empty where nothing was paid.

    >>> dump_shares(((3, 5), (4, 2)))
    '3:5 4:2'
    """
    return " ".join(f"{number}:{count}" for number, count in shares)


def load_shares(text: str) -> Shares:
    """Return the shares that :func:`dump_shares` wrote.

    Raises:
        ValueError: *text* is not such text.

    >>> load_shares("3:5 4:2")
    ((3, 5), (4, 2))
    """
    pairs = [pair.partition(":") for pair in text.split(" ")] if text else []
    if not all(_is_number(number) and _is_number(count) and int(count) > 0 for number, _, count in pairs):
        raise ValueError("this is not the text of what lots paid")
    return tuple((int(number), int(count)) for number, _, count in pairs)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20
