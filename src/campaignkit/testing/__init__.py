"""For the tests of hosts: fakes, faults on purpose, laws for their stores and transports, and a simulation of all."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from campaignkit.clocks import FrozenClock
    from campaignkit.testing.faults import (
        CountPassings,
        FaultPoint,
        FaultyStore,
        FaultyTransport,
        KillAt,
        KillAtRandom,
        RaiseAt,
        sql_faults,
        sqlite_faults,
    )
    from campaignkit.testing.simulation import Fate, Finding, Simulation, SimulationReport, Weather, simulate
    from campaignkit.testing.store_laws import StoreLaws, check_store, store_machine
    from campaignkit.testing.transport_laws import TransportCase, TransportLaws, check_transport
    from campaignkit.transports.fake import FakeEmail, FakeSms

__all__ = [
    "CountPassings",
    "FakeEmail",
    "FakeSms",
    "Fate",
    "FaultPoint",
    "FaultyStore",
    "FaultyTransport",
    "Finding",
    "FrozenClock",
    "KillAt",
    "KillAtRandom",
    "RaiseAt",
    "Simulation",
    "SimulationReport",
    "StoreLaws",
    "TransportCase",
    "TransportLaws",
    "Weather",
    "check_store",
    "check_transport",
    "simulate",
    "sql_faults",
    "sqlite_faults",
    "store_machine",
]

_HOMES = {
    "CountPassings": "campaignkit.testing.faults",
    "FaultPoint": "campaignkit.testing.faults",
    "FaultyStore": "campaignkit.testing.faults",
    "FaultyTransport": "campaignkit.testing.faults",
    "KillAt": "campaignkit.testing.faults",
    "KillAtRandom": "campaignkit.testing.faults",
    "RaiseAt": "campaignkit.testing.faults",
    "sql_faults": "campaignkit.testing.faults",
    "sqlite_faults": "campaignkit.testing.faults",
    "FakeEmail": "campaignkit.transports.fake",
    "FakeSms": "campaignkit.transports.fake",
    "FrozenClock": "campaignkit.clocks",
    "Fate": "campaignkit.testing.simulation",
    "Finding": "campaignkit.testing.simulation",
    "Simulation": "campaignkit.testing.simulation",
    "SimulationReport": "campaignkit.testing.simulation",
    "Weather": "campaignkit.testing.simulation",
    "simulate": "campaignkit.testing.simulation",
    "StoreLaws": "campaignkit.testing.store_laws",
    "TransportCase": "campaignkit.testing.transport_laws",
    "TransportLaws": "campaignkit.testing.transport_laws",
    "check_store": "campaignkit.testing.store_laws",
    "check_transport": "campaignkit.testing.transport_laws",
    "store_machine": "campaignkit.testing.store_laws",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
