"""The door of the room: every public name comes through it, and none is loaded before it is asked for."""

import subprocess
import sys

import pytest

import campaignkit.message


def test_every_public_name_comes_through_the_door():
    names = campaignkit.message.__all__

    assert len(set(names)) == len(names)
    for name in names:
        assert getattr(campaignkit.message, name) is not None


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'build_fax'"):
        campaignkit.message.build_fax  # noqa: B018


def test_opening_the_door_loads_nothing():
    code = "import sys, campaignkit.message; print([m for m in sys.modules if m.startswith('campaignkit.message.')])"

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert shown.strip() == "[]"
