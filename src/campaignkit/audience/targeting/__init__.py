"""Whom is it for? Filters over contacts, as values; a filter and a contact in, an answer and counts out. Pure."""

from campaignkit.audience.targeting.filters import (
    After,
    AllOf,
    AnyOf,
    AtLeast,
    AtMost,
    Before,
    Contains,
    Equals,
    Filter,
    Got,
    IsSet,
    Not,
    OneOf,
    Predicate,
    WithinDays,
    describe,
)
from campaignkit.audience.targeting.forms import filter_from_dict, filter_to_dict
from campaignkit.audience.targeting.history import History
from campaignkit.audience.targeting.matching import Answer, Targeting
from campaignkit.audience.targeting.reports import Alternative, FilterCount, TargetingReport

__all__ = [
    "After",
    "AllOf",
    "Alternative",
    "Answer",
    "AnyOf",
    "AtLeast",
    "AtMost",
    "Before",
    "Contains",
    "Equals",
    "Filter",
    "FilterCount",
    "Got",
    "History",
    "IsSet",
    "Not",
    "OneOf",
    "Predicate",
    "Targeting",
    "TargetingReport",
    "WithinDays",
    "describe",
    "filter_from_dict",
    "filter_to_dict",
]
