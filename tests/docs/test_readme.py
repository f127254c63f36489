"""README begins with ten lines that run, and shows what they print."""

import ast
import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


def _block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_first_block_prints_what_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(_block("python"), str(README), "exec"), {})

    assert capsys.readouterr().out == _block("text")


def test_it_takes_ten_statements() -> None:
    statements = [one for one in ast.parse(_block("python")).body if not isinstance(one, ast.Import | ast.ImportFrom)]

    assert len(statements) == 10


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8"))

    assert [target for target in targets if not (README.parent / target).exists()] == []
