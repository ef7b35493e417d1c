"""What a replay showed, against the truth: shares of samples, every endpoint counting as much as any other.

Only the amounts (saving, realised loss, regret) weigh endpoints by their traffic.
"""

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from audit.backtest.populations import Endpoint, Population
from audit.backtest.replay import Replay
from audit.evidence.statistics import Floats

_ROUNDING = 1e-9
"""Points; a bound that equals the truth covers it, whatever the order of a sum."""


class Worst(TypedDict):
    """The endpoint at which a share is farthest from what it should be."""

    endpoint: str
    share: float


class Coverage(TypedDict):
    """How often an interval contains the truth: over all endpoints, and at the endpoint where it does least often."""

    share: float
    lowest: Worst


class Decisions(TypedDict):
    """Shares of verdicts: right, wrong and undecided add up to 1. None where every endpoint is an artefact."""

    right: float | None
    wrong: float | None
    undecided: float | None
    right_of_decided: float | None


class Leaning(TypedDict):
    """How often an estimate falls on the side of the margin where the truth is.

    `plain` is the mean of as many pairs drawn apart from the method: what these data allow.
    """

    own: float
    pooled: float | None
    plain: float


class FalseRoutes(TypedDict):
    """Shares of verdicts on endpoints that lose more than the margin, or whose scores are an artefact."""

    share: float | None
    """None where no endpoint loses more than its margin."""
    worst: Worst | None
    if_pooled_decided: float | None
    """Upper end of the pooled interval within the margin: what sharing would let through, without Holm."""
    if_own_decided: float | None
    """The same for each endpoint's own interval, without Holm."""
    suspect: float | None
    """Share of verdicts `route` on suspect endpoints."""


class Sharing(TypedDict):
    """Estimates of endpoints together against each alone, over the samples that have both; points of 100."""

    mean_error: float
    mean_error_alone: float
    error_saved: float
    coverage: Coverage
    width: float
    width_alone: float


class Amounts(TypedDict):
    """Consequences for the whole traffic, averaged over samples, as shares of requests or of cost."""

    routed_request_share: float
    oracle_request_share: float
    realised_loss: float
    """Points of 100 over all requests, routed or not."""
    saving: float | None
    """Share of cost that the routed endpoints save with the candidate's own answers; false routes save nothing."""
    oracle_saving: float | None
    regret: float | None
    """Share of cost that an oracle, knowing every true loss, would have saved in addition."""


class SavingCoverage(TypedDict):
    """How often a 90 % interval of a projected saving contains the realised one; None without lengths or prices."""

    if_moved: float | None
    """Each endpoint, whatever its verdict."""
    measured: float | None
    """Total of what is routed, over samples that route anything."""
    expected: float | None
    """Total of all endpoints that are not kept and truly lose no more than the margin."""
    samples_that_route: float


class Figures(TypedDict):
    """Everything about one number of pairs per endpoint."""

    pairs: int
    endpoints_with_fewer_pairs: int
    """Endpoints of which more pairs are drawn than there are: some are drawn twice and more."""
    coverage: Coverage
    width: float
    """Mean width of the intervals, points of 100."""
    decisions: Decisions
    leaning: Leaning
    false_routes: FalseRoutes
    sharing: Sharing | None
    amounts: Amounts
    saving_coverage: SavingCoverage


def figures(population: Population, replay: Replay) -> Figures:
    """The figures of one replay."""
    ends = population.endpoints
    truth, margin = np.array([each.loss for each in ends]), np.array([each.margin for each in ends])
    return {
        "pairs": replay.pairs,
        "endpoints_with_fewer_pairs": sum(each.pairs < replay.pairs for each in ends),
        "coverage": _coverage(_covers(replay.low, replay.high, truth), ends),
        "width": float(np.nanmean(replay.high - replay.low)),
        "decisions": _decisions(replay, ends),
        "leaning": {
            "own": _leaning(replay.point, truth, margin),
            "pooled": None if np.isnan(replay.pooled_point).all() else _leaning(replay.pooled_point, truth, margin),
            "plain": _leaning(replay.plain, truth, margin),
        },
        "false_routes": _false_routes(replay, ends, margin),
        "sharing": _sharing(replay, ends, truth),
        "amounts": _amounts(replay, ends, is_priced=population.is_priced),
        "saving_coverage": _saving_coverage(replay, ends, is_priced=population.is_priced),
    }


Flags = NDArray[np.bool_]


def _covers(low: Floats, high: Floats, truth: Floats) -> Floats:
    """1 where the interval contains the truth, 0 where not, NaN where there is no interval."""
    inside = (low - _ROUNDING <= truth) & (truth <= high + _ROUNDING)
    return np.where(np.isnan(low), np.nan, inside)


def _coverage(covers: Floats, ends: tuple[Endpoint, ...]) -> Coverage:
    shares = {
        end.name: float(np.nanmean(covers[:, place]))
        for place, end in enumerate(ends)
        if not np.isnan(covers[:, place]).all()
    }
    least = min(shares, key=lambda name: shares[name])
    mean = sum(shares.values()) / len(shares)
    return {"share": mean, "lowest": {"endpoint": least, "share": shares[least]}}


