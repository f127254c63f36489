"""A merchant's lots in, what was held and settled in one commit, and the lots to write back, out. Pure.

A store reads the lots once, under its lock, and writes those that changed once. Time comes from the store.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import attrs

from campaignkit.credits.counts import require_count, to_utc
from campaignkit.credits.entries import Entry, due_lapses
from campaignkit.credits.lots import Lot, Shares, expiry_order, split_shares, total
from campaignkit.errors import StoreBroken

__all__ = ["BatchHold", "BatchSettled", "Purse", "hold_batch", "settle_batch"]


@attrs.define
class _Tab:
    """One lot while it is moved."""

    lot: Lot
    is_lapsed: bool
    granted: int
    available: int
    held: int
    spent: int
    expired: int
    used_at: datetime | None

    def give(self, count: int) -> int:
        """Take *count* credits back, and return how many of them found the lot expired."""
        if self.is_lapsed:
            self.expired += count
            return count
        self.available += count
        return 0

    def close(self) -> Lot:
        """Return the lot as it stands now; the same object if nothing happened to it."""
        now = attrs.evolve(
            self.lot,
            granted=self.granted,
            available=self.available,
            held=self.held,
            spent=self.spent,
            expired=self.expired,
            used_at=self.used_at,
        )
        return self.lot if now == self.lot else now


class Purse:
    """What one merchant can pay with at *now*; lots that have expired are closed at once. Lives for one commit.

    Args:
        lots: At least those that are open and those that paid for what is settled.
        now: The store's instant, read after its locks.

    Raises:
        ValueError: *now* is naive, or two lots have one number.
    """

    def __init__(self, lots: Iterable[Lot], now: datetime) -> None:
        self._now = to_utc(now)
        ordered = sorted(lots, key=expiry_order)
        self.lapses: tuple[Entry, ...] = due_lapses(ordered, self._now)  # the entries to write of what expired
        self._tabs = {lot.number: _open(lot, self._now) for lot in ordered}
        if len(self._tabs) < len(ordered):
            raise ValueError("two lots have one number")
        self.available = sum(tab.available for tab in self._tabs.values())
        self.is_dry = False  # something could not be paid; what comes after it in this commit is not either

    def admit(self, count: int) -> bool:
        """Return whether *count* can be paid; if not, the purse is dry for all that comes after.

        So nothing cheaper overtakes: credit is held in order until the lots cannot pay. Whoever is admitted consumes
        nothing yet, and may still be refused for another reason.

        Raises:
            InvalidCredits: *count* is no whole number from 1.
        """
        self.is_dry = require_count(count, "price") > self.available or self.is_dry
        return not self.is_dry

    def hold(self, count: int) -> Shares | None:
        """Return the lots that pay, the first to expire first, or None if *count* is not admitted. Raises the same."""
        return self._draw(count, is_held=True) if self.admit(count) else None

    def settle(self, shares: Shares, spent: int) -> int:
        """End a hold of *shares*: the first *spent* credits are spent, the rest goes back. Returns what of it expired.

        Raises:
            InvalidCredits: *spent* is no whole number from 0.
            ValueError: *spent* is more than was held.
            StoreBroken: a lot that paid was not read.
        """
        if require_count(spent, "spent", least=0) > total(shares):
            raise ValueError(f"{spent} credits cannot be spent of {total(shares)} that were held")
        paid, rest = split_shares(shares, spent)
        for number, count in paid:
            tab = self._tab(number)
            tab.held -= count
            tab.spent += count
        expired = 0
        for number, count in rest:
            tab = self._tab(number)
            tab.held -= count
            expired += self._give(tab, count)
        return expired

    def refund(self, shares: Shares) -> int:
        """Give spent credits back to the lots that paid them, and return what of it expired."""
        expired = 0
        for number, count in shares:
            tab = self._tab(number)
            tab.spent -= count
            expired += self._give(tab, count)
        return expired

    def take_away(self, count: int) -> Shares:
        """Take credits out of the lots as if they had never been granted, the first to expire first.

        Raises:
            ValueError: fewer are available.
        """
        if count > self.available:
            raise ValueError(f"{count} credits cannot be taken from {self.available}")
        return self._draw(count, is_held=False)

    @property
    def lots(self) -> tuple[Lot, ...]:
        """All lots as they stand now, by number."""
        return tuple(self._tabs[number].close() for number in sorted(self._tabs))

    @property
    def changed(self) -> tuple[Lot, ...]:
        """The lots to write back, by number: those that are not as they came."""
        return tuple(lot for lot in self.lots if lot is not self._tabs[lot.number].lot)

    def _draw(self, count: int, *, is_held: bool) -> Shares:
        shares = []
        self.available -= count
        for number, tab in self._tabs.items():  # in order of expiry
            taken = min(tab.available, count)
            if taken:
                tab.available -= taken
                if is_held:
                    tab.held += taken
                    tab.used_at = self._now
                else:
                    tab.granted -= taken
                shares.append((number, taken))
                count -= taken
            if not count:
                break
        return tuple(shares)

    def _give(self, tab: _Tab, count: int) -> int:
        expired = tab.give(count)
        self.available += count - expired
        return expired

    def _tab(self, number: int) -> _Tab:
        tab = self._tabs.get(number)
        if tab is None:
            raise StoreBroken(f"lot {number} paid for a message and was not read")
        return tab


def _open(lot: Lot, now: datetime) -> _Tab:
    is_lapsed = lot.is_lapsed(now)
    available, expired = (0, lot.expired + lot.available) if is_lapsed else (lot.available, lot.expired)
    return _Tab(lot, is_lapsed, lot.granted, available, lot.held, lot.spent, expired, lot.used_at)


@attrs.frozen(kw_only=True)
class BatchHold:
    """What a batch holds. Whoever is unpaid consumed nothing."""

    held: Mapping[str, Shares]  # by key, in order
    unpaid: tuple[str, ...]  # all from the first that the lots could not pay
    lots: tuple[Lot, ...]  # as they stand afterwards, by number
    changed: tuple[Lot, ...]  # those of them to write
    lapses: tuple[Entry, ...]  # of lots that had expired


def hold_batch(lots: Iterable[Lot], wanted: Sequence[tuple[str, int]], now: datetime) -> BatchHold:
    """Hold credit for *wanted*, pairs of key and price, in order until the lots cannot pay.

    Raises:
        InvalidCredits: a price is no whole number from 1.
        ValueError: *now* is naive, or a key stands there twice.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 5, 4, 12, tzinfo=UTC)
    >>> lots = [Lot(number=1, key="g1", granted=5, available=5, granted_at=noon)]
    >>> batch = hold_batch(lots, [("ann/1", 2), ("bob/1", 4), ("cid/1", 1)], noon)
    >>> batch.held, batch.unpaid
    ({'ann/1': ((1, 2),)}, ('bob/1', 'cid/1'))
    """
    if len({key for key, _ in wanted}) < len(wanted):
        raise ValueError("a key cannot be held twice in one batch")
    purse = Purse(lots, now)
    held = {key: shares for key, price in wanted if (shares := purse.hold(price)) is not None}
    unpaid = tuple(key for key, _ in wanted if key not in held)
    return BatchHold(held=held, unpaid=unpaid, lots=purse.lots, changed=purse.changed, lapses=purse.lapses)


@attrs.frozen(kw_only=True)
class BatchSettled:
    """What settling a batch came to."""

    expired: tuple[int, ...]  # of each hold in order: how much of what went back found its lot expired
    lots: tuple[Lot, ...]
    changed: tuple[Lot, ...]
    lapses: tuple[Entry, ...]


def settle_batch(lots: Iterable[Lot], ended: Sequence[tuple[Shares, int]], now: datetime) -> BatchSettled:
    """End holds, pairs of the shares that paid and the credits that were spent; 0 spent is a release.

    Raises:
        InvalidCredits: the credits spent are no whole number from 0.
        ValueError: *now* is naive, or more is spent than was held.
        StoreBroken: a lot that paid was not read.
    """
    purse = Purse(lots, now)
    expired = tuple(purse.settle(shares, spent) for shares, spent in ended)
    return BatchSettled(expired=expired, lots=purse.lots, changed=purse.changed, lapses=purse.lapses)
