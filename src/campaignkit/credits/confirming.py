"""Signs of made-up numbers and what a person said of them before in, the signs nobody has looked at, out. Pure.

What was looked at is kept by place: the beginning of the numbers, and how many there were. More numbers at the same
place want another look only once they would be a sign by themselves.
"""

from collections.abc import Iterable, Mapping
from heapq import nlargest

from campaignkit.credits.pumping import PumpingCode, PumpingFinding
from campaignkit.credits.pumping_settings import PumpingSettings

__all__ = ["Confirmed", "confirmed_places", "unconfirmed"]

PLACES_KEPT = 200  # of a sign; they are kept with the campaign, which is written often
REST = ""  # all other places together

Confirmed = Mapping[str, Mapping[str, int]]  # by code of the sign, then by place


def confirmed_places(signs: Iterable[PumpingFinding]) -> Confirmed:
    """Return what is kept of *signs* that a person has looked at."""
    return {sign.code.value: _kept(sign.places) for sign in signs}


def unconfirmed(
    signs: Iterable[PumpingFinding], confirmed: Confirmed, settings: PumpingSettings
) -> tuple[PumpingFinding, ...]:
    """Return *signs* without the places that *confirmed* knows."""
    left = ((sign.code, _new_places(sign, confirmed.get(sign.code.value, {}), settings)) for sign in signs)
    return tuple(PumpingFinding.of(code, places) for code, places in left if places)


def _kept(places: Mapping[str, int]) -> Mapping[str, int]:
    foremost = dict(nlargest(PLACES_KEPT, places.items(), key=lambda place: (place[1], place[0])))
    rest = sum(places.values()) - sum(foremost.values())
    return {**foremost, REST: rest} if rest else foremost


def _new_places(sign: PumpingFinding, known: Mapping[str, int], settings: PumpingSettings) -> list[tuple[str, int]]:
    least = {
        PumpingCode.NUMBERS_IN_A_ROW: settings.row_min,
        PumpingCode.CROWDED_BLOCK: settings.crowd_min,
        PumpingCode.PREFIX_OUT_OF_PROPORTION: settings.prefix_min,
    }[sign.code]
    others = [place for place in sign.places.items() if place[0] not in known]
    grown = [place for place in sign.places.items() if place[0] in known and place[1] >= known[place[0]] + least]
    has_new = sum(count for _, count in others) > known.get(REST, 0)
    return [*grown, *others] if has_new else grown
