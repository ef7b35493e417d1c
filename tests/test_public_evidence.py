"""What public data say: the shipped priors can be recomputed, and verdicts err no more often than they may."""

import numpy as np
import polars as pl
import pytest

from audit.assumptions import Assumptions
from audit.evidence.priors import base_rate, base_rate_document, published
from audit.evidence.reasons import REASONS
from audit.evidence.statistics import beta_quantile, tango_interval
from tests.paired import (
    BASE_RATES,
    BIG,
    DATA,
    PUBLISHED,
    SMALL,
    TASK_PRIORS,
    one,
    outcomes,
    pairs,
    public_verdicts,
    verdicts,
    workload,
    workload_frame,
)

Z0513, Z0806 = "zeroeval_gpt4o0513_vs_mini.csv", "zeroeval_gpt4o0806_vs_mini.csv"
SHABERI, ROUTELLM = "shaberi_ja_gpt4o0513_vs_mini.csv", "routellm_gpt4turbo_vs_mixtral.csv"


def share(mask: pl.Series) -> float:
    """How often `mask` is true."""
    return float(mask.sum()) / len(mask)


def test_published_losses_are_recovered_from_the_pairs() -> None:
    found = public_verdicts(Z0513, 5.0)
    points = dict(found.select("workload_id", pl.col("quality_loss_point").round(1)).rows())
    # crux is exactly 82 of 800, 10.25
    assert points == pytest.approx({"gsm": 1.1, "math-l5": 2.6, "numersense-v2": 9.2, "crux": 10.2}, abs=0.051)


def unadjusted(file: str, margin: float) -> tuple[int, int, int]:
    """(route, pilot, keep) by the intervals alone."""
    found = public_verdicts(file, margin)
    route = found.filter(pl.col("quality_loss_high") <= margin).height
    keep = found.filter(pl.col("quality_loss_low") > margin).height
    return route, found.height - route - keep, keep


@pytest.mark.parametrize(
    ("file", "margin", "counts"),
    [
        (Z0513, 5.0, (1, 1, 2)),
        (Z0513, 2.0, (0, 2, 2)),
        (Z0513, 1.0, (0, 2, 2)),
        (Z0806, 5.0, (1, 1, 1)),
        (Z0806, 2.0, (0, 2, 1)),
        (Z0806, 1.0, (0, 2, 1)),
        (SHABERI, 5.0, (0, 4, 0)),
        (SHABERI, 2.0, (0, 3, 1)),
        (SHABERI, 1.0, (0, 2, 2)),
        (ROUTELLM, 5.0, (3, 27, 28)),
        (ROUTELLM, 2.0, (2, 17, 39)),
        (ROUTELLM, 1.0, (1, 16, 41)),
    ],
)
def test_intervals_alone_reproduce_the_public_verdict_table(
    file: str, margin: float, counts: tuple[int, int, int]
) -> None:
    assert unadjusted(file, margin) == counts


def test_holm_keeps_the_clear_winner_and_holds_back_the_lucky_ones() -> None:
    """gsm stays a route on both snapshots; of three RouteLLM categories within 5 points none survives 58 tests."""
    for file in (Z0513, Z0806):
        assert public_verdicts(file, 5.0).filter(pl.col("verdict") == "route")["workload_id"].to_list() == ["gsm"]
    found = public_verdicts(ROUTELLM, 5.0)
    assert found.filter(pl.col("verdict") == "route").is_empty()
    held = found.filter(pl.col("reasons").list.contains("multiplicity"))["workload_id"].to_list()
    assert sorted(held) == ["mmlu_marketing", "mmlu_world_religions"]
    assert found.filter(pl.col("verdict") == "keep").height == 28


def test_a_benchmark_on_which_the_big_model_fails_is_suspect_and_not_the_best_route() -> None:
    row = one(public_verdicts(ROUTELLM, 5.0), "mmlu_high_school_mathematics")
    assert row["verdict"] == "pilot"
    assert row["reasons"] == ["suspect_scorer"]
    assert row["pass_alpha"] is not None  # its odds are the prior's, not its own scores'
    assert row["risk_dimension"] in ("scorer", "quality")


