"""When a stop rule fires: what was seen day by day, against a limit, as often looked at as anybody likes.

A rule that has once fired has fired: its evidence is looked at after every day, and the highest counts. With the alphas
of a stage's rules adding up to 5 %, at most 5 % of the stages in which every limit holds are ever stopped. Requests are
taken to fail one by one: an outage is more evidence than it would be if they did, and stops the stage, as it should.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from audit.evidence.sequential import BETS, UNIFORM, mean_bets, mean_evidence, rate_evidence, since_any_look
from audit.evidence.statistics import Floats

SURE = 1e-6
"""Limits of a rate closer than this to 0 or 1 are moved here: the logarithm of impossible is no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What a rule has come to."""

    log_e: float
    """Evidence on the last day."""
    peak: float
    """The most on any day; 0 without days."""
    threshold: float
    fired_on: date | None


def watch_rate(days: Sequence[date], events: Floats, trials: Floats, *, limit: float, alpha: float) -> Watch:
    """A rate against its limit, from counts of each day.

    Two mixtures, half each: any rate above the limit is as likely as another, or those not far above it are likeliest.
    The first finds an outage within hours, the second a doubled error rate in two thirds of the time of the first.
    """
    limit = min(max(limit, SURE), 1 - SURE)
    begun = np.triu_indices(len(days))
    failed, tried = _since_each_day(events)[begun], _since_each_day(trials)[begun]
    mixtures = [rate_evidence(failed, tried, limit, prior) for prior in (UNIFORM, (1.0, (1 - limit) / limit))]
    log_e = np.zeros((len(days), len(days)))
    log_e[begun] = np.logaddexp(*mixtures) - math.log(2)
    return _watch(days, since_any_look(log_e), alpha)


def watch_mean(
    days: Sequence[date], values: Sequence[Floats], weights: Sequence[Floats], *, limit: float, alpha: float
) -> Watch:
    """A mean loss against its limit, both from -1 to 1, from the values of each day with weights of at most 1."""
    bets = [mean_bets(value, limit, weight) for value, weight in zip(values, weights, strict=True)]
    return _watch(days, since_any_look(mean_evidence(_since_each_day(np.array(bets).reshape(-1, BETS)))), alpha)


def _since_each_day(values: Floats) -> Floats:
    """Sums from the day of the row to the day of the column; below the diagonal they mean nothing."""
    sums = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
    return sums[None, 1:] - sums[:-1, None]


def _watch(days: Sequence[date], log_e: Floats, alpha: float) -> Watch:
    threshold = -math.log(alpha)
    reached = np.flatnonzero(log_e >= threshold)
    return Watch(
        log_e=float(log_e[-1]) if len(log_e) else 0.0,
        peak=float(log_e.max()) if len(log_e) else 0.0,
        threshold=threshold,
        fired_on=days[int(reached[0])] if len(reached) else None,
    )
