"""The door of the room: every public name comes through it; its errors travel between processes."""

import pickle

import pytest

import campaignkit.credits
from campaignkit.errors import (
    CampaignKitError,
    CreditsExceeded,
    HoldNotFound,
    InsufficientCredits,
    InvalidCredits,
    NoPriceTable,
    NotFound,
)

ERRORS = (
    InvalidCredits("count", "must be a whole number"),
    InsufficientCredits(120, 80),
    CreditsExceeded("ann/1", 3, 2),
    HoldNotFound("ann/1"),
    NoPriceTable("2026-05-04T12:00:00+00:00"),
)


def test_every_public_name_comes_through_the_door():
    names = campaignkit.credits.__all__

    assert len(set(names)) == len(names)
    for name in names:
        assert getattr(campaignkit.credits, name) is not None


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Money'"):
        campaignkit.credits.Money  # noqa: B018


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_errors_can_be_pickled(error: CampaignKitError):
    again = pickle.loads(pickle.dumps(error))

    assert (type(again), again.args, str(again)) == (type(error), error.args, str(error))


def test_a_hold_that_is_not_there_is_not_found():
    assert isinstance(ERRORS[3], NotFound)