def test_every_public_base_rate_row_can_be_recomputed() -> None:
    files = {"zeroeval-2024-05-13": Z0513, "zeroeval-2024-08-06": Z0806, "shaberi-2024-05-13": SHABERI}
    rows: list[tuple[object, ...]] = []
    for name, file in files.items():
        loss = (pl.col("big_score") - pl.col("small_score")).mean() * 100
        category = pl.col("category").str.split(":").list.first()
        rows += (
            pl.read_csv(DATA / file)
            .group_by(pl.concat_str(pl.lit(f"{name}/"), category).alias("name"), "big_model", "small_model")
            .agg(pl.len(), loss.round(4).alias("loss"))
            .rows()
        )
    shipped = BASE_RATES.select("name", "incumbent_model", "candidate_model", "pairs", "quality_loss").rows()
    assert set(rows) == set(shipped)
    assert len(rows) == len(shipped)


def test_every_published_range_rises_and_names_its_source() -> None:
    ranges = TASK_PRIORS.filter(pl.col("strength") != "none")
    assert (ranges["quality_loss_low"] <= ranges["quality_loss_point"]).all()
    assert (ranges["quality_loss_point"] <= ranges["quality_loss_high"]).all()
    assert set(TASK_PRIORS["strength"]) == {"strong", "medium", "weak", "none"}
    assert (TASK_PRIORS["source"].str.len_chars() > 10).all()
    assert TASK_PRIORS["task_type"].is_unique().all()


def losses() -> pl.DataFrame:
    """Published figures by task type as points of 100 lost; a scale of -10..10 is twenty points wide."""
    scale = pl.when(pl.col("metric") == "-10..10").then(100 / 20).otherwise(1.0)
    loss = (pl.col("incumbent_score") - pl.col("candidate_score")) * scale
    return PUBLISHED.drop_nulls("task_type").select("task_type", "source", loss.alias("loss"))


def test_every_published_range_covers_the_figures_it_is_made_from() -> None:
    """To half a point, since the bands are in whole points; and the point lies among the figures."""
    ranges = TASK_PRIORS.filter(pl.col("strength") != "none").join(
        losses().group_by("task_type").agg(pl.col("loss").min().alias("least"), pl.col("loss").max().alias("most")),
        on="task_type",
        how="left",
    )
    assert ranges["least"].null_count() == 0, "a range without a figure"
    assert (ranges["quality_loss_low"] <= ranges["least"] + 0.5).all()
    assert (ranges["quality_loss_high"] >= ranges["most"] - 0.5).all()
    assert ranges["quality_loss_point"].is_between(ranges["least"] - 0.5, ranges["most"] + 0.5).all()


def test_every_figure_names_its_snapshot_and_a_source_its_range_names_too() -> None:
    dated = PUBLISHED.filter(~pl.col("source").str.contains("tau-bench"))["incumbent_model"]
    assert dated.str.contains(r"-20\d\d-\d\d-\d\d$").all(), "snapshots move gaps as much as tasks do"
    sources = dict(TASK_PRIORS.select("task_type", "source").rows())
    for task_type, source, _ in losses().rows():
        assert source in sources[task_type]


def test_grounded_questions_lose_little_and_closed_book_ones_a_third() -> None:
    found = losses().group_by("task_type").agg(pl.col("loss").max().alias("most"), pl.col("loss").min().alias("least"))
    by_type = {row["task_type"]: row for row in found.iter_rows(named=True)}
    assert by_type["rag_qa"]["most"] < 5
    assert by_type["closed_book_facts"]["least"] > 29


def test_the_base_rate_runs_from_almost_never_to_almost_always() -> None:
    prior = base_rate(BASE_RATES, 5.0)
    assert prior.mean == pytest.approx(6.5 / 12)
    low, high = beta_quantile(prior.alpha, prior.beta, np.array([0.025, 0.975])).tolist()
    assert low < 0.05
    assert high > 0.95
    assert base_rate(BASE_RATES, 1.0).mean < base_rate(BASE_RATES, 2.0).mean < prior.mean
    assert base_rate(BASE_RATES.clear(), 5.0).mean == 0.5
    assert [row["value"] for row in base_rate_document(BASE_RATES, Assumptions().margins)] == pytest.approx(
        [6.5 / 12, 2.5 / 12, 0.5 / 12]
    )


