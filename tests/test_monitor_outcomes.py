"""Outcomes since a plan was made: pairs, scores of one model, answers nobody could read; and what does not count."""

import re
from pathlib import Path

import pytest

import audit
from audit.monitoring.single_scores import read_single_scores
from tests.exports import Row, write_csv
from tests.logged import BIG, SMALL
from tests.monitored import line, look
from tests.rollouts import TODAY, pairs, plan, stop_rule, traffic


def test_a_loss_of_quality_stops_the_stage_on_the_day_it_became_plain(tmp_path: Path) -> None:
    rows = traffic(4)
    found = look(tmp_path, rows, outcomes=pairs(tmp_path, rows, lost=0.2))
    assert found["stopped"] is not None
    assert found["stopped"]["metric"] == "quality_loss"
    assert found["words"].startswith("Stop stage 1 (50 %): w-chat: quality_loss beyond 5: ")
    until = found["stopped"]["on"]
    days = sorted({str(row["start_time"])[:10] for row in rows})
    for day in days:
        seen = [row for row in rows if str(row["start_time"])[:10] <= day]
        earlier = look(tmp_path, seen, outcomes=pairs(tmp_path, seen, lost=0.2))
        fired = earlier["stopped"]
        assert (fired is not None) == (day >= until)
        assert fired is None or fired["on"] == until


def test_scores_of_one_model_are_compared_day_by_day(tmp_path: Path) -> None:
    rows = traffic(3)
    scores: list[Row] = [
        {
            "request_id": row["request_id"],
            "model": row["response_model"],
            "score": 1 if row["response_model"] == BIG or number % 2 else 0,
        }
        for number, row in enumerate(rows)
        if row["endpoint"] == "chat" and not str(row["request_id"]).endswith("again")
    ]
    found = look(tmp_path, rows, outcomes=write_csv(tmp_path / "scores.csv", scores))
    quality = line(found, "chat")["quality"]
    assert quality is not None
    assert (quality["pairs"], quality["one_sided"]) == (0, 300)
    assert quality["loss"]["point"] == pytest.approx(50, abs=8)
    assert found["stopped"] is not None
    assert found["stopped"]["metric"] == "quality_loss"


@pytest.mark.parametrize(("good", "is_stopped"), [(0.9, False), (0.7, True)])
def test_where_all_has_moved_the_candidates_failures_are_held_against_the_incumbents_of_before(
    tmp_path: Path, good: float, is_stopped: bool
) -> None:
    rows = traffic(3, share=1.0)
    old: Row = {"request_id": "", "endpoint": "chat", "model": BIG, "observed_on": "2026-08-20"}
    before: list[Row] = [old | {"score": float(number % 20 > 0)} for number in range(400)]
    moved = [row for row in rows if row["endpoint"] == "chat" and row["response_model"] == SMALL]
    new: Row = {"endpoint": "", "model": SMALL, "observed_on": ""}
    since: list[Row] = [
        new | {"request_id": row["request_id"], "score": float(number % 100 < 100 * good)}
        for number, row in enumerate(moved)
    ]
    found = look(tmp_path, rows, outcomes=write_csv(tmp_path / "scores.csv", before + since))
    quality = line(found, "chat")["quality"]
    assert quality is not None
    assert (quality["pairs"], quality["one_sided"], quality["alone"]) == (0, 0, 600)
    assert quality["loss"]["point"] == pytest.approx(100 * (0.95 - good), abs=0.01)
    assert (found["stopped"] is not None) == is_stopped


