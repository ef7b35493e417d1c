"""Workloads and paired outcomes in the columns `decide` and `project` read, from rows in a test or public data."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl

from audit.assumptions import Assumptions, Range, exactly
from audit.evidence.ageing import Present
from audit.evidence.verdicts import decide
from audit.savings.cascade import refuse_costlier
from audit.savings.projection import Savings, Totals, project

DATA = Path(__file__).parent / "data"
SEEDS = Path(__file__).parents[1] / "queries" / "seeds"
BASE_RATES = pl.read_csv(SEEDS / "paired_workloads.csv")
PUBLISHED = pl.read_csv(SEEDS / "published_scores.csv")
TASK_PRIORS = pl.read_csv(SEEDS / "task_priors.csv")

BIG, SMALL = "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"

PAIRS = {
    "workload_id": pl.String,
    "endpoint": pl.String,
    "incumbent_model": pl.String,
    "candidate_model": pl.String,
    "incumbent_score": pl.Float64,
    "candidate_score": pl.Float64,
    "candidate_output_tokens": pl.Int64,
    "incumbent_output_tokens": pl.Int64,
    "weight": pl.Float64,
    "parse_failed": pl.Boolean,
    "grader": pl.String,
    "input_tokens_band": pl.Int64,
    "request_id": pl.String,
    "stratum": pl.String,
    "template_hash": pl.String,
    "request_date": pl.Date,
    "observed_on": pl.Date,
    "input_bin": pl.Int64,
}
NO_PAIRS = pl.DataFrame(schema=PAIRS)


def workload(name: str, **changes: object) -> dict[str, object]:
    """One row of `decide`'s workloads; the endpoint has the workload's name unless changed."""
    usual: dict[str, object] = {
        "workload_id": name,
        "endpoint": name,
        "incumbent_model": BIG,
        "request_count": 1000,
        "list_cost": 10.0,
        "output_cost_share": 0.5,
        "gate_reasons": [],
        "advisory_reasons": [],
        "margin": 5.0,
        "stakes": "low",
        "confirmed_task_type": None,
    }
    return usual | changes


def workload_frame(*rows: dict[str, object]) -> pl.DataFrame:
    """The rows with the types of an empty frame, too."""
    lists = {
        "gate_reasons": pl.List(pl.String),
        "advisory_reasons": pl.List(pl.String),
        "confirmed_task_type": pl.String,
    }
    return pl.DataFrame(list(rows), schema=dict.fromkeys(workload(""), None) | lists if rows else None)


def pairs(endpoint: str, incumbent: Sequence[float], candidate: Sequence[float], **changes: object) -> pl.DataFrame:
    """Outcomes of one endpoint; `workload_id` and every other column can be changed."""
    defaults: dict[str, object] = {
        "workload_id": None,
        "endpoint": endpoint,
        "incumbent_model": BIG,
        "candidate_model": SMALL,
        "incumbent_score": pl.Series(incumbent, dtype=pl.Float64),
        "candidate_score": pl.Series(candidate, dtype=pl.Float64),
        "candidate_output_tokens": None,
        "incumbent_output_tokens": None,
        "weight": 1.0,
        "parse_failed": False,
        "grader": "exact match",
        "input_tokens_band": None,
    }
    columns = dict.fromkeys(PAIRS) | defaults | changes
    frame = pl.DataFrame({"row": pl.Series(range(len(incumbent)), dtype=pl.Int64)})
    given = [
        (pl.lit(value) if not isinstance(value, pl.Series) else value).cast(PAIRS[name]).alias(name)
        for name, value in columns.items()
    ]
    return frame.with_columns(given).drop("row")


def outcomes(endpoint: str, *, both: int, lost: int = 0, won: int = 0, **changes: object) -> pl.DataFrame:
    """0/1 outcomes by count: both right, only the incumbent, only the candidate."""
    incumbent = [1.0] * both + [1.0] * lost + [0.0] * won
    return pairs(endpoint, incumbent, [1.0] * both + [0.0] * lost + [1.0] * won, **changes)


def verdicts(
    workloads: pl.DataFrame,
    found: pl.DataFrame = NO_PAIRS,
    candidate: str = SMALL,
    present: Present | None = None,
    **changes: object,
) -> pl.DataFrame:
    """`decide` with the shipped priors."""
    assumptions = changes.get("assumptions", Assumptions())
    assert isinstance(assumptions, Assumptions)
    return decide(
        workloads,
        found,
        candidate=candidate,
        assumptions=assumptions,
        base_rates=BASE_RATES,
        task_priors=TASK_PRIORS,
        present=present,
    )


def public_pairs(file: str) -> pl.DataFrame:
    """A public data set as request-scoped outcomes: workload = endpoint = category."""
    frame = pl.read_csv(DATA / file)
    if "big_correct" in frame.columns:
        frame = frame.with_columns(
            pl.col("big_correct").alias("big_score"),
            pl.col("small_correct").alias("small_score"),
            pl.lit("gpt-4-1106-preview").alias("big_model"),
            pl.lit("mixtral-8x7b-instruct").alias("small_model"),
            pl.lit(None).alias("small_output_tokens"),
            pl.lit(None).alias("big_output_tokens"),
        )
    category = pl.col("category").str.split(":").list.first()
    return frame.select(
        category.alias("workload_id"),
        category.alias("endpoint"),
        pl.col("big_model").alias("incumbent_model"),
        pl.col("small_model").alias("candidate_model"),
        pl.col("big_score").cast(pl.Float64).alias("incumbent_score"),
        pl.col("small_score").cast(pl.Float64).alias("candidate_score"),
        pl.col("small_output_tokens").cast(pl.Int64).alias("candidate_output_tokens"),
        pl.col("big_output_tokens").cast(pl.Int64).alias("incumbent_output_tokens"),
        pl.lit(1.0).alias("weight"),
        pl.lit(value=False).alias("parse_failed"),
        pl.lit("published").alias("grader"),
        pl.lit(None, dtype=pl.Int64).alias("input_tokens_band"),
    )


def public_verdicts(file: str, margin: float) -> pl.DataFrame:
    """Verdicts on every category of a public data set at one margin."""
    found = public_pairs(file)
    models = found.row(0, named=True)
    rows = (
        workload(name, incumbent_model=models["incumbent_model"], margin=margin)
        for name in found["workload_id"].unique(maintain_order=True)
    )
    return verdicts(workload_frame(*rows), found, candidate=str(models["candidate_model"]))


def priced(name: str, *, cost: str = "100", ratio: str = "0.06", **changes: object) -> dict[str, object]:
    """One row of `project`'s workloads: half of the cost is output, the candidate costs `ratio` of everything."""
    half = Decimal(cost) / 2 * Decimal(ratio)
    return {
        "workload_id": name,
        "endpoint": name,
        "model": BIG,
        "request_count": 1000,
        "usage_tokens": 1_000_000,
        "list_cost": Decimal(cost),
        "candidate_input_cost": half,
        "candidate_output_cost": half,
    } | changes


