"""The door of the room: every public name comes through it."""

import pytest

import campaignkit.timing


def test_every_public_name_comes_through_the_door():
    names = campaignkit.timing.__all__

    assert len(set(names)) == len(names)
    for name in names:
        assert getattr(campaignkit.timing, name) is not None


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Calendar'"):
        campaignkit.timing.Calendar  # noqa: B018
