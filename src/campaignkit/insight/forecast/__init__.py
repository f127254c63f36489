"""When will it all have gone? Campaigns, who waits for them and what limits have counted in, a forecast out. Pure.

``counters`` and ``shares`` are the limits' own arithmetic in whole microseconds, ``hours`` where windows stand,
``queues`` who is next, ``running`` lets time pass, ``volumes`` counts, and ``planning`` tells what came of it.
"""

from campaignkit.insight.forecast.planning import Before, Planned, Planner, sharing_limits
from campaignkit.insight.forecast.values import DateCount, Eta, EtaCode, Forecast, HourCount, RuleUse

__all__ = [
    "Before",
    "DateCount",
    "Eta",
    "EtaCode",
    "Forecast",
    "HourCount",
    "Planned",
    "Planner",
    "RuleUse",
    "sharing_limits",
]
