"""Comparing: two customers in; whether they are one person, a household or strangers, and why, out. Pure."""

import re
from collections.abc import Callable, Collection
from datetime import date
from enum import StrEnum
from functools import lru_cache

import attrs

from campaignkit.audience.customers.evidence import EVIDENCE, Evidence, EvidenceCode, score_of
from campaignkit.audience.customers.junk import is_junk_email, is_junk_name, is_junk_phone
from campaignkit.audience.customers.names import (
    Likeness,
    NameParts,
    compare_names,
    fold_letters,
    name_words,
    split_name,
)
from campaignkit.audience.customers.records import Customer, PostalAddress
from campaignkit.audience.customers.spelling import is_within_edits

__all__ = [
    "Comparison",
    "MatchKind",
    "Place",
    "Profile",
    "are_different",
    "compare",
    "folded_name",
    "place_of",
    "profile_of",
]

LIKELY_SCORE = 0.85  # 2.5 bits over even odds
SAME_SCORE = 0.98
ADDRESSES_MAX = 3  # compared of each record; some have a delivery address for every aunt


class MatchKind(StrEnum):
    """What two or more records are to one another. The values are stable."""

    SAME = "same"  # one person: may be merged
    LIKELY = "likely"  # a person should look
    HOUSEHOLD = "household"  # several people who share a phone, a mailbox or a door: never merged


@attrs.define(eq=False)
class Place:
    """An address as it is compared."""

    number: str
    street: str
    postcode: str
    city: str


@attrs.define(eq=False)
class Profile:
    """What is compared of a customer, without junk; what takes time is worked out when it is first asked for."""

    name: str  # folded words; "" where there is none
    first_name: str
    phones: tuple[str, ...]
    emails: tuple[str, ...]
    loyalty_id: str
    birthday: date | None
    addresses: tuple[PostalAddress, ...]
    _parts: NameParts | None = None
    _places: tuple[Place, ...] | None = None

    @property
    def parts(self) -> NameParts:
        if self._parts is None:
            self._parts = split_name(self.name.split(), self.first_name)
        return self._parts

    @property
    def places(self) -> tuple[Place, ...]:
        if self._places is None:
            self._places = tuple([place_of(one) for one in self.addresses[:ADDRESSES_MAX]])
        return self._places

    @property
    def face(self) -> tuple[object, ...]:
        """What makes two records look exactly alike."""
        return self.name, self.first_name, self.phones, self.emails, self.loyalty_id, self.birthday, self.addresses


@attrs.frozen
class Comparison:
    """What came of two records."""

    kind: MatchKind
    score: float
    evidence: tuple[Evidence, ...]  # heaviest first


def profile_of(customer: Customer, junk: Collection[str] = frozenset(), name: str | None = None) -> Profile:
    """Return what is compared of *customer*.

    Args:
        junk: Keys to leave out beside those that are junk by themselves.
        name: Its name as ``folded_name`` returns it, where that is known already.
    """
    phone, email = customer.phone, customer.email
    phones: tuple[str, ...] = (phone.key,) if phone else ()
    emails: tuple[str, ...] = (email.key,) if email else ()
    if customer.other_phones or customer.other_emails:
        phones += tuple([one.key for one in customer.other_phones])
        emails += tuple([one.key for one in customer.other_emails])
    for key in phones:
        if key in junk or is_junk_phone(key):
            phones = tuple([other for other in phones if other not in junk and not is_junk_phone(other)])
            break
    for key in emails:
        if key in junk or is_junk_email(key):
            emails = tuple([other for other in emails if other not in junk and not is_junk_email(other)])
            break
    return Profile(
        folded_name(customer.name) if name is None else name,
        customer.first_name,
        phones,
        emails,
        customer.loyalty_id,
        customer.birthday,
        customer.addresses,
    )


def folded_name(name: str) -> str:
    """Return the words of a name parted by blanks, "" where it names nobody.

    >>> folded_name("LEE, Zoë"), folded_name("Walk-in customer")
    ('zoe lee', '')
    """
    words = name_words(name)
    return "" if is_junk_name(words) else " ".join(words)


def compare(one: Profile, other: Profile) -> Comparison | None:
    """Return what two customers are to one another, None where nothing says that they are more than strangers."""
    return _judge(_find(one, other))


def are_different(one: Profile, other: Profile) -> bool:
    """Return whether two records contradict one another, whatever they share."""
    return _are_different_people(_find(one, other))


def place_of(address: PostalAddress) -> Place:
    """Return an address as it is compared: the house number apart, without the word for street."""
    number = street = ""
    if address.street:
        words = _words(address.street)
        number = next((word for word in words if word[0].isdigit()), "")
        street = "".join(word for word in words if not word[0].isdigit() and word not in _STREET_WORDS)
    return Place(number, street, _joined(address.postcode), _joined(address.city))


