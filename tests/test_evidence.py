"""Verdicts: what outcomes may and may not decide."""

import polars as pl
import pytest

from tests.paired import (
    BIG,
    SMALL,
    one,
    outcomes,
    public_verdicts,
    verdicts,
    workload,
    workload_frame,
)

Z0513, Z0806 = "zeroeval_gpt4o0513_vs_mini.csv", "zeroeval_gpt4o0806_vs_mini.csv"
SHABERI, ROUTELLM = "shaberi_ja_gpt4o0513_vs_mini.csv", "routellm_gpt4turbo_vs_mixtral.csv"


def number(row: dict[str, object], name: str) -> float:
    """A value of the row that must be a number."""
    value = row[name]
    assert isinstance(value, (int, float))
    return value


def test_without_outcomes_nothing_is_routed_and_the_odds_are_the_base_rate() -> None:
    row = one(verdicts(workload_frame(workload("chat"))))
    assert (row["verdict"], row["evidence"]) == ("pilot", "prior")
    assert row["reasons"] == ["no_outcomes", "base_rate"]
    assert row["quality_loss_point"] is None
    assert row["pairs"] == 0
    assert row["pairs_needed"] == 427
    assert row["pass_probability"] == pytest.approx(6.5 / 12)


def test_a_confirmed_task_type_can_keep_but_never_route() -> None:
    frame = workload_frame(
        workload("facts", confirmed_task_type="closed_book_facts"),
        workload("extract", confirmed_task_type="extraction"),
        workload("labels", confirmed_task_type="classification"),
        workload("support", confirmed_task_type="chat", margin=2.0),
    )
    found = verdicts(frame)
    assert found["verdict"].to_list() == ["keep", "pilot", "pilot", "pilot"]
    assert one(found, "facts")["reasons"] == ["published_loss", "no_outcomes"]
    assert one(found, "labels")["reasons"] == ["no_outcomes", "base_rate", "no_published_range"]
    likely, unknown, unlikely = (
        number(one(found, name), "pass_probability") for name in ("extract", "labels", "support")
    )
    assert unlikely < unknown < likely < 1


def test_enough_equal_outcomes_route() -> None:
    row = one(verdicts(workload_frame(workload("tag")), outcomes("tag", both=390, lost=5, won=5)))
    assert (row["verdict"], row["evidence"]) == ("route", "measured")
    assert row["reasons"] == ["loss_within_margin"]
    assert row["pairs_needed"] is None
    assert row["p_value"] == row["adjusted_p"]
    assert row["pass_probability"] == pytest.approx(1 - number(row, "p_value"))


def test_more_workloads_under_test_need_more_pairs_each() -> None:
    names = ["a", "b", "c", "d"]
    found = pl.concat([outcomes(name, both=90, lost=4, won=3) for name in names])
    together = verdicts(workload_frame(*(workload(name) for name in names)), found)
    alone = verdicts(workload_frame(workload("a")), found)
    assert number(one(alone), "pairs_needed") < number(one(together, "a"), "pairs_needed")


def test_a_clear_loss_keeps() -> None:
    row = one(verdicts(workload_frame(workload("crux")), outcomes("crux", both=200, lost=60, won=5)))
    assert (row["verdict"], row["reasons"]) == ("keep", ["loss_above_margin"])
    assert row["risk"] == 4
    assert row["pass_probability"] is None


def test_few_pairs_neither_route_nor_earn_their_own_odds() -> None:
    row = one(verdicts(workload_frame(workload("tag", margin=60.0)), outcomes("tag", both=29)))
    assert (row["verdict"], row["reasons"]) == ("pilot", ["few_pairs"])
    assert row["pass_alpha"] is not None
    assert one(verdicts(workload_frame(workload("tag", margin=60.0)), outcomes("tag", both=30)))["verdict"] == "route"


