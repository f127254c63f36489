"""The entries of a ledger: each moves credits between available, held, spent and expired, for good. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

import attrs

from campaignkit.credits.lots import Lot, Shares, expiry_order, split_shares, total

__all__ = [
    "Entry",
    "EntryKind",
    "EntrySlot",
    "Position",
    "add_up",
    "attempt_entries",
    "due_lapses",
    "end_entry",
    "hold_entry",
]


class EntryKind(StrEnum):
    """What happened."""

    GRANT = "grant"
    HOLD = "hold"
    SETTLE = "settle"  # a hold ended: so much of it was spent, the rest went back
    RELEASE = "release"  # a hold ended: nothing was spent
    EXPIRE = "expire"  # a lot came to its end
    REFUND = "refund"
    ADJUST = "adjust"


class EntrySlot(StrEnum):
    """What a key is unique within: one entry may begin under it, one end what was begun."""

    OPENING = "opening"  # grant, hold, refund, adjust: by the key that the caller gave
    ENDING = "ending"  # settle, release: by the key of the hold
    LAPSE = "lapse"  # expire: by the key of the lot


_SLOTS = {
    EntryKind.SETTLE: EntrySlot.ENDING,
    EntryKind.RELEASE: EntrySlot.ENDING,
    EntryKind.EXPIRE: EntrySlot.LAPSE,
}


@attrs.frozen(kw_only=True)
class Position:
    """Credits at one moment, or how they moved; then they may be negative. granted = all others together.

    Raises:
        ValueError: they do not add up.
    """

    granted: int = 0
    available: int = 0
    held: int = 0
    spent: int = 0
    expired: int = 0

    def __attrs_post_init__(self) -> None:
        if self.granted != self.available + self.held + self.spent + self.expired:
            raise ValueError(f"these credits do not add up: {self}")

    def __add__(self, other: "Position") -> "Position":
        return Position(
            granted=self.granted + other.granted,
            available=self.available + other.available,
            held=self.held + other.held,
            spent=self.spent + other.spent,
            expired=self.expired + other.expired,
        )


@attrs.frozen(kw_only=True)
class Entry:
    """One line of a ledger, by slot and key unique for its merchant. Whole credits; instants are UTC."""

    key: str
    kind: EntryKind
    at: datetime  # the store's; of a lapse when the lot expired, however late that was noticed
    count: int  # as it was asked for: less than 0 only where an adjustment took away, 0 for a release
    change: Position
    shares: Shares = ()  # the lots that granted, paid, got back or expired
    of: str = ""  # a refund's hold
    expires_at: datetime | None = None  # of what was granted
    reference: str = ""  # of a hold: under what name the provider got the message; of its end: what it calls it
    note: str = ""  # the host's, for people

    @property
    def slot(self) -> EntrySlot:
        return _SLOTS.get(self.kind, EntrySlot.OPENING)

    @property
    def parameters(self) -> tuple[EntryKind, int, str, datetime | None]:
        """What has to be the same when a key is used again. Moment, reference and note may differ."""
        return (self.kind, self.count, self.of, self.expires_at)


def add_up(opening: Position, entries: Iterable[Entry]) -> Position:
    """Return where *entries* lead from *opening*."""
    granted, available, held = opening.granted, opening.available, opening.held
    spent, expired = opening.spent, opening.expired
    for entry in entries:  # in plain numbers: a statement may have a million lines
        change = entry.change
        granted += change.granted
        available += change.available
        held += change.held
        spent += change.spent
        expired += change.expired
    return Position(granted=granted, available=available, held=held, spent=spent, expired=expired)


def due_lapses(lots: Iterable[Lot], at: datetime) -> tuple[Entry, ...]:
    """Return the entries of the lots that have expired by *at* with credit on them, in order of expiry.

    A lot expires once, so its own key names the entry. What is held from it stays held.
    """
    due = [lot for lot in lots if lot.available and lot.is_lapsed(at)]
    return tuple(_lapse(lot) for lot in sorted(due, key=expiry_order))


def _lapse(lot: Lot) -> Entry:
    assert lot.expires_at is not None, "what never expires has not"
    return Entry(
        key=lot.key,
        kind=EntryKind.EXPIRE,
        at=lot.expires_at,
        count=lot.available,
        change=Position(available=-lot.available, expired=lot.available),
        shares=((lot.number, lot.available),),
    )


def attempt_entries(
    *,
    key: str,
    shares: Shares,
    began_at: datetime,
    settled_at: datetime | None = None,
    spent: int | None = None,
    expired: int = 0,
    reference: str = "",
    message_id: str = "",
) -> Sequence[Entry]:
    """Return the entries of one attempt, so that a store need not write beside its attempts what they already say.

    Args:
        shares: Which lots paid; with none, nothing was held, and there is no entry.
        spent: Credits that the attempt came to cost; None while it is under way or in doubt.
        expired: How much of what went back found its lot expired.
        reference: What the provider calls the message.
        message_id: What we call it towards the provider.
    """
    if not shares:
        return ()
    hold = hold_entry(key, shares, began_at, reference=message_id)
    if settled_at is None or spent is None:
        return (hold,)
    return (hold, end_entry(hold, at=settled_at, spent=spent, expired=expired, reference=reference))


def hold_entry(key: str, shares: Shares, at: datetime, *, note: str = "", reference: str = "") -> Entry:
    """Return the entry of credit put aside for one message."""
    count = total(shares)
    change = Position(available=-count, held=count)
    return Entry(
        key=key,
        kind=EntryKind.HOLD,
        at=at,
        count=count,
        change=change,
        shares=shares,
        note=note,
        reference=reference,
    )


def end_entry(hold: Entry, *, at: datetime, spent: int, expired: int, reference: str = "") -> Entry:
    """Return the entry that ends *hold*: a settlement, or a release where nothing was spent."""
    held = total(hold.shares)
    return Entry(
        key=hold.key,
        kind=EntryKind.SETTLE if spent else EntryKind.RELEASE,
        at=at,
        count=spent,
        change=Position(available=held - spent - expired, held=-held, spent=spent, expired=expired),
        shares=split_shares(hold.shares, spent)[0] if spent else hold.shares,
        reference=reference,
    )
