"""What importing costs: campaignkit and its first parse_email, beside importing the four dependencies."""

import os
import statistics
import subprocess
from functools import partial

from tests.benchmarks.figures import BENCH, Figure, Verdict, interleave, spread
from tests.benchmarks.peers.environment import PEER_PYTHON, make_environment

# What a bare import must leave alone, and what a user imports who writes the same today.
HEAVY = ("phonenumbers", "email_validator", "sqlalchemy", "liquid")
DEPENDENCIES = ("attrs", "dateutil.relativedelta", "dateutil.rrule", "phonenumbers", "email_validator")
PASSES = 15
GOAL = 0.5

_OURS = 'import campaignkit; campaignkit.parse_email("ann@flora.example")'
_BARE = "import campaignkit"
_PEER = f"import {', '.join(DEPENDENCIES)}"
_TIMED = "import time; began_at = time.process_time(); {code}; print(1000 * (time.process_time() - began_at))"


def measure() -> list[Figure]:
    """Measure both in fresh processes of one environment, in turn, and look at what a bare import loads."""
    make_environment()
    codes = {"ours": _OURS, "bare": _BARE, "peer": _PEER}
    for code in codes.values():
        _run(code)  # the first one compiles
    samples = interleave(PASSES, {name: partial(_millis, code) for name, code in codes.items()})
    loaded = _run(f"{_BARE}; import sys; print(*[name for name in {HEAVY} if name in sys.modules])").strip()
    ratio = statistics.median(samples["ours"]) / statistics.median(samples["peer"])
    return [
        Figure(
            work="import campaignkit and the first parse_email, CPU",
            measured=spread(samples["ours"], " ms"),
            peer=f"{_PEER}: {spread(samples['peer'], ' ms')}",
            ratio=f"{ratio:.2f} of it",
            goal=f"≤ {GOAL}",
            verdict=Verdict(is_met=ratio <= GOAL, why="attrs itself is most of it"),
            samples=samples,
        ),
        Figure(
            work="bare import campaignkit, CPU",
            measured=f"{spread(samples['bare'], ' ms')}; loads {loaded or 'none of the four'}",
            goal=f"leaves {', '.join(HEAVY)} alone",
            verdict=Verdict(is_met=not loaded, why=f"{loaded} came along"),
        ),
    ]


def _millis(code: str, _number: int) -> float:
    return float(_run(_TIMED.format(code=code)))


def _run(code: str) -> str:
    command = [str(PEER_PYTHON), "-c", code]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, timeout=60, env=_compiled_environment()
    )
    return done.stdout


def _compiled_environment() -> dict[str, str]:
    """Return an environment in which both sides are compiled once, whatever the shell says about bytecode."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"PYTHONPYCACHEPREFIX": str(BENCH / "bytecode")}
