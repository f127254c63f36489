"""Staleness: contacts in, those who are not worth writing to any more out, each with the reason. Pure.

Mail to people who left long ago is what spam filters judge a shop by: look before sending, and leave them out or ask.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.audience.contacts import Contact
from campaignkit.audience.targeting import After, Answer, AnyOf, Filter, Targeting, WithinDays

__all__ = ["StaleReason", "StaleReport", "StalenessRule", "find_stale"]

SAMPLES_MAX = 5


class StaleReason(StrEnum):
    """Why a contact is stale. The values are stable; the first that applies is the reason."""

    BOUNCED = "bounced"  # mail to one of its addresses came back, or it asked for none
    NEVER_ENGAGED = "never_engaged"  # no date of any order, visit or click is known
    UNCLEAR = "unclear"  # a date is known, but cannot be read, or lies in the future
    OLD = "old"  # the last of its dates is too long ago


def _to_fields(fields: Iterable[str]) -> tuple[str, ...]:
    if isinstance(fields, str):
        raise TypeError("fields are a list of names, not one text")
    names = tuple(fields)
    if not names:
        raise ValueError("a rule wants at least one field with a date")
    return names


@attrs.frozen(kw_only=True)
class StalenessRule:
    """When a contact counts as stale: none of *fields* holds a date within the last *days* days."""

    days: int = 365
    fields: tuple[str, ...] = attrs.field(default=("last_engaged_at", "last_order_at"), converter=_to_fields)

    @property
    def fresh(self) -> Filter:
        """The filter that leaves out who is stale, for ``where=``; bounced addresses are left out by suppression."""
        return AnyOf(WithinDays(field, self.days) for field in self.fields)


@attrs.frozen(kw_only=True)
class StaleReport:
    """Who is stale: counts that add up, with the fresh ones, to all contacts seen."""

    seen_count: int
    counts: Mapping[StaleReason, int]
    samples: Mapping[StaleReason, tuple[str, ...]]  # at most five for each reason, by row or contact id

    @property
    def stale_count(self) -> int:
        """How many contacts are stale for any reason."""
        return sum(self.counts.values())


class StalenessJudge:
    """A rule made ready for many contacts."""

    def __init__(self, rule: StalenessRule, *, now: datetime, bounced: Collection[str] = frozenset()) -> None:
        self._recent = Targeting(rule.fresh, now=now)
        self._future = Targeting(AnyOf(After(field, now) for field in rule.fields), now=now)
        self._bounced = frozenset(bounced)

    def reason(self, contact: Contact) -> StaleReason | None:
        """Return why *contact* is stale, None if it is not."""
        if any(address is not None and address.key in self._bounced for address in (contact.email, contact.phone)):
            return StaleReason.BOUNCED
        answers = set(self._recent.answers(contact))
        if Answer.YES in answers:
            return None
        if answers == {Answer.ABSENT}:
            return StaleReason.NEVER_ENGAGED
        is_unclear = Answer.UNCLEAR in answers or Answer.YES in self._future.answers(contact)
        return StaleReason.UNCLEAR if is_unclear else StaleReason.OLD


def find_stale(
    contacts: Iterable[Contact | Rejection],
    *,
    now: datetime,
    rule: StalenessRule | None = None,
    bounced: Collection[str] = frozenset(),
) -> StaleReport:
    """Return how many of *contacts* are stale and why, with samples. Rejections among them are passed over.

    Args:
        now: Aware; its zone says which day it is.
        rule: By default no order and no engagement within a year.
        bounced: Address keys that are known to be dead or suppressed.

    >>> from datetime import UTC
    >>> from campaignkit.audience.contacts import parse_contact
    >>> rows = [{"email": "ann@example.com", "last order at": "2026-02-01"}, {"email": "bob@example.com"}]
    >>> report = find_stale(map(parse_contact, rows), now=datetime(2026, 3, 9, tzinfo=UTC))
    >>> report.seen_count, {reason.value: count for reason, count in report.counts.items()}
    (2, {'never_engaged': 1})
    """
    judge = StalenessJudge(rule or StalenessRule(), now=now, bounced=bounced)
    counts: Counter[StaleReason] = Counter()
    samples: dict[StaleReason, tuple[str, ...]] = {}
    seen = 0
    for contact in contacts:
        if isinstance(contact, Rejection):
            continue
        seen += 1
        reason = judge.reason(contact)
        if reason is None:
            continue
        counts[reason] += 1
        if counts[reason] <= SAMPLES_MAX:
            samples[reason] = (*samples.get(reason, ()), _name_of(contact, seen))
    return StaleReport(seen_count=seen, counts=dict(counts), samples=samples)


def _name_of(contact: Contact, position: int) -> str:
    if contact.row_number is not None:
        return f"row {contact.row_number}"
    return contact.contact_id or f"contact {position}"
