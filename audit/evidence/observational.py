"""What a log that already has both models shows of them, side by side: looked at, never counted.

Who sends a request to the cheaper model, and which, was somebody's choice and not a draw. The difference between the
models and the difference between their requests cannot be told apart here, so nothing in this module reaches a verdict
or a saving: it hints at what a replay should look for.
"""

import math
from collections.abc import Mapping
from typing import cast

import polars as pl

from audit.evidence.statistics import CONFIDENCE, student_quantile, wilson

CAVEAT = (
    "Observational: these requests were sent to one model or the other for a reason, so the models differ by what was "
    "asked of them as well as by what they answered. No verdict and no saving uses them."
)

RATES = {
    "error_rate": ("failed_count", "request_count"),
    "truncation_rate": ("truncated_count", "finish_count"),
    "retry_rate": ("retried_count", "retry_known_count"),
}
"""Measure -> count of events and of the requests for which the log says whether it happened."""

MEANS = {
    "feedback_score": "feedback",
    "output_tokens": "output",
    "duration_ms": "duration",
    "time_to_first_chunk_ms": "first_chunk",
}
"""Measure -> prefix of its count, sum and sum of squares."""


def observed(counts: pl.DataFrame, candidate: str) -> dict[str, dict[str, object]]:
    """Both models' measures by workload id, where both were seen; `counts` is the mart `observational_models`.

    Rates with Wilson's interval, means with Student's; a measure is null where the log of a model does not tell it.
    """
    rows = {(str(row["workload_id"]), str(row["model"])): row for row in counts.iter_rows(named=True)}
    found: dict[str, dict[str, object]] = {}
    for (workload, model), row in sorted(rows.items(), key=lambda each: each[0]):
        other = rows.get((workload, candidate))
        if model != candidate and other is not None:
            found[workload] = {
                "incumbent": {"model": model, **_measures(row)},
                "candidate": {"model": candidate, **_measures(other)},
            }
    return found


def _measures(row: Mapping[str, object]) -> dict[str, object]:
    numbers = {name: float(cast("float", value)) for name, value in row.items() if name not in ("workload_id", "model")}
    measures: dict[str, object] = {"requests": int(numbers["request_count"])}
    for name, (events, known) in RATES.items():
        measures[name] = _rate(numbers[events], numbers[known])
    for name, prefix in MEANS.items():
        measures[name] = mean_of(*(numbers[f"{prefix}_{part}"] for part in ("count", "sum", "square_sum")))
    return measures


def _rate(events: float, trials: float) -> dict[str, float] | None:
    if trials == 0:
        return None
    low, high = wilson(events, trials)
    point = events / trials
    return {"low": min(low, point), "point": point, "high": max(high, point), "count": int(trials)}


def mean_of(count: float, total: float, squares: float) -> dict[str, float] | None:
    """Mean of `count` values from their sum and sum of squares; without an interval, low = point = high, for one."""
    if count == 0:
        return None
    point = total / count
    variance = max(0.0, squares / count - point**2)
    half = student_quantile(count - 1, (1 + CONFIDENCE) / 2) * math.sqrt(variance / (count - 1)) if count > 1 else 0.0
    return {"low": point - half, "point": point, "high": point + half, "count": int(count)}
