"""Traffic cells made from token counts, and the workloads that the shipped SQL gives them."""

import datetime

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from audit import sql
from audit.measures import MEASURES
from audit.schema import TABLES, ddl
from audit.warehouse import ArrowStream
from audit.workloads.rules import fit_rules
from audit.workloads.valley_tree import DEFAULT, TreeParameters

PLAIN: dict[str, object] = {
    "load_id": 1,
    "source_format": "test",
    "billing_period": datetime.date(2026, 1, 1),
    "endpoint": "svc",
    "provider_name": "openai",
    "model": "gpt-4o-2024-08-06",
    "service_tier": "default",
    "operation_name": "chat",
    "has_tools": False,
    "is_json": False,
    "has_images": False,
    "has_audio": False,
    "token_classes": 17,
    "outcome": "billed",
    "length_band": 0,
    "request_grain": "request",
    "request_count": 1,
    "usage_cache_read_input_tokens": 0,
    "usage_reasoning_output_tokens": 0,
}
"""What a request has unless the test says otherwise."""

KEY = [name for name in TABLES["traffic_cells"] if name not in MEASURES]


def traffic_cells(requests: pl.DataFrame, *truth: str) -> pl.DataFrame:
    """Cells with every column of the table (and by `truth`), from requests with at least input and output tokens."""
    missing = [name for name in PLAIN if name not in requests.columns]
    known = requests.with_columns(pl.lit(PLAIN[name]).alias(name) for name in missing)
    known = known.with_columns(
        pl.lit(0).alias(name) for name in MEASURES if name not in known.columns and name != "request_count"
    )
    shares = {
        "cache_read_bin": ("usage_cache_read_input_tokens", "usage_input_tokens"),
        "reasoning_bin": ("usage_reasoning_output_tokens", "usage_output_tokens"),
    }
    binned = known.with_columns(
        pl.Series("input_bin", _half_octaves(known["usage_input_tokens"].to_numpy() + 16)),
        pl.Series("output_bin", _half_octaves(known["usage_output_tokens"].to_numpy() + 8)),
        *(
            pl.when(pl.col(whole) > 0).then(4 * pl.col(part) // pl.col(whole)).otherwise(0).alias(name)
            for name, (part, whole) in shares.items()
        ),
    )
    return binned.group_by(*KEY, *truth).agg(pl.col(*MEASURES).sum())


def tokens(incoming: NDArray[np.float64], outgoing: NDArray[np.float64] | float) -> pl.DataFrame:
    """One request per row from token counts that may still be fractions."""
    whole = np.maximum(np.round(np.broadcast_to(outgoing, incoming.shape)), 0).astype(np.int64)
    return pl.DataFrame(
        {"usage_input_tokens": np.maximum(np.round(incoming), 1).astype(np.int64), "usage_output_tokens": whole}
    )


def fitted(cells: pl.DataFrame, parameters: TreeParameters = DEFAULT) -> pl.DataFrame:
    """The rules that the shipped fitting query and tree find in traffic cells."""
    first, last = datetime.date(2026, 1, 5), datetime.date(2026, 1, 18)
    return fit_rules(_run("fitting_cells", cells), fitted_from=first, fitted_to=last, parameters=parameters)


def assigned(cells: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """Every cell with its workload by the shipped bounds join."""
    return _run("cell_workloads", cells, rules)


def adjusted_rand(left: pl.Series, right: pl.Series, counts: pl.Series) -> float:
    """Agreement of two labellings of the same requests, 1 for equal and 0 for chance (Hubert and Arabie 1985)."""
    table = pl.DataFrame({"left": left, "right": right, "count": counts})

    def pairs(*by: str) -> float:
        sizes = table.group_by(by).agg(pl.sum("count"))["count"].cast(pl.Float64)
        return float((sizes * (sizes - 1) / 2).sum())

    total = float(table["count"].sum())
    expected = pairs("left") * pairs("right") / (total * (total - 1) / 2)
    most = (pairs("left") + pairs("right")) / 2
    return (pairs("left", "right") - expected) / (most - expected)


def _half_octaves(shifted: NDArray[np.int64]) -> list[int]:
    """floor(2 log2 v) = bit_length(v^2) - 1, exact in integers."""
    distinct, places = np.unique(shifted, return_inverse=True)
    bins = np.array([(int(value) ** 2).bit_length() - 1 for value in distinct])
    return bins[places].tolist()


def _run(relation: str, cells: pl.DataFrame, rules: pl.DataFrame | None = None) -> pl.DataFrame:
    with duckdb.connect() as con:
        for table, frame in (("traffic_cells", cells), ("workload_rules", rules)):
            con.execute(ddl(table))
            if frame is not None:
                con.register("new_rows", ArrowStream(frame))
                con.execute(f"insert into {table} by name select * from new_rows")
                con.unregister("new_rows")
        for query in ("segmented_cells", "fitting_cells", "cell_workloads"):
            con.execute(f"create view {query} as {sql.find(query).select}")
        return pl.DataFrame(con.sql(f"from {relation}"))
