"""The one door to email-validator: text in, its verdict out. Loading the library takes longer than all else here."""

import sys
from functools import cache
from importlib.machinery import PathFinder
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

__all__ = ["TESTED_VERSIONS", "ask_library", "is_library_tested"]

# Versions whose rules for plain ASCII are proved equal to ``email_rules``; see docs/decisions on rules of our own.
TESTED_VERSIONS = frozenset({"2.3.0", "2.4.0"})


def ask_library(text: str) -> "ValidatedEmail | None":
    """Return what email-validator makes of *text*, None where it refuses. It is not let near the network.

    Every switch is given, so that one that the host has set for itself changes nothing here.
    """
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(
            text,
            allow_smtputf8=True,
            allow_empty_local=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            allow_display_name=False,
            strict=True,
            check_deliverability=False,
            test_environment=False,
            globally_deliverable=True,
        )
    except EmailNotValidError:
        return None


@cache
def is_library_tested() -> bool:
    """Return whether the installed email-validator is a version that ``email_rules`` was proved equal to.

    Its little version module is read by itself: importing the package, or asking importlib.metadata, would cost more
    than the first thousand addresses do.
    """
    return _read_version() in TESTED_VERSIONS


def _read_version() -> str | None:
    loaded = sys.modules.get("email_validator")
    if loaded is not None:
        return getattr(loaded, "__version__", None)
    package = PathFinder.find_spec("email_validator")
    spec = PathFinder.find_spec("version", package.submodule_search_locations) if package else None
    if spec is None or spec.loader is None:
        return None  # packed in some other way: the library itself is asked
    module = ModuleType(spec.name)
    spec.loader.exec_module(module)
    return getattr(module, "__version__", None)
