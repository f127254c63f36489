"""``python -m examples.spring_demo [--out FOLDER]``: tell the story; exit code 0 if every check of it holds."""

import argparse
import sys
from io import TextIOWrapper
from pathlib import Path

from examples.spring_demo.shop import OUT, Places
from examples.spring_demo.story import tell
from examples.spring_demo.voice import Voice


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m examples.spring_demo", description="A florist's spring campaign.")
    parser.add_argument("--out", type=Path, default=OUT, help="where the database, the log and the mails go")
    places = Places(parser.parse_args().out.resolve())
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a letter still gets the story
    return tell(places, Voice())


if __name__ == "__main__":
    sys.exit(main())
