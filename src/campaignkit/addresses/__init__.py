"""Can it be reached? Text in; an address that can be written to, or the reason why it cannot, out.

``text → EmailAddress | PhoneNumber | Rejection → zones it may live in``
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaignkit.addresses.channel import Channel, Rejection, RejectionCode, mask
    from campaignkit.addresses.email import EmailAddress, Resolver, ask_once, parse_email
    from campaignkit.addresses.phone import PhoneNumber, parse_phone
    from campaignkit.addresses.zones import candidate_zones, is_zone

__all__ = [
    "Channel",
    "EmailAddress",
    "PhoneNumber",
    "Rejection",
    "RejectionCode",
    "Resolver",
    "ask_once",
    "candidate_zones",
    "is_zone",
    "mask",
    "parse_email",
    "parse_phone",
]

_HOMES = {
    "Channel": "channel",
    "EmailAddress": "email",
    "PhoneNumber": "phone",
    "Rejection": "channel",
    "RejectionCode": "channel",
    "Resolver": "email",
    "ask_once": "email",
    "candidate_zones": "zones",
    "is_zone": "zones",
    "mask": "channel",
    "parse_email": "email",
    "parse_phone": "phone",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
