"""SqlStore on PostgreSQL keeps every law of a store."""

import pytest

from campaignkit.ports import Clock, Store
from campaignkit.testing.store_laws import StoreLaws, store_machine
from tests.services.postgres import OnItsOwnDatabase, missing
from tests.stores.test_credit_lives import live

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


class TestPostgresStore(StoreLaws):
    def make_store(self, clock: Clock) -> Store:
        return OnItsOwnDatabase(clock)


TestPostgresStoreMachine = store_machine(OnItsOwnDatabase, max_examples=5).TestCase


def test_e4_postgres_keeps_the_ledger_of_the_model() -> None:
    live(OnItsOwnDatabase, 6)
