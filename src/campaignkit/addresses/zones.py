"""Time zones of addresses: a phone number in, the zones it may live in out. Pure; reads the zone database.

A candidate is a guess: where several remain, a message waits for the hour that suits all of them.
Source: the prefix table of phonenumbers; its zones stand in for regions and are none of ours to mend.
"""

from collections.abc import Iterable
from functools import lru_cache
from zoneinfo import ZoneInfo

__all__ = ["candidate_zones", "is_zone"]

NORTH_AMERICA = 1  # the calling code
AREA_CODE_END = 4  # digits of the calling code and the area code
NAME_MAX = 64  # characters; the longest name has 32
UNKNOWN = "Etc/Unknown"
_MACHINE_ZONES = ("posix", "right", "local", "Factory")  # what a computer keeps beside the IANA names


def candidate_zones(e164: str) -> tuple[str, ...]:
    """Return the IANA names that *e164* may live in, sorted; empty where nothing is known.

    In North America it is all zones of the area code: numbers move within it, and for sixteen codes on the edge of a
    zone the table names one zone for the code and others only for single exchanges. Elsewhere it is what the longest
    known prefix says, for numbers that belong to a place, and all zones of the country for the others.

    >>> candidate_zones("+48601234567"), candidate_zones("+18505550143")
    (('Europe/Warsaw',), ('America/Chicago', 'America/New_York'))
    >>> candidate_zones("+12")
    ()
    """
    from campaignkit.addresses.phone import library, verdicts

    digits, verdict = verdicts.find(e164)
    if not verdict.exists:
        return ()
    if verdict.calling_code == NORTH_AMERICA and (zones := _area_code_zones(digits[:AREA_CODE_END])):
        return zones
    if library.is_geographic(verdict.kind, verdict.calling_code):
        return _prefix_zones(_longest_prefix(digits))
    return _country_zones(str(verdict.calling_code))


def _longest_prefix(digits: str) -> str:
    from campaignkit.addresses.phone.library import ZONE_PREFIX_MAX, zone_table

    table = zone_table()
    return next((digits[:end] for end in range(ZONE_PREFIX_MAX, 0, -1) if digits[:end] in table), "")


# Kept by prefix, of which the table has some 3,200: nothing of the numbers asked for remains.
@lru_cache(maxsize=5_000)
def _prefix_zones(prefix: str) -> tuple[str, ...]:
    from campaignkit.addresses.phone.library import zone_table

    return _usable(zone_table().get(prefix, ()))


@lru_cache(maxsize=1_000)
def _area_code_zones(prefix: str) -> tuple[str, ...]:
    from campaignkit.addresses.phone.library import zone_table

    table = zone_table().items()
    return _usable(zone for known, zones in table if known.startswith(prefix) for zone in zones)


@lru_cache(maxsize=1_000)
def _country_zones(calling_code: str) -> tuple[str, ...]:
    """Return the zones of a country, or where it has none of its own, those of the first two digits of its code."""
    from campaignkit.addresses.phone.library import zone_table

    table = zone_table()
    return _usable(table.get(calling_code) or table.get(calling_code[:2], ()))


def _usable(names: Iterable[str]) -> tuple[str, ...]:
    found = set(names)
    return () if UNKNOWN in found else tuple(sorted(name for name in found if is_zone(name)))


def is_zone(name: str) -> bool:
    """Return whether *name* is an IANA zone that this machine's database holds.

    >>> is_zone("Europe/Warsaw"), is_zone("Etc/Unknown"), is_zone("../etc/passwd"), is_zone("")
    (True, False, False, False)
    """
    return len(name) <= NAME_MAX and not name.startswith(_MACHINE_ZONES) and _has_rules(name)


@lru_cache(maxsize=1_000)  # names come from customers' files
def _has_rules(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, no path inside the database, a folder of it
        return False
    return True
