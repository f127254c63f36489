"""One request to a ledger and what the store knows of it in, the entries and lots to write out. Pure; stores share it.

A key used again with the same parameters changes nothing; with others it is an error. When one is raised, nothing has
changed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

import attrs

from campaignkit.credits.counts import CREDITS_MAX, require_count, require_key, to_utc
from campaignkit.credits.entries import Entry, EntryKind, Position, end_entry, hold_entry
from campaignkit.credits.lots import Lot, Shares, split_shares
from campaignkit.credits.purse import Purse
from campaignkit.errors import CreditsExceeded, HoldNotFound, InsufficientCredits, InvalidCredits, KeyReused

__all__ = [
    "AdjustCredit",
    "CreditRequest",
    "GrantCredit",
    "HoldCredit",
    "Posting",
    "PostingFacts",
    "RefundCredit",
    "ReleaseHold",
    "SettleHold",
    "post",
]


def _key(_: object, attribute: "attrs.Attribute[str]", value: object) -> None:
    require_key(value, attribute.name)


def _from_one(_: object, attribute: "attrs.Attribute[int]", value: object) -> None:
    require_count(value, attribute.name)


def _from_zero(_: object, attribute: "attrs.Attribute[int]", value: object) -> None:
    require_count(value, attribute.name, least=0)


def _not_zero(_: object, attribute: "attrs.Attribute[int]", value: object) -> None:
    require_count(value, attribute.name, least=-CREDITS_MAX)
    if value == 0:
        raise InvalidCredits(attribute.name, "an adjustment by 0 credits adjusts nothing")


def _utc_if_any(instant: datetime | None) -> datetime | None:
    return None if instant is None else to_utc(instant)


@attrs.frozen(kw_only=True)
class GrantCredit:
    """A lot of its own."""

    key: str = attrs.field(validator=_key)
    count: int = attrs.field(validator=_from_one)
    expires_at: datetime | None = attrs.field(default=None, converter=_utc_if_any)
    note: str = ""


@attrs.frozen(kw_only=True)
class HoldCredit:
    """Credit put aside for one message."""

    key: str = attrs.field(validator=_key)
    count: int = attrs.field(validator=_from_one)
    note: str = ""


@attrs.frozen(kw_only=True)
class SettleHold:
    """The end of a hold: so much was spent, the rest goes back."""

    key: str = attrs.field(validator=_key)
    count: int = attrs.field(validator=_from_zero)  # 0: the same as a release
    reference: str = ""


@attrs.frozen(kw_only=True)
class ReleaseHold:
    """The end of a hold of which nothing was spent."""

    key: str = attrs.field(validator=_key)


@attrs.frozen(kw_only=True)
class RefundCredit:
    """Spent credit that comes back to the lots that paid it, those that expire last first."""

    key: str = attrs.field(validator=_key)
    of: str = attrs.field(validator=_key)  # the key of the hold
    count: int = attrs.field(validator=_from_one)
    note: str = ""


@attrs.frozen(kw_only=True)
class AdjustCredit:
    """A correction: a lot more, or so much taken out of lots as if it had never been granted."""

    key: str = attrs.field(validator=_key)
    count: int = attrs.field(validator=_not_zero)
    expires_at: datetime | None = attrs.field(default=None, converter=_utc_if_any)
    note: str = ""


CreditRequest = GrantCredit | HoldCredit | SettleHold | ReleaseHold | RefundCredit | AdjustCredit


@attrs.frozen(kw_only=True)
class PostingFacts:
    """What a store knows, read under its lock."""

    lots: Sequence[Lot]  # those that are open, and those in the shares of the hold
    next_number: int = 1  # for a new lot
    same_key: Entry | None = None  # the opening entry under the request's key
    hold: Entry | None = None  # the opening entry under the key of the hold that the request names
    ending: Entry | None = None  # the entry that ended that hold
    refunded: int = 0  # credits of that hold that came back by earlier refunds


@attrs.frozen(kw_only=True)
class Posting:
    """What to write."""

    entry: Entry  # of the request; the earlier one if it was repeated
    entries: tuple[Entry, ...] = ()  # to append, in order: lots that had expired come first. Empty if it was repeated
    changed: tuple[Lot, ...] = ()  # lots to write, new ones included

    @property
    def is_repeated(self) -> bool:
        return not self.entries


def post(facts: PostingFacts, request: CreditRequest, at: datetime) -> Posting:
    """Return what *request* comes to at *at*, the store's instant.

    Raises:
        KeyReused: the key stands for something else, or the hold has ended otherwise.
        InsufficientCredits: less is available than was asked for.
        CreditsExceeded: more is settled than was held, or refunded than is still spent.
        HoldNotFound: nothing was held under that key.
        InvalidCredits: what is granted has expired already.
        ValueError: *at* is naive.
    """
    now = to_utc(at)
    is_ending = isinstance(request, SettleHold | ReleaseHold)
    earlier = facts.ending if is_ending else facts.same_key
    if earlier is not None:
        if earlier.parameters != _parameters(request):
            raise KeyReused(request.key)
        return Posting(entry=earlier)
    purse = Purse(facts.lots, now)
    entry, made = _move(facts, purse, request, now)
    return Posting(entry=entry, entries=(*purse.lapses, entry), changed=(*purse.changed, *made))


def _parameters(request: CreditRequest) -> tuple[EntryKind, int, str, datetime | None]:
    match request:
        case GrantCredit():
            return (EntryKind.GRANT, request.count, "", request.expires_at)
        case HoldCredit():
            return (EntryKind.HOLD, request.count, "", None)
        case SettleHold():
            return (EntryKind.SETTLE if request.count else EntryKind.RELEASE, request.count, "", None)
        case ReleaseHold():
            return (EntryKind.RELEASE, 0, "", None)
        case RefundCredit():
            return (EntryKind.REFUND, request.count, request.of, None)
        case AdjustCredit():
            return (EntryKind.ADJUST, request.count, "", request.expires_at)
        case _:
            assert_never(request)


def _move(facts: PostingFacts, purse: Purse, request: CreditRequest, now: datetime) -> tuple[Entry, tuple[Lot, ...]]:
    """Return the entry of *request*, and the lot that it makes, if any."""
    match request:
        case GrantCredit():
            return _add(facts, request, EntryKind.GRANT, now)
        case AdjustCredit():
            return _add(facts, request, EntryKind.ADJUST, now) if request.count > 0 else _remove(purse, request, now)
        case HoldCredit():
            return _hold(purse, request, now), ()
        case SettleHold():
            return _end(facts, purse, request.key, request.count, now, request.reference), ()
        case ReleaseHold():
            return _end(facts, purse, request.key, 0, now), ()
        case RefundCredit():
            return _refund(facts, purse, request, now), ()
        case _:
            assert_never(request)


def _add(
    facts: PostingFacts, request: GrantCredit | AdjustCredit, kind: EntryKind, now: datetime
) -> tuple[Entry, tuple[Lot, ...]]:
    if request.expires_at is not None and request.expires_at <= now:
        raise InvalidCredits("expires_at", "what is granted must not have expired already")
    count, number = request.count, facts.next_number
    lot = Lot(
        number=number, key=request.key, granted=count, available=count, granted_at=now, expires_at=request.expires_at
    )
    change = Position(granted=count, available=count)
    entry = _entry(request, kind, now, change, ((number, count),))
    return attrs.evolve(entry, expires_at=request.expires_at), (lot,)


def _remove(purse: Purse, request: AdjustCredit, now: datetime) -> tuple[Entry, tuple[Lot, ...]]:
    if request.expires_at is not None:
        raise InvalidCredits("expires_at", "what is taken away does not expire")
    count = -request.count
    if count > purse.available:
        raise InsufficientCredits(count, purse.available)
    shares = purse.take_away(count)
    return _entry(request, EntryKind.ADJUST, now, Position(granted=-count, available=-count), shares), ()


def _hold(purse: Purse, request: HoldCredit, now: datetime) -> Entry:
    shares = purse.hold(request.count)
    if shares is None:
        raise InsufficientCredits(request.count, purse.available)
    return hold_entry(request.key, shares, now, note=request.note)


def _end(facts: PostingFacts, purse: Purse, key: str, spent: int, now: datetime, reference: str = "") -> Entry:
    hold = _require_hold(facts.hold, key)
    if spent > hold.count:
        raise CreditsExceeded(key, spent, hold.count)
    expired = purse.settle(hold.shares, spent)
    return end_entry(hold, at=now, spent=spent, expired=expired, reference=reference)


def _refund(facts: PostingFacts, purse: Purse, request: RefundCredit, now: datetime) -> Entry:
    hold = _require_hold(facts.hold, request.of)
    spent = 0 if facts.ending is None else facts.ending.count
    if request.count > spent - facts.refunded:
        raise CreditsExceeded(request.of, request.count, spent - facts.refunded)
    shares = _last_paid(split_shares(hold.shares, spent)[0], facts.refunded, request.count)
    expired = purse.refund(shares)
    change = Position(available=request.count - expired, spent=-request.count, expired=expired)
    return attrs.evolve(_entry(request, EntryKind.REFUND, now, change, shares), of=request.of)


def _last_paid(paid: Shares, refunded: int, count: int) -> Shares:
    """Return *count* credits of *paid* from behind, after those that were refunded before."""
    return split_shares(split_shares(paid[::-1], refunded)[1], count)[0]


def _require_hold(hold: Entry | None, key: str) -> Entry:
    if hold is None or hold.kind is not EntryKind.HOLD:
        raise HoldNotFound(key)
    return hold


def _entry(
    request: GrantCredit | AdjustCredit | RefundCredit,
    kind: EntryKind,
    now: datetime,
    change: Position,
    shares: Shares,
) -> Entry:
    return Entry(
        key=request.key, kind=kind, at=now, count=request.count, change=change, shares=shares, note=request.note
    )
