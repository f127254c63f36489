"""The clocks of a simulation: the true time, which the store has, and each process's own, which may be wrong."""

import random
from datetime import UTC, datetime, timedelta

import attrs

from campaignkit.testing.simulation.stage import Actor, Stage

__all__ = ["ActorClock", "ActorStop", "TrueClock"]

JUMPS = tuple(sign * timedelta(hours=hours) for sign in (1, -1) for hours in (1, 24))
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@attrs.frozen
class TrueClock:
    """The time that passes on the stage: implements ``ports.Clock`` for stores."""

    stage: Stage

    def now(self) -> datetime:
        return self.stage.now

    def sleep_until(self, at: datetime, /) -> None:
        """Refuse: a store waits for nothing."""
        raise RuntimeError(f"a store does not sleep, not even until {at}")


@attrs.define(eq=False)
class ActorClock:
    """What one process takes for the time: implements ``ports.Clock``, and its two readings of real time.

    The monotonic one passes as the true time does, as that of a stopped process; the wall clock is wrong and may jump.
    """

    stage: Stage
    actor: Actor
    ahead: timedelta  # of the true time

    def now(self) -> datetime:
        return self.stage.now + self.ahead

    def sleep_until(self, at: datetime, /) -> None:
        """Let others go on until this clock shows *at*."""
        self.stage.sleep(self.actor, at - self.ahead)

    def read(self) -> tuple[float, float]:
        """Return seconds by the monotonic and by the wall clock."""
        passed = self.stage.now - EPOCH
        return passed.total_seconds(), (passed + self.ahead).total_seconds()

    def jump(self, dice: random.Random) -> timedelta:
        """Set this clock to another time, and return by how much it moved."""
        span = dice.choice(JUMPS)
        self.ahead += span
        return span


@attrs.frozen
class ActorStop:
    """What tells a simulated worker to stop: implements ``kit.Stop``."""

    stage: Stage
    actor: Actor

    def is_set(self) -> bool:
        return self.actor.is_told_to_stop

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep so long in virtual time, and return whether it was told to stop meanwhile."""
        self.stage.sleep(self.actor, self.stage.now + timedelta(seconds=timeout or 0.0))
        return self.is_set()
