"""A law that finds no planted bug proves nothing: each store is broken in one place, check_store says where."""

import time

import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test

from campaignkit.stores import MemoryStore
from campaignkit.testing.store_laws import check_store, law_names, store_machine
from tests.stores.planted import (
    PLANTED,
    AcceptsAnAddressTwice,
    BeginsWhatWasEdited,
    HandsOutWhatOthersHold,
    LosesUpdates,
    NotesAReleaseAsAnAttempt,
    SettlesTwice,
)
from tests.stores.planted_credit import PLANTED_CREDIT
from tests.stores.planted_doubts import (
    PLANTED_DOUBTS,
    ForgetsTheFirstTry,
    ForgetsWhatWasInDoubt,
    RepeatsUnderAnotherName,
)
from tests.stores.planted_dozen import DOZEN, PLANTED_HERE
from tests.stores.planted_feedback import (
    PLANTED_FEEDBACK,
    BelievesAnybody,
    LetsTheLastReceiptWin,
    ProvesOnlyWhatIsInDoubtAlready,
)
from tests.stores.planted_limits import (
    PLANTED_LIMITS,
    CountsPerCampaign,
    GivesBackTwice,
)
from tests.stores.planted_shares import PLANTED_SHARES

ALL_PLANTED = (
    PLANTED | PLANTED_LIMITS | PLANTED_SHARES | PLANTED_CREDIT | PLANTED_FEEDBACK | PLANTED_DOUBTS | PLANTED_HERE
)

# Bugs that random lives meet within some fifty lives; rarer ones are left to their laws.
FOUND_BY_MACHINE = (
    AcceptsAnAddressTwice,
    BeginsWhatWasEdited,
    HandsOutWhatOthersHold,
    LosesUpdates,
    NotesAReleaseAsAnAttempt,
    SettlesTwice,
    CountsPerCampaign,
    GivesBackTwice,
    BelievesAnybody,
    LetsTheLastReceiptWin,
    ProvesOnlyWhatIsInDoubtAlready,
    ForgetsTheFirstTry,
    ForgetsWhatWasInDoubt,
    RepeatsUnderAnotherName,
)


@pytest.mark.parametrize(
    ("store", "law"),
    ALL_PLANTED.items(),
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_planted_bug_breaks_its_law(store: type[MemoryStore], law: str) -> None:
    assert check_store(store, laws=[law]) == [law]


def test_check_store_finds_a_dozen_classic_bugs_within_a_minute() -> None:
    began = time.process_time()
    broken = {name: check_store(store) for name, store in DOZEN.items()}
    seconds = time.process_time() - began

    assert len(DOZEN) >= 12
    assert [name for name, store in DOZEN.items() if ALL_PLANTED[store] not in broken[name]] == []
    assert seconds < 60  # of one processor, all of them together; other tests may run beside this one


@pytest.mark.parametrize("store", FOUND_BY_MACHINE)
def test_a_random_life_finds_a_planted_bug(store: type[MemoryStore]) -> None:
    machine = store_machine(store)
    quiet = hypothesis.settings(
        max_examples=1000,
        stateful_step_count=40,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
        print_blob=False,
    )

    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=quiet)


def test_the_reference_store_breaks_no_law() -> None:
    assert list(check_store(MemoryStore)) == []


def test_a_law_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no law called nothing_is_sent"):
        check_store(MemoryStore, laws=["nothing_is_sent"])


def test_a_store_that_cannot_be_made_breaks_every_law() -> None:
    def refuse(clock: object) -> MemoryStore:
        raise OSError("no database here")

    assert tuple(check_store(refuse)) == law_names()
