"""Paired outcomes taken for the whole truth: every endpoint's real loss, and what moving it would really save.

A sample is judged against the population it was drawn from, and the only population at hand are the pairs themselves.
So pairs are drawn with replacement, as from endless traffic that looks like them, and the truth is the mean over all
pairs of the endpoint (Efron 1979). Drawing 200 of 270 pairs without replacement and comparing with all 270 would
flatter every interval; comparing with the other 70 would blame it for their noise.
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from audit.assumptions import exact_decimal
from audit.backtest.prices import Price, Prices
from audit.errors import InputError
from audit.evidence.judged import deciding_pairs
from audit.evidence.statistics import Floats
from audit.evidence.units import SCORED, evened, graded_loss

PAIRS: dict[str, pl.DataType] = {
    "workload_id": pl.String(),
    "endpoint": pl.String(),
    "incumbent_model": pl.String(),
    "candidate_model": pl.String(),
    "incumbent_score": pl.Float64(),
    "candidate_score": pl.Float64(),
    "input_tokens": pl.Int64(),
    "incumbent_output_tokens": pl.Int64(),
    "candidate_output_tokens": pl.Int64(),
    "weight": pl.Float64(),
    "discount": pl.Float64(),
    "drawn_with": pl.String(),
    "parse_failed": pl.Boolean(),
    "grader": pl.String(),
    "stratum": pl.String(),
    "incumbent_human_score": pl.Float64(),
    "candidate_human_score": pl.Float64(),
}
"""What is kept of a pair."""

EMPTY: dict[str, pl.DataType] = {
    "request_id": pl.String(),
    "template_hash": pl.String(),
    "request_date": pl.Date(),
    "observed_on": pl.Date(),
    "input_bin": pl.Int32(),
    "input_tokens_band": pl.Int64(),
}
"""What verdicts read besides and get no value of: a pair that is drawn twice stands for two requests of today."""

_MONEY = pl.Decimal(38, 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What the pairs of an endpoint cost, in USD; the candidate's output at the incumbent's lengths and at its own."""

    list_cost: float
    candidate_input_cost: float
    candidate_output_cost: float
    own_output_cost: float
    tokens: int

    @property
    def saving(self) -> float:
        """What the candidate's own answers save."""
        return self.list_cost - self.candidate_input_cost - self.own_output_cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint with its truth; loss and margin in points of 100."""

    name: str
    pairs: int
    requests: float
    """Sum of the weights of its pairs."""
    margin: float
    loss: float
    is_suspect: bool
    """By the rule for suspect outcomes, over all pairs."""
    bill: Bill | None
    """None where the length of a prompt or an answer, or a price, is not known."""

    @property
    def is_good(self) -> bool:
        """Moving it loses no more than the margin, as far as its scores can be trusted."""
        return self.loss <= self.margin and not self.is_suspect


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """All pairs of one pair of models and one grader, ordered by endpoint."""

    name: str
    source_hash: str
    incumbent: str
    candidate: str
    frame: pl.DataFrame
    endpoints: tuple[Endpoint, ...]

    @property
    def is_priced(self) -> bool:
        """Whether savings can be judged."""
        return all(each.bill is not None for each in self.endpoints)

    def differences(self) -> list[tuple[Floats, Floats]]:
        """Incumbent minus candidate score of every endpoint's deciding pairs, in points of 100, and their weights."""
        difference = 100 * (pl.col("incumbent_score") - pl.col("candidate_score"))
        parts = (
            deciding_pairs(part) for part in self.frame.filter(SCORED).partition_by("endpoint", maintain_order=True)
        )
        return [(part.select(difference).to_series().to_numpy(), part["weight"].to_numpy()) for part in parts]

    def workloads(self) -> pl.DataFrame:
        """One row per endpoint in the columns that verdicts and savings read; without a bill it costs nothing."""
        rows = [_workload(each, self.incumbent) for each in self.endpoints]
        money = dict.fromkeys(("list_cost", "candidate_input_cost", "candidate_output_cost"), _MONEY)
        codes = dict.fromkeys(("gate_reasons", "advisory_reasons"), pl.List(pl.String))
        kinds = dict.fromkeys(rows[0]) | money | codes | {"confirmed_task_type": pl.String}
        return pl.DataFrame(rows, schema=kinds)


