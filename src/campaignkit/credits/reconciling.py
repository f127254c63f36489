"""A ledger and a provider's bill in; every message on which they differ, with the reason, out. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

import attrs

from campaignkit.credits.counts import require_count, require_key, to_utc
from campaignkit.credits.entries import Entry, EntryKind

__all__ = ["BillLine", "Difference", "DifferenceReason", "Reconciliation", "reconcile"]


def _key(_: object, attribute: "attrs.Attribute[str]", value: object) -> None:
    require_key(value, attribute.name)


def _from_zero(_: object, attribute: "attrs.Attribute[int]", value: object) -> None:
    require_count(value, attribute.name, least=0)


@attrs.frozen
class BillLine:
    """One message on a provider's bill, its cost in our credits: a table of prices turns parts into them."""

    key: str = attrs.field(validator=_key)  # of the hold, or the provider's own name of the message
    count: int = attrs.field(validator=_from_zero)


class DifferenceReason(StrEnum):
    """Why the bill and the ledger say different things of one message."""

    BILLED_UNKNOWN = "billed_unknown"  # nothing was ever held for it here
    BILLED_IN_DOUBT = "billed_in_doubt"  # its hold is open: the bill is evidence that it was accepted
    BILLED_RELEASED = "billed_released"  # it was taken not to have been sent, and its credit went back
    BILLED_REFUNDED = "billed_refunded"  # its credit was refunded
    BILLED_MORE = "billed_more"
    BILLED_LESS = "billed_less"
    NOT_BILLED = "not_billed"


@attrs.frozen(kw_only=True)
class Difference:
    """One message on which bill and ledger differ, in credits."""

    key: str  # of the hold; of the bill's line where there is none
    reason: DifferenceReason
    billed: int  # all lines of the message together
    spent: int  # here, less what was refunded
    lines: int  # on the bill; more than one: it was billed several times
    at: datetime | None  # when the hold began; None: unknown here

    @property
    def excess(self) -> int:
        """How much more was billed than spent here, less than 0 if it is the other way round."""
        return self.billed - self.spent


@attrs.frozen(kw_only=True)
class Reconciliation:
    """A bill held against the ledger: billed - spent = the excess of all differences."""

    billed: int
    spent: int
    matched: int  # messages on which both agree
    differences: tuple[Difference, ...]  # first those of the ledger, by moment and key; then what is unknown here


@attrs.define
class _Message:
    key: str
    at: datetime
    message_id: str = ""  # what we call it towards the provider; every try of one message has the same
    reference: str = ""
    ended_by: EntryKind | None = None
    spent: int = 0
    refunded: int = 0
    billed: int = 0
    lines: int = 0


def reconcile(
    entries: Iterable[Entry], bill: Iterable[BillLine], *, since: datetime | None = None, until: datetime | None = None
) -> Reconciliation:
    """Return where *bill* and the ledger differ.

    Args:
        entries: All of the ledger, or at least every entry of the messages that may stand on the bill.
        since: The bill's period, by when the hold began: outside of it, what is missing on the bill is none of its
            business. What is on the bill is looked up wherever it is.
        until: Exclusive.

    Raises:
        ValueError: *since* or *until* is naive.
    """
    start, end = None if since is None else to_utc(since), None if until is None else to_utc(until)
    messages = _messages(entries)
    unknown = _add_lines(messages, bill)
    asked = [message for message in messages.values() if message.lines or _is_within(message.at, start, end)]
    asked.sort(key=lambda message: (message.at, message.key))
    judged = [_judge(message) for message in asked]
    differences = [difference for difference in judged if difference is not None]
    differences += [_unknown(key, counts) for key, counts in sorted(unknown.items())]
    return Reconciliation(
        billed=sum(message.billed for message in asked) + sum(sum(counts) for counts in unknown.values()),
        spent=sum(message.spent - message.refunded for message in asked),
        matched=len(asked) - sum(difference is not None for difference in judged),
        differences=tuple(differences),
    )


def _messages(entries: Iterable[Entry]) -> dict[str, _Message]:
    messages: dict[str, _Message] = {}
    later: list[Entry] = []  # a store may give endings before their holds
    for entry in entries:
        if entry.kind is EntryKind.HOLD:
            messages[entry.key] = _Message(entry.key, entry.at, entry.reference)
        elif entry.kind in (EntryKind.SETTLE, EntryKind.RELEASE, EntryKind.REFUND):
            later.append(entry)
    for entry in later:
        message = messages.get(entry.of or entry.key)
        if message is None:
            continue
        if entry.kind is EntryKind.REFUND:
            message.refunded += entry.count
        else:
            message.ended_by, message.spent, message.reference = entry.kind, entry.count, entry.reference
    return messages


def _add_lines(messages: Mapping[str, _Message], bill: Iterable[BillLine]) -> Mapping[str, list[int]]:
    """Note each line at its message, and return the credits of those that have none, by key."""
    names = _names(messages.values())
    unknown: dict[str, list[int]] = {}
    for line in bill:
        message = messages.get(line.key) or names.get(line.key)
        if message is None:
            unknown.setdefault(line.key, []).append(line.count)
        else:
            message.billed += line.count
            message.lines += 1
    return unknown


def _names(messages: Iterable[_Message]) -> Mapping[str, _Message]:
    """Return messages by what the provider calls them, and by our own name, which some bills repeat.

    Of several tries under one name of ours, the bill means the one whose credit did not go back.
    """
    known = list(messages)
    tried = sorted(known, key=lambda message: message.ended_by is not EntryKind.RELEASE)
    ours = {message.message_id: message for message in tried if message.message_id}
    return ours | {message.reference: message for message in known if message.reference}


def _is_within(at: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or at >= start) and (end is None or at < end)


def _judge(message: _Message) -> Difference | None:
    reason = _reason(message)
    if reason is None:
        return None
    return Difference(
        key=message.key,
        reason=reason,
        billed=message.billed,
        spent=message.spent - message.refunded,
        lines=message.lines,
        at=message.at,
    )


def _reason(message: _Message) -> DifferenceReason | None:
    kept = message.spent - message.refunded
    if message.ended_by is None and message.lines:
        return DifferenceReason.BILLED_IN_DOUBT
    if message.billed == kept:
        return None
    if not message.billed:
        return DifferenceReason.NOT_BILLED
    if message.billed < kept:
        return DifferenceReason.BILLED_LESS
    if message.ended_by is EntryKind.RELEASE:
        return DifferenceReason.BILLED_RELEASED
    return DifferenceReason.BILLED_REFUNDED if message.refunded else DifferenceReason.BILLED_MORE


def _unknown(key: str, counts: list[int]) -> Difference:
    return Difference(
        key=key,
        reason=DifferenceReason.BILLED_UNKNOWN,
        billed=sum(counts),
        spent=0,
        lines=len(counts),
        at=None,
    )
