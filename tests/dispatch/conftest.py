"""Both stores, one after the other."""

from collections.abc import Callable, Iterator

import pytest

from campaignkit.ports import Store
from campaignkit.stores import MemoryStore
from campaignkit.stores.sql import SqlStore

OpenStore = Callable[[], Store]


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    opened = SqlStore(f"sqlite:///{tmp_path / 'campaigns.db'}")
    opened.upgrade()
    yield opened
    opened.close()
