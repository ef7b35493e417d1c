"""Simpson's check: parts that disagree are found, parts that are alike are left in peace, and nothing hides a loss."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import polars as pl
import pytest
import scipy.stats

from audit.evidence.heterogeneity import cochran_p, gail_simon_p, smoothed
from audit.evidence.strata import Split, input_thirds, split
from audit.report.evidence import Strata
from tests.paired import one, outcomes, pairs, public_pairs, verdicts, workload, workload_frame

ALPHA = 0.025
ROUTELLM = "routellm_gpt4turbo_vs_mixtral.csv"
ARTEFACT = "mmlu_high_school_mathematics"


def strata(sizes: Sequence[int], cells: Sequence[tuple[float, float]], generator: np.random.Generator) -> pl.DataFrame:
    """0/1 pairs of one unit: stratum k has sizes[k] pairs, lost and won with the probabilities cells[k]."""
    parts: list[pl.DataFrame] = []
    for index, (size, (lost, won)) in enumerate(zip(sizes, cells, strict=True)):
        b, c, t = generator.multinomial(size, (lost, won, 1 - lost - won)).tolist()
        parts.append(outcomes("tag", both=t, lost=b, won=c, stratum=f"part {index}"))
    return pl.concat(parts).with_columns(discount=pl.lit(1.0))


def parted(pairs: pl.DataFrame, margin: float = 0.05) -> Split:
    found = split(pairs, margin, ALPHA)
    assert found is not None
    return found


def strata_of(row: dict[str, object]) -> Strata:
    assert row["strata"] is not None
    return cast("Strata", row["strata"])


@pytest.mark.parametrize("sizes", [(33, 33, 33), (100, 100, 100), (20, 40, 200), (60,) * 8])
@pytest.mark.parametrize("cell", [(0.02, 0.01), (0.11, 0.02), (0.15, 0.10)])
def test_alike_strata_are_flagged_less_than_one_time_in_twenty(
    sizes: tuple[int, ...], cell: tuple[float, float]
) -> None:
    generator = np.random.default_rng([len(sizes), round(1000 * cell[0])])
    flagged = [parted(strata(sizes, [cell] * len(sizes), generator)).disagree for _ in range(150)]
    assert sum(flagged) / 150 < 0.05


def test_strata_that_differ_in_spread_alone_are_not_flagged_either() -> None:
    generator = np.random.default_rng(4)
    flagged = [parted(strata((40, 200), ((0.25, 0.20), (0.06, 0.01)), generator)).disagree for _ in range(400)]
    assert sum(flagged) / 400 < 0.05


def test_a_loss_in_one_half_behind_a_gain_in_the_other_is_found() -> None:
    """Whole: no loss at all. Halves: fifteen points lost, fifteen points won."""
    generator = np.random.default_rng(5)
    found = [parted(strata((150, 150), ((0.18, 0.03), (0.03, 0.18)), generator)) for _ in range(100)]
    assert sum(one.disagree for one in found) >= 99


def test_routellm_pooled_as_one_endpoint_is_flagged_with_its_subjects_as_strata() -> None:
    pairs = public_pairs(ROUTELLM).filter(pl.col("endpoint").str.starts_with("mmlu"))
    pooled = pairs.with_columns(
        endpoint=pl.lit("mmlu"), stratum="workload_id", workload_id=pl.lit(None, dtype=pl.String)
    )
    frame = workload_frame(workload("w", endpoint="mmlu", incumbent_model="gpt-4-1106-preview"))
    row = one(verdicts(frame, pooled, candidate="mixtral-8x7b-instruct"))
    found = strata_of(row)
    assert found["kind"] == "stratum"
    assert len(found["parts"]) == 57
    assert found["disagree"]
    assert {"strata_disagree", "suspect_stratum"} < set(row["reasons"])  # pyright: ignore[reportArgumentType]
    readings = {part["name"]: part["reading"] for part in found["parts"]}
    assert readings[ARTEFACT] == "suspect"
    assert readings["mmlu_moral_scenarios"] == "above"
    assert list(readings.values()).count("suspect") == 1


def test_subjects_within_the_margin_on_average_are_no_route_when_one_of_them_loses_clearly() -> None:
    """The best subjects of MMLU beside a few moral scenarios: together within five points, apart 38 points lost."""
    pairs = public_pairs(ROUTELLM)
    good = pairs.filter(pl.col("workload_id").is_in(["mmlu_marketing", "mmlu_world_religions", "mmlu_sociology"]))
    bad = pairs.filter(pl.col("workload_id") == "mmlu_moral_scenarios").head(30)
    mixed = pl.concat([good, good, bad]).with_columns(
        endpoint=pl.lit("mmlu"), stratum="workload_id", workload_id=pl.lit(None, dtype=pl.String)
    )
    frame = workload_frame(workload("w", endpoint="mmlu", incumbent_model="gpt-4-1106-preview"))
    row = one(verdicts(frame, mixed, candidate="mixtral-8x7b-instruct"))
    high, margin = row["quality_loss_high"], row["margin"]
    assert isinstance(high, float)
    assert high <= margin  # pyright: ignore[reportOperatorIssue]
    assert (row["verdict"], row["risk_dimension"]) == ("pilot", "strata")
    assert row["reasons"] == ["strata_disagree"]
    assert row["pass_probability"] == pytest.approx(0, abs=0.01)


def test_a_part_that_cannot_be_believed_holds_the_whole_back() -> None:
    odd = outcomes("tag", both=5, won=45, stratum="odd").with_columns(incumbent_score=pl.lit(0.0))
    fine = outcomes("tag", both=800, stratum="fine")
    row = one(verdicts(workload_frame(workload("tag")), pl.concat([fine, odd])))
    assert row["verdict"] == "pilot"
    assert "suspect_stratum" in row["reasons"]  # pyright: ignore[reportOperatorIssue]
    assert row["pass_alpha"] is not None, "its odds are the prior's"


@pytest.mark.parametrize(("good", "bad", "side"), [((18, 19), (22, 25), "below"), ((22, 25), (15, 20), "above")])
def test_a_router_can_act_where_the_input_length_separates_the_parts(
    good: tuple[int, int], bad: tuple[int, int], side: str
) -> None:
    short, long = pl.Series([*good] * 200), pl.Series([*bad] * 100)
    mixed = pl.concat(
        [
            outcomes("tag", both=400, stratum="good", input_bin=short),
            outcomes("tag", both=130, lost=70, stratum="bad", input_bin=long),
        ]
    )
    found = strata_of(one(verdicts(workload_frame(workload("tag")), mixed)))
    first = max(good[0], bad[0])
    assert (found["disagree"], found["cut_side"]) == (True, side)
    assert found["cut_tokens"] == round(2 ** (first / 2) - 16)


def test_parts_that_overlap_in_length_cannot_be_told_apart_by_a_router() -> None:
    mixed = pl.concat(
        [
            outcomes("tag", both=400, stratum="good", input_bin=20),
            outcomes("tag", both=130, lost=70, stratum="bad", input_bin=20),
        ]
    )
    found = strata_of(one(verdicts(workload_frame(workload("tag")), mixed)))
    assert (found["disagree"], found["cut_side"], found["cut_tokens"]) == (True, None, None)


def test_without_strata_or_workloads_the_thirds_by_input_length_are_compared() -> None:
    bins = pl.Series([18] * 200 + [22] * 100 + [26] * 100)
    found = parted(outcomes("tag", both=300, lost=100, input_bin=bins).with_columns(discount=pl.lit(1.0)))
    assert found.kind == "input_length"
    assert [(part.name, part.reading(ALPHA)) for part in found.parts] == [
        ("1 short", "within"),
        ("2 middle", "within"),
        ("3 long", "above"),
    ]
    assert input_thirds(pl.Series([5, 5, 5, None, 5])).to_list() == ["2 middle"] * 3 + [None, "2 middle"]


def test_an_endpoint_decided_as_one_is_split_by_its_workloads() -> None:
    """One pair that names no request pools the endpoint; what the others name still tells them apart."""
    frame = workload_frame(workload("short", endpoint="api"), workload("long", endpoint="api"))
    found = pl.concat(
        [
            outcomes("api", both=400, workload_id="short"),
            outcomes("api", both=40, lost=20, workload_id="long"),
            outcomes("api", both=1),
        ]
    )
    result = verdicts(frame, found)
    assert result["verdict"].to_list() == ["pilot", "pilot"]
    parts = strata_of(one(result, "short"))
    assert (parts["kind"], parts["disagree"]) == ("workload", True)
    assert {part["name"]: part["reading"] for part in parts["parts"]} == {"long": "above", "short": "within"}


def test_few_pairs_in_a_part_say_nothing_and_no_labels_give_no_parts() -> None:
    small = pl.concat([outcomes("tag", both=400, stratum="a"), outcomes("tag", both=0, lost=14, stratum="b")])
    assert split(small.with_columns(discount=pl.lit(1.0)), 0.05, ALPHA) is None
    assert split(outcomes("tag", both=400).with_columns(discount=pl.lit(1.0)), 0.05, ALPHA) is None


@pytest.mark.parametrize(("k", "critical"), [(2, 2.71), (3, 4.23), (4, 5.43), (5, 6.50), (6, 7.48)])
def test_the_sign_test_has_the_published_critical_values(k: int, critical: float) -> None:
    """Gail and Simon 1985, table 1, 5 %."""
    means = np.array([10.0] * (k - 1) + [-np.sqrt(critical)])
    assert gail_simon_p(means, np.ones(k)) == pytest.approx(0.05, abs=0.0006)


def test_the_difference_test_is_the_textbook_statistic() -> None:
    generator = np.random.default_rng(11)
    means, variances = generator.normal(0, 0.1, 7), generator.uniform(0.001, 0.01, 7)
    centre = np.average(means, weights=1 / variances)
    statistic = np.sum((means - centre) ** 2 / variances)
    expected = scipy.stats.chi2.sf(statistic, 6)  # pyright: ignore[reportUnknownMemberType]
    assert cochran_p(means, variances) == pytest.approx(expected, rel=1e-9)
    assert cochran_p(means[:1], variances[:1]) == gail_simon_p(means[:1], variances[:1]) == 1.0


def test_smoothing_is_half_a_pair_in_each_cell() -> None:
    """The adjusted Wald interval of crux, evidence of Agresti and Min 2005: [0.0842, 0.1378]."""
    centre, variance = smoothed((109 - 20) / 800, (109 + 20) / 800, 800)
    half = 1.959964 * np.sqrt(variance)
    assert (centre - half, centre + half) == pytest.approx((0.0842, 0.1378), abs=5e-5)


def test_a_graded_part_that_loses_too_much_is_read_so() -> None:
    """300 pairs without a loss, and 40 of which half lose nine tenths of their score."""
    parts = [([0.9] * 300, [0.9] * 300, "good"), ([0.9] * 40, [0.9, 0.0] * 20, "bad")]
    found = pl.concat([pairs("tag", before, after, stratum=name) for before, after, name in parts])
    readings = {part.name: part.reading(ALPHA) for part in parted(found.with_columns(discount=pl.lit(1.0))).parts}
    assert readings == {"good": "within", "bad": "above"}
