"""Hours in which merchants may text and call, by country and US state: editable data in, a window out. Pure.

No legal advice: summaries of laws and of practice, as gathered on ``AS_OF`` and not checked by a lawyer. They change.
Give ``preset_window`` a table of your own where yours differs. Messages that a customer asked for are mostly exempt.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType

import attrs

from campaignkit.timing.windows import SendWindow

__all__ = ["AS_OF", "HOURS_PRESETS", "HoursPreset", "find_hours_preset", "preset_window"]

AS_OF = date(2026, 11, 1)  # when the table was gathered


@attrs.frozen(kw_only=True)
class HoursPreset:
    """The hours of one place, and where they come from."""

    hours: Mapping[str, str]  # as in ``SendWindow(hours=…)``
    public_holidays: str = ""  # as in ``SendWindow``
    is_law: bool  # else it is what careful senders do
    source: str
    as_of: date = AS_OF


_FEDERAL = HoursPreset(
    hours={"daily": "8-21"},
    is_law=True,
    source="United States: telephone solicitation, 47 CFR 64.1200(c)(1)",
)
_PRACTICE = HoursPreset(hours={"daily": "8-20"}, is_law=False, source="practice of senders; no fixed legal hours found")

# States that are stricter than, or differ from, the federal hours: what they are, in local time.
_STATES: Mapping[str, Mapping[str, str]] = {
    **{state: {"daily": "8-20"} for state in ("FL", "OK", "MD", "MS", "MA", "AL", "LA", "NJ", "WA")},
    **{state: {"daily": "9-20"} for state in ("CT", "NV")},
    "TX": {"mon-sat": "9-21", "sun": "12-21"},
}
# Under federal hours alone. A state that stands in neither table is no state: better no answer than a wrong one.
_FEDERAL_STATES = (
    *("AK", "AR", "AZ", "CA", "CO", "DC", "DE", "GA", "HI", "IA", "ID", "IL", "IN", "KS", "KY", "ME", "MI", "MN", "MO"),
    *("MT", "NC", "ND", "NE", "NH", "NM", "NY", "OH", "OR", "PA", "RI", "SC", "SD", "TN", "UT", "VA", "VT", "WI"),
    *("WV", "WY"),
)


def _presets() -> Iterator[tuple[str, HoursPreset]]:
    yield "US", _FEDERAL
    for state in _FEDERAL_STATES:
        yield f"US-{state}", _FEDERAL
    for state, hours in _STATES.items():
        source = f"US-{state}: summary of the state's telephone solicitation law; the statute itself was not read"
        yield f"US-{state}", HoursPreset(hours=hours, is_law=True, source=source)
    yield (
        "FR",
        HoursPreset(
            hours={"mon-sat": "8-20"},
            public_holidays="FR",
            is_law=False,
            source="France: rules of the trade, no Sundays and holidays; some sources say 22:00",
        ),
    )
    for country in ("GB", "IE", "DE", "NL", "PL"):
        yield country, _PRACTICE


HOURS_PRESETS: Mapping[str, HoursPreset] = MappingProxyType(dict(_presets()))


def find_hours_preset(place: str, presets: Mapping[str, HoursPreset] = HOURS_PRESETS) -> HoursPreset | None:
    """Return the hours of a country or a part of one, None where none are known.

    A part that the table does not name has the hours of its country, unless the table names parts of that country: a
    mistyped ``US-TS`` is unknown, not merely federal.

    Args:
        place: ISO 3166, such as ``PL`` or ``US-TX``.
        presets: By place, in capitals.

    >>> preset = find_hours_preset("us-tx")
    >>> preset.hours["sun"], find_hours_preset("US-TS"), find_hours_preset("DE-BY") == find_hours_preset("DE")
    ('12-21', None, True)
    """
    place = place.strip().upper()
    country = place.partition("-")[0]
    if place in presets or any(known.startswith(f"{country}-") for known in presets):
        return presets.get(place)
    return presets.get(country)


def preset_window(
    place: str, *, zone: str = "recipient", presets: Mapping[str, HoursPreset] = HOURS_PRESETS
) -> SendWindow | None:
    """Return the window of a country or a part of one, None where no hours are known. No legal advice.

    Raises:
        MissingExtra: the place keeps public holidays, and the extra ``holidays`` is not installed.

    >>> window = preset_window("US-CT")
    >>> window.opens, window.closes, preset_window("ZZ")
    (datetime.time(9, 0), datetime.time(20, 0), None)
    """
    preset = find_hours_preset(place, presets)
    if preset is None:
        return None
    return SendWindow(hours=preset.hours, public_holidays=preset.public_holidays, zone=zone)
