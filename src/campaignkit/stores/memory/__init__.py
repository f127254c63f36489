"""A store that lives as long as its process; it says what every store must do."""

from campaignkit.stores.memory.store import MemoryStore

__all__ = ["MemoryStore"]
