"""A simulation: a seed comes in, and what a store and the engine made of it, judged step by step, leaves.

Many workers and people act on one store in one virtual time, one at a time, and may give way to each other between all
calls of the store and of a transport. Crashes, frozen workers, wrong clocks, a store that fails, providers
in every mood and what people do meanwhile are drawn from the seed, so that a seed that fails does so again.
"""

from campaignkit.testing.simulation.report import Finding, SimulationReport
from campaignkit.testing.simulation.simulation import Simulation, simulate
from campaignkit.testing.simulation.weather import Fate, Weather

__all__ = ["Fate", "Finding", "Simulation", "SimulationReport", "Weather", "simulate"]
