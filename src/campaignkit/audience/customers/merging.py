"""Merging: records of one person in; what to write to make them one, and to undo it, out. Pure: the host applies it.

The most complete and recent record survives. Of each field the value survives that is verified, else filled, else the
newest, else the longest. Consent becomes the strictest that anybody gave. Nothing is lost: phones, mailboxes,
addresses, orders, preferences and notes of all are kept, and the merged records stay, each leading to the survivor.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from campaignkit.addresses.channel import Channel, mask
from campaignkit.audience.consent import Consent, ConsentEntry, ConsentState, strictest
from campaignkit.audience.customers.comparing import MatchKind
from campaignkit.audience.customers.duplicates import DuplicateGroup
from campaignkit.audience.customers.records import Customer, CustomerStatus
from campaignkit.errors import RevisionConflict

__all__ = ["Conflict", "MergePlan", "RecordChange", "apply_changes", "plan_merge"]

_SINGLE = ("name", "first_name", "phone", "email", "loyalty_id", "birthday", "source")
_MAPPINGS = ("preferences", "attributes")
_KEPT_OF_ALL = ("addresses", "orders", "notes")


@attrs.frozen(kw_only=True)
class Conflict:
    """A field on which the records disagree, and what was chosen."""

    field: str  # "phone", "preferences.colour"
    kept: str = attrs.field(repr=mask)
    dropped: tuple[str, ...] = attrs.field(repr=lambda texts: str([mask(text) for text in texts]))
    kept_from: str  # the customer id whose value it is


@attrs.frozen(kw_only=True)
class RecordChange:
    """One record before and after."""

    customer_id: str
    before: Customer
    after: Customer

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that differ."""
        names = (field.name for field in attrs.fields(Customer))
        return tuple(name for name in names if getattr(self.before, name) != getattr(self.after, name))


@attrs.frozen(kw_only=True)
class MergePlan:
    """What merging would do; look at it, then apply ``changes`` in one transaction and keep ``inverse`` to undo it."""

    survivor: Customer  # as it will be
    changes: tuple[RecordChange, ...]  # () where there is nothing left to merge
    conflicts: tuple[Conflict, ...]
    redirects: Mapping[str, str]  # merged ids, also those merged earlier, each to the survivor's in one step

    @property
    def inverse(self) -> tuple[RecordChange, ...]:
        """What undoes ``changes``."""
        return tuple(
            RecordChange(customer_id=one.customer_id, before=one.after, after=one.before)
            for one in reversed(self.changes)
        )


def plan_merge(
    records: DuplicateGroup | Iterable[Customer],
    *,
    survivor: str | None = None,
    keep: Mapping[str, str] | None = None,
    merged_before: Iterable[Customer] = (),
) -> MergePlan:
    """Return what makes *records* one. Records that were merged into the survivor already change nothing.

    Args:
        survivor: The customer id that lives on; the most complete, then the newest record if left out.
        keep: Whose value is kept, by field: ``{"phone": "12"}``. The rule decides on the others.
        merged_before: Records merged into one of *records* earlier; they are led to the survivor as well.

    Raises:
        ValueError: the group is a household; a record has no id or another's; *survivor* or an id in *keep* is none of
            the records; one of them was merged into a stranger.

    >>> records = [Customer(customer_id="1", name="Ann"), Customer(customer_id="2", name="Ann Lee", notes=("x",))]
    >>> plan = plan_merge(records)
    >>> plan.survivor.name, plan.survivor.notes, dict(plan.redirects)
    ('Ann Lee', ('x',), {'1': '2'})
    """
    everybody = _members_of(records)
    living = [one for one in everybody if not one.is_merged]
    chosen = _choose_survivor(living, survivor)
    merged = [*(one for one in everybody if one.is_merged), *merged_before]
    _refuse_strangers(merged, {one.customer_id for one in [*everybody, *merged]})
    _refuse_unknown(keep or {}, {one.customer_id for one in living})
    ranked = [chosen, *sorted((one for one in living if one is not chosen), key=_rank)]
    picks = {name: _pick(name, ranked, _reader_of(name), keep or {}) for name in _SINGLE}
    after, conflicts = _combine(ranked, picks, keep or {})
    changes = [RecordChange(customer_id=chosen.customer_id, before=chosen, after=after)]
    changes += [_lead(one, chosen.customer_id) for one in [*ranked[1:], *merged]]
    return MergePlan(
        survivor=after,
        changes=tuple(change for change in changes if change.before != change.after),
        conflicts=conflicts,
        redirects={change.customer_id: chosen.customer_id for change in changes[1:]},
    )


