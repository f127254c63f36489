"""How a law gets its store: a fresh one each, made by the class that is proved."""

from campaignkit.clocks import FrozenClock
from campaignkit.ports import Clock, Store
from campaignkit.testing.store_laws.bench import START, Bench

__all__ = ["Laws"]


class Laws:
    """Gives every law ``self.bench``, ``self.store`` and ``self.clock``, in pytest's way and without importing it."""

    bench: Bench
    store: Store
    clock: FrozenClock

    def make_store(self, clock: Clock) -> Store:
        """Return a new, empty store that decides by *clock*; to be overridden."""
        raise NotImplementedError("a class of store laws overrides make_store")

    def setup_method(self) -> None:
        self.clock = FrozenClock(START)
        self.store = self.make_store(self.clock)
        self.bench = Bench(self.store, self.clock)

    def teardown_method(self) -> None:
        self.store.close()
