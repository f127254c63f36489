"""How fast messages may begin: rules and what was counted in, how many may begin now and when the next may, out. Pure.

``rules + LimitState → grant → how many now, or when and which rule holds it → take → LimitState``
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaignkit.timing.limits.caps import CapAnswer, CapExcess, CapVerdict, FrequencyCap
    from campaignkit.timing.limits.countries import COUNTRY_CAPS, country_caps
    from campaignkit.timing.limits.destinations import (
        DOMAIN_GROUPS,
        OTHER_DESTINATIONS,
        calling_code,
        destination_group,
        domain_group,
    )
    from campaignkit.timing.limits.forms import limit_from_text, limit_to_text
    from campaignkit.timing.limits.granting import Grant, HoldReason, give_back, grant, room, take
    from campaignkit.timing.limits.learning import LearnedRate, dump_rate, load_rate
    from campaignkit.timing.limits.providers import PRESETS, UNKNOWN_LIMITS, ProviderPreset, find_preset
    from campaignkit.timing.limits.rules import CalendarPeriod, Counted, Interval, Limit, LimitRule, per_hour
    from campaignkit.timing.limits.scopes import (
        LimitScope,
        ScopeCount,
        ScopedGrant,
        campaign_scope,
        counts_of,
        destination_scope,
        grant_together,
        merchant_scope,
        sender_scope,
        take_together,
    )
    from campaignkit.timing.limits.states import Cell, LimitState, Tally, dump_state, load_state

__all__ = [
    "COUNTRY_CAPS",
    "DOMAIN_GROUPS",
    "OTHER_DESTINATIONS",
    "PRESETS",
    "UNKNOWN_LIMITS",
    "CalendarPeriod",
    "CapAnswer",
    "CapExcess",
    "CapVerdict",
    "Cell",
    "Counted",
    "FrequencyCap",
    "Grant",
    "HoldReason",
    "Interval",
    "LearnedRate",
    "Limit",
    "LimitRule",
    "LimitScope",
    "LimitState",
    "ProviderPreset",
    "ScopeCount",
    "ScopedGrant",
    "Tally",
    "calling_code",
    "campaign_scope",
    "country_caps",
    "counts_of",
    "destination_group",
    "destination_scope",
    "domain_group",
    "dump_rate",
    "dump_state",
    "find_preset",
    "give_back",
    "grant",
    "grant_together",
    "limit_from_text",
    "limit_to_text",
    "load_rate",
    "load_state",
    "merchant_scope",
    "per_hour",
    "room",
    "sender_scope",
    "take",
    "take_together",
]

_HOMES = {
    "COUNTRY_CAPS": "countries",
    "OTHER_DESTINATIONS": "destinations",
    "DOMAIN_GROUPS": "destinations",
    "PRESETS": "providers",
    "UNKNOWN_LIMITS": "providers",
    "CalendarPeriod": "rules",
    "CapAnswer": "caps",
    "CapExcess": "caps",
    "CapVerdict": "caps",
    "Cell": "states",
    "Counted": "rules",
    "FrequencyCap": "caps",
    "Grant": "granting",
    "HoldReason": "granting",
    "Interval": "rules",
    "LearnedRate": "learning",
    "Limit": "rules",
    "LimitRule": "rules",
    "LimitScope": "scopes",
    "LimitState": "states",
    "ProviderPreset": "providers",
    "ScopeCount": "scopes",
    "ScopedGrant": "scopes",
    "Tally": "states",
    "calling_code": "destinations",
    "campaign_scope": "scopes",
    "country_caps": "countries",
    "counts_of": "scopes",
    "destination_group": "destinations",
    "destination_scope": "scopes",
    "domain_group": "destinations",
    "dump_rate": "learning",
    "dump_state": "states",
    "find_preset": "providers",
    "give_back": "granting",
    "grant": "granting",
    "grant_together": "scopes",
    "limit_from_text": "forms",
    "limit_to_text": "forms",
    "load_rate": "learning",
    "load_state": "states",
    "merchant_scope": "scopes",
    "per_hour": "rules",
    "room": "granting",
    "sender_scope": "scopes",
    "take": "granting",
    "take_together": "scopes",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
