"""A phone number that exists, and what follows from its digits. Pure."""

import attrs

from campaignkit.addresses.channel import mask
from campaignkit.addresses.phone.library import INTERNATIONAL, Kind
from campaignkit.addresses.phone.verdicts import find
from campaignkit.addresses.zones import candidate_zones

__all__ = ["DIGITS_MAX", "PhoneNumber", "make_number"]

DIGITS_MAX = 15  # ITU-T E.164 allows no more; a few service ranges of phonenumbers have up to 18

_TEXTABLE = frozenset({Kind.MOBILE, Kind.FIXED_LINE_OR_MOBILE})


@attrs.frozen(kw_only=True)
class PhoneNumber:
    """A number that exists by the rules of its country. What needs more than its digits is worked out on demand."""

    e164: str = attrs.field(repr=mask, validator=attrs.validators.matches_re(r"\+[0-9]{4,15}"))
    extension: str = ""

    @property
    def key(self) -> str:
        """What two numbers are compared by: E.164, and the extension where there is one.

        >>> PhoneNumber(e164="+12125550143", extension="12").key
        '+12125550143;ext=12'
        """
        return f"{self.e164};ext={self.extension}" if self.extension else self.e164

    @property
    def region(self) -> str:
        """ISO 3166-1 country code, "" where the number belongs to no country."""
        _, verdict = find(self.e164)
        return "" if verdict.region == INTERNATIONAL else verdict.region

    @property
    def is_textable(self) -> bool:
        """Whether a text can arrive: a mobile, or what may be one (all of North America), without extension."""
        _, verdict = find(self.e164)
        return verdict.kind in _TEXTABLE and verdict.region != INTERNATIONAL and not self.extension

    @property
    def zones(self) -> tuple[str, ...]:
        """The IANA names it may live in, sorted; empty where nothing is known."""
        return candidate_zones(self.e164)


_make = object.__new__
_set_e164 = PhoneNumber.e164.__set__  # type: ignore[attr-defined]  # the slots, which attrs knows as values only
_set_extension = PhoneNumber.extension.__set__  # type: ignore[attr-defined]


def make_number(e164: str) -> PhoneNumber:
    """Return the number *e164*, which a numbering plan has just confirmed: a fifth of what checking it again costs."""
    number = _make(PhoneNumber)
    _set_e164(number, e164)
    _set_extension(number, "")
    return number
