"""For the tests of hosts: fakes, a clock that stands still, and laws that prove a store of their own."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from campaignkit.clocks import FrozenClock
    from campaignkit.testing.store_laws import StoreLaws, check_store, store_machine
    from campaignkit.transports.fake import FakeEmail, FakeSms

__all__ = ["FakeEmail", "FakeSms", "FrozenClock", "StoreLaws", "check_store", "store_machine"]

_HOMES = {
    "FakeEmail": "campaignkit.transports.fake",
    "FakeSms": "campaignkit.transports.fake",
    "FrozenClock": "campaignkit.clocks",
    "StoreLaws": "campaignkit.testing.store_laws",
    "check_store": "campaignkit.testing.store_laws",
    "store_machine": "campaignkit.testing.store_laws",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
