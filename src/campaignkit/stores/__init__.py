"""Where campaigns are kept: ``MemoryStore``, the reference, and ``SqlStore``, imported only when it is asked for."""

from typing import TYPE_CHECKING, Any

from campaignkit.stores.memory import MemoryStore

if TYPE_CHECKING:
    from campaignkit.stores.sql import SqlStore

__all__ = ["MemoryStore", "SqlStore"]


def __getattr__(name: str) -> Any:
    if name == "SqlStore":
        from campaignkit.stores.sql import SqlStore

        return SqlStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
