"""How many texts an hour may go to which country: a small table in, limits of a sender by calling code out. Pure.

A cap is the last fence against numbers that somebody made up: where nobody noticed them, the damage of an hour is
bounded, and the campaign is slow enough for somebody to see it.
"""

from collections.abc import Mapping
from datetime import timedelta

from campaignkit.addresses.phone.library import calling_code_of, is_supported
from campaignkit.timing.limits.destinations import OTHER_DESTINATIONS
from campaignkit.timing.limits.rules import Limit

__all__ = ["COUNTRY_CAPS", "country_caps"]

HOUR = timedelta(hours=1)

# To be edited: texts an hour by country, ISO 3166-1. The few guests that a shop has from each other country have their
# text within the hour, and a thousand made-up numbers of one country take twenty, in which somebody may see them.
COUNTRY_CAPS: Mapping[str, int | None] = {OTHER_DESTINATIONS: 50}


def country_caps(caps: Mapping[str, int | None] | None = None) -> dict[str, tuple[Limit, ...]]:
    """Return the ``destination_limits`` of a sender of texts: so many in any hour to each country.

    Args:
        caps: By country, over those of ``COUNTRY_CAPS``; ``"*"`` is each country that is not named, by itself, and None
            is any number. Countries that share a calling code, as those of North America, are counted together.

    Raises:
        ValueError: a key is no country, a cap no whole number from 1, or two countries of one calling code have
            different caps.

    >>> {group: limits[0].sentence for group, limits in country_caps({"PL": 500}).items()}
    {'*': 'at most 50 messages in any hour', '+48': 'at most 500 messages in any hour'}
    """
    limits: dict[str, tuple[Limit, ...]] = {}
    for country, cap in {**COUNTRY_CAPS, **(caps or {})}.items():
        group, rules = _group_of(country), () if cap is None else (Limit(cap, per=HOUR),)
        if limits.setdefault(group, rules) != rules:
            raise ValueError(f"{country} shares the calling code {group} with another country; give both the same cap")
    return limits


def _group_of(country: str) -> str:
    if country == OTHER_DESTINATIONS:
        return country
    if not is_supported(country.upper()):
        raise ValueError(f"{country!r} is no country; give two letters of ISO 3166-1, such as US, or *")
    return calling_code_of(country.upper())
