"""The whole method, run again and again on samples of a population: the code that decides a report decides here."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import cast
from zlib import crc32

import numpy as np
import polars as pl
from numpy.typing import NDArray

from audit import sql
from audit.assumptions import Assumptions
from audit.backtest.populations import Population
from audit.evidence.statistics import Floats
from audit.evidence.verdicts import decide
from audit.savings.cascade import refuse_costlier
from audit.savings.projection import Totals, project

SAVING_BOUNDS = (0.05, 0.95)
"""Quantiles of the projected saving that are held against the realised one: a 90 % interval."""

WORLDS = 1000
"""Simulated worlds behind one projection: a quarter of a report's, since thousands of projections are made."""

PLAIN = 10_000
"""Samples that only a mean is taken of: cheap, so that their share is known to half a point."""

_NO_DAYS = pl.DataFrame(
    schema={"usage_date": pl.Date, "endpoint": pl.String, "model": pl.String, "list_cost": pl.Float64}
)

Verdicts = NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What the method said of each sample: arrays of shape (samples, endpoints), losses in points of 100."""

    pairs: int
    """Drawn per endpoint."""
    verdict: Verdicts
    low: Floats
    point: Floats
    high: Floats
    pooled_low: Floats
    pooled_point: Floats
    pooled_high: Floats
    """NaN where nothing is pooled."""
    plain: Floats
    """Mean loss of PLAIN samples drawn apart: what anybody could lean on with this many pairs."""
    saving_low: Floats
    saving_high: Floats
    """Projected saving if the endpoint moved, whatever its verdict."""
    measured: Floats
    expected: Floats
    """Projected saving of the two levels, (samples, 2): low and high."""


def replay(
    population: Population,
    pairs: int,
    *,
    samples: int,
    seed: int,
    assumptions: Assumptions,
    advance: Callable[[int], None],
) -> Replay:
    """Draw `pairs` pairs per endpoint with replacement, `samples` times, and decide each time; the seed fixes all."""
    stream = [seed, pairs, crc32(population.name.encode())]
    generator, plain = np.random.default_rng([*stream, 0]), np.random.default_rng([*stream, 1])
    sizes = np.array([each.pairs for each in population.endpoints])
    firsts = np.cumsum(sizes) - sizes
    workloads, totals = population.workloads(), _totals(population)
    base_rates, task_priors = (pl.read_csv(sql.seeds()[name]) for name in ("paired_workloads", "task_priors"))
    decided: list[pl.DataFrame] = []
    savings: list[Floats] = []
    for index in range(samples):
        drawn = firsts[:, None] + np.floor(generator.random((len(sizes), pairs)) * sizes[:, None]).astype(np.int64)
        verdicts = decide(
            workloads,
            population.frame[drawn.ravel()],
            candidate=population.candidate,
            assumptions=assumptions,
            base_rates=base_rates,
            task_priors=task_priors,
        )
        if population.is_priced:
            verdicts = refuse_costlier(workloads, verdicts, candidate=population.candidate, assumptions=assumptions)
            savings.append(_projected(population, workloads, verdicts, totals, assumptions, seed=index))
        decided.append(verdicts)
        advance(1)
    told = pl.concat(decided)
    money = np.stack(savings) if savings else np.zeros((samples, 2, len(sizes) + 2))

    def column(name: str) -> Floats:
        return told[name].cast(pl.Float64).fill_null(np.nan).to_numpy().reshape(samples, len(sizes))

    means: list[Floats] = []
    for differences, weights in population.differences():
        drawn = plain.integers(0, len(differences), (PLAIN, pairs))
        means.append((weights[drawn] * differences[drawn]).sum(axis=1) / weights[drawn].sum(axis=1))
    return Replay(
        pairs=pairs,
        verdict=cast("Verdicts", told["verdict"].to_numpy().astype(str)).reshape(samples, len(sizes)),
        low=column("quality_loss_low"),
        point=column("quality_loss_point"),
        high=column("quality_loss_high"),
        pooled_low=column("pooled_loss_low"),
        pooled_point=column("pooled_loss_point"),
        pooled_high=column("pooled_loss_high"),
        plain=np.stack(means, axis=1),
        saving_low=money[:, 0, :-2],
        saving_high=money[:, 1, :-2],
        measured=money[:, :, -2],
        expected=money[:, :, -1],
    )


def _projected(
    population: Population,
    workloads: pl.DataFrame,
    verdicts: pl.DataFrame,
    totals: Totals,
    assumptions: Assumptions,
    *,
    seed: int,
) -> Floats:
    """Low and high of the saving of every endpoint if moved, then of the levels measured and expected."""
    found = project(
        workloads,
        verdicts,
        _NO_DAYS,
        candidate=population.candidate,
        assumptions=assumptions,
        totals=totals,
        seed=seed,
        draws=WORLDS,
        bounds=SAVING_BOUNDS,
    )
    by_name = {each.workload_id: each.saving for each in found.workloads}
    ranges = [by_name[each.name] for each in population.endpoints] + [found.measured.window, found.expected.window]
    return np.array([[each.low for each in ranges], [each.high for each in ranges]])


def _totals(population: Population) -> Totals:
    """The pairs are all the traffic there is, in one window of a day."""
    workloads = population.workloads()
    requests, cost = int(workloads["request_count"].sum()), sum(workloads["list_cost"], Decimal(0))
    return Totals(
        requests=requests,
        tokens=int(workloads["usage_tokens"].sum()),
        list_cost=cost,
        window_days=1.0,
        days_observed=1,
    )
