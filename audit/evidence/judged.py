"""What a judge's scores are worth: corrected by people's labels on part of the same pairs, or marked as unverified.

A judge errs, and more judged pairs only make its error more certain: with 97 % sensitivity and 55 % specificity a
nominal 95 % interval over 1,500 judged answers holds the truth 76 % of the time. So people decide, and the judge only
sharpens what they say. Differences are incumbent minus candidate on the 0..1 scale: positive is a quality loss.
"""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from audit.assumptions import Range
from audit.evidence.estimates import QualityLoss, loss_of, paired_columns
from audit.evidence.statistics import Floats, effective_size, paired_mean, tango_interval, tango_p, wilson

JUDGE = "judge:"
"""How the grader of a judged pair begins: `judge:<model>/<hash of the rubric>`."""

MIN_LABELS = 150
"""Human labels from which a judge may sharpen them; with fewer, the correction itself is too uncertain to use."""

SCORES = ("incumbent_score", "candidate_score")
HUMAN_SCORES = ("incumbent_human_score", "candidate_human_score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """Mean human difference of all judged pairs, estimated from a labelled part of them."""

    mean: float
    error: float
    power: float
    """Lambda: 0 leaves the judge aside, 1 trusts its differences one for one."""
    size: float
    """Labels that would carry as much without a judge."""
    square: float
    """Mean squared human difference."""

    @property
    def discordant(self) -> tuple[float, float]:
        """Lost and won pairs of `size` labels with this mean and spread."""
        spread = max(self.square, abs(self.mean))
        return self.size * (spread + self.mean) / 2, self.size * (spread - self.mean) / 2

    def interval(self) -> tuple[float, float]:
        """Score interval at the equivalent number of labels.

        The paper's mean ± z·error covers 92 % at 150 labels, and misses almost only on the side that routes: below
        a true loss of 2 points in one case of six. Tango's interval of as many labels as the correction is worth
        keeps its width and covers 94-97 %, with at most 3 % on either side (tests/test_judged.py).
        """
        return tango_interval(*self.discordant, self.size)

    def p(self, margin: float) -> float:
        """One-sided p-value against "the mean is at least `margin`", of the same statistic."""
        return tango_p(*self.discordant, self.size, margin)


def corrected_mean(
    human: Floats,
    judged: Floats,
    weights: Floats,
    rest: Floats,
    rest_weights: Floats,
    discounts: tuple[Floats, Floats] | None = None,
) -> Corrected:
    """PPI++ of the mean difference. Angelopoulos, Duchi, Zrnic 2023 (arXiv 2311.01453).

    `human` and `judged` are the differences of the n labelled pairs, `rest` the judge's of N others. With
    λ = clip(Cov_n(human, judged) / ((1 + n/N) Var_{n+N}(judged)), 0, 1) the mean is mean_n(human) + λ (mean_N(rest) -
    mean_n(judged)) and its variance Var_n(human - λ judged)/n + λ² Var_N(rest)/N. Sampling weights weight every mean,
    sizes are effective ones (Kish 1965). `discounts` in 0..1 are what the pairs of both parts count for, as in
    `quality_loss`. Needs two labels; without `rest` it is the labels' own mean.
    """
    mine, theirs = discounts or (np.ones(len(human)), np.ones(len(rest)))
    weights, rest_weights = weights * mine, rest_weights * theirs
    plain = paired_mean(human, weights, mine)
    size = effective_size(weights, mine)
    power = _power(human, judged, weights, rest, rest_weights)
    left = paired_mean(human - power * judged, weights, mine)
    others = paired_mean(rest, rest_weights, theirs)
    error = math.hypot(left.error, power * others.error)
    return Corrected(
        mean=float(np.clip(left.mean + power * others.mean, -1.0, 1.0)),
        error=error,
        power=power,
        size=size * (plain.error / error) ** 2 if error > 0 else size,
        square=float((weights * human**2).sum() / weights.sum()),
    )


def _power(human: Floats, judged: Floats, weights: Floats, rest: Floats, rest_weights: Floats) -> float:
    """Lambda; 0 where the judge always says the same or nothing but the labelled pairs was judged."""
    spread = paired_mean(np.concatenate([judged, rest]), np.concatenate([weights, rest_weights]))
    variance = spread.error**2 * effective_size(np.concatenate([weights, rest_weights]))
    others = effective_size(rest_weights)
    if variance <= 0 or others <= 0:
        return 0.0
    share = weights / weights.sum()
    apart = (human - (share * human).sum()) * (judged - (share * judged).sum())
    covariance = float((share * apart).sum()) * len(human) / max(len(human) - 1, 1)
    return float(np.clip(covariance / ((1 + effective_size(weights) / others) * variance), 0.0, 1.0))


def is_judged(pairs: pl.DataFrame) -> bool:
    """Whether these pairs of one grader are a judge's, or carry human labels that go before any grader's scores."""
    if pairs.is_empty():
        return False
    return str(pairs["grader"][0] or "").startswith(JUDGE) or not labelled(pairs).is_empty()


def labelled(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs that a person scored on both sides; none where the frame has no such columns."""
    if not set(HUMAN_SCORES) <= set(pairs.columns):
        return pairs.clear()
    return pairs.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in HUMAN_SCORES))


