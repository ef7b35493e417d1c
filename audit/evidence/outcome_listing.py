"""What the stored outcomes are, for a person to look at: pairs by endpoint, and how well the incumbent repeats."""

import math
from collections.abc import Collection, Iterable
from typing import cast

import numpy as np
import polars as pl

from audit import sql
from audit.errors import UnknownNameError
from audit.evidence.judged import judges
from audit.evidence.statistics import Floats, effective_size, paired_mean_interval, wilson
from audit.warehouse import Warehouse

GROUP = ("endpoint", "incumbent_model", "candidate_model", "grader", "scope")
AGREEMENT = ("self_agreement_low", "self_agreement_point", "self_agreement_high")
NONE = (None, None, None)
SELF = ("endpoint", "incumbent_model", "grader", "scope")


def stored_outcomes(warehouse: Warehouse, endpoints: Collection[str] = ()) -> list[dict[str, object]]:
    """One row per endpoint, pair of models and grader; `kind` is 'pairs', or 'noise ceiling' for the incumbent twice.

    Means are unweighted, over the pairs both of whose answers could be read; `incumbent_failures` are in no verdict.
    Costs are in USD; `judge` says how far people agree with one, null for other graders. With `endpoints` only theirs;
    UnknownNameError for one without outcomes.
    """
    frame = warehouse.frame(
        f"""
        select
            case when incumbent_model = candidate_model then 'noise ceiling' else 'pairs' end as kind,
            {", ".join(GROUP)},
            count(*) filter (where incumbent_failed is not true) as pairs,
            avg(incumbent_score) filter (where incumbent_failed is not true) as incumbent_mean,
            avg(candidate_score) filter (where incumbent_failed is not true) as candidate_mean,
            count(*) filter (where parse_failed) as parse_failures,
            count(*) filter (where incumbent_failed) as incumbent_failures,
            sum(replay_cost) as replay_cost,
            sum(judge_cost) as judge_cost,
            cast(min(observed_on) as varchar) as observed_from,
            cast(max(observed_on) as varchar) as observed_to
        from paired_outcomes
        group by all
        order by kind desc, {", ".join(GROUP)}
        """
    )
    agreements = self_agreement(warehouse)
    checked = {
        tuple(each[name] for name in GROUP[:-1]): each
        for each in judges(warehouse.frame("select * from paired_outcomes where incumbent_failed is not true"))
    }
    rows: list[dict[str, object]] = []
    for row in cast("Iterable[dict[str, object]]", frame.iter_rows(named=True)):
        is_pair = row["kind"] == "pairs"
        own = NONE if is_pair else agreements.get(cast("tuple[str, ...]", tuple(row[name] for name in SELF)), NONE)
        told = dict(zip(AGREEMENT, own, strict=True))
        rows.append(row | told | {"judge": checked.get(tuple(row[name] for name in GROUP[:-1]))})
    known = {str(row["endpoint"]) for row in rows if row["endpoint"]}
    for name in endpoints:
        if name not in known:
            raise UnknownNameError("endpoint with outcomes", name, known)
    return [row for row in rows if not endpoints or row["endpoint"] in endpoints]


def self_agreement(warehouse: Warehouse) -> dict[tuple[str, ...], tuple[float, float, float]]:
    """The noise ceiling: how far the incumbent agrees with itself, asked the same twice, with its 95 % interval.

    Agreement of one pair is 1 - |difference of the scores|, an answer that could not be read agrees with nothing. No
    candidate can be told from a perfect one above this. Keys are the values of SELF.
    """
    frame = warehouse.frame(f"select * from ({sql.find('self_agreement').select}) order by all")
    return {
        key: agreement_interval(*(part[name].cast(pl.Float64).to_numpy() for name in ("agreement", "weight")))
        for key, part in frame.partition_by(*SELF, as_dict=True).items()
    }


def agreement_interval(agreement: Floats, weights: Floats) -> tuple[float, float, float]:
    """Low, weighted mean and high: Wilson at the effective size for 0/1 agreement, else Student within 0..1.

    Where all agree, Student would say that nothing is uncertain: the hull of both is taken. Wilson 1927, Kish 1965.

    >>> [round(value, 3) for value in agreement_interval(np.array([1.0] * 48 + [0.0] * 2), np.ones(50))]
    [0.865, 0.96, 0.989]
    """
    point = math.fsum(weights * agreement) / math.fsum(weights)
    size = effective_size(weights)
    low, high = wilson(point * size, size)
    if not np.isin(agreement, (0.0, 1.0)).all():
        student = paired_mean_interval(agreement, weights)
        low, high = (min(low, student[0]), max(high, student[1])) if np.ptp(agreement) == 0 else student
    return max(0.0, min(low, point)), point, min(1.0, max(high, point))
