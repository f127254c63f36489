"""Selection: contacts in, recipients and explained exclusions out. Pure.

Nothing is lost: contacts = recipients + exclusions, and Rejections among the contacts come out as they went in.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum
from functools import partial

import attrs

from campaignkit.addresses.channel import Channel, Rejection, RejectionCode, mask
from campaignkit.audience.consent import ConsentState, ConsentVerdict, judge_consent
from campaignkit.audience.contacts import Contact

__all__ = ["Audience", "Exclusion", "ExclusionReason", "Recipient", "build_audience", "choose"]


class ExclusionReason(StrEnum):
    """Why a contact is left out. The values are stable."""

    NO_ADDRESS = "no_address"
    MALFORMED = "malformed"
    UNREACHABLE = "unreachable"
    WRONG_COUNTRY = "wrong_country"
    NOT_TEXTABLE = "not_textable"
    TOO_LONG = "too_long"
    AMBIGUOUS = "ambiguous"
    DUPLICATE = "duplicate"
    SUPPRESSED = "suppressed"
    CONSENT_DENIED = "consent_denied"
    CONSENT_UNKNOWN = "consent_unknown"
    FILTERED = "filtered"


@attrs.frozen(kw_only=True)
class Recipient:
    """A contact who will be written to, and where."""

    contact: Contact
    channel: Channel
    address: str = attrs.field(repr=mask)  # to send to: an email address, or E.164
    address_key: str = attrs.field(repr=mask)  # one message per key and campaign

    @property
    def zones(self) -> tuple[str, ...]:
        """IANA names where the contact may be: the one it named, else its phone's candidates, else none."""
        if self.contact.zone is not None:
            return (self.contact.zone,)
        return self.contact.phone.zones if self.contact.phone else ()

    @property
    def has_unknown_consent(self) -> bool:
        """Whether nobody asked this contact about the channel; preflight counts these."""
        return self.contact.consent.on(self.channel) is ConsentState.UNKNOWN


@attrs.frozen(kw_only=True)
class Exclusion:
    """A contact who is left out, and why."""

    contact: Contact
    reason: ExclusionReason
    detail: str  # one sentence for a shopkeeper
    duplicate_of: Contact | None = None  # the recipient's contact that has the same address