def judged_loss(pairs: pl.DataFrame, margin: float) -> tuple[QualityLoss, str]:
    """Loss of a judged unit, and the reason code that says what it rests on; `pairs` then counts human labels.

    From MIN_LABELS labels on the judge sharpens them (`judge_corrected`); with fewer they stand alone
    (`judge_few_labels`); without any the judge's own interval is shown and may not route (`judge_unverified`).
    Needs at least one pair, with scores.
    """
    people = labelled(pairs)
    if people.is_empty():
        return loss_of(pairs, margin), "judge_unverified"
    alone = loss_of(deciding_pairs(pairs), margin)
    if people.height < MIN_LABELS:
        return alone, "judge_few_labels"
    rest = pairs.filter(~pl.all_horizontal(pl.col(name).is_not_null() for name in HUMAN_SCORES))
    if rest.is_empty():
        return alone, "judge_corrected"
    (_, _, weights, discounts), (_, _, others, other_discounts) = paired_columns(people), paired_columns(rest)
    result = corrected_mean(
        _difference(deciding_pairs(people)),
        _difference(people),
        weights,
        _difference(rest),
        others,
        (discounts, other_discounts),
    )
    low, high = result.interval()
    size = alone.size
    loss = QualityLoss(
        pairs=people.height,
        loss=Range(low=min(low, result.mean), point=result.mean, high=max(high, result.mean)),
        p=result.p(margin),
        margin=margin,
        variance=result.mean**2 + size * result.error**2,
        mean_absolute=max(alone.mean_absolute, abs(result.mean)),
        is_suspect=alone.is_suspect,
        size=size,
        design_effect=alone.design_effect,
    )
    return loss, "judge_corrected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How often judge and people favour the same answer."""

    labels: int
    share: Range | None
    kappa: Range | None
    """Beyond chance: 0 for a judge that knows nothing of the pair, 1 for one that always agrees."""


def agreement(pairs: pl.DataFrame) -> Agreement:
    """Share of labelled pairs on which judge and people favour the same side (or neither), and Cohen's kappa.

    kappa = (share - chance) / (1 - chance), chance = Σ of the products of both margins. Cohen 1960. Its bounds are
    those of the share (Wilson at the effective size), chance taken as known; None where everybody always says the
    same, or nobody was asked.
    """
    people = labelled(pairs.filter(~pl.col("parse_failed").fill_null(value=False)))
    if people.is_empty():
        return Agreement(labels=0, share=None, kappa=None)
    _, _, weights, _ = paired_columns(people)
    human, judge = (np.sign(_difference(each)) for each in (deciding_pairs(people), people))
    total, size = float(weights.sum()), effective_size(weights)
    share = float(weights[human == judge].sum()) / total
    chance = sum(
        float(weights[human == side].sum()) * float(weights[judge == side].sum()) for side in (-1.0, 0.0, 1.0)
    ) / (total * total)
    low, high = wilson(share * size, size)
    shares = Range(low=min(low, share), point=share, high=max(high, share))
    kappa = None
    if chance < 1 - 1e-12:
        low, point, high = ((each - chance) / (1 - chance) for each in (shares.low, shares.point, shares.high))
        kappa = Range(low=max(-1.0, low), point=point, high=high)
    return Agreement(labels=people.height, share=shares, kappa=kappa)


def judges(pairs: pl.DataFrame) -> list[dict[str, object]]:
    """One document per endpoint, pair of models and judge: pairs, labels, agreement with people; sorted by them."""
    keys = ("endpoint", "incumbent_model", "candidate_model", "grader")
    found: list[dict[str, object]] = []
    for key, part in sorted(pairs.partition_by(keys, as_dict=True).items(), key=lambda item: [str(k) for k in item[0]]):
        if not is_judged(part):
            continue
        result = agreement(part)
        told: dict[str, object] = dict(zip(keys, key, strict=True))
        told["pairs"] = part.height
        told["labels"] = result.labels
        told["agreement"] = None if result.share is None else result.share.to_document()
        told["kappa"] = None if result.kappa is None else result.kappa.to_document()
        found.append(told)
    return found


def deciding_pairs(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs of one grader that decide: where people labelled any, those, with people's scores as the scores."""
    people = labelled(pairs)
    if people.is_empty():
        return pairs
    return people.with_columns(pl.col(human).alias(name) for name, human in zip(SCORES, HUMAN_SCORES, strict=True))


def _difference(pairs: pl.DataFrame) -> Floats:
    incumbent, candidate, _, _ = paired_columns(pairs)
    return incumbent - candidate
