"""Cells to workloads: facts first (model, flags), then shape (the valley tree), then frozen as rows of bounds.

Rules are fitted once and stored. Every later request falls into exactly one of them, so a workload keeps its name,
its outcomes and its history; refitting each week would give it a new identity each week.
"""

import datetime
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from audit.workloads.valley_tree import AXES, DEFAULT, Leaf, TreeParameters, grow

__all__ = ["BINS", "DEFAULT", "RULE_COLUMNS", "SEGMENT", "TreeParameters", "fit_rules", "rules_of_whole", "told_apart"]

SEGMENT = ("is_embedding", "has_tools", "is_json")
"""The flags that split an endpoint before any shape is looked at."""

BINS = ("input_bin", "output_bin", "cache_read_bin", "reasoning_bin")

RULE_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "workload_id": pl.String,
    "endpoint": pl.String,
    "model": pl.String,
    **dict.fromkeys(SEGMENT, pl.Boolean),
    "is_default_segment": pl.Boolean,
    **{f"{axis}_{side}": pl.Int64 for axis in AXES for side in ("low", "high")},
    "position": pl.Int64,
    "fitted_request_count": pl.Int64,
    "fitted_share": pl.Float64,
    "is_clustered": pl.Boolean,
    "fitted_from": pl.Date,
    "fitted_to": pl.Date,
    "parameters": pl.String,
}

Flags = tuple[bool, bool, bool]
Bounds = Sequence[tuple[int | None, int | None]]

DIGITS, MORE_DIGITS = 8, 16
"""Of an id, in hex: plans and policies name the short ones, of which two of 77,000 are as likely alike as not."""


def fit_rules(
    cells: pl.DataFrame,
    *,
    fitted_from: datetime.date,
    fitted_to: datetime.date,
    parameters: TreeParameters = DEFAULT,
) -> pl.DataFrame:
    """One row per workload (RULE_COLUMNS), sorted by endpoint, model and position (most requests first).

    `cells` needs endpoint, model, the flags of SEGMENT, the bins of BINS and request_count: the requests whose shape is
    known. Cells with count 0 shape nothing but give an endpoint that has no others its one rule. Order and repetition
    of cells do not matter. Inside one endpoint and model the rules of a segment never overlap and leave no gap; a
    combination of flags under `parameters.smallest_flag_share` joins the largest segment, as do those seen later.
    """
    keys = ("endpoint", "model", *SEGMENT, *BINS)
    summed = cells.group_by(keys).agg(pl.col("request_count").sum()).sort(keys)
    stamp = (fitted_from, fitted_to, json.dumps(asdict(parameters), sort_keys=True))
    parts = summed.partition_by("endpoint", "model", maintain_order=True)
    rows = [(*row, *stamp) for part in parts for row in _fit_endpoint(part, parameters)]
    return pl.DataFrame(rows, schema=RULE_COLUMNS, orient="row")


def rules_of_whole(endpoints: Iterable[tuple[str, str, int]]) -> pl.DataFrame:
    """One rule (RULE_COLUMNS) for each endpoint and model with so many requests, which holds all of them."""
    flags: Flags = (False, False, False)
    rows: list[tuple[object, ...]] = []
    for endpoint, model, count in endpoints:
        leaf = Leaf(bounds=((None, None),) * len(AXES), request_count=count)
        bounds = [bound for interval in leaf.bounds for bound in interval]
        stamp = (1, count, 1.0, False, None, None, None)
        rows.append((_identity(endpoint, model, flags, leaf.bounds), endpoint, model, *flags, True, *bounds, *stamp))
    return pl.DataFrame(rows, schema=RULE_COLUMNS, orient="row")


def told_apart(rules: pl.DataFrame, known: Collection[str]) -> pl.DataFrame:
    """The rules (RULE_COLUMNS) with a longer id for each whose own is one of `known` or of another of them."""
    is_taken = rules["workload_id"].is_duplicated() | rules["workload_id"].is_in(list(known))
    if not is_taken.any():
        return rules
    ids = [
        _longer_identity(row) if taken else row["workload_id"]
        for row, taken in zip(rules.iter_rows(named=True), is_taken, strict=True)
    ]
    return rules.with_columns(pl.Series("workload_id", ids, pl.String))


def _longer_identity(rule: Mapping[str, Any]) -> str:
    embedding, tools, schema = (rule[flag] for flag in SEGMENT)
    bounds = [(rule[f"{axis}_low"], rule[f"{axis}_high"]) for axis in AXES]
    return _identity(rule["endpoint"], rule["model"], (embedding, tools, schema), bounds, MORE_DIGITS)


def _fit_endpoint(cells: pl.DataFrame, parameters: TreeParameters) -> Iterator[tuple[object, ...]]:
    endpoint, model = str(cells["endpoint"][0]), str(cells["model"][0])
    total = int(cells["request_count"].sum())
    found = list[tuple[Flags, bool, Leaf]]()
    segments = _segments(cells, parameters.smallest_flag_share)
    for flags, part in segments.items():
        is_clustered = int(part["request_count"].sum()) >= parameters.smallest_segment
        counts = part["request_count"].to_numpy().astype("int64")
        leaves = grow(part.select(BINS).to_numpy().astype("int64"), counts, parameters)
        found.extend((flags, is_clustered, leaf) for leaf in leaves)
    default = next(iter(segments))
    found.sort(key=lambda each: (-each[2].request_count, _identity(endpoint, model, each[0], each[2].bounds)))
    for position, (flags, is_clustered, leaf) in enumerate(found, start=1):
        yield (
            _identity(endpoint, model, flags, leaf.bounds),
            endpoint,
            model,
            *flags,
            flags == default,
            *(bound for interval in leaf.bounds for bound in interval),
            position,
            leaf.request_count,
            leaf.request_count / total if total else 0.0,
            is_clustered,
        )


def _segments(cells: pl.DataFrame, smallest_share: float) -> dict[Flags, pl.DataFrame]:
    """Cells by flags, largest first; rare combinations are merged into the largest."""
    sizes = cells.group_by(SEGMENT).agg(pl.col("request_count").sum())
    sizes = sizes.sort("request_count", *SEGMENT, descending=[True, False, False, False])
    total = int(sizes["request_count"].sum())
    parts = cells.partition_by(SEGMENT, as_dict=True, maintain_order=True)
    kept = dict[Flags, list[pl.DataFrame]]()
    for embedding, tools, schema, size in sizes.iter_rows():
        flags: Flags = (embedding, tools, schema)
        is_rare = size == 0 or size < smallest_share * total
        kept.setdefault(next(iter(kept)) if kept and is_rare else flags, []).append(parts[flags])
    return {flags: pl.concat(members) for flags, members in kept.items()}


def _identity(endpoint: str, model: str, flags: Flags, bounds: Bounds, digits: int = DIGITS) -> str:
    content = json.dumps([endpoint, model, flags, bounds], ensure_ascii=False)
    return "w-" + hashlib.sha256(content.encode()).hexdigest()[:digits]