def apply_changes(customers: Iterable[Customer], changes: Iterable[RecordChange]) -> tuple[Customer, ...]:
    """Return *customers* with *changes* written, in the order given.

    Raises:
        RevisionConflict: a record is no longer as the change found it; nothing is written.
        ValueError: a changed record is not among *customers*.
    """
    waiting = {change.customer_id: change for change in changes}
    written = tuple(_write(one, waiting.pop(one.customer_id, None)) for one in customers)
    if waiting:
        raise ValueError(f"there is no customer {', '.join(sorted(waiting))}")
    return written


def _write(customer: Customer, change: RecordChange | None) -> Customer:
    if change is None:
        return customer
    if customer != change.before:
        raise RevisionConflict("customer", customer.customer_id)
    return change.after


def _members_of(records: DuplicateGroup | Iterable[Customer]) -> list[Customer]:
    if isinstance(records, DuplicateGroup) and records.kind is MatchKind.HOUSEHOLD:
        raise ValueError("a household is several people; choose the records of one of them")
    members = list(records.members if isinstance(records, DuplicateGroup) else records)
    ids = [one.customer_id for one in members]
    if not members or not all(ids) or len(set(ids)) < len(ids):
        raise ValueError("merging takes one or more records, each with an id of its own")
    return sorted(members, key=lambda one: one.customer_id)


def _choose_survivor(living: Sequence[Customer], wanted: str | None) -> Customer:
    if wanted is None and living:
        return min(living, key=_rank)
    for one in living:
        if one.customer_id == wanted:
            return one
    raise ValueError(f"{wanted!r} is none of the records that can survive")


def _rank(customer: Customer) -> tuple[int, float, int, str]:
    """Return what the survivor is chosen by: most complete first, then newest, then most orders; then by id."""
    filled = sum(bool(getattr(customer, name)) for name in (*_SINGLE, *_MAPPINGS, *_KEPT_OF_ALL))
    return -filled, -_age(customer), -len(customer.orders), customer.customer_id


def _age(customer: Customer) -> float:
    moment = customer.updated_at or customer.created_at
    return moment.timestamp() if moment else 0.0


def _refuse_strangers(merged: Iterable[Customer], known: set[str]) -> None:
    for one in merged:
        if one.is_merged and one.merged_into not in known:
            raise ValueError(
                f"customer {one.customer_id!r} was merged into {one.merged_into!r}, who is not among these"
            )


def _refuse_unknown(keep: Mapping[str, str], known: set[str]) -> None:
    for field, customer_id in keep.items():
        if customer_id not in known:
            raise ValueError(f"{field} cannot be kept of {customer_id!r}, who is none of the records")


def _reader_of(name: str) -> Callable[[Customer], Any]:
    return lambda customer: getattr(customer, name)


def _pick(field: str, ranked: Sequence[Customer], read: Callable[[Customer], Any], keep: Mapping[str, str]) -> Customer:
    """Return whose value of *field* is kept: as asked for, else verified, filled, newest, longest, in this order."""
    if field in keep:
        return next(one for one in ranked if one.customer_id == keep[field])
    root = field.partition(".")[0]
    filled = [one for one in ranked if read(one)] or list(ranked[:1])
    return max(
        filled,
        key=lambda one: (root in one.verified, _age(one), len(_shown(read(one))), -ranked.index(one)),
    )


