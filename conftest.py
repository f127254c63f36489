"""Every Python block of README.md and docs/ runs as a test, each page in an empty folder of its own."""

import os
import tempfile
from pathlib import Path
from typing import Any

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

_HERE = Path(__file__).parent


def _enter_empty_folder(namespace: dict[str, Any]) -> None:
    namespace["_folder"], namespace["_left"] = tempfile.TemporaryDirectory(), Path.cwd()
    os.chdir(namespace["_folder"].name)


def _leave_folder(namespace: dict[str, Any]) -> None:
    os.chdir(namespace["_left"])
    namespace["_folder"].cleanup()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    path=str(_HERE),
    patterns=["README.md", "docs/*.md", "docs/decisions/*.md"],
    setup=_enter_empty_folder,
    teardown=_leave_folder,
).pytest()
