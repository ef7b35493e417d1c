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


def scores_alone(folder: Path, rows: list[Row], usual: tuple[int, int], failing: float) -> Path:
    """Old scores of the incumbent, of which so many of so many fail, and all of the candidate's, of which a share."""
    old: Row = {"request_id": "", "endpoint": "chat", "model": BIG, "observed_on": "2026-08-20"}
    before: list[Row] = [old | {"score": float(number >= usual[0])} for number in range(usual[1])]
    moved = [row for row in rows if row["endpoint"] == "chat" and row["response_model"] == SMALL]
    new: Row = {"endpoint": "", "model": SMALL, "observed_on": ""}
    since: list[Row] = [
        new | {"request_id": row["request_id"], "score": float(number % 100 >= round(100 * failing))}
        for number, row in enumerate(moved)
    ]
    return write_csv(folder / "scores.csv", before + since)


@pytest.mark.parametrize(("good", "is_stopped"), [(0.9, False), (0.7, True)])
def test_where_all_has_moved_the_candidates_failures_are_held_against_the_incumbents_of_before(
    tmp_path: Path, good: float, is_stopped: bool
) -> None:
    rows = traffic(3, share=1.0)
    found = look(tmp_path, rows, outcomes=scores_alone(tmp_path, rows, (20, 400), 1 - good))
    quality = line(found, "chat")["quality"]
    assert quality is not None
    assert (quality["pairs"], quality["one_sided"], quality["alone"]) == (0, 0, 600)
    assert quality["loss"]["point"] == pytest.approx(100 * (0.95 - good), abs=0.01)
    assert (found["stopped"] is not None) == is_stopped


def test_few_scores_of_the_incumbent_leave_its_failures_wide_open(tmp_path: Path) -> None:
    """2 of 40: by Wilson's interval, good for one look, at most 17 %; looked at as often as one likes, up to 25 %."""
    rows = traffic(5, share=1.0)
    found = look(tmp_path, rows, outcomes=scores_alone(tmp_path, rows, (2, 40), 0.27))
    quality = line(found, "chat")["quality"]
    assert quality is not None
    assert quality["loss"]["point"] == pytest.approx(27 - 5)
    assert quality["loss"]["low"] < 0
    assert found["stopped"] is None


def test_an_answer_that_two_files_score_counts_once_with_the_later_score(tmp_path: Path) -> None:
    rows = traffic(3)
    asked = [row for row in rows if row["endpoint"] == "chat" and not str(row["request_id"]).endswith("again")]

    def scored(name: str, rows: list[Row], score: int) -> Path:
        kept: list[Row] = [{"request_id": row["request_id"], "model": row["response_model"]} for row in rows]
        return write_csv(tmp_path / name, [row | {"score": score} for row in kept])

    files = [scored("first.csv", asked[:200], 0), scored("all.csv", asked, 1)]
    found = look(tmp_path, rows, outcomes=files)
    quality = line(found, "chat")["quality"]
    assert quality is not None
    assert (quality["one_sided"], quality["alone"], quality["loss"]["point"]) == (300, 0, 0)
    assert "200 outcomes of one model, of an answer that was scored again: not counted." in found["notes"]


@pytest.mark.parametrize("shown", [4, 2])
def test_scores_of_the_stages_before_count_where_their_requests_are_known(tmp_path: Path, shown: int) -> None:
    """Four days of scores in a stage that began on the third, with the traffic of all days or of its own."""
    rows = traffic(4)
    scores: list[Row] = [
        {"request_id": row["request_id"], "model": row["response_model"], "score": 1}
        for row in rows
        if row["endpoint"] == "chat" and not str(row["request_id"]).endswith("again")
    ]
    file, began = write_csv(tmp_path / "scores.csv", scores), "2026-09-03"
    kept = [row for row in rows if shown == 4 or str(row["start_time"]) >= began]
    found = look(tmp_path, kept, outcomes=file, since=began)
    quality = line(found, "chat")["quality"]
    assert quality is not None
    assert quality["one_sided"] == 100 * shown
    assert line(found, "chat")["saving"]["moved_requests"] == 200


def test_the_reason_of_a_stop_is_about_the_outcomes_that_stopped_it(tmp_path: Path) -> None:
    """Pairs that show no loss, and scores of the candidate alone that do."""
    rows = traffic(5, share=1.0)
    files = [pairs(tmp_path, rows, lost=0.0, won=0.0), scores_alone(tmp_path, rows, (20, 400), 0.33)]
    found = look(tmp_path, rows, outcomes=files)
    quality = line(found, "chat")["quality"]
    assert quality is not None
    assert (quality["pairs"], quality["loss"]["point"], quality["alone"]) == (1000, 0, 1000)
    assert found["stopped"] is not None
    assert found["stopped"]["reason"].endswith("28.0 points on 1,000 outcomes")


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
    found = look(tmp_path, rows, outcomes=file)
    quality = line(found, "chat")["quality"]
    assert quality is not None
    assert quality["pairs"] == 5
    (said,) = [note for note in found["notes"] if note.startswith("7 outcomes")]
    assert said == (
        "7 outcomes that name no request, of 2026-09-01 or before, when the plan was made, which may rest on them: "
        "not counted."
    )


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


@pytest.mark.parametrize("kept", [True, False])
def test_what_looks_wrong_about_pairs_is_noted_at_every_look(tmp_path: Path, kept: bool) -> None:
    rows = traffic(2, per_day=4)
    request = next(row["request_id"] for row in rows if row["endpoint"] == "chat")
    pair: Row = {"incumbent_model": BIG, "candidate_model": SMALL, "incumbent_score": 1, "candidate_score": 1}
    file = write_csv(
        tmp_path / "pairs.csv",
        [
            pair | {"request_id": request, "endpoint": "chta", "observed_on": "2026-09-02"},
            pair | {"request_id": "", "endpoint": "chat", "observed_on": "2062-09-02"},
        ],
    )
    database = tmp_path / "usage.duckdb" if kept else None
    for _ in range(2):
        notes = look(tmp_path, rows, outcomes=file, db=database)["notes"]
        assert "pairs.csv: 1 pair was observed after today, up to 2062-09-02; counted as of today." in notes
        assert (
            f"pairs.csv: 1 pair names another endpoint than that of their request, as 'chta' for {request!r} of "
            "'chat'; that of the request counts."
        ) in notes


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
    assert any("outcomes from before the rollout: not counted." in note for note in found["notes"])