_WORDS_FOR_STREET = """
street st road rd avenue ave av lane ln drive dr place pl court ct crescent cres circuit cct close cl boulevard
blvd way terrace tce square sq parade pde highway hwy ul ulica al aleja aleje pl os osiedle str strasse gasse
weg platz rue chemin calle c apt apartment unit flat no nr m
"""
_STREET_WORDS = frozenset(_WORDS_FOR_STREET.split())
_BIT = {code: 1 << place for place, code in enumerate(EvidenceCode)}  # sets of codes as whole numbers, for speed
_LOYALTY, _PHONE, _EMAIL = (
    _BIT[code] for code in (EvidenceCode.SAME_LOYALTY_ID, EvidenceCode.SAME_PHONE, EvidenceCode.SAME_EMAIL)
)
_NEAR_PHONE, _NEAR_EMAIL = _BIT[EvidenceCode.SIMILAR_PHONE], _BIT[EvidenceCode.SIMILAR_EMAIL]
_SAME_GIVEN, _SAME_FAMILY = _BIT[EvidenceCode.SAME_GIVEN_NAME], _BIT[EvidenceCode.SAME_FAMILY_NAME]
_OTHER_GIVEN, _OTHER_FAMILY = _BIT[EvidenceCode.OTHER_GIVEN_NAME], _BIT[EvidenceCode.OTHER_FAMILY_NAME]
_GIVEN_ALIKE = _SAME_GIVEN | _BIT[EvidenceCode.NICKNAME] | _BIT[EvidenceCode.SIMILAR_GIVEN_NAME]
_FAMILY_ALIKE = _SAME_FAMILY | _BIT[EvidenceCode.SIMILAR_FAMILY_NAME]
_SAME_BIRTHDAY, _OTHER_BIRTHDAY = _BIT[EvidenceCode.SAME_BIRTHDAY], _BIT[EvidenceCode.OTHER_BIRTHDAY]
_SAME_STREET, _SAME_POSTCODE = _BIT[EvidenceCode.SAME_STREET], _BIT[EvidenceCode.SAME_POSTCODE]
_GIVEN = {
    Likeness.SAME: _SAME_GIVEN,
    Likeness.NICKNAME: _BIT[EvidenceCode.NICKNAME],
    Likeness.SIMILAR: _BIT[EvidenceCode.SIMILAR_GIVEN_NAME],
    Likeness.INITIAL: _BIT[EvidenceCode.SAME_INITIAL],
    Likeness.UNKNOWN: 0,
    Likeness.DIFFERENT: _OTHER_GIVEN,
}
_FAMILY = {
    Likeness.SAME: _SAME_FAMILY,
    Likeness.NICKNAME: _BIT[EvidenceCode.SIMILAR_FAMILY_NAME],
    Likeness.SIMILAR: _BIT[EvidenceCode.SIMILAR_FAMILY_NAME],
    Likeness.INITIAL: _BIT[EvidenceCode.SAME_INITIAL],
    Likeness.UNKNOWN: 0,
    Likeness.DIFFERENT: _OTHER_FAMILY,
}


@lru_cache(maxsize=10_000)  # of outcomes, not of people
def _judge(found: int) -> Comparison | None:
    evidence = tuple(
        sorted((EVIDENCE[code] for code, bit in _BIT.items() if found & bit), key=lambda one: (-one.weight, one.code))
    )
    score = score_of(evidence)
    if _are_different_people(found):
        return Comparison(MatchKind.HOUSEHOLD, score, evidence) if _share_something(found) else None
    if score < LIKELY_SCORE:
        return None
    is_same = score >= SAME_SCORE and _is_proof(found)
    return Comparison(MatchKind.SAME if is_same else MatchKind.LIKELY, score, evidence)


def _are_different_people(found: int) -> bool:
    """Return whether the given names tell two people apart.

    A card is one person's. A birthday in common may be that of twins, or of one person under another name: with enough
    beside it, somebody should look.
    """
    return bool(found & _OTHER_GIVEN) and not found & (_LOYALTY | _SAME_BIRTHDAY)


def _share_something(found: int) -> bool:
    if found & (_PHONE | _EMAIL):
        return True
    is_one_door = found & _SAME_STREET and found & _SAME_POSTCODE
    return bool(is_one_door and not found & _OTHER_FAMILY)


def _is_proof(found: int) -> bool:
    """Return whether it is enough without a person's eyes: the order of reliability is card, phone, email, the rest."""
    if found & (_OTHER_BIRTHDAY | _OTHER_GIVEN):
        return False  # a father and a son, perhaps; or twins
    if found & _LOYALTY:
        return True
    if found & _PHONE and found & _EMAIL:
        return not found & _OTHER_FAMILY
    is_named_alike = bool(found & _GIVEN_ALIKE and found & _FAMILY_ALIKE)
    is_at_home = bool(found & (_SAME_STREET | _SAME_POSTCODE) and found & _SAME_BIRTHDAY)
    return is_named_alike and (bool(found & (_PHONE | _EMAIL)) or is_at_home)