MONEY = pl.Decimal(38, 12)


def priced_frame(*rows: dict[str, object]) -> pl.DataFrame:
    """The rows with decimals as the database gives them."""
    money = ("list_cost", "candidate_input_cost", "candidate_output_cost")
    schema = {name: MONEY if name in money else None for name in priced("")}
    return pl.DataFrame(list(rows), schema=schema)


NO_DAYS = pl.DataFrame(
    schema={"usage_date": pl.Date, "endpoint": pl.String, "model": pl.String, "list_cost": pl.Float64}
)


def daily(days: int, workloads: pl.DataFrame, *, seed: int = 0) -> pl.DataFrame:
    """Daily cost of the workloads, uneven over days and endpoints, adding up to their list cost."""
    generator = np.random.default_rng(seed)
    rows: list[tuple[date, str, str, float]] = []
    for endpoint, model, cost in workloads.select("endpoint", "model", pl.col("list_cost").cast(pl.Float64)).rows():
        shares = generator.dirichlet(np.full(days, 3.0)).tolist()
        rows += [
            (date(2026, 3, 2) + timedelta(days=day), endpoint, model, cost * share) for day, share in enumerate(shares)
        ]
    return pl.DataFrame(rows, schema=NO_DAYS.schema, orient="row")


def totals(workloads: pl.DataFrame, *, days: float = 30.4375, days_observed: int = 1, **changes: object) -> Totals:
    """Totals of a window in which nothing but these workloads ran."""
    requests, tokens = int(workloads["request_count"].sum()), int(workloads["usage_tokens"].sum())
    cost = sum(workloads["list_cost"].to_list(), Decimal(0))
    values: dict[str, object] = {
        "requests": requests,
        "tokens": tokens,
        "list_cost": cost,
        "window_days": days,
        "days_observed": days_observed,
    }
    return Totals(**(values | changes))  # pyright: ignore[reportArgumentType]


EQUAL_LENGTH = Assumptions(output_ratio=exactly(1.0))


def saved(
    workloads: pl.DataFrame,
    found: pl.DataFrame,
    *,
    days: pl.DataFrame = NO_DAYS,
    assumptions: Assumptions = EQUAL_LENGTH,
    everything: Totals | None = None,
    seed: int = 0,
) -> Savings:
    """`project` on verdicts from which costlier routes were taken out."""
    decided = refuse_costlier(workloads, found, candidate=SMALL, assumptions=assumptions)
    return project(
        workloads,
        decided,
        days,
        candidate=SMALL,
        assumptions=assumptions,
        totals=everything or totals(workloads),
        seed=seed,
        draws=1000,
    )


def decided(*names: str, found: pl.DataFrame | None = None, **changes: object) -> pl.DataFrame:
    """Verdicts on workloads of these names with equal-length answers."""
    frame = workload_frame(*(workload(name, **changes) for name in names))
    return verdicts(frame, outcomes("nobody", both=1) if found is None else found, assumptions=EQUAL_LENGTH)


def bounds(value: Range | None) -> tuple[float, float, float]:
    """low, point, high."""
    assert value is not None
    return value.low, value.point, value.high


def one(frame: pl.DataFrame, name: str = "") -> dict[str, object]:
    """The row of one workload."""
    return (frame.filter(pl.col("workload_id") == name) if name else frame).row(0, named=True)