def test_outcomes_of_another_snapshot_are_shown_and_decide_nothing() -> None:
    other = outcomes("tag", both=800, incumbent_model="gpt-4o-2024-05-13")
    row = one(verdicts(workload_frame(workload("tag")), other))
    assert (row["verdict"], row["evidence"]) == ("pilot", "prior")
    assert row["reasons"] == ["other_snapshot", "base_rate"]
    assert row["quality_loss_point"] == 0.0
    assert row["p_value"] is None
    assert row["pass_probability"] == pytest.approx(6.5 / 12)


def test_outcomes_of_other_models_are_named_and_not_shown() -> None:
    other = outcomes("tag", both=800, candidate_model="mixtral-8x7b-instruct")
    row = one(verdicts(workload_frame(workload("tag")), other))
    assert row["reasons"] == ["other_models", "base_rate"]
    assert row["quality_loss_point"] is None


def test_outcomes_of_the_exact_models_win_over_another_snapshot() -> None:
    exact = outcomes("tag", both=200, lost=60)
    other = outcomes("tag", both=800, incumbent_model="gpt-4o-2024-05-13")
    row = one(verdicts(workload_frame(workload("tag")), pl.concat([exact, other])))
    assert (row["verdict"], row["pairs"]) == ("keep", 260)


def test_outcomes_that_name_only_an_endpoint_decide_all_its_workloads_as_one() -> None:
    frame = workload_frame(
        workload("short", endpoint="api", margin=5.0), workload("long", endpoint="api"), workload("x", endpoint="other")
    )
    found = pl.concat([outcomes("api", both=300), outcomes("api", both=20, lost=80, workload_id="long")])
    result = verdicts(frame, found)
    assert result["decision_unit"].to_list() == [f"api\x1f{BIG}", f"api\x1f{BIG}", "x"]
    assert result["pairs"].to_list() == [400, 400, 0]
    assert result["verdict"].to_list() == ["keep", "keep", "pilot"]


def test_outcomes_that_name_requests_decide_only_their_workload() -> None:
    frame = workload_frame(workload("short", endpoint="api"), workload("long", endpoint="api"))
    found = pl.concat(
        [outcomes("api", both=300, workload_id="short"), outcomes("api", both=100, lost=80, workload_id="long")]
    )
    assert verdicts(frame, found)["verdict"].to_list() == ["route", "keep"]


def test_the_strictest_margin_of_an_endpoint_decides_for_all_of_it() -> None:
    frame = workload_frame(workload("a", endpoint="api", margin=5.0), workload("b", endpoint="api", margin=1.0))
    result = verdicts(frame, outcomes("api", both=300))
    assert result["margin"].to_list() == [1.0, 1.0]
    assert result["verdict"].to_list() == ["pilot", "pilot"]


def test_a_gate_keeps_whatever_the_outcomes_say() -> None:
    frame = workload_frame(workload("tag", gate_reasons=["images"]))
    row = one(verdicts(frame, outcomes("tag", both=800)))
    assert (row["verdict"], row["reasons"], row["is_gated"]) == ("keep", ["images"], True)
    assert row["quality_loss_point"] == 0.0


def test_long_inputs_are_decided_by_long_outcomes_only() -> None:
    frame = workload_frame(workload("doc", gate_reasons=["long_input"]))
    short = outcomes("doc", both=800, workload_id="doc", input_tokens_band=0)
    assert one(verdicts(frame, short))["reasons"] == ["long_input"]
    long = outcomes("doc", both=200, workload_id="doc", input_tokens_band=50_000)
    row = one(verdicts(frame, pl.concat([short, long])))
    assert (row["verdict"], row["pairs"], row["is_gated"]) == ("route", 200, False)


def test_traffic_already_on_the_candidate_is_kept() -> None:
    row = one(verdicts(workload_frame(workload("tag", incumbent_model=SMALL))))
    assert (row["verdict"], row["reasons"], row["is_gated"]) == ("keep", ["same_model"], False)
    assert row["risk"] == 0


