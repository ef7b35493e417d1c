"""Where the pairs of a backtest come from: outcomes files, or the outcomes that a database already has."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import polars as pl

from audit.backtest.populations import Population, population
from audit.backtest.prices import Prices
from audit.counting import number_of
from audit.errors import InputError
from audit.evidence.outcomes import read_outcomes
from audit.warehouse import Warehouse

MarginOf = Callable[[str], float]
"""The margin of an endpoint, in points of 100."""


def from_files(paths: Sequence[Path], *, scale: str, margin_of: MarginOf, prices: Prices) -> list[Population]:
    """The populations of outcomes files, named by the stem of the file."""
    found: list[Population] = []
    for path in paths:
        outcomes = read_outcomes(path, scale=scale)
        if unnamed := outcomes.frame["endpoint"].null_count():
            many = (
                "no row names its"
                if unnamed == outcomes.frame.height
                else f"{number_of(unnamed, 'row names', 'rows name')} no"
            )
            raise InputError(f"{path}: {many} endpoint; `audit outcomes add` the file and run without DATA")
        frame = outcomes.frame.with_columns(outcome_file_hash=pl.lit(outcomes.file_hash))
        found += _populations(path.stem, outcomes.file_hash, frame, margin_of, prices)
    return found


def from_database(warehouse: Warehouse, *, margin_of: MarginOf, prices: Prices) -> list[Population]:
    """The populations of the outcomes in a database; the length of a prompt is that of its request or endpoint."""
    frame = warehouse.frame(
        """
        with logged as (
            select request_id, max(usage_input_tokens) as input_tokens
            from requests
            where outcome = 'billed' and request_id in (select request_id from paired_outcomes)
            group by request_id
        ),

        usual as (
            select endpoint, model, cast(sum(usage_input_tokens) / sum(request_count) as bigint) as input_tokens
            from daily_usage
            where outcome = 'billed'
            group by endpoint, model
        )

        select paired_outcomes.*, coalesce(logged.input_tokens, usual.input_tokens) as input_tokens
        from paired_outcomes
        left join logged on paired_outcomes.request_id = logged.request_id
        left join usual
            on paired_outcomes.endpoint = usual.endpoint and paired_outcomes.incumbent_model = usual.model
        order by outcome_file_hash, endpoint, paired_outcomes.request_id, incumbent_score, candidate_score
        """
    )
    if frame.is_empty():
        raise InputError(f"{warehouse.path}: no paired outcomes; `audit outcomes add FILE` adds some")
    hashes = "+".join(sorted(cast("list[str]", frame["outcome_file_hash"].unique().to_list())))
    return _populations(warehouse.path.stem, hashes, frame, margin_of, prices)


def _populations(
    name: str, source_hash: str, frame: pl.DataFrame, margin_of: MarginOf, prices: Prices
) -> list[Population]:
    """One population per pair of models and grader: what is judged differently has another truth.

    As for verdicts, the incumbent against itself is noise, and a failed answer of its own is no yardstick.
    """
    is_pair = (pl.col("incumbent_model") != pl.col("candidate_model")) & ~pl.col("incumbent_failed").fill_null(
        value=False
    )
    frame = frame.filter(is_pair).with_columns(drawn_with=pl.coalesce("sample_hash", "outcome_file_hash"))
    if frame.is_empty():
        raise InputError(f"{name}: no pairs of two models, only failed answers or one model with itself")
    parts = frame.partition_by("incumbent_model", "candidate_model", "grader", maintain_order=True)
    found: list[Population] = []
    for part in parts:
        incumbent, candidate, grader = part.select("incumbent_model", "candidate_model", "grader").row(0)
        told = f"{name}: {incumbent} to {candidate}" + ("" if grader is None else f", {grader}")
        title = name if len(parts) == 1 else told
        found.append(population(title, source_hash, part, margin_of, prices))
    return found
