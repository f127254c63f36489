"""Phone numbers: text in, a ``PhoneNumber`` or a ``Rejection`` out.

``text → suspicions → reading → verdict → PhoneNumber | Rejection``
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaignkit.addresses.phone.number import PhoneNumber
    from campaignkit.addresses.phone.parsing import parse_phone

__all__ = ["PhoneNumber", "parse_phone"]

_HOMES = {"PhoneNumber": "number", "parse_phone": "parsing"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
