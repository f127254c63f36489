"""How many numbers begin alike in; the beginnings out of proportion to this shop's usual or to the rest, out. Pure.

Beginnings are looked at in three lengths, each within its country: at home much is allowed, abroad little.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import attrs

from campaignkit.addresses.phone import PhoneNumber
from campaignkit.credits.pumping_settings import PumpingSettings
from campaignkit.credits.ranges import PREFIX_DIGITS, PrefixCount

__all__ = ["Level", "PrefixLevels"]

LEVELS = (3, 5, PREFIX_DIGITS)  # digits: about a country, about a network, about a block of one


@attrs.frozen
class Level:
    """Numbers of one country that begin alike."""

    prefix: str
    count: int
    country: str  # ISO 3166-1; the prefix where there is none


class PrefixLevels:
    """Adds up counts of seven digits, in rising order, by country and by shorter prefix. Keeps what is crowded."""

    def __init__(self, settings: PumpingSettings) -> None:
        self._settings = settings
        self._countries: Counter[str] = Counter()
        self._crowded: list[Level] = []
        self._known = ("", "")  # the last beginning, and its country
        self._open: dict[int, tuple[str, Counter[str]]] = {digits: ("", Counter()) for digits in LEVELS}

    def add(self, found: PrefixCount) -> None:
        country = self._country(found)
        self._countries[country] += found.count
        for digits in LEVELS:
            if self._open[digits][0] != found.prefix[:digits]:
                self._close(digits)
                self._open[digits] = (found.prefix[:digits], Counter())
            self._open[digits][1][country] += found.count

    def strange(self, region: str | None, usual: Mapping[str, int] | None) -> list[Level]:
        """Return the beginnings out of proportion, none of them within another, by prefix.

        Args:
            region: Home; None: the country of most numbers.
            usual: Earlier recipients by seven digits; where they are too few, the rest of the list has to do.
        """
        for digits in LEVELS:
            self._close(digits)
        home = region.upper() if region else max(sorted(self._countries), key=self._countries.__getitem__, default="")
        earlier = usual or {}
        has_usual = sum(earlier.values()) >= self._settings.usual_min
        is_strange = self._unusual(earlier) if has_usual else self._unlike_rest(home)
        crowded = (level for level in self._crowded if level.count >= self._least(level, home))
        return _outermost(level for level in crowded if is_strange(level))

    def _country(self, found: PrefixCount) -> str:
        """Return the country of the first number; in North America, of the first with its area code, which decides."""
        decisive = found.prefix[: len("1212") if found.prefix[0] == "1" else None]
        if self._known[0] != decisive:
            self._known = (decisive, PhoneNumber(e164=found.sample).region or f"+{found.prefix[: LEVELS[0]]}")
        return self._known[1]

    def _close(self, digits: int) -> None:
        prefix, countries = self._open[digits]
        crowded = ((country, count) for country, count in countries.items() if count >= self._settings.prefix_min)
        self._crowded.extend(Level(prefix, count, country) for country, count in crowded)

    def _least(self, level: Level, home: str) -> float:
        settings = self._settings
        share = settings.home_share_min if level.country == home else settings.foreign_share_min
        return share * self._countries.total()

    def _unusual(self, usual: Mapping[str, int]) -> Callable[[Level], bool]:
        earlier = Counter[str]()
        for prefix, count in usual.items():
            for digits in LEVELS:
                earlier[prefix[:digits]] += count
        # One more than there were: what never came is rare, and not impossible.
        times = self._settings.usual_ratio * self._countries.total() / (sum(usual.values()) + 1)
        # No more than were written to before are those who were written to before, be it a campaign for their town.
        return lambda level: level.count > earlier[level.prefix] and level.count >= times * (earlier[level.prefix] + 1)

    def _unlike_rest(self, home: str) -> Callable[[Level], bool]:
        """Compare blocks abroad with the rest of their country; at home, one town may be all there is."""
        least = self._settings.country_share_min
        return lambda level: (
            len(level.prefix) == PREFIX_DIGITS
            and level.country != home
            and level.count >= least * self._countries[level.country]
        )


def _outermost(levels: Iterable[Level]) -> list[Level]:
    """Return *levels* without those that lie within another."""
    found: list[Level] = []
    for level in sorted(levels, key=lambda level: (level.prefix, -level.count)):
        if not (found and level.prefix.startswith(found[-1].prefix) and level.country == found[-1].country):
            found.append(level)
    return found
