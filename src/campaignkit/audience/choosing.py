"""Choosing: one contact in, seen alone; a recipient, or an exclusion with its reason, out. Pure."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from enum import StrEnum

import attrs

from campaignkit.addresses.channel import Channel, RejectionCode, mask
from campaignkit.addresses.phone import PhoneNumber
from campaignkit.audience.consent import ConsentPolicy, ConsentVerdict, judge_consent
from campaignkit.audience.contacts import Contact
from campaignkit.audience.targeting import Filter, Predicate, Targeting, TargetingReport
from campaignkit.audience.targeting.matching import HostFunction
from campaignkit.audience.targeting.reports import TargetingTally

__all__ = [
    "Exclusion",
    "ExclusionReason",
    "Recipient",
    "SelectionRules",
    "Selector",
    "Where",
    "choose",
    "is_reached_otherwise",
    "targeting_of",
]


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
    has_unknown_consent: bool = False  # nobody asked, and consent is wanted; preflight counts these

    @property
    def zones(self) -> tuple[str, ...]:
        """IANA names where the contact may be: the one it named, else its phone's candidates, else none."""
        if self.contact.zone is not None:
            return (self.contact.zone,)
        return self.contact.phone.zones if self.contact.phone else ()


@attrs.frozen(kw_only=True)
class Exclusion:
    """A contact who is left out, and why."""

    contact: Contact
    reason: ExclusionReason
    detail: str  # one sentence for a shopkeeper
    duplicate_of: Contact | None = None  # the recipient's contact that has the same address; a stream keeps none
    duplicate_position: int | None = None  # where that contact stood in what was given, counted from 1


@attrs.frozen(kw_only=True)
class SelectionRules:
    """By which rules a contact, seen alone, is written to."""

    channel: Channel = attrs.field(default=Channel.EMAIL, converter=Channel)
    kind: str = "marketing"  # see ``judge_consent``
    topic: str = ""
    consent_policy: ConsentPolicy = attrs.field(factory=ConsentPolicy)
    allowed_regions: Collection[str] | None = None  # countries that texts may go to, in capitals; None allows all


Where = Filter | Callable[[Contact], bool]
"""Whom a campaign is for: a filter, or the host's own function that is true of those who stay in."""


def targeting_of(
    where: Where,
    *,
    now: datetime | None = None,
    predicates: Mapping[str, HostFunction] | None = None,
) -> Targeting:
    """Return *where* ready to judge; raises ValueError as ``Targeting`` does."""
    if isinstance(where, Targeting):
        return where
    if isinstance(where, Filter):
        return Targeting(where, now=now, predicates=predicates)
    return Targeting(Predicate(_FUNCTION), predicates={_FUNCTION: where})


class Selector:
    """Chooses contacts one by one, each seen alone, and counts what the filter did."""

    def __init__(self, rules: SelectionRules, targeting: Targeting | None = None) -> None:
        self._rules = rules
        self._other = attrs.evolve(rules, channel=_OTHER[rules.channel])
        self._tally = None if targeting is None else TargetingTally(targeting)

    @property
    def report(self) -> TargetingReport | None:
        """What the filter did so far; None without one."""
        return None if self._tally is None else self._tally.report()

    def choose(self, contact: Contact) -> Recipient | Exclusion:
        """Return whether *contact* is written to. The first that applies is the reason: filter, address, consent."""
        chosen = _choose(contact, self._rules)
        if self._tally is not None:
            detail = self._tally.judge(contact, is_reachable=isinstance(chosen, Recipient))
            if detail:
                return _exclude(contact, ExclusionReason.FILTERED, detail)
        is_missing = isinstance(chosen, Exclusion) and chosen.reason is ExclusionReason.NO_ADDRESS
        if is_missing and isinstance(_choose(contact, self._other), Recipient):
            return _exclude(contact, ExclusionReason.NO_ADDRESS, _OTHERWISE[self._rules.channel])
        return chosen


def choose(
    contact: Contact,
    channel: Channel | str,
    *,
    kind: str = "marketing",
    topic: str = "",
    where: Where | None = None,
    now: datetime | None = None,
    consent_policy: ConsentPolicy | None = None,
    allowed_regions: Collection[str] | None = None,
) -> Recipient | Exclusion:
    """Return whether *contact* is written to, seen alone: duplicates and suppressed addresses are the caller's.

    For one contact; a ``Selector`` makes a filter ready once for many. Arguments as those of ``build_audience``.

    Raises:
        ValueError: there is no such channel or kind, or the filter lacks what it needs.
    """
    rules = SelectionRules(
        channel=Channel(channel),
        kind=kind,
        topic=topic,
        consent_policy=consent_policy or ConsentPolicy(),
        allowed_regions=allowed_regions,
    )
    return Selector(rules, None if where is None else targeting_of(where, now=now)).choose(contact)


