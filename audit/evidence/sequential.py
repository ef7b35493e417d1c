"""Tests that may be looked at every day: evidence that a limit is passed, as wealth that chance can hardly make.

Each function gives log E, where E has a mean of at most 1 as long as the limit holds, however often and whenever one
looks: the chance that E ever reaches 1/alpha is at most alpha (Ville 1939). A test of fixed size repeated over 30 days
alarms in one healthy month of four. Order does not matter: only the sums of what was seen do.

Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon 2021; Waudby-Smith and Ramdas 2024.
"""

import math
from collections.abc import Callable
from typing import cast

import numpy as np
import scipy.special

from audit.evidence.statistics import Floats

_special = cast("dict[str, object]", vars(scipy.special))
_log_beta = cast("Callable[[Floats, Floats], Floats]", _special["betaln"])
_beta_above = cast("Callable[[Floats, Floats, float], Floats]", _special["betaincc"])
_log_sum = cast("Callable[..., Floats]", _special["logsumexp"])

UNIFORM = (1.0, 1.0)
"""Parameters of the Beta distribution that a rate is drawn from when nothing is known of it."""

BETS = 20
"""Fractions of the wealth that are bet on a mean, evenly spread: which of them is best nobody knows before."""

SMALLEST = -700.0
"""Log E where doubles have no smaller number to say it with."""

_BISECTIONS = 50


def rate_evidence(failures: Floats, trials: Floats, limit: float, prior: tuple[float, float] = UNIFORM) -> Floats:
    """Log E against "the rate is at most `limit`", elementwise over counts summed up to each look.

    A Beta mixture of likelihood ratios, cut off at the limit: uncut it would grow under rates below the limit, too.

    >>> [round(math.exp(each), 4) for each in rate_evidence(np.array([10.0, 14]), np.array([100.0, 100]), 0.05)]
    [0.6158, 31.8262]
    """
    alpha, beta = prior
    successes = trials - failures
    ends = (np.asarray(alpha), np.asarray(beta))
    with np.errstate(divide="ignore"):
        mixed = _log_beta(alpha + failures, beta + successes) - _log_beta(*ends)
        cut = np.log(_beta_above(alpha + failures, beta + successes, limit)) - np.log(_beta_above(*ends, limit))
    found = mixed + cut - failures * math.log(limit) - successes * math.log1p(-limit)
    return np.maximum(found, SMALLEST)


def rate_bounds(failures: float, trials: float, level: float) -> Floats:
    """Low and high end of a rate that hold at all looks together with a confidence of 1 - `level`; 0..1 without trials.

    All rates against which the uncut mixture has less than 1/`level`.

    >>> rate_bounds(10, 100, 0.05).round(4).tolist()
    [0.0288, 0.2283]
    """
    if trials <= 0:
        return np.array([0.0, 1.0])
    successes = trials - failures
    ends = (np.asarray(UNIFORM[0]), np.asarray(UNIFORM[1]))
    mixed = float(_log_beta(ends[0] + failures, ends[1] + successes) - _log_beta(*ends))

    def is_refuted(rate: float) -> bool:
        fit = (failures * math.log(rate) if failures else 0.0) + (successes * math.log1p(-rate) if successes else 0.0)
        return mixed - fit >= -math.log(level)

    rate = failures / trials
    low = 0.0 if failures == 0 else _edge(is_refuted, 0.0, rate)
    return np.array([low, 1.0 if successes == 0 else _edge(is_refuted, 1.0, rate)])


def mean_bets(values: Floats, limit: float, weights: Floats | None = None) -> Floats:
    """Log growth of each of the BETS wagers that the mean of `values` in [-1, 1] exceeds `limit`; batches just add up.

    Weights, the inverse chances of having been drawn, are at most 1 (divide by the largest there can be): the mean is
    then the weighted one.
    """
    fractions = np.arange(1, BETS + 1) / ((BETS + 1) * (1 + limit))
    gains = (values - limit) if weights is None else weights * (values - limit)
    return np.log1p(np.outer(fractions, gains)).sum(axis=1)


def mean_evidence(bets: Floats) -> Floats:
    """Log E against "the mean is at most the limit", from log growths of the bets along the last axis."""
    return _log_sum(bets, axis=-1) - math.log(BETS)


def since_any_look(log_e: Floats) -> Floats:
    """Log E of each look, from that of data since look k up to look t, in row k and column t (from 0; k > t is unread).

    A limit may be passed only after many good days, whose evidence would first have to be made up for. So a part
    1 / (k (k + 1)) of the wealth is held back until look k, counted from 1: it is 1 until then, and E stays fair. What
    begins at once has half of the wealth, and pays log 2 for that. Shin, Ramdas and Rinaldo 2022.
    """
    looks = np.arange(1, log_e.shape[1] + 1, dtype=np.float64)
    begun = np.where(looks[:, None] <= looks, log_e - np.log(looks * (looks + 1))[:, None], -np.inf)
    return np.logaddexp(np.logaddexp.reduce(begun, axis=0), -np.log(looks + 1))


def mean_bounds(values: Floats, level: float, weights: Floats | None = None) -> Floats:
    """Low and high end of the mean that hold at all looks together with a confidence of 1 - `level`.

    Either end has half of the level; -1..1 without values.
    """
    if not len(values):
        return np.array([-1.0, 1.0])
    centre = float(np.average(values, weights=weights))
    wanted = -math.log(level / 2)

    def is_too_low(mean: float) -> bool:
        return float(mean_evidence(mean_bets(values, mean, weights))) >= wanted

    def is_too_high(mean: float) -> bool:
        return float(mean_evidence(mean_bets(-values, -mean, weights))) >= wanted

    # At the very ends a bet would risk everything on what cannot happen.
    low, high = -1 + 1e-9, 1 - 1e-9
    return np.array([
        _edge(is_too_low, low, centre) if is_too_low(low) else -1.0,
        _edge(is_too_high, high, centre) if is_too_high(high) else 1.0,
    ])  # fmt: skip


def _edge(is_refuted: Callable[[float], bool], outside: float, inside: float) -> float:
    """Where values stop being refuted on the way from one that is to one that is not."""
    for _ in range(_BISECTIONS):
        middle = (outside + inside) / 2
        if is_refuted(middle):
            outside = middle
        else:
            inside = middle
    return inside
