"""MemoryStore keeps every law of a store."""

from campaignkit.ports import Clock, Store
from campaignkit.stores import MemoryStore
from campaignkit.testing.store_laws import StoreLaws, store_machine


class TestMemoryStore(StoreLaws):
    def make_store(self, clock: Clock) -> Store:
        return MemoryStore(clock)


TestMemoryStoreMachine = store_machine(MemoryStore, max_examples=150).TestCase
