"""Selection: contacts in, recipients and explained exclusions out. Pure.

Nothing is lost: contacts = recipients + exclusions, and Rejections among the contacts come out as they went in.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

import attrs

from campaignkit.addresses.channel import Channel, Rejection
from campaignkit.audience.address_table import AddressTable
from campaignkit.audience.choosing import (
    Exclusion,
    ExclusionReason,
    Recipient,
    SelectionRules,
    Selector,
    Where,
    choose,
    is_reached_otherwise,
    targeting_of,
)
from campaignkit.audience.consent import ConsentPolicy
from campaignkit.audience.contacts import Contact
from campaignkit.audience.targeting import TargetingReport
from campaignkit.audience.targeting.matching import HostFunction

__all__ = [
    "Audience",
    "AudienceStream",
    "Exclusion",
    "ExclusionReason",
    "Recipient",
    "build_audience",
    "choose",
    "stream_audience",
]


@attrs.frozen(kw_only=True)
class Audience:
    """What became of all that was given to ``build_audience``, each part in the order given."""

    recipients: tuple[Recipient, ...]
    exclusions: tuple[Exclusion, ...]
    rejections: tuple[Rejection, ...]
    targeting: TargetingReport | None = None  # what the filter did, where there was one

    @property
    def counts(self) -> Mapping[str, int]:
        """How many were left out for each reason; with the recipients they add up to all that was given."""
        reasons = [exclusion.reason.value for exclusion in self.exclusions]
        return Counter(reasons + [rejection.code.value for rejection in self.rejections])

    @property
    def unknown_consent_count(self) -> int:
        """How many recipients were never asked about the channel."""
        return sum(recipient.has_unknown_consent for recipient in self.recipients)

    @property
    def other_channel_count(self) -> int:
        """How many of those without an address for the channel would be reached by the other one."""
        return sum(is_reached_otherwise(exclusion.reason, exclusion.detail) for exclusion in self.exclusions)


def build_audience(
    contacts: Iterable[Contact | Rejection],
    channel: Channel | str = Channel.EMAIL,
    where: Where | None = None,
    suppressed: Collection[str] = frozenset(),
    *,
    kind: str = "marketing",
    topic: str = "",
    now: datetime | None = None,
    predicates: Mapping[str, HostFunction] | None = None,
    consent_policy: ConsentPolicy | None = None,
    allowed_regions: Collection[str] | None = None,
) -> Audience:
    """Return who of *contacts* is written to, and why the others are not. Of equal addresses the first one stays.

    Building again from the recipients' contacts gives the same recipients. For lists that fit in memory.

    Args:
        where: A filter, a ``Targeting`` made of one, or a function; who is not let in is excluded as ``filtered``.
        suppressed: Address keys that are not written to, whatever else holds.
        kind: ``marketing``, or ``transactional``, which asks for no consent; suppressed addresses it leaves out too.
        topic: What the message is about, where consent was given for topics.
        now: See ``Targeting``, for filters that count days back.
        predicates: The host's functions by name, for filters that ask them.
        consent_policy: What it means that nobody asked; by default enough for email, and not for texts.
        allowed_regions: Countries that texts may go to, in capitals; None allows all.

    Raises:
        ValueError: there is no such channel or kind, or the filter lacks what it needs.

    >>> from campaignkit.audience.contacts import parse_contact
    >>> rows = [{"email": "ann@example.com"}, {"email": "Ann@Example.com"}, {"name": "Bob"}]
    >>> audience = build_audience([parse_contact(row) for row in rows])
    >>> len(audience.recipients), dict(audience.counts)
    (1, {'duplicate': 1, 'no_address': 1})
    """
    stream = stream_audience(
        contacts,
        channel,
        where,
        suppressed,
        kind=kind,
        topic=topic,
        now=now,
        predicates=predicates,
        consent_policy=consent_policy,
        allowed_regions=allowed_regions,
    )
    return _divide(stream)


def stream_audience(
    contacts: Iterable[Contact | Rejection],
    channel: Channel | str = Channel.EMAIL,
    where: Where | None = None,
    suppressed: Collection[str] = frozenset(),
    *,
    kind: str = "marketing",
    topic: str = "",
    now: datetime | None = None,
    predicates: Mapping[str, HostFunction] | None = None,
    consent_policy: ConsentPolicy | None = None,
    allowed_regions: Collection[str] | None = None,
) -> "AudienceStream":
    """Return what ``build_audience`` does, one by one as contacts are read: for lists of any length.

    A million addresses take some 50 MB. A duplicate names the position of the contact that it repeats, not the contact.

    >>> from campaignkit.audience.contacts import parse_contact
    >>> stream = stream_audience(parse_contact({"email": "ann@example.com"}) for _ in range(3))
    >>> [type(item).__name__ for item in stream], stream.recipient_count, dict(stream.counts)
    (['Recipient', 'Exclusion', 'Exclusion'], 1, {'duplicate': 2})
    """
    rules = SelectionRules(
        channel=Channel(channel),
        kind=kind,
        topic=topic,
        consent_policy=consent_policy or ConsentPolicy(),
        allowed_regions=allowed_regions,
    )
    targeting = None if where is None else targeting_of(where, now=now, predicates=predicates)
    return AudienceStream(contacts, Selector(rules, targeting), frozenset(suppressed))


class AudienceStream:
    """Recipients, exclusions and rejections in the order given; to be gone through once. Its counts are of so far."""

    def __init__(
        self, contacts: Iterable[Contact | Rejection], selector: Selector, suppressed: frozenset[str] = frozenset()
    ) -> None:
        self._contacts = iter(contacts)
        self._selector = selector
        self._suppressed = suppressed
        self._taken = AddressTable()
        self._position = 0
        self.counts: Counter[str] = Counter()  # of those left out, by reason or code
        self.recipient_count = 0
        self.unknown_consent_count = 0
        self.other_channel_count = 0

    @property
    def targeting(self) -> TargetingReport | None:
        """What the filter did so far; None without one."""
        return self._selector.report

    def __iter__(self) -> Iterator[Recipient | Exclusion | Rejection]:
        for item in self._contacts:
            self._position += 1
            became = item if isinstance(item, Rejection) else self._judge(item)
            self._count(became)
            yield became

    def _judge(self, contact: Contact) -> Recipient | Exclusion:
        chosen = self._selector.choose(contact)
        if isinstance(chosen, Exclusion):
            return chosen
        if chosen.address_key in self._suppressed:
            return Exclusion(contact=contact, reason=ExclusionReason.SUPPRESSED, detail=_SUPPRESSED)
        first = self._taken.claim(chosen.address_key, self._position)
        if first is None:
            return chosen
        detail = f"This address already stands at place {first} of the list."
        return Exclusion(contact=contact, reason=ExclusionReason.DUPLICATE, detail=detail, duplicate_position=first)

    def _count(self, became: Recipient | Exclusion | Rejection) -> None:
        match became:
            case Recipient():
                self.recipient_count += 1
                self.unknown_consent_count += became.has_unknown_consent
            case Exclusion():
                self.counts[became.reason.value] += 1
                self.other_channel_count += is_reached_otherwise(became.reason, became.detail)
            case Rejection():
                self.counts[became.code.value] += 1


_SUPPRESSED = "This address asked not to be written to, or mail to it came back."


def _divide(stream: AudienceStream) -> Audience:
    recipients: dict[int, Recipient] = {}  # by where they stood
    exclusions: list[Exclusion] = []
    rejections: list[Rejection] = []
    for position, item in enumerate(stream, start=1):
        match item:
            case Recipient():
                recipients[position] = item
            case Exclusion(duplicate_position=int(first)):
                exclusions.append(_naming(item, recipients[first].contact))
            case Exclusion():
                exclusions.append(item)
            case Rejection():
                rejections.append(item)
    return Audience(
        recipients=tuple(recipients.values()),
        exclusions=tuple(exclusions),
        rejections=tuple(rejections),
        targeting=stream.targeting,
    )


def _naming(duplicate: Exclusion, first: Contact) -> Exclusion:
    where = f"row {first.row_number}" if first.row_number is not None else "another contact"
    return attrs.evolve(duplicate, duplicate_of=first, detail=f"This address already stands in {where}.")
