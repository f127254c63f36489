"""Entries in; opening, movements and closing of a period out, and they add up to the last credit. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import attrs

from campaignkit.credits.counts import to_utc
from campaignkit.credits.entries import Entry, EntryKind, Position, add_up

__all__ = ["Statement", "make_statement"]


@attrs.frozen(kw_only=True)
class Statement:
    """What happened to a merchant's credit from *since* until before *until*: opening + movements = closing."""

    since: datetime | None  # UTC; None: from the first entry on
    until: datetime  # UTC, exclusive: the next period begins with it
    opening: Position
    entries: tuple[Entry, ...]  # by moment; of one moment, as they were appended
    movements: Mapping[EntryKind, Position]  # what the entries of each kind come to
    closing: Position


def make_statement(
    entries: Iterable[Entry],
    *,
    until: datetime,
    since: datetime | None = None,
    opening: Position | None = None,
) -> Statement:
    """Return the statement of a period.

    Args:
        entries: In the order in which they were appended, those of other periods too, the lapses that are due included.
        opening: What the entries before *since* add up to, where a store has added them up and leaves them out.

    Raises:
        ValueError: *since* or *until* is naive, or the period is none.
    """
    start, end = None if since is None else to_utc(since), to_utc(until)
    if start is not None and start > end:
        raise ValueError("a period ends after it begins")
    before: list[Entry] = []
    inside: list[Entry] = []
    for entry in entries:
        if start is not None and entry.at < start:
            before.append(entry)
        elif entry.at < end:
            inside.append(entry)
    inside.sort(key=lambda entry: entry.at)
    first = add_up(opening or Position(), before)
    return Statement(
        since=start,
        until=end,
        opening=first,
        entries=tuple(inside),
        movements={kind: add_up(Position(), of_kind) for kind, of_kind in _by_kind(inside).items()},
        closing=add_up(first, inside),
    )


def _by_kind(entries: Iterable[Entry]) -> Mapping[EntryKind, list[Entry]]:
    grouped: dict[EntryKind, list[Entry]] = {}
    for entry in entries:
        grouped.setdefault(entry.kind, []).append(entry)
    return {kind: grouped[kind] for kind in EntryKind if kind in grouped}
