"""A simulator that finds no planted bug proves nothing: each of these is found, and by which laws."""

import pytest

from campaignkit.testing import Fate, Weather, simulate
from tests.simulation.planted import (
    BeginsAfterAnOptOut,
    BeginsOutsideTheWindow,
    BeginsWhatWasEdited,
    BeginsWhilePaused,
    CapsNobody,
    ClaimsByLookingFirst,
    ForgetsTheFirstTry,
    GivesCreditBackTwice,
    HandsOutWhatOthersHold,
    LosesUpdates,
    NeverAsksLeave,
    ReapsTheBegunToPending,
    ReleasesWhatIsInDoubt,
    RepeatsUnderAnotherName,
    SendsOnTheHouse,
    SettlesWhateverTheEpoch,
    TakesLimitsOutsideBegin,
    TrustsTheWorkersClock,
)

SEEDS = 150  # each bug must be found among so many
# A seed that finds it today, and laws that it breaks. If the dice fall otherwise tomorrow, the others are tried.
HINTS = {
    ReapsTheBegunToPending: (1, {"duplicated", "outside_the_table"}),
    BeginsWhilePaused: (13, {"begun_while_halted"}),
    HandsOutWhatOthersHold: (0, {"claimed_twice"}),
    ClaimsByLookingFirst: (0, {"claimed_twice", "outside_the_table", "unnamed_change"}),
    BeginsOutsideTheWindow: (14, {"out_of_hours"}),
    TakesLimitsOutsideBegin: (3, {"over_limit"}),
    GivesCreditBackTwice: (0, {"ledger"}),
    SendsOnTheHouse: (0, {"ledger"}),
    ReleasesWhatIsInDoubt: (16, {"ledger"}),
    CapsNobody: (27, {"over_cap"}),
    BeginsAfterAnOptOut: (11, {"begun_after_opt_out"}),
    BeginsWhatWasEdited: (47, {"begun_though_edited"}),
    LosesUpdates: (48, {"campaign_table", "begun_while_halted"}),
    TrustsTheWorkersClock: (3, {"out_of_hours", "over_limit", "expired_early"}),
}
# Workers who take their time over messages that are refused before they begin: then others hold them.
REFUSING = Weather(switch=0.5, linger=0.5, trouble=0.6, fates=(Fate.REFUSED_EARLY, Fate.DEFERRED_EARLY))


# Replies that never come, of messages that the provider has or has not.
LOSSY = Weather(trouble=0.6, fates=(Fate.LOST, Fate.VANISHED))
REPEATING = {
    RepeatsUnderAnotherName: (15, {"duplicated", "unnamed_change"}),
    ForgetsTheFirstTry: (15, {"ledger"}),
}


def laws_broken(hint: int, **options) -> set[str]:
    """Return the laws that the first seed breaks which breaks any."""
    for seed in (hint, *range(SEEDS)):
        report = simulate(seed, **options)
        if not report.is_right:
            return {finding.law for finding in report.findings}
    return set()


@pytest.mark.parametrize("bug", HINTS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug):
    hint, laws = HINTS[bug]

    assert laws & laws_broken(hint, make_store=bug)


@pytest.mark.parametrize("bug", REPEATING, ids=lambda bug: bug.__name__)
def test_a_planted_bug_in_sending_the_very_same_again_is_found(bug):
    hint, laws = REPEATING[bug]

    assert laws & laws_broken(hint, make_store=bug, weather=LOSSY)


def test_a_transport_that_never_asks_for_leave_is_found():
    assert "crossed_late" in laws_broken(6, wrap_transport=NeverAsksLeave)


def test_a_store_that_settles_whatever_the_epoch_is_found():
    assert "stale_epoch" in laws_broken(0, make_store=SettlesWhateverTheEpoch, weather=REFUSING)
