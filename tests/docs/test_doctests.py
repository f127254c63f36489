"""The examples in the docstrings of campaignkit run and say the truth."""

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import campaignkit

# Modules that only Alembic can import: it runs them with a context of its own.
RUN_BY_ALEMBIC = {"campaignkit.stores.sql.migrations.env"}


def _module_names() -> Iterator[str]:
    yield campaignkit.__name__
    for found in pkgutil.walk_packages(campaignkit.__path__, f"{campaignkit.__name__}."):
        if found.name not in RUN_BY_ALEMBIC:
            yield found.name


@pytest.mark.parametrize("name", sorted(_module_names()))
def test_the_examples_of_a_module_are_true(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))

    assert result.failed == 0


def test_examples_are_found() -> None:
    finder = doctest.DocTestFinder()
    found = [
        example
        for name in _module_names()
        for test in finder.find(importlib.import_module(name))
        for example in test.examples
    ]

    assert len(found) > 30