_NAMES = {Channel.EMAIL: "emails", Channel.SMS: "text messages"}
_OTHER = {Channel.EMAIL: Channel.SMS, Channel.SMS: Channel.EMAIL}
_FUNCTION = "the shop's own choice"  # how a function without a name is told of
_ABSENCE = {Channel.EMAIL: "There is no email address.", Channel.SMS: "There is no phone number."}
_OTHERWISE = {
    Channel.EMAIL: "There is no email address; a text message would reach this contact.",
    Channel.SMS: "There is no phone number; an email would reach this contact.",
}

_REASONS = {
    RejectionCode.MALFORMED: ExclusionReason.MALFORMED,
    RejectionCode.UNREACHABLE: ExclusionReason.UNREACHABLE,
    RejectionCode.WRONG_COUNTRY: ExclusionReason.WRONG_COUNTRY,
    RejectionCode.NOT_TEXTABLE: ExclusionReason.NOT_TEXTABLE,
    RejectionCode.SERVICE_NUMBER: ExclusionReason.NOT_TEXTABLE,
    RejectionCode.TOO_LONG: ExclusionReason.TOO_LONG,
    RejectionCode.AMBIGUOUS: ExclusionReason.AMBIGUOUS,
}


def is_reached_otherwise(reason: str, detail: str) -> bool:
    """Return whether an exclusion, or a stored row of one, is of somebody whom the other channel would reach."""
    return reason == ExclusionReason.NO_ADDRESS and detail in _OTHERWISE.values()


def _choose(contact: Contact, rules: SelectionRules) -> Recipient | Exclusion:
    verdict = judge_consent(
        contact.consent, rules.channel, kind=rules.kind, topic=rules.topic, policy=rules.consent_policy
    )
    addressed = _address(contact, rules, has_unknown_consent=verdict is ConsentVerdict.ALLOWED_UNKNOWN)
    if isinstance(addressed, Exclusion):
        return addressed
    name = _NAMES[rules.channel]
    match verdict:
        case ConsentVerdict.DENIED:
            return _exclude(contact, ExclusionReason.CONSENT_DENIED, f"This contact said no to {name}.")
        case ConsentVerdict.UNKNOWN:
            detail = f"Nobody has asked this contact whether {name} are welcome."
            return _exclude(contact, ExclusionReason.CONSENT_UNKNOWN, detail)
        case ConsentVerdict.ALLOWED | ConsentVerdict.ALLOWED_UNKNOWN:
            return addressed


def _exclude(contact: Contact, reason: ExclusionReason, detail: str) -> Exclusion:
    return Exclusion(contact=contact, reason=reason, detail=detail)


def _address(contact: Contact, rules: SelectionRules, *, has_unknown_consent: bool) -> Recipient | Exclusion:
    match rules.channel:
        case Channel.EMAIL:
            email = contact.email
            if email is None:
                return _unaddressed(contact, "email", rules.channel)
            address, key = email.address, email.key
        case Channel.SMS:
            phone = contact.phone
            if phone is None:
                return _unaddressed(contact, "phone", rules.channel)
            refused = _untextable(contact, phone, rules.allowed_regions)
            if refused is not None:
                return refused
            address, key = phone.e164, phone.key
    return Recipient(
        contact=contact,
        channel=rules.channel,
        address=address,
        address_key=key,
        has_unknown_consent=has_unknown_consent,
    )


def _untextable(contact: Contact, phone: PhoneNumber, allowed_regions: Collection[str] | None) -> Exclusion | None:
    if phone.extension:
        return _exclude(contact, ExclusionReason.NOT_TEXTABLE, "A number with an extension cannot receive texts.")
    if not phone.is_textable:
        return _exclude(contact, ExclusionReason.NOT_TEXTABLE, "This number is a landline, or no mobile phone.")
    if allowed_regions is not None and phone.region not in allowed_regions:
        detail = "The number belongs to a country that this shop does not text to."
        return _exclude(contact, ExclusionReason.WRONG_COUNTRY, detail)
    return None


def _unaddressed(contact: Contact, field: str, channel: Channel) -> Exclusion:
    """Return why there is no address: what came in was refused, or nothing came in."""
    for rejection in contact.rejections:
        if rejection.field == field and rejection.code in _REASONS:
            return _exclude(contact, _REASONS[rejection.code], rejection.full_message)
    return _exclude(contact, ExclusionReason.NO_ADDRESS, _ABSENCE[channel])
