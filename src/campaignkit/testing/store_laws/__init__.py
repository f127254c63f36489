"""The laws of ``ports.Store``: a store comes in, the laws it breaks leave.

``StoreLaws`` for pytest, ``check_store`` without it, ``store_machine`` for long random lives (needs Hypothesis).
"""

from typing import TYPE_CHECKING, Any

from campaignkit.testing.store_laws.laws import StoreLaws, check_store, law_names

if TYPE_CHECKING:
    from campaignkit.testing.store_laws.machine import store_machine

__all__ = ["StoreLaws", "check_store", "law_names", "store_machine"]


def __getattr__(name: str) -> Any:
    if name == "store_machine":
        from campaignkit.testing.store_laws.machine import store_machine

        return store_machine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
