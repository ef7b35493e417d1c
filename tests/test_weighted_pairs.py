"""Pairs of unequal weight or age: an interval is no narrower than the pairs that carry it."""

import numpy as np
import polars as pl
import pytest

from audit.evidence.estimates import output_ratio
from tests.paired import pairs, verdicts, workload, workload_frame

TAG = workload_frame(workload("tag"))


def stratified(generator: np.random.Generator) -> pl.DataFrame:
    """20 pairs stand for 80 % of the traffic and lose 6.5 %; 40 for the rest, a fifth of them lost, a fifth won."""
    heavy, light = generator.random(20), generator.random(40)
    lost = np.concatenate([heavy < 0.065, light < 0.2])
    won = np.concatenate([np.zeros(20, dtype=bool), light > 0.8])
    weights = np.repeat([0.8 / 20, 0.2 / 40], [20, 40])
    incumbent, candidate = (~won).astype(float).tolist(), (~lost).astype(float).tolist()
    return pairs("tag", incumbent, candidate, weight=pl.Series(weights))


def test_light_pairs_that_differ_do_not_stand_in_for_heavy_ones() -> None:
    """In a quarter of the samples no heavy pair is lost: that is luck, and the light ones say nothing of it."""
    generator = np.random.default_rng(5)
    found = pl.concat([verdicts(TAG, stratified(generator)) for _ in range(200)])
    assert "route" not in found["verdict"]
    held = pl.lit(5.2).is_between("quality_loss_low", "quality_loss_high")
    assert found.filter(held).height >= 0.95 * 200


def lengths(count: int, weights: float | list[float] = 1.0, discount: float = 1.0) -> pl.DataFrame:
    """Lengths of `count` pairs about a ratio of 1.1."""
    generator = np.random.default_rng(5)
    before = generator.lognormal(6, 0.8, count)
    after = before * 1.1 * generator.lognormal(0, 0.43, count)
    return pl.DataFrame({"incumbent_output_tokens": before, "candidate_output_tokens": after}).with_columns(
        weight=pl.Series(np.broadcast_to(weights, count)), discount=pl.lit(discount)
    )


def test_a_length_ratio_of_aged_pairs_is_as_wide_as_one_of_fewer() -> None:
    """Discounted by a, pairs are a times as many: the interval is wider by 1 / sqrt(a), and more for the tail."""
    fresh, aged = output_ratio(lengths(200)), output_ratio(lengths(200, discount=0.25))
    assert fresh is not None
    assert aged is not None
    assert aged.point == pytest.approx(fresh.point)
    assert np.log(aged.high / aged.low) > 1.9 * np.log(fresh.high / fresh.low)


@pytest.mark.parametrize("found", [lengths(12, discount=0.05), lengths(12, [1000.0] + [1.0] * 11)])
def test_lengths_that_count_for_fewer_than_ten_pairs_are_not_believed(found: pl.DataFrame) -> None:
    assert output_ratio(found) is None


def nearly_alike(generator: np.random.Generator, count: int) -> pl.DataFrame:
    """Graded scores a hair apart in every pair, and one answer in seventeen that is lost in full: 5.4 points."""
    loss = np.where(generator.random(count) < 0.06, 0.9, 0.0) + generator.normal(0, 0.02, count)
    return pairs("tag", [0.95] * count, np.clip(0.95 - loss, 0, 1).tolist())


@pytest.mark.parametrize("count", [30, 50, 75, 120])
def test_graded_pairs_that_all_look_alike_do_not_rule_out_a_rare_full_loss(count: int) -> None:
    generator = np.random.default_rng(9)
    found = pl.concat([verdicts(TAG, nearly_alike(generator, count)) for _ in range(400)])
    assert found.filter(verdict="route").height <= 0.025 * 400


def three_points_worse(generator: np.random.Generator, count: int) -> pl.DataFrame:
    """Every graded score some three points lower, and one answer in forty lost in full: 5.2 points."""
    loss = np.where(generator.random(count) < 0.025, 0.9, 0.03) + generator.normal(0, 0.02, count)
    return pairs("tag", [0.95] * count, np.clip(0.95 - loss, 0, 1).tolist())


@pytest.mark.parametrize("count", [75, 100, 140])
def test_where_all_lose_a_little_fewer_rare_losses_are_needed_to_lose_too_much(count: int) -> None:
    generator = np.random.default_rng(9)
    found = pl.concat([verdicts(TAG, three_points_worse(generator, count)) for _ in range(400)])
    assert found.filter(verdict="route").height <= 0.025 * 400


def test_so_few_alike_pairs_say_why_they_do_not_route_and_how_many_do() -> None:
    alike = pairs("tag", [0.95] * 60, [0.94] * 30 + [0.95] * 30)
    (row,) = verdicts(TAG, alike).iter_rows(named=True)
    assert (row["verdict"], row["reasons"][0], row["quality_loss_high"] < row["margin"]) == (
        "pilot",
        "rare_losses",
        True,
    )
    more = pl.concat([alike] * 2)
    assert 0 < row["pairs_needed"] <= 60
    assert verdicts(TAG, more)["verdict"].to_list() == ["route"]
