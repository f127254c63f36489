"""One command from argv to its exit code: the only place that prints errors."""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from campaignkit.cli.arguments import parse_arguments
from campaignkit.cli.console import Console
from campaignkit.cli.problems import REFUSED, InvalidSettings, UsageProblem, exit_code_of
from campaignkit.errors import CampaignKitError

__all__ = ["main"]

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Every CampaignKitError is one line; anything else is a traceback."""
    words = sys.argv[1:] if argv is None else argv
    console = Console(is_json="--json" in words)
    try:
        code = _run(words, console)
        sys.stdout.flush()
    except CampaignKitError as error:
        tell_error(console, error)
        return exit_code_of(error)
    except KeyboardInterrupt:
        console.note("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has gone (`| head`); Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    return code


def tell_error(console: Console, error: CampaignKitError) -> None:
    """Print ``error: message (code)``, a line for each problem, or the same as JSON."""
    if console.is_json:
        console.document({"error": {"code": error.code, "message": str(error), "facts": error}})
        return
    if isinstance(error, UsageProblem) and error.usage:
        console.complain(f"usage: {error.usage}")
    for line in error.problems if isinstance(error, InvalidSettings) else (str(error),):
        console.complain(f"error: {line} ({error.code})")


def _run(words: Sequence[str], console: Console) -> int:
    options = parse_arguments(words)
    module, _, function = options.command.partition(".")
    command: Callable[..., int] = getattr(import_module(f"campaignkit.cli.{module}"), function)
    return command(options, console)
