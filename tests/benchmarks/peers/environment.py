"""The peers' own virtual environment, made once below .bench by uv. Touches the network when it is missing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import BENCH, ROOT

__all__ = ["PEER_PYTHON", "make_environment", "run_peer"]

PACKAGES = (
    "django>=5.2,<6",
    "django-post-office>=3.9",
    "django-mailer>=2.3",
    "pandas>=2.2",
    "rule-engine>=4.5",
    "json-logic-qubit>=0.9",
    "smsutil>=1.1.3",
    "sms-counter>=0.0.1",
    "smpplib>=2.2",
    "regex>=2024.11",
)
OURS = ("--editable", f"{ROOT}[sql,templates]")
PEER_PYTHON = BENCH / "peers" / "bin" / "python"


def make_environment() -> None:
    """Install the peers, and campaignkit with the four libraries it is measured against, unless they are there."""
    ready = BENCH / "peers" / ".ready"
    wanted = "\n".join((*PACKAGES, *OURS))
    if ready.exists() and ready.read_text() == wanted:
        return
    BENCH.mkdir(exist_ok=True)
    uv = str(Path(sys.executable).parent / "uv")
    if not PEER_PYTHON.exists():
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(BENCH / "peers")], check=True)
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(PEER_PYTHON), *PACKAGES, *OURS]
    subprocess.run(install, check=True)
    ready.write_text(wanted)


def run_peer(script: str, **job: Any) -> dict[str, float]:
    """Run *script* of this folder with *job* in the peers' environment, and return the JSON that it prints last."""
    command = [str(PEER_PYTHON), str(Path(__file__).parent / f"{script}.py")]
    done = subprocess.run(command, check=True, input=json.dumps(job), stdout=subprocess.PIPE, text=True, timeout=600)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result
