"""Public holidays: a country or a part of one and a year in, dates out. Through the extra ``holidays``. Pure."""

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from campaignkit.errors import MissingExtra

if TYPE_CHECKING:
    from holidays import HolidayBase

__all__ = ["public_holidays", "to_place"]

_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,8})?")


def to_place(value: str) -> str:
    """Return ``"PL"`` or ``"US-TX"`` in capitals, or an empty text as it is.

    Raises:
        ValueError: the library knows no holidays of that place.
        MissingExtra: the library is not installed.
    """
    place = value.strip().upper()
    if place:
        _refuse_unknown(place)
    return place


@lru_cache(maxsize=500)  # all places that one shop may name
def _refuse_unknown(place: str) -> None:
    if _PLACE.fullmatch(place) is None:
        raise ValueError(f"{place!r} is no country; write two letters such as PL, or a part of it such as DE-BY")
    try:
        _calendar(place, None)
    except NotImplementedError as error:
        raise ValueError(f"no public holidays are known of {place}: {error}") from error


@lru_cache(maxsize=1_000)  # a few kilobytes each; years within a search horizon of the present
def public_holidays(place: str, year: int) -> frozenset[date]:
    """Return the days of *year* on which *place* rests by law, with those that stand in for one on a weekend.

    >>> date(2026, 5, 3) in public_holidays("PL", 2026)
    True
    """
    return frozenset(day for day in _calendar(place, year) if day.year == year)


def _calendar(place: str, year: int | None) -> "HolidayBase":
    try:
        from holidays import country_holidays
    except ModuleNotFoundError as error:
        if error.name != "holidays":
            raise
        raise MissingExtra("holidays", "holidays") from error
    country, _, subdivision = place.partition("-")
    return country_holidays(country, subdiv=subdivision or None, years=year)
