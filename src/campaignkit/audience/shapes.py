"""Shapes of rows: column names and what they answer in, at which place of a row each answer stands out. Pure.

A shape is worked out once for a file; its rows are then read by place, without looking a name up again.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from operator import itemgetter

import attrs

from campaignkit.addresses.channel import mask
from campaignkit.audience.columns import Field, Layout, arrange
from campaignkit.errors import NoAddressColumn

__all__ = ["KEY_SIZE", "Shape", "require_address", "shape_of", "shape_of_columns"]

KEY_SIZE = 16  # bytes of a contact's key
NAME_MAX = 100  # characters of a column's name that an error repeats

_CONSENT_FIELDS = tuple(field for field in Field if field.startswith((Field.CONSENT, Field.OPT_OUT)))


@attrs.frozen(kw_only=True)
class Shape:
    """Where in a row the answers stand, best first; several columns may answer one question."""

    names: tuple[str, ...]  # of the columns
    contact_id: tuple[int, ...]
    name: tuple[int, ...]
    first_name: tuple[int, ...]
    last_name: tuple[int, ...]
    email: tuple[int, ...]
    phone: tuple[int, ...]
    zone: tuple[int, ...]
    consent: tuple[int, ...]  # every column that says something about it
    consent_fields: tuple[str, ...]  # what each of them is asked; plain text, whose hash is quick to have
    others: tuple[tuple[str, int], ...]  # left for templates
    in_name_order: Callable[[Sequence[str]], Sequence[str]]  # all cells of a row, in the order of their names
    digest: blake2b = attrs.field(eq=False)  # has taken in the names in that order; to be copied


def shape_of(names: Sequence[str], layout: Layout) -> Shape:
    """Return the shape of rows whose columns are called *names*, each once, and answer what *layout* says."""
    place_of = {name: place for place, name in enumerate(names)}
    by_name = sorted(range(len(names)), key=names.__getitem__)
    spelled = repr([names[place] for place in by_name]).encode("utf-8", "backslashreplace")
    consent = tuple((field, place) for field in _CONSENT_FIELDS for place in _places(field, layout, place_of))
    return Shape(
        names=tuple(names),
        contact_id=_places(Field.CONTACT_ID, layout, place_of),
        name=_places(Field.NAME, layout, place_of),
        first_name=_places(Field.FIRST_NAME, layout, place_of),
        last_name=_places(Field.LAST_NAME, layout, place_of),
        email=_places(Field.EMAIL, layout, place_of),
        phone=_places(Field.PHONE, layout, place_of),
        zone=_places(Field.ZONE, layout, place_of),
        consent=tuple(place for _, place in consent),
        consent_fields=tuple(field.value for field, _ in consent),
        others=tuple((name, place_of[name]) for name in layout.others),
        in_name_order=itemgetter(*by_name) if len(by_name) > 1 else tuple,
        digest=blake2b(spelled, digest_size=KEY_SIZE),
    )


@lru_cache(maxsize=64)  # a host's rows have few shapes
def shape_of_columns(names: tuple[str, ...]) -> Shape:
    """Return the shape of rows whose columns are recognised by their names alone."""
    return shape_of(names, arrange(names))


def require_address(shape: Shape) -> None:
    """Raise NoAddressColumn, with the names of the columns, unless one holds emails or phones."""
    if not shape.email and not shape.phone:
        raise NoAddressColumn(tuple(_shown(name[:NAME_MAX]) for name in shape.names))


def _shown(name: str) -> str:
    """Return a column's name, masked where a file without a header shows its first customer instead."""
    digit_count = sum(letter.isdigit() for letter in name)
    return mask(name) if "@" in name or digit_count > 4 else name


def _places(field: Field, layout: Layout, place_of: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(place_of[name] for name in layout.of(field))
