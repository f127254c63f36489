"""phonenumbers, behind the one door to it: how it reads a text, what it says of a number, what it knows of a country.

Its verdict is the truth of this room; the tables are made of the same numbering plans and are held against it by tests.
Loading it takes 0.2 s, so it is loaded by those who parse.
"""

from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberDesc

__all__ = [
    "INTERNATIONAL",
    "INVALID",
    "KINDS_IN_ORDER",
    "ZONE_PREFIX_MAX",
    "Kind",
    "Length",
    "NumberRange",
    "Reading",
    "RegionPlan",
    "Unread",
    "Verdict",
    "calling_code_of",
    "calling_codes",
    "check_length",
    "find_kind",
    "is_geographic",
    "is_international",
    "is_supported",
    "judge",
    "load_plans",
    "read",
    "region_plan",
    "zone_table",
]

ZONE_PREFIX_MAX = 9  # digits; longer prefixes are not in the table of zones, which a test watches
INTERNATIONAL = "001"  # the "region" of numbers that belong to no country


class Kind(IntEnum):
    """What a number is for, by the values of phonenumbers."""

    FIXED_LINE = 0
    MOBILE = 1
    FIXED_LINE_OR_MOBILE = 2
    TOLL_FREE = 3
    PREMIUM_RATE = 4
    SHARED_COST = 5
    VOIP = 6
    PERSONAL_NUMBER = 7
    PAGER = 8
    UAN = 9
    VOICEMAIL = 10
    UNKNOWN = 99


# The order in which phonenumbers asks, by the name that a plan gives to each; fixed line and mobile come after these.
KINDS_IN_ORDER = (
    ("premium_rate", Kind.PREMIUM_RATE),
    ("toll_free", Kind.TOLL_FREE),
    ("shared_cost", Kind.SHARED_COST),
    ("voip", Kind.VOIP),
    ("personal_number", Kind.PERSONAL_NUMBER),
    ("pager", Kind.PAGER),
    ("uan", Kind.UAN),
    ("voicemail", Kind.VOICEMAIL),
)


class Unread(IntEnum):
    """Why a text is not even a candidate for a number, by the values of phonenumbers."""

    INVALID_COUNTRY_CODE = 0
    NOT_A_NUMBER = 1
    TOO_SHORT_AFTER_IDD = 2
    TOO_SHORT_NSN = 3
    TOO_LONG = 4


class Length(IntEnum):
    """How the length of a number suits its country, by the values of phonenumbers."""

    POSSIBLE = 0
    TOO_SHORT = 2
    TOO_LONG = 3
    LOCAL_ONLY = 4
    INVALID = 5


@attrs.frozen
class Reading:
    """A text read as a number, whether or not that number exists."""

    calling_code: int
    national: str = attrs.field(repr=False)  # digits, leading zeros kept
    extension: str = attrs.field(default="", repr=False)

    @property
    def e164(self) -> str:
        """The number as the world dials it."""
        return f"+{self.calling_code}{self.national}"


_NOBODYS = (Kind.UNKNOWN, Kind.PREMIUM_RATE, Kind.SHARED_COST)


@attrs.frozen
class Verdict:
    """What a numbering plan says of a number. UNKNOWN is one that does not exist; it has no region."""

    kind: Kind
    region: str = ""  # ISO 3166-1, or INTERNATIONAL
    calling_code: int = 0
    exists: bool = attrs.field(init=False, repr=False, eq=False)
    is_personal: bool = attrs.field(init=False, repr=False, eq=False)  # somebody may own it as theirs

    @exists.default
    def _decide_existence(self) -> bool:
        return self.kind is not Kind.UNKNOWN

    @is_personal.default
    def _decide_personal(self) -> bool:
        return self.kind not in _NOBODYS and self.region != INTERNATIONAL


INVALID = Verdict(Kind.UNKNOWN)


@attrs.frozen
class NumberRange:
    """The numbers of one kind. No lengths: any length that the pattern allows."""

    pattern: str
    lengths: frozenset[int]


@attrs.frozen(kw_only=True)
class RegionPlan:
    """What phonenumbers knows of one region, as far as reading and judging need it."""

    region: str
    calling_code: int
    leading_digits: str | None  # a pattern of the beginning that tells regions of one calling code apart
    general: NumberRange | None
    ranges: tuple[tuple[Kind, NumberRange], ...]  # in the order in which they are asked
    fixed_line: NumberRange | None
    mobile: NumberRange | None
    is_mobile_like_fixed: bool
    trunk_prefix: str | None  # a pattern of what is dialled inside the country only
    trunk_rule: str | None  # how the rest is rewritten where that pattern captured something
    dial_out_prefix: str | None  # a pattern, such as 00 or 011
    lengths: tuple[int, ...]  # ascending
    local_lengths: frozenset[int]  # without area code


