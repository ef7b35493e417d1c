"""Pairs of several samples of the same traffic: each file's weights count among its own pairs only."""

from typing import cast

import polars as pl
import pytest
from paired import one, outcomes, verdicts, workload, workload_frame

LOSS = ("quality_loss_low", "quality_loss_point", "quality_loss_high", "adjusted_p", "pairs_effective")


def in_file(name: str, weight: float, **counts: int) -> pl.DataFrame:
    return outcomes("chat", **counts, weight=weight).with_columns(outcome_file_hash=pl.lit(name))


def loss(*files: pl.DataFrame) -> list[float]:
    row = one(verdicts(workload_frame(workload("chat")), pl.concat(files)))
    return [cast("float", row[name]) for name in LOSS]


def test_a_small_first_sample_weighs_no_more_than_its_pairs() -> None:
    first, second = {"both": 40, "lost": 10}, {"both": 195, "lost": 5}
    sampled = loss(in_file("first", 20.0, **first), in_file("second", 4.75, **second))
    assert sampled == loss(in_file("all", 1.0, both=235, lost=15))
    assert sampled[1] == pytest.approx(100 * 15 / 250)


def test_within_a_file_weights_count_as_they_are() -> None:
    rare, common = in_file("one", 1.0, both=100), in_file("one", 9.0, both=50, lost=50)
    other = in_file("two", 3.0, both=100)
    assert loss(rare, common)[1] == pytest.approx(100 * 0.9 * 0.5)
    assert loss(rare, common, other)[1] == pytest.approx(100 * 0.9 * 0.5 * 2 / 3)
