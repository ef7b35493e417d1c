"""The parts of a workload that are sampled each for itself: by what a request costs, and long inputs apart.

A plain random sample of a workload can miss the few dear requests that carry its bill, and will miss the rare long
ones. Strata are made of whole traffic cells, so that their sizes are known from the cells and only the draw itself
reads requests.
"""

import polars as pl

from audit.evidence.units import LONG_INPUT_TOKENS

COST_STRATA = ("low cost", "middle cost", "high cost")
"""Thirds of a workload's requests by what they cost, as nearly as its cells can be divided."""

CELL_KEY = (
    "source_format",
    "billing_period",
    "endpoint",
    "provider_name",
    "model",
    "service_tier",
    "operation_name",
    "has_tools",
    "is_json",
    "has_images",
    "has_audio",
    "length_band",
    "input_bin",
    "output_bin",
    "cache_read_bin",
    "reasoning_bin",
)
"""What tells a cell of single billed requests; each is also a column of `requests`."""


def stratify(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with the column `stratum`, which is unique within a workload.

    Needs CELL_KEY, workload_id, request_count and list_cost. Inputs above 50,000 tokens are strata of their own, one
    per length band: quality falls with length, and a verdict on long inputs reads no others. A third that no cell
    falls into does not exist: a workload of one cell is one stratum.
    """
    is_long = pl.col("length_band") >= LONG_INPUT_TOKENS
    known = cells.with_columns(_is_long=is_long, _each=pl.col("list_cost").cast(pl.Float64) / pl.col("request_count"))
    ordered = known.sort("workload_id", "_is_long", "_each", *CELL_KEY)
    group = ["workload_id", "_is_long"]
    # the third that the middle request of the cell falls into
    until = pl.col("request_count").cum_sum().over(group) - pl.col("request_count") / 2
    third = (len(COST_STRATA) * until / pl.col("request_count").sum().over(group)).floor().cast(pl.Int64)
    named = third.replace_strict(dict(enumerate(COST_STRATA)), return_dtype=pl.String)
    length = pl.format("input above {}", pl.col("length_band"))
    return ordered.with_columns(stratum=pl.when(is_long).then(length).otherwise(named)).drop("_is_long", "_each")
