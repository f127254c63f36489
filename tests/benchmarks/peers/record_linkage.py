"""Duplicates by recordlinkage and by splink, as their guides do it. Run in an environment of its own.

A job names the tool, the list and its kind (customers, febrl, rldata). The answer: CPU seconds without loading, peak
memory with it, and the positions of the records of each group.
"""
# mypy: disable-error-code="import-not-found,import-untyped,no-any-return"

import gc
import json
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
from peak import peak_mib

Job = dict[str, Any]
Pairs = Iterable[tuple[int, int]]


def link_customers(rows: "pd.DataFrame") -> Pairs:
    """recordlinkage: block on what identifies, compare names by Jaro-Winkler, add up."""
    import recordlinkage

    index = recordlinkage.Index()
    for block in ("email", "phone", ["postcode", "last"]):
        index.block(block)
    pairs = index.index(rows)
    comparison = recordlinkage.Compare()
    comparison.exact("email", "email", label="email")
    comparison.exact("phone", "phone", label="phone")
    comparison.string("first", "first", method="jarowinkler", label="first")
    comparison.string("last", "last", method="jarowinkler", label="last")
    found = comparison.compute(pairs, rows)
    is_match = (found["email"] == 1) | (found["phone"] == 1) | (found["first"] + found["last"] > 1.8)
    return found[is_match].index


def link_febrl(rows: "pd.DataFrame") -> Pairs:
    """recordlinkage: the recipe of its own guide to the FEBRL data, blocked on each name and on the birthday."""
    import recordlinkage

    index = recordlinkage.Index()
    for block in ("given_name", "surname", "date_of_birth"):
        index.block(block)
    comparison = recordlinkage.Compare()
    comparison.exact("given_name", "given_name")
    comparison.string("surname", "surname", method="jarowinkler", threshold=0.85)
    comparison.exact("date_of_birth", "date_of_birth")
    comparison.exact("suburb", "suburb")
    comparison.exact("state", "state")
    comparison.string("address_1", "address_1", threshold=0.85)
    found = comparison.compute(index.index(rows), rows)
    return found[found.sum(axis=1) > 3].index


def link_rldata(rows: "pd.DataFrame") -> Pairs:
    """recordlinkage: names by Jaro-Winkler, parts of the birthday exactly; four of five agree."""
    import recordlinkage

    index = recordlinkage.Index()
    for block in ("fname_c1", "lname_c1", ["by", "bm", "bd"]):
        index.block(block)
    comparison = recordlinkage.Compare()
    comparison.string("fname_c1", "fname_c1", method="jarowinkler", threshold=0.85)
    comparison.string("lname_c1", "lname_c1", method="jarowinkler", threshold=0.85)
    for part in ("by", "bm", "bd"):
        comparison.exact(part, part)
    found = comparison.compute(index.index(rows), rows)
    return found[found.sum(axis=1) > 3].index


def group_by_splink(rows: "pd.DataFrame", kind: str) -> list[list[int]]:
    """splink: its quick start with the columns of the list, trained on the list itself."""
    import splink.comparison_library as library
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    comparisons, blocks, sure, trained = _splink_recipe(kind, library, block_on)
    settings = SettingsCreator(
        link_type="dedupe_only", comparisons=comparisons, blocking_rules_to_generate_predictions=blocks
    )
    table = rows.assign(unique_id=range(len(rows)))
    database = DuckDBAPI()
    linker = Linker(database.register(table), settings)
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    for rule in trained:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=0.9)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(found, 0.9).as_pandas_dataframe()
    groups = defaultdict(list)
    for position, cluster in zip(clusters["unique_id"], clusters["cluster_id"], strict=True):
        groups[cluster].append(int(position))
    return [group for group in groups.values() if len(group) > 1]


def _splink_recipe(kind: str, library: Any, block_on: Callable[..., Any]) -> tuple[Any, Any, Any, Any]:
    if kind == "customers":
        sure = [block_on("email"), block_on("phone")]
        names = [library.JaroWinklerAtThresholds("first"), library.JaroWinklerAtThresholds("last")]
        exact = [library.ExactMatch(name) for name in ("email", "phone", "postcode")]
        return [*names, *exact], [*sure, block_on("postcode", "last")], sure, sure
    if kind == "febrl":
        blocks = [block_on("given_name", "surname"), block_on("date_of_birth"), block_on("postcode", "address_1")]
        text = ("given_name", "surname", "address_1", "suburb")
        names = [library.JaroWinklerAtThresholds(name) for name in text]
        exact = [library.LevenshteinAtThresholds("date_of_birth"), library.LevenshteinAtThresholds("postcode")]
        return [*names, *exact], blocks, [block_on("given_name", "surname", "date_of_birth")], blocks[:2]
    blocks = [block_on("fname_c1", "lname_c1"), block_on("by", "bm", "bd")]
    names = [library.JaroWinklerAtThresholds(name) for name in ("fname_c1", "lname_c1")]
    exact = [library.ExactMatch(name) for name in ("by", "bm", "bd")]
    sure = [block_on("fname_c1", "by", "bm", "bd"), block_on("lname_c1", "by", "bm", "bd")]
    return [*names, *exact], blocks, sure, blocks


def join(pairs: Pairs, count: int) -> list[list[int]]:
    """Return the groups that *pairs* chain together."""
    parents = list(range(count))

    def root_of(position: int) -> int:
        while parents[position] != position:
            parents[position] = parents[parents[position]]
            position = parents[position]
        return position

    for one, other in pairs:
        parents[root_of(one)] = root_of(other)
    groups = defaultdict(list)
    for position in range(count):
        groups[root_of(position)].append(position)
    return [group for group in groups.values() if len(group) > 1]


RECIPES = {"customers": link_customers, "febrl": link_febrl, "rldata": link_rldata}


def run(job: Job) -> dict[str, Any]:
    rows = pd.read_csv(job["path"], sep=job.get("separator", ","), dtype=str, skipinitialspace=True)
    rows.columns = [name.strip() for name in rows.columns]
    gc.collect()  # as for find_duplicates
    began_at, began_wall = time.process_time(), time.perf_counter()
    if job["tool"] == "splink":
        groups = group_by_splink(rows, job["kind"])
    else:
        groups = join(RECIPES[job["kind"]](rows), len(rows))
    seconds, wall = time.process_time() - began_at, time.perf_counter() - began_wall
    return {"seconds": seconds, "wall_seconds": wall, "peak_mib": peak_mib(), "groups": groups}


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of pandas, on its own future
    print(json.dumps(run(json.load(sys.stdin))))