def test_unparsed_answers_are_counted_apart_and_too_many_block_a_route() -> None:
    unread = outcomes("tag", both=30, parse_failed=True)
    unread = unread.with_columns(pl.lit(None, dtype=pl.Float64).alias("candidate_score"))
    row = one(verdicts(workload_frame(workload("tag")), pl.concat([outcomes("tag", both=270), unread])))
    assert row["parse_failure_share"] == pytest.approx(0.1)
    assert (row["verdict"], row["quality_loss_point"], row["pairs"]) == ("pilot", 0.0, 270)
    assert row["reasons"] == ["parse_failures"]
    only = one(verdicts(workload_frame(workload("tag")), unread))
    assert (only["verdict"], only["evidence"], only["pairs"]) == ("pilot", "prior", 0)


def test_the_least_favourable_of_several_graders_decides() -> None:
    mild = outcomes("tag", both=400, grader="judge a")
    strict = outcomes("tag", both=300, lost=100, grader="judge b")
    row = one(verdicts(workload_frame(workload("tag")), pl.concat([mild, strict])))
    assert (row["verdict"], row["pairs"]) == ("keep", 400)
    assert row["reasons"] == ["loss_above_margin", "graders_disagree"]


def test_a_grader_of_few_pairs_takes_a_route_away_if_they_show_a_loss_and_not_by_being_few() -> None:
    """18 of 20 lost are few pairs and no doubt; 20 alike ones say nothing."""
    many = outcomes("tag", both=600, grader="exact match")
    against = pl.concat([many, outcomes("tag", both=2, lost=18, grader="people")])
    row = one(verdicts(workload_frame(workload("tag")), against))
    assert row["reasons"] == ["loss_above_margin", "graders_disagree"]
    beside = pl.concat([many, outcomes("tag", both=20, grader="people")])
    assert one(verdicts(workload_frame(workload("tag")), beside))["verdict"] == "route"


def test_a_second_grader_does_not_narrow_the_interval() -> None:
    once = outcomes("tag", both=395, lost=5)
    twice = pl.concat([once, once.with_columns(pl.lit("second").alias("grader"))])
    first, second = (one(verdicts(workload_frame(workload("tag")), found)) for found in (once, twice))
    assert (first["quality_loss_low"], first["quality_loss_high"]) == (
        second["quality_loss_low"],
        second["quality_loss_high"],
    )
    assert second["reasons"] == ["loss_within_margin", "several_graders"]


def test_a_scorer_that_never_told_two_answers_apart_is_a_reason_to_try_it_and_none_to_refuse() -> None:
    """Every answer scored 1 looks like a perfect candidate, and like a grader that passes anything."""
    alike = one(verdicts(workload_frame(workload("tag")), outcomes("tag", both=800)))
    assert (alike["verdict"], alike["reasons"]) == ("route", ["loss_within_margin", "no_difference"])
    told_apart = one(verdicts(workload_frame(workload("tag")), outcomes("tag", both=798, lost=1, won=1)))
    assert told_apart["reasons"] == ["loss_within_margin"]


def test_advice_is_shown_and_changes_no_verdict() -> None:
    frame = workload_frame(workload("tag", advisory_reasons=["incumbent_retires"]))
    row = one(verdicts(frame, outcomes("tag", both=398, lost=1, won=1)))
    assert (row["verdict"], row["reasons"]) == ("route", ["loss_within_margin", "incumbent_retires"])


def test_no_workloads_give_no_rows_with_all_columns() -> None:
    empty = workload_frame(workload("a")).clear()
    assert verdicts(empty).height == 0
    assert verdicts(empty).columns == verdicts(workload_frame(workload("a"))).columns


def test_risk_stays_between_zero_and_four_and_names_its_cause() -> None:
    found = public_verdicts(ROUTELLM, 2.0)
    assert found["risk"].is_between(0, 4).all()
    calm = one(verdicts(workload_frame(workload("tag")), outcomes("tag", both=900)))
    assert (calm["risk"], calm["verdict"]) == (0, "route")
    core = one(verdicts(workload_frame(workload("tag", stakes="core")), outcomes("tag", both=900)))
    assert (core["risk"], core["risk_dimension"]) == (2, "stakes")
