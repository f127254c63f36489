"""Figures: what a benchmark measured in, docs/figures.json and docs/figures.md out. Writes these two files."""

import json
import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

__all__ = ["BENCH", "DOCS", "ROOT", "Figure", "Verdict", "interleave", "judge_ratio", "render", "save", "spread"]

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BENCH = ROOT / ".bench"  # on the same disk as the code: a folder in memory would make every commit free


@attrs.frozen(kw_only=True)
class Verdict:
    """Whether a goal is met, and a plain word where it is not."""

    is_met: bool
    why: str = ""

    def __str__(self) -> str:
        return "met" if self.is_met else f"**missed**: {self.why}"


@attrs.frozen(kw_only=True)
class Figure:
    """One row of the table. *samples* are the passes that the medians come from, by name."""

    work: str
    measured: str
    peer: str = ""
    ratio: str = ""
    goal: str = ""
    verdict: Verdict | None = None
    samples: Mapping[str, Sequence[float]] = attrs.field(factory=dict)


def interleave(passes: int, measures: Mapping[str, Callable[[int], float]]) -> dict[str, list[float]]:
    """Return what each measure gave in each pass. All take their turn in every pass, in changing order.

    Args:
        measures: Take the number of the pass, which makes their inputs new.
    """
    samples: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(passes):
        names = list(measures)
        for name in names if number % 2 == 0 else reversed(names):
            samples[name].append(measures[name](number))
            print(f"    pass {number + 1}/{passes}  {name}: {samples[name][-1]:,.4g}", flush=True)
    return samples


def spread(samples: Sequence[float], unit: str = "") -> str:
    """Return the median with the least and the most beside it."""
    least, middle, most = (_short(value) for value in (min(samples), statistics.median(samples), max(samples)))
    return f"{middle}{unit} ({least}–{most})"


def judge_ratio(ratio: float, *, at_least: float, why: str) -> Verdict:
    """Return the verdict on a ratio that should be large."""
    return Verdict(is_met=ratio >= at_least, why=why)


def save(name: str, figures: Iterable[Figure], seconds: float, *, again: str = "") -> None:
    """Replace the figures of one benchmark in the JSON file and make the page anew.

    Args:
        again: The command that measures them anew, if that is not ``make bench``.
    """
    path = DOCS / "figures.json"
    stored: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    rows = [attrs.asdict(figure) for figure in figures]
    stored[name] = {"figures": rows, "seconds": round(seconds), "circumstances": _circumstances()}
    if again:
        stored[name]["again"] = again
    DOCS.mkdir(exist_ok=True)
    path.write_text(json.dumps(dict(sorted(stored.items())), indent=1, ensure_ascii=False, default=str) + "\n")
    (DOCS / "figures.md").write_text(render(stored))


def render(stored: Mapping[str, Any]) -> str:
    """Return the page of what is stored."""
    lines = [
        "# Figures",
        "",
        "Made by `make bench` and `make storm`; do not edit. Medians, with the least and the most of all passes in",
        "brackets. Absolute times belong to the machine they were taken on, which other jobs share; compare the",
        "ratios, which come from one run in which both sides took turns on inputs that were new in every pass.",
    ]
    for name, section in stored.items():
        lines += ["", f"## {name.replace('_', ' ').capitalize()}", ""]
        lines += ["| work | measured | peer | ratio | goal | |", "|---|---|---|---|---|---|"]
        lines += [_line(row) for row in section["figures"]]
        again = section.get("again", f"make bench FIGURES={name}")
        lines += ["", f"Again: `{again}` (took {section['seconds']} s). {section['circumstances']}"]
    return "\n".join(lines) + "\n"


def _line(row: Mapping[str, Any]) -> str:
    verdict = "" if row["verdict"] is None else str(Verdict(**row["verdict"]))
    cells = [row[name] for name in ("work", "measured", "peer", "ratio", "goal")]
    return f"| {' | '.join([*cells, verdict])} |"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _circumstances() -> str:
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    load = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    return f"{versions}, {load} at the end; one fdatasync took {_fdatasync_millis():.2g} ms."


def _fdatasync_millis() -> float:
    BENCH.mkdir(exist_ok=True)
    path = BENCH / "fdatasync"
    file = os.open(path, os.O_CREAT | os.O_WRONLY)
    took = []
    for _ in range(100):
        began_at = time.perf_counter()
        os.write(file, b"x" * 4096)
        os.fdatasync(file)
        took.append(1000 * (time.perf_counter() - began_at))
    os.close(file)
    path.unlink()
    return statistics.median(took)