def test_a_file_of_scores_that_cannot_be_used_is_one_clear_error(tmp_path: Path) -> None:
    for content, said in (
        ("model,score\nx,1\n", "missing column endpoint or request_id"),
        ("endpoint,model,score\nchat,gpt-4o,7\n", "column score, line 2: '7' is outside 0..1"),
        ("endpoint,model,score\nchat,gpt-4o,good\n", "column score, line 2: 'good' is not a number"),
        ("endpoint,model,score\nchat,,1\n", "column model, line 2: empty"),
        ("endpoint,model,score\n,gpt-4o,1\n", "column endpoint, line 2: empty"),
        ("endpoint,model,score,observed_on\nchat,gpt-4o,1,May\n", "column observed_on, line 2: 'May' is not a date"),
        ("endpoint,model,score\n", "no scores, only column names"),
    ):
        file = tmp_path / "scores.csv"
        file.write_text(content)
        with pytest.raises(audit.AuditError, match=re.escape(said)):
            read_single_scores(file, today=TODAY)


def test_answers_that_nobody_can_read_are_lost_answers_and_where_json_was_asked_for_a_rate(tmp_path: Path) -> None:
    rows = [row | {"output_type": "json"} for row in traffic(2)]
    planned = plan(stop_rule("invalid_json_rate", "w-chat", 0.06))
    file = pairs(tmp_path, rows, lost=0.0, won=0.0, parse_failed="true", candidate_score="")
    found = look(tmp_path, rows, planned=planned, outcomes=file)
    invalid, quality = line(found, "chat")["candidate"]["invalid_json_rate"], line(found, "chat")["quality"]
    assert invalid is not None
    assert invalid["point"] == 1
    assert quality is not None
    assert quality["loss"]["point"] == 100
    assert found["stopped"] is not None
    assert found["stopped"]["metric"] == "invalid_json_rate"


def test_outcomes_of_a_whole_endpoint_count_from_the_day_after_the_plan(tmp_path: Path) -> None:
    """Their requests are not named: those of the day of the plan may be what it was made from."""
    rows = traffic(1, per_day=4)
    old, new = (
        {"endpoint": "chat", "incumbent_model": BIG, "candidate_model": SMALL, "observed_on": f"2026-09-0{day}"}
        for day in (1, 2)
    )
    scores: Row = {"incumbent_score": 1, "candidate_score": 1}
    file = write_csv(tmp_path / "pairs.csv", [*([old | scores] * 7), *([new | scores] * 5)])
    quality = line(look(tmp_path, rows, outcomes=file), "chat")["quality"]
    assert quality is not None
    assert quality["pairs"] == 5


def test_of_several_graders_the_one_with_most_outcomes_counts(tmp_path: Path) -> None:
    rows = traffic(2, per_day=40)
    most, few = (
        pairs(tmp_path, rows[:end], lost=lost, seed=seed, grader=grader).rename(tmp_path / f"{grader}.csv")
        for end, lost, seed, grader in ((None, 0.0, 1, "tests"), (40, 1.0, 2, "judge"))
    )
    found = look(tmp_path, rows, outcomes=[most, few])
    quality = line(found, "chat")["quality"]
    assert quality is not None
    assert (quality["pairs"], quality["loss"]["point"] <= 0) == (40, True)
    assert any("graded by somebody other than most" in note for note in found["notes"])


def test_outcomes_that_prove_the_loss_small_decide_before_the_planned_number(tmp_path: Path) -> None:
    rows = traffic(3)
    found = look(tmp_path, rows, planned=plan(checks=5_000), outcomes=pairs(tmp_path, rows, lost=0.0))
    assert [line(found, rule)["decided"] for rule in ("chat", "long")] == [True, False]


def test_outcomes_of_before_the_plan_do_not_count_again(tmp_path: Path) -> None:
    rows = traffic(2, per_day=60)
    whole = pairs(tmp_path, rows, lost=1.0, request_id="", endpoint="chat", observed_on="2026-08-20")
    found = look(tmp_path, rows, outcomes=whole)
    assert line(found, "chat")["quality"] is None
    assert "Cannot fire, for nothing was seen that they are about: w-chat: quality_loss beyond 5." in found["notes"]
    assert any("outcomes are of requests before the rollout: not counted." in note for note in found["notes"])
