"""Every Python block of README.md and docs/ runs as a test, each page in an empty folder. Long files go first.

Laws that name no number of examples are tried with fifty; ``pytest --hypothesis-profile=long`` tries two thousand.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

_HERE = Path(__file__).parent

settings.register_profile("suite", max_examples=50)
settings.register_profile("long", max_examples=2000, deadline=None)
settings.load_profile("suite")


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


# What takes longest, the longest first: begun last, it would keep one core busy while the other has nothing left.
_LONG_FILES = (
    "test_spring_demo.py",
    "test_celery_workers.py",
    "test_broken_stores.py",
    "test_postgres_store.py",
    "test_sql_store.py",
    "test_kill_storm.py",
    "test_engine.py",
    "test_postgres_races.py",
    "test_credit_lives.py",
    "test_message_liquid_subset.py",
    "test_forecast_runs.py",
    "test_planted_bugs.py",
    "test_simulation.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest before all others, which keep their order."""
    places = {name: place for place, name in enumerate(_LONG_FILES)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