def _find(one: Profile, other: Profile) -> int:
    """Return everything that speaks for or against the two being one."""
    found = _compare_names(one, other) | _compare_contact(one, other)
    if one.birthday and other.birthday:
        found |= _compare_birthdays(one.birthday, other.birthday)
    if one.addresses and other.addresses:
        is_single = len(one.addresses) == len(other.addresses) == 1
        if is_single and one.addresses == other.addresses:
            found |= _one_place(one.addresses[0])
        else:
            found |= _compare_places(one.places, other.places)
    if not found & (_OTHER_GIVEN | _PHONE):  # among strangers, what is nearly the same is chance
        found |= _compare_near(one.phones, other.phones, _is_slip, _NEAR_PHONE)
    if not found & (_OTHER_GIVEN | _EMAIL):
        found |= _compare_near(one.emails, other.emails, _is_nearly, _NEAR_EMAIL)
    return found


def _compare_contact(one: Profile, other: Profile) -> int:
    found = _LOYALTY if one.loyalty_id and one.loyalty_id == other.loyalty_id else 0
    if one.phones and other.phones and (one.phones[0] == other.phones[0] or _meet(one.phones, other.phones)):
        found |= _PHONE
    if one.emails and other.emails and (one.emails[0] == other.emails[0] or _meet(one.emails, other.emails)):
        found |= _EMAIL
    return found


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return (len(one) > 1 or len(other) > 1) and not set(one).isdisjoint(other)


def _compare_near(
    one: tuple[str, ...], other: tuple[str, ...], is_near: Callable[[str, str], bool], answer: int
) -> int:
    if len(one) == len(other) == 1:
        return answer if is_near(one[0], other[0]) else 0
    for first in one:
        for second in other:
            if is_near(first, second):
                return answer
    return 0


def _is_slip(one: str, other: str) -> bool:
    return is_within_edits(one, other, 1)


def _is_nearly(one: str, other: str) -> bool:
    """Return whether two mailboxes look like one: the same long name at two providers, or one slip of the finger."""
    local, other_local = one.partition("@")[0], other.partition("@")[0]
    return (local == other_local and len(local) > 5) or (len(local) > 3 and is_within_edits(one, other, 1))


def _compare_names(one: Profile, other: Profile) -> int:
    if one.name == other.name and " " in one.name and one.first_name == other.first_name:
        return _SAME_GIVEN | _SAME_FAMILY
    if not one.name or not other.name:
        return 0
    names = compare_names(one.parts, other.parts)
    return _GIVEN[names.given] | _FAMILY[names.family]


def _compare_birthdays(one: date, other: date) -> int:
    if one == other:
        return _SAME_BIRTHDAY
    is_turned = one.year == other.year and (one.month, one.day) == (other.day, other.month)
    if is_turned or is_within_edits(one.strftime("%Y%m%d"), other.strftime("%Y%m%d"), 1):
        return _BIT[EvidenceCode.SIMILAR_BIRTHDAY]
    return _OTHER_BIRTHDAY


def _one_place(address: PostalAddress) -> int:
    found = _SAME_STREET if address.street else 0
    if address.postcode:
        found |= _SAME_POSTCODE
    return found | _BIT[EvidenceCode.SAME_CITY] if address.city else found


def _compare_places(one: tuple[Place, ...], other: tuple[Place, ...]) -> int:
    """Return what the two addresses say that agree best."""
    if len(one) == len(other) == 1:
        return _compare_place(one[0], other[0])
    return max((_compare_place(first, second) for first in one for second in other), key=_bits_of)


def _bits_of(found: int) -> float:
    return sum(EVIDENCE[code].weight for code, bit in _BIT.items() if found & bit)


def _compare_place(one: Place, other: Place) -> int:
    found = 0
    if one.street and other.street:
        found |= _compare_streets(one, other)
    if one.postcode and other.postcode:
        if one.postcode == other.postcode:
            found |= _SAME_POSTCODE
        else:
            is_near = is_within_edits(one.postcode, other.postcode, 1)
            found |= _BIT[EvidenceCode.SIMILAR_POSTCODE if is_near else EvidenceCode.OTHER_POSTCODE]
    if one.city and other.city:
        is_near = one.city == other.city or is_within_edits(one.city, other.city, 1 if len(one.city) < 7 else 2)
        found |= _BIT[EvidenceCode.SAME_CITY if is_near else EvidenceCode.OTHER_CITY]
    return found


def _compare_streets(one: Place, other: Place) -> int:
    if one.street == other.street:
        return _SAME_STREET if one.number == other.number else _BIT[EvidenceCode.SIMILAR_STREET]
    shortest = min(len(one.street), len(other.street))
    is_near = is_within_edits(one.street, other.street, 1 if shortest < 7 else 2)
    return _BIT[EvidenceCode.SIMILAR_STREET if is_near else EvidenceCode.OTHER_STREET]


def _joined(text: str) -> str:
    if text.isalnum() and text.isascii():
        return text.lower()
    return "".join(_words(text)) if text else ""


def _words(text: str) -> list[str]:
    return _BETWEEN.sub(" ", text.lower() if text.isascii() else fold_letters(text)).split()


_BETWEEN = re.compile(r"[\W_]+")