def population(
    name: str, source_hash: str, frame: pl.DataFrame, margin_of: Callable[[str], float], prices: Prices
) -> Population:
    """The pairs of one pair of models and one grader; endpoints without a single scored pair have no truth.

    `frame` has the columns of an outcomes file, `input_tokens` and `drawn_with` among them where they are known.
    """
    missing = (pl.lit(None, dtype=kind).alias(column) for column, kind in PAIRS.items() if column not in frame.columns)
    pairs = (
        frame.with_columns(*missing)
        .with_columns(
            workload_id=pl.col("endpoint"),
            weight=pl.col("weight").fill_null(1.0),
            discount=pl.lit(1.0),
            parse_failed=pl.col("parse_failed").fill_null(value=False),
        )
        .select(pl.col(column).cast(kind) for column, kind in PAIRS.items())
    )
    pairs = pairs.filter(SCORED.any().over("endpoint")).sort("endpoint", maintain_order=True)
    if pairs.is_empty():
        raise InputError(f"{name}: no pair has scores, so there is no truth to compare with")
    incumbent, candidate = (str(pairs[column][0]) for column in ("incumbent_model", "candidate_model"))
    before, after = prices(incumbent), prices(candidate)
    parts = [evened(part) for part in pairs.partition_by("endpoint", maintain_order=True)]
    endpoints = tuple(_endpoint(part, margin_of, before, after) for part in parts)
    if all(each.is_suspect for each in endpoints):
        raise InputError(f"{name}: every endpoint is scored implausibly, so there is no truth; check the scorer")
    return Population(
        name=name,
        source_hash=source_hash,
        incumbent=incumbent,
        candidate=candidate,
        frame=pl.concat(parts).with_columns(pl.lit(None, dtype=kind).alias(column) for column, kind in EMPTY.items()),
        endpoints=endpoints,
    )


def _endpoint(
    pairs: pl.DataFrame, margin_of: Callable[[str], float], before: Price | None, after: Price | None
) -> Endpoint:
    name = str(pairs["endpoint"][0])
    margin = margin_of(name)
    whole, _ = graded_loss(pairs.filter(SCORED), margin / 100)
    return Endpoint(
        name=name,
        pairs=pairs.height,
        requests=float(pairs["weight"].sum()),
        margin=margin,
        loss=100 * whole.loss.point,
        is_suspect=whole.is_suspect,
        bill=None if before is None or after is None else _bill(pairs, before, after),
    )


def _bill(pairs: pl.DataFrame, before: Price, after: Price) -> Bill | None:
    """Costs of all pairs by their weights, None where a length is missing."""
    lengths = pairs.select("input_tokens", "incumbent_output_tokens", "candidate_output_tokens")
    if any(lengths.null_count().row(0)):
        return None
    weights = pairs["weight"].to_numpy()
    asked, answered, own = (float(weights @ lengths[column].to_numpy()) for column in lengths.columns)
    return Bill(
        list_cost=asked * before.input + answered * before.output,
        candidate_input_cost=asked * after.input,
        candidate_output_cost=answered * after.output,
        own_output_cost=own * after.output,
        tokens=round(asked + answered),
    )


def _workload(endpoint: Endpoint, incumbent: str) -> dict[str, object]:
    bill = endpoint.bill or Bill(
        list_cost=0.0, candidate_input_cost=0.0, candidate_output_cost=0.0, own_output_cost=0.0, tokens=0
    )
    costs = ("list_cost", "candidate_input_cost", "candidate_output_cost")
    return {
        "workload_id": endpoint.name,
        "endpoint": endpoint.name,
        "model": incumbent,
        "incumbent_model": incumbent,
        "request_count": round(endpoint.requests),
        "usage_tokens": bill.tokens,
        **{name: round(exact_decimal(float(getattr(bill, name))), 12) for name in costs},
        "gate_reasons": [],
        "advisory_reasons": [],
        "margin": endpoint.margin,
        "stakes": "low",
        "confirmed_task_type": None,
    }