def read(text: str, country: str | None) -> Reading | Unread:
    """Return how phonenumbers reads *text*, national forms as in *country*."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        return Unread(error.error_type)
    return Reading(number.country_code or 0, phonenumbers.national_significant_number(number), number.extension or "")


def find_kind(calling_code: int, national: str) -> Kind:
    """Return what the number is for; UNKNOWN exactly where phonenumbers holds it for no valid number."""
    import phonenumbers

    return Kind(phonenumbers.number_type(_number(calling_code, national)))


def judge(calling_code: int, national: str) -> Verdict:
    """Return all that phonenumbers says of a number."""
    import phonenumbers

    kind = find_kind(calling_code, national)
    if kind is Kind.UNKNOWN:
        return INVALID
    return Verdict(kind, phonenumbers.region_code_for_number(_number(calling_code, national)) or "", calling_code)


def check_length(calling_code: int, digit_count: int) -> Length:
    """Return how national numbers of so many digits suit *calling_code*."""
    import phonenumbers

    return Length(phonenumbers.is_possible_number_with_reason(_number(calling_code, "1" * digit_count)))


@lru_cache(maxsize=5_000)
def is_geographic(kind: Kind, calling_code: int) -> bool:
    """Return whether numbers of this kind belong to a place, so that their digits tell the zone."""
    import phonenumbers

    return bool(phonenumbers.is_number_type_geographical(kind, calling_code))


def is_supported(country: str) -> bool:
    """Return whether phonenumbers knows the country code."""
    import phonenumbers

    return country in phonenumbers.SUPPORTED_REGIONS


def calling_code_of(country: str) -> str:
    """Return the calling code of a country that phonenumbers knows, with its plus."""
    import phonenumbers

    return f"+{phonenumbers.country_code_for_region(country)}"


def is_international(calling_code: int) -> bool:
    """Return whether the code belongs to no country: +800, +808, +870, +878 to +883, +888, +979."""
    import phonenumbers

    return bool(phonenumbers.region_code_for_country_code(calling_code) == INTERNATIONAL)


@lru_cache(maxsize=1)
def calling_codes() -> frozenset[int]:
    """Return all calling codes."""
    import phonenumbers

    return frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def load_plans(calling_code: int) -> tuple[RegionPlan, ...]:
    """Return the plans of all regions that share *calling_code*, the main one first."""
    import phonenumbers

    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[calling_code]
    find = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code
    found = ((one, find(calling_code, one)) for one in regions)
    return tuple(_plan(region, metadata) for region, metadata in found if metadata is not None)


def region_plan(country: str) -> RegionPlan:
    """Return the plan of one country."""
    import phonenumbers

    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    assert metadata is not None, "a supported country has a plan"
    return _plan(country, metadata)


def zone_table() -> "dict[str, tuple[str, ...]]":
    """Return the zones by prefix of E.164 numbers, without the plus. Not to be changed."""
    from phonenumbers.tzdata import TIMEZONE_DATA

    table: dict[str, tuple[str, ...]] = TIMEZONE_DATA
    return table


def _number(calling_code: int, national: str) -> "PhoneNumber":
    import phonenumbers

    zeros = len(national) - len(national.lstrip("0")) if len(national) > 1 else 0
    zeros = min(zeros, len(national) - 1)  # the last digit is the number itself, even if it is a zero
    return phonenumbers.PhoneNumber(
        country_code=calling_code,
        national_number=int(national),
        italian_leading_zero=True if zeros else None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )


def _plan(region: str, metadata: "PhoneMetadata") -> RegionPlan:
    general = metadata.general_desc
    assert metadata.country_code is not None
    assert general is not None, "every region has a general description"
    asked = ((kind, _range(getattr(metadata, name))) for name, kind in KINDS_IN_ORDER)
    return RegionPlan(
        region=region,
        calling_code=metadata.country_code,
        leading_digits=metadata.leading_digits,
        general=_range(general),
        ranges=tuple((kind, one) for kind, one in asked if one is not None),
        fixed_line=_range(metadata.fixed_line),
        mobile=_range(metadata.mobile),
        is_mobile_like_fixed=bool(metadata.same_mobile_and_fixed_line_pattern),
        trunk_prefix=metadata.national_prefix_for_parsing or None,
        trunk_rule=metadata.national_prefix_transform_rule or None,
        dial_out_prefix=metadata.international_prefix,
        lengths=tuple(general.possible_length),
        local_lengths=frozenset(general.possible_length_local_only),
    )


def _range(description: "PhoneNumberDesc | None") -> NumberRange | None:
    if description is None or not description.national_number_pattern:
        return None
    return NumberRange(description.national_number_pattern, frozenset(description.possible_length))
