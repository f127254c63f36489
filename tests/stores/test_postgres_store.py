"""SqlStore on PostgreSQL keeps every law of a store."""

import pytest

from campaignkit.ports import Clock, Store
from campaignkit.testing.store_laws import StoreLaws, store_machine
from tests.services.postgres import OnItsOwnDatabase, missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


class TestPostgresStore(StoreLaws):
    def make_store(self, clock: Clock) -> Store:
        return OnItsOwnDatabase(clock)


TestPostgresStoreMachine = store_machine(OnItsOwnDatabase, max_examples=5).TestCase
