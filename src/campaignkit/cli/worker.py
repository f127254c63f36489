"""``campaignkit worker``: a host's kit, served until it is told to stop. Imports the host's module."""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from campaignkit.cli.console import Console
from campaignkit.cli.problems import CONFIRMED, UsageProblem
from campaignkit.cli.signals import stop_on_signals
from campaignkit.kit.kit import CampaignKit

__all__ = ["load_factory", "run_worker"]


def run_worker(options: argparse.Namespace, console: Console) -> int:
    """Serve until SIGTERM or SIGINT; finish and write down what is being handed over, and print how many were sent."""
    make_kit = load_factory(options.factory)
    with stop_on_signals() as stop:
        kit = make_kit()
        if not isinstance(kit, CampaignKit):
            raise UsageProblem(f"{options.factory} returned {type(kit).__name__}, not a CampaignKit")
        with kit:
            console.note("working; SIGTERM or Ctrl-C stops it when the message at hand is written down")
            sent = kit.serve(stop)
    if console.is_json:
        console.document({"sent": sent})
    else:
        console.line(f"sent {sent}")
    return CONFIRMED


def load_factory(name: str) -> Callable[[], Any]:
    """Return the function that ``module:function`` names; modules in the working directory are found too.

    Raises:
        UsageProblem: there is no such module or function. What the module itself raises goes on as it is.
    """
    module_name, colon, path = name.partition(":")
    if not module_name or not colon or not path:
        raise UsageProblem(f"a worker wants MODULE:FUNCTION, such as shop.campaigns:make_kit, not {name!r}")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)  # `python -m` does this; a console script does not
    try:
        found: Any = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise UsageProblem(f"there is no module {error.name!r}, here or on the path") from error
    for part in path.split("."):
        if not hasattr(found, part):
            raise UsageProblem(f"module {module_name!r} has no {path!r}")
        found = getattr(found, part)
    if not callable(found):
        raise UsageProblem(f"{name} cannot be called")
    factory: Callable[[], Any] = found
    return factory
