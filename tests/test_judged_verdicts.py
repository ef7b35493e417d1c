"""What a judge may decide: nothing by itself but to stay, everything once people have labelled enough of its pairs."""

from typing import cast

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tests.paired import one, outcomes, verdicts, workload, workload_frame
from tests.test_judged import LOSING, TIED, outcome_frame

WORK = workload_frame(workload("chat"))


def differences(lost: int, size: int) -> NDArray[np.float64]:
    """`lost` lost pairs spread evenly over `size`, so that a prefix holds their share."""
    return np.where((np.arange(size) * lost) % size < lost, LOSING, TIED)


def decided(found: pl.DataFrame) -> dict[str, object]:
    return one(verdicts(WORK, found))


def reasons(row: dict[str, object]) -> set[str]:
    return set(cast("list[str]", row["reasons"]))


def test_a_judge_alone_never_routes_and_asks_for_labels() -> None:
    row = decided(outcome_frame(np.zeros(5000), np.zeros(5000), 0))
    assert row["verdict"] == "pilot"
    assert row["reasons"] == ["judge_unverified"]
    assert row["pairs_needed"] == 150
    assert row["risk_dimension"] == "scorer"


def test_the_odds_of_a_pilot_on_a_judge_alone_stay_those_of_the_prior() -> None:
    row = decided(outcome_frame(np.zeros(5000), np.zeros(5000), 0))
    assert row["pass_probability"] == one(verdicts(WORK))["pass_probability"]


def test_a_judge_alone_may_say_stay() -> None:
    lost = differences(1000, 5000)
    row = decided(outcome_frame(lost, lost, 0))
    assert (row["verdict"], row["reasons"]) == ("keep", ["loss_above_margin", "judge_unverified"])


def test_enough_labels_on_a_good_judges_pairs_route() -> None:
    lost = differences(20, 2000)
    row = decided(outcome_frame(lost, lost, 400))
    assert (row["verdict"], row["reasons"]) == ("route", ["loss_within_margin", "judge_corrected"])
    assert row["pairs"] == 400


def test_labels_that_contradict_the_judge_win() -> None:
    """The judge sees no loss anywhere; people see one in five."""
    row = decided(outcome_frame(differences(400, 2000), np.zeros(2000), 400))
    assert (row["verdict"], row["reasons"]) == ("keep", ["loss_above_margin", "judge_corrected"])


@pytest.mark.parametrize(("labels", "verdict"), [(20, "pilot"), (149, "route")])
def test_few_labels_decide_alone_on_their_own_number(labels: int, verdict: str) -> None:
    row = decided(outcome_frame(differences(20, 2000), np.zeros(2000), labels))
    assert row["verdict"] == verdict
    assert row["pairs"] == labels
    assert "judge_few_labels" in reasons(row)
    assert ("few_pairs" in reasons(row)) == (labels < 30)


def test_an_unchecked_judge_that_agrees_takes_no_route_away() -> None:
    judged = outcome_frame(np.zeros(300), np.zeros(300), 0)
    exact = outcomes("chat", both=400)
    assert decided(pl.concat([exact, judged], how="diagonal"))["verdict"] == "route"


def test_an_unchecked_judge_that_disagrees_stops_a_route() -> None:
    judged = outcome_frame(differences(60, 600), differences(60, 600), 0)
    row = decided(pl.concat([outcomes("chat", both=400), judged], how="diagonal"))
    assert row["verdict"] != "route"
    assert {"graders_disagree", "judge_unverified"} <= reasons(row)


def test_human_labels_beside_any_grader_go_before_its_scores() -> None:
    blind = outcome_frame(differences(80, 400), np.zeros(400), 400).with_columns(grader=pl.lit("similarity"))
    assert decided(blind)["verdict"] == "keep"


def test_parts_are_told_apart_by_what_people_say_and_not_by_the_judge() -> None:
    """People lose every long one and no short one; the judge sees the same in both."""
    lost = np.where(np.arange(600) % 4 == 0, LOSING, TIED)
    found = outcome_frame(lost, np.zeros(600), 600, workload_id="chat")
    length = pl.when(pl.int_range(pl.len()) % 4 == 0).then(pl.lit("long")).otherwise(pl.lit("short"))
    row = decided(found.with_columns(stratum=length))
    assert "strata_disagree" in reasons(row)
