"""Evidence ages: what an old pair counts for, and which pairs are refused, with the reason and the count."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from audit.evidence.ageing import TEMPLATES, Present
from audit.evidence.statistics import effective_size, tango_interval
from tests.loads import jsonl, loaded
from tests.logged import calls, document, outcomes_file, workload_named
from tests.paired import BIG, SMALL, one, outcomes, verdicts, workload, workload_frame

SINCE = date(2026, 9, 1)
NOW = Present(since=SINCE)
TAG = workload_frame(workload("tag"))


def before(days: int) -> date:
    return SINCE - timedelta(days=days)


def templates(*rows: tuple[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=TEMPLATES, orient="row")


@pytest.mark.parametrize(
    ("days", "effective"), [(-20, 400), (0, 400), (31, 400), (31 + 91, 200), (31 + 182, 100), (31 + 273, 50)]
)
def test_a_month_is_free_and_then_every_quarter_halves_what_a_pair_counts_for(days: int, effective: float) -> None:
    found = outcomes("tag", both=380, lost=12, won=8, observed_on=before(days))
    row = one(verdicts(TAG, found, present=NOW))
    assert row["pairs"] == 400
    assert row["pairs_effective"] == pytest.approx(effective)
    assert row["pairs_discounted"] == (400 if days > 31 else 0)
    # the estimate stays, its interval is that of so many fresh pairs
    assert row["quality_loss_point"] == pytest.approx(1.0)
    low, high = tango_interval(12 * effective / 400, 8 * effective / 400, effective)
    assert (row["quality_loss_low"], row["quality_loss_high"]) == pytest.approx((100 * low, 100 * high))


def test_pairs_that_aged_no_longer_route_and_more_of_them_are_asked_for() -> None:
    fresh = one(verdicts(TAG, outcomes("tag", both=195, lost=3, won=2, observed_on=SINCE), present=NOW))
    old = one(verdicts(TAG, outcomes("tag", both=195, lost=3, won=2, observed_on=before(400)), present=NOW))
    assert (fresh["verdict"], old["verdict"]) == ("route", "pilot")
    assert old["reasons"] == ["undecided", "older_outcomes", "few_pairs"]
    assert old["pairs_needed"] is not None


def test_the_older_of_prompt_and_answer_counts() -> None:
    replayed = outcomes("tag", both=100, observed_on=SINCE, request_date=before(31 + 91))
    assert one(verdicts(TAG, replayed, present=NOW))["pairs_effective"] == pytest.approx(50)


def test_a_pair_without_a_day_and_a_report_without_traffic_discount_nothing() -> None:
    undated, dated = outcomes("tag", both=100), outcomes("tag", both=100, observed_on=before(900))
    assert one(verdicts(TAG, undated, present=NOW))["pairs_effective"] == 100
    assert one(verdicts(TAG, dated))["pairs_effective"] == 100


def test_old_and_new_pairs_meet_between_them_nearer_to_the_new() -> None:
    new = outcomes("tag", both=90, lost=10, observed_on=SINCE)
    old = outcomes("tag", both=100, observed_on=before(31 + 91))
    row = one(verdicts(TAG, pl.concat([new, old]), present=NOW))
    assert row["quality_loss_point"] == pytest.approx(100 * 10 / 150)
    assert row["pairs_effective"] == pytest.approx(150)
    assert row["pairs_discounted"] == 100


def test_discounts_shrink_a_weighted_sample_below_its_kish_size() -> None:
    weights, discounts = np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.5, 0.25])
    assert effective_size(weights * discounts, discounts) < effective_size(weights)
    assert effective_size(np.ones(8) * 0.5, np.full(8, 0.5)) == pytest.approx(4)


def test_pairs_of_a_template_the_traffic_no_longer_has_are_refused_and_counted() -> None:
    same = outcomes("tag", both=100, workload_id="tag", template_hash="new")
    other = outcomes("tag", both=10, lost=90, workload_id="tag", template_hash="old")
    untold = outcomes("tag", both=50, workload_id="tag")
    present = Present(templates=templates(("tag", "new"), ("elsewhere", "old")))
    row = one(verdicts(TAG, pl.concat([same, other, untold]), present=present))
    assert (row["pairs"], row["quality_loss_point"]) == (150, 0.0)
    assert row["pairs_refused"] == [{"reason": "other_template", "pairs": 100}]
    unpaired = one(verdicts(TAG, other, present=Present(templates=templates(("tag", None)))))
    assert unpaired["pairs_refused"] == row["pairs_refused"], "null: the traffic has templates, but none of any pair"
    assert "other_template" in row["reasons"]  # pyright: ignore[reportOperatorIssue]
    assert one(verdicts(TAG, pl.concat([same, other, untold])))["pairs"] == 250, "unknown templates refuse nothing"


def test_with_nothing_but_refused_pairs_a_workload_is_unmeasured() -> None:
    other = outcomes("tag", both=800, workload_id="tag", template_hash="old")
    row = one(verdicts(TAG, other, present=Present(templates=templates(("tag", "new")))))
    assert (row["verdict"], row["evidence"], row["pairs"]) == ("pilot", "prior", 0)
    assert row["reasons"] == ["other_template", "base_rate"]
    assert row["pairs_refused"] == [{"reason": "other_template", "pairs": 800}]


@pytest.mark.parametrize("model", [BIG, SMALL])
def test_outcomes_of_a_model_that_is_switched_off_are_shown_and_decide_nothing(model: str) -> None:
    gone = Present(retired=frozenset({model}))
    good = one(verdicts(TAG, outcomes("tag", both=800), present=gone))
    assert (good["verdict"], good["evidence"], good["quality_loss_point"]) == ("pilot", "prior", 0.0)
    assert good["reasons"] == ["retired_snapshot", "base_rate"]
    assert good["pairs_refused"] == [{"reason": "retired_snapshot", "pairs": 800}]
    assert not good["output_ratio_is_measured"]
    bad = one(verdicts(TAG, outcomes("tag", both=700, lost=100), present=gone))
    assert bad["verdict"] == "pilot"
    assert bad["pass_probability"] == pytest.approx(0, abs=1e-4), "a loss still lowers the odds of the prior"


def test_pairs_of_other_models_and_snapshots_are_counted_as_refused() -> None:
    found = pl.concat(
        [
            outcomes("tag", both=400),
            outcomes("tag", both=30, incumbent_model="gpt-4o-2024-05-13"),
            outcomes("tag", both=20, candidate_model="mixtral-8x7b-instruct"),
        ]
    )
    row = one(verdicts(TAG, found))
    assert (row["verdict"], row["pairs"]) == ("route", 400)
    assert row["pairs_refused"] == [
        {"reason": "other_models", "pairs": 20},
        {"reason": "other_snapshot", "pairs": 30},
    ]


def test_a_changed_prompt_in_the_log_refuses_the_pairs_of_the_old_one(tmp_path: Path) -> None:
    """End to end: 300 calls before the prompt changed, 300 after, pairs for both, a report of the second half."""
    db = tmp_path / "usage.duckdb"
    old = calls("tag", 300, day=date(2026, 9, 1), template_hash="prompt one")
    new = calls("tag", 300, day=date(2026, 9, 15), template_hash="prompt two")
    loaded(db, jsonl(tmp_path / "log.jsonl", *old, *new))
    outcomes_file(db, [(str(call["request_id"]), 1, 1) for call in (*old, *new)])
    whole = workload_named(document(db), "tag")
    late = workload_named(document(db, since=date(2026, 9, 10)), "tag")
    assert (whole["pairs"], whole.get("pairs_refused")) == (600, [])
    assert (late["pairs"], late.get("pairs_refused")) == (300, [{"reason": "other_template", "pairs": 300}])
    assert (whole["verdict"], late["verdict"]) == ("route", "route")


def test_the_clock_of_the_report_retires_and_the_window_ages(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    log = calls("tag", 300, day=date(2026, 9, 1))
    loaded(db, jsonl(tmp_path / "log.jsonl", *log))
    outcomes_file(db, [(None, 1, 1)] * 300, observed_on="2026-05-01")
    aged = workload_named(document(db, today=date(2026, 10, 1)), "tag")
    assert aged["pairs"] == 300
    assert float(aged.get("pairs_effective") or 0) == pytest.approx(300 * 0.5 ** ((123 - 31) / 91))
    assert aged["evidence"] == "measured"
    after = workload_named(document(db, today=date(2027, 2, 1)), "tag")
    assert (after["verdict"], after["reasons"][0]) == ("pilot", "retired_snapshot")