@attrs.frozen(kw_only=True)
class Audience:
    """What became of all that was given to ``build_audience``, each part in the order given."""

    recipients: tuple[Recipient, ...]
    exclusions: tuple[Exclusion, ...]
    rejections: tuple[Rejection, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many were left out for each reason; with the recipients they add up to all that was given."""
        reasons = [exclusion.reason.value for exclusion in self.exclusions]
        return Counter(reasons + [rejection.code.value for rejection in self.rejections])

    @property
    def unknown_consent_count(self) -> int:
        """How many recipients were never asked about the channel."""
        return sum(recipient.has_unknown_consent for recipient in self.recipients)


def choose(
    contact: Contact,
    channel: Channel | str,
    *,
    kind: str = "marketing",
    where: Callable[[Contact], bool] | None = None,
    allow_unknown_consent: bool = False,
    allowed_regions: Collection[str] | None = None,
) -> Recipient | Exclusion:
    """Return whether *contact* is written to, seen alone: duplicates and suppressed addresses are the caller's.

    The first that applies is the reason: the filter, the address, the consent.

    Args:
        kind: See ``judge_consent``.
        where: The merchant's filter; False leaves out.
        allow_unknown_consent: Silence is enough for marketing texts.
        allowed_regions: Countries that texts may go to, in capitals; None allows all.

    Raises:
        ValueError: there is no such channel or kind.
    """
    medium = Channel(channel)
    verdict = judge_consent(contact.consent, medium, kind=kind, allow_unknown=allow_unknown_consent)
    if where is not None and not where(contact):
        return _exclude(contact, ExclusionReason.FILTERED, "The chosen filter leaves this contact out.")
    addressed = _address(contact, medium, allowed_regions)
    if isinstance(addressed, Exclusion):
        return addressed
    match verdict:
        case ConsentVerdict.DENIED:
            return _exclude(contact, ExclusionReason.CONSENT_DENIED, f"This contact said no to {_NAMES[medium]}.")
        case ConsentVerdict.UNKNOWN:
            detail = f"Nobody has asked this contact whether {_NAMES[medium]} are welcome."
            return _exclude(contact, ExclusionReason.CONSENT_UNKNOWN, detail)
        case ConsentVerdict.ALLOWED | ConsentVerdict.ALLOWED_UNKNOWN:
            return addressed


def build_audience(
    contacts: Iterable[Contact | Rejection],
    channel: Channel | str = Channel.EMAIL,
    where: Callable[[Contact], bool] | None = None,
    suppressed: Collection[str] = frozenset(),
    *,
    kind: str = "marketing",
    allow_unknown_consent: bool = False,
    allowed_regions: Collection[str] | None = None,
) -> Audience:
    """Return who of *contacts* is written to, and why the others are not. Of equal addresses the first one stays.

    Building again from the recipients' contacts gives the same recipients. For lists that fit in memory.

    Args:
        suppressed: Address keys that are not written to, whatever else holds.

    Raises:
        ValueError: there is no such channel or kind.

    >>> from campaignkit.audience.contacts import parse_contact
    >>> rows = [{"email": "ann@example.com"}, {"email": "Ann@Example.com"}, {"name": "Bob"}]
    >>> audience = build_audience([parse_contact(row) for row in rows])
    >>> len(audience.recipients), dict(audience.counts)
    (1, {'duplicate': 1, 'no_address': 1})
    """
    pick = partial(
        choose,
        channel=Channel(channel),
        kind=kind,
        where=where,
        allow_unknown_consent=allow_unknown_consent,
        allowed_regions=allowed_regions,
    )
    return _divide(contacts, pick, frozenset(suppressed))


_NAMES = {Channel.EMAIL: "emails", Channel.SMS: "text messages"}

_REASONS = {
    RejectionCode.MALFORMED: ExclusionReason.MALFORMED,
    RejectionCode.UNREACHABLE: ExclusionReason.UNREACHABLE,
    RejectionCode.WRONG_COUNTRY: ExclusionReason.WRONG_COUNTRY,
    RejectionCode.NOT_TEXTABLE: ExclusionReason.NOT_TEXTABLE,
    RejectionCode.SERVICE_NUMBER: ExclusionReason.NOT_TEXTABLE,
    RejectionCode.TOO_LONG: ExclusionReason.TOO_LONG,
    RejectionCode.AMBIGUOUS: ExclusionReason.AMBIGUOUS,
}


def _divide(
    contacts: Iterable[Contact | Rejection],
    pick: Callable[[Contact], Recipient | Exclusion],
    suppressed: frozenset[str],
) -> Audience:
    recipients: dict[str, Recipient] = {}
    exclusions: list[Exclusion] = []
    rejections: list[Rejection] = []
    for contact in contacts:
        if isinstance(contact, Rejection):
            rejections.append(contact)
            continue
        chosen = pick(contact)
        if isinstance(chosen, Recipient):
            chosen = _compare(chosen, recipients, suppressed)
        if isinstance(chosen, Recipient):
            recipients[chosen.address_key] = chosen
        else:
            exclusions.append(chosen)
    return Audience(recipients=tuple(recipients.values()), exclusions=tuple(exclusions), rejections=tuple(rejections))


def _exclude(contact: Contact, reason: ExclusionReason, detail: str) -> Exclusion:
    return Exclusion(contact=contact, reason=reason, detail=detail)


def _address(contact: Contact, channel: Channel, allowed_regions: Collection[str] | None) -> Recipient | Exclusion:
    match channel:
        case Channel.EMAIL:
            email = contact.email
            if email is None:
                return _unaddressed(contact, "email", "There is no email address.")
            return Recipient(contact=contact, channel=channel, address=email.address, address_key=email.key)
        case Channel.SMS:
            phone = contact.phone
            if phone is None:
                return _unaddressed(contact, "phone", "There is no phone number.")
            if phone.extension:
                detail = "A number with an extension cannot receive texts."
                return _exclude(contact, ExclusionReason.NOT_TEXTABLE, detail)
            if not phone.is_textable:
                return _exclude(contact, ExclusionReason.NOT_TEXTABLE, "This number is a landline, or no mobile phone.")
            if allowed_regions is not None and phone.region not in allowed_regions:
                detail = "The number belongs to a country that this shop does not text to."
                return _exclude(contact, ExclusionReason.WRONG_COUNTRY, detail)
            return Recipient(contact=contact, channel=channel, address=phone.e164, address_key=phone.key)


def _unaddressed(contact: Contact, field: str, absence: str) -> Exclusion:
    """Return why there is no address: what came in was refused, or nothing came in."""
    for rejection in contact.rejections:
        if rejection.field == field and rejection.code in _REASONS:
            return _exclude(contact, _REASONS[rejection.code], rejection.message)
    return _exclude(contact, ExclusionReason.NO_ADDRESS, absence)


def _compare(recipient: Recipient, taken: Mapping[str, Recipient], suppressed: frozenset[str]) -> Recipient | Exclusion:
    first = taken.get(recipient.address_key)
    if first is not None:
        number = first.contact.row_number
        where = f"row {number}" if number is not None else "another contact"
        detail = f"This address already stands in {where}."
        return Exclusion(
            contact=recipient.contact,
            reason=ExclusionReason.DUPLICATE,
            detail=detail,
            duplicate_of=first.contact,
        )
    if recipient.address_key in suppressed:
        detail = "This address asked not to be written to, or mail to it came back."
        return _exclude(recipient.contact, ExclusionReason.SUPPRESSED, detail)
    return recipient
