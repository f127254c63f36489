"""Time zones of addresses: a phone number in, the zones it may live in out. Pure; reads the zone database.

A candidate is a guess: where several remain, a message waits for the hour that suits all of them.
Source: the prefix table of phonenumbers; its zones stand in for regions and are none of ours to mend.
"""

from functools import lru_cache
from zoneinfo import ZoneInfo

__all__ = ["candidate_zones", "is_zone"]

NORTH_AMERICA = "+1"
NAME_MAX = 64  # characters; the longest name has 32
_MACHINE_ZONES = ("posix", "right", "local", "Factory")  # what a computer keeps beside the IANA names


def candidate_zones(e164: str) -> tuple[str, ...]:
    """Return the IANA names that *e164* may live in, sorted; empty where nothing is known.

    In North America it is all zones of the area code: numbers move within it, and for sixteen codes on the edge of a
    zone the table names one zone for the code and others only for single exchanges.

    >>> candidate_zones("+48601234567"), candidate_zones("+18505550143")
    (('Europe/Warsaw',), ('America/Chicago', 'America/New_York'))
    >>> candidate_zones("+12")
    ()
    """
    from phonenumbers import NumberParseException, parse
    from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

    try:
        zones = set(time_zones_for_number(parse(e164)))
    except NumberParseException:
        return ()
    if UNKNOWN_TIMEZONE in zones:
        return ()
    if e164.startswith(NORTH_AMERICA):
        zones |= _area_code_zones(e164[1:5])
    return tuple(sorted(zone for zone in zones if is_zone(zone)))


@lru_cache(maxsize=1_000)  # there are fewer area codes
def _area_code_zones(prefix: str) -> frozenset[str]:
    from phonenumbers.tzdata import TIMEZONE_DATA

    return frozenset(
        zone
        for known, zones in TIMEZONE_DATA.items()
        if len(known) >= len(prefix) and known.startswith(prefix)
        for zone in zones
    )


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