def _combine(
    ranked: Sequence[Customer], picks: Mapping[str, Customer], keep: Mapping[str, str]
) -> tuple[Customer, tuple[Conflict, ...]]:
    conflicts = [*_conflicts_of_fields(ranked, picks)]
    fields: dict[str, Any] = {name: getattr(picks[name], name) for name in _SINGLE}
    for name in _MAPPINGS:
        fields[name], found = _combine_mappings(name, ranked, keep)
        conflicts += found
    fields |= {name: _unite(getattr(one, name) for one in ranked) for name in _KEPT_OF_ALL}
    after = attrs.evolve(
        ranked[0],
        **fields,
        other_phones=_others((phone for one in ranked for phone in one.phones), fields["phone"]),
        other_emails=_others((email for one in ranked for email in one.emails), fields["email"]),
        consent=_strictest_of([one.consent for one in ranked]),
        verified=frozenset(name for name, one in picks.items() if name in one.verified) | ranked[0].verified,
        created_at=_pick_moment(min, (one.created_at for one in ranked)),
        updated_at=_pick_moment(max, (one.updated_at for one in ranked)),
        status=max((one.status for one in ranked), key=lambda status: status is CustomerStatus.BLOCKED),
    )
    return after, tuple(conflicts)


def _strictest_of(consents: Sequence[Consent]) -> Consent:
    """Return everything that was said, where a no of any record still binds whatever another one said later."""
    entries = tuple(dict.fromkeys(entry for consent in consents for entry in consent.entries))
    email, sms = strictest(one.email for one in consents), strictest(one.sms for one in consents)
    united = Consent(email=email, sms=sms, entries=entries)
    refused = [
        ConsentEntry(channel=channel, state=ConsentState.DENIED, topic=topic)
        for channel in Channel
        for topic in sorted({entry.topic for entry in entries})
        if _is_refused(united, channel, topic) < any(_is_refused(one, channel, topic) for one in consents)
    ]
    return united.heard(*refused)


def _is_refused(consent: Consent, channel: Channel, topic: str) -> bool:
    """Return whether *consent* says no to this topic itself."""
    about = tuple(entry for entry in consent.entries if entry.topic == topic)
    return attrs.evolve(consent, entries=about).on(channel, topic) is ConsentState.DENIED


def _conflicts_of_fields(ranked: Sequence[Customer], picks: Mapping[str, Customer]) -> Iterator[Conflict]:
    for name, winner in picks.items():
        if name != "source":
            yield from _conflict(name, winner, ranked, _reader_of(name))


def _conflict(
    field: str, winner: Customer, ranked: Sequence[Customer], read: Callable[[Customer], Any]
) -> Iterator[Conflict]:
    kept = _shown(read(winner))
    dropped = tuple(dict.fromkeys(_shown(read(one)) for one in ranked if read(one) and _shown(read(one)) != kept))
    if dropped:
        yield Conflict(field=field, kept=kept, dropped=dropped, kept_from=winner.customer_id)


def _combine_mappings(
    name: str, ranked: Sequence[Customer], keep: Mapping[str, str]
) -> tuple[dict[str, str], list[Conflict]]:
    combined: dict[str, str] = {}
    conflicts: list[Conflict] = []
    for entry in dict.fromkeys(entry for one in ranked for entry in getattr(one, name)):

        def read(one: Customer, entry: str = entry) -> str:
            return str(getattr(one, name).get(entry, ""))

        field = f"{name}.{entry}"
        winner = _pick(field, ranked, read, keep)
        combined[entry] = read(winner)
        conflicts += _conflict(field, winner, ranked, read)
    return combined, conflicts


def _unite(parts: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(one for part in parts for one in part))


def _others(addresses: Iterable[Any], first: Any) -> tuple[Any, ...]:
    """Return the phones or mailboxes beside the *first*, each key once."""
    by_key: dict[str, Any] = {}
    for one in addresses:
        by_key.setdefault(one.key, one)
    if first is not None:
        by_key.pop(first.key, None)
    return tuple(by_key.values())


def _pick_moment(choose: Callable[[list[datetime]], datetime], moments: Iterable[datetime | None]) -> datetime | None:
    known = [moment for moment in moments if moment is not None]
    return choose(known) if known else None


def _lead(customer: Customer, survivor_id: str) -> RecordChange:
    after = attrs.evolve(customer, status=CustomerStatus.MERGED, merged_into=survivor_id)
    return RecordChange(customer_id=customer.customer_id, before=customer, after=after)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return str(getattr(value, "address", None) or getattr(value, "key", None) or value)
