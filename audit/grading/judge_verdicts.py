"""What a judge replied -> scores of every pair, and how far the judge is to be trusted.

Each verdict gives an answer 1 unless the other is judged better; a pair gets the mean of both orders. So the quality
loss is the share of requests whose answer is judged worse on the candidate minus the share judged better, in points of
100 and comparable with the margin of any 0/1 score. The 1 to 10 scores are no part of it: they hang on the rubric's
scale, while better or worse is what people can label too. They only have to agree with the verdict.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from audit.assumptions import Range
from audit.evidence.estimates import quality_loss
from audit.grading.answers import Reply
from audit.grading.message import Answer
from audit.grading.values import mapping
from audit.sampling.manifest import ORDERS, Role

Place = Literal["first", "second", "tie"]
_PLACES: Mapping[str, Place] = {"A": "first", "B": "second", "tie": "tie"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One verdict: the place that won."""

    winner: Place


def comparison(answer: Answer) -> Comparison | str:
    """The verdict in a judge's reply, or why it is none."""
    if answer.failure is not None:
        return answer.failure
    try:
        found = mapping(cast("object", json.loads(answer.text)))
    except (ValueError, RecursionError):
        return "not the JSON asked for"
    winner = _PLACES.get(str(found.get("verdict")))
    scores = [found.get("score_A"), found.get("score_B")]
    if winner is None or not all(isinstance(s, int) and not isinstance(s, bool) and 1 <= s <= 10 for s in scores):
        return "not the JSON asked for"
    first, second = cast("list[int]", scores)
    if (winner == "first" and first < second) or (winner == "second" and second < first):
        return "verdict and scores contradict each other"
    return Comparison(winner=winner)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairVerdict:
    """Both orders of one pair: incumbent first, then candidate first."""

    comparisons: tuple[Comparison, Comparison]

    @property
    def differences(self) -> tuple[int, int]:
        """1 where the incumbent's answer is judged better, -1 where the candidate's, in either order."""
        signs = {"first": 1, "second": -1, "tie": 0}
        one, other = self.comparisons
        return signs[one.winner], -signs[other.winner]

    @property
    def scores(self) -> tuple[float, float]:
        """Incumbent's and candidate's score: 1 unless the other is better, mean of both orders."""
        return (
            sum(each >= 0 for each in self.differences) / 2,
            sum(each <= 0 for each in self.differences) / 2,
        )

    @property
    def is_inconsistent(self) -> bool:
        """The two orders name different answers as the better one."""
        return sum(self.differences) == 0 and any(self.differences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """All pairs that a judge compared in both orders, and the count of its replies by what became of them."""

    pairs: Mapping[str, PairVerdict]
    unreadable: frozenset[str]
    """Pairs without a readable verdict in one order: an outcome of their own."""
    missing: tuple[str, ...]
    """Custom ids that got no answer and have to be asked again."""
    reasons: Mapping[str, int]

    @property
    def inconsistent(self) -> int:
        """Pairs whose verdict turned with the order."""
        return sum(verdict.is_inconsistent for verdict in self.pairs.values())

    @property
    def position_bias(self) -> Range | None:
        """Share of wins of the first place minus a half, a tie counting half to each place.

        0 is fair, +0.5 always prefers what it reads first. The interval is over pairs, since the two verdicts of one
        depend on each other. Zheng et al. 2023 (arXiv 2306.05685).
        """
        if not self.pairs:
            return None
        wins = [[each.winner for each in verdict.comparisons] for verdict in self.pairs.values()]
        first, second = (np.array([mine.count(place) / 2 for mine in wins]) for place in ("first", "second"))
        lean = quality_loss(first, second, np.ones(len(wins)), margin=1.0).loss
        return Range(low=lean.low / 2, point=lean.point / 2, high=lean.high / 2)


def judged(replies: Mapping[tuple[str, Role], Reply], asked: frozenset[str]) -> Judged:
    """The verdicts on the pairs `asked` about."""
    pairs: dict[str, PairVerdict] = {}
    unreadable: set[str] = set()
    missing: list[str] = []
    reasons: Counter[str] = Counter()
    for sample_id in sorted(asked):
        found: list[Comparison] = []
        is_answered = True
        for order in ORDERS:
            reply = replies.get((sample_id, order))
            if reply is None or reply.answer is None:
                is_answered = False
                missing.append(f"{sample_id}-{order}")
                continue
            verdict = comparison(reply.answer)
            if isinstance(verdict, str):
                reasons[verdict] += 1
            else:
                found.append(verdict)
        if len(found) == len(ORDERS):
            pairs[sample_id] = PairVerdict(comparisons=(found[0], found[1]))
        elif is_answered:
            unreadable.add(sample_id)
    return Judged(pairs=pairs, unreadable=frozenset(unreadable), missing=tuple(missing), reasons=dict(reasons))
