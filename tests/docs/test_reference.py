"""The reference shows where every name of the package lives."""

import re
from pathlib import Path

import pytest

import campaignkit

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
SHOWN = set(
    re.findall(r"auto(?:module|class|function):: (\S+)", "".join(page.read_text() for page in REFERENCE.iterdir()))
)


@pytest.mark.parametrize("name", [name for name in campaignkit.__all__ if name != "__version__"])
def test_every_name_of_the_package_is_on_a_page(name: str) -> None:
    home = getattr(campaignkit, name).__module__

    assert any(f"{home}.".startswith(f"{shown}.") or f"{shown}".endswith(f".{name}") for shown in SHOWN)


def test_every_page_is_in_the_index() -> None:
    listed = (REFERENCE / "index.md").read_text().split()

    assert {page.stem for page in REFERENCE.glob("*.md")} <= {*listed, "index"}
