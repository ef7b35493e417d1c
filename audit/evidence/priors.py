"""What is believed about a workload before anyone has measured it: always wide, never enough to route.

Token shape and guessed names say next to nothing about quality, so an unmeasured workload gets the base rate of
public paired workloads, whatever it looks like. A published range is used only for a task type a person confirmed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import numpy as np
import polars as pl

from audit.assumptions import Margins, Printed, Range

PSEUDO_PAIRS = {"strong": 20, "medium": 10, "weak": 4}
"""How many observed workloads a published range counts for; fifty real pairs must outweigh any of them."""

MAY_KEEP = ("strong", "medium")
"""Strengths that may end the question with `keep`; a weak range only lowers the odds of a pilot."""

_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Beta(alpha, beta) for the probability that the quality loss stays within the margin."""

    alpha: float
    beta: float
    is_published: bool
    is_above_margin: bool = False

    @property
    def mean(self) -> float:
        """Probability of passing."""
        return self.alpha / (self.alpha + self.beta)


def model_family(model: str) -> str:
    """The model name without its date.

    >>> model_family("gpt-4o-2024-08-06"), model_family("claude-3-5-haiku-20241022"), model_family("gpt-4o-mini")
    ('gpt-4o', 'claude-3-5-haiku', 'gpt-4o-mini')
    """
    return _DATED.sub("", model)


def base_rate(paired_workloads: pl.DataFrame, margin: float) -> Prior:
    """Share of public paired workloads whose loss is within `margin` points, with as much weight as it deserves.

    Mean (x + 1/2) / (n + 1) for x of n workloads (Jeffreys). Strength: the number of separate sources, not of
    workloads. Nothing learnt on one source's tasks transfers to another's, so a user's traffic resembles one more
    source; with two sources the 95 % range of the prior runs from almost never to almost always.
    """
    within = paired_workloads.filter(pl.col("quality_loss") <= margin).height
    mean = (within + 0.5) / (paired_workloads.height + 1)
    strength = max(1, paired_workloads["source"].n_unique())
    return Prior(alpha=mean * strength, beta=(1 - mean) * strength, is_published=False)


def published(task_priors: pl.DataFrame, task_type: str, incumbent: str, candidate: str, margin: float) -> Prior | None:
    """Prior from the published range of a confirmed task type; None where none covers this pair of models.

    The loss is read as half the time below the point and always inside low..high, so P(loss <= margin) is linear
    between them; it enters a Jeffreys Beta with the pseudo-pairs of the range's strength.
    """
    row = _published_row(task_priors, task_type, incumbent, candidate)
    if row is None:
        return None
    low, point, high = (float(cast("float", row[f"quality_loss_{bound}"])) for bound in ("low", "point", "high"))
    strength = cast("str", row["strength"])
    within = float(np.interp(margin, [low, point, high], [0.0, 0.5, 1.0])) * PSEUDO_PAIRS[strength]
    return Prior(
        alpha=0.5 + within,
        beta=0.5 + PSEUDO_PAIRS[strength] - within,
        is_published=True,
        is_above_margin=strength in MAY_KEEP and low > margin,
    )


def expected_losses(
    workloads: pl.DataFrame, candidate: str, *, base_rates: pl.DataFrame, task_priors: pl.DataFrame
) -> dict[str, Range]:
    """Quality loss of every workload as a fraction, before anyone measured it; doing better counts as no loss.

    The published range of a confirmed task type, else the median and the extremes of the public paired workloads.
    """
    public = np.quantile(base_rates["quality_loss"].cast(pl.Float64).to_numpy(), (0.0, 0.5, 1.0))
    found: dict[str, Range] = {}
    asked = workloads.select("workload_id", "incumbent_model", "confirmed_task_type").iter_rows()
    for name, incumbent, task_type in cast("Iterable[tuple[str, str, str | None]]", asked):
        row = None if task_type is None else _published_row(task_priors, task_type, incumbent, candidate)
        ends = public if row is None else [row[f"quality_loss_{bound}"] for bound in ("low", "point", "high")]
        low, point, high = (max(0.0, float(cast("float", end))) / 100 for end in ends)
        found[name] = Range(low=low, point=point, high=high)
    return found


def _published_row(
    task_priors: pl.DataFrame, task_type: str, incumbent: str, candidate: str
) -> dict[str, object] | None:
    rows = task_priors.filter(
        (pl.col("task_type") == task_type)
        & (pl.col("incumbent_model") == model_family(incumbent))
        & (pl.col("candidate_model") == model_family(candidate))
        & pl.col("quality_loss_point").is_not_null()
        & pl.col("strength").is_in(list(PSEUDO_PAIRS))
    )
    if rows.is_empty():
        return None
    return rows.row(0, named=True)


def base_rate_document(paired_workloads: pl.DataFrame, margins: Margins) -> list[Printed]:
    """The base rate at each margin as printable assumptions."""
    sources = paired_workloads["source"].n_unique()
    told = (
        f"{paired_workloads.height} public paired workloads of {sources} sources (queries/seeds/paired_workloads.csv)"
    )
    return [
        {
            "name": f"base_rate_within_{margin:g}_points",
            "value": base_rate(paired_workloads, margin).mean,
            "source": told,
        }
        for margin in sorted({margins.low, margins.normal, margins.core}, reverse=True)
    ]