def _leaning(point: Floats, truth: Floats, margin: Floats) -> float:
    known = ~np.isnan(point)
    return float(((point <= margin) == (truth <= margin))[known].mean())


def _decisions(replay: Replay, ends: tuple[Endpoint, ...]) -> Decisions:
    """Right is `route` where the truth is within the margin and `keep` where it is above; artefacts have no right."""
    asked = np.array([not each.is_suspect for each in ends])
    good = np.array([each.is_good for each in ends])[asked]
    verdict = replay.verdict[:, asked]
    if not asked.any():
        return {"right": None, "wrong": None, "undecided": None, "right_of_decided": None}
    undecided = float((verdict == "pilot").mean())
    right = float(((verdict == "route") & good | (verdict == "keep") & ~good).mean())
    decided = 1 - undecided
    return {
        "right": right,
        "wrong": decided - right,
        "undecided": undecided,
        "right_of_decided": right / decided if decided > 0 else None,
    }


def _false_routes(replay: Replay, ends: tuple[Endpoint, ...], margin: Floats) -> FalseRoutes:
    bad = np.array([not each.is_good and not each.is_suspect for each in ends])
    suspect = np.array([each.is_suspect for each in ends])
    routed = (replay.verdict == "route").mean(axis=0)
    worst = int(np.where(bad, routed, -1.0).argmax())
    return {
        "share": _mean(routed[bad]),
        "worst": {"endpoint": ends[worst].name, "share": float(routed[worst])} if bad.any() else None,
        "if_pooled_decided": _mean((replay.pooled_high <= margin)[:, bad][~np.isnan(replay.pooled_high[:, bad])]),
        "if_own_decided": _mean((replay.high <= margin)[:, bad]),
        "suspect": _mean(routed[suspect]),
    }


def _mean(values: Floats | Flags) -> float | None:
    return float(values.mean()) if values.size else None


def _sharing(replay: Replay, ends: tuple[Endpoint, ...], truth: Floats) -> Sharing | None:
    sound = np.array([not each.is_suspect for each in ends])  # an artefact has no truth that others could tell
    both = ~np.isnan(replay.pooled_point) & sound
    if not both.any():
        return None
    together, alone = np.abs(replay.pooled_point - truth)[both].mean(), np.abs(replay.point - truth)[both].mean()
    return {
        "mean_error": float(together),
        "mean_error_alone": float(alone),
        "error_saved": float(1 - together / alone) if alone else 0.0,
        "coverage": _coverage(np.where(both, _covers(replay.pooled_low, replay.pooled_high, truth), np.nan), ends),
        "width": float((replay.pooled_high - replay.pooled_low)[both].mean()),
        "width_alone": float((replay.high - replay.low)[both].mean()),
    }


def _amounts(replay: Replay, ends: tuple[Endpoint, ...], *, is_priced: bool) -> Amounts:
    good = np.array([each.is_good for each in ends])
    requests = np.array([each.requests for each in ends]) / sum(each.requests for each in ends)
    routed = replay.verdict == "route"
    losses = requests * np.array([each.loss for each in ends])
    saving = oracle = None
    if is_priced:
        cost = sum(each.bill.list_cost for each in ends if each.bill is not None)
        possible = np.maximum(0.0, _true_savings(ends)) * good / cost
        saving, oracle = float((routed @ possible).mean()), float(possible.sum())
    return {
        "routed_request_share": float((routed @ requests).mean()),
        "oracle_request_share": float(good @ requests),
        "realised_loss": float((routed @ losses).mean()),
        "saving": saving,
        "oracle_saving": oracle,
        "regret": None if oracle is None or saving is None else oracle - saving,
    }


def _true_savings(ends: tuple[Endpoint, ...]) -> Floats:
    return np.array([0.0 if each.bill is None else each.bill.saving for each in ends])


def _saving_coverage(replay: Replay, ends: tuple[Endpoint, ...], *, is_priced: bool) -> SavingCoverage:
    """A routed endpoint that loses more than the margin will be moved back and saves nothing."""
    routed = replay.verdict == "route"
    some = np.flatnonzero(routed.any(axis=1))
    share = len(some) / len(routed)
    if not is_priced:
        return {"if_moved": None, "measured": None, "expected": None, "samples_that_route": share}
    saving = _true_savings(ends)
    passing = np.maximum(0.0, saving) * np.array([each.is_good for each in ends])
    measured = _covers(replay.measured[:, 0], replay.measured[:, 1], routed @ passing)[some]
    expected = _covers(replay.expected[:, 0], replay.expected[:, 1], (replay.verdict != "keep") @ passing)
    return {
        "if_moved": _mean(_covers(replay.saving_low, replay.saving_high, saving)),
        "measured": _mean(measured),
        "expected": _mean(expected),
        "samples_that_route": share,
    }
