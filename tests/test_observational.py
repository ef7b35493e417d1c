"""Both models in one log: shown side by side with intervals, and never able to change a verdict or a saving."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from audit import Report, listing
from audit.evidence.statistics import wilson
from audit.intake.loading import load
from audit.readers.mapped import map_text
from audit.report.document import LEVELS, ReportDocument
from audit.report.evidence import Observed
from audit.report.html import render_html
from tests.exports import Row
from tests.loads import jsonl, loaded
from tests.logged import BIG, SMALL, calls, document, outcomes_file

DAY = date(2026, 9, 1)


def reported(folder: Path, *rows: Row, pairs: int = 300) -> ReportDocument:
    """The report on these calls with `pairs` equal outcomes for the endpoint."""
    db = folder / "usage.duckdb"
    loaded(db, jsonl(folder / "log.jsonl", *rows))
    outcomes_file(db, [(None, 1, 1)] * pairs)
    return document(db)


def observed(report: ReportDocument) -> Observed:
    (found,) = report.get("observational", {"caveat": "", "workloads": []})["workloads"]
    return found


def test_rates_and_means_of_both_models_are_those_of_the_rows(tmp_path: Path) -> None:
    big = calls("tag", 260, duration_ms=2000, response_finish_reason="stop", feedback_score=1)
    cut = calls("tag", 20, day=DAY + timedelta(days=1), response_finish_reason="length", usage_output_tokens=400)
    failed = calls("tag", 20, day=DAY + timedelta(days=2), is_failed=True)
    small = calls("tag", 40, model=SMALL, duration_ms=500, response_finish_reason="stop", usage_output_tokens=130)
    bad = calls("tag", 10, model=SMALL, day=DAY + timedelta(days=1), is_failed=True)
    found = observed(reported(tmp_path, *big, *cut, *failed, *small, *bad))
    before, after = found["incumbent"], found["candidate"]
    assert (before["model"], before["requests"], after["model"], after["requests"]) == (BIG, 300, SMALL, 50)
    for measure, events, trials in (
        (before["error_rate"], 20, 300),
        (after["error_rate"], 10, 50),
        (before["truncation_rate"], 20, 280),
        (after["truncation_rate"], 0, 40),
    ):
        low, high = wilson(events, trials)
        assert measure == {"low": low, "point": events / trials, "high": high, "count": trials}
    assert before["output_tokens"] is not None
    assert before["output_tokens"]["point"] == pytest.approx((260 * 100 + 20 * 400) / 280)
    assert before["output_tokens"]["low"] < before["output_tokens"]["point"] < before["output_tokens"]["high"]
    assert after["output_tokens"] == {"low": 130, "point": 130, "high": 130, "count": 40}
    assert after["duration_ms"] == {"low": 500, "point": 500, "high": 500, "count": 40}
    assert before["feedback_score"] == {"low": 1, "point": 1, "high": 1, "count": 260}
    assert after["feedback_score"] is None
    assert after["retry_rate"] is None


def test_the_time_to_the_first_token_is_shown_where_the_log_states_it(tmp_path: Path) -> None:
    big = calls("tag", 40, time_to_first_chunk_ms=400) + calls("tag", 40, day=DAY + timedelta(days=1))
    small = calls("tag", 20, model=SMALL, time_to_first_chunk_ms=480)
    report = reported(tmp_path, *big, *small)
    found = observed(report)
    assert found["incumbent"].get("time_to_first_chunk_ms") == {"low": 400, "point": 400, "high": 400, "count": 40}
    assert found["candidate"].get("time_to_first_chunk_ms") == {"low": 480, "point": 480, "high": 480, "count": 20}
    assert "first token 0.40 and 0.48" in " ".join(Report(document=report).text(width=400).split())


def test_the_same_prompt_soon_again_is_a_retry_of_the_answer_before_it(tmp_path: Path) -> None:
    def said(text: str, number: int, **columns: object) -> Row:
        (row,) = calls("tag", 1)
        asked = {"request_id": f"{text}-{number}", "messages": [{"role": "user", "content": text}]}
        return row | asked | columns

    plain = [said(f"question {number}", 0) for number in range(250)]
    # asked of mini, and eight minutes later of the incumbent: mini was retried
    asked = [said(f"again {number}", 0, model=SMALL, start_time="2026-09-03T08:00:00") for number in range(10)]
    again = [said(f"again {number}", 1, start_time="2026-09-03T08:08:00") for number in range(10)]
    # a day later is a new question
    late = [said(f"question {number}", 1, start_time="2026-09-04T08:00:00") for number in range(10)]
    with_messages = tmp_path / "map.toml"
    with_messages.write_text(
        map_text("traffic_audit").replace("[columns]", '[columns]\nmessages = "messages"', 1), encoding="utf-8"
    )
    db, log = tmp_path / "usage.duckdb", jsonl(tmp_path / "log.jsonl", *plain, *asked, *again, *late)
    assert load([str(log)], db, map_file=with_messages).total("loaded") == 280
    found = observed(document(db))
    assert found["candidate"]["retry_rate"] is not None
    assert found["candidate"]["retry_rate"]["point"] == 1.0
    assert found["incumbent"]["retry_rate"] is not None
    assert found["incumbent"]["retry_rate"]["point"] == 0.0


def test_only_the_question_side_of_a_workload_decides_what_is_compared(tmp_path: Path) -> None:
    """Long answers of mini belong to the workload as much as short ones: length is what is compared."""
    big, small = calls("tag", 250), calls("tag", 30, model=SMALL, usage_output_tokens=3000)
    other = calls("other", 250, usage_input_tokens=20)
    found = observed(reported(tmp_path, *big, *small, *other))
    assert found["candidate"]["requests"] == 30


def test_a_log_with_one_model_observes_nothing(tmp_path: Path) -> None:
    elsewhere = calls("other", 50, model=SMALL)
    report = reported(tmp_path, *calls("tag", 250), *elsewhere)
    assert report.get("observational", {"workloads": None})["workloads"] == []


def anything(generator: np.random.Generator, count: int) -> list[Row]:
    """Calls of the candidate with whatever a log can say about them."""
    return [
        row
        | {
            "is_failed": bool(generator.random() < 0.3),
            "response_finish_reason": generator.choice(["stop", "length"]).item(),
            "feedback_score": generator.choice([0.0, 1.0]).item(),
            "duration_ms": int(generator.integers(10, 90_000)),
            "attempt": int(generator.integers(1, 3)),
            "usage_output_tokens": int(generator.integers(1, 4000)),
        }
        for row in calls("tag", count, model=SMALL)
    ]


@pytest.mark.parametrize(("seed", "count", "pairs"), [(1, 1, 1), (2, 40, 1), (3, 25, 12), (4, 60, 300), (5, 400, 300)])
def test_nothing_observed_changes_a_verdict_or_a_saving(tmp_path: Path, seed: int, count: int, pairs: int) -> None:
    """With and without the candidate's own requests in the log: all that a verdict says is the same."""
    big, small = calls("tag", 220), anything(np.random.default_rng(seed), count)
    for name in ("alone", "both"):
        (tmp_path / name).mkdir()
    alone = reported(tmp_path / "alone", *big, pairs=pairs)
    both = reported(tmp_path / "both", *big, *small, pairs=pairs)
    assert both.get("observational", {"workloads": []})["workloads"]
    shares = ("request_share", "cost_share")
    first, second = (
        [{name: value for name, value in workload.items() if name not in shares} for workload in report["workloads"]]
        for report in (alone, both)
    )
    assert json.dumps(first, default=float) == json.dumps(second, default=float)
    for level in LEVELS:
        assert alone["savings"][level]["window"] == both["savings"][level]["window"]


def test_the_caveat_stands_wherever_observations_are_shown(tmp_path: Path) -> None:
    report = reported(tmp_path, *calls("tag", 250), *calls("tag", 30, model=SMALL))
    caveat = cast("dict[str, str]", report.get("observational", {}))["caveat"]
    assert caveat.startswith("Observational:")
    assert "observational, not counted" in " ".join(Report(document=report).text(width=400).split())
    assert caveat[:60] in render_html(report)


@pytest.mark.parametrize(("limit", "most"), [("MOST_READ_AGAIN", 279), ("MOST_PASSED_OVER", 329)])
def test_more_requests_than_a_report_reads_again_are_counted_and_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(listing, limit, most)
    elsewhere = calls("other", 50)
    report = reported(tmp_path, *calls("tag", 250), *calls("tag", 30, model=SMALL), *elsewhere)
    found = report.get("observational")
    assert found is not None
    assert (found["workloads"], found.get("requests_not_read")) == ([], 280)
    assert any(
        each.startswith("280 requests on endpoints that both models serve") for each in report.get("warnings", [])
    )
