"""Evidence: what speaks for and against two records being one person, each with its weight. Data. Pure.

Weights are bits, as in Fellegi and Sunter's theory of record linkage: one more bit doubles the odds. They are rounded
guesses for a shop's list, of what a hit is worth among tens of thousands of people; nothing is learnt from the list.
"""

from collections.abc import Iterable
from enum import StrEnum

import attrs

__all__ = ["EVIDENCE", "Evidence", "EvidenceCode", "score_of"]


class EvidenceCode(StrEnum):
    """What was compared, and how it came out. The values are stable."""

    SAME_LOYALTY_ID = "same_loyalty_id"
    SAME_PHONE = "same_phone"
    SIMILAR_PHONE = "similar_phone"
    SAME_EMAIL = "same_email"
    SIMILAR_EMAIL = "similar_email"
    SAME_GIVEN_NAME = "same_given_name"
    NICKNAME = "nickname"
    SIMILAR_GIVEN_NAME = "similar_given_name"
    SAME_INITIAL = "same_initial"
    OTHER_GIVEN_NAME = "other_given_name"
    SAME_FAMILY_NAME = "same_family_name"
    SIMILAR_FAMILY_NAME = "similar_family_name"
    OTHER_FAMILY_NAME = "other_family_name"
    SAME_BIRTHDAY = "same_birthday"
    SIMILAR_BIRTHDAY = "similar_birthday"
    OTHER_BIRTHDAY = "other_birthday"
    SAME_STREET = "same_street"
    SIMILAR_STREET = "similar_street"
    OTHER_STREET = "other_street"
    SAME_POSTCODE = "same_postcode"
    SIMILAR_POSTCODE = "similar_postcode"
    OTHER_POSTCODE = "other_postcode"
    SAME_CITY = "same_city"
    OTHER_CITY = "other_city"


@attrs.frozen(kw_only=True)
class Evidence:
    """One thing that speaks for two records being one person, or against it where the weight is below zero."""

    code: EvidenceCode
    weight: float  # bits
    message: str  # one sentence


PRIOR = -12.0  # bits: before anything is known, two records are two people


def score_of(evidence: Iterable[Evidence]) -> float:
    """Return how sure it is that the two are one, between 0 and 1. A measure to sort by, no promise of a frequency."""
    bits = PRIOR + sum(one.weight for one in evidence)
    return round(1 / (1 + 2**-bits), 4)


_TABLE: tuple[tuple[EvidenceCode, float, str], ...] = (
    (EvidenceCode.SAME_LOYALTY_ID, 22, "They have the same customer card."),
    (EvidenceCode.SAME_PHONE, 15, "They have the same phone number."),
    (EvidenceCode.SIMILAR_PHONE, 6, "Their phone numbers differ by one slip of the finger."),
    (EvidenceCode.SAME_EMAIL, 15, "They have the same email address."),
    (EvidenceCode.SIMILAR_EMAIL, 6, "Their email addresses are nearly the same."),
    (EvidenceCode.SAME_GIVEN_NAME, 5, "They have the same given name."),
    (EvidenceCode.NICKNAME, 4, "One given name is a short form or spelling of the other."),
    (EvidenceCode.SIMILAR_GIVEN_NAME, 3, "Their given names are spelt nearly alike."),
    (EvidenceCode.SAME_INITIAL, 1, "A name that is only an initial fits."),
    (EvidenceCode.OTHER_GIVEN_NAME, -6, "They have different given names."),
    (EvidenceCode.SAME_FAMILY_NAME, 7, "They have the same family name."),
    (EvidenceCode.SIMILAR_FAMILY_NAME, 5, "Their family names are spelt nearly alike."),
    (EvidenceCode.OTHER_FAMILY_NAME, -5, "They have different family names."),
    (EvidenceCode.SAME_BIRTHDAY, 10, "They were born on the same day."),
    (EvidenceCode.SIMILAR_BIRTHDAY, 6, "Their birthdays differ by one slip of the finger."),
    (EvidenceCode.OTHER_BIRTHDAY, -5, "They were born on different days."),
    (EvidenceCode.SAME_STREET, 8, "They have the same street and house number."),
    (EvidenceCode.SIMILAR_STREET, 5, "Their streets are nearly the same."),
    (EvidenceCode.OTHER_STREET, -2, "They live in different streets."),
    (EvidenceCode.SAME_POSTCODE, 5, "They have the same postcode."),
    (EvidenceCode.SIMILAR_POSTCODE, 2, "Their postcodes differ by one slip of the finger."),
    (EvidenceCode.OTHER_POSTCODE, -2, "They have different postcodes."),
    (EvidenceCode.SAME_CITY, 2, "They live in the same town."),
    (EvidenceCode.OTHER_CITY, -1, "They live in different towns."),
)

EVIDENCE = {code: Evidence(code=code, weight=weight, message=message) for code, weight, message in _TABLE}
