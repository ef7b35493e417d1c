"""Does the mean of a unit hide parts that differ: a loss in one of them behind a gain in another.

Whatever a unit's own interval says, a router sends every request of it. Where its parts lose clearly different
amounts, and the difference bears on the decision, the unit is not routed as a whole (Simpson 1951); its parts are
listed, and whether a router can tell them apart before it has an answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import polars as pl

from audit.evidence.estimates import (
    IMPLAUSIBLE_GAIN,
    IMPLAUSIBLE_SCORE,
    QualityLoss,
    loss_of,
    paired_columns,
    quality_loss,
)
from audit.evidence.heterogeneity import cochran_p, gail_simon_p, smoothed
from audit.evidence.statistics import holm, wilson

MIN_PART = 15
"""Pairs a part must count for to be held against the others; half of the floor of a verdict."""

ERROR = 0.05
"""How often a unit whose parts are alike may be taken for one whose parts differ."""

Kind = Literal["stratum", "workload", "input_length"]
"""What tells the parts apart: strata of the sample, workloads of a pooled endpoint, thirds by input length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One stratum: its loss, its tests after Holm over the strata, and the input lengths of its pairs."""

    name: str
    loss: QualityLoss
    within_p: float
    above_p: float
    is_suspect: bool
    input_bins: tuple[int, int] | None

    def reading(self, alpha: float) -> Literal["within", "above", "open"]:
        """Side of the margin at one-sided `alpha` over all strata together; a suspect part is never within."""
        if self.above_p <= alpha:
            return "above"
        return "within" if self.within_p <= alpha and not self.is_suspect else "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The input length that separates the parts within the margin from all others."""

    side: Literal["below", "above"]
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The strata of one unit and whether they disagree."""

    kind: Kind
    parts: tuple[Part, ...]
    differ_p: float
    """All strata lose the same. Cochran 1954."""
    sign_p: float
    """No two strata lie on different sides of no loss, or of the margin (the smaller). Gail and Simon 1985."""
    disagree: bool
    cut: Cut | None
    alpha: float

    @property
    def odds(self) -> float:
        """Chance that the unit passes as a whole: it does only if its worst part does."""
        return min(1 - part.loss.p for part in self.parts)

    @property
    def has_suspect(self) -> bool:
        """Some part is scored so oddly that its scorer has to be checked."""
        return any(part.is_suspect for part in self.parts)

    def further_pairs(self, power: float) -> int | None:
        """Pairs still missing in the parts that lie on neither side, None where all do."""
        alpha = self.alpha / len(self.parts)
        missing = [part.loss.further_pairs(alpha, power) for part in self.parts if part.reading(self.alpha) == "open"]
        return sum(missing) or None

    def to_document(self) -> dict[str, object]:
        """The split as the report prints it, losses in points of 100."""
        return {
            "kind": self.kind,
            "disagree": self.disagree,
            "differ_p": self.differ_p,
            "sign_p": self.sign_p,
            "cut_side": None if self.cut is None else self.cut.side,
            "cut_tokens": None if self.cut is None else self.cut.tokens,
            "parts": [
                {
                    "name": part.name,
                    "pairs": part.loss.pairs,
                    "low": 100 * part.loss.loss.low,
                    "point": 100 * part.loss.loss.point,
                    "high": 100 * part.loss.loss.high,
                    "adjusted_p": part.within_p,
                    "reading": "suspect" if part.is_suspect else part.reading(self.alpha),
                }
                for part in self.parts
            ],
        }


def split(pairs: pl.DataFrame, margin: float, alpha: float) -> Split | None:
    """The strata of a unit's pairs of one grader, None where they cannot be told apart into two that are large enough.

    The first labels that make two parts count: strata of the sample, workloads, thirds by input length; one choice,
    made without looking at the scores.
    """
    labels: tuple[tuple[Kind, pl.Series], ...] = (
        ("stratum", pairs["stratum"]),
        ("workload", pairs["workload_id"]),
        ("input_length", input_thirds(pairs["input_bin"])),
    )
    for kind, label in labels:
        if label.drop_nulls().n_unique() < 2:
            continue
        groups = [
            (str(name), group)
            for (name,), group in pairs.with_columns(label.alias("part")).drop_nulls("part").group_by("part")
            if group.height >= MIN_PART
        ]
        losses = [(name, group, loss_of(group, margin)) for name, group in sorted(groups, key=lambda each: each[0])]
        losses = [each for each in losses if each[2].size >= MIN_PART]
        if len(losses) > 1:
            whole = loss_of(pairs, margin)
            return _compare(kind, losses, whole, alpha)
    return None


def input_thirds(input_bins: pl.Series) -> pl.Series:
    """'1 short', '2 middle' or '3 long' by the rank of the input length; equal bins stay together, null stays null."""
    known = input_bins.drop_nulls()
    if known.is_empty():
        return pl.Series([None] * len(input_bins), dtype=pl.String)
    share = (input_bins.rank("average") - 0.5) / max(1, len(known))
    third = (share * 3).floor().clip(0, 2)
    return third.replace_strict({0.0: "1 short", 1.0: "2 middle", 2.0: "3 long"}, return_dtype=pl.String, default=None)


def _compare(
    kind: Kind, found: Sequence[tuple[str, pl.DataFrame, QualityLoss]], whole: QualityLoss, alpha: float
) -> Split:
    losses = [loss for _, _, loss in found]
    within = holm([loss.p for loss in losses])
    above = holm([_above_p(group, loss.margin) for _, group, loss in found])
    parts = tuple(
        Part(
            name=name,
            loss=loss,
            within_p=within[index],
            above_p=above[index],
            is_suspect=_is_suspect(group, loss),
            input_bins=_range(group["input_bin"]),
        )
        for index, (name, group, loss) in enumerate(found)
    )
    estimates = [smoothed(loss.loss.point, loss.variance, loss.size) for loss in losses]
    means, variances = (np.array(values, dtype=np.float64) for values in zip(*estimates, strict=True))
    differ_p = cochran_p(means, variances)
    sign_p = min(gail_simon_p(means, variances), gail_simon_p(means - whole.margin, variances))
    readings = {part.reading(alpha) for part in parts}
    # The first test bounds the error; the others say whether the difference bears on the decision.
    bears = sign_p <= ERROR or readings >= {"above", "within"}
    hidden = "above" in readings and whole.reading != "above"
    return Split(
        kind=kind,
        parts=parts,
        differ_p=differ_p,
        sign_p=sign_p,
        disagree=differ_p <= ERROR and (bears or hidden),
        cut=_cut(parts, alpha),
        alpha=alpha,
    )


def _above_p(pairs: pl.DataFrame, margin: float) -> float:
    """One-sided p-value against "the loss is at most `margin`": the test of the verdict with the models exchanged."""
    before, after, weights, discounts = paired_columns(pairs)
    return quality_loss(after, before, weights, -margin, discounts).p


def _is_suspect(pairs: pl.DataFrame, loss: QualityLoss) -> bool:
    """Implausible with the whole interval of its score, or of its gain: a small part is so by chance too often."""
    before, _, weights, discounts = paired_columns(pairs)
    carried = weights * discounts
    rate = float((before * carried).sum() / carried.sum())
    return wilson(rate * loss.size, loss.size)[1] < IMPLAUSIBLE_SCORE or loss.loss.high < -IMPLAUSIBLE_GAIN


def _range(bins: pl.Series) -> tuple[int, int] | None:
    low, high = cast("tuple[int | None, int | None]", (bins.min(), bins.max()))
    return None if low is None or high is None or bins.has_nulls() else (low, high)


def _cut(parts: Sequence[Part], alpha: float) -> Cut | None:
    """A length below or above which only parts within the margin lie, and all of those; None where there is none."""
    good = [part.input_bins for part in parts if part.reading(alpha) == "within"]
    bad = [part.input_bins for part in parts if part.reading(alpha) != "within"]
    sound, poor = [each for each in good if each is not None], [each for each in bad if each is not None]
    if not sound or not poor or len(sound) + len(poor) < len(parts):
        return None
    if max(high for _, high in sound) < (first := min(low for low, _ in poor)):
        return Cut(side="below", tokens=_tokens(first))
    if max(high for _, high in poor) < (first := min(low for low, _ in sound)):
        return Cut(side="above", tokens=_tokens(first))
    return None


def _tokens(input_bin: int) -> int:
    """Fewest input tokens of a half-octave bin, 2^(bin/2) - 16."""
    return max(0, round(2 ** (input_bin / 2) - 16))
