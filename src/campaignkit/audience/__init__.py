"""Who? Rows in; contacts, and of them an audience in which everybody is a recipient or is told why not, out.

``row → Contact | Rejection → Recipient | Exclusion``
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaignkit.audience.consent import (
        Consent,
        ConsentEntry,
        ConsentPolicy,
        ConsentState,
        ConsentVerdict,
        judge_consent,
    )
    from campaignkit.audience.contacts import (
        Contact,
        parse_contact,
    )
    from campaignkit.audience.imports import (
        read_contacts,
    )
    from campaignkit.audience.rejections import write_rejections
    from campaignkit.audience.selection import (
        Audience,
        AudienceStream,
        Exclusion,
        ExclusionReason,
        Recipient,
        build_audience,
        choose,
        stream_audience,
    )
    from campaignkit.audience.staleness import (
        StalenessRule,
        StaleReason,
        StaleReport,
        find_stale,
    )
    from campaignkit.audience.targeting import (
        After,
        AllOf,
        Alternative,
        AnyOf,
        AtLeast,
        AtMost,
        Before,
        Contains,
        Equals,
        Filter,
        FilterCount,
        Got,
        IsSet,
        Not,
        OneOf,
        Predicate,
        Targeting,
        TargetingReport,
        WithinDays,
        filter_from_dict,
        filter_to_dict,
    )

__all__ = [
    "After",
    "AllOf",
    "Alternative",
    "AnyOf",
    "AtLeast",
    "AtMost",
    "Audience",
    "AudienceStream",
    "Before",
    "Consent",
    "ConsentEntry",
    "ConsentPolicy",
    "ConsentState",
    "ConsentVerdict",
    "Contact",
    "Contains",
    "Equals",
    "Exclusion",
    "ExclusionReason",
    "Filter",
    "FilterCount",
    "Got",
    "IsSet",
    "Not",
    "OneOf",
    "Predicate",
    "Recipient",
    "StaleReason",
    "StaleReport",
    "StalenessRule",
    "Targeting",
    "TargetingReport",
    "WithinDays",
    "build_audience",
    "choose",
    "filter_from_dict",
    "filter_to_dict",
    "find_stale",
    "judge_consent",
    "parse_contact",
    "read_contacts",
    "stream_audience",
    "write_rejections",
]

_HOMES = {
    "After": "targeting",
    "AllOf": "targeting",
    "Alternative": "targeting",
    "AnyOf": "targeting",
    "AtLeast": "targeting",
    "AtMost": "targeting",
    "Audience": "selection",
    "AudienceStream": "selection",
    "Before": "targeting",
    "Consent": "consent",
    "ConsentEntry": "consent",
    "ConsentPolicy": "consent",
    "ConsentState": "consent",
    "ConsentVerdict": "consent",
    "Contact": "contacts",
    "Contains": "targeting",
    "Equals": "targeting",
    "Exclusion": "selection",
    "ExclusionReason": "selection",
    "Filter": "targeting",
    "FilterCount": "targeting",
    "Got": "targeting",
    "IsSet": "targeting",
    "Not": "targeting",
    "OneOf": "targeting",
    "Predicate": "targeting",
    "Recipient": "selection",
    "StaleReason": "staleness",
    "StaleReport": "staleness",
    "StalenessRule": "staleness",
    "Targeting": "targeting",
    "TargetingReport": "targeting",
    "WithinDays": "targeting",
    "build_audience": "selection",
    "choose": "selection",
    "filter_from_dict": "targeting",
    "filter_to_dict": "targeting",
    "find_stale": "staleness",
    "judge_consent": "consent",
    "parse_contact": "contacts",
    "read_contacts": "imports",
    "stream_audience": "selection",
    "write_rejections": "rejections",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
