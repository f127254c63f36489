"""Who? Rows in; contacts, and of them an audience in which everybody is a recipient or is told why not, out.

``row → Contact | Rejection → Recipient | Exclusion``
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaignkit.audience.consent import Consent, ConsentState, ConsentVerdict, judge_consent
    from campaignkit.audience.contacts import Contact, parse_contact
    from campaignkit.audience.imports import read_contacts
    from campaignkit.audience.selection import (
        Audience,
        Exclusion,
        ExclusionReason,
        Recipient,
        build_audience,
        choose,
    )

__all__ = [
    "Audience",
    "Consent",
    "ConsentState",
    "ConsentVerdict",
    "Contact",
    "Exclusion",
    "ExclusionReason",
    "Recipient",
    "build_audience",
    "choose",
    "judge_consent",
    "parse_contact",
    "read_contacts",
]

_HOMES = {
    "Audience": "selection",
    "Consent": "consent",
    "ConsentState": "consent",
    "ConsentVerdict": "consent",
    "Contact": "contacts",
    "Exclusion": "selection",
    "ExclusionReason": "selection",
    "Recipient": "selection",
    "build_audience": "selection",
    "choose": "selection",
    "judge_consent": "consent",
    "parse_contact": "contacts",
    "read_contacts": "imports",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