def test_a_published_range_of_one_pair_says_nothing_about_another() -> None:
    assert published(TASK_PRIORS, "extraction", BIG, SMALL, 5.0) is not None
    assert published(TASK_PRIORS, "extraction", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001", 5.0) is None


def test_every_reason_has_a_sentence() -> None:
    frames = [public_verdicts(ROUTELLM, 5.0), public_verdicts(SHABERI, 2.0), verdicts(workload_frame(workload("a")))]
    codes = {code for frame in frames for reasons in frame["reasons"] for code in reasons}
    assert codes <= set(REASONS)
    assert all(sentence.endswith(".") for sentence in REASONS.values())


def test_a_candidate_exactly_at_the_margin_is_routed_at_most_at_alpha() -> None:
    """2,000 replays of 300 pairs with a true loss of 5 points; 2.5 % plus three standard errors."""
    generator = np.random.default_rng(17)
    cells = generator.multinomial(300, (0.09, 0.04, 0.87), size=2000).tolist()
    frame = workload_frame(*(workload(f"w{index}") for index in range(len(cells))))
    alone = pl.concat([outcomes(f"w{i}", both=t, lost=b, won=c) for i, (b, c, t) in enumerate(cells)])
    found = verdicts(frame, alone)
    assert 0.012 <= share(found["quality_loss_high"] <= 5.0) <= 0.036
    assert found.filter(pl.col("verdict") == "route").is_empty()  # Holm over 2,000 tests


def test_graded_scores_exactly_at_the_margin_are_within_it_at_most_at_alpha() -> None:
    generator = np.random.default_rng(19)
    names = [f"w{index}" for index in range(1000)]
    parts: list[pl.DataFrame] = []
    for name in names:
        incumbent = generator.integers(5, 11, size=100) / 10
        parts.append(pairs(name, incumbent.tolist(), (incumbent - 0.05 + generator.normal(0, 0.1, 100)).tolist()))
    found = verdicts(workload_frame(*(workload(name) for name in names)), pl.concat(parts))
    assert 0.01 <= share(found["quality_loss_high"] <= 5.0) <= 0.04


def passing(category: tuple[int, int, int], confidence: float) -> float:
    """Share of 100-pair samples (lost, won, equal) whose upper bound is within five points."""
    drawn = np.random.default_rng(23).multivariate_hypergeometric(category, 100, size=1000).tolist()
    return float(np.mean([tango_interval(b, c, 100, confidence)[1] <= 0.05 for b, c, _ in drawn]))


def test_small_samples_of_losing_tasks_hardly_ever_pass_five_points() -> None:
    assert passing((112, 30, 658), 0.95) == 0.0  # crux
    assert passing((52, 5, 455), 0.95) < 0.01  # numersense-v2


def test_small_samples_of_a_good_task_pass_sometimes_and_are_never_refused() -> None:
    assert 0.36 < passing((35, 20, 1264), 0.90) < 0.46  # gsm, one-sided 5 %
    assert 0.22 < passing((35, 20, 1264), 0.95) < 0.32  # the 2.5 % of the verdicts
    drawn = np.random.default_rng(5).multivariate_hypergeometric((35, 20, 1264), 100, size=1000).tolist()
    assert all(tango_interval(b, c, 100)[0] <= 0.05 for b, c, _ in drawn)


def test_fifty_pairs_of_a_task_predict_the_rest_of_it_as_often_as_they_claim() -> None:
    """Intervals from 50 random pairs against the loss on all other pairs of the same ZeroEval task."""
    generator = np.random.default_rng(37)
    for lost, won, equal in ((35, 20, 1264), (96, 77, 548), (52, 5, 455), (112, 30, 658)):
        drawn = generator.multivariate_hypergeometric((lost, won, equal), 50, size=500).tolist()
        rest = [(lost - b - won + c) / (lost + won + equal - 50) for b, c, _ in drawn]
        found = [tango_interval(b, c, 50) for b, c, _ in drawn]
        assert np.mean([low <= gap <= high for gap, (low, high) in zip(rest, found, strict=True)]) >= 0.93
