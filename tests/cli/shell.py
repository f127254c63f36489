"""What the tests of the command line share: a campaign in a folder, and the command in a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from campaignkit.cli import main

CAMPAIGN = """\
[merchant]
id = "flora"
zone = "America/New_York"
region = "US"

[sender]
address = "Flora <hello@flora.example>"
{sender}

[campaign]
name = "Spring"
{settings}

[campaign.content]
subject = "Tulips"
text = "Dear {{{{ customer.name }}}}, they are in."
"""


def write_campaign(folder: Path, *, sender: str = 'outbox = "outbox"', settings: str = "", people: int = 3) -> None:
    """Put ``campaign.toml`` and ``contacts.csv`` into *folder*."""
    (folder / "campaign.toml").write_text(CAMPAIGN.format(sender=sender, settings=settings), encoding="utf-8")
    rows = [f"c{number},Person {number},p{number}@example.com" for number in range(1, people + 1)]
    (folder / "contacts.csv").write_text("\n".join(["id,name,email", *rows, ""]), encoding="utf-8")


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "campaignkit", *words]


def run(folder: Path, *words: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Return what the command printed, run in *folder*."""
    return subprocess.run(
        command(*words),
        cwd=folder,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def run_json(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    """Return the exit code and the document of a command that runs in this process."""
    code = main([*words, "--json"])
    printed = capsys.readouterr()
    assert printed.err == ""
    return code, json.loads(printed.out)


def mails(folder: Path) -> list[Path]:
    return list((folder / "outbox").glob("*.eml"))


def wait_until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    ends_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends_at, "it never came to that"
        time.sleep(0.01)
