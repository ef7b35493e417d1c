"""Whatever the pairs: order, names and scale of weights change nothing, copies and age change what they should."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.evidence.ageing import Present
from audit.evidence.estimates import quality_loss
from audit.evidence.statistics import effective_size
from tests.paired import one, pairs, verdicts, workload, workload_frame

SCORE = st.sampled_from([0.0, 0.25, 0.5, 1.0])
BINARY = st.sampled_from([0.0, 1.0])
WEIGHT = st.sampled_from([1.0, 2.0, 5.0])
SINCE = date(2026, 9, 1)
TAG = workload_frame(workload("tag"))
CONTENT = ("verdict", "pairs", "pairs_effective", "pairs_needed", "p_value", "quality_loss_point", "quality_loss_high")


@st.composite
def samples(draw: st.DrawFn, scores: st.SearchStrategy[float] = SCORE, most: int = 60) -> pl.DataFrame:
    """Pairs of one endpoint with weights, days, strata and input lengths."""
    rows = draw(
        st.lists(st.tuples(scores, scores, WEIGHT, st.integers(0, 400), st.integers(15, 24)), min_size=2, max_size=most)
    )
    before, after, weights, days, bins = (list(column) for column in zip(*rows, strict=True))
    return pairs(
        "tag",
        before,
        after,
        weight=pl.Series(weights, dtype=pl.Float64),
        observed_on=pl.Series([SINCE - timedelta(days=day) for day in days]),
        input_bin=pl.Series(bins, dtype=pl.Int64),
        stratum=pl.Series([f"s{each % 2}" for each in bins]),
    )


def said(found: pl.DataFrame) -> dict[str, object]:
    row = one(verdicts(TAG, found, present=Present(since=SINCE)))
    return {name: row[name] for name in CONTENT} | {"reasons": row["reasons"], "strata": row["strata"]}


def same(first: dict[str, object], second: dict[str, object]) -> None:
    """Equal but for the last digits of sums in another order; a count of pairs may differ by one for them."""
    for name, value in first.items():
        if isinstance(value, float):
            assert second[name] == pytest.approx(value, rel=1e-7, abs=1e-9), name
        elif name == "pairs_needed" and isinstance(value, int):
            assert second[name] == pytest.approx(value, abs=1 + 1e-6 * value), name
        elif name != "strata":
            assert second[name] == value, name
    assert (first["strata"] is None) == (second["strata"] is None)


@settings(max_examples=40, deadline=None)
@given(samples(), st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_does_not_matter(found: pl.DataFrame, random: object) -> None:
    order = list(range(found.height))
    random.shuffle(order)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    same(said(found), said(found[order]))


@settings(max_examples=40, deadline=None)
@given(samples(), st.sampled_from([0.001, 0.5, 3.0, 1e6]))
def test_the_scale_of_the_weights_does_not_matter(found: pl.DataFrame, scale: float) -> None:
    same(said(found), said(found.with_columns(pl.col("weight") * scale)))


@settings(max_examples=40, deadline=None)
@given(samples())
def test_the_names_of_pairs_and_strata_do_not_matter(found: pl.DataFrame) -> None:
    renamed = found.with_columns(
        request_id=pl.int_range(pl.len()).cast(pl.String),
        stratum=pl.when(pl.col("stratum") == "s0").then(pl.lit("zebra")).otherwise(pl.lit("ant")),
    )
    same(said(found), said(renamed))


@settings(max_examples=40, deadline=None)
@given(samples(BINARY), st.integers(2, 4))
def test_copies_of_all_pairs_narrow_the_interval_and_leave_the_point(found: pl.DataFrame, copies: int) -> None:
    """Identical pairs are legal and count: whoever adds a file twice under another name is believed."""
    plain = found.with_columns(weight=pl.lit(1.0), observed_on=pl.lit(None, dtype=pl.Date))
    once, many = said(plain), said(pl.concat([plain] * copies))
    assert many["pairs"] == copies * plain.height
    assert many["quality_loss_point"] == pytest.approx(once["quality_loss_point"])
    assert many["quality_loss_high"] <= once["quality_loss_high"] + 1e-9  # pyright: ignore[reportOperatorIssue]


@settings(max_examples=60, deadline=None)
@given(samples(BINARY), st.integers(32, 900))
def test_age_widens_the_interval_around_the_same_point(found: pl.DataFrame, days: int) -> None:
    plain = found.with_columns(weight=pl.lit(1.0), observed_on=pl.lit(SINCE))
    fresh = said(plain)
    old = said(plain.with_columns(observed_on=pl.lit(SINCE - timedelta(days=days))))
    assert old["pairs"] == fresh["pairs"]
    assert old["quality_loss_point"] == pytest.approx(fresh["quality_loss_point"], abs=1e-9)
    assert old["quality_loss_high"] >= fresh["quality_loss_high"] - 1e-9  # pyright: ignore[reportOperatorIssue]
    assert old["pairs_effective"] < fresh["pairs_effective"]  # pyright: ignore[reportOperatorIssue]
    if old["verdict"] == "route":
        assert fresh["verdict"] == "route"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WEIGHT, st.floats(0.05, 1.0)), min_size=1, max_size=40))
def test_a_sample_counts_for_no_more_than_its_pairs(rows: list[tuple[float, float]]) -> None:
    weights, discounts = (np.array(column) for column in zip(*rows, strict=True))
    size = effective_size(weights * discounts, discounts)
    assert 0 < size <= len(rows) + 1e-9
    assert size <= discounts.sum() / discounts.max() * len(rows) + 1e-9
    assert effective_size(discounts, discounts) == pytest.approx(discounts.sum())


@settings(max_examples=60, deadline=None)
@given(samples())
def test_exchanging_the_models_mirrors_the_loss(found: pl.DataFrame) -> None:
    before, after, weights = (found[name].to_numpy() for name in ("incumbent_score", "candidate_score", "weight"))
    one_way, other = quality_loss(before, after, weights, 0.05), quality_loss(after, before, weights, -0.05)
    assert one_way.loss.low == pytest.approx(-other.loss.high, abs=1e-9)
    assert one_way.loss.high == pytest.approx(-other.loss.low, abs=1e-9)
