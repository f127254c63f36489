"""The page on errors names every code that campaignkit has."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaignkit import errors
from campaignkit.addresses.channel import Channel, RejectionCode
from campaignkit.audience.selection import ExclusionReason
from campaignkit.delivery.http_replies import SMS_MENDING_CODES
from campaignkit.delivery.replies import MENDING_CODES, SENTENCES
from campaignkit.delivery.sentences import FAILURES, describe_code, describe_failure
from campaignkit.errors import CampaignKitError
from campaignkit.insight.preflight import audience, credit, message, sending, wording
from campaignkit.message import completeness
from campaignkit.message.links.checking import _BLOCKERS
from campaignkit.message.links.targets import LinkProblem

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def _section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def _rows(title: str) -> list[list[str]]:
    lines = [line for line in _section(title).splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _codes(title: str, column: int = 0) -> list[str]:
    return [code for row in _rows(title) for code in re.findall(r"`([a-z_0-9]+)`", row[column])]


def _leaves(root: type[CampaignKitError]) -> Iterator[type[CampaignKitError]]:
    for child in root.__subclasses__():
        # attrs makes a class anew to give it slots, and the first one stays known until garbage is collected.
        if vars(errors).get(child.__name__) is child:
            yield from _leaves(child) if child.__subclasses__() else (child,)


LEAVES = sorted(_leaves(CampaignKitError), key=lambda leaf: leaf.code)


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.code)
def test_every_error_has_its_row(leaf: type[CampaignKitError]) -> None:
    rows = [row for row in _rows("Raised errors") if row[0] == f"`{leaf.__name__}`"]

    assert [row[1] for row in rows] == [f"`{leaf.code}`"]
    assert all(cell for row in rows for cell in row)


def test_the_page_knows_no_other_error() -> None:
    assert sorted(_codes("Raised errors", 1)) == [leaf.code for leaf in LEAVES]


def test_every_code_belongs_to_one_error() -> None:
    assert len({leaf.code for leaf in LEAVES}) == len(LEAVES)


def test_every_rejection_code_has_its_row() -> None:
    assert _codes("Rejection codes") == [code.value for code in RejectionCode]


def test_every_exclusion_reason_has_its_row() -> None:
    assert sorted(_codes("Exclusion reasons")) == sorted(reason.value for reason in ExclusionReason)


def test_every_preflight_code_has_its_row_and_kind() -> None:
    told = {(row[0].strip("`"), row[1]) for row in _rows("Preflight codes")}

    assert told == set(_findings())


def test_every_providers_code_has_its_sentence() -> None:
    assert {row[0].strip("`"): row[1] for row in _rows("What providers said")} == dict(SENTENCES)


def test_every_reason_to_stop_has_its_row_and_its_sentence() -> None:
    assert _codes("When a campaign stops by itself") == sorted(FAILURES)
    for code in MENDING_CODES | SMS_MENDING_CODES:
        channel = Channel.EMAIL if code in MENDING_CODES else Channel.SMS
        assert describe_code(code, channel) != code
        assert "resume" in describe_failure(code, channel)


def _findings() -> Iterator[tuple[str, str]]:
    """What preflight can find: what its checks name, what is missing in messages, and what is wrong with links."""
    for module in (audience, credit, message, sending, wording):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"blocker", "warning"}
            ):
                assert isinstance(node.args[0], ast.Constant), "a code of preflight is written where it is found"
                yield str(node.args[0].value), node.func.id
    for node in ast.walk(ast.parse(inspect.getsource(completeness))):
        if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
            yield str(node.value.value), "warning"
    for problem in LinkProblem:
        if problem not in {LinkProblem.UNREACHABLE, LinkProblem.NOT_TRIED}:  # preflight opens no page
            yield problem.value, "blocker" if problem in _BLOCKERS else "warning"
