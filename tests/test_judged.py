"""A judge's scores: what they are worth with people's labels beside them, and that without any they route nothing."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score  # pyright: ignore[reportUnknownVariableType]

from audit.evidence.judged import MIN_LABELS, agreement, corrected_mean, judged_loss, judges
from audit.evidence.statistics import paired_mean_interval
from tests.paired import pairs

Floats = NDArray[np.float64]
LOSING, TIED, WINNING = 1.0, 0.0, -1.0


def ones(like: Floats) -> Floats:
    return np.ones(len(like))


def imperfect(draw: Generator, size: int) -> tuple[Floats, Floats]:
    """Losses by people and by a judge, as in the simulated table: 92 % good, sensitivity 0.97, specificity 0.55."""
    good = draw.random(size) < 0.92
    found_good = np.where(good, draw.random(size) < 0.97, draw.random(size) >= 0.55)
    return 1.0 - good.astype(np.float64), 1.0 - found_good.astype(np.float64)


def three_way(draw: Generator, size: int, lost: float, won: float, attentive: float) -> tuple[Floats, Floats]:
    """Differences by people, and by a judge that looks in a share of cases and else guesses."""
    human = draw.choice([LOSING, TIED, WINNING], p=[lost, 1 - lost - won, won], size=size)
    guess = draw.choice([LOSING, TIED, WINNING], p=[0.3, 0.4, 0.3], size=size)
    return human, np.where(draw.random(size) < attentive, human, guess)


def score(difference: Floats) -> Floats:
    """1 unless the other answer is better."""
    return 1.0 - np.maximum(difference, 0.0)


def outcome_frame(human: Floats, judged: Floats, labels: int, **changes: object) -> pl.DataFrame:
    """Judged pairs with differences as scores, the first `labels` of them labelled."""
    frame = pairs("chat", score(-judged).tolist(), score(judged).tolist(), grader="judge:m/1", **changes)
    known = np.arange(len(human)) < labels
    return frame.with_columns(
        incumbent_human_score=pl.Series(np.where(known, score(-human), np.nan)).fill_nan(None),
        candidate_human_score=pl.Series(np.where(known, score(human), np.nan)).fill_nan(None),
    )


@pytest.mark.parametrize(
    ("labels", "others", "judge_only", "published"), [(60, 600, 0.855, 0.860), (150, 1500, 0.763, 0.921)]
)
def test_the_published_simulation_comes_out_again(
    labels: int, others: int, judge_only: float, published: float
) -> None:
    """2,000 draws; tolerances are three standard errors of both simulations and more."""
    draw, draws, truth = default_rng(7), 2000, 0.08
    covered = {"judge": 0, "wald": 0, "ours": 0}
    narrower = 0.0
    for _ in range(draws):
        human, judged = imperfect(draw, labels + others)
        low, high = paired_mean_interval(judged[labels:])
        covered["judge"] += low <= truth <= high
        people = human[:labels]
        result = corrected_mean(people, judged[:labels], ones(people), judged[labels:], np.ones(others))
        covered["wald"] += abs(result.mean - truth) <= 1.96 * result.error
        low, high = result.interval()
        covered["ours"] += low <= truth <= high
        narrower += result.error / (people.std(ddof=1) / math.sqrt(labels)) if people.any() else 1.0
    assert covered["judge"] / draws == pytest.approx(judge_only, abs=0.03)
    assert covered["wald"] / draws == pytest.approx(published, abs=0.025)
    assert 1 - narrower / draws == pytest.approx(0.155, abs=0.02)
    assert covered["ours"] / draws > 0.93


@pytest.mark.parametrize(("lost", "won"), [(0.02, 0.0), (0.05, 0.0), (0.08, 0.01), (0.10, 0.05), (0.30, 0.28)])
@pytest.mark.parametrize("attentive", [0.5, 0.9])
def test_the_interval_holds_the_truth_and_seldom_ends_below_it(lost: float, won: float, attentive: float) -> None:
    """Ending below the truth is what routes wrongly: nominally 2.5 %, here with three standard errors of 600 draws."""
    draw, draws, truth = default_rng(3), 600, lost - won
    held = below = 0
    for _ in range(draws):
        human, judged = three_way(draw, 150 + 1500, lost, won, attentive)
        low, high = corrected_mean(human[:150], judged[:150], np.ones(150), judged[150:], np.ones(1500)).interval()
        held += low <= truth <= high
        below += high < truth
    assert held / draws > 0.925
    assert below / draws < 0.045


def test_the_formula_is_that_of_the_paper() -> None:
    human, judged = three_way(default_rng(1), 900, 0.2, 0.1, 0.7)
    y, f, rest = human[:200], judged[:200], judged[200:]
    weight = np.cov(y, f, ddof=1)[0, 1] / ((1 + 200 / 700) * np.var(judged, ddof=1))
    result = corrected_mean(y, f, ones(y), rest, ones(rest))
    assert result.power == pytest.approx(weight, rel=1e-12)
    assert result.mean == pytest.approx(y.mean() + weight * (rest.mean() - f.mean()), rel=1e-12)
    variance = np.var(y - weight * f, ddof=1) / 200 + weight**2 * np.var(rest, ddof=1) / 700
    assert result.error**2 == pytest.approx(variance, rel=1e-12)


def test_a_judge_that_says_nothing_changes_nothing() -> None:
    human, _ = three_way(default_rng(2), 200, 0.2, 0.1, 1.0)
    result = corrected_mean(human, np.zeros(200), ones(human), np.zeros(800), np.ones(800))
    assert (result.power, result.mean) == (0.0, pytest.approx(human.mean()))
    assert result.size == pytest.approx(200)


def test_a_judge_that_contradicts_people_is_left_aside() -> None:
    human, _ = three_way(default_rng(2), 1000, 0.2, 0.1, 1.0)
    result = corrected_mean(human[:200], -human[:200], np.ones(200), -human[200:], np.ones(800))
    assert result.power == 0.0


def test_a_perfect_judge_is_worth_nearly_all_that_it_judged() -> None:
    human, _ = three_way(default_rng(2), 2000, 0.2, 0.1, 1.0)
    result = corrected_mean(human[:200], human[:200], np.ones(200), human[200:], np.ones(1800))
    assert result.size == pytest.approx(2000, rel=0.1)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.05, 0.4), st.floats(0.0, 0.4), st.floats(0.1, 50.0))
def test_order_the_unit_of_weights_and_the_names_of_both_sides_change_nothing(
    seed: int, lost: float, won: float, unit: float
) -> None:
    draw = default_rng(seed)
    human, judged = three_way(draw, 400, lost, won, 0.6)
    weights = draw.uniform(0.5, 3.0, 400)
    result = corrected_mean(human[:160], judged[:160], weights[:160], judged[160:], weights[160:])
    order, rest = draw.permutation(160), 160 + draw.permutation(240)
    shuffled = corrected_mean(human[order], judged[order], unit * weights[order], judged[rest], unit * weights[rest])
    assert shuffled.interval() == pytest.approx(result.interval(), abs=1e-9)
    swapped = corrected_mean(-human[:160], -judged[:160], weights[:160], -judged[160:], weights[160:])
    assert swapped.interval() == pytest.approx((-result.interval()[1], -result.interval()[0]), abs=1e-9)
    low, high = result.interval()
    assert -1 <= low <= result.mean <= high <= 1
    assert 0 <= result.power <= 1


def test_a_pair_of_weight_two_moves_the_mean_as_two_pairs_do() -> None:
    human, judged = three_way(default_rng(5), 500, 0.2, 0.1, 0.7)
    weights = default_rng(6).integers(1, 3, 500).astype(float)
    copies = np.repeat(np.arange(500), weights.astype(int))
    first, later = copies[copies < 200], copies[copies >= 200]
    weighted = corrected_mean(human[:200], judged[:200], weights[:200], judged[200:], weights[200:])
    copied = corrected_mean(human[first], judged[first], np.ones(len(first)), judged[later], np.ones(len(later)))
    assert weighted.mean == pytest.approx(copied.mean, abs=0.003)
    assert weighted.error > copied.error, "two copies of a pair are not two pairs"


def test_a_biased_judge_ends_where_people_are_once_enough_were_asked() -> None:
    draw = default_rng(8)
    human, _ = three_way(draw, 3000, 0.12, 0.02, 1.0)
    flattered = np.where((human == LOSING) & (draw.random(3000) < 0.7), TIED, human)
    alone, code = judged_loss(outcome_frame(human, flattered, 0), 0.05)
    assert code == "judge_unverified"
    assert alone.reading == "within", "the judge by itself would route"
    few, code = judged_loss(outcome_frame(human, flattered, MIN_LABELS - 1), 0.05)
    assert (code, few.pairs) == ("judge_few_labels", MIN_LABELS - 1)
    enough, code = judged_loss(outcome_frame(human, flattered, 600), 0.05)
    assert (code, enough.pairs) == ("judge_corrected", 600)
    assert enough.reading == "above"
    assert enough.loss.low <= 0.10 <= enough.loss.high


def test_with_every_pair_labelled_the_judge_has_no_say() -> None:
    human, judged = three_way(default_rng(9), 300, 0.1, 0.05, 0.5)
    found, _ = judged_loss(outcome_frame(human, judged, 300), 0.05)
    assert found.loss.point == pytest.approx(human.mean())
    assert found.pairs == 300


def test_agreement_is_cohens_kappa() -> None:
    human, judged = three_way(default_rng(10), 400, 0.3, 0.2, 0.6)
    found = agreement(outcome_frame(human, judged, 250))
    assert found.labels == 250
    assert found.share is not None
    assert found.kappa is not None
    assert found.share.point == pytest.approx(float((human == judged)[:250].mean()))
    assert found.kappa.point == pytest.approx(float(cohen_kappa_score(human[:250], judged[:250])), abs=1e-12)


def test_the_bounds_of_kappa_hold_the_kappa_of_endless_labels() -> None:
    draw = default_rng(11)
    many = three_way(draw, 400_000, 0.3, 0.2, 0.6)
    truth = float(cohen_kappa_score(*many))
    held = 0
    for _ in range(400):
        kappa = agreement(outcome_frame(*three_way(draw, 120, 0.3, 0.2, 0.6), 120)).kappa
        assert kappa is not None
        held += kappa.low <= truth <= kappa.high
    assert held / 400 > 0.92


def test_kappa_is_undefined_where_everybody_always_says_the_same() -> None:
    found = agreement(outcome_frame(np.zeros(40), np.zeros(40), 40))
    assert found.share is not None
    assert found.share.point == 1.0
    assert found.share.low < 1.0, "forty labels do not prove perfection"
    assert found.kappa is None


def test_every_judge_is_listed_with_or_without_labels_and_other_graders_are_not() -> None:
    human, judged = three_way(default_rng(12), 60, 0.2, 0.1, 0.8)
    frame = pl.concat([
        outcome_frame(human, judged, 0),
        outcome_frame(human, judged, 20, ).with_columns(grader=pl.lit("judge:m/2")),
        outcome_frame(human, judged, 0).with_columns(grader=pl.lit("exact")),
    ])  # fmt: skip
    listed = judges(frame)
    assert [(row["grader"], row["pairs"], row["labels"]) for row in listed] == [
        ("judge:m/1", 60, 0),
        ("judge:m/2", 60, 20),
    ]
    assert listed[0]["agreement"] is None
    assert listed[1]["agreement"] is not None


def test_older_labels_count_for_less_and_say_the_same() -> None:
    human, judged = three_way(default_rng(13), 1200, 0.1, 0.05, 0.7)
    frame = outcome_frame(human, judged, 400)
    fresh, _ = judged_loss(frame.with_columns(discount=pl.lit(1.0)), 0.05)
    older, _ = judged_loss(frame.with_columns(discount=pl.lit(0.25)), 0.05)
    assert older.loss.point == pytest.approx(fresh.loss.point)
    assert older.size == pytest.approx(fresh.size / 4)
    assert older.loss.high - older.loss.low == pytest.approx(2 * (fresh.loss.high - fresh.loss.low), rel=0.1)
