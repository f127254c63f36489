"""From where on a list of numbers looks made up, with the reasons. Pure values."""

import attrs

__all__ = ["PumpingSettings"]


def _share(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{attribute.name} is a share from 0 to 1, not {value}")


def _at_least_two(_: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    if type(value) is not int or value < 2:
        raise ValueError(f"{attribute.name} is a whole number from 2, not {value!r}")


@attrs.frozen(kw_only=True)
class PumpingSettings:
    """From where on a list looks made up. The defaults stay silent on the lists of ordinary shops."""

    # Where a shop knows a tenth of a town's block of ten thousand, two in a row are common, and ten never happen. But a
    # firm has a row of its own, so that in a long list a few mean nothing: one number in a thousand must be in one.
    row_min: int = attrs.field(default=20, validator=_at_least_two)
    row_share_min: float = attrs.field(default=0.001, validator=_share)
    # Made-up numbers with gaps: even the only shop of a village, with every third number, has no such hundred.
    crowd_min: int = attrs.field(default=60, validator=_at_least_two)
    # Fewer cost little, and chance plays with them.
    prefix_min: int = attrs.field(default=50, validator=_at_least_two)
    # Of the list, so that a handful of tourists holds up nobody. At home a campaign may well be for one town alone.
    foreign_share_min: float = attrs.field(default=0.01, validator=_share)
    home_share_min: float = attrs.field(default=0.25, validator=_share)
    # Times the usual share; new branches and seasons change shares by less.
    usual_ratio: float = 10.0
    usual_min: int = attrs.field(default=200, validator=_at_least_two)  # earlier recipients; of fewer nothing is usual
    # Without a usual: of its own country's numbers. Real ones lie all over a country's prefixes.
    country_share_min: float = attrs.field(default=0.5, validator=_share)
